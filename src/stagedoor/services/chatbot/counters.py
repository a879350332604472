"""The counters of templates, each in a key of its own."""

import re
from collections.abc import Callable
from typing import Final

from stagedoor.keys import COUNTERS, segment, unsegment
from stagedoor.types import MAX_KEY_BYTES, Key, Value

MAX_COUNT: Final = 10**18 - 1
"""A counter has up to 18 digits, which 64 bits hold."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}")


def counter_key(name: str, read: Callable[[Key], Value]) -> Key:
    """Tell the key of a counter: where strimertül has kept it, if it did so elsewhere and there is none of ours yet.

    strimertül's key ends with the name as it is, so one that holds ``/`` or ``%`` is another than ours. As its overlays
    listen there, such a counter stays.

    Raises:
        ValueError: When there can be no counter of that name.
    """
    key = COUNTERS + segment(name)
    if not name or len(key.encode()) > MAX_KEY_BYTES:
        raise ValueError("a counter needs a name" if not name else f"the name of a counter is too long: {name:.40}…")
    theirs = COUNTERS + name
    return theirs if theirs != key and _may_be_counter(name) and not read(key) and read(theirs) else key


def _may_be_counter(ending: str) -> bool:
    """Tell whether what strimertül has at a key with this ending can be its counter: neither a request, nor an event,
    nor another counter of ours."""
    parts = ending.split("/")
    return not parts[-1].startswith("@") and "ev" not in parts and segment(unsegment(ending)) != ending


def read_count(text: Value) -> int:
    """Read where a counter stands; what is no number is 0."""
    return int(text) if _NUMBER.fullmatch(text) else 0
