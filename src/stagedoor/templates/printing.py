"""How values become text: ``%v`` as Go prints it, and the verbs of ``printf``."""

import json
import math
import re
from collections.abc import Callable
from datetime import datetime

from stagedoor.templates.errors import TemplateFailed
from stagedoor.templates.layouts import STRING_LAYOUT, format_time
from stagedoor.templates.limits import ELEMENT_SIZE, Rendering
from stagedoor.templates.values import (
    MISSING,
    Named,
    Struct,
    kind_of,
    utf8,
)

MAX_WIDTH = 1_000
"""The widest field that ``printf`` fills, in characters; no chat message is longer than 500."""

Leaf = Callable[[object], str]


def printed(value: object, rendering: Rendering) -> str:
    """Give the text that an action prints; nothing and missing keys are ``<no value>``."""
    if type(value) is str:
        return value
    if value is None or value is MISSING:
        return "<no value>"
    return text_of(value, rendering)


def text_of(value: object, rendering: Rendering) -> str:
    """Give the text of a value as ``%v`` and ``print`` do; nothing is ``<nil>``."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    return _assemble(value, rendering, leaf_text)


def leaf_text(value: object) -> str:
    """Give the text of a value that holds no others."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Named):
        return value.names[value]
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, datetime):
        return format_time(value, STRING_LAYOUT)
    kind_of(value)
    return "<nil>"


def float_text(number: float) -> str:
    """Write a float with the fewest digits that identify it; with an exponent below -4 and from 6 on."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
    sign, digits, point = _decimal_of(number)
    exponent = point - 1
    if digits == "0":
        return sign + "0"
    if -4 <= exponent < 6:
        return sign + _plain(digits, point)
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{exponent:+03d}"


def json_float_text(number: float) -> str:
    """Write a float as Go's ``encoding/json`` does: with an exponent below -6 and from 21 on."""
    sign, digits, point = _decimal_of(number)
    if digits == "0" or -6 <= point - 1 < 21:
        return sign + _plain(digits, point)
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1:+03d}".replace("e-0", "e-")


def _decimal_of(number: float) -> tuple[str, str, int]:
    """Give sign, significant digits and how many of them stand before the point."""
    mantissa, _, exponent = f"{abs(number)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return "-" if math.copysign(1, number) < 0 else "", digits.rstrip("0") or "0", point if digits else 1


def _plain(digits: str, point: int) -> str:
    if point <= 0:
        return "0." + "0" * -point + digits
    return digits.ljust(point, "0") if len(digits) <= point else f"{digits[:point]}.{digits[point:]}"


def _assemble(value: object, rendering: Rendering, leaf: Leaf) -> str:
    """Print a value and those within it, paying for each part before they are joined."""
    parts: list[str] = []

    def add(value: object) -> None:
        rendering.enter()
        if isinstance(value, Struct) and value.text is None:
            many(value.fields.values(), "{", "}")
        elif isinstance(value, dict):
            parts.append("map[")
            for number, key in enumerate(sorted(value)):
                parts.append(f" {key}:" if number else f"{key}:")
                rendering.spend(len(parts[-1]) + ELEMENT_SIZE)
                add(value[key])
            parts.append("]")
        elif isinstance(value, list | tuple):
            many(value, "[", "]")
        else:
            text = leaf(value.text if isinstance(value, Struct) else value)
            rendering.spend(len(text))
            parts.append(text)
        rendering.leave()

    def many(values: object, opening: str, closing: str) -> None:
        parts.append(opening)
        for number, element in enumerate(values):  # type: ignore[var-annotated, arg-type]  # a list or a dict's values
            if number:
                parts.append(" ")
            rendering.spend(ELEMENT_SIZE)
            add(element)
        parts.append(closing)

    add(value)
    return "".join(parts)


def sprint(values: tuple[object, ...], rendering: Rendering) -> str:
    """Print values side by side, with a blank between two neighbours of which neither is text."""
    parts = []
    for number, value in enumerate(values):
        if number and not isinstance(value, str) and not isinstance(values[number - 1], str):
            parts.append(" ")
        parts.append(text_of(value, rendering))
    rendering.spend(sum(map(len, parts)))
    return "".join(parts)


def quote(text: str) -> str:
    """Write text as a Go string literal between double quotes."""
    if text.isascii() and text.isprintable():
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return '"' + "".join(_quoted(character) for character in text) + '"'


_SHORT = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
_SHORT |= {"\\": "\\\\", '"': '\\"'}


