"""The credits that roll at the end of a stream."""

from typing import Final

from stagedoor.hub import KeySpec, Kind
from stagedoor.keys.forms import COUNT, TEXT, items, record

CREDITS_GET: Final = "credits/@get"
CREDITS_SAMPLE: Final = "credits/@sample"
CREDITS_CLEAR: Final = "credits/@clear"

CREDITS_ENDED: Final = "credits/ended"

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
        pattern="credits/tally/<platform>/<user id>",
        kind=Kind.STATE,
        summary="What a viewer has cheered and redeemed, from which the lists `credits/top/…` are made. Bits are "
        "counted for ever, in the month and in the week that are named; channel points until the credits are emptied.",
        schema=record(
            ["name"],
            name=TEXT,
            bits=COUNT,
            month=TEXT,
            monthBits=COUNT,
            week=TEXT,
            weekBits=COUNT,
            channelPoints=COUNT,
        ),
        owner="credits",
    ),
    KeySpec(
        pattern=CREDITS_ENDED,
        kind=Kind.STATE,
        summary="When the credits were last at work, in Unix seconds. Credits that have rested for 12 hours at a start "
        "are emptied.",
        schema=COUNT,
        owner="credits",
    ),
    KeySpec(
        pattern=CREDITS_GET,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Tells the credits, as `GetCredits` answers.",
        owner="credits",
    ),
    KeySpec(
        pattern=CREDITS_SAMPLE,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Tells made-up credits of the same shape, to try an overlay with.",
        owner="credits",
    ),
    KeySpec(pattern=CREDITS_CLEAR, kind=Kind.REQUEST, summary="Empties the credits.", owner="credits"),
)
