"""The Kilovolt client for scripts without an event loop: the same methods, each of which blocks."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeVar, Unpack, overload

from stagedoor.kilovolt.client import DEFAULT_URL, Client, ClientOptions
from stagedoor.kilovolt.commands import CALL_TIMEOUT_S, Keys, Values
from stagedoor.kilovolt.errors import ERRORS
from stagedoor.kilovolt.subscription import Change, Topic
from stagedoor.remote import sync as remote
from stagedoor.remote.listener import QUEUE_LIMIT
from stagedoor.remote.sync import SyncSubscription
from stagedoor.types import Key, Value

_T = TypeVar("_T")
_D = TypeVar("_D")


class SyncWatch(remote.SyncWatch[Topic, Change]):
    """The changes of one key or prefix, as an iterator; made by ``SyncClient.watch``.

    It hears them from its making on. It ends when it or the client is closed; for the rest, see
    :class:`~stagedoor.kilovolt.Watch`.
    """


class SyncClient(remote.SyncRemoteClient[Client]):
    """A Kilovolt client that blocks: ``with SyncClient(url, password=…) as client``.

    Every method does, and raises, what the one of the same name of :class:`~stagedoor.kilovolt.Client` does. They may
    be called from any thread, and from handlers; only ``on_state`` is called on the client's own thread and must not.
    An interrupt (Ctrl+C) ends the wait and cancels the request.
    """

    errors = ERRORS
    thread_name = "Kilovolt client"

    def __init__(self, url: str = DEFAULT_URL, **options: Unpack[ClientOptions]) -> None:
        """Describe a client; :meth:`connect` opens it. The options are those of the asynchronous one."""
        super().__init__(Client(url, **options))

    def __repr__(self) -> str:
        return f"<SyncClient {self.url} {self.state.value}>"

    @property
    def scopes(self) -> tuple[str, ...] | None:
        """What the owner lets this client touch, as the last login told; ``None`` for everything but secrets."""
        return self._client.scopes

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
        return self._subscribe(partial(self._client.subscribe, key, limit=limit), key, handler)

    def subscribe_prefix(
        self, prefix: str, handler: Callable[[Change], object], *, limit: int = QUEUE_LIMIT
    ) -> SyncSubscription:
        """Have ``handler`` called with each change of a key that begins with ``prefix``, in a thread of its own."""
        return self._subscribe(partial(self._client.subscribe_prefix, prefix, limit=limit), prefix, handler)

    def unsubscribe(self, key: Key) -> None:
        """End all handlers and iterators of ``key`` in this client."""
        self._run(self._client.unsubscribe(key))

    def unsubscribe_prefix(self, prefix: str) -> None:
        """End all handlers and iterators of exactly this ``prefix`` in this client."""
        self._run(self._client.unsubscribe_prefix(prefix))
