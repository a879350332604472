"""Keys of the audit log: its entries, and the newest one's hash, which the store keeps for comparison."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import A_MOMENT_MS, COUNT, TEXT, example, items, owner_request, record
from stagedoor.types import JsonObject

AUDIT: Final = "stagedoor/@audit"
AUDITED: Final = "stagedoor/ev/audit"
AUDIT_HEAD: Final = "stagedoor/audit-head"

_HASH: Final[JsonObject] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}

_ENTRY: Final[JsonObject] = {
    "n": 7,
    "at_ms": A_MOMENT_MS,
    "kind": "remembered",
    "facts": {"id": "3d76f703", "name": "alerts", "scopes": "event:*", "what": "overlay-key"},
    "previous": "757f9b840b01187841b2c37d943e72919e0957bb5540c75fb9a0c21d4997aaac",
    "hash": "1f0d57ae436a68df9771a453f8584dfec1edb164066b657b5b8adad5d2c38313",
}

SPECS: Final = (
    owner_request(
        AUDIT,
        "Lists entries of the audit log, the newest first: those before a number, of some kinds, in which a text "
        "occurs. A page that holds few entries or none has a `next` while there is more to search. `problem` says what "
        "is wrong with the log, and is null when nothing is known to be; `total` counts the entries there are, and the "
        "oldest was written at `since_ms`.",
        record(
            [],
            before={"type": "integer", "minimum": 1},
            limit={"type": "integer", "minimum": 1, "maximum": 1000, "default": 200},
            kinds=items(TEXT),
            search=TEXT,
        ),
        asked={"limit": 1},
        answer={
            "entries": [_ENTRY],
            "next": 7,
            "total": 7,
            "since_ms": A_MOMENT_MS,
            "problem": None,
        },
    ),
    KeySpec(
        pattern=AUDITED,
        kind=Kind.EVENT,
        summary="A new entry of the audit log, which is on the disk by now.",
        schema=record(
            ["n", "at_ms", "kind", "facts", "previous", "hash"],
            n={"type": "integer", "minimum": 1},
            at_ms=COUNT,
            kind=TEXT,
            facts={"type": "object"},
            previous=_HASH,
            hash=_HASH,
        ),
        example=example(_ENTRY),
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    KeySpec(
        pattern=AUDIT_HEAD,
        kind=Kind.STATE,
        summary="The number and the hash of an entry near the end of the audit log, so that it shows when the end was "
        "cut off. It belongs to this data folder: no backup holds it, and no import or restore writes it.",
        schema=record(["n", "hash"], n={"type": "integer", "minimum": 1}, hash=_HASH),
        example=example({"n": 7, "hash": "1f0d57ae436a68df9771a453f8584dfec1edb164066b657b5b8adad5d2c38313"}),
        owner="stagedoor",
        readers=Audience.OWNER,
        listers=Audience.OWNER,
        writers=Audience.OWNER,
        is_bookkeeping=True,
    ),
)
