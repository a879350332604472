"""What Twitch notifies is told as strimertül does and as Streamer.bot does, each thing once, whatever it looks like."""

import logging
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor.fake_twitch import topics as fake
from stagedoor.fake_twitch.clock import Clock
from stagedoor.fake_twitch.world import World
from stagedoor.hub import MemoryStore
from stagedoor.keys import CHAT_MESSAGE, EVENTSUB_EVENT, EVENTSUB_HISTORY
from stagedoor.services.twitch.events import READINGS
from stagedoor.services.twitch.publishing import read_payload
from stagedoor.services.twitch.scopes import wanted
from stagedoor.services.twitch.topics import TOPICS
from stagedoor.streamerbot.events import CATALOGUE, EventName
from stagedoor.strimertul import ChatMessage, Notification
from stagedoor.types import JsonObject
from tests.services.harness import Desk, FakeTime, open_hub
from tests.services.twitch.telling import Stage, payload_of, stage
from tests.streamerbot.test_events_catalogue import problems

PERSON = {"user_id": "5", "user_login": "ann", "user_name": "Ann"}
RECIPIENT = {"recipient_user_id": "5", "recipient_user_login": "ann", "recipient_user_name": "Ann"}
GIFTER = {"gifter_is_anonymous": False, "gifter_user_id": "5", "gifter_user_login": "ann", "gifter_user_name": "Ann"}
SOURCE = {
    "source_broadcaster_user_id": "7",
    "source_broadcaster_user_login": "other",
    "source_broadcaster_user_name": "Other",
}
SUB = {"sub_tier": "1000", "is_prime": False, "duration_months": 1}
RESUB = {**SUB, "cumulative_months": 8, "streak_months": 4, "is_gift": False}
SUB_GIFT = {**RECIPIENT, "duration_months": 1, "cumulative_total": 12, "sub_tier": "1000", "community_gift_id": None}
BOMB = {"id": "b", "total": 3, "sub_tier": "1000", "cumulative_total": 12}
RAID = {**PERSON, "viewer_count": 12, "profile_image_url": "https://example.com/p.png"}
TERMS = {"action": "add", "list": "blocked", "terms": ["badword"], "from_automod": False}
DELETED = {**PERSON, "message_id": "m", "message_body": "Buy followers"}


def notice(kind: str, facts: object, **more: object) -> JsonObject:
    """A notice of chat of another type than the sample's."""
    shared = SOURCE if kind.startswith("shared_chat_") else {}
    return {"notice_type": kind, "resub": None, kind: facts, **shared, **more}


def action(name: str, facts: object = None, *, member: str | None = None) -> JsonObject:
    """What a moderator did, other than in the sample."""
    shared = SOURCE if name.startswith("shared_chat_") else {}
    return {"action": name, "timeout": None, member or name: facts, **shared}


