"""Reads a log by pages, the newest entries first, and as a whole; without reading more files than it takes."""

import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from stagedoor.audit.chain import Entry, read_entry, read_link
from stagedoor.audit.files import OpenFile, find_end, opened, read_lines, read_lines_backwards

_MAX_LOOKED_AT: Final = 40_000
"""Lines that one page looks at, some 10 MB: what is rare is found by asking for the next page."""

_MAX_PAGE_BYTES: Final = 1 << 20
"""Of a page's entries: more may not fit into what waits for a connection."""

_SLICE_LINES: Final = 64
"""Lines a slice, so that other threads do not wait."""

_CHUNK_BYTES: Final = 1 << 18


class Page(msgspec.Struct):
    """Some entries, the newest first."""

    entries: list[Entry]
    next: int | None
    """Where the next page begins: with entries before this number. ``None`` when there are none."""
    total: int
    """How many entries there are in all."""
    since_ms: int | None
    """When the oldest was written."""


class Wanted(msgspec.Struct, frozen=True):
    """Which entries are wanted."""

    limit: int
    before: int | None = None
    """Those before this number."""
    kinds: Collection[str] = ()
    """Of these kinds; of all if it names none."""
    search: str = ""
    """A text that occurs in them, in whichever case."""

    def accepts(self, entry: Entry) -> bool:
        """Tell whether an entry is of those."""
        if self.kinds and entry.kind not in self.kinds:
            return False
        return not self.search or self.search.casefold() in _text_of(entry)


def read_page(folder: Path, wanted: Wanted) -> Page:
    """Read a page from the files of a data folder; raises ``OSError``."""
    with opened(folder) as files:
        oldest = next(filter(None, (read_entry(line) for part in files for line in read_lines(part))), None)
        newest = next(
            filter(
                None, (read_link(line) for part in reversed(files) for line in read_lines_backwards(part, part.size))
            ),
            None,
        )
        lines = (line for part in reversed(files) for line in _lines_before(part, wanted.before))
        page = _fill((read_entry(line) for line in lines), wanted)
    if oldest is not None and newest is not None:
        page.total = max(0, newest.n - oldest.n + 1)
        page.since_ms = oldest.at_ms
        if page.next is not None and page.next <= oldest.n:
            page.next = None
    return page


def read_page_of(entries: Iterable[Entry], wanted: Wanted) -> Page:
    """Choose a page from entries in memory, oldest first."""
    kept = list(entries)
    before = [entry for entry in reversed(kept) if wanted.before is None or entry.n < wanted.before]
    page = _fill(before, wanted)
    page.total = len(kept)
    page.since_ms = kept[0].at_ms if kept else None
    if page.next is not None and page.next <= kept[0].n:
        page.next = None
    return page


def export_files(folder: Path) -> Iterator[bytes]:
    """Read all files, oldest first, in pieces; raises ``OSError``."""
    with opened(folder) as files:
        for part in files:
            part.file.seek(0)
            left = part.size
            while left and (chunk := part.file.read(min(left, _CHUNK_BYTES))):
                left -= len(chunk)
                yield chunk


def _lines_before(part: OpenFile, before: int | None) -> Iterator[bytes]:
    yield from read_lines_backwards(part, part.size if before is None else find_end(part, before))


def _fill(entries: Iterable[Entry | None], wanted: Wanted) -> Page:
    """Take what is wanted from entries, newest first, until the page is full or enough was looked at."""
    page = Page([], None, 0, None)
    size_bytes = 0
    for looked_at, entry in enumerate(entries, 1):
        if entry is not None:
            if wanted.accepts(entry):
                page.entries.append(entry)
                size_bytes += len(msgspec.json.encode(entry))
            if len(page.entries) == wanted.limit or looked_at >= _MAX_LOOKED_AT or size_bytes >= _MAX_PAGE_BYTES:
                page.next = entry.n
                break
        if looked_at % _SLICE_LINES == 0:
            time.sleep(0)
    return page


def _text_of(entry: Entry) -> str:
    """What is searched."""
    return " ".join((entry.kind, *map(str, entry.facts.values()))).casefold()
