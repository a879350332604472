"""Sprig's functions on text. Where Go counts bytes these count characters, so that none is ever cut in two."""

import base64
import binascii
import functools
import random
import re
import string

from stagedoor.templates.errors import TemplateFailed
from stagedoor.templates.functions import Functions
from stagedoor.templates.library.conversions import to_texts
from stagedoor.templates.limits import Rendering
from stagedoor.templates.printing import quote, text_of
from stagedoor.templates.values import Map, utf8

SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""What Go's package unicode takes for white space."""

_BASE64 = frozenset((string.ascii_letters + string.digits + "+/").encode())

_random = random.SystemRandom()


# --- upper and lower case -----------------------------------------------------------------------------------------


def upper(rendering: Rendering, text: str) -> str:
    """Write in capitals."""
    rendering.spend(len(text))
    return text.upper() if text.isascii() else "".join(map(_upper, text))


def lower(rendering: Rendering, text: str) -> str:
    """Write in small letters."""
    rendering.spend(len(text))
    return text.lower() if text.isascii() else "".join(map(_lower, text))


# As in Go, one character becomes one: ß stays.
def _upper(character: str) -> str:
    changed = character.upper()
    return changed if len(changed) == 1 else character


def _lower(character: str) -> str:
    changed = character.lower()
    return changed if len(changed) == 1 else character


def _at_each_step(rendering: Rendering, text: str) -> str:
    """Count a step for each of very many texts that are made in one go."""
    rendering.step()
    return text


def title(rendering: Rendering, text: str) -> str:
    """Begin each word with a capital."""
    rendering.spend(len(text))
    return re.sub(r"(?<![\w])\w", lambda match: _at_each_step(rendering, _upper(match[0])), text)


def untitle(rendering: Rendering, text: str) -> str:
    """Begin each word with a small letter."""
    rendering.spend(len(text))
    return re.sub(r"(?<!\S)\S", lambda match: _at_each_step(rendering, _lower(match[0])), text)


def swapcase(rendering: Rendering, text: str) -> str:
    """Swap capitals and small letters."""
    rendering.spend(len(text))
    return "".join(_lower(c) if c.isupper() or c.istitle() else _upper(c) if c.islower() else c for c in text)


# A word begins at a capital, at the last one of several, and at digits that small letters follow: foo|Bar, HTTP|Server,
# HTTP|20x|OK, bld4|Floor|3rd. Source: the samples of Go's package xstrings, which sprig uses.
_SMALL = "a-z\u0080-\U0010ffff"
_DIGITS = f"(?:[0-9]+(?![0-9{_SMALL}]))?"
WORD = f"[0-9]+(?:[{_SMALL}][{_SMALL}0-9]*)?|[A-Z]?[{_SMALL}]+{_DIGITS}|[A-Z]+(?![{_SMALL}]){_DIGITS}"
CONNECTOR = re.compile(r"[-_\s]")


@functools.cache
def _words() -> re.Pattern[str]:
    """Compile it when it is first used: it takes 10 ms, for all of Unicode."""
    return re.compile(WORD)


def snakecase(rendering: Rendering, text: str) -> str:
    """Write words with underscores between."""
    return _connected(rendering, text, "_")


def kebabcase(rendering: Rendering, text: str) -> str:
    """Write words with dashes between."""
    return _connected(rendering, text, "-")


def _connected(rendering: Rendering, text: str, connector: str) -> str:
    rendering.spend_elements(len(text))
    parts, end = [], 0
    for match in _words().finditer(text):
        touches = end == match.start() and end > 0
        parts.append(connector if touches else CONNECTOR.sub(connector, text[end : match.start()]))
        parts.append(match[0])
        end = match.end()
    return lower(rendering, "".join(parts) + CONNECTOR.sub(connector, text[end:]))


