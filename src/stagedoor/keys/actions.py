"""Actions, code triggers, commands."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import A_MOMENT_MS, COUNT, FLAG, TEXT, example, items, record
from stagedoor.types import JsonObject

ACTION_RUN: Final = "action/@run"
ACTION_LIST: Final = "action/@list"
ACTION_SCHEMA: Final = "action/@schema"
ACTION_CHECK: Final = "action/@check"
ACTION_PROBLEMS: Final = "action/@problems"
ACTION_RUNS: Final = "action/@runs"
ACTION_RUN_CHANGED: Final = "action/ev/run"
CODE_TRIGGER_LIST: Final = "code-trigger/@list"
CODE_TRIGGER_EXECUTE: Final = "code-trigger/@execute"
COMMAND_LIST: Final = "command/@list"

_A_RUN: Final = record(
    ["id", "actionId", "name", "source", "at_ms", "duration_ms", "state", "args", "steps"],
    id=TEXT,
    actionId=TEXT,
    name=TEXT,
    source=TEXT,
    trigger=TEXT,
    at_ms=COUNT,
    duration_ms={"type": ["integer", "null"], "minimum": 0},
    state={"enum": ["running", "done", "failed"]},
    problem=TEXT,
    args={"type": "object"},
    steps=items(
        record(
            ["index", "type", "at_ms", "duration_ms"],
            index=COUNT,
            type=TEXT,
            at_ms=COUNT,
            duration_ms={"type": ["integer", "null"], "minimum": 0},
            problem=TEXT,
            detail=TEXT,
        )
    ),
)

_RUN: Final[JsonObject] = {
    "id": "bbddd91e-8eb4-4f8f-a873-d9504d125172",
    "actionId": "8f4b8c4e-6a0f-4a39-9d3a-1d2b3c4d5e6f",
    "name": "Hello",
    "source": "General.DoAction",
    "at_ms": A_MOMENT_MS,
    "duration_ms": 1,
    "state": "done",
    "args": {"actionName": "Hello", "user": "Ada"},
    "steps": [{"index": 0, "type": "log", "at_ms": A_MOMENT_MS, "duration_ms": 0, "detail": "hi"}],
}

SPECS: Final = (
    KeySpec(
        pattern="action/<id>",
        kind=Kind.STATE,
        summary="An action: a named list of steps. [Actions](../actions.md) tells its members.",
        schema=record(
            ["name"],
            id=TEXT,
            name=TEXT,
            group=TEXT,
            enabled=FLAG,
            triggers=items(record(["type"], type=TEXT)),
            steps=items(record(["type"], type=TEXT)),
        ),
        example=example(
            {
                "name": "Hello",
                "group": "chat",
                "enabled": True,
                "triggers": [],
                "steps": [{"type": "sendMessage", "platform": "twitch", "message": "Hello %user%!"}],
            }
        ),
        owner="actions",
    ),
    KeySpec(
        pattern=ACTION_RUN,
        kind=Kind.REQUEST,
        summary="Runs an action, by id or by name. The answer comes when it is queued.",
        schema=record(["action"], action=record([], id=TEXT, name=TEXT), args={"type": "object"}),
        example=example({"action": {"name": "Hello"}, "args": {"user": "Ada"}}),
        answer=example(
            {
                "args": {
                    "actionId": "8f4b8c4e-6a0f-4a39-9d3a-1d2b3c4d5e6f",
                    "actionName": "Hello",
                    "runningActionId": "bbddd91e-8eb4-4f8f-a873-d9504d125172",
                    "actionQueuedAt": "2026-09-21T14:13:20.0000000+00:00",
                    "eventSource": "General",
                    "__source": "GeneralDoAction",
                    "user": "Ada",
                },
                "actionId": "8f4b8c4e-6a0f-4a39-9d3a-1d2b3c4d5e6f",
                "runningActionId": "bbddd91e-8eb4-4f8f-a873-d9504d125172",
            }
        ),
        owner="actions",
    ),
    KeySpec(
        pattern=ACTION_LIST,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Lists the actions, as `GetActions` answers.",
        example="",
        answer=example(
            {
                "actions": [
                    {
                        "id": "8f4b8c4e-6a0f-4a39-9d3a-1d2b3c4d5e6f",
                        "name": "Hello",
                        "group": "chat",
                        "enabled": True,
                        "subaction_count": 1,
                        "trigger_count": 0,
                    }
                ],
                "count": 1,
            }
        ),
        owner="actions",
    ),
    KeySpec(
        pattern=ACTION_SCHEMA,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Describes what an action may hold, each type of step and of trigger with its JSON Schema.",
        example="",
        answer=example(
            {
                "action": {"title": "Action", "type": "object"},
                "steps": [
                    {
                        "type": "log",
                        "title": "Log",
                        "description": "Writes a line to the log.",
                        "group": "Output",
                        "schema": {"type": "object"},
                    }
                ],
                "triggers": [
                    {
                        "type": "customEvent",
                        "title": "Custom event",
                        "description": "A custom event was published.",
                        "group": "Events",
                        "schema": {"type": "object"},
                    }
                ],
            }
        ),
        owner="actions",
    ),
    KeySpec(
        pattern=ACTION_CHECK,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Says what is wrong with an action before it is written, or null.",
        schema=record(["action"], action={}),
        example=example({"action": {"steps": []}}),
        answer=example({"problem": "Object missing required field `name`"}),
        owner="actions",
    ),
    KeySpec(
        pattern=ACTION_PROBLEMS,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Lists the stored actions that are not valid, and what is wrong with each.",
        example="",
        answer=example([{"id": "broken", "problem": "steps[0].type: Invalid value 'no'"}]),
        owner="actions",
    ),
    KeySpec(
        pattern=ACTION_RUNS,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Lists the latest runs with their steps, newest first.",
        schema=record([], limit={"type": "integer", "minimum": 1, "maximum": 200, "default": 100}),
        example=example({"limit": 1}),
        answer=example([_RUN]),
        owner="actions",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    KeySpec(
        pattern=ACTION_RUN_CHANGED,
        kind=Kind.EVENT,
        summary="A run that has begun, gone on or ended, as in `action/@runs`. Changes within a tenth of a second "
        "are told as one.",
        schema=_A_RUN,
        example=example(_RUN),
        owner="actions",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    KeySpec(
        pattern="code-trigger/<event name>",
        kind=Kind.STATE,
        summary="A trigger that a program offers to actions while stagedoor runs.",
        schema=record(["name", "eventName"], name=TEXT, eventName=TEXT, category=TEXT),
        example=example({"name": "Wheel", "eventName": "wheel", "category": "games"}),
        owner="actions",
        stored_in_memory=True,
    ),
    KeySpec(
        pattern=CODE_TRIGGER_LIST,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Lists the code triggers, as `GetCodeTriggers` answers.",
        example="",
        answer=example({"triggers": [{"name": "Wheel", "eventName": "wheel", "category": "games"}], "count": 1}),
        owner="actions",
    ),
    KeySpec(
        pattern=CODE_TRIGGER_EXECUTE,
        kind=Kind.REQUEST,
        summary="Fires a code trigger: its actions run and `Custom.CodeEvent` is published.",
        schema=record(["triggerName"], triggerName=TEXT, args={"type": "object"}),
        example=example({"triggerName": "wheel", "args": {"prize": "a fish"}}),
        answer=example({}),
        owner="actions",
    ),
    KeySpec(
        pattern="command/<id>",
        kind=Kind.STATE,
        summary="A chat command.",
        schema=record(["name"], id=TEXT, name=TEXT, enabled=FLAG, commands=items(TEXT)),
        example=example({"name": "Lurk", "enabled": True, "commands": ["!lurk"]}),
        owner="actions",
    ),
    KeySpec(
        pattern=COMMAND_LIST,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Lists the chat commands, as `GetCommands` answers.",
        example="",
        answer=example(
            {
                "commands": [
                    {
                        "name": "Lurk",
                        "id": "1",
                        "enabled": True,
                        "group": None,
                        "commands": ["!lurk"],
                        "caseSensitive": False,
                        "ignoreInternal": True,
                        "ignoreBotAccount": True,
                        "sources": 1,
                    }
                ],
                "count": 1,
            }
        ),
        owner="actions",
    ),
)
