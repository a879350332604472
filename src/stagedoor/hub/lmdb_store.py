"""The durable store: LMDB, an ordered memory map that a crash leaves as it was at the last commit.

Both tables live in one environment, so one transaction covers them. The hub's thread reads from one snapshot that
:meth:`LmdbStore.refresh` renews; a walk holds on to the snapshot that it began on. The writer has the only write
transaction. LMDB's map has a fixed size while transactions are open. It starts small and is doubled when a commit finds
it full: the writer gives up its transaction, the hub's thread closes its readers, enlarges the map, and the same
entries are written again. So no write is lost and nobody chooses a size.
"""

import contextlib
import logging
import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import lmdb

from stagedoor.errors import StoreClosed, StoreError
from stagedoor.hub.memory_store import ListScan
from stagedoor.hub.store import Put, StoreStalled, Table
from stagedoor.types import MAX_KEY_BYTES, Key, Value

logger = logging.getLogger(__name__)

INITIAL_MAP_BYTES: Final = 64 << 20
"""Address space, not memory: pages are taken from the disk as they are used (on Windows the file has this size)."""

_TRIES: Final = 5

_MAX_READERS: Final = 4096
"""Snapshots that may be held at a time, by walks that began at different moments; each costs 64 bytes."""

_META: Final = b"meta"
_EPOCH: Final = b"epoch"
_SCHEMA: Final = b"schema"
_SCHEMA_VERSION: Final = b"1"

_KEYS: Final = Table.KEYS

_ALL: Final = 1 << 62

_EMPTY_KEY: Final = b"\xff"
"""How the empty key is stored, which LMDB does not allow: by a byte that no UTF-8 text contains."""


