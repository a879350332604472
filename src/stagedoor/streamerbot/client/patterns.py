"""Which events somebody wants to hear, and what that means at a server with a given list of events.

Case does not count, since applications of different ages answer ``twitch`` and ``Twitch`` for the same source.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from stagedoor.types import JsonObject

Events: TypeAlias = str | Iterable[str] | Mapping[str, str | Iterable[str]]
"""``"Twitch.Follow"``, ``"Twitch.*"``, ``"*"``, several of these, or types by source: ``{"Twitch": ["Follow"]}``."""

EventTypes: TypeAlias = dict[str, list[str]]
"""Types by source, as on the wire."""

ANY = "*"


class Pattern(NamedTuple):
    """One event, all of a source, or all; compare :attr:`folded` ones."""

    source: str
    type: str

    def __str__(self) -> str:
        return ANY if self.source == ANY else f"{self.source}.{self.type}"

    @property
    def folded(self) -> "Pattern":
        """The same without regard to case."""
        return Pattern(self.source.casefold(), self.type.casefold())

    @property
    def is_wild(self) -> bool:
        """Whether it stands for more than one event."""
        return self.type == ANY


EVERYTHING = Pattern(ANY, ANY)


class Topic(tuple[Pattern, ...]):
    """What one listener hears."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """All patterns, for people."""
        return ", ".join(map(str, self))


def parse_events(events: Events) -> Topic:
    """Read what a user of the client wants to hear.

    Raises:
        ValueError: When it is nothing, or no event has such a name.
    """
    if isinstance(events, str):
        patterns = [_parse(events)]
    elif isinstance(events, Mapping):
        patterns = [
            _parse(f"{source}.{type_}")
            for source, types in events.items()
            for type_ in ([types] if isinstance(types, str) else types)
        ]
    else:
        patterns = [_parse(event) for event in events]
    if not patterns:
        raise ValueError("no event was named")
    return Topic({pattern.folded: pattern for pattern in patterns}.values())


def _parse(text: str) -> Pattern:
    if text == ANY:
        return EVERYTHING
    source, _, type_ = text.partition(".")
    if source == ANY and type_ == ANY:
        return EVERYTHING
    if not source or not type_ or source == ANY or (ANY in type_ and type_ != ANY):
        raise ValueError(f"an event is named as in 'Twitch.Follow', 'Twitch.*' or '*', not {text!r}")
    return Pattern(source, type_)


class EventList:
    """The events that a server has, in its own spelling."""

    def __init__(self, events: Mapping[str, Iterable[str]]) -> None:
        self._sources: dict[str, tuple[str, dict[str, str]]] = {}
        for source, types in events.items():
            _, known = self._sources.setdefault(source.casefold(), (source, {}))
            known.update({type_.casefold(): type_ for type_ in types})

    def knows(self, pattern: Pattern) -> bool:
        """Whether the server has such an event."""
        return bool(self._sources) and bool(self._matches(pattern.folded))

    def expand(self, pattern: Pattern) -> list[Pattern]:
        """Name every event for which ``pattern`` stands; one that is unknown stands for itself."""
        known = self._matches(pattern.folded)
        return known if known or pattern.is_wild else [pattern]

    def _matches(self, folded: Pattern) -> list[Pattern]:
        if folded.source == ANY:
            return [Pattern(source, type_) for source, types in self._sources.values() for type_ in types.values()]
        source, types = self._sources.get(folded.source, ("", {}))
        if folded.type == ANY:
            return [Pattern(source, type_) for type_ in types.values()]
        return [Pattern(source, types[folded.type])] if folded.type in types else []


def event_types(names: Iterable[Pattern]) -> EventTypes:
    """Write names as on the wire."""
    types: EventTypes = {}
    for name in names:
        types.setdefault(name.source, []).append(name.type)
    return types


def read_event_types(events: object) -> EventTypes:
    """Take types by source out of an answer; what has no such form is left out.

    A source ``err`` is none: the official client skips it, so that some application must have sent it.
    """
    if not isinstance(events, dict):
        return {}
    members: JsonObject = events
    return {
        source: [type_ for type_ in types if isinstance(type_, str) and type_]
        for source, types in members.items()
        if isinstance(types, list) and source and source != "err"
    }
