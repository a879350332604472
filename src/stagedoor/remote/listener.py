"""Who hears news: an iterator (:class:`Watch`) or a handler (:class:`Subscription`), each with a bounded queue.

How far a listener may fall behind, and what then happens to it, is decided here; what is subscribed on the wire is
each protocol's affair.
"""

import asyncio
import copy
import inspect
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import ClassVar, Final, Generic, Protocol, Self, TypeVar

from stagedoor.remote.errors import ClientClosed, ErrorClasses, RemoteError, RequestRefused

logger = logging.getLogger(__name__)

QUEUE_LIMIT: Final = 1024
"""How much may wait for one listener: seconds of the busiest chat, and no more memory than it deserves."""


class Named(Protocol):
    """What can be listened to: a key, a prefix, a set of events."""

    @property
    def name(self) -> str:
        """How it is called in messages for people."""


T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)
TopicT = TypeVar("TopicT", bound=Named)


class Listener(Protocol[T_contra]):
    """Who hears a topic. Both methods are called on the event loop, and must neither block nor raise."""

    def deliver(self, item: T_contra) -> None:
        """Take what is new."""

    def end(self, error: RemoteError | None) -> None:
        """Hear that nothing follows: because of ``error``, or because somebody here wants no more."""


def check_limit(limit: int) -> None:
    """Refuse a limit that no queue can have.

    Raises:
        ValueError: When nothing could wait.
    """
    if limit < 1:
        raise ValueError(f"a queue holds at least one, not {limit}")


class _Queue(Generic[T]):
    """What waits for one listener, in order; whoever puts it there decides what happens at the limit."""

    def __init__(self, limit: int) -> None:
        check_limit(limit)
        self.limit = limit
        self._waiting: deque[T] = deque(maxlen=limit)
        self._error: RemoteError | None = None
        self._is_ended = False
        self._news = asyncio.Event()

    @property
    def is_full(self) -> bool:
        return len(self._waiting) == self.limit

    def put(self, item: T) -> None:
        """Add an item; in a full queue the oldest one goes."""
        if not self._is_ended:
            self._waiting.append(item)
            self._news.set()

    def end(self, error: RemoteError | None) -> None:
        """Let :meth:`get` give what still waits, and then ``error`` or ``None``. The first end counts."""
        if not self._is_ended:
            # That the client was closed is no news to who closed it.
            self._error = None if isinstance(error, ClientClosed) else error
            self._is_ended = True
            self._news.set()

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    async def get(self) -> T | None:
        """Wait for an item; ``None`` means the end. Cancellation: safe; nothing is lost."""
        while not self._waiting:
            if self._is_ended:
                if self._error is None:
                    return None
                raise copy.copy(self._error)
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


class Watch(Generic[TopicT, T]):
    """The news of one topic, as an asynchronous iterator; made by ``Client.watch``.

    It hears what happens from the moment that its ``async with`` block begins. When more than its limit wait to be
    taken, it gives those, and then raises :exc:`SubscriptionOverflow`, since it can no longer tell the whole story.
    When the client is closed, or loses its connection for good, the iteration ends: quietly, or with the error.
    """

    errors: ClassVar[ErrorClasses]

    def __init__(
        self,
        topic: TopicT,
        join: Callable[[TopicT, Listener[T]], Awaitable[None]],
        leave: Callable[[TopicT, Listener[T]], None],
        limit: int,
    ) -> None:
        self._topic = topic
        self._join = join
        self._leave = leave
        self._queue = _Queue[T](limit)
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
        """End the iteration; what was not taken is dropped. The server is told, but not waited for."""
        self._leave(self._topic, self)
        self._queue.clear()
        self._queue.end(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        """Wait for what comes next. Cancellation: safe; nothing is lost."""
        if not self._is_entered:
            raise RuntimeError("enter the watch first: async with client.watch(…) as news")
        item = await self._queue.get()
        if item is None:
            raise StopAsyncIteration
        return item

    def deliver(self, item: T) -> None:
        """Take what is new from the client."""
        if self._queue.is_full:
            self._leave(self._topic, self)
            self._queue.end(self.errors.subscription_overflow(self._topic.name, self._queue.limit))
        else:
            self._queue.put(item)

    def end(self, error: RemoteError | None) -> None:
        """Hear from the client that nothing follows."""
        self._queue.end(error)


class Subscription(ABC, Generic[TopicT, T]):
    """A handler's subscription of one topic, and the way out of it; made by ``Client.subscribe``.

    The handler gets one item after the other, never two at a time. What it raises is logged. When more than the
    limit wait for it, the oldest are dropped and a warning is logged: the newest is what a handler needs.
    """

    def __init__(
        self,
        topic: TopicT,
        handler: Callable[[T], object],
        leave: Callable[[TopicT, Listener[T]], None],
        limit: int,
    ) -> None:
        self._topic = topic
        self._handler = handler
        self._leave = leave
        self._queue = _Queue[T](limit)
        self._is_behind = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.cancel()

    async def cancel(self) -> None:
        """End the subscription; the handler gets nothing more, not even what waits.

        A call of the handler that is under way goes on, so it may cancel its own subscription. The server is told when
        nobody else here listens to the same, but not waited for.
        """
        self.close()

    def close(self) -> None:
        """Do as :meth:`cancel`, from the event loop."""
        self._leave(self._topic, self)
        self._queue.clear()
        self._queue.end(None)

    def deliver(self, item: T) -> None:
        """Take what is new from the client."""
        if not self._queue.is_full:
            self._is_behind = False
        elif not self._is_behind:
            self._is_behind = True
            logger.warning(
                "the handler of %r is too slow: %s wait for it, older ones are dropped",
                self._topic.name,
                self._queue.limit,
            )
        self._queue.put(item)

    def end(self, error: RemoteError | None) -> None:
        """Hear from the client that nothing follows."""
        if isinstance(error, RequestRefused):
            logger.warning("the handler of %r hears no more: %s", self._topic.name, error)
        self._queue.end(None)

    async def run(self) -> None:
        """Hand to the handler what comes until the end; the client runs this in its own task group."""
        while (item := await self._queue.get()) is not None:
            try:
                result = self._handler(item)
                if inspect.isawaitable(result):
                    await result
            except Exception:
                logger.exception("the handler of %r failed at %s", self._topic.name, self.name_of(item))

    @abstractmethod
    def name_of(self, item: T) -> str:
        """Name for the log what the handler failed at, without what may be secret in it."""
