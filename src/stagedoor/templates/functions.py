"""Functions that templates can call, and how their arguments are checked.

A function is a plain Python callable. Its annotations state what it wants, and are checked before it is called:

    =============  ==================================================================
    ``str``        text; a struct that stands for a text is given as that text
    ``int``        an integer of any size; a literal such as ``2.0`` too
    ``float``      a number
    ``bool``       true or false
    ``list``       a list
    ``dict``       a map
    ``Struct``     a struct
    ``datetime``   a time
    ``object``     anything; a missing key is given as ``None``
    =============  ==================================================================

``*args: str`` takes any number, defaults make arguments optional. A first parameter annotated :class:`Rendering` is
given the run, to pay for what the function makes. It raises :class:`TemplateFailed` to end the run with a reason; any
other exception ends it too, and is its cause.
"""

import functools
import inspect
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple, get_origin, get_type_hints

from stagedoor.templates.errors import TemplateFailed
from stagedoor.templates.limits import Rendering
from stagedoor.templates.values import MISSING, Struct, kind_of

Function = Callable[..., object]
Functions = Mapping[str, Function]

logger = logging.getLogger(__name__)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Struct) and value.text is not None:
        return value.text
    raise _Unwanted("text")


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _Unwanted("an integer")


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise _Unwanted("a number")


def _truth_value(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _Unwanted("true or false")


def _list(value: object) -> list[object]:
    if isinstance(value, list | tuple):
        return list(value) if isinstance(value, tuple) else value
    raise _Unwanted("a list")


def _map(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    raise _Unwanted("a map")


def _struct(value: object) -> Struct:
    if isinstance(value, Struct):
        return value
    raise _Unwanted("a struct")


def _time(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    raise _Unwanted("a time")


def _anything(value: object) -> object:
    return None if value is MISSING else value


class _Unwanted(Exception):
    """An argument of the wrong kind."""


Check = Callable[[object], object]

CHECKS: dict[object, Check] = {
    str: _text,
    int: _integer,
    float: _number,
    bool: _truth_value,
    list: _list,
    dict: _map,
    Struct: _struct,
    datetime: _time,
    object: _anything,
}


class Signature(NamedTuple):
    """What a function wants.

    Attributes:
        checks: One for each argument that it names.
        required: How many of them must be given.
        more: The check of all further arguments; ``None`` when there can be none.
        is_given_rendering: Whether the run comes before the arguments.
    """

    checks: tuple[Check, ...]
    required: int
    more: Check | None
    is_given_rendering: bool

    def check_of(self, number: int) -> Check:
        """Give the check of an argument, counted from 0."""
        if number < len(self.checks):
            return self.checks[number]
        assert self.more is not None
        return self.more

    def count_problem(self, given: int) -> str | None:
        """Say what is wrong with the number of arguments given; ``None`` when nothing is."""
        most = len(self.checks)
        if self.required <= given and (given <= most or self.more is not None):
            return None
        want = f"{self.required}" if self.more is None and most == self.required else f"{self.required} or more"
        return f"wants {want} argument{'' if want == '1' else 's'}, not {given}"


@functools.lru_cache(maxsize=1024)
def signature_of(function: Function) -> Signature:
    """Read a function's annotations.

    Raises:
        TypeError: For a parameter without annotation, or with one that no value of a template can have.
    """
    parameters = list(inspect.signature(function).parameters.values())
    hints = get_type_hints(function)
    is_given_rendering = bool(parameters) and hints.get(parameters[0].name) is Rendering
    checks: list[Check] = []
    required, more = 0, None
    for parameter in parameters[is_given_rendering:]:
        hint = hints.get(parameter.name)
        check = CHECKS.get(get_origin(hint) or hint)
        if check is None:
            raise TypeError(f"{function!r}: {parameter.name} is {hint!r}, which no value of a template can be")
        if parameter.kind is parameter.VAR_POSITIONAL:
            more = check
        else:
            checks.append(check)
            required += parameter.default is parameter.empty
    return Signature(tuple(checks), required, more, is_given_rendering)


def checked(check: Check, name: str, number: int, value: object) -> object:
    """Check one argument.

    Raises:
        TemplateFailed: When the function ``name`` wants another kind of value as its argument ``number``, from 0.
    """
    try:
        return check(value)
    except _Unwanted as error:
        got = kind_of(value).plain
        raise TemplateFailed(f"{name}: argument {number + 1} must be {error}, not {got}") from None


def call(function: Function, name: str, arguments: list[object]) -> object:
    """Call a function with checked arguments; a bug in it fails the run, never the caller.

    Raises:
        TemplateFailed: When the function fails.
    """
    try:
        return function(*arguments)
    except (TemplateFailed, RecursionError):
        raise
    except Exception as error:
        logger.exception("the template function %s failed", name)
        raise TemplateFailed(f"{name} failed: {type(error).__name__}") from error
