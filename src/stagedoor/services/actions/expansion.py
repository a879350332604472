"""Puts arguments and variables into the texts of a step: ``%name%`` and ``~name~``.

One pass. What is put in may be what a viewer has written, so it is never looked at again: a chat message
``~password~`` stays these eleven characters. Inside JSON, text stays text, so nobody can break out of a string.
Source of the forms: Streamer.bot's documentation. That an unknown name stays as it was written is ours.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET

from stagedoor.json_text import is_too_deep
from stagedoor.services.actions.arguments import Arguments
from stagedoor.services.actions.errors import StepFailed

MAX_EXPANDED: Final = 1 << 20
"""How many characters one text or JSON value may come to. Without a bound, ``%a%%a%`` would double thirty times."""

MAX_EXPANDED_BY_A_RUN: Final = 8 << 20
"""How many characters all texts of one run may come to: arguments that are set from arguments add up, too."""

_MARK: Final = re.compile("[%~]")

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
"""What fits into 64 bits; longer ones are names, not numbers."""

_FLOAT: Final = re.compile(r"[+-]?[0-9]{1,18}\.[0-9]{1,18}")

_SAFE_INTEGER: Final = 1 << 53
"""From here on, a float stands for several integers."""

FIXED: Final[Mapping[str, Callable[[float], str | int]]] = {
    "date": lambda now: time.strftime("%Y/%m/%d", time.localtime(now)),
    "time": lambda now: time.strftime("%H:%M", time.localtime(now)),
    "longtime": lambda now: time.strftime("%H:%M:%S", time.localtime(now)),
    "unixtime": int,
    "lf": lambda now: "\r\n",
}
"""Names that need no argument; an argument of the same name comes first."""

ReadGlobal = Callable[[str], object]
"""Gives the value of a persisted global variable; ``UNSET`` when there is none."""

Quote = Callable[[str], str]
"""Makes what is put in harmless for where it is put."""


class _Found(NamedTuple):
    """A value that stands between two pieces of text."""

    value: object


class Expander:
    """Expands the parameters of one run's steps."""

    def __init__(self, arguments: Arguments, read_global: ReadGlobal, now: Callable[[], float]) -> None:
        self._arguments = arguments
        self._read_global = read_global
        self._now = now
        self._run_budget = _Budget(MAX_EXPANDED_BY_A_RUN, "the run's parameters expand")

    def text(self, template: str, *, quote: Quote | None = None) -> str:
        """Put values into a text.

        Raises:
            StepFailed: When it grows past :data:`MAX_EXPANDED`, or all of the run past its own bound.
        """
        return self._text(template, self._budget(), quote)

    def value(self, template: object) -> object:
        """Put values into the texts inside a JSON value, names of members left alone.

        A text that is one ``%name%`` and nothing else becomes the value itself, be it a number or an object.

        Raises:
            StepFailed: When it grows past :data:`MAX_EXPANDED`, or nests too deeply.
        """
        expanded = self._value(template, self._budget())
        if is_too_deep(expanded):
            raise StepFailed("the value nests too deeply")
        return expanded

    def _budget(self) -> "_Budget":
        return _Budget(MAX_EXPANDED, "a parameter expands", self._run_budget)

    def _text(self, template: str, budget: "_Budget", quote: Quote | None = None) -> str:
        pieces: list[str] = []
        for part in self._parts(template):
            piece = part if isinstance(part, str) else as_text(part.value)
            if quote is not None and not isinstance(part, str):
                piece = quote(piece)
            budget.spend(len(piece))
            pieces.append(piece)
        return "".join(pieces)

    def _value(self, template: object, budget: "_Budget") -> object:
        if isinstance(template, str):
            match list(self._parts(template)):
                case [_Found(value)]:
                    budget.spend(len(value) if isinstance(value, str) else len(msgspec.json.encode(value)))
                    return value
                case _:
                    return self._text(template, budget)
        if isinstance(template, list):
            return [self._value(item, budget) for item in template]
        if isinstance(template, dict):
            return {name: self._value(item, budget) for name, item in template.items()}
        return template

    def _parts(self, template: str) -> Iterator[str | _Found]:
        """Cut a text into what stays and what is put in."""
        kept_from = position = 0
        while mark := _MARK.search(template, position):
            position = mark.end()
            end = template.find(mark[0], position)
            value = self._look_up(mark[0], template[position:end]) if end > position else UNSET
            if value is UNSET:
                continue  # this sign is text; the next one may begin a name
            if kept_from < mark.start():
                yield template[kept_from : mark.start()]
            yield _Found(value)
            kept_from = position = end + 1
        if kept_from < len(template):
            yield template[kept_from:]

    def _look_up(self, mark: str, name: str) -> object:
        if mark == "~":
            return self._read_global(name)
        value = self._arguments.get(name)
        if value is UNSET and (fixed := FIXED.get(name.lower())):
            return fixed(self._now())
        return value


class _Budget:
    """How much an expansion, and the whole of which it is a part, may still put in."""

    def __init__(self, size: int, subject: str, whole: "_Budget | None" = None) -> None:
        self._size = self._left = size
        self._subject = subject
        self._whole = whole

    def spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise StepFailed(f"{self._subject} to more than {self._size} characters")
        if self._whole is not None:
            self._whole.spend(size)


def as_text(value: object) -> str:
    """Write a JSON value as it appears in a text: ``True`` and ``False`` as .NET has them, nothing for null."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool() | int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < _SAFE_INTEGER else repr(value)
        case _:
            return msgspec.json.encode(value).decode()


def auto_typed(text: str) -> str | int | float | bool:
    """Read a text as an integer, else as a float, else as ``true`` or ``false``, else leave it a text."""
    stripped = text.strip()
    if _INTEGER.fullmatch(stripped):
        return int(stripped)
    if _FLOAT.fullmatch(stripped):
        return float(stripped)
    return {"true": True, "false": False}.get(stripped.lower(), text)
