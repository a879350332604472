"""What the owner's console asks: who is connected, where the doors are, what the log says."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import TEXT, record
from stagedoor.types import JsonObject

CLIENTS: Final = "stagedoor/@clients"
DISCONNECT: Final = "stagedoor/@disconnect"
DOORS: Final = "stagedoor/@doors"
MOVE_DOOR: Final = "stagedoor/@move-door"
CONSOLE_CONFIG: Final = "stagedoor/console"
LOG: Final = "stagedoor/@log"
LOGGED: Final = "stagedoor/ev/log"
REPORT: Final = "stagedoor/@report"

_LEVEL: Final = {"enum": ["debug", "info", "warning", "error"]}


def _request(pattern: str, summary: str, schema: JsonObject | None = None) -> KeySpec:
    return KeySpec(
        pattern=pattern,
        kind=Kind.REQUEST,
        summary=summary,
        schema=schema or {},
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    )


SPECS: Final = (
    _request(CLIENTS, "Lists the connections: who they are, how they were let in, what they hear and send."),
    _request(DISCONNECT, "Ends a connection, with 1008.", record(["id"], id=TEXT)),
)
