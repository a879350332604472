"""The requests of Streamer.bot's protocol, one module a family; what the WebSocket and the HTTP door have in common.

A handler gets who asks and with what parameters, and returns the members of the answer. Those that only read keys
answer at once; those that ask a service are coroutines. What belongs to one connection (``Authenticate``,
``Subscribe``, ``UnSubscribe``) is in :mod:`stagedoor.streamerbot.session`.
"""

from typing import Final

from stagedoor.streamerbot.requests import actions, platforms, server, variables, viewers
from stagedoor.streamerbot.requests.handler import Asker, Handler, Request

__all__ = ["REQUESTS", "Asker", "Handler", "Request"]

REQUESTS: Final[dict[str, Request]] = {
    request.name: request for family in (server, actions, platforms, variables, viewers) for request in family.REQUESTS
}
"""By name, in its right spelling."""
