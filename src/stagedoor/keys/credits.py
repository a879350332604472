"""The credits that roll at the end of a stream."""

from typing import Final

from stagedoor.hub import KeySpec, Kind
from stagedoor.keys.forms import TEXT, items

CREDITS_GET: Final = "credits/@get"
CREDITS_SAMPLE: Final = "credits/@sample"
CREDITS_CLEAR: Final = "credits/@clear"

_NAMES: Final = items(TEXT)

SPECS: Final = (
    KeySpec(
        pattern="credits/<area>/<list>",
        kind=Kind.STATE,
        summary="Names for one list of the credits, such as `credits/events/follows`; `credits/custom/<name>` is free.",
        schema=_NAMES,
        owner="credits",
    ),
    KeySpec(
        pattern=CREDITS_GET,
        kind=Kind.REQUEST,
        summary="Tells the credits, as `GetCredits` answers.",
        owner="credits",
    ),
    KeySpec(
        pattern=CREDITS_SAMPLE,
        kind=Kind.REQUEST,
        summary="Tells made-up credits of the same shape, to try an overlay with.",
        owner="credits",
    ),
    KeySpec(pattern=CREDITS_CLEAR, kind=Kind.REQUEST, summary="Empties the credits.", owner="credits"),
)
