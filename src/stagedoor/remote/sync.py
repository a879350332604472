"""Clients for scripts without an event loop: an asynchronous client does the work, in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any, ClassVar, Final, Generic, Self, TypeVar
from weakref import WeakSet

from stagedoor.remote.client import RemoteClient
from stagedoor.remote.errors import ClientClosed, ErrorClasses
from stagedoor.remote.listener import Subscription, T, TopicT, Watch
from stagedoor.remote.state import State

_INTERRUPT_CHECK_S: Final = 0.5
"""On Windows, Ctrl+C does not wake a thread that waits; it is noticed when the wait is over."""

ClientT = TypeVar("ClientT", bound=RemoteClient[Any, Any])


class LoopThread:
    """An event loop in a thread of its own, from the start of the object to :meth:`stop`."""

    def __init__(self, name: str, errors: ErrorClasses) -> None:
        self._errors = errors
        self._runner = asyncio.Runner()
        self._is_stopped = asyncio.Event()
        self._is_stopping = False
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop
        has_started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(has_started,), name=name, daemon=True)
        self._thread.start()
        has_started.wait()

    def run(self, coroutine: Coroutine[object, object, T]) -> T:
        """Run ``coroutine`` on the loop and wait for its result; an interrupt cancels it.

        Raises:
            ClientClosed: When the loop is stopped, before or meanwhile.
            RuntimeError: When called on the loop's own thread, which would wait for itself.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("a callback on the client's own thread cannot wait for the client")
        with self._lock:
            if self._is_stopping:
                coroutine.close()
                raise self._errors.client_closed
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            while True:
                try:
                    return future.result(_INTERRUPT_CHECK_S)
                except TimeoutError:
                    # The coroutine's own, or only the end of this short wait.
                    if future.done():
                        return future.result()
        except CancelledError:
            raise self._errors.client_closed from None
        finally:
            future.cancel()

    def stop(self) -> None:
        """Cancel what runs and end the thread. May be called twice."""
        with self._lock:
            if not self._is_stopping:
                self._is_stopping = True
                self._loop.call_soon_threadsafe(self._is_stopped.set)
        self._thread.join()

    def _serve(self, has_started: threading.Event) -> None:
        with self._runner as runner:
            self._loop = runner.get_loop()
            has_started.set()
            runner.run(self._wait_stopped())

    async def _wait_stopped(self) -> None:
        await self._is_stopped.wait()


class SyncWatch(Generic[TopicT, T]):
    """The news of one topic, as an iterator; made by ``SyncClient.watch``.

    It hears them from its making on. It ends when it or the client is closed; for the rest, see
    :class:`~stagedoor.remote.listener.Watch`.
    """

    def __init__(self, thread: LoopThread, watch: Watch[TopicT, T], timeout_s: float | None) -> None:
        self._thread = thread
        self._watch = watch
        self._timeout_s = timeout_s
        thread.run(watch.__aenter__())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        """Wait for what comes next.

        Raises:
            RequestTimeout: When the watch was given a timeout and none comes in time; it may go on after that.
            SubscriptionOverflow: When more came than was taken.
            RemoteError: What else ended the client.
        """
        try:
            item = self._thread.run(self._take())
        except ClientClosed:
            item = None
        if item is None:
            raise StopIteration
        return item

    def close(self) -> None:
        """End the iteration. May be called twice, and after the client was closed."""
        with suppress(ClientClosed):
            self._thread.run(self._close())

    async def _take(self) -> T | None:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await anext(self._watch, None)
        except TimeoutError:
            raise self._watch.errors.request_timeout("watch", self._timeout_s or 0) from None

    async def _close(self) -> None:
        self._watch.close()


class SyncSubscription:
    """A handler's subscription, and the way out of it; made by ``SyncClient.subscribe``.

    The handler runs in a thread of its own, one item after the other, and may use the client.
    """

    def __init__(self, thread: LoopThread, subscription: Subscription[Any, Any], executor: ThreadPoolExecutor) -> None:
        self._thread = thread
        self._subscription = subscription
        self._executor = executor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.cancel()

    def cancel(self) -> None:
        """End the subscription; a call of the handler that is under way goes on. May be called twice."""
        with suppress(ClientClosed):
            self._thread.run(self._subscription.cancel())
        self._executor.shutdown(wait=False)


class SyncRemoteClient(Generic[ClientT]):
    """What the blocking clients of all protocols do: run an asynchronous one in a thread."""

    errors: ClassVar[ErrorClasses]
    thread_name: ClassVar[str]

    def __init__(self, client: ClientT) -> None:
        self._client = client
        self._thread: LoopThread | None = None
        self._executors: WeakSet[ThreadPoolExecutor] = WeakSet()

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._client.url

    @property
    def state(self) -> State:
        """Where the client stands now."""
        return self._client.state

    def connect(self) -> None:
        """Start the client's thread, connect and log in."""
        thread = self._thread or LoopThread(self.thread_name, self.errors)
        try:
            thread.run(self._client.connect())
        except BaseException:
            self._thread = None
            thread.stop()
            raise
        self._thread = thread

    def close(self) -> None:
        """End the connection, the subscriptions and the client's thread. A closed client may be closed again."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        try:
            thread.run(self._client.close())
        finally:
            thread.stop()
            for executor in self._executors:
                executor.shutdown(wait=False)

    def _subscribe(
        self,
        subscribe: Callable[[Callable[[T], object]], Coroutine[object, object, Subscription[TopicT, T]]],
        name: str,
        handler: Callable[[T], object],
    ) -> SyncSubscription:
        """Subscribe with a handler that runs in a thread of its own, called for ``name``."""
        thread = self._open_thread()
        executor = ThreadPoolExecutor(1, thread_name_prefix=f"handler of {name!r}")

        def call_in_thread(item: T) -> object:
            return asyncio.get_running_loop().run_in_executor(executor, handler, item)

        try:
            subscription = thread.run(subscribe(call_in_thread))
        except BaseException:
            executor.shutdown(wait=False)
            raise
        self._executors.add(executor)
        return SyncSubscription(thread, subscription, executor)

    def _open_thread(self) -> LoopThread:
        if self._thread is None:
            raise self.errors.client_closed
        return self._thread

    def _run(self, coroutine: Coroutine[object, object, T]) -> T:
        if self._thread is None:
            coroutine.close()
            raise self.errors.client_closed
        return self._thread.run(coroutine)