def _quoted(character: str) -> str:
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def json_text(value: object, rendering: Rendering, *, indent: str = "", safe_in_html: bool = True) -> str:
    """Write a value as JSON, as Go does: keys sorted, and ``<``, ``>`` and ``&`` escaped unless told otherwise."""
    parts: list[str] = []
    depth = 0

    def add(value: object) -> None:
        rendering.enter()
        value = value.text if isinstance(value, Struct) and value.text is not None else value
        is_map = isinstance(value, dict)
        value = dict(value.fields) if isinstance(value, Struct) else value
        if isinstance(value, dict):
            colon = ": " if indent else ":"
            keys = sorted(value) if is_map else value
            many("{", "}", [(json.dumps(key, ensure_ascii=False) + colon, value[key]) for key in keys])
        elif isinstance(value, list | tuple):
            many("[", "]", [("", element) for element in value])
        else:
            text = leaf(value)
            rendering.spend(len(text))
            parts.append(text)
        rendering.leave()

    def many(opening: str, closing: str, entries: list[tuple[str, object]]) -> None:
        nonlocal depth
        depth += 1
        parts.append(opening)
        for number, (key, element) in enumerate(entries):
            margin = f"\n{indent * depth}" if indent else ""
            parts.append(f"{',' if number else ''}{margin}{key}")
            rendering.spend(len(parts[-1]) + ELEMENT_SIZE)
            add(element)
        depth -= 1
        parts.append((f"\n{indent * depth}" if indent and entries else "") + closing)

    def leaf(value: object) -> str:
        if isinstance(value, str):
            return json.dumps(value, ensure_ascii=False)
        if value is None or value is MISSING:
            return "null"
        if isinstance(value, float):
            if not math.isfinite(value):
                raise TemplateFailed(f"JSON has no number {float_text(value)}")
            return json_float_text(value)
        if isinstance(value, datetime):
            return format_time(value, '"2006-01-02T15:04:05.999999999Z07:00"')
        return str(int(value)) if isinstance(value, Named) else leaf_text(value)

    add(value)
    text = "".join(parts)
    if safe_in_html:
        for character in "<>&\u2028\u2029":
            text = text.replace(character, f"\\u{ord(character):04x}")
    return text


# --- printf -------------------------------------------------------------------------------------------------------

VERB = re.compile(r"%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(.)?", re.DOTALL)


def sprintf(pattern: str, values: tuple[object, ...], rendering: Rendering) -> str:
    """Format ``values`` by Go's verbs. What does not fit is told in the text: ``%!d(string=x)``."""
    rendering.spend(len(pattern))
    parts, end, used = [], 0, 0

    def argument() -> object:
        nonlocal used
        used += 1
        return values[used - 1]

    for match in VERB.finditer(pattern):
        rendering.step()
        parts.append(pattern[end : match.start()])
        end = match.end()
        flags, width, precision, verb = match.groups()
        if verb is None:
            parts.append("%!(NOVERB)")
            continue
        if verb == "%":
            parts.append("%")
            continue
        sizes = [_size(size, argument, len(values) > used) for size in (width, precision)]
        if sizes[0] is not None and sizes[0] < 0:
            flags, sizes[0] = flags + "-", -sizes[0]
        if precision is None and "." in match[0][:-1]:
            sizes[1] = 0
        if used >= len(values):
            parts.append(f"%!{verb}(MISSING)")
            continue
        spec = _Spec(verb, flags, *sizes)
        rendering.spend((sizes[0] or 0) + (sizes[1] or 0))
        value = argument()
        parts.append(spec.leaf(value) if verb == "T" else _assemble(value, rendering, spec.leaf))
    parts.append(pattern[end:])
    if used < len(values):
        extra = (
            "<nil>" if value is None else f"{kind_of(value).type_name}={text_of(value, rendering)}"
            for value in values[used:]
        )
        parts.append(f"%!(EXTRA {', '.join(extra)})")
    rendering.spend(sum(map(len, parts)))
    return "".join(parts)


def _size(written: str | None, argument: Callable[[], object], is_left: bool) -> int | None:
    if written is None:
        return None
    if written != "*":
        size: object = int(written[:9])
    else:
        size = argument() if is_left else None
    if not isinstance(size, int) or abs(size) > MAX_WIDTH:
        raise TemplateFailed(f"printf: a width of {size if size is not None else 'nothing'}; {MAX_WIDTH} is the most")
    return size


