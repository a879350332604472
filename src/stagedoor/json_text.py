"""JSON from a peer: how deep it may be, and what to do about half a character."""

import re
from typing import Final

MAX_DEPTH: Final = 64
"""How deeply a message may nest; far beyond any real one, far below what recursion could hurt."""

_SHALLOW_CHARACTERS: Final = 2 * MAX_DEPTH
"""A text that is no longer cannot open and close more than that many levels."""

_ESCAPE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\."
)
"""An escape in JSON; a pair of surrogates counts as one."""

_LONE: Final = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def may_be_deep(text: str) -> bool:
    """Tell quickly, and in doubt wrongly, whether a message may nest too deeply: brackets in its texts count, too."""
    return len(text) > _SHALLOW_CHARACTERS and text.count("{") + text.count("[") > MAX_DEPTH


def is_too_deep(value: object, limit: int = MAX_DEPTH) -> bool:
    """Tell whether decoded JSON nests more than ``limit`` levels, without recursing itself."""
    level = [value]
    for _ in range(limit):
        if not level:
            return False
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return any(isinstance(item, (dict, list)) for item in level)


def without_lone_surrogates(text: str) -> str:
    """Replace half a character, which JavaScript can hold and UTF-8 cannot, by U+FFFD."""
    return _ESCAPE.sub(lambda match: "\\ufffd" if _LONE.fullmatch(match[0]) else match[0], text)


def shorten(text: str | None, limit: int = 60) -> str:
    """Cut text from a peer to a length that fits an error message or a log line."""
    text = text or ""
    return text if len(text) <= limit else text[:limit] + "…"
