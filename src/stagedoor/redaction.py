"""The redactor: strikes secrets out of text that people show to each other, such as logs, reports, crashes and exports.

It knows some secrets by their text, told by whoever keeps them, and others by their look: what stands after
``Bearer``, behind ``password=``, in ``"token":"…"``, and tokens as stagedoor draws them. It knows nothing of hub and
network, and what passes through it is for the owner or for whoever the owner shows it to.

No answer to a client passes through it. Such an answer may quote what that client has sent, and if a guess were struck
out there, the guess would be known to be right.
"""

import base64
import binascii
import json
import re
import threading
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from typing import Final
from urllib.parse import quote, quote_plus

WITHHELD: Final = "(withheld)"
"""What stands in a secret's place."""

MIN_CHARACTERS: Final = 6
"""Of a secret that is known by its text; a shorter one would tear words apart, and tell itself by it."""

_PIECE: Final = 256
"""Characters of a secret that are looked for at once; a longer one is known by its pieces."""

_MOST_CHARACTERS: Final = 4096
"""Characters of a secret that are known: more would make the search slow, and no credential is as long."""

_MOST_TEXTS: Final = 4096
"""Texts of one source; the rest is let go."""

_NAMES: Final = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "api-key",
    "apikey",
    "authentication",
    "authorization",
    "oauth",
    "credential",
)

_NO_SECRETS: Final = frozenset(("", "on", "off", "enforced", "true", "false", "null", "none", WITHHELD))
"""What a setting of such a name may be without being a secret."""