class _Spec:
    """One verb with its flags, width and precision."""

    def __init__(self, verb: str, flags: str, width: int | None, precision: int | None) -> None:
        self.verb = verb
        self.flags = flags
        self.width = width or 0
        self.precision = precision

    def leaf(self, value: object) -> str:
        """Format one value that holds no others."""
        verb = self.verb
        if verb == "T":
            return self._pad(kind_of(value).type_name)
        text: str | None = None
        if value is None or value is MISSING:
            return self._pad("<nil>") if verb == "v" else f"%!{verb}(<nil>)"
        if isinstance(value, bool):
            text = leaf_text(value) if verb in "vt" else None
        elif isinstance(value, Named | datetime) and verb in "vsq":
            text = self._text(leaf_text(value))
        elif isinstance(value, int):
            return self._integer(value)
        elif isinstance(value, float):
            return self._float(value)
        else:
            text = self._text(leaf_text(value))
            if text is not None:
                return self._pad(text, with_zeros=True)
        return f"%!{verb}({kind_of(value).type_name}={leaf_text(value)})" if text is None else self._pad(text)

    def _pad(self, text: str, *, with_zeros: bool = False) -> str:
        if "-" in self.flags:
            return text.ljust(self.width)
        if with_zeros and "0" in self.flags:
            sign = text[0] if text[:1] in ("+", "-", " ") and self.verb not in "sqxX" else ""
            return sign + text[len(sign) :].rjust(self.width - len(sign), "0")
        return text.rjust(self.width)

    def _text(self, text: str) -> str | None:
        cut = text if self.precision is None else text[: self.precision]
        match self.verb:
            case "v" if "#" in self.flags:
                return quote(cut)
            case "v" | "s":
                return cut
            case "q":
                return f"`{cut}`" if "#" in self.flags and "`" not in cut and cut.isprintable() else self._quoted(cut)
            case "x" | "X":
                data = utf8(text)[: self.precision]
                separator = " " if " " in self.flags else ""
                prefix = "0x" if "#" in self.flags and data else ""
                digits = prefix + separator.join(f"{separator and prefix}{byte:02x}" for byte in data).removeprefix(
                    prefix if separator else ""
                )
                return digits.upper() if self.verb == "X" else digits
        return None

    def _quoted(self, text: str) -> str:
        written = quote(text)
        if "+" not in self.flags or written.isascii():
            return written
        return "".join(
            c if c.isascii() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in written
        )

    def _integer(self, value: int) -> str:
        verb = self.verb
        if verb in "cqU":
            if verb == "U":
                return self._pad(f"U+{value & (2**64 - 1):04X}")
            character = chr(value) if 0 <= value < 0x110000 and not 0xD800 <= value < 0xE000 else "\ufffd"
            if verb == "c":
                return self._pad(character)
            return self._pad(
                "'\\''" if character == "'" else "'\"'" if character == '"' else f"'{quote(character)[1:-1]}'"
            )
        base = {"v": "d", "d": "d", "x": "x", "X": "X", "o": "o", "O": "o", "b": "b"}.get(verb)
        if base is None:
            return f"%!{verb}({kind_of(value).type_name}={leaf_text(value)})"
        digits = format(abs(value), base)
        if self.precision is not None:
            digits = "" if self.precision == 0 and value == 0 else digits.rjust(self.precision, "0")
        prefix = {"x": "0x", "X": "0X", "o": "0", "b": "0b"}.get(verb, "") if "#" in self.flags else ""
        prefix = "0o" if verb == "O" else prefix
        zeros = self.precision is None and not prefix
        return self._pad(self._sign(value < 0) + prefix + digits, with_zeros=zeros)

    def _sign(self, negative: bool) -> str:
        return "-" if negative else "+" if "+" in self.flags else " " if " " in self.flags else ""

    def _float(self, value: float) -> str:
        verb, precision = self.verb, self.precision
        if verb not in "vgGeEfF":
            return f"%!{verb}({kind_of(value).type_name}={leaf_text(value)})"
        if not math.isfinite(value):
            return self._pad(float_text(value))
        if verb in "vgG" and precision is None:
            text = float_text(abs(value))
        else:
            text = format(abs(value), f".{6 if precision is None else precision}{'g' if verb == 'v' else verb}")
        negative = math.copysign(1, value) < 0
        return self._pad(self._sign(negative) + (text.upper() if verb in "GE" else text), with_zeros=True)
