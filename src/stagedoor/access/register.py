"""What can be shown to get in, and can be taken back: so many entries at most, and who is in by each.

An entry's mark is what it is found by: a token's hash, an overlay key's id. Whoever came in by one leaves when it is
taken back or expires, and what was taken back opens nothing any more, however it gets here again. What an entry opens
is for whoever keeps it: :mod:`stagedoor.access.apps`, :mod:`stagedoor.access.overlay_keys` and
:mod:`stagedoor.access.passes`.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, Generic, TypeVar

import msgspec

from stagedoor.access.grants import NOBODY, Grant
from stagedoor.access.revocations import Revocations
from stagedoor.types import Value

_NOTED_EVERY_S: Final = 3600.0
"""How exact the time of the last use is kept."""


class Departure(Enum):
    """Why somebody who was let in has to leave."""

    PASSWORD_CHANGED = "the password was changed"  # noqa: S105  (a sentence)
    RULES_CHANGED = "the door has other rules now"
    RETURNED = "the pass was given back"
    CHANGED = "the grant was changed"
    EXPIRED = "the grant has expired"
    REVOKED = "access was revoked"

    @property
    def is_for_good(self) -> bool:
        """Whether there is no use in coming back by the same."""
        return self in (Departure.EXPIRED, Departure.REVOKED)


Leave = Callable[[Departure], None]


class Entry(msgspec.Struct, kw_only=True):
    """What is stored; who keeps it adds what it stands for."""

    made_at: float
    """Unix time, as the next ones."""
    used_at: float | None = None
    """The last use; exact to an hour."""
    expires_at: float | None = None
    """When it becomes worthless by itself."""

    @property
    def grant(self) -> Grant:
        """What it lets do who comes in by it."""
        return NOBODY

    @property
    def lets_in(self) -> bool:
        """Whether it opens something at all; a decision may be a no."""
        return True


E = TypeVar("E", bound=Entry)


class Register(Generic[E]):
    """``most`` entries by their marks. ``changed`` is called when what is to be stored changes."""

    def __init__(
        self,
        most: int,
        mark_of: Callable[[E], str],
        now: Callable[[], float],
        changed: Callable[[], None],
        stored: Iterable[E] = (),
    ) -> None:
        self.now = now
        self._most = most
        self._mark_of = mark_of
        self._changed = changed
        self._known = {mark_of(entry): entry for entry in stored}
        self._insiders: dict[object, tuple[str, Leave]] = {}
        """Who is in by the entry of which mark, and how to end that."""
        self.revocations = Revocations()
        """What was taken back, to be stored, too."""

    def add(self, entry: E) -> None:
        """Keep one more; the one that was used longest ago goes when there are too many."""
        while len(self._known) >= self._most:
            del self._known[min(self._known, key=lambda mark: self._last_use(self._known[mark]))]
        self._known[self._mark_of(entry)] = entry
        self._note_decision(entry)
        self._settle(Departure.REVOKED)

    @staticmethod
    def _last_use(entry: E) -> float:
        return entry.used_at or entry.made_at

    def find(self, mark: str) -> E | None:
        """Give the entry of a mark, if it is good still; that is no use of it yet."""
        entry = self._known.get(mark)
        return None if entry is None or self._has_expired(entry) else entry

    def note_use(self, entry: E) -> None:
        """Note that an entry was used."""
        now = self.now()
        if entry.used_at is None or now - entry.used_at > _NOTED_EVERY_S:
            entry.used_at = now
            self._changed()

    def alter(self, altered: E) -> None:
        """Put an entry in the place of the one with its mark; whoever is in by it has to come in again."""
        mark = self._mark_of(altered)
        self._known[mark] = altered
        self._note_decision(altered)
        self._changed()
        self._send_away({mark}, Departure.CHANGED)

    def note(self, altered: E) -> None:
        """Put an entry in the place of the one with its mark that opens the same; whoever is in stays."""
        self._known[self._mark_of(altered)] = altered
        self._changed()

    def remove(self, entry: E, departure: Departure = Departure.REVOKED) -> None:
        """Make an entry worthless, for good."""
        del self._known[self._mark_of(entry)]
        self._revoke(entry)
        self._settle(departure)

    def _note_decision(self, entry: E) -> None:
        if entry.lets_in:
            self.revocations.lift(self._mark_of(entry))
        else:
            self._revoke(entry)

    def _revoke(self, entry: E) -> None:
        # A clock that was set back since must not make it look as if it were made later.
        self.revocations.add(self._mark_of(entry), max(self.now(), entry.made_at))

    def _is_revoked(self, entry: E) -> bool:
        return entry.lets_in and self.revocations.names(self._mark_of(entry), entry.made_at)

    def take_revocations(self, stored: Value) -> None:
        """Go by what was revoked elsewhere, too; that what is stored has changed is not said."""
        self.revocations.merge(stored)
        self.replace(self.stored())

    def replace(self, stored: Iterable[E]) -> None:
        """Go by other entries from now on, but for those that were revoked; that what is stored has changed is not
        said."""
        known = {self._mark_of(entry): entry for entry in stored if not self._is_revoked(entry)}
        altered = {mark for mark, entry in known.items() if mark in self._known and _differs(self._known[mark], entry)}
        self._known = known
        self._send_away_strangers(Departure.REVOKED)
        self._send_away(altered, Departure.CHANGED)

    def expire(self) -> list[E]:
        """Forget what has expired by now; returns it."""
        gone = {mark: entry for mark, entry in self._known.items() if self._has_expired(entry)}
        for mark in gone:
            del self._known[mark]
        if gone:
            self._settle(Departure.EXPIRED)
        return list(gone.values())

    @property
    def next_end(self) -> float | None:
        """When the next entry expires."""
        return min((entry.expires_at for entry in self._known.values() if entry.expires_at is not None), default=None)

    def _has_expired(self, entry: E) -> bool:
        return entry.expires_at is not None and entry.expires_at <= self.now()

    def stored(self) -> list[E]:
        """What is to be kept."""
        return list(self._known.values())

    # --- who is in ---

    def enter(self, mark: str, insider: object, leave: Leave) -> Grant | None:
        """Note who comes in by an entry; ``leave`` is called when it is taken back.

        Returns:
            What it lets do now; ``None`` when it is no good any more.
        """
        entry = self.find(mark)
        if entry is None:
            return None
        self._insiders[insider] = (mark, leave)
        return entry.grant

    def leave(self, insider: object) -> None:
        """Note that somebody has gone, or is in by something else."""
        self._insiders.pop(insider, None)

    def _settle(self, departure: Departure) -> None:
        self._changed()
        self._send_away_strangers(departure)

    def _send_away_strangers(self, departure: Departure) -> None:
        """End what came in by an entry that is none any more."""
        self._send_away({mark for mark, _ in self._insiders.values() if mark not in self._known}, departure)

    def _send_away(self, marks: set[str], departure: Departure) -> None:
        for insider, (mark, leave) in list(self._insiders.items()):
            if mark in marks:
                self._insiders.pop(insider, None)
                leave(departure)


def _differs(one: Entry, other: Entry) -> bool:
    """Tell whether two entries open different things; when they were used is no difference."""
    return msgspec.structs.replace(one, used_at=None) != msgspec.structs.replace(other, used_at=None)
