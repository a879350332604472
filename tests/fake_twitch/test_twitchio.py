"""PyPI's ``twitchio`` 3.3.2 takes the fake for Twitch: tokens, Helix, each topic, a reconnect and a cut."""

import asyncio
import warnings
from collections.abc import AsyncIterator
from typing import Any

import pytest

from stagedoor.fake_twitch import CATALOGUE, FakeTwitch
from stagedoor.fake_twitch.topics import do_everything

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # Its web server derives from aiohttp's.
    import twitchio
    from twitchio.eventsub import subscriptions, websockets
    from twitchio.eventsub.subscriptions import _SUB_MAPPING
    from twitchio.http import Route

PATIENCE_S = 30.0


class Client(twitchio.Client):
    """The client; what it would tell its listeners is put in a queue."""

    def __init__(self, twitch: FakeTwitch) -> None:
        super().__init__(
            client_id=twitch.client_id,
            client_secret=twitch.client_secret,
            bot_id=twitch.world.bot.id,
            fetch_client_user=False,
        )
        self.heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    def dispatch(self, event: str, payload: Any | None = None) -> None:
        self.heard.put_nowait((event, payload))

    async def next(self, wanted: str) -> Any:
        """The next event of a name; what comes before it is skipped."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event, payload = await self.heard.get()
                if event == wanted:
                    return payload


@pytest.fixture
async def client(twitch: FakeTwitch, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """The client with the owner's and the bot's tokens. Its addresses are constants."""
    monkeypatch.setattr(Route, "BASE", twitch.urls.api + "/")
    monkeypatch.setattr(Route, "ID_BASE", twitch.address + "/")
    monkeypatch.setattr(websockets, "WSS", twitch.urls.eventsub)
    made = Client(twitch)
    await made.login(load_tokens=False, save_tokens=False)
    for user in (twitch.world.owner, twitch.world.bot):
        token = twitch.issue_token(user)
        await made.add_token(token.text, token.refresh or "")
    yield made
    await made.close()


def payloads() -> dict[str, type[subscriptions.SubscriptionPayload]]:
    """The client's class for each topic, that of its newest version."""
    found: dict[str, type[subscriptions.SubscriptionPayload]] = {}
    for one in subscriptions.SubscriptionPayload.__subclasses__():
        if one.type in CATALOGUE and one.version == CATALOGUE[one.type].version:
            found[one.type] = one
    return found


async def subscribe(client: Client, twitch: FakeTwitch, name: str) -> None:
    topic, owner_id = CATALOGUE[name], twitch.world.owner.id
    condition: dict[str, Any] = dict.fromkeys([*topic.condition, *topic.one_of[1:]], owner_id)
    await client.subscribe_websocket(payloads()[name](**condition), token_for=owner_id)


def test_the_client_knows_all_topics() -> None:
    assert payloads().keys() == CATALOGUE.keys()


async def test_calls_helix(twitch: FakeTwitch, client: Client) -> None:
    world = twitch.world
    world.go_live(viewers=7)
    world.join("Ann", "Ben")
    world.follow("Ann")
    (owner,) = await client.fetch_users(logins=["strimertul"])
    assert owner.id == world.owner.id
    chatters = await owner.fetch_chatters(moderator=owner, first=1)
    assert [one.name async for one in chatters.users] == ["ann", "ben"]
    followers = await owner.fetch_followers(token_for=owner)
    assert followers.total == 1
    sent = await owner.send_message("Hello", sender=world.bot.id)
    assert world.messages[sent.id].author is world.bot
    (stream,) = [one async for one in client.fetch_streams(user_logins=["strimertul"])]
    assert stream.viewer_count == 7
    await owner.send_announcement(moderator=owner, message="Hear!")
    await owner.modify_channel(title="New")
    (channel,) = await client.fetch_channels([owner.id])
    assert channel.title == "New"
    poll = await owner.create_poll(title="Tea or coffee?", choices=["Tea", "Coffee"], duration=60)
    assert world.polls[0].id == poll.id


async def test_renews_a_token_that_has_expired(twitch: FakeTwitch, client: Client) -> None:
    twitch.tokens.expire(twitch.world.owner)
    (owner,) = await client.fetch_users(ids=[twitch.world.owner.id], token_for=twitch.world.owner.id)
    assert owner.name == "strimertul"


async def test_hears_each_topic(twitch: FakeTwitch, client: Client) -> None:
    """What the client makes of an event is an object with all that it knows of it, or it fails."""
    for name in CATALOGUE:
        await subscribe(client, twitch, name)
    do_everything(twitch.world)
    missing = {payload_event(name) for name in CATALOGUE}
    async with asyncio.timeout(PATIENCE_S):
        while missing:
            event, payload = await client.heard.get()
            missing.discard(event)
            if event == "raid":
                assert payload.viewer_count in (27, 0)


def payload_event(name: str) -> str:
    """What the client calls a topic."""
    return _SUB_MAPPING.get(name, name.removeprefix("channel.")).replace(".", "_")


async def test_follows_a_reconnect(twitch: FakeTwitch, client: Client) -> None:
    await subscribe(client, twitch, "channel.follow")
    (old,) = twitch.eventsub.sessions
    twitch.faults.reconnect()
    async with asyncio.timeout(PATIENCE_S):
        await twitch.eventsub.until(lambda one: old not in one.sessions and len(one.sessions) == 1)
    twitch.world.follow("Ann")
    assert (await client.next("follow")).user.name == "ann"
    assert len(twitch.calls_of("/helix/eventsub/subscriptions", "POST")) == 1


async def test_comes_back_after_a_close(twitch: FakeTwitch, client: Client) -> None:
    await subscribe(client, twitch, "channel.chat.message")
    twitch.faults.close(4000)
    async with asyncio.timeout(PATIENCE_S):
        await twitch.called("/helix/eventsub/subscriptions", 2)
    twitch.world.chat("Ann", "still there")
    assert (await client.next("message")).text == "still there"


async def test_is_told_of_a_revocation(twitch: FakeTwitch, client: Client) -> None:
    await subscribe(client, twitch, "channel.cheer")
    twitch.faults.revoke("channel.cheer", "user_removed")
    assert (await client.next("subscription_revoked")).reason.value == "user_removed"


async def test_is_told_why_a_topic_is_refused(twitch: FakeTwitch, client: Client) -> None:
    twitch.faults.refuse_topic("channel.cheer")
    with pytest.raises(twitchio.HTTPException) as refused:
        await subscribe(client, twitch, "channel.cheer")
    assert refused.value.status == 403
