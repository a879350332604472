"""Secrets: values, or members of values, that stay in a table of their own.

The table of keys holds only what everybody may see, so no read, list or push can leak a secret by forgetting to hide
it. The whole value of such a key lies in the table of secrets and is read for the owner alone.
"""

import logging
from collections.abc import Iterable
from enum import Enum
from typing import Final

import msgspec

from stagedoor.hub.catalogue import KeySpec, Kind
from stagedoor.hub.change import Change
from stagedoor.hub.store import Put, Store, Table
from stagedoor.types import JsonObject, Key, Value

logger = logging.getLogger(__name__)

_ALL: Final = 1 << 62


class Keep(Enum):
    """Which stored secrets outlive a write of their key. No secret outlives its key.

    A write of text that is no object names no secret and empties none. It hides what was there: everybody but the owner
    goes on reading that, and the next object is written as if it came right after it.
    """

    ANEW = -1
    """What is written is all there is, as if nothing had been there before."""
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
        self._hidden: dict[Key, Value] = {}
        """Objects over which something else was written since the start."""

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
            self._hidden.pop(change.key, None)
            self._under_way[change.key] = (change, "")
            return [Put(Table.KEYS, change.key, None), Put(Table.SECRETS, change.key, None)]
        whole = change.value
        public: Value | None = None
        if change.spec.kind is not Kind.SECRET:
            members = _read_object(whole)
            if members is not None:
                if keep in (Keep.LEFT_OUT, Keep.UNSEEN) and self._fill(change, members, keep):
                    whole = msgspec.json.encode(members).decode()
                public = _hide(change.spec, members)
                self._hidden.pop(change.key, None)
            elif not whole:
                self._hidden.pop(change.key, None)
            else:
                # What is no object, where an object with secrets belongs, counts as secret altogether.
                logger.warning("the key %r holds no object: to all but the owner it is what it was before", change.key)
                public = self._hide_last(change, keep)
        self._under_way[change.key] = (change, whole)
        change.value = public or ""
        return [Put(Table.KEYS, change.key, public), Put(Table.SECRETS, change.key, whole)]

    def _fill(self, change: Change, members: JsonObject, keep: Keep) -> bool:
        """Put secrets that are kept among the new members; tell whether there were any."""
        present = {name.lower(): name for name in members}
        is_filled = False
        for name, value in (_read_object(self._last_object(change.key)) or {}).items():
            if name.lower() not in change.spec.secret_members:
                continue
            here = present.get(name.lower(), name)
            is_kept = here not in members if keep is Keep.LEFT_OUT else value and not members.get(here)
            if is_kept:
                members[here] = value
                is_filled = True
        return is_filled

    def _last_object(self, key: Key) -> Value:
        """Read the last whole value that was an object, the one under way included; ``""`` when there was none."""
        under_way = self._under_way.get(key)
        text = (under_way[1] if under_way else self.get(key)) or ""
        if _read_object(text) is not None:
            return text
        # After a restart the public part of what was hidden is still there.
        return self._hidden.get(key) or ("" if under_way else self._store.get(Table.KEYS, key)) or ""

    def _hide_last(self, change: Change, keep: Keep) -> Value | None:
        """Remember what was there, and return its public part; ``None`` when there was nothing."""
        before = "" if keep is Keep.ANEW else self._last_object(change.key)
        members = _read_object(before)
        if members is None:
            self._hidden.pop(change.key, None)
            return None
        self._hidden[change.key] = before
        return _hide(change.spec, members)

    def settle(self, changes: Iterable[Change]) -> None:
        """Hear that these changes are on disk, or failed."""
        for change in changes:
            if self._under_way and self._under_way.get(change.key, (None, ""))[0] is change:
                del self._under_way[change.key]


def _hide(spec: KeySpec, members: JsonObject) -> Value:
    """Write the public part."""
    hidden = dict.fromkeys((name for name in members if name.lower() in spec.secret_members), "")
    return msgspec.json.encode({**members, **hidden}).decode()


def _read_object(text: Value) -> JsonObject | None:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
