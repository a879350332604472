"""What a session hears, against a naive model; and a thousand sessions at one hub."""

import asyncio
import json
import random
import time
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor.access import NOBODY, SERVICE, Client
from stagedoor.hub import Catalogue, Change, Hub, MemoryStore, Write
from stagedoor.streamerbot.events import CATALOGUE, EventName
from stagedoor.streamerbot.interest import (
    EXPECTED_FOR_S,
    Interest,
    is_known,
    is_well_formed,
    known_names,
    known_part,
    read_selection,
)
from stagedoor.streamerbot.messages import MissingParameter
from tests.kilovolt.harness import FakeClock
from tests.streamerbot.harness import Line, Stage, read_event

EVENTS = [
    EventName("Twitch", "Follow"),
    EventName("Twitch", "Cheer"),
    EventName("Kick", "Follow"),
    EventName("Obs", "SceneChanged"),
    EventName("Custom", "Event"),
    EventName("MyPlugin", "Happened"),
    EventName("MyPlugin", "Ended"),
]
"""Known ones, one that sessions may wait for, and a plugin's."""

ANYTHING = [EventName(source.source, type_.type) for source in EVENTS for type_ in EVENTS]

SESSIONS = 1000
HAPPENINGS = 3000

Rule = tuple[str, dict[str, list[str]]]
"""A request and its ``events``."""


def hears(rules: Iterable[Rule], name: EventName) -> bool:
    """The naive model: what was said last about an event counts."""
    is_heard = False
    for request, events in rules:
        if any(
            source in ("*", name.source) and type_ in ("*", name.type)
            for source, types in events.items()
            for type_ in types
        ):
            is_heard = request == "Subscribe"
    return is_heard


SELECTIONS = st.dictionaries(
    st.sampled_from(sorted({name.source for name in EVENTS})),
    st.lists(st.sampled_from(["*", *sorted({name.type for name in EVENTS})]), max_size=3),
    max_size=3,
) | st.just({"*": ["*"]})

STEPS = st.lists(
    st.tuples(st.sampled_from(["Subscribe", "UnSubscribe"]), SELECTIONS)
    | st.tuples(st.just("event"), st.sampled_from(EVENTS)),
    max_size=25,
)


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_a_session_hears_what_was_said_last(steps: list[tuple[str, Any]]) -> None:
    async def play() -> None:
        stage = Stage(mode="off")
        line = stage.connect()
        rules: list[Rule] = []
        heard: list[tuple[str, str, object]] = []
        expected: list[tuple[str, str, object]] = []
        for number, (kind, subject) in enumerate(steps):
            if kind == "event":
                stage.happen(subject[0], subject[1], number)
                expected += [(subject[0], subject[1], number)] if hears(rules, subject) else []
                heard += map(read_event, take(line))
                continue
            before = {name for name in ANYTHING if hears(rules, name)}
            rules.append((kind, subject))
            line.ask(kind, id=number, events=subject)
            (answer,) = take(line)
            assert (answer["status"], answer["id"]) == ("ok", number)
            if kind == "UnSubscribe":
                check_removed(answer["events"], subject, before)
        assert heard == expected
        await stage.close()

    asyncio.run(play())


def take(line: Line) -> list[dict[str, Any]]:
    return [msgspec.json.decode(text, type=dict[str, Any]) for text in line.wire.take()]


def check_removed(removed: dict[str, list[str]], subject: dict[str, list[str]], before: set[EventName]) -> None:
    """Compare the names in an answer to UnSubscribe with those that were heard; wildcards come back as such."""
    names = {
        EventName(source, type_) for source, types in removed.items() for type_ in types if "*" not in (source, type_)
    }
    assert names <= before
    asked = {EventName(source, type_) for source, types in subject.items() for type_ in types if type_ != "*"}
    known = {name for name in asked & before if CATALOGUE.canonical(*name)}
    covered = {source for source, types in removed.items() if "*" in types}
    assert all(name in names or name.source in covered or "*" in covered for name in known)


