"""The arguments of a run: named JSON values, whose names are compared without regard to case."""

from collections.abc import Mapping

from msgspec import UNSET

from stagedoor.types import JsonObject


class Arguments:
    """What a run was given, and what its steps have added."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values: dict[str, tuple[str, object]] = {}
        for name, value in values.items():
            self.set(name, value)

    def set(self, name: str, value: object) -> None:
        """Add an argument, or replace the one of that name; ``value`` must not change any more."""
        self._values[name.lower()] = (name, value)

    def get(self, name: str) -> object:
        """Find an argument, or a member of one that is an object: ``user.name``; ``UNSET`` when there is none."""
        found = self._values.get(name.lower())
        if found is not None:
            return found[1]
        head, dot, path = name.partition(".")
        found = self._values.get(head.lower())
        return _member(found[1], path) if dot and found is not None else UNSET

    def text(self, name: str) -> str:
        """Find an argument that is text; empty when it is not."""
        value = self.get(name)
        return value if isinstance(value, str) else ""

    def as_object(self) -> JsonObject:
        """Copy all of them, in the order in which they came."""
        return dict(self._values.values())


def _member(value: object, path: str) -> object:
    """Follow a path into nested objects. A name that holds dots itself is found as the end of the path."""
    while isinstance(value, dict):
        if (whole := _look_up(value, path)) is not UNSET:
            return whole
        head, dot, path = path.partition(".")
        if not dot:
            break
        value = _look_up(value, head)
    return UNSET


def _look_up(members: JsonObject, name: str) -> object:
    if name in members:
        return members[name]
    lower = name.lower()
    return next((value for key, value in members.items() if key.lower() == lower), UNSET)
