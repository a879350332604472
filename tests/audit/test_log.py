"""The audit log as it is written: at once, in order, through crashes, full disks and floods."""

import asyncio
import errno
import os
import signal
import stat
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from stagedoor.audit import Head, Wanted, verify
from stagedoor.audit.files import list_full
from stagedoor.audit.flood import BURST, WINDOW_S
from stagedoor.audit.log import KEPT_IN_MEMORY
from tests.audit.harness import PATIENCE_S, Log, entries_of, numbers, told

POSIX = pytest.mark.skipif(os.name != "posix", reason="cannot exist here: POSIX files")


def problems(folder: Path, head: Head | None) -> list[str]:
    return [problem.text for problem in verify(folder, head).problems]


def current(folder: Path) -> Path:
    return folder / "audit.jsonl"


def write(folder: Path, head: Head | None = None, *, count: int = 10) -> Head | None:
    """Write a log of some entries."""
    log = Log(folder, head)
    for number in range(count):
        log.record("login", {"number": number})
    return log.end()


# --- writing ---


def test_what_is_recorded_is_in_the_file(tmp_path: Path) -> None:
    log = Log(tmp_path)
    heard: list[int] = []
    log.written = lambda entries: heard.extend(entry.n for entry in entries)
    log.record("start", {})
    log.record("login", {"door": "Kilovolt", "address": "127.0.0.1"})
    assert log.flush()
    log.record("stop", {})
    head = log.end()
    assert told(tmp_path) == [
        ("start", {}),
        ("login", {"address": "127.0.0.1", "door": "Kilovolt"}),
        ("stop", {}),
    ]
    assert heard == [1, 2, 3]
    assert head is not None
    assert head.n == 3
    assert problems(tmp_path, head) == []
    assert log.problem is None


@POSIX
def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    write(tmp_path)
    assert stat.S_IMODE(current(tmp_path).stat().st_mode) == 0o600


def test_the_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    head = None
    for _ in range(3):
        head = write(tmp_path, head, count=3)
    assert numbers(entries_of(tmp_path)) == list(range(1, 10))
    assert problems(tmp_path, head) == []


def test_facts_that_change_after_they_were_told_are_kept_as_they_were(tmp_path: Path) -> None:
    log = Log(tmp_path)
    facts: dict[str, object] = {"a": 1}
    log.record("login", facts)
    facts["a"] = 2
    log.end()
    assert told(tmp_path) == [("login", {"a": 1})]


def test_recording_never_raises(tmp_path: Path) -> None:
    log = Log(tmp_path, clean=lambda text: text.replace("canary", "(withheld)"))
    log.record("login", None)  # type: ignore[arg-type]  # a mistake must not cost the login
    log.record("login", {"text": "a canary\x00", "what": object, 1: ["x"]})  # type: ignore[dict-item]  # another one
    log.record("lo\ngin", {})
    log.end()
    assert told(tmp_path) == [("login", {"1": ["x"], "text": "a (withheld)�", "what": str(object)}), ("lo�gin", {})]


def test_a_follower_that_fails_stops_nothing(tmp_path: Path) -> None:
    log = Log(tmp_path)

    def fail(entries: object) -> None:
        raise ValueError

    log.written = fail
    log.record("a", {})
    assert log.flush()
    log.record("b", {})
    log.end()
    assert [kind for kind, _ in told(tmp_path)] == ["a", "b"]


def test_a_flood_is_two_lines_a_minute(tmp_path: Path) -> None:
    log = Log(tmp_path)
    for _ in range(5000):
        log.record("refused", {"address": "10.0.0.1"})
    assert log.flush()
    log.time += WINDOW_S
    assert log.flush()
    for _ in range(7):
        log.record("refused", {"address": "10.0.0.1"})
    log.end()
    assert told(tmp_path) == [
        ("refused", {"address": "10.0.0.1"}),
        ("refused", {"address": "10.0.0.1", "count": 4999}),
        ("refused", {"address": "10.0.0.1"}),
        ("refused", {"address": "10.0.0.1", "count": 6}),
    ]


