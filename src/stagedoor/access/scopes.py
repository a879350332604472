"""Scopes: in a few words, what an application or an overlay may touch.

A word is a verb, a colon, and what it is about: ``read:counter/*``. An application asks in these words, the owner sees
them and may leave some out, and the rest is what its grant covers. docs/scopes.md tells the language.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from stagedoor.types import MAX_KEY_BYTES, Key

MAX_WORDS: Final = 64
MAX_WORD_CHARACTERS: Final = 600

_ANY: Final = "*"
_PLATFORM: Final = re.compile(r"[a-z0-9-]{1,32}|\*")
_EVENT: Final = re.compile(r"\*|([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_.-]{1,64}|\*)")
_SEND: Final = "platform/{}/@send-message"
_PLATFORMS: Final = ("kick", "trovo", "twitch", "youtube")
"""What ``send:*`` means."""


class ScopeError(ValueError):
    """A word that is none, with what is wrong about it."""


class Part(NamedTuple):
    """A key, or all keys with a prefix."""

    text: str
    is_prefix: bool


class Patterns:
    """Keys, and prefixes of keys; those that others cover are left out."""

    __slots__ = ("_exact", "_parts", "_prefixes")

    def __init__(self, patterns: Iterable[str]) -> None:
        """``patterns`` are keys, and prefixes with a star behind them."""
        written = set(patterns)
        prefixes = sorted(pattern[:-1] for pattern in written if pattern.endswith(_ANY))
        kept: list[str] = []
        for prefix in prefixes:
            if not kept or not prefix.startswith(kept[-1]):
                kept.append(prefix)
        self._prefixes = tuple(kept)
        self._exact = frozenset(
            pattern for pattern in written if not pattern.endswith(_ANY) and not pattern.startswith(self._prefixes)
        )
        parts = [Part(prefix, True) for prefix in kept] + [Part(key, False) for key in self._exact]
        self._parts = sorted(parts)

    def covers(self, key: Key) -> bool:
        """Tell whether a key is among them."""
        return key in self._exact or key.startswith(self._prefixes)

    def within(self, prefix: str) -> list[Part]:
        """Tell what of the keys with a prefix is among them: parts that do not overlap, in order."""
        if prefix.startswith(self._prefixes):
            return [Part(prefix, True)]
        found = self._parts[bisect_left(self._parts, Part(prefix, False)) :]
        end = next((index for index, part in enumerate(found) if not part.text.startswith(prefix)), len(found))
        return found[:end]

    @property
    def patterns(self) -> list[str]:
        """Them as they are written, in order."""
        return [part.text + _ANY * part.is_prefix for part in self._parts]


@dataclass(frozen=True, slots=True)
class Scopes:
    """What a grant covers: which keys may be read, written, and asked."""

    words: tuple[str, ...]
    """In their canonical form: each once, in order, without those that others cover."""
    reads: Patterns = field(compare=False)
    writes: Patterns = field(compare=False)
    calls: Patterns = field(compare=False)

    @property
    def only_read(self) -> bool:
        """Whether nothing can be changed by them."""
        return not (self.writes.patterns or self.calls.patterns)

    @classmethod
    def parse(cls, words: object, requests: Mapping[str, Sequence[str]] | None = None) -> "Scopes":
        """Read a list of words, or a text of words with blanks between.

        Args:
            words: What somebody wrote.
            requests: Names that may stand behind ``call:``, and the words that they mean.
        Raises:
            ScopeError: Naming what is wrong.
        """
        if isinstance(words, str):
            words = words.split()
        if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) for word in words):
            raise ScopeError("scopes are a list of words such as read:counter/*")
        _check_number(words)
        scopes = _compile(tuple(words) if not requests else tuple(_resolve(words, requests)))
        _check_number(scopes.words)  # one word may have meant several, and what is stored is read again
        return scopes


def _check_number(words: Sequence[str]) -> None:
    if len(words) > MAX_WORDS:
        raise ScopeError(f"there are {len(words)} scopes; {MAX_WORDS} are the most")


def _resolve(words: Iterable[str], requests: Mapping[str, Sequence[str]]) -> Iterable[str]:
    """Put the words for keys in the place of the names of requests."""
    for word in words:
        verb, _, name = word.partition(":")
        if verb == "call" and name in requests:
            yield from requests[name]
        else:
            yield word


@lru_cache(maxsize=256)
def _compile(words: tuple[str, ...]) -> Scopes:
    patterns: dict[str, list[str]] = {"read": [], "write": [], "call": []}
    for word in words:
        verb, meant = _read(word)
        patterns[verb] += meant
    reads, writes, calls = (Patterns(patterns[verb]) for verb in ("read", "write", "call"))
    canonical = [*map(_describe_reading, reads.patterns), *(f"write:{one}" for one in writes.patterns)]
    canonical += map(_describe_calling, calls.patterns)
    return Scopes(tuple(sorted(canonical)), reads, writes, calls)


def _read(word: str) -> tuple[str, list[str]]:
    """Take a word apart: the verb for its keys, and their patterns."""
    shown = f"{word[:80]}…" if len(word) > 80 else word
    if len(word) > MAX_WORD_CHARACTERS:
        raise ScopeError(f"the scope {shown!r} is too long")
    verb, colon, about = word.partition(":")
    if not colon or not about:
        raise ScopeError(f"{shown!r} is no scope; it is a verb, a colon, and what it is about, such as read:counter/*")
    if verb == "event":
        match = _EVENT.fullmatch(about)
        if match is None:
            raise ScopeError(f"{shown!r} names no event, such as event:Twitch.ChatMessage or event:Twitch.*")
        return "read", ["event/*" if about == _ANY else f"event/{match[1]}/{match[2]}"]
    if verb == "send":
        if not _PLATFORM.fullmatch(about):
            raise ScopeError(f"{shown!r} names no platform, such as send:twitch or send:*")
        return "call", [_SEND.format(platform) for platform in (_PLATFORMS if about == _ANY else (about,))]
    if verb not in ("read", "write", "call"):
        raise ScopeError(f"{shown!r} has none of the verbs read, write, call, event and send")
    if _ANY in about[:-1]:
        raise ScopeError(f"{shown!r} has a star that is not at its end")
    if any(ord(character) < 32 or character == "\x7f" for character in about):
        raise ScopeError(f"{shown!r} holds a control character")
    if verb == "call" and "/" not in about and about != _ANY and not about.startswith("@"):
        raise ScopeError(f"{shown!r} names no request")
    try:
        size = len(about.encode())
    except UnicodeEncodeError:
        raise ScopeError(f"{shown!r} is no text") from None
    if size > MAX_KEY_BYTES:
        raise ScopeError(f"the scope {shown!r} is longer than any key")
    return verb, [about]


def _describe_reading(pattern: str) -> str:
    """Name events as events, other keys as keys."""
    source, slash, type_ = pattern.removeprefix("event/").partition("/")
    if pattern == "event/*":
        return "event:*"
    if pattern.startswith("event/") and slash and "." not in source and _EVENT.fullmatch(f"{source}.{type_}"):
        return f"event:{source}.{type_}"
    return f"read:{pattern}"


def _describe_calling(pattern: str) -> str:
    start, _, end = _SEND.partition("{}")
    platform = pattern.removeprefix(start).removesuffix(end)
    return (
        f"send:{platform}" if pattern == _SEND.format(platform) and _PLATFORM.fullmatch(platform) else f"call:{pattern}"
    )
