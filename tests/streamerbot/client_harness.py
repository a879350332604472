"""What the tests of the client share: a client of the fake original, and ways to wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar, Unpack

from stagedoor.streamerbot import Client, Event, Reconnect, State
from stagedoor.streamerbot.client.client import ClientOptions
from tests.streamerbot.fake_original import FakeConnection, FakeOriginal, Message

T = TypeVar("T")

AT_ONCE = Reconnect(initial_s=0)
SHORT_S = 0.02
"""For what must time out; no test asserts how long it took."""


@asynccontextmanager
async def connect(fake: FakeOriginal, **options: Unpack[ClientOptions]) -> AsyncIterator[tuple[Client, FakeConnection]]:
    """Give a client of the fake original, and the server's end of its first connection."""
    options.setdefault("reconnect", AT_ONCE)
    async with Client(fake.url, **options) as client:
        yield client, await fake.connections.get()


def hold(connection: FakeConnection, request: Message) -> None:
    """Reply to a request with nothing."""


async def begin(awaitable: Awaitable[T]) -> asyncio.Task[T]:
    """Start something in a task and let it run until it waits."""

    async def wait() -> T:
        return await awaitable

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    return task


class States:
    """Records a client's states, and lets a test wait for one."""

    def __init__(self) -> None:
        self.seen: list[State] = []
        self._queue: asyncio.Queue[State] = asyncio.Queue()

    def __call__(self, state: State) -> None:
        self.seen.append(state)
        self._queue.put_nowait(state)

    async def reach(self, wanted: State) -> None:
        while await self._queue.get() is not wanted:
            pass


class Heard:
    """A handler that keeps what it gets."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Event] = asyncio.Queue()

    def __call__(self, event: Event) -> None:
        self.queue.put_nowait(event)

    async def names(self, count: int) -> list[str]:
        return [(await self.queue.get()).name for _ in range(count)]
