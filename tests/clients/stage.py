"""What a scenario in JavaScript asks the test to do on the server's side."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

import msgspec

from stagedoor.kilovolt import Client
from stagedoor.remote.errors import RemoteError
from tests.conftest import Server


class Stage:
    """Acts as the server's owner; an async context manager."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._rooms: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._enter()
        return self

    async def _enter(self) -> None:
        """Connect with the credential of this run of the server."""
        self._owner = Client(self.server.url, token=self.server.control_token)
        await self._owner.connect()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._owner.close()
        for room in self._rooms:
            room.cancel()
        await asyncio.gather(*self._rooms, return_exceptions=True)

    async def ask(self, what: str, argument: object = None) -> object:
        """Do one thing: ``put`` and ``call`` a key, ``open`` a platform's room, ``restart`` the server."""
        match what, argument:
            case "put", [str(key), value]:
                await self._owner.set_json(key, value)
                return None
            case "call", [str(key), value]:
                return await self._owner.call_json(key, value)
            case "open", {"platform": str(platform)}:
                await self._open(platform, argument)
                return None
            case "restart", None:
                await self._owner.close()
                await self.server.restart()
                await self._enter()
                return None
        raise AssertionError(f"a scenario asked for {what} {argument}")

    async def emit(self, source: str, type_: str, /, **data: object) -> None:
        """Publish an event."""
        await self.ask("call", ["stagedoor/@emit", {"source": source, "type": type_, "data": data}])

    async def _open(self, platform: str, request: object) -> None:
        """Open a room, which stays open as long as the call does, and wait until it is."""
        async with self._owner.watch(f"platform/{platform}") as changes:
            self._rooms.append(asyncio.create_task(self._stay(request)))
            await anext(aiter(changes))

    async def _stay(self, request: object) -> None:
        with contextlib.suppress(RemoteError):  # the end of the stage
            await self._owner.call("loopback/@open", msgspec.json.encode(request).decode(), timeout_s=3600.0)