class LmdbStore:
    """The :class:`~stagedoor.hub.store.Store` on disk, in a folder of its own.

    Raises:
        StoreError: When the folder holds no readable store, or one of a newer stagedoor.
    """

    is_blocking = True

    def __init__(self, folder: Path, *, map_bytes: int = INITIAL_MAP_BYTES, read_only: bool = False) -> None:
        self._folder = folder
        self._map_bytes = map_bytes
        self._read_only = read_only
        self._is_broken = False
        self._is_closed = False
        self._is_mend_due = False
        self._snapshot: lmdb.Transaction[bytes] | None = None
        """``None`` when closed, and when LMDB would not give one."""
        self._walks: dict[lmdb.Transaction[bytes], set[LmdbScan]] = {}
        """The open walks, by the snapshot that they look at."""
        if not read_only:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._environment = self._open_patiently()

    def _open_patiently(self) -> lmdb.Environment:
        """Open the store; another process may enlarge its map between two steps of that, which then begin again."""
        for _ in range(_TRIES):
            with contextlib.suppress(lmdb.MapResizedError):
                return self._open()
        raise StoreError(f"the store in {self._folder} grows faster than it can be opened")

    def _open(self) -> lmdb.Environment:
        environment: lmdb.Environment | None = None
        try:
            environment = lmdb.open(
                os.fspath(self._folder),
                map_size=self._map_bytes,
                max_dbs=len(Table) + 1,
                max_readers=_MAX_READERS,
                mode=0o600,
                readonly=self._read_only,
                create=not self._read_only,
                max_spare_txns=4,
            )
            # A crashed process leaves its place in the table of readers, which would keep old pages from reuse.
            environment.reader_check()
            self._map_bytes = environment.info()["map_size"]
            while True:
                try:
                    self._open_tables(environment)
                    self.epoch = self._begin_epoch(environment)
                    break
                except lmdb.MapFullError:
                    self._map_bytes *= 2
                    environment.set_mapsize(self._map_bytes)
            self._snapshot = environment.begin(self._tables[_KEYS])
        except (lmdb.Error, StoreError) as error:
            if environment is not None:
                environment.close()
            if isinstance(error, (StoreError, lmdb.MapResizedError)):
                raise
            raise StoreError(f"the store in {self._folder} cannot be opened: {error}") from error
        return environment

    def _open_tables(self, environment: lmdb.Environment) -> None:
        create = not self._read_only
        self._tables = {table: environment.open_db(table.value.encode(), create=create) for table in Table}
        self._meta = environment.open_db(_META, create=create)

    def _begin_epoch(self, environment: lmdb.Environment) -> int:
        with environment.begin(write=not self._read_only, db=self._meta) as transaction:
            if transaction.get(_SCHEMA, _SCHEMA_VERSION) != _SCHEMA_VERSION:
                raise StoreError(f"the store in {self._folder} was written by a newer stagedoor")
            epoch = int(transaction.get(_EPOCH, b"0"))
            if not self._read_only:
                epoch += 1
                transaction.put(_SCHEMA, _SCHEMA_VERSION)
                transaction.put(_EPOCH, b"%d" % epoch)
        return epoch

    # --- reading, on the hub's thread ---

    def get(self, table: Table, key: Key) -> Value | None:
        """Read one value from the snapshot."""
        if self._snapshot is None:
            raise self._unreadable()
        # The snapshot's own table is the one that nearly every read is about.
        try:
            if table is _KEYS:
                encoded = self._snapshot.get(key.encode() or _EMPTY_KEY)
            else:
                encoded = self._snapshot.get(key.encode() or _EMPTY_KEY, db=self._tables[table])
        except lmdb.BadValsizeError:
            return None
        return None if encoded is None else encoded.decode()

    def scan(self, table: Table, prefix: str) -> "LmdbScan | ListScan":
        """Walk over the keys with a prefix, as they are in the snapshot."""
        if self._snapshot is None:
            raise self._unreadable()
        scan = LmdbScan(self, self._snapshot, self._tables[table], prefix)
        self._walks.setdefault(self._snapshot, set()).add(scan)
        if self._is_mend_due:
            # The writer waits for the open walks to end. Those that begin now must not keep it waiting for ever.
            entries = scan.take(_ALL)
            scan.close()
            return ListScan(entries)
        return scan

    def scan_closed(self, scan: "LmdbScan", snapshot: "lmdb.Transaction[bytes]") -> None:
        """Hear that a walk has let go of its snapshot."""
        walks = self._walks[snapshot]
        walks.discard(scan)
        if not walks:
            del self._walks[snapshot]
            if snapshot is not self._snapshot:
                snapshot.abort()

    def count(self, table: Table) -> int:
        """Tell how many keys there are."""
        if self._snapshot is None:
            raise self._unreadable()
        return int(self._snapshot.stat(self._tables[table])["entries"])

    def refresh(self) -> None:
        """Let reads see the last commit."""
        if self._is_closed:
            return
        self._drop_snapshot()
        try:
            self._snapshot = self._environment.begin(self._tables[_KEYS])
        except lmdb.Error:
            logger.exception("the store in %s cannot be read", self._folder)

    def _drop_snapshot(self) -> None:
        """Let go of the snapshot, which lives on while a walk looks at it."""
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is not None and snapshot not in self._walks:
            snapshot.abort()

    def _unreadable(self) -> StoreError:
        return StoreClosed() if self._is_closed else StoreError("the store cannot be read")

    # --- writing, on the writer's thread ---

    def write(self, puts: Sequence[Put], *, replace: bool = False) -> None:
        """Write all entries in one synced transaction."""
        if self._is_broken:
            raise StoreStalled("the store must be opened again")
        try:
            with self._environment.begin(write=True) as transaction:
                if replace:
                    for database in self._tables.values():
                        transaction.drop(database, delete=False)
                keys_database = self._tables[_KEYS]
                for table, key, value in puts:
                    database = keys_database if table is _KEYS else self._tables[table]
                    if value is None:
                        transaction.delete(key.encode() or _EMPTY_KEY, db=database)
                    else:
                        transaction.put(key.encode() or _EMPTY_KEY, value.encode(), db=database)
        except lmdb.MapFullError as error:
            raise StoreStalled("the map is full") from error
        except (lmdb.PanicError, lmdb.MapResizedError) as error:
            # Panic: writing the meta page failed, and LMDB refuses all until it is opened anew.
            self._is_broken = True
            raise StoreStalled(f"the store must be opened again: {error}") from error
        except lmdb.Error as error:
            raise StoreError(f"the store could not write: {error}") from error

    def mend(self) -> bool:
        """Double the map, or open the store anew after a panic."""
        if self._is_closed:
            raise StoreClosed
        self._is_mend_due = bool(self._walks)
        if self._is_mend_due:
            return False
        self._drop_snapshot()
        if self._is_broken:
            self._environment.close()
            self._environment = self._open_patiently()
            self._is_broken = False
            return True
        try:
            self._environment.set_mapsize(self._map_bytes * 2)
            self._map_bytes *= 2
        except lmdb.Error as error:
            raise StoreError(f"the store could not grow: {error}") from error
        finally:
            self.refresh()
        return True

    def close(self) -> None:
        """Close the files; open walks end as if they had come to their end."""
        if self._is_closed:
            return
        for walks in list(self._walks.values()):
            for scan in list(walks):
                scan.close()
        self._drop_snapshot()
        self._is_closed = True
        self._environment.close()


