"""The latest events: the last ones and no more, as they were written, for the owner alone."""

import sys
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stagedoor import keys
from stagedoor.access import BY_PASSWORD, SERVICE, Client
from stagedoor.errors import NotPermitted
from stagedoor.hub import Audience, Catalogue, Hub, Kind, MemoryStore, Write
from stagedoor.keys import RECENT_EVENTS
from stagedoor.services.recent import KEPT, KEPT_BYTES, RecentEvents
from tests.services.harness import Desk, FakeTime


@pytest.fixture
def clock() -> FakeTime:
    return FakeTime()


@pytest.fixture(autouse=True)
def recent(desk: Desk, clock: FakeTime) -> RecentEvents:
    service = RecentEvents(Client(desk.hub, SERVICE), now=clock)
    service.start()
    return service


async def ask(desk: Client) -> Any:
    return msgspec.json.decode(await desk.call(RECENT_EVENTS, ""))


async def values(desk: Client) -> list[str]:
    return [event["value"] for event in (await ask(desk))["events"]]


async def test_events_are_told_as_they_were_written_with_their_time(desk: Desk, clock: FakeTime) -> None:
    await desk.put("event/Twitch/Follow", ' {"user_name": "Ada"} ')
    clock.now += 1.5
    await desk.put("event/General/a/b", "not JSON")
    answer = await ask(desk)
    first, second = answer["events"]
    assert (first["key"], first["value"]) == ("event/Twitch/Follow", ' {"user_name": "Ada"} ')
    assert (second["key"], second["value"]) == ("event/General/a/b", "not JSON")
    assert (first["at_ms"], second["at_ms"]) == (1_790_000_000_000, 1_790_000_001_500)
    assert (second["number"], answer["last"]) == (first["number"] + 1, second["number"])


async def test_nothing_else_is_kept_and_yet_counted_when_it_is_below_the_same_prefix(desk: Desk) -> None:
    before = (await ask(desk))["last"]
    await desk.put("twitch/ev/chat-message", "another key")
    await desk.put("event", "a key of somebody's")
    assert await ask(desk) == {"last": before, "events": []}
    await desk.put("event/Custom/@question", "a request may hold what is for its service alone")
    await desk.put("event/Custom/Thing", "a")
    await desk.put("event/Custom/Thing", None)
    answer = await ask(desk)
    assert [(event["number"], event["value"]) for event in answer["events"]] == [(before + 2, "a")]
    assert answer["last"] == before + 3


async def test_the_last_ones_are_kept(desk: Desk) -> None:
    for number in range(KEPT + 5):
        await desk.put("event/Custom/Thing", str(number))
    assert await values(desk) == [str(number) for number in range(5, KEPT + 5)]


async def test_large_ones_make_room_for_each_other_and_one_that_is_too_large_is_not_kept(desk: Desk) -> None:
    quarter = "x" * (KEPT_BYTES // 4)
    for name in "abcde":
        await desk.put("event/Custom/Thing", name + quarter)
    assert [value[0] for value in await values(desk)] == ["c", "d", "e"]
    before = (await ask(desk))["last"]
    await desk.put("event/Custom/Thing", "z" * KEPT_BYTES)
    await desk.put("event/Custom/Thing", "f")
    assert [value[0] for value in await values(desk)] == ["c", "d", "e", "f"]
    assert (await ask(desk))["last"] == before + 2


async def test_one_batch_is_told_in_its_order(desk: Desk) -> None:
    await desk.put_all(
        [Write("event/Twitch/ChatMessage", "1"), Write("twitch/x", "-"), Write("event/Twitch/Cheer", "2")]
    )
    assert await values(desk) == ["1", "2"]


async def test_numbers_are_not_given_twice_after_a_start(desk: Desk, clock: FakeTime) -> None:
    for _ in range(50):
        await desk.put("event/Custom/Thing", "")
    last = (await ask(desk))["last"]
    clock.now += 1
    hub = Hub(MemoryStore(), Catalogue(keys.SPECS))
    RecentEvents(Client(hub, SERVICE), now=clock).start()
    answer = await ask(Client(hub, SERVICE))
    assert answer["last"] > last
    assert answer["last"] < 1 << 53, "which JavaScript could not count with"
    await hub.close()


async def test_the_owner_alone_is_told(desk: Desk) -> None:
    with pytest.raises(NotPermitted):
        await Client(desk.hub, BY_PASSWORD).call(RECENT_EVENTS, "")


def test_no_event_of_streamerbot_holds_what_is_for_the_owners_eyes() -> None:
    for spec in keys.SPECS:
        if spec.pattern.startswith("event/"):
            assert spec.kind is Kind.EVENT
            assert spec.readers is Audience.EVERYONE
            assert not spec.holds_secrets


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sizes=st.lists(st.integers(0, KEPT_BYTES + 10), max_size=20))
async def test_as_many_of_the_last_are_kept_as_there_is_room_for(sizes: list[int]) -> None:
    hub = Hub(MemoryStore(), Catalogue(keys.SPECS))
    client = Client(hub, SERVICE)
    RecentEvents(Client(hub, SERVICE)).start()
    written = [f"{index:3}" + "x" * size for index, size in enumerate(sizes)]
    for value in written:
        await client.put("event/Custom/Thing", value)
    expected: list[str] = []
    for value in reversed([value for value in written if sys.getsizeof(value) <= KEPT_BYTES]):
        if sum(map(sys.getsizeof, [value, *expected])) > KEPT_BYTES:
            break
        expected.insert(0, value)
    assert await values(client) == expected
    await hub.close()
