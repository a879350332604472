"""Platforms: their accounts, emotes and broadcasts, and what is said in their chats."""

from typing import TypeVar

import msgspec

from stagedoor import keys
from stagedoor.access import Client, Verb
from stagedoor.errors import NoSuchRequest, NotPermitted
from stagedoor.streamerbot.messages import BadRequest, Members, MissingParameter, Parameters
from stagedoor.streamerbot.requests.handler import Asker, Handler, Request, ask
from stagedoor.types import JsonObject, Key

_T = TypeVar("_T")

PLATFORMS = ("twitch", "youtube", "trovo", "kick")
"""In the order of the original."""

_EMOTE_LISTS = ("userEmotes", "bttvEmotes", "ffzEmotes", "sevenTvEmotes")


def _get_broadcaster(asker: Asker, parameters: Parameters) -> Members:
    connected = {
        platform: accounts
        for platform in PLATFORMS
        if (accounts := _read(asker.client, f"platform/{platform}", dict[str, object])) is not None
    }
    return {
        "platforms": connected,
        "connected": list(connected),
        "disconnected": [platform for platform in PLATFORMS if platform not in connected],
    }


def _get_broadcasts(asker: Asker, parameters: Parameters) -> Members:
    broadcasts = _read(asker.client, "platform/youtube/broadcasts", list[dict[str, object]]) or []
    return {"broadcasts": broadcasts, "count": len(broadcasts)}


def _emotes_of(platform: str) -> Handler:
    def get_emotes(asker: Asker, parameters: Parameters) -> Members:
        emotes = _read(asker.client, f"emotes/{platform}", dict[str, list[msgspec.Raw]]) or {}
        return {"emotes": {name: emotes.get(name, []) for name in _EMOTE_LISTS}}

    return get_emotes


async def _send_message(asker: Asker, parameters: Parameters) -> Members:
    platform = (parameters.text("platform", "twitch") or "twitch").lower()
    if platform not in PLATFORMS:
        raise BadRequest("Invalid platform")
    key = f"platform/{platform}/@send-message"
    if not asker.client.may_call(key):
        raise NotPermitted(Verb.CALL, key)
    message = parameters.text("message")
    if not message:
        raise MissingParameter("message")
    request: JsonObject = {
        "message": message,
        "bot": parameters.flag("bot", default=False),
        "internal": parameters.flag("internal", default=True),
    }
    for name in ("replyId", "broadcastId"):
        value = parameters.optional_text(name)
        if value:
            request[name] = value
    try:
        return await ask(asker.client, key, request)
    except NoSuchRequest:
        raise BadRequest("Platform not connected") from None


async def _get_user_pronouns(asker: Asker, parameters: Parameters) -> Members:
    platform = parameters.text("platform").lower()
    if platform != "twitch":
        raise BadRequest("Invalid platform")
    return await ask(asker.client, keys.PRONOUNS_GET, {"platform": platform, "userLogin": parameters.text("userLogin")})


def _read(client: Client, key: Key, kind: type[_T]) -> _T | None:
    """Read a key's JSON; what somebody has broken by hand is as good as absent."""
    text = client.get(key)
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, RecursionError):
        return None


REQUESTS = (
    Request("GetBroadcaster", _get_broadcaster),
    Request("GetMonitoredYouTubeBroadcasts", _get_broadcasts),
    Request("TwitchGetEmotes", _emotes_of("twitch")),
    Request("YouTubeGetEmotes", _emotes_of("youtube")),
    Request("SendMessage", _send_message, asks_outside=True),
    Request("GetUserPronouns", _get_user_pronouns, asks_outside=True),
)
