"""Keeps ``twitch/stream-info`` up to date: asks once a minute, and at once when EventSub tells that it changed."""

import asyncio
import contextlib
import logging
from typing import Final

from stagedoor.access import Client, Clock
from stagedoor.errors import StoreError
from stagedoor.keys import STREAM_INFO
from stagedoor.services.twitch.errors import TwitchError
from stagedoor.services.twitch.helix import Helix
from stagedoor.services.twitch.timing import limit
from stagedoor.strimertul import Stream, read, read_object, write

logger = logging.getLogger(__name__)

EVERY_S: Final = 60.0

TOPICS: Final = frozenset(("stream.online", "stream.offline", "channel.update"))
"""What tells that the stream is another now."""


class Streams:
    """Asks for the stream of one channel for as long as :meth:`run` goes on."""

    def __init__(self, client: Client, helix: Helix, clock: Clock, channel_id: str) -> None:
        self._client = client
        self._helix = helix
        self._clock = clock
        self._channel_id = channel_id
        self._is_due = asyncio.Event()
        self._written_at: float | None = None
        """When the number of viewers was written last."""

    def ask_now(self) -> None:
        """Do not wait for the next minute."""
        self._is_due.set()

    async def run(self) -> None:
        """Ask again and again, until cancelled. What is stored stays when Twitch does not answer."""
        while True:
            self._is_due.clear()
            try:
                await self._ask()
            except TwitchError as error:
                logger.debug("the stream's state is not known: %s", error)
            except (StoreError, ValueError) as error:
                logger.warning("the stream's state could not be kept: %s", error)
            with contextlib.suppress(TimeoutError):
                async with limit(self._clock, EVERY_S):
                    await self._is_due.wait()

    async def _ask(self) -> None:
        answer = await self._helix.request("GET", "streams", params={"user_id": self._channel_id})
        streams = read_object(answer.get("data"), list[Stream])
        if not self._is_worth_writing(streams):
            return
        self._written_at = self._clock.time()
        await self._client.put(STREAM_INFO, write(streams))

    def _is_worth_writing(self, streams: list[Stream]) -> bool:
        """Tell whether something is another; a new number of viewers alone waits for its minute."""
        try:
            known = read(self._client.get(STREAM_INFO), list[Stream])
        except ValueError:
            return True
        if streams == known:
            return False
        for stream, before in zip(streams, known, strict=False):
            before.viewer_count = stream.viewer_count
        is_number_alone = streams == known
        return not is_number_alone or self._written_at is None or self._clock.time() - self._written_at >= EVERY_S
