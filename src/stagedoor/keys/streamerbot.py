"""The Streamer.bot doors' own settings."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import TEXT, record

STREAMERBOT_CONFIG: Final = "streamerbot/config"

SPECS: Final = (
    KeySpec(
        pattern=STREAMERBOT_CONFIG,
        kind=Kind.STATE,
        summary="The Streamer.bot door: its address, path, authentication and password. Authentication and password "
        "apply at once and end the connections, and so do the files of the HTTP door, which end none; the path "
        "and addresses that are written here apply at the next start, addresses that `stagedoor/@move-door` writes at "
        "once.",
        schema=record(
            [],
            bind=TEXT,
            endpoint=TEXT,
            http_bind=TEXT,
            authentication={"enum": ["off", "on", "enforced"]},
            password={**TEXT, "writeOnly": True},
            instance_id={**TEXT, "format": "uuid"},
            files={"type": "array", "items": record(["path", "folder"], path=TEXT, folder=TEXT)},
        ),
        owner="stagedoor",
        listers=Audience.OWNER,
        writers=Audience.OWNER,
        secret_members=frozenset(("password",)),
    ),
)
