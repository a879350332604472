"""The hub against a plain dictionary with naive subscriptions, whatever comes in whatever order."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from stagedoor.errors import StoreError
from stagedoor.hub import Catalogue, Change, Hub, LmdbStore, MemoryStore, Store, Write
from tests.hub.shaky_store import PATIENCE_S, ShakyStore

KEYS = st.sampled_from(["", "a", "a/b", "b", "🎥", "a/ev/x", "event/y", "a/@run"])
PREFIXES = st.sampled_from(["", "a", "a/", "a/e", "event/", "z"])
BATCHES = st.lists(st.tuples(KEYS, st.none() | st.sampled_from("xyz")), max_size=4)


def is_request(key: str) -> bool:
    return key.endswith("@run")


def is_durable(key: str) -> bool:
    return not (is_request(key) or key in ("a/ev/x", "event/y"))


class Ear:
    """A subscriber, and what it should have heard."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.prefixes: set[str] = set()
        self.heard: list[tuple[str, str]] = []
        self.expected: list[tuple[str, str]] = []
        self.numbers: list[int] = []

    def hears(self, key: str) -> bool:
        return key in self.keys or any(key.startswith(prefix) for prefix in self.prefixes)

    def deliver(self, change: Change) -> None:
        self.heard.append((change.key, change.value))
        self.numbers.append(change.number)

    def may_hear(self, change: Change) -> bool:
        return True


class HubMachine(RuleBasedStateMachine):
    """One writer, whose batches are pipelined and each may fail; three subscribers; a restart now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.model: dict[str, str] = {}
        self.ears = [Ear() for _ in range(3)]
        self.shaky: ShakyStore
        self.hub: Hub
        self.on_disk = False

    @initialize(on_disk=st.booleans())
    def open(self, on_disk: bool) -> None:
        self.on_disk = on_disk
        self._start(LmdbStore(Path(self.folder.name), map_bytes=64 << 10) if on_disk else MemoryStore())

    def _start(self, store: Store) -> None:
        async def start() -> None:
            self.shaky = ShakyStore(store)
            self.hub = Hub(self.shaky, Catalogue())

        self.runner.run(start())
        for ear in self.ears:
            for key in ear.keys:
                self.hub.subscribe(key, ear)
            for prefix in ear.prefixes:
                self.hub.subscribe_prefix(prefix, ear)

    @rule(ear=st.integers(0, 2), key=KEYS)
    def subscribe(self, ear: int, key: str) -> None:
        self.ears[ear].keys.add(key)
        self.hub.subscribe(key, self.ears[ear])

    @rule(ear=st.integers(0, 2), prefix=PREFIXES)
    def subscribe_prefix(self, ear: int, prefix: str) -> None:
        self.ears[ear].prefixes.add(prefix)
        self.hub.subscribe_prefix(prefix, self.ears[ear])

    @rule(ear=st.integers(0, 2), key=KEYS)
    def unsubscribe(self, ear: int, key: str) -> None:
        self.ears[ear].keys.discard(key)
        self.hub.unsubscribe(key, self.ears[ear])

    @rule(ear=st.integers(0, 2), prefix=PREFIXES)
    def unsubscribe_prefix(self, ear: int, prefix: str) -> None:
        self.ears[ear].prefixes.discard(prefix)
        self.hub.unsubscribe_prefix(prefix, self.ears[ear])

    @rule(batches=st.lists(BATCHES, min_size=1, max_size=5), failures=st.integers(0, 2))
    def write(self, batches: list[list[tuple[str, str | None]]], failures: int) -> None:
        """Submit batches together; those of a group that failed have to fail, and no others."""
        ended: list[tuple[int, StoreError | None]] = []

        async def submit() -> None:
            all_ended = asyncio.Event()

            def done(index: int, error: StoreError | None) -> None:
                ended.append((index, error))
                if error is None:
                    self._apply(batches[index])
                if len(ended) == len(batches):
                    all_ended.set()

            self.shaky.hold()
            self.shaky.failures = failures
            for index, batch in enumerate(batches):
                self.hub.write(
                    [Write(*write) for write in batch],
                    lambda error, index=index: done(index, error),  # type: ignore[misc]  # a default, not a parameter
                    queue_up=index > 0,
                )
            self.shaky.release()
            await asyncio.wait_for(all_ended.wait(), PATIENCE_S)
            await asyncio.sleep(0)

        self.runner.run(submit())
        assert [index for index, _ in ended] == list(range(len(batches)))
        assert sum(error is not None for _, error in ended) >= failures - self.shaky.failures
        if failures == self.shaky.failures:
            assert all(error is None for _, error in ended)

    def _apply(self, batch: list[tuple[str, str | None]]) -> None:
        for key, value in batch:
            if not is_request(key):
                if value is None:
                    self.model.pop(key, None)
                else:
                    self.model[key] = value
            for ear in self.ears:
                if ear.hears(key):
                    ear.expected.append((key, value or ""))

    @rule(entries=st.dictionaries(KEYS, st.sampled_from("xyz"), max_size=4))
    def replace_all(self, entries: dict[str, str]) -> None:
        before = {key: value for key, value in self.model.items() if is_durable(key)}
        after = {key: value for key, value in entries.items() if is_durable(key)}
        self.shaky.failures = 0
        self.runner.run(self.hub.replace_all(entries))
        changed = [(key, value) for key, value in after.items() if before.get(key) != value]
        gone: list[tuple[str, str | None]] = [(key, None) for key in sorted(before) if key not in after]
        self._apply([*changed, *gone])
        for key, value in after.items():
            self.model[key] = value

    @precondition(lambda self: self.on_disk)
    @rule()
    def restart(self) -> None:
        self.runner.run(self.hub.close())
        self.model = {key: value for key, value in self.model.items() if is_durable(key)}
        self._start(LmdbStore(Path(self.folder.name)))

    @invariant()
    def subscribers_have_heard_what_happened_in_one_order(self) -> None:
        for ear in self.ears:
            assert ear.heard == ear.expected
            assert ear.numbers == sorted(ear.numbers)

    @invariant()
    def reads_agree_with_the_model(self) -> None:
        if not hasattr(self, "hub"):
            return
        for prefix in ("", "a", "a/", "event/"):
            scan = self.hub.scan(prefix)
            assert scan.take(100) == sorted(entry for entry in self.model.items() if entry[0].startswith(prefix))
            scan.close()
        for key in ("", "a", "a/ev/x", "a/@run"):
            assert self.hub.get(key) == self.model.get(key, "")

    def teardown(self) -> None:
        if hasattr(self, "hub"):
            self.runner.run(self.hub.close())
        self.runner.close()
        self.folder.cleanup()


TestHubMachine = HubMachine.TestCase
TestHubMachine.settings = settings(max_examples=80, stateful_step_count=20, deadline=None)
