"""Who is watching."""

from typing import Final

from stagedoor.hub import KeySpec, Kind
from stagedoor.keys.forms import COUNT, FLAG, TEXT, example, items, record
from stagedoor.types import JsonObject

VIEWERS_ACTIVE: Final = "viewer/@active"
FIRST_WORDS_CLEAR: Final = "viewer/@clear-first-words"


_VIEWER: Final[JsonObject] = {
    "id": "142857931",
    "type": "twitch",
    "login": "pixel_panda",
    "display": "Pixel_Panda",
    "role": "VIP",
    "subscribed": True,
    "channelPointsUsed": 500,
    "previousActive": "2026-09-21T14:13:20.0000000+00:00",
    "exempt": False,
}

SPECS: Final = (
    KeySpec(
        pattern="viewer/<platform>/<id>",
        kind=Kind.STATE,
        summary="A viewer who was seen in a chat.",
        schema=record(
            ["id", "type", "login"],
            id=TEXT,
            type=TEXT,
            login=TEXT,
            display=TEXT,
            role={"enum": ["Viewer", "VIP", "Moderator", "Broadcaster"]},
            subscribed=FLAG,
            channelPointsUsed=COUNT,
            previousActive=TEXT,
            exempt=FLAG,
        ),
        example=example(_VIEWER),
        owner="viewers",
    ),
    KeySpec(
        pattern="viewer-group/<name>",
        kind=Kind.STATE,
        summary="A group of viewers that the owner made; viewers in a group of bots are not counted.",
        schema=record(
            ["members"],
            id=TEXT,
            name=TEXT,
            bots=FLAG,
            members=items(record(["platform", "userId"], platform=TEXT, userId=TEXT)),
        ),
        example=example(
            {
                "id": "friends",
                "name": "Friends",
                "bots": False,
                "members": [{"platform": "twitch", "userId": "142857931"}],
            }
        ),
        owner="viewers",
    ),
    KeySpec(
        pattern=VIEWERS_ACTIVE,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Lists who is in a chat now, as `GetActiveViewers` answers.",
        example="",
        answer=example(
            {
                "viewers": [{**_VIEWER, "groups": ["Friends"], "lastActive": _VIEWER["previousActive"]}],
                "count": 1,
            }
        ),
        owner="viewers",
    ),
    KeySpec(
        pattern=FIRST_WORDS_CLEAR,
        kind=Kind.REQUEST,
        summary="Forgets who has spoken already, so that everybody's next message is their first.",
        example="",
        answer=example({}),
        owner="viewers",
    ),
)
