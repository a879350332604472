"""Global variables, of the stream and of single viewers."""

from typing import Final

from stagedoor.hub import KeySpec, Kind
from stagedoor.keys.forms import ANY, FLAG, TEXT, example, record

GLOBAL_SET: Final = "global/@set"
GLOBAL_DELETE: Final = "global/@delete"

_VALUE: Final = record(["value"], value=ANY, lastWrite=TEXT)
_USER_VALUE: Final = record(["value"], value=ANY, lastWrite=TEXT, userLogin=TEXT, userName=TEXT)
_NAMED: Final = {"name": TEXT, "persisted": FLAG, "platform": TEXT, "userId": TEXT}

SPECS: Final = (
    KeySpec(
        pattern="global/persisted/<name>",
        kind=Kind.STATE,
        summary="A global variable and when it was written.",
        schema=_VALUE,
        example=example({"value": 3, "lastWrite": "2026-01-05T20:15:00.123+01:00"}),
    ),
    KeySpec(
        pattern="global/temporary/<name>",
        kind=Kind.STATE,
        summary="A global variable that is forgotten at the end.",
        schema=_VALUE,
        stored_in_memory=True,
        example=example({"value": "Celeste", "lastWrite": "2026-01-05T20:15:00.123+01:00"}),
    ),
    KeySpec(
        pattern="user-global/persisted/<platform>/<user id>/<name>",
        kind=Kind.STATE,
        summary="A viewer's variable.",
        schema=_USER_VALUE,
        example=example(
            {"value": 7, "lastWrite": "2026-01-05T20:15:00.123+01:00", "userLogin": "ada", "userName": "Ada"}
        ),
    ),
    KeySpec(
        pattern="user-global/temporary/<platform>/<user id>/<name>",
        kind=Kind.STATE,
        summary="A viewer's variable that is forgotten at the end.",
        schema=_USER_VALUE,
        stored_in_memory=True,
        example=example(
            {"value": True, "lastWrite": "2026-01-05T20:15:00.123+01:00", "userLogin": "ada", "userName": "Ada"}
        ),
    ),
    KeySpec(
        pattern=GLOBAL_SET,
        kind=Kind.REQUEST,
        summary="Sets a variable, or counts it up or down; with a user, that viewer's. Answers what is stored then.",
        schema=record(
            ["name"],
            **_NAMED,
            value=ANY,
            mode={"enum": ["set", "increment", "decrement"]},
            userLogin=TEXT,
            userName=TEXT,
        ),
        example=example({"name": "deaths", "value": 1, "mode": "increment"}),
        answer=example({"name": "deaths", "value": 4, "lastWrite": "2026-01-05T20:15:00.123+01:00"}),
        owner="variables",
    ),
    KeySpec(
        pattern=GLOBAL_DELETE,
        kind=Kind.REQUEST,
        summary="Deletes a variable.",
        schema=record(["name"], **_NAMED),
        example=example({"name": "deaths"}),
        answer=example({}),
        owner="variables",
    ),
)
