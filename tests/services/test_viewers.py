"""Viewers: who is active, whose first words these are, and what is kept of whom."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client
from stagedoor.hub import LmdbStore, MemoryStore
from stagedoor.keys import FIRST_WORDS_CLEAR, VIEWERS_ACTIVE
from stagedoor.services import viewers as viewers_
from stagedoor.services.viewers import ACTIVE_FOR_S, Viewers
from stagedoor.streamerbot.events import EventName, complete
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject
from tests.hub.shaky_store import ShakyStore
from tests.services.harness import Desk, FakeTime, encode, message, open_hub
from tests.services.test_credits import JSON

CHATS = [("Twitch", "ChatMessage", "FirstWord"), ("YouTube", "Message", "FirstWords")]
CHATS += [("Kick", "ChatMessage", "FirstWords"), ("Trovo", "ChatMessage", "FirstWords")]


async def start(desk: Desk, now: Callable[[], float] | None = None) -> Viewers:
    service = Viewers(Client(desk.hub, SERVICE), Client(desk.hub, SERVICE), now=now or FakeTime())
    await service.start()
    desk.subscribe_prefix("event/")
    return service


async def active(desk: Desk) -> list[JsonObject]:
    """Who is active, as it is told."""
    told = await desk.ask(VIEWERS_ACTIVE)
    viewers = told["viewers"]
    assert isinstance(viewers, list)
    assert told == {"viewers": viewers, "count": len(viewers)}
    return viewers


async def names(desk: Desk) -> list[object]:
    return [viewer["display"] for viewer in await active(desk)]


# --- who is active ---


async def test_a_chatter_is_told_in_full(desk: Desk) -> None:
    now = FakeTime()
    await desk.put(
        "viewer-group/Friends", encode({"name": "Friends", "members": [{"platform": "twitch", "userId": "75"}]})
    )
    await start(desk, now)
    await desk.happen("Twitch", "ChatMessage", **message("Ik1497Bot", id_="75", role=3))
    viewer = {
        "id": "75",
        "type": "twitch",
        "login": "ik1497bot",
        "display": "Ik1497Bot",
        "subscribed": False,
        "role": "Moderator",
        "channelPointsUsed": 0,
        "previousActive": event_time(now.now),
        "exempt": False,
    }
    assert await active(desk) == [{**viewer, "groups": ["Friends"], "lastActive": event_time(now.now)}]


async def test_a_chatters_key_has_the_same_without_groups(desk: Desk) -> None:
    service = await start(desk)
    await desk.happen("Twitch", "ChatMessage", **message("Ann", id_="a/1", subscribed=True))
    await service.close()
    (told,) = await active(desk)
    assert desk.read("viewer/twitch/a%2F1") == {
        member: value for member, value in told.items() if member not in ("groups", "lastActive")
    }


@pytest.mark.parametrize(("source", "type_", "first"), CHATS)
async def test_every_platforms_chat_counts(desk: Desk, source: str, type_: str, first: str) -> None:
    await start(desk)
    await desk.happen(source, type_, **complete(EventName(source, type_), {"user": "Ann", "text": "hi"}, now=1.0))
    assert [(viewer["type"], viewer["display"]) for viewer in await active(desk)] == [(source.lower(), "Ann")]
    assert [type_ for type_, _ in desk.events(source)] == [type_, first]


async def test_old_shapes_count_too(desk: Desk) -> None:
    await start(desk)
    old = {"userId": "7", "username": "ann", "displayName": "Ann", "role": 2, "subscriber": True}
    await desk.happen("Twitch", "ChatMessage", message=old)
    await desk.happen("YouTube", "Message", user={"id": "UC1", "name": "Owl", "isOwner": True})
    told = [(viewer["id"], viewer["login"], viewer["role"], viewer["subscribed"]) for viewer in await active(desk)]
    assert told == [("UC1", "owl", "Broadcaster", False), ("7", "ann", "VIP", True)]


async def test_the_last_to_speak_is_first_and_silence_ends_it(desk: Desk) -> None:
    now = FakeTime()
    await start(desk, now)
    for name in ("Ann", "Bob", "Ann"):
        await desk.happen("Twitch", "ChatMessage", **message(name))
        now.now += 60
    assert await names(desk) == ["Ann", "Bob"]
    now.now += ACTIVE_FOR_S - 110
    assert await names(desk) == ["Ann"]
    now.now += 120
    assert await names(desk) == []


@pytest.mark.parametrize("member", ["users", "viewers"])
async def test_whoever_is_reported_present_is_active(desk: Desk, member: str) -> None:
    now = FakeTime()
    await start(desk, now)
    await desk.happen("Twitch", "ChatMessage", **message("Ann"))
    now.now += ACTIVE_FOR_S + 1
    present = [{"id": "id-ann", "userName": "ann"}, {"id": "9", "userName": "bobby", "display": "Bob", "role": 2}]
    await desk.happen("Twitch", "PresentViewers", **{member: [*present, "Cid", 7, None, {}]})
    assert sorted(map(str, await names(desk))) == ["Ann", "Bob", "Cid"]
    (bob,) = [viewer for viewer in await active(desk) if viewer["id"] == "9"]
    assert (bob["login"], bob["role"]) == ("bobby", "VIP")
    await desk.happen("Twitch", "PresentViewers", **{member: present[1:]})
    assert sorted(map(str, await names(desk))) == ["Bob", "Cid"]
    now.now += ACTIVE_FOR_S + 1
    assert await names(desk) == []
    assert [type_ for type_, _ in desk.events("Twitch") if type_ == "FirstWord"] == ["FirstWord"]


async def test_bots_are_left_out(desk: Desk) -> None:
    await start(desk)
    for name in ("Ann", "Robot"):
        await desk.happen("Twitch", "ChatMessage", **message(name))
    members = [{"platform": "Twitch", "userId": "id-robot"}]
    await desk.put("viewer-group/Bots", encode({"name": "Bots", "bots": True, "members": members}))
    assert await names(desk) == ["Ann"]
    await desk.put("viewer-group/Bots", None)
    assert await names(desk) == ["Robot", "Ann"]


async def test_tests_do_not_count(desk: Desk) -> None:
    await start(desk)
    await desk.happen("Twitch", "ChatMessage", **message("Ann"), isTest=True)
    await desk.happen("Twitch", "PresentViewers", users=[{"id": "1", "userName": "bob"}], isTest=True)
    assert await active(desk) == []


async def test_points_add_up_and_a_redemption_changes_no_role(desk: Desk) -> None:
    service = await start(desk)
    await desk.happen("Twitch", "ChatMessage", **message("Ann", role=3))
    for cost in (100, 50, -1, True, "7", 1 << 60):
        await desk.happen(
            "Twitch", "RewardRedemption", user_id="id-ann", user_login="ann", user_name="Ann", reward={"cost": cost}
        )
    await desk.happen("Twitch", "RewardRedemption", user_id="9", user_name="Bob", reward={"cost": 5})
    told = [(viewer["display"], viewer["role"], viewer["channelPointsUsed"]) for viewer in await active(desk)]
    assert told == [("Bob", "Viewer", 5), ("Ann", "Moderator", 150)]
    await service.close()
    stored = desk.read("viewer/twitch/id-ann")
    assert isinstance(stored, dict)
    assert (stored["role"], stored["channelPointsUsed"]) == ("Moderator", 150)


# --- first words ---


async def test_first_words_are_told_once_with_the_messages_data(desk: Desk) -> None:
    await start(desk)
    for name in ("Ann", "Bob", "Ann"):
        await desk.happen("Twitch", "ChatMessage", **message(name))
    heard = desk.events("Twitch")
    assert [type_ for type_, _ in heard] == ["ChatMessage", "FirstWord", "ChatMessage", "FirstWord", "ChatMessage"]
    assert [data for type_, data in heard if type_ == "FirstWord"] == [message("Ann"), message("Bob")]


async def test_first_words_do_not_wait_for_the_disk() -> None:
    store = ShakyStore(MemoryStore())
    desk = Desk(open_hub(store))
    await start(desk)
    store.hold()
    for name in ("Ann", "Bob"):
        await desk.happen("Twitch", "ChatMessage", **message(name))
    assert [type_ for type_, _ in desk.events("Twitch")] == ["ChatMessage", "FirstWord"] * 2
    store.release()
    await desk.hub.close()


async def test_after_clearing_everybodys_next_words_are_the_first(desk: Desk) -> None:
    await start(desk)
    await desk.happen("Kick", "ChatMessage", **message("Ann"))
    assert await desk.ask(FIRST_WORDS_CLEAR) == {}
    await desk.happen("Kick", "ChatMessage", **message("Ann"))
    await desk.happen("Kick", "ChatMessage", **message("Ann"))
    assert [type_ for type_, _ in desk.events("Kick")].count("FirstWords") == 2


async def test_a_bot_has_no_first_words(desk: Desk) -> None:
    members = [{"platform": "twitch", "userId": "id-robot"}]
    await desk.put("viewer-group/Bots", encode({"bots": True, "members": members}))
    await start(desk)
    await desk.happen("Twitch", "ChatMessage", **message("Robot"))
    assert [type_ for type_, _ in desk.events("Twitch")] == ["ChatMessage"]


@pytest.mark.parametrize(("streamer", "told"), [("id-ann", []), ("id-robot", ["FirstWord"])])
async def test_the_bot_of_a_connected_platform_has_none_either(desk: Desk, streamer: str, told: list[str]) -> None:
    await desk.put("platform/twitch", encode({"broadcastUserId": streamer, "botUserId": "id-robot"}))
    await start(desk)
    await desk.happen("Twitch", "ChatMessage", **message("Robot"))
    assert [type_ for type_, _ in desk.events("Twitch")] == ["ChatMessage", *told]


# --- what is kept ---


async def test_viewers_survive_a_restart_but_first_words_are_new(tmp_path: Path) -> None:
    now = FakeTime()
    for remembered in ([], ["Ann"]):
        desk = Desk(open_hub(LmdbStore(tmp_path / "store")))
        service = await start(desk, now)
        assert await names(desk) == remembered
        await desk.happen("Twitch", "ChatMessage", **message("Ann", role=3))
        assert [type_ for type_, _ in desk.events("Twitch")] == ["ChatMessage", "FirstWord"]
        now.now += 5.5
        await service.close()
        await desk.hub.close()


async def test_what_happens_during_the_start_counts_after_it(desk: Desk) -> None:
    now = FakeTime()
    stored = {"type": "twitch", "login": "x", "display": "X", "previousActive": event_time(now.now - 9000)}
    for number in range(1200):
        await desk.put(f"viewer/twitch/{number}", encode({"id": str(number), **stored}))
    service = Viewers(Client(desk.hub, SERVICE), Client(desk.hub, SERVICE), now=now)
    desk.subscribe_prefix("event/")
    starting = asyncio.create_task(service.start())
    await asyncio.sleep(0)
    await desk.happen("Twitch", "ChatMessage", **message("Ann", id_="1199"))
    await starting
    assert await names(desk) == ["Ann"]
    assert [type_ for type_, _ in desk.events("Twitch")] == ["ChatMessage", "FirstWord"]


async def test_a_chatty_viewer_costs_the_disk_a_write_a_minute() -> None:
    store = ShakyStore(MemoryStore())
    desk = Desk(open_hub(store))
    now = FakeTime()
    service = await start(desk, now)
    for _ in range(130):
        await desk.happen("Twitch", "ChatMessage", **message("Ann"))
        await desk.put("another", "write")  # whose end is the end of the writes before it
        now.now += 1
    await service.close()
    assert sum("viewer/twitch/id-ann" in group for group in store.groups) == 4
    stored = desk.read("viewer/twitch/id-ann")
    assert isinstance(stored, dict)
    assert stored["previousActive"] == event_time(now.now - 1)
    await desk.hub.close()


async def test_a_raid_makes_few_commits() -> None:
    store = ShakyStore(MemoryStore())
    desk = Desk(open_hub(store))
    service = await start(desk)
    store.hold()
    for number in range(900):
        await desk.happen("Twitch", "ChatMessage", **message(f"Raider{number}"))
    store.release()
    await service.close()
    assert len(store.groups) <= 3
    assert len(desk.keys("viewer/")) == 900
    await desk.hub.close()


async def test_the_oldest_are_forgotten(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers_, "MAX_VIEWERS", 3)
    service = await start(desk)
    for name in ("Ann", "Bob", "Cid", "Ann", "Dee"):
        await desk.happen("Twitch", "ChatMessage", **message(name))
    await desk.happen("Twitch", "PresentViewers", users=[{"id": "id-eve", "userName": "eve"}])
    await service.close()
    assert desk.keys("viewer/") == ["viewer/twitch/id-ann", "viewer/twitch/id-dee", "viewer/twitch/id-eve"]


async def test_the_owner_may_change_a_viewer_or_delete_one(desk: Desk) -> None:
    await start(desk)
    await desk.happen("Twitch", "ChatMessage", **message("Ann"))
    await desk.put("another", "write")  # whose end is the end of the writes before it
    stored = desk.read("viewer/twitch/id-ann")
    assert isinstance(stored, dict)
    await desk.put("viewer/twitch/id-ann", encode({**stored, "exempt": True, "channelPointsUsed": 9}))
    await desk.happen("Twitch", "ChatMessage", **message("Ann"))
    (viewer,) = await active(desk)
    assert (viewer["exempt"], viewer["channelPointsUsed"]) == (True, 9)
    await desk.put("viewer/twitch/id-ann", "nonsense")
    assert await names(desk) == ["Ann"]
    await desk.put("viewer/twitch/id-ann", None)
    assert await names(desk) == []


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.one_of(st.text(max_size=20), JSON.map(encode)), max_size=5))
def test_garbage_breaks_nothing(texts: list[str]) -> None:
    async def run() -> None:
        desk = Desk(open_hub(MemoryStore()))
        for text in texts:
            await desk.put("viewer/twitch/1", text)
            await desk.put("viewer-group/x", text)
        service = await start(desk)
        for text in texts:
            for key in [*service._handlers, "viewer/twitch/1", "viewer-group/x"]:
                await desk.put(key, text)
            await desk.put("event/Twitch/PresentViewers", f'{{"users":[{text}]}}')
        await desk.happen("Twitch", "ChatMessage", **message("Ann"))
        assert (await names(desk))[0] == "Ann"
        await service.close()

    asyncio.run(run())
