"""What can start an action: one class a type of trigger, and the one place that lists them.

To add a type: a class with the tag that stands in the JSON, a title, a group, and its name in :data:`AnyTrigger`. The
first sentence of its docstring and the titles and descriptions of its members are what people see in forms.
"""

from typing import Annotated, ClassVar, Final, NamedTuple, TypeAlias

from msgspec import Meta, Struct

from stagedoor.services.actions.members import Enabled, PartId, shown
from stagedoor.streamerbot.events import EventName

ASKED: Final = EventName("General", "DoAction")
CUSTOM_EVENT: Final = EventName("Custom", "Event")
CODE_EVENT: Final = EventName("Custom", "CodeEvent")

CUSTOM: Final = "Custom"


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

    title: ClassVar[str]
    group: ClassVar[str]

    id: PartId = ""
    enabled: Enabled = True

    def matches(self, origin: Origin) -> bool:
        """Tell whether this is what the trigger waits for."""
        raise NotImplementedError


class CustomEvent(Trigger, frozen=True, kw_only=True, tag="customEvent"):
    """A step "trigger custom event" of any action; without a name, whatever the event's name is."""

    title = "Custom event"
    group = CUSTOM

    event_name: Annotated[str, shown("Event", "The custom event's name; none stands for all.", format="event")] = ""

    def matches(self, origin: Origin) -> bool:
        """Tell whether this is what the trigger waits for."""
        return origin.event == CUSTOM_EVENT and self.event_name in ("", origin.name)


class CodeTrigger(Trigger, frozen=True, kw_only=True, tag="codeTrigger"):
    """A trigger that a program has registered under ``code-trigger/``."""

    title = "Code trigger"
    group = CUSTOM

    event_name: Annotated[
        str, Meta(min_length=1), shown("Event", "The code trigger's event name.", format="code-trigger")
    ]

    def matches(self, origin: Origin) -> bool:
        """Tell whether this is what the trigger waits for."""
        return origin.event == CODE_EVENT and self.event_name == origin.name


AnyTrigger: TypeAlias = CustomEvent | CodeTrigger
