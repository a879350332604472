"""A client's end of one WebSocket connection: requests out, answers and news in, until it is lost.

What the messages mean is the protocol's affair: a class that derives from :class:`Connection` writes and reads them.
It does not log in, does not come back once lost, and knows nothing of subscriptions.
"""

import asyncio
import logging
import socket
import ssl
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any, ClassVar, Final, Generic, TypeVar

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

from stagedoor.remote.errors import ConnectionLost, ErrorClasses, RemoteError
from stagedoor.remote.trust import explain_distrust

logger = logging.getLogger(__name__)

_NORMAL_CLOSURE: Final = 1000
_NO_STATUS: Final = 1005
_ABNORMAL_CLOSURE: Final = 1006
"""RFC 6455, section 7.1.5: what stands for the close code of a close frame without one, and of no close frame."""

_ACCESS_REVOKED: Final = 4011
"""stagedoor's own, at each of its doors: do not come back."""

_CLOSE_TIMEOUT_S: Final = 2.0
"""How long the server may take to answer our close frame; it has nothing left to do but that."""

R = TypeVar("R")
C = TypeVar("C", bound="Connection[Any]")


class ConnectionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to open one connection and how to watch over it."""

    connect_timeout_s: float
    """For the name, TCP, TLS and the upgrade together."""

    ping_interval_s: float
    """Silence after which the server is pinged; it has as long again to answer."""

    max_message_bytes: int
    """A longer message from the server ends the connection with close code 1009."""

    ssl_context: ssl.SSLContext | None


class Connection(WSListener, Generic[R]):
    """One WebSocket connection that takes requests of the type ``R``; make it with :func:`open_connection`.

    A request is an entry in a table of futures, keyed by its id, and nothing else: no task, no queue. The futures'
    results are what the server answered, or the error to raise. Errors are not set as exceptions, because asyncio
    reports those that nobody awaits, and to give up on a request is no fault.
    """

    errors: ClassVar[ErrorClasses]

    def __init__(self, max_message_bytes: int) -> None:
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

    # What a protocol adds.

    @abstractmethod
    def name_of(self, request: R) -> str:
        """Name a request for people, as on the wire."""

    @abstractmethod
    def encode(self, request: R, request_id: str) -> bytes:
        """Write a request that is to be answered under ``request_id``."""

    @abstractmethod
    def take(self, message: bytes) -> None:
        """Read one message and :meth:`settle` the request that it answers, if it does. Must not raise."""

    def settle(self, request_id: str, outcome_of: Callable[[str], object]) -> bool:
        """End the request of that id with what ``outcome_of`` makes for its name: a result, or the error to raise.

        Returns:
            Whether somebody waited for it.
        """
        name, answer = self._pending.pop(request_id, ("", None))
        if answer is not None and not answer.done():
            answer.set_result(outcome_of(name))
        return answer is not None

    def make_lost(self, close_code: int, reason: str) -> ConnectionLost:
        """Make the error that tells of the end of the connection: whether it was shut out, or cut off."""
        kind = self.errors.access_revoked if close_code == _ACCESS_REVOKED else self.errors.connection_lost
        return kind(close_code, reason)

    # What a client does with it.

    async def request(self, request: R, timeout_s: float) -> object:
        """Send ``request`` and return its result.

        Raises:
            RequestRefused: When the server answers with an error.
            ConnectionLost: When the connection ends first.
            ClientClosed: When it is this side that ends it.
            RequestTimeout: When ``timeout_s`` pass first.
            each in the class that the protocol has for it.
        Cancellation: safe; nothing is left behind, but the server may have carried the request out.
        """
        deadline = self._loop.time() + timeout_s
        if not self._writable.is_set():
            await self._wait_writable(request, timeout_s)
        request_id, answer = self._post(request)
        timer = self._loop.call_at(deadline, self._time_out, request_id, timeout_s)
        try:
            outcome = await answer
        finally:
            timer.cancel()
            self._pending.pop(request_id, None)
        if isinstance(outcome, RemoteError):
            raise outcome
        return outcome

    def post(self, request: R) -> asyncio.Future[object]:
        """Send ``request`` at once, and give the future of its result or of the error to raise.

        The future is settled when the connection ends, at the latest.
        """
        return self._post(request)[1]

    def tell(self, message: bytes) -> None:
        """Send a message that nobody answers; on a connection that has ended it goes nowhere."""
        if self.is_open:
            self._transport.send(WSMsgType.TEXT, message)

    async def wait_lost(self) -> ConnectionLost:
        """Wait for the end of the connection and tell how it came. Cancellation: safe."""
        try:
            await self._transport.wait_disconnected()
        except WSProtocolError as error:
            # Either picows or this class found the server's bytes wrong and closed.
            self._close_code, self._close_reason = int(error.code), str(error)
        if self._closed_by_us:
            return self.make_lost(_NORMAL_CLOSURE, "closed by this client")
        return self.make_lost(self._close_code, self._close_reason)

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

    def _post(self, request: R) -> tuple[str, asyncio.Future[object]]:
        request_id = str(next(self._ids))
        frame = self.encode(request, request_id)
        answer = self._loop.create_future()
        if self.is_open:
            self._pending[request_id] = (self.name_of(request), answer)
            self._transport.send(WSMsgType.TEXT, frame)
        else:
            answer.set_result(self._lost())
        return request_id, answer

    async def _wait_writable(self, request: R, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._writable.wait()
        except TimeoutError:
            raise self.errors.request_timeout(self.name_of(request), timeout_s) from None

    def _time_out(self, request_id: str, timeout_s: float) -> None:
        self.settle(request_id, lambda name: self.errors.request_timeout(name, timeout_s))

    def _lost(self) -> RemoteError:
        """Make the error of a request that gets no answer; each its own, as raising an error changes it."""
        if self._closed_by_us:
            return self.errors.client_closed()
        return self.make_lost(self._close_code, self._close_reason)

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
            self.take(frame.get_payload_as_bytes())
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
        else:
            self._close_code = _NO_STATUS
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
            self.take(text)


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


async def open_connection(url: str, options: ConnectionOptions, make: Callable[[], C]) -> C:
    """Connect to ``url`` with a connection that ``make`` makes.

    Redirects are refused: a token must not follow one to another server.

    Raises:
        ConnectFailed: When no WebSocket connection comes about in time; in the protocol's class for it.
    Cancellation: safe; no connection is left behind.
    """
    dial = _Dial()
    connection = make()
    failed = connection.errors.connect_failed
    try:
        async with asyncio.timeout(options.connect_timeout_s):
            _, connected = await ws_connect(
                lambda: connection,
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
        raise failed(url, f"no answer within {options.connect_timeout_s:g} s") from error
    except WSHandshakeError as error:
        status = None if error.response is None else error.response.status.value
        raise failed(url, _refusal(error, status), status) from error
    except (OSError, WSError) as error:
        raise failed(url, explain_distrust(error) or str(error) or type(error).__name__) from error
    except BaseException:
        dial.hang_up()
        raise
    if connected is not connection:
        # picows reports an end of the stream before the upgrade as a success without a listener.
        raise failed(url, "the server closed the connection before the upgrade")
    return connection


def _refusal(error: WSHandshakeError, status: int | None) -> str:
    if status is None:
        return str(error)
    said = elide((error.raw_body or b"").strip())
    return f"the server answered HTTP {status}" + (f": {said}" if said else "")


def elide(message: bytes, limit: int = 200) -> str:
    """Cut what came from a server to a length that fits a log line or an error, in characters."""
    text = message[: 2 * limit].decode("utf-8", "replace")
    return text if len(text) <= limit else text[:limit] + "…"
