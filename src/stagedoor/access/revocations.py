"""What was revoked, for good: marks of a register's entries, so that none comes back by a way around the owner.

A backup holds the entries of its time, and what was revoked since is among them. So a mark outlives its entry. Drawn
marks are never drawn again; a web site's is its name, so the time counts, too: what was decided later holds.
"""

from typing import Final

import msgspec

from stagedoor.types import Value

MAX_REVOCATIONS: Final = 10_000
"""More than anybody revokes, and less than a megabyte; the oldest gives way."""


class Revocations:
    """The marks, and when each was revoked, in Unix seconds."""

    def __init__(self, stored: Value = "") -> None:
        self._at: dict[str, float] = {}
        self.merge(stored)

    def add(self, mark: str, at: float) -> None:
        """Note that an entry was revoked."""
        self._at[mark] = max(at, self._at.get(mark, at))
        self._forget_oldest()

    def lift(self, mark: str) -> None:
        """Forget that it was revoked: the owner lets it in again."""
        self._at.pop(mark, None)

    def names(self, mark: str, made_at: float) -> bool:
        """Tell whether an entry that was made at a time was revoked since."""
        return made_at <= self._at.get(mark, float("-inf"))

    def merge(self, stored: Value) -> None:
        """Take in what was stored, perhaps by another folder; what cannot be read names nothing."""
        try:
            found = msgspec.json.decode(stored, type=dict[str, float]) if stored else {}
        except (msgspec.DecodeError, RecursionError):
            return
        for mark, at in found.items():
            self._at[mark] = max(at, self._at.get(mark, at))
        self._forget_oldest()

    def stored(self) -> Value:
        """What is to be kept, the oldest first: an object of marks and times."""
        ordered = dict(sorted(self._at.items(), key=lambda entry: (entry[1], entry[0])))
        return msgspec.json.encode(ordered).decode()

    def _forget_oldest(self) -> None:
        if len(self._at) > MAX_REVOCATIONS:
            ordered = sorted(self._at, key=lambda mark: self._at[mark])
            for mark in ordered[:-MAX_REVOCATIONS]:
                del self._at[mark]
