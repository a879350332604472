"""Streamer.bot's events."""

from typing import Final

from stagedoor.hub import KeySpec, Kind
from stagedoor.keys.forms import A_MOMENT_MS, FLAG, TEXT, example, owner_request, record

EMIT: Final = "stagedoor/@emit"
RECENT_EVENTS: Final = "stagedoor/@recent-events"

SPECS: Final = (
    KeySpec(
        pattern="event/<source>/<type>",
        kind=Kind.EVENT,
        summary="An event of Streamer.bot: its data. The Streamer.bot clients that subscribed to it hear a write.",
        schema={"type": "object"},
        example=example(
            {"user_id": "142857931", "user_login": "pixel_panda", "user_name": "Pixel_Panda", "isTest": True}
        ),
        owner="stagedoor",
    ),
    KeySpec(
        pattern=EMIT,
        kind=Kind.REQUEST,
        summary="Publishes an event after its data were completed with all members that overlays read; with `sample` "
        "they come from the catalogue's example.",
        schema=record(["source", "type"], source=TEXT, type=TEXT, data={"type": "object"}, sample=FLAG),
        example=example({"source": "Twitch", "type": "Follow", "data": {"user_name": "Ada"}}),
        answer=example({"source": "Twitch", "type": "Follow"}),
        owner="stagedoor",
    ),
    owner_request(
        RECENT_EVENTS,
        "Lists the latest events, oldest first: up to 200, of up to 1 MB together, as they were written. Each write "
        "below `event/` gets the next number, and `last` is the number of the latest. They are kept in memory alone.",
        answer={
            "last": A_MOMENT_MS * 1000 + 42,
            "events": [
                {
                    "number": A_MOMENT_MS * 1000 + 42,
                    "at_ms": A_MOMENT_MS,
                    "key": "event/Twitch/Follow",
                    "value": '{"user_name":"Ada"}',
                }
            ],
        },
    ),
)
