"""The counters of templates, each in a key of its own."""

import re
from typing import Final

from stagedoor.keys import COUNTERS, segment
from stagedoor.types import MAX_KEY_BYTES, Key, Value

MAX_COUNT: Final = 10**18 - 1
"""A counter has up to 18 digits, which 64 bits hold."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}")


def counter_key(name: str) -> Key:
    """Tell the key of a counter.

    Raises:
        ValueError: When there can be no counter of that name.
    """
    key = COUNTERS + segment(name)
    if not name or len(key.encode()) > MAX_KEY_BYTES:
        raise ValueError("a counter needs a name" if not name else f"the name of a counter is too long: {name:.40}…")
    return key


def read_count(text: Value) -> int:
    """Read where a counter stands; what is no number is 0."""
    return int(text) if _NUMBER.fullmatch(text) else 0
