"""Variables: requests that lose nothing, and an event for each write, whoever wrote."""

import asyncio
import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client
from stagedoor.errors import RequestFailed
from stagedoor.hub import LmdbStore, MemoryStore, Write
from stagedoor.keys import GLOBAL_DELETE, GLOBAL_SET, segment
from stagedoor.services.variables import Variables
from stagedoor.streamerbot.times import write_time
from stagedoor.types import JsonObject
from tests.hub.shaky_store import ShakyStore
from tests.services.harness import Desk, FakeTime, encode, open_hub

BOTH = pytest.mark.parametrize("persisted", [True, False], ids=["persisted", "temporary"])


def key_of(name: str, *, persisted: bool = True) -> str:
    return f"global/{'persisted' if persisted else 'temporary'}/{segment(name)}"


async def serve(desk: Desk, now: FakeTime | None = None) -> Desk:
    """Start the service and hear its events."""
    hub = desk.hub
    await Variables(Client(hub, SERVICE), Client(hub, SERVICE), now=now or FakeTime()).start()
    desk.subscribe_prefix("event/")
    return desk


# --- requests ---


@BOTH
async def test_a_set_is_stored_and_answered(desk: Desk, *, persisted: bool) -> None:
    now = FakeTime()
    await serve(desk, now)
    answer = await desk.ask(GLOBAL_SET, name="lives", value=[1, {"a": None}], persisted=persisted)
    stored = {"value": [1, {"a": None}], "lastWrite": write_time(now.now)}
    assert answer == {"name": "lives", **stored}
    assert desk.read(key_of("lives", persisted=persisted)) == stored


async def test_a_variable_is_persisted_unless_it_is_said_otherwise(desk: Desk) -> None:
    await serve(desk)
    await desk.ask(GLOBAL_SET, name="lives", value=3)
    assert desk.keys("global/") == ["global/persisted/lives"]


@BOTH
async def test_counting_starts_at_zero_and_goes_by_one(desk: Desk, *, persisted: bool) -> None:
    await serve(desk)
    assert (await desk.ask(GLOBAL_SET, name="n", mode="increment", persisted=persisted))["value"] == 1
    assert (await desk.ask(GLOBAL_SET, name="n", mode="increment", value=0.5, persisted=persisted))["value"] == 1.5
    assert (await desk.ask(GLOBAL_SET, name="n", mode="decrement", value=3, persisted=persisted))["value"] == -1.5


@pytest.mark.parametrize("value", ["4", True, None, [1], {"a": 1}])
async def test_what_is_no_number_cannot_be_counted(desk: Desk, value: object) -> None:
    await serve(desk)
    await desk.ask(GLOBAL_SET, name="my text", value=value)
    with pytest.raises(RequestFailed, match="'my text' is no number"):
        await desk.ask(GLOBAL_SET, name="my text", mode="increment")
    with pytest.raises(RequestFailed, match="'other' can be changed by a number only"):
        await desk.ask(GLOBAL_SET, name="other", mode="decrement", value=value)
    assert desk.keys("global/") == [key_of("my text")]


async def test_a_sum_that_json_cannot_hold_is_refused(desk: Desk) -> None:
    await serve(desk)
    await desk.ask(GLOBAL_SET, name="n", value=1.5e308)
    with pytest.raises(RequestFailed, match="'n' would become too large"):
        await desk.ask(GLOBAL_SET, name="n", value=1.5e308, mode="increment")
    assert (await desk.ask(GLOBAL_SET, name="n", value=0, mode="increment"))["value"] == 1.5e308


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ('{"value":1}', "name"),
        ('{"name":""}', "needs a name"),
        ('{"name":1}', "expected a variable"),
        ('{"name":"a","mode":"double"}', "expected a variable"),
        ('{"name":"a","platform":"twitch"}', "both platform and userId"),
        ('{"name":"a","userId":"1"}', "both platform and userId"),
        ('{"name":"a","platform":"","userId":"1"}', "must not be empty"),
        ("nothing", "expected a variable"),
        ("[" * 100_000, "expected a variable"),
        (encode({"name": "ü" * 250}), "has 517 bytes"),
    ],
)
async def test_a_senseless_request_is_refused_with_a_reason(desk: Desk, request_: str, reason: str) -> None:
    await serve(desk)
    for request in (GLOBAL_SET, GLOBAL_DELETE):
        if not (request == GLOBAL_DELETE and "double" in request_):
            with pytest.raises(RequestFailed, match=reason):
                await desk.call(request, request_)
    assert desk.keys("global/") == []


