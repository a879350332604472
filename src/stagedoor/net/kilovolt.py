"""Joins a WebSocket connection to a Kilovolt session."""

from stagedoor.access import Doorkeeper, OriginClass
from stagedoor.hub import Hub
from stagedoor.kilovolt.session import Session
from stagedoor.net.connection import Connection
from stagedoor.net.door import MakeHandler, Visitor
from stagedoor.net.text import TextHandler
from stagedoor.wire import Peer


def speak_kilovolt(hub: Hub, doorkeeper: Doorkeeper, *, namespace: str = "") -> MakeHandler:
    """Make handlers for a door where Kilovolt is spoken. A binary message is text, as for the reference server."""

    def make_handler(visitor: Visitor) -> TextHandler:
        must_prove = visitor.origin_class is OriginClass.OPAQUE
        peer = Peer(visitor.address, visitor.origin, must_prove, visitor.port)

        def make_session(connection: Connection) -> Session:
            return Session(hub, doorkeeper, connection, peer, namespace=namespace)

        return TextHandler(make_session, reads_binary=True)

    return make_handler
