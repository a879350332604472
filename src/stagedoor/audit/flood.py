"""Keeps floods out of the audit log: what repeats is counted, and so is what comes too fast.

Somebody who tries passwords by the thousand, or comes from a thousand addresses, must neither fill the disk nor push
older entries out of the log. The same thing within a minute is one entry at once, and one with a ``count`` when the
minute is over. Of one kind a hundred entries may come at once, and then one every two seconds; the rest is counted.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from stagedoor.types import JsonObject

WINDOW_S: Final = 60.0

BURST: Final = 100
"""Entries of one kind that are written however fast they come."""

RATE: Final = 0.5
"""Entries of one kind a second that are written after those. So a flood of one kind writes some 15 MiB a day, and it
takes more than a week to push out what is older."""

_MAX_KINDS: Final = 64
"""Kinds that have a measure of their own; all others share one."""

_OTHERS: Final = "other"

TOO_MANY: Final = "there were too many to write down each"


class _Window:
    """What has happened once, and how often it happened again."""

    __slots__ = ("again", "ends_at", "facts", "kind")

    def __init__(self, kind: str, facts: JsonObject, ends_at: float) -> None:
        self.kind = kind
        self.facts = facts
        self.ends_at = ends_at
        self.again = 0


class _Measure:
    """How much of one kind there was."""

    __slots__ = ("ends_at", "left", "omitted", "seen_at")

    def __init__(self, at: float) -> None:
        self.left = float(BURST)
        self.seen_at = at
        self.omitted = 0
        self.ends_at = 0.0


class FloodGate:
    """Says what is written down as it happens, and sums up the rest. Times are seconds of any clock that only rises."""

    def __init__(self, clean: Callable[[Mapping[str, object]], JsonObject]) -> None:
        """Begin; ``clean`` makes facts fit to be kept."""
        self._clean = clean
        self._windows: OrderedDict[int, _Window] = OrderedDict()
        """By the hash of what happened, the oldest first: all are open equally long."""
        self._measures: dict[str, _Measure] = {}

    def admit(self, kind: str, facts: Mapping[str, object], at: float) -> JsonObject | None:
        """Return the clean facts of what is to be written down by itself; what is counted instead is ``None``."""
        identity = hash((kind, repr(facts)))
        window = self._windows.get(identity)
        if window is not None:
            window.again += 1
            return None
        measure = self._measure(kind, at)
        if measure.left < 1:
            self._omit(measure, 1, at)
            return None
        measure.left -= 1
        cleaned = self._clean(facts)
        self._windows[identity] = _Window(kind, cleaned, at + WINDOW_S)
        return cleaned

    def omit(self, kind: str, count: int, at: float) -> None:
        """Count what was not even looked at."""
        self._omit(self._measure(kind, at), count, at)

    def sum_up(self, at: float | None) -> list[tuple[str, JsonObject]]:
        """Tell kind and facts of each sum whose minute is over at a time; of all that are open for ``None``."""
        sums: list[tuple[str, JsonObject]] = []
        while self._windows:
            identity, window = next(iter(self._windows.items()))
            if at is not None and window.ends_at > at:
                break
            del self._windows[identity]
            if window.again:
                sums.append((window.kind, {**window.facts, "count": window.again}))
        for kind, measure in self._measures.items():
            if measure.omitted and (at is None or measure.ends_at <= at):
                sums.append((kind, {"count": measure.omitted, "reason": TOO_MANY}))
                measure.omitted = 0
        return sums

    @property
    def next_at(self) -> float | None:
        """When the next sum may be due; ``None`` when nothing is being counted."""
        ends = [measure.ends_at for measure in self._measures.values() if measure.omitted]
        if self._windows:
            ends.append(next(iter(self._windows.values())).ends_at)
        return min(ends, default=None)

    def _measure(self, kind: str, at: float) -> _Measure:
        if kind not in self._measures and len(self._measures) >= _MAX_KINDS:
            kind = _OTHERS
        measure = self._measures.setdefault(kind, _Measure(at))
        measure.left = min(BURST, measure.left + (at - measure.seen_at) * RATE)
        measure.seen_at = at
        return measure

    def _omit(self, measure: _Measure, count: int, at: float) -> None:
        if not measure.omitted:
            measure.ends_at = at + WINDOW_S
        measure.omitted += count
