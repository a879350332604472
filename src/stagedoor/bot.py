"""What services share that speak in Twitch's chat of their own accord, as the bot."""

import logging
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.errors import NoSuchRequest, RequestFailed, StoreError
from stagedoor.hub import Write
from stagedoor.keys import TWITCH_CONFIG
from stagedoor.strimertul import TwitchConfig, read
from stagedoor.types import JsonObject, Key, Value

logger = logging.getLogger(__name__)

TWITCH: Final = "platform/twitch"
"""The key that is there while a chat is connected: Twitch's, or the room of a rehearsal."""

_SEND: Final = f"{TWITCH}/@send-message"


def may_speak(client: Client) -> bool:
    """Tell whether a chat is connected, and the owner wants a bot in it.

    A rehearsal is heard whatever the settings of Twitch say, as long as those keep Twitch itself off.
    """
    if not client.get(TWITCH):
        return False
    try:
        config = read(client.get_public(TWITCH_CONFIG) or "{}", TwitchConfig)
    except ValueError:
        return False
    return config.enable_bot or not config.enabled


def is_from_elsewhere(source_room_id: str, room_id: str) -> bool:
    """Tell whether a message was written in another channel with which the chat is shared; the bot there answers.

    ``source_room_id`` is the IRC tag of that name, which messages of a chat that is not shared do not have.
    """
    return source_room_id not in ("", room_id)


async def say(client: Client, text: str, *, reply_to: str = "") -> None:
    """Say something in the connected chat; ``reply_to`` is the id of the message that it answers.

    Raises:
        RequestFailed: When it could not be said, with the reason.
    """
    request: JsonObject = {"message": text, "bot": True, "internal": True}
    if reply_to:
        request["replyId"] = reply_to
    try:
        await client.call(_SEND, msgspec.json.encode(request).decode())
    except NoSuchRequest as error:
        raise RequestFailed("no chat is connected") from error


async def keep_default(client: Client, key: Key, value: Value) -> None:
    """Store settings where there are none, as strimertül does when its bot starts; never in the place of others."""
    try:
        await client.change(lambda stored: [] if stored(key) else [Write(key, value)])
    except StoreError as error:
        logger.error("the key %s could not be given its first value: %s", key, error)
