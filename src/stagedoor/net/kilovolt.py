"""Joins a WebSocket connection to a Kilovolt session."""

from collections.abc import Callable

from stagedoor.access import Doorkeeper, OriginClass
from stagedoor.hub import Hub
from stagedoor.kilovolt.session import Session
from stagedoor.wire import Peer
from stagedoor.net.connection import Connection
from stagedoor.net.door import MakeHandler, Visitor


class KilovoltHandler:
    """One connection that speaks Kilovolt. A binary message is read as text, as the reference server does."""

    __slots__ = ("_make_session", "_session", "text")

    def __init__(self, make_session: Callable[[Connection], Session]) -> None:
        self._make_session = make_session
        self._session: Session | None = None
        self.text: Callable[[str], None] = _too_early

    def opened(self, connection: Connection) -> None:
        """Greet."""
        self._session = self._make_session(connection)
        self.text = self._session.receive

    def binary(self, message: bytes) -> None:
        """Take a binary message; raises ``UnicodeDecodeError`` when it is no text."""
        self.text(message.decode())

    def closed(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()

    def is_overdue(self, now: float) -> bool:
        """Tell whether the client should have logged in by now."""
        return self._session is not None and self._session.is_overdue(now)


def speak_kilovolt(hub: Hub, doorkeeper: Doorkeeper, *, namespace: str = "") -> MakeHandler:
    """Make handlers for a door where Kilovolt is spoken."""

    def make_handler(visitor: Visitor) -> KilovoltHandler:
        must_prove = visitor.origin_class is OriginClass.OPAQUE
        peer = Peer(visitor.address, visitor.origin, must_prove, visitor.port)
        return KilovoltHandler(lambda connection: Session(hub, doorkeeper, connection, peer, namespace=namespace))

    return make_handler


def _too_early(message: str) -> None:
    raise RuntimeError("a message came before the connection was open")
