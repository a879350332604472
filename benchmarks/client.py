"""A blocking WebSocket client that sets the loads up, and the frames that they send.

It is not fast and need not be: a load uses it to connect and log in, then takes the socket over.
"""

import contextlib
import json
import socket
import struct
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from benchmarks.errors import BenchmarkError
from benchmarks.protocols import PROTOCOLS, Name

TIMEOUT_S: Final = 30.0
CLOSE: Final = 0x8
TEXT: Final = 0x1

_MASK: Final = b"\x37\xfa\x21\x3d"
"""Always the same: a server unmasks it all the same, and the frames can be built before the clock starts."""

_UPGRADE: Final = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Build a masked frame, as clients must send them."""
    size = len(payload)
    mask = (_MASK * (size // 4 + 1))[:size]
    masked = (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(size)
    return bytes((0x80 | opcode,)) + _length(size, 0x80) + _MASK + masked


def server_frame(payload: bytes) -> bytes:
    """Build an unmasked text frame, as servers send them."""
    return bytes((0x80 | TEXT,)) + _length(len(payload), 0) + payload


def _length(size: int, flag: int) -> bytes:
    if size < 126:
        return bytes((flag | size,))
    if size < 1 << 16:
        return struct.pack("!BH", flag | 126, size)
    return struct.pack("!BQ", flag | 127, size)


def split_frame(buffer: bytes) -> tuple[bytes, bytes] | None:
    """Cut the first frame off what a server sent: its payload and the rest, or ``None`` while it is incomplete."""
    if len(buffer) < 2:
        return None
    size, start = buffer[1], 2
    if size >= 126:
        start = 4 if size == 126 else 10
        size = int.from_bytes(buffer[2:start])
    end = start + size
    return (buffer[start:end], buffer[end:]) if len(buffer) >= end else None


def upgrade(url: str) -> tuple[tuple[str, int], bytes]:
    """Tell where to connect for ``url`` and what to send there first."""
    parts = urlsplit(url)
    if parts.scheme != "ws" or parts.hostname is None:
        raise BenchmarkError(f"{url} is not a ws:// address")
    address = (parts.hostname, parts.port or 80)
    return address, _UPGRADE.format(path=parts.path or "/", host=parts.netloc).encode()


class Client:
    """One connection, logged in when a password is given; closes with its ``with`` block."""

    def __init__(
        self, url: str, password: str | None = None, protocol: Name = "kilovolt", origin: str | None = None
    ) -> None:
        self._protocol = PROTOCOLS[protocol]
        address, head = upgrade(url)
        if origin is not None:
            head = head.removesuffix(b"\r\n") + f"Origin: {origin}\r\n\r\n".encode()
        self.socket = socket.create_connection(address, TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        try:
            self.socket.sendall(head)
            while b"\r\n\r\n" not in self._buffer:
                self._read()
            answer, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
            if not answer.startswith(b"HTTP/1.1 101"):
                raise BenchmarkError(f"no WebSocket at {url}: {answer[:60]!r}")
            hello = self.receive()
            if password is not None:
                self._log_in(hello, password)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, name: str, **parameters: object) -> Any:
        """Send a request and wait for what its reply grants."""
        return self._protocol.check(self.exchange(self._protocol.request(name, **parameters)))

    def send(self, name: str, **parameters: object) -> None:
        """Send a request whose reply may come late."""
        self.socket.sendall(frame(self._protocol.request(name, **parameters)))

    def granted(self) -> Any:
        """Wait for what the reply to a request grants."""
        return self._protocol.check(self.receive())

    def subscribe(self, key: str) -> None:
        """Hear of writes to a key."""
        self._protocol.check(self.exchange(self._protocol.subscribe(key)))

    def fill(self, values: Mapping[str, str]) -> None:
        """Write many keys at once, over Kilovolt."""
        message = {"command": "kset-bulk", "request_id": "1", "data": values}
        self._protocol.check(self.exchange(json.dumps(message, separators=(",", ":")).encode()))

    def probe(self, request: bytes) -> int:
        """Ask once, see that it is granted, and tell the length of the reply's frame."""
        reply = self.exchange(request)
        self._protocol.check(reply)
        return len(server_frame(reply))

    def exchange(self, request: bytes) -> bytes:
        """Send a request's text and wait for the next message."""
        self.socket.sendall(frame(request))
        return self.receive()

    def receive(self) -> bytes:
        """Wait for the next message."""
        while (found := split_frame(self._buffer)) is None:
            self._read()
        opcode = self._buffer[0] & 0xF
        payload, self._buffer = found
        if opcode == CLOSE:
            raise BenchmarkError(f"the server closed with {int.from_bytes(payload[:2])}: {payload[2:].decode()}")
        return payload

    def hand_over(self) -> socket.socket:
        """Give the socket, from here on without blocking, to a load; nothing may have been received beyond this."""
        if self._buffer:
            raise BenchmarkError(f"more than expected was received: {self._buffer[:60]!r}")
        self.socket.setblocking(False)
        return self.socket

    def close(self) -> None:
        """Cut the connection."""
        self.socket.close()

    def _log_in(self, hello: bytes, password: str) -> None:
        steps = self._protocol.log_in(hello, password)
        with contextlib.suppress(StopIteration):
            request = next(steps)
            while True:
                request = steps.send(self.exchange(request))

    def _read(self) -> None:
        received = self.socket.recv(1 << 20)
        if not received:
            raise BenchmarkError("the server closed the connection")
        self._buffer += received
