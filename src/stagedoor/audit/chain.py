"""Entries, and the chain that they make: each holds the hash of the one before it.

An entry is a line of JSON without blanks:

    {"n":2,"at_ms":1790000000123,"kind":"login","facts":{"door":"Kilovolt"},"previous":"9f…","hash":"03…"}

``hash`` is the SHA-256, in hexadecimal digits, of the text of ``previous`` followed by the line's bytes without its
last two members: ``9f…{"n":2,"at_ms":1790000000123,"kind":"login","facts":{"door":"Kilovolt"}}``. The members of
``facts`` are in the order of their names. So every byte of a line counts, and whoever changes one has to write every
later line anew.
"""

import hashlib
import re
from typing import Final, NamedTuple

import msgspec

from stagedoor.types import JsonObject

FIRST: Final = "0" * 64
"""What the first entry has in the place of a hash before its own."""

_LINK: Final = re.compile(
    rb'\{"n":([1-9][0-9]{0,14}),"at_ms":.*\},"previous":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}\n', re.DOTALL
)

_TAIL_BYTES: Final = len(',"previous":"' + FIRST + '","hash":"' + FIRST + '"}\n')

_MAX_PROBLEMS: Final = 100
"""A file that is something else altogether has a problem a line."""


class Entry(msgspec.Struct, frozen=True):
    """One thing that happened."""

    n: int
    """Its place; the first has 1."""
    at_ms: int
    """When it happened, in Unix milliseconds."""
    kind: str
    facts: JsonObject
    previous: str
    hash: str


class Head(NamedTuple):
    """An entry's number and hash: with them the whole chain up to it is known."""

    n: int
    hash: str


class Problem(msgspec.Struct, frozen=True):
    """Something that is wrong with the chain."""

    text: str
    """The same at every look, wherever the file has gone by then."""
    file: str
    line: int
    recorded_ms: int | None = None
    """When an entry told of it; ``None`` for one that is new."""


class Verdict(msgspec.Struct):
    """What a look at the whole chain found."""

    entries: int
    first: int | None
    """The number of the oldest entry there is."""
    last: int | None
    problems: list[Problem]
    """The first hundred."""


class _Body(msgspec.Struct):
    n: int
    at_ms: int
    kind: str
    facts: JsonObject


_encoder: Final = msgspec.json.Encoder(order="deterministic")
_decoder: Final = msgspec.json.Decoder(Entry)


def seal(after: Head, at_ms: int, kind: str, facts: JsonObject) -> tuple[Entry, bytes]:
    """Make the entry that follows another one, and its line; of 0 and :data:`FIRST` follows the first."""
    n = after.n + 1
    body = _encoder.encode(_Body(n, at_ms, kind, facts))
    digest = _digest(after.hash.encode(), body)
    line = b'%b,"previous":"%b","hash":"%b"}\n' % (body[:-1], after.hash.encode(), digest.encode())
    return Entry(n, at_ms, kind, facts, after.hash, digest), line


def read_link(line: bytes) -> Head | None:
    """Read the number and the hash that a line states; ``None`` when it is no entry. They may be wrong."""
    found = _LINK.fullmatch(line)
    return None if found is None else Head(int(found[1]), found[3].decode())


def read_entry(line: bytes) -> Entry | None:
    """Read a line; ``None`` when it is no entry."""
    if _LINK.fullmatch(line) is None:
        return None
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class Chain:
    """Follows a chain, line by line, and notes where it is broken.

    After a break it goes on from what the next line says of itself, so that one break is told once.
    """

    def __init__(self, head: Head | None, *, may_begin_late: bool) -> None:
        """Begin.

        Args:
            head: An entry that is known to have been written.
            may_begin_late: Whether the oldest entries may have given way to newer ones.
        """
        self._head = head
        self._may_begin_late = may_begin_late
        self._first: int | None = None
        self._last: Head | None = None
        self._entries = 0
        self._problems: list[Problem] = []
        self._told: dict[str, int] = {}
        """What entries tell of breaks, and when they were written."""

    def take(self, line: bytes, file: str, number: int) -> None:
        """Look at the next line, with its newline."""
        found = _LINK.fullmatch(line)
        last = self._last
        if found is None:
            after = "before the first entry" if last is None else f"after entry {last.n}"
            what = "there is something that is no entry" if line.endswith(b"\n") else "a line is cut off"
            self._complain(f"{after} {what}", file, number)
            return
        n, previous, stated = int(found[1]), found[2], found[3].decode()
        self._entries += 1
        if _digest(previous, line[:-_TAIL_BYTES] + b"}") != stated:
            self._complain(f"entry {n} was changed", file, number)
        elif self._head is not None and n == self._head.n and stated != self._head.hash:
            self._complain(f"entry {n} is another one than was written", file, number)
        if last is None:
            self._first = n
            if n == 1 and previous != FIRST.encode():
                self._complain("entry 1 follows another one", file, number)
            elif n > 1 and not self._may_begin_late:
                self._complain(missing(1, n - 1), file, number)
        elif n <= last.n:
            self._complain(f"entry {n} stands after entry {last.n}", file, number)
            return
        elif n > last.n + 1:
            self._complain(missing(last.n + 1, n - 1), file, number)
        elif previous != last.hash.encode():
            self._complain(f"entry {n} does not follow from entry {last.n}", file, number)
        if b',"kind":"broken",' in line[:80]:
            self._note(line)
        self._last = Head(n, stated)

    def end(self, file: str, number: int) -> Verdict:
        """Hear that there are no more lines, and tell what was found."""
        last_n = 0 if self._last is None else self._last.n
        if self._head is not None and self._head.n > last_n:
            self._complain(missing(last_n + 1, self._head.n), file, number)
        problems = [
            Problem(problem.text, problem.file, problem.line, self._told.get(problem.text))
            for problem in self._problems
        ]
        return Verdict(self._entries, self._first, None if self._last is None else self._last.n, problems)

    def _complain(self, text: str, file: str, number: int) -> None:
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems.append(Problem(text, file, number))

    def _note(self, line: bytes) -> None:
        entry = read_entry(line)
        reason = None if entry is None else entry.facts.get("reason")
        if entry is not None and isinstance(reason, str):
            self._told[reason] = entry.at_ms


def missing(first: int, last: int) -> str:
    """Say which entries are missing."""
    return f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"


def _digest(previous: bytes, body: bytes) -> str:
    return hashlib.sha256(previous + body).hexdigest()
