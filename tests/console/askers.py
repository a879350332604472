"""Applications that ask to come in: each from a page of its own, so that the limits on asking meet none of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Final

from playwright.async_api import Locator, Page

from tests.conftest import Server
from tests.net.websocket import Raw

_ports: Final = count(20_001)


class Asker:
    """One connection that asks."""

    def __init__(self, raw: Raw, origin: str) -> None:
        self.raw = raw
        self.origin = origin

    async def verdict(self) -> dict[str, object]:
        """Wait for the answer to its question."""
        return await self.answer_to("klogin")

    async def answer_to(self, request: str) -> dict[str, object]:
        """Wait for the answer to a request."""
        while True:
            message = await self.raw.message()
            if message.get("request_id") == request:
                return message


@asynccontextmanager
async def asking(server: Server, *, origin: str | None = None, **says: object) -> AsyncIterator[Asker]:
    """Ask, with what the application ``says`` of itself, and leave at the end."""
    origin = origin or f"http://localhost:{next(_ports)}"
    raw = await Raw.open(server.port, path="/ws", Origin=origin)
    raw.ask("klogin", auth="ask", **says)
    try:
        yield Asker(raw, origin)
    finally:
        await raw.end()


def question(page: Page) -> Locator:
    """The dialog that asks the owner."""
    return page.get_by_role("alertdialog")
