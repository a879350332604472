"""The client's end of one connection: requests out, answers and pushes in, until it is lost.

It does not log in, does not come back once lost, and knows nothing of subscriptions; :mod:`stagedoor.kilovolt.client`
sees to all that.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Final

import msgspec
from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSHandshakeError,
    WSListener,
    WSMsgType,
    WSProtocolError,
    WSTransport,
    ws_connect,
)
from picows.url import WSParsedURL

from stagedoor.kilovolt.errors import (
    AccessRevoked,
    ClientClosed,
    ConnectFailed,
    ConnectionLost,
    KilovoltError,
    RequestTimeout,
    command_error,
)
from stagedoor.kilovolt.messages import Request, encode, shorten
from stagedoor.types import Key, Value

logger = logging.getLogger(__name__)

DO_NOT_COME_BACK: Final = 4011
"""The close code of a server that took this client's access back."""

_NORMAL_CLOSURE: Final = 1000
_ABNORMAL_CLOSURE: Final = 1006
"""RFC 6455, section 7.1.5: what stands for the close code of a connection that ended without one."""

_CLOSE_TIMEOUT_S: Final = 2.0
"""How long the server may take to answer our close frame; it has nothing left to do but that."""


class ConnectionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to open one connection and how to watch over it."""

    connect_timeout_s: float
    """For the name, TCP, TLS and the upgrade together."""

    ping_interval_s: float
    """Silence after which the server is pinged; it has as long again to answer."""

    max_message_bytes: int
    """A longer message from the server ends the connection with close code 1009."""

    ssl_context: ssl.SSLContext | None


class _Message(msgspec.Struct):
    """Every shape of message that a server sends, in one; what a shape lacks is ``None``."""

    type: str | None = None
    ok: bool | None = None
    request_id: str | None = None
    data: object = None
    error: str | None = None
    details: str | None = None
    key: Key | None = None
    new_value: Value | None = None


_decode: Final = msgspec.json.Decoder(_Message).decode


def name_of(request: Request) -> str:
    """Name the command of a request as on the wire."""
    return str(request.__struct_config__.tag)


class Connection(WSListener):
    """One WebSocket connection; make it with :func:`open_connection`.

    A request is an entry in a table of futures, keyed by its id, and nothing else: no task, no queue. The futures'
    results are what the server answered, or the error to raise. Errors are not set as exceptions, because asyncio
    reports those that nobody awaits, and to give up on a request is no fault.
    """

    def __init__(self, on_push: Callable[[Key, Value], None], max_message_bytes: int) -> None:
        self._on_push = on_push
        self._max_message_bytes = max_message_bytes
        self._loop = asyncio.get_running_loop()
        self._ids = count(1)
        self._pending: dict[str, tuple[str, asyncio.Future[object]]] = {}
        self._fragments: bytearray | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._closed_by_us = False
        self._close_code = _ABNORMAL_CLOSURE
        self._close_reason = ""
        self._transport: WSTransport

    @property
    def is_open(self) -> bool:
        """Whether requests can still be sent."""
        return not (self._transport.is_disconnected or self._transport.is_close_frame_sent)

    @property
    def pending_requests(self) -> int:
        """How many requests wait for their answer."""
        return len(self._pending)

    async def request(self, request: Request, timeout_s: float) -> object:
        """Send ``request`` and return the ``data`` of its response, ``None`` if it has none.

        Raises:
            CommandError: When the server answers with an error.
            ConnectionLost: When the connection ends first.
            ClientClosed: When it is this side that ends it.
            RequestTimeout: When ``timeout_s`` pass first.
        Cancellation: safe; nothing is left behind, but the server may have carried the request out.
        """
        deadline = self._loop.time() + timeout_s
        if not self._writable.is_set():
            await self._wait_writable(request, timeout_s)
        answer = self.post(request)
        request_id = request.request_id or ""
        timer = self._loop.call_at(deadline, self._time_out, request_id, timeout_s)
        try:
            outcome = await answer
        finally:
            timer.cancel()
            self._pending.pop(request_id, None)
        if isinstance(outcome, KilovoltError):
            raise outcome
        return outcome

    def post(self, request: Request) -> asyncio.Future[object]:
        """Send ``request`` at once, and give the future of its ``data`` or of the error to raise.

        The future is settled when the connection ends, at the latest.
        """
        request.request_id = request_id = str(next(self._ids))
        frame = encode(request)
        answer = self._loop.create_future()
        if self.is_open:
            self._pending[request_id] = (name_of(request), answer)
            self._transport.send(WSMsgType.TEXT, frame)
        else:
            answer.set_result(self._lost())
        return answer

    async def wait_lost(self) -> ConnectionLost:
        """Wait for the end of the connection and tell how it came. Cancellation: safe."""
        try:
            await self._transport.wait_disconnected()
        except WSProtocolError as error:
            # Either picows or this class found the server's bytes wrong and closed.
            self._close_code, self._close_reason = int(error.code), str(error)
        lost = self._lost()
        return lost if isinstance(lost, ConnectionLost) else ConnectionLost(_NORMAL_CLOSURE, "closed by this client")

    async def close(self) -> None:
        """End the connection: politely if the server answers in time, else at once.

        Requests that wait fail with :exc:`ClientClosed`. Cancellation: safe; the connection ends at once.
        """
        self._closed_by_us = True
        self._settle_all()
        self._transport.send_close(WSCloseCode.OK)
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self.wait_lost()
        except TimeoutError:
            logger.debug("the server did not answer the close frame")
        finally:
            self._transport.disconnect(graceful=False)
        await self.wait_lost()

    async def _wait_writable(self, request: Request, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._writable.wait()
        except TimeoutError:
            raise RequestTimeout(name_of(request), timeout_s) from None

    def _time_out(self, request_id: str, timeout_s: float) -> None:
        command, answer = self._pending.pop(request_id, ("", None))
        if answer is not None and not answer.done():
            answer.set_result(RequestTimeout(command, timeout_s))

    def _lost(self) -> KilovoltError:
        """Make the error of a request that gets no answer; each its own, as raising an error changes it."""
        if self._closed_by_us:
            return ClientClosed()
        kind = AccessRevoked if self._close_code == DO_NOT_COME_BACK else ConnectionLost
        return kind(self._close_code, self._close_reason)

    def _settle_all(self) -> None:
        pending, self._pending = self._pending, {}
        for _, answer in pending.values():
            if not answer.done():
                answer.set_result(self._lost())

    # What picows calls. Nothing here may raise but WSProtocolError, which makes picows close with that code.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Begin; the server's hello may follow before :func:`open_connection` has returned."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Join frames to messages; answer a close frame."""
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            self._take_close(transport, frame.get_payload_as_bytes())
        elif transport.is_close_frame_sent or kind == WSMsgType.PONG:
            return
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "a reserved bit is set, but no extension was agreed")
        elif kind == WSMsgType.CONTINUATION:
            self._take_continuation(frame)
        elif self._fragments is not None:
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "a message began inside another one")
        elif frame.fin:
            self._take_text(frame.get_payload_as_bytes())
        else:
            self._fragments = bytearray(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Fail what waits for an answer."""
        self._writable.set()
        self._settle_all()

    def pause_writing(self) -> None:
        """Hold new requests back: the server does not read as fast as they come."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let requests go again."""
        self._writable.set()

    def _take_close(self, transport: WSTransport, payload: bytes) -> None:
        # Not frame.get_close_code(): picows knows no names for private codes such as 4011.
        if len(payload) >= 2:
            self._close_code = int.from_bytes(payload[:2], "big")
            self._close_reason = payload[2:].decode("utf-8", "replace")
        transport.send_close(WSCloseCode.OK)
        transport.disconnect()

    def _take_continuation(self, frame: WSFrame) -> None:
        if self._fragments is None:
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "a continuation of nothing")
        if len(self._fragments) + frame.payload_size > self._max_message_bytes:
            problem = f"a message of more than {self._max_message_bytes} bytes"
            raise WSProtocolError(WSCloseCode.MESSAGE_TOO_BIG, problem)
        self._fragments += frame.get_payload_as_bytes()
        if frame.fin:
            text, self._fragments = bytes(self._fragments), None
            self._take_text(text)

    def _take_text(self, text: bytes) -> None:
        # The reference server, when it is busy, joins messages with newlines into one frame.
        for line in text.split(b"\n") if b"\n" in text else (text,):
            try:
                message = _decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                if line and not line.isspace():
                    logger.warning("skipped what is no message (%s): %s", error, _elide(line))
            else:
                self._take_message(message, line)

    def _take_message(self, message: _Message, line: bytes) -> None:
        if message.type == "push" and message.key is not None and message.new_value is not None:
            self._on_push(message.key, message.new_value)
            return
        command, answer = self._pending.pop(message.request_id or "", ("", None))
        if answer is not None:
            if not answer.done():
                answer.set_result(_outcome_of(message, command))
        elif message.error is not None and message.request_id is None:
            logger.warning("the server reports: %s", _elide(line))
        else:
            # The hello, news that we do not know, or the answer to a request that was cancelled or took too long.
            logger.debug("nobody waits for this message: %s", _elide(line))


