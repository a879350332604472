"""A secret is read when the owner shows or copies it, and not by opening a page; so the audit log tells who looked."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, WebSocket, expect

from stagedoor.keys import (
    AUDIT,
    AUDITED,
    BOT_CONFIG,
    DECIDE_ORIGIN,
    HTTP_CONFIG,
    STREAMERBOT_CONFIG,
    TWITCH_CONFIG,
    WELCOME,
)
from stagedoor.kilovolt import Client
from tests.console.harness import open_page, watched
from tests.test_app import owner_of
from tests.test_owner_requests import run_movable

pytestmark = pytest.mark.asyncio(loop_scope="package")

PATIENCE_S = 60.0

SECRETS = {
    HTTP_CONFIG: ("kv_password", "kilovolts-word-4711-canary"),
    STREAMERBOT_CONFIG: ("password", "streamerbots-word-4711-canary"),
    TWITCH_CONFIG: ("api_client_secret", "twitchs-word-4711-canary"),
    BOT_CONFIG: ("oauth", "oauth:the-bots-word-4711-canary"),
}
MENU = "nav:not(main nav) a"
PARTS = "main nav a"
WORDS = {key: word for key, (_, word) in SECRETS.items()}


@dataclass
class Visit:
    """A signed-in window in a server full of secrets, and what the server has told it."""

    page: Page
    owner: Client
    received: list[str] = field(default_factory=list)

    def told(self) -> set[str]:
        """Of which keys it was told the secret."""
        return {key for key, word in WORDS.items() if any(word in text for text in self.received)}

    async def stored(self, key: str) -> dict[str, Any]:
        """What is stored, with the secrets."""
        stored = await self.owner.get_json(key, dict[str, Any])
        assert stored is not None
        return stored

    async def shown(self) -> list[dict[str, Any]]:
        """What was shown of secrets at the console's door, by the audit log, up to now."""
        # What is written down is told in its order, and this comes last.
        last = f"https://{secrets.token_hex(8)}.example"
        async with asyncio.timeout(PATIENCE_S), self.owner.watch(AUDITED) as entries:
            await self.owner.call_json(DECIDE_ORIGIN, {"origin": last, "allow": False})
            async for entry in entries:
                if last in entry.value:
                    break
        page = msgspec.json.decode(await self.owner.call(AUDIT, '{"kinds":["reveal"]}'))
        return [entry["facts"] for entry in page["entries"] if entry["facts"]["door"] == "console"]


@pytest_asyncio.fixture(loop_scope="package")
async def visit(browser: Browser, tmp_path: Path) -> AsyncIterator[Visit]:
    async with (
        run_movable(tmp_path / "data") as running,
        owner_of(running) as owner,
        watched(browser) as window,
    ):
        visit = Visit(window.page, owner)
        for key, (name, word) in SECRETS.items():
            stored: dict[str, Any] = await owner.get_json(key, dict[str, Any], {})
            await owner.set_json(key, {**stored, name: word})

        def listen(socket: WebSocket) -> None:
            socket.on("framereceived", lambda frame: visit.received.append(str(frame)))

        window.page.on("websocket", listen)
        await owner.set_json(WELCOME, {"done": True})  # or it would take the place of the first page
        link = running.new_console_link()
        assert link is not None
        await window.page.goto(link.url)
        await expect(window.page.locator("main#main")).to_be_visible()
        yield visit


async def links(page: Page, menu: str) -> list[str]:
    """Where a menu leads."""
    found = await page.locator(menu).evaluate_all("all => all.map(link => link.getAttribute('href'))")
    return [href.removeprefix("#/") for href in found if href.startswith("#/")]


async def follow(page: Page, menu: str, path: str) -> None:
    """Go where a menu leads, and wait until it is there."""
    await open_page(page, path)
    await expect(page.locator(f'{menu}[href="#/{path}"]')).to_have_attribute("aria-current", re.compile("page|true"))
    await expect(page.locator("main h1")).to_be_visible()
    await expect(page.locator("main [aria-busy]")).to_have_count(0)


