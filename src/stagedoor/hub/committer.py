"""Group commit: writes that arrive while one commit runs share the next one, and nothing waits for a timer.

A synced commit costs a disk its round trip, whether it carries one write or a thousand. So one thread owns the writing.
It gets everything that has been submitted, in order, writes it in one transaction, and the hub's thread then answers
the writers and tells the subscribers. Under load the groups grow by themselves and the disk is never idle; without load
a write goes out at once. A timer that gathers writes would only add its delay.

When a group fails, each of its batches fails: the disk is full or broken, and the next group finds out whether it still
is. A batch never fails for what another batch contains, since everything that can be wrong with one is checked before
it is submitted.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from stagedoor.errors import StoreError
from stagedoor.hub.change import Change
from stagedoor.hub.store import Put, Store, StoreStalled, Table
from stagedoor.types import Key, Value

logger = logging.getLogger(__name__)

Done = Callable[[StoreError | None], None]
"""Hears how a batch ended: with ``None`` when it is visible and survives a crash."""

_MEND_RETRY_S: Final = 0.01
"""How soon to look again whether the walks that keep the store from growing have ended."""


class Batch:
    """Changes that become visible together, and who wants to know."""

    __slots__ = ("changes", "done", "failures_seen", "puts", "replaces")

    def __init__(self, changes: Sequence[Change], puts: list[Put], done: Done) -> None:
        self.changes = changes
        self.puts = puts
        self.done = done
        self.replaces = False
        """Whether everything else in the store goes away."""
        self.failures_seen: int | None = None
        """For a batch computed from values that were still under way: how many groups had failed by then. It must
        not be written when one of those fails."""


class Committer:
    """Owns the thread that writes to a store that blocks.

    ``finish`` is called on the hub's thread for each batch, in the order of submission.
    """

    def __init__(self, store: Store, finish: Callable[[Batch, StoreError | None], None]) -> None:
        self._store = store
        self._finish = finish
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Batch] = []
        self._group: list[Batch] = []
        self._is_group_over = True
        """Whether the outcome of the group is known."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._wakeup = threading.Event()
        self._mended = threading.Event()
        self._mend_error: StoreError | None = None
        self._is_closing = False
        self.failures = 0
        """How many groups have failed."""
        self._thread = threading.Thread(target=self._run, name="stagedoor-store", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """How many batches are not on disk yet."""
        return len(self._waiting) + len(self._group)

    @property
    def keys(self) -> set[Key]:
        """The keys that are to be written to the store by what is not on disk yet."""
        return {put.key for batch in (*self._group, *self._waiting) for put in batch.puts}

    def foresee(self) -> tuple[dict[Key, Value | None], bool]:
        """Tell what the table of keys will hold once everything submitted is on disk: the values that will have
        changed, and whether no others will be left."""
        coming: dict[Key, Value | None] = {}
        is_all = False
        for batch in self._waiting if self._is_group_over else (*self._group, *self._waiting):
            if batch.replaces:
                coming, is_all = {}, True
            if self._staleness(batch) is None:
                coming.update((put.key, put.value) for put in batch.puts if put.table is Table.KEYS)
        return coming, is_all

    def submit(self, batch: Batch) -> None:
        """Queue a batch. The queue is unbounded: whoever submits bounds what it has under way."""
        self._waiting.append(batch)
        if not self._group:
            self._start_group()

    async def drain(self) -> None:
        """Wait until everything submitted so far has ended. Cancellation: safe."""
        await self._idle.wait()

    async def close(self) -> None:
        """Finish what was submitted, then end the thread."""
        await self.drain()
        self._is_closing = True
        self._wakeup.set()
        await asyncio.to_thread(self._thread.join)

    def _start_group(self) -> None:
        """Hand the waiting batches to the thread; one that replaces everything goes alone."""
        size = next((index for index, batch in enumerate(self._waiting) if batch.replaces), len(self._waiting))
        size = size or 1
        self._group, self._waiting = self._waiting[:size], self._waiting[size:]
        self._is_group_over = False
        self._idle.clear()
        self._wakeup.set()

    def _group_done(self, error: StoreError | None) -> None:
        group = self._group
        self._is_group_over = True
        if error is not None:
            self.failures += 1
            logger.error("%d writes failed: %s", len(group), error)
        self._store.refresh()
        for batch in group:
            self._finish(batch, error or self._staleness(batch))
        self._group = []
        if self._waiting:
            self._start_group()
        else:
            self._idle.set()

    def _staleness(self, batch: Batch) -> StoreError | None:
        if batch.failures_seen in (None, self.failures):
            return None
        return StoreError("a write that this one builds on has failed")

    # --- on the store's thread ---

    def _run(self) -> None:
        while True:
            self._wakeup.wait()
            self._wakeup.clear()
            if self._is_closing:
                return
            error = self._write(self._group)
            self._loop.call_soon_threadsafe(self._group_done, error)

    def _write(self, group: list[Batch]) -> StoreError | None:
        puts = [put for batch in group if self._staleness(batch) is None for put in batch.puts]
        try:
            while True:
                try:
                    self._store.write(puts, replace=group[0].replaces)
                except StoreStalled as stalled:
                    self._have_mended(stalled)
                else:
                    return None
        except StoreError as error:
            return error
        except Exception as error:
            logger.exception("the store failed unexpectedly")
            return StoreError(f"the store failed: {error}")

    def _have_mended(self, stalled: StoreStalled) -> None:
        """Let the hub's thread mend the store, and wait for it."""
        self._mended.clear()
        self._mend_error = None
        self._loop.call_soon_threadsafe(self._mend)
        self._mended.wait()
        if self._mend_error is not None:
            raise self._mend_error from stalled

    def _mend(self) -> None:
        """Mend the store, on the hub's thread, once no walk is open."""
        try:
            if not self._store.mend():
                self._loop.call_later(_MEND_RETRY_S, self._mend)
                return
        except StoreError as error:
            self._mend_error = error
        self._mended.set()
