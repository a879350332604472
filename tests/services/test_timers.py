"""Timers: who speaks, when and what, on a clock that tests turn; and settings that come, go, and cannot be read."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import MemoryStore
from stagedoor.keys import CHAT_ACTIVITY, CHAT_MESSAGE, STREAM_INFO, TIMERS_CONFIG, TWITCH_CONFIG
from stagedoor.services.timers import Timers
from tests.hub.shaky_store import ShakyStore
from tests.kilovolt.harness import FakeClock
from tests.services.harness import Desk, encode, open_hub

MIDNIGHT = 1_789_948_800.0
"""Unix time; the minute's number is a multiple of 5, so that the first of five counts is its own."""

_STEP_S = 30.0
"""No two looks lie within so little, so that what follows from one has happened before the next."""

CONNECTED = encode({"broadcastUser": "Streamer"})


def timer(*messages: str, delay: int = 60, activity: int = 0, enabled: bool = True, **more: object) -> object:
    return {
        "enabled": enabled,
        "minimum_delay": delay,
        "minimum_chat_activity": activity,
        "messages": list(messages),
        **more,
    }


class Stage:
    """Timers in a connected chat, at the beginning of a minute; their first look comes one minute later."""

    def __init__(self, desk: Desk, *, seconds: float = 0.0) -> None:
        self.desk = desk
        self.clock = FakeClock()
        self.ahead = MIDNIGHT + seconds - self.clock.time()
        """Unix time less the clock's; a test may set the machine's clock anew."""
        self.drawn: list[Sequence[str]] = []
        self.said: list[str] = []
        self.attempts = 0
        self.refuses: Callable[[str], bool] = lambda text: False
        self.answer_when = asyncio.Event()
        self.answer_when.set()
        self.timers = Timers(Client(desk.hub, SERVICE), self.clock, now=self.now, draw=self._draw)

    async def open(self, **timers: object) -> None:
        """Connect a chat, and start."""
        await self.desk.put("platform/twitch", CONNECTED)
        await self.start(**timers)

    async def start(self, **timers: object) -> None:
        """Start while no chat is connected."""
        self.desk.serve("platform/twitch/@send-message", self._send)
        if timers:
            await self.configure(**timers)
        await self.timers.start()

    async def configure(self, **timers: object) -> None:
        await self.desk.put(TIMERS_CONFIG, encode({"timers": timers}))

    def now(self) -> float:
        return self.clock.time() + self.ahead

    def _draw(self, texts: Sequence[str]) -> str:
        self.drawn.append(texts)
        return texts[0]

    async def _send(self, value: str) -> str:
        request = msgspec.json.decode(value)
        assert request == {"message": request["message"], "bot": True, "internal": True}
        self.attempts += 1
        await self.answer_when.wait()
        if self.refuses(request["message"]):
            raise RequestFailed("refused by the test")
        self.said.append(request["message"])
        return "{}"

    async def pass_(self, seconds: float) -> list[str]:
        """Let time pass; returns what was said in it, after everything that follows has happened."""
        self.said.clear()
        end = self.clock.time() + seconds
        while (left := end - self.clock.time()) > 0:
            self.clock.advance(min(_STEP_S, left))
            await self.settle()
        return list(self.said)

    async def settle(self) -> None:
        """Let all that is under way come to its end, or to a wait for the test."""
        await self.desk.put("test/settle", "")
        for _ in range(20):
            await asyncio.sleep(0)

    async def chat(self, count: int = 1) -> None:
        for _ in range(count):
            await self.desk.put(CHAT_MESSAGE, "{}")

    @property
    def activity(self) -> object:
        return self.desk.read(CHAT_ACTIVITY)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    hub = open_hub(MemoryStore())
    staged = Stage(Desk(hub))
    yield staged
    await staged.timers.close()
    await hub.close()


# --- when ---


async def test_first_message_comes_a_whole_delay_after_the_timer_was_seen(stage: Stage) -> None:
    await stage.open(a=timer("hello", delay=120))
    assert await stage.pass_(179) == []  # seen at the first look, after 60 s
    assert await stage.pass_(2) == ["hello"]
    assert await stage.pass_(118) == []
    assert await stage.pass_(2) == ["hello"]


