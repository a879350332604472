"""Tokens that are given out once and come back: kept as hashes alone."""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from stagedoor.access.register import Entry, Register

TOKEN_BYTES: Final = 32
"""256 bits, so a hash without salt tells nothing."""


class Token(Entry, kw_only=True):
    """What is stored of a token; who keeps it adds what it stands for."""

    hash: str
    """SHA-256 of the token, in hexadecimal."""


T = TypeVar("T", bound=Token)


class Tokens(Register[T]):
    """``most`` tokens and what they stand for. ``changed`` is called when what is to be stored changes."""

    def __init__(
        self, most: int, now: Callable[[], float], changed: Callable[[], None], stored: Iterable[T] = ()
    ) -> None:
        super().__init__(most, _mark_of, now, changed, stored)

    def draw(self, make: Callable[[str, float], T]) -> tuple[str, T]:
        """Draw a token and keep it.

        Args:
            make: Gets the token's hash and the time.
        Returns:
            The token, which is nowhere else, and what ``make`` made.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        known = make(hash_of(token), self.now())
        self.add(known)
        return token, known

    def recognize(self, token: str) -> T | None:
        """Tell what a token stands for; that is no use of it yet."""
        return self.find(hash_of(token))


def hash_of(token: str) -> str:
    """Make what is kept of a token."""
    # What comes from a client may be no text; it is unknown then.
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _mark_of(token: Token) -> str:
    return token.hash
