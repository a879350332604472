"""Keys of the server itself: the Kilovolt door's settings, status, archives."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import COUNT, FLAG, TEXT, owner_request, record

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
        owner="stagedoor",
        listers=Audience.OWNER,
        writers=Audience.OWNER,
        secret_members=frozenset(("kv_password",)),
    ),
    owner_request(
        CONSOLE_LINK,
        "Makes a link that opens the console in a browser, once and soon.",
    ),
    owner_request(
        STATUS,
        "Tells what runs: version, doors, connections, keys, memory, and which options were set for this run.",
    ),
    owner_request(
        IMPORT,
        "Writes every key of a file on this machine, in one batch; keys that it does not name stay. Who comes in "
        "without a password is never imported, nor who may speak plain text.",
        record(["path"], path=TEXT),
    ),
    owner_request(
        RESTORE,
        "Replaces every key by those of a file on this machine, after a safety backup.",
        record(["path"], path=TEXT),
    ),
    KeySpec(
        pattern=PROGRESS,
        kind=Kind.EVENT,
        summary="How far an import or a restore has come, and that a backup was made.",
        schema=record(["job", "done", "total"], job=TEXT, done=COUNT, total=COUNT),
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
)
