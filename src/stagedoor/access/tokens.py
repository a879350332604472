"""Tokens that are given out once and come back: kept as hashes alone, so many at most, with the time of their last use.

Whoever came in by a token leaves when it becomes worthless.
What a token opens is for whoever keeps them: :mod:`stagedoor.access.passes` and :mod:`stagedoor.access.apps`.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

import msgspec

TOKEN_BYTES: Final = 32
"""256 bits, so a hash without salt tells nothing."""

_NOTED_EVERY_S: Final = 3600.0
"""How exact the time of the last use is kept."""


class Token(msgspec.Struct):
    """What is stored of a token; who keeps it adds what it stands for."""

    hash: str
    """SHA-256 of the token, in hexadecimal."""
    made_at: float
    """Unix time, as the next one."""
    used_at: float


T = TypeVar("T", bound=Token)


class Tokens(Generic[T]):
    """``most`` tokens and what they stand for. ``changed`` is called when what is to be stored changes."""

    def __init__(
        self, most: int, now: Callable[[], float], changed: Callable[[], None], stored: Iterable[T] = ()
    ) -> None:
        self._most = most
        self._now = now
        self._changed = changed
        self._known = {known.hash: known for known in stored}
        self._insiders: dict[object, tuple[str, Callable[[], None]]] = {}
        """Who came in by the token of which hash, and how to end that."""

    def add(self, make: Callable[[str, float], T]) -> tuple[str, T]:
        """Draw a token; the one that was used longest ago goes when there are too many.

        Args:
            make: Gets the token's hash and the time.
        Returns:
            The token, which is nowhere else, and what ``make`` made.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        while len(self._known) >= self._most:
            del self._known[min(self._known, key=lambda hash_: self._known[hash_].used_at)]
        known = make(_hash(token), self._now())
        self._known[known.hash] = known
        self._settle()
        return token, known

    def find(self, token: str) -> T | None:
        """Tell what a token stands for; that is no use of it yet."""
        return self._known.get(_hash(token))

    def note_use(self, known: T) -> None:
        """Note that a token was used."""
        now = self._now()
        if now - known.used_at > _NOTED_EVERY_S:
            known.used_at = now
            self._changed()

    def remove(self, known: T) -> None:
        """Make a token worthless."""
        del self._known[known.hash]
        self._settle()

    def replace(self, stored: Iterable[T]) -> None:
        """Go by other tokens from now on; that what is stored has changed is not said."""
        self._known = {known.hash: known for known in stored}
        self._send_away()

    def remember(self, token: str, insider: object, leave: Callable[[], None]) -> bool:
        """Note who comes in by a token; ``leave`` is called when it is worthless. Tells whether it still is good."""
        known = self.find(token)
        if known is not None:
            self._insiders[insider] = (known.hash, leave)
        return known is not None

    def forget(self, insider: object) -> None:
        """Note that somebody has gone."""
        self._insiders.pop(insider, None)

    def _settle(self) -> None:
        self._changed()
        self._send_away()

    def _send_away(self) -> None:
        """End what came in by a token that is none any more."""
        for insider, (hash_, leave) in list(self._insiders.items()):
            if hash_ not in self._known:
                del self._insiders[insider]
                leave()

    def stored(self) -> list[T]:
        """What is to be kept."""
        return list(self._known.values())


def _hash(token: str) -> str:
    # What comes from a client may be no text; it is unknown then.
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
