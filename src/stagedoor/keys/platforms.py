"""Platforms: what a connection to Twitch, YouTube, Kick or Trovo tells of itself, and what it can be asked."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import FLAG, TEXT, example, items, record
from stagedoor.types import JsonObject

PRONOUNS_GET: Final = "pronouns/@get"

_BROADCASTER: Final = record(
    ["broadcastUser", "broadcastUserName", "broadcastUserId"],
    broadcastUser=TEXT,
    broadcastUserName=TEXT,
    broadcastUserId=TEXT,
    broadcasterIsAffiliate=FLAG,
    broadcasterIsPartner=FLAG,
    broadcastIsAffiliate=FLAG,
    broadcastIsPartner=FLAG,
    botUser=TEXT,
    botUserName=TEXT,
    botUserId=TEXT,
)
_EMOTES: Final = items(record(["name", "imageUrl"], name=TEXT, type=TEXT, imageUrl=TEXT, zeroWidth=FLAG))

_FORMS: Final = ("Subject", "Object", "Possessive", "Pronoun", "Reflexive", "PastTense", "CurrentTense")
_PRONOUN_SCHEMA: Final = record(
    ["pronouns", "pronounsPlain", "pronounLastCached", "userFound"],
    **{f"pronoun{form}{case}": TEXT for form in _FORMS for case in ("", "Lower")},
    pronounPluralLower=TEXT,
    pronouns=TEXT,
    pronounsPlain=TEXT,
    pronounLastCached=TEXT,
    userFound=FLAG,
)
_PRONOUN: Final[JsonObject] = {
    "pronounSubject": "She",
    "pronounObject": "Her",
    "pronounPossessive": "Her",
    "pronounPronoun": "Hers",
    "pronounReflexive": "Herself",
    "pronounPastTense": "Was",
    "pronounCurrentTense": "Is",
    "pronounSubjectLower": "she",
    "pronounObjectLower": "her",
    "pronounPossessiveLower": "her",
    "pronounPronounLower": "hers",
    "pronounReflexiveLower": "herself",
    "pronounPastTenseLower": "was",
    "pronounCurrentTenseLower": "is",
    "pronounPluralLower": "s",
    "pronouns": "(She/Her)",
    "pronounsPlain": "She/Her",
    "pronounLastCached": "2026-01-05T20:15:00.123+01:00",
    "userFound": True,
}

SPECS: Final = (
    KeySpec(
        pattern="platform/<platform>",
        kind=Kind.STATE,
        summary="The accounts of a platform that is connected, as `GetBroadcaster` answers; absent when it is not.",
        schema=_BROADCASTER,
        example=example(
            {
                "broadcastUser": "Streamer",
                "broadcastUserName": "streamer",
                "broadcastUserId": "99",
                "broadcasterIsAffiliate": True,
                "broadcasterIsPartner": False,
                "broadcastIsAffiliate": True,
                "broadcastIsPartner": False,
                "botUser": "MyBot",
                "botUserName": "mybot",
                "botUserId": "98",
            }
        ),
        owner="the platform",
        writers=Audience.OWNER,
        stored_in_memory=True,
    ),
    KeySpec(
        pattern="platform/<platform>/broadcasts",
        kind=Kind.STATE,
        summary="The broadcasts of a platform that are watched, as `GetMonitoredYouTubeBroadcasts` answers.",
        schema=items({"type": "object"}),
        example=example([{"id": "b1", "title": "Karaoke night", "status": "live"}]),
        owner="the platform",
        writers=Audience.OWNER,
        stored_in_memory=True,
    ),
    KeySpec(
        pattern="platform/<platform>/@send-message",
        kind=Kind.REQUEST,
        summary="Says something in the chat of a platform that is connected.",
        schema=record(["message"], message=TEXT, bot=FLAG, internal=FLAG, replyId=TEXT, broadcastId=TEXT),
        example=example({"message": "Hello chat!", "bot": True}),
        answer=example({}),
        owner="the platform",
        writers=Audience.PROVEN,
    ),
    KeySpec(
        pattern="emotes/<platform>",
        kind=Kind.STATE,
        summary="The emotes that are shown in the chat of a platform.",
        schema=record([], userEmotes=_EMOTES, bttvEmotes=_EMOTES, ffzEmotes=_EMOTES, sevenTvEmotes=_EMOTES),
        example=example(
            {
                "userEmotes": [
                    {
                        "name": "Kappa",
                        "type": "Twitch",
                        "imageUrl": "https://static-cdn.jtvnw.net/emoticons/v2/25/default/dark/2.0",
                    }
                ],
                "bttvEmotes": [],
                "ffzEmotes": [],
                "sevenTvEmotes": [],
            }
        ),
        owner="the platform",
        writers=Audience.PROVEN,
    ),
    KeySpec(
        pattern="pronouns/<platform>/<login>",
        kind=Kind.STATE,
        summary="A viewer's pronouns, as they were last looked up.",
        schema=_PRONOUN_SCHEMA,
        example=example(_PRONOUN),
        owner="pronouns",
    ),
    KeySpec(
        pattern=PRONOUNS_GET,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Tells a viewer's pronouns, as `GetUserPronouns` answers.",
        schema=record(["platform", "userLogin"], platform=TEXT, userLogin=TEXT),
        example=example({"platform": "twitch", "userLogin": "ada"}),
        answer=example(
            {
                "userLogin": "ada",
                "pronoun": _PRONOUN,
            }
        ),
        owner="pronouns",
    ),
)
