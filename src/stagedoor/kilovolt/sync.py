"""The Kilovolt client for scripts without an event loop: the same methods, each of which blocks.

It has no protocol of its own: an asynchronous client does the work, on an event loop in a thread of its own.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar, Unpack, overload
from weakref import WeakSet

from stagedoor.kilovolt.client import DEFAULT_URL, Client, ClientOptions, State
from stagedoor.kilovolt.commands import CALL_TIMEOUT_S, Keys, Values
from stagedoor.kilovolt.errors import ClientClosed, RequestTimeout
from stagedoor.kilovolt.listener import QUEUE_LIMIT, Handler, Subscription, Watch
from stagedoor.kilovolt.subscription import Change
from stagedoor.types import Key, Value

_INTERRUPT_CHECK_S: Final = 0.5
"""On Windows, Ctrl+C does not wake a thread that waits; it is noticed when the wait is over."""

_T = TypeVar("_T")
_D = TypeVar("_D")


class _LoopThread:
    """An event loop in a thread of its own, from the start of the object to :meth:`stop`."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._is_stopped = asyncio.Event()
        self._is_stopping = False
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop
        has_started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(has_started,), name="Kilovolt client", daemon=True)
        self._thread.start()
        has_started.wait()

    def run(self, coroutine: Coroutine[object, object, _T]) -> _T:
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
                raise ClientClosed
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
            raise ClientClosed from None
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


class SyncWatch:
    """The changes of one key or prefix, as an iterator; made by ``SyncClient.watch``.

    It hears them from its making on. It ends when it or the client is closed; for the rest, see
    :class:`~stagedoor.kilovolt.Watch`.
    """

    def __init__(self, thread: _LoopThread, watch: Watch, timeout_s: float | None) -> None:
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

    def __next__(self) -> Change:
        """Wait for the next change.

        Raises:
            RequestTimeout: When the watch was given a timeout and none comes in time; it may go on after that.
            SubscriptionOverflow: When changes came faster than they were taken.
            KilovoltError: What else ended the client.
        """
        try:
            change = self._thread.run(self._take())
        except ClientClosed:
            change = None
        if change is None:
            raise StopIteration
        return change

    def close(self) -> None:
        """End the iteration. May be called twice, and after the client was closed."""
        with suppress(ClientClosed):
            self._thread.run(self._close())

    async def _take(self) -> Change | None:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await anext(self._watch, None)
        except TimeoutError:
            raise RequestTimeout("watch", self._timeout_s or 0) from None

    async def _close(self) -> None:
        self._watch.close()


class SyncSubscription:
    """A handler's subscription, and the way out of it; made by ``SyncClient.subscribe``.

    The handler runs in a thread of its own, one change after the other, and may use the client.
    """

    def __init__(self, thread: _LoopThread, subscription: Subscription, executor: ThreadPoolExecutor) -> None:
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


