"""One WebSocket connection: frames to messages and back, and everything RFC 6455 asks between.

picows reads and writes frames. What it leaves to its user is here: joining fragments, bounding a message, UTF-8, the
closing handshake, silent peers, slow readers. What messages mean is for a :class:`Handler`.

A reader that does not keep up fills the kernel's buffers first, then the transport's. From then on it is not read
either, so that who asks faster than it listens has to wait; what others push to it goes on to pile up. Past a limit it
loses its connection with 1013, which is the only thing it hears; nobody ever waits for it.
"""

import asyncio
import codecs
import logging
import struct
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Final, Protocol

from picows import WSFrame, WSListener, WSMsgType, WSTransport

from stagedoor.access import Client
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.net.reads import bound_reads

logger = logging.getLogger(__name__)

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
INVALID_TEXT: Final = 1007
POLICY_VIOLATION: Final = 1008
TOO_BIG: Final = 1009
INTERNAL_ERROR: Final = 1011
TRY_AGAIN_LATER: Final = 1013
ACCESS_REVOKED: Final = 4011
"""Ours: the owner took back what let the client in, and it must not come back by itself."""

_UNSENDABLE: Final = frozenset((1004, 1005, 1006, 1015))
"""Close codes that RFC 6455, section 7.4.1, reserves for use inside a program."""

_TEXT: Final = WSMsgType.TEXT
_BINARY: Final = WSMsgType.BINARY
_CONTINUATION: Final = WSMsgType.CONTINUATION
_CLOSE: Final = WSMsgType.CLOSE
_PING: Final = WSMsgType.PING

_COPIED_BYTES: Final = 8192
"""What picows copies when it sends. Of a longer message it hands the transport a view of the header in a buffer that it
uses again for the next one; uvloop writes at the end of its turn, and would write that one's header instead. (Seen with
picows 2.3.1 and uvloop 0.23.) So we frame what is longer."""

_BURST: Final = 16
"""Frames that a connection may send in one go before the others get their turn."""

_FLOOD: Final = 64
"""Frames in one read that make a flood, for which the reads become smaller."""

_SHORT_HEADERS: Final = [bytes((0x81, length)) for length in range(126)]
_MEDIUM_HEADER: Final = struct.Struct("!BBH").pack
_LONG_HEADER: Final = struct.Struct("!BBQ").pack


def frame_header(length: int) -> bytes:
    """Build the header of an unfragmented text frame from a server. Source: RFC 6455, section 5.2."""
    if length < 126:
        return _SHORT_HEADERS[length]
    if length < 1 << 16:
        return _MEDIUM_HEADER(0x81, 126, length)
    return _LONG_HEADER(0x81, 127, length)


class Handler(Protocol):
    """What a protocol does with a connection."""

    @property
    def client(self) -> Client | None:
        """The hub's client behind the connection, from when it is open."""
        ...

    def opened(self, connection: "Connection") -> None:
        """Hear that messages can be sent."""
        ...

    def text(self, message: str) -> None:
        """Take a text message."""
        ...

    def binary(self, message: bytes) -> None:
        """Take a binary message."""
        ...

    def closed(self) -> None:
        """Hear, once, that nothing can be sent any more."""
        ...

    def is_overdue(self, now: float) -> bool:
        """Tell whether the connection should be closed for something that has not happened yet."""
        ...


