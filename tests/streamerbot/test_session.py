"""The session's order, limits and timers; what it says to each request is in the transcripts."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor import keys
from stagedoor.access import Doorkeeper
from stagedoor.kilovolt.session import Session as KilovoltSession
from stagedoor.streamerbot import session
from stagedoor.streamerbot.requests import REQUESTS
from stagedoor.wire import Peer
from tests.kilovolt.harness import PATIENCE_S, FakeWire, request
from tests.streamerbot.harness import ACTION, Line, Stage

MakeStage = Callable[..., Stage]

NEVER = 1000.0
"""Seconds that no test lets pass by itself."""


@pytest.fixture
async def make_stage() -> AsyncIterator[MakeStage]:
    stages: list[Stage] = []

    def make(**options: Any) -> Stage:
        stages.append(Stage(**options))
        return stages[-1]

    yield make
    for stage in stages:
        await stage.close()


@pytest.fixture
async def stage(make_stage: MakeStage) -> Stage:
    """A door that asks for nothing."""
    return make_stage(mode="off")


@pytest.fixture
async def line(stage: Stage) -> Line:
    return stage.connect()


class Gate:
    """A service that answers when it is let."""

    def __init__(self, stage: Stage, key: str) -> None:
        self.asked = asyncio.Event()
        self.count = 0
        self._open = asyncio.Event()
        stage.owner.serve(key, self._answer)

    async def _answer(self, value: str) -> str:
        self.count += 1
        self.asked.set()
        await self._open.wait()
        return "{}"

    def open(self) -> None:
        self._open.set()


def ids(messages: list[dict[str, Any]]) -> list[object]:
    return [message.get("id", message.get("data")) for message in messages]


# --- order --------------------------------------------------------------------------------------------------------


async def test_answers_come_in_the_order_of_requests(line: Line) -> None:
    names = [name for name, one in REQUESTS.items() if not one.asks_outside] + ["Subscribe", "Nonsense", "UnSubscribe"]
    for number in range(3 * len(names)):
        parameters = {"events": {"Twitch": ["Follow"]}, "variable": "a", "userId": "1", "triggerName": "wave"}
        line.ask(names[number % len(names)], id=number, action={"id": ACTION}, **parameters)
    assert ids(await line.fence()) == list(range(3 * len(names)))


async def test_a_request_waits_for_the_one_before_and_events_do_not(stage: Stage, line: Line) -> None:
    await line.answer("Subscribe", events={"General": ["Custom"]})
    slow = replace(stage, keys.ACTION_RUN)
    line.ask("DoAction", id=1, action={"id": ACTION})
    line.ask("GetInfo", id=2)
    await slow.asked.wait()
    stage.happen("General", "Custom", {"n": 1})
    assert (await line.next_object())["data"] == {"n": 1}
    assert line.wire.take() == []
    slow.open()
    assert ids(await line.fence()) == [1, 2]


async def test_what_asks_somebody_elses_server_holds_nobody_up(stage: Stage, line: Line) -> None:
    gate = replace(stage, keys.PRONOUNS_GET)
    line.ask("GetUserPronouns", id=1, platform="twitch", userLogin="ann")
    await gate.asked.wait()
    assert (await line.answer("GetInfo"))["status"] == "ok"
    gate.open()
    assert await line.next_object() == {"status": "ok", "id": 1}


async def test_only_so_many_may_wait_for_somebody_elses_server(stage: Stage, line: Line) -> None:
    gate = replace(stage, keys.PRONOUNS_GET)
    for number in range(session.MAX_OUTSIDE):
        line.ask("GetUserPronouns", id=number, platform="twitch", userLogin="ann")
    refused = await line.answer("GetUserPronouns", platform="twitch", userLogin="ann")
    assert refused["status"] == "error"
    assert "under way" in refused["error"]
    gate.open()
    assert ids(await next_objects(line, session.MAX_OUTSIDE)) == list(range(session.MAX_OUTSIDE))
    assert (await line.answer("GetUserPronouns", platform="twitch", userLogin="ann"))["status"] == "ok"


async def test_who_sends_more_than_can_be_answered_is_read_no_further(stage: Stage, line: Line) -> None:
    gate = replace(stage, keys.ACTION_RUN)
    line.ask("DoAction", id="slow", action={"id": ACTION})
    sent = 0
    while not line.wire.is_paused:
        line.ask("GetGlobal", id=sent, variable="a")
        sent += 1
        assert sent * session.REQUEST_COST < 2 * session.MAX_LOAD
    gate.open()
    assert ids(await next_objects(line, sent + 1)) == ["slow", *range(sent)]
    assert not line.wire.is_paused


async def test_a_large_request_counts_for_its_size(stage: Stage, line: Line) -> None:
    replace(stage, keys.ACTION_RUN)
    line.ask("DoAction", id="slow", action={"id": ACTION})
    line.ask("Foo", text="x" * session.MAX_LOAD)
    assert line.wire.is_paused


def replace(stage: Stage, key: str) -> Gate:
    """Put a service that can be held up in the place of another."""
    stage.retire[key]()
    return Gate(stage, key)


async def next_objects(line: Line, count: int) -> list[dict[str, Any]]:
    return [await line.next_object() for _ in range(count)]


# --- the end ------------------------------------------------------------------------------------------------------


async def test_nothing_is_sent_to_who_has_gone(stage: Stage, line: Line) -> None:
    await line.answer("Subscribe", events="*")
    gate = replace(stage, keys.ACTION_RUN)
    line.ask("DoAction", id=1, action={"id": ACTION})
    line.ask("GetInfo", id=2)
    await gate.asked.wait()
    line.session.close()
    gate.open()
    stage.happen("General", "Custom")
    await asyncio.sleep(0)
    assert line.wire.take() == []
    assert line.session.client.subscription_count == 0


async def test_who_has_gone_hears_of_no_other_rules(stage: Stage, line: Line) -> None:
    await line.leave()
    stage.reception.change(stage.reception.authentication, "another password")
    assert line.wire.close_code is None


async def test_a_verdict_that_comes_too_late_is_given_to_nobody(make_stage: MakeStage) -> None:
    stage = make_stage(password="secret")
    line = stage.connect()
    line.ask("Authenticate", authentication="wrong")
    line.ask("Authenticate", authentication="wrong")
    assert len(line.wire.take()) == 1
    await line.leave()
    stage.fake_clock.advance(NEVER)
    assert line.wire.take() == []


async def test_who_is_refused_unseen_is_not_told_that_the_answer_is_wrong(make_stage: MakeStage) -> None:
    stage = make_stage(mode="enforced", password="secret")
    challenge = stage.doorkeeper.challenge()
    while stage.doorkeeper.judge(challenge, b"a guess", "127.0.0.1", "null")[1] is not None:
        pass  # all the places among those that wait are taken
    for password in ("secret", "a guess"):
        line = stage.connect(origin="null")
        answer = await line.authenticate(password)
        assert answer["error"] == "Authentication failed: too many wrong answers came from here; try again later"
        await line.leave()


async def test_leaving_is_no_way_to_guess_faster(make_stage: MakeStage) -> None:
    stage = make_stage(mode="enforced", password="secret")
    waited = 0.0
    for _ in range(6):
        line = stage.connect(address="198.51.100.7")
        line.ask("Authenticate", authentication="wrong")
        while not line.wire.take():
            stage.fake_clock.advance(0.25)
            waited += 0.25
        await line.leave()
    assert waited >= 0.25 + 0.5 + 1 + 2 + 4


async def test_an_action_that_is_no_longer_waited_for_goes_on(stage: Stage, line: Line) -> None:
    """The reply means queued: what was asked before the connection ended happens."""
    line.ask("DoAction", action={"id": ACTION})
    await asyncio.sleep(0)
    await line.leave()
    assert [key for key, _ in stage.asked] == [keys.ACTION_RUN]


# --- subscriptions ------------------------------------------------------------------------------------------------


async def test_a_session_cannot_fill_the_memory_with_names(line: Line) -> None:
    for number in range(25):
        names = [f"T{number}x{index}" for index in range(1000)]
        answer = await line.answer("Subscribe", events={"Plugin": names})
    assert answer["status"] == "error"
    assert line.session.client.subscription_count <= 20_000
    assert (await line.answer("GetInfo"))["status"] == "ok"


async def test_nor_with_sources(line: Line) -> None:
    for number in range(25):
        answer = await line.answer("Subscribe", events={f"P{number}x{index}": ["*"] for index in range(1000)})
    assert answer["status"] == "error"
    assert line.session.client.subscription_count <= 20_000


async def test_nor_with_exceptions_from_a_wildcard(line: Line) -> None:
    await line.answer("Subscribe", events="*")
    for number in range(25):
        names = [f"T{number}x{index}" for index in range(1000)]
        answer = await line.answer("UnSubscribe", events={"Plugin": names})
    assert answer["status"] == "error"
    assert (await line.answer("GetInfo"))["status"] == "ok"


async def test_nor_with_responses_that_it_waits_for(stage: Stage, line: Line) -> None:
    for number in range(3000):
        line.ask("ExecuteCodeTrigger", triggerName="wave", args={"sbClientResponse": f"res-{number}"})
    await line.fence()
    for number in range(3000):
        stage.happen("Custom", "Event", {"eventName": f"res-{number}"})
    assert len(await line.fence()) == 1000


async def test_an_unauthenticated_guest_hears_events(make_stage: MakeStage) -> None:
    stage = make_stage(mode="on", password="secret")
    line = stage.connect()
    await line.answer("Subscribe", events={"Twitch": ["Follow"]})
    stage.happen("Twitch", "Follow", {"user": "ann"})
    assert await line.events() == [("Twitch", "Follow", {"user": "ann"})]


async def test_authenticating_keeps_the_subscriptions(make_stage: MakeStage) -> None:
    stage = make_stage(mode="on", password="secret")
    line = stage.connect()
    await line.answer("Subscribe", events={"Twitch": ["Follow"]})
    assert (await line.authenticate("secret"))["status"] == "ok"
    stage.happen("Twitch", "Follow")
    assert await line.events() == [("Twitch", "Follow", {})]


# --- events from Kilovolt clients -----------------------------------------------------------------------------------


async def test_what_a_kilovolt_client_writes_is_heard(stage: Stage, line: Line) -> None:
    await line.answer("Subscribe", events={"MyPlugin": ["Happened"]})
    wire = FakeWire()
    other = KilovoltSession(stage.hub, Doorkeeper(stage.clock), wire, Peer("127.0.0.1"), namespace="")
    other.receive(request("kset", {"key": "event/MyPlugin/Happened", "data": '{"n":1}'}))
    assert await line.events() == [("MyPlugin", "Happened", {"n": 1})]
    assert (await line.answer("Subscribe", events={"myplugin": ["Happened"]}))["events"] == {}
    assert (await line.answer("GetEvents"))["events"]["MyPlugin"] == ["Happened"]
    other.close()
    await wire.end()


@settings(max_examples=300, deadline=None)
@given(value=st.text() | st.recursive(st.none() | st.floats() | st.text(), st.lists, max_leaves=5).map(json.dumps))
def test_whatever_is_written_to_an_events_key_what_is_sent_is_json(value: str) -> None:
    async def play() -> None:
        stage = Stage(mode="off")
        line = stage.connect()
        await line.answer("Subscribe", events="*")
        for key in ("event/General/Custom", "event/Custom/Event", 'event/a"b\\/c\x01\u2028', "event/x/ "):
            stage.write(key, value)
        for message in line.wire.take():
            parsed = json.loads(message, parse_constant=pytest.fail)
            assert parsed.keys() == {"timeStamp", "event", "data"}
            assert parsed["event"]["source"]
            assert parsed["event"]["type"]
        await stage.close()

    value = value.encode("utf-8", "replace").decode()
    asyncio.run(play())


# --- whatever comes -----------------------------------------------------------------------------------------------

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["*", "Twitch", "twitch", "true", "1", "GetInfo", ACTION]),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)

PARAMETERS = (
    "id",
    "events",
    "action",
    "args",
    "variable",
    "persisted",
    "userId",
    "platform",
    "userLogin",
    "triggerName",
    "message",
    "bot",
    "internal",
    "replyId",
    "broadcastId",
    "authentication",
)

USUAL: dict[str, Any] = {
    "events": {"Twitch": ["Follow"], "*": ["*"]},
    "action": {"id": ACTION},
    "args": {"sbClientResponse": "res"},
    "variable": "a",
    "userId": 1,
    "platform": "twitch",
    "userLogin": "ann",
    "triggerName": "wave",
    "message": "hi",
}

NAMES = [*REQUESTS, "Authenticate", "Subscribe", "UnSubscribe"]


@st.composite
def messages(draw: st.DrawFn) -> str:
    """A request with some parameters as they should be, some as they should not, and now and then a broken text."""
    name = draw(st.sampled_from([*NAMES, *map(str.lower, NAMES), *map(str.upper, NAMES)]) | JSON)
    message = {"request": name, **draw(st.sampled_from([USUAL, {}]))}
    message |= draw(st.dictionaries(st.sampled_from(PARAMETERS), JSON, max_size=4))
    text = json.dumps(message, ensure_ascii=draw(st.booleans()))
    broken = draw(st.sampled_from(["", "", "", "", "cut", "noise"]))
    if broken:
        at = draw(st.integers(0, len(text)))
        text = text[:at] + ("" if broken == "cut" else draw(st.text(min_size=1, max_size=3)) + text[at:])
    return text.encode("utf-8", "replace").decode()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(messages(), min_size=1, max_size=12),
    st.sampled_from(["off", "on", "enforced"]),
    st.booleans(),
    st.booleans(),
)
def test_every_message_gets_exactly_one_answer_or_the_connection_ends(
    texts: list[str], mode: str, is_proven: bool, is_opaque: bool
) -> None:
    async def play() -> None:
        stage = Stage(mode=mode, password="secret", offers_challenge=True)
        line = stage.connect(origin="null" if is_opaque else None)
        if is_proven:
            assert (await line.authenticate("secret"))["status"] == "ok"
        for text in texts:
            line.session.receive(text)
        line.ask("GetInfo", id="the fence")
        heard = await settle(stage, line)
        answers = [message for message in heard if "status" in message]
        for message in heard:
            if "status" not in message:
                assert message.keys() == {"timeStamp", "event", "data"}
            elif message["status"] == "error":
                assert isinstance(message["error"], str)
                assert message["error"] != "Internal error"
            else:
                assert message["status"] == "ok"
                assert "event" not in message
        if line.wire.close_code is None:
            assert len(answers) == len(texts) + 1
        else:
            assert len(answers) <= len(texts) + 1
            assert answers[-1]["status"] == "error"
        await stage.close()

    asyncio.run(play())


async def settle(stage: Stage, line: Line) -> list[dict[str, Any]]:
    """Let everything that was asked be answered, delayed verdicts included."""
    heard: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = [msgspec.json.decode(text, type=dict[str, Any]) for text in line.wire.take()]
            heard += found
            is_over = line.wire.close_code is not None or any(one.get("id") == "the fence" for one in heard)
            if is_over and not found and not line.wire.is_busy:
                return heard
            stage.fake_clock.advance(10)
            await asyncio.sleep(0)