class LmdbScan:
    """A walk over one range of a table in a snapshot."""

    def __init__(
        self, store: LmdbStore, snapshot: "lmdb.Transaction[bytes]", table: "lmdb._Database", prefix: str
    ) -> None:
        self._store = store
        self._table = table
        self._prefix = prefix.encode()
        self._snapshot: lmdb.Transaction[bytes] | None = snapshot
        self._entries: Iterator[tuple[bytes, bytes]] | None = None
        self._keys: Iterator[bytes] | None = None
        # Stored last, but the empty key comes before all others.
        self._empty_value = None if self._prefix else snapshot.get(_EMPTY_KEY, db=table)

    def _start(self, start: bytes) -> "lmdb.Cursor[bytes] | None":
        assert self._snapshot is not None
        cursor = self._snapshot.cursor(self._table)
        first = start[:MAX_KEY_BYTES]
        if not cursor.set_range(first):
            return None
        # Of the keys that can be stored, only its own beginning comes before one that is too long.
        is_before = first != start and cursor.key() == first
        return None if is_before and not cursor.next() else cursor

    def take(self, count: int) -> list[tuple[Key, Value]]:
        """Return the next entries, fewer than ``count`` only at the end."""
        if self._snapshot is None:
            return []
        first = []
        if self._empty_value is not None:
            first = [("", self._empty_value.decode())]
            self._empty_value = None
        if self._entries is None:
            cursor = self._start(self._prefix)
            self._entries = iter(()) if cursor is None else cursor.iternext()
        chunk = list(islice(self._entries, count - len(first)))
        if chunk and self._is_outside(chunk[-1][0]):
            chunk = chunk[: bisect_left(chunk, True, key=lambda entry: self._is_outside(entry[0]))]
        return first + [(key.decode(), value.decode()) for key, value in chunk]

    def take_keys(self, count: int) -> list[Key]:
        """Return the keys of the next entries, without reading their values."""
        if self._snapshot is None:
            return []
        first = []
        if self._empty_value is not None:
            first = [""]
            self._empty_value = None
        if self._keys is None:
            cursor = self._start(self._prefix)
            self._keys = iter(()) if cursor is None else cursor.iternext(values=False)
        chunk = list(islice(self._keys, count - len(first)))
        if chunk and self._is_outside(chunk[-1]):
            chunk = chunk[: bisect_left(chunk, True, key=self._is_outside)]
        return first + [key.decode() for key in chunk]

    def seek(self, key: Key) -> None:
        """Go on from the first key that is not before ``key``."""
        if self._snapshot is None:
            return
        start = max(key.encode(), self._prefix)
        if not start:
            self._empty_value = self._snapshot.get(_EMPTY_KEY, db=self._table)
        else:
            self._empty_value = None
        cursor = self._start(start)
        self._entries = iter(()) if cursor is None else cursor.iternext()
        self._keys = iter(()) if cursor is None else cursor.iternext(values=False)

    def _is_outside(self, key: bytes) -> bool:
        return not key.startswith(self._prefix) or key == _EMPTY_KEY

    def close(self) -> None:
        """Let go of the snapshot."""
        if self._snapshot is not None:
            self._entries = self._keys = None
            snapshot, self._snapshot = self._snapshot, None
            self._store.scan_closed(self, snapshot)
