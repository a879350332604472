"""Overlay keys: passwords that the owner makes for one overlay each, with which it can only look on.

They stand in overlays' files and addresses, so they leak; what they open is named, and nothing can be changed by them.
A challenge is answered with a key itself and not with its hash, so they are kept as they are, among the secrets.
"""

import secrets
from collections.abc import Callable, Iterable
from typing import Final

from stagedoor.access.apps import new_id
from stagedoor.access.grants import Credential, Grant, Level
from stagedoor.access.proofs import Proof
from stagedoor.access.register import Entry, Register
from stagedoor.access.scopes import ScopeError, Scopes

MAX_KEYS: Final = 64
"""All are tried when one is shown, so they are not many."""

KEY_PREFIX: Final = "overlay-"
"""Says what it is to whoever finds one; also to what looks for secrets in texts."""

_KEY_BYTES: Final = 21


class OverlayKey(Entry, kw_only=True):
    """A key as it is stored."""

    id: str
    """For the owner to name it by; never used again."""
    name: str
    key: str
    scopes: tuple[str, ...]
    """What it lets see, in words."""

    @property
    def grant(self) -> Grant:
        """What it lets do."""
        scopes = Scopes.parse(self.scopes)
        return Grant(Level.OVERLAY, f"overlay key: {self.name}", scopes, Credential("overlay-key", self.id))


class OverlayKeys(Register[OverlayKey]):
    """Makes keys, and knows them again. ``changed`` is called when what is to be stored changes."""

    def __init__(
        self, now: Callable[[], float], changed: Callable[[], None], stored: Iterable[OverlayKey] = ()
    ) -> None:
        super().__init__(MAX_KEYS, lambda key: key.id, now, changed, stored)

    @property
    def are_full(self) -> bool:
        """Whether one has to be revoked before another can be made."""
        return len(self.stored()) >= MAX_KEYS

    def make(self, name: str, scopes: Scopes, expires_at: float | None = None) -> OverlayKey:
        """Make a key.

        Raises:
            ScopeError: When something could be changed by it.
        """
        check_only_reads(scopes)
        key = OverlayKey(
            made_at=self.now(),
            expires_at=expires_at,
            id=new_id({key.id for key in self.stored()}),
            name=name,
            key=KEY_PREFIX + secrets.token_urlsafe(_KEY_BYTES),
            scopes=scopes.words,
        )
        self.add(key)
        return key

    def prove(self, is_right: Callable[[str], bool]) -> Proof | None:
        """Find the key that an answer is right for, and note its use. All are tried, whichever it is."""
        found: OverlayKey | None = None
        for key in self.stored():
            if is_right(key.key):
                found = key
        if found is None or self.find(found.id) is None:
            return None
        self.note_use(found)
        return Proof(found.grant, self, found.id)

    def named(self, key_id: str) -> OverlayKey | None:
        """Find one by its id."""
        return self.find(key_id)


def check_only_reads(scopes: Scopes) -> None:
    """Refuse what an overlay key must not hold.

    Raises:
        ScopeError: Naming it.
    """
    if not scopes.only_read:
        wrong = next(word for word in scopes.words if word.partition(":")[0] not in ("read", "event"))
        raise ScopeError(f"an overlay key only lets look on, so {wrong!r} cannot be among its scopes")
