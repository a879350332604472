"""Keys of the server itself: the Kilovolt door's settings, status, archives."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import COUNT, FLAG, TEXT, example, owner_request, record

HTTP_CONFIG: Final = "http/config"
STATUS: Final = "stagedoor/@status"
IMPORT: Final = "stagedoor/@import"
RESTORE: Final = "stagedoor/@restore"
PROGRESS: Final = "stagedoor/ev/progress"
CONSOLE_LINK: Final = "stagedoor/@console-link"

SPECS: Final = (
    KeySpec(
        pattern=HTTP_CONFIG,
        kind=Kind.STATE,
        summary="The Kilovolt door: its address, the folder of overlay files, its password. The password and the "
        "folder apply at once; an address that is written here at the next start, one that `stagedoor/@move-door` "
        "writes at once.",
        schema=record(
            ["bind"], bind=TEXT, enable_static_server=FLAG, path=TEXT, kv_password={**TEXT, "writeOnly": True}
        ),
        example=example(
            {"bind": "localhost:4337", "enable_static_server": True, "path": "/home/ada/overlays", "kv_password": ""}
        ),
        owner="stagedoor",
        listers=Audience.OWNER,
        writers=Audience.OWNER,
        secret_members=frozenset(("kv_password",)),
    ),
    owner_request(
        CONSOLE_LINK,
        "Makes a link that opens the console in a browser, once and soon.",
        answer={"url": "http://localhost:4330/#code=_6UCER_3E5HmTOlATpzaibcRKdmHAobl", "expires_in_s": 120.0},
    ),
    owner_request(
        STATUS,
        "Tells what runs: version, doors, connections, keys, memory, and which options were set for this run.",
        answer={
            "version": "0.1.0",
            "pid": 4711,
            "uptime_s": 0.4,
            "memory_bytes": 59756544,
            "data": "/home/ada/.local/share/stagedoor",
            "doors": [
                {"name": "Kilovolt", "addresses": ["127.0.0.1:4337"], "connections": 1, "accepted": 1, "refused": 0}
            ],
            "keys": 8,
            "commits": 19,
            "waiting_batches": 0,
            "failed_commits": 0,
            "open_questions": 0,
            "warnings": [],
            "chosen": ["data"],
            "settings": {
                "asks": True,
                "origins": [],
                "trust_all_origins": False,
                "guests_may_speak": False,
                "offer_challenge": False,
                "streamerbot_auth": None,
                "static": None,
            },
        },
    ),
    owner_request(
        IMPORT,
        "Writes every key of a file on this machine, in one batch; keys that it does not name stay. Who comes in "
        "without a password is never imported, nor who may speak plain text.",
        record(["path"], path=TEXT),
        asked={"path": "/home/ada/strimertul.json"},
        answer=34,
    ),
    owner_request(
        RESTORE,
        "Replaces every key by those of a file on this machine, after a safety backup.",
        record(["path"], path=TEXT),
        asked={"path": "/home/ada/backups/20260921-141320.json"},
        answer=34,
    ),
    KeySpec(
        pattern=PROGRESS,
        kind=Kind.EVENT,
        summary="How far an import or a restore has come, and that a backup was made.",
        schema=record(["job", "done", "total"], job=TEXT, done=COUNT, total=COUNT),
        example=example({"job": "import", "done": 1, "total": 3}),
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
)
