"""Runs the templates of commands: what they lack is fetched, what they count is stored, and then their text is told."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from random import SystemRandom
from typing import Final, NamedTuple

import msgspec

from stagedoor.access import Client
from stagedoor.errors import PeerError, StoreError
from stagedoor.hub import Write
from stagedoor.keys import TWITCH_CHANNEL
from stagedoor.services.chatbot.functions import UNKNOWN, BotFunctions, Channel, Scene
from stagedoor.services.chatbot.message import struct_of
from stagedoor.strimertul import ChatMessage
from stagedoor.templates import Struct, Template, TemplateFailed, compile_template, one_line
from stagedoor.types import Key, Value

logger = logging.getLogger(__name__)

MAX_RUNS: Final = 4
"""How often a template runs for one message; what it still lacks then stays unknown to it."""

MAX_CHANNELS: Final = 10
"""How many channels one message makes the bot look up."""

LOOK_UP_S: Final = 5.0
"""How long a look-up may take."""

_LONG_S: Final = 0.005
"""After a run that took longer, everybody else has as much time before the next one."""


class _Found(msgspec.Struct):
    """As much of a channel as templates tell."""

    game: str = ""
    title: str = ""


class _Subject(NamedTuple):
    """What is run."""

    template: Template
    data: Struct
    seed: int
    is_trial: bool


class _Attempt:
    """What came of one run: a text, or channels that it wants first."""

    def __init__(self) -> None:
        self.text = ""
        self.wanted: set[str] = set()


class Renderer:
    """Compiles templates and runs them with the bot's functions.

    ``seed`` gives a number from which the chances of one run follow; ``now`` tells Unix time.
    """

    def __init__(
        self,
        client: Client,
        *,
        now: Callable[[], float] = time.time,
        seed: Callable[[], int] = lambda: SystemRandom().getrandbits(64),
    ) -> None:
        self._client = client
        self._now = now
        self._seed = seed
        self._functions = BotFunctions()
        self._turn = asyncio.Lock()
        self._rests_until = 0.0
        """By the event loop's clock."""

    def compile(self, source: str) -> Template:
        """Compile a template.

        Raises:
            TemplateSyntaxError: When it is none.
        """
        return compile_template(source, self._functions.by_name)

    async def run(self, template: Template, message: ChatMessage, *, is_trial: bool = False) -> str:
        """Return what a template makes of a message, as one line; what it has counted is in the store then.

        A trial changes nothing.

        Raises:
            TemplateFailed: When the run fails; then nothing was counted.
        """
        return await self.run_on(template, struct_of(message), is_trial=is_trial)

    async def run_on(self, template: Template, data: Struct, *, is_trial: bool = False) -> str:
        """Do as :meth:`run` does with something else than a message."""
        subject = _Subject(template, data, self._seed(), is_trial)
        channels: dict[str, Channel] = {}
        for _ in range(MAX_RUNS - 1):
            attempt = await self._attempt(subject, channels)
            if not attempt.wanted:
                return one_line(attempt.text).strip()
            channels |= await self._look_up(attempt.wanted)
        attempt = await self._attempt(subject, channels, is_last=True)
        return one_line(attempt.text).strip()

    async def _attempt(self, subject: _Subject, channels: Mapping[str, Channel], *, is_last: bool = False) -> _Attempt:
        """Run a template once, with these channels; count only when it needs no others."""
        await self._wait_for_turn()
        attempt = _Attempt()

        def decide(read: Callable[[Key], Value]) -> Sequence[Write]:
            scene = Scene(read, channels, subject.seed, self._now())
            self._functions.scene = scene
            began = time.monotonic()
            try:
                attempt.text = subject.template.render(subject.data)
            except TemplateFailed:
                # It may have failed for what it lacked.
                if is_last or not scene.wanted:
                    raise
            finally:
                self._functions.scene = None
                self._rest_after(time.monotonic() - began)
            if scene.wanted and not is_last:
                attempt.wanted = scene.wanted
                return []
            return [] if subject.is_trial else [Write(key, str(value)) for key, value in scene.counters.items()]

        try:
            await self._client.change(decide)
        except StoreError as error:
            # What somebody is waiting for is worth more than the counter.
            logger.error("a counter could not be kept: %s", error)
        return attempt

    async def _wait_for_turn(self) -> None:
        """Wait for a turn of the event loop that no other run has: a hundred that take long must not hold everybody
        up a hundred times as long as one."""
        async with self._turn:
            await asyncio.sleep(max(0.0, self._rests_until - asyncio.get_running_loop().time()))

    def _rest_after(self, seconds: float) -> None:
        if seconds > _LONG_S:
            self._rests_until = asyncio.get_running_loop().time() + seconds

    async def _look_up(self, logins: set[str]) -> dict[str, Channel]:
        """Ask Twitch for channels."""
        asked = sorted(logins)[:MAX_CHANNELS]
        found = await asyncio.gather(*(self._find(login) for login in asked))
        return {**dict.fromkeys(logins, Channel()), **dict(zip(asked, found, strict=True))}

    async def _find(self, login: str) -> Channel:
        try:
            async with asyncio.timeout(LOOK_UP_S):
                answer = await self._client.call(TWITCH_CHANNEL, msgspec.json.encode({"name": login}).decode())
            found = msgspec.json.decode(answer, type=_Found)
        except (PeerError, TimeoutError, msgspec.DecodeError) as error:
            why = f"Twitch has not answered for {LOOK_UP_S:g} s" if isinstance(error, TimeoutError) else error
            logger.info("the channel %.50r could not be found: %s", login, why)
            return Channel()
        return Channel(found.game or UNKNOWN, found.title or UNKNOWN)
