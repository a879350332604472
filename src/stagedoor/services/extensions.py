"""Serves what strimertül's extensions ask of the server itself: a line in its log, and its version.

Nothing that is written there can do more than that; strimertül took the words of its own logger, of which two end the
process.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec

from stagedoor.access import Client
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Write
from stagedoor.keys import EXTENSION_LOG, STRIMERTUL_VERSION
from stagedoor.types import Value
from stagedoor.version import __version__

logger = logging.getLogger(__name__)

KEPT_TO: Final = "v3.3.1"
"""The version of strimertül whose keys and shapes are kept."""

MESSAGE_CHARACTERS: Final = 4000

MOST: Final = 50
WITHIN_S: Final = 10.0
"""So many lines are taken in so many seconds, of all together: who asks is not known here."""

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


class _Line(msgspec.Struct):
    message: str
    level: str = "info"
    data: dict[str, Any] | None = None


_decoder: Final = msgspec.json.Decoder(_Line)


class Extensions:
    """Serves the log and tells the version, from :meth:`start` on."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._taken: deque[float] = deque(maxlen=MOST)
        """When the latest lines came."""
        client.serve(EXTENSION_LOG, self._log)

    def start(self) -> None:
        """Tell the version."""
        self._client.write([Write(STRIMERTUL_VERSION, f"{KEPT_TO}+stagedoor.{__version__}")], _ignore)

    async def _log(self, value: Value) -> Value:
        try:
            line = _decoder.decode(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise RequestFailed(f"expected a message: {error}") from error
        now = self._clock()
        if len(self._taken) == MOST and now - self._taken[0] < WITHIN_S:
            raise RequestFailed(f"{MOST} lines in {WITHIN_S:.0f} seconds are the most")
        self._taken.append(now)
        logger.log(_LEVELS.get(line.level, logging.INFO), "%s", _written(line))
        return "{}"


def _written(line: _Line) -> str:
    """Write a line on one line, whatever is in it."""
    fields = "".join(f" {name}={msgspec.json.encode(value).decode()}" for name, value in (line.data or {}).items())
    text = "".join(letter if letter.isprintable() else " " for letter in line.message + fields)
    return text if len(text) <= MESSAGE_CHARACTERS else text[: MESSAGE_CHARACTERS - 1] + "…"


def _ignore(error: StoreError | None) -> None:
    """Hear that it was told: what is kept in memory needs no disk."""
