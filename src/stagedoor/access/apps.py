"""Remembered applications: those that the owner let in for good, and the tokens by which they come back.

A token is good where the application asked from: a page's for pages of the same origin, a program's for programs. So a
token that leaks from a page is worthless to every other page.
"""

import secrets
from collections.abc import Callable, Iterable
from typing import Final

from stagedoor.access.asks import Asker, Metadata
from stagedoor.access.grants import Grant, Level
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

    @property
    def grant(self) -> Grant:
        """What it may touch."""
        return Grant(Level.APPLICATION, f"remembered: {self.name}")


class RememberedApps:
    """Gives out tokens, knows whose they are, and forgets. ``changed`` is called when what is to be stored changes."""

    def __init__(
        self, now: Callable[[], float], changed: Callable[[], None], stored: Iterable[RememberedApp] = ()
    ) -> None:
        self._tokens = Tokens(MAX_APPS, now, changed, stored)

    def remember(self, asker: Asker, metadata: Metadata) -> tuple[Grant, str]:
        """Remember an application that was let in; returns its grant and the token to come back by."""
        app_id = self._new_id()

        def make(hash_: str, now: float) -> RememberedApp:
            return RememberedApp(
                hash_,
                now,
                now,
                id=app_id,
                name=metadata.shown_name,
                author=metadata.author,
                url=metadata.url,
                origin=asker.origin,
                address=asker.address,
            )

        token, app = self._tokens.add(make)
        return app.grant, token

    def recognize(self, token: str, origin: str | None) -> Grant | None:
        """Give the grant of the application that shows a token, and note its use; ``None`` when it is no good here."""
        app = self._tokens.find(token)
        if app is None or app.origin != origin:
            return None
        self._tokens.note_use(app)
        return app.grant

    def forget(self, app_id: str) -> bool:
        """Make an application's token worthless, and end what came in by it; tells whether there was one of this id."""
        app = next((app for app in self._tokens.stored() if app.id == app_id), None)
        if app is not None:
            self._tokens.remove(app)
        return app is not None

    def replace(self, stored: Iterable[RememberedApp]) -> None:
        """Go by other applications from now on; those that are not among them are forgotten."""
        self._tokens.replace(stored)

    def enter(self, token: str, insider: object, leave: Callable[[], None]) -> bool:
        """Note who comes in by a token; ``leave`` is called when it is worthless. Tells whether it still is good."""
        return self._tokens.remember(token, insider, leave)

    def leave(self, insider: object) -> None:
        """Note that somebody has gone."""
        self._tokens.forget(insider)

    def stored(self) -> list[RememberedApp]:
        """What is to be kept."""
        return self._tokens.stored()

    def _new_id(self) -> str:
        """Draw an id that people can type; eight digits are enough to meet none that is in a backup."""
        taken = {app.id for app in self._tokens.stored()}
        while (app_id := secrets.token_hex(4)) in taken:
            pass
        return app_id
