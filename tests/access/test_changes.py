"""What follows from a value: no write that is under way is undone by it, and none that failed is built on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from stagedoor.access import SERVICE, Client, Grant, Level, Scopes
from stagedoor.errors import NotPermitted, StoreError
from stagedoor.hub import Catalogue, Change, Hub, KeySpec, Kind, LmdbStore, MemoryStore, Write
from tests.hub.shaky_store import ShakyStore

CATALOGUE = Catalogue(
    [KeySpec(pattern="config", kind=Kind.STATE, summary="With a secret.", secret_members=frozenset(("password",)))]
)

Decide = Callable[[Callable[[str], str]], Sequence[Write]]


def plus(key: str, step: int) -> Decide:
    """Add to a number."""
    return lambda read: [Write(key, str(int(read(key) or "0") + step))]


@pytest.fixture(params=["memory", "memory-on-a-thread", "lmdb"])
async def hub(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Hub]:
    if request.param == "lmdb":
        opened = Hub(LmdbStore(tmp_path / "store"), CATALOGUE)
    elif request.param == "memory":
        opened = Hub(MemoryStore(), CATALOGUE)
    else:
        opened = Hub(ShakyStore(MemoryStore()), CATALOGUE)
    yield opened
    await opened.close()


class Held:
    """A hub whose writes wait until they are let go."""

    def __init__(self) -> None:
        self.store = ShakyStore(MemoryStore())
        self.hub = Hub(self.store, CATALOGUE)
        self.client = Client(self.hub, SERVICE)
        self.other = Client(self.hub, SERVICE)


@pytest.fixture
async def held() -> AsyncIterator[Held]:
    made = Held()
    yield made
    made.store.release()
    await made.hub.close()


async def test_a_hundred_changes_at_once_are_all_counted(hub: Hub) -> None:
    clients = [Client(hub, SERVICE) for _ in range(5)]
    await asyncio.gather(*(clients[number % 5].change(plus("n", 1)) for number in range(100)))
    assert hub.get("n") == "100"


async def test_what_decides_nothing_writes_nothing_and_what_it_raises_is_raised(hub: Hub) -> None:
    client = Client(hub, SERVICE)
    before = hub.statistics().number
    await client.change(lambda read: [])
    with pytest.raises(ZeroDivisionError):
        await client.change(lambda read: [Write("n", str(1 // 0))])
    assert hub.statistics().number == before


async def test_a_write_under_way_is_built_on(held: Held) -> None:
    """By whomever, in the group that the disk has and in the one that waits; a deletion, too."""
    await held.client.put("n", "1")
    held.store.hold()
    writes = [held.other.put("n", "10"), held.client.change(plus("n", 1)), held.client.change(plus("n", 1))]
    tasks = [asyncio.ensure_future(write) for write in writes]
    await asyncio.sleep(0)
    assert held.hub.get("n") == "1"
    assert held.hub.foresee()("n") == "12"
    tasks += [asyncio.ensure_future(write) for write in (held.other.put("n", None), held.client.change(plus("n", 5)))]
    await asyncio.sleep(0)
    held.store.release()
    await asyncio.gather(*tasks)
    assert held.hub.get("n") == "5"


async def test_everything_is_replaced_under_way(held: Held) -> None:
    await held.client.put_all([Write("kept", "1"), Write("gone", "1"), Write("last/ev/e", "1")])
    held.store.hold()
    tasks = [
        asyncio.ensure_future(held.hub.replace_all({"kept": "2"})),
        asyncio.ensure_future(held.client.change(plus("kept", 1))),
        asyncio.ensure_future(held.client.change(plus("gone", 1))),
    ]
    await asyncio.sleep(0)
    assert held.hub.foresee()("last/ev/e") == "1"
    held.store.release()
    await asyncio.gather(*tasks)
    assert (held.hub.get("kept"), held.hub.get("gone")) == ("3", "1")


async def test_what_builds_on_a_write_that_fails_fails_and_the_next_does_not_build_on_either(held: Held) -> None:
    await held.client.put("n", "1")
    held.store.hold()
    held.store.failures = 1
    first = asyncio.ensure_future(held.other.put("n", "100"))
    await asyncio.sleep(0)
    built = asyncio.ensure_future(held.client.change(plus("n", 1)))
    await asyncio.sleep(0)
    outcomes: list[asyncio.Task[None]] = []

    def build_again(change: Change) -> None:
        outcomes.append(asyncio.ensure_future(held.client.change(plus("n", 10))))

    held.client.deliver = build_again
    held.client.subscribe("event/told")
    first.add_done_callback(lambda _: held.other.write([Write("event/told", "1")], lambda error: None))
    held.store.release()
    with pytest.raises(StoreError, match="no space left"):
        await first
    with pytest.raises(StoreError, match="builds on has failed"):
        await built
    await asyncio.gather(*outcomes)
    assert held.hub.get("n") == "11"


async def test_what_is_decided_while_a_failure_is_told_builds_on_what_is_there(held: Held) -> None:
    await held.client.put("n", "1")
    held.store.hold()
    held.store.failures = 1
    foreseen: list[str] = []
    begun: asyncio.Future[asyncio.Task[None]] = asyncio.get_running_loop().create_future()

    def fail(error: StoreError | None) -> None:
        assert error is not None
        foreseen.append(held.hub.foresee()("n"))
        begun.set_result(asyncio.ensure_future(held.client.change(plus("n", 1))))

    held.other.write([Write("n", "100")], fail)
    held.client.write([Write("n", "200")], lambda error: None)
    held.store.release()
    await (await begun)
    assert foreseen == ["200"]
    assert held.hub.get("n") == "201"


async def test_only_the_public_part_of_a_secret_is_foreseen(held: Held) -> None:
    held.store.hold()
    task = asyncio.ensure_future(held.client.put("config", '{"password":"canary"}'))
    await asyncio.sleep(0)
    assert held.hub.foresee()("config") == '{"password":""}'
    held.store.release()
    await task


async def test_a_grant_decides_about_what_is_read_and_written(hub: Hub) -> None:
    client = Client(hub, Grant(Level.SCOPED, "test", Scopes.parse(["read:a", "write:b"])))
    with pytest.raises(NotPermitted):
        await client.change(lambda read: [Write("b", read("b"))])
    with pytest.raises(NotPermitted):
        await client.change(lambda read: [Write("a", read("a"))])
    await client.change(lambda read: [Write("b", read("a") + "1")])
    assert hub.get("b") == "1"
