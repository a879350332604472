"""Passes: tokens that stand for the owner in a browser, and the one-time codes that they are exchanged for.

A code travels in a link, so it is good once and for a short time. The token that it becomes is kept by the page, and
here only as a hash: who reads the store cannot use it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

CODE_LIFETIME_S: Final = 120.0
"""How long a link can be used."""

IDLE_S: Final = 30 * 24 * 3600.0
"""How long a pass stays good that nobody uses."""

_CODES: Final = 8
"""Links that may be open at a time; the oldest goes first."""

_PASSES: Final = 64
"""Passes that are kept; the one that was used longest ago goes first."""

_NOTED_EVERY_S: Final = 3600.0
"""How exact the time of the last use is kept."""


class Pass(msgspec.Struct):
    """A pass as it is stored."""

    hash: str
    """SHA-256 of the token, in hexadecimal."""
    made_at: float
    """Unix time, as the next one."""
    used_at: float


class Passes:
    """Gives out codes and passes, and tells which are good. ``changed`` is called when what is to be stored changes."""

    def __init__(self, now: Callable[[], float], changed: Callable[[], None], stored: Iterable[Pass] = ()) -> None:
        self._now = now
        self._changed = changed
        self._codes: dict[str, float] = {}
        """Until when each is good."""
        self._passes = {known.hash: known for known in stored}

    def new_code(self) -> str:
        """Draw a code for a link."""
        while len(self._codes) >= _CODES:
            del self._codes[next(iter(self._codes))]
        code = secrets.token_urlsafe(24)
        self._codes[code] = self._now() + CODE_LIFETIME_S
        return code

    def exchange(self, code: str) -> str | None:
        """Give a token for a code; ``None`` when it is no good, or no longer."""
        right = next((known for known in self._codes if hmac.compare_digest(known.encode(), code.encode())), None)
        if right is None or self._codes.pop(right) < self._now():
            return None
        token = secrets.token_urlsafe(32)
        now = self._now()
        self._passes[_hash(token)] = Pass(_hash(token), now, now)
        while len(self._passes) > _PASSES:
            del self._passes[min(self._passes, key=lambda known: self._passes[known].used_at)]
        self._changed()
        return token

    def accepts(self, token: str) -> bool:
        """Tell whether a token is good, and note its use."""
        known = self._passes.get(_hash(token))
        if known is None:
            return False
        now = self._now()
        if now - known.used_at > IDLE_S:
            self._forget(known.hash)
            return False
        if now - known.used_at > _NOTED_EVERY_S:
            known.used_at = now
            self._changed()
        return True

    def revoke(self, token: str) -> bool:
        """Make a token worthless; tells whether it was good."""
        return self._forget(_hash(token))

    def _forget(self, hash_: str) -> bool:
        was_known = self._passes.pop(hash_, None) is not None
        if was_known:
            self._changed()
        return was_known

    def stored(self) -> list[Pass]:
        """What is to be kept."""
        return list(self._passes.values())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
