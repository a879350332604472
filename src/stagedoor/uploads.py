"""Uploads: files that came over the console's door, to be looked at and imported or restored; none stays for long."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

MAX_UPLOAD_BYTES: Final = 512 << 20
"""Several times what a million keys come to."""

_MAX_FILES: Final = 4
"""Files that may be there at a time; the oldest finished one goes first."""


class TooManyUploads(Exception):
    """As many uploads are under way as may be."""


class Uploads:
    """The folder of uploaded files, which is emptied at each start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._under_way: set[Path] = set()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in folder.iterdir():
            _remove(path)

    @contextlib.contextmanager
    def receive(self) -> Iterator[tuple[Path, BinaryIO]]:
        """Give a new file, open for writing and readable by this user alone; one whose block fails is removed.

        Raises:
            TooManyUploads: When too many have not come to their end.
            OSError: When it cannot be made.
        """
        if len(self._under_way) >= _MAX_FILES:
            raise TooManyUploads
        finished = sorted(set(self._folder.iterdir()) - self._under_way, key=lambda path: path.stat().st_mtime_ns)
        for path in finished[: max(0, len(finished) + len(self._under_way) + 1 - _MAX_FILES)]:
            _remove(path)
        path = self._folder / f"{secrets.token_hex(8)}.json"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        self._under_way.add(path)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield path, file
        except BaseException:
            _remove(path)
            raise
        finally:
            self._under_way.discard(path)

    def discard(self, path: Path) -> None:
        """Remove a file that was used, if it is an upload."""
        if path.parent == self._folder and path not in self._under_way:
            _remove(path)


def _remove(path: Path) -> None:
    """Remove a file; what somebody else has open or put there stays until the next start."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
