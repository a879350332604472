"""The page of the audit log: in a real browser, with a log that is really written."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from stagedoor.audit.chain import FIRST, Head, seal
from stagedoor.keys import AUDIT, DECIDE_ORIGIN
from stagedoor.kilovolt import Client
from tests.conftest import Server
from tests.console.harness import Window, check_accessibility, open_page, sign_in, watched
from tests.net.websocket import Raw

pytestmark = pytest.mark.asyncio(loop_scope="package")

HOSTILE = "<b onclick=alert(1)>x</b>\u202e" + "y" * 150


async def ask(owner: Client, key: str, value: Mapping[str, object]) -> None:
    """Ask a service of the server something as the owner."""
    await owner.call(key, json.dumps(value))


async def decide(owner: Client, origin: str, *, allow: bool) -> None:
    """Decide about a web site, which is an entry."""
    await ask(owner, DECIDE_ORIGIN, {"origin": origin, "allow": allow})


def rows(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Entries of the audit log, newest first").get_by_role("option")


async def be_refused(server: Server) -> None:
    """Show a wrong token."""
    raw = await Raw.open(server.port, path="/ws")
    raw.ask("klogin", auth="token", token="wrong")
    while (await raw.message()).get("request_id") != "klogin":
        pass
    await raw.end()


async def test_what_happens_is_told_found_and_read(page: Page, server: Server, owner: Client) -> None:
    await open_page(page, "audit")
    await expect(page.get_by_text("Unbroken:")).to_be_visible()
    await decide(owner, "https://first.example", allow=True)
    await expect(rows(page).filter(has_text="Pages of https://first.example may connect").first).to_be_visible()
    await be_refused(server)
    refused = rows(page).filter(has_text="Refused: a token that is not good, or no more, from 127.0.0.1")
    await expect(refused.first).to_be_visible()
    await check_accessibility(page)

    await page.get_by_role("button", name="Permissions").click()
    await expect(page.get_by_role("button", name="Permissions")).to_have_attribute("aria-pressed", "true")
    await expect(rows(page).filter(has_text="Refused")).to_have_count(0)
    await expect(rows(page).filter(has_text="https://first.example").first).to_be_visible()
    await decide(owner, "https://second.example", allow=False)
    await expect(rows(page).filter(has_text="Pages of https://second.example may not connect").first).to_be_visible()
    await page.get_by_role("searchbox", name="Search").fill("FIRST.example")
    await expect(rows(page)).to_have_count(1)

    await rows(page).first.click()
    details = page.get_by_role("dialog", name="An entry of the audit log")
    entries = json.loads(await owner.call(AUDIT, json.dumps({"search": "first.example"})))["entries"]
    # As it is written where the owner lives.
    await expect(details).to_contain_text(re.compile(r"When\s*\d{1,2} \w+ \d{4}, \d\d:\d\d:\d\d"))
    for text in ("Web site", "allowed", entries[0]["hash"], entries[0]["previous"], str(entries[0]["n"])):
        await expect(details).to_contain_text(text)
    await check_accessibility(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("searchbox", name="Search").fill("nothing at all")
    await expect(page.get_by_text("No entry fits.")).to_be_visible()
    await page.get_by_role("button", name="Show all").click()
    await expect(rows(page).nth(3)).to_be_visible()
    for origin in ("https://first.example", "https://second.example"):
        await ask(owner, "stagedoor/@forget-origin", {"origin": origin})


async def test_by_keyboard_alone_an_entry_is_found_and_copied(window: Window, owner: Client) -> None:
    page = window.page
    await window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await decide(owner, "https://keys.example", allow=False)
    await open_page(page, "audit")
    await page.locator("main").focus()
    for _ in range(8 + 1):  # the topics, the search
        await page.keyboard.press("Tab")
    await page.keyboard.type("keys.example")
    await expect(rows(page)).to_have_count(1)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Download all")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Home")
    await page.keyboard.press("Enter")
    details = page.get_by_role("dialog", name="An entry of the audit log")
    await expect(details).to_be_visible()
    for _ in range(2):  # the entry, the button
        await page.keyboard.press("Tab")
    await expect(details.get_by_role("button", name="Copy as JSON")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Copied")).to_be_visible()
    copied = json.loads(await page.evaluate("navigator.clipboard.readText()"))
    assert copied["facts"]["origin"] == "https://keys.example"
    await ask(owner, "stagedoor/@forget-origin", {"origin": "https://keys.example"})


async def test_hostile_text_is_only_text_and_it_fits_a_phone(browser: Browser, server: Server) -> None:
    async with watched(browser, width=360) as window:
        page = window.page
        await sign_in(page, server, "audit")
        page.on("dialog", lambda dialog: window.faults.append(dialog.message))
        raw = await Raw.open(server.port, path="/ws")
        raw.ask("klogin", auth="ask", name=HOSTILE)
        dialog = page.get_by_role("alertdialog")
        await expect(dialog).to_contain_text("<b onclick")
        await dialog.get_by_role("button", name="Deny").click()
        await expect(dialog).to_have_count(0)
        # What another test did may be summed up at any moment, on top of it.
        hostile = rows(page).filter(has_text="You answered “<b onclick=alert(1)>x</b>").first
        await expect(hostile).to_be_visible()
        assert await page.locator("main [onclick]").count() == 0
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        await check_accessibility(page)
        await hostile.click()
        await expect(page.get_by_role("dialog")).to_contain_text("<b onclick")
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        await check_accessibility(page)
        await raw.end()


def write_log(data: Path, count: int, *, forge: int | None = None) -> bytes:
    """Write a log of so many entries; one of them may be changed afterwards."""
    head = Head(0, FIRST)
    lines = []
    for number in range(1, count + 1):
        entry, line = seal(head, 1_790_000_000_000 + number * 1000, "use", {"verb": "read", "area": f"area-{number}/"})
        head = Head(entry.n, entry.hash)
        lines.append(line.replace(b"area-", b"erea-") if number == forge else line)
    data.mkdir(mode=0o700)
    (data / "audit.jsonl").write_bytes(b"".join(lines))
    (data / "audit.jsonl").chmod(0o600)
    return b"".join(lines)


async def test_a_long_log_is_read_as_one_scrolls_and_downloaded_whole(browser: Browser, tmp_path: Path) -> None:
    written = write_log(tmp_path / "data", 900)
    server = Server(tmp_path / "data", console=True)
    await server.start()
    try:
        async with watched(browser) as window:
            page = window.page
            await sign_in(page, server, "audit")
            await expect(page.get_by_text("scroll for older ones")).to_be_visible()
            await rows(page).first.click()
            await page.keyboard.press("Escape")
            listed = page.get_by_role("listbox")
            await listed.focus()
            older = page.get_by_text("scroll for older ones")
            while await older.count():  # each time, the end is further away
                await page.keyboard.press("End")
            await page.keyboard.press("End")
            await expect(rows(page).last).to_contain_text("area-1/ for the first time")
            await page.get_by_role("button", name="To the newest").click()
            await expect(rows(page).first).to_contain_text("console")
            async with page.expect_download() as downloading:
                await page.get_by_role("button", name="Download all").click()
            download = await downloading.value
            assert download.suggested_filename == "stagedoor-audit.jsonl"
            assert (await download.path()).read_bytes().startswith(written)
    finally:
        await server.stop()


async def test_a_log_that_was_changed_says_so(browser: Browser, tmp_path: Path) -> None:
    write_log(tmp_path / "data", 20, forge=7)
    server = Server(tmp_path / "data", console=True)
    await server.start()
    try:
        async with watched(browser) as window:
            await sign_in(window.page, server, "audit")
            notice = window.page.get_by_role("status").filter(has_text="The log is not whole:")
            await expect(notice).to_be_visible()
            await expect(window.page.get_by_text("Unbroken")).to_have_count(0)
            await expect(rows(window.page).filter(has_text="The log is not whole:")).not_to_have_count(0)
            await check_accessibility(window.page)
    finally:
        await server.stop()
