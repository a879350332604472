"""Keys of the server itself: the Kilovolt door's settings, questions, status, archives."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import COUNT, FLAG, TEXT, owner_request, record

HTTP_CONFIG: Final = "http/config"
ASKS: Final = "stagedoor/asks"
ANSWER_ASK: Final = "stagedoor/@answer-ask"
APPS: Final = "stagedoor/apps"
APP_TOKENS: Final = "stagedoor/app-tokens"
FORGET_APP: Final = "stagedoor/@forget-app"
STATUS: Final = "stagedoor/@status"
IMPORT: Final = "stagedoor/@import"
RESTORE: Final = "stagedoor/@restore"
PROGRESS: Final = "stagedoor/ev/progress"
CONSOLE_LINK: Final = "stagedoor/@console-link"
CONSOLE_PASSES: Final = "stagedoor/console-passes"

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
    KeySpec(
        pattern=ASKS,
        kind=Kind.STATE,
        summary="Applications that ask to be let in, oldest first. An `icon` is a `data:` address, or empty.",
        schema={
            "type": "array",
            "items": record(
                ["id", "address", "asked_at_ms", "name"],
                id=TEXT,
                address=TEXT,
                origin={"type": ["string", "null"]},
                program={"type": ["string", "null"]},
                asked_at_ms=COUNT,
                name=TEXT,
                author=TEXT,
                url=TEXT,
                icon=TEXT,
                verification_code=TEXT,
            ),
        },
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
        stored_in_memory=True,
    ),
    owner_request(
        ANSWER_ASK,
        "Answers a question: lets the application in, or does not. With `remember` it is let in for good.",
        record(["id", "allow"], id=TEXT, allow=FLAG, remember=FLAG),
    ),
    KeySpec(
        pattern=APPS,
        kind=Kind.STATE,
        summary="The applications that are let in for good, in the order in which they were.",
        schema={
            "type": "array",
            "items": record(
                ["id", "name", "origin", "address", "made_at_ms", "used_at_ms"],
                id=TEXT,
                name=TEXT,
                author=TEXT,
                url=TEXT,
                origin={"type": ["string", "null"]},
                address=TEXT,
                made_at_ms=COUNT,
                used_at_ms=COUNT,
            ),
        },
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    KeySpec(
        pattern=APP_TOKENS,
        kind=Kind.SECRET,
        summary="The same applications, with the hashes of their tokens.",
        owner="stagedoor",
        readers=Audience.OWNER,
        listers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    owner_request(
        FORGET_APP,
        "Lets an application in no longer: its token is worthless, and its connections end with 4011.",
        record(["id"], id=TEXT),
    ),
    owner_request(
        CONSOLE_LINK,
        "Makes a link that opens the console in a browser, once and soon.",
    ),
    KeySpec(
        pattern=CONSOLE_PASSES,
        kind=Kind.SECRET,
        summary="The browsers that have opened the console, by the hashes of their passes.",
        owner="stagedoor",
        readers=Audience.OWNER,
        listers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    owner_request(
        STATUS,
        "Tells what runs: version, doors, connections, keys, memory, and which options were set for this run.",
    ),
    owner_request(
        IMPORT,
        "Writes every key of a file on this machine, in one batch; keys that it does not name stay. Who comes in "
        "without a password is never imported.",
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
