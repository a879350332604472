"""Joins the audit log to the hub: shows its entries to the owner, and keeps in the store how far it goes.

It also hears the owner's settings, and has each change written down: the names of the members that changed, and never
what they are.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec

from stagedoor.access import Client, Record
from stagedoor.access.client import REVEAL
from stagedoor.audit import AuditLog, Entry, Head, Wanted
from stagedoor.audit.cleaning import Clean
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Change, Write
from stagedoor.keys import (
    AUDIT,
    AUDIT_HEAD,
    AUDITED,
    CONSOLE_CONFIG,
    HTTP_CONFIG,
    STREAMERBOT_CONFIG,
    TLS_CONFIG,
    TWITCH_CONFIG,
)
from stagedoor.types import Key, Value

logger = logging.getLogger(__name__)

SETTINGS: Final[tuple[Key, ...]] = (HTTP_CONFIG, STREAMERBOT_CONFIG, CONSOLE_CONFIG, TLS_CONFIG, TWITCH_CONFIG)

_WITHOUT_SERVER: Final = "a command, while no server ran"

HEAD_AFTER_S: Final = 5.0
"""How long an entry may be newer than what the store knows: a login must not cost a commit of its own."""


class _StoredHead(msgspec.Struct):
    n: Annotated[int, msgspec.Meta(ge=1)]
    hash: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class AuditRequest(msgspec.Struct):
    """What ``stagedoor/@audit`` takes."""

    before: Annotated[int, msgspec.Meta(ge=1)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200
    kinds: list[str] = []
    search: str = ""


class AuditPage(msgspec.Struct):
    """What it answers."""

    entries: list[Entry]
    """Newest first."""
    next: int | None
    """The ``before`` of the next page; ``None`` when there is none."""
    total: int
    since_ms: int | None
    """When the oldest entry was written."""
    problem: str | None
    """What is wrong with the log."""


class AuditDesk:
    """Shows the audit log to the owner, tells of new entries, and keeps the newest one's hash."""

    def __init__(
        self,
        client: Client,
        audit: AuditLog,
        loop: asyncio.AbstractEventLoop,
        *,
        settings: Sequence[Key] = SETTINGS,
        head_after_s: float = HEAD_AFTER_S,
    ) -> None:
        self._client = client
        self._audit = audit
        self._loop = loop
        self._head_after_s = head_after_s
        self._timer: asyncio.TimerHandle | None = None
        self._kept: Head | None = None
        """What the store knows for sure."""
        self._is_closed = False
        self._one_page = asyncio.Lock()
        """One page at a time: each may look at megabytes."""
        audit.written = self._take
        _follow_settings(client, settings, audit.record)
        self._retire = client.serve(AUDIT, self._read)

    async def close(self) -> None:
        """Write what is left, and that this is the end; keep how far the log goes."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.to_thread(self._audit.close, "stop")
        ended: asyncio.Future[None] = self._loop.create_future()
        self._keep_head(lambda error: ended.set_result(None))
        await ended
        self._retire()
        self._client.close()

    # --- entries ---

    def _take(self, entries: Sequence[Entry]) -> None:
        """Hear of new entries, on the log's thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._tell, entries)

    def _tell(self, entries: Sequence[Entry]) -> None:
        if self._is_closed:
            return
        self._client.write([Write(AUDITED, msgspec.json.encode(entry).decode()) for entry in entries], _ignore)
        if self._timer is None:
            self._timer = self._loop.call_later(self._head_after_s, self._keep_head, _ignore)

    def _keep_head(self, done: Callable[[StoreError | None], None]) -> None:
        """Have the store know the newest entry, if there is one that it does not know; ``done`` hears of the end."""
        self._timer = None
        head = self._audit.head
        if head is None or head == self._kept or not self._audit.is_on_disk:
            done(None)
            return

        def ended(error: StoreError | None) -> None:
            if error is None:
                self._kept = head
            done(error)

        value = msgspec.json.encode(_StoredHead(*head)).decode()
        try:
            self._client.write([Write(AUDIT_HEAD, value)], ended)
        except StoreError as error:
            done(error)

    async def _read(self, value: Value) -> Value:
        try:
            request = msgspec.json.decode(value or "{}", type=AuditRequest)
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed(f"expected before, limit, kinds, search: {error}") from error
        wanted = Wanted(request.limit, request.before, frozenset(request.kinds), request.search)
        async with self._one_page:
            try:
                page = await asyncio.to_thread(self._audit.read_page, wanted)
            except OSError as error:
                raise RequestFailed(f"the audit log cannot be read: {error.strerror or error}") from error
        answer = AuditPage(page.entries, page.next, page.total, page.since_ms, self._audit.problem)
        return msgspec.json.encode(answer).decode()


class Notebook:
    """Notes what a command does where no server runs, and writes it down at the end, if there is anything.

    Whoever has one holds the data folder, so that nobody else writes to the log.
    """

    def __init__(self, client: Client, folder: Path, clean: Clean, *, settings: Sequence[Key] = SETTINGS) -> None:
        self._client = client
        self._folder = folder
        self._clean = clean
        self._notes: list[tuple[str, Mapping[str, object]]] = []
        _follow_settings(client, settings, self.record)

    def record(self, kind: str, facts: Mapping[str, object]) -> None:
        """Note what happened."""
        self._notes.append((kind, {**facts, "ground": _WITHOUT_SERVER}))

    def note_use(self, use: str, key: Key) -> None:
        """Note it when a secret was read; for :meth:`stagedoor.access.Client.follow`."""
        if use == REVEAL:
            self.record("reveal", {"key": key})

    async def close(self) -> str | None:
        """Write it down, and have the store know; returns what is wrong with the log.

        Raises:
            StoreError: When the store refused.
        """
        if not self._notes:
            return None
        audit = AuditLog(self._folder, head=read_head(self._client.get(AUDIT_HEAD)), clean=self._clean)
        for kind, facts in self._notes:
            audit.record(kind, facts)
        await asyncio.to_thread(audit.close)
        if audit.head is not None:
            await self._client.put(AUDIT_HEAD, msgspec.json.encode(_StoredHead(*audit.head)).decode())
        return audit.problem


def _follow_settings(client: Client, settings: Sequence[Key], record: Record) -> None:
    """Have the names of a setting's changed members written down, whenever one was written."""
    members = {key: _fingerprints(client.get(key)) for key in settings}

    def hear(change: Change) -> None:
        before = members[change.key]
        after = members[change.key] = _fingerprints(client.get(change.key))
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        if changed:
            record("setting", {"key": change.key, "members": changed})

    client.deliver = hear
    for key in settings:
        client.subscribe(key)


def read_head(stored: Value) -> Head | None:
    """Read what the store knows of the audit log; ``None`` when it knows nothing."""
    try:
        return Head(**msgspec.structs.asdict(msgspec.json.decode(stored, type=_StoredHead))) if stored else None
    except (msgspec.DecodeError, RecursionError):
        logger.error("the key %s is not valid, so it does not show whether the audit log is whole", AUDIT_HEAD)
        return None


def _fingerprints(text: Value) -> dict[str, int]:
    """Tell the members of a setting apart without holding what they are: some are passwords."""
    try:
        members = msgspec.json.decode(text, type=dict[str, msgspec.Raw]) if text else {}
    except (msgspec.DecodeError, RecursionError):
        return {"": hash(text)}
    return {name: hash(bytes(value)) for name, value in members.items()}


def _ignore(error: StoreError | None) -> None:
    """An event needs no disk; a head that the store refuses is written with the next entry."""
