"""Joins a WebSocket connection to a Streamer.bot session."""

from stagedoor.access import OriginClass
from stagedoor.hub import Hub
from stagedoor.net.connection import Connection
from stagedoor.net.door import MakeHandler, Visitor
from stagedoor.net.text import TextHandler
from stagedoor.streamerbot.reception import Reception
from stagedoor.streamerbot.session import Session
from stagedoor.wire import Peer


def speak_streamerbot(hub: Hub, reception: Reception) -> MakeHandler:
    """Make handlers for a door where Streamer.bot's protocol is spoken. Binary messages mean nothing in it."""

    def make_handler(visitor: Visitor) -> TextHandler:
        must_prove = visitor.origin_class is OriginClass.OPAQUE
        peer = Peer(visitor.address, visitor.origin, must_prove, visitor.port)

        def make_session(connection: Connection) -> Session:
            return Session(hub, reception, connection, peer)

        return TextHandler(make_session, reads_binary=False)

    return make_handler
