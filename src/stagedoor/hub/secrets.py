"""Secrets: values, or members of values, that stay in a table of their own.

The table of keys holds only what everybody may see, so no read, list or push can leak a secret by forgetting to hide
it. The whole value of such a key lies in the table of secrets and is read for the owner alone.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from stagedoor.hub.catalogue import Kind
from stagedoor.hub.change import Change
from stagedoor.hub.store import Put, Store, Table
from stagedoor.types import JsonObject, Key, Value

_ALL: Final = 1 << 62


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

    def split(self, change: Change, *, keep: bool) -> list[Put]:
        """Leave the public part in ``change.value`` and return what to store.

        With ``keep``, secret members that the new value leaves empty or out keep what is stored: a program that reads
        the public form, alters it and writes it back must not wipe what it could not see.
        """
        if change.is_deletion:
            self._under_way[change.key] = (change, "")
            return [Put(Table.KEYS, change.key, None), Put(Table.SECRETS, change.key, None)]
        whole = change.value
        public: Value | None = None
        if change.spec.kind is not Kind.SECRET:
            members = _read_object(whole)
            if members is not None:
                secret_names = [name for name in members if name.lower() in change.spec.secret_members]
                if keep:
                    whole = self._fill(change, members, secret_names)
                for name in secret_names:
                    members[name] = ""
                public = msgspec.json.encode(members).decode()
        self._under_way[change.key] = (change, whole)
        change.value = public or ""
        # What is no object, where an object with secrets belongs, counts as secret altogether.
        return [Put(Table.KEYS, change.key, public), Put(Table.SECRETS, change.key, whole)]

    def _fill(self, change: Change, members: JsonObject, secret_names: list[str]) -> Value:
        """The whole value, with stored secrets where the new one has none; unchanged text when nothing was filled."""
        under_way = self._under_way.get(change.key)
        stored = _read_object((under_way[1] if under_way else self.get(change.key)) or "") or {}
        filled = dict(members)
        present = {name.lower(): name for name in secret_names}
        for name, value in stored.items():
            if name.lower() not in change.spec.secret_members or not value:
                continue
            here = present.get(name.lower(), name)
            if not filled.get(here):
                filled[here] = value
        if filled == members:
            return change.value
        return msgspec.json.encode(filled).decode()

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
