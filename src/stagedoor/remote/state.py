"""Where a client stands, as its user sees it."""

from enum import Enum


class State(Enum):
    """Where a client stands."""

    CONNECTING = "connecting"
    """On its way: opening a connection, logging in, subscribing."""

    CONNECTED = "connected"
    """Logged in, and every subscription is in place."""

    DISCONNECTED = "disconnected"
    """Without a connection until the next try."""

    CLOSED = "closed"
    """Not opened yet, closed, or given up; it stays so until ``connect()``."""
