"""The credits that roll at the end of a stream."""

from typing import Final

from stagedoor.hub import KeySpec, Kind
from stagedoor.keys.forms import COUNT, TEXT, example, items, record
from stagedoor.types import JsonObject

CREDITS_GET: Final = "credits/@get"
CREDITS_SAMPLE: Final = "credits/@sample"
CREDITS_CLEAR: Final = "credits/@clear"

CREDITS_ENDED: Final = "credits/ended"

_NAMES: Final = items(TEXT)

_LISTS: Final[JsonObject] = {
    "events": {
        "follows": ["Pixel_Panda"],
        "cheers": ["Ada"],
        "subs": [],
        "resubs": [],
        "giftsubs": [],
        "giftbombs": [],
        "raided": [],
        "rewardredemptions": [],
        "goalcontributions": [],
        "gameupdates": ["Celeste"],
        "pyramids": [],
        "hypetrains": [],
    },
    "users": {"editors": [], "moderators": ["Jo"], "subscribers": [], "vips": [], "users": ["Ada"], "groups": []},
    "hypeTrain": {"conductors": [], "contributors": []},
    "top": {"allBits": ["Ada"], "monthBits": ["Ada"], "weekBits": [], "channelRewards": []},
    "groups": {"Friends": ["Pixel_Panda"]},
    "custom": {},
}
_CREDITS: Final[JsonObject] = {**_LISTS, "credits": _LISTS}

SPECS: Final = (
    KeySpec(
        pattern="credits/<area>/<list>",
        kind=Kind.STATE,
        summary="Names for one list of the credits, such as `credits/events/follows`; `credits/custom/<name>` is free.",
        schema=_NAMES,
        example=example(["Pixel_Panda", "Ada"]),
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
        example=example(
            {
                "name": "Ada",
                "bits": 300,
                "month": "2026-09",
                "monthBits": 100,
                "week": "2026-W38",
                "weekBits": 100,
                "channelPoints": 500,
            }
        ),
        owner="credits",
    ),
    KeySpec(
        pattern=CREDITS_ENDED,
        kind=Kind.STATE,
        summary="When the credits were last at work, in Unix seconds. Credits that have rested for 12 hours at a start "
        "are emptied.",
        schema=COUNT,
        example="1790000000",
        owner="credits",
    ),
    KeySpec(
        pattern=CREDITS_GET,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Tells the credits, as `GetCredits` answers.",
        example="",
        answer=example(_CREDITS),
        owner="credits",
    ),
    KeySpec(
        pattern=CREDITS_SAMPLE,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Tells made-up credits of the same shape, to try an overlay with.",
        example="",
        answer=example(_CREDITS),
        owner="credits",
    ),
    KeySpec(
        pattern=CREDITS_CLEAR,
        kind=Kind.REQUEST,
        summary="Empties the credits.",
        example="",
        answer=example({}),
        owner="credits",
    ),
)
