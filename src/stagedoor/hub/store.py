"""The narrow interface behind which values are kept.

Two stores implement it: :mod:`stagedoor.hub.lmdb_store` on disk and :mod:`stagedoor.hub.memory_store` in memory. A
store knows two tables of text, an order by code point and atomic batches; of subscribers and kinds of key it knows
nothing.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from stagedoor.errors import StoreError
from stagedoor.types import Key, Value


class Table(StrEnum):
    """A key space of its own inside a store."""

    KEYS = "keys"
    """What everybody may see."""
    SECRETS = "secrets"
    """Whole values of keys that hold secrets; nothing lists it by accident."""


class Put(NamedTuple):
    """One entry of a batch; ``None`` deletes the key."""

    table: Table
    key: Key
    value: Value | None


class StoreStalled(StoreError):
    """The store cannot write before :meth:`Store.mend` has run; nothing was written."""


class Scan(Protocol):
    """A walk over a range of keys as they were when it began. Close it, or the store cannot grow."""

    def take(self, count: int) -> list[tuple[Key, Value]]:
        """Return the next entries, fewer than ``count`` only at the end."""
        ...

    def take_keys(self, count: int) -> list[Key]:
        """Return the keys of the next entries, which costs less than :meth:`take`; use one of the two on a walk."""
        ...

    def seek(self, key: Key) -> None:
        """Go on from the first key of the range that is not before ``key``; that may lead back, too."""
        ...

    def close(self) -> None:
        """Let go of the moment that the walk looks at; harmless twice."""
        ...


class Store(Protocol):
    """Keeps text under text keys.

    Reads and :meth:`mend` belong to one thread, the hub's. :meth:`write` may run on another, one call at a time.
    What it wrote becomes visible to reads by :meth:`refresh`, so that the hub's view changes only when the hub says.
    """

    @property
    def is_blocking(self) -> bool:
        """Whether :meth:`write` waits for a device and so must not run on the hub's own thread."""
        ...

    @property
    def epoch(self) -> int:
        """How often it has been opened for writing, this time included; never falls."""
        ...

    def get(self, table: Table, key: Key) -> Value | None:
        """Read one value; ``None`` when there is none, or the key could never be stored."""
        ...

    def scan(self, table: Table, prefix: str) -> Scan:
        """Walk over the keys with a prefix, in the order of code points."""
        ...

    def count(self, table: Table) -> int:
        """Tell how many keys there are."""
        ...

    def write(self, puts: Sequence[Put], *, replace: bool = False) -> None:
        """Write all entries in their order, or none; with ``replace``, after emptying every table.

        When it returns, the entries survive a crash of the process and of the machine.

        Raises:
            StoreStalled: When :meth:`mend` has to run first.
            StoreError: When the device refused; nothing was written.
        """
        ...

    def refresh(self) -> None:
        """Let reads see everything written so far."""
        ...

    def mend(self) -> bool:
        """Remove what stalled the store; ``False`` when open scans must be closed before."""
        ...

    def close(self) -> None:
        """Release everything; later calls raise :class:`stagedoor.errors.StoreClosed`."""
        ...
