"""Looks at a whole log, every hash and every number, and says where it is broken."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from stagedoor.audit.chain import Chain, Head, Verdict
from stagedoor.audit.files import CURRENT, KEPT, count_full, opened, read_lines

_SLICE_LINES: Final = 128
"""Lines a slice, some 0.3 ms: other threads wait no longer."""


class Stopped(Exception):
    """Whoever asked wants no answer any more."""


def verify(
    folder: Path,
    head: Head | None,
    *,
    kept: int = KEPT,
    is_stopped: Callable[[], bool] = lambda: False,
    pause_s: float = 0.0,
    is_live: bool = False,
) -> Verdict:
    """Look at the log of a data folder as it is now.

    Args:
        folder: The data folder.
        head: An entry that is known to have been written, from the store.
        kept: How many full files there may be before the oldest gives way.
        is_stopped: Asked between slices.
        pause_s: How long to let others work after each slice.
        is_live: Whether a server may be about to write a line, so that half of one is no fault.
    Raises:
        OSError: When a file cannot be read.
        Stopped: When it was stopped.
    """
    with opened(folder) as files:
        chain = Chain(head, may_begin_late=count_full(files) >= kept)
        number = 0
        for part in files:
            for number, line in enumerate(read_lines(part), 1):
                if is_live and part.name == CURRENT and not line.endswith(b"\n"):
                    break
                chain.take(line, part.name, number)
                if number % _SLICE_LINES == 0:
                    if is_stopped():
                        raise Stopped
                    time.sleep(pause_s)
        return chain.end(CURRENT, number)
