"""How much one run of a template may use, and the account that is kept of it.

Every function pays for what it makes *before* it makes it, so that ``{{ until 1000000000 }}`` fails at once and no
template can take memory or time that the stream needs.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Never

from stagedoor.templates.errors import TemplateFailed

ELEMENT_SIZE = 8
"""What one element of a list or map costs, in characters: a pointer's worth."""

ONE_LINE_LENGTH = 500
"""The longest message that Twitch's chat takes, in characters."""

MAX_TEXT_TO_SEARCH = 16_384
"""The longest text that a regular expression may be run on, in characters."""

CHECK_EVERY = 32
"""Steps between two looks at the clock; a step takes a few microseconds at most."""

LARGE = 1_000
"""Characters or more of a text or list that is worth a look at the clock of its own."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use before it fails.

    Attributes:
        seconds: Time of the processor: a template is not to blame for what else a busy machine does.
        steps: Actions and function calls evaluated.
        turns: Turns of all loops together.
        size: Characters and elements (of 8 characters each) made, output included, freed ones too.
        depth: Templates calling templates, and values inside values when they are printed or compared.
    """

    seconds: float = 0.1
    steps: int = 100_000
    turns: int = 10_000
    size: int = 1_000_000
    depth: int = 40


class Rendering:
    """One run of a template: its output so far, what it may still use, and its clock."""

    __slots__ = ("_deadline", "_size", "_steps", "_turns", "clock", "depth", "max_depth", "output")

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._deadline = time.thread_time() + limits.seconds
        self._steps = limits.steps
        self._turns = limits.turns
        self._size = limits.size
        self.max_depth = limits.depth
        self.depth = 0
        self.clock = clock
        self.output: list[str] = []

    def step(self) -> None:
        """Count one action or call."""
        self._steps -= 1
        if not self._steps % CHECK_EVERY:
            self.check()

    def turn(self) -> None:
        """Count one turn of a loop."""
        self._turns -= 1
        if self._turns < 0:
            raise TemplateFailed("its loops take too many turns")
        self.step()

    def spend(self, size: int) -> None:
        """Pay for ``size`` characters about to be made."""
        self._size -= size
        if self._size < 0:
            raise TemplateFailed("it makes too much text or too long lists")
        self.step()
        if size > LARGE:
            self.check()

    def spend_elements(self, count: int) -> None:
        """Pay for a list or map of ``count`` elements about to be made."""
        self.spend(count * ELEMENT_SIZE)

    def check(self) -> None:
        """Fail when the time or the steps are used up."""
        if self._steps < 0:
            raise TemplateFailed("it takes too many steps")
        if time.thread_time() > self._deadline:
            raise TemplateFailed("it takes too long")

    def write(self, text: str) -> None:
        """Add to the output."""
        self._size -= len(text)
        if self._size < 0:
            raise TemplateFailed("it writes too much")
        self.output.append(text)

    def enter(self) -> None:
        """Go one template or one value deeper; :meth:`leave` comes back."""
        self.depth += 1
        if self.depth > self.max_depth:
            self.too_deep()

    def leave(self) -> None:
        """Come back from :meth:`enter`."""
        self.depth -= 1

    def too_deep(self) -> Never:
        """Fail because of templates or values nested without end."""
        raise TemplateFailed("it nests too deeply")


def one_line(text: str, length: int = ONE_LINE_LENGTH) -> str:
    """Make ``text`` fit for a chat message: each CR and LF becomes a blank, and ``length`` characters are kept."""
    return re.sub(r"[\r\n]", " ", text[:length])
