"""What the owner is warned of now. Who warns takes it back, too."""

import logging
from collections.abc import Callable

# All of the application logs under its own name.
logger = logging.getLogger(__package__)


class Warnings:
    """The warnings, one a subject. ``clean`` strikes secrets out of a line."""

    def __init__(self, clean: Callable[[str], str]) -> None:
        self._clean = clean
        self._lines: dict[str, str] = {}

    @property
    def lines(self) -> list[str]:
        """Those that hold now, the oldest first."""
        return list(self._lines.values())

    def show(self, subject: str, line: str | None) -> None:
        """Show a warning until its subject has another one, or none."""
        if line is None:
            self._lines.pop(subject, None)
        elif self._lines.get(subject) != (line := self._clean(line)):
            self._lines[subject] = line
            logger.warning("%s", line)

    def of(self, subject: str) -> Callable[[str | None], None]:
        """Make what warns of one subject, named at the beginning of the line."""

        def show(problem: str | None) -> None:
            self.show(subject, None if problem is None else f"{subject}: {problem}")

        return show
