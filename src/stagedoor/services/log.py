"""Keeps the latest lines of stagedoor's own log, for the owner to read and to hear.

What is kept is what the log's level lets through, in memory alone and without secrets. Of an error it is the kind and
the place, since its words may quote what a client sent; standard error has the whole.
"""

import asyncio
import contextlib
import logging
import traceback
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Write
from stagedoor.keys import LOG, LOGGED
from stagedoor.redaction import Redactor
from stagedoor.types import Value

KEPT: Final = 2000
"""Entries; the oldest give way to newer ones."""

MESSAGE_CHARACTERS: Final = 2000
"""A longer message is cut."""

_PUBLISH_EVERY_S: Final = 0.1
"""Entries are published together, so that a line that comes of publishing one cannot keep the loop busy."""

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Entry(msgspec.Struct):
    """One line of the log."""

    at_ms: int
    """When it was logged, in Unix milliseconds."""
    level: str
    logger: str
    """The part of stagedoor that logged it."""
    message: str


class _Wanted(msgspec.Struct):
    level: str = "debug"
    limit: int = KEPT


class Log:
    """Follows the log from :meth:`start` to :meth:`close`, in whichever thread a line is logged."""

    def __init__(self, client: Client, loop: asyncio.AbstractEventLoop, redactor: Redactor) -> None:
        self._client = client
        self._loop = loop
        self._handler = _Handler(self._take, redactor)
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._unpublished: deque[Entry] = deque(maxlen=KEPT)
        self._timer: asyncio.TimerHandle | None = None
        client.serve(LOG, self._list)

    def start(self) -> None:
        """Begin to follow."""
        logging.getLogger("stagedoor").addHandler(self._handler)

    def close(self) -> None:
        """Follow no longer; what is not published yet is published."""
        logging.getLogger("stagedoor").removeHandler(self._handler)
        if self._timer is not None:
            self._timer.cancel()
            self._publish()

    def _take(self, entry: Entry) -> None:
        """Keep an entry; called in any thread."""
        self._entries.append(entry)
        self._unpublished.append(entry)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._expect_publishing)

    def _expect_publishing(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(_PUBLISH_EVERY_S, self._publish)

    def _publish(self) -> None:
        self._timer = None
        writes = []
        while self._unpublished:
            writes.append(Write(LOGGED, msgspec.json.encode(self._unpublished.popleft()).decode()))
        if writes:
            self._client.write(writes, _ignore)

    async def _list(self, value: Value) -> Value:
        try:
            wanted = msgspec.json.decode(value or "{}", type=_Wanted)
            lowest = _LEVELS[wanted.level]
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed(f"expected a level and a limit: {error}") from error
        except KeyError:
            raise RequestFailed(f"there is no level {wanted.level!r}; there are {', '.join(_LEVELS)}") from None
        if wanted.limit < 1:
            raise RequestFailed("the limit is a number from 1")
        found = [entry for entry in tuple(self._entries) if _LEVELS[entry.level] >= lowest]
        return msgspec.json.encode(found[-wanted.limit :]).decode()


class _Handler(logging.Handler):
    """Turns a record into an entry, as soon as it is logged."""

    def __init__(self, take: Callable[[Entry], None], redactor: Redactor) -> None:
        super().__init__()
        self._take = take
        self._redactor = redactor

    def emit(self, record: logging.LogRecord) -> None:
        """Hand over one record; one that cannot be formatted is reported as logging does."""
        try:
            self._take(_read(record, self._redactor))
        except Exception:
            self.handleError(record)


def _read(record: logging.LogRecord, redactor: Redactor) -> Entry:
    message = record.getMessage()
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        message += f" ({_place_of(error)}; standard error has the whole)"
    # A header can hold bytes that are no text, and so does a line that quotes it.
    message = redactor.clean(message.encode(errors="backslashreplace").decode())
    if len(message) > MESSAGE_CHARACTERS:
        message = message[: MESSAGE_CHARACTERS - 1] + "…"
    return Entry(round(record.created * 1000), _level_of(record.levelno), record.name, message)


def _level_of(number: int) -> str:
    return next((name for name, level in reversed(_LEVELS.items()) if number >= level), "debug")


def _place_of(error: BaseException) -> str:
    """Say which error rose where, and nothing of what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    name = type(error).__name__
    return f"{name} in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else name


def _ignore(error: StoreError | None) -> None:
    """Hear that it was published: an event needs no disk, and a line about it would be one more."""
