"""``GetInfo`` and ``GetEvents``: what the server is and what it can tell."""

from stagedoor.streamerbot.interest import known_names
from stagedoor.streamerbot.messages import Members, Parameters
from stagedoor.streamerbot.requests.handler import Asker, Request


def _get_info(asker: Asker, parameters: Parameters) -> Members:
    return asker.info()


def _get_events(asker: Asker, parameters: Parameters) -> Members:
    return {"events": known_names(asker.client)}


REQUESTS = (Request("GetInfo", _get_info), Request("GetEvents", _get_events))
