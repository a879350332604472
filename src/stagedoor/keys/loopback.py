"""The chat room on this machine that stands for a platform."""

from typing import Final

from stagedoor.hub import KeySpec, Kind
from stagedoor.keys.forms import TEXT, example, record

LOOPBACK_OPEN: Final = "loopback/@open"
LOOPBACK_SAY: Final = "loopback/@say"

SPECS: Final = (
    KeySpec(
        pattern=LOOPBACK_OPEN,
        kind=Kind.REQUEST,
        summary="Lets this machine stand for a platform for as long as the call lasts, which is until the caller's "
        "connection ends. Refused while that platform is connected.",
        schema=record(["platform"], platform=TEXT, broadcaster=TEXT),
        example=example({"platform": "twitch", "broadcaster": "Streamer"}),
        answer=example({}),
        owner="loopback",
    ),
    KeySpec(
        pattern=LOOPBACK_SAY,
        kind=Kind.REQUEST,
        summary="Lets somebody in the chat room say something, which becomes a chat event. A role is `viewer`, `vip`, "
        "`moderator` or `broadcaster`; the answer holds the message's id.",
        schema=record(["platform", "name", "message"], platform=TEXT, name=TEXT, message=TEXT, role=TEXT),
        example=example({"platform": "twitch", "name": "Ada", "message": "!lurk", "role": "viewer"}),
        answer=example({"messageId": "ce66ba5f-f5cf-4bd2-aa9c-31f69a43a3d0"}),
        owner="loopback",
    ),
)