@BOTH
async def test_a_deleted_variable_is_gone_and_cannot_be_deleted_again(desk: Desk, *, persisted: bool) -> None:
    await serve(desk)
    await desk.ask(GLOBAL_SET, name="lives", value=3, persisted=persisted)
    assert await desk.ask(GLOBAL_DELETE, name="lives", persisted=persisted) == {}
    assert desk.keys("global/") == []
    with pytest.raises(RequestFailed, match="no variable 'lives'"):
        await desk.ask(GLOBAL_DELETE, name="lives", persisted=persisted)


async def test_names_of_any_text_are_one_segment(desk: Desk) -> None:
    await serve(desk)
    await desk.ask(GLOBAL_SET, name="@a/b %41", value=1)
    assert desk.keys("global/") == ["global/persisted/%40a%2Fb %2541"]
    assert [data["name"] for _, data in desk.events("Misc")] == ["@a/b %41"]


async def test_a_store_that_fails_is_told_and_the_next_request_builds_on_what_is_stored() -> None:
    store = ShakyStore(MemoryStore())
    desk = await serve(Desk(open_hub(store)))
    await desk.ask(GLOBAL_SET, name="n", value=1)
    store.failures = 1
    with pytest.raises(RequestFailed, match="could not be kept"):
        await desk.ask(GLOBAL_SET, name="n", mode="increment")
    store.read_failures = 1
    with pytest.raises(RequestFailed, match="cannot be read"):
        await desk.ask(GLOBAL_SET, name="n", mode="increment")
    assert (await desk.ask(GLOBAL_SET, name="n", mode="increment"))["value"] == 2
    await desk.hub.close()


# --- many at once ---


@BOTH
@pytest.mark.parametrize("store", ["memory", "lmdb"])
@settings(max_examples=15, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(-50, 50), st.booleans()), max_size=120))
def test_no_update_is_lost(
    tmp_path_factory: pytest.TempPathFactory, store: str, steps: list[tuple[str, int, bool]], *, persisted: bool
) -> None:
    async def run() -> None:
        hub = open_hub(LmdbStore(tmp_path_factory.mktemp("s") / "store") if store == "lmdb" else MemoryStore())
        desk = await serve(Desk(hub))
        answers = await asyncio.gather(
            *(
                desk.ask(
                    GLOBAL_SET, name=name, value=step, mode="increment" if up else "decrement", persisted=persisted
                )
                for name, step, up in steps
            )
        )
        expected = {"a": 0, "b": 0}
        for (name, step, up), answer in zip(steps, answers, strict=True):
            expected[name] += step if up else -step
            assert answer["value"] == expected[name]
        for name in {name for name, _, _ in steps}:
            stored = desk.read(key_of(name, persisted=persisted))
            assert isinstance(stored, dict)
            assert stored["value"] == expected[name]
        heard = desk.events("Misc")
        assert len(heard) == len(steps)
        told: JsonObject = {}
        for _, data in heard:
            assert data.get("oldValue") == told.get(str(data["name"]))
            told[str(data["name"])] = data["newValue"]
        await hub.close()

    asyncio.run(run())


async def test_a_thousand_increments_are_a_few_commits(tmp_path: Path) -> None:
    hub = open_hub(LmdbStore(tmp_path / "store"))
    desk = await serve(Desk(hub))
    before = hub.durable_commits
    await asyncio.gather(*(desk.ask(GLOBAL_SET, name="n", mode="increment") for _ in range(1000)))
    assert hub.durable_commits - before < 20
    assert (await desk.ask(GLOBAL_SET, name="n", mode="increment"))["value"] == 1001
    await hub.close()


