"""The floor: a server on the same WebSocket library that answers constants and does nothing else.

Run as ``python -m benchmarks.bare``; it prints its port. The path of a connection chooses what it does. Each answer is
one ``transport.send``, the plain way; the paths in ``/joined`` collect the answers to one read into one write. A number
at the end of a path is the size of what is sent: ``/answer/300`` grants every request with 300 bytes.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Final

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from benchmarks.client import server_frame

VALUE: Final = "x" * 60

HELLO: Final = b'{"type":"hello","version":"v10"}'
DONE: Final = b'{"type":"response","ok":true,"request_id":"1"}'
GOT: Final = b'{"type":"response","ok":true,"request_id":"1","data":"' + VALUE.encode() + b'"}'
PUSHED: Final = b'{"type":"push","key":"bench/tick","new_value":"' + VALUE.encode() + b'"}'
CHALLENGE: Final = (
    b'{"type":"response","ok":true,"request_id":"1","data":'
    b'{"challenge":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",'
    b'"salt":"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="}}'
)


GRANTED: Final = b'{"ok":true,"status":"ok","id":"1","data":"%b"}'
"""A reply in the words of both protocols."""
STREAMERBOT_HELLO: Final = (
    b'{"timestamp":"2026-01-05T20:15:00.1234567+01:00","session":"9f1c0d0c6a6e4f0fb0a5c4c9a2d5a0b1","request":"Hello",'
    b'"info":{"instanceId":"b63152c5-5bfe-4751-8644-579f7fb4a682","name":"bare","version":"1.0.5","os":"linux",'
    b'"osVersion":"6.18.44","mode":"headless","darkMode":false,"source":"websocketServer"},'
    b'"authentication":{"salt":"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",'
    b'"challenge":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}}'
)
AUTHENTICATED: Final = b'{"status":"ok","id":"1"}'


def granted(size: int) -> bytes:
    """Build a reply of that many bytes."""
    return GRANTED % (b"x" * (size - len(GRANTED % b"")))


class _Greeter(WSListener):
    """Greets, and leaves when the client does."""

    hello: ClassVar[bytes] = HELLO

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        transport.send(WSMsgType.TEXT, self.hello)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        else:
            self.answer(transport, frame)

    def answer(self, transport: WSTransport, frame: WSFrame) -> None:
        """Do what the path asks for."""
        raise NotImplementedError

    def pause_writing(self) -> None:
        pass

    def resume_writing(self) -> None:
        pass


class _Get(_Greeter):
    def answer(self, transport: WSTransport, frame: WSFrame) -> None:
        transport.send(WSMsgType.TEXT, GOT)


class _Set(_Greeter):
    def answer(self, transport: WSTransport, frame: WSFrame) -> None:
        transport.send(WSMsgType.TEXT, DONE)


class _Login(_Greeter):
    asked = False

    def answer(self, transport: WSTransport, frame: WSFrame) -> None:
        transport.send(WSMsgType.TEXT, DONE if self.asked else CHALLENGE)
        self.asked = not self.asked


class _StreamerbotLogin(_Greeter):
    hello = STREAMERBOT_HELLO

    def answer(self, transport: WSTransport, frame: WSFrame) -> None:
        transport.send(WSMsgType.TEXT, AUTHENTICATED)


class _Answer(_Greeter):
    def __init__(self, size: int) -> None:
        self._reply = granted(size)

    def answer(self, transport: WSTransport, frame: WSFrame) -> None:
        transport.send(WSMsgType.TEXT, self._reply)


class _Subscriber(_Set):
    everyone: ClassVar[set["_Subscriber"]] = set()

    def on_ws_connected(self, transport: WSTransport) -> None:
        super().on_ws_connected(transport)
        self.everyone.add(self)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.everyone.discard(self)


class _Publisher(_Greeter):
    def __init__(self, size: int | None = None) -> None:
        self._pushed = PUSHED if size is None else granted(size)

    def answer(self, transport: WSTransport, frame: WSFrame) -> None:
        transport.send(WSMsgType.TEXT, DONE)
        for subscriber in _Subscriber.everyone:
            subscriber.transport.send(WSMsgType.TEXT, self._pushed)


class _JoinedGet(_Greeter):
    count = 0
    got = server_frame(GOT)

    def answer(self, transport: WSTransport, frame: WSFrame) -> None:
        self.count += 1
        if frame.last_in_buffer:
            transport.underlying_transport.write(self.got * self.count)
            self.count = 0


class _JoinedPublisher(_Greeter):
    count = 0
    done = server_frame(DONE)

    def __init__(self, size: int | None = None) -> None:
        self._pushed = server_frame(PUSHED if size is None else granted(size))

    def answer(self, transport: WSTransport, frame: WSFrame) -> None:
        self.count += 1
        if frame.last_in_buffer:
            transport.underlying_transport.write(self.done * self.count)
            pushes = self._pushed * self.count
            for subscriber in _Subscriber.everyone:
                subscriber.transport.underlying_transport.write(pushes)
            self.count = 0


PATHS: Final[dict[str, type[_Greeter]]] = {
    "/get": _Get,
    "/set": _Set,
    "/login": _Login,
    "/streamerbot/login": _StreamerbotLogin,
    "/publish": _Publisher,
    "/hear": _Subscriber,
    "/joined/get": _JoinedGet,
    "/joined/publish": _JoinedPublisher,
}

SIZED_PATHS: Final[dict[str, Callable[[int], _Greeter]]] = {
    "/answer": _Answer,
    "/publish": _Publisher,
    "/joined/publish": _JoinedPublisher,
}


def _listen(upgrade: WSUpgradeRequest) -> WSListener | None:
    raw: Any = upgrade.path
    path = raw.decode() if isinstance(raw, bytes) else raw
    stem, _, size = path.rpartition("/")
    if size.isdigit() and stem in SIZED_PATHS:
        return SIZED_PATHS[stem](int(size))
    listener = PATHS.get(path)
    return None if listener is None else listener()


async def serve() -> None:
    """Serve on a free port until cancelled."""
    server = await ws_create_server(_listen, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
