"""A small Kilovolt server for tests, which can be told to misbehave; nothing in it is durable or safe.

It serves keys and subscriptions as an old server does: it greets with ``v9`` and knows no extensions. A test replaces
the answer to a kind of request in ``replies``, and may send whatever bytes it likes on each connection.
"""

import asyncio
import base64
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from stagedoor.kilovolt.login import solve
from stagedoor.kilovolt.messages import (
    Authenticate,
    BadRequest,
    Delete,
    ErrorCode,
    Get,
    GetAll,
    GetBulk,
    List,
    Login,
    Request,
    Set,
    SetBulk,
    Subscribe,
    SubscribePrefix,
    Uid,
    Unsubscribe,
    UnsubscribePrefix,
    Version,
    decode,
)

CHALLENGE = base64.b64encode(bytes(range(32))).decode()
SALT = base64.b64encode(bytes(range(32, 64))).decode()

R = TypeVar("R", bound=Request)


class FakeConnection(WSListener):
    """The server's end of one connection."""

    def __init__(self, server: "FakeServer") -> None:
        self.server = server
        self.transport: WSTransport
        self.keys: set[str] = set()
        self.prefixes: set[str] = set()
        self.is_logged_in = server.password is None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.server.live.append(self)
        self.send({"type": "hello", "version": "v9"})
        self.server.connections.put_nowait(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            self.server.closes.put_nowait(int.from_bytes(frame.get_payload_as_bytes()[:2], "big"))
            transport.send(WSMsgType.CLOSE, frame.get_payload_as_bytes())
            transport.disconnect()
        elif frame.msg_type != WSMsgType.PONG:
            self.server.take(self, frame.get_payload_as_utf8_text())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.server.live.remove(self)
        self.server.departures.put_nowait(self)

    def pause_writing(self) -> None:
        pass

    def resume_writing(self) -> None:
        pass

    def send(self, *messages: object) -> None:
        """Send messages, joined into one frame."""
        self.send_raw(b"\n".join(msgspec.json.encode(message) for message in messages))

    def send_raw(
        self, payload: bytes, kind: WSMsgType = WSMsgType.TEXT, *, fin: bool = True, rsv1: bool = False
    ) -> None:
        self.transport.send(kind, payload, fin=fin, rsv1=rsv1)

    def answer(self, request: Request, data: object = None) -> None:
        self.send({"type": "response", "ok": True, "request_id": request.request_id, "data": data})

    def refuse(self, request: Request, code: str, details: str = "because") -> None:
        self.send({"ok": False, "error": code, "details": details, "request_id": request.request_id})

    def push(self, key: str, value: str) -> None:
        self.send({"type": "push", "key": key, "new_value": value})

    def close(self, code: int, reason: str = "") -> None:
        self.transport.send(WSMsgType.CLOSE, code.to_bytes(2, "big") + reason.encode())
        self.transport.disconnect()

    def abort(self) -> None:
        self.transport.disconnect(graceful=False)


Reply = Callable[[FakeConnection, Request], object]


class FakeServer:
    """``async with FakeServer() as server`` listens on ``server.url``."""

    def __init__(self, password: str | None = None, *, answers_pings: bool = True) -> None:
        self.password = password
        self.store: dict[str, str] = {}
        self.replies: dict[type[Request], Reply] = {}
        self.live: list[FakeConnection] = []
        self.connections: asyncio.Queue[FakeConnection] = asyncio.Queue()
        self.departures: asyncio.Queue[FakeConnection] = asyncio.Queue()
        self.requests: asyncio.Queue[Request] = asyncio.Queue()
        self.closes: asyncio.Queue[int] = asyncio.Queue()
        self._answers_pings = answers_pings
        self._port = 0
        self._server: asyncio.Server

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/ws"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await ws_create_server(
            self._accept, "127.0.0.1", self._port, enable_auto_pong=self._answers_pings
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop to listen and drop everybody; :meth:`start` listens on the same port again."""
        self._server.close()
        for connection in tuple(self.live):
            connection.abort()
        await self._server.wait_closed()
        while self.live:
            await self.departures.get()

    async def next(self, kind: type[R]) -> R:
        """Wait for the next request of a kind; those of other kinds are skipped."""
        while True:
            request = await self.requests.get()
            if isinstance(request, kind):
                return request

    def requests_so_far(self) -> list[Request]:
        """Take all requests that have come and were not taken yet."""
        return [self.requests.get_nowait() for _ in range(self.requests.qsize())]

    def take(self, connection: FakeConnection, text: str) -> None:
        try:
            request = decode(text)
        except BadRequest as error:
            connection.send(
                {"ok": False, "error": error.code, "details": error.details, "request_id": error.request_id}
            )
            return
        self.requests.put_nowait(request)
        reply = self.replies.get(type(request))
        if reply is not None:
            reply(connection, request)
        else:
            self._serve(connection, request)

    def write(self, key: str, value: str) -> None:
        """Write a key as another client would."""
        self.store[key] = value
        for connection in self.live:
            if key in connection.keys or key.startswith(tuple(connection.prefixes)):
                connection.push(key, value)

    def _accept(self, request: WSUpgradeRequest) -> FakeConnection | None:
        return FakeConnection(self) if request.path == b"/ws" else None

    def _serve(self, connection: FakeConnection, request: Request) -> None:
        if not connection.is_logged_in and not isinstance(request, (Version, Login, Authenticate)):
            connection.refuse(request, ErrorCode.AUTHENTICATION_REQUIRED)
            return
        match request:
            case Version():
                connection.answer(request, "v9")
            case Uid():
                connection.answer(request, str(id(connection)))
            case Get(data=where):
                connection.answer(request, self.store.get(where.key, ""))
            case GetBulk(data=where):
                connection.answer(request, {key: self.store.get(key, "") for key in where.keys})
            case GetAll(data=where):
                connection.answer(request, {k: v for k, v in self.store.items() if k.startswith(where.prefix)})
            case List(data=where):
                prefix = str((where or {}).get("prefix", ""))
                connection.answer(request, sorted(key for key in self.store if key.startswith(prefix)))
            case Set(data=what):
                connection.answer(request)
                self.write(what.key, what.data)
            case SetBulk(data=values):
                connection.answer(request)
                for key, value in (values or {}).items():
                    self.write(key, value)
            case Delete(data=where):
                connection.answer(request)
                self.write(where.key, "")
                del self.store[where.key]
            case Subscribe(data=where):
                connection.keys.add(where.key)
                connection.answer(request)
            case Unsubscribe(data=where):
                connection.keys.discard(where.key)
                connection.answer(request)
            case SubscribePrefix(data=where):
                connection.prefixes.add(where.prefix)
                connection.answer(request)
            case UnsubscribePrefix(data=where):
                connection.prefixes.discard(where.prefix)
                connection.answer(request)
            case Login() if self.password is None:
                connection.refuse(request, ErrorCode.AUTHENTICATION_NOT_REQUIRED)
            case Login(data=question) if (question or {}).get("auth") == "challenge":
                connection.answer(request, {"challenge": CHALLENGE, "salt": SALT})
            case Login():
                connection.refuse(request, ErrorCode.INVALID_FORMAT, "unknown auth")
            case Authenticate(data=proof):
                if proof.hash == solve(self.password or "", CHALLENGE, SALT):
                    connection.is_logged_in = True
                    connection.answer(request)
                else:
                    connection.refuse(request, ErrorCode.AUTHENTICATION_FAILED, "wrong hash")
            case _:
                connection.refuse(request, ErrorCode.UNKNOWN_COMMAND)