async def test_deletion_takes_its_turn_among_the_sets(desk: Desk) -> None:
    await serve(desk)
    await asyncio.gather(
        desk.ask(GLOBAL_SET, name="n", value=5),
        desk.ask(GLOBAL_SET, name="n", mode="increment"),
        desk.ask(GLOBAL_DELETE, name="n"),
        desk.ask(GLOBAL_SET, name="n", mode="increment"),
    )
    assert [type_.removeprefix("GlobalVariable") for type_, _ in desk.events("Misc")] == [
        "Created",
        "Updated",
        "Deleted",
        "Created",
    ]
    assert (await desk.ask(GLOBAL_SET, name="n", mode="increment"))["value"] == 2


async def test_whoever_stops_asking_holds_nobody_up(tmp_path: Path) -> None:
    desk = await serve(Desk(open_hub(LmdbStore(tmp_path / "store"))))
    gone = [asyncio.create_task(desk.ask(GLOBAL_SET, name="n", mode="increment")) for _ in range(5)]
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    assert (await desk.ask(GLOBAL_SET, name="m", mode="increment"))["value"] == 1
    await desk.hub.close()


# --- events ---


@BOTH
async def test_the_first_write_creates_and_each_later_one_updates(desk: Desk, *, persisted: bool) -> None:
    now = FakeTime()
    await serve(desk, now)
    for value in (1, 1, "x"):
        await desk.ask(GLOBAL_SET, name="n", value=value, persisted=persisted)
    await desk.ask(GLOBAL_DELETE, name="n", persisted=persisted)
    common = {"name": "n", "persisted": persisted, "lastWrite": write_time(now.now)}
    assert desk.events("Misc") == [
        ("GlobalVariableCreated", {**common, "value": 1, "newValue": 1}),
        ("GlobalVariableUpdated", {**common, "newValue": 1, "oldValue": 1}),
        ("GlobalVariableUpdated", {**common, "newValue": "x", "oldValue": 1}),
        ("GlobalVariableDeleted", {"name": "n", "persisted": persisted}),
    ]


async def test_a_plain_write_counts_the_same(desk: Desk) -> None:
    now = FakeTime()
    await serve(desk, now)
    await desk.put("global/persisted/n", '{"value":7,"lastWrite":"2026-01-05T20:15:00.123+01:00"}')
    await desk.put("global/persisted/n", '{"value":8}')
    await desk.put("global/persisted/n", None)
    heard = desk.events("Misc")
    assert [type_.removeprefix("GlobalVariable") for type_, _ in heard] == ["Created", "Updated", "Deleted"]
    assert [data.get("lastWrite") for _, data in heard] == [
        "2026-01-05T20:15:00.123+01:00",
        write_time(now.now),
        None,
    ]


async def test_both_stores_may_hold_the_same_name(desk: Desk) -> None:
    await serve(desk)
    await desk.ask(GLOBAL_SET, name="n", value=1)
    await desk.ask(GLOBAL_SET, name="n", value=2, persisted=False)
    assert [(type_, data["value"]) for type_, data in desk.events("Misc")] == [
        ("GlobalVariableCreated", 1),
        ("GlobalVariableCreated", 2),
    ]


async def test_variables_of_earlier_are_known_at_the_start(desk: Desk) -> None:
    await desk.put_all([Write(f"global/persisted/{number}", encode({"value": number})) for number in range(2500)])
    await serve(desk)
    await desk.ask(GLOBAL_SET, name="2499", value="new")
    ((type_, data),) = desk.events("Misc")
    assert (type_, data["oldValue"]) == ("GlobalVariableUpdated", 2499)


