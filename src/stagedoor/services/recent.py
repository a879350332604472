"""Remembers the latest events, for the owner who opens the console when they have happened.

They are kept in memory alone, few of them, and as they were written: nothing here reads what they hold.
"""

import time
from collections import deque
from collections.abc import Callable
from sys import getsizeof
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.hub import Change, Kind
from stagedoor.keys import RECENT_EVENTS
from stagedoor.streamerbot.events import EVENT_PREFIX
from stagedoor.types import Key, Value

KEPT: Final = 200
"""Events; the oldest give way to newer ones."""

KEPT_BYTES: Final = 1 << 20
"""Of memory for their values, together; an event that is larger by itself is not kept."""


class Event(msgspec.Struct):
    """One event, as it is told."""

    number: int
    at_ms: int
    """When it was written, in Unix milliseconds."""
    key: Key
    value: Value


class Answer(msgspec.Struct):
    """What is remembered, oldest first."""

    last: int
    """The number of the last write below ``event/``, whether it is kept or not. Who subscribed on the same connection
    before asking has heard all up to this one, and those alone, when the answer comes: so the writes that were heard by
    then are the last of these numbers."""
    events: list[Event]


class RecentEvents:
    """Follows events from :meth:`start` on. Its client is its own."""

    def __init__(self, client: Client, *, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._now = now
        # Writes are counted from the time of the start in microseconds, so that no number is given twice after another
        # start: nobody writes a million events a second.
        self._last = int(now() * 1_000_000)
        self._events: deque[tuple[int, float, Key, Value, int]] = deque()
        """Number, Unix time, key, value, and what the value takes."""
        self._bytes = 0
        client.deliver = self._hear
        client.serve(RECENT_EVENTS, self._list)

    def start(self) -> None:
        """Begin to follow."""
        self._client.subscribe_prefix(EVENT_PREFIX)

    def _hear(self, change: Change) -> None:
        self._last += 1
        value = change.value
        if change.spec.kind is not Kind.EVENT or change.is_deletion:
            return
        size = getsizeof(value)
        if size > KEPT_BYTES:
            return
        events = self._events
        events.append((self._last, self._now(), change.key, value, size))
        self._bytes += size
        while self._bytes > KEPT_BYTES or len(events) > KEPT:
            self._bytes -= events.popleft()[4]

    async def _list(self, value: Value) -> Value:
        # Nothing may be awaited here: what the answer counts is what has been told to the subscribers by now.
        events = [Event(number, round(at * 1000), key, text) for number, at, key, text, _ in self._events]
        return msgspec.json.encode(Answer(self._last, events)).decode()
