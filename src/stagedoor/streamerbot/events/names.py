"""What an event is called, and the key that carries it."""

from typing import Final, NamedTuple

from stagedoor.types import Key

EVENT_PREFIX: Final = "event/"
"""How the keys of all events begin."""


class EventName(NamedTuple):
    """An event's source and type, in the spelling of the wire: ``Twitch``, ``ChatMessage``."""

    source: str
    type: str

    def __str__(self) -> str:
        return f"{self.source}.{self.type}"


def event_key(source: str, type: str) -> Key:  # noqa: A002  (the wire's word)
    """Name the key whose writes are this event. No name of an event holds a slash."""
    return f"{EVENT_PREFIX}{source}/{type}"


def event_of_key(key: Key) -> EventName | None:
    """Read an event's name from a key; ``None`` when the key carries no event."""
    if not key.startswith(EVENT_PREFIX):
        return None
    source, slash, type_ = key.removeprefix(EVENT_PREFIX).partition("/")
    if not source or not slash or not type_ or "/" in type_ or type_.startswith("@"):
        return None
    return EventName(source, type_)