async def test_what_happens_during_the_start_is_told_after_it(desk: Desk) -> None:
    await desk.put_all([Write(f"global/persisted/{number}", encode({"value": number})) for number in range(2500)])
    desk.subscribe_prefix("event/")
    service = Variables(Client(desk.hub, SERVICE), Client(desk.hub, SERVICE))
    starting = asyncio.create_task(service.start())
    await asyncio.sleep(0)
    await desk.put("global/persisted/2499", '{"value":"new"}')
    await starting
    ((type_, data),) = desk.events("Misc")
    assert (type_, data["oldValue"], data["newValue"]) == ("GlobalVariableUpdated", 2499, "new")


async def test_what_is_no_variable_is_complained_about_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    await serve(desk)
    with caplog.at_level(logging.WARNING):
        for text in ("3", '{"val":3}', "not JSON", ""):
            await desk.put("global/persisted/odd", text)
        await desk.put("global/elsewhere/n", "3")
        await desk.put("global/n", "3")
    assert desk.events("Misc") == []
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "the key 'global/persisted/odd' holds no variable"
    ]
    assert (await desk.ask(GLOBAL_SET, name="odd", mode="increment"))["value"] == 1
    assert [type_ for type_, _ in desk.events("Misc")] == ["GlobalVariableCreated"]


@settings(max_examples=60, deadline=None)
@given(text=st.one_of(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists).map(encode)))
def test_garbage_breaks_nothing(text: str) -> None:
    async def run() -> None:
        desk = await serve(Desk(open_hub(MemoryStore())))
        for key in (
            "global/persisted/n",
            "user-global/temporary/twitch/1/n",
            f"global/persisted/{text}",
            f"global/{text}",
        ):
            if len(key.encode()) < 500:
                await desk.put(key, text)
        await desk.put("global/persisted/good", '{"value":1}')
        assert [data["name"] for _, data in desk.events("Misc")][-1] == "good"
        await desk.hub.close()

    if not any("\ud800" <= character <= "\udfff" for character in text):
        asyncio.run(run())


# --- viewers' variables ---


@BOTH
async def test_a_viewers_variable_updates_from_the_first_write_on(desk: Desk, *, persisted: bool) -> None:
    now = FakeTime()
    await serve(desk, now)
    viewer = {"platform": "Twitch", "userId": "136079477", "persisted": persisted}
    answer = await desk.ask(GLOBAL_SET, name="tuna", value=3, userLogin="whazz", userName="Whazz", **viewer)
    stored = {"value": 3, "lastWrite": write_time(now.now), "userLogin": "whazz", "userName": "Whazz"}
    assert answer == {"name": "tuna", **stored}
    store = "persisted" if persisted else "temporary"
    assert desk.read(f"user-global/{store}/twitch/136079477/tuna") == stored
    assert (await desk.ask(GLOBAL_SET, name="tuna", mode="increment", **viewer))["userName"] == "Whazz"
    await desk.ask(GLOBAL_DELETE, name="tuna", **viewer)
    assert desk.keys("user-global/") == []
    common = {
        "name": "tuna",
        "persisted": persisted,
        "lastWrite": write_time(now.now),
        "userId": "136079477",
        "userType": "twitch",
        "userLogin": "whazz",
        "userName": "Whazz",
    }
    assert desk.events("Misc") == [
        ("UserGlobalVariableUpdated", {**common, "newValue": 3, "oldValue": None}),
        ("UserGlobalVariableUpdated", {**common, "newValue": 4, "oldValue": 3}),
    ]


async def test_a_viewer_who_is_known_needs_no_name(desk: Desk) -> None:
    await serve(desk)
    await desk.put("viewer/kick/7", encode({"id": "7", "type": "kick", "login": "otter", "display": "Otter"}))
    answer = await desk.ask(GLOBAL_SET, name="n", value=1, platform="kick", userId="7")
    assert (answer["userLogin"], answer["userName"]) == ("otter", "Otter")
    answer = await desk.ask(GLOBAL_SET, name="n", value=1, platform="kick", userId="8", userLogin="toad")
    assert (answer["userLogin"], answer["userName"]) == ("toad", "toad")
