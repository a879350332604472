"""Writes the audit log: takes what happens on the loop's thread, and writes it down on a thread of its own."""

import contextlib
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from stagedoor.audit.chain import FIRST, Entry, Head, missing, seal
from stagedoor.audit.cleaning import Clean, clean_facts, clean_text
from stagedoor.audit.files import KEPT, MAX_BYTES, LogFile
from stagedoor.audit.flood import FloodGate
from stagedoor.audit.reading import Page, Wanted, export_files, read_page, read_page_of
from stagedoor.audit.verification import Stopped, verify
from stagedoor.types import JsonObject

logger = logging.getLogger(__name__)

Complain = Callable[[str, str | None], None]
"""Hears a subject and what is wrong with it, or ``None`` when that is over; in any thread."""

T = TypeVar("T")

KEPT_IN_MEMORY: Final = 2000
"""Entries of a log without a data folder."""

_GATHER_S: Final = 0.05
"""How long entries wait for others to be written and synced with."""

_RETRY_S: Final = 1.0
"""How long to leave a disk alone that has refused."""

_MAX_WAITING: Final = 10_000
"""What may wait to be looked at: two seconds of the fastest logins."""

_MAX_UNWRITTEN: Final = 1000
"""Entries that wait for a disk that refuses; later ones are counted as lost."""

CHECK_AFTER_S: Final = 1.0
"""Whoever starts has more to do than to look at old entries."""

_CHECK_PAUSE_S: Final = 0.0005
"""After each slice, which takes less: the loop's thread gets its turn."""

_CLOSE_TIMEOUT_S: Final = 10.0

_WARN_FOR_MS: Final = 7 * 24 * 3600 * 1000
"""How long a break in the chain is told of at each start, since the owner may not have been there."""

_MAX_RECORDED_PROBLEMS: Final = 20


class _Unwritten(NamedTuple):
    """An entry that has no place in the chain yet."""

    at_ms: int
    kind: str
    facts: JsonObject


