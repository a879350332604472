"""A store in memory: for ``--ephemeral``, for tests, and for the values that are never written to disk."""

from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter

from stagedoor.errors import StoreClosed
from stagedoor.hub.store import Put, Table
from stagedoor.types import Key, Value


class MemoryTable:
    """Text by text key, with ordered walks.

    With ``limit_bytes`` it forgets the values that were written longest ago once keys and values together would be
    larger: nobody can fill the memory by inventing keys.
    """

    def __init__(self, *, limit_bytes: int | None = None) -> None:
        self._values: dict[Key, Value] = {}
        self._sorted: list[Key] | None = []
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self.get = self._values.get

    def __len__(self) -> int:
        return len(self._values)

    def put(self, key: Key, value: Value) -> None:
        """Store a value as the newest one."""
        old = self._values.pop(key, None)
        if old is None:
            self._sorted = None
            self._size_bytes += _ENTRY_BYTES + len(key)
        else:
            self._size_bytes -= len(old)
        self._values[key] = value
        self._size_bytes += len(value)
        if self._limit_bytes is not None:
            while self._size_bytes > self._limit_bytes and len(self._values) > 1:
                self.delete(next(iter(self._values)))

    def delete(self, key: Key) -> None:
        """Remove a key, if it is there."""
        old = self._values.pop(key, None)
        if old is not None:
            self._sorted = None
            self._size_bytes -= _ENTRY_BYTES + len(key) + len(old)

    def clear(self) -> None:
        """Remove every key."""
        self._values.clear()
        self._sorted = []
        self._size_bytes = 0

    def range(self, prefix: str) -> list[tuple[Key, Value]]:
        """Every entry with a prefix, in the order of code points."""
        if not self._values:
            return []
        if self._sorted is None:
            self._sorted = sorted(self._values)
        found = []
        for index in range(bisect_left(self._sorted, prefix), len(self._sorted)):
            key = self._sorted[index]
            if not key.startswith(prefix):
                break
            found.append((key, self._values[key]))
        return found


_ENTRY_BYTES = 200
"""What CPython needs for one entry beside its characters: two string headers and a place in a dictionary."""


class ListScan:
    """A walk over entries that are at hand already."""

    def __init__(self, entries: list[tuple[Key, Value]]) -> None:
        self._entries = entries
        self._position = 0

    def take(self, count: int) -> list[tuple[Key, Value]]:
        """Return the next entries, fewer than ``count`` only at the end."""
        taken = self._entries[self._position : self._position + count]
        self._position += count
        return taken

    def take_keys(self, count: int) -> list[Key]:
        """Return the keys of the next entries."""
        return [key for key, _ in self.take(count)]

    def seek(self, key: Key) -> None:
        """Go on from the first key that is not before ``key``."""
        self._position = bisect_left(self._entries, key, key=itemgetter(0))

    def close(self) -> None:
        """Let go of the entries."""
        self._entries = []


class MemoryStore:
    """The :class:`~stagedoor.hub.store.Store` that forgets everything at its end."""

    is_blocking = False

    def __init__(self) -> None:
        self._tables = {table: MemoryTable() for table in Table}
        self._is_closed = False
        self.epoch = 1

    def get(self, table: Table, key: Key) -> Value | None:
        """Read one value."""
        self._check_open()
        return self._tables[table].get(key)

    def scan(self, table: Table, prefix: str) -> ListScan:
        """Walk over the keys with a prefix."""
        self._check_open()
        return ListScan(self._tables[table].range(prefix))

    def count(self, table: Table) -> int:
        """Tell how many keys there are."""
        return len(self._tables[table])

    def write(self, puts: Sequence[Put], *, replace: bool = False) -> None:
        """Write all entries."""
        self._check_open()
        if replace:
            for memory in self._tables.values():
                memory.clear()
        for table, key, value in puts:
            if value is None:
                self._tables[table].delete(key)
            else:
                self._tables[table].put(key, value)

    def refresh(self) -> None:
        """Reads see every write at once; there is nothing to do."""

    def mend(self) -> bool:
        """Nothing can stall it."""
        return True

    def close(self) -> None:
        """Refuse everything from now on."""
        self._is_closed = True

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreClosed
