"""How a client comes back: how long it waits before each try. It does not try by itself."""

from collections.abc import Callable, Iterator
from random import random

import msgspec


class Reconnect(msgspec.Struct, frozen=True, kw_only=True):
    """When to try again: after a delay that grows with each failure and starts anew with each success."""

    initial_s: float = 0.25
    """The first delay; a server that restarts is often back by then."""

    factor: float = 2.0
    """By how much each delay is longer than the one before."""

    max_s: float = 30.0
    """The longest delay."""

    jitter: float = 0.5
    """Part of each delay that is left to chance, so that the clients of one server do not come back all at once."""

    from_start: bool = False
    """Whether also the first connection is tried until it comes about, rather than once."""

    def __post_init__(self) -> None:
        if not (0 <= self.initial_s <= self.max_s and self.factor >= 1 and 0 <= self.jitter <= 1):
            raise ValueError("need 0 <= initial_s <= max_s, factor >= 1 and 0 <= jitter <= 1")

    def delays_s(self, chance: Callable[[], float] = random) -> Iterator[float]:
        """Yield the delays in seconds, without end; ``chance`` gives numbers from 0 to 1."""
        delay_s = self.initial_s
        while True:
            yield delay_s * (1 - self.jitter * chance())
            delay_s = min(delay_s * self.factor, self.max_s)
