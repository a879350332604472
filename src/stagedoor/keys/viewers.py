"""Who is watching."""

from typing import Final

from stagedoor.hub import KeySpec, Kind
from stagedoor.keys.forms import COUNT, FLAG, TEXT, items, record

VIEWERS_ACTIVE: Final = "viewer/@active"
FIRST_WORDS_CLEAR: Final = "viewer/@clear-first-words"

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
        owner="viewers",
    ),
    KeySpec(
        pattern=VIEWERS_ACTIVE,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Lists who is in a chat now, as `GetActiveViewers` answers.",
        owner="viewers",
    ),
    KeySpec(
        pattern=FIRST_WORDS_CLEAR,
        kind=Kind.REQUEST,
        summary="Forgets who has spoken already, so that everybody's next message is their first.",
        owner="viewers",
    ),
)
