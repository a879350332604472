"""The overlay keys: makes them for the owner, keeps them over a restart, shows, alters and revokes them."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from stagedoor.access import Client, OverlayKey, OverlayKeys, Record, Scopes, check_only_reads
from stagedoor.errors import RequestFailed
from stagedoor.kept import Kept, in_ms, read_end, read_name
from stagedoor.keys import (
    CHANGE_OVERLAY_KEY,
    CHECK_SCOPES,
    MAKE_OVERLAY_KEY,
    OVERLAY_KEY_SECRETS,
    OVERLAY_KEYS,
    REQUEST_SCOPES,
    REVEAL_OVERLAY_KEY,
    REVOKE_OVERLAY_KEY,
    REVOKED_OVERLAY_KEYS,
)
from stagedoor.types import Value

logger = logging.getLogger(__name__)

_T = TypeVar("_T")


class ShownKey(msgspec.Struct):
    """A key as the owner sees it, without what has to be shown at a door."""

    id: str
    name: str
    scopes: tuple[str, ...]
    made_at_ms: int
    """Unix milliseconds, as the next ones."""
    used_at_ms: int | None
    """Exact to an hour."""
    expires_at_ms: int | None


class _Wanted(msgspec.Struct):
    name: str
    scopes: list[str]
    expires_at_ms: int | None = None


class _Named(msgspec.Struct):
    id: str


class _Change(msgspec.Struct):
    """What is left out stays."""

    id: str
    name: str | msgspec.UnsetType = msgspec.UNSET
    scopes: list[str] | msgspec.UnsetType = msgspec.UNSET
    expires_at_ms: int | msgspec.UnsetType | None = msgspec.UNSET


class _Check(msgspec.Struct):
    scopes: list[str]
    read_only: bool = False


class OverlayKeyDesk:
    """Joins the overlay keys to the hub; also says for everybody whether scopes are right."""

    def __init__(self, client: Client, record: Record, now: Callable[[], float] = time.time) -> None:
        self._record = record
        self._kept: Kept[OverlayKey, OverlayKeys] = Kept(
            client,
            lambda changed, stored: OverlayKeys(now, changed, stored),
            OverlayKey,
            stored_at=OVERLAY_KEY_SECRETS,
            shown_at=OVERLAY_KEYS,
            revoked_at=REVOKED_OVERLAY_KEYS,
            describe=_describe,
            check=lambda key: key.grant,
            expired=lambda key: record("expired", _facts(key)),
        )
        self.keys = self._kept.register
        self.close = self._kept.close
        client.serve(MAKE_OVERLAY_KEY, self._make)
        client.serve(REVEAL_OVERLAY_KEY, self._reveal)
        client.serve(CHANGE_OVERLAY_KEY, self._change)
        client.serve(REVOKE_OVERLAY_KEY, self._revoke)
        client.serve(CHECK_SCOPES, self._check)

    async def _make(self, value: Value) -> Value:
        wanted = _read(value, _Wanted, "a name and scopes")
        if self.keys.are_full:
            raise RequestFailed("there are too many overlay keys; revoke one that is not used any more")
        try:
            scopes = Scopes.parse(wanted.scopes, REQUEST_SCOPES)
            if not scopes.words:
                raise RequestFailed("a key without scopes opens nothing")
            end = read_end(wanted.expires_at_ms, self.keys.now())
            key = self.keys.make(read_name(wanted.name), scopes, end)
        except ValueError as error:
            raise RequestFailed(str(error)) from error
        self._record("remembered", _facts(key))
        await self._kept.settled()
        return msgspec.json.encode({"id": key.id, "key": key.key}).decode()

    async def _reveal(self, value: Value) -> Value:
        key = self._find(_read(value, _Named, "an id").id)
        self._record("reveal", _facts(key))
        return msgspec.json.encode({"key": key.key}).decode()

    async def _change(self, value: Value) -> Value:
        change = _read(value, _Change, "an id, and what to change")
        key = altered = self._find(change.id)
        try:
            if not isinstance(change.scopes, msgspec.UnsetType):
                scopes = Scopes.parse(change.scopes, REQUEST_SCOPES)
                check_only_reads(scopes)
                altered = msgspec.structs.replace(altered, scopes=scopes.words)
            if not isinstance(change.name, msgspec.UnsetType):
                altered = msgspec.structs.replace(altered, name=read_name(change.name))
            if not isinstance(change.expires_at_ms, msgspec.UnsetType):
                end = read_end(change.expires_at_ms, self.keys.now())
                altered = msgspec.structs.replace(altered, expires_at=end)
        except ValueError as error:
            raise RequestFailed(str(error)) from error
        if altered.scopes == key.scopes:
            self.keys.note(altered)
        else:
            self.keys.alter(altered)
        self._record("changed", _facts(altered))
        await self._kept.settled()
        return "{}"

    async def _revoke(self, value: Value) -> Value:
        key = self._find(_read(value, _Named, "an id").id)
        self.keys.remove(key)
        self._record("revoked", _facts(key))
        logger.info("the owner revoked the overlay key %s", key.id)
        await self._kept.settled()
        return "{}"

    async def _check(self, value: Value) -> Value:
        wanted = _read(value, _Check, "scopes")
        try:
            scopes = Scopes.parse(wanted.scopes, REQUEST_SCOPES)
            if wanted.read_only:
                check_only_reads(scopes)
        except ValueError as error:
            raise RequestFailed(str(error)) from error
        return msgspec.json.encode({"scopes": scopes.words}).decode()

    def _find(self, key_id: str) -> OverlayKey:
        key = self.keys.named(key_id)
        if key is None:
            raise RequestFailed(f"there is no overlay key {key_id}")
        return key


def _read(value: Value, kind: type[_T], what: str) -> _T:
    try:
        return msgspec.json.decode(value, type=kind)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise RequestFailed(f"expected {what}: {problem}") from problem


def _facts(key: OverlayKey) -> dict[str, object]:
    return {"what": "overlay-key", "id": key.id, "name": key.name, "scopes": " ".join(key.scopes)}


def _describe(key: OverlayKey) -> ShownKey:
    return ShownKey(
        id=key.id,
        name=key.name,
        scopes=key.scopes,
        made_at_ms=round(key.made_at * 1000),
        used_at_ms=in_ms(key.used_at),
        expires_at_ms=in_ms(key.expires_at),
    )
