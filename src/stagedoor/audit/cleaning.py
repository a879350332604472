"""Makes facts fit to be kept: small plain JSON, without secrets and without what plays tricks on a terminal."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Final

from stagedoor.types import JsonObject

MAX_MEMBERS: Final = 16
MAX_CHARACTERS: Final = 200
"""Of one text."""

_MAX_LOOKED_AT: Final = 4096
"""Characters of a text that are searched for secrets; what comes later is cut off in any case."""

_TRICKS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line breaks, what turns the direction of text, and halves of characters."""

_MAX_INTEGER: Final = 2**53
"""Past it JavaScript reads another number."""

Clean = Callable[[str], str]
"""Strikes secrets out of a text."""


def clean_facts(facts: Mapping[str, object], clean: Clean) -> JsonObject:
    """Make small plain JSON of facts; what is too much is left out, what cannot be told is named by its type."""
    return {
        clean_text(str(name), clean): _clean_value(value, clean) for name, value in list(facts.items())[:MAX_MEMBERS]
    }


def clean_text(text: str, clean: Clean) -> str:
    """Make a short line of text; ``clean`` sees it before it is cut, so that no secret is halved."""
    try:
        text = clean(text[:_MAX_LOOKED_AT])
    except Exception:
        # In doubt it is not written down.
        return "(withheld)"
    text = _TRICKS.sub("�", text)
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def _clean_value(value: object, clean: Clean) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < _MAX_INTEGER:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean_item(item, clean) for item in list(value)[:MAX_MEMBERS]]
    return _clean_item(value, clean)


def _clean_item(value: object, clean: Clean) -> str:
    try:
        text = str(value)
    except Exception:
        text = type(value).__name__
    return clean_text(text, clean)
