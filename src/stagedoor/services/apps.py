"""The remembered applications: keeps them over a restart, shows them to the owner, and forgets one when asked to."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

import msgspec

from stagedoor.access import Client, RememberedApp, RememberedApps
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Change, Write
from stagedoor.keys import APP_TOKENS, APPS, FORGET_APP
from stagedoor.types import Value

logger = logging.getLogger(__name__)

_decoder: Final = msgspec.json.Decoder(list[RememberedApp])


class ShownApp(msgspec.Struct, omit_defaults=True):
    """A remembered application as the owner sees it. What it said of itself may be a lie."""

    id: str
    name: str
    origin: str | None
    """Of its page, the only one from which its token is good; ``None`` for a program."""
    address: str
    """Where it was when it asked."""
    made_at_ms: int
    """Unix milliseconds, as the next one, which is exact to an hour."""
    used_at_ms: int
    author: str = ""
    url: str = ""


class AppRequest(msgspec.Struct):
    """What ``stagedoor/@forget-app`` takes."""

    id: str


class AppsDesk:
    """Joins the remembered applications to the hub.

    What is stored is followed, too: a restore brings back the applications of its time, and sends the others away.
    """

    def __init__(self, client: Client, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._kept = client.get(APP_TOKENS)
        """What was written, or read, last."""
        self._writes = 0
        """How many of ours are under way."""
        self.apps = RememberedApps(now, self._keep, _read(self._kept))
        self._show()
        client.deliver = self._hear
        client.subscribe(APP_TOKENS)
        client.subscribe(APPS)
        client.serve(FORGET_APP, self._forget)

    def _keep(self) -> None:
        self._kept = msgspec.json.encode(self.apps.stored()).decode()
        self._last_kept = self._write([Write(APP_TOKENS, self._kept), Write(APPS, self._list())])

    def _list(self) -> Value:
        return msgspec.json.encode([_describe(app) for app in self.apps.stored()]).decode()

    def _write(self, writes: list[Write]) -> "asyncio.Future[StoreError | None]":
        """Write, and go on; returns how it will have ended."""
        ended: asyncio.Future[StoreError | None] = asyncio.get_running_loop().create_future()

        def done(error: StoreError | None) -> None:
            self._writes -= 1
            if not ended.done():
                ended.set_result(error)
            if error is None:
                self._follow()
            else:
                logger.error("the remembered applications could not be kept: %s", error)

        self._writes += 1
        self._client.write(writes, done)
        return ended

    def _hear(self, change: Change) -> None:
        self._follow()

    def _follow(self) -> None:
        """Go by what is stored, where it was written by somebody else."""
        if self._writes:
            return
        stored = self._client.get(APP_TOKENS)
        if stored != self._kept:
            self._kept = stored
            self.apps.replace(_read(stored))
        self._show()

    def _show(self) -> None:
        if (self._client.get(APPS) or "[]") != self._list():
            self._write([Write(APPS, self._list())])

    async def _forget(self, value: Value) -> Value:
        try:
            app_id = msgspec.json.decode(value, type=AppRequest).id
        except (msgspec.DecodeError, RecursionError) as problem:
            raise RequestFailed(f"expected an id: {problem}") from problem
        if not self.apps.forget(app_id):
            raise RequestFailed(f"there is no remembered application {app_id}")
        error = await self._last_kept
        if error is not None:
            raise RequestFailed(f"it is forgotten until the next start only: {error}")
        logger.info("the owner forgot the application %s", app_id)
        return "{}"


def _read(stored: Value) -> list[RememberedApp]:
    try:
        return _decoder.decode(stored) if stored else []
    except (msgspec.DecodeError, RecursionError):
        logger.error("the key %s is not valid; all applications have to ask anew", APP_TOKENS)
        return []


def _describe(app: RememberedApp) -> ShownApp:
    return ShownApp(
        id=app.id,
        name=app.name,
        origin=app.origin,
        address=app.address,
        made_at_ms=round(app.made_at * 1000),
        used_at_ms=round(app.used_at * 1000),
        author=app.author,
        url=app.url,
    )
