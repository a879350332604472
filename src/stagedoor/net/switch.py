"""The first bytes of a connection decide who speaks on it, on one port: WebSocket by picows or HTTP by aiohttp, or TLS.

A :class:`FirstBytes` reads the head of the first request and hands the transport over for good, so that the switch
costs nothing afterwards. An upgrade is checked here in full: host, path, origin, limits. picows gets a head of our own
making with nothing in it but what the handshake needs, which spares it what browsers vary (Firefox sends
``Connection: keep-alive, Upgrade``) and each connection the memory of its headers. Plain HTTP is aiohttp's from its
first byte, and is checked there, since more requests may follow on the same connection.

A first byte that begins a TLS handshake starts TLS, and another :class:`FirstBytes` reads what comes out of it.
"""

import asyncio
import logging
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, Protocol, cast

from picows import WSAutoPingStrategy, WSListener, WSUpgradeRequest
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # not in its stubs; the version is pinned

from stagedoor.net.head import BadHead, Head, parse_head
from stagedoor.net.limits import Limits
from stagedoor.net.tls import is_secure, make_tls_protocol

logger = logging.getLogger(__name__)

_READ_BUFFER_BYTES: Final = 2048
"""picows' smallest; it grows by itself for whoever sends more."""

_TLS_HANDSHAKE: Final = 0x16
"""The type of a TLS record that begins a handshake; no HTTP request begins so. Source: RFC 8446, section 5.1."""

_WRITE_BUFFER_BYTES: Final = 64 << 10
"""From where on a transport is told that its reader is slow: as much over TLS, where loops allow more, as without."""

_KEY: Final = re.compile("[A-Za-z0-9+/]{21}[AQgw]==")
"""16 bytes in base64."""


