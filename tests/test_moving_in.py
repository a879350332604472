"""Moving in from strimertül: an export as its version 3.3.1 writes it is imported as it is, and the services run on it.

``strimertul/export.json`` has every key of strimertül, and those that only older versions wrote; what its window wrote
as JavaScript writes it, and what its server wrote as Go does. It has what is odd in real ones: null lists, the access
level ``subscribers``, a timer without messages, a reward without ``required_info``, a goal without contributors, a
negative balance, a redeem from half-hour time zone, and tokens whose ``Time`` is in the future.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from stagedoor import keys
from stagedoor.hub import MemoryStore
from stagedoor.kilovolt import Change, Client
from stagedoor.strimertul import Timers, read
from tests.cli.harness import Cli
from tests.conftest import Server
from tests.services.harness import Desk, open_hub
from tests.services.test_timers import Stage

EXPORT = Path(__file__).parent / "strimertul" / "export.json"
EXPORTED: dict[str, str] = json.loads(EXPORT.read_bytes())
KEPT = {
    key: value
    for key, value in EXPORTED.items()
    if "/ev/" not in key and "/@" not in key and key != keys.STRIMERTUL_VERSION
}
"""All but past events and requests, which would happen again, and strimertül's own version."""

IMPORTED = f"imported {len(KEPT)} keys; {len(EXPORTED) - len(KEPT)} past events and requests left out\n"

PASSWORD = json.loads(EXPORTED["http/config"])["kv_password"]

NOWHERE = (
    *("--twitch-auth-url", "http://127.0.0.1:1/oauth2"),
    *("--twitch-api-url", "http://127.0.0.1:1/helix"),
    *("--twitch-eventsub-url", "ws://127.0.0.1:1/ws"),
)
"""Where nobody stands for Twitch: the export's account is switched on."""

ITS_KEYS = {
    *("http/config", "strimertul/version", "strimertul/@log"),
    *("twitch/config", "twitch/bot-config", "twitch/auth-keys", "twitch/stream-info"),
    *("twitch/bot-custom-commands", "twitch/bot-counters/lurkers"),
    *("twitch/bot-modules/timers/config", "twitch/bot-modules/alerts/config"),
    *("twitch/ev/chat-message", "twitch/chat-history", "twitch/chat-activity"),
    *("twitch/ev/eventsub-event", "twitch/eventsub-history"),
    *("twitch/@send-chat-message", "twitch/bot/@send-message"),
    *("loyalty/config", "loyalty/rewards", "loyalty/goals", "loyalty/points/ada", "loyalty/redeem-queue"),
    *("loyalty/ev/new-redeem", "loyalty/@create-redeem", "loyalty/@remove-redeem"),
    *("ui/settings", "ui/extensions/installed/brave-new-fish"),
    *("stul-meta/modules", "stul-meta/version", "stulbe/config", "stulbe/ev/webhook", "stulbe/loyalty/config"),
    *("loyalty/users", "twitch/stream-status"),
}
"""Source: strimertül 3.3.1; the last two lines, its older versions."""


