"""The JSON Schemas of what an action may hold, made from the classes themselves, so that a form never falls behind.

They are plain: one object each, whose members have ``type``, ``title``, ``description``, ``default``, ``enum``, bounds
and ``format``, and nothing that refers elsewhere. What members mean to one another is left to the check of an action.
"""

import inspect
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal, get_args, get_origin

import msgspec

from stagedoor.services.actions.action import Action
from stagedoor.services.actions.steps import AnyStep, Step
from stagedoor.services.actions.triggers import AnyTrigger, Trigger
from stagedoor.types import JsonObject


@cache
def describe_actions() -> JsonObject:
    """Describe what ``action/<id>`` may hold: the action, and each type of step and of trigger."""
    steps, triggers = get_args(AnyStep), get_args(AnyTrigger)
    action = _schema(Action)
    for name, parts in (("steps", steps), ("triggers", triggers)):
        types = [_tag(part) for part in parts]
        each = {"type": "object", "properties": {"type": {"enum": types}}, "required": ["type"]}
        action["properties"][name]["items"] = each
    return {"action": action, "steps": _describe(steps), "triggers": _describe(triggers)}


def _describe(parts: Iterable[type[Step | Trigger]]) -> list[JsonObject]:
    return [
        {
            "type": _tag(part),
            "title": part.title,
            "description": _summary(part),
            "group": part.group,
            "schema": _schema(part) | {"title": part.title},
        }
        for part in parts
    ]


def _schema(struct: type[msgspec.Struct]) -> dict[str, Any]:
    _, components = msgspec.json.schema_components([struct])
    schema: dict[str, Any] = components[struct.__name__]
    schema["description"] = _summary(struct)
    for field in msgspec.structs.fields(struct):
        member = schema["properties"][field.encode_name]
        # msgspec sorts the words of a choice; here they stand as they were written.
        kind = get_args(field.type)[0]
        if get_origin(kind) is Literal:
            member["enum"] = list(get_args(kind))
        match member.pop("anyOf", None):
            case [dict(one), {"type": "null"}]:
                member |= one | {"type": [one["type"], "null"]}
            case list(several):
                member["anyOf"] = several
    return schema


def _tag(part: type[Step | Trigger]) -> str:
    return str(part.__struct_config__.tag)


def _summary(struct: type) -> str:
    """Give the first sentence of a class's docstring."""
    text = (inspect.getdoc(struct) or "").replace("``", "").replace("\n", " ")
    return text.partition(". ")[0].removesuffix(".") + "."
