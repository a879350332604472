"""What the console's tests do again and again: sign in, look for faults of accessibility, work by keyboard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from playwright.async_api import Browser, BrowserContext, Page, expect

from stagedoor.keys import CONSOLE_LINK, WELCOME
from stagedoor.kilovolt import Client
from stagedoor.services.console import ConsoleLink
from tests.conftest import Server

AXE: Final = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@dataclass
class Window:
    """A browser's window with a memory of its own, and what went wrong in it."""

    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)
    """Uncaught errors, and what the content policy refused."""


@asynccontextmanager
async def watched(browser: Browser, *, width: int = 1280, locale: str = "en-GB") -> AsyncIterator[Window]:
    """Open an empty window; at its end nothing must have gone wrong in it."""
    context = await browser.new_context(
        viewport={"width": width, "height": 800},
        locale=locale,
        # A colour that is still on its way would be judged as it is.
        reduced_motion="reduce",
    )
    window = Window(context, await context.new_page())
    context.on("weberror", lambda error: window.faults.append(str(error.error)))
    context.on(
        "console", lambda message: window.faults.append(message.text) if "Content Security" in message.text else None
    )
    try:
        yield window
        assert window.faults == [], window.faults
    finally:
        await context.close()


async def new_link(server: Server, *, is_first: bool = False) -> str:
    """Make a one-time link; not for a first visit, where the console would show its welcome, unless told so."""
    async with Client(server.url, token=server.control_token) as client:
        if not is_first:
            await client.set_json(WELCOME, {"done": True})
        return msgspec.json.decode(await client.call(CONSOLE_LINK, ""), type=ConsoleLink).url


async def sign_in(page: Page, server: Server, path: str = "") -> None:
    """Open the console by a link, and go to one of its pages, such as ``keys``."""
    await page.goto(await new_link(server))
    await expect(page.locator("main#main")).to_be_visible()
    if path:
        await open_page(page, path)


async def open_page(page: Page, path: str) -> None:
    """Go to a page of the console, such as ``keys`` or ``keys/some%2Fkey``."""
    await page.evaluate("path => { location.hash = '#/' + path }", path)
    await expect(page.locator("main [aria-busy]")).to_have_count(0)


async def until(page: Page, condition: str) -> None:
    """Wait until an expression of JavaScript is true in a page.

    Playwright's own ``wait_for_function`` looks a second time by ``eval``, which the content policy refuses.
    """
    await page.evaluate(
        f"""() => new Promise((resolve, reject) => {{
            const look = async () => {{
                try {{
                    if (await ({condition})) resolve()
                    else setTimeout(look, 20)
                }} catch (error) {{
                    reject(error)
                }}
            }}
            look()
        }})"""
    )


async def check_accessibility(page: Page) -> None:
    """Let axe judge the page, in both themes: nothing serious may be wrong."""
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        if not await page.evaluate("'axe' in window"):
            # Not as a script's address or text in the page: the content policy would refuse both.
            await page.evaluate(AXE.read_text())
        violations = await page.evaluate(
            """async () => (await axe.run(document)).violations
                .filter(found => ['serious', 'critical'].includes(found.impact))
                .map(found => `${found.id}: ${found.nodes.map(node => node.target.join(' ')).join(', ')}`)"""
        )
        assert violations == [], f"{scheme}: {violations}"
