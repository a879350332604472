"""What a client hears: each event subscribed once on the wire, whoever listens to it here.

A subscription is a wish that outlives connections; this module sends what changes of it through the connection that it
is given, and never opens one.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from functools import partial

from stagedoor.remote.errors import RemoteError, RequestRefused
from stagedoor.remote.listener import Listener
from stagedoor.streamerbot.client.connection import Connection, Request
from stagedoor.streamerbot.client.errors import RequestTimeout
from stagedoor.streamerbot.client.event import Event
from stagedoor.streamerbot.client.patterns import ANY, EVERYTHING, EventList, Pattern, Topic, event_types

logger = logging.getLogger(__name__)


class _Entry:
    """Everybody who listens to one pattern."""

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.listeners: list[Listener[Event]] = []
        self.answers: list[asyncio.Future[object]] = []
        """Those of the requests that subscribed to its events on this connection."""

        self.error: RemoteError | None = None
        self.is_settled = asyncio.Event()
        """Set by the server's last answer, be it an error, and when no server will answer any more."""


class Subscriptions:
    """All that one client listens to."""

    def __init__(self) -> None:
        self._entries: dict[Pattern, _Entry] = {}
        """By folded pattern."""

        self._connection: Connection | None = None
        self._known = EventList({})
        self._asked: dict[Pattern, asyncio.Future[object]] = {}
        """Every event that is subscribed on this connection, and the answer to that request."""

    def attach(self, connection: Connection, known: EventList) -> list[asyncio.Future[object]]:
        """Subscribe everything on a new connection; each future ends with the server's answer."""
        self._connection = connection
        self._known = known
        self._asked = {}
        return self._ask_for(self._entries.values())

    def detach(self) -> None:
        """Hear that the connection is gone; the wishes stay, for the next one."""
        self._connection = None

    def join(self, topic: Topic, listener: Listener[Event]) -> None:
        """Let ``listener`` hear ``topic`` as soon as the server knows; this does not wait for it."""
        new = []
        for pattern in topic:
            entry = self._entries.get(pattern.folded)
            if entry is None:
                entry = self._entries[pattern.folded] = _Entry(pattern)
                new.append(entry)
            if listener not in entry.listeners:
                entry.listeners.append(listener)
        self._ask_for(new)

    async def add(self, topic: Topic, listener: Listener[Event], timeout_s: float) -> None:
        """Let ``listener`` hear ``topic``, and wait until the server has confirmed it.

        Raises:
            RequestRefused: When the server refuses.
            RequestTimeout: When it does not confirm in time, over as many connections as it takes.
            StreamerbotError: Whatever else ends the client meanwhile.
        Cancellation: safe; the listener then hears no more.
        """
        self.join(topic, listener)
        entries = [self._entries[pattern.folded] for pattern in topic]
        try:
            async with asyncio.timeout(timeout_s):
                for entry in entries:
                    await entry.is_settled.wait()
        except TimeoutError:
            self.remove(topic, listener)
            raise RequestTimeout("Subscribe", timeout_s) from None
        except asyncio.CancelledError:
            self.remove(topic, listener)
            raise
        for entry in entries:
            if entry.error is not None:
                self.remove(topic, listener)
                raise entry.error

    def remove(self, topic: Iterable[Pattern], listener: Listener[Event]) -> None:
        """Let ``listener`` hear no more of ``topic``. The server is told of what nobody hears, but not waited for."""
        dropped = []
        for pattern in topic:
            entry = self._entries.get(pattern.folded)
            if entry is not None and listener in entry.listeners:
                entry.listeners.remove(listener)
                if not entry.listeners:
                    dropped.append(self._entries.pop(pattern.folded))
        self._take_back(dropped)

    def clear(self, topic: Topic) -> None:
        """Let nobody hear these patterns any more; who then hears nothing ends."""
        dropped = [entry for pattern in topic if (entry := self._entries.pop(pattern.folded, None)) is not None]
        for entry in dropped:
            self._release(entry, None)
        self._take_back(dropped)

    def hears(self, listener: Listener[Event]) -> bool:
        """Whether a listener hears anything."""
        return any(listener in entry.listeners for entry in self._entries.values())

    def end(self, error: RemoteError) -> None:
        """End everything: ``error`` keeps the client from ever connecting again."""
        entries, self._entries = self._entries, {}
        for entry in entries.values():
            self._release(entry, error)

    def dispatch(self, event: Event) -> None:
        """Hand an event to everybody who wants it, once, however many patterns fit."""
        name = Pattern(event.source, event.type).folded
        fitting = (self._entries.get(pattern) for pattern in (name, Pattern(name.source, ANY), EVERYTHING))
        # A copy, because a listener that overflows leaves.
        for listener in dict.fromkeys(listener for entry in fitting if entry for listener in entry.listeners):
            listener.deliver(event)

    # --- on the wire ----------------------------------------------------------------------------------------------

    def _ask_for(self, entries: Iterable[_Entry]) -> list[asyncio.Future[object]]:
        """Subscribe to what ``entries`` add to the events that are subscribed already."""
        if self._connection is None:
            return []
        entries = list(entries)
        wanted = {entry.pattern: self._known.expand(entry.pattern) for entry in entries}
        # What the server does not know goes by itself, so that a server that refuses it refuses nothing else.
        known: list[Pattern] = []
        unknown: list[Pattern] = []
        for pattern, names in wanted.items():
            if not self._known.knows(pattern):
                logger.warning("the server does not list the event %s", pattern)
            for name in names:
                if name not in self._asked:
                    (known if self._known.knows(name) else unknown).append(name)
        asked = [*self._subscribe(self._connection, known), *self._subscribe(self._connection, unknown)]
        for entry in entries:
            entry.answers = list(dict.fromkeys(self._asked[name] for name in wanted[entry.pattern]))
            for answer in entry.answers:
                answer.add_done_callback(partial(self._settle, entry))
            if not entry.answers:
                entry.is_settled.set()
        return asked

    def _subscribe(self, connection: Connection, names: list[Pattern]) -> Iterator[asyncio.Future[object]]:
        if names:
            answer = connection.post(Request("Subscribe", {"events": event_types(dict.fromkeys(names))}))
            self._asked |= dict.fromkeys(names, answer)
            yield answer

    def _settle(self, entry: _Entry, answer: asyncio.Future[object]) -> None:
        outcome = answer.result()
        if isinstance(outcome, RequestRefused):
            self._asked = {name: asked for name, asked in self._asked.items() if asked is not answer}
            if self._entries.get(entry.pattern.folded) is entry:
                del self._entries[entry.pattern.folded]
                self._release(entry, outcome)
                self._take_back([entry])
        elif not isinstance(outcome, RemoteError) and all(
            future.done() and not isinstance(future.result(), RemoteError) for future in entry.answers
        ):
            entry.is_settled.set()
        # Any other error means that the connection was lost; the next one brings the answer.

    def _release(self, entry: _Entry, error: RemoteError | None) -> None:
        """Tell the listeners of an entry that is gone; one that still hears something else goes on."""
        entry.error = error
        for listener in entry.listeners:
            if not self.hears(listener):
                listener.end(error)
            elif error is not None:
                logger.warning("nobody hears %s: %s", entry.pattern, error)
        entry.is_settled.set()

    def _take_back(self, dropped: list[_Entry]) -> None:
        """Unsubscribe what ``dropped`` entries wanted and no other one wants."""
        if self._connection is None or not dropped:
            return
        kept = {name for entry in self._entries.values() for name in self._known.expand(entry.pattern)}
        names = {name: None for entry in dropped for name in self._known.expand(entry.pattern)}
        gone = [name for name in names if name in self._asked and name not in kept]
        if gone:
            for name in gone:
                del self._asked[name]
            self._connection.post(Request("UnSubscribe", {"events": event_types(gone)}))