_NAMED: Final = re.compile(
    rf"""(?:{"|".join(_NAMES)})
    (?:
        (?P<name_end>\\*["'])?[ \t]*[:=][ \t]*
        (?:
            "(?P<plain>(?:[^"\\\n]|\\.)*)"
            | (?P<quote>\\*["'])(?P<quoted>[^\n]*?)(?:(?<!\\)(?P=quote)|$)
            | (?<=[ \t])(?=[^\s\d]{{0,64}}\d)(?P<spaced>[^\s"'&,;{{}}\[\]()<>\\]+)
            | (?<![ \t])(?P<bare>[^\s"'&,;{{}}\[\]()<>\\]+)
            | (?<=["'][:=][ \t])(?P<member>[^\s"'&,;{{}}\[\]()<>\\]+)
        )
    )""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
"""A value behind a name. Prose may have a colon and a blank there, so that a word alone is none."""

_HEADER: Final = re.compile(r"((?:authorization|cookie)[ \t]*:[ \t]*)[^\r\n\"']+", re.IGNORECASE)

_SCHEME: Final = re.compile(r"\b(Bearer[ \t]+)[^\s\"'\\,;()<>]{6,}", re.IGNORECASE)

_BASIC: Final = re.compile(r"\b(Basic[ \t]+)([A-Za-z0-9+/]{4,}={0,2})", re.IGNORECASE)

_CHAT_PASSWORD: Final = re.compile(r"\b(oauth:)[A-Za-z0-9_-]{6,}", re.IGNORECASE)

_IN_ADDRESS: Final = re.compile(r"([#?&](?:key|code|pass|auth)=)[^&#\s\"'<>\\()]+", re.IGNORECASE)

_USER: Final = re.compile(r"(://[^\s/@:\"']*:)[^\s/@\"']+(?=@)")

_DRAWN: Final = re.compile(
    r"(?<![\w/+=-])(?=[\w-]{0,42}[A-Z])(?=[\w-]{0,42}[a-z])(?=[\w-]{0,42}[0-9])"
    r"(?:[A-Za-z0-9_-]{43}|[A-Za-z0-9_-]{32})(?![\w=-])"
    r"|(?<![\w-])overlay-(?=[\w-]{0,42}[A-Z])(?=[\w-]{0,42}[a-z])(?=[\w-]{0,42}[0-9])[A-Za-z0-9_-]{20,}"
    r"|(?<![\w/+=-])[A-Za-z0-9+/]{43}=(?![\w/+=-])"
    r"|(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+)?"
)
"""Tokens of 32 bytes and codes of 24 as stagedoor draws them, keys of overlays; digests of 32 bytes, by which doors are
opened; signed tokens of others."""


class Redactor:
    """Knows what is secret, by where it comes from, and strikes it out. Safe in any thread."""

    def __init__(self) -> None:
        self._known: dict[str, frozenset[str]] = {}
        """The texts of each source."""
        self._lock = threading.Lock()
        self._pattern: re.Pattern[str] | None = None
        self._is_current = True

    def know(self, source: str, texts: Iterable[str]) -> None:
        """Know these secrets of a source, and no longer those that were told of it before."""
        pieces = frozenset(piece for text, _ in zip(texts, range(_MOST_TEXTS), strict=False) for piece in _pieces(text))
        with self._lock:
            if pieces == self._known.get(source, frozenset()):
                return
            if pieces:
                self._known[source] = pieces
            else:
                self._known.pop(source, None)
            self._is_current = False

    def clean(self, text: str) -> str:
        """Strike out what is secret; in time that grows with the text's length."""
        pattern = self._pattern if self._is_current else self._compile()
        if pattern is not None:
            text = pattern.sub(WITHHELD, text)
        return _strike_by_look(text)

    def _compile(self) -> re.Pattern[str] | None:
        """Make the search anew, when it is needed for the first time after a change."""
        with self._lock:
            if not self._is_current:
                forms = {form for texts in self._known.values() for text in texts for form in _forms(text)}
                self._pattern = re.compile(_alternation(forms, 0)) if forms else None
                self._is_current = True
            return self._pattern


def _pieces(text: str) -> Iterator[str]:
    """Cut a long secret; no piece is so short that it would not count."""
    text = text[:_MOST_CHARACTERS]
    count = max(1, -(-len(text) // _PIECE))
    for number in range(count):
        piece = text[number * len(text) // count : (number + 1) * len(text) // count]
        if len(piece) >= MIN_CHARACTERS:
            yield piece


def _forms(text: str) -> Iterator[str]:
    """A secret as it may be written: as it is, within JSON, Python's literals and addresses, and in base64."""
    data = text.encode(errors="surrogatepass")
    yield text
    for is_ascii in (False, True):
        once = json.dumps(text, ensure_ascii=is_ascii)[1:-1]
        yield once
        yield json.dumps(once, ensure_ascii=is_ascii)[1:-1]
    yield repr(text)[1:-1]
    yield ascii(text)[1:-1]
    yield repr(data)[2:-1]
    for safe in ("", "/", "-_.!~*'()", "/?:@!$&'()*+,;="):
        percent = quote(data, safe=safe)
        yield percent
        yield re.sub("%..", lambda match: match[0].lower(), percent)
    yield quote_plus(data)
    # In base64, a text is written in one of three ways, by how many bytes stand before it. What it shares with its
    # neighbours is left out.
    for before, shared in ((0, 0), (1, 2), (2, 3)):
        whole = (before + len(data)) * 8 // 6
        encoded = base64.b64encode(bytes(before) + data).decode()[shared:whole]
        if len(encoded) >= MIN_CHARACTERS:
            yield encoded
            yield encoded.replace("+", "-").replace("/", "_")


def _alternation(texts: Collection[str], depth: int) -> str:
    """Write a pattern for any of ``texts``, which have ``depth`` characters in common, the longest first.

    Their first characters are told apart before the rest is looked at, so that a thousand secrets cost what a few do.
    """
    if depth == 2 or len(texts) == 1:
        return "|".join(re.escape(text[depth:]) for text in sorted(texts, key=lambda text: (-len(text), text)))
    groups = groupby(sorted(texts), key=lambda text: text[depth])
    return "|".join(f"{re.escape(first)}(?:{_alternation(list(group), depth + 1)})" for first, group in groups)


def _strike_by_look(text: str) -> str:
    lowered = text.lower()
    if any(name in lowered for name in _NAMES):
        text = _NAMED.sub(_strike_value, text)
    if "authorization" in lowered or "cookie" in lowered:
        text = _HEADER.sub(_strike_rest, text)
    if "bearer" in lowered:
        text = _SCHEME.sub(_strike_rest, text)
    if "basic" in lowered:
        text = _BASIC.sub(_strike_user, text)
    if "oauth:" in lowered:
        text = _CHAT_PASSWORD.sub(_strike_rest, text)
    if "=" in text:
        text = _IN_ADDRESS.sub(_strike_rest, text)
    if "@" in text:
        text = _USER.sub(_strike_rest, text)
    return _DRAWN.sub(WITHHELD, text) if len(text) >= 20 else text


def _strike_rest(match: re.Match[str]) -> str:
    return match[1] + WITHHELD


def _strike_value(match: re.Match[str]) -> str:
    group = match.lastgroup or ""
    value = match[group]
    if value.lower() in _NO_SECRETS:
        return match[0]
    start, end = match.span(group)
    before, after = match[0][: start - match.start()], match[0][end - match.start() :]
    # A number in an object gives way to a text, as that is what the object can hold.
    end_of_name = match["name_end"]
    around = end_of_name if end_of_name and group in ("bare", "spaced", "member") else ""
    return f"{before}{around}{WITHHELD}{around}{after}"


def _strike_user(match: re.Match[str]) -> str:
    try:
        is_login = b":" in base64.b64decode(match[2])
    except binascii.Error:
        is_login = False
    return match[1] + WITHHELD if is_login else match[0]