NOTICES: list[tuple[JsonObject, str | None]] = [
    (notice("sub", SUB), "Sub"),
    (notice("resub", RESUB), "ReSub"),
    (notice("sub_gift", SUB_GIFT), "GiftSub"),
    (notice("community_sub_gift", BOMB), "GiftBomb"),
    (notice("gift_paid_upgrade", GIFTER), "GiftPaidUpgrade"),
    (notice("prime_paid_upgrade", {"sub_tier": "1000"}), "PrimePaidUpgrade"),
    (notice("pay_it_forward", GIFTER), "PayItForward"),
    (notice("announcement", {"color": "PURPLE"}), "Announcement"),
    (notice("bits_badge_tier", {"tier": 1000}), "BitsBadgeTier"),
    (notice("watch_streak", {"streak_count": 7, "channel_points_awarded": 450}), "WatchStreak"),
    (notice("raid", RAID), None),
    (notice("unraid", {}), None),
    (notice("charity_donation", {}), None),
    (notice("something_new", {}), None),
    (notice("shared_chat_sub", SUB), "SharedChatSub"),
    (notice("shared_chat_resub", RESUB), "SharedChatResub"),
    (notice("shared_chat_sub_gift", SUB_GIFT), "SharedChatSubGift"),
    (notice("shared_chat_community_sub_gift", BOMB), "SharedChatCommunitySubGift"),
    (notice("shared_chat_gift_paid_upgrade", GIFTER), "SharedChatGiftPaidUpgrade"),
    (notice("shared_chat_prime_paid_upgrade", {"sub_tier": "2000"}), "SharedChatPrimePaidUpgrade"),
    (notice("shared_chat_pay_it_forward", GIFTER), "SharedChatPayItForward"),
    (notice("shared_chat_raid", RAID), "SharedChatRaid"),
    (notice("shared_chat_announcement", {"color": "BLUE"}), "SharedChatAnnouncement"),
]
ACTIONS: list[tuple[JsonObject, str | None]] = [
    (action("ban", {**PERSON, "reason": "Spam"}), "UserBanned"),
    (action("unban", PERSON), "UserUnbanned"),
    (action("untimeout", PERSON), "UserUntimedOut"),
    (action("delete", DELETED), "ChatMessageDeleted"),
    (action("clear"), "ChatCleared"),
    (action("emoteonly"), "ChatEmoteModeOn"),
    (action("emoteonlyoff"), "ChatEmoteModeOff"),
    (action("followers", {"follow_duration_minutes": 10}), "ChatFollowerModeOn"),
    (action("followersoff"), "ChatFollowerModeOff"),
    (action("slow", {"wait_time_seconds": 30}), "ChatSlowModeOn"),
    (action("slowoff"), "ChatSlowModeOff"),
    (action("subscribers"), "ChatSubscriberModeOn"),
    (action("subscribersoff"), "ChatSubscriberModeOff"),
    (action("uniquechat"), "ChatUniqueModeOn"),
    (action("uniquechatoff"), "ChatUniqueModeOff"),
    (action("raid", {**PERSON, "viewer_count": 12}), "RaidStart"),
    (action("unraid", PERSON), "RaidCancelled"),
    (action("add_blocked_term", TERMS, member="automod_terms"), "BlockedTermsAdded"),
    (action("remove_blocked_term", TERMS, member="automod_terms"), "BlockedTermsDeleted"),
    (action("add_permitted_term", TERMS, member="automod_terms"), "PermittedTermsAdded"),
    (action("remove_permitted_term", TERMS, member="automod_terms"), "PermittedTermsDeleted"),
    (action("mod", PERSON), None),
    (action("vip", PERSON), None),
    (action("warn", {**PERSON, "reason": "Spam"}), None),
    (action("shared_chat_ban", {**PERSON, "reason": "Spam"}), "SharedChatUserBanned"),
    (
        action("shared_chat_timeout", {**PERSON, "reason": "", "expires_at": "2026-09-21T15:00:00Z"}),
        "SharedChatUserTimedout",
    ),
    (action("shared_chat_unban", PERSON), "SharedChatUserUnbanned"),
    (action("shared_chat_untimeout", PERSON), "SharedChatUserUntimedout"),
    (action("shared_chat_delete", DELETED), "SharedChatMessageDeleted"),
]
POWER_UP: JsonObject = {"type": "custom_power_up", "custom_power_up": {"reward_id": "c", "title": "Spin the wheel"}}
OTHERS: list[tuple[str, JsonObject, list[str]]] = [
    ("channel.chat.message", {"cheer": {"bits": 100}}, ["ChatMessage", "Cheer"]),
    ("channel.subscription.gift", {"total": 1}, ["GiftSub"]),
    ("channel.subscribe", {"is_gift": True}, []),
    ("channel.poll.end", {"status": "terminated"}, ["PollTerminated"]),
    ("channel.poll.end", {"status": "archived"}, ["PollArchived"]),
    ("channel.prediction.end", {"status": "canceled", "winning_outcome_id": None}, ["PredictionCanceled"]),
    ("channel.bits.use", {"type": "cheer", "power_up": None}, []),
    ("channel.bits.use", POWER_UP, ["CustomPowerUpRedemption"]),
    ("channel.ban", {"is_permanent": False, "ends_at": "2026-09-21T15:00:00Z"}, ["UserTimedOut"]),
    ("channel.unban_request.resolve", {"status": "denied"}, ["UnbanRequestDenied"]),
    ("channel.unban_request.resolve", {"status": "canceled"}, []),
]
SAMPLES: dict[str, list[str]] = {
    **{topic.name: list(topic.events[:1]) for topic in TOPICS.values()},
    "channel.chat.notification": ["ReSub"],
    "channel.moderate": ["UserTimedOut"],
    "channel.subscription.gift": ["GiftBomb"],
}
CASES: list[tuple[str, JsonObject, list[str]]] = [
    *((topic, {}, types) for topic, types in SAMPLES.items()),
    *(("channel.chat.notification", members, [type_] if type_ else []) for members, type_ in NOTICES),
    *(("channel.moderate", members, [type_] if type_ else []) for members, type_ in ACTIONS),
    *OTHERS,
]


def name_of(case: object) -> str:
    if isinstance(case, dict):
        return str(next((case[key] for key in ("notice_type", "action", "status") if key in case), "-"))
    return case if isinstance(case, str) else ""


def missing(sample: object, data: object, path: str = "") -> list[str]:
    """Which members a sample has and data has not."""
    if not isinstance(sample, dict):
        return []
    if not isinstance(data, dict):
        return [path]
    return [
        absent
        for key, value in sample.items()
        for absent in ([f"{path}.{key}"] if key not in data else missing(value, data[key], f"{path}.{key}"))
    ]


