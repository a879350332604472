"""Secrets: values, or members of values, that stay in a table of their own.

The table of keys holds only what everybody may see, so no read, list or push can leak a secret by forgetting to hide
it. The whole value of such a key lies in the table of secrets and is read for the owner alone.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final

import msgspec

from stagedoor.hub.catalogue import Kind
from stagedoor.hub.change import Change
from stagedoor.hub.store import Put, Store, Table
from stagedoor.types import JsonObject, Key, Value

_ALL: Final = 1 << 62


class Keep(Enum):
    """Which stored secrets outlive a write of their key. No secret outlives its key."""

    NONE = 0
    """What is written is all there is."""
    LEFT_OUT = 1
    """Those that it does not name: its writer did not look at them, and may still empty one."""
    UNSEEN = 2
    """Those that it does not name or leaves empty: its writer reads them as empty, and must not wipe what it could not
    see by writing that back."""


class Secrets:
    """Splits what is written into its public and its secret part."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._under_way: dict[Key, tuple[Change, Value]] = {}
        """Whole values that are not on disk yet; the next write of the same key builds on them."""

    def get(self, key: Key) -> Value | None:
        """Read a whole value."""
        return self._store.get(Table.SECRETS, key)

    def range(self, prefix: str) -> list[tuple[Key, Value]]:
        """Read all whole values with a prefix; there are few."""
        scan = self._store.scan(Table.SECRETS, prefix)
        try:
            return scan.take(_ALL)
        finally:
            scan.close()

    def split(self, change: Change, keep: Keep) -> list[Put]:
        """Leave the public part in ``change.value`` and return what to store; ``keep`` fills it with stored secrets."""
        if change.is_deletion:
            self._under_way[change.key] = (change, "")
            return [Put(Table.KEYS, change.key, None), Put(Table.SECRETS, change.key, None)]
        whole = change.value
        public: Value | None = None
        if change.spec.kind is not Kind.SECRET:
            members = _read_object(whole)
            if members is not None:
                if keep is not Keep.NONE and self._fill(change, members, keep):
                    whole = msgspec.json.encode(members).decode()
                hidden = dict.fromkeys((name for name in members if name.lower() in change.spec.secret_members), "")
                public = msgspec.json.encode({**members, **hidden}).decode()
        self._under_way[change.key] = (change, whole)
        change.value = public or ""
        # What is no object, where an object with secrets belongs, counts as secret altogether.
        return [Put(Table.KEYS, change.key, public), Put(Table.SECRETS, change.key, whole)]

    def _fill(self, change: Change, members: JsonObject, keep: Keep) -> bool:
        """Put stored secrets that are kept among the new members; tell whether there were any."""
        under_way = self._under_way.get(change.key)
        stored = _read_object((under_way[1] if under_way else self.get(change.key)) or "") or {}
        present = {name.lower(): name for name in members}
        is_filled = False
        for name, value in stored.items():
            if name.lower() not in change.spec.secret_members:
                continue
            here = present.get(name.lower(), name)
            is_kept = here not in members if keep is Keep.LEFT_OUT else value and not members.get(here)
            if is_kept:
                members[here] = value
                is_filled = True
        return is_filled

    def settle(self, changes: Iterable[Change]) -> None:
        """Hear that these changes are on disk, or failed."""
        for change in changes:
            if self._under_way and self._under_way.get(change.key, (None, ""))[0] is change:
                del self._under_way[change.key]


def _read_object(text: Value) -> JsonObject | None:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