@pytest.mark.parametrize("delay", [-5, 0, 1, 59, 60])
async def test_no_timer_speaks_more_often_than_each_minute(stage: Stage, delay: int) -> None:
    await stage.open(a=timer("hello", delay=delay))
    assert await stage.pass_(60) == []
    assert await stage.pass_(600) == ["hello"] * 10


async def test_looks_come_at_the_beginning_of_minutes(stage: Stage) -> None:
    stage.ahead += 20
    await stage.open(a=timer("hello"))
    assert await stage.pass_(40 + 59) == []
    assert await stage.pass_(2) == ["hello"]


@pytest.mark.parametrize(("seconds", "first"), [(29, 31), (31, 89), (59, 61)])
async def test_first_look_comes_after_half_a_minute_at_least(stage: Stage, seconds: int, first: int) -> None:
    stage.ahead += seconds
    await stage.desk.put(CHAT_ACTIVITY, "[9,9,9,9,9]")
    await stage.open()
    await stage.pass_(first - 1)
    assert stage.activity == [9, 9, 9, 9, 9]
    await stage.pass_(2)
    assert stage.activity == [0, 0, 0, 0, 0]


async def test_clocks_that_run_apart_a_little_cost_no_minute(stage: Stage) -> None:
    await stage.open(a=timer("hello"))
    await stage.pass_(60)
    stage.ahead += 1.5  # the next look comes 58.5 s after this one by the clock that delays are measured by
    assert await stage.pass_(59) == []  # it is planned already, and comes in time
    assert await stage.pass_(2) == ["hello"]
    assert await stage.pass_(57) == []
    assert await stage.pass_(1) == ["hello"]


async def test_switched_off_it_says_nothing(stage: Stage) -> None:
    await stage.open(a=timer("hello", enabled=False))
    assert await stage.pass_(600) == []


# --- what ---


@pytest.mark.parametrize("messages", [[], None, ["", " \n"]])
async def test_without_messages_it_is_passed_over(stage: Stage, messages: object) -> None:
    # strimertül's defect 6: an enabled timer without messages ended the process.
    await stage.open(a={**msgspec.convert(timer(), dict[str, object]), "messages": messages}, b=timer("hello"))
    assert await stage.pass_(240) == ["hello"] * 3


async def test_message_is_said_as_it_stands(stage: Stage) -> None:
    await stage.open(a=timer("{{ .User }} 100% <b>"))
    assert await stage.pass_(120) == ["{{ .User }} 100% <b>"]


async def test_no_message_comes_twice_in_a_row(stage: Stage) -> None:
    await stage.open(a=timer("1", "", "2", "3"))
    assert await stage.pass_(300) == ["1", "2", "1", "2"]
    assert stage.drawn == [["1", "2", "3"], ["2", "3"], ["1", "3"], ["2", "3"]]


async def test_the_same_message_written_twice_is_one(stage: Stage) -> None:
    await stage.open(a=timer("1", "1"))
    assert await stage.pass_(240) == ["1", "1", "1"]


# --- one after the other ---


async def test_one_timer_speaks_in_a_minute_the_one_that_waited_longest(stage: Stage) -> None:
    await stage.open(b=timer("b", delay=180), a=timer("a", delay=180), c=timer("c", delay=120))
    assert await stage.pass_(60 + 120) == ["c"]
    # c is due again two minutes later, when a and b have waited for one and for two.
    assert await stage.pass_(60) == ["a"]
    assert await stage.pass_(60) == ["b"]
    assert await stage.pass_(60) == ["c"]


async def test_all_have_their_turn_where_there_are_more_than_minutes(stage: Stage) -> None:
    names = [f"t{number}" for number in range(7)]
    await stage.open(**{name: timer(name) for name in names})
    await stage.pass_(60)
    said = await stage.pass_(60 * 21)
    assert said == names * 3


