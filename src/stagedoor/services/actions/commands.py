"""The chat commands, as a list; following the chat is not done here."""

import logging
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import Struct

from stagedoor.access import Client
from stagedoor.keys import COMMANDS, unsegment
from stagedoor.strimertul import Command, command_id, read_object

logger = logging.getLogger(__name__)

_COMMANDS: Final = "command/"
_STEP: Final = 1024
_TWITCH_MESSAGE: Final = 1


class CommandEntry(Struct, rename="camel"):
    """A command in the answer to ``command/@list``, of what is stored about it.

    Source: Streamer.bot's documentation of GetCommands, and of the defaults of a command.
    """

    name: str
    id: str = ""
    enabled: bool = True
    group: str | None = None
    commands: list[str] = []
    case_sensitive: bool = False
    ignore_internal: bool = True
    ignore_bot_account: bool = True
    sources: int = _TWITCH_MESSAGE
    """Bits; 1 is a message in Twitch's chat."""


def list_commands(client: Client) -> list[CommandEntry]:
    """Read the stored commands and the chat bot's, in the order of their names.

    One that is not valid is left out; those that are stored alone are logged, the chat bot tells of its own.
    """
    found = _list_bots_commands(client)
    scan = client.scan(_COMMANDS)
    try:
        while entries := scan.take(_STEP):
            for key, text in entries:
                try:
                    command = msgspec.json.decode(text, type=CommandEntry)
                except (msgspec.DecodeError, RecursionError) as error:
                    logger.warning("the command under %r is not valid: %s", key, error)
                    continue
                command.id = unsegment(key.removeprefix(_COMMANDS))
                found.append(command)
    finally:
        scan.close()
    return sorted(found, key=lambda command: (command.name.lower(), command.name, command.id))


def _list_bots_commands(client: Client) -> list[CommandEntry]:
    try:
        stored = msgspec.json.decode(client.get(COMMANDS) or "{}", type=dict[str, object] | None) or {}
    except (msgspec.DecodeError, RecursionError):
        return []
    found: list[CommandEntry] = []
    for trigger, value in stored.items():
        with suppress(ValueError):
            command = read_object(value, Command)
            found.append(CommandEntry(trigger, id=command_id(trigger), enabled=command.enabled, commands=[trigger]))
    return found
