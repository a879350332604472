"""Streamer.bot's events of commands."""

from typing import Final

import msgspec

from stagedoor.services.chatbot.levels import Level, level_of
from stagedoor.services.chatbot.message import name_of
from stagedoor.services.chatbot.table import BotCommand
from stagedoor.services.chatbot.uses import Pauses
from stagedoor.services.chatbot.words import after, words_of
from stagedoor.streamerbot.events.people import BROADCASTER, MODERATOR, VIEWER, VIP
from stagedoor.strimertul import ChatMessage, command_id
from stagedoor.types import JsonObject, Value

_ROLES: Final = {Level.STREAMER: BROADCASTER, Level.MODERATOR: MODERATOR, Level.VIP: VIP}
_SUBSCRIBER_BADGES: Final = frozenset(("subscriber", "founder"))


def describe_use(command: BotCommand, message: ChatMessage, counts: tuple[int, int]) -> Value:
    """Write the request to publish that a command runs; ``counts`` tells how often it did, and for this viewer."""
    return _publish("Triggered", _describe(command, message, counts))


def describe_refusal(command: BotCommand, message: ChatMessage, counts: tuple[int, int], left: Pauses) -> Value:
    """Write the request to publish that a command does not run yet."""
    everybodys = max(left.chat, left.command)
    waits = {
        "cooldownLeft": max(everybodys, left.viewer),
        "globalCooldownLeft": everybodys,
        "userCooldownLeft": left.viewer,
    }
    return _publish("Cooldown", {**_describe(command, message, counts), **waits})


def _describe(command: BotCommand, message: ChatMessage, counts: tuple[int, int]) -> JsonObject:
    """Write the members that both events have. Source: Streamer.bot's documentation of its command triggers."""
    user = message.user
    badges = user.badges or {}
    return {
        "id": command_id(command.trigger),
        "name": command.trigger,
        "command": command.trigger,
        "message": after(message.message, len(words_of(command.trigger))),
        "counter": counts[0],
        "userCounter": counts[1],
        "user": {
            "id": user.id,
            "name": user.name,
            "display": name_of(user),
            "type": "twitch",
            "role": _ROLES.get(level_of(badges), VIEWER),
            "subscribed": not _SUBSCRIBER_BADGES.isdisjoint(badges),
        },
        "settings": {},
    }


def _publish(type_: str, data: JsonObject) -> Value:
    return msgspec.json.encode({"source": "Command", "type": type_, "data": data}).decode()
