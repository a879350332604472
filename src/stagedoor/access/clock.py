"""Time as the rules of access see it: an asyncio loop is such a clock, and so is a test's that is moved by hand."""

from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that has not happened yet."""

    def cancel(self) -> None:
        """Let it never happen."""
        ...


class Clock(Protocol):
    """Monotonic seconds, and calls in the future."""

    def time(self) -> float:
        """Seconds since some moment; they never go back."""
        ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer:
        """Call back after ``delay`` seconds."""
        ...

    def call_soon(self, callback: Callable[[], None], /) -> Timer:
        """Call back after everything that waits already."""
        ...
