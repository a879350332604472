"""PyPI's ``twitchAPI`` 4.5.0 takes the fake for Twitch: tokens, Helix, and each topic over its own socket thread."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from twitchAPI.eventsub.websocket import EventSubWebsocket
from twitchAPI.helper import first
from twitchAPI.oauth import CodeFlow, refresh_access_token, revoke_token, validate_token
from twitchAPI.twitch import Twitch
from twitchAPI.type import (
    AuthScope,
    CustomRewardRedemptionStatus,
    EventSubSubscriptionError,
    InvalidRefreshTokenException,
    UnauthorizedException,
)

from stagedoor.fake_twitch import CATALOGUE, SCOPES, FakeTwitch
from stagedoor.fake_twitch.topics import do_everything

PATIENCE_S = 30.0


class Mailbox(asyncio.Queue[Any]):
    """What callbacks hear, handed over from their thread."""

    def __init__(self) -> None:
        super().__init__()
        self._home = asyncio.get_running_loop()

    async def hear(self, thing: Any) -> None:
        self._home.call_soon_threadsafe(self.put_nowait, thing)

    async def next(self) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            return await self.get()


WITHDRAWN = {"channel.hype_train.begin", "channel.hype_train.progress", "channel.hype_train.end"}
"""4.5.0 knows version 1 alone of these, which Twitch has taken away."""

KNOWN_SCOPES = [AuthScope(scope) for scope in SCOPES if scope in {one.value for one in AuthScope}]


@pytest.fixture
async def client(twitch: FakeTwitch) -> AsyncIterator[Twitch]:
    """The client with the owner's token."""
    made = await Twitch(
        twitch.client_id,
        twitch.client_secret,
        base_url=twitch.urls.api + "/",
        auth_base_url=twitch.urls.auth + "/",
    )
    token = twitch.issue_token()
    await made.set_user_authentication(token.text, KNOWN_SCOPES, token.refresh)
    yield made
    await made.close()


@pytest.fixture
async def eventsub(twitch: FakeTwitch, client: Twitch) -> AsyncIterator[EventSubWebsocket]:
    """Its socket, which runs in a thread of its own and blocks while it starts and stops.

    Callbacks run in that thread: told to use this loop, the client would not wake it for them.
    """
    made = EventSubWebsocket(
        client,
        connection_url=twitch.urls.eventsub,
        subscription_url=twitch.urls.api,
    )
    await asyncio.to_thread(made.start)
    yield made
    stop: Callable[[], Coroutine[Any, Any, None]] = made.stop
    await asyncio.to_thread(asyncio.run, stop())
    thread: Any = made._socket_thread
    loop: Any = made._socket_loop
    await asyncio.to_thread(thread.join)
    loop.close()  # It leaves its loop open.


async def test_logs_a_device_in_and_keeps_its_tokens(twitch: FakeTwitch, client: Twitch) -> None:
    auth = twitch.urls.auth + "/"
    flow = CodeFlow(client, [AuthScope.USER_READ_CHAT], auth_base_url=auth)
    user_code, url = await flow.get_code()
    assert user_code in url
    twitch.approve_device(user_code)
    token, refresh = await flow.wait_for_auth_complete()
    known = await validate_token(token, auth_base_url=auth)
    assert (known["login"], known["scopes"]) == ("strimertul", [AuthScope.USER_READ_CHAT])
    renewed, _ = await refresh_access_token(refresh, twitch.client_id, twitch.client_secret, auth_base_url=auth)
    assert (await validate_token(renewed, auth_base_url=auth))["client_id"] == twitch.client_id
    assert await revoke_token(twitch.client_id, renewed, auth_base_url=auth)
    assert (await validate_token(renewed, auth_base_url=auth))["status"] == 401


async def test_a_refused_refresh_is_told(twitch: FakeTwitch) -> None:
    with pytest.raises(InvalidRefreshTokenException):
        await refresh_access_token(
            "made-up", twitch.client_id, twitch.client_secret, auth_base_url=twitch.urls.auth + "/"
        )


async def test_renews_a_token_that_has_expired(twitch: FakeTwitch, client: Twitch) -> None:
    twitch.tokens.expire(twitch.world.owner)
    user = await first(client.get_users())
    assert user is not None
    assert user.display_name == "Strimertul"


async def test_tells_of_a_missing_scope(twitch: FakeTwitch, client: Twitch) -> None:
    """The client believes to have all scopes, but its token has not."""
    token = twitch.issue_token(scopes=["bits:read"])
    await client.set_user_authentication(token.text, KNOWN_SCOPES, token.refresh, validate=False)
    client.auto_refresh_auth = False
    with pytest.raises(UnauthorizedException):
        await client.get_chatters(twitch.world.owner.id, twitch.world.owner.id)


