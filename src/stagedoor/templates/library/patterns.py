r"""Sprig's regular expressions, run by RE2 itself (PyPI ``google-re2``).

Python's own ``re`` backtracks: ``(a+)+$`` on thirty letters takes minutes, and nothing can stop it meanwhile. RE2 takes
time in proportion to the text, it is the syntax that Go's ``regexp`` has, and Google builds wheels of it for Linux,
macOS from 14 on and Windows. A pattern's program is bounded by :data:`MAX_MEMORY`, and both together by
:data:`MAX_WORK`, so that one search takes 50 ms at most; the clock is looked at between two.
Where the wheel cannot be had these functions fail with a sentence, and nothing else does.
"""

import functools
import re
from collections.abc import Iterator
from typing import Any

from stagedoor.templates.errors import TemplateFailed
from stagedoor.templates.functions import Functions
from stagedoor.templates.limits import MAX_TEXT_TO_SEARCH, Rendering

MAX_PATTERN = 500
"""Characters of a regular expression."""

MAX_MEMORY = 1 << 20
"""Bytes of a compiled expression and what it remembers of its search."""


class BadPattern(TemplateFailed):
    """A regular expression that RE2 does not take."""


MAX_WORK = 5_000_000
"""Steps of a compiled expression times bytes of the text, which is what one search may take: 10 ns each at worst."""

Pattern = Any  # the library has no types
Match = Any


@functools.lru_cache(maxsize=32)
def _compiled(pattern: str) -> Pattern:
    try:
        import re2  # here, since most templates have no use for its 2.5 MB
    except ImportError as error:  # on a system that it has no wheel for
        reason = "regular expressions need the Python package google-re2, which is not here"
        raise TemplateFailed(reason) from error
    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    try:
        return re2._Regexp(pattern, options)
    except re2.error as error:
        cause = error.args[0] if error.args else b""
        told = cause.decode("utf-8", "replace") if isinstance(cause, bytes) else str(cause)
        raise BadPattern(f"the regular expression {pattern[:40]!r} cannot be used: {told}") from None


def _ready(rendering: Rendering, pattern: str, text: str) -> tuple[Pattern, str]:
    """Compile a pattern and make a text fit for it, which must be short and hold no half surrogate pairs."""
    if len(pattern) > MAX_PATTERN:
        raise TemplateFailed(f"a regular expression has at most {MAX_PATTERN} characters")
    if len(text) > MAX_TEXT_TO_SEARCH:
        raise TemplateFailed(f"a regular expression runs on at most {MAX_TEXT_TO_SEARCH} characters")
    rendering.spend(len(text))
    rendering.check()  # a pattern may take a millisecond to compile
    data = text.encode("utf-8", "replace")
    compiled = _compiled(pattern.encode("utf-8", "replace").decode())
    if compiled.programsize * len(data) > MAX_WORK:
        raise TemplateFailed("the regular expression is too large for so long a text")
    return compiled, data.decode()


def _matches(rendering: Rendering, pattern: str, text: str, most: int = -1) -> Iterator[Match]:
    """Go from match to match; an empty one right after another is none, as in Go."""
    compiled, text = _ready(rendering, pattern, text)
    count, previous_end = 0, -1
    for match in compiled.finditer(text):
        rendering.check()
        start, end = match.span()
        if start == end == previous_end:
            continue
        if 0 <= most <= count:
            return
        previous_end = end
        count += 1
        rendering.spend_elements(4)
        yield match


def regex_match(rendering: Rendering, pattern: str, text: str) -> bool:
    """Say whether the pattern is somewhere in the text; one that cannot be read is nowhere."""
    try:
        return must_regex_match(rendering, pattern, text)
    except BadPattern:
        return False


def must_regex_match(rendering: Rendering, pattern: str, text: str) -> bool:
    """Say whether the pattern is somewhere in the text."""
    compiled, text = _ready(rendering, pattern, text)
    return compiled.search(text) is not None


def regex_find(rendering: Rendering, pattern: str, text: str) -> str:
    """Give the first match; empty text when there is none."""
    return next((match.group() for match in _matches(rendering, pattern, text, 1)), "")


def regex_find_all(rendering: Rendering, pattern: str, text: str, most: int) -> list[object]:
    """Give the matches, all for a negative ``most``."""
    return [match.group() for match in _matches(rendering, pattern, text, most)]


def regex_replace_all(rendering: Rendering, pattern: str, text: str, replacement: str) -> str:
    """Replace the matches; ``$1`` and ``${1}`` in the replacement stand for groups."""
    return _replaced(rendering, pattern, text, _template_of(replacement))


def regex_replace_all_literal(rendering: Rendering, pattern: str, text: str, replacement: str) -> str:
    """Replace the matches by a text as it is."""
    return _replaced(rendering, pattern, text, (("", replacement),))


GROUP = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})", re.ASCII)
Pieces = tuple[tuple[str, str], ...]


def _template_of(replacement: str) -> Pieces:
    """Cut a replacement into pairs of a group's name and the text after it."""
    pieces, name, end = [], "", 0
    for match in GROUP.finditer(replacement):
        pieces.append((name, replacement[end : match.start()]))
        end = match.end()
        if match[1]:
            pieces.append(("", "$"))
        name = match[2] or match[3] or ""
    return (*pieces, (name, replacement[end:]))


def _replaced(rendering: Rendering, pattern: str, text: str, pieces: Pieces) -> str:
    parts, end = [], 0
    for match in _matches(rendering, pattern, text):
        parts.append(match.string[end : match.start()])
        for name, literal in pieces:
            parts += (_group(match, name), literal)
            rendering.spend(len(parts[-2]) + len(literal))
        end = match.end()
    _, whole = _ready(rendering, pattern, text)
    return "".join((*parts, whole[end:]))


def _group(match: Match, name: str) -> str:
    if not name:
        return ""
    groups: dict[str, int] = match.re.groupindex
    number = int(name) if name.isdecimal() and len(name) < 5 else groups.get(name, -1)
    return match.group(number) or "" if 0 <= number <= match.re.groups else ""


def regex_split(rendering: Rendering, pattern: str, text: str, most: int) -> list[object]:
    """Cut a text at the matches into at most ``most`` parts, all for a negative number."""
    if most == 0:
        return []
    if pattern and not text:
        return [""]
    parts: list[object] = []
    start = end = 0
    _, whole = _ready(rendering, pattern, text)
    for match in _matches(rendering, pattern, text, most):
        if most > 0 and len(parts) == most - 1:
            break
        end = match.start()
        if match.end() != 0:
            parts.append(whole[start:end])
        start = match.end()
    return [*parts, whole[start:]] if end != len(whole) else parts


SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


def regex_quote_meta(rendering: Rendering, text: str) -> str:
    """Escape what has a meaning in patterns."""
    rendering.spend(len(text) * 2)
    return SPECIAL.sub(r"\\\g<0>", text)


_PATTERNS: Functions = {
    "regexMatch": regex_match,
    "regexFind": regex_find,
    "regexFindAll": regex_find_all,
    "regexReplaceAll": regex_replace_all,
    "regexReplaceAllLiteral": regex_replace_all_literal,
    "regexSplit": regex_split,
}

FUNCTIONS: Functions = {
    **_PATTERNS,
    **{f"mustR{name[1:]}": function for name, function in _PATTERNS.items()},
    "mustRegexMatch": must_regex_match,
    "regexQuoteMeta": regex_quote_meta,
}
