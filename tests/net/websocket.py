"""A raw WebSocket client for tests that look at bytes: headers of their choice, frames of their choice, no manners."""

import asyncio
import base64
import os
import ssl
from typing import Self, cast

import msgspec

TEXT, BINARY, CLOSE, PING, PONG, CONTINUATION = 1, 2, 8, 9, 10, 0


def mask(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """Build a client's frame; the mask is all zeros."""
    length = len(payload)
    first = (0x80 if fin else 0) | opcode
    if length < 126:
        header = bytes((first, 0x80 | length))
    elif length < 1 << 16:
        header = bytes((first, 0x80 | 126)) + length.to_bytes(2, "big")
    else:
        header = bytes((first, 0x80 | 127)) + length.to_bytes(8, "big")
    return header + bytes(4) + payload


class Raw:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(
        cls, port: int, *, path: str = "/", host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, **headers: str
    ) -> Self:
        """Connect and upgrade; fails when the server refuses."""
        raw, status, _ = await cls.upgrade(port, path=path, host=host, tls=tls, **headers)
        assert status == 101, status
        return raw

    @classmethod
    async def upgrade(
        cls, port: int, *, path: str = "/", host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, **headers: str
    ) -> tuple[Self, int, dict[str, str]]:
        """Ask for an upgrade; returns the status and the headers of the answer. A header's ``_`` stands for ``-``."""
        raw = cls(*await asyncio.open_connection(host, port, ssl=tls))
        fields = {
            "Host": f"{host}:{port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        }
        fields.update({name.replace("_", "-"): value for name, value in headers.items()})
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value)]
        status, answered = await raw.request("\r\n".join(lines).encode() + b"\r\n\r\n")
        return raw, status, answered

    async def request(self, head: bytes) -> tuple[int, dict[str, str]]:
        """Send the head of a request and read the head of the answer."""
        self.writer.write(head)
        answer = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in answer[1:] if line)
        return int(answer[0].split(" ")[1]), fields

    def send(self, opcode: int, payload: bytes = b"", *, fin: bool = True) -> None:
        """Send one frame."""
        self.writer.write(mask(opcode, payload, fin=fin))

    def ask(self, command: str, **data: object) -> None:
        """Send a Kilovolt request whose id is its command."""
        self.send(TEXT, msgspec.json.encode({"command": command, "request_id": command, "data": data}))

    async def frame(self) -> tuple[int, bytes]:
        """Read one frame: its opcode and payload."""
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            length = int.from_bytes(await self.reader.readexactly(2), "big")
        elif length == 127:
            length = int.from_bytes(await self.reader.readexactly(8), "big")
        return first & 0x0F, await self.reader.readexactly(length)

    async def message(self) -> dict[str, object]:
        """Read one JSON message."""
        opcode, payload = await self.frame()
        assert opcode == TEXT, (opcode, payload)
        return msgspec.json.decode(payload, type=dict[str, object])

    async def close_code(self) -> int:
        """Read until the server closes, and return its code."""
        while True:
            opcode, payload = await self.frame()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big")

    def pause(self) -> None:
        """Read nothing any more."""
        cast(asyncio.Transport, self.writer.transport).pause_reading()

    def resume(self) -> None:
        """Read again."""
        cast(asyncio.Transport, self.writer.transport).resume_reading()

    async def end(self) -> None:
        """Close the socket without manners."""
        self.writer.transport.abort()
        await asyncio.wait([asyncio.ensure_future(self.writer.wait_closed())])
