"""The Streamer.bot doors' own settings."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import TEXT, example, record

STREAMERBOT_CONFIG: Final = "streamerbot/config"

_SOURCES: Final = {"Twitch": "twitch", "YouTube": "youtube", "Trovo": "trovo", "Kick": "kick"}

REQUEST_SCOPES: Final[dict[str, tuple[str, ...]]] = {
    "GetInfo": (),
    "GetEvents": (),
    "GetActions": ("read:action/@list",),
    "DoAction": ("call:action/@run",),
    "GetCodeTriggers": ("read:code-trigger/@list",),
    "ExecuteCodeTrigger": ("call:code-trigger/@execute",),
    "GetCommands": ("read:command/@list",),
    "GetBroadcaster": tuple(f"read:platform/{platform}" for platform in _SOURCES.values()),
    "GetMonitoredYouTubeBroadcasts": ("read:platform/youtube/broadcasts",),
    "TwitchGetEmotes": ("read:emotes/twitch",),
    "YouTubeGetEmotes": ("read:emotes/youtube",),
    "SendMessage": ("send:*",),
    "GetUserPronouns": ("read:pronouns/@get",),
    "GetGlobals": ("read:global/*",),
    "GetGlobal": ("read:global/*",),
    **{
        f"{source}GetUserGlobal{plural}": (
            f"read:user-global/persisted/{platform}/*",
            f"read:user-global/temporary/{platform}/*",
        )
        for source, platform in _SOURCES.items()
        for plural in ("", "s")
    },
    "GetActiveViewers": ("read:viewer/@active",),
    "GetCredits": ("read:credits/@get",),
    "TestCredits": ("read:credits/@sample",),
    "ClearCredits": ("call:credits/@clear",),
    "ClearFirstWordsCache": ("call:viewer/@clear-first-words",),
}
"""What each request of the protocol needs, in the words of scopes; an application may ask for one by its name."""

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
        example=example(
            {
                "bind": "127.0.0.1:8080",
                "endpoint": "/",
                "http_bind": "off",
                "authentication": "on",
                "password": "",
                "files": [{"path": "/overlays", "folder": "/home/ada/overlays"}],
            }
        ),
        owner="stagedoor",
        listers=Audience.OWNER,
        writers=Audience.OWNER,
        secret_members=frozenset(("password",)),
    ),
)
