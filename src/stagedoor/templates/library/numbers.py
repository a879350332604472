"""Sprig's arithmetic. Integers have 64 bits, as in Go."""

import math
import random
from collections.abc import Callable
from decimal import Context, Decimal, localcontext

from stagedoor.templates.errors import TemplateFailed
from stagedoor.templates.functions import Functions
from stagedoor.templates.library.conversions import int64, to_float, to_int
from stagedoor.templates.limits import Rendering

CONTEXT = Context(prec=40)
"""Digits enough for sums of floats; a quotient has sixteen after the point, as in sprig."""

_random = random.SystemRandom()


def add(*numbers: object) -> int:
    """Add integers."""
    return int64(sum(map(to_int, numbers)))


def add1(number: object) -> int:
    """Add 1."""
    return int64(to_int(number) + 1)


def sub(a: object, b: object) -> int:
    """Subtract ``b``."""
    return int64(to_int(a) - to_int(b))


def mul(number: object, *numbers: object) -> int:
    """Multiply integers."""
    product = to_int(number)
    for factor in numbers:
        product = int64(product * to_int(factor))
    return product


def div(a: object, b: object) -> int:
    """Divide integers, towards 0."""
    dividend, divisor = to_int(a), _divisor(b)
    quotient = abs(dividend) // abs(divisor)
    return int64(quotient if (dividend < 0) == (divisor < 0) else -quotient)


def mod(a: object, b: object) -> int:
    """Give the rest of a division; it has the sign of ``a``."""
    dividend, divisor = to_int(a), _divisor(b)
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


def _divisor(value: object) -> int:
    divisor = to_int(value)
    if divisor == 0:
        raise TemplateFailed("nothing can be divided by 0")
    return divisor


def max_(number: object, *numbers: object) -> int:
    """Give the greatest integer."""
    return max(map(to_int, (number, *numbers)))


def min_(number: object, *numbers: object) -> int:
    """Give the least integer."""
    return min(map(to_int, (number, *numbers)))


def maxf(number: object, *numbers: object) -> float:
    """Give the greatest number."""
    return max(map(to_float, (number, *numbers)))


def minf(number: object, *numbers: object) -> float:
    """Give the least number."""
    return min(map(to_float, (number, *numbers)))


def addf(*numbers: object) -> float:
    """Add numbers."""
    return _folded(0.0, numbers, lambda a, b: a + b)


def add1f(number: object) -> float:
    """Add 1."""
    return _folded(to_float(number), (1,), lambda a, b: a + b)


def subf(number: object, *numbers: object) -> float:
    """Subtract numbers."""
    return _folded(to_float(number), numbers, lambda a, b: a - b)


def mulf(number: object, *numbers: object) -> float:
    """Multiply numbers."""
    return _folded(to_float(number), numbers, lambda a, b: a * b)


def divf(number: object, *numbers: object) -> float:
    """Divide by numbers."""
    return _folded(to_float(number), numbers, _divided)


def _divided(a: Decimal, b: Decimal) -> Decimal:
    quotient = a / b
    return round(quotient, 16) if abs(quotient) < 10**20 else quotient


def _folded(start: float, numbers: tuple[object, ...], operation: Callable[[Decimal, Decimal], Decimal]) -> float:
    """Reckon in decimal digits, as sprig does, so that 0.1 and 0.2 make 0.3."""
    try:
        with localcontext(CONTEXT):
            value = Decimal(repr(start))
            for number in numbers:
                value = operation(value, Decimal(repr(to_float(number))))
            folded = float(value)
            if math.isfinite(folded):
                return folded
    except ArithmeticError:  # of which Decimal's errors are a kind
        pass
    raise TemplateFailed("nothing can be divided by 0, and no number is larger than 1e308")


def floor(number: object) -> float:
    """Round down."""
    return float(math.floor(_finite(number)))


def ceil(number: object) -> float:
    """Round up."""
    return float(math.ceil(_finite(number)))


def round_(number: object, places: int, threshold: float = 0.5) -> float:
    """Round to decimal places; halves go up, unless ``threshold`` says otherwise."""
    power = 10.0 ** max(-300, min(places, 300))
    shifted = _finite(number) * power
    if not math.isfinite(shifted):
        return _finite(number)
    whole = math.trunc(shifted)
    rounded = math.ceil(shifted) if shifted - whole >= threshold else math.floor(shifted)
    return rounded / power


def _finite(value: object) -> float:
    number = to_float(value)
    return number if math.isfinite(number) else 0.0


def atoi(text: str) -> int:
    """Read a decimal integer; 0 when it is none."""
    return to_int(text) if text.lstrip("+-").isdecimal() else 0


def int_(value: object) -> int:
    """Convert to an integer, without the fraction."""
    return to_int(value)


def float64(value: object) -> float:
    """Convert to a float."""
    return to_float(value)


def to_decimal(value: object) -> int:
    """Read an octal number."""
    text = str(value) if isinstance(value, int | str) else ""
    try:
        return int64(int(text, 8)) if len(text) < 30 and text.isascii() and "_" not in text else 0
    except ValueError:
        return 0


def rand_int(least: int, end: int) -> int:
    """Draw an integer from ``least`` on and below ``end``."""
    if end <= least:
        raise TemplateFailed(f"randInt: {end} is not more than {least}")
    return int64(_random.randrange(least, end))


def until(rendering: Rendering, count: int) -> list[object]:
    """Count from 0 to ``count``, which is left out."""
    return until_step(rendering, 0, count, -1 if count < 0 else 1)


def until_step(rendering: Rendering, start: int, stop: int, step: int) -> list[object]:
    """Count from ``start`` by ``step`` to ``stop``, which is left out."""
    if step == 0:
        return []
    numbers = range(start, stop, step)
    rendering.spend_elements(_length(numbers))
    return list(numbers)


def _length(numbers: range) -> int:
    """Count the numbers, more of them too than Python's ``len`` can."""
    span = (numbers.stop - numbers.start) // numbers.step
    return max(span, 0) + 1


def seq(rendering: Rendering, *numbers: int) -> str:
    """Write numbers with blanks between: ``seq last``, ``seq first last`` or ``seq first step last``."""
    if not 1 <= len(numbers) <= 3:
        return ""
    first = numbers[0] if len(numbers) > 1 else 1
    last = numbers[-1]
    direction = -1 if last < first else 1
    step = numbers[1] if len(numbers) == 3 else direction
    if step * direction <= 0:
        return ""
    parts = until_step(rendering, first, last + direction, step)
    rendering.spend(len(parts) * 20)
    return " ".join(map(str, parts))


FUNCTIONS: Functions = {
    "add": add,
    "add1": add1,
    "sub": sub,
    "mul": mul,
    "div": div,
    "mod": mod,
    "max": max_,
    "biggest": max_,
    "min": min_,
    "maxf": maxf,
    "minf": minf,
    "addf": addf,
    "add1f": add1f,
    "subf": subf,
    "mulf": mulf,
    "divf": divf,
    "floor": floor,
    "ceil": ceil,
    "round": round_,
    "atoi": atoi,
    "int": int_,
    "int64": int_,
    "float64": float64,
    "toDecimal": to_decimal,
    "randInt": rand_int,
    "until": until,
    "untilStep": until_step,
    "seq": seq,
}
