"""A blocking WebSocket client that sets the loads up, and the frames that they send.

It is not fast and need not be: a load uses it to connect and log in, then takes the socket over.
"""

import base64
import hashlib
import hmac
import json
import socket
import struct
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from benchmarks.errors import BenchmarkError

TIMEOUT_S: Final = 30.0
CLOSE: Final = 0x8
TEXT: Final = 0x1

_MASK: Final = b"\x37\xfa\x21\x3d"
"""Always the same: a server unmasks it all the same, and the frames can be built before the clock starts."""

_UPGRADE: Final = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def request(command: str, **parameters: str) -> bytes:
    """Build the text of a request; every id is the same, for every reply to have the same length."""
    message: dict[str, object] = {"command": command, "request_id": "1"}
    if parameters:
        message["data"] = parameters
    return json.dumps(message, separators=(",", ":")).encode()


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


def solve(password: str, challenge: str, salt: str) -> str:
    """Answer a login challenge."""
    key = password.encode() + base64.b64decode(salt)
    return base64.b64encode(hmac.digest(key, base64.b64decode(challenge), hashlib.sha256)).decode()


def check(payload: bytes) -> Any:
    """Read a reply's ``data``.

    Raises:
        BenchmarkError: When the reply is not ``ok``.
    """
    message = json.loads(payload)
    if not message.get("ok"):
        raise BenchmarkError(f"the server refused: {message}")
    return message.get("data")


class Client:
    """One connection, logged in when a password is given; closes with its ``with`` block."""

    def __init__(self, url: str, password: str | None = None) -> None:
        address, head = upgrade(url)
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
            self.receive()  # hello
            if password is not None:
                self._log_in(password)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, command: str, **parameters: str) -> Any:
        """Send a request and wait for the ``data`` of its reply."""
        self.socket.sendall(frame(request(command, **parameters)))
        return check(self.receive())

    def fill(self, values: Mapping[str, str]) -> None:
        """Write many keys at once."""
        message = {"command": "kset-bulk", "request_id": "1", "data": values}
        self.socket.sendall(frame(json.dumps(message, separators=(",", ":")).encode()))
        check(self.receive())

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

    def _log_in(self, password: str) -> None:
        challenge = self.ask("klogin", auth="challenge")
        self.ask("kauth", hash=solve(password, **challenge))

    def _read(self) -> None:
        received = self.socket.recv(1 << 20)
        if not received:
            raise BenchmarkError("the server closed the connection")
        self._buffer += received