def camelcase(rendering: Rendering, text: str) -> str:
    """Write words with a capital each and nothing between."""
    rendering.spend_elements(len(text))
    start, end = len(text) - len(text.lstrip("_")), len(text.rstrip("_"))
    if start >= end:
        return text
    # One of several connectors stays, and those at the ends all do.
    inner = re.sub(r"[-_\s]([-_\s]*)", lambda match: "\0" + "_" * len(match[1]), text[start:end])
    words = (word for word in re.split("\0(?:_*)", inner) if word)
    gaps = re.findall("\0(_*)", inner)
    named = [_upper(word[0]) + re.sub(r"(?<![a-z])[A-Z]", lambda match: match[0].lower(), word[1:]) for word in words]
    joined = "".join(word + gap for word, gap in zip(named, [*gaps, ""], strict=False))
    return text[:start] + joined + text[end:]


# --- cutting ------------------------------------------------------------------------------------------------------


def trim(text: str) -> str:
    """Take white space from both ends."""
    return text.strip(SPACE)


def trim_all(cut: str, text: str) -> str:
    """Take the characters of ``cut`` from both ends."""
    return text.strip(cut) if cut else text


def trim_prefix(prefix: str, text: str) -> str:
    """Take a beginning away."""
    return text.removeprefix(prefix)


def trim_suffix(suffix: str, text: str) -> str:
    """Take an end away."""
    return text.removesuffix(suffix)


def trunc(length: int, text: str) -> str:
    """Keep the first characters, or the last for a negative length."""
    return text[:length] if length >= 0 else text[length:]


def substr(start: int, end: int, text: str) -> str:
    """Keep the characters from ``start`` to before ``end``; a negative end, or one too far, is that of the text."""
    if start < 0:
        start = 0
    elif end < 0 or end > len(text):
        end = len(text)
    if not start <= end <= len(text):
        raise TemplateFailed(f"substr: {start} to {end} is not within a text of {len(text)} characters")
    return text[start:end]


def abbrev(width: int, text: str) -> str:
    """Cut to ``width`` characters, the last three of them points."""
    return text if width < 4 or len(text) <= width else text[: width - 3] + "..."


def abbrevboth(left: int, right: int, text: str) -> str:
    """Cut at both ends."""
    if right < 4 or (left > 0 and right < 7) or len(text) <= right:
        return text
    offset = max(min(left, len(text)), 0)
    if len(text) - offset < right - 3:
        offset = len(text) - (right - 3)
    if offset <= 4:
        return text[: right - 3] + "..."
    if offset + right - 3 < len(text):
        return "..." + abbrev(right - 3, text[offset:])
    return "..." + text[-(right - 3) :]


def nospace(text: str) -> str:
    """Take all white space away."""
    return "".join(text.split())


def initials(text: str) -> str:
    """Give the first letter of each word."""
    return "".join(word[0] for word in text.split())


# --- making -------------------------------------------------------------------------------------------------------


def repeat(rendering: Rendering, count: int, text: str) -> str:
    """Write a text many times."""
    if count < 0:
        raise TemplateFailed(f"repeat: {count} times cannot be")
    rendering.spend(count * max(len(text), 1))
    return text * count


def replace(rendering: Rendering, old: str, new: str, text: str) -> str:
    """Replace every ``old``."""
    found = text.count(old)
    rendering.spend(len(text) + found * max(len(new) - len(old), 0))
    return text.replace(old, new)


def quote_(rendering: Rendering, *values: object) -> str:
    """Put each value in double quotes."""
    texts = to_texts(list(values), rendering)
    rendering.spend(sum(map(len, texts)) * 4)
    return " ".join(map(quote, texts))


def squote(rendering: Rendering, *values: object) -> str:
    """Put each value in single quotes."""
    texts = to_texts(list(values), rendering)
    rendering.spend(sum(map(len, texts)) + 3 * len(texts))
    return " ".join(f"'{text}'" for text in texts)


def cat(rendering: Rendering, *values: object) -> str:
    """Write values with blanks between."""
    texts = to_texts(list(values), rendering)
    rendering.spend(sum(map(len, texts)) + len(texts))
    return " ".join(texts)


def plural(one: str, many: str, count: int) -> str:
    """Choose between one and many."""
    return one if count == 1 else many


def shuffle(rendering: Rendering, text: str) -> str:
    """Mix the characters."""
    rendering.spend_elements(len(text))
    characters = list(text)
    _random.shuffle(characters)
    return "".join(characters)


