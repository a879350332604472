"""The chat room on this machine that stands for a platform."""

from typing import Final

from stagedoor.hub import KeySpec, Kind
from stagedoor.keys.forms import TEXT, record

LOOPBACK_OPEN: Final = "loopback/@open"
LOOPBACK_SAY: Final = "loopback/@say"

SPECS: Final = (
    KeySpec(
        pattern=LOOPBACK_OPEN,
        kind=Kind.REQUEST,
        summary="Lets this machine stand for a platform for as long as the call lasts; it is answered when another "
        "takes the platform over.",
        schema=record(["platform"], platform=TEXT, broadcaster=TEXT),
        owner="loopback",
    ),
    KeySpec(
        pattern=LOOPBACK_SAY,
        kind=Kind.REQUEST,
        summary="Lets a viewer of the chat room say something, which becomes a chat event.",
        schema=record(["platform", "name", "message"], platform=TEXT, name=TEXT, message=TEXT, role=TEXT),
        owner="loopback",
    ),
)
