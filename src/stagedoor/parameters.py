"""Reads what a request is asked with: the parameters that a service wants to be given."""

import re
from typing import Final, TypeVar

import msgspec

from stagedoor.errors import RequestFailed
from stagedoor.types import Value

# msgspec tells what is wrong in words alone.
_MISSING: Final = re.compile("missing required field `([^`]+)`")
_WRONG: Final = re.compile(r"at `\$\.([^`]+)`")

P = TypeVar("P")


def read_parameters(value: Value, wanted: type[P]) -> P:
    """Read a request's JSON object into a struct, in which ``null`` is as good as nothing.

    Raises:
        RequestFailed: Naming the parameter that is missing or wrong.
    """
    try:
        given = msgspec.json.decode(value, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestFailed("expected a JSON object") from error
    try:
        return msgspec.convert({name: item for name, item in given.items() if item is not None}, wanted)
    except msgspec.ValidationError as error:
        if match := _MISSING.search(str(error)):
            raise RequestFailed(f"Missing parameter: {match[1]}") from error
        name = match[1] if (match := _WRONG.search(str(error))) else ""
        # Streamer.bot has a sentence of its own for this one.
        raise RequestFailed("Invalid platform" if name == "platform" else f"Invalid parameter: {name}") from error
