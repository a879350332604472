"""Keys that change faster than a disk writes: while one batch is under way, newer values wait, then go together.

There is no timer: a single change goes out at once, and a thousand that come while it is being written make one more
batch. A value is encoded when it goes out, so what has changed ten times meanwhile is encoded once.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Final

from stagedoor.access.client import Client
from stagedoor.errors import StoreError
from stagedoor.hub import Change, Write
from stagedoor.types import MAX_KEY_BYTES, Key, Value

logger = logging.getLogger(__name__)

_BATCH: Final = 1000
"""The most keys of one batch, so that encoding them holds up nobody."""


class CoalescedWrites:
    """Keeps keys as ``encode`` has them; ``None`` deletes a key. ``subject`` names them in the log.

    The client must hear the keys, and pass each change of them to :meth:`is_foreign`.
    """

    def __init__(self, client: Client, encode: Callable[[Key], Value | None], *, subject: str) -> None:
        self._client = client
        self._encode = encode
        self._subject = subject
        self._changed: dict[Key, None] = {}
        self._expected: dict[Key, deque[Value | None]] = {}
        """Of each key the values that were sent and not heard of yet."""
        self._is_under_way = False
        self._is_sending = False
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._failure: StoreError | None = None

    def mark(self, *keys: Key) -> None:
        """Have keys written, now or after the batch that is under way."""
        self._changed.update(dict.fromkeys(keys))
        self._send()

    def is_foreign(self, change: Change) -> bool:
        """Tell whether a change is somebody else's and stays: no echo, and about to be replaced by no write of ours."""
        expected = self._expected.get(change.key)
        if expected is None:
            return True
        if expected[0] is change.value or (expected[0] is None and change.is_deletion):
            self._forget(change.key, expected.popleft)
        return False

    async def drain(self) -> None:
        """Wait until everything marked so far is on disk.

        Raises:
            StoreError: When the store refused; the keys are tried again with the next one that is marked.
        Cancellation: safe.
        """
        await self._is_idle.wait()
        if self._failure is not None:
            raise self._failure

    def _send(self) -> None:
        """Send batches until one is under way; a store in memory ends each before the call returns."""
        if self._is_sending:
            return
        self._is_sending = True
        try:
            while self._changed and not self._is_under_way:
                self._send_batch()
        finally:
            self._is_sending = False

    def _send_batch(self) -> None:
        keys = list(islice(self._changed, _BATCH))
        for key in keys:
            del self._changed[key]
        writes = [Write(key, self._encode(key)) for key in keys if self._fits(key)]
        if not writes:
            return
        for write in writes:
            self._expected.setdefault(write.key, deque()).append(write.value)
        self._is_under_way = True
        self._is_idle.clear()
        self._client.write(writes, lambda error: self._settle(writes, error))

    def _fits(self, key: Key) -> bool:
        """Leave out a key that no store takes, so that it does not keep the others from being kept."""
        fits = len(key.encode()) <= MAX_KEY_BYTES
        if not fits:
            logger.error("a key of %s is too long to be kept: %.60s…", self._subject, key)
        return fits

    def _settle(self, writes: list[Write], error: StoreError | None) -> None:
        self._is_under_way = False
        self._failure = error
        if error is None:
            self._send()
        else:
            # At once again would be for ever again, as long as the disk is full.
            logger.error("%s could not be kept: %s", self._subject, error)
            for write in writes:
                self._forget(write.key, self._expected[write.key].pop)
                self._changed.setdefault(write.key)
        if not self._is_under_way:
            self._is_idle.set()

    def _forget(self, key: Key, take: Callable[[], Value | None]) -> None:
        take()
        if not self._expected[key]:
            del self._expected[key]
