"""The hub: an ordered space of keys with subscriptions, through which everything that happens passes.

It knows kinds of key and the order of commits; of networks, protocols, rights and services it knows nothing. Who may do
what is decided above it, in :mod:`stagedoor.access`.

One order. Every batch becomes visible at one moment, on the hub's thread, and gets the next number there; its changes
are told to the subscribers in that order. A batch with a durable key passes through the committer first. A batch of
events and requests alone becomes visible at once, so that a chat message never waits for a disk, unless its writer has
an earlier batch under way: a writer's own batches never overtake each other.
"""

import asyncio
import logging
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from operator import itemgetter
from typing import Final, NamedTuple, Protocol

from stagedoor.errors import NoSuchRequest, RequestFailed, ServiceFailed, StoreError
from stagedoor.hub.catalogue import Catalogue, KeySpec, Kind
from stagedoor.hub.change import Change, Write
from stagedoor.hub.committer import Batch, Committer, Done
from stagedoor.hub.memory_store import MemoryTable
from stagedoor.hub.secrets import Keep, Secrets
from stagedoor.hub.store import Put, Scan, Store, Table
from stagedoor.hub.subscriptions import Subscriptions
from stagedoor.types import CommitNumber, Key, Value

logger = logging.getLogger(__name__)

MEMORY_LIMIT_BYTES: Final = 64 << 20
"""How much the last values of events may take; the ones written longest ago are forgotten first."""

_KEYS: Final = Table.KEYS

_NUMBERS_AN_EPOCH: Final = 1 << 32
"""Each start counts on from a fresh multiple of this, so that no number is given twice although events are never
written down; two million starts stay within what JavaScript can count."""

_ALL: Final = 1 << 62

REQUEST_TIMEOUT_S: Final = 30.0
"""How long the caller of a request waits for the service, unless the service says otherwise."""

RequestHandler = Callable[[Value], Awaitable[Value]]
"""Serves a request key: gets the written value and returns the answer.

Raises:
    RequestFailed: To tell the caller why not.
"""


class _Service(NamedTuple):
    """Who serves a request key, and for how long it may work on one request."""

    handler: RequestHandler
    timeout_s: float | None
    needs_caller: bool


class Subscriber(Protocol):
    """Somebody who hears of changes."""

    def deliver(self, change: Change) -> None:
        """Hear of one change; must neither wait nor raise."""
        ...

    def may_hear(self, change: Change) -> bool:
        """Tell whether this subscriber may know of a change to a key that is not for everybody."""
        ...


class Statistics(NamedTuple):
    """What the hub holds and does, for people who look."""

    number: CommitNumber
    """The last commit."""
    commits: int
    """Commits since the start."""
    keys: int
    """Durable keys."""
    waiting_batches: int
    """Batches that are not on disk yet."""
    failed_commits: int
    """Commits that the store refused since the start."""