class Room:
    """A chat on this machine that stands for Twitch, with the imported settings in force."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.said: list[str] = []
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def hear(self, change: Change) -> None:
        self._heard.put_nowait(json.loads(change.value))

    async def say(self, name: str, message: str, **more: object) -> None:
        await self.client.call_json("loopback/@say", {"platform": "twitch", "name": name, "message": message, **more})

    async def hears(self, text: str) -> str:
        """Wait until somebody says something in which this occurs; returns all of it."""
        async with asyncio.timeout(20):
            while True:
                said = str((await self._heard.get())["text"])
                self.said.append(said)
                if text in said:
                    return said


@asynccontextmanager
async def open_room(server: Server) -> AsyncIterator[Room]:
    async with Client(server.url, token=server.control_token) as client:
        room = Room(client)
        async with client.watch("platform/twitch") as accounts:
            opened = asyncio.create_task(client.call_json("loopback/@open", {"platform": "twitch"}, timeout_s=3600))
            await anext(accounts)
        await client.subscribe("event/Twitch/ChatMessage", room.hear)
        yield room
        opened.cancel()
        await asyncio.gather(opened, return_exceptions=True)


@pytest.fixture
async def moved_in(tmp_path: Path) -> AsyncIterator[Server]:
    """A server that ran with settings of its own when the export was imported."""
    running = Server(tmp_path / "data", *NOWHERE, password=None)
    await running.start()
    async with Client(running.url, token=running.control_token) as client:
        await client.set("loyalty/points/ada", '{"points":5}')
        await client.set_json("twitch/bot-custom-commands", {"!old": {"response": "old", "enabled": True}})
        await client.set_json("loyalty/config", {"enabled": False})
        async with client.watch(keys.COMMAND_PROBLEMS) as problems:
            assert await Cli(running.data).ok("import", str(EXPORT)) == IMPORTED
            await anext(problems)
    yield running
    await running.stop()


def test_the_export_has_every_key() -> None:
    assert EXPORTED.keys() >= ITS_KEYS


async def test_everything_is_kept_byte_for_byte(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "data")
    assert await cli.ok("import", str(EXPORT)) == IMPORTED
    assert json.loads(await cli.ok("export")) == KEPT


async def test_a_start_and_an_end_change_nothing_of_it(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "data")
    await cli.ok("import", str(EXPORT))
    server = Server(tmp_path / "data", *NOWHERE, password=None)
    await server.start()
    await server.stop()
    after = json.loads(await cli.ok("export"))
    # Who is talking in these minutes, the timers count anew.
    assert {key: value for key, value in KEPT.items() if after.get(key) != value}.keys() <= {keys.CHAT_ACTIVITY}


async def test_an_import_into_a_running_server_keeps_it_too_and_takes_effect(moved_in: Server) -> None:
    after = json.loads(await Cli(moved_in.data).ok("export"))
    assert {key: value for key, value in KEPT.items() if after.get(key) != value}.keys() <= {keys.CHAT_ACTIVITY}
    async with Client(moved_in.url, password=PASSWORD) as overlay:
        assert await overlay.get("my-overlay/title") == "Just <chatting> & such"
        assert (
            await overlay.get("ui/extensions/installed/brave-new-fish")
            == EXPORTED["ui/extensions/installed/brave-new-fish"]
        )
        assert await overlay.get("twitch/auth-keys") == ""
        assert json.loads(await overlay.get("twitch/config"))["api_client_secret"] == ""


async def test_commands_answer_and_count_on(moved_in: Server) -> None:
    async with open_room(moved_in) as room:
        await room.say("Cara", "!old")
        await room.say("Cara", "!lurk")
        assert await room.hears("lurking") == "Cara is lurking, as 42 were before"
        assert await room.client.get("twitch/bot-counters/lurkers") == "42"
        await room.say("Cara", "!discord")
        await room.say("Cara", "!so Ada")
        await room.say("Mo", "!so Bob", role="moderator")
        assert await room.hears("Look") == "Look at Bob!"
        # Neither what was before the import, nor what is for subscribers alone, answers a viewer.
        assert {text for text in room.said if not text.startswith("!")} == {
            "Cara is lurking, as 42 were before",
            "Look at Bob!",
        }
        subscriber = json.loads(EXPORTED["twitch/ev/chat-message"]) | {"Message": "!discord", "ID": "new"}
        await room.client.set_json("twitch/ev/chat-message", subscriber)
        assert "discord.example" in await room.hears("discord.example")
        problems = json.loads(await room.client.get("twitch/bot/problems"))
        assert problems.keys() == {"!broken"}


async def test_alerts_speak(moved_in: Server) -> None:
    async with open_room(moved_in) as room:
        raid = json.loads(EXPORTED["twitch/ev/eventsub-event"])
        await room.client.set_json("twitch/ev/eventsub-event", raid)
        assert await room.hears("raid") == "raid!"
        raid["event"]["viewers"] = 99
        await room.client.set_json("twitch/ev/eventsub-event", raid)
        assert await room.hears("raid") == "a big raid of 99 by Ada!"


async def test_points_rewards_goals_and_the_queue_are_there(moved_in: Server) -> None:
    async with open_room(moved_in) as room:
        await room.say("Ada", "!balance")
        assert "120 wishes" in await room.hears("wishes")
        queue = json.loads(EXPORTED["loyalty/redeem-queue"])
        assert await room.client.get_json("loyalty/redeem-queue") == queue
        answer = await room.client.call_json(keys.REFUND_REDEEM, queue[1])
        assert answer == {"username": "bob", "points": 250}
        await room.say("Ada", "!redeem hydrate")
        assert "Hydrate!" in await room.hears("Hydrate!")
        await room.say("Ada", "!contribute 20 hat")
        await room.hears("A new hat")
        goals = await room.client.get_json("loyalty/goals", type=list[dict[str, Any]])
        assert goals is not None
        assert [goal["contributors"] for goal in goals] == [{"ada": 150}, {"ada": 20}]
        left = await room.client.get_json("loyalty/redeem-queue", type=list[dict[str, Any]])
        assert left is not None
        assert [(redeem["username"], redeem["reward"]["id"]) for redeem in left] == [
            ("ada", "hydrate"),
            ("ada", "hydrate"),
        ]
        assert json.loads(await room.client.get("loyalty/points/ada"))["points"] == 0


async def test_timers_are_loaded() -> None:
    desk = Desk(open_hub(MemoryStore()))
    stage = Stage(desk)
    await stage.open(mine={"enabled": True, "minimum_delay": 60, "messages": ["mine"]})
    await desk.put(keys.TIMERS_CONFIG, EXPORTED[keys.TIMERS_CONFIG])
    assert set(read(EXPORTED[keys.TIMERS_CONFIG], Timers).timers or {}) == {"socials", "old", "off"}
    assert set(await stage.pass_(1200)) == {"Follow me on <everything>!"}
    await stage.timers.close()