class Refused(Exception):
    """An upgrade that is answered with an HTTP status instead."""

    def __init__(self, status: HTTPStatus, reason: str, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Place:
    """Where a connection comes from and which of our addresses it reached."""

    peer: str
    peer_port: int
    local_address: str
    local_port: int
    is_secure: bool = False
    """Whether it speaks TLS."""


class Door(Protocol):
    """What the switch asks of the door that it stands in."""

    limits: Limits

    def accept(self, head: Head, place: Place) -> Callable[[], WSListener]:
        """Decide about an upgrade and return what makes its listener; raises :class:`Refused`."""
        ...

    def http_protocol(self) -> asyncio.Protocol:
        """Make an HTTP server's protocol for one connection."""
        ...

    @property
    def tls_context(self) -> ssl.SSLContext | None:
        """What to encrypt a new connection with; ``None`` when only plain text is spoken."""
        ...

    def joined(self, transport: asyncio.Transport) -> None:
        """Hear of a connection whose first bytes are awaited; the door cuts it when they take too long."""
        ...

    def left(self, transport: asyncio.Transport) -> None:
        """Hear that this connection was handed over, or has gone."""
        ...

    def handshake_begun(self, transport: asyncio.Transport) -> None:
        """Hear of a connection that shakes hands for TLS; the door cuts some when there are too many."""
        ...

    def handshake_ended(self, transport: asyncio.Transport) -> None:
        """Hear that it has done so, or has gone."""
        ...


class FirstBytes(asyncio.Protocol):
    """Waits for the head of the first request."""

    __slots__ = ("_data", "_door", "_is_secure", "_is_waiting", "_transport")

    def __init__(self, door: Door) -> None:
        self._door = door
        self._data = b""
        self._transport: asyncio.Transport
        self._is_waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is not derived from it
        self._is_secure = is_secure(transport)
        if self._is_secure:
            self._transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)
        self._is_waiting = True
        self._door.joined(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._finish()

    def data_received(self, data: bytes) -> None:
        """Collect, and decide as soon as the head is there."""
        self._data += data
        if self._data[0] == _TLS_HANDSHAKE:
            self._begin_tls()
            return
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            if len(self._data) > self._door.limits.head_bytes:
                self._refuse(_too_long())
            return
        try:
            if end > self._door.limits.head_bytes:
                raise _too_long()
            head = parse_head(self._data[:end])
            if head.wants_websocket:
                self._upgrade(head, self._data[end + 4 :])
            else:
                self._hand_over(self._door.http_protocol(), self._data)
        except BadHead as bad:
            self._refuse(Refused(HTTPStatus.BAD_REQUEST, str(bad)))
        except Refused as refused:
            self._refuse(refused)

    def _begin_tls(self) -> None:
        context = None if self._is_secure else self._door.tls_context
        if context is None:
            logger.info("a client tried TLS where only plain text is spoken")
            self._refuse(Refused(HTTPStatus.BAD_REQUEST, "only plain HTTP is spoken here"))
            return
        door, transport = self._door, self._transport
        protocol = make_tls_protocol(context, FirstBytes(door), door.limits, lambda: door.handshake_ended(transport))
        door.handshake_begun(transport)
        self._hand_over(protocol, self._data)

    def _upgrade(self, head: Head, rest: bytes) -> None:
        key = _check_handshake(head)
        make_listener = self._door.accept(head, place_of(self._transport))

        def factory(request: WSUpgradeRequest) -> WSListener:
            return make_listener()

        protocol = _websocket_protocol(factory, self._door.limits)
        self._hand_over(protocol, _canonical_head(key) + rest)

    def _hand_over(self, protocol: Any, data: bytes) -> None:
        """Let ``protocol`` own the connection, beginning with what has been read."""
        transport = self._transport
        self._finish()
        protocol.connection_made(transport)
        transport.set_protocol(protocol)
        if hasattr(protocol, "get_buffer"):
            while data and not transport.is_closing():
                buffer = memoryview(protocol.get_buffer(len(data)))
                count = min(len(buffer), len(data))
                buffer[:count] = data[:count]
                protocol.buffer_updated(count)
                data = data[count:]
        else:
            protocol.data_received(data)

    def _refuse(self, refused: Refused) -> None:
        self._finish()
        status = refused.status
        body = f"{status.value} {refused.reason}\n".encode()
        headers = {**refused.headers, "Connection": "close, upgrade" if "Upgrade" in refused.headers else "close"}
        extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._transport.write(
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nX-Content-Type-Options: nosniff\r\n{extra}\r\n".encode()
            + body
        )
        self._transport.close()

    def _finish(self) -> None:
        if self._is_waiting:
            self._is_waiting = False
            self._door.left(self._transport)
        self._data = b""


def place_of(transport: asyncio.BaseTransport) -> Place:
    """Read both ends of a connection."""
    peer = transport.get_extra_info("peername") or ("", 0)
    local = transport.get_extra_info("sockname") or ("", 0)
    return Place(str(peer[0]), int(peer[1]), str(local[0]), int(local[1]), is_secure(transport))


def _too_long() -> Refused:
    return Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request's head is too long")


def _check_handshake(head: Head) -> str:
    """Check what RFC 6455, section 4.2.1, asks of an upgrade; returns its key."""
    if head.method != "GET" or head.minor_version != 1:
        raise Refused(HTTPStatus.BAD_REQUEST, "an upgrade to WebSocket is a GET of HTTP/1.1")
    tokens = {token.strip().lower() for value in head.all("connection") for token in value.split(",")}
    if "upgrade" not in tokens:
        raise Refused(HTTPStatus.BAD_REQUEST, "the Connection header does not say Upgrade")
    if head.get("sec-websocket-version") != "13":
        raise Refused(
            HTTPStatus.UPGRADE_REQUIRED, "only version 13 of WebSocket is spoken here", {"Sec-WebSocket-Version": "13"}
        )
    key = head.get("sec-websocket-key") or ""
    if not _KEY.fullmatch(key):
        raise Refused(HTTPStatus.BAD_REQUEST, "Sec-WebSocket-Key is not 16 bytes in base64")
    if (head.get("content-length") or "0").strip("0") or head.get("transfer-encoding"):
        raise Refused(HTTPStatus.BAD_REQUEST, "an upgrade has no body")
    return key


def _canonical_head(key: str) -> bytes:
    return (
        "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """Brings picows' lines down to DEBUG: it calls each malformed frame of a stranger an error."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log at DEBUG."""
        if self.logger.isEnabledFor(logging.DEBUG):
            self.logger.log(logging.DEBUG, msg, *args, **kwargs)


_picows_logger: Final = _Quiet(logging.getLogger("picows.server"), {})


def _websocket_protocol(factory: Callable[[WSUpgradeRequest], WSListener], limits: Limits) -> Any:
    """Make picows' protocol for a server's connection, as its own ``ws_create_server`` does."""
    return WSProtocol(
        None,  # host and port: a client's
        None,  # path: a client's
        False,  # is_client_side
        factory,
        _picows_logger,
        True,  # disconnect_on_exception
        None,  # websocket_handshake_timeout: the head is complete
        False,  # enable_auto_ping: one sweep pings all connections, without a task for each
        30.0,
        30.0,
        WSAutoPingStrategy.PING_WHEN_IDLE,
        False,  # enable_auto_pong: a reader that stops must not have them pile up
        limits.message_bytes,
        None,  # extra_headers
        _READ_BUFFER_BYTES,
    )