class Hub:
    """Keys, subscriptions, and the one place through which every commit passes."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._store = store
        self._events = MemoryTable(limit_bytes=MEMORY_LIMIT_BYTES)
        self._passing_state = MemoryTable()
        self._secrets = Secrets(store)
        self._subscriptions: Subscriptions[Subscriber] = Subscriptions()
        self._number = CommitNumber(store.epoch * _NUMBERS_AN_EPOCH)
        self._first_number = self._number
        self.durable_commits = 0
        """Batches that reached the store since the start, those of bookkeeping alone left out."""
        self._committer = Committer(store, self._finish) if store.is_blocking else None
        self._handlers: dict[Key, _Service] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._outbox: deque[Change] = deque()
        self._is_publishing = False

    # --- reading ---

    def get(self, key: Key, spec: KeySpec | None = None) -> Value:
        """Read the public value of a key; ``""`` when there is none. ``spec`` spares looking it up again."""
        spec = spec or self.catalogue.resolve(key)
        if spec.is_volatile:
            return self._memory(spec).get(key) or ""
        return self._store.get(_KEYS, key) or ""

    def get_whole(self, key: Key, spec: KeySpec | None = None) -> Value:
        """Read a key with its secrets; for the owner."""
        spec = spec or self.catalogue.resolve(key)
        if spec.holds_secrets:
            return self._secrets.get(key) or self.get(key, spec)
        return self.get(key, spec)

    def foresee(self) -> Callable[[Key], Value]:
        """Tell how to read keys in this turn as they will be once the writes under way are visible.

        For what is made from a value, such as a sum: :meth:`get` reads a key as it is visible, and a write of somebody
        else that is on its way to the disk would be undone. Write what is made so with ``builds_on_foreseen``.
        """
        coming, is_all = ({}, False) if self._committer is None else self._committer.foresee()

        def read(key: Key) -> Value:
            if key in coming:
                return coming[key] or ""
            spec = self.catalogue.resolve(key)
            return "" if is_all and not spec.is_volatile else self.get(key, spec)

        return read

    def scan(self, prefix: str, *, with_secrets: bool = False) -> Scan:
        """Walk over the keys with a prefix, as they are now; close the walk."""
        durable = self._store.scan(Table.KEYS, prefix)
        events = self._events.range(prefix)
        passing = self._passing_state.range(prefix)
        secret = self._secrets.range(prefix) if with_secrets else []
        if not events and not passing and not secret:
            return durable
        return _MergedScan(durable, events, passing, secret)

    def _memory(self, spec: KeySpec) -> MemoryTable:
        """Where a value is that no disk sees. State is all kept; events give way to newer ones."""
        return self._passing_state if spec.stored_in_memory else self._events

    # --- writing ---

    def write(
        self,
        writes: Sequence[Write],
        done: Done,
        *,
        queue_up: bool = False,
        keep_secrets: Keep = Keep.NONE,
        builds_on_foreseen: bool = False,
    ) -> bool:
        """Make all of ``writes`` visible at one moment, or none.

        The keys must fit the store (:data:`stagedoor.types.MAX_KEY_BYTES`). ``done`` hears the outcome before any
        subscriber hears a change. ``queue_up`` says that the same writer has earlier batches under way,
        ``keep_secrets`` which stored secrets are to stay. ``builds_on_foreseen`` says that it follows from values that
        were foreseen in this turn: it fails when a write fails that was foreseen.

        Returns:
            Whether the batch is under way still; when not, ``done`` has been called.
        Raises:
            StoreError: When a secret that is to be kept cannot be read; ``done`` hears nothing then.
        """
        changes = [Change(write.key, write.value, self.catalogue.resolve(write.key)) for write in writes]
        puts: list[Put] = []
        uses_secrets = False
        try:
            for change in changes:
                if change.spec.holds_secrets:
                    uses_secrets = True
                    puts += self._secrets.split(change, keep_secrets)
                elif not change.spec.is_volatile:
                    puts.append(Put(Table.KEYS, change.key, None if change.is_deletion else change.value))
        except StoreError:
            self._secrets.settle(changes)
            raise
        batch = Batch(changes, puts, done)
        if self._committer is not None and (puts or (queue_up and len(self._committer))):
            if uses_secrets or builds_on_foreseen:
                batch.failures_seen = self._committer.failures
            self._committer.submit(batch)
            return True
        error = self._write_directly(batch) if puts else None
        self._finish(batch, error)
        return False

    async def replace_all(self, entries: Mapping[Key, Value]) -> None:
        """Replace every durable key, in one transaction; subscribers hear of each key that changed or went.

        Raises:
            StoreError: When the store refused; nothing has changed.
        Cancellation: the replacement may or may not happen.
        """
        before = self._all_durable()
        # Whatever is under way will have been heard by then, so all of it counts as changed.
        under_way = set() if self._committer is None else self._committer.keys
        changes: list[Change] = []
        unchanged: list[Change] = []
        puts: list[Put] = []
        for key, value in entries.items():
            change = Change(key, value, self.catalogue.resolve(key))
            if change.spec.is_volatile:
                continue
            if change.spec.holds_secrets:
                puts += self._secrets.split(change, Keep.ANEW)
            else:
                puts.append(Put(Table.KEYS, key, value))
            (changes if key in under_way or before.get(key) != value else unchanged).append(change)
        for key in {**before, **dict.fromkeys(under_way)}:
            if key not in entries:
                change = Change(key, None, self.catalogue.resolve(key))
                if change.spec.holds_secrets:
                    self._secrets.split(change, Keep.ANEW)  # so that a write behind this one keeps none of it
                changes.append(change)
        ended: asyncio.Future[StoreError | None] = asyncio.get_running_loop().create_future()

        def done(error: StoreError | None) -> None:
            self._secrets.settle(unchanged)
            if not ended.done():
                ended.set_result(error)

        batch = Batch(changes, puts, done)
        batch.replaces = True
        if self._committer is not None:
            self._committer.submit(batch)
        else:
            self._finish(batch, self._write_directly(batch))
        error = await ended
        if error is not None:
            raise error

    def _all_durable(self) -> dict[Key, Value]:
        scan = self._store.scan(Table.KEYS, "")
        try:
            return {**dict(scan.take(_ALL)), **dict(self._secrets.range(""))}
        finally:
            scan.close()

    def _write_directly(self, batch: Batch) -> StoreError | None:
        try:
            self._store.write(batch.puts, replace=batch.replaces)
        except StoreError as error:
            return error
        return None

    def _finish(self, batch: Batch, error: StoreError | None) -> None:
        """Make a batch visible, answer its writer, tell the subscribers: in this order."""
        self._secrets.settle(batch.changes)
        if error is None:
            self._number = CommitNumber(self._number + 1)
            if batch.puts and any(not change.spec.is_bookkeeping for change in batch.changes):
                self.durable_commits += 1
            for change in batch.changes:
                change.number = self._number
                if change.spec.is_volatile and not change.spec.is_request:
                    memory = self._memory(change.spec)
                    if change.is_deletion:
                        memory.delete(change.key)
                    else:
                        memory.put(change.key, change.value)
            self._outbox.extend(batch.changes)
        try:
            batch.done(error)
        except Exception:
            logger.exception("a writer failed when it heard of its batch")
        if error is None:
            self._hand_over(batch.changes)
        if not self._is_publishing:
            self._publish()

    def _publish(self) -> None:
        """Tell the subscribers, one change after the other.

        A subscriber in this process may write when it hears a change. Its change joins the end of the outbox, so that
        nobody hears the second before the first.
        """
        self._is_publishing = True
        try:
            while self._outbox:
                change = self._outbox.popleft()
                listeners = self._subscriptions.match(change.key)
                if listeners and not change.spec.is_public:
                    listeners = tuple(listener for listener in listeners if listener.may_hear(change))
                for listener in listeners:
                    try:
                        listener.deliver(change)
                    except Exception:
                        logger.exception("a subscriber failed on the key %r", change.key)
        finally:
            self._is_publishing = False

    # --- subscribing ---

    def subscribe(self, key: Key, subscriber: Subscriber) -> None:
        """Let ``subscriber`` hear each write to ``key``; a set, not a count."""
        self._subscriptions.add(key, subscriber)

    def unsubscribe(self, key: Key, subscriber: Subscriber) -> None:
        """Undo :meth:`subscribe`."""
        self._subscriptions.discard(key, subscriber)

    def subscribe_prefix(self, prefix: str, subscriber: Subscriber) -> None:
        """Let ``subscriber`` hear each write to a key with ``prefix``; however many match, it hears once a write."""
        self._subscriptions.add_prefix(prefix, subscriber)

    def unsubscribe_prefix(self, prefix: str, subscriber: Subscriber) -> None:
        """Undo :meth:`subscribe_prefix`."""
        self._subscriptions.discard_prefix(prefix, subscriber)

    # --- requests ---

    def serve(
        self,
        key: Key,
        handler: RequestHandler,
        *,
        timeout_s: float | None = REQUEST_TIMEOUT_S,
        needs_caller: bool = False,
    ) -> Callable[[], None]:
        """Own a request key; returns the way out. ``timeout_s`` ends a handler; ``None`` lets it take its time.

        ``needs_caller`` is for what goes on for as long as somebody waits for it: a plain write does not begin it.

        Raises:
            ValueError: When it is no request key, or has an owner.
        """
        if self.catalogue.resolve(key).kind is not Kind.REQUEST:
            raise ValueError(f"{key!r} is not a request key")
        if key in self._handlers:
            raise ValueError(f"the request {key!r} is served already")
        self._handlers[key] = _Service(handler, timeout_s, needs_caller)

        def retire() -> None:
            del self._handlers[key]

        return retire

    async def call(self, key: Key, value: Value) -> Value:
        """Ask the service that owns ``key``, and tell the subscribers as any write does.

        Raises:
            NoSuchRequest: When nobody serves it.
            RequestFailed: When the service refused, failed, or took longer than it may.
        Cancellation: safe; the service is cancelled, too.
        """
        service = self._handlers.get(key)
        if service is None:
            raise NoSuchRequest(key)
        change = Change(key, value, self.catalogue.resolve(key))
        self._number = change.number = CommitNumber(self._number + 1)
        self._outbox.append(change)
        if not self._is_publishing:
            self._publish()
        try:
            async with asyncio.timeout(service.timeout_s):
                return await service.handler(value)
        except TimeoutError:
            limit = "in time" if service.timeout_s is None else f"within {service.timeout_s:g} s"
            raise RequestFailed(f"no answer {limit}") from None
        except RequestFailed:
            raise
        except Exception as error:
            logger.exception("the service of %r failed", key)
            raise ServiceFailed from error

    def _hand_over(self, changes: Sequence[Change]) -> None:
        """Start the services of the requests among ``changes``; nobody waits for their answers."""
        for change in changes:
            service = self._handlers.get(change.key)
            if service is not None and service.needs_caller:
                logger.warning("the request %r was refused: nobody waits for its answer", change.key)
            elif service is not None:
                task = asyncio.get_running_loop().create_task(self._serve(service, change))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _serve(self, service: "_Service", change: Change) -> None:
        try:
            async with asyncio.timeout(service.timeout_s):
                await service.handler(change.value)
        except RequestFailed as error:
            logger.warning("the request %r was refused: %s", change.key, error)
        except TimeoutError:
            logger.warning("the service of %r took too long", change.key)
        except Exception:
            logger.exception("the service of %r failed", change.key)

    # --- the end ---

    def statistics(self) -> Statistics:
        """Count what there is."""
        committer = self._committer
        return Statistics(
            number=self._number,
            commits=self._number - self._first_number,
            keys=self._store.count(Table.KEYS),
            waiting_batches=0 if committer is None else len(committer),
            failed_commits=0 if committer is None else committer.failures,
        )

    async def close(self) -> None:
        """Finish every write, end every request, close the store."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._committer is not None:
            await self._committer.close()
        self._store.close()