async def test_calls_helix(twitch: FakeTwitch, client: Twitch) -> None:
    world = twitch.world
    owner, ann = world.owner, world.user("Ann")
    world.go_live(viewers=7)
    world.join(*(f"Viewer{number}" for number in range(30)))
    world.follow("Ann")
    world.subscribe("Ann")
    world.ban("Hal")
    world.goal_begin()

    chatters = await client.get_chatters(owner.id, owner.id, first=10)
    assert chatters.total == 30
    assert len([chatter async for chatter in chatters]) == 30
    followers = await client.get_channel_followers(owner.id)
    assert [follower.user_login for follower in followers.data] == ["ann"]
    subscriptions = await client.get_broadcaster_subscriptions(owner.id)
    assert [one.tier for one in subscriptions.data] == ["1000"]
    stream = await first(client.get_streams(user_login=["strimertul"]))
    assert stream is not None
    assert stream.viewer_count == 7
    await client.modify_channel_information(owner.id, title="New")
    (channel,) = await client.get_channel_information(owner.id)
    assert channel.title == "New"
    found = [one async for one in client.search_categories("art")]
    assert "Art" in [one.name for one in found]
    channel_found = await first(client.search_channels("strimer"))
    assert channel_found is not None
    assert channel_found.is_live
    banned = [one async for one in client.get_banned_users(owner.id)]
    assert [one.user_login for one in banned] == ["hal"]
    goal = await first(client.get_creator_goals(owner.id))
    assert goal is not None
    assert goal.target_amount == 100

    sent = await client.send_chat_message(owner.id, owner.id, "Hello")
    assert sent.is_sent
    assert world.messages[sent.message_id].text == "Hello"
    await client.send_chat_announcement(owner.id, owner.id, "Hear!", "purple")
    await client.send_whisper(owner.id, ann.id, "psst")
    await client.send_a_shoutout(owner.id, ann.id, owner.id)
    await client.ban_user(owner.id, owner.id, ann.id, "shouting", 60)
    assert world.ban_of(ann) is not None
    await client.unban_user(owner.id, owner.id, ann.id)
    reward = await client.create_custom_reward(owner.id, "Hydrate", 300)
    assert reward.id in world.rewards
    redemption = world.redeem("Ann", "Hydrate")
    status = CustomRewardRedemptionStatus.FULFILLED
    settled = await client.update_redemption_status(owner.id, reward.id, [redemption.id], status)
    assert settled.status == status
    poll = await client.create_poll(owner.id, "Tea or coffee?", ["Tea", "Coffee"], 60)
    assert poll.choices[1].title == "Coffee"
    clip = await client.create_clip(owner.id)
    assert clip.id == world.clips[0].id


def listener(eventsub: EventSubWebsocket, name: str, version: str) -> Callable[..., Any]:
    """The method for a topic; some are named without their topic's first word."""
    name = name.replace(".", "_").replace("channel_channel", "channel")
    ending = "" if version == "1" else f"_v{version}"
    for method in (name + ending, name, name.removeprefix("channel_")):
        if hasattr(eventsub, f"listen_{method}"):
            found: Callable[..., Any] = getattr(eventsub, f"listen_{method}")
            return found
    raise AssertionError(f"the client knows no {name}")


async def test_hears_each_topic(twitch: FakeTwitch, eventsub: EventSubWebsocket) -> None:
    """All topics on one socket; what happens reaches each of their callbacks, parsed as the client parses it."""
    box = Mailbox()
    wanted = CATALOGUE.keys() - WITHDRAWN
    for name in sorted(wanted):
        topic = CATALOGUE[name]
        listen = listener(eventsub, name, topic.version)
        owner_id = twitch.world.owner.id
        given: dict[str, Any] = {"callback": box.hear}
        for parameter in inspect.signature(listen).parameters:
            if parameter.endswith("user_id") and not parameter.startswith("from_"):
                given[parameter] = owner_id
        await listen(**given)
    do_everything(twitch.world)
    heard: dict[str, Any] = {}
    while heard.keys() != wanted:
        event = await box.next()
        heard.setdefault(event.subscription.type, event)
    for name, event in heard.items():
        assert event.event.to_dict(), name
    assert heard["channel.cheer"].event.bits == 100
    assert heard["channel.chat.message"].event.message.fragments[0].text == "Cheer100"
    assert heard["channel.subscription.message"].event.message.emotes[0].id == "25"
    assert heard["channel.moderate"].event.action == "delete"


async def test_follows_a_reconnect(twitch: FakeTwitch, eventsub: EventSubWebsocket) -> None:
    box = Mailbox()
    owner_id = twitch.world.owner.id
    await eventsub.listen_channel_follow_v2(owner_id, owner_id, box.hear)
    (old,) = twitch.eventsub.sessions
    twitch.faults.reconnect()
    twitch.world.follow("Ann")
    assert (await box.next()).event.user_name == "Ann"
    async with asyncio.timeout(PATIENCE_S):
        await twitch.eventsub.until(lambda one: old not in one.sessions and len(one.sessions) == 1)
    twitch.world.follow("Ben")
    assert (await box.next()).event.user_name == "Ben"
    assert len(twitch.calls_of("/helix/eventsub/subscriptions", "POST")) == 1


async def test_is_told_of_a_revocation(twitch: FakeTwitch, eventsub: EventSubWebsocket) -> None:
    revoked = Mailbox()
    eventsub.revokation_handler = revoked.hear
    owner_id = twitch.world.owner.id
    await eventsub.listen_channel_chat_message(owner_id, owner_id, revoked.hear)
    twitch.faults.revoke("channel.chat.message", "user_removed")
    assert (await revoked.next())["subscription"]["status"] == "user_removed"


async def test_is_told_why_a_topic_is_refused(twitch: FakeTwitch, eventsub: EventSubWebsocket) -> None:
    async def hear(_: object) -> None:
        raise AssertionError

    twitch.faults.refuse_topic("channel.cheer")
    with pytest.raises(EventSubSubscriptionError, match="subscription missing proper authorization"):
        await eventsub.listen_channel_cheer(twitch.world.owner.id, hear)
