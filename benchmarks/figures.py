"""A figure: what was measured, beside what it is compared with and what it should be."""

from collections.abc import Callable
from statistics import median
from typing import Literal, TypeAlias

import msgspec

from benchmarks.load import Outcome

Unit: TypeAlias = Literal["/s", "ms", "s", "KB", "MB", "open", "cores"]


class Target(msgspec.Struct, frozen=True):
    """A bound on a figure's ratio or on its own value."""

    bound: float
    on: Literal["ratio", "value"] = "ratio"

    def __str__(self) -> str:
        return f"≥ {self.bound:g}" if self.on == "ratio" else f"< {self.bound:g}"


class Figure(msgspec.Struct, kw_only=True):
    """The medians of the rounds of one measurement.

    ``ratio`` says how good we are beside the counterpart, 1 being as good; it is the median of the rounds' own ratios,
    since a round and its counterpart shared the same moment of a noisy machine. ``*_us`` are microseconds of the
    server's processor time for each thing counted, which depend far less on that noise.
    """

    case: str
    name: str
    unit: Unit
    value: float
    counterpart: float | None = None
    counterpart_name: str = "bare"
    ratio: float | None = None
    target: Target | None = None
    server_us: float | None = None
    counterpart_us: float | None = None
    load_share: float | None = None
    """Part of a processor that the load generator used; near 1 it may be what was measured."""
    rounds: list[float] = []
    counterpart_rounds: list[float] = []

    @property
    def passes(self) -> bool | None:
        """Tell whether the target is met; ``None`` without one."""
        if self.target is None:
            return None
        if self.target.on == "value":
            return self.value < self.target.bound
        return self.ratio is not None and self.ratio >= self.target.bound


def compare(
    case: str,
    name: str,
    *,
    ours: Callable[[], Outcome],
    theirs: Callable[[], Outcome],
    rounds: int,
    counterpart_name: str = "bare",
    target: float | None = None,
) -> Figure:
    """Measure rates in turn, the order changing each round: A B, B A, A B…"""
    pairs: list[tuple[Outcome, Outcome]] = []
    for number in range(rounds):
        if number % 2:
            second = theirs()
            pairs.append((ours(), second))
        else:
            first = ours()
            pairs.append((first, theirs()))
    mine, other = zip(*pairs, strict=True)
    return Figure(
        case=case,
        name=name,
        unit="/s",
        value=median(outcome.rate for outcome in mine),
        counterpart=median(outcome.rate for outcome in other),
        counterpart_name=counterpart_name,
        ratio=median(ours.rate / theirs.rate for ours, theirs in pairs if theirs.rate),
        target=None if target is None else Target(target),
        server_us=_median_us(mine),
        counterpart_us=_median_us(other),
        load_share=median(outcome.load_cpu_s / outcome.seconds for outcome in mine),
        rounds=[outcome.rate for outcome in mine],
        counterpart_rounds=[outcome.rate for outcome in other],
    )


def _median_us(outcomes: tuple[Outcome, ...]) -> float | None:
    known = [outcome.server_us for outcome in outcomes if outcome.server_us is not None]
    return median(known) if known else None
