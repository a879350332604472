"""Keeps Twitch's emotes in ``emotes/twitch``: those that everybody may use, and the channel's own."""

import logging
from typing import Final

import msgspec

from stagedoor.access import Client, Clock
from stagedoor.errors import StoreError
from stagedoor.services.twitch.errors import TwitchError
from stagedoor.services.twitch.helix import Helix
from stagedoor.services.twitch.timing import Pauses, sleep
from stagedoor.types import JsonObject, Key

logger = logging.getLogger(__name__)

KEY: Final[Key] = "emotes/twitch"

EVERY_S: Final = 6 * 3600.0

_PICTURE: Final = "https://static-cdn.jtvnw.net/emoticons/v2/{}/{}/{}/{}"
"""Source: Twitch's reference of Get Global Emotes, ``template``."""


class _Emote(msgspec.Struct):
    id: str
    name: str
    format: list[str] = []
    scale: list[str] = []
    theme_mode: list[str] = []


class Emotes:
    """Asks for them for as long as :meth:`run` goes on."""

    def __init__(self, client: Client, helix: Helix, clock: Clock, pauses: Pauses, channel_id: str) -> None:
        self._client = client
        self._helix = helix
        self._clock = clock
        self._pauses = pauses
        self._channel_id = channel_id

    async def run(self) -> None:
        """Ask four times a day, until cancelled."""
        while True:
            try:
                await self._ask()
            except (TwitchError, StoreError, msgspec.ValidationError) as error:
                logger.debug("Twitch's emotes are not known: %s", error)
                pause_s = self._pauses.take()
            else:
                self._pauses.reset()
                pause_s = EVERY_S
            await sleep(self._clock, pause_s)

    async def _ask(self) -> None:
        own = await self._helix.request("GET", "chat/emotes", params={"broadcaster_id": self._channel_id})
        everybodys = await self._helix.request("GET", "chat/emotes/global")
        emotes = _describe(own, "twitch_subscriptions") + _describe(everybodys, "twitch_globals")
        try:
            kept = msgspec.json.decode(self._client.get(KEY) or "{}", type=dict[str, object])
        except (msgspec.DecodeError, RecursionError):
            kept = {}
        # The lists of others' emotes are somebody else's.
        if kept.get("userEmotes") == emotes:
            return
        others: JsonObject = {"bttvEmotes": [], "ffzEmotes": [], "sevenTvEmotes": []}
        value = {"userEmotes": emotes, **others, **{name: kept[name] for name in others if name in kept}}
        await self._client.put(KEY, msgspec.json.encode(value).decode())


def _describe(answer: JsonObject, kind: str) -> list[JsonObject]:
    return [
        {"name": emote.name, "type": kind, "imageUrl": _picture(emote)}
        for emote in msgspec.convert(answer.get("data"), list[_Emote])
    ]


def _picture(emote: _Emote) -> str:
    kind = "animated" if "animated" in emote.format else "static"
    theme = "dark" if "dark" in emote.theme_mode or not emote.theme_mode else emote.theme_mode[0]
    return _PICTURE.format(emote.id, kind, theme, max(emote.scale, default="3.0"))
