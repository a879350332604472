"""Credits: every event finds its list, a name stands once, and little is written for much."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client
from stagedoor.hub import LmdbStore, MemoryStore
from stagedoor.keys import CREDITS_CLEAR, CREDITS_ENDED, CREDITS_GET, CREDITS_SAMPLE
from stagedoor.services import credits as credits_
from stagedoor.services.credits import Credits
from stagedoor.streamerbot.events import CATALOGUE, EventName, complete, event_key
from stagedoor.types import JsonObject
from tests.hub.shaky_store import ShakyStore
from tests.services.harness import Desk, FakeTime, encode, message, open_hub

HOUR_S = 3600
DAY_S = 24 * HOUR_S

EMPTY: JsonObject = {
    "events": {
        "follows": [],
        "cheers": [],
        "subs": [],
        "resubs": [],
        "giftsubs": [],
        "giftbombs": [],
        "raided": [],
        "rewardredemptions": [],
        "goalcontributions": [],
        "gameupdates": [],
        "pyramids": [],
        "hypetrains": [],
    },
    "users": {"editors": [], "moderators": [], "subscribers": [], "vips": [], "users": [], "groups": []},
    "hypeTrain": {"conductors": [], "contributors": []},
    "top": {"allBits": [], "monthBits": [], "weekBits": [], "channelRewards": []},
    "groups": {},
    "custom": {},
}


async def start(desk: Desk, now: Callable[[], float] | None = None) -> Credits:
    service = Credits(Client(desk.hub, SERVICE), now=now or FakeTime())
    await service.start()
    return service


async def area(desk: Desk, name: str) -> dict[str, list[str]]:
    """One area of the credits, without its empty lists."""
    told = (await desk.ask(CREDITS_GET))[name]
    assert isinstance(told, dict)
    return {list_: names for list_, names in told.items() if names}


async def test_nothing_yet_has_every_list_twice(desk: Desk) -> None:
    await start(desk)
    assert await desk.ask(CREDITS_GET) == {**EMPTY, "credits": EMPTY}


ALICE: JsonObject = {"user": {"id": "1", "login": "alice", "name": "Alice"}}


@pytest.mark.parametrize(
    ("source", "type_", "data", "kind"),
    [
        ("Twitch", "Follow", {"user_id": "1", "user_login": "alice", "user_name": "Alice"}, "follows"),
        ("Kick", "Follow", ALICE, "follows"),
        ("YouTube", "NewSubscriber", ALICE, "follows"),
        ("Twitch", "Cheer", {**ALICE, "bits": 100}, "cheers"),
        ("Twitch", "Cheer", {"message": {"userId": "1", "username": "alice", "displayName": "Alice"}}, "cheers"),
        ("YouTube", "SuperChat", ALICE, "cheers"),
        ("Twitch", "Sub", ALICE, "subs"),
        ("Twitch", "Sub", {"userId": "1", "userName": "alice", "displayName": "Alice", "subTier": 1}, "subs"),
        ("YouTube", "NewSponsor", ALICE, "subs"),
        ("Kick", "Subscription", ALICE, "subs"),
        ("Twitch", "ReSub", ALICE, "resubs"),
        ("YouTube", "MemberMileStone", ALICE, "resubs"),
        ("Twitch", "GiftSub", {**ALICE, "recipient": {"id": "2", "login": "bob", "name": "Bob"}}, "giftsubs"),
        ("Twitch", "GiftBomb", {**ALICE, "recipients": []}, "giftbombs"),
        ("YouTube", "MembershipGift", {**ALICE, "count": 5}, "giftbombs"),
        ("Twitch", "Raid", {"from_broadcaster_user_name": "Alice", "to_broadcaster_user_name": "Me"}, "raided"),
        ("Twitch", "Raid", {"userId": "1", "userName": "alice", "displayName": "Alice", "viewerCount": 3}, "raided"),
        ("Twitch", "RewardRedemption", {"user_name": "Alice", "reward": {"title": "x"}}, "rewardredemptions"),
        ("Kick", "RewardRedemption", ALICE, "rewardredemptions"),
        ("Twitch", "CommunityGoalContribution", {"userName": "alice", "displayName": "Alice"}, "goalcontributions"),
        ("Twitch", "StreamUpdate", {"game": {"id": "9", "name": "Alice"}, "oldGame": {"name": "x"}}, "gameupdates"),
        ("Kick", "ChannelUpdate", {"categoryName": "Alice", "oldCategoryName": "x"}, "gameupdates"),
        ("Twitch", "PyramidSuccess", {"width": 3, "user": {"id": "1", "display": "Alice"}}, "pyramids"),
    ],
)
async def test_each_event_has_its_list(desk: Desk, source: str, type_: str, data: JsonObject, kind: str) -> None:
    await start(desk)
    await desk.happen(source, type_, **data)
    await desk.happen(source, type_, **data)
    assert await area(desk, "events") == {kind: ["Alice"]}


@pytest.mark.parametrize("name", [*credits_._KINDS], ids=".".join)
async def test_a_completed_event_of_each_kind_counts(desk: Desk, name: tuple[str, str]) -> None:
    await start(desk)
    kind, _ = credits_._KINDS[name]
    data = complete(EventName(*name), {"user": "Alice", "game": {"name": "Alice"}, "categoryName": "Alice"}, now=1.0)
    await desk.happen(*name, **data)
    if kind == "raided":
        data = complete(EventName(*name), {"user_name": "Alice"}, now=1.0)
        await desk.happen(*name, **data)
    assert [name.lower() for name in (await area(desk, "events"))[kind]][-1] == "alice"


@pytest.mark.parametrize("name", [*credits_._KINDS], ids=".".join)
async def test_the_catalogues_sample_of_each_kind_counts(desk: Desk, name: tuple[str, str]) -> None:
    await start(desk)
    kind, _ = credits_._KINDS[name]
    sample = encode(CATALOGUE.sample(EventName(*name))).replace('est":true', 'est":false')
    await desk.put(event_key(*name), sample)
    ((filled, (named,)),) = (await area(desk, "events")).items()
    assert (filled, named.replace("_", " ")) in {
        (kind, name) for name in ("Pixel Panda", "TeaTimeTom", "Just Chatting")
    }


async def test_tests_and_the_anonymous_do_not_count(desk: Desk) -> None:
    await start(desk)
    await desk.happen("Twitch", "Follow", user_name="Alice", isTest=True)
    await desk.happen("Twitch", "Follow", user_name="Alice", is_test=True)
    await desk.happen("Twitch", "Cheer", message={"displayName": "Alice", "isTest": True})
    await desk.happen("Twitch", "ChatMessage", **message("Alice"), isTest=True)
    await desk.happen("Twitch", "GiftSub", **ALICE, isAnonymous=True)
    await desk.happen("Twitch", "Cheer", **ALICE, anonymous=True, bits=100)
    assert await desk.ask(CREDITS_GET) == {**EMPTY, "credits": EMPTY}


async def test_chatters_are_listed_by_role(desk: Desk) -> None:
    await start(desk)
    for name, role, subscribed in (
        ("Viewer", 1, False),
        ("Vip", 2, False),
        ("Mod", 3, False),
        ("Host", 4, False),
        ("Sub", 1, True),
        ("Both", 3, True),
    ):
        await desk.happen("Twitch", "ChatMessage", **message(name, role=role, subscribed=subscribed))
    await desk.happen("YouTube", "Message", user={"id": "UC1", "name": "Owl", "isModerator": True, "isSponsor": True})
    await desk.happen("Kick", "ChatMessage", user={"id": "5", "login": "kim", "name": "Kim", "role": 1})
    assert await area(desk, "users") == {
        "moderators": ["Mod", "Both", "Owl"],
        "subscribers": ["Sub", "Both", "Owl"],
        "vips": ["Vip"],
        "users": ["Viewer", "Kim"],
    }


async def test_members_of_a_group_are_listed_with_it_and_bots_nowhere(desk: Desk) -> None:
    members = [{"platform": "twitch", "userId": "id-ann"}]
    await desk.put("viewer-group/Old%2FFriends", encode({"name": "Old/Friends", "members": members}))
    await start(desk)
    bots = [{"platform": "twitch", "userId": "id-robot"}]
    await desk.put("viewer-group/Bots", encode({"name": "Bots", "bots": True, "members": bots}))
    for name in ("Ann", "Robot", "Bob"):
        await desk.happen("Twitch", "ChatMessage", **message(name))
    assert await area(desk, "groups") == {"Old/Friends": ["Ann"]}
    assert await area(desk, "users") == {"users": ["Ann", "Bob"], "groups": ["Ann"]}
    members = [{"platform": "twitch", "userId": "id-bob"}]
    await desk.put("viewer-group/New", encode({"members": members}))
    await desk.happen("Twitch", "ChatMessage", **message("Bob"))
    assert await area(desk, "groups") == {"Old/Friends": ["Ann"], "New": ["Bob"]}


async def test_a_group_whose_name_is_too_long_for_a_key_is_left_out_and_stops_nothing(desk: Desk) -> None:
    credits_service = await start(desk)
    members = [{"platform": "twitch", "userId": "id-ann"}]
    await desk.put("viewer-group/x", encode({"name": "x" * 500, "members": members}))
    await desk.happen("Twitch", "ChatMessage", **message("Ann"))
    await desk.happen("Twitch", "ChatMessage", **message("Bob"))
    assert await area(desk, "groups") == {}
    await asyncio.wait_for(credits_service.close(), 5)
    assert desk.read("credits/users/users") == ["Ann", "Bob"]


async def test_a_hype_train_has_conductors_contributors_and_an_end(desk: Desk) -> None:
    await start(desk)
    top = [{"user_id": "1", "user_name": "Ann", "type": "bits"}, {"user_id": "2", "user_name": "Bob", "type": "sub"}]
    await desk.happen("Twitch", "HypeTrainStart", last_contribution={"user_id": "3", "user_name": "Cid"})
    await desk.happen("Twitch", "HypeTrainUpdate", last_contribution={"user_name": "Ann"}, top_contributions=top[:1])
    assert await area(desk, "hypeTrain") == {"contributors": ["Cid", "Ann"]}
    assert await area(desk, "events") == {}
    await desk.happen("Twitch", "HypeTrainEnd", top_contributions=top)
    assert await area(desk, "hypeTrain") == {"conductors": ["Ann", "Bob"], "contributors": ["Cid", "Ann", "Bob"]}
    assert await area(desk, "events") == {"hypetrains": ["Ann", "Bob"]}


# --- those who gave most ---


async def cheer(desk: Desk, name: str, bits: int) -> None:
    await desk.happen("Twitch", "Cheer", **message(name), bits=bits)


async def redeem(desk: Desk, name: str, cost: int) -> None:
    await desk.happen("Twitch", "RewardRedemption", user_id=f"id-{name}", user_name=name, reward={"cost": cost})


async def test_who_gave_most_comes_first_and_ties_go_to_the_earlier(desk: Desk) -> None:
    await start(desk)
    for name, bits in (("Ann", 100), ("Bob", 50), ("Cid", 100), ("Bob", 60), ("Dee", 1)):
        await cheer(desk, name, bits)
    for name, cost in (("Ann", 10), ("Bob", 500), ("Ann", 20)):
        await redeem(desk, name, cost)
    top = await area(desk, "top")
    assert top["allBits"] == top["monthBits"] == top["weekBits"] == ["Bob", "Ann", "Cid", "Dee"]
    assert top["channelRewards"] == ["Bob", "Ann"]


async def test_bits_are_found_in_the_old_place_and_nonsense_is_not_counted(desk: Desk) -> None:
    await start(desk)
    await desk.happen("Twitch", "Cheer", message={"userId": "1", "displayName": "Old", "bits": 5})
    for bits in (-5, 0, True, 1 << 60, "7", None, 1.5):
        await desk.happen("Twitch", "Cheer", user={"id": "2", "name": "Odd"}, bits=bits)
    assert (await area(desk, "top"))["allBits"] == ["Old"]


async def test_a_list_of_those_who_gave_most_is_short(desk: Desk) -> None:
    await start(desk)
    for number in range(1, 30):
        await cheer(desk, f"Viewer{number}", number)
    assert (await area(desk, "top"))["allBits"] == [f"Viewer{number}" for number in range(29, 19, -1)]


async def test_a_new_week_and_a_new_month_begin_at_nothing(desk: Desk) -> None:
    now = FakeTime()
    await start(desk, now)
    await cheer(desk, "Ann", 100)
    now.now += 8 * DAY_S
    await cheer(desk, "Bob", 10)
    assert (await area(desk, "top"))["weekBits"] == ["Bob"]
    await cheer(desk, "Ann", 5)
    top = await area(desk, "top")
    assert (top["allBits"], top["weekBits"]) == (["Ann", "Bob"], ["Bob", "Ann"])
    now.now += 40 * DAY_S
    assert await area(desk, "top") == {"allBits": ["Ann", "Bob"]}
    assert desk.read("credits/top/weekBits") is None
    assert desk.read("credits/top/monthBits") is None


async def test_tallies_survive_a_restart_and_an_emptying() -> None:
    store = MemoryStore()
    desk = Desk(open_hub(store))
    service = await start(desk)
    await cheer(desk, "Ann", 100)
    await redeem(desk, "Ann", 50)
    await redeem(desk, "Cid", 5)
    await desk.ask(CREDITS_CLEAR)
    await service.close()
    desk = Desk(open_hub(store))
    await start(desk)
    assert await area(desk, "top") == {}
    await cheer(desk, "Bob", 60)
    await redeem(desk, "Bob", 10)
    top = await area(desk, "top")
    assert (top["allBits"], top["channelRewards"]) == (["Ann", "Bob"], ["Bob"])


# --- keys ---


async def test_lists_are_keys_that_the_owner_may_edit(desk: Desk) -> None:
    service = await start(desk)
    await desk.happen("Twitch", "Follow", user_name="Ann")
    await desk.happen("Twitch", "Follow", user_name="Bob")
    await desk.put("credits/custom/Art%2FWork", '["Dora"]')
    await desk.put("credits/events/follows", '["Bob","Zoe"]')
    await desk.happen("Twitch", "Follow", user_name="Cid")
    assert (await area(desk, "events"))["follows"] == ["Bob", "Zoe", "Cid"]
    assert await area(desk, "custom") == {"Art/Work": ["Dora"]}
    await desk.put("credits/events/follows", "no list")
    assert (await area(desk, "events"))["follows"] == ["Bob", "Zoe", "Cid"]
    await desk.put("credits/custom/Art%2FWork", None)
    assert await area(desk, "custom") == {}
    await desk.happen("Twitch", "Follow", user_name="Dee")
    await service.close()
    assert desk.read("credits/events/follows") == ["Bob", "Zoe", "Cid", "Dee"]


async def test_emptied_credits_are_empty_on_disk_too(desk: Desk) -> None:
    await start(desk)
    await desk.happen("Twitch", "ChatMessage", **message("Ann"))
    await cheer(desk, "Ann", 5)
    await redeem(desk, "Bob", 5)
    await desk.put("credits/custom/Art", '["Dora"]')
    assert await desk.ask(CREDITS_CLEAR) == {}
    assert await desk.ask(CREDITS_GET) == {**EMPTY, "credits": EMPTY}
    assert desk.keys("credits/") == ["credits/ended", "credits/tally/twitch/id-ann"]
    await desk.happen("Twitch", "ChatMessage", **message("Ann"))
    assert await area(desk, "users") == {"users": ["Ann"]}


async def test_a_sample_has_every_list_and_changes_nothing(desk: Desk) -> None:
    await start(desk)
    sample = await desk.ask(CREDITS_SAMPLE)
    assert sample.pop("credits") == sample
    for name, lists in EMPTY.items():
        sampled = sample[name]
        assert isinstance(lists, dict)
        assert isinstance(sampled, dict)
        assert sampled.keys() >= lists.keys()
        assert all(sampled.values())
    assert desk.keys("credits/") == []


@pytest.mark.parametrize(("pause_s", "survives"), [(11 * HOUR_S, True), (13 * HOUR_S, False)])
async def test_credits_are_emptied_after_a_long_pause(desk: Desk, pause_s: float, *, survives: bool) -> None:
    now = FakeTime()
    await desk.put("credits/events/follows", '["Ann"]')
    await desk.put(CREDITS_ENDED, str(int(now.now)))
    now.now += pause_s
    await start(desk, now)
    assert await area(desk, "events") == ({"follows": ["Ann"]} if survives else {})
    assert (desk.read("credits/events/follows") is not None) is survives


async def test_the_end_is_noted_even_when_nothing_happened(desk: Desk) -> None:
    now = FakeTime()
    service = await start(desk, now)
    await service.close()
    assert desk.read(CREDITS_ENDED) == int(now.now)


async def test_a_raid_of_messages_makes_few_commits() -> None:
    store = ShakyStore(MemoryStore())
    desk = Desk(open_hub(store))
    service = await start(desk)
    store.hold()
    for number in range(1000):
        await desk.happen("Twitch", "ChatMessage", **message(f"Raider{number}"))
    store.release()
    await service.close()
    assert len(store.groups) <= 3
    assert desk.read("credits/users/users") == [f"Raider{number}" for number in range(1000)]
    await desk.hub.close()


async def test_lists_and_tallies_are_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credits_, "MAX_NAMES", 3)
    monkeypatch.setattr(credits_, "_MAX_TALLIES", 2)
    service = await start(desk)
    for number in range(5):
        await cheer(desk, f"Viewer{number}", 10 - number)
    await service.close()
    assert (await area(desk, "events"))["cheers"] == ["Viewer0", "Viewer1", "Viewer2"]
    assert desk.keys("credits/tally/") == ["credits/tally/twitch/id-viewer3", "credits/tally/twitch/id-viewer4"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "user",
                    "id",
                    "name",
                    "message",
                    "role",
                    "reward",
                    "cost",
                    "bits",
                    "game",
                    "isTest",
                    "top_contributions",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.one_of(st.text(max_size=20), JSON.map(encode)), max_size=5))
def test_garbage_breaks_nothing(texts: list[str]) -> None:
    async def run() -> None:
        desk = Desk(open_hub(MemoryStore()))
        service = await start(desk)
        for text in texts:
            for key in [*service._handlers, "credits/events/follows", "credits/tally/twitch/1", "viewer-group/x"]:
                await desk.put(key, text)
        await desk.put("viewer-group/x", None)
        await desk.happen("Twitch", "ChatMessage", **message("Ann"))
        assert "Ann" in (await area(desk, "users"))["users"]
        await service.close()

    asyncio.run(run())


async def test_credits_survive_a_restart(tmp_path: Path) -> None:
    desk = Desk(open_hub(LmdbStore(tmp_path / "store")))
    service = await start(desk)
    await desk.happen("Twitch", "Follow", user_name="Ann")
    await service.close()
    await desk.hub.close()
    desk = Desk(open_hub(LmdbStore(tmp_path / "store")))
    await start(desk)
    assert await area(desk, "events") == {"follows": ["Ann"]}
    await desk.hub.close()
