"""The files of an audit log: the one that is written to, and the full ones before it.

``audit.jsonl`` is written to; when it is full it becomes ``audit-<n>.jsonl``, where ``n`` is the number of its first
entry, and the newest eight of those are kept. None is opened through a link, nor where a pipe lies in its place.
"""

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from stagedoor.audit.chain import Head, read_link

CURRENT: Final = "audit.jsonl"

KEPT: Final = 8
"""Full files."""

MAX_BYTES: Final = 16 << 20
"""Of one file."""

_FULL: Final = re.compile(r"audit-([0-9]{1,15})(?:-([0-9]{1,4}))?\.jsonl")

_BLOCK_BYTES: Final = 1 << 16

_OPEN: Final = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
"""A pipe in the place of a file must not stop anybody."""

_TRIES: Final = 10

_sync: Final = getattr(os, "fdatasync", os.fsync)


class OpenFile(NamedTuple):
    """A file to read, and how much of it was there when it was opened."""

    name: str
    file: BinaryIO
    size: int


class Opened(NamedTuple):
    """What was found when a log was opened to be written to."""

    last: Head | None
    """The newest entry, as its line states it."""
    torn: bytes
    """What stood after the last whole line, and was removed."""


class LogFile:
    """The file that is written to. All methods may raise ``OSError``."""

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES, kept: int = KEPT) -> None:
        self._folder = folder
        self._path = folder / CURRENT
        self._max_bytes = max_bytes
        self._kept = kept
        self._descriptor: int | None = None
        self._identity = (0, 0)
        self._size = 0
        self._first: int | None = None
        """The number of its first entry; ``None`` while it has none."""

    def open(self) -> Opened:
        """Open the file, or make it; remove a line that a crash has cut off."""
        self.close()
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _OPEN, 0o600)
        try:
            facts = _check_regular(descriptor, self._path)
            with os.fdopen(os.dup(descriptor), "rb") as file:
                whole = _whole_lines_end(file, facts.st_size)
                file.seek(whole)
                torn = file.read(_BLOCK_BYTES)
                first = next(filter(None, map(read_link, _lines(file, 0, whole))), None)
            if torn:
                os.ftruncate(descriptor, whole)
                _sync(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor, self._size = descriptor, whole
        self._identity = (facts.st_dev, facts.st_ino)
        self._first = None if first is None else first.n
        _sync_folder(self._folder)
        return Opened(_find_last(self._folder), torn)

    @property
    def is_intact(self) -> bool:
        """Whether the file is where it was and as long as it was: nobody else writes, cuts, moves or deletes it."""
        if self._descriptor is None:
            return False
        try:
            facts = os.lstat(self._path)
        except OSError:
            return False
        return (facts.st_dev, facts.st_ino, facts.st_size) == (*self._identity, self._size)

    def write(self, lines: bytes, first: int) -> None:
        """Append whole lines, the first of which has a number, and wait until they survive a power cut; or none."""
        if self._size and self._size + len(lines) > self._max_bytes:
            self._rotate()
        assert self._descriptor is not None
        try:
            rest = memoryview(lines)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            _sync(self._descriptor)
        except BaseException:
            # No half line for the next one to be appended to.
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(lines)
        if self._first is None:
            self._first = first

    def close(self) -> None:
        """Let go of the file; harmless twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _rotate(self) -> None:
        """Give the full file its name, begin another one, and let the oldest go."""
        if self._first is None:
            return
        self.close()
        suffix = 1
        while os.path.lexists(full := self._folder / _full_name(self._first, suffix)):
            suffix += 1
        # Where somebody reads it, Windows does not let it be renamed; then it grows until that has ended.
        with contextlib.suppress(PermissionError):
            self._path.rename(full)
        self.open()
        for old in list_full(self._folder)[: -self._kept]:
            with contextlib.suppress(PermissionError):
                old.unlink()


def list_full(folder: Path) -> list[Path]:
    """List the full files, oldest first."""
    names = ((_FULL.fullmatch(path.name), path) for path in folder.iterdir())
    return [path for _, _, path in sorted((int(name[1]), int(name[2] or 1), path) for name, path in names if name)]


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[list[OpenFile]]:
    """Open all files to be read, oldest first, as they are at one moment; raises ``OSError``."""
    for attempt in range(_TRIES):
        with contextlib.ExitStack() as stack:
            before = _list(folder)
            try:
                files = [_open_to_read(path, stack) for path in before]
            except FileNotFoundError:
                if attempt == _TRIES - 1:
                    raise
                continue
            # One that was full just now has another name.
            if _list(folder) == before or attempt == _TRIES - 1:
                yield files
                return


def read_lines(part: OpenFile) -> Iterator[bytes]:
    """Read the lines of a file from its beginning, with their newlines."""
    return _lines(part.file, 0, part.size)


def read_lines_backwards(part: OpenFile, end: int) -> Iterator[bytes]:
    """Read the lines before a place in a file, the last one first."""
    rest = b""
    while end > 0:
        start = max(0, end - _BLOCK_BYTES)
        part.file.seek(start)
        block = part.file.read(end - start) + rest
        *lines, tail = block.split(b"\n")
        lines = [line + b"\n" for line in lines] + ([tail] if tail else [])
        rest = lines.pop(0) if start and lines else b""
        yield from reversed(lines)
        end = start


def find_end(part: OpenFile, before: int) -> int:
    """Find the place in a file where the entry with a number begins, or would, by looking at few lines."""
    low, high = 0, part.size
    while low < high:
        middle = (low + high) // 2
        start, line = _line_at(part, middle)
        link = read_link(line)
        if start >= high or (link is not None and link.n >= before):
            high = middle
        else:
            low = start + len(line)
    return _line_at(part, low)[0]


def _line_at(part: OpenFile, position: int) -> tuple[int, bytes]:
    """Find the first line that begins at a place or after it, and where; an empty one at the end."""
    start = position
    if position:
        part.file.seek(position - 1)
        start = position - 1 + len(part.file.readline())
    if start >= part.size:
        return part.size, b""
    part.file.seek(start)
    return start, part.file.readline()


def _list(folder: Path) -> list[Path]:
    current = folder / CURRENT
    return [*list_full(folder), *([current] if os.path.lexists(current) else ())]


def _open_to_read(path: Path, stack: contextlib.ExitStack) -> OpenFile:
    descriptor = os.open(path, os.O_RDONLY | _OPEN)
    file = stack.enter_context(os.fdopen(descriptor, "rb"))
    return OpenFile(path.name, file, _check_regular(descriptor, path).st_size)


def _check_regular(descriptor: int, path: Path) -> os.stat_result:
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        raise OSError(f"{path} is no file")
    return facts


def _lines(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    while start < end and (line := file.readline(end - start)):
        start += len(line)
        yield line


def _whole_lines_end(file: BinaryIO, size: int) -> int:
    """Find the place after the last newline."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK_BYTES)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _find_last(folder: Path) -> Head | None:
    """Read the newest entry that can be read, in whichever file it is."""
    with opened(folder) as files:
        for part in reversed(files):
            for line in read_lines_backwards(part, part.size):
                if (link := read_link(line)) is not None:
                    return link
    return None


def _full_name(first: int, suffix: int) -> str:
    return f"audit-{first}.jsonl" if suffix == 1 else f"audit-{first}-{suffix}.jsonl"


def _sync_folder(folder: Path) -> None:
    """Make a new name survive a power cut; only POSIX lets a folder be opened for that."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def count_full(files: Sequence[OpenFile]) -> int:
    """Count the full ones among files."""
    return sum(1 for part in files if part.name != CURRENT)