@settings(max_examples=25)
@given(delays=st.lists(st.integers(0, 400), min_size=1, max_size=5), activity=st.lists(st.integers(0, 3), max_size=15))
async def test_never_too_often_and_never_two_at_once(delays: list[int], activity: list[int]) -> None:
    hub = open_hub(MemoryStore())
    stage = Stage(Desk(hub))
    await stage.open(
        **{str(number): timer(str(number), delay=delay, activity=3) for number, delay in enumerate(delays)}
    )
    spoke: list[tuple[float, str]] = []
    counts: list[int] = []
    for minute in range(25):
        counts.append(activity[minute] if minute < len(activity) else 1)
        await stage.chat(counts[-1])
        said = await stage.pass_(60)
        assert len(said) <= (sum(counts[-5:]) >= 3)
        spoke += [(stage.now(), text) for text in said]
    for number, delay in enumerate(delays):
        times = [at for at, text in spoke if text == str(number)]
        assert all(later - earlier >= max(delay, 60) - 2 for earlier, later in pairwise([MIDNIGHT + 60, *times]))
    await stage.timers.close()
    await hub.close()


# --- the chat ---


async def test_activity_counts_every_message(stage: Stage) -> None:
    # strimertül's defect 17: since 3.0 a minute counted for 0 or 1, however much was said in it.
    await stage.open(a=timer("hello", activity=10))
    await stage.pass_(60)
    await stage.chat(9)
    assert await stage.pass_(60) == []
    await stage.chat()
    assert await stage.pass_(60) == ["hello"]


async def test_messages_count_for_five_whole_minutes(stage: Stage) -> None:
    await stage.open(a=timer("hello", activity=3, delay=60))
    await stage.pass_(30)
    await stage.chat(3)  # in the first minute
    assert await stage.pass_(30) == []
    assert await stage.pass_(60 * 6) == ["hello"] * 4  # looks after 2, 3, 4 and 5 minutes


async def test_a_message_at_the_first_moment_of_a_minute_is_its_own(stage: Stage) -> None:
    await stage.open()
    await stage.chat(4)
    await stage.pass_(60)
    assert stage.activity == [4, 0, 0, 0, 0]
    await stage.chat(1)
    await stage.pass_(60)
    assert stage.activity == [4, 1, 0, 0, 0]
    await stage.pass_(60 * 4)
    assert stage.activity == [0, 1, 0, 0, 0]
    await stage.chat(2)
    await stage.pass_(60)
    assert stage.activity == [0, 2, 0, 0, 0]


async def test_timer_that_lacks_chat_speaks_as_soon_as_there_is_some(stage: Stage) -> None:
    await stage.open(a=timer("hello", activity=2, delay=300))
    assert await stage.pass_(60 * 20) == []
    await stage.chat(2)
    assert await stage.pass_(60) == ["hello"]


async def test_activity_is_only_written_when_it_has_changed(stage: Stage) -> None:
    await stage.open()
    stage.desk.subscribe(CHAT_ACTIVITY)
    await stage.pass_(60 * 10)
    assert stage.desk.heard == [], "there has never been a chat"
    await stage.chat()
    stage.desk.heard.clear()
    await stage.pass_(60 * 10)
    assert [value for _, value in stage.desk.heard] == ["[1,0,0,0,0]", "[0,0,0,0,0]"]


async def test_deleting_the_last_message_is_no_message(stage: Stage) -> None:
    await stage.open()
    await stage.desk.put(CHAT_MESSAGE, None)
    await stage.pass_(60)
    assert stage.activity is None


@pytest.mark.parametrize("hours", [-3, 3])
async def test_nothing_counts_from_another_time_when_the_machines_clock_is_set(stage: Stage, hours: int) -> None:
    await stage.open(a=timer("hello", activity=5))
    await stage.chat(5)
    await stage.pass_(60)
    stage.ahead += hours * 3600
    assert await stage.pass_(60) == []
    assert stage.activity == [0, 0, 0, 0, 0]
    await stage.chat(5)
    assert await stage.pass_(60) == ["hello"]


async def test_minutes_that_come_a_second_time_begin_at_nothing(stage: Stage) -> None:
    await stage.open(a=timer("hello", activity=5))
    await stage.chat(5)
    await stage.pass_(60)
    stage.ahead -= 600
    assert await stage.pass_(60 * 12) == []


# --- settings ---


async def test_deleted_timer_is_silent(stage: Stage) -> None:
    # strimertül's defect 18: deleted and renamed timers went on until the bot was started anew.
    await stage.open(a=timer("a"), b=timer("b"))
    assert await stage.pass_(180) == ["a", "b"]
    await stage.configure(b=timer("b"))
    assert await stage.pass_(120) == ["b", "b"]
    await stage.desk.put(TIMERS_CONFIG, None)
    assert await stage.pass_(300) == []


