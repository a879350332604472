"""What can start an action: one class a type of trigger, and the one place that lists them.

To add a type: a class with the tag that stands in the JSON, and its name in :data:`AnyTrigger`.
"""

from typing import Annotated, Final, NamedTuple, TypeAlias

from msgspec import Meta, Struct

from stagedoor.streamerbot.events import EventName

ASKED: Final = EventName("General", "DoAction")
CUSTOM_EVENT: Final = EventName("Custom", "Event")
CODE_EVENT: Final = EventName("Custom", "CodeEvent")


class Origin(NamedTuple):
    """Why a run began."""

    event: EventName
    name: str = ""
    """Which event of that kind it was; a custom event and a code trigger have names of their own."""
    title: str = ""
    """How people know it."""
    category: str = ""


class Trigger(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", tag_field="type"):
    """Base of all triggers."""

    id: str = ""
    enabled: bool = True

    def matches(self, origin: Origin) -> bool:
        """Tell whether this is what the trigger waits for."""
        raise NotImplementedError


class CustomEvent(Trigger, frozen=True, kw_only=True, tag="customEvent"):
    """A step "trigger custom event" of any action; without a name, whatever the event's name is."""

    event_name: str = ""

    def matches(self, origin: Origin) -> bool:
        """Tell whether this is what the trigger waits for."""
        return origin.event == CUSTOM_EVENT and self.event_name in ("", origin.name)


class CodeTrigger(Trigger, frozen=True, kw_only=True, tag="codeTrigger"):
    """A trigger that a program has registered under ``code-trigger/``."""

    event_name: Annotated[str, Meta(min_length=1)]

    def matches(self, origin: Origin) -> bool:
        """Tell whether this is what the trigger waits for."""
        return origin.event == CODE_EVENT and self.event_name == origin.name


AnyTrigger: TypeAlias = CustomEvent | CodeTrigger
