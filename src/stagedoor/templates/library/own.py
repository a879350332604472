"""Go's own functions, but ``and`` and ``or``, which are part of the language, and ``call``."""

from urllib.parse import quote_plus

from stagedoor.templates.errors import TemplateFailed
from stagedoor.templates.functions import Functions
from stagedoor.templates.limits import Rendering
from stagedoor.templates.printing import sprint, sprintf, text_of
from stagedoor.templates.values import equal, index, kind_of, less, text_if_struct, truth, utf8


def not_(value: object) -> bool:
    """Say whether a value is false."""
    return not truth(value)


def eq(rendering: Rendering, first: object, *others: object) -> bool:
    """Say whether ``first`` equals any of the others."""
    if not others:
        raise TemplateFailed("eq wants something to compare with")
    return any(equal(first, other, rendering) for other in others)


def ne(rendering: Rendering, a: object, b: object) -> bool:
    """Say whether two values differ."""
    return not equal(a, b, rendering)


def lt(a: object, b: object) -> bool:
    """Say whether ``a`` is less."""
    return less(a, b)


def le(a: object, b: object) -> bool:
    """Say whether ``a`` is not more."""
    return less(a, b) or text_if_struct(a) == text_if_struct(b)


def gt(a: object, b: object) -> bool:
    """Say whether ``a`` is more."""
    return less(b, a)


def ge(a: object, b: object) -> bool:
    """Say whether ``a`` is not less."""
    return le(b, a)


def len_(value: object) -> int:
    """Count the bytes of a text, or the elements of a list or map."""
    value = text_if_struct(value)
    if isinstance(value, str):
        return len(value) if value.isascii() else len(utf8(value))
    if isinstance(value, list | tuple | dict):
        return len(value)
    raise TemplateFailed(f"{kind_of(value).plain} has no length")


def index_(value: object, *keys: object) -> object:
    """Give the element under a key or at a place."""
    return index(value, keys)


def print_(rendering: Rendering, *values: object) -> str:
    """Print values side by side."""
    return sprint(values, rendering)


def println(rendering: Rendering, *values: object) -> str:
    """Print values with blanks between and a line end."""
    parts = [text_of(value, rendering) for value in values]
    rendering.spend(sum(map(len, parts)) + len(parts))
    return " ".join(parts) + "\n"


def printf(rendering: Rendering, pattern: str, *values: object) -> str:
    """Format values by verbs."""
    return sprintf(pattern, values, rendering)


HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd"})


def html(rendering: Rendering, *values: object) -> str:
    """Escape for HTML."""
    text = _joined(values, rendering)
    rendering.spend(len(text) * 5)
    return text.translate(HTML)


JS = {"\\": "\\\\", "'": "\\'", '"': '\\"'} | {c: f"\\u{ord(c):04X}" for c in "<>&=\u2028\u2029" if c.isascii()}


def js(rendering: Rendering, *values: object) -> str:
    """Escape for a JavaScript string."""
    text = _joined(values, rendering)
    rendering.spend(len(text) * 6)
    return "".join(
        JS.get(character) or (character if character.isprintable() else f"\\u{ord(character):04X}")
        for character in text
    )


def urlquery(rendering: Rendering, *values: object) -> str:
    """Escape for the query of a URL."""
    text = _joined(values, rendering)
    rendering.spend(len(text) * 12)
    return quote_plus(utf8(text), safe="-_.~")


def _joined(values: tuple[object, ...], rendering: Rendering) -> str:
    return values[0] if len(values) == 1 and isinstance(values[0], str) else sprint(values, rendering)


FUNCTIONS: Functions = {
    "not": not_,
    "eq": eq,
    "ne": ne,
    "lt": lt,
    "le": le,
    "gt": gt,
    "ge": ge,
    "len": len_,
    "index": index_,
    "print": print_,
    "println": println,
    "printf": printf,
    "html": html,
    "js": js,
    "urlquery": urlquery,
}
