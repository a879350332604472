"""The schemas from which forms are made, against the actions that are read."""

import re
from typing import Any, get_args

import msgspec
import pytest

from stagedoor import keys
from stagedoor.hub import MemoryStore
from stagedoor.services.actions import ActionBroken, read_action
from stagedoor.services.actions.members import Format
from stagedoor.services.actions.schema import describe_actions
from stagedoor.services.actions.steps import AnyStep
from stagedoor.services.actions.triggers import AnyTrigger
from tests.schemas import problems
from tests.services.test_actions import new_stage
from tests.services.test_actions_docs import EXAMPLES

DESCRIBED: Any = msgspec.json.decode(msgspec.json.encode(describe_actions()))
ACTION = DESCRIBED["action"]
STEPS = {part["type"]: part for part in DESCRIBED["steps"]}
TRIGGERS = {part["type"]: part for part in DESCRIBED["triggers"]}
PARTS = [*DESCRIBED["steps"], *DESCRIBED["triggers"]]

KEYWORDS = {
    *("type", "title", "description", "enum", "default", "properties", "required", "additionalProperties"),
    *("items", "minimum", "maximum", "minLength", "format", "readOnly"),
}
"""All that a form has to know."""

NEEDED_TOO: dict[str, dict[str, Any]] = {"setGlobal": {"value": 1}, "broadcast": {"text": "x"}}
"""What members mean to one another is not in the schemas."""


def problems_of_action(action: dict[str, Any]) -> list[str]:
    found = problems(ACTION, action)
    for name, parts in (("steps", STEPS), ("triggers", TRIGGERS)):
        for index, part in enumerate(action.get(name, [])):
            if part.get("type") in parts:
                found += problems(parts[part["type"]]["schema"], part, f"$.{name}[{index}]")
    return found


def test_every_type_of_step_and_trigger_is_described() -> None:
    assert list(STEPS) == [step.__struct_config__.tag for step in get_args(AnyStep)]
    assert list(TRIGGERS) == [trigger.__struct_config__.tag for trigger in get_args(AnyTrigger)]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part["type"])
def test_people_can_read_it(part: dict[str, Any]) -> None:
    assert part["title"]
    assert part["group"]
    assert re.fullmatch(r"[A-Z][^`\n]+\.", part["description"])
    for name, member in part["schema"]["properties"].items():
        assert member.keys() <= KEYWORDS
        if name != "type":
            assert member["title"]
            assert re.fullmatch(r"[A-Z][^`\n]+\.", member["description"])
            assert member.get("format") in (None, *get_args(Format))


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_of_the_docs_are_valid(text: str) -> None:
    assert problems_of_action(msgspec.json.decode(text)) == []


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part["type"])
def test_the_defaults_are_what_they_say(part: dict[str, Any]) -> None:
    """What a form makes of the defaults alone is read as if they were left out."""
    members = part["schema"]["properties"]
    needed: dict[str, Any] = {
        name: 1 if members[name].get("type") == "integer" else "x" for name in part["schema"]["required"]
    }
    needed |= {"type": part["type"]}
    needed |= NEEDED_TOO.get(part["type"], {})
    filled = {name: member["default"] for name, member in members.items() if "default" in member} | needed
    kind = "steps" if part["type"] in STEPS else "triggers"

    def read(one: dict[str, Any]) -> object:
        return read_action("id", msgspec.json.encode({"name": "a", kind: [one]}).decode())

    assert read(filled) == read(needed)
    assert problems(part["schema"], filled) == problems(part["schema"], needed) == []


@pytest.mark.parametrize(
    "action",
    [
        {},
        {"name": ""},
        {"name": "a", "stebs": []},
        {"name": "a", "enabled": "yes"},
        {"name": "a", "steps": [{"type": "dance"}]},
        {"name": "a", "steps": [{}]},
        {"name": "a", "steps": [{"type": "log"}]},
        {"name": "a", "steps": [{"type": "log", "message": "x", "level": "loud"}]},
        {"name": "a", "steps": [{"type": "delay", "ms": -1}]},
        {"name": "a", "steps": [{"type": "delay", "ms": 1, "randomTo": 86_400_001}]},
        {"name": "a", "steps": [{"type": "setKey", "key": "", "value": 1}]},
        {"name": "a", "steps": [{"type": "emitEvent", "eventSource": "A", "eventType": "B", "data": []}]},
        {"name": "a", "triggers": [{"type": "codeTrigger", "eventName": ""}]},
    ],
)
def test_the_schemas_refuse_what_is_refused(action: dict[str, Any]) -> None:
    assert problems_of_action(action)
    with pytest.raises(ActionBroken):
        read_action("id", msgspec.json.encode(action).decode())


def test_choices_stand_in_the_order_of_the_code() -> None:
    assert STEPS["log"]["schema"]["properties"]["level"]["enum"] == ["debug", "info", "warning", "error"]
    assert STEPS["delay"]["schema"]["properties"]["randomTo"]["type"] == ["integer", "null"]


async def test_the_schema_can_be_asked_for() -> None:
    async with new_stage(MemoryStore()) as stage:
        assert await stage.ask(keys.ACTION_SCHEMA) == DESCRIBED
