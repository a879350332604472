"""The page of the log: in a real browser, with a server that really logs."""

import re
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from stagedoor.keys import HTTP_CONFIG, LOGGED
from stagedoor.kilovolt import Client
from tests.conftest import Server
from tests.console.harness import Window, check_accessibility, open_page, sign_in, watched

pytestmark = pytest.mark.asyncio(loop_scope="package")

CANARY = "canary-that-must-not-sing"


@pytest_asyncio.fixture(loop_scope="package")
async def log_owner(own_server: Server) -> AsyncIterator[Client]:
    """Connect with the owner's grant to the test's own server."""
    async with Client(own_server.url, token=own_server.control_token) as client:
        yield client


async def log(owner: Client, message: str, level: str = "info", at_ms: int = 4_000_000_000_000) -> None:
    """Have the console hear a line, as it would from the log; it is later than all real ones."""
    line = {"at_ms": at_ms, "level": level, "logger": "stagedoor.tests.canary", "message": message}
    await owner.set(LOGGED, msgspec.json.encode(line).decode())


def rows(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Lines of the log, newest last").get_by_role("option")


async def test_lines_come_are_filtered_read_and_copied(browser: Browser, own_server: Server, log_owner: Client) -> None:
    async with watched(browser) as window:
        page = window.page
        await window.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await sign_in(page, own_server, "log")
        await own_server_logs(log_owner)
        await expect(rows(page).last).to_contain_text("backed up")
        await log(log_owner, "the <b>first</b> one", "error")
        await log(log_owner, "the second one", "debug")
        await expect(rows(page).last).to_contain_text("the second one")
        await expect(page.get_by_role("button", name="Error 1")).to_be_visible()
        await check_accessibility(page)

        await page.get_by_role("button", name="Debug 1").click()
        await expect(rows(page).last).to_contain_text("the <b>first</b> one")
        await page.get_by_role("searchbox", name="Filter by text").fill("TESTS.CANARY")
        await expect(rows(page)).to_have_count(1)
        await page.get_by_role("button", name="Copy all shown").click()
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied == "2096-10-02T07:06:40.000Z error   tests.canary: the <b>first</b> one"

        await rows(page).first.click()
        details = page.get_by_role("dialog", name="A line of the log")
        await expect(details).to_contain_text("stagedoor.tests.canary")
        await expect(details).to_contain_text(re.compile(r"2 Oct 2096, \d\d:\d\d:40\.000"))
        await check_accessibility(page)
        await details.get_by_role("button", name="Copy as JSON").click()
        await expect(page.get_by_text("Copied").last).to_be_visible()
        line = msgspec.json.decode(await page.evaluate("navigator.clipboard.readText()"), type=dict[str, object])
        assert line["message"] == "the <b>first</b> one"
        await page.keyboard.press("Escape")

        await page.get_by_role("searchbox", name="Filter by text").fill("no such thing")
        await page.get_by_role("button", name="Show all lines").click()
        await expect(rows(page).last).to_contain_text("the second one")


async def own_server_logs(owner: Client) -> None:
    """Have the server itself log something."""
    await owner.call("stagedoor/@backup", "{}")


async def test_the_end_stays_in_view_until_one_scrolls_up(
    browser: Browser, own_server: Server, log_owner: Client
) -> None:
    async with watched(browser) as window:
        page = window.page
        await sign_in(page, own_server, "log")
        for n in range(60):
            await log(log_owner, f"line {n}", at_ms=4_000_000_000_000 + n)
        await expect(rows(page).last).to_contain_text("line 59")
        await page.get_by_role("listbox").evaluate("list => { list.scrollTop = 200 }")
        await expect(page.get_by_role("button", name="To the end")).to_be_enabled()
        top = await page.get_by_role("listbox").evaluate("list => list.scrollTop")
        await log(log_owner, "came meanwhile", at_ms=4_000_000_000_100)
        await expect(page.get_by_text("1 new line below")).to_be_visible()
        assert await page.get_by_role("listbox").evaluate("list => list.scrollTop") == top
        await page.get_by_role("button", name="To the end").click()
        await expect(rows(page).last).to_contain_text("came meanwhile")
        await expect(rows(page).last).to_be_in_viewport()
        await log(log_owner, "and one more", at_ms=4_000_000_000_101)
        await expect(rows(page).last).to_contain_text("and one more")
        await expect(rows(page).last).to_be_in_viewport()


async def test_by_keyboard_alone_a_line_is_found_and_opened(window: Window, owner: Client) -> None:
    page = window.page
    await open_page(page, "log")
    await log(owner, "found by keys", "warning")
    await expect(rows(page).last).to_contain_text("found by keys")
    await page.locator("main").focus()
    for _ in range(5):  # four levels, the filter
        await page.keyboard.press("Tab")
    await page.keyboard.type("found by keys")
    await expect(rows(page)).to_have_count(1)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("listbox")).to_be_focused()
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("found by keys")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("listbox")).to_be_focused()


async def test_the_menu_counts_what_was_not_seen_yet(browser: Browser, own_server: Server, log_owner: Client) -> None:
    async with watched(browser) as window:
        page = window.page
        await sign_in(page, own_server, "log")
        link = page.get_by_role("navigation").locator("a[href='#/log']")
        await expect(link).to_have_accessible_name("Log")
        await open_page(page, "apps")
        await log(log_owner, "a warning", "warning")
        await log(log_owner, "a word", "info")
        await log(log_owner, "an error", "error")
        await expect(link).to_have_accessible_name("Log 2 new warnings and errors")
        await check_accessibility(page)
        await link.click()
        await expect(link).to_have_accessible_name("Log")
        await open_page(page, "apps")
        await page.reload()
        await expect(link).to_have_accessible_name("Log")


async def test_what_the_log_holds_is_there_once_after_a_reload_and_a_restart(
    browser: Browser, own_server: Server, log_owner: Client
) -> None:
    async with watched(browser) as window:
        page = window.page
        await sign_in(page, own_server, "log")
        await own_server_logs(log_owner)
        await page.get_by_role("searchbox", name="Filter by text").fill("backed up")
        await expect(rows(page)).to_have_count(1)
        await page.reload()
        await page.get_by_role("searchbox", name="Filter by text").fill("backed up")
        await expect(rows(page)).to_have_count(1)
        await own_server.restart()
        await expect(page.get_by_text("Connected again.")).to_be_visible()
        await expect(rows(page)).to_have_count(1)


async def test_a_secret_is_nowhere_in_the_log_and_hostile_lines_fit_a_phone(
    browser: Browser, own_server: Server, log_owner: Client
) -> None:
    async with watched(browser, width=360) as window:
        page = window.page
        await sign_in(page, own_server, "log")
        await log_owner.set(
            HTTP_CONFIG, msgspec.json.encode({"bind": "localhost:1", "kv_password": CANARY, "path": "/no"}).decode()
        )
        await own_server_logs(log_owner)
        await log(log_owner, "<img src=x onerror=alert(1)>" + "x" * 1900 + "\u202e", "error")
        hostile = rows(page).filter(has_text="onerror")
        await expect(hostile).to_have_count(1)
        assert CANARY not in await page.content()
        assert await rows(page).locator("img").count() == 0
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        await check_accessibility(page)
        await hostile.click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
