"""What the bot says, one message after the other."""

import asyncio
import logging
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.errors import NoSuchRequest, RequestFailed

logger = logging.getLogger(__name__)

MAX_WAITING: Final = 100
"""Messages that wait to be sent; more come too late to be understood, and are dropped."""

_SEND: Final = "platform/twitch/@send-message"


class Replies:
    """A queue, so that answers keep their order and nobody waits for the chat."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING)
        self._task: asyncio.Task[None] | None = None

    def say(self, message: str) -> None:
        """Say something when it is its turn."""
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            logger.warning("an answer was not said: the chat does not keep up")
            return
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._send_all())

    async def close(self) -> None:
        """Say nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _send_all(self) -> None:
        while True:
            message = await self._waiting.get()
            request = msgspec.json.encode({"message": message, "bot": True, "internal": True}).decode()
            try:
                await self._client.call(_SEND, request)
            except (NoSuchRequest, RequestFailed) as error:
                logger.warning("an answer could not be said: %s", error)