def test_the_last_entry_comes_after_the_sums(tmp_path: Path) -> None:
    log = Log(tmp_path)
    for _ in range(3):
        log.record("login", {})
    log.close("stop")
    assert told(tmp_path) == [("login", {}), ("login", {"count": 2}), ("stop", {})]


def test_a_flood_of_many_addresses_is_bounded_and_counted(tmp_path: Path) -> None:
    log = Log(tmp_path)
    for number in range(50_000):
        log.record("refused", {"address": number})
    log.end()
    entries = entries_of(tmp_path)
    assert len(entries) <= BURST + 1
    counted = [entry.facts.get("count", 1) for entry in entries]
    assert sum(count for count in counted if isinstance(count, int)) == 50_000


# --- files ---


def test_a_full_file_gives_way_and_the_chain_goes_on(tmp_path: Path) -> None:
    log = Log(tmp_path, max_bytes=1000, kept=3)
    for number in range(40):
        log.record("login", {"number": number})
        assert log.flush()
    head = log.end()
    full = list_full(tmp_path)
    assert len(full) == 3
    assert all(path.stat().st_size <= 1000 for path in (*full, current(tmp_path)))
    entries = entries_of(tmp_path)
    assert numbers(entries) == list(range(entries[0].n, 41))
    assert full[0].name == f"audit-{entries[0].n}.jsonl"
    assert verify(tmp_path, head, kept=3).problems == []
    full[1].unlink()
    assert "are missing" in verify(tmp_path, head, kept=2).problems[0].text


def test_the_chain_goes_on_after_a_restart_with_a_full_file(tmp_path: Path) -> None:
    head = None
    for _ in range(5):
        log = Log(tmp_path, head, max_bytes=1)
        log.record("start", {})
        head = log.end()
        assert log.complaints == []
    assert [path.name for path in list_full(tmp_path)] == [f"audit-{n}.jsonl" for n in range(1, 5)]
    assert problems(tmp_path, head) == []


def test_no_file_takes_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "audit-1.jsonl").write_bytes(b"mine\n")
    log = Log(tmp_path, max_bytes=1)
    for kind in "ab":
        log.record(kind, {})
        assert log.flush()
    log.end()
    assert (tmp_path / "audit-1.jsonl").read_bytes() == b"mine\n"
    assert (tmp_path / "audit-1-2.jsonl").is_file()


# --- what was done to it while it was closed ---


def test_a_line_that_a_crash_cut_off_is_removed_and_told(tmp_path: Path) -> None:
    head = write(tmp_path)
    with current(tmp_path).open("ab") as file:
        file.write(b'{"n":11,"at_ms":17')
    log = Log(tmp_path, head)
    log.record("start", {})
    head = log.end()
    torn, start = entries_of(tmp_path)[-2:]
    assert torn.kind == "broken"
    assert torn.facts == {"reason": "the last line was cut off, and removed", "text": '{"n":11,"at_ms":17'}
    assert (start.kind, start.n) == ("start", 12)
    assert problems(tmp_path, head) == []
    assert log.complaints == []


@pytest.mark.parametrize("left", [0, 3, 9])
def test_an_end_that_was_cut_off_is_told_once_and_warned_of(tmp_path: Path, left: int) -> None:
    head = write(tmp_path)
    lines = current(tmp_path).read_bytes().splitlines(keepends=True)
    current(tmp_path).write_bytes(b"".join(lines[:left]))
    missing = f"entries {left + 1} to 10 are missing" if left < 9 else "entry 10 is missing"
    for _ in range(3):
        log = Log(tmp_path, head)
        log.record("login", {"start": str(head)})
        head = log.end()
        assert log.complaints == [("audit chain", f"the audit log is broken: {missing}")]
        assert log.problem == f"the audit log is broken: {missing}"
    assert [entry.facts for entry in entries_of(tmp_path) if entry.kind == "broken"] == [{"reason": missing}]
    assert numbers(entries_of(tmp_path)) == [*range(1, left + 1), *range(11, 15)]
    assert problems(tmp_path, head) == [missing]


