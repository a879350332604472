"""The first visit: from nothing to an overlay that shows what was sent to it, seen in the frame that it is in."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from stagedoor.access.overlay_keys import MAX_KEYS
from stagedoor.keys import (
    CHANGE_OVERLAY_KEY,
    CLIENTS,
    MAKE_OVERLAY_KEY,
    OVERLAY_KEYS,
    REVEAL_OVERLAY_KEY,
    REVOKE_OVERLAY_KEY,
    STREAMERBOT_CONFIG,
    WELCOME,
)
from stagedoor.kilovolt import Client
from tests.conftest import Server
from tests.console.harness import Window, check_accessibility, new_link, open_page, sign_in, watched

pytestmark = pytest.mark.asyncio(loop_scope="package")


@asynccontextmanager
async def first_visit(browser: Browser, server: Server, *, width: int = 1280) -> AsyncIterator[Window]:
    """Open the console for the first time."""
    async with watched(browser, width=width) as window:
        await window.page.goto(await new_link(server, is_first=True))
        await expect(window.page.get_by_role("heading", name="Welcome")).to_be_visible()
        yield window


async def is_done(server: Server) -> bool:
    async with Client(server.url, token=server.control_token) as owner:
        return await owner.get_json(WELCOME, type=dict[str, bool]) == {"done": True}


async def step(page: Page, name: str) -> None:
    """Wait until a step is shown."""
    await expect(page.get_by_role("heading", name=name)).to_be_visible()


async def test_it_ends_with_an_overlay_that_shows_what_was_sent(browser: Browser, own_server: Server) -> None:
    async with first_visit(browser, own_server) as window:
        page = window.page
        await step(page, "Language and look")
        await check_accessibility(page)
        await page.get_by_label("Italiano").check()
        await expect(page.get_by_role("heading", name="Benvenuto")).to_be_visible()
        await page.get_by_label("English").check()
        await page.get_by_role("button", name="Next").click()

        await step(page, "Choose an overlay")
        overlay = page.frame_locator("iframe")
        await page.get_by_label("Alerts").check()
        await expect(overlay.locator("#status")).to_be_hidden()
        await page.get_by_role("button", name="Show a follow").click()
        await expect(overlay.locator(".alert")).to_have_text("Adafollows")
        await check_accessibility(page)
        await page.get_by_label("Chat").check()
        await page.get_by_role("button", name="Next").click()

        await step(page, "Put it into OBS")
        address = await page.get_by_label("Address of the overlay").input_value()
        assert address == f"http://localhost:{own_server.port}/static/examples/chat/#port={own_server.streamerbot_port}"
        await window.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.get_by_role("button", name="Copy the address").click()
        assert await page.evaluate("navigator.clipboard.readText()") == address
        await expect(page.get_by_role("list")).to_contain_text(["500 into Width and 800 into Height"])
        await check_accessibility(page)
        await page.get_by_role("button", name="Next").click()

        await step(page, "Try it")
        await expect(page.get_by_text("Only the preview on this page is connected")).to_be_visible()
        await expect(page.get_by_role("heading", name="It works")).to_have_count(0)
        hostile = "<img src=x onerror=alert(1)> \u202e"
        await page.get_by_label("Message").fill(hostile)
        await page.get_by_role("button", name="Send the message").click()
        await expect(overlay.locator("li")).to_contain_text("<img src=x onerror=alert(1)>")
        await expect(page.get_by_role("heading", name="It works")).to_be_visible()
        await check_accessibility(page)
        obs = await window.context.new_page()
        await obs.goto(address)
        await expect(page.get_by_text("One overlay is connected, not counting the preview")).to_be_visible()
        await obs.close()

        await page.get_by_role("button", name="Done").click()
        await expect(page.get_by_role("heading", name="Welcome")).to_have_count(0)
        assert await is_done(own_server)
    async with watched(browser) as window:
        page = window.page
        await page.goto(await new_link(own_server, is_first=True))
        await expect(page.get_by_role("heading", name="Dashboard", level=1)).to_be_visible()
        await page.get_by_role("navigation").get_by_role("link", name="About").click()
        await page.get_by_role("link", name="Show the welcome again").click()
        await step(page, "Language and look")


async def test_it_claims_no_overlay_while_the_connection_is_lost(browser: Browser, own_server: Server) -> None:
    async with first_visit(browser, own_server) as window:
        page = window.page
        await open_page(page, "welcome/4/chat")
        claim = page.get_by_text("Only the preview on this page is connected")
        await expect(claim).to_be_visible()
        await own_server.stop()
        await expect(page.get_by_text("connection to stagedoor is lost")).to_be_visible()
        await expect(claim).to_have_count(0)
        await own_server.start()
        await expect(claim).to_be_visible()


async def test_it_can_be_skipped_at_any_step(browser: Browser, own_server: Server) -> None:
    async with first_visit(browser, own_server) as window:
        page = window.page
        for number in (1, 2, 3):
            await open_page(page, f"welcome/{number}")
            await expect(page.get_by_text(f"Step {number} of 4")).to_be_visible()
            await expect(page.get_by_role("button", name="Skip the welcome")).to_be_enabled()
        assert not await is_done(own_server)
        await page.get_by_role("button", name="Back").click()
        await step(page, "Choose an overlay")
        await page.get_by_role("button", name="Skip the welcome").click()
        await expect(page.get_by_role("heading", name="Dashboard", level=1)).to_be_visible()
        assert await is_done(own_server)


async def test_by_keyboard_alone_on_a_phone(browser: Browser, own_server: Server) -> None:
    async with first_visit(browser, own_server, width=360) as window:
        page = window.page

        async def press_to(name: str) -> None:
            """Go to a button by Tab, and press it."""
            button = page.get_by_role("button", name=name, exact=True)
            for _ in range(30):
                await page.keyboard.press("Tab")
                if await button.evaluate("button => button === document.activeElement"):
                    break
            await expect(button).to_be_focused()
            assert await page.evaluate("document.documentElement.scrollWidth") == 360
            await page.keyboard.press("Enter")

        await page.locator("main").focus()
        await press_to("Next")
        await expect(page.get_by_role("heading", name="Choose an overlay")).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_label("Countdown")).to_be_checked()
        await expect(page.locator("iframe")).to_have_attribute("title", "The overlay “Countdown”")
        await press_to("Next")
        await expect(page.get_by_role("heading", name="Put it into OBS")).to_be_focused()
        await press_to("Next")
        await expect(page.get_by_text("Only the preview on this page is connected")).to_be_visible()
        await press_to("Start the countdown")
        await expect(page.frame_locator("iframe").locator("#left")).to_contain_text("4:5")
        await expect(page.get_by_role("heading", name="It works")).to_be_visible()
        await check_accessibility(page)
        await press_to("Done")
        await expect(page.get_by_role("heading", name="Dashboard", level=1)).to_be_visible()


@pytest_asyncio.fixture(loop_scope="package")
async def guarded_server(tmp_path: Path) -> AsyncIterator[Server]:
    """Serve where everybody has to show something at the Streamer.bot door; its password is a stored one."""
    server = Server(tmp_path / "data", "--streamerbot-auth", "enforced", password=None, streamerbot=True, console=True)
    await server.start()
    yield server
    await server.stop()


async def overlay_keys(owner: Client) -> list[dict[str, Any]]:
    return await owner.get_json(OVERLAY_KEYS, type=list[dict[str, Any]]) or []


async def text_of(page: Page) -> str:
    """All that a page holds: what is shown, what stands in its fields, where its frames are."""
    fields = await page.evaluate("[...document.querySelectorAll('input, textarea')].map(field => field.value).join()")
    return "\n".join([await page.content(), fields, *(frame.url for frame in page.frames)])


async def test_where_a_password_is_enforced_an_overlay_has_a_key_instead(
    browser: Browser, guarded_server: Server
) -> None:
    server = guarded_server
    async with Client(server.url, token=server.control_token) as owner:
        config = await owner.get_json(STREAMERBOT_CONFIG, type=dict[str, Any])
        assert config is not None
        assert len(config["password"]) > 10
        async with first_visit(browser, server) as window:
            page = window.page
            await open_page(page, "welcome/3/chat")
            overlay = page.frame_locator("iframe")
            await expect(overlay.locator("#status")).to_be_hidden()
            address = await page.get_by_label("Address of the overlay").input_value()
            (key,) = await overlay_keys(owner)
            assert key["name"] == "Chat overlay"
            assert "event:Twitch.ChatMessage" in key["scopes"]
            assert "event:Twitch.Follow" not in key["scopes"]
            revealed = await owner.call_json(REVEAL_OVERLAY_KEY, {"id": key["id"]}, type=dict[str, str])
            assert revealed is not None
            secret = revealed["key"]
            assert address == (
                f"http://localhost:{server.port}/static/examples/chat/#port={server.streamerbot_port}&key={secret}"
            )
            await expect(page.get_by_text("a key of its own")).to_be_visible()
            await check_accessibility(page)
            await page.get_by_role("button", name="Next").click()
            await page.get_by_role("button", name="Send the message").click()
            await expect(overlay.locator("li")).to_contain_text("Is this thing on?")
            await expect(page.get_by_role("heading", name="It works")).to_be_visible()
            assert config["password"] not in await text_of(page)
            assert secret in await text_of(page)
            await page.get_by_role("button", name="Done").click()
            await expect(page.get_by_role("heading", name="Welcome")).to_have_count(0)

        # Seen again, in another browser and language, it is the same key, whatever it is called by now.
        await owner.call_json(CHANGE_OVERLAY_KEY, {"id": key["id"], "name": "My chat"})
        async with watched(browser, locale="it-IT", width=360) as window:
            page = window.page
            await page.goto(await new_link(server, is_first=True))
            await open_page(page, "welcome/3/chat")
            await expect(page.get_by_label("Indirizzo dell\u2019overlay")).to_have_value(address)
            await expect(page.frame_locator("iframe").locator("#status")).to_be_hidden()
            assert await page.evaluate("document.documentElement.scrollWidth") == 360
            await check_accessibility(page)
            assert [known["id"] for known in await overlay_keys(owner)] == [key["id"]]
            # A revoked one cannot come back, so there is another.
            await owner.call_json(REVOKE_OVERLAY_KEY, {"id": key["id"]})
            await page.reload()
            await expect(page.frame_locator("iframe").locator("#status")).to_be_hidden()
            another = page.get_by_label("Indirizzo dell\u2019overlay")
            await expect(another).to_have_value(re.compile(f"&key=(?!{re.escape(secret)})."))
            assert [known["name"] for known in await overlay_keys(owner)] == ["Overlay della chat"]


async def test_by_keyboard_each_overlay_gets_a_key_of_its_own_and_only_one(
    browser: Browser, guarded_server: Server
) -> None:
    server = guarded_server
    async with first_visit(browser, server) as window, Client(server.url, token=server.control_token) as owner:
        page = window.page
        await open_page(page, "welcome/2/chat")
        await expect(page.frame_locator("iframe").locator("#status")).to_be_hidden()
        await page.get_by_label("Chat").focus()
        for name in ("Alerts", "Countdown", "Chat"):
            await page.keyboard.press("ArrowDown")
            await expect(page.get_by_label(name)).to_be_focused()
            await expect(page.locator("iframe")).to_have_attribute("title", f"The overlay “{name}”")
            await expect(page.frame_locator("iframe").locator("#status")).to_be_hidden()
        for _ in range(3):  # faster than keys are made
            await page.keyboard.press("ArrowDown")
        await expect(page.locator("iframe")).to_have_attribute("title", "The overlay “Chat”")
        made = [key["name"] for key in await overlay_keys(owner)]
        assert sorted(made) == ["Alerts overlay", "Chat overlay", "Countdown overlay"]


async def test_when_no_key_can_be_made_it_says_why(browser: Browser, guarded_server: Server) -> None:
    server = guarded_server
    async with first_visit(browser, server) as window, Client(server.url, token=server.control_token) as owner:
        page = window.page
        for number in range(MAX_KEYS):
            await owner.call_json(MAKE_OVERLAY_KEY, {"name": f"Key {number}", "scopes": ["event:Twitch.Follow"]})
        await open_page(page, "welcome/3/alerts")
        await expect(page.get_by_role("alert")).to_contain_text("too many overlay keys")
        await check_accessibility(page)
        await page.get_by_role("main").get_by_role("link", name="Overlay keys").click()
        await page.get_by_role("button", name="Revoke Key 7", exact=True).click()
        await page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
        await expect(page.get_by_text("“Key 7” was revoked.")).to_be_visible()
        await page.go_back()
        await expect(page.frame_locator("iframe").locator("#status")).to_be_hidden()
        await expect(page.get_by_label("Address of the overlay")).to_have_value(re.compile("&key=overlay-"))


async def test_without_a_door_it_says_what_is_missing(browser: Browser, tmp_path: Path) -> None:
    server = Server(tmp_path / "data", console=True)
    await server.start()
    try:
        async with watched(browser) as window:
            await sign_in(window.page, server, "welcome/2")
            await expect(window.page.get_by_text("The Streamer.bot door is shut")).to_be_visible()
            await expect(window.page.get_by_role("main").get_by_role("link", name="Server")).to_be_visible()
            await check_accessibility(window.page)
    finally:
        await server.stop()


async def test_who_was_led_to_a_page_stays_there(browser: Browser, own_server: Server) -> None:
    async with first_visit(browser, own_server) as window:
        await window.page.goto(f"{own_server.console_url}/#/about")
        await window.page.reload()
        await expect(window.page.get_by_role("heading", name="About", level=1)).to_be_visible()


async def test_what_runs_in_the_frame_cannot_reach_the_console(browser: Browser, own_server: Server) -> None:
    async with first_visit(browser, own_server) as window:
        page = window.page
        await open_page(page, "welcome/2/chat")
        await expect(page.frame_locator("iframe").locator("#status")).to_be_hidden()
        frame = next(frame for frame in page.frames if "/static/examples/" in frame.url)
        reached = "() => { try { return parent.localStorage.length } catch (error) { return error.name } }"
        assert await frame.evaluate(reached) == "SecurityError"
        assert await frame.evaluate("Object.keys(localStorage).length") == 0
        async with Client(own_server.url, token=own_server.control_token) as owner:
            clients = msgspec.json.decode(await owner.call(CLIENTS, ""), type=list[dict[str, object]])
        framed = [client for client in clients if client["door"] == "Streamer.bot"]
        assert [client["origin"] for client in framed] == [f"http://localhost:{own_server.port}"]
