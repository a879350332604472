"""The page about stagedoor itself, with the report that may be shown to others."""

import msgspec
import pytest
from playwright.async_api import Browser, Page, expect

from stagedoor.keys import STREAMERBOT_CONFIG
from stagedoor.kilovolt import Client
from stagedoor.version import __version__
from tests.conftest import PASSWORD, Server
from tests.console.harness import Window, check_accessibility, open_page, sign_in, until, watched

pytestmark = pytest.mark.asyncio(loop_scope="package")

CANARY = "canary-that-must-not-sing"


async def test_it_says_what_runs_and_where_its_data_is(page: Page, server: Server) -> None:
    await open_page(page, "about")
    program = page.get_by_role("region", name="stagedoor", exact=True)
    await expect(program).to_contain_text(__version__)
    await expect(program).to_contain_text(str(server.data))
    await expect(program).to_contain_text("MIT")
    assert await page.locator("main a[href^='http']").count() == 0
    await expect(page.get_by_role("region", name="When something is wrong")).to_contain_text("no password")
    await check_accessibility(page)


async def test_the_report_is_copied_and_holds_no_secret(browser: Browser, own_server: Server) -> None:
    async with watched(browser) as window, Client(own_server.url, token=own_server.control_token) as owner:
        config = {"bind": "127.0.0.1:1", "password": CANARY}
        await owner.set(STREAMERBOT_CONFIG, msgspec.json.encode(config).decode())
        assert CANARY in await owner.get(STREAMERBOT_CONFIG)
        await window.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = window.page
        await sign_in(page, own_server, "about")
        await page.get_by_role("button", name="Copy the report").click()
        await expect(page.get_by_text("Copied", exact=True)).to_be_visible()
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(f"# stagedoor {__version__}")
        assert "## Doors" in copied
        token = await page.evaluate("localStorage.getItem('stagedoor.pass')")
        for secret in (CANARY, PASSWORD, own_server.control_token, token):
            assert secret not in copied
            assert secret not in await page.content()


async def test_by_keyboard_alone_the_report_is_renewed_and_read(window: Window, owner: Client) -> None:
    page = window.page
    await open_page(page, "about")
    renew = page.get_by_role("button", name="Write it anew")
    await expect(page.locator("main pre")).to_contain_text("## Log")
    await page.locator("main").focus()
    for _ in range(4):  # the folder, the welcome, the report, anew
        await page.keyboard.press("Tab")
    await expect(renew).to_be_focused()
    await owner.set("a-new-segment/key", "1")
    try:
        await page.keyboard.press("Enter")
        await expect(page.locator("main pre")).to_contain_text("a-new-segment/")
    finally:
        await owner.delete("a-new-segment/key")
    await page.keyboard.press("Tab")
    report = page.get_by_role("region", name="The report", exact=True)
    await expect(report).to_be_focused()
    await page.keyboard.press("End")
    await until(page, "document.activeElement.scrollTop > 0")


async def test_it_fits_a_phone_in_italian(browser: Browser, server: Server) -> None:
    async with watched(browser, width=360, locale="it-IT") as window:
        await sign_in(window.page, server, "about")
        await expect(window.page.get_by_role("heading", name="Informazioni")).to_be_visible()
        await expect(window.page.locator("main pre")).to_contain_text("## Log")
        assert await window.page.evaluate("document.documentElement.scrollWidth") == 360
        await check_accessibility(window.page)
