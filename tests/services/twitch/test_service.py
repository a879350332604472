"""The whole service before a fake Twitch: what is heard, what is said, and all that can go wrong in between."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stagedoor import keys
from stagedoor.access import SERVICE, Client
from stagedoor.errors import NoSuchRequest, RequestFailed
from stagedoor.fake_twitch import FakeTwitch
from stagedoor.hub import LmdbStore
from stagedoor.services.loopback import Loopback
from stagedoor.services.twitch import connection, service, timing
from stagedoor.services.twitch.publishing import Publisher
from stagedoor.services.twitch.streams import Streams
from stagedoor.services.twitch.tokens import KEYS
from stagedoor.services.twitch.topics import TOPICS
from stagedoor.strimertul import write
from stagedoor.types import JsonObject
from tests.kilovolt.harness import PATIENCE_S
from tests.services.harness import open_hub
from tests.services.twitch.show import MESSAGES, SUBSCRIPTIONS, Show, open_show
from tests.services.twitch.stage import stored

SAY = "platform/twitch/@send-message"
PLATFORM = "platform/twitch"
MANY = 1_000_000

FEW = {
    name: TOPICS[name]
    for name in (
        "channel.chat.message",
        "channel.chat.notification",
        "channel.follow",
        "channel.cheer",
        "channel.raid",
        "stream.online",
        "stream.offline",
        "channel.poll.begin",
    )
}
"""What these tests are about, since to ask for all takes a while; the tests of the whole server do."""


@pytest.fixture(autouse=True)
def _haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "FIRST_PAUSE_S", 0.1)
    for module in (connection, service):
        monkeypatch.setattr(module, "TOPICS", FEW)


@pytest.fixture
async def show(tmp_path: Path) -> AsyncIterator[Show]:
    async with open_show(tmp_path) as show:
        yield show


@pytest.fixture
async def idle(tmp_path: Path) -> AsyncIterator[Show]:
    """A service that nothing was told yet."""
    async with open_show(tmp_path, is_connected=False) as show:
        yield show


async def fails(show: Show, key: str, **request: object) -> str:
    with pytest.raises(RequestFailed) as caught:
        await show.desk.ask(key, **request)
    return caught.value.reason


# --- hearing ---


async def test_what_is_said_in_chat_is_told_as_strimertul_and_streamerbot_do(show: Show) -> None:
    show.twitch.world.chat("Ada", "hello there")
    await show.until(lambda: bool(show.told("event/Twitch/ChatMessage")))
    assert show.messages == ["hello there"]
    assert show.told("event/Twitch/ChatMessage")[0]["text"] == "hello there"


async def test_what_happens_in_the_channel_is_told_in_its_order(show: Show) -> None:
    show.twitch.world.follow("Ada")
    show.twitch.world.raid("Bob", 12)
    show.twitch.world.follow("Cleo")
    await show.until(lambda: show.events().count("channel.follow") == 2)
    told = [event for event in show.events() if event in ("channel.follow", "channel.raid")]
    assert told == ["channel.follow", "channel.raid", "channel.follow"]


async def test_what_comes_several_times_is_told_once(show: Show) -> None:
    show.twitch.faults.copies = 3
    show.twitch.world.chat("Ada", "one")
    show.twitch.world.chat("Ada", "two")
    await show.until(lambda: "two" in show.messages)
    assert show.messages == ["one", "two"]


async def test_what_is_old_is_not_told(show: Show) -> None:
    show.twitch.faults.age_s = 601
    show.twitch.world.chat("Ada", "one")
    show.twitch.faults.age_s = 0
    show.twitch.world.chat("Ada", "two")
    await show.until(lambda: "two" in show.messages)
    assert show.messages == ["two"]


async def test_garbage_does_no_harm(show: Show) -> None:
    for text in ("", "{", "[]", "null", '{"metadata":{"message_type":"notification"},"payload":{}}'):
        show.twitch.faults.send_garbage(text)
    show.twitch.world.chat("Ada", "hello")
    await show.until(lambda: show.messages == ["hello"])
    assert show.status["state"] == "connected"


async def test_a_topic_that_is_revoked_is_shown_and_the_others_go_on(show: Show) -> None:
    # strimertül's defect 22: revocations are ignored
    show.twitch.faults.revoke("channel.follow")
    await show.until(lambda: show.topic("channel.follow")["state"] == "revoked")
    assert str(show.topic("channel.follow")["reason"]).endswith("log in again")
    assert (show.status["state"], show.status["problem"]) == ("connected", None)
    show.twitch.world.chat("Ada", "hello")
    await show.until(lambda: show.messages == ["hello"])


async def test_a_chat_that_is_revoked_is_connected_no_more_at_once(show: Show) -> None:
    show.twitch.faults.revoke("channel.chat.message")
    await show.until(lambda: show.topic("channel.chat.message")["state"] == "revoked")
    assert show.desk.get(PLATFORM) == ""
    assert show.status["state"] == "connected", "all else is heard"
    assert str(show.status["problem"]).startswith("nothing is heard of the chat: the permission was taken back")
    with pytest.raises(NoSuchRequest):
        await show.desk.ask(SAY, message="hello")
    show.twitch.world.follow("Ada")
    await show.until(lambda: "channel.follow" in show.events())

    show.twitch.faults.close()
    await show.until(lambda: show.topic("channel.chat.message")["state"] == "enabled")
    assert show.status["problem"] is None
    assert show.desk.get(PLATFORM)
    show.twitch.world.chat("Ada", "hello")
    await show.until(lambda: show.messages == ["hello"])


async def test_after_another_login_it_is_asked_again_for_what_was_revoked(show: Show) -> None:
    show.twitch.faults.revoke("channel.chat.message", "user_removed")
    show.twitch.faults.revoke("channel.follow", "version_removed")
    await show.until(lambda: show.topic("channel.follow")["state"] == "revoked")
    await show.log_in()
    await show.until(lambda: show.topic("channel.follow")["state"] == "enabled")
    await show.until_connected()
    assert show.topic("channel.chat.message") == {
        "topic": "channel.chat.message",
        "version": "1",
        "state": "enabled",
        "reason": None,
    }
    show.twitch.world.chat("Ada", "hello")
    await show.until(lambda: show.messages == ["hello"])


async def test_a_login_that_is_taken_back_at_twitch_is_needed_again(show: Show) -> None:
    show.twitch.disconnect(show.twitch.world.owner)
    await show.until(lambda: show.status["state"] == "login needed")
    await show.until(lambda: not show.desk.get(PLATFORM))
    await show.log_in()
    await show.until_connected()
    show.twitch.world.chat("Ada", "hello")
    await show.until(lambda: show.messages == ["hello"])


async def test_a_part_that_fails_begins_again_and_stops_no_other(
    idle: Show, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = Streams.run
    runs: list[Streams] = []

    async def fail_once(streams: Streams) -> None:
        runs.append(streams)
        if len(runs) == 1:
            raise RuntimeError("a bug")
        await run(streams)

    monkeypatch.setattr(Streams, "run", fail_once)
    await idle.configure()
    await idle.log_in()
    await idle.until_connected()
    await idle.until(lambda: idle.desk.get(keys.STREAM_INFO) == "[]")
    assert len(runs) == 2
    assert "a part of the connection to Twitch failed" in caplog.text


async def test_an_event_that_cannot_be_published_stops_none_of_the_others(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = Publisher.publish
    calls: list[object] = []

    def fail_once(publisher: Publisher, *given: Any, **named: Any) -> None:
        calls.append(given)
        if len(calls) == 1:
            raise RuntimeError("a bug")
        publish(publisher, *given, **named)

    monkeypatch.setattr(Publisher, "publish", fail_once)
    show.twitch.world.chat("Ada", "one")
    show.twitch.world.chat("Ada", "two")
    await show.until(lambda: "two" in show.messages)
    assert show.messages == ["two"]
    assert show.status["state"] == "connected"


# --- connections that end ---


async def test_a_session_that_moves_loses_nothing(show: Show) -> None:
    # strimertül's defect 22, conformance 12: events on the old socket during a reconnect
    before = show.subscriptions
    (old,) = show.twitch.eventsub.sessions
    show.twitch.world.chat("Ada", "one")
    show.twitch.faults.reconnect()
    show.twitch.world.chat("Ada", "two")
    await show.until(lambda: "two" in show.messages)
    async with asyncio.timeout(PATIENCE_S):
        await show.twitch.eventsub.until(lambda _: old.successor is not None)
    show.twitch.world.chat("Ada", "three")
    await show.until(lambda: "three" in show.messages)
    assert show.messages == ["one", "two", "three"]
    assert show.subscriptions == before
    assert [state["state"] for state in show.told(keys.TWITCH_STATUS)][-1] == "connected"


async def test_a_session_that_cannot_move_at_once_is_told_everything_once(show: Show) -> None:
    before = show.subscriptions
    (old,) = show.twitch.eventsub.sessions
    show.twitch.faults.refused_connections = 2
    show.twitch.faults.reconnect()
    said: list[str] = []
    while old.successor is None:
        said.append(str(len(said)))
        show.twitch.world.chat("Ada", said[-1])
        await show.until(lambda: said[-1] in show.messages)
    assert show.twitch.faults.refused_connections == 0
    show.twitch.world.chat("Ada", "moved")
    await show.until(lambda: "moved" in show.messages)
    assert show.messages == [*said, "moved"]
    assert show.subscriptions == before
    assert {state["state"] for state in show.told(keys.TWITCH_STATUS)[-1:]} == {"connected"}


async def test_a_session_that_ends_before_it_could_move_begins_anew_and_tells_nothing_twice(show: Show) -> None:
    before = show.subscriptions
    show.twitch.faults.refused_connections = MANY
    show.twitch.faults.reconnect()
    said: list[str] = []
    while show.twitch.faults.refused_connections == MANY:
        said.append(str(len(said)))
        show.twitch.world.chat("Ada", said[-1])
        await show.until(lambda: said[-1] in show.messages)
    show.twitch.faults.close(4004, "reconnect grace time expired")
    await show.until(lambda: show.status["state"] != "connected")
    show.twitch.faults.refused_connections = 0
    await show.until_connected()
    show.twitch.world.chat("Ada", "new")
    await show.until(lambda: "new" in show.messages)
    assert show.messages == [*said, "new"]
    assert show.subscriptions == before + len(FEW)


@pytest.mark.parametrize("seed", range(3))
async def test_however_often_a_session_moves_every_message_is_told_once(show: Show, seed: int) -> None:
    dice = random.Random(seed)
    said: list[str] = []
    for number in range(200):
        match dice.randrange(10):
            case 0:
                show.twitch.faults.reconnect()
            case 1:
                show.twitch.faults.copies = dice.randrange(1, 4)
            case 2:
                show.twitch.faults.send_garbage("{")
            case 3:
                await asyncio.sleep(0)
            case 4:
                await show.until(lambda: len(show.messages) == len(said))
            case _:
                said.append(f"{number}")
                show.twitch.world.chat("Ada", said[-1])
    await show.until(lambda: len(show.messages) >= len(said))
    show.twitch.world.chat("Ada", "the end")
    await show.until(lambda: "the end" in show.messages)
    assert sorted(show.messages) == sorted([*said, "the end"])
    assert show.subscriptions == len(FEW)


async def test_a_socket_that_is_cut_is_replaced(show: Show) -> None:
    show.twitch.faults.cut()
    await show.until(lambda: show.status["state"] == "connecting")
    assert show.desk.get(PLATFORM)  # it is back in a moment
    await show.until_connected()
    show.twitch.world.chat("Ada", "hello")
    await show.until(lambda: show.messages == ["hello"])
    assert show.subscriptions == 2 * len(FEW)


async def test_as_long_as_eventsub_turns_us_away_things_are_said_nevertheless(show: Show) -> None:
    show.twitch.faults.refused_connections = MANY
    show.twitch.faults.close()
    await show.until(lambda: show.status["state"] == "offline")
    assert show.status["problem"] == "it answers 503"
    assert show.desk.get(PLATFORM)
    await show.desk.ask(SAY, message="hello")
    assert [call.body["message"] for call in show.twitch.calls_of(MESSAGES)] == ["hello"]
    show.twitch.faults.refused_connections = 0
    await show.until_connected()


async def test_things_can_be_said_while_eventsub_was_never_there(idle: Show) -> None:
    idle.twitch.faults.refused_connections = MANY
    await idle.configure()
    await idle.log_in()
    await idle.until(lambda: bool(idle.desk.get(PLATFORM)))
    await idle.desk.ask(SAY, message="hello")
    assert [call.body["message"] for call in idle.twitch.calls_of(MESSAGES)] == ["hello"]


async def test_a_topic_that_is_refused_stops_none_of_the_others(idle: Show) -> None:
    # strimertül's defect 21
    idle.twitch.faults.refuse_topic("channel.follow", 403, "not for you")
    idle.twitch.faults.refuse_topic("channel.raid", 400, "no such version")
    idle.twitch.faults.refuse_topic("channel.cheer", 409, "already exists")
    await idle.configure()
    await idle.log_in()
    await idle.until_connected()
    assert (idle.topic("channel.follow")["state"], idle.topic("channel.follow")["reason"]) == (
        "unavailable",
        "not for you",
    )
    assert (idle.topic("channel.raid")["state"], idle.topic("channel.raid")["reason"]) == ("refused", "no such version")
    assert idle.topic("channel.cheer")["state"] == "enabled"
    assert [topic["state"] for topic in idle.topics].count("enabled") == len(FEW) - 2
    assert [call.body["type"] for call in idle.twitch.calls_of(SUBSCRIPTIONS, "POST")] == list(FEW)


async def test_twitch_may_be_in_trouble_while_topics_are_asked_for(idle: Show) -> None:
    # strimertül's defect 14: a network error while creating subscriptions ends the process
    idle.twitch.faults.refuse(1, 500, "oops", path=SUBSCRIPTIONS)
    await idle.configure()
    await idle.log_in()
    await idle.until_connected()
    assert {topic["state"] for topic in idle.topics} == {"enabled"}


async def test_what_the_login_does_not_allow_is_said_and_not_asked(idle: Show) -> None:
    await idle.configure()
    await idle.log_in(scopes=("user:read:chat",))
    await idle.until_connected()
    follow = idle.topic("channel.follow")
    assert follow["state"] == "unavailable"
    assert follow["reason"] == "the streamer's login does not allow moderator:read:followers"
    asked = {str(call.body["type"]) for call in idle.twitch.calls_of(SUBSCRIPTIONS, "POST")}
    assert asked == {name for name, topic in FEW.items() if set(topic.scopes) <= {"user:read:chat"}}


# --- what should run ---


async def test_nothing_is_asked_before_twitch_is_switched_on(idle: Show) -> None:
    assert (idle.status["state"], idle.status["queue"]) == ("off", 0)
    await idle.log_in()
    await idle.put(keys.TWITCH_CONFIG, {"enabled": True})
    await idle.until(lambda: idle.status["state"] == "not configured")
    assert idle.twitch.calls == []
    assert {topic["state"] for topic in idle.topics} == {"waiting"}
    assert len(idle.topics) == len(FEW)


async def test_a_login_connects_and_a_log_out_ends_it(idle: Show) -> None:
    # strimertül: new tokens do not start EventSub before a restart
    await idle.configure()
    await idle.until(lambda: idle.status["state"] == "login needed")
    await idle.log_in()
    await idle.until_connected()
    await idle.desk.ask(keys.TWITCH_LOG_OUT, account="streamer")
    await idle.until(lambda: idle.status["state"] == "login needed")
    await idle.until(lambda: not idle.desk.get(PLATFORM))
    async with asyncio.timeout(PATIENCE_S):
        await idle.twitch.eventsub.until(lambda eventsub: not eventsub.sessions)


async def test_the_settings_saved_again_restart_nothing(show: Show) -> None:
    # strimertül's defect 19: saving twitch/config ends the bot
    sessions = list(show.twitch.eventsub.sessions)
    await show.configure()
    await show.configure(enable_bot=False)
    await show.put(keys.BOT_CONFIG, {"username": "x", "chat_history": 3})
    await show.log_in("bot")
    await show.desk.put(keys.TWITCH_CONFIG, "{")
    show.twitch.world.chat("Ada", "hello")
    await show.until(lambda: show.messages == ["hello"])
    await show.desk.ask(SAY, message="I am here")
    assert show.twitch.eventsub.sessions == sessions
    assert show.subscriptions == len(FEW)


async def test_switching_off_ends_everything_and_on_begins_it_again(show: Show) -> None:
    # strimertül's defect 22: sockets leak with each save
    for _ in range(4):
        await show.configure(enabled=False)
        await show.until(lambda: show.status["state"] == "off")
        await show.until(lambda: not show.desk.get(PLATFORM))
        with pytest.raises(NoSuchRequest):
            await show.desk.ask(SAY, message="hello")
        await show.configure()
        await show.until_connected()
    async with asyncio.timeout(PATIENCE_S):
        await show.twitch.eventsub.until(lambda eventsub: len(eventsub.sessions) == 1)
    await show.desk.ask(SAY, message="hello")


async def test_of_quick_changes_the_last_one_counts(show: Show) -> None:
    # strimertül's defect 13: two quick writes may be handled in the wrong order, and at the same time
    await asyncio.gather(*writes_to(show, 20))
    await show.until(lambda: show.status["state"] == "off")
    await asyncio.gather(*writes_to(show, 21))
    await show.until_connected()
    async with asyncio.timeout(PATIENCE_S):
        await show.twitch.eventsub.until(lambda eventsub: len(eventsub.sessions) == 1)


def writes_to(show: Show, count: int) -> list[Coroutine[None, None, None]]:
    return [show.configure(enabled=number % 2 == 0) for number in range(count)]


async def test_another_streamer_gets_another_connection(show: Show) -> None:
    # strimertül: who logs in as somebody else keeps the old account's id
    other = show.twitch.world.user("Other")
    await show.desk.put(KEYS["streamer"], write(stored(show.twitch.issue_token(other), show.twitch)))
    await show.until(lambda: other.login in show.desk.get(PLATFORM))
    await show.until_connected()
    conditions = [call.body["condition"] for call in show.twitch.calls_of(SUBSCRIPTIONS, "POST")[len(FEW) :]]
    assert conditions == [topic.condition(other.id) for topic in FEW.values()]


@pytest.mark.parametrize("moment", ["unconfigured", "dialling", "connected", "saying"])
async def test_the_end_leaves_nothing_behind(tmp_path: Path, moment: str) -> None:
    before = asyncio.all_tasks()
    async with open_show(tmp_path, is_connected=moment in ("connected", "saying")) as show:
        if moment == "dialling":
            await show.log_in()
            await show.configure()
            await show.until(lambda: show.status["state"] == "connecting")
        sayings: list[asyncio.Task[JsonObject]] = []
        if moment == "saying":
            show.twitch.faults.delay_s = 1
            loop = asyncio.get_running_loop()
            sayings = [loop.create_task(show.desk.ask(SAY, message=text)) for text in ("one", "two")]
            await show.until(lambda: show.status["queue"] == 2)
        await show.close()
        for saying in sayings:
            with pytest.raises(RequestFailed, match="not connected any more"):
                await saying
        of_the_fake = {task for task in asyncio.all_tasks() if "fake_twitch" in repr(task) or "aiohttp" in repr(task)}
        assert asyncio.all_tasks() - before - of_the_fake == set()
        async with asyncio.timeout(PATIENCE_S):
            await show.twitch.eventsub.until(lambda eventsub: not eventsub.sessions)


async def test_it_starts_without_a_network_and_connects_when_there_is_one(tmp_path: Path) -> None:
    # strimertül's defect 14: with Twitch out of reach the application does not start
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    twitch = FakeTwitch(port=port)
    hub = open_hub(LmdbStore(tmp_path / "store"))
    show = Show(twitch, hub)
    await show.configure()
    await show.log_in()
    await show.service.start()
    try:
        await show.until(lambda: show.status["state"] == "offline")
        assert "cannot be reached" in str(show.status["problem"])
        async with twitch:
            twitch.eventsub.url = twitch.urls.eventsub
            await show.until_connected()
            twitch.world.chat("Ada", "hello")
            await show.until(lambda: show.messages == ["hello"])
            await show.close()
    finally:
        await hub.close()


async def test_a_room_of_this_machine_may_stand_for_twitch_first(idle: Show) -> None:
    Loopback(Client(idle.hub, SERVICE))
    room = asyncio.get_running_loop().create_task(idle.desk.ask(keys.LOOPBACK_OPEN, platform="twitch"))
    await idle.until(lambda: bool(idle.desk.get(PLATFORM)))
    entry = idle.desk.get(PLATFORM)
    await idle.configure()
    await idle.log_in()
    await idle.until_connected()
    assert str(idle.status["problem"]).startswith("a room of this machine stands for Twitch")
    assert idle.desk.get(PLATFORM) == entry
    room.cancel()
    await idle.until(lambda: "Strimertul" in idle.desk.get(PLATFORM))
    assert idle.status["problem"] is None
    await idle.desk.ask(SAY, message="hello")
    assert len(idle.twitch.calls_of(MESSAGES)) == 1


async def test_who_becomes_an_affiliate_gets_what_affiliates_get(idle: Show) -> None:
    world = idle.twitch.world
    world.owner.broadcaster_type = ""
    poll = "channel.poll.begin"
    idle.twitch.faults.refuse_topic(poll, 403, "not for you")
    await idle.configure()
    await idle.log_in()
    await idle.until_connected()
    assert idle.topic(poll)["state"] == "unavailable"
    world.owner.broadcaster_type = "affiliate"
    del idle.twitch.faults.refused_topics[poll]
    await idle.log_in()
    await idle.until(lambda: idle.topic(poll)["state"] == "enabled")


async def test_what_is_made_up_is_told_with_twitch_switched_off(idle: Show) -> None:
    await idle.desk.ask(keys.TWITCH_SIMULATE, topic="channel.follow", event={"user_name": "Ada"})
    await idle.until(lambda: bool(idle.told("event/Twitch/Follow")))
    assert idle.events() == ["channel.follow"]


# --- what is shown ---


async def test_the_accounts_are_shown_as_get_broadcaster_tells_them(show: Show) -> None:
    world = show.twitch.world
    await show.until(lambda: "botUser" in show.desk.get(PLATFORM))
    assert show.desk.read(PLATFORM) == {
        "broadcastUser": world.owner.name,
        "broadcastUserName": world.owner.login,
        "broadcastUserId": world.owner.id,
        "broadcasterIsAffiliate": True,
        "broadcasterIsPartner": False,
        "broadcastIsAffiliate": True,
        "broadcastIsPartner": False,
        "botUser": world.bot.name,
        "botUserName": world.bot.login,
        "botUserId": world.bot.id,
    }
    await show.desk.ask(keys.TWITCH_LOG_OUT, account="bot")
    await show.until(lambda: "botUser" not in show.desk.get(PLATFORM))


async def test_the_status_tells_no_secret(show: Show) -> None:
    told = " ".join(value for key, value in show.heard if key not in KEYS.values())
    secrets = [show.twitch.client_secret, *show.twitch.tokens.access]
    assert not [secret for secret in secrets if secret in told]


async def test_emotes_are_those_of_the_channel_and_of_everybody(show: Show) -> None:
    await show.until(lambda: bool(show.desk.get("emotes/twitch")))
    emotes = msgspec.json.decode(show.desk.get("emotes/twitch"))
    kinds = {emote["type"] for emote in emotes["userEmotes"]}
    assert kinds <= {"twitch_globals", "twitch_subscriptions"}
    assert "twitch_globals" in kinds
    assert all(emote["imageUrl"].startswith("https://") and emote["name"] for emote in emotes["userEmotes"])
    assert emotes["bttvEmotes"] == emotes["ffzEmotes"] == emotes["sevenTvEmotes"] == []


async def test_going_live_is_known_at_once(show: Show) -> None:
    assert show.desk.get(keys.STREAM_INFO) == "[]"
    show.twitch.world.go_live(viewers=7)
    await show.until(lambda: show.desk.get(keys.STREAM_INFO) not in ("", "[]"))
    (stream,) = msgspec.json.decode(show.desk.get(keys.STREAM_INFO))
    assert (stream["user_id"], stream["viewer_count"], stream["type"]) == (show.twitch.world.owner.id, 7, "live")
    show.twitch.world.go_offline()
    await show.until(lambda: show.desk.get(keys.STREAM_INFO) == "[]")


@pytest.mark.parametrize("how", ["switched off", "logged out"])
async def test_a_stream_that_nobody_asks_for_any_more_is_not_live(show: Show, how: str) -> None:
    show.twitch.world.go_live(viewers=7)
    await show.until(lambda: show.desk.get(keys.STREAM_INFO) not in ("", "[]"))
    if how == "switched off":
        await show.configure(enabled=False)
    else:
        await show.desk.ask(keys.TWITCH_LOG_OUT, account="streamer")
    await show.until(lambda: show.desk.get(keys.STREAM_INFO) == "[]")


async def test_a_login_that_has_ended_says_nothing_of_the_stream(show: Show) -> None:
    show.twitch.world.go_live(viewers=7)
    await show.until(lambda: show.desk.get(keys.STREAM_INFO) not in ("", "[]"))
    live = show.desk.get(keys.STREAM_INFO)
    show.twitch.disconnect(show.twitch.world.owner)
    await show.until(lambda: show.status["state"] == "login needed" and not show.desk.get(PLATFORM))
    assert show.desk.get(keys.STREAM_INFO) == live


# --- saying ---


async def test_what_is_asked_to_be_said_is_said_in_chat(show: Show) -> None:
    asked = show.twitch.world.chat("Ada", "who are you?")
    await show.until(lambda: bool(show.messages))
    await show.desk.ask(SAY, message="I am the streamer", internal=True)
    await show.desk.ask(SAY, message="I am the bot", bot=True, replyId=asked)
    first, second = [call.body for call in show.twitch.calls_of(MESSAGES)]
    world = show.twitch.world
    assert (first["sender_id"], first["message"]) == (world.owner.id, "I am the streamer")
    assert (second["sender_id"], second["reply_parent_message_id"]) == (world.bot.id, asked)


async def test_the_streamer_speaks_for_a_bot_whose_login_is_over(show: Show) -> None:
    show.twitch.disconnect(show.twitch.world.bot)
    assert "has to be logged in" in await fails(show, SAY, message="hello", bot=True)
    await show.until(lambda: "botUser" not in show.desk.get(PLATFORM))
    await show.desk.ask(SAY, message="hello", bot=True)
    assert show.twitch.calls_of(MESSAGES)[-1].body["sender_id"] == show.twitch.world.owner.id


async def test_what_was_said_here_is_no_viewers_message(show: Show) -> None:
    await show.desk.ask(SAY, message="from the streamer's account")
    await show.desk.ask(SAY, message="from the bot's account", bot=True)
    await show.desk.ask(SAY, message="for the commands", bot=True, internal=False)
    show.twitch.world.chat(show.twitch.world.bot, "typed by the bot's owner")
    show.twitch.world.chat(show.twitch.world.owner, "typed by the streamer")
    await show.until(lambda: bool(show.messages))
    assert show.messages == ["typed by the streamer"]
    told = show.told("event/Twitch/ChatMessage")
    assert [(event["text"], event["meta"]["internal"]) for event in told] == [  # type: ignore[index]
        ("from the streamer's account", True),
        ("from the bot's account", True),
        ("for the commands", False),
        ("typed by the bot's owner", True),
        ("typed by the streamer", False),
    ]


async def test_the_echo_may_come_before_the_answer(show: Show) -> None:
    show.twitch.faults.delay_s = 0.0
    sayings = [show.desk.ask(SAY, message=f"number {number}") for number in range(20)]
    await asyncio.gather(*sayings)
    show.twitch.world.chat("Ada", "the end")
    await show.until(lambda: bool(show.messages))
    assert show.messages == ["the end"]


async def test_what_twitch_drops_is_told(show: Show) -> None:
    show.twitch.faults.drop = ("channel_settings", "Your message is not shown.")
    assert await fails(show, SAY, message="hello") == "Twitch did not show it: Your message is not shown."


@pytest.mark.parametrize(("status", "calls"), [(401, 2), (429, 2), (500, 2)])
async def test_twitch_may_refuse_once_what_is_to_be_said(show: Show, status: int, calls: int) -> None:
    show.twitch.faults.refuse(1, status, path=MESSAGES, reset_in_s=0 if status == 429 else None)
    await show.desk.ask(SAY, message="hello")
    assert len(show.twitch.calls_of(MESSAGES)) == calls
    show.twitch.world.chat("Ada", "the end")
    await show.until(lambda: bool(show.messages))
    assert [event["text"] for event in show.told("event/Twitch/ChatMessage")] == ["hello", "the end"]


async def test_announcements_and_whispers(show: Show) -> None:
    world = show.twitch.world
    await show.desk.ask(keys.TWITCH_ANNOUNCE, message="We\nbegin!", color="blue", bot=True)
    await show.desk.ask(keys.TWITCH_WHISPER, to=world.user("Ada").id, message="psst")
    (announcement,) = show.twitch.calls_of("/helix/chat/announcements")
    assert announcement.query == {"broadcaster_id": [world.owner.id], "moderator_id": [world.bot.id]}
    assert announcement.body == {"message": "We begin!", "color": "blue"}
    (whisper,) = show.twitch.calls_of("/helix/whispers")
    assert whisper.query == {"from_user_id": [world.owner.id], "to_user_id": [world.user("Ada").id]}
    assert whisper.body == {"message": "psst"}


_REQUESTS: tuple[tuple[str, dict[str, object]], ...] = (
    (keys.TWITCH_ANNOUNCE, {"message": "hello"}),
    (keys.TWITCH_WHISPER, {"to": "1", "message": "hello"}),
    (keys.TWITCH_CHATTERS, {}),
    (keys.TWITCH_CHANNEL, {"name": "ada"}),
)


async def test_without_a_connection_or_a_network_requests_fail_with_a_reason(show: Show) -> None:
    # strimertül's defect 7: whispers and announcements without a token or a network end the process
    for key, request in _REQUESTS:
        show.twitch.faults.refuse(1, 500, "oops", path="/helix")
        assert await fails(show, key, **request) == "Twitch cannot be reached: it answers 500 oops"
        show.twitch.faults.refuse(1, 403, "not you", path="/helix")
        assert await fails(show, key, **request) == "Twitch does not take it: not you"
    await show.desk.ask(keys.TWITCH_LOG_OUT, account="streamer")
    for key, request in _REQUESTS:
        assert await fails(show, key, **request) == "Twitch is not connected"


async def test_a_request_that_makes_no_sense_is_refused_by_name(show: Show) -> None:
    wrong: list[tuple[str, dict[str, object], str]] = [
        (SAY, {}, "Missing parameter: message"),
        (SAY, {"message": 1}, "Invalid parameter: message"),
        (SAY, {"message": " "}, "Invalid parameter: message; it is empty"),
        (keys.TWITCH_ANNOUNCE, {"message": " "}, "Invalid parameter: message; it is empty"),
        (keys.TWITCH_ANNOUNCE, {"message": "x", "color": "pink"}, "Invalid parameter: color"),
        (keys.TWITCH_WHISPER, {"message": "x"}, "Missing parameter: to"),
        (keys.TWITCH_WHISPER, {"to": "1", "message": "\n"}, "Invalid parameter: message; it is empty"),
        (keys.TWITCH_CHANNEL, {"name": "a b"}, "Invalid parameter: name"),
    ]
    for key, request, reason in wrong:
        assert await fails(show, key, **request) == reason


async def test_the_chatters_are_listed_page_by_page(show: Show) -> None:
    names = [f"Viewer{number}" for number in range(1500)]
    show.twitch.world.join(*names)
    answer = await show.desk.ask(keys.TWITCH_CHATTERS)
    chatters = msgspec.convert(answer["chatters"], list[dict[str, str]])
    ada = show.twitch.world.user("Viewer7")
    assert {"id": ada.id, "login": "viewer7", "name": "Viewer7"} in chatters
    assert {chatter["name"] for chatter in chatters} >= set(names)
    assert len(show.twitch.calls_of("/helix/chat/chatters")) == 2


async def test_a_channel_is_found_by_its_login_and_asked_for_once_a_minute(show: Show) -> None:
    world = show.twitch.world
    ada = world.user("Ada")
    world.user("Adam")
    world.channel_of(ada).title = "Counting"
    world.channel_of(ada).game = world.game("Art")
    for name in ("@Ada", "ada "):
        assert await show.desk.ask(keys.TWITCH_CHANNEL, name=name) == {
            "id": ada.id,
            "login": "ada",
            "name": "Ada",
            "game": "Art",
            "title": "Counting",
            "live": False,
        }
    assert (await show.desk.ask(keys.TWITCH_CHANNEL, name="adam"))["login"] == "adam"
    assert len(show.twitch.calls_of("/helix/search/channels")) == 2
    assert await fails(show, keys.TWITCH_CHANNEL, name="nobody") == "Twitch knows no channel like nobody"
