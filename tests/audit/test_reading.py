"""Pages, newest first, from many small files: the same as from one list."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.audit import Entry, Wanted, export_files, read_page
from stagedoor.audit.chain import read_entry
from stagedoor.audit.files import list_full
from tests.audit.harness import Log, entries_of, numbers

COUNT = 90


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of many small files."""
    made = tmp_path_factory.mktemp("data")
    log = Log(made, max_bytes=3000, kept=50)
    for number in range(COUNT):
        log.record(("login", "refused", "setting")[number % 3], {"number": number, "name": "Ada" * (number % 7)})
        if number % 4 == 0:
            assert log.flush()
    log.end()
    assert len(list_full(made)) > 5
    return made


@given(
    limit=st.integers(1, COUNT + 5),
    before=st.none() | st.integers(1, COUNT + 5),
    kinds=st.lists(st.sampled_from(["login", "refused", "setting", "none"])),
    search=st.sampled_from(["", "ada", "ADAADA", "7", "setting", "nobody"]),
)
def test_pages_are_what_a_list_would_give(
    folder: Path, limit: int, before: int | None, kinds: list[str], search: str
) -> None:
    def is_wanted(entry: Entry) -> bool:
        text = f"{entry.kind} {entry.facts['name']} {entry.facts['number']}".lower()
        is_before = before is None or entry.n < before
        return is_before and (not kinds or entry.kind in kinds) and search.lower() in text

    expected = [entry for entry in reversed(entries_of(folder)) if is_wanted(entry)]
    page = read_page(folder, Wanted(limit, before, kinds, search))
    assert page.entries == expected[:limit]
    assert page.total == COUNT
    found = page.entries
    while page.next is not None:
        page = read_page(folder, Wanted(limit, page.next, kinds, search))
        found += page.entries
    assert found == expected


def test_a_log_that_is_not_there_has_no_pages(tmp_path: Path) -> None:
    page = read_page(tmp_path, Wanted(5))
    assert (page.entries, page.next, page.total, page.since_ms) == ([], None, 0, None)
    assert list(export_files(tmp_path)) == []


def test_what_is_no_entry_is_left_out_of_pages_and_in_the_export(tmp_path: Path) -> None:
    log = Log(tmp_path)
    for number in range(4):
        log.record("login", {"number": number})
    log.end()
    lines = (tmp_path / "audit.jsonl").read_bytes().splitlines(keepends=True)
    lines.insert(2, b"rubbish\n")
    lines[3] = b"x" * 200_000 + b"\r\n"
    content = b"".join(lines) + b'{"n":5'
    (tmp_path / "audit.jsonl").write_bytes(content)
    assert numbers(read_page(tmp_path, Wanted(9)).entries) == [4, 2, 1]
    assert numbers(read_page(tmp_path, Wanted(9, before=3)).entries) == [2, 1]
    assert b"".join(export_files(tmp_path)) == content


def test_the_export_is_every_line_in_order(folder: Path) -> None:
    lines = b"".join(export_files(folder)).splitlines(keepends=True)
    assert [entry.n for line in lines if (entry := read_entry(line))] == list(range(1, COUNT + 1))


def test_a_page_of_what_is_rare_ends_and_tells_where_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stagedoor.audit.reading._MAX_LOOKED_AT", 10)
    log = Log(tmp_path)
    for number in range(25):
        log.record("rare" if number == 2 else "login", {"number": number})
    log.end()
    found, before, pages = [], None, 0
    while True:
        page = read_page(tmp_path, Wanted(5, before, ["rare"]))
        found += numbers(page.entries)
        pages += 1
        if page.next is None:
            break
        before = page.next
    assert (found, pages) == ([3], 3)


def test_a_page_is_no_larger_than_a_connection_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stagedoor.audit.reading._MAX_PAGE_BYTES", 1000)
    log = Log(tmp_path)
    for number in range(20):
        log.record("login", {"number": number})
    log.end()
    page = read_page(tmp_path, Wanted(20))
    assert 1 < len(page.entries) < 10
    assert page.next == page.entries[-1].n