def _outcome_of(message: _Message, command: str) -> object:
    if message.error is None and message.ok is not False:
        return message.data
    return command_error(message.error or "", message.details or "", command)


def _elide(line: bytes) -> str:
    return shorten(line[:400].decode("utf-8", "replace"), 200)


class _Dial:
    """Opens the sockets for picows, so that a cancelled connect can end them.

    picows leaves the transport open when :func:`picows.ws_connect` is cancelled while it waits for the upgrade.
    """

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    async def open_socket(self, url: WSParsedURL) -> socket.socket:
        """Connect to the first of the host's addresses that answers."""
        loop = asyncio.get_running_loop()
        problem = OSError(f"{url.host} has no address")
        for family, kind, protocol, _, address in await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM):
            self._socket = socket.socket(family, kind, protocol)
            self._socket.setblocking(False)
            try:
                await loop.sock_connect(self._socket, address)
            except OSError as error:
                self._socket.close()
                problem = error
            except BaseException:
                self._socket.close()
                raise
            else:
                return self._socket
        raise problem

    def hang_up(self) -> None:
        """End the connection under whatever reads it, which then sees the end of the stream and tidies up."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


async def open_connection(url: str, options: ConnectionOptions, on_push: Callable[[Key, Value], None]) -> Connection:
    """Connect to ``url``; ``on_push`` is called with key and value of every push, and must not raise.

    Redirects are refused: a token must not follow one to another server.

    Raises:
        ConnectFailed: When no WebSocket connection comes about in time.
    Cancellation: safe; no connection is left behind.
    """
    dial = _Dial()
    try:
        async with asyncio.timeout(options.connect_timeout_s):
            _, connection = await ws_connect(
                lambda: Connection(on_push, options.max_message_bytes),
                url,
                ssl_context=options.ssl_context,
                websocket_handshake_timeout=None,
                enable_auto_ping=True,
                auto_ping_idle_timeout=options.ping_interval_s,
                auto_ping_reply_timeout=options.ping_interval_s,
                max_frame_size=options.max_message_bytes,
                max_redirects=0,
                socket_factory=dial.open_socket,
            )
    except TimeoutError as error:
        dial.hang_up()
        raise ConnectFailed(url, f"no answer within {options.connect_timeout_s:g} s") from error
    except WSHandshakeError as error:
        status = None if error.response is None else error.response.status.value
        raise ConnectFailed(url, _refusal(error, status), status) from error
    except (OSError, WSError) as error:
        raise ConnectFailed(url, str(error) or type(error).__name__) from error
    except BaseException:
        dial.hang_up()
        raise
    if not isinstance(connection, Connection):
        # picows reports an end of the stream before the upgrade as a success without a listener.
        raise ConnectFailed(url, "the server closed the connection before the upgrade")
    return connection


def _refusal(error: WSHandshakeError, status: int | None) -> str:
    if status is None:
        return str(error)
    said = shorten((error.raw_body or b"").decode("utf-8", "replace").strip())
    return f"the server answered HTTP {status}" + (f": {said}" if said else "")
