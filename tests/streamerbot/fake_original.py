"""A small server for tests that behaves as the original Streamer.bot does, in its new and its old forms.

It is as strict and as odd as the original is known to be: it greets with Hello, lets a password be proved, closes on
who must prove one and does not, and answers in today's shapes. As an old one it says no Hello, lists its events below
keys in lower camel case, makes numbers of ids, and answers ``GetGlobal`` with ``variable`` alone. A test replaces the
answer to a request in ``replies``, and may send whatever bytes it likes on each connection.

Source: Streamer.bot's documentation, and what independent clients rely on.
"""

import asyncio
import base64
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from stagedoor.streamerbot.client.login import solve

Message = dict[str, Any]

SALT = base64.b64encode(bytes(range(32))).decode()
CHALLENGE = base64.b64encode(bytes(range(32, 64))).decode()

TIME = "2026-01-05T20:15:00.1234567+01:00"

INFO: Message = {
    "instanceId": "b63152c5-5bfe-4751-8644-579f7fb4a682",
    "name": "Streamer.bot",
    "version": "1.0.4",
    "os": "windows",
    "osVersion": "10.0.22631.0",
    "mode": "ui",
    "darkMode": True,
    "source": "websocketServer",
}

EVENTS = {
    "Twitch": ["Follow", "Cheer", "ChatMessage"],
    "General": ["Custom"],
    "Custom": ["Event", "CodeEvent"],
    "Raw": ["Action"],
}

ACTION_ID = "a0ff6f91-a51e-4b7d-948b-5e03ff4a82f0"


