"""Platforms: what a connection to Twitch, YouTube, Kick or Trovo tells of itself, and what it can be asked."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import FLAG, TEXT, items, record

PRONOUNS_GET: Final = "pronouns/@get"

_EMOTES: Final = items(record(["name", "imageUrl"], name=TEXT, type=TEXT, imageUrl=TEXT, zeroWidth=FLAG))

SPECS: Final = (
    KeySpec(
        pattern="platform/<platform>",
        kind=Kind.STATE,
        summary="The accounts of a platform that is connected, as `GetBroadcaster` answers; absent when it is not.",
        schema={"type": "object"},
        owner="the platform",
        writers=Audience.OWNER,
        stored_in_memory=True,
    ),
    KeySpec(
        pattern="platform/<platform>/broadcasts",
        kind=Kind.STATE,
        summary="The broadcasts of a platform that are watched, as `GetMonitoredYouTubeBroadcasts` answers.",
        schema=items({"type": "object"}),
        owner="the platform",
        writers=Audience.OWNER,
        stored_in_memory=True,
    ),
    KeySpec(
        pattern="platform/<platform>/@send-message",
        kind=Kind.REQUEST,
        summary="Says something in the chat of a platform that is connected.",
        schema=record(["message"], message=TEXT, bot=FLAG, internal=FLAG, replyId=TEXT, broadcastId=TEXT),
        owner="the platform",
        writers=Audience.PROVEN,
    ),
    KeySpec(
        pattern="emotes/<platform>",
        kind=Kind.STATE,
        summary="The emotes that are shown in the chat of a platform.",
        schema=record([], userEmotes=_EMOTES, bttvEmotes=_EMOTES, ffzEmotes=_EMOTES, sevenTvEmotes=_EMOTES),
        owner="the platform",
    ),
    KeySpec(
        pattern="pronouns/<platform>/<login>",
        kind=Kind.STATE,
        summary="A viewer's pronouns, as they were last looked up.",
        schema={"type": "object"},
        owner="pronouns",
    ),
    KeySpec(
        pattern=PRONOUNS_GET,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Tells a viewer's pronouns, as `GetUserPronouns` answers.",
        schema=record(["platform", "userLogin"], platform=TEXT, userLogin=TEXT),
        owner="pronouns",
    ),
)