@pytest.mark.timeout(120)
async def test_a_thousand_sessions_hear_what_the_model_says_in_order_and_nothing_else() -> None:
    chance = random.Random(8080)
    stage = Stage(mode="off")
    lines = [stage.connect() for _ in range(SESSIONS)]
    rules: list[list[Rule]] = [[] for _ in lines]
    expected: list[list[tuple[EventName, int]]] = [[] for _ in lines]
    names = EVENTS + [EventName("Twitch", type_) for type_ in ("Sub", "Raid", "ChatMessage")]

    def say(index: int) -> None:
        kind = chance.choice(["Subscribe", "Subscribe", "UnSubscribe"])
        name = chance.choice(names)
        events = chance.choice(
            [{name.source: [name.type]}] * 4 + [{name.source: ["*"]}, {name.source: [name.type, "*"]}, {"*": ["*"]}]
        )
        lines[index].ask(kind, events=events)
        rules[index].append((kind, events))

    for index in range(SESSIONS):
        for _ in range(chance.randrange(4)):
            say(index)
    heard_by = {name: [index for index in range(SESSIONS) if hears(rules[index], name)] for name in names}
    for number in range(HAPPENINGS):
        if number % 10 == 0:
            index = chance.randrange(SESSIONS)
            say(index)
            for name in names:
                was, is_ = index in heard_by[name], hears(rules[index], name)
                if was and not is_:
                    heard_by[name].remove(index)
                elif is_ and not was:
                    heard_by[name].append(index)
        name = chance.choice(names)
        stage.happen(*name, number)
        for index in heard_by[name]:
            expected[index].append((name, number))
    parsed: dict[str, Any] = {}
    for line, wanted in zip(lines, expected, strict=True):
        heard = []
        for text in line.wire.take():
            message = parsed.setdefault(text, None) or json.loads(text)
            parsed[text] = message
            if "event" in message:
                heard.append((EventName(**message["event"]), message["data"]))
        assert heard == wanted
    assert sum(map(len, expected)) > 100 * HAPPENINGS
    await stage.close()


# --- reading what is asked for ------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", CATALOGUE.names())
def test_every_event_is_found_in_any_case(source: str) -> None:
    types = CATALOGUE.names()[source]
    assert read_selection({source.lower(): [type_.upper() for type_ in types]}) == {source: types}


@pytest.mark.parametrize(
    ("events", "selection"),
    [
        ("*", {"*": ["*"]}),
        ({"*": ["*"]}, {"*": ["*"]}),
        ({"*": "*"}, {"*": ["*"]}),
        ({"twitch": "*"}, {"Twitch": ["*"]}),
        ({"Plugin": ["*", "One"]}, {"Plugin": ["*", "One"]}),
        ({"Twitch": []}, {}),
        ({"Twitch": [None, 5, ["Follow"], {"a": 1}, True]}, {}),
        ({"Twitch": {"Follow": True}}, {}),
        ({"Pl ugin": ["One"], "": ["One"], "a/b": ["One"], "@a": ["x"], "x" * 65: ["y"], "ü": ["x"]}, {}),
        ({"Plugin": ["", "a b", "a/b", "@a", "x" * 65, "ü", "ok"]}, {"Plugin": ["ok"]}),
        ({"*": ["Nothing"]}, {}),
        ({"plugin": ["One"], "Plugin": ["One"]}, {"plugin": ["One"], "Plugin": ["One"]}),
    ],
)
def test_a_selection_is_read(events: object, selection: dict[str, list[str]]) -> None:
    assert read_selection(events) == selection


@pytest.mark.parametrize("events", [None, [], ["Twitch"], "Twitch.Follow", "", 0, False, 1.5])
def test_what_is_no_selection_is_missing(events: object) -> None:
    with pytest.raises(MissingParameter, match="Missing parameter: events"):
        read_selection(events)


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=4)))
def test_reading_never_fails_and_gives_names_that_make_keys(events: dict[str, object]) -> None:
    for source, types in read_selection(events).items():
        assert source == "*" or is_well_formed(source)
        assert len(types) == len(set(types))
        for type_ in types:
            assert type_ == "*" or is_well_formed(type_)


# --- what there is ------------------------------------------------------------------------------------------------


@pytest.fixture
def stage() -> Stage:
    return Stage(mode="off")


async def test_what_was_published_is_known(stage: Stage) -> None:
    client = Client(stage.hub, SERVICE)
    name = EventName("MyPlugin", "Happened")
    assert not is_known(name, client)
    stage.happen(*name)
    stage.happen("Twitch", "Bogus")
    stage.write("event/Twitch/Follow/now", "1")
    assert is_known(name, client)
    names = known_names(client)
    assert names["MyPlugin"] == ["Happened"]
    assert names["Twitch"] == [*CATALOGUE.names()["Twitch"], "Bogus"]
    assert known_part(read_selection({"MyPlugin": ["Happened", "Other", "*"]}), client) == {"MyPlugin": ["Happened"]}
    await stage.close()


async def test_the_catalogues_own_lists_stay_as_they_are(stage: Stage) -> None:
    stage.happen("Twitch", "Bogus")
    known_names(stage.owner)
    assert "Bogus" not in CATALOGUE.names()["Twitch"]
    await stage.close()