class FakeConnection(WSListener):
    """The server's end of one connection."""

    def __init__(self, server: "FakeOriginal") -> None:
        self.server = server
        self.transport: WSTransport
        self.subscribed: set[tuple[str, str]] = set()
        self.is_authenticated = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.server.live.append(self)
        if not self.server.is_old:
            self.send(self.server.hello)
        self.server.connections.put_nowait(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            self.server.closes.put_nowait(int.from_bytes(frame.get_payload_as_bytes()[:2], "big"))
            transport.send(WSMsgType.CLOSE, frame.get_payload_as_bytes())
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            self.server.take(self, msgspec.json.decode(frame.get_payload_as_bytes()))

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.server.live.remove(self)
        self.server.departures.put_nowait(self)

    def pause_writing(self) -> None:
        pass

    def resume_writing(self) -> None:
        pass

    def send(self, message: object) -> None:
        self.send_raw(msgspec.json.encode(message))

    def send_raw(self, payload: bytes, kind: WSMsgType = WSMsgType.TEXT, *, fin: bool = True) -> None:
        self.transport.send(kind, payload, fin=fin)

    def answer(self, request: Message, **members: object) -> None:
        self.send({"status": "ok", "id": self._id_of(request), **members})

    def refuse(self, request: Message, text: object) -> None:
        self.send({"status": "error", "id": self._id_of(request), "error": text})

    def emit(self, source: str, kind: str, data: object = None) -> None:
        """Send an event, be it subscribed or not; ``None`` is a bare notification."""
        event: Message = {"timeStamp": TIME, "event": {"source": source, "type": kind}}
        self.send(event if data is None else {**event, "data": data})

    def close(self, code: int | None, reason: str = "") -> None:
        self.transport.send(WSMsgType.CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason.encode())
        self.transport.disconnect()

    def abort(self) -> None:
        self.transport.disconnect(graceful=False)

    def _id_of(self, request: Message) -> object:
        given = str(request["id"])
        return int(given) if self.server.is_old and given.isdigit() else given


Reply = Callable[[FakeConnection, Message], object]


class FakeOriginal:
    """``async with FakeOriginal() as server`` listens on ``server.url``."""

    def __init__(self, password: str | None = None, *, is_enforced: bool = False, is_old: bool = False) -> None:
        self.password = password
        self.is_enforced = is_enforced
        self.is_old = is_old
        self.events = EVENTS
        self.variables: Message = {}
        self.user_variables: list[Message] = []
        self.replies: dict[str, Reply] = {}
        self.live: list[FakeConnection] = []
        self.connections: asyncio.Queue[FakeConnection] = asyncio.Queue()
        self.departures: asyncio.Queue[FakeConnection] = asyncio.Queue()
        self.requests: asyncio.Queue[Message] = asyncio.Queue()
        self.closes: asyncio.Queue[int] = asyncio.Queue()
        self._port = 0
        self._server: asyncio.Server

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/"

    @property
    def hello(self) -> Message:
        greeting: Message = {"timestamp": TIME, "session": "9f1c0d0c6a6e4f0f", "request": "Hello", "info": INFO}
        if self.password is not None:
            greeting["authentication"] = {"salt": SALT, "challenge": CHALLENGE}
        return greeting

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await ws_create_server(self._accept, "127.0.0.1", self._port, enable_auto_pong=True)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop to listen and drop everybody; :meth:`start` listens on the same port again."""
        self._server.close()
        for connection in tuple(self.live):
            connection.abort()
        await self._server.wait_closed()
        while self.live:
            await self.departures.get()

    async def next(self, name: str) -> Message:
        """Wait for the next request of that name; others are skipped."""
        while True:
            request = await self.requests.get()
            if request["request"] == name:
                return request

    def requests_so_far(self) -> list[Message]:
        """Take all requests that have come and were not taken yet."""
        return [self.requests.get_nowait() for _ in range(self.requests.qsize())]

    def publish(self, source: str, kind: str, data: object = None) -> None:
        """Send an event to everybody who has subscribed to it."""
        for connection in self.live:
            if (source.casefold(), kind.casefold()) in connection.subscribed:
                connection.emit(source, kind, data)

    def take(self, connection: FakeConnection, request: Message) -> None:
        self.requests.put_nowait(request)
        reply = self.replies.get(request["request"])
        if reply is not None:
            reply(connection, request)
        elif self.is_enforced and not connection.is_authenticated and request["request"] != "Authenticate":
            connection.close(None)
        else:
            self._serve(connection, request)

    def _accept(self, request: WSUpgradeRequest) -> FakeConnection | None:
        return FakeConnection(self) if request.path == b"/" else None

    def _serve(self, connection: FakeConnection, request: Message) -> None:
        match request:
            case {"request": "Authenticate"}:
                if request.get("authentication") == solve(self.password or "", SALT, CHALLENGE):
                    connection.is_authenticated = True
                    connection.answer(request)
                else:
                    connection.refuse(request, "Authentication failed")
            case {"request": "GetInfo"}:
                connection.answer(request, info=INFO)
            case {"request": "GetEvents"}:
                lower = {source[0].lower() + source[1:]: types for source, types in self.events.items()}
                connection.answer(request, events=lower if self.is_old else self.events)
            case {"request": "Subscribe", "events": dict(events)}:
                connection.subscribed |= {(s.casefold(), t.casefold()) for s, types in events.items() for t in types}
                connection.answer(request, events=events)
            case {"request": "UnSubscribe", "events": dict(events)}:
                connection.subscribed -= {(s.casefold(), t.casefold()) for s, types in events.items() for t in types}
                connection.answer(request, events=[t for types in events.values() for t in types])
            case {"request": "DoAction", "action": dict(action)}:
                if action not in ({"id": ACTION_ID}, {"name": "Roll"}):
                    connection.refuse(request, "Action not found")
                    return
                args = request.get("args", {})
                connection.answer(request, args={**args, "actionId": ACTION_ID, "runningActionId": "run-1"})
                if "sbClientResponse" in args:
                    # At once, as a short action does: who subscribes after its request misses it.
                    self.publish("Custom", "Event", {"eventName": args["sbClientResponse"], "args": {"rolled": 4}})
            case {"request": "ExecuteCodeTrigger", "triggerName": "dice"}:
                connection.answer(request)
                if "sbClientResponse" in request.get("args", {}):
                    response = {"eventName": request["args"]["sbClientResponse"], "args": {"rolled": 6}}
                    self.publish("Custom", "Event", response)
            case {"request": "GetGlobals"}:
                connection.answer(request, variables=self.variables, count=len(self.variables))
            case {"request": "GetGlobal", "variable": name} if name in self.variables:
                entry = self.variables[name]
                both = {} if self.is_old else {"variables": {name: entry}}
                connection.answer(request, variable=entry, count=1, **both)
            case {"request": "TwitchGetUserGlobals", "variable": name}:
                found = [entry for entry in self.user_variables if name in (None, entry["name"])]
                connection.answer(request, variables=found, count=len(found))
            case {"request": "TwitchGetUserGlobal", "variable": name, "userId": user_id}:
                found = [
                    {member: entry[member] for member in ("name", "value", "lastWrite")}
                    for entry in self.user_variables
                    if entry["userId"] == user_id and name in (None, entry["name"])
                ]
                if name is not None and not found:
                    connection.refuse(request, "Variable not found")
                elif name is not None and self.is_old:
                    connection.answer(request, variable=found[0])
                else:
                    connection.answer(request, variables=found, count=len(found))
            case {"request": "GetGlobal"}:
                connection.refuse(request, "Variable not found")
            case {"request": "SendMessage"} if not connection.is_authenticated:
                connection.refuse(request, "Authentication required")
            case {"request": "SendMessage" | "ClearCredits"}:
                connection.answer(request)
            case _:
                connection.refuse(request, f"Unknown request: {request['request']}")
