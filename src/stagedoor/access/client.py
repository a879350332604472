"""A client of the hub: the one choke point where grants are checked, for connections and services alike.

A session of a protocol holds a client and never the hub; so does each service. They differ in their grant alone, and
the order of what they read, write and hear is the same.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from stagedoor.access.grants import NOBODY, Grant, Level, Verb
from stagedoor.access.scopes import Part
from stagedoor.errors import InvalidKey, NotPermitted, StoreError
from stagedoor.hub import REQUEST_TIMEOUT_S, Change, Hub, Keep, RequestHandler, Scan, Write
from stagedoor.types import MAX_KEY_BYTES, ClientId, Key, Value

_ID_BITS: Final = 52
"""As many as JavaScript counts with."""

_LEAP: Final = 64
"""Entries that are read at a time where the end of a part may be near."""

Deliver = Callable[[Change], None]

Note = Callable[[str, Key], None]

REVEAL: Final = "reveal"
"""How a secret's reading is noted."""


class Client:
    """Who is behind a connection or a service, with a grant.

    ``deliver`` hears the changes that were subscribed to. It is called on the hub's thread, one change after the
    other, and must not wait. :meth:`follow` lets somebody hear what the grant is used for.
    """

    __slots__ = (
        "_grant",
        "_hub",
        "_is_unread",
        "_keys",
        "_known",
        "_note",
        "_parts",
        "_prefixes",
        "_under_way",
        "_unused",
        "deliver",
        "id",
    )

    def __init__(self, hub: Hub, grant: Grant = NOBODY, deliver: Deliver | None = None) -> None:
        self.id = ClientId(secrets.randbits(_ID_BITS))  # a number in turn would tell strangers how many have come
        self._grant = grant
        self._note: Note | None = None
        self._unused: frozenset[Verb] = frozenset()
        """What was not done yet since somebody follows."""
        self._is_unread = False
        """The same for reading, which is done so often that a look into a set would be felt."""
        self.deliver: Deliver = deliver or _ignore
        self._hub = hub
        self._known = hub.catalogue.known
        self._keys: set[Key] = set()
        self._prefixes: set[str] = set()
        self._parts: dict[Part, int] = {}
        """What the hub was asked for because of the prefixes, and for how many of them."""
        self._under_way = 0

    @property
    def grant(self) -> Grant:
        """What it may touch. Another grant holds at once, also for what is subscribed to."""
        return self._grant

    @grant.setter
    def grant(self, grant: Grant) -> None:
        if grant is self._grant:
            return
        keys, prefixes = self._keys, self._prefixes
        self._let_go()
        self._grant = grant
        for key in keys:
            with suppress(NotPermitted):
                self.subscribe(key)
        if grant.level is not Level.NOBODY:
            for prefix in prefixes:
                self.subscribe_prefix(prefix)

    def follow(self, note: Note) -> None:
        """Let somebody hear of the first use of each verb from now on, and of each secret that is read."""
        self._note = note
        self._unused = frozenset(Verb)
        self._is_unread = True

    def _use(self, verb: Verb, key: Key) -> None:
        self._unused -= {verb}
        if self._note is not None:
            self._note(verb, key)

    # --- reading ---

    def get(self, key: Key) -> Value:
        """Read a key; ``""`` when there is none. Secrets read as empty but for the owner.

        Raises:
            NotPermitted: When the grant does not cover reading it.
        """
        spec = self._known.get(key) or self._hub.catalogue.resolve(key)
        grant = self._grant
        if self._is_unread:
            self._is_unread = False
            self._use(Verb.READ, key)
        if spec.is_public and grant.is_only_public:
            return self._hub.get(key, spec)
        if not grant.allows(Verb.READ, spec, key):
            raise NotPermitted(Verb.READ, key)
        if not grant.is_owner:
            return self._hub.get(key, spec)
        if spec.holds_secrets and self._note is not None:
            self._note(REVEAL, key)
        return self._hub.get_whole(key, spec)

    def get_public(self, key: Key) -> Value:
        """Read a key as everybody does: without its secrets, and while it holds no object where one with secrets
        belongs, as the last object that it held. For who needs no secret; raises as :meth:`get` does."""
        spec = self._hub.catalogue.resolve(key)
        if not self._grant.allows(Verb.READ, spec, key):
            raise NotPermitted(Verb.READ, key)
        return self._hub.get(key, spec)

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Value]:
        """Read several keys at one moment; raises as :meth:`get` does."""
        return {key: self.get(key) for key in keys}

    def scan(self, prefix: str) -> Scan:
        """Walk over the keys with a prefix that the grant covers; close the walk.

        Raises:
            NotPermitted: When the grant covers no reading at all.
        """
        grant = self._grant
        if grant.level is Level.NOBODY:
            raise NotPermitted(Verb.LIST, prefix)
        if Verb.LIST in self._unused:
            self._use(Verb.LIST, prefix)
        if grant.is_owner and self._note is not None and self._hub.catalogue.holds_secrets(prefix):
            self._note(REVEAL, prefix)
        scan = self._hub.scan(prefix, with_secrets=grant.is_owner)
        if grant.scopes is not None:
            scan = _PartialScan(scan, grant.scopes.reads.within(prefix))
        if grant.is_owner or not self._hub.catalogue.is_restricted(prefix):
            return scan
        return _FilteredScan(scan, self)

    def may_list(self, key: Key) -> bool:
        """Tell whether a key may appear in a list."""
        return self._grant.allows(Verb.LIST, self._hub.catalogue.resolve(key), key)

    # --- writing ---

    def write(
        self,
        writes: Sequence[Write],
        done: Callable[[StoreError | None], None],
        *,
        keep_left_out: bool = False,
        builds_on_foreseen: bool = False,
    ) -> bool:
        """Write all keys at one moment, or none; ``done`` hears how it ended.

        A client's batches become visible in the order in which it wrote them. Whoever does not see secrets keeps those
        that it leaves empty or out; with ``keep_left_out``, the owner keeps those that it leaves out.

        Returns:
            Whether the batch is under way still; when not, ``done`` has been called.
        Raises:
            NotPermitted: When the grant does not cover one of the keys.
            InvalidKey: When a key is too long to be stored.
            StoreError: When a secret that is to be kept cannot be read.
        """
        resolve = self._hub.catalogue.resolve
        known = self._known
        grant = self._grant
        for key, _ in writes:
            spec = known.get(key) or resolve(key)
            if not (spec.is_public and grant.is_only_public) and not grant.allows(Verb.WRITE, spec, key):
                raise NotPermitted(Verb.WRITE, key)
            _check_size(key)
            if self._unused and Verb.WRITE in self._unused:
                self._use(Verb.WRITE, key)

        def settle(error: StoreError | None) -> None:
            self._under_way -= 1
            done(error)

        keep = (Keep.LEFT_OUT if keep_left_out else Keep.NONE) if grant.is_owner else Keep.UNSEEN
        self._under_way += 1
        try:
            return self._hub.write(
                writes,
                settle,
                queue_up=self._under_way > 1,
                keep_secrets=keep,
                builds_on_foreseen=builds_on_foreseen,
            )
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
        await self._put_all(writes)

    async def _put_all(self, writes: Sequence[Write], *, builds_on_foreseen: bool = False) -> None:
        future: asyncio.Future[StoreError | None] = asyncio.get_running_loop().create_future()

        def done(error: StoreError | None) -> None:
            if not future.done():
                future.set_result(error)

        self.write(writes, done, builds_on_foreseen=builds_on_foreseen)
        error = await future
        if error is not None:
            raise error

    async def change(self, decide: Callable[[Callable[[Key], Value]], Sequence[Write]]) -> None:
        """Write what ``decide`` makes of the values that it reads, and wait as :meth:`put_all` does.

        Nobody's write comes between: ``decide`` is called once, at once, with a way to read keys as they will be when
        the writes that are under way are visible (of secrets the public part), and what it returns comes right after
        those. If it returns nothing, nothing is written. What it raises is raised.

        Raises:
            StoreError: When the store refused, also when it refused one of those; and as :meth:`write` does.
        Cancellation: the write may or may not happen.
        """
        foreseen = self._hub.foresee()

        def read(key: Key) -> Value:
            if not self._grant.allows(Verb.READ, self._hub.catalogue.resolve(key), key):
                raise NotPermitted(Verb.READ, key)
            return foreseen(key)

        if writes := decide(read):
            await self._put_all(writes, builds_on_foreseen=True)

    # --- subscribing ---

    def subscribe(self, key: Key) -> None:
        """Hear each write to ``key``.

        Raises:
            NotPermitted: When the grant does not cover hearing it.
        """
        if not self.may_hear_key(key):
            raise NotPermitted(Verb.HEAR, key)
        _check_size(key)
        if Verb.HEAR in self._unused:
            self._use(Verb.HEAR, key)
        self._keys.add(key)
        self._hub.subscribe(key, self)

    def unsubscribe(self, key: Key) -> None:
        """Undo :meth:`subscribe`."""
        self._keys.discard(key)
        if Part(key, False) not in self._parts:
            self._hub.unsubscribe(key, self)

    def subscribe_prefix(self, prefix: str) -> None:
        """Hear each write to a key with ``prefix`` that the grant covers."""
        if self._grant.level is Level.NOBODY:
            raise NotPermitted(Verb.HEAR, prefix)
        _check_size(prefix)
        if Verb.HEAR in self._unused:
            self._use(Verb.HEAR, prefix)
        if prefix in self._prefixes:
            return
        self._prefixes.add(prefix)
        for part in self._parts_of(prefix):
            self._parts[part] = self._parts.get(part, 0) + 1
            if part.is_prefix:
                self._hub.subscribe_prefix(part.text, self)
            else:
                self._hub.subscribe(part.text, self)

    def unsubscribe_prefix(self, prefix: str) -> None:
        """Undo :meth:`subscribe_prefix`."""
        if prefix not in self._prefixes:
            return
        self._prefixes.discard(prefix)
        for part in self._parts_of(prefix):
            self._parts[part] -= 1
            if not self._parts[part]:
                del self._parts[part]
                self._drop(part)

    def _parts_of(self, prefix: str) -> list[Part]:
        """What of the keys with this prefix the grant covers: what the hub is asked for, so that it tells no more and
        needs not look."""
        scopes = self._grant.scopes
        return [Part(prefix, True)] if scopes is None else scopes.reads.within(prefix)

    def _drop(self, part: Part) -> None:
        if part.is_prefix:
            self._hub.unsubscribe_prefix(part.text, self)
        elif part.text not in self._keys:
            self._hub.unsubscribe(part.text, self)

    @property
    def subscription_count(self) -> int:
        """How many keys and prefixes it hears."""
        return len(self._keys) + len(self._prefixes)

    def may_hear(self, change: Change) -> bool:
        """Tell the hub whether a change to a key that is not for everybody is for this client."""
        return self._grant.allows(Verb.HEAR, change.spec, change.key)

    def may_hear_key(self, key: Key) -> bool:
        """Tell whether a key may be subscribed to."""
        return self._grant.allows(Verb.HEAR, self._hub.catalogue.resolve(key), key)

    # --- requests ---

    async def call(self, key: Key, value: Value) -> Value:
        """Ask the service that owns a request key.

        Raises:
            NotPermitted, NoSuchRequest, RequestFailed: See :meth:`stagedoor.hub.Hub.call`.
        """
        if not self.may_call(key):
            raise NotPermitted(Verb.CALL, key)
        if Verb.CALL in self._unused:
            self._use(Verb.CALL, key)
        return await self._hub.call(key, value)

    def may_call(self, key: Key) -> bool:
        """Tell whether the grant covers asking."""
        return self._grant.allows(Verb.CALL, self._hub.catalogue.resolve(key), key)

    def serve(
        self,
        key: Key,
        handler: RequestHandler,
        *,
        timeout_s: float | None = REQUEST_TIMEOUT_S,
        needs_caller: bool = False,
    ) -> Callable[[], None]:
        """Own a request key; for services. Returns the way out. See :meth:`stagedoor.hub.Hub.serve`."""
        if not self.grant.is_owner:
            raise NotPermitted(Verb.CALL, key)
        return self._hub.serve(key, handler, timeout_s=timeout_s, needs_caller=needs_caller)

    def close(self) -> None:
        """Hear nothing any more; what was written stays on its way."""
        self._let_go()
        self._grant = NOBODY

    def _let_go(self) -> None:
        keys, self._keys = self._keys, set()
        for key in keys:
            self._hub.unsubscribe(key, self)
        for part in self._parts:
            self._drop(part)
        self._parts.clear()
        self._prefixes = set()


