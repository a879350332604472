"""What the bot says, and how: plainly, as a reply, an announcement or a whisper."""

import logging

import msgspec

from stagedoor import bot
from stagedoor.access import Client
from stagedoor.errors import NoSuchRequest, RequestFailed
from stagedoor.keys import TWITCH_ANNOUNCE, TWITCH_WHISPER
from stagedoor.types import JsonObject, Key

logger = logging.getLogger(__name__)


class Voice:
    """Says things in Twitch's chat. Every method does nothing when there is nothing to be said.

    Raises:
        RequestFailed: When it cannot be said, with the reason.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def say(self, text: str, *, reply_to: str = "") -> None:
        """Say something as the bot; ``reply_to`` is the id of the message that it answers."""
        if text.strip():
            await bot.say(self._client, text, reply_to=reply_to)

    async def announce(self, text: str) -> None:
        """Announce something as the streamer, or say it plainly where that cannot be."""
        try:
            await self._ask(TWITCH_ANNOUNCE, {"message": text})
        except RequestFailed as error:
            logger.info("said plainly what was to be announced: %s", error)
            await self.say(text)

    async def whisper(self, text: str, *, to: str) -> None:
        """Whisper to an account, by its id, as the streamer."""
        await self._ask(TWITCH_WHISPER, {"to": to, "message": text})

    async def _ask(self, key: Key, request: JsonObject) -> None:
        if not str(request["message"]).strip():
            return
        try:
            await self._client.call(key, msgspec.json.encode(request).decode())
        except NoSuchRequest as error:
            raise RequestFailed("Twitch is not connected") from error
