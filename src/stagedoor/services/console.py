"""The console's passes and where it listens: makes the one-time links, and keeps both over a restart."""

import logging
import time
from collections.abc import Callable
from typing import Final

import msgspec

from stagedoor.access import Client, Pass, Passes
from stagedoor.access.passes import CODE_LIFETIME_S
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Change, Write
from stagedoor.keys import CONSOLE_CONFIG, CONSOLE_LINK, CONSOLE_PASSES
from stagedoor.types import Value

logger = logging.getLogger(__name__)

_decoder: Final = msgspec.json.Decoder(list[Pass])


class ConsoleConfig(msgspec.Struct):
    """The value of ``stagedoor/console``."""

    bind: str
    """Where its door listens from the next start on."""


class ConsoleLink(msgspec.Struct):
    """The answer to ``stagedoor/@console-link``."""

    url: str
    """Where the console is, with a code in its fragment."""
    expires_in_s: float


class ConsoleDesk:
    """Joins the passes to the hub. ``address`` tells where the console is, if its door is open.

    What is stored is followed, too: who deletes it signs out every browser, and a restore brings back its own.
    """

    def __init__(self, client: Client, address: Callable[[], str | None], now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._address = address
        self._kept = client.get(CONSOLE_PASSES)
        """What was written, or read, last."""
        self._writes = 0
        """How many of ours are under way."""
        self.passes = Passes(now, self._keep, _read(self._kept))
        client.deliver = self._follow
        client.subscribe(CONSOLE_PASSES)
        client.serve(CONSOLE_LINK, self._make_link)

    @property
    def stored_address(self) -> str | None:
        """Where the owner wants the console's door to listen; ``None`` when that was never said."""
        text = self._client.get(CONSOLE_CONFIG)
        try:
            return msgspec.json.decode(text, type=ConsoleConfig).bind if text else None
        except (msgspec.DecodeError, RecursionError):
            logger.error("the key %s is not valid; the console listens where it does by itself", CONSOLE_CONFIG)
            return None

    async def store_address(self, address: str) -> None:
        """Keep where the door listens; raises ``StoreError``."""
        await self._client.put(CONSOLE_CONFIG, msgspec.json.encode(ConsoleConfig(address)).decode())

    def _keep(self) -> None:
        def done(error: StoreError | None) -> None:
            self._writes -= 1
            if error is None:
                self._follow()
            else:
                logger.error("the console's passes could not be kept: %s", error)

        self._kept = msgspec.json.encode(self.passes.stored()).decode()
        self._writes += 1
        self._client.write([Write(CONSOLE_PASSES, self._kept)], done)

    def _follow(self, change: Change | None = None) -> None:
        """Go by what is stored, where somebody else wrote it."""
        stored = self._client.get(CONSOLE_PASSES)  # the change of a secret does not tell it
        if not self._writes and stored != self._kept:
            self._kept = stored
            self.passes.replace(_read(stored))

    def new_link(self) -> ConsoleLink | None:
        """Make a link that opens the console, once and soon; ``None`` when its door is shut."""
        address = self._address()
        return None if address is None else ConsoleLink(f"{address}#code={self.passes.new_code()}", CODE_LIFETIME_S)

    async def _make_link(self, value: Value) -> Value:
        link = self.new_link()
        if link is None:
            raise RequestFailed("the console's door is shut")
        return msgspec.json.encode(link).decode()


def _read(stored: Value) -> list[Pass]:
    try:
        return _decoder.decode(stored) if stored else []
    except (msgspec.DecodeError, RecursionError):
        logger.error("the key %s is not valid; everybody has to open the console anew", CONSOLE_PASSES)
        return []
