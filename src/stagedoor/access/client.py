"""A client of the hub: the one choke point where grants are checked, for connections and services alike.

A session of a protocol holds a client and never the hub; so does each service. They differ in their grant alone, and
the order of what they read, write and hear is the same.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

from stagedoor.access.grants import NOBODY, Grant, Level, Verb
from stagedoor.errors import InvalidKey, NotPermitted, StoreError
from stagedoor.hub import REQUEST_TIMEOUT_S, Change, Hub, RequestHandler, Scan, Write
from stagedoor.types import MAX_KEY_BYTES, ClientId, Key, Value

_ids: Final = count(1)

Deliver = Callable[[Change], None]


class Client:
    """Who is behind a connection or a service, with a grant.

    ``deliver`` hears the changes that were subscribed to. It is called on the hub's thread, one change after the
    other, and must not wait.
    """

    __slots__ = ("_hub", "_keys", "_known", "_prefixes", "_under_way", "deliver", "grant", "id")

    def __init__(self, hub: Hub, grant: Grant = NOBODY, deliver: Deliver | None = None) -> None:
        self.id = ClientId(next(_ids))
        self.grant = grant
        self.deliver: Deliver = deliver or _ignore
        self._hub = hub
        self._known = hub.catalogue.known
        self._keys: set[Key] = set()
        self._prefixes: set[str] = set()
        self._under_way = 0

    # --- reading ---

    def get(self, key: Key) -> Value:
        """Read a key; ``""`` when there is none. Secrets read as empty but for the owner.

        Raises:
            NotPermitted: When the grant does not cover reading it.
        """
        spec = self._known.get(key) or self._hub.catalogue.resolve(key)
        grant = self.grant
        if spec.is_public and grant.is_only_public:
            return self._hub.get(key, spec)
        if not grant.allows(Verb.READ, spec):
            raise NotPermitted(Verb.READ, key)
        return self._hub.get_whole(key, spec) if grant.is_owner else self._hub.get(key, spec)

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Value]:
        """Read several keys at one moment; raises as :meth:`get` does."""
        return {key: self.get(key) for key in keys}

    def scan(self, prefix: str) -> Scan:
        """Walk over the keys with a prefix that the grant covers; close the walk.

        Raises:
            NotPermitted: When the grant covers no reading at all.
        """
        if self.grant.level is Level.NOBODY:
            raise NotPermitted(Verb.LIST, prefix)
        scan = self._hub.scan(prefix, with_secrets=self.grant.is_owner)
        if self.grant.is_owner or not self._hub.catalogue.is_restricted(prefix):
            return scan
        return _FilteredScan(scan, self)

    def may_list(self, key: Key) -> bool:
        """Tell whether a key may appear in a list."""
        return self.grant.allows(Verb.LIST, self._hub.catalogue.resolve(key))

    # --- writing ---

    def write(self, writes: Sequence[Write], done: Callable[[StoreError | None], None]) -> bool:
        """Write all keys at one moment, or none; ``done`` hears how it ended.

        A client's batches become visible in the order in which it wrote them.

        Returns:
            Whether the batch is under way still; when not, ``done`` has been called.
        Raises:
            NotPermitted: When the grant does not cover one of the keys.
            InvalidKey: When a key is too long to be stored.
            StoreError: When a secret that is to be kept cannot be read.
        """
        resolve = self._hub.catalogue.resolve
        known = self._known
        for key, _ in writes:
            spec = known.get(key) or resolve(key)
            if not (spec.is_public and self.grant.is_only_public) and not self.grant.allows(Verb.WRITE, spec):
                raise NotPermitted(Verb.WRITE, key)
            _check_size(key)

        def settle(error: StoreError | None) -> None:
            self._under_way -= 1
            done(error)

        self._under_way += 1
        try:
            return self._hub.write(writes, settle, queue_up=self._under_way > 1, keep_secrets=not self.grant.is_owner)
        except StoreError:
            self._under_way -= 1
            raise

    async def put(self, key: Key, value: Value | None) -> None:
        """Write one key as :meth:`put_all` does; ``None`` deletes it."""
        await self.put_all([Write(key, value)])

    async def put_all(self, writes: Sequence[Write]) -> None:
        """Write all keys at one moment, or none, and wait until they survive a crash.

        Raises:
            StoreError: When the store refused; and as :meth:`write` does.
        Cancellation: the write may or may not happen.
        """
        future: asyncio.Future[StoreError | None] = asyncio.get_running_loop().create_future()

        def done(error: StoreError | None) -> None:
            if not future.done():
                future.set_result(error)

        self.write(writes, done)
        error = await future
        if error is not None:
            raise error

    # --- subscribing ---

    def subscribe(self, key: Key) -> None:
        """Hear each write to ``key``.

        Raises:
            NotPermitted: When the grant does not cover hearing it.
        """
        if not self.grant.allows(Verb.HEAR, self._hub.catalogue.resolve(key)):
            raise NotPermitted(Verb.HEAR, key)
        _check_size(key)
        self._keys.add(key)
        self._hub.subscribe(key, self)

    def unsubscribe(self, key: Key) -> None:
        """Undo :meth:`subscribe`."""
        self._keys.discard(key)
        self._hub.unsubscribe(key, self)

    def subscribe_prefix(self, prefix: str) -> None:
        """Hear each write to a key with ``prefix`` that the grant covers."""
        if self.grant.level is Level.NOBODY:
            raise NotPermitted(Verb.HEAR, prefix)
        _check_size(prefix)
        self._prefixes.add(prefix)
        self._hub.subscribe_prefix(prefix, self)

    def unsubscribe_prefix(self, prefix: str) -> None:
        """Undo :meth:`subscribe_prefix`."""
        self._prefixes.discard(prefix)
        self._hub.unsubscribe_prefix(prefix, self)

    @property
    def subscription_count(self) -> int:
        """How many keys and prefixes it hears."""
        return len(self._keys) + len(self._prefixes)

    def may_hear(self, change: Change) -> bool:
        """Tell the hub whether a change to a key that is not for everybody is for this client."""
        return self.grant.allows(Verb.HEAR, change.spec)

    # --- requests ---

    async def call(self, key: Key, value: Value) -> Value:
        """Ask the service that owns a request key.

        Raises:
            NotPermitted, NoSuchRequest, RequestFailed: See :meth:`stagedoor.hub.Hub.call`.
        """
        if not self.grant.allows(Verb.CALL, self._hub.catalogue.resolve(key)):
            raise NotPermitted(Verb.CALL, key)
        return await self._hub.call(key, value)

    def may_call(self, key: Key) -> bool:
        """Tell whether the grant covers asking."""
        return self.grant.allows(Verb.CALL, self._hub.catalogue.resolve(key))

    def serve(
        self, key: Key, handler: RequestHandler, *, timeout_s: float | None = REQUEST_TIMEOUT_S
    ) -> Callable[[], None]:
        """Own a request key; for services. Returns the way out. See :meth:`stagedoor.hub.Hub.serve`."""
        if not self.grant.is_owner:
            raise NotPermitted(Verb.CALL, key)
        return self._hub.serve(key, handler, timeout_s=timeout_s)

    def close(self) -> None:
        """Hear nothing any more; what was written stays on its way."""
        for key in self._keys:
            self._hub.unsubscribe(key, self)
        for prefix in self._prefixes:
            self._hub.unsubscribe_prefix(prefix, self)
        self._keys.clear()
        self._prefixes.clear()
        self.grant = NOBODY


class _FilteredScan:
    """A walk that leaves out what the client may not list."""

    def __init__(self, scan: Scan, client: Client) -> None:
        self._scan = scan
        self._client = client

    def take(self, count: int) -> list[tuple[Key, Value]]:
        """Return the next entries, fewer than ``count`` only at the end."""
        found: list[tuple[Key, Value]] = []
        while len(found) < count:
            entries = self._scan.take(count)
            found += [entry for entry in entries if self._client.may_list(entry[0])]
            if len(entries) < count:
                break
        return found

    def take_keys(self, count: int) -> list[Key]:
        """Return the keys of the next entries."""
        return [key for key, _ in self.take(count)]

    def seek(self, key: Key) -> None:
        """Go on from the first key that is not before ``key``."""
        self._scan.seek(key)

    def close(self) -> None:
        """End the walk."""
        self._scan.close()


def _check_size(key: Key) -> None:
    """Refuse a key that can never be stored, and so never be heard of."""
    # Four bytes are the most that a character takes.
    if len(key) * 4 > MAX_KEY_BYTES and (size := len(key.encode())) > MAX_KEY_BYTES:
        raise InvalidKey(key, size)


def _ignore(change: Change) -> None:
    """Hear nothing: what a client without subscriptions does."""
