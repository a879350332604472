"""Which variation of an alert an event calls for."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from stagedoor.services.alerts.happenings import Cheer, Gift, Happening, Raid, Subscription
from stagedoor.strimertul import Alerts

V = TypeVar("V")


def find_variation(alerts: Alerts, happening: Happening) -> int | None:
    """Tell which variation of its part an event calls for, by its place in the list; ``None`` for none.

    That is the one with the highest threshold that the event reaches, and of equal ones the first. Gifts of nobody
    known, and subscriptions that were given, rather have the first variation that is marked for them.
    """
    match happening:
        case Raid(viewers=viewers):
            return _highest(((index, each.min_viewers) for index, each in _each(alerts.raid.variations)), viewers)
        case Cheer(bits=bits):
            return _highest(((index, each.min_amount) for index, each in _each(alerts.cheer.variations)), bits)
        case Gift():
            gifts = list(_each(alerts.gift_sub.variations))
            marked = (index for index, each in gifts if each.is_anonymous)
            if happening.is_anonymous and (first := next(marked, None)) is not None:
                return first
            known = ((index, each.min_cumulative) for index, each in gifts if not each.is_anonymous)
            return _highest(known, happening.cumulative_total)
        case Subscription():
            variations = list(_each(alerts.subscription.variations))
            if happening.is_gift:
                return next((index for index, each in variations if each.is_gifted), None)
            streak = happening.streak_months or happening.cumulative_months
            return _highest(((index, each.min_streak) for index, each in variations if not each.is_gifted), streak)
        case _:
            return None


def _each(variations: Sequence[V] | None) -> Iterable[tuple[int, V]]:
    return enumerate(variations or ())


def _highest(thresholds: Iterable[tuple[int, int | None]], reached: int) -> int | None:
    best: tuple[int, int] | None = None
    for index, threshold in thresholds:
        if threshold is not None and threshold <= reached and (best is None or threshold > best[1]):
            best = index, threshold
    return best and best[0]
