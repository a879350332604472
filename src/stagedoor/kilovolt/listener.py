"""Who hears changes: an iterator (:class:`Watch`) or a handler (:class:`Subscription`), each with a bounded queue."""

from collections.abc import Callable
from typing import TypeAlias

from stagedoor.kilovolt.errors import ERRORS
from stagedoor.kilovolt.subscription import Change, Topic
from stagedoor.remote import listener as remote

Handler: TypeAlias = Callable[[Change], object]
"""A plain function, or one whose result is awaited."""


class Watch(remote.Watch[Topic, Change]):
    """The changes of one key or prefix, as an asynchronous iterator; made by ``Client.watch``.

    It hears them from the moment that its ``async with`` block begins. When more than its limit wait to be taken, it
    gives those, and then raises :exc:`SubscriptionOverflow`, since it can no longer tell the whole story. When the
    client is closed, or loses its connection for good, the iteration ends: quietly, or with the error.
    """

    errors = ERRORS


class Subscription(remote.Subscription[Topic, Change]):
    """A handler's subscription of one key or prefix, and the way out of it; made by ``Client.subscribe``.

    The handler gets one change after the other, never two at a time. What it raises is logged. When more than the
    limit wait for it, the oldest are dropped and a warning is logged: the newest value is what a handler needs.
    """

    def name_of(self, item: Change) -> str:
        """Name the key."""
        return f"a change of {item.key!r}"
