"""Who may come in after a restore: those of the backup, but for whom the owner has put out since.

What was revoked stays out, what was decided about somebody since the backup holds, and browsers stay signed in as they
are. A folder that knows nobody yet takes everybody whom the backup lets in.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from stagedoor.access import Revocations
from stagedoor.keys import (
    APP_TOKENS,
    CONSOLE_PASSES,
    ORIGIN_DECISIONS,
    OVERLAY_KEY_SECRETS,
    REVOKED_APPS,
    REVOKED_DEVICES,
    REVOKED_ORIGINS,
    REVOKED_OVERLAY_KEYS,
)
from stagedoor.types import Key, Value


class _Entry(msgspec.Struct):
    """What counts here of an entry of any register."""

    hash: str = ""
    id: str = ""
    origin: str | None = None
    made_at: float = 0.0
    is_allowed: bool = True


class _Register(NamedTuple):
    """Where a register is kept."""

    stored_at: Key
    revoked_at: Key
    marks: str
    """The member that is an entry's mark."""

    def read(self, text: Value) -> "dict[str, tuple[_Entry, msgspec.Raw]]":
        """Read its entries by their marks, each with the JSON that it is kept as; what is none is left out."""
        try:
            raw = msgspec.json.decode(text, type=list[msgspec.Raw]) if text else []
        except (msgspec.DecodeError, RecursionError):
            return {}
        found = {}
        for one in raw:
            try:
                entry = msgspec.json.decode(one, type=_Entry)
            except (msgspec.DecodeError, RecursionError):
                continue
            found[getattr(entry, self.marks) or ""] = (entry, one)
        return found


_REGISTERS: Final = {
    "apps": _Register(APP_TOKENS, REVOKED_APPS, "hash"),
    "overlay_keys": _Register(OVERLAY_KEY_SECRETS, REVOKED_OVERLAY_KEYS, "id"),
    "sites": _Register(ORIGIN_DECISIONS, REVOKED_ORIGINS, "origin"),
    "browsers": _Register(CONSOLE_PASSES, REVOKED_DEVICES, "hash"),
}

ACCESS_KEYS: Final = frozenset(
    key for register in _REGISTERS.values() for key in (register.stored_at, register.revoked_at)
)
"""The keys that say who may come in by something else than a password."""


class Readmission(msgspec.Struct):
    """What a restore does with those of one kind: applications, overlay keys, web sites, browsers."""

    back: int
    """How many could come in again who cannot now."""
    out: int
    """How many could not any more who can now: the backup does not know them."""
    barred: int
    """How many the backup would let in who stay out."""


def readmit(
    archive: Mapping[Key, Value], current: Mapping[Key, Value]
) -> tuple[dict[Key, Value], dict[str, Readmission]]:
    """Say what a restore writes of the access keys, and what that does.

    Args:
        archive: The backup's values of :data:`ACCESS_KEYS`; other keys are not looked at, here and in the next.
        current: Those of the folder; a key is missing where it has none.
    """
    written: dict[Key, Value] = {}
    effects = {}
    for name, register in _REGISTERS.items():
        revocations = Revocations(archive.get(register.revoked_at, ""))
        revocations.merge(current.get(register.revoked_at, ""))
        if register.revoked_at in archive or register.revoked_at in current:
            written[register.revoked_at] = revocations.stored()
        then = register.read(archive.get(register.stored_at, ""))
        now = register.read(current.get(register.stored_at, ""))
        if register.stored_at == CONSOLE_PASSES and CONSOLE_PASSES in current:
            after = now
            written[CONSOLE_PASSES] = current[CONSOLE_PASSES]
        else:
            after = {
                mark: now.get(mark, one)
                for mark, one in then.items()
                if mark in now or not (one[0].is_allowed and revocations.names(mark, one[0].made_at))
            }
            if register.stored_at in archive:
                written[register.stored_at] = msgspec.json.encode([raw for _, raw in after.values()]).decode()
        before_in, after_in = _let_in(now), _let_in(after)
        effects[name] = Readmission(
            back=len(after_in - before_in),
            out=len(before_in - after_in),
            barred=len(_let_in(then) - after_in),
        )
    return written, effects


def _let_in(entries: "Mapping[str, tuple[_Entry, msgspec.Raw]]") -> set[str]:
    return {mark for mark, (entry, _) in entries.items() if entry.is_allowed}
