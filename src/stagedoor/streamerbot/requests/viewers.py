"""Who is watching, and who is thanked at the end."""

from stagedoor import keys
from stagedoor.streamerbot.messages import Members, Parameters
from stagedoor.streamerbot.requests.handler import Asker, Handler, Request, ask
from stagedoor.types import Key


def _ask_for(key: Key) -> Handler:
    async def handle(asker: Asker, parameters: Parameters) -> Members:
        return await ask(asker.client, key)

    return handle


REQUESTS = (
    Request("GetActiveViewers", _ask_for(keys.VIEWERS_ACTIVE)),
    Request("GetCredits", _ask_for(keys.CREDITS_GET)),
    Request("TestCredits", _ask_for(keys.CREDITS_SAMPLE)),
    Request("ClearCredits", _ask_for(keys.CREDITS_CLEAR)),
)
