"""Alerts: what is said of each event, which variation it calls for, and what broken texts and settings lead to."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client
from stagedoor.errors import RequestFailed
from stagedoor.hub import MemoryStore, Write
from stagedoor.keys import ALERTS_CONFIG, COUNTERS, EVENTSUB_EVENT, PREVIEW_ALERT, TIMERS_CONFIG, TWITCH_CONFIG
from stagedoor.kilovolt import Client as Connection
from stagedoor.services.alerts import Alerts
from stagedoor.services.alerts.happenings import SAMPLES, read_happening
from stagedoor.services.alerts.service import MAX_UNDER_WAY
from stagedoor.services.alerts.variations import find_variation
from stagedoor.services.chatbot.rendering import Renderer
from stagedoor.strimertul import Alerts as Settings
from stagedoor.strimertul import Timers, read, read_object
from stagedoor.types import JsonObject
from tests.conftest import Server
from tests.kilovolt.harness import FakeClock
from tests.services.harness import Desk, encode, open_hub

CONNECTED = encode({"broadcastUser": "Streamer"})
FOLLOW, SUBSCRIBE, RESUBSCRIBE = "channel.follow", "channel.subscribe", "channel.subscription.message"
GIFT, RAID, CHEER = "channel.subscription.gift", "channel.raid", "channel.cheer"
PARTS = {
    FOLLOW: "follow",
    SUBSCRIBE: "subscription",
    RESUBSCRIBE: "subscription",
    GIFT: "gift_sub",
    RAID: "raid",
    CHEER: "cheer",
}


def alert(*messages: str, variations: Sequence[JsonObject] = (), **more: object) -> JsonObject:
    return {"enabled": True, "messages": list(messages), "variations": list(variations), **more}


def variation(*messages: str, **conditions: object) -> JsonObject:
    return {**conditions, "messages": list(messages)}


class Stage:
    """Alerts in a connected chat. Of several messages the first is drawn, or the one that a test wants."""

    def __init__(self) -> None:
        self.hub = open_hub(MemoryStore())
        self.desk = Desk(self.hub)
        self.clock = FakeClock()
        self.draws = 0
        self.said: list[str] = []
        self.is_refusing = False
        self._is_closed = False
        self.alerts = Alerts(
            Client(self.hub, SERVICE), Renderer(Client(self.hub, SERVICE)), self.clock, draw=self._draw
        )

    async def start(self, **parts: object) -> None:
        """Start while no chat is connected."""
        self.desk.serve("platform/twitch/@send-message", self._send)
        if parts:
            await self.configure(**parts)
        await self.alerts.start()

    async def open(self, **parts: object) -> None:
        """Connect a chat, and start."""
        await self.desk.put("platform/twitch", CONNECTED)
        await self.start(**parts)

    async def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            await self.alerts.close()

    async def configure(self, **parts: object) -> None:
        await self.desk.put(ALERTS_CONFIG, encode(parts))

    def _draw(self, texts: Sequence[str]) -> str:
        self.draws += 1
        return next((text for text in texts if "DRAWN" in text), texts[0])

    async def _send(self, value: str) -> str:
        request = msgspec.json.decode(value)
        assert request == {"message": request["message"], "bot": True, "internal": True}
        if self.is_refusing:
            raise RequestFailed("refused by the test")
        self.said.append(request["message"])
        return "{}"

    async def happen(self, topic: str, **event: object) -> None:
        """Let the sample of a topic happen, with these members on top."""
        await self.tell({"subscription": {"type": topic}, "event": {**SAMPLES[topic], **event}})

    async def tell(self, notification: object) -> None:
        await self.desk.put(EVENTSUB_EVENT, encode(notification))

    async def hear(self, *, seconds: float = 3.0) -> list[str]:
        """Let time pass; returns what was said, after everything that follows has happened."""
        self.clock.advance(seconds)
        for _ in range(20):
            await asyncio.sleep(0)
        while self.alerts._tasks:
            await asyncio.wait(self.alerts._tasks)
        said, self.said = self.said, []
        return said

    async def preview(self, topic: str, **request: object) -> list[JsonObject]:
        told = await self.desk.ask(PREVIEW_ALERT, topic=topic, **request)
        assert told["part"] == PARTS[topic]
        return msgspec.convert(told["messages"], list[dict[str, object]])


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    staged = Stage()
    yield staged
    await staged.close()
    await staged.hub.close()


# --- what is said of each event ---


@pytest.mark.parametrize(
    ("topic", "event", "template", "said"),
    [
        (FOLLOW, {}, "{{.UserName}} ({{.UserLogin}}, {{.UserID}}) follows", "Cool_User (cool_user, 1234) follows"),
        (FOLLOW, {}, "{{.BroadcasterUserName}} {{.FollowedAt.Year}}", "Cooler_User 2023"),
        (FOLLOW, {"followed_at": "soon"}, "{{.FollowedAt.Year}}", "1"),
        (SUBSCRIBE, {}, "{{.UserName}} {{.Tier}} {{.IsGift}} {{.CumulativeMonths}}", "Cool_User 1000 false 0"),
        (SUBSCRIBE, {}, "[{{.Message}}]{{if .Message}}said{{else}}mute{{end}}", "[]mute"),
        (SUBSCRIBE, {}, "{{len .Message.Emotes}}{{.Message.Text}}", "0"),
        (RESUBSCRIBE, {}, "{{.CumulativeMonths}}/{{.StreakMonths}}/{{.DurationMonths}}", "15/1/6"),
        # strimertül's defect 27: its guide tells of {{.Message}}, which printed a structure.
        (RESUBSCRIBE, {}, "{{.UserName}}: {{.Message}}", "Cool_User: Love the stream! FevziGG"),
        (RESUBSCRIBE, {}, "{{if .Message}}{{.Message.Text}}{{end}}", "Love the stream! FevziGG"),
        (RESUBSCRIBE, {}, "{{range .Message.Emotes}}{{.Begin}}-{{.End}} {{.ID}}{{end}}", "17-23 302976485"),
        (RESUBSCRIBE, {"streak_months": None}, "{{.StreakMonths}}", "0"),
        (RESUBSCRIBE, {"message": None}, "[{{.Message.Text}}]", "[]"),
        (GIFT, {}, "{{.Total}} of {{.Tier}} by {{.UserName}}, {{.CumulativeTotal}}", "2 of 1000 by Cool_User, 284"),
        (
            GIFT,
            {"user_id": None, "user_name": None, "is_anonymous": True, "total": 1, "cumulative_total": None},
            "{{if .IsAnonymous}}Anon{{else}}{{.UserName}}{{end}}: {{.Total}} sub{{if ne .Total 1}}s{{end}}",
            "Anon: 1 sub",
        ),
        (RAID, {}, "{{.FromBroadcasterUserName}} to {{.ToBroadcasterUserLogin}}", "Cool_User to cooler_user"),
        # strimertül's defect 27: its guide tells of {{.ViewerCount}}, which was none.
        (RAID, {}, "{{.Viewers}} {{.ViewerCount}}{{if gt .Viewers 100}}!{{end}}", "9001 9001!"),
        (CHEER, {}, "{{.UserName | upper}} {{.Bits}} {{.Message}}", "COOL_USER 1000 pogchamp"),
        (CHEER, {"user_name": None, "is_anonymous": True}, "[{{.UserName}}]{{.IsAnonymous}}", "[]true"),
    ],
)
async def test_every_canned_event_is_told(
    stage: Stage, topic: str, event: JsonObject, template: str, said: str
) -> None:
    await stage.open(**{PARTS[topic]: alert(template)})
    await stage.happen(topic, **event)
    assert await stage.hear() == [said]


@pytest.mark.parametrize("topic", PARTS)
async def test_what_is_switched_off_is_not_told(stage: Stage, topic: str) -> None:
    await stage.open(**{part: alert(part, enabled=part != PARTS[topic]) for part in PARTS.values()})
    await stage.happen(topic)
    assert await stage.hear() == []


@pytest.mark.parametrize("topic", PARTS)
@pytest.mark.parametrize("messages", [[], None, ["", " \n "]])
async def test_no_messages_are_no_alert(stage: Stage, topic: str, messages: object) -> None:
    # strimertül's defect 6: an alert without messages ended the process.
    await stage.open(**{PARTS[topic]: {"enabled": True, "messages": messages}})
    await stage.happen(topic)
    assert await stage.hear() == []
    assert stage.draws == 0


async def test_variation_without_messages_is_no_alert(stage: Stage) -> None:
    # strimertül's defect 6: so did a variation without messages.
    await stage.open(subscription=alert("new!", variations=[variation(is_gifted=True)]))
    await stage.happen(SUBSCRIBE, is_gift=True)
    assert await stage.hear() == []
    await stage.happen(SUBSCRIBE)
    assert await stage.hear() == ["new!"]


async def test_variation_speaks_where_there_is_nothing_for_all(stage: Stage) -> None:
    await stage.open(raid=alert(variations=[variation("big!", min_viewers=50)]))
    await stage.happen(RAID, viewers=49)
    assert await stage.hear() == []
    await stage.happen(RAID, viewers=50)
    assert await stage.hear() == ["big!"]


async def test_simulated_event_without_more_than_its_topic_is_told(stage: Stage) -> None:
    await stage.open(follow=alert("[{{.UserName}}]"))
    await stage.tell({"subscription": {"type": FOLLOW}, "event": {}})
    await stage.tell({"Subscription": {"Type": FOLLOW}, "Event": {"User_Name": "Ada", "new": [1]}})
    assert await stage.hear() == ["[]", "[Ada]"]


async def test_replayed_event_is_told_again(stage: Stage) -> None:
    await stage.open(raid=alert("{{.Viewers}}"))
    for date in ("2026-05-01T19:00:00Z", "2026-05-01T19:00:00Z"):
        await stage.tell({"subscription": {"id": "1", "type": RAID}, "event": {"viewers": 7}, "date": date})
    assert await stage.hear() == ["7", "7"]


@pytest.mark.parametrize(
    "notification",
    [
        "no JSON",
        "null",
        "[]",
        '{"subscription":{"type":"channel.follow"}}',
        '{"subscription":{"type":"channel.follow"},"event":[]}',
        '{"subscription":{"type":"channel.raid"},"event":{"viewers":"many"}}',
        '{"subscription":{"type":"channel.update"},"event":{"viewers":"many"}}',
        '{"subscription":{"type":5},"event":{}}',
        '{"event":{}}',
    ],
)
async def test_what_is_no_event_is_passed_over(stage: Stage, notification: str) -> None:
    await stage.open(**{part: alert(part) for part in PARTS.values()})
    await stage.desk.put(EVENTSUB_EVENT, notification)
    await stage.desk.put(EVENTSUB_EVENT, None)
    assert await stage.hear() == []
    await stage.happen(CHEER)
    assert await stage.hear() == ["cheer"]


# --- variations ---

RAIDS = [variation("0", min_viewers=0), variation("50", min_viewers=50), variation("10", min_viewers=10)]
CHEERS = [variation("100", min_amount=100), variation("1000", min_amount=1000), variation("never")]
GIFTS = [
    variation("50", min_cumulative=50),
    variation("10", min_cumulative=10),
    variation("anonymous", is_anonymous=True, min_cumulative=1),
    variation("second", is_anonymous=True),
]
SUBS = [variation("3", min_streak=3), variation("12", min_streak=12), variation("gifted", is_gifted=True, min_streak=1)]


@pytest.mark.parametrize(
    ("topic", "variations", "event", "said"),
    [
        (RAID, [], {"viewers": 50}, "base"),
        (RAID, RAIDS, {"viewers": 0}, "0"),
        (RAID, RAIDS, {"viewers": 9}, "0"),
        (RAID, RAIDS, {"viewers": 10}, "10"),
        (RAID, RAIDS, {"viewers": 49}, "10"),
        (RAID, RAIDS, {"viewers": 50}, "50"),
        (RAID, RAIDS, {"viewers": 51}, "50"),
        (RAID, [variation("1", min_viewers=5), variation("2", min_viewers=5)], {"viewers": 5}, "1"),
        (CHEER, CHEERS, {"bits": 99}, "base"),
        (CHEER, CHEERS, {"bits": 100}, "100"),
        (CHEER, CHEERS, {"bits": 999}, "100"),
        (CHEER, CHEERS, {"bits": 1000}, "1000"),
        (CHEER, CHEERS, {"bits": 1001}, "1000"),
        # strimertül's defect 26: a gift's threshold had to be above what was given, not below it.
        (GIFT, GIFTS, {"cumulative_total": 9}, "base"),
        (GIFT, GIFTS, {"cumulative_total": 10}, "10"),
        (GIFT, GIFTS, {"cumulative_total": 49}, "10"),
        (GIFT, GIFTS, {"cumulative_total": 50}, "50"),
        (GIFT, GIFTS, {"cumulative_total": 51}, "50"),
        (GIFT, GIFTS, {"cumulative_total": None}, "base"),
        (GIFT, GIFTS, {"cumulative_total": 60, "is_anonymous": True}, "anonymous"),
        (GIFT, GIFTS[:2], {"cumulative_total": 60, "is_anonymous": True}, "50"),
        (GIFT, GIFTS[:2], {"cumulative_total": None, "is_anonymous": True}, "base"),
        # strimertül's defect 26: the first variation was taken, and by the period that was paid, not by the streak.
        (RESUBSCRIBE, SUBS, {"streak_months": 2, "duration_months": 12}, "base"),
        (RESUBSCRIBE, SUBS, {"streak_months": 3, "duration_months": 1}, "3"),
        (RESUBSCRIBE, SUBS, {"streak_months": 11, "cumulative_months": 40}, "3"),
        (RESUBSCRIBE, SUBS, {"streak_months": 12}, "12"),
        (RESUBSCRIBE, SUBS, {"streak_months": 13}, "12"),
        (RESUBSCRIBE, SUBS, {"streak_months": None, "cumulative_months": 12}, "12"),
        (SUBSCRIBE, SUBS, {}, "base"),
        (SUBSCRIBE, SUBS, {"is_gift": True}, "gifted"),
        (SUBSCRIBE, SUBS[:2], {"is_gift": True}, "base"),
        (FOLLOW, [variation("never", min_viewers=0)], {}, "base"),
    ],
)
async def test_variation_at_below_and_above_its_threshold(
    stage: Stage, topic: str, variations: list[JsonObject], event: JsonObject, said: str
) -> None:
    await stage.open(**{PARTS[topic]: alert("base", variations=variations)})
    await stage.happen(topic, **event)
    assert await stage.hear() == [said]


NUMBER = st.none() | st.integers(-2, 6)
FLAG = st.none() | st.booleans()


@given(
    st.lists(st.fixed_dictionaries({"min_viewers": NUMBER}), max_size=6),
    st.integers(0, 5),
)
def test_raids_and_cheers_take_the_best_variation(variations: list[JsonObject], reached: int) -> None:
    met = [threshold for threshold in thresholds(variations, "min_viewers") if threshold <= reached]
    best = [each for each in variations if met and each["min_viewers"] == max(met)]
    assert chosen(RAID, variations, viewers=reached) is (best[0] if best else None)
    cheers: list[JsonObject] = [{"min_amount": each["min_viewers"]} for each in variations]
    number = next((number for number, each in enumerate(variations) if best and each is best[0]), None)
    assert chosen(CHEER, cheers, bits=reached) is (None if number is None else cheers[number])


@given(
    st.lists(st.fixed_dictionaries({"min_cumulative": NUMBER, "is_anonymous": FLAG}), max_size=6),
    st.none() | st.integers(0, 5),
    st.booleans(),
)
def test_gifts_take_the_best_variation(variations: list[JsonObject], total: int | None, anonymous: bool) -> None:
    marked = [each for each in variations if each["is_anonymous"]]
    others = [each for each in variations if not each["is_anonymous"]]
    met = [threshold for threshold in thresholds(others, "min_cumulative") if threshold <= (total or 0)]
    best = marked if anonymous and marked else [each for each in others if met and each["min_cumulative"] == max(met)]
    found = chosen(GIFT, variations, cumulative_total=total, is_anonymous=anonymous)
    assert found is (best[0] if best else None)


@given(
    st.lists(st.fixed_dictionaries({"min_streak": NUMBER, "is_gifted": FLAG}), max_size=6),
    st.none() | st.integers(0, 5),
    st.integers(0, 5),
    st.integers(0, 5),
    st.booleans(),
)
def test_subscriptions_take_the_best_variation(
    variations: list[JsonObject], streak: int | None, total: int, duration: int, is_gift: bool
) -> None:
    marked = [each for each in variations if each["is_gifted"]]
    others = [each for each in variations if not each["is_gifted"]]
    met = [threshold for threshold in thresholds(others, "min_streak") if threshold <= (streak or total)]
    best = marked if is_gift else [each for each in others if met and each["min_streak"] == max(met)]
    months = {"streak_months": streak, "cumulative_months": total, "duration_months": duration}
    assert chosen(RESUBSCRIBE, variations, **months, is_gift=is_gift) is (best[0] if best else None)


def thresholds(variations: list[JsonObject], name: str) -> list[int]:
    return [threshold for each in variations if isinstance(threshold := each[name], int)]


def chosen(topic: str, variations: list[JsonObject], **event: object) -> JsonObject | None:
    settings = read_object({PARTS[topic]: {"variations": variations}}, Settings)
    number = find_variation(settings, read_happening(topic, event))
    return None if number is None else variations[number]


# --- two events of one subscription ---

WHOLE = "{{.UserName}} {{.Tier}} {{.IsGift}} {{.CumulativeMonths}} {{.StreakMonths}} {{.DurationMonths}} {{.Message}}"


@pytest.mark.parametrize("order", [[SUBSCRIBE, RESUBSCRIBE], [RESUBSCRIBE, SUBSCRIBE]])
async def test_both_events_of_a_subscription_are_one_alert_in_either_order(stage: Stage, order: list[str]) -> None:
    # strimertül's defect 26: what came second was dropped when it was the renewal.
    await stage.open(subscription=alert(WHOLE, variations=[variation("{{.Tier}}: {{.Message}}", min_streak=99)]))
    events: dict[str, JsonObject] = {
        SUBSCRIBE: {"is_gift": False, "tier": "2000"},
        RESUBSCRIBE: {"tier": "2000", "streak_months": 7},
    }
    await stage.happen(order[0], **events[order[0]])
    assert await stage.hear(seconds=2.9) == []
    await stage.happen(order[1], **events[order[1]])
    assert await stage.hear(seconds=0.1) == ["Cool_User 2000 false 15 7 6 Love the stream! FevziGG"]
    assert await stage.hear(seconds=60) == []


async def test_tier_is_known_from_either_event(stage: Stage) -> None:
    await stage.open(subscription=alert("{{.Tier}}"))
    for order in ([SUBSCRIBE, RESUBSCRIBE], [RESUBSCRIBE, SUBSCRIBE]):
        for topic in order:
            await stage.happen(topic, tier="3000" if topic == SUBSCRIBE else None)
        assert await stage.hear() == ["3000"]


async def test_subscriptions_of_two_viewers_are_two_alerts(stage: Stage) -> None:
    await stage.open(subscription=alert("{{.UserName}} {{.StreakMonths}}"))
    await stage.happen(SUBSCRIBE, user_id="1", user_name="Ada")
    await stage.happen(RESUBSCRIBE, user_id="2", user_name="Bob", streak_months=4)
    assert await stage.hear() == ["Ada 0", "Bob 4"]


async def test_events_of_a_viewer_are_apart_after_three_seconds(stage: Stage) -> None:
    await stage.open(subscription=alert("{{.StreakMonths}}"))
    await stage.happen(SUBSCRIBE)
    assert await stage.hear() == ["0"]
    await stage.happen(RESUBSCRIBE)
    assert await stage.hear() == ["1"]


async def test_settings_of_the_moment_when_it_is_said_count(stage: Stage) -> None:
    await stage.open(subscription=alert("before"))
    await stage.happen(SUBSCRIBE)
    await stage.configure(subscription=alert("after"))
    assert await stage.hear() == ["after"]
    await stage.happen(SUBSCRIBE)
    await stage.configure(subscription=alert("after", enabled=False))
    assert await stage.hear() == []


# --- who got a subscription ---


@pytest.mark.parametrize("silence", [None, False, True])
async def test_those_who_got_a_subscription_can_be_passed_over(stage: Stage, silence: bool | None) -> None:
    gifts = alert("gift!", silence_gift_recipients=silence)
    await stage.open(gift_sub=gifts, subscription=alert("{{.UserName}}"))
    await stage.happen(SUBSCRIBE, user_id="1", user_name="Ada", is_gift=True)
    await stage.happen(GIFT)
    await stage.happen(SUBSCRIBE, user_id="2", user_name="Bob", is_gift=True)
    await stage.happen(SUBSCRIBE, user_id="3", user_name="Cleo", is_gift=False)
    assert await stage.hear() == (["gift!", "Cleo"] if silence else ["gift!", "Ada", "Bob", "Cleo"])
    await stage.hear(seconds=7)
    await stage.happen(SUBSCRIBE, user_id="4", user_name="Dora", is_gift=True)
    assert await stage.hear() == ([] if silence else ["Dora"])
    await stage.happen(SUBSCRIBE, user_id="5", user_name="Emil", is_gift=True)
    assert await stage.hear() == ["Emil"]


@pytest.mark.parametrize("gifts", [{"enabled": False, "messages": ["gift!"]}, {"enabled": True, "messages": []}])
async def test_gift_that_was_not_told_silences_nobody(stage: Stage, gifts: JsonObject) -> None:
    await stage.open(gift_sub={**gifts, "silence_gift_recipients": True}, subscription=alert("{{.UserName}}"))
    await stage.happen(GIFT)
    await stage.happen(SUBSCRIBE, is_gift=True)
    assert await stage.hear() == ["Cool_User"]


# --- broken templates ---


@pytest.mark.parametrize("topic", PARTS)
async def test_broken_message_is_said_as_it_is(stage: Stage, topic: str, caplog: pytest.LogCaptureFixture) -> None:
    # strimertül's defect 26: a broken cheer was answered by a message for raids.
    marks: JsonObject = {"min_viewers": 0, "min_amount": 0, "min_cumulative": 0, "min_streak": 0}
    parts = {part: alert("other", variations=[variation("variation", **marks)]) for part in PARTS.values()}
    parts[PARTS[topic]] = alert("Hi {{.UserName", variations=[variation("variation", **marks)])
    await stage.open(**parts)
    await stage.happen(topic)
    assert await stage.hear() == ["Hi {{.UserName"]
    assert "an alert is broken and said as it is" in caplog.text


async def test_broken_variation_leaves_the_message_for_all(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.open(raid=alert("base", variations=[variation("{{nosuch}}", min_viewers=1)]))
    await stage.happen(RAID)
    assert await stage.hear() == ["base"]
    assert 'a variation of an alert is broken, line 1: function "nosuch" is not defined' in caplog.text


async def test_message_that_fails_is_not_said(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.open(raid=alert("{{.Viewers}} {{.Nothing}}"), cheer=alert("{{if false}}x{{end}}"))
    await stage.happen(RAID)
    await stage.happen(CHEER)
    assert await stage.hear() == []
    assert "an alert failed" in caplog.text


async def test_functions_of_the_bot_are_there(stage: Stage) -> None:
    await stage.open(raid=alert('raid {{count "raids"}}, {{randomInt 3 4}}'))
    await stage.happen(RAID)
    await stage.happen(RAID)
    assert await stage.hear() == ["raid 1, 3", "raid 2, 3"]
    assert stage.desk.get(f"{COUNTERS}raids") == "2"


async def test_message_is_one_line(stage: Stage) -> None:
    await stage.open(raid=alert("a\nb\r{{.Viewers}}"))
    await stage.happen(RAID)
    assert await stage.hear() == ["a b 9001"]


@pytest.mark.parametrize("nothing", [None, ""])
async def test_an_event_that_is_deleted_is_none(
    stage: Stage, nothing: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.open(raid=alert("raid"))
    await stage.happen(RAID)
    assert await stage.hear() == ["raid"]
    await stage.desk.put(EVENTSUB_EVENT, nothing)
    assert await stage.hear() == []
    assert caplog.text == ""


# --- settings ---


async def test_settings_hold_as_a_whole(stage: Stage) -> None:
    await stage.open(raid=alert("raid", variations=[variation("big", min_viewers=5)]), cheer=alert("cheer"))
    await stage.configure(raid=alert("raid", variations=[variation("big")]))
    await stage.happen(RAID)
    await stage.happen(CHEER)
    assert await stage.hear() == ["raid"]
    await stage.desk.put(ALERTS_CONFIG, None)
    await stage.happen(RAID)
    assert await stage.hear() == []


@pytest.mark.parametrize("broken", ["no JSON", "[]", '{"raid":5}', '{"raid":{"messages":[5]}}'])
async def test_unreadable_settings_stay_as_they_are_and_change_nothing(
    stage: Stage, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    # strimertül's defect 11: what could not be read was replaced by defaults.
    await stage.open(raid=alert("raid"))
    await stage.desk.put(ALERTS_CONFIG, broken)
    await stage.desk.put("platform/twitch", CONNECTED)
    await stage.happen(RAID)
    assert await stage.hear() == ["raid"]
    assert stage.desk.get(ALERTS_CONFIG) == broken
    assert "twitch/bot-modules/alerts/config is not valid" in caplog.text


async def test_settings_appear_when_a_chat_is_connected_for_the_first_time(stage: Stage) -> None:
    await stage.start()
    await stage.hear()
    assert stage.desk.get(ALERTS_CONFIG) == ""
    await stage.desk.put("platform/twitch", CONNECTED)
    await stage.hear()
    off = {"enabled": False, "messages": None}
    varied = {**off, "variations": None}
    expected = {"follow": off, "subscription": varied, "gift_sub": varied, "raid": varied, "cheer": varied}
    assert stage.desk.read(ALERTS_CONFIG) == expected
    await stage.configure(raid=alert("raid"))
    await stage.desk.put("platform/twitch", CONNECTED)
    await stage.hear()
    assert read(stage.desk.get(ALERTS_CONFIG), Settings).raid.messages == ["raid"]


# --- who listens ---


async def test_nobody_hears_an_alert_while_no_chat_is_connected(stage: Stage) -> None:
    await stage.start(raid=alert('{{.Viewers}}{{count "raids"}}'))
    await stage.happen(RAID)
    assert await stage.hear() == []
    await stage.desk.put("platform/twitch", CONNECTED)
    assert await stage.hear() == []
    assert stage.desk.get(f"{COUNTERS}raids") == ""
    await stage.happen(RAID, viewers=2)
    assert await stage.hear() == ["21"]


async def test_bot_that_is_switched_off_says_nothing(stage: Stage) -> None:
    await stage.open(raid=alert("raid"))
    await stage.desk.put(TWITCH_CONFIG, encode({"enabled": True, "enable_bot": False}))
    await stage.happen(RAID)
    assert await stage.hear() == []
    await stage.desk.put(TWITCH_CONFIG, encode({"enabled": True, "enable_bot": True}))
    await stage.happen(RAID)
    assert await stage.hear() == ["raid"]


async def test_alert_that_is_refused_leaves_the_next_alone(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.open(raid=alert("raid"))
    stage.is_refusing = True
    await stage.happen(RAID)
    assert await stage.hear() == []
    assert "an alert could not be said: refused by the test" in caplog.text
    stage.is_refusing = False
    await stage.happen(RAID)
    assert await stage.hear() == ["raid"]


async def test_flood_of_events_does_not_pile_up(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.open(raid=alert("raid"))
    await stage.hear()
    raid = encode({"subscription": {"type": RAID}, "event": {}})
    for _ in range(1000):
        stage.desk.write([Write(EVENTSUB_EVENT, raid)], lambda error: None)
    assert await stage.hear() == ["raid"] * MAX_UNDER_WAY
    assert "too many wait to be said" in caplog.text
    assert len(caplog.records) == 1
    await stage.happen(RAID)
    assert await stage.hear() == ["raid"]


async def test_closed_they_say_nothing(stage: Stage) -> None:
    await stage.open(raid=alert("raid"), subscription=alert("sub"))
    await stage.happen(SUBSCRIBE)
    await stage.close()
    await stage.happen(RAID)
    assert await stage.hear() == []


# --- the preview ---


async def test_preview_tells_every_message_that_could_be_drawn_and_does_nothing(stage: Stage) -> None:
    await stage.open(raid=alert('{{.Viewers}} {{count "raids"}}', "{{.Nothing}}", "{{", ""))
    stage.desk.heard.clear()
    stage.desk.subscribe_prefix("")
    told = await stage.preview(RAID)
    assert [(each["output"], each["variation"]) for each in told] == [("9001 1", None), (None, None), ("{{", None)]
    assert told[0]["problem"] is None
    assert "Nothing" in str(told[1]["problem"])
    assert told[2]["problem"] is not None
    assert [each["template"] for each in told] == ['{{.Viewers}} {{count "raids"}}', "{{.Nothing}}", "{{"]
    assert await stage.hear() == []
    assert [key for key, _ in stage.desk.heard] == [PREVIEW_ALERT]


@pytest.mark.parametrize("topic", PARTS)
async def test_preview_goes_by_the_settings_and_event_that_it_is_given(stage: Stage, topic: str) -> None:
    await stage.open(**{PARTS[topic]: alert("stored")})
    assert [each["output"] for each in await stage.preview(topic)] == ["stored"]
    given = {PARTS[topic]: alert("{{.}}")}
    [told] = await stage.preview(topic, config=given, event={"user_name": "Ada", "from_broadcaster_user_name": "Ada"})
    assert "Ada" in str(told["output"])
    assert await stage.preview(topic, config={}) == []
    assert await stage.preview(topic, config={PARTS[topic]: {"enabled": False, "messages": ["off"]}}) == []


async def test_preview_takes_null_for_what_is_absent(stage: Stage) -> None:
    await stage.open(gift_sub=alert("[{{.UserName}}]"))
    [told] = await stage.preview(GIFT, event={"user_name": None})
    assert told["output"] == "[]"


async def test_preview_shows_the_variation_and_what_stands_in_for_it(stage: Stage) -> None:
    varied = alert(
        "base", "{{", variations=[variation("small", min_viewers=1), variation("big", "}}{{", min_viewers=9)]
    )
    await stage.open(raid=varied)
    told = await stage.preview(RAID, event={"viewers": 10})
    # What is broken among those for all is said in any case; what is broken in the variation makes way for those.
    expected: list[tuple[str, str | None, int | None]]
    expected = [("{{", "{{", None), ("big", "big", 1), ("}}{{", None, 1), ("base", "base", None)]
    assert [(each["template"], each["output"], each["variation"]) for each in told] == expected
    told = await stage.preview(RAID, event={"viewers": 2})
    assert [(each["template"], each["variation"]) for each in told] == [("{{", None), ("small", 0)]


async def test_preview_of_messages_that_are_all_broken_knows_no_variation(stage: Stage) -> None:
    await stage.open(raid=alert("{{", variations=[variation("big", min_viewers=1)]))
    assert [(each["output"], each["variation"]) for each in await stage.preview(RAID)] == [("{{", None)]


async def test_preview_of_another_topic_is_empty(stage: Stage) -> None:
    await stage.open()
    assert await stage.desk.ask(PREVIEW_ALERT, topic="channel.update") == {"part": None, "messages": []}


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ("no JSON", "expected a topic"),
        ("[]", "expected a topic"),
        ("{}", "Missing parameter: topic"),
        ('{"topic":5}', "Missing parameter: topic"),
        ('{"topic":"channel.raid","event":[]}', "Invalid parameter: event"),
        ('{"topic":"channel.raid","event":{"viewers":"many"}}', "Invalid parameter: event"),
        ('{"topic":"channel.raid","config":[]}', "Invalid parameter: config"),
        ('{"topic":"channel.raid","config":{"raid":{"messages":[5]}}}', "Invalid parameter: config"),
    ],
)
async def test_preview_says_what_is_wrong_with_a_request(stage: Stage, request_: str, reason: str) -> None:
    await stage.open()
    with pytest.raises(RequestFailed, match=reason):
        await stage.desk.call(PREVIEW_ALERT, request_)


@given(
    base=st.lists(st.sampled_from(["b1", "b2", "{{", "{{x", ""]), max_size=4),
    other=st.none() | st.lists(st.sampled_from(["v1", "v2", "{{v", ""]), max_size=3),
)
async def test_what_is_said_is_what_the_preview_told(base: list[str], other: list[str] | None) -> None:
    staged = Stage()
    seen: list[str] = []
    variations = [] if other is None else [variation(*other, min_viewers=1)]
    await staged.open(raid=alert(*base, variations=variations))
    promised = {each["output"] for each in await staged.preview(RAID)} - {None}
    draws: list[int] = []
    staged.alerts._draw = lambda texts: texts[draws.pop() % len(texts)]
    for first in range(4):
        for second in range(3):
            draws[:] = [second, first]
            await staged.happen(RAID)
            seen += await staged.hear(seconds=0)
    assert set(seen) == promised
    await staged.close()
    await staged.hub.close()


# --- the page ---

PAGE = Path(__file__).parents[2] / "docs" / "timers-and-alerts.md"


async def test_settings_of_the_page_say_what_it_tells(stage: Stage) -> None:
    timers, alerts, answer = (
        msgspec.json.decode(text) for text in re.findall(r"^```json\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    )
    assert read_object(timers, Timers).timers
    await stage.open(**alerts)
    for topic in PARTS:
        told = await stage.preview(topic)
        assert told
        assert not any(each["problem"] for each in told)
    assert await stage.desk.ask(PREVIEW_ALERT, topic=RAID, event={"viewers": 51}) == answer
    [renewal] = await stage.preview(RESUBSCRIBE)
    assert renewal["output"] == "Thank you, Cool_User! They say: Love the stream! FevziGG"


# --- a whole server ---


async def test_alert_is_said_in_a_rehearsal_that_needs_no_account(server: Server) -> None:
    async with (
        Connection(server.url, password=server.password) as client,
        client.watch("platform/twitch") as accounts,
        client.watch("event/Twitch/ChatMessage") as messages,
    ):
        room = asyncio.create_task(client.call_json("loopback/@open", {"platform": "twitch"}, timeout_s=3600))
        await anext(accounts)
        await client.set_json(ALERTS_CONFIG, {"raid": alert('{{ count "raids" }}: {{ .FromBroadcasterUserName }}')})
        event = {"from_broadcaster_user_name": "Ada", "viewers": 1}
        await client.set_json(EVENTSUB_EVENT, {"subscription": {"type": RAID}, "event": event})
        told = msgspec.json.decode((await anext(messages)).value, type=dict[str, object])
        assert told["text"] == "1: Ada"
        assert await client.get(f"{COUNTERS}raids") == "1"
        assert await client.get(TIMERS_CONFIG) == '{"timers":{}}'
        room.cancel()
