"""Lists of goals that somebody has read, changed and written back, while viewers went on contributing.

Programs made for strimertül change a goal by writing all of them. What viewers have given meanwhile is not in what they
write, and would be gone: paid, and saved for nothing. It is given back to the goal here.
"""

from typing import Final

import msgspec

from stagedoor.hub import Change
from stagedoor.services.loyalty.records import find
from stagedoor.types import CommitNumber, JsonObject, Value

Undone = dict[str, dict[str, int]]
"""By a goal's id: logins, and the points of theirs that count no more."""

_list_decoder: Final = msgspec.json.Decoder(list[JsonObject] | None)


class OlderLists:
    """Remembers which of the latest changes to the goals were older lists.

    A change that comes in one batch with balances undoes both sides of a contribution, as it does when a backup is
    restored.
    """

    def __init__(self) -> None:
        self._undone: dict[CommitNumber, Undone] = {}
        self._last_balance = CommitNumber(0)

    def hear_balance(self, change: Change) -> None:
        """Hear of a change to a balance."""
        self._last_balance = change.number
        self._undone.pop(change.number, None)

    def hear_goals(self, before: Value, change: Change) -> bool:
        """Hear of a change to the goals; tell whether to ask soon what it has undone."""
        if change.number == self._last_balance or not (undone := find_undone(before, change.value)):
            return False
        self._undone[change.number] = undone
        return True

    def take(self, number: CommitNumber) -> Undone:
        """Tell what a change has undone; all of its batch has been heard by now."""
        return self._undone.pop(number, {})


def find_undone(before: Value, after: Value) -> Undone:
    """Find the goals that are as they were before some contributions, and tell which.

    Such a goal has the same total, no contributor has more, and together they have less by as much as it has less. One
    of which the total or the points alone were changed, or of which nothing is left, was changed on purpose.
    """
    if before == after:
        return {}
    known = _read(before)
    goals = ((id_, goal) for id_, goal in _read(after).items() if id_ in known)
    return {id_: undone for id_, goal in goals if (undone := _compare(known[id_], goal))}


def _read(text: Value) -> dict[str, JsonObject]:
    try:
        goals = _list_decoder.decode(text or "null") or []
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return {id_: goal for goal in goals if isinstance(id_ := find(goal, "id"), str)}


def _compare(before: JsonObject, after: JsonObject) -> dict[str, int]:
    earlier, later = find(before, "contributed"), find(after, "contributed")
    if not isinstance(earlier, int) or not isinstance(later, int) or find(before, "total") != find(after, "total"):
        return {}
    givers, left = _givers(before), _givers(after)
    less = {login: points - left.get(login, 0) for login, points in givers.items() if points != left.get(login, 0)}
    is_older = left.keys() <= givers.keys() and all(points > 0 for points in less.values())
    return less if is_older and (later or left) and sum(less.values()) == earlier - later else {}


def _givers(goal: JsonObject) -> dict[str, int]:
    givers = find(goal, "contributors")
    if not isinstance(givers, dict):
        return {}
    return {login: points for login, points in givers.items() if isinstance(points, int)}