class Connection(WSListener):
    """A server's end of one WebSocket connection.

    ``gone`` is called once, when the socket is closed.
    """

    __slots__ = (
        "_burst",
        "_caught_up",
        "_close_timer",
        "_decoder",
        "_fragments",
        "_fragments_kind",
        "_fragments_size",
        "_gone",
        "_handler",
        "_is_alive",
        "_is_closing",
        "_is_direct",
        "_is_open",
        "_is_pinged",
        "_is_read_paused",
        "_is_write_paused",
        "_last_queued_bytes",
        "_late_pong",
        "_limits",
        "_loop",
        "_out",
        "_silent_since",
        "_tasks",
        "_transport",
        "_turn",
        "made_at_ms",
        "origin",
        "peer",
        "port",
        "received",
        "sent",
    )

    def __init__(
        self,
        handler: Handler,
        turn: Turn,
        limits: Limits,
        *,
        peer: str,
        port: int = 0,
        origin: str | None = None,
        gone: "Callable[[Connection], None]",
    ) -> None:
        self.peer = peer
        self.port = port
        self.origin = origin
        self.made_at_ms = round(time.time() * 1000)
        self.received = 0
        """Messages, as are those sent; what goes to waste because the connection ends is among them."""
        self.sent = 0
        self._handler = handler
        self._turn = turn
        self._limits = limits
        self._gone = gone
        self._transport: WSTransport  # from the moment of the upgrade, right after this
        self._loop = asyncio.get_running_loop()
        self._out: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] | None = None
        self._is_alive = True
        """Whether something was received since it was last looked at."""
        self._is_pinged = False
        self._silent_since = 0.0
        self._is_direct = False
        """Whether the next message may be written at once, because nothing else can be waiting for the same write."""
        self._is_open = False
        self._is_closing = False
        self._is_write_paused = False
        self._last_queued_bytes = 0
        """What waited for a reader that is behind when it was last looked at."""
        self._caught_up: Callable[[], None] | None = None
        """Who waits for the reader."""
        self._late_pong: bytes | None = None
        """What the last ping held that came while the reader was behind."""
        self._close_timer: asyncio.TimerHandle | None = None
        self._is_read_paused = False
        self._burst = 0
        self._fragments: list[bytes] | None = None
        self._fragments_kind = _TEXT
        self._fragments_size = 0
        self._decoder: codecs.IncrementalDecoder | None = None

    # --- what picows calls ---

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Begin."""
        self._transport = transport
        self._is_open = True
        self._is_direct = True  # a greeting leaves together with the answer to the upgrade
        self._handler.opened(self)
        self._is_direct = False

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one frame."""
        if transport.is_close_frame_sent:
            # By us, or by picows, which still delivers the frame that was too big for it.
            if frame.msg_type == _CLOSE:
                transport.disconnect()
            if frame.last_in_buffer and self._burst:
                self._end_burst()
            return
        self._is_alive = True
        is_last = frame.last_in_buffer
        if is_last:
            # The reply to a message that came alone leaves at once; other connections are told at the end of the turn.
            self._is_direct = not self._out and not self._is_write_paused
        else:
            self._burst += 1
            self._turn.begin()
        try:
            if (
                frame.fin
                and frame.msg_type is _TEXT
                and self._fragments is None
                and not (frame.rsv1 or frame.rsv2 or frame.rsv3)
            ):
                self.received += 1
                self._handler.text(frame.get_payload_as_utf8_text())
            else:
                self._take_rare_frame(frame)
        except UnicodeDecodeError:
            self._fail(INVALID_TEXT, "invalid UTF-8")
        except Exception:
            logger.exception("a message could not be handled")
            self._fail(INTERNAL_ERROR, "internal error")
        finally:
            self._is_direct = False
            if is_last and self._burst:
                self._end_burst()

    def _end_burst(self) -> None:
        """Answer everything that came in one read together."""
        self._turn.end()
        if self._burst >= _BURST:
            self._yield()
        self._burst = 0

    def _yield(self) -> None:
        """Let the other connections be read before this one, which has more than it can be served in one go.

        The loop below would read up to 32 buffers of a busy socket in a row; pausing ends that.
        """
        if self._burst >= _FLOOD:
            bound_reads(self._transport.underlying_transport)
        if not (self._is_read_paused or self._is_write_paused):
            self._transport.underlying_transport.pause_reading()
            self._loop.call_soon(self._resume_after_yield)

    def _resume_after_yield(self) -> None:
        self._resume_if_free()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """End."""
        if self._close_timer is not None:
            self._close_timer.cancel()
        self._leave()
        self._gone(self)

    def pause_writing(self) -> None:
        """Note that the kernel takes no more for now, and let the other side wait with what it asks."""
        self._is_write_paused = True
        if not self._is_closing:
            self._transport.underlying_transport.pause_reading()

    def resume_writing(self) -> None:
        """Note that the reader has caught up."""
        self._is_write_paused = False
        self._resume_if_free()
        if self._late_pong is not None:
            pong, self._late_pong = self._late_pong, None
            self._answer_ping(pong)
        if self._caught_up is not None:
            caught_up, self._caught_up = self._caught_up, None
            self._loop.call_soon(caught_up)

    # --- frames that are no whole text message ---

    def _take_rare_frame(self, frame: WSFrame) -> None:
        kind = frame.msg_type
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._fail(PROTOCOL_ERROR, "reserved bit set")
        elif kind == _CLOSE:
            self._answer_close(frame)
        elif kind == _PING:
            self._answer_ping(frame.get_payload_as_bytes())
        elif kind == _CONTINUATION:
            if self._fragments is None:
                self._fail(PROTOCOL_ERROR, "nothing to continue")
            else:
                self._take_fragment(frame)
        elif kind in (_TEXT, _BINARY):
            if self._fragments is not None:
                self._fail(PROTOCOL_ERROR, "expected a continuation")
            elif frame.fin:
                self.received += 1
                self._handler.binary(frame.get_payload_as_bytes())
            else:
                self._fragments, self._fragments_kind, self._fragments_size = [], kind, 0
                self._decoder = _utf8_decoder() if kind == _TEXT else None
                self._take_fragment(frame)

    def _take_fragment(self, frame: WSFrame) -> None:
        """Collect one fragment; text is checked as it comes, so that what is invalid fails at once."""
        assert self._fragments is not None
        payload = frame.get_payload_as_bytes()
        self._fragments_size += len(payload)
        if self._fragments_size > self._limits.message_bytes:
            self._fail(TOO_BIG, "message too big")
            return
        if self._decoder is not None:
            self._decoder.decode(payload, final=frame.fin)
        if payload:  # empty ones could go on for ever
            self._fragments.append(payload)
        if not frame.fin:
            return
        message = b"".join(self._fragments)
        self._fragments = self._decoder = None
        self.received += 1
        if self._fragments_kind == _TEXT:
            self._handler.text(message.decode())
        else:
            self._handler.binary(message)

    def _answer_ping(self, payload: bytes) -> None:
        """Answer a ping; of those that come while the reader is behind, the last one is enough.

        Source: RFC 6455, section 5.5.3.
        """
        if self._is_write_paused:
            self._late_pong = payload
        elif not self._is_closing:
            try:
                self._transport.send_pong(payload)
            except (RuntimeError, OSError) as error:
                logger.debug("nothing was sent to %s: %s", self.peer, error)

    def _answer_close(self, frame: WSFrame) -> None:
        """Echo the close code, and nothing if there was none. Source: RFC 6455, section 5.5.1."""
        payload = frame.get_payload_as_bytes()
        code = int.from_bytes(payload[:2], "big") if payload else NORMAL
        is_valid = 1000 <= code < 5000 and code not in _UNSENDABLE
        self._begin_close(code if is_valid else PROTOCOL_ERROR, "")
        self._transport.disconnect()

    def _fail(self, code: int, reason: str) -> None:
        logger.info("connection from %s closed with %d: %s", self.peer, code, reason)
        self.close(code, reason)

    # --- sending ---

    def send(self, message: bytes) -> None:
        """Queue a text message, UTF-8, for the end of the turn; after the close it goes nowhere."""
        if self._is_closing:
            return
        self.sent += 1
        if self._is_direct and len(message) <= _COPIED_BYTES:
            self._is_direct = False
            try:
                self._transport.send(_TEXT, message)
            except (RuntimeError, OSError) as error:
                logger.debug("nothing was sent to %s: %s", self.peer, error)
            return
        if not self._out:
            self._turn.add(self)
        self._out.append(message)

    def send_pieces(self, pieces: Sequence[bytes]) -> None:
        """Send one text message that is in pieces, after what is queued; a long one is never put together here."""
        size = sum(map(len, pieces))
        if size <= _COPIED_BYTES:
            self.send(b"".join(pieces))
            return
        self.flush()
        if not self._transport.is_close_frame_sent:
            self.sent += 1
            self._write((frame_header(size), *pieces))

    def when_caught_up(self, callback: Callable[[], None]) -> None:
        """Call back as soon as the reader is not behind any more; at once where it is not."""
        self.flush()
        if self._is_write_paused:
            self._caught_up = callback
        else:
            callback()

    def send_binary(self, message: bytes) -> None:
        """Send a binary message, after what is queued."""
        if self._is_closing:
            return
        self.flush()
        self.sent += 1
        self._write((b"\x82" + frame_header(len(message))[1:], message))

    def flush(self) -> None:
        """Write what is queued, in one go."""
        out = self._out
        if not out:
            return
        if self._transport.is_close_frame_sent:
            out.clear()
            return
        if self._is_write_paused and self._is_too_slow():
            out.clear()
            self._drop_slow_reader()
            return
        if len(out) > 1:
            pieces = []
            for message in out:
                pieces.append(frame_header(len(message)))
                pieces.append(message)
            self._write((b"".join(pieces),))
        elif len(out[0]) <= _COPIED_BYTES:
            self._send_short(out[0])
        else:
            self._write((frame_header(len(out[0])), out[0]))
        out.clear()

    # When a socket is closed in the very turn in which something is written to it, uvloop says so to the writer.

    def _send_short(self, message: bytes) -> None:
        try:
            self._transport.send(_TEXT, message)
        except (RuntimeError, OSError) as error:
            logger.debug("nothing was sent to %s: %s", self.peer, error)

    def _write(self, pieces: Sequence[bytes]) -> None:
        try:
            self._transport.underlying_transport.writelines(pieces)
        except (RuntimeError, OSError) as error:
            logger.debug("nothing was sent to %s: %s", self.peer, error)

    @property
    def queued_bytes(self) -> int:
        """What waits for the reader, beyond what the kernel holds."""
        queued: int = self._transport.underlying_transport.get_write_buffer_size()
        return queued + sum(map(len, self._out))

    @property
    def client(self) -> Client | None:
        """The hub's client behind it, for as long as it is open."""
        return self._handler.client if self._is_open else None

    def _is_too_slow(self) -> bool:
        return self.queued_bytes > self._limits.queue_bytes

    def _drop_slow_reader(self) -> None:
        logger.warning("connection from %s does not read; closed with %d", self.peer, TRY_AGAIN_LATER)
        self.close(TRY_AGAIN_LATER, "reader too slow")

    def look_after(self, now: float) -> None:
        """Ping a silent connection, give up a dead one, close one that is overdue; called about once a second."""
        if self._is_closing:
            return
        if self._handler.is_overdue(now):
            self._fail(POLICY_VIOLATION, "did not log in")
        elif self._is_alive or self._is_catching_up():
            self._is_alive = False
            self._is_pinged = False
            self._silent_since = now
        elif now - self._silent_since > self._limits.ping_after_s:
            if self._is_pinged:
                logger.info("connection from %s is dead", self.peer)
                self.abort()
            else:
                self._is_pinged = True
                self._silent_since = now
                self._transport.send_ping()

    def _is_catching_up(self) -> bool:
        """Whether a reader that is behind, and so is not read, has taken something since it was last looked at."""
        last, self._last_queued_bytes = self._last_queued_bytes, self.queued_bytes
        return self._is_write_paused and last != self._last_queued_bytes

    def spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        """Run a coroutine until it ends or the connection does."""
        task = self._loop.create_task(coroutine)
        if self._tasks is None:
            self._tasks = set()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def pause_reading(self) -> None:
        """Take no more from the kernel for now, so that the other side has to wait."""
        self._is_read_paused = True
        self._transport.underlying_transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again, as soon as the reader is not behind."""
        self._is_read_paused = False
        self._resume_if_free()

    def _resume_if_free(self) -> None:
        if not (self._is_read_paused or self._is_write_paused):
            self._resume()

    def _resume(self) -> None:
        if not self._transport.underlying_transport.is_closing():
            self._transport.underlying_transport.resume_reading()

    # --- closing ---

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake after what is queued; harmless twice."""
        if self._is_closing:
            return
        self._begin_close(code, reason)
        self._close_timer = self._loop.call_later(self._limits.close_timeout_s, self.abort)
        self._resume()  # to hear the answer

    def _begin_close(self, code: int, reason: str) -> None:
        self.flush()
        if self._is_closing:
            return  # the flush found a slow reader and dropped it
        self._is_closing = True
        self._transport.send_close(code, reason)  # type: ignore[arg-type]  # any code goes, the enum lacks 3000-4999
        self._leave()

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.disconnect(graceful=False)

    def _leave(self) -> None:
        if self._is_open:
            self._is_open = False
            for task in self._tasks or ():
                task.cancel()
            self._handler.closed()


def _utf8_decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")()