class AuditLog:
    """The audit log of a data folder, or one in memory.

    :meth:`record` belongs to one thread. All else may be called from any thread but that, since it waits for the disk.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        head: Head | None = None,
        clean: Clean = lambda text: text,
        complain: Complain = lambda subject, text: None,
        max_bytes: int = MAX_BYTES,
        kept: int = KEPT,
        check_after_s: float = CHECK_AFTER_S,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to write; nothing is looked at or waited for here.

        Args:
            folder: The data folder; without one the latest entries are kept in memory.
            head: An entry that is known to have been written, so that it shows when the end was cut off.
            clean: Strikes secrets out of a text.
            complain: Hears of a broken chain and of a disk that refuses.
            max_bytes: When a file is full.
            kept: How many full files are kept.
            check_after_s: How long old entries are left alone after the start.
            now: Unix time.
            monotonic: Seconds that only rise.
        """
        self._folder = folder
        self._known = head
        self._clean = clean
        self._complain = complain
        self._kept = kept
        self._check_after_s = check_after_s
        self._now = now
        self._monotonic = monotonic
        self._file = None if folder is None else LogFile(folder, max_bytes=max_bytes, kept=kept)
        self._in_memory: deque[Entry] = deque(maxlen=KEPT_IN_MEMORY)
        self._problems: dict[str, str] = {}
        """What was complained of, by its subject."""
        self.written: Callable[[Sequence[Entry]], None] = _ignore_entries
        """Hears of entries once they survive a crash; on the log's thread."""

        self._waiting: deque[tuple[int, str, Mapping[str, object]]] = deque()
        self._overflow: Counter[str] = Counter()
        self._flushes: deque[threading.Event] = deque()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._closing = threading.Event()
        self._last_kind: str | None = None

        # All below belongs to the log's thread.
        self._gate = FloodGate(partial(clean_facts, clean=clean))
        self._unwritten: list[_Unwritten] = []
        self._lost = 0
        self._retry_at: float | None = None
        self._last = Head(0, FIRST)
        """The newest entry in the chain."""
        self._has_opened = False
        self._checker: threading.Thread | None = None
        self._thread = threading.Thread(target=self._run, name="stagedoor-audit", daemon=True)
        self._thread.start()

    def record(self, kind: str, facts: Mapping[str, object]) -> None:
        """Write down what happened; never waits and never raises. It survives a ``kill -9`` 0.2 s later.

        ``facts`` are few texts, numbers, flags, or lists of texts. Members past the sixteenth, and what a text has past
        200 characters, are cut off. What repeats within a minute, or comes too fast, is counted: see
        :mod:`stagedoor.audit.flood`.
        """
        try:
            if len(self._waiting) < _MAX_WAITING:
                self._waiting.append((self._now_ms(), kind, dict(facts)))
            else:
                self._overflow[kind] += 1
            if not self._wake.is_set():
                self._wake.set()
        except Exception:
            logger.exception("an entry of the audit log could not be taken")

    @property
    def is_on_disk(self) -> bool:
        """Whether it outlives this process."""
        return self._folder is not None

    @property
    def head(self) -> Head | None:
        """The newest entry that survives a crash; ``None`` before the first one of a new log."""
        last = self._last
        return last if last.n else None

    @property
    def problem(self) -> str | None:
        """What is wrong with the log, for the owner; ``None`` when nothing is known to be."""
        return "; ".join(list(self._problems.values())) or None

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything that was recorded is written; ``False`` when the disk refuses or takes too long."""
        flushed = threading.Event()
        self._flushes.append(flushed)
        self._hurry.set()
        self._wake.set()
        return flushed.wait(timeout_s) and not self._unwritten

    def read_page(self, wanted: Wanted) -> Page:
        """Read a page of entries, newest first; raises ``OSError``."""
        self.flush()
        return read_page_of(self._in_memory, wanted) if self._folder is None else read_page(self._folder, wanted)

    def export(self) -> Iterator[bytes]:
        """Read all entries as lines, oldest first, in pieces; raises ``OSError``."""
        self.flush()
        if self._folder is not None:
            yield from export_files(self._folder)
            return
        for entry in list(self._in_memory):
            yield seal(Head(entry.n - 1, entry.previous), entry.at_ms, entry.kind, entry.facts)[1]

    def close(self, last_kind: str | None = None) -> None:
        """Write what is left, sums included, then a last entry of a kind, and end."""
        self._last_kind = last_kind
        self._closing.set()
        self._hurry.set()
        self._wake.set()
        self._thread.join(_CLOSE_TIMEOUT_S)
        if self._checker is not None:
            self._checker.join(_CLOSE_TIMEOUT_S)

    # --- on the log's thread ---

    def _run(self) -> None:
        while True:
            self._wake.wait(self._patience_s())
            self._wake.clear()
            self._hurry.wait(_GATHER_S)
            self._hurry.clear()
            is_closing = self._closing.is_set()
            try:
                self._work(is_closing=is_closing)
            except Exception:
                logger.exception("the audit log failed")
            if is_closing:
                break
        if self._file is not None:
            self._file.close()

    def _patience_s(self) -> float | None:
        """How long the thread may sleep if nothing happens."""
        due = [at for at in (self._gate.next_at, self._retry_at if self._unwritten else None) if at is not None]
        if self._file is not None and not self._has_opened:
            due.append(self._retry_at or self._monotonic())
        return max(0.0, min(due) - self._monotonic()) if due else None

    def _work(self, *, is_closing: bool) -> None:
        """Write down what has come."""
        flushes = _drain(self._flushes)
        at = self._monotonic()
        self._sum_up(at)
        for at_ms, kind, facts in _drain(self._waiting):
            admitted = self._gate.admit(kind, facts, at)
            if admitted is not None:
                self._keep(at_ms, kind, admitted)
        overflow, self._overflow = self._overflow, Counter()
        for kind, count in overflow.items():
            self._gate.omit(kind, count, at)
        if is_closing:
            self._sum_up(None)
            if self._last_kind is not None:
                self._keep(self._now_ms(), self._last_kind, {})
        if self._retry_at is None or at >= self._retry_at or is_closing:
            self._write()
        self._lost += len(self._unwritten[_MAX_UNWRITTEN:])
        del self._unwritten[_MAX_UNWRITTEN:]
        for flushed in flushes:
            flushed.set()

    def _sum_up(self, at: float | None) -> None:
        for kind, facts in self._gate.sum_up(at):
            self._keep(self._now_ms(), kind, facts)

    def _keep(self, at_ms: int, kind: str, facts: JsonObject) -> None:
        self._unwritten.append(_Unwritten(at_ms, clean_text(kind, self._clean), facts))

    def _write(self) -> None:
        """Give what is unwritten its place in the chain, and write it; all of it stays unwritten if that fails."""
        try:
            if self._file is not None and not self._file.is_intact:
                self._open(self._file)
            if not self._unwritten:
                self._retry_at = None
                self._begin_check()
                return
            unwritten = self._unwritten
            if self._lost:
                reason = "the disk refused, and entries were lost"
                facts: JsonObject = {"reason": reason, "count": self._lost}
                unwritten = [*unwritten, _Unwritten(self._now_ms(), "broken", facts)]
            entries, lines, last = [], [], self._last
            for one in unwritten:
                entry, line = seal(last, one.at_ms, one.kind, one.facts)
                entries.append(entry)
                lines.append(line)
                last = Head(entry.n, entry.hash)
            if self._file is not None:
                self._file.write(b"".join(lines), entries[0].n)
        except OSError as error:
            self._retry_at = self._monotonic() + _RETRY_S
            self._tell("audit disk", f"the audit log cannot be written: {error.strerror or error}")
            return
        self._retry_at = None
        self._last = last
        self._unwritten = []
        self._lost = 0
        self._tell("audit disk", None)
        self._begin_check()
        if self._file is None:
            self._in_memory.extend(entries)
        try:
            self.written(entries)
        except Exception:
            logger.exception("whoever follows the audit log failed")

    def _open(self, file: LogFile) -> None:
        """Open the file and go on after the newest entry; note what is not as it was left."""
        opened = file.open()
        is_start, self._has_opened = not self._has_opened, True
        known = self._known if is_start else self.head
        found = opened.last or Head(0, FIRST)
        reasons = []
        if not is_start:
            reasons.append("the file was changed by something else while the server ran")
        if known is not None and known.n > found.n:
            reasons.append(missing(found.n + 1, known.n))
            self._last = known
        else:
            self._last = found
        now_ms = self._now_ms()
        if opened.torn:
            text = clean_text(opened.torn.decode(errors="replace"), self._clean)
            facts: JsonObject = {"reason": "the last line was cut off, and removed", "text": text}
            self._unwritten.insert(0, _Unwritten(now_ms, "broken", facts))
        for reason in reasons:
            self._unwritten.insert(0, _Unwritten(now_ms, "broken", {"reason": reason}))
        if reasons:
            self._tell("audit chain", f"the audit log is broken: {'; '.join(reasons)}")

    def _now_ms(self) -> int:
        return round(self._now() * 1000)

    def _tell(self, subject: str, problem: str | None) -> None:
        """Complain of a problem, or say that it is over."""
        if self._problems.get(subject) == problem:
            return
        if problem is None:
            del self._problems[subject]
        else:
            self._problems[subject] = problem
        self._complain(subject, problem)

    def _begin_check(self) -> None:
        """Have old entries looked at, once; what is known of breaks by now has been written."""
        if self._file is not None and self._checker is None:
            self._checker = threading.Thread(target=self._check, name="stagedoor-audit-check", daemon=True)
            self._checker.start()

    # --- on the thread that looks at old entries ---

    def _check(self) -> None:
        """Look at the whole chain, and tell what is wrong with it."""
        assert self._folder is not None
        if self._closing.wait(self._check_after_s):
            return
        with contextlib.suppress(Stopped):
            try:
                verdict = verify(
                    self._folder,
                    self._known,
                    kept=self._kept,
                    is_stopped=self._closing.is_set,
                    pause_s=_CHECK_PAUSE_S,
                    is_live=True,
                )
            except OSError as error:
                self._tell("audit chain", f"the audit log cannot be read: {error.strerror or error}")
                return
            since = self._now() * 1000 - _WARN_FOR_MS
            recent = [one for one in verdict.problems if one.recorded_ms is None or one.recorded_ms > since]
            for problem in [one for one in recent if one.recorded_ms is None][:_MAX_RECORDED_PROBLEMS]:
                self.record("broken", {"reason": problem.text, "file": problem.file, "line": problem.line})
            if recent:
                more = f", and {len(recent) - 1} more" if len(recent) > 1 else ""
                self._tell("audit chain", f"the audit log is broken: {recent[0].text}{more}")


def ignore(kind: str, facts: Mapping[str, object]) -> None:
    """Write nothing down: where there is no audit log."""


def _ignore_entries(entries: Sequence[Entry]) -> None:
    """Hear of entries, and do nothing."""


def _drain(queue: deque[T]) -> list[T]:
    """Take all that is in a queue now; others may add to it meanwhile."""
    return [queue.popleft() for _ in range(len(queue))]
