"""An action as it is stored: its members, and how it is read."""

import re
from typing import Annotated, Final, TypeVar
from uuid import NAMESPACE_OID, uuid5

import msgspec
from msgspec import Meta, Struct

from stagedoor.json_text import MAX_DEPTH, is_too_deep, may_be_deep
from stagedoor.keys import segment, unsegment
from stagedoor.services.actions.errors import ActionBroken
from stagedoor.services.actions.members import shown
from stagedoor.services.actions.steps import AnyStep, Step
from stagedoor.services.actions.triggers import AnyTrigger, Trigger
from stagedoor.types import Key, Value

_Part = TypeVar("_Part", bound=Step | Trigger)

ACTIONS: Final = "action/"
"""Where actions are."""

_PLACE: Final = re.compile(r"^(.*) - at `\$\.?(.+)`$", re.DOTALL)
"""Where msgspec says which member is wrong."""


class Action(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A named list of steps. A member that nobody knows is an error, so that none is misspelt unnoticed."""

    id: Annotated[str, shown("Id", "The last segment of its key, whatever is stored here.", read_only=True)] = ""
    name: Annotated[str, Meta(min_length=1), shown("Name", "How people and programs ask for it.")]
    group: Annotated[str, shown("Group", "Where lists show it.")] = ""
    enabled: Annotated[bool, shown("Enabled", "A disabled action does not run.")] = True
    triggers: Annotated[tuple[AnyTrigger, ...], shown("Triggers", "What runs it, beside those who ask for it.")] = ()
    steps: Annotated[tuple[AnyStep, ...], shown("Steps", "What it does, in this order.")] = ()


def action_key(id: str) -> Key:  # noqa: A002  (the wire's word)
    """Name the key of an action."""
    return ACTIONS + segment(id)


def action_id(key: Key) -> str | None:
    """Tell which action a key under ``action/`` holds; ``None`` when it holds none."""
    part = key.removeprefix(ACTIONS)
    return None if not part or "/" in part or part.startswith("@") else unsegment(part)


def read_action(id: str, text: Value) -> Action:  # noqa: A002  (the wire's word)
    """Read what is stored under an action's key. Steps and triggers without an id get one that stays the same.

    Raises:
        ActionBroken: When it is no action.
    """
    try:
        if may_be_deep(text) and is_too_deep(msgspec.json.decode(text)):
            raise ActionBroken(id, f"it nests more than {MAX_DEPTH} levels")
        action = msgspec.json.decode(text, type=Action)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ActionBroken(id, _PLACE.sub(r"\2: \1", str(error))) from error
    except RecursionError as error:
        raise ActionBroken(id, f"it nests more than {MAX_DEPTH} levels") from error
    return msgspec.structs.replace(
        action,
        id=id,
        triggers=tuple(_identified(one, id, f"triggers/{place}") for place, one in enumerate(action.triggers)),
        steps=tuple(_identified(one, id, f"steps/{place}") for place, one in enumerate(action.steps)),
    )


def _identified(part: _Part, action: str, place: str) -> _Part:
    return part if part.id else msgspec.structs.replace(part, id=str(uuid5(NAMESPACE_OID, f"{action}/{place}")))
