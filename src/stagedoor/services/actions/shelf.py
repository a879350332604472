"""The actions and code triggers that there are, in memory."""

from typing import NamedTuple

import msgspec
from msgspec import Struct

from stagedoor.errors import RequestFailed
from stagedoor.services.actions.action import Action, read_action
from stagedoor.services.actions.errors import ActionBroken
from stagedoor.services.actions.triggers import Origin, Trigger
from stagedoor.types import Value


class CodeTriggerEntry(Struct, rename="camel"):
    """A trigger that a program offers. ``event_name`` is the last segment of its key, whatever is stored."""

    name: str
    event_name: str = ""
    category: str = "Custom"


class ActionEntry(Struct):
    """An action in the answer to ``action/@list``. Source: Streamer.bot's documentation of GetActions."""

    id: str
    name: str
    group: str
    enabled: bool
    subaction_count: int
    trigger_count: int


class Triggered(NamedTuple):
    """An action that is to run, and which of its triggers says so."""

    action: Action
    trigger: Trigger


class Shelf:
    """Actions by id and by name."""

    def __init__(self) -> None:
        self._actions: dict[str, Action] = {}
        self._broken: dict[str, ActionBroken] = {}
        self.code_triggers: dict[str, CodeTriggerEntry] = {}
        """By the name of their event."""

    def get(self, id: str) -> Action | None:  # noqa: A002  (the wire's word)
        """Find a valid action."""
        return self._actions.get(id)

    def put(self, id: str, text: Value) -> Action:  # noqa: A002  (the wire's word)
        """Keep an action as it is now.

        Raises:
            ActionBroken: When it is not valid, and so can no longer run.
        """
        self.remove(id)
        try:
            action = read_action(id, text)
        except ActionBroken as error:
            self._broken[id] = error
            raise
        self._actions[id] = action
        return action

    def remove(self, id: str) -> None:  # noqa: A002  (the wire's word)
        """Forget an action."""
        self._actions.pop(id, None)
        self._broken.pop(id, None)

    def find(self, id: str, name: str) -> Action:  # noqa: A002  (the wire's word)
        """Find the action to run: by id, else by name, else by name whatever its case.

        Raises:
            RequestFailed: When there is none, or it is broken.
        """
        for known in (id, id.lower()):
            if known in self._actions:
                return self._actions[known]
            if known in self._broken:
                raise RequestFailed(f"Action is not valid: {self._broken[known].problem}")
        if name:
            lower = name.lower()
            named = [action for action in self._actions.values() if action.name.lower() == lower]
            if named:
                # One match of several; always the same one.
                return min(named, key=lambda action: (action.name != name, action.id))
        raise RequestFailed("Action not found")

    def triggered_by(self, origin: Origin) -> list[Triggered]:
        """Find the enabled actions that an origin triggers, each once, in the order of their names."""
        found: list[Triggered] = []
        for action in self._sorted():
            if not action.enabled:
                continue
            trigger = next((one for one in action.triggers if one.enabled and one.matches(origin)), None)
            if trigger is not None:
                found.append(Triggered(action, trigger))
        return found

    def list_actions(self) -> list[ActionEntry]:
        """Describe the valid actions, in the order of their names."""
        return [
            ActionEntry(
                id=action.id,
                name=action.name,
                group=action.group or "None",
                enabled=action.enabled,
                subaction_count=len(action.steps),
                trigger_count=len(action.triggers),
            )
            for action in self._sorted()
        ]

    def list_broken(self) -> list[ActionBroken]:
        """Tell of everything stored as an action that is none, in the order of their ids."""
        return [error for _, error in sorted(self._broken.items())]

    def _sorted(self) -> list[Action]:
        return sorted(self._actions.values(), key=lambda action: (action.name.lower(), action.name, action.id))

    def put_code_trigger(self, name: str, text: Value) -> None:
        """Keep a code trigger as it is now.

        Raises:
            msgspec.DecodeError: When it is not valid; it is not offered then.
        """
        self.code_triggers.pop(name, None)
        entry = msgspec.json.decode(text, type=CodeTriggerEntry)
        entry.event_name = name
        self.code_triggers[name] = entry
