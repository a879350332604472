"""The remembered applications: keeps them over a restart, shows them to the owner, alters and forgets them."""

import logging
import time
from collections.abc import Callable

import msgspec

from stagedoor.access import Client, Record, RememberedApp, RememberedApps, Scopes
from stagedoor.errors import RequestFailed
from stagedoor.kept import Kept, in_ms, read_end, read_name
from stagedoor.keys import APP_TOKENS, APPS, CHANGE_APP, FORGET_APP, REQUEST_SCOPES, REVOKED_APPS
from stagedoor.types import Value

logger = logging.getLogger(__name__)


class ShownApp(msgspec.Struct, omit_defaults=True):
    """A remembered application as the owner sees it. What it said of itself may be a lie."""

    id: str
    name: str
    origin: str | None
    """Of its page, the only one from which its token is good; ``None`` for a program."""
    address: str
    """Where it was when it asked."""
    scopes: tuple[str, ...] | None
    """What it may touch; ``None`` for all but secrets."""
    made_at_ms: int
    """Unix milliseconds, as the next ones."""
    used_at_ms: int | None
    """Exact to an hour."""
    expires_at_ms: int | None
    author: str = ""
    url: str = ""


class AppRequest(msgspec.Struct):
    """What ``stagedoor/@forget-app`` takes."""

    id: str


class AppChange(msgspec.Struct):
    """What ``stagedoor/@change-app`` takes; what is left out stays."""

    id: str
    name: str | msgspec.UnsetType = msgspec.UNSET
    scopes: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    expires_at_ms: int | msgspec.UnsetType | None = msgspec.UNSET


class AppsDesk:
    """Joins the remembered applications to the hub."""

    def __init__(self, client: Client, record: Record, now: Callable[[], float] = time.time) -> None:
        self._record = record
        self._kept: Kept[RememberedApp, RememberedApps] = Kept(
            client,
            lambda changed, stored: RememberedApps(now, changed, stored),
            RememberedApp,
            stored_at=APP_TOKENS,
            shown_at=APPS,
            revoked_at=REVOKED_APPS,
            describe=_describe,
            check=lambda app: app.grant,
            expired=lambda app: record("expired", _facts(app)),
        )
        self.apps = self._kept.register
        self.close = self._kept.close
        client.serve(CHANGE_APP, self._change)
        client.serve(FORGET_APP, self._forget)

    async def _change(self, value: Value) -> Value:
        try:
            change = msgspec.json.decode(value, type=AppChange)
        except (msgspec.DecodeError, RecursionError) as problem:
            raise RequestFailed(f"expected an id, and what to change: {problem}") from problem
        app = self._find(change.id)
        altered = app
        try:
            if not isinstance(change.scopes, msgspec.UnsetType):
                scopes = None if change.scopes is None else Scopes.parse(change.scopes, REQUEST_SCOPES).words
                altered = msgspec.structs.replace(altered, scopes=scopes)
            if not isinstance(change.name, msgspec.UnsetType):
                altered = msgspec.structs.replace(altered, name=read_name(change.name))
            if not isinstance(change.expires_at_ms, msgspec.UnsetType):
                end = read_end(change.expires_at_ms, self.apps.now())
                altered = msgspec.structs.replace(altered, expires_at=end)
        except ValueError as error:
            raise RequestFailed(str(error)) from error
        if altered.scopes == app.scopes:
            self.apps.note(altered)
        else:
            self.apps.alter(altered)
        self._record("changed", _facts(altered))
        await self._kept.settled()
        return "{}"

    async def _forget(self, value: Value) -> Value:
        try:
            app_id = msgspec.json.decode(value, type=AppRequest).id
        except (msgspec.DecodeError, RecursionError) as problem:
            raise RequestFailed(f"expected an id: {problem}") from problem
        app = self._find(app_id)
        self.apps.remove(app)
        self._record("revoked", _facts(app))
        logger.info("the owner forgot the application %s", app_id)
        await self._kept.settled()
        return "{}"

    def _find(self, app_id: str) -> RememberedApp:
        app = self.apps.named(app_id)
        if app is None:
            raise RequestFailed(f"there is no remembered application {app_id}")
        return app


def _facts(app: RememberedApp) -> dict[str, object]:
    scopes = "everything but secrets" if app.scopes is None else " ".join(app.scopes)
    return {"what": "app", "id": app.id, "name": app.name, "scopes": scopes}


def _describe(app: RememberedApp) -> ShownApp:
    return ShownApp(
        id=app.id,
        name=app.name,
        origin=app.origin,
        address=app.address,
        scopes=app.scopes,
        made_at_ms=round(app.made_at * 1000),
        used_at_ms=in_ms(app.used_at),
        expires_at_ms=in_ms(app.expires_at),
        author=app.author,
        url=app.url,
    )
