"""Actions, code triggers, commands."""

from typing import Final

from stagedoor.hub import KeySpec, Kind
from stagedoor.keys.forms import FLAG, TEXT, items, record

ACTION_RUN: Final = "action/@run"
ACTION_LIST: Final = "action/@list"
CODE_TRIGGER_LIST: Final = "code-trigger/@list"
CODE_TRIGGER_EXECUTE: Final = "code-trigger/@execute"
COMMAND_LIST: Final = "command/@list"

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
        owner="actions",
    ),
    KeySpec(
        pattern=ACTION_RUN,
        kind=Kind.REQUEST,
        summary="Runs an action, by id or by name. The answer comes when it is queued.",
        schema=record(["action"], action=record([], id=TEXT, name=TEXT), args={"type": "object"}),
        owner="actions",
    ),
    KeySpec(
        pattern=ACTION_LIST,
        kind=Kind.REQUEST,
        summary="Lists the actions, as `GetActions` answers.",
        owner="actions",
    ),
    KeySpec(
        pattern="code-trigger/<event name>",
        kind=Kind.STATE,
        summary="A trigger that a program offers to actions while stagedoor runs.",
        schema=record(["name", "eventName"], name=TEXT, eventName=TEXT, category=TEXT),
        owner="actions",
        stored_in_memory=True,
    ),
    KeySpec(
        pattern=CODE_TRIGGER_LIST,
        kind=Kind.REQUEST,
        summary="Lists the code triggers, as `GetCodeTriggers` answers.",
        owner="actions",
    ),
    KeySpec(
        pattern=CODE_TRIGGER_EXECUTE,
        kind=Kind.REQUEST,
        summary="Fires a code trigger: its actions run and `Custom.CodeEvent` is published.",
        schema=record(["triggerName"], triggerName=TEXT, args={"type": "object"}),
        owner="actions",
    ),
    KeySpec(
        pattern="command/<id>",
        kind=Kind.STATE,
        summary="A chat command.",
        schema=record(["name"], id=TEXT, name=TEXT, enabled=FLAG, commands=items(TEXT)),
        owner="actions",
    ),
    KeySpec(
        pattern=COMMAND_LIST,
        kind=Kind.REQUEST,
        summary="Lists the chat commands, as `GetCommands` answers.",
        owner="actions",
    ),
)
