"""Sending in turns: what one turn of the event loop produces for a connection leaves in one write.

A system call to send costs more than everything that stagedoor does for a message. A client that has sixteen requests
under way gets its sixteen replies in one write, and a subscriber the pushes of a whole group commit. Each message still
is a frame of its own. A single message does not wait for anything: it leaves when the turn ends, which for a reply is
right after the request was read.
"""

import asyncio
import logging
from typing import Protocol

logger = logging.getLogger(__name__)


class Outlet(Protocol):
    """A connection that has something to send."""

    def flush(self) -> None:
        """Write everything that is queued."""
        ...


class Turn:
    """The connections that have something to send when the current turn ends; one for all connections of a loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._outlets: list[Outlet] = []
        self._is_held = False

    def add(self, outlet: Outlet) -> None:
        """Flush ``outlet`` at the end of the turn."""
        self._outlets.append(outlet)
        if not self._is_held and len(self._outlets) == 1:
            self._loop.call_soon(self.end)

    def begin(self) -> None:
        """Open a turn that the caller will :meth:`end` itself."""
        self._is_held = True

    def end(self) -> None:
        """Flush every connection that has something to send."""
        self._is_held = False
        if self._outlets:
            outlets, self._outlets = self._outlets, []
            for outlet in outlets:
                try:
                    outlet.flush()
                except Exception:
                    logger.exception("a connection could not be written to")
