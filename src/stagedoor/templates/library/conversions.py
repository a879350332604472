"""How sprig makes a number or text of any value: what cannot be converted is 0."""

import math
import re

from stagedoor.templates.limits import Rendering
from stagedoor.templates.printing import text_of
from stagedoor.templates.values import text_if_struct

INTEGER = re.compile(r"([-+]?)(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|[0-9]+)")
FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
MAX_DIGITS = 100


def int64(number: int) -> int:
    """Keep the low 64 bits, as Go's arithmetic does."""
    return number if -(2**63) <= number < 2**63 else (number + 2**63) % 2**64 - 2**63


def to_int(value: object) -> int:
    """Convert to an integer."""
    value = text_if_struct(value)
    if isinstance(value, int):
        return int64(int(value))
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and abs(value) < 2**63 else -(2**63)
    match = INTEGER.fullmatch(value) if isinstance(value, str) and len(value) < MAX_DIGITS else None
    if match is None:
        return 0
    number = int(match[2], 0 if match[2][1:2].isalpha() else 10) * (-1 if match[1] == "-" else 1)
    return number if -(2**63) <= number < 2**63 else 0


def to_float(value: object) -> float:
    """Convert to a float."""
    value = text_if_struct(value)
    if isinstance(value, int | float):
        return float(value) if abs(value) < 2**1000 else 0.0
    if isinstance(value, str) and len(value) < MAX_DIGITS and FLOAT.fullmatch(value):
        return float(value)
    return 0.0


def to_texts(value: object, rendering: Rendering) -> list[str]:
    """Convert a list to texts, without what is nothing; anything else is a list of its own text."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        return [text_of(value, rendering)]
    rendering.spend_elements(len(value))
    return [text_of(element, rendering) for element in value if element is not None]