# --- waiting for an answer -----------------------------------------------------------------------------------------


async def test_what_has_expired_makes_room() -> None:
    hub, clock = Hub(MemoryStore(), Catalogue()), FakeClock()
    interest = Interest(Client(hub, SERVICE), clock)
    for number in range(1000):
        interest.expect(f"old-{number}")
    clock.advance(61)
    interest.expect("new")
    assert list(interest._expected) == ["new"]
    await hub.close()


WAITS = st.lists(
    st.tuples(st.sampled_from(["expect", "expect_no_more", "event"]), st.sampled_from("abc"))
    | st.tuples(st.sampled_from(["Subscribe", "UnSubscribe"]), SELECTIONS)
    | st.tuples(st.just("wait"), st.sampled_from([1, 30, 61])),
    max_size=25,
)


@settings(max_examples=400, deadline=None)
@given(WAITS)
def test_what_is_waited_for_is_heard_once_and_what_is_subscribed_always(steps: list[tuple[str, Any]]) -> None:
    async def play() -> None:
        hub, clock = Hub(MemoryStore(), Catalogue()), FakeClock()
        heard: list[str] = []

        def deliver(change: Change) -> None:
            if interest.wants(change):
                heard.append(change.value)

        client = Client(hub, SERVICE, deliver)
        interest = Interest(client, clock)
        rules: list[Rule] = []
        until: dict[str, float] = {}
        expected: list[str] = []
        for kind, subject in steps:
            if kind == "wait":
                clock.advance(subject)
            elif kind == "expect":
                interest.expect(subject)
                until[subject] = clock.time() + EXPECTED_FOR_S
            elif kind == "expect_no_more":
                interest.expect_no_more(subject)
                until.pop(subject, None)
            elif kind == "event":
                value = json.dumps({"eventName": subject})
                is_expected = until.pop(subject, 0) > clock.time()
                if is_expected or hears(rules, EventName("Custom", "Event")):
                    expected.append(value)
                client.write([Write("event/Custom/Event", value)], lambda error: None)
            else:
                rules.append((kind, subject))
                selection = read_selection(subject)
                interest.add(selection) if kind == "Subscribe" else interest.remove(selection)
        assert heard == expected
        await hub.close()

    asyncio.run(play())


async def test_waiting_leaves_no_subscription_behind() -> None:
    hub = Hub(MemoryStore(), Catalogue())
    client = Client(hub, SERVICE)
    interest = Interest(client, FakeClock())
    interest.expect("one")
    interest.expect("two")
    interest.expect_no_more("one")
    assert client.subscription_count == 1
    interest.expect_no_more("two")
    interest.expect_no_more("two")
    assert client.subscription_count == 0
    interest.add(read_selection({"Custom": ["Event"]}))
    interest.expect("three")
    interest.expect_no_more("three")
    assert client.subscription_count == 1
    client.grant = NOBODY
    await hub.close()


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("named", {f"source{number}": ["Happened"] for number in range(19_000)}),
        ("sources", {f"source{number}": ["*"] for number in range(19_000)}),
        ("everything", {"*": ["*"]}),
    ],
)
async def test_thousands_of_wishes_hold_nobody_up(name: str, heard: dict[str, list[str]]) -> None:
    sources = {f"source{number}": ["*"] for number in range(19_000)}
    hub = Hub(MemoryStore(), Catalogue())
    client = Client(hub, SERVICE)
    interest = Interest(client, FakeClock())
    start = time.process_time()
    interest.add(read_selection(heard))
    assert client.subscription_count == sum(map(len, heard.values()))
    interest.remove(read_selection(sources))
    interest.add(read_selection(sources))
    interest.remove(read_selection("*"))
    # A tenth of a second each; what looks at every name for every source needs half a minute.
    assert time.process_time() - start < 5, name
    assert client.subscription_count == 0
    await hub.close()


async def test_thousands_of_invented_events_are_read_and_listed_at_once() -> None:
    hub = Hub(MemoryStore(), Catalogue())
    client = Client(hub, SERVICE)
    types = [f"type{number}" for number in range(50_000)]
    for type_ in types:
        client.write([Write(f"event/MyPlugin/{type_}", "{}")], lambda error: None)
    start = time.process_time()
    assert set(known_names(client)["MyPlugin"]) == set(types)
    assert known_part(read_selection({"MyPlugin": types}), client) == {"MyPlugin": types}
    assert time.process_time() - start < 5
    await hub.close()
