"""Standard input, line by line, for commands that have something else to do meanwhile."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import AsyncGenerator
from typing import Final

_CHUNK_BYTES: Final = 1 << 16
_CHUNKS_AHEAD: Final = 4
"""How much is read before the command has dealt with what was read: whoever pipes in more has to wait."""


async def read_lines() -> AsyncGenerator[bytes, None]:
    """Read standard input to its end, lines without their newline; use it once a process.

    A thread reads, because not every system lets a loop wait for a terminal; a daemon, because no read of one can be
    ended. It does not read by ``sys.stdin``, whose lock it would hold when the process ends.
    """
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[list[bytes] | None] = asyncio.Queue()
    slots = threading.Semaphore(_CHUNKS_AHEAD)

    def read() -> None:
        rest = b""
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            while chunk := _read(sys.stdin.fileno()):
                *lines, rest = (rest + chunk).split(b"\n")
                slots.acquire()
                loop.call_soon_threadsafe(chunks.put_nowait, lines)
            if rest:
                loop.call_soon_threadsafe(chunks.put_nowait, [rest])
            loop.call_soon_threadsafe(chunks.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    while (lines := await chunks.get()) is not None:
        slots.release()
        for line in lines:
            yield line


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK_BYTES)
    except OSError:
        return b""  # the terminal has gone
