"""Passes: tokens that stand for the owner in a browser, and the one-time codes that they are exchanged for.

A code travels in a link, so it is good once and for a short time. The token that it becomes is kept by the page, and
here only as a hash: who reads the store cannot use it.
"""

import hmac
import secrets
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from stagedoor.access.apps import new_id
from stagedoor.access.grants import Credential, Grant, Level
from stagedoor.access.proofs import Proof
from stagedoor.access.register import Departure
from stagedoor.access.tokens import Token, Tokens

CODE_LIFETIME_S: Final = 120.0
"""How long a link can be used."""

IDLE_S: Final = 30 * 24 * 3600.0
"""How long a pass stays good that nobody uses."""

_CODES: Final = 8
"""Links that may be open at a time; the oldest goes first."""

_PASSES: Final = 64
"""Passes that are kept; the one that was used longest ago goes first."""


class Pass(Token, kw_only=True):
    """A pass as it is stored."""

    id: str = ""
    """For the owner to name it by; those that were made before they had one get it when they are read."""
    name: str = ""
    """Which browser it is, as far as that can be told."""
    address: str = ""
    """Where it was given."""

    @property
    def grant(self) -> Grant:
        """All that the owner may do."""
        return Grant(Level.OWNER, "console", credential=Credential("device", self.id))


class Passes(Tokens[Pass]):
    """Gives out codes and passes, and tells which are good. ``changed`` is called when what is to be stored changes."""

    def __init__(self, now: Callable[[], float], changed: Callable[[], None], stored: Iterable[Pass] = ()) -> None:
        super().__init__(_PASSES, now, changed, map(_with_id, stored))
        self._codes: dict[str, float] = {}
        """Until when each is good."""

    def new_code(self, lifetime_s: float = CODE_LIFETIME_S) -> str:
        """Draw a code for a link."""
        while len(self._codes) >= _CODES:
            del self._codes[next(iter(self._codes))]
        code = secrets.token_urlsafe(24)
        self._codes[code] = self.now() + lifetime_s
        return code

    def exchange(self, code: str, name: str = "", address: str = "") -> str | None:
        """Give a token for a code; ``None`` when it is no good, or no longer."""
        sent = code.encode(errors="surrogatepass")
        right = next((known for known in self._codes if hmac.compare_digest(known.encode(), sent)), None)
        if right is None or self._codes.pop(right) < self.now():
            return None
        return self.give(name, address)

    def give(self, name: str, address: str) -> str:
        """Give a token to a browser that the owner lets in."""
        pass_id = new_id({known.id for known in self.stored()})

        def make(hash_: str, now: float) -> Pass:
            return Pass(hash=hash_, made_at=now, used_at=now, id=pass_id, name=name, address=address)

        token, _ = self.draw(make)
        return token

    def prove(self, token: str) -> Proof | None:
        """Recognize a pass, and note its use; ``None`` when it is no good."""
        known = self.recognize(token)
        if known is None:
            return None
        if self.now() - (known.used_at or known.made_at) > IDLE_S:
            self.remove(known, Departure.EXPIRED)
            return None
        self.note_use(known)
        return Proof(known.grant, self, known.hash)

    def accepts(self, token: str) -> bool:
        """Tell whether a token is good, and note its use."""
        return self.prove(token) is not None

    def revoke(self, token: str) -> bool:
        """Take back a token from whoever gives it, and end what came in by it; tells whether it was good."""
        known = self.recognize(token)
        if known is not None:
            self.remove(known, Departure.RETURNED)
        return known is not None

    def replace(self, stored: Iterable[Pass]) -> None:
        """Go by other passes from now on. No restore takes one away, so the owner meant it, and it is for good."""
        before = self.stored()
        super().replace(map(_with_id, stored))
        for gone in before:
            if self.find(gone.hash) is None:
                self._revoke(gone)

    def named(self, pass_id: str) -> Pass | None:
        """Find one by its id."""
        return next((known for known in self.stored() if known.id == pass_id), None)


def _with_id(known: Pass) -> Pass:
    """Name a pass that has no id by its hash, which tells nothing of it."""
    return known if known.id else msgspec.structs.replace(known, id=known.hash[:8])
