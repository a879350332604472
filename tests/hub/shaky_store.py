"""A store that fails, stalls or takes its time when a test says so; otherwise it is the store that it wraps."""

import threading
from collections.abc import Sequence

from stagedoor.errors import StoreError
from stagedoor.hub import Put, Scan, Store, StoreStalled, Table
from stagedoor.types import Key, Value

PATIENCE_S = 10.0


class ShakyStore:
    """Wraps ``store``; it counts as one that blocks, so that the hub writes to it on a thread."""

    is_blocking = True

    def __init__(self, store: Store) -> None:
        self._store = store
        self._may_write = threading.Event()
        self._may_write.set()
        self.failures = 0
        """How many writes fail from now on."""
        self.read_failures = 0
        """How many reads fail from now on."""
        self.bug: Exception | None = None
        """What the next write raises that is no error of a store."""
        self.stalls = 0
        """How many writes ask for mending from now on."""
        self.refused_mends = 0
        """How often mending has to be asked for once more."""
        self.mend_failures = 0
        self.groups: list[list[Key]] = []
        """The keys of each write that succeeded."""

    @property
    def epoch(self) -> int:
        return self._store.epoch

    def hold(self) -> None:
        """Let writes wait until :meth:`release`, so that a test can act while they are under way."""
        self._may_write.clear()

    def release(self) -> None:
        self._may_write.set()

    def get(self, table: Table, key: Key) -> Value | None:
        if self.read_failures:
            self.read_failures -= 1
            raise StoreError("injected: the device cannot be read")
        return self._store.get(table, key)

    def scan(self, table: Table, prefix: str) -> Scan:
        if self.read_failures:
            self.read_failures -= 1
            raise StoreError("injected: the device cannot be read")
        return self._store.scan(table, prefix)

    def count(self, table: Table) -> int:
        return self._store.count(table)

    def write(self, puts: Sequence[Put], *, replace: bool = False) -> None:
        assert self._may_write.wait(PATIENCE_S)
        if self.bug is not None:
            bug, self.bug = self.bug, None
            raise bug
        if self.failures:
            self.failures -= 1
            raise StoreError("injected: no space left")
        if self.stalls:
            self.stalls -= 1
            raise StoreStalled("injected: needs mending")
        self._store.write(puts, replace=replace)
        self.groups.append([put.key for put in puts])

    def refresh(self) -> None:
        self._store.refresh()

    def mend(self) -> bool:
        if self.refused_mends:
            self.refused_mends -= 1
            return False
        if self.mend_failures:
            self.mend_failures -= 1
            raise StoreError("injected: cannot be mended")
        return self._store.mend()

    def close(self) -> None:
        self._store.close()
