"""What the tests of the audit log share: logs that a test can wait for, and whoever hears of them."""

import threading
from collections.abc import Sequence
from pathlib import Path

from stagedoor.audit import FIRST, AuditLog, Entry, Head, Wanted, read_page
from stagedoor.audit.chain import seal

PATIENCE_S = 10.0


class Log(AuditLog):
    """An audit log that looks at its old entries at once, and whose complaints and time belong to the test."""

    def __init__(self, folder: Path | None, head: Head | None = None, **options: object) -> None:
        self.complaints: list[tuple[str, str | None]] = []
        self.is_complaint = threading.Event()
        self.time = 1000.0
        super().__init__(
            folder,
            head=head,
            complain=self._hear,
            check_after_s=0.0,
            monotonic=lambda: self.time,
            **options,  # type: ignore[arg-type]  # by name
        )

    def _hear(self, subject: str, text: str | None) -> None:
        self.complaints.append((subject, text))
        self.is_complaint.set()

    def end(self) -> Head | None:
        """Close it, after it has looked at its old entries; returns the newest entry's number and hash."""
        self.look()
        self.close()
        return self.head

    def look(self) -> None:
        """Wait until all is written, and the old entries have been looked at."""
        assert self.flush(PATIENCE_S)
        if self._checker is not None:
            self._checker.join(PATIENCE_S)
            assert not self._checker.is_alive()


def entries_of(folder: Path) -> list[Entry]:
    """All entries, oldest first."""
    return read_page(folder, Wanted(10_000)).entries[::-1]


def told(folder: Path) -> list[tuple[str, object]]:
    """Kind and facts of all entries, oldest first."""
    return [(entry.kind, entry.facts) for entry in entries_of(folder)]


def chain(count: int) -> list[bytes]:
    """The lines of a chain."""
    lines = []
    last = Head(0, FIRST)
    for number in range(count):
        entry, line = seal(last, 1_790_000_000_000 + number, "login", {"door": "Kilovolt", "number": number})
        lines.append(line)
        last = Head(entry.n, entry.hash)
    return lines


def numbers(entries: Sequence[Entry]) -> list[int]:
    return [entry.n for entry in entries]