async def test_renamed_timer_is_a_new_one(stage: Stage) -> None:
    await stage.open(a=timer("hello", delay=300))
    await stage.pass_(60 * 5)
    await stage.configure(b=timer("hello", delay=300))
    assert await stage.pass_(60 * 5) == []
    assert await stage.pass_(60) == ["hello"]


async def test_saving_settings_anew_keeps_when_timers_spoke(stage: Stage) -> None:
    await stage.open(a=timer("1", "2", delay=300))
    assert await stage.pass_(60 * 6) == ["1"]
    await stage.pass_(120)
    await stage.configure(a=timer("1", "2", delay=180))
    assert await stage.pass_(60) == ["2"]


async def test_settings_hold_as_a_whole(stage: Stage) -> None:
    await stage.open(a=timer("hello", activity=50))
    await stage.pass_(60)
    await stage.desk.put(TIMERS_CONFIG, encode({"timers": {"a": {"enabled": True, "messages": ["hello"]}}}))
    assert await stage.pass_(60) == ["hello"]


@pytest.mark.parametrize("broken", ["no JSON", "[]", '{"timers":[]}', '{"timers":{"a":{"messages":5}}}'])
async def test_unreadable_settings_stay_as_they_are_and_change_nothing(
    stage: Stage, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    # strimertül's defect 11: what could not be read was replaced by defaults.
    await stage.open(a=timer("hello"))
    await stage.pass_(60)
    await stage.desk.put(TIMERS_CONFIG, broken)
    assert "twitch/bot-modules/timers/config is not valid" in caplog.text
    await stage.desk.put("platform/twitch", CONNECTED)
    assert await stage.pass_(120) == ["hello", "hello"]
    assert stage.desk.get(TIMERS_CONFIG) == broken


async def test_unreadable_settings_survive_a_start(stage: Stage) -> None:
    await stage.desk.put(TIMERS_CONFIG, "no JSON")
    await stage.open()
    assert await stage.pass_(120) == []
    assert stage.desk.get(TIMERS_CONFIG) == "no JSON"


async def test_settings_appear_when_a_chat_is_connected_for_the_first_time(stage: Stage) -> None:
    await stage.start()
    await stage.settle()
    assert stage.desk.read(TIMERS_CONFIG) is None
    await stage.desk.put("platform/twitch", CONNECTED)
    await stage.settle()
    assert stage.desk.get(TIMERS_CONFIG) == '{"timers":{}}'
    await stage.configure(a=timer("hello"))
    await stage.desk.put("platform/twitch", CONNECTED)
    assert await stage.pass_(120) == ["hello"]


@pytest.mark.parametrize("null", ['{"timers":null}', '{"timers":{"a":null}}', "{}", "null"])
async def test_null_is_as_good_as_none(stage: Stage, null: str) -> None:
    await stage.open()
    await stage.desk.put(TIMERS_CONFIG, null)
    assert await stage.pass_(120) == []


# --- the stream ---


@pytest.mark.parametrize("offline", [None, "[]", "null", "no JSON"])
async def test_timer_that_rests_offline_speaks_when_the_channel_is_live(stage: Stage, offline: str | None) -> None:
    await stage.desk.put(STREAM_INFO, offline)
    await stage.open(a=timer("live", only_live=True))
    assert await stage.pass_(300) == []
    await stage.desk.put(STREAM_INFO, encode([{"id": "1"}]))
    assert await stage.pass_(60) == ["live"]


async def test_timer_speaks_offline_unless_it_is_told_not_to(stage: Stage) -> None:
    await stage.open(a=timer("a"), b=timer("b", only_live=False))
    assert await stage.pass_(180) == ["a", "b"]


# --- who listens ---


async def test_while_no_chat_is_connected_no_timer_loses_its_turn(stage: Stage) -> None:
    await stage.start(a=timer("a", delay=600), b=timer("b", delay=600))
    assert await stage.pass_(60 * 30) == []
    assert stage.attempts == 0
    await stage.desk.put("platform/twitch", CONNECTED)
    assert await stage.pass_(60) == ["a"]
    assert await stage.pass_(60) == ["b"]
    assert await stage.pass_(480) == []
    assert await stage.pass_(60) == ["a"]


async def test_message_that_is_refused_is_tried_again_behind_those_that_wait(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.open(a=timer("a", delay=600), b=timer("b", delay=600))
    stage.refuses = lambda text: text == "a"
    assert await stage.pass_(60 * 10) == []
    assert await stage.pass_(60) == []
    assert "the timer 'a' could not speak and tries again: refused by the test" in caplog.text
    assert await stage.pass_(60) == ["b"]
    assert await stage.pass_(60) == []
    stage.refuses = lambda text: False
    assert await stage.pass_(60) == ["a"]
    assert await stage.pass_(60) == []


async def test_slow_chat_gets_no_second_message_before_it_has_taken_the_first(stage: Stage) -> None:
    await stage.open(a=timer("a"), b=timer("b"))
    stage.answer_when.clear()
    assert await stage.pass_(60 * 5) == []
    assert stage.attempts == 1
    stage.answer_when.set()
    await stage.settle()
    assert stage.said == ["a"]
    assert await stage.pass_(60) == ["b"]


async def test_connecting_anew_makes_timers_speak_no_more_often(stage: Stage) -> None:
    # strimertül's defect 18: with each start of the bot there was one more loop.
    await stage.open(a=timer("a"), b=timer("b"))
    await stage.pass_(60)
    for _ in range(5):
        await stage.desk.put("platform/twitch", None)
        await stage.desk.put("platform/twitch", CONNECTED)
        assert len(await stage.pass_(60)) == 1


async def test_timer_deleted_while_it_speaks_leaves_nothing_behind(stage: Stage) -> None:
    # strimertül's defect 13: settings that came while timers were looked at ended the process.
    await stage.open(a=timer("a", delay=60))
    stage.answer_when.clear()
    await stage.pass_(120)
    await stage.configure(b=timer("b", delay=600))
    stage.answer_when.set()
    await stage.settle()
    assert stage.said == ["a"]
    await stage.configure(a=timer("a", delay=60))
    assert await stage.pass_(60) == []  # it is seen for the first time
    assert await stage.pass_(60) == ["a"]


@pytest.mark.parametrize(
    ("config", "speaks"),
    [
        (None, True),
        ({"enabled": True, "enable_bot": True}, True),
        ({"enabled": True, "enable_bot": False}, False),
        ({"enabled": False, "enable_bot": False}, True),  # a rehearsal: nobody else can have connected a chat
        ("broken", False),  # as it was before
    ],
)
async def test_bot_that_is_switched_off_says_nothing(stage: Stage, config: object, speaks: bool) -> None:
    await stage.desk.put(TWITCH_CONFIG, encode({"enabled": True, "enable_bot": False}))
    await stage.desk.put(TWITCH_CONFIG, None if config is None else encode(config))
    await stage.open(a=timer("hello"))
    assert await stage.pass_(120) == (["hello"] if speaks else [])


async def test_closed_it_says_nothing_and_ends_what_it_was_saying(stage: Stage) -> None:
    await stage.open(a=timer("a"))
    stage.answer_when.clear()
    await stage.pass_(120)
    await stage.timers.close()
    stage.answer_when.set()
    await stage.chat()
    assert await stage.pass_(300) == []
    assert stage.attempts == 1


async def test_store_that_refuses_keeps_no_timer_from_speaking(caplog: pytest.LogCaptureFixture) -> None:
    store = ShakyStore(MemoryStore())
    hub = open_hub(store)
    stage = Stage(Desk(hub))
    await stage.desk.put(CHAT_ACTIVITY, "[9,9,9,9,9]")
    await stage.open(a=timer("hello"))
    await stage.pass_(59)
    store.failures = 1
    stage.clock.advance(1)
    with contextlib.suppress(StoreError):  # it may share the fate of the write that fails
        await stage.desk.put("test/settle", "")
    assert "the key twitch/chat-activity could not be kept" in caplog.text
    assert await stage.pass_(60) == ["hello"]
    assert stage.activity == [0, 0, 0, 0, 0]
    await stage.timers.close()
    await hub.close()
