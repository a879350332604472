"""The evening that shows stagedoor off: the same for the same seed, and with something of everything."""

import asyncio
from collections import Counter
from itertools import islice

import pytest

from stagedoor.fake_twitch import Clock, World
from stagedoor.fake_twitch.demo import CAST, Evening, liven
from stagedoor.types import JsonObject

Heard = list[tuple[float, str, JsonObject]]


def spend(seed: int, steps: int) -> tuple[float, Heard]:
    """The first steps of an evening: how many seconds they take, and what is heard."""
    world = World(Clock.standing())
    heard: Heard = []
    world.listeners.append(lambda topic, event, _: heard.append((world.clock.now(), topic, event)))
    began = world.clock.now()
    for wait_s, do in islice(Evening(world, seed=seed).steps(), steps):
        world.clock.turn(wait_s)
        do()
    return world.clock.now() - began, heard


def test_is_the_same_for_the_same_seed() -> None:
    assert spend(3, 500) == spend(3, 500)
    assert spend(3, 500) != spend(4, 500)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_has_something_of_everything_within_the_hour(seed: int) -> None:
    _, heard = spend(seed, 3000)
    began = heard[0][0]
    topics = {topic for moment, topic, _ in heard if moment - began < 3600}
    assert topics >= {
        "stream.online",
        "channel.follow",
        "channel.subscribe",
        "channel.subscription.gift",
        "channel.subscription.message",
        "channel.cheer",
        "channel.raid",
        "channel.channel_points_custom_reward_redemption.add",
        "channel.channel_points_custom_reward_redemption.update",
        "channel.poll.end",
        "channel.prediction.end",
        "channel.hype_train.end",
        "channel.chat.message",
        "channel.chat.message_delete",
        "channel.ad_break.begin",
    }


def test_chat_is_now_calm_and_now_busy() -> None:
    """Some messages a minute at one time, more than one a second at another."""
    _, heard = spend(1, 6000)
    began = heard[0][0]
    minutes = Counter(int((moment - began) // 60) for moment, topic, _ in heard if topic == "channel.chat.message")
    per_minute = sorted(minutes[minute] for minute in range(max(minutes)))
    assert per_minute[0] <= 20
    assert per_minute[-1] >= 60


def test_the_cast_speaks_in_its_own_words() -> None:
    _, heard = spend(1, 2000)
    talk = Counter(event["chatter_user_name"] for _, topic, event in heard if topic == "channel.chat.message")
    assert {viewer.name for viewer in CAST} <= talk.keys()
    assert talk["Tobbe"] > talk["sir_lurkalot"]


async def test_goes_by_the_worlds_clock() -> None:
    """At twice the pace, half the time has to pass."""
    world = World(Clock.standing())
    online = asyncio.Event()
    said: list[str] = []
    first = asyncio.Event()

    def hear(topic: str, event: JsonObject, _: dict[str, str]) -> None:
        if topic == "stream.online":
            online.set()
        elif topic == "channel.chat.message":
            said.append(str(event["message_id"]))
            first.set()

    world.listeners.append(hear)
    until_first_s = 0.0
    for wait_s, do in Evening(World(Clock.standing()), seed=5).steps():
        until_first_s += wait_s
        if do.__name__ == "_say":
            break
    running = asyncio.create_task(liven(world, seed=5, pace=2.0))
    await online.wait()
    world.clock.turn(until_first_s / 2 - 0.01)
    await asyncio.sleep(0)
    assert not said
    world.clock.turn(0.02)
    await first.wait()
    assert len(said) == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_needs_a_pace() -> None:
    with pytest.raises(ValueError, match="pace"):
        await liven(World(), pace=0)
