"""An action as it is stored: its members, and how it is read."""

from typing import Annotated, Final, TypeVar
from uuid import NAMESPACE_OID, uuid5

import msgspec
from msgspec import Meta, Struct

from stagedoor.json_text import MAX_DEPTH, is_too_deep, may_be_deep
from stagedoor.keys import segment, unsegment
from stagedoor.services.actions.errors import ActionBroken
from stagedoor.services.actions.steps import AnyStep, Step
from stagedoor.services.actions.triggers import AnyTrigger, Trigger
from stagedoor.types import Key, Value

_Part = TypeVar("_Part", bound=Step | Trigger)

ACTIONS: Final = "action/"
"""Where actions are."""


class Action(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A named list of steps. A member that nobody knows is an error, so that none is misspelt unnoticed."""

    id: str = ""
    """The last segment of its key, whatever is stored here."""
    name: Annotated[str, Meta(min_length=1)]
    group: str = ""
    enabled: bool = True
    triggers: tuple[AnyTrigger, ...] = ()
    steps: tuple[AnyStep, ...] = ()


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
        raise ActionBroken(id, str(error)) from error
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
