"""Streamer.bot's events."""

from typing import Final

from stagedoor.hub import KeySpec, Kind
from stagedoor.keys.forms import FLAG, TEXT, record

EMIT: Final = "stagedoor/@emit"

SPECS: Final = (
    KeySpec(
        pattern="event/<source>/<type>",
        kind=Kind.EVENT,
        summary="An event of Streamer.bot: its data. The Streamer.bot clients that subscribed to it hear a write.",
        owner="stagedoor",
    ),
    KeySpec(
        pattern=EMIT,
        kind=Kind.REQUEST,
        summary="Publishes an event after its data were completed with all members that overlays read; with `sample` "
        "they come from the catalogue's example.",
        schema=record(["source", "type"], source=TEXT, type=TEXT, data={"type": "object"}, sample=FLAG),
        owner="stagedoor",
    ),
)