class SyncClient:
    """A Kilovolt client that blocks: ``with SyncClient(url, password=…) as client``.

    Every method does, and raises, what the one of the same name of :class:`~stagedoor.kilovolt.Client` does. They may
    be called from any thread, and from handlers; only ``on_state`` is called on the client's own thread and must not.
    An interrupt (Ctrl+C) ends the wait and cancels the request.
    """

    def __init__(self, url: str = DEFAULT_URL, **options: Unpack[ClientOptions]) -> None:
        """Describe a client; :meth:`connect` opens it. The options are those of the asynchronous one."""
        self._client = Client(url, **options)
        self._thread: _LoopThread | None = None
        self._executors: WeakSet[ThreadPoolExecutor] = WeakSet()

    def __repr__(self) -> str:
        return f"<SyncClient {self.url} {self.state.value}>"

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
        thread = self._thread or _LoopThread()
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

    # --- commands -------------------------------------------------------------------------------------------------

    def version(self) -> str:
        """Fetch the version of the protocol that the server speaks."""
        return self._run(self._client.version())

    def uid(self) -> str:
        """Fetch the server's identifier of this connection."""
        return self._run(self._client.uid())

    def features(self) -> frozenset[str]:
        """Fetch the names of what the server adds to the protocol."""
        return self._run(self._client.features())

    def get(self, key: Key) -> Value:
        """Read one key; ``""`` if there is none."""
        return self._run(self._client.get(key))

    def get_many(self, keys: Iterable[Key]) -> Values:
        """Read several keys at one moment."""
        return self._run(self._client.get_many(keys))

    def get_all(self, prefix: str = "") -> Values:
        """Read all keys that begin with ``prefix``."""
        return self._run(self._client.get_all(prefix))

    def set(self, key: Key, value: Value) -> None:
        """Write one key."""
        self._run(self._client.set(key, value))

    def set_many(self, values: Mapping[Key, Value]) -> None:
        """Write several keys, all or none."""
        self._run(self._client.set_many(values))

    def delete(self, key: Key) -> None:
        """Remove a key."""
        self._run(self._client.delete(key))

    def list(self, prefix: str = "") -> Keys:
        """List the keys that begin with ``prefix``."""
        return self._run(self._client.list(prefix))

    def call(self, key: Key, value: Value = "", *, timeout_s: float = CALL_TIMEOUT_S) -> Value:
        """Ask the service that owns the request ``key``."""
        return self._run(self._client.call(key, value, timeout_s=timeout_s))

    # --- JSON -----------------------------------------------------------------------------------------------------

    @overload
    def get_json(self, key: Key, *, default: object = None) -> object: ...
    @overload
    def get_json(self, key: Key, type: type[_T]) -> _T | None: ...
    @overload
    def get_json(self, key: Key, type: type[_T], default: _D) -> _T | _D: ...

    def get_json(
        self,
        key: Key,
        type: type[object] = object,  # noqa: A002 - as in the asynchronous client
        default: object = None,
    ) -> object:
        """Read a key that holds JSON, as a ``type`` that msgspec can decode."""
        return self._run(self._client.get_json(key, type, default))

    def set_json(self, key: Key, value: object) -> None:
        """Write a key as JSON."""
        self._run(self._client.set_json(key, value))

    def set_many_json(self, values: Mapping[Key, object]) -> None:
        """Write several keys as JSON, all or none."""
        self._run(self._client.set_many_json(values))

    @overload
    def call_json(self, key: Key, value: object = None, *, timeout_s: float = CALL_TIMEOUT_S) -> object: ...
    @overload
    def call_json(self, key: Key, value: object, type: type[_T], *, timeout_s: float = CALL_TIMEOUT_S) -> _T | None: ...

    def call_json(
        self,
        key: Key,
        value: object = None,
        type: type[object] = object,  # noqa: A002
        *,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> object:
        """Ask the service that owns the request ``key``, with JSON in both directions."""
        return self._run(self._client.call_json(key, value, type, timeout_s=timeout_s))

    # --- subscriptions --------------------------------------------------------------------------------------------

    def watch(self, key: Key, *, limit: int = QUEUE_LIMIT, timeout_s: float | None = None) -> SyncWatch:
        """Begin to hear ``key``: ``for change in client.watch(key)``.

        ``limit`` changes may wait to be taken. A wait of more than ``timeout_s`` raises :exc:`RequestTimeout`.
        """
        return SyncWatch(self._open_thread(), self._client.watch(key, limit=limit), timeout_s)

    def watch_prefix(self, prefix: str, *, limit: int = QUEUE_LIMIT, timeout_s: float | None = None) -> SyncWatch:
        """Begin to hear all keys that begin with ``prefix``; the empty one hears every key."""
        return SyncWatch(self._open_thread(), self._client.watch_prefix(prefix, limit=limit), timeout_s)

    def subscribe(self, key: Key, handler: Callable[[Change], object], *, limit: int = QUEUE_LIMIT) -> SyncSubscription:
        """Have ``handler`` called with each change of ``key``, in a thread of its own."""
        return self._subscribe(self._client.subscribe, key, handler, limit)

    def subscribe_prefix(
        self, prefix: str, handler: Callable[[Change], object], *, limit: int = QUEUE_LIMIT
    ) -> SyncSubscription:
        """Have ``handler`` called with each change of a key that begins with ``prefix``, in a thread of its own."""
        return self._subscribe(self._client.subscribe_prefix, prefix, handler, limit)

    def unsubscribe(self, key: Key) -> None:
        """End all handlers and iterators of ``key`` in this client."""
        self._run(self._client.unsubscribe(key))

    def unsubscribe_prefix(self, prefix: str) -> None:
        """End all handlers and iterators of exactly this ``prefix`` in this client."""
        self._run(self._client.unsubscribe_prefix(prefix))

    def _subscribe(
        self, subscribe: "_Subscribe", name: str, handler: Callable[[Change], object], limit: int
    ) -> SyncSubscription:
        thread = self._open_thread()
        executor = ThreadPoolExecutor(1, thread_name_prefix=f"handler of {name!r}")

        def call_in_thread(change: Change) -> object:
            return asyncio.get_running_loop().run_in_executor(executor, handler, change)

        try:
            subscription = thread.run(subscribe(name, call_in_thread, limit=limit))
        except BaseException:
            executor.shutdown(wait=False)
            raise
        self._executors.add(executor)
        return SyncSubscription(thread, subscription, executor)

    def _open_thread(self) -> _LoopThread:
        if self._thread is None:
            raise ClientClosed
        return self._thread

    def _run(self, coroutine: Coroutine[object, object, _T]) -> _T:
        if self._thread is None:
            coroutine.close()
            raise ClientClosed
        return self._thread.run(coroutine)


class _Subscribe(Protocol):
    def __call__(self, name: str, handler: Handler, /, *, limit: int) -> Coroutine[object, object, Subscription]: ...