def wrap(rendering: Rendering, width: int, text: str) -> str:
    """Break lines at blanks after at most ``width`` characters; longer words stay whole."""
    return _wrapped(rendering, width, "\n", text, cut_words=False)


def wrap_with(rendering: Rendering, width: int, separator: str, text: str) -> str:
    """Put ``separator`` between pieces of at most ``width`` characters; longer words are cut."""
    return _wrapped(rendering, width, separator or "\n", text, cut_words=True)


def _wrapped(rendering: Rendering, width: int, separator: str, text: str, *, cut_words: bool) -> str:
    width, offset = max(width, 1), 0
    lines: list[str] = []
    while len(text) - offset > width:
        rendering.spend(len(separator) + min(width, len(text)))
        if text[offset] == " ":
            offset += 1
            continue
        end = text.rfind(" ", offset, offset + width + 1)
        if end < 0 and not cut_words:
            end = text.find(" ", offset + width)
            if end < 0:
                break
        lines.append(text[offset : end if end >= 0 else offset + width])
        offset = end + 1 if end >= 0 else offset + width
    return separator.join((*lines, text[offset:]))


def indent(rendering: Rendering, blanks: int, text: str) -> str:
    """Put blanks before each line."""
    if blanks < 0:
        raise TemplateFailed(f"indent: {blanks} blanks cannot be")
    rendering.spend(len(text) + blanks * (text.count("\n") + 1))
    return " " * blanks + text.replace("\n", "\n" + " " * blanks)


def nindent(rendering: Rendering, blanks: int, text: str) -> str:
    """Begin a new line and indent."""
    return "\n" + indent(rendering, blanks, text)


def to_string(rendering: Rendering, value: object) -> str:
    """Convert to text."""
    return text_of(value, rendering)


def to_strings(rendering: Rendering, value: object) -> list[object]:
    """Convert the elements of a list to text."""
    return list(to_texts(value, rendering))


