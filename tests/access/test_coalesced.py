"""Writes that wait for one another: few batches, the newest value, and one's own are told from somebody else's."""

import pytest

from stagedoor.access import SERVICE, Client
from stagedoor.access.coalesced import CoalescedWrites
from stagedoor.errors import StoreError
from stagedoor.hub import Catalogue, Change, Hub, MemoryStore, Store, Write
from tests.hub.shaky_store import ShakyStore


class Counters:
    """A service with numbers under ``n/``, as its writer and its ear."""

    def __init__(self, store: Store) -> None:
        self.hub = Hub(store, Catalogue())
        self.values: dict[str, int] = {}
        self.encoded = 0
        self.foreign: list[tuple[str, str]] = []
        client = Client(self.hub, SERVICE, self._hear)
        client.subscribe_prefix("n/")
        self.writes = CoalescedWrites(client, self._encode, subject="the counters")

    def _encode(self, key: str) -> str | None:
        self.encoded += 1
        # A text of its own each time, as any encoder makes it.
        return None if key not in self.values else "".join(["n=", str(self.values[key])])

    def _hear(self, change: Change) -> None:
        if self.writes.is_foreign(change):
            self.foreign.append((change.key, change.value))

    def set(self, key: str, value: int | None) -> None:
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value
        self.writes.mark(key)


async def test_a_single_change_goes_out_at_once() -> None:
    counters = Counters(MemoryStore())
    counters.set("n/a", 1)
    assert counters.hub.get("n/a") == "n=1"


async def test_what_changes_during_a_write_goes_together_and_is_encoded_once() -> None:
    store = ShakyStore(MemoryStore())
    counters = Counters(store)
    store.hold()
    for number in range(500):
        counters.set(f"n/{number % 5}", number)
    store.release()
    await counters.writes.drain()
    assert [len(group) for group in store.groups] == [1, 5]
    assert counters.encoded == 6
    assert [counters.hub.get(f"n/{number}") for number in range(5)] == [f"n={495 + number}" for number in range(5)]
    await counters.hub.close()


async def test_many_keys_are_several_batches() -> None:
    counters = Counters(MemoryStore())
    counters.values = {f"n/{number}": number for number in range(2500)}
    counters.writes.mark(*counters.values)
    await counters.writes.drain()
    assert counters.hub.statistics().commits == 3
    assert counters.hub.get("n/2499") == "n=2499"


@pytest.mark.parametrize("is_blocking", [False, True])
async def test_ones_own_writes_are_not_foreign_and_others_are(*, is_blocking: bool) -> None:
    counters = Counters(ShakyStore(MemoryStore()) if is_blocking else MemoryStore())
    for number in range(10):
        counters.set("n/a", number)
    counters.set("n/a", None)
    await counters.writes.drain()
    assert counters.foreign == []
    owner = Client(counters.hub, SERVICE)
    await owner.put("n/a", "n=9")
    await owner.put("n/a", None)
    assert counters.foreign == [("n/a", "n=9"), ("n/a", "")]
    await counters.hub.close()


async def test_what_is_about_to_be_replaced_is_not_foreign() -> None:
    store = ShakyStore(MemoryStore())
    counters = Counters(store)
    store.hold()
    Client(counters.hub, SERVICE).write([Write("n/a", "theirs")], lambda error: None)
    counters.set("n/a", 1)
    store.release()
    await counters.writes.drain()
    assert (counters.foreign, counters.hub.get("n/a")) == ([], "n=1")
    await counters.hub.close()


async def test_what_could_not_be_kept_is_tried_with_the_next_change(caplog: pytest.LogCaptureFixture) -> None:
    store = ShakyStore(MemoryStore())
    counters = Counters(store)
    store.failures = 1
    counters.set("n/a", 1)
    with pytest.raises(StoreError):
        await counters.writes.drain()
    assert "the counters could not be kept" in caplog.text
    counters.set("n/b", 2)
    await counters.writes.drain()
    assert (counters.hub.get("n/a"), counters.hub.get("n/b")) == ("n=1", "n=2")
    assert counters.foreign == []
    await Client(counters.hub, SERVICE).put("n/a", "theirs")
    assert counters.foreign == [("n/a", "theirs")]
    await counters.hub.close()


async def test_a_key_that_no_store_takes_does_not_keep_the_others_back(caplog: pytest.LogCaptureFixture) -> None:
    counters = Counters(MemoryStore())
    counters.set("n/" + "x" * 511, 1)
    counters.set("n/a", 2)
    await counters.writes.drain()
    assert counters.hub.get("n/a") == "n=2"
    assert "too long" in caplog.text
