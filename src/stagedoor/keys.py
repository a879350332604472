"""The catalogue's entries: every key that stagedoor itself knows, with kind, schema, and who may read and write it.

The reference in the documentation is generated from this table. Keys of the original programs that hold secrets are
listed although nothing here serves them yet, so that a database that moves in keeps its secrets from the first moment.
"""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.types import JsonObject

HTTP_CONFIG: Final = "http/config"
ASKS: Final = "stagedoor/asks"
ANSWER_ASK: Final = "stagedoor/@answer-ask"
STATUS: Final = "stagedoor/@status"
IMPORT: Final = "stagedoor/@import"
RESTORE: Final = "stagedoor/@restore"
PROGRESS: Final = "stagedoor/ev/progress"


def _object(required: list[str], **properties: JsonObject) -> JsonObject:
    return {"type": "object", "properties": properties, "required": required}


_TEXT: Final[JsonObject] = {"type": "string"}
_FLAG: Final[JsonObject] = {"type": "boolean"}
_COUNT: Final[JsonObject] = {"type": "integer", "minimum": 0}

SPECS: Final = (
    KeySpec(
        pattern=HTTP_CONFIG,
        kind=Kind.STATE,
        summary="The Kilovolt door: its address, the folder of overlay files, its password. The password and the "
        "folder apply at once, the address at the next start.",
        schema=_object(
            ["bind"], bind=_TEXT, enable_static_server=_FLAG, path=_TEXT, kv_password={**_TEXT, "writeOnly": True}
        ),
        owner="stagedoor",
        listers=Audience.OWNER,
        writers=Audience.OWNER,
        secret_members=frozenset(("kv_password",)),
    ),
    KeySpec(
        pattern=ASKS,
        kind=Kind.STATE,
        summary="Applications that ask to be let in, oldest first.",
        schema={
            "type": "array",
            "items": _object(
                ["id", "address", "asked_at_ms", "name"],
                id=_TEXT,
                address=_TEXT,
                origin={"type": ["string", "null"]},
                program={"type": ["string", "null"]},
                asked_at_ms=_COUNT,
                name=_TEXT,
                author=_TEXT,
                url=_TEXT,
                icon=_TEXT,
                verification_code=_TEXT,
            ),
        },
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
        stored_in_memory=True,
    ),
    KeySpec(
        pattern=ANSWER_ASK,
        kind=Kind.REQUEST,
        summary="Answers a question: lets the application in, or does not.",
        schema=_object(["id", "allow"], id=_TEXT, allow=_FLAG),
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    KeySpec(
        pattern=STATUS,
        kind=Kind.REQUEST,
        summary="Tells what runs: version, doors, connections, keys, memory.",
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    KeySpec(
        pattern=IMPORT,
        kind=Kind.REQUEST,
        summary="Writes every key of a file on this machine, in one batch; keys that it does not name stay.",
        schema=_object(["path"], path=_TEXT),
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    KeySpec(
        pattern=RESTORE,
        kind=Kind.REQUEST,
        summary="Replaces every key by those of a file on this machine, after a safety backup.",
        schema=_object(["path"], path=_TEXT),
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    KeySpec(
        pattern=PROGRESS,
        kind=Kind.EVENT,
        summary="How far an import or a restore has come, and that a backup was made.",
        schema=_object(["job", "done", "total"], job=_TEXT, done=_COUNT, total=_COUNT),
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    KeySpec(
        pattern="twitch/config",
        kind=Kind.STATE,
        summary="The Twitch application's credentials, as strimertül keeps them.",
        schema=_object(
            [], enabled=_FLAG, enable_bot=_FLAG, api_client_id=_TEXT, api_client_secret={**_TEXT, "writeOnly": True}
        ),
        owner="strimertül",
        secret_members=frozenset(("api_client_secret",)),
    ),
    KeySpec(
        pattern="twitch/bot-config",
        kind=Kind.STATE,
        summary="The chat bot's account, as strimertül keeps it.",
        schema=_object(
            [],
            username=_TEXT,
            oauth={**_TEXT, "writeOnly": True},
            channel=_TEXT,
            chat_history=_COUNT,
            command_cooldown=_COUNT,
        ),
        owner="strimertül",
        secret_members=frozenset(("oauth",)),
    ),
    KeySpec(
        pattern="twitch/auth-keys",
        kind=Kind.SECRET,
        summary="The Twitch user's tokens, as strimertül keeps them.",
        owner="strimertül",
        writers=Audience.OWNER,
    ),
)