def join(rendering: Rendering, separator: str, values: object) -> str:
    """Write the elements of a list with ``separator`` between."""
    texts = to_texts(values, rendering)
    rendering.spend(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _parts(rendering: Rendering, separator: str, text: str, most: int = -1) -> list[str]:
    rendering.spend(len(text))
    if most == 0:
        return []
    if not separator:
        cut = len(text) if most < 0 else min(most - 1, len(text))
        rendering.spend_elements(cut)
        parts = list(text[:cut])
        return [*parts, text[cut:]] if text[cut:] or not parts else parts
    rendering.spend_elements(min(text.count(separator) + 1, most if most > 0 else len(text) + 1))
    return text.split(separator, most - 1 if most > 0 else -1)


def split(rendering: Rendering, separator: str, text: str) -> dict[str, object]:
    """Cut into a map with the keys ``_0``, ``_1`` …"""
    return Map({f"_{number}": part for number, part in enumerate(_parts(rendering, separator, text))})


def splitn(rendering: Rendering, separator: str, most: int, text: str) -> dict[str, object]:
    """Cut into a map of at most ``most`` parts."""
    return Map({f"_{number}": part for number, part in enumerate(_parts(rendering, separator, text, most))})


def split_list(rendering: Rendering, separator: str, text: str) -> list[object]:
    """Cut into a list."""
    return list(_parts(rendering, separator, text))


def sort_alpha(rendering: Rendering, values: object) -> list[object]:
    """Sort by the letters' codes."""
    return [*sorted(to_texts(values, rendering))]


def contains(part: str, text: str) -> bool:
    """Say whether ``text`` contains ``part``."""
    return part in text


def has_prefix(prefix: str, text: str) -> bool:
    """Say whether ``text`` begins with ``prefix``."""
    return text.startswith(prefix)


def has_suffix(suffix: str, text: str) -> bool:
    """Say whether ``text`` ends with ``suffix``."""
    return text.endswith(suffix)


# --- codes --------------------------------------------------------------------------------------------------------


def b64enc(rendering: Rendering, text: str) -> str:
    """Encode in base 64."""
    rendering.spend(len(text) * 4)
    return base64.b64encode(utf8(text)).decode()


def b64dec(rendering: Rendering, text: str) -> str:
    """Decode base 64; what is none becomes a sentence that says so, in Go's words."""
    rendering.spend(len(text) * 4)
    encoded = utf8(text)
    wrong = _wrong_byte(encoded)
    if wrong is not None:
        return f"illegal base64 data at input byte {wrong}"
    return base64.b64decode(encoded.translate(None, b"\r\n")).decode("utf-8", "replace")


def _wrong_byte(encoded: bytes) -> int | None:
    """Find where Go takes base 64 for corrupt; ``None`` when it does not.

    Source: Go's ``encoding/base64``, ``Encoding.decodeQuantum``.
    """
    places = [place for place, byte in enumerate(encoded) if byte not in b"\r\n"]
    for count, place in enumerate(places):
        if encoded[place] in _BASE64:
            continue
        in_group = count % 4
        if encoded[place] != ord("=") or in_group < 2:
            return place
        after = places[count + 1 :]
        if in_group == 2:
            if not after:
                return len(encoded)
            if encoded[after[0]] != ord("="):
                return after[0] - 1
            del after[0]
        return after[0] if after else None
    missing = len(places) % 4
    return len(encoded) - missing if missing else None


def b32enc(rendering: Rendering, text: str) -> str:
    """Encode in base 32."""
    rendering.spend(len(text) * 6)
    return base64.b32encode(utf8(text)).decode()


def b32dec(rendering: Rendering, text: str) -> str:
    """Decode base 32; what is none becomes a sentence that says so."""
    rendering.spend(len(text))
    try:
        return base64.b32decode(utf8(text)).decode("utf-8", "replace")
    except binascii.Error:
        return "illegal base32 data"


def _drawn(rendering: Rendering, count: int, characters: str) -> str:
    if count < 0:
        raise TemplateFailed(f"{count} characters cannot be")
    rendering.spend_elements(count)
    return "".join(_random.choices(characters, k=count))


def rand_alpha(rendering: Rendering, count: int) -> str:
    """Draw letters."""
    return _drawn(rendering, count, string.ascii_letters)


def rand_numeric(rendering: Rendering, count: int) -> str:
    """Draw digits."""
    return _drawn(rendering, count, string.digits)


def rand_alpha_num(rendering: Rendering, count: int) -> str:
    """Draw letters and digits."""
    return _drawn(rendering, count, string.ascii_letters + string.digits)


def rand_ascii(rendering: Rendering, count: int) -> str:
    """Draw characters that can be typed."""
    return _drawn(rendering, count, "".join(map(chr, range(32, 127))))


FUNCTIONS: Functions = {
    "upper": upper,
    "lower": lower,
    "title": title,
    "untitle": untitle,
    "swapcase": swapcase,
    "snakecase": snakecase,
    "camelcase": camelcase,
    "kebabcase": kebabcase,
    "trim": trim,
    "trimAll": trim_all,
    "trimall": trim_all,
    "trimPrefix": trim_prefix,
    "trimSuffix": trim_suffix,
    "trunc": trunc,
    "substr": substr,
    "abbrev": abbrev,
    "abbrevboth": abbrevboth,
    "nospace": nospace,
    "initials": initials,
    "repeat": repeat,
    "replace": replace,
    "quote": quote_,
    "squote": squote,
    "cat": cat,
    "plural": plural,
    "shuffle": shuffle,
    "wrap": wrap,
    "wrapWith": wrap_with,
    "indent": indent,
    "nindent": nindent,
    "toString": to_string,
    "toStrings": to_strings,
    "join": join,
    "split": split,
    "splitn": splitn,
    "splitList": split_list,
    "sortAlpha": sort_alpha,
    "contains": contains,
    "hasPrefix": has_prefix,
    "hasSuffix": has_suffix,
    "b64enc": b64enc,
    "b64dec": b64dec,
    "b32enc": b32enc,
    "b32dec": b32dec,
    "randAlpha": rand_alpha,
    "randNumeric": rand_numeric,
    "randAlphaNum": rand_alpha_num,
    "randAscii": rand_ascii,
}
