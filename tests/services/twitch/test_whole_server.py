"""A stagedoor in a process of its own before a fake Twitch: what is said in the one arrives at the other's doors."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stagedoor import keys
from stagedoor.fake_twitch import FakeTwitch
from stagedoor.kilovolt import Client as KilovoltClient
from stagedoor.services.twitch.topics import TOPICS
from stagedoor.streamerbot import Client as StreamerbotClient
from stagedoor.strimertul import write
from tests.conftest import Server
from tests.services.twitch.show import MESSAGES
from tests.services.twitch.stage import stored

PATIENCE_S = 20.0


@pytest.fixture
async def twitch() -> AsyncIterator[FakeTwitch]:
    async with FakeTwitch() as twitch:
        yield twitch


@pytest.fixture
async def server(tmp_path: Path, twitch: FakeTwitch) -> AsyncIterator[Server]:
    urls = twitch.urls
    addresses = (
        *("--twitch-auth-url", urls.auth),
        *("--twitch-api-url", urls.api),
        *("--twitch-eventsub-url", urls.eventsub),
        *("--twitch-subscriptions-url", urls.subscriptions),
    )
    running = Server(tmp_path / "data", *addresses, streamerbot=True)
    await running.start()
    yield running
    await running.stop()


async def until_connected(owner: KilovoltClient) -> None:
    async with asyncio.timeout(PATIENCE_S), owner.watch(keys.TWITCH_STATUS) as changes:
        status = await owner.get_json(keys.TWITCH_STATUS, dict[str, object])
        while status is None or status["state"] != "connected" or "waiting" in str(status["topics"]):
            await anext(changes)
            status = await owner.get_json(keys.TWITCH_STATUS, dict[str, object])


async def test_chat_goes_both_ways(server: Server, twitch: FakeTwitch) -> None:
    async with (
        KilovoltClient(server.url, token=server.control_token) as owner,
        StreamerbotClient(server.streamerbot_url, password=server.password) as overlay,
        asyncio.timeout(PATIENCE_S),
    ):
        await owner.set(keys.AUTH_KEYS, write(stored(twitch.issue_token(), twitch)))
        await owner.set(keys.BOT_AUTH_KEYS, write(stored(twitch.issue_token(twitch.world.bot), twitch)))
        credentials = {"api_client_id": twitch.client_id, "api_client_secret": twitch.client_secret}
        await owner.set_json(keys.TWITCH_CONFIG, {"enabled": True, "enable_bot": True, **credentials})
        await until_connected(owner)

        async with (
            owner.watch(keys.CHAT_MESSAGE) as messages,
            overlay.watch(["Twitch.ChatMessage", "Twitch.Follow"]) as events,
        ):
            twitch.world.chat("Ada", "hello from the world")
            message = (await anext(messages)).value
            assert '"Message":"hello from the world"' in message
            event = await anext(events)
            assert (event.name, event.data["text"]) == ("Twitch.ChatMessage", "hello from the world")

            twitch.world.follow("Ada")
            event = await anext(events)
            assert (event.name, event.data["user_name"]) == ("Twitch.Follow", "Ada")

            await overlay.send_message("twitch", "hello from an overlay")
            (said,) = await twitch.called(MESSAGES)
            assert (said.body["sender_id"], said.body["message"]) == (twitch.world.owner.id, "hello from an overlay")
            event = await anext(events)
            assert event.data["text"] == "hello from an overlay"

        status = await owner.get_json(keys.TWITCH_STATUS, dict[str, object])
        assert status is not None
        assert str(status["topics"]).count("enabled") == len(TOPICS)
        broadcaster = await overlay.get_broadcaster()
        assert broadcaster.connected == ["twitch"]


async def test_a_restart_connects_again(server: Server, twitch: FakeTwitch) -> None:
    async with KilovoltClient(server.url, token=server.control_token) as owner:
        await owner.set(keys.AUTH_KEYS, write(stored(twitch.issue_token(), twitch)))
        credentials = {"api_client_id": twitch.client_id, "api_client_secret": twitch.client_secret}
        await owner.set_json(keys.TWITCH_CONFIG, {"enabled": True, **credentials})
        await until_connected(owner)
    await server.restart()
    async with asyncio.timeout(PATIENCE_S):
        async with KilovoltClient(server.url, token=server.control_token) as owner:
            await until_connected(owner)
            async with owner.watch(keys.CHAT_MESSAGE) as messages:
                twitch.world.chat("Ada", "hello again")
                assert '"Message":"hello again"' in (await anext(messages)).value
        # The old connection was closed, so there is one.
        await twitch.eventsub.until(lambda eventsub: len(eventsub.sessions) == 1)