def test_files_that_were_deleted_are_told(tmp_path: Path) -> None:
    head = write(tmp_path)
    current(tmp_path).unlink()
    log = Log(tmp_path, head)
    log.record("start", {})
    log.end()
    assert [(entry.n, entry.kind) for entry in entries_of(tmp_path)] == [(11, "broken"), (12, "start")]
    assert log.problem == "the audit log is broken: entries 1 to 10 are missing"


def test_an_entry_that_was_changed_is_told_once(tmp_path: Path) -> None:
    head = write(tmp_path)
    content = current(tmp_path).read_bytes()
    current(tmp_path).write_bytes(content.replace(b'"number":4', b'"number":5'))
    for _ in range(2):
        log = Log(tmp_path, head)
        log.record("start", {})
        head = log.end()
        assert log.problem == "the audit log is broken: entry 5 was changed"
    (broken,) = [entry for entry in entries_of(tmp_path) if entry.kind == "broken"]
    assert broken.facts == {"reason": "entry 5 was changed", "file": "audit.jsonl", "line": 5}
    assert content.splitlines()[5:] == current(tmp_path).read_bytes().splitlines()[5:10]


def test_a_break_that_is_told_is_warned_of_for_a_week(tmp_path: Path) -> None:
    head = write(tmp_path)
    current(tmp_path).write_bytes(b"".join(current(tmp_path).read_bytes().splitlines(keepends=True)[1:]))
    log = Log(tmp_path, head)
    log.record("start", {})
    head = log.end()
    assert log.complaints != []
    week_s = 7 * 24 * 3600
    later = Log(tmp_path, head, now=lambda: entries_of(tmp_path)[-1].at_ms / 1000 + week_s + 1)
    later.record("start", {})
    later.end()
    assert later.complaints == []


def test_a_store_from_before_is_no_fault(tmp_path: Path) -> None:
    old = write(tmp_path)
    write(tmp_path, old)
    log = Log(tmp_path, old)
    log.record("start", {})
    log.end()
    assert log.complaints == []
    assert numbers(entries_of(tmp_path)) == list(range(1, 22))


def test_a_file_of_something_else_is_kept_and_told(tmp_path: Path) -> None:
    current(tmp_path).write_bytes(b"rubbish\n")
    log = Log(tmp_path)
    log.record("start", {})
    log.end()
    assert current(tmp_path).read_bytes().startswith(b'rubbish\n{"n":1,')
    assert "there is something that is no entry" in str(log.problem)


# --- what was done to it while it was open ---


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"mine\n")


@POSIX
@pytest.mark.parametrize("meddle", [Path.unlink, truncate, append, lambda path: path.rename(path.with_suffix(".old"))])
def test_a_file_that_somebody_else_changes_is_told(tmp_path: Path, meddle: object) -> None:
    log = Log(tmp_path)
    log.record("a", {})
    log.record("b", {})
    log.look()
    assert callable(meddle)
    meddle(current(tmp_path))
    log.record("c", {})
    head = log.end()
    reasons = {entry.facts["reason"] for entry in entries_of(tmp_path) if entry.kind == "broken"}
    assert "the file was changed by something else while the server ran" in reasons
    assert entries_of(tmp_path)[-1].kind == "c"
    assert str(log.problem).startswith("the audit log is broken: ")
    assert entries_of(tmp_path)[-1].n > 3
    assert head is not None


