"""Remembered applications: those that the owner let in for good, and the tokens by which they come back.

A token is good where the application asked from: a page's for pages of the same origin, a program's for programs. So a
token that leaks from a page is worthless to every other page.
"""

import secrets
from collections.abc import Callable, Iterable
from typing import Final

from stagedoor.access.asks import Asker, Metadata, Terms
from stagedoor.access.grants import Credential, Grant, grant_for
from stagedoor.access.proofs import Proof
from stagedoor.access.scopes import Scopes
from stagedoor.access.tokens import Token, Tokens

MAX_APPS: Final = 256
"""Applications that are remembered; the one that came longest ago is forgotten first."""


class RememberedApp(Token, kw_only=True):
    """An application as it is stored."""

    id: str
    """For the owner to name it by; never used again."""
    name: str
    """What it said of itself when it asked, as the next two; perhaps empty, perhaps a lie."""
    author: str
    url: str
    origin: str | None
    """That of its page; ``None`` for a program."""
    address: str
    """Where it asked from."""
    scopes: tuple[str, ...] | None = None
    """What it may touch, in words; ``None`` for all but secrets."""

    @property
    def grant(self) -> Grant:
        """What it may touch."""
        scopes = None if self.scopes is None else Scopes.parse(self.scopes)
        return grant_for(scopes, f"remembered: {self.name}", Credential("app", self.id))


class RememberedApps(Tokens[RememberedApp]):
    """Gives out tokens, and knows whose they are. ``changed`` is called when what is to be stored changes."""

    def __init__(
        self, now: Callable[[], float], changed: Callable[[], None], stored: Iterable[RememberedApp] = ()
    ) -> None:
        super().__init__(MAX_APPS, now, changed, stored)

    def remember(self, asker: Asker, metadata: Metadata, terms: Terms) -> tuple[Proof, str]:
        """Remember an application that was let in; returns the proof of it, and the token to come back by."""
        app_id = new_id({app.id for app in self.stored()})

        def make(hash_: str, now: float) -> RememberedApp:
            return RememberedApp(
                hash=hash_,
                made_at=now,
                used_at=now,
                expires_at=terms.expires_at,
                id=app_id,
                name=metadata.shown_name,
                author=metadata.author,
                url=metadata.url,
                origin=asker.origin,
                address=asker.address,
                scopes=None if terms.scopes is None else terms.scopes.words,
            )

        token, app = self.draw(make)
        return Proof(app.grant, self, app.hash), token

    def prove(self, token: str, origin: str | None) -> Proof | None:
        """Recognize the application that shows a token, and note its use; ``None`` when it is no good here."""
        app = self.recognize(token)
        if app is None or app.origin != origin:
            return None
        self.note_use(app)
        return Proof(app.grant, self, app.hash)

    def named(self, app_id: str) -> RememberedApp | None:
        """Find one by its id."""
        return next((app for app in self.stored() if app.id == app_id), None)


def new_id(taken: set[str]) -> str:
    """Draw an id that people can type; eight digits are enough to meet none that is in a backup."""
    while (new := secrets.token_hex(4)) in taken:
        pass
    return new
