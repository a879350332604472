"""What a client hears: each key and prefix subscribed once on the wire, whoever listens to it here.

A subscription is a wish that outlives connections; this module sends it through the connection that it is given, and
never opens one.
"""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Literal, NamedTuple

import msgspec

from stagedoor.kilovolt.connection import Connection
from stagedoor.kilovolt.errors import CommandError, KilovoltError, RequestTimeout
from stagedoor.kilovolt.messages import (
    KeyData,
    PrefixData,
    Request,
    Subscribe,
    SubscribePrefix,
    Unsubscribe,
    UnsubscribePrefix,
)
from stagedoor.remote.errors import RemoteError
from stagedoor.remote.listener import Listener
from stagedoor.types import Key, Value


class Change(msgspec.Struct, frozen=True, gc=False):
    """A write to a key; one that was deleted has the value ``""``."""

    key: Key
    value: Value


class Topic(NamedTuple):
    """What one subscription on the wire names."""

    kind: Literal["key", "prefix"]
    name: str

    def subscribe(self) -> Request:
        """Make the request that begins it."""
        if self.kind == "key":
            return Subscribe(data=KeyData(self.name))
        return SubscribePrefix(data=PrefixData(self.name))

    def unsubscribe(self) -> Request:
        """Make the request that ends it."""
        if self.kind == "key":
            return Unsubscribe(data=KeyData(self.name))
        return UnsubscribePrefix(data=PrefixData(self.name))


class _Entry:
    """Everybody who listens to one topic."""

    def __init__(self) -> None:
        self.listeners: list[Listener[Change]] = []
        self.error: RemoteError | None = None
        self.is_settled = asyncio.Event()
        """Set by the server's answer, be it an error, and when no server will answer any more."""

    def deliver(self, change: Change) -> None:
        # A copy, because a listener that overflows leaves.
        for listener in tuple(self.listeners):
            listener.deliver(change)

    def end(self, error: RemoteError | None) -> None:
        self.error = error
        for listener in self.listeners:
            listener.end(error)
        self.is_settled.set()


class Subscriptions:
    """All topics of one client."""

    def __init__(self) -> None:
        self._keys: dict[Key, _Entry] = {}
        self._prefixes: dict[str, _Entry] = {}
        self._connection: Connection | None = None

    def attach(self, connection: Connection) -> list[asyncio.Future[object]]:
        """Subscribe every topic on a new connection; each future ends with the server's answer."""
        self._connection = connection
        return [self._post(connection, topic, entry) for topic, entry in self._topics()]

    def detach(self) -> None:
        """Hear that the connection is gone; the topics stay, for the next one."""
        self._connection = None

    async def add(self, topic: Topic, listener: Listener[Change], timeout_s: float) -> None:
        """Let ``listener`` hear ``topic``, and wait until the server has confirmed it.

        Raises:
            CommandError: When the server refuses.
            RequestTimeout: When it does not confirm in time, over as many connections as it takes.
            KilovoltError: Whatever else ends the client meanwhile.
        Cancellation: safe; the listener then hears no more.
        """
        entry = self._table(topic).get(topic.name)
        if entry is None:
            entry = self._table(topic)[topic.name] = _Entry()
            if self._connection is not None:
                self._post(self._connection, topic, entry)
        entry.listeners.append(listener)
        try:
            async with asyncio.timeout(timeout_s):
                await entry.is_settled.wait()
        except TimeoutError:
            self.remove(topic, listener)
            raise RequestTimeout(str(topic.subscribe().__struct_config__.tag), timeout_s) from None
        except asyncio.CancelledError:
            self.remove(topic, listener)
            raise
        if entry.error is not None:
            raise entry.error

    def remove(self, topic: Topic, listener: Listener[Change]) -> None:
        """Let ``listener`` hear no more. The server is told when it was the last, but not waited for."""
        entry = self._table(topic).get(topic.name)
        if entry is None or listener not in entry.listeners:
            return
        entry.listeners.remove(listener)
        if not entry.listeners:
            self._drop(topic)

    def clear(self, topic: Topic) -> None:
        """Let nobody here hear ``topic`` any more."""
        entry = self._table(topic).get(topic.name)
        if entry is not None:
            self._drop(topic)
            entry.end(None)

    def end(self, error: RemoteError) -> None:
        """End all topics: ``error`` keeps the client from ever connecting again."""
        topics = list(self._topics())
        self._keys, self._prefixes = {}, {}
        for _, entry in topics:
            entry.end(error)

    def dispatch(self, key: Key, value: Value) -> None:
        """Hand a push to everybody whose topic matches."""
        change = Change(key, value)
        if exact := self._keys.get(key):
            exact.deliver(change)
        # Linear, as a client has a handful of prefixes.
        for entry in [entry for prefix, entry in self._prefixes.items() if key.startswith(prefix)]:
            entry.deliver(change)

    def _table(self, topic: Topic) -> dict[str, _Entry]:
        return self._keys if topic.kind == "key" else self._prefixes

    def _topics(self) -> Iterator[tuple[Topic, _Entry]]:
        for key, entry in self._keys.items():
            yield Topic("key", key), entry
        for prefix, entry in self._prefixes.items():
            yield Topic("prefix", prefix), entry

    def _drop(self, topic: Topic) -> None:
        del self._table(topic)[topic.name]
        if self._connection is not None:
            self._connection.post(topic.unsubscribe())

    def _post(self, connection: Connection, topic: Topic, entry: _Entry) -> asyncio.Future[object]:
        answer = connection.post(topic.subscribe())
        answer.add_done_callback(partial(self._settle, topic, entry))
        return answer

    def _settle(self, topic: Topic, entry: _Entry, answer: asyncio.Future[object]) -> None:
        outcome = answer.result()
        if isinstance(outcome, CommandError):
            if self._table(topic).get(topic.name) is entry:
                del self._table(topic)[topic.name]
            entry.end(outcome)
        elif not isinstance(outcome, KilovoltError):
            entry.is_settled.set()
        # Any other error means that the connection was lost; the next one brings the answer.
