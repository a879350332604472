"""What the Streamer.bot cases publish: chat messages as a platform's service writes them, and a broadcast."""

import json
from typing import Final, NamedTuple

from stagedoor.streamerbot.events import CATALOGUE, EventName, event_key
from stagedoor.streamerbot.events.reading import as_object

CHATTERS: Final = 64

SHORT_CHAT_MESSAGE: Final = {"user": "Pixel_Panda", "text": "HeyGuys great stream tonight Kappa"}
"""As a script gives it, for stagedoor to complete."""


class Event(NamedTuple):
    """What is published over and over: the key that is written, and the values in turn, all of one length."""

    name: str
    key: str
    values: tuple[str, ...]


def chat_message() -> Event:
    """Make messages of Twitch's chat by many chatters: some 2 KB, for a text of 34 characters."""
    name = EventName("Twitch", "ChatMessage")
    return Event(str(name), event_key(*name), tuple(_chat_message(name, number) for number in range(CHATTERS)))


def broadcast() -> Event:
    """Make what a script broadcasts: ``General.Custom`` of some 60 bytes."""
    name = EventName("General", "Custom")
    return Event(str(name), event_key(*name), ('{"name":"score","home":12,"away":34,"clock":"07:31","half":2}',))


def _chat_message(name: EventName, number: int) -> str:
    data = CATALOGUE.sample(name, now=0)
    parts = {part: dict(as_object(data[part])) for part in ("user", "message", "meta")}
    user_id, login, display = f"1428{number:05}", f"panda_{number:05}", f"Panda_{number:05}"
    parts["user"] |= {"id": user_id, "login": login, "name": display}
    parts["message"] |= {"userId": user_id, "username": login, "displayName": display, "isTest": False}
    # Services leave tests alone.
    parts["meta"]["isTest"] = False
    return json.dumps({**data, **parts, "isTest": False}, separators=(",", ":"))
