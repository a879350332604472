"""What ends by itself when its time is over."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from stagedoor.fake_twitch import Clock, World
from stagedoor.fake_twitch.deadlines import Deadlines
from stagedoor.types import JsonObject

PATIENCE_S = 30.0


class Watch:
    """Waits for a topic."""

    def __init__(self, world: World) -> None:
        self._heard: asyncio.Queue[tuple[str, JsonObject]] = asyncio.Queue()
        world.listeners.append(lambda topic, event, _: self._heard.put_nowait((topic, event)))

    async def next(self, wanted: str) -> JsonObject:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                topic, event = await self._heard.get()
                if topic == wanted:
                    return event


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World(Clock.standing())
    deadlines = Deadlines(made)
    yield made
    await deadlines.close()


async def test_a_poll_ends(world: World) -> None:
    watch = Watch(world)
    poll = world.poll_begin("Tea or coffee?", "Tea", "Coffee", seconds=60)
    await asyncio.sleep(0)
    world.clock.turn(59)
    await asyncio.sleep(0)
    assert poll.status == "active"
    world.clock.turn(1)
    assert (await watch.next("channel.poll.end"))["status"] == "completed"


async def test_a_prediction_locks(world: World) -> None:
    watch = Watch(world)
    prediction = world.prediction_begin("Will it work?", "Yes", "No", seconds=120)
    world.clock.turn(120)
    await watch.next("channel.prediction.lock")
    assert prediction.status == "locked"


async def test_a_hype_train_ends_when_nobody_drives_it_on(world: World) -> None:
    watch = Watch(world)
    world.hype_train_begin("Ann")
    world.clock.turn(200)
    world.hype_train_progress("Ben")
    world.clock.turn(200)
    await asyncio.sleep(0)
    assert world.hype_train is not None
    world.clock.turn(100)
    assert (await watch.next("channel.hype_train.end"))["total"] == 1000
    assert world.hype_train is None