class _PartialScan:
    """A walk over some parts of a range alone; what is between them is leapt over."""

    def __init__(self, scan: Scan, parts: Sequence[Part]) -> None:
        self._scan = scan
        self._all = parts
        self._start = ""
        self._parts = list(reversed(parts))
        """Those that are not walked over yet, the next one last."""
        self._is_inside = False

    def take(self, count: int) -> list[tuple[Key, Value]]:
        """Return the next entries, fewer than ``count`` only at the end."""
        found: list[tuple[Key, Value]] = []
        while self._parts and len(found) < count:
            part = self._parts[-1]
            if not self._is_inside:
                self._scan.seek(max(part.text, self._start))
                self._is_inside = True
            wanted = min(count - len(found), _LEAP) if part.is_prefix else 1
            entries = self._scan.take(wanted)
            inside = [entry for entry in entries if _is_of(entry[0], part)]
            found += inside
            if len(inside) < wanted or not part.is_prefix:
                self._parts.pop()
                self._is_inside = False
        return found

    def take_keys(self, count: int) -> list[Key]:
        """Return the keys of the next entries."""
        return [key for key, _ in self.take(count)]

    def seek(self, key: Key) -> None:
        """Go on from the first key that is not before ``key``."""
        ahead = [part for part in self._all if part.text >= key or (part.is_prefix and key.startswith(part.text))]
        self._parts = list(reversed(ahead))
        self._start = key
        self._is_inside = False

    def close(self) -> None:
        """End the walk."""
        self._scan.close()


def _is_of(key: Key, part: Part) -> bool:
    return key.startswith(part.text) if part.is_prefix else key == part.text


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
