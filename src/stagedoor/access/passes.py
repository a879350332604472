"""Passes: tokens that stand for the owner in a browser, and the one-time codes that they are exchanged for.

A code travels in a link, so it is good once and for a short time. The token that it becomes is kept by the page, and
here only as a hash: who reads the store cannot use it.
"""

import hmac
import secrets
from collections.abc import Callable, Iterable
from typing import Final

from stagedoor.access.tokens import Token, Tokens

CODE_LIFETIME_S: Final = 120.0
"""How long a link can be used."""

IDLE_S: Final = 30 * 24 * 3600.0
"""How long a pass stays good that nobody uses."""

_CODES: Final = 8
"""Links that may be open at a time; the oldest goes first."""

_PASSES: Final = 64
"""Passes that are kept; the one that was used longest ago goes first."""


class Pass(Token):
    """A pass as it is stored."""


class Passes:
    """Gives out codes and passes, and tells which are good. ``changed`` is called when what is to be stored changes."""

    def __init__(self, now: Callable[[], float], changed: Callable[[], None], stored: Iterable[Pass] = ()) -> None:
        self._now = now
        self._codes: dict[str, float] = {}
        """Until when each is good."""
        self._tokens = Tokens(_PASSES, now, changed, stored)

    def new_code(self) -> str:
        """Draw a code for a link."""
        while len(self._codes) >= _CODES:
            del self._codes[next(iter(self._codes))]
        code = secrets.token_urlsafe(24)
        self._codes[code] = self._now() + CODE_LIFETIME_S
        return code

    def exchange(self, code: str) -> str | None:
        """Give a token for a code; ``None`` when it is no good, or no longer."""
        sent = code.encode(errors="surrogatepass")
        right = next((known for known in self._codes if hmac.compare_digest(known.encode(), sent)), None)
        if right is None or self._codes.pop(right) < self._now():
            return None
        token, _ = self._tokens.add(lambda hash_, now: Pass(hash_, now, now))
        return token

    def accepts(self, token: str) -> bool:
        """Tell whether a token is good, and note its use."""
        known = self._tokens.find(token)
        if known is None:
            return False
        if self._now() - known.used_at > IDLE_S:
            self._tokens.remove(known)
            return False
        self._tokens.note_use(known)
        return True

    def revoke(self, token: str) -> bool:
        """Make a token worthless, and end what came in by it; tells whether it was good."""
        known = self._tokens.find(token)
        if known is not None:
            self._tokens.remove(known)
        return known is not None

    def remember(self, token: str, insider: object, leave: Callable[[], None]) -> bool:
        """Note who comes in by a token; ``leave`` is called when it is worthless. Tells whether it still is good."""
        return self._tokens.remember(token, insider, leave)

    def forget(self, insider: object) -> None:
        """Note that somebody has gone."""
        self._tokens.forget(insider)

    def replace(self, stored: Iterable[Pass]) -> None:
        """Go by other passes from now on, and end what came in by those before."""
        self._tokens.replace(stored)

    def stored(self) -> list[Pass]:
        """What is to be kept."""
        return self._tokens.stored()
