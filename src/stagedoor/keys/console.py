"""What the owner's console asks: who is connected, where the doors are, what the log says, which keys there are."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import A_MOMENT_MS, COUNT, FLAG, TEXT, example, owner_request, record
from stagedoor.types import JsonObject

CLIENTS: Final = "stagedoor/@clients"
DISCONNECT: Final = "stagedoor/@disconnect"
DOORS: Final = "stagedoor/@doors"
MOVE_DOOR: Final = "stagedoor/@move-door"
CONSOLE_CONFIG: Final = "stagedoor/console"
WELCOME: Final = "stagedoor/welcome"
LOG: Final = "stagedoor/@log"
LOGGED: Final = "stagedoor/ev/log"
REPORT: Final = "stagedoor/@report"
CATALOGUE: Final = "stagedoor/@catalogue"
EVENTS: Final = "stagedoor/@events"
BROWSE: Final = "stagedoor/@browse"
PUBLIC: Final = "stagedoor/@public"
FOLDERS: Final = "stagedoor/@folders"
BACKUPS: Final = "stagedoor/@backups"
BACKUP: Final = "stagedoor/@backup"
COMPARE: Final = "stagedoor/@compare"

_LEVEL: Final[JsonObject] = {"enum": ["debug", "info", "warning", "error"]}


_BACKUP: Final[JsonObject] = {"name": "20260921-141320.json", "size": 1360, "made_at_ms": A_MOMENT_MS, "keys": 10}
_LINE: Final[JsonObject] = {
    "at_ms": A_MOMENT_MS,
    "level": "info",
    "logger": "stagedoor.services.archives",
    "message": "backed up",
}

SPECS: Final = (
    owner_request(
        CLIENTS,
        "Lists the connections: who they are, how they were let in, what they hear and send.",
        answer=[
            {
                "id": "4370878351965242",
                "door": "Kilovolt",
                "address": "127.0.0.1",
                "port": 59378,
                "origin": None,
                "program": "python (process 4711)",
                "ground": "password",
                "level": "application",
                "credential": None,
                "scopes": None,
                "since_ms": A_MOMENT_MS,
                "received": 23,
                "sent": 22,
                "queued_bytes": 0,
                "subscriptions": 2,
            }
        ],
    ),
    owner_request(
        DISCONNECT,
        "Ends a connection, with 1008.",
        record(["id"], id=TEXT),
        asked={"id": "4370878351965242"},
        answer={},
    ),
    owner_request(
        DOORS,
        "Lists the doors: where they listen, why one is shut, and how many came in.",
        answer=[
            {
                "name": "Kilovolt",
                "option": "kilovolt",
                "addresses": ["127.0.0.1:4337", "[::1]:4337"],
                "url": "ws://localhost:4337/ws",
                "is_open": True,
                "problem": None,
                "connections": 1,
                "accepted": 1,
                "refused": 0,
                "is_chosen": False,
            }
        ],
    ),
    owner_request(
        MOVE_DOOR,
        "Lets a door listen somewhere else, at once and from now on; `off` shuts it. Whoever has come in stays. When "
        "the address cannot be had, the door stays where it was.",
        record(["door", "address"], door=TEXT, address=TEXT),
        asked={"door": "kilovolt", "address": "localhost:4340"},
        answer={"addresses": ["127.0.0.1:4340", "[::1]:4340"]},
    ),
    KeySpec(
        pattern=CONSOLE_CONFIG,
        kind=Kind.STATE,
        summary="The console's door: its address, which applies at the next start when it is written here, and at once "
        "when `stagedoor/@move-door` writes it.",
        schema=record(["bind"], bind=TEXT),
        example=example({"bind": "localhost:4330"}),
        owner="stagedoor",
        listers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    KeySpec(
        pattern=WELCOME,
        kind=Kind.STATE,
        summary="Whether the owner has seen the console's welcome, or has skipped it, and so is not shown it again; "
        "the ids of the overlay keys that it made, by sample overlay, so that it uses those again.",
        schema=record(["done"], done=FLAG, overlay_keys=record([], chat=TEXT, alerts=TEXT, countdown=TEXT)),
        example=example({"done": True, "overlay_keys": {"chat": "3d76f703"}}),
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    owner_request(
        LOG,
        "Lists the latest lines of stagedoor's log, newest last: those of a level and above, at most `limit`. It keeps "
        "2,000 in memory.",
        record([], level=_LEVEL, limit={"type": "integer", "minimum": 1, "maximum": 2000}),
        asked={"level": "info", "limit": 1},
        answer=[_LINE],
    ),
    owner_request(
        REPORT,
        "Writes a report to show to others, as `text` in Markdown: versions, doors, connections, counts of keys, "
        "settings, the end of the log. There is no secret in it, and no address beyond this machine.",
        answer={"text": "# stagedoor 0.1.0\n\n## Runs on\n\n- Linux\n"},
    ),
    KeySpec(
        pattern=LOGGED,
        kind=Kind.EVENT,
        summary="A line of stagedoor's log.",
        schema=record(["at_ms", "level", "logger", "message"], at_ms=COUNT, level=_LEVEL, logger=TEXT, message=TEXT),
        example=example(_LINE),
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    owner_request(
        CATALOGUE,
        "Lists every key that stagedoor knows: kind, summary, schema, and whose it is.",
        answer=[
            {
                "pattern": "loyalty/points/<login>",
                "kind": "state",
                "summary": "A viewer's balance.",
                "schema": {"type": "object", "properties": {"points": {"type": "integer"}}},
                "default": None,
                "example": '{"points":120}',
                "answer": None,
                "owner": "loyalty",
                "readers": "everyone",
                "listers": "everyone",
                "writers": "proven",
                "secret_members": [],
                "stored_in_memory": False,
            }
        ],
    ),
    owner_request(
        EVENTS,
        "Lists the events of Streamer.bot by source and type, each with its summary; of the one that it is asked about "
        "it gives the schema and an example.",
        record([], source=TEXT, type=TEXT),
        asked={"source": "Twitch", "type": "Follow"},
        answer={
            "schema": {"type": "object", "properties": {"user_name": {"type": "string"}}},
            "sample": {"user_name": "Pixel_Panda", "isTest": True},
        },
    ),
    owner_request(
        PUBLIC,
        "Tells what everybody may see of a key, and which of its secret members are set, without reading a secret for "
        "you: that would be in the audit log. `value` is null when all of it is secret. A `kset` with `keep_secrets` "
        "leaves secret members alone that it leaves out.",
        record(["key"], key=TEXT),
        asked={"key": "http/config"},
        answer={"value": '{"bind":"localhost:4337","kv_password":""}', "secrets": {"kv_password": True}},
    ),
    owner_request(
        BROWSE,
        "Lists keys, a page at a time, with the beginning of their values: those with a prefix, in whose name a text "
        "occurs, after a key. With `group`, what comes between the prefix and the next slash instead, and how many "
        "keys are below it, or null for many. A page that holds few keys or none has a `next` while there is more to "
        "search; what belongs to the owner's eyes alone is `withheld`.",
        record(
            [],
            prefix=TEXT,
            search=TEXT,
            after=TEXT,
            limit={"type": "integer", "minimum": 1, "maximum": 1000, "default": 200},
            group=FLAG,
        ),
        asked={"prefix": "loyalty/", "group": True, "limit": 2},
        answer={
            "groups": [
                {"name": "config", "count": 0, "is_key": True},
                {"name": "points", "count": 120, "is_key": False},
            ],
            "next": "loyalty/points/",
            "more": True,
        },
    ),
    owner_request(
        FOLDERS,
        "Lists the folders in a folder, the home folder if none is named, and tells whether it may be served.",
        record([], path=TEXT),
        asked={"path": "/home/ada"},
        answer={"path": "/home/ada", "parent": "/home", "folders": ["overlays"], "may_be_served": True},
    ),
    owner_request(
        BACKUPS,
        "Lists the backups, oldest first; one that is damaged has null for its keys.",
        answer=[_BACKUP],
    ),
    owner_request(
        BACKUP,
        "Makes a backup, and deletes the oldest ones as the clock's backups do.",
        answer=_BACKUP,
    ),
    owner_request(
        COMPARE,
        "Tells what a restore or an import of a file on this machine would add, change and delete: how many keys, and "
        "the first 200 of each. `access` says of a restore what becomes of who may come in: how many come `back`, are "
        "`out` since the file does not know them, and stay out (`barred`) though the file would let them in.",
        record(["path"], path=TEXT, mode={"enum": ["restore", "import"], "default": "restore"}),
        asked={"path": "20260921-141320.json", "mode": "restore"},
        answer={
            "add": {"count": 1, "keys": ["loyalty/config"]},
            "change": {"count": 0, "keys": []},
            "delete": {"count": 0, "keys": []},
            "same": 33,
            "skipped": 2,
            "access": {
                "apps": {"back": 1, "out": 0, "barred": 2},
                "overlay_keys": {"back": 0, "out": 1, "barred": 0},
                "sites": {"back": 0, "out": 0, "barred": 0},
                "browsers": {"back": 0, "out": 0, "barred": 1},
            },
        },
    ),
)
