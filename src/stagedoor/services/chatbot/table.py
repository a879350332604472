"""The commands as they are stored, made ready: compiled, sorted by how they are typed, with what is wrong with some."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from stagedoor.services.chatbot.levels import Level, level_wanted
from stagedoor.services.chatbot.rendering import Renderer
from stagedoor.services.chatbot.uses import Pauses
from stagedoor.services.chatbot.words import Index, words_of
from stagedoor.strimertul import Command, read_object
from stagedoor.templates import Template, TemplateError
from stagedoor.types import Value

_COMPILING: Final = 20


class BotCommand(NamedTuple):
    """A command that can be used."""

    trigger: str
    """How it is typed, as its author wrote it."""
    command: Command
    template: Template
    level: Level

    @property
    def pauses(self) -> Pauses:
        """The seconds that must lie between two uses of it."""
        return Pauses(command=_seconds(self.command.cooldown), viewer=_seconds(self.command.user_cooldown))


class Table:
    """All commands. A broken one is left out, and does no harm to the others."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        """What is wrong with the commands that are left out."""
        self._commands: dict[str, BotCommand] = {}
        self._index: Index[BotCommand] = Index([])

    @property
    def triggers(self) -> frozenset[str]:
        """How the commands are typed that can be used."""
        return frozenset(self._commands)

    def find(self, message: str) -> list[BotCommand]:
        """Return the commands that a message uses."""
        return self._index.find(message)

    def load(self, text: Value, renderer: Renderer) -> Iterator[int]:
        """Take the stored commands in the place of those of before, all at once, at the end of the work.

        Each step of the work tells how long it takes: 1 is some 20 microseconds, a template to be compiled is 20.

        Raises:
            ValueError: When they cannot be read at all; those of before remain.
        """
        commands: dict[str, BotCommand] = {}
        problems: dict[str, str] = {}
        for trigger, value in _read(text).items():
            yield 1
            if value is None:
                continue  # as good as absent
            try:
                if not isinstance(value, dict):
                    raise ValueError("it is no object")
                command = read_object(value, Command)
                if not command.enabled:
                    continue
                if not words_of(trigger):
                    raise ValueError("there is nothing to be typed")
                template = self._find_template(trigger, command)
                if template is None:
                    yield _COMPILING
                    template = renderer.compile(command.response)
                commands[trigger] = BotCommand(trigger, command, template, level_wanted(command.access_level))
            except (ValueError, TemplateError) as error:
                problems[trigger] = str(error)
        self._commands, self.problems = commands, problems
        self._index = Index(commands.items())

    def _find_template(self, trigger: str, command: Command) -> Template | None:
        """Find the template of before, which is compiled already."""
        known = self._commands.get(trigger)
        return known.template if known is not None and known.command.response == command.response else None


def _seconds(given: float | msgspec.UnsetType) -> float:
    return 0.0 if given is msgspec.UNSET else given


def _read(text: Value) -> dict[str, object]:
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, object] | None) or {}
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"the commands are not valid: {error}") from error
