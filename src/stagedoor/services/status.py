"""Tells the owner what runs: the answer to one request."""

import os
import time
from collections.abc import Callable, Iterable

import msgspec
import psutil

from stagedoor.access import AskQueue, Client
from stagedoor.hub import Hub
from stagedoor.keys import STATUS
from stagedoor.types import JsonObject, Value
from stagedoor.version import __version__


class DoorStatus(msgspec.Struct):
    """One door."""

    name: str
    addresses: list[str]
    connections: int = 0
    accepted: int = 0
    refused: int = 0


class Status(msgspec.Struct):
    """What runs."""

    version: str
    pid: int
    uptime_s: float
    memory_bytes: int
    data: str | None
    """The data folder; none when everything is in memory."""
    doors: list[DoorStatus]
    keys: int
    commits: int
    waiting_batches: int
    failed_commits: int
    open_questions: int
    warnings: list[str]
    chosen: list[str]
    """The options that were set for this run, by flag or environment: what is stored does not override them."""
    settings: JsonObject
    """What some options are, by name: those that say who may come in, and none that is a secret."""


class StatusDesk:
    """Answers the request."""

    def __init__(
        self,
        client: Client,
        hub: Hub,
        asks: AskQueue,
        *,
        data: str | None,
        doors: Callable[[], Iterable[DoorStatus]],
        warnings: Callable[[], list[str]],
        chosen: Iterable[str],
        settings: JsonObject,
    ) -> None:
        self._hub = hub
        self._asks = asks
        self._data = data
        self._doors = doors
        self._warnings = warnings
        self._chosen = sorted(chosen)
        self._settings = settings
        self._started = time.monotonic()
        client.serve(STATUS, self._answer)

    async def _answer(self, value: Value) -> Value:
        statistics = self._hub.statistics()
        status = Status(
            version=__version__,
            pid=os.getpid(),
            uptime_s=round(time.monotonic() - self._started, 1),
            memory_bytes=psutil.Process().memory_info().rss,
            data=self._data,
            doors=list(self._doors()),
            keys=statistics.keys,
            commits=statistics.commits,
            waiting_batches=statistics.waiting_batches,
            failed_commits=statistics.failed_commits,
            open_questions=len(self._asks),
            warnings=self._warnings(),
            chosen=self._chosen,
            settings=self._settings,
        )
        return msgspec.json.encode(status).decode()
