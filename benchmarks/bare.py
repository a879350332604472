"""The floor: a server on the same WebSocket library that answers constants and does nothing else.

Run as ``python -m benchmarks.bare``; it prints its port. The path of a connection chooses what it does. Each answer is
one ``transport.send``, the plain way; the paths in ``/joined`` collect the answers to one read into one write.
"""

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


class _Greeter(WSListener):
    """Greets, and leaves when the client does."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        transport.send(WSMsgType.TEXT, HELLO)

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


class _Subscriber(_Set):
    everyone: ClassVar[set["_Subscriber"]] = set()

    def on_ws_connected(self, transport: WSTransport) -> None:
        super().on_ws_connected(transport)
        self.everyone.add(self)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.everyone.discard(self)


class _Publisher(_Greeter):
    def answer(self, transport: WSTransport, frame: WSFrame) -> None:
        transport.send(WSMsgType.TEXT, DONE)
        for subscriber in _Subscriber.everyone:
            subscriber.transport.send(WSMsgType.TEXT, PUSHED)


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
    pushed = server_frame(PUSHED)

    def answer(self, transport: WSTransport, frame: WSFrame) -> None:
        self.count += 1
        if frame.last_in_buffer:
            transport.underlying_transport.write(self.done * self.count)
            pushes = self.pushed * self.count
            for subscriber in _Subscriber.everyone:
                subscriber.transport.underlying_transport.write(pushes)
            self.count = 0


PATHS: Final[dict[str, type[_Greeter]]] = {
    "/get": _Get,
    "/set": _Set,
    "/login": _Login,
    "/publish": _Publisher,
    "/hear": _Subscriber,
    "/joined/get": _JoinedGet,
    "/joined/publish": _JoinedPublisher,
}


def _listen(upgrade: WSUpgradeRequest) -> WSListener | None:
    path: Any = upgrade.path
    listener = PATHS.get(path.decode() if isinstance(path, bytes) else path)
    return None if listener is None else listener()


async def serve() -> None:
    """Serve on a free port until cancelled."""
    server = await ws_create_server(_listen, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
