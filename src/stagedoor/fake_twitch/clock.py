"""The time at a fake Twitch: the real one, or one that stands still, and either can be turned forward."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Unix time that can be turned. Whoever sleeps by it wakes when it has been turned past the hour.

    ``source`` tells the Unix time in seconds. ``Clock.standing()`` makes one on which no time passes by itself.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._ahead_s = 0.0
        self._turned = asyncio.Event()

    @classmethod
    def standing(cls, at: float = 1_767_225_600.0) -> "Clock":
        """A clock on which only :meth:`turn` makes time pass; by default it shows the first of January 2026."""
        return cls(lambda: at)

    def now(self) -> float:
        """Unix time in seconds."""
        return self._source() + self._ahead_s

    def turn(self, seconds: float) -> None:
        """Let time pass at once."""
        self._ahead_s += seconds
        self._turned.set()
        self._turned = asyncio.Event()

    async def sleep_until(self, moment: float) -> None:
        """Return once it is ``moment`` by this clock. May be cancelled at any time."""
        while (missing_s := moment - self.now()) > 0:
            turned = self._turned
            try:
                async with asyncio.timeout(max(missing_s, 0.001)):
                    await turned.wait()
            except TimeoutError:
                continue


def seconds_time(moment: float) -> str:
    """A Unix time as most Helix answers write it: ``2026-01-05T20:15:00Z``."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def exact_time(moment: float) -> str:
    """A Unix time as EventSub writes it, in nanoseconds: ``2026-01-05T20:15:00.123456000Z``."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