@pytest.mark.parametrize(("topic", "members", "types"), CASES, ids=name_of)
async def test_each_topic_is_told_in_both_shapes(topic: str, members: JsonObject, types: list[str]) -> None:
    async with stage() as there:
        there.notify(topic, members, is_simulated=True)
        strimertul = there.desk.heard[0]
        if topic == "channel.chat.message":
            assert strimertul[0] == CHAT_MESSAGE
            msgspec.json.decode(strimertul[1], type=ChatMessage)
        else:
            assert strimertul[0] == EVENTSUB_EVENT
            told = msgspec.json.decode(strimertul[1], type=Notification)
            assert (told.subscription.type, told.subscription.version) == (topic, TOPICS[topic].version)
        events = there.desk.events("Twitch")
        assert [type_ for type_, _ in events] == types
        for type_, data in events:
            assert type_ in TOPICS[topic].events
            check(EventName("Twitch", type_), data)


def check(name: EventName, data: JsonObject) -> None:
    """That data is as the catalogue describes it, and has all that its sample has."""
    schema: dict[str, Any] = CATALOGUE.schema(name)
    wrong = problems(data, schema, schema.get("$defs", {}))
    assert [problem for problem in wrong if not problem.endswith("is not described")] == []
    assert [path for path in missing(CATALOGUE.sample(name), data) if path not in SHAPED.get(name.type, ())] == []


SHAPED = {
    "GiftBomb": {".id"},  # which only chat tells
    "RewardUpdated": {".cooldown_expires_at"},  # which is absent while there is none
}
"""Members of the catalogue's samples that an event may lack."""


def test_every_event_that_a_topic_names_is_tried() -> None:
    """``HypeTrainLevelUp`` needs two notifications, and has a test of its own."""
    tried = {type_ for _, _, types in CASES for type_ in types}
    assert {type_ for topic in TOPICS.values() for type_ in topic.events} - tried == {"HypeTrainLevelUp"}


def test_every_topic_that_names_events_is_read_and_no_other() -> None:
    assert READINGS.keys() == {topic.name for topic in TOPICS.values() if topic.events and not topic.is_chat_message}


@pytest.mark.parametrize("name", TOPICS)
def test_topics_are_those_of_twitch(name: str) -> None:
    topic, known = TOPICS[name], fake.CATALOGUE[name]
    assert topic.version == known.version
    members = set(topic.condition("99"))
    assert members == {*known.condition} or (len(members) == 1 and members <= {*known.one_of})
    for group in known.scopes:
        assert set(group) & set(topic.scopes)
    assert set(topic.scopes) <= {*wanted("streamer")} & {scope for group in known.scopes for scope in group}


def test_what_a_topic_gives_way_to_is_asked_for_first() -> None:
    """Else both would be heard for a moment, and one of them told twice."""
    order = list(TOPICS)
    assert order[0] == "channel.chat.message"
    for topic in TOPICS.values():
        if topic.gives_way_to is not None:
            assert order.index(topic.gives_way_to) < order.index(topic.name)


@pytest.mark.parametrize("topic", [topic.name for topic in TOPICS.values() if topic.gives_way_to])
async def test_nothing_is_told_twice(topic: str) -> None:
    """A topic becomes no event while the one that tells more is heard, and does when that is refused."""
    async with stage() as there:
        there.notify(topic)
        assert there.desk.events("Twitch") == []
        there.publisher.heard = TOPICS.keys() - {TOPICS[topic].gives_way_to}
        there.notify(topic)
        assert there.desk.events("Twitch") != []


async def test_all_that_happens_in_a_channel_is_understood() -> None:
    """The fake Twitch does everything that it can, and nothing of it is skipped, or told otherwise than described."""
    happened: list[tuple[str, JsonObject]] = []
    world = World(Clock.standing(), owner="Streamer", bot="StageBot", seed=7)
    world.listeners.append(lambda topic, event, _: happened.append((topic, event)))
    fake.do_everything(world)
    async with stage() as there:
        for topic, event in happened:
            there.publisher.publish(payload_of(topic, event))
        assert there.publisher.skipped == 0
        events = there.desk.events("Twitch")
        told = {type_ for type_, _ in events}
        assert {
            "ChatMessage",
            "Cheer",
            "Sub",
            "ReSub",
            "GiftBomb",
            "GiftSub",
            "Raid",
            "UserTimedOut",
            "PowerUp",
        } <= told
        for type_, data in events:
            schema: dict[str, Any] = CATALOGUE.schema(EventName("Twitch", type_))
            wrong = problems(data, schema, schema.get("$defs", {}))
            assert [problem for problem in wrong if not problem.endswith("is not described")] == [], type_


# --- strimertül's half ---


