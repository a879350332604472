"""What is kept of a register: over a restart and a restore, when entries are broken or end, when the store refuses."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from stagedoor.access import SERVICE, Client, Departure, OverlayKey, OverlayKeys, Scopes
from stagedoor.errors import RequestFailed
from stagedoor.hub import Hub, LmdbStore, MemoryStore, Store
from stagedoor.kept import MAX_NAME_CHARACTERS, Kept, in_ms, read_end, read_name
from tests.hub.shaky_store import ShakyStore
from tests.services.harness import Desk, FakeTime, encode, open_hub

STORED = "stagedoor/overlay-key-secrets"
SHOWN = "stagedoor/overlay-keys"
REVOKED = "stagedoor/revoked/overlay-keys"
LOOK = Scopes.parse("read:a")


class Shown(msgspec.Struct):
    """An entry of the list that is shown."""

    id: str


class Shelf:
    """A register that is kept, and what is heard of it."""

    def __init__(self, hub: Hub, time: FakeTime) -> None:
        self.desk = Desk(hub)
        self.expired: list[str] = []
        self.kept: Kept[OverlayKey, OverlayKeys] = Kept(
            Client(hub, SERVICE),
            lambda changed, stored: OverlayKeys(time, changed, stored),
            OverlayKey,
            stored_at=STORED,
            shown_at=SHOWN,
            revoked_at=REVOKED,
            describe=lambda key: {"id": key.id, "end": in_ms(key.expires_at)},
            check=lambda key: key.grant,
            expired=lambda key: self.expired.append(key.id),
        )
        self.keys = self.kept.register

    async def settle(self) -> None:
        """Wait until everything that was written before can be read."""
        await self.desk.put("a", "fence")

    async def shown(self) -> list[str]:
        await self.settle()
        return [entry.id for entry in msgspec.json.decode(self.desk.get(SHOWN) or "[]", type=list[Shown])]


@pytest.fixture(params=["memory", "lmdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return LmdbStore(tmp_path / "store") if request.param == "lmdb" else MemoryStore()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
async def hub(store: Store) -> AsyncIterator[Hub]:
    opened = open_hub(store)
    yield opened
    await opened.close()


async def test_what_is_shown_says_nothing_that_opens(hub: Hub, time: FakeTime) -> None:
    shelf = Shelf(hub, time)
    key = shelf.keys.make("Wheel", LOOK)
    assert await shelf.shown() == [key.id]
    assert key.key in shelf.desk.get(STORED)
    assert key.key not in shelf.desk.get(SHOWN)


async def test_a_restart_finds_what_was_kept(tmp_path: Path, time: FakeTime) -> None:
    hub = open_hub(LmdbStore(tmp_path / "store"))
    shelf = Shelf(hub, time)
    kept, gone = shelf.keys.make("Wheel", LOOK), shelf.keys.make("Bot", LOOK)
    shelf.keys.remove(gone)
    await shelf.kept.settled()
    await hub.close()
    hub = open_hub(LmdbStore(tmp_path / "store"))
    shelf = Shelf(hub, time)
    assert [key.key for key in shelf.keys.stored()] == [kept.key]
    assert await shelf.shown() == [kept.id]
    await hub.close()


async def test_what_ended_while_nobody_ran_ends_at_the_start(tmp_path: Path, time: FakeTime) -> None:
    hub = open_hub(LmdbStore(tmp_path / "store"))
    shelf = Shelf(hub, time)
    key = shelf.keys.make("Wheel", LOOK, expires_at=time.now + 3_600)
    await shelf.kept.settled()
    shelf.kept.close()
    await hub.close()
    time.now += 3_600
    hub = open_hub(LmdbStore(tmp_path / "store"))
    shelf = Shelf(hub, time)
    assert shelf.keys.prove(lambda shown: shown == key.key) is None, "before the timer ran"
    gone = asyncio.Event()
    shelf.desk.deliver = lambda change: gone.set()
    shelf.desk.subscribe(SHOWN)
    async with asyncio.timeout(10):
        await gone.wait()
    assert shelf.expired == [key.id]
    assert await shelf.shown() == []
    await hub.close()


async def test_an_entry_ends_by_itself(hub: Hub) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    time = FakeTime()
    shelf = Shelf(hub, time)
    real = shelf.keys.now
    assert real is time
    shelf.keys.now = lambda: time.now + loop.time() - start  # the clock goes from now on
    left: asyncio.Future[Departure] = loop.create_future()
    stays = shelf.keys.make("Stays", LOOK, expires_at=time.now + 3_600)
    key = shelf.keys.make("Wheel", LOOK, expires_at=time.now + 0.2)
    assert shelf.keys.enter(key.id, "an overlay", left.set_result) is not None
    assert shelf.keys.enter(stays.id, "another", lambda departure: pytest.fail("it stays")) is not None
    async with asyncio.timeout(10):
        assert await left is Departure.EXPIRED
    assert loop.time() - start >= 0.19
    assert shelf.expired == [key.id]
    assert await shelf.shown() == [stays.id]
    shelf.kept.close()


async def test_an_earlier_end_is_waited_for_instead(hub: Hub) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    time = FakeTime()
    shelf = Shelf(hub, time)
    shelf.keys.now = lambda: time.now + loop.time() - start
    key = shelf.keys.make("Wheel", LOOK, expires_at=time.now + 3_600)
    left: asyncio.Future[Departure] = loop.create_future()
    shelf.keys.enter(key.id, "an overlay", left.set_result)
    shelf.keys.note(msgspec.structs.replace(key, expires_at=time.now + 0.1))
    async with asyncio.timeout(10):
        assert await left is Departure.EXPIRED


async def test_a_restore_alters_sends_away_and_brings_back_what_was_not_revoked(hub: Hub, time: FakeTime) -> None:
    shelf = Shelf(hub, time)
    early, altered = shelf.keys.make("Early", LOOK), shelf.keys.make("Altered", LOOK)
    await shelf.settle()
    empty = shelf.desk.get(REVOKED)
    await shelf.settle()
    backup = shelf.desk.get(STORED)
    left: list[tuple[str, Departure]] = []
    shelf.keys.remove(early)
    shelf.keys.alter(msgspec.structs.replace(altered, scopes=("read:*",)))
    late = shelf.keys.make("Late", LOOK)
    for key in (altered, late):
        shelf.keys.enter(key.id, key.name, lambda departure, name=key.name: left.append((name, departure)))  # type: ignore[misc]
    await shelf.settle()
    await shelf.desk.put(STORED, backup)
    assert await shelf.shown() == [altered.id]
    assert sorted(left, key=str) == [("Altered", Departure.CHANGED), ("Late", Departure.REVOKED)]
    restored = shelf.keys.named(altered.id)
    assert restored is not None
    assert restored.scopes == ("read:a",)
    revoked = shelf.desk.get(REVOKED)
    assert early.id in revoked
    await shelf.desk.put(REVOKED, empty or None)
    await shelf.settle()
    assert shelf.desk.get(REVOKED) == revoked, "what was revoked stays so, whoever writes that"
    await shelf.desk.put(STORED, backup)
    assert await Shelf(hub, time).shown() == [altered.id], "and over a restart"


@pytest.mark.parametrize("broken", ["x", "[]", '{"a":"b"}', "[" * 10_000])
async def test_broken_revocations_revoke_nothing_and_are_mended(hub: Hub, time: FakeTime, broken: str) -> None:
    shelf = Shelf(hub, time)
    kept, gone = shelf.keys.make("Kept", LOOK), shelf.keys.make("Gone", LOOK)
    shelf.keys.remove(gone)
    await shelf.settle()
    revoked = shelf.desk.get(REVOKED)
    await shelf.desk.put(REVOKED, broken)
    assert await shelf.shown() == [kept.id]
    assert shelf.desk.get(REVOKED) == revoked


GOOD = {"made_at": 1.0, "id": "good", "name": "Wheel", "key": "overlay-good", "scopes": ["read:a"]}


@pytest.mark.parametrize(
    "broken",
    [
        None,
        5,
        "text",
        [],
        {},
        {**GOOD, "id": 5},
        {**GOOD, "scopes": ["no scope"]},
        {**GOOD, "scopes": None},
        {**GOOD, "scopes": [f"read:{number}" for number in range(65)]},
        {**GOOD, "made_at": "yesterday"},
        {**GOOD, "expires_at": 1e308},
        {"id": "x"},
    ],
    ids=lambda broken: encode(broken)[:40],
)
async def test_a_broken_entry_is_left_out_and_the_others_stay(
    hub: Hub, time: FakeTime, broken: object, caplog: pytest.LogCaptureFixture
) -> None:
    await Desk(hub).put(STORED, encode([GOOD, broken, {**GOOD, "id": "other", "key": "overlay-other"}]))
    shelf = Shelf(hub, time)
    assert await shelf.shown() == ["good", "other"]
    assert f"an entry of the key {STORED} is not valid" in caplog.text
    assert "overlay-good" not in caplog.text
    added = shelf.keys.make("New", LOOK)
    assert await shelf.shown() == ["good", "other", added.id]


@pytest.mark.parametrize("broken", ["no JSON", "{}", "5", "[", "[" * 100_000])
async def test_a_broken_list_is_none(hub: Hub, time: FakeTime, broken: str, caplog: pytest.LogCaptureFixture) -> None:
    await Desk(hub).put(STORED, broken)
    shelf = Shelf(hub, time)
    assert await shelf.shown() == []
    assert f"the key {STORED} is not valid" in caplog.text
    added = shelf.keys.make("New", LOOK)
    assert await shelf.shown() == [added.id]


async def test_what_is_shown_cannot_be_made_up(hub: Hub, time: FakeTime) -> None:
    shelf = Shelf(hub, time)
    key = shelf.keys.make("Wheel", LOOK)
    await shelf.settle()
    await shelf.desk.put(SHOWN, '[{"id":"made up"}]')
    assert await shelf.shown() == [key.id]


async def test_a_store_that_refuses_is_told_and_what_was_done_holds(time: FakeTime) -> None:
    shaky = ShakyStore(MemoryStore())
    shaky.release()
    hub = open_hub(shaky)
    shelf = Shelf(hub, time)
    key, other = shelf.keys.make("Wheel", LOOK), shelf.keys.make("Other", LOOK)
    await shelf.kept.settled()
    left: list[Departure] = []
    shelf.keys.enter(key.id, "an overlay", left.append)
    shaky.failures = 1
    shelf.keys.remove(key)
    with pytest.raises(RequestFailed, match="until the next start only"):
        await shelf.kept.settled()
    assert left == [Departure.REVOKED]
    assert shelf.keys.named(key.id) is None
    assert key.key in shelf.desk.get(STORED), "it is there still"
    shelf.keys.make("New", LOOK)
    await shelf.kept.settled()
    assert key.key not in shelf.desk.get(STORED), "the next write carries it along"
    assert other.key in shelf.desk.get(STORED)
    assert shelf.keys.named(key.id) is None
    await hub.close()


async def test_many_changes_at_once_are_all_there(hub: Hub, time: FakeTime) -> None:
    shelf = Shelf(hub, time)
    keys = [shelf.keys.make(f"{number}", LOOK) for number in range(20)]
    for key in keys[::2]:
        shelf.keys.remove(key)
    assert await shelf.shown() == [key.id for key in keys[1::2]]
    assert [key.key for key in msgspec.json.decode(shelf.desk.get(STORED), type=list[OverlayKey])] == [
        key.key for key in keys[1::2]
    ]


@pytest.mark.parametrize(
    ("text", "name"), [("Wheel", "Wheel"), ("  two  words ", "two words"), ("x" * MAX_NAME_CHARACTERS,) * 2]
)
def test_a_name_is_read(text: str, name: str) -> None:
    assert read_name(text) == name


@pytest.mark.parametrize("text", ["", "  ", "\n", "x" * (MAX_NAME_CHARACTERS + 1), "nul\0", "a\u202eb", "\ud800"])
def test_what_cannot_be_seen_is_no_name(text: str) -> None:
    with pytest.raises(ValueError, match="characters that can be seen"):
        read_name(text)


@pytest.mark.parametrize("at_ms", [0, -1, 999_999, 1_000_000, -(10**400)])
def test_an_end_that_has_passed_is_none(at_ms: int) -> None:
    with pytest.raises(ValueError, match="has passed"):
        read_end(at_ms, 1_000.0)


@pytest.mark.parametrize("at_ms", [253_402_300_799_001, 10**30, 10**400])
def test_an_end_that_no_calendar_knows_is_none(at_ms: int) -> None:
    with pytest.raises(ValueError, match="year 9999"):
        read_end(at_ms, 1_000.0)


def test_an_end_is_read_and_shown() -> None:
    assert read_end(None, 1_000.0) is None
    assert read_end(1_000_001, 1_000.0) == 1_000.001
    assert in_ms(1_000.001) == 1_000_001
    assert in_ms(None) is None
