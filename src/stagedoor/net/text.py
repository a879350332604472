"""Joins a WebSocket connection to a protocol whose sessions take text."""

from collections.abc import Callable
from typing import Protocol

from stagedoor.access import Client
from stagedoor.net.connection import Connection


class Session(Protocol):
    """The server's side of one connection."""

    @property
    def client(self) -> Client:
        """The hub's client behind it."""
        ...

    def receive(self, text: str) -> None:
        """Take one message."""
        ...

    def close(self) -> None:
        """Hear that the connection has gone."""
        ...

    def is_overdue(self, now: float) -> bool:
        """Tell whether the client should have logged in by now."""
        ...


class TextHandler:
    """One connection. A binary message is read as text, or ignored, as the protocol has it."""

    __slots__ = ("_make_session", "_reads_binary", "_session", "text")

    def __init__(self, make_session: Callable[[Connection], Session], *, reads_binary: bool) -> None:
        self._make_session = make_session
        self._reads_binary = reads_binary
        self._session: Session | None = None
        self.text: Callable[[str], None] = _too_early

    @property
    def client(self) -> Client | None:
        """The hub's client behind the connection, from when it is open."""
        return None if self._session is None else self._session.client

    def opened(self, connection: Connection) -> None:
        """Greet."""
        self._session = self._make_session(connection)
        self.text = self._session.receive

    def binary(self, message: bytes) -> None:
        """Take a binary message; raises ``UnicodeDecodeError`` when it is read and no text."""
        if self._reads_binary:
            self.text(message.decode())

    def closed(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()

    def is_overdue(self, now: float) -> bool:
        """Tell whether the client should have logged in by now."""
        return self._session is not None and self._session.is_overdue(now)


def _too_early(message: str) -> None:
    raise RuntimeError("a message came before the connection was open")