async def test_an_event_is_told_byte_for_byte_and_its_subscription_with_every_member() -> None:
    body = '{"user_id" : "1234", "zahl": 1.50, "text":"\\u00e4"}'
    payload = payload_of("channel.follow", {}).replace('"event":{}', f'"event":{body}')
    async with stage() as there:
        there.publisher.publish(payload, there.now())
        key, value = there.desk.heard[0]
        assert key == EVENTSUB_EVENT
        assert f'"event":{body}' in value
        told = msgspec.json.decode(value)
        assert told["subscription"]["condition"] == {
            "broadcaster_user_id": "99",
            "from_broadcaster_user_id": "",
            "moderator_user_id": "",
            "to_broadcaster_user_id": "",
            "reward_id": "",
            "client_id": "",
            "extension_client_id": "",
            "user_id": "",
        }
        assert told["subscription"]["transport"].keys() == {"method", "callback", "secret", "session_id"}
        assert told["subscription"]["created_at"] == "2026-05-01T17:00:00.634234626Z"
        assert datetime.fromisoformat(told["date"]).timestamp() == there.now()
        assert there.desk.read(EVENTSUB_HISTORY) == [told]


@pytest.mark.parametrize(("labels", "is_mature"), [([], False), (["MatureGame"], True), (["Gambling"], False)])
async def test_overlays_find_is_mature_in_an_update_still(labels: list[str], is_mature: bool) -> None:
    async with stage() as there:
        there.notify("channel.update", content_classification_labels=labels)
        told: Any = there.heard(EVENTSUB_EVENT)[0]
        assert told["event"]["is_mature"] is is_mature
        assert told["event"]["content_classification_labels"] == labels


async def test_a_topic_that_nobody_knows_is_told_all_the_same() -> None:
    async with stage() as there:
        there.publisher.publish(payload_of("channel.something_new", {"a": 1}))
        assert [told["event"] for told in there.heard(EVENTSUB_EVENT)] == [{"a": 1}]


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", '{"subscription":{}}', '{"event":{}}', '{"subscription":[],"event":1}'),
        # Half a character, which no text has:
        '{"subscription":{"type":"channel.follow"},"event":{"user_name":"\\ud800"}}',
    ],
)
async def test_what_is_no_notification_is_logged_and_passed_over(text: str, caplog: pytest.LogCaptureFixture) -> None:
    async with stage() as there:
        with caplog.at_level(logging.WARNING):
            there.publisher.publish(text)
        assert there.desk.heard == []
        assert there.publisher.skipped == 1
        assert "cannot be read" in caplog.text


def test_a_subscription_is_read_forgivingly() -> None:
    text = '{"subscription":{"Type":"channel.follow","condition":{"reward_id":null},"new":1},"event":{"a":1}}'
    payload = read_payload(text)
    assert (payload.subscription.type, bytes(payload.event)) == ("channel.follow", b'{"a":1}')


@pytest.fixture(scope="module")
def shared() -> Stage:
    """One publisher for the tests that try much; a store in memory needs no loop."""
    return Stage(Desk(open_hub(MemoryStore())), FakeTime())


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def broken(name: str) -> st.SearchStrategy[object]:
    """A body of the topic's in which members are anything, or anything else."""
    members: dict[str, st.SearchStrategy[object]] = dict.fromkeys(fake.sample(name), JUNK)
    some = st.fixed_dictionaries({}, optional=members)
    kept = st.just(dict(fake.sample(name)))
    return JUNK | some | st.tuples(kept, some).map(lambda both: {**both[0], **both[1]})


@settings(max_examples=250, deadline=None)
@given(case=st.sampled_from(list(TOPICS)).flatmap(lambda name: st.tuples(st.just(name), broken(name))))
def test_whatever_a_body_is_its_strimertul_half_is_told(shared: Stage, case: tuple[str, object]) -> None:
    topic, body = case
    there = shared
    there.desk.heard.clear()
    before = there.publisher.skipped
    there.publisher.publish(payload_of(topic, body), is_simulated=True)
    assert there.desk.heard[0][0] == (CHAT_MESSAGE if topic == "channel.chat.message" else EVENTSUB_EVENT)
    if topic != "channel.chat.message":
        told = msgspec.json.decode(there.desk.heard[0][1])
        assert told["event"] == body or topic == "channel.update"
    assert there.publisher.skipped - before <= 1


@settings(max_examples=100, deadline=None)
@given(facts=st.fixed_dictionaries({}, optional=dict.fromkeys(("sub", "sub_gift", "raid", "user_id"), JUNK)))
def test_nor_does_a_notice_with_anything_in_it_fail(shared: Stage, facts: JsonObject) -> None:
    for kind in ("sub", "sub_gift", "shared_chat_raid", "community_sub_gift"):
        shared.desk.heard.clear()
        shared.notify("channel.chat.notification", {**facts, kind: facts, "notice_type": kind})
        assert shared.desk.heard[0][0] == EVENTSUB_EVENT
