"""Keeps a register over a restart, and shows it to the owner: joins it to two secret keys and to one that lists it.

What is stored is followed, too: a restore brings back the entries of its time, and sends the others away. What was
revoked stays revoked, whoever writes it there again.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import msgspec

from stagedoor.access import Client, Entry, Register
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Change, Write
from stagedoor.types import Key, Value

logger = logging.getLogger(__name__)

E = TypeVar("E", bound=Entry)
R = TypeVar("R", bound=Register)  # type: ignore[type-arg]  # of E, which cannot be said

MAX_NAME_CHARACTERS: Final = 200

_LAST_MOMENT_MS: Final = 253_402_300_799_000
"""The end of the year 9999."""

_LONGEST_WAIT_S: Final = 24 * 3600.0
"""How long the clock is trusted; a computer that slept may have missed an end."""


class Kept(Generic[E, R]):
    """One register and its keys; ``register`` is what everybody else uses.

    ``make`` gets what to call when something changed, and what was stored. ``stored_at`` is the key of what is stored,
    ``shown_at`` of the list that ``describe`` makes, ``revoked_at`` of the marks of those that were revoked. ``check``
    raises ``ValueError`` for a stored entry that cannot be used; it is left out, as is one that cannot be shown.
    ``expired`` hears of entries that came to their end.
    """

    def __init__(
        self,
        client: Client,
        make: Callable[[Callable[[], None], list[E]], R],
        kind: type[E],
        *,
        stored_at: Key,
        shown_at: Key,
        revoked_at: Key,
        describe: Callable[[E], object],
        check: Callable[[E], object] = lambda entry: None,
        expired: Callable[[E], None] = lambda entry: None,
    ) -> None:
        self._client = client
        self._decoder = msgspec.json.Decoder(kind)
        self._stored_at = stored_at
        self._shown_at = shown_at
        self._revoked_at = revoked_at
        self._describe = describe
        self._check = check
        self._expired = expired
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._kept = client.get(stored_at)
        """What was written, or read, last."""
        self._revoked = client.get(revoked_at)
        """The same of what was revoked."""
        self._writes = 0
        """How many of ours are under way."""
        self._last_write: asyncio.Future[StoreError | None] | None = None
        self.register = make(self._keep, self._read(self._kept))
        self.register.take_revocations(self._revoked)
        self._show()
        client.deliver = self._hear
        client.subscribe(stored_at)
        client.subscribe(shown_at)
        client.subscribe(revoked_at)
        self._wait()

    async def settled(self) -> None:
        """Wait until what was changed survives a crash.

        Raises:
            RequestFailed: When the store refused, so that it holds until the next start only.
        """
        if self._last_write is not None:
            error = await self._last_write
            if error is not None:
                raise RequestFailed(f"it holds until the next start only: {error}")

    def close(self) -> None:
        """Wait for no end any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _keep(self) -> None:
        self._kept = msgspec.json.encode(self.register.stored()).decode()
        writes = [Write(self._stored_at, self._kept), Write(self._shown_at, self._list())]
        revoked = self.register.revocations.stored()
        if revoked != (self._revoked or "{}"):
            self._revoked = revoked
            writes.append(Write(self._revoked_at, revoked))
        self._last_write = self._write(writes)
        self._wait()

    def _list(self) -> Value:
        return msgspec.json.encode([self._describe(entry) for entry in self.register.stored()]).decode()

    def _write(self, writes: list[Write]) -> "asyncio.Future[StoreError | None]":
        """Write, and go on; returns how it will have ended."""
        ended: asyncio.Future[StoreError | None] = self._loop.create_future()

        def done(error: StoreError | None) -> None:
            self._writes -= 1
            if not ended.done():
                ended.set_result(error)
            if error is None:
                self._follow()
            else:
                logger.error("%s could not be kept: %s", self._stored_at, error)

        self._writes += 1
        self._client.write(writes, done)
        return ended

    def _hear(self, change: Change) -> None:
        self._follow()

    def _follow(self) -> None:
        """Go by what is stored, where it was written by somebody else."""
        if self._writes:
            return
        # The change of a secret does not tell it.
        stored, revoked = self._client.get(self._stored_at), self._client.get(self._revoked_at)
        if revoked != self._revoked:
            self._revoked = revoked
            self.register.take_revocations(revoked)
            self._wait()
        if stored != self._kept:
            self._kept = stored
            self.register.replace(self._read(stored))
            self._wait()
        self._show()

    def _show(self) -> None:
        if (self._client.get(self._shown_at) or "[]") != self._list():
            self._write([Write(self._shown_at, self._list())])
        revoked = self.register.revocations.stored()
        if (self._client.get(self._revoked_at) or "{}") != revoked:
            self._revoked = revoked
            self._write([Write(self._revoked_at, revoked)])

    def _read(self, stored: Value) -> list[E]:
        try:
            entries = msgspec.json.decode(stored, type=list[msgspec.Raw]) if stored else []
        except (msgspec.DecodeError, RecursionError):
            logger.error("the key %s is not valid; what was in it has to be made anew", self._stored_at)
            return []
        return [entry for text in entries if (entry := self._read_entry(text)) is not None]

    def _read_entry(self, text: msgspec.Raw) -> E | None:
        try:
            entry = self._decoder.decode(text)
            self._check(entry)
            self._describe(entry)
        except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
            logger.error("an entry of the key %s is not valid and is left out: %s", self._stored_at, error)
            return None
        return entry

    def _wait(self) -> None:
        """Wait for the next entry's end."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        end = self.register.next_end
        if end is not None:
            delay_s = min(max(end - self.register.now(), 0.0), _LONGEST_WAIT_S)
            self._timer = self._loop.call_later(delay_s, self._expire)

    def _expire(self) -> None:
        for entry in self.register.expire():
            self._expired(entry)
        self._wait()


def read_name(text: str) -> str:
    """Take a name that the owner gives an entry.

    Raises:
        ValueError: When it is empty or too long.
    """
    name = " ".join(text.split())
    if not name or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise ValueError(f"a name has 1 to {MAX_NAME_CHARACTERS} characters that can be seen")
    return name


def read_end(at_ms: int | None, now: float) -> float | None:
    """Take the moment in Unix milliseconds when an entry is to expire, or ``None``.

    Raises:
        ValueError: When it has passed, or no calendar knows it.
    """
    if at_ms is None:
        return None
    if at_ms > _LAST_MOMENT_MS:
        raise ValueError("the end is after the year 9999")
    if at_ms <= now * 1000:
        raise ValueError("the end has passed already")
    return at_ms / 1000


def in_ms(at: float | None) -> int | None:
    """Turn Unix time into milliseconds, as they are shown."""
    return None if at is None else round(at * 1000)