# --- disks and links ---


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A set of what the disk refuses: to be written to, or to sync."""
    refuses: set[str] = set()
    write_really, sync_really = os.write, os.fsync

    def write_some(descriptor: int, content: bytes) -> int:
        if "write" in refuses and threading.current_thread().name == "stagedoor-audit":
            if len(content) > 10:
                return write_really(descriptor, content[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_really(descriptor, content)

    def sync(descriptor: int) -> None:
        if "sync" in refuses:
            raise OSError(errno.EIO, "Input/output error")
        sync_really(descriptor)

    monkeypatch.setattr("os.write", write_some)
    monkeypatch.setattr("stagedoor.audit.files._sync", sync)
    return refuses


@pytest.mark.parametrize(
    ("refused", "words"), [("write", "No space left on device"), ("sync", "Input/output error")], ids=["full", "broken"]
)
def test_a_disk_that_refuses_is_warned_of_and_nothing_that_fits_is_lost(
    tmp_path: Path, disk: set[str], refused: str, words: str
) -> None:
    log = Log(tmp_path)
    log.record("a", {})
    assert log.flush()
    disk.add(refused)
    log.record("b", {})
    assert not log.flush()
    assert str(log.problem) == f"the audit log cannot be written: {words}"
    log.record("c", {})
    assert not log.flush()
    assert [kind for kind, _ in told(tmp_path)] == ["a"]
    disk.clear()
    log.time += 1.0
    assert log.flush()
    assert not log.problem
    head = log.end()
    assert [kind for kind, _ in told(tmp_path)] == ["a", "b", "c"]
    assert log.complaints[-1] == ("audit disk", None)
    assert problems(tmp_path, head) == []


def test_what_was_lost_is_counted_once_the_disk_takes_it(tmp_path: Path, disk: set[str]) -> None:
    log = Log(tmp_path)
    disk.add("write")
    for number in range(1500):
        # Each of a kind of its own, so that this is no flood.
        log.record(f"kind {number // 50}", {"number": number})
    assert not log.flush()
    disk.clear()
    log.time += 1.0
    head = log.end()
    entries = entries_of(tmp_path)
    lost = entries[-1]
    assert lost.kind == "broken"
    assert lost.facts == {"reason": "the disk refused, and entries were lost", "count": 500}
    assert [entry.facts["number"] for entry in entries[:-1]] == list(range(1000))
    assert problems(tmp_path, head) == []


@POSIX
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_is_not_written_to(tmp_path: Path, kind: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"")
    if kind == "link":
        current(tmp_path).symlink_to(elsewhere)
    elif kind == "pipe":
        os.mkfifo(current(tmp_path))
    else:
        current(tmp_path).mkdir()
    log = Log(tmp_path)
    log.record("start", {})
    assert not log.flush(PATIENCE_S)
    assert str(log.problem).startswith("the audit log cannot be written: ")
    log.close()
    assert elsewhere.read_bytes() == b""


KILL = """
import os, signal, sys
from pathlib import Path
from stagedoor.audit import AuditLog

log = AuditLog(Path(sys.argv[1]))
for number in range(50):
    log.record("login", {"number": number})
    log.record("login", {"number": number, "again": True})
assert log.flush()
log.written = lambda entries: os.kill(os.getpid(), signal.SIGKILL)
log.record("the last", {})
log.flush(60)
"""


@POSIX
async def test_what_is_written_survives_a_kill(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", textwrap.dedent(KILL), str(tmp_path))
    assert await child.wait() == -signal.SIGKILL
    entries = entries_of(tmp_path)
    assert len(entries) == 101
    assert entries[-1].kind == "the last"
    assert problems(tmp_path, None) == []


# --- in memory ---


def test_without_a_folder_the_latest_are_kept_in_memory() -> None:
    log = Log(None)
    for number in range(KEPT_IN_MEMORY + 5):
        log.record(f"kind {number // 50}", {"number": number})
    page = log.read_page(Wanted(3))
    assert [entry.facts["number"] for entry in page.entries] == [2004, 2003, 2002]
    assert (page.next, page.total) == (2003, KEPT_IN_MEMORY)
    last = log.read_page(Wanted(10, before=8))
    assert numbers(last.entries) == [7, 6]
    assert last.next is None
    lines = list(log.export())
    assert len(lines) == KEPT_IN_MEMORY
    assert lines[-1].endswith(f'"hash":"{page.entries[0].hash}"}}\n'.encode())
    log.close()
    assert not log.is_on_disk
