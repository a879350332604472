"""Who hears changes: an iterator (:class:`Watch`) or a handler (:class:`Subscription`), each with a bounded queue.

How far a listener may fall behind, and what then happens to it, is decided here; what is subscribed on the wire is
not (see :mod:`stagedoor.kilovolt.subscription`).
"""

import asyncio
import copy
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self, TypeAlias

from stagedoor.kilovolt.errors import ClientClosed, CommandError, KilovoltError, SubscriptionOverflow
from stagedoor.kilovolt.subscription import Change, Listener, Topic

logger = logging.getLogger(__name__)

QUEUE_LIMIT: Final = 1024
"""How many changes may wait for one listener: seconds of the busiest chat, and no more memory than it deserves."""

Handler: TypeAlias = Callable[[Change], object]
"""A plain function, or one whose result is awaited."""

Join: TypeAlias = Callable[[Topic, Listener], Awaitable[None]]
Leave: TypeAlias = Callable[[Topic, Listener], None]


class _ChangeQueue:
    """Changes that wait for one listener, in order; whoever puts them decides what happens at the limit."""

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"a queue of changes holds at least one, not {limit}")
        self.limit = limit
        self._waiting: deque[Change] = deque(maxlen=limit)
        self._error: KilovoltError | None = None
        self._is_ended = False
        self._news = asyncio.Event()

    @property
    def is_full(self) -> bool:
        return len(self._waiting) == self.limit

    def put(self, change: Change) -> None:
        """Add a change; in a full queue the oldest one goes."""
        if not self._is_ended:
            self._waiting.append(change)
            self._news.set()

    def end(self, error: KilovoltError | None) -> None:
        """Let :meth:`get` give what still waits, and then ``error`` or ``None``. The first end counts."""
        if not self._is_ended:
            # That the client was closed is no news to who closed it.
            self._error = None if isinstance(error, ClientClosed) else error
            self._is_ended = True
            self._news.set()

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    async def get(self) -> Change | None:
        """Wait for a change; ``None`` means the end. Cancellation: safe; no change is lost."""
        while not self._waiting:
            if self._is_ended:
                if self._error is None:
                    return None
                raise copy.copy(self._error)
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


class Watch:
    """The changes of one key or prefix, as an asynchronous iterator; made by ``Client.watch``.

    It hears them from the moment that its ``async with`` block begins. When more than its limit wait to be taken, it
    gives those, and then raises :exc:`SubscriptionOverflow`, since it can no longer tell the whole story. When the
    client is closed, or loses its connection for good, the iteration ends: quietly, or with the error.
    """

    def __init__(self, topic: Topic, join: Join, leave: Leave, limit: int) -> None:
        self._topic = topic
        self._join = join
        self._leave = leave
        self._queue = _ChangeQueue(limit)
        self._is_entered = False

    async def __aenter__(self) -> Self:
        if self._is_entered:
            raise RuntimeError("a watch can be entered once; make another one")
        self._is_entered = True
        await self._join(self._topic, self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the iteration; changes that were not taken are dropped. The server is told, but not waited for."""
        self._leave(self._topic, self)
        self._queue.clear()
        self._queue.end(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        """Wait for the next change. Cancellation: safe; no change is lost."""
        if not self._is_entered:
            raise RuntimeError("enter the watch first: async with client.watch(…) as changes")
        change = await self._queue.get()
        if change is None:
            raise StopAsyncIteration
        return change

    def deliver(self, change: Change) -> None:
        """Take a change from the client."""
        if self._queue.is_full:
            self._leave(self._topic, self)
            self._queue.end(SubscriptionOverflow(self._topic.name, self._queue.limit))
        else:
            self._queue.put(change)

    def end(self, error: KilovoltError | None) -> None:
        """Hear from the client that no change follows."""
        self._queue.end(error)


class Subscription:
    """A handler's subscription of one key or prefix, and the way out of it; made by ``Client.subscribe``.

    The handler gets one change after the other, never two at a time. What it raises is logged. When more than the
    limit wait for it, the oldest are dropped and a warning is logged: the newest value is what a handler needs.
    """

    def __init__(self, topic: Topic, handler: Handler, leave: Leave, limit: int) -> None:
        self._topic = topic
        self._handler = handler
        self._leave = leave
        self._queue = _ChangeQueue(limit)
        self._is_behind = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.cancel()

    async def cancel(self) -> None:
        """End the subscription; the handler gets no more changes, not even those that wait.

        A call of the handler that is under way goes on, so it may cancel its own subscription. The server is told when
        nobody else here listens to the same, but not waited for.
        """
        self._leave(self._topic, self)
        self._queue.clear()
        self._queue.end(None)

    def deliver(self, change: Change) -> None:
        """Take a change from the client."""
        if not self._queue.is_full:
            self._is_behind = False
        elif not self._is_behind:
            self._is_behind = True
            logger.warning(
                "the handler of %r is too slow: %s changes wait, older ones are dropped",
                self._topic.name,
                self._queue.limit,
            )
        self._queue.put(change)

    def end(self, error: KilovoltError | None) -> None:
        """Hear from the client that no change follows."""
        if isinstance(error, CommandError):
            logger.warning("the handler of %r hears no more: %s", self._topic.name, error)
        self._queue.end(None)

    async def run(self) -> None:
        """Hand changes to the handler until the end; the client runs this in its own task group."""
        while (change := await self._queue.get()) is not None:
            try:
                result = self._handler(change)
                if inspect.isawaitable(result):
                    await result
            except Exception:
                logger.exception("the handler of %r failed at a change of %r", self._topic.name, change.key)
