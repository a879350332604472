"""Who hears events: an iterator (:class:`Watch`) or a handler (:class:`Subscription`), each with a bounded queue."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from stagedoor.remote import listener as remote
from stagedoor.remote.errors import RemoteError
from stagedoor.streamerbot.client.errors import ERRORS
from stagedoor.streamerbot.client.event import Event
from stagedoor.streamerbot.client.patterns import Topic
from stagedoor.types import JsonObject

Handler: TypeAlias = Callable[[Event], object]
"""A plain function, or one whose result is awaited."""


class Watch(remote.Watch[Topic, Event]):
    """Events as an asynchronous iterator; made by ``Client.watch``.

    It hears them from the moment that its ``async with`` block begins. When more than its limit wait to be taken, it
    gives those, and then raises :exc:`SubscriptionOverflow`, since it can no longer tell the whole story. When the
    client is closed, or loses its connection for good, the iteration ends: quietly, or with the error.
    """

    errors = ERRORS


class Subscription(remote.Subscription[Topic, Event]):
    """A handler's subscription, and the way out of it; made by ``Client.subscribe``.

    The handler gets one event after the other, never two at a time. What it raises is logged. When more than the
    limit wait for it, the oldest are dropped and a warning is logged.
    """

    def name_of(self, item: Event) -> str:
        """Name the event."""
        return item.name


class Response:
    """Waits for the custom event that is named ``event_name``, with which an action answers."""

    def __init__(self, event_name: str) -> None:
        self._event_name = event_name
        self._args: asyncio.Future[JsonObject | RemoteError] = asyncio.get_running_loop().create_future()

    async def wait(self) -> JsonObject:
        """Wait for the event and return its arguments. Cancellation: safe."""
        args = await self._args
        if isinstance(args, RemoteError):
            raise args
        return args

    def deliver(self, item: Event) -> None:
        """Take an event from the client."""
        if item.data.get("eventName") == self._event_name and not self._args.done():
            args = item.data.get("args")
            self._args.set_result(args if isinstance(args, dict) else {})

    def end(self, error: RemoteError | None) -> None:
        """Hear from the client that no event follows."""
        if error is not None and not self._args.done():
            self._args.set_result(error)
