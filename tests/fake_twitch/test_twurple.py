"""npm's ``@twurple`` 8.1.4 takes the fake for Twitch: it looks where twitch-cli's mock is when told a port."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stagedoor.fake_twitch import FakeTwitch, Token
from stagedoor.fake_twitch.topics import do_everything

SCRIPT = Path(__file__).parents[1] / "clients/twitch_run.mjs"
PATIENCE_S = 60.0


class Twurple:
    """The client in Node: gives it orders, and reads what it tells."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._told: list[tuple[str, Any]] = []

    async def next(self, wanted: str) -> Any:
        """The next thing told under a name; what is told before it can be had later, as its order is the client's."""
        for place, (what, detail) in enumerate(self._told):
            if what == wanted:
                del self._told[place]
                return detail
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := await self._process.stdout.readline():
                what, detail = msgspec.json.decode(line)
                if what == wanted:
                    return detail
                assert what != "failed", detail
                self._told.append((what, detail))
        raise AssertionError(f"Node ended before it told {wanted}")

    async def ask(self, order: str, argument: object = None) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode([order, argument]) + b"\n")
        return await self.next("done")


def stored(token: Token) -> dict[str, object]:
    """A token as the client keeps one."""
    return {
        "accessToken": token.text,
        "refreshToken": token.refresh,
        "scope": list(token.scopes),
        "expiresIn": 14000,
        "obtainmentTimestamp": token.counted_at * 1000,
    }


@pytest.fixture
async def twurple(twitch: FakeTwitch) -> AsyncIterator[Twurple]:
    node = shutil.which("node")
    assert node is not None, "the tests need Node 20 or newer"
    world = twitch.world
    options = {
        "clientId": twitch.client_id,
        "clientSecret": twitch.client_secret,
        "owner": world.owner.id,
        "bot": world.bot.id,
        "tokens": [stored(twitch.issue_token(user)) for user in (world.owner, world.bot)],
    }
    process = await asyncio.create_subprocess_exec(
        node,
        str(SCRIPT),
        msgspec.json.encode(options).decode(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TWURPLE_MOCK_API_PORT": str(twitch.port)},
    )
    client = Twurple(process)
    await client.next("ready")
    yield client
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def test_calls_helix(twitch: FakeTwitch, twurple: Twurple) -> None:
    world = twitch.world
    world.go_live(viewers=7)
    world.join(*(f"viewer{number}" for number in range(150)))
    world.follow("Ann")
    assert await twurple.ask("user", "ann") == "Ann"
    assert await twurple.ask("user", "nobody") is None
    assert len(await twurple.ask("chatters")) == 150
    assert await twurple.ask("stream") == 7
    assert await twurple.ask("followers") == 1
    is_sent, message_id = await twurple.ask("say", "Hello")
    assert is_sent
    assert world.messages[message_id].author is world.bot
    twitch.faults.drop = ("msg_rejected", "not so loud")
    is_sent, message = await twurple.ask("say", "HELLO")
    assert not is_sent
    assert "not so loud" in message
    assert await twurple.ask("reward", "Hydrate") in world.rewards
    assert await twurple.ask("poll", "Tea?") == 2
    await twurple.ask("update", "New")
    assert world.channel.title == "New"


async def test_renews_a_token_that_has_expired(twitch: FakeTwitch, twurple: Twurple) -> None:
    twitch.tokens.expire(twitch.world.owner)
    assert await twurple.ask("chatters") == []
    assert len(twitch.calls_of("/auth/token")) == 1


async def test_hears_what_happens(twitch: FakeTwitch, twurple: Twurple) -> None:
    """Each topic that the script listens to; the client's own parsing gives the right values."""
    topics = await twurple.ask("listen")
    for _ in topics:
        await twurple.next("subscribed")
    do_everything(twitch.world)
    for name, told in {
        "update": ["Building a stage", "Just Chatting"],
        "online": "live",
        "follow": "ann",
        "subscribe": ["ben", "1000"],
        "resub": [15, "Love the show Kappa"],
        "gift": ["dora", 2],
        "cheer": 100,
        "raid": 27,
    }.items():
        assert await twurple.next(name) == told
    for name in (
        "notification",
        "whisper",
        "ban",
        "moderate",
        "shoutout",
        "ads",
        "automatic",
        "poll",
        "prediction",
        "train",
    ):
        await twurple.next(name)


async def test_follows_a_reconnect_and_is_told_of_a_revocation(twitch: FakeTwitch, twurple: Twurple) -> None:
    await twurple.ask("listen", ["follow"])
    await twurple.next("subscribed")
    (old,) = twitch.eventsub.sessions
    twitch.faults.reconnect()
    async with asyncio.timeout(PATIENCE_S):
        await twitch.eventsub.until(lambda one: old not in one.sessions and len(one.sessions) == 1)
    twitch.world.follow("Ann")
    assert await twurple.next("follow") == "ann"
    assert len(twitch.calls_of("/eventsub/subscriptions", "POST")) == 1
    twitch.faults.revoke("channel.follow", "user_removed")
    assert await twurple.next("revoked") == "user_removed"


async def test_comes_back_after_a_cut(twitch: FakeTwitch, twurple: Twurple) -> None:
    await twurple.ask("listen", ["message"])
    await twurple.next("subscribed")
    twitch.faults.cut()
    await twurple.next("disconnected")
    await twurple.next("subscribed")
    said = twitch.world.chat("Ann", "still there")
    assert await twurple.next("message") == ["ann", "still there", None]
    twitch.world.chat("Ben", "yes", reply_to=said)
    assert await twurple.next("message") == ["ben", "yes", said]


async def test_is_told_why_a_topic_is_refused(twitch: FakeTwitch, twurple: Twurple) -> None:
    twitch.faults.refuse_topic("channel.cheer")
    await twurple.ask("listen", ["cheer"])
    _, message = await twurple.next("refused")
    assert "subscription missing proper authorization" in message
