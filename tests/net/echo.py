"""An echo on the door's own connection code, for the WebSocket conformance cases."""

from stagedoor.access import OriginPolicy
from stagedoor.net.connection import Connection
from stagedoor.net.door import Door
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.net.pages import Pages
from stagedoor.net.tls import Tls


class EchoHandler:
    """Sends back what comes, text as text and binary as binary."""

    def __init__(self) -> None:
        self._connection: Connection | None = None

    @property
    def client(self) -> None:
        """Nobody: there is no hub."""

    def opened(self, connection: Connection) -> None:
        """Keep the connection."""
        self._connection = connection

    def text(self, message: str) -> None:
        """Echo."""
        assert self._connection is not None
        self._connection.send(message.encode())

    def binary(self, message: bytes) -> None:
        """Echo."""
        assert self._connection is not None
        self._connection.send_binary(message)

    def closed(self) -> None:
        """Nothing to tidy up."""

    def is_overdue(self, now: float) -> bool:
        """Nothing to wait for."""
        return False


def make_door(limits: Limits | None = None, *, path: str = "/", tls: Tls | None = None) -> Door:
    """Make a door that echoes at ``path``."""
    return Door(
        "Echo",
        sockets={path: lambda visitor: EchoHandler()},
        respond=Pages().respond,
        turn=Turn(),
        limits=limits or Limits(),
        origins=OriginPolicy(),
        tls=tls,
    )
