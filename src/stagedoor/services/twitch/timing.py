"""Waits by a clock that is given: sleeping, an end to what takes too long, and longer pauses after each failure."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

from stagedoor.access import Clock

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0

_JITTER: Final = 0.25
"""By how much of itself a pause varies, so that all who lost Twitch at one moment do not come back at one moment."""


async def sleep(clock: Clock, seconds: float) -> None:
    """Return after ``seconds`` by the clock; can be cancelled at any time."""
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end() -> None:
        if not over.done():
            over.set_result(None)

    timer = clock.call_later(seconds, end)
    try:
        await over
    finally:
        timer.cancel()


@contextlib.asynccontextmanager
async def limit(clock: Clock, seconds: float) -> AsyncIterator[None]:
    """Give what is done inside so many seconds by the clock.

    Raises:
        TimeoutError: When they are over.
    """
    async with asyncio.timeout(None) as scope:
        timer = clock.call_later(seconds, lambda: scope.reschedule(0))
        try:
            yield
        finally:
            timer.cancel()


class Pauses:
    """How long to wait before the next try: 1, 2, 4 … 60 seconds, each a little more or less.

    ``random`` gives numbers from 0 to 1.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._next_s = FIRST_PAUSE_S

    def take(self, longest_s: float = LONGEST_PAUSE_S) -> float:
        """Return the seconds to wait now, ``longest_s`` at the most; the next time it is twice as many."""
        pause_s = min(self._next_s, longest_s)
        self._next_s = min(2 * pause_s, LONGEST_PAUSE_S)
        return pause_s * (1 + _JITTER * (2 * self._random() - 1))

    def reset(self) -> None:
        """Begin anew, after something worked."""
        self._next_s = FIRST_PAUSE_S