async def test_no_page_reads_a_secret_until_it_is_to_be_shown(visit: Visit) -> None:
    page = visit.page
    pages = await links(page, MENU)
    assert len(pages) >= 13
    for path in pages:
        await follow(page, MENU, path)
        for part in await links(page, PARTS):
            await follow(page, PARTS, part)
    for step in range(1, 5):
        await open_page(page, f"welcome/{step}")
        await expect(page.locator("main h1")).to_be_visible()
    for key in SECRETS:
        await open_page(page, f"keys/{key.replace('/', '%2F')}")
        await expect(page.get_by_role("textbox", name="Value")).to_have_value(re.compile(f'"{SECRETS[key][0]}": ""'))
    await open_page(page, "server")
    # A change that somebody else makes under the eyes of the page is no reason to look either.
    await visit.owner.set_json(HTTP_CONFIG, {**await visit.stored(HTTP_CONFIG), "note": "theirs"})
    await open_page(page, "keys/http%2Fconfig")
    await expect(page.get_by_role("textbox", name="Value")).to_have_value(re.compile('"note": "theirs"'))
    assert visit.told() == set()
    assert await visit.shown() == []

    await open_page(page, "server")
    password = page.get_by_role("group", name="Password of Kilovolt", exact=True)
    await password.get_by_role("button", name="Reveal").click()
    await expect(password).to_contain_text(WORDS[HTTP_CONFIG])
    assert visit.told() == {HTTP_CONFIG}
    assert [facts["key"] for facts in await visit.shown()] == [HTTP_CONFIG]
    await password.get_by_role("button", name="Reveal").click()
    await expect(password).not_to_contain_text(WORDS[HTTP_CONFIG])

    await open_page(page, "twitch")
    await page.get_by_role("button", name="Show").click()
    await expect(page.locator("main")).to_contain_text(WORDS[TWITCH_CONFIG])
    assert visit.told() == {HTTP_CONFIG, TWITCH_CONFIG}
    assert {facts["key"] for facts in await visit.shown()} == {HTTP_CONFIG, TWITCH_CONFIG}


async def test_what_is_saved_beside_a_secret_leaves_it_alone_and_reads_none(visit: Visit) -> None:
    page = visit.page
    await open_page(page, "server")
    everybody = page.get_by_role("group", name="Who has to show it?")
    await everybody.get_by_role("radio", name="Everybody").check()
    await everybody.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. It holds from now on.")).to_be_visible()
    config = await visit.stored(STREAMERBOT_CONFIG)
    assert (config["authentication"], config["password"]) == ("enforced", WORDS[STREAMERBOT_CONFIG])

    await open_page(page, "twitch")
    await page.get_by_label("Client ID").fill("another")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    assert await visit.stored(TWITCH_CONFIG) == {
        "api_client_id": "another",
        "api_client_secret": WORDS[TWITCH_CONFIG],
    }

    await open_page(page, "twitch/bot")
    await page.get_by_label("Messages to remember").fill("20")
    async with asyncio.timeout(PATIENCE_S), visit.owner.watch(BOT_CONFIG) as changes:
        await page.get_by_label("Messages to remember").press("Enter")
        await anext(changes)
    bot = await visit.stored(BOT_CONFIG)
    assert (bot["chat_history"], bot["oauth"]) == (20, WORDS[BOT_CONFIG])

    await open_page(page, "keys/twitch%2Fconfig")
    value = page.get_by_role("textbox", name="Value")
    await expect(value).to_have_value(re.compile('"api_client_secret": ""'))
    await value.fill('{"api_client_id": "a third", "api_client_secret": ""}')
    await value.press("Control+s")
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert await visit.stored(TWITCH_CONFIG) == {"api_client_id": "a third", "api_client_secret": WORDS[TWITCH_CONFIG]}
    await value.fill('{"api_client_id": "a third"}')
    await value.press("Control+s")
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Discard the edit")).to_have_count(0)
    assert await visit.stored(TWITCH_CONFIG) == {"api_client_id": "a third"}

    assert visit.told() == set()
    assert await visit.shown() == []
