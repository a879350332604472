"""What the clients of both protocols share: a connection that comes back, listeners, and a twin for scripts.

It knows no protocol. A client derives from :class:`~stagedoor.remote.client.RemoteClient` and says how to open its
connection and what to subscribe to on it.
"""

from stagedoor.remote.errors import RemoteError
from stagedoor.remote.reconnect import Reconnect
from stagedoor.remote.state import State

__all__ = ["Reconnect", "RemoteError", "State"]
