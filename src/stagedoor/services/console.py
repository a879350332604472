"""The console's passes and where it listens: makes the one-time links, and keeps both over a restart."""

import logging
import time
from collections.abc import Callable

import msgspec

from stagedoor.access import Client, Pass, Passes, Record
from stagedoor.access.passes import CODE_LIFETIME_S
from stagedoor.errors import RequestFailed
from stagedoor.kept import Kept, in_ms
from stagedoor.keys import CONSOLE_CONFIG, CONSOLE_LINK, CONSOLE_PASSES, DEVICES, FORGET_DEVICE, REVOKED_DEVICES
from stagedoor.types import Value

logger = logging.getLogger(__name__)


class ConsoleConfig(msgspec.Struct):
    """The value of ``stagedoor/console``."""

    bind: str
    """Where its door listens from the next start on."""


class ConsoleLink(msgspec.Struct):
    """The answer to ``stagedoor/@console-link``."""

    url: str
    """Where the console is, with a code in its fragment."""
    expires_in_s: float
    """How long it can be used, once."""


class ShownDevice(msgspec.Struct):
    """A browser that has a pass, as the owner sees it."""

    id: str
    name: str
    address: str
    """Where it was when it got it."""
    made_at_ms: int
    """Unix milliseconds, as the next one."""
    used_at_ms: int | None
    """Exact to an hour."""


class _Named(msgspec.Struct):
    id: str


class ConsoleDesk:
    """Joins the passes to the hub. ``address`` tells where the console is, if its door is open.

    What is stored is followed, too: who deletes it signs out every browser.
    """

    def __init__(
        self,
        client: Client,
        address: Callable[[], str | None],
        record: Record,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._address = address
        self._record = record
        self._kept: Kept[Pass, Passes] = Kept(
            client,
            lambda changed, stored: Passes(now, changed, stored),
            Pass,
            stored_at=CONSOLE_PASSES,
            shown_at=DEVICES,
            revoked_at=REVOKED_DEVICES,
            describe=_describe,
        )
        self.passes = self._kept.register
        client.serve(CONSOLE_LINK, self._make_link)
        client.serve(FORGET_DEVICE, self._forget)

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

    def new_link(self, lifetime_s: float = CODE_LIFETIME_S) -> ConsoleLink | None:
        """Make a link that opens the console, once and soon; ``None`` when its door is shut."""
        address = self._address()
        if address is None:
            return None
        self._record("pass", {"what": "link"})
        return ConsoleLink(f"{address}#code={self.passes.new_code(lifetime_s)}", lifetime_s)

    async def _make_link(self, value: Value) -> Value:
        link = self.new_link()
        if link is None:
            raise RequestFailed("the console's door is shut")
        return msgspec.json.encode(link).decode()

    async def _forget(self, value: Value) -> Value:
        try:
            wanted = msgspec.json.decode(value, type=_Named).id
        except (msgspec.DecodeError, RecursionError) as problem:
            raise RequestFailed(f"expected an id: {problem}") from problem
        known = self.passes.named(wanted)
        if known is None:
            raise RequestFailed(f"there is no device {wanted}")
        self.passes.remove(known)
        self._record("revoked", {"what": "device", "id": known.id, "name": known.name})
        logger.info("the owner signed out the device %s", known.id)
        await self._kept.settled()
        return "{}"


def _describe(known: Pass) -> ShownDevice:
    return ShownDevice(
        id=known.id,
        name=known.name,
        address=known.address,
        made_at_ms=round(known.made_at * 1000),
        used_at_ms=in_ms(known.used_at),
    )