class _MergedScan:
    """A walk over durable, volatile and secret keys together.

    The few that are in memory are laid over each stretch of durable ones as it is read.
    """

    def __init__(self, durable: Scan, *overlays: list[tuple[Key, Value]]) -> None:
        self._durable = durable
        self._overlay = sorted({key: value for overlay in overlays for key, value in overlay}.items())
        self._position = 0

    def take(self, count: int) -> list[tuple[Key, Value]]:
        """Return the next entries, fewer than ``count`` only at the end; a stretch may hold some more."""
        entries = self._durable.take(count)
        overlay = self._take_overlay(entries[-1][0] if len(entries) == count else None)
        return sorted({**dict(entries), **dict(overlay)}.items()) if overlay else entries

    def take_keys(self, count: int) -> list[Key]:
        """Return the keys of the next entries."""
        keys = self._durable.take_keys(count)
        overlay = self._take_overlay(keys[-1] if len(keys) == count else None)
        return sorted({*keys, *(key for key, _ in overlay)}) if overlay else keys

    def _take_overlay(self, last: Key | None) -> list[tuple[Key, Value]]:
        """What lies over a stretch of durable keys up to ``last``; ``None`` for the end."""
        end = len(self._overlay) if last is None else bisect_right(self._overlay, last, key=itemgetter(0))
        overlay = self._overlay[self._position : end]
        self._position = max(end, self._position)
        return overlay

    def seek(self, key: Key) -> None:
        """Go on from the first key that is not before ``key``."""
        self._durable.seek(key)
        self._position = bisect_left(self._overlay, key, key=itemgetter(0))

    def close(self) -> None:
        """End the walk over the durable keys."""
        self._durable.close()
