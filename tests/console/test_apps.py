"""The page of the applications that come in by themselves: in a real browser, with applications that do."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Browser, Page, expect

from stagedoor.keys import APPS, FORGET_APP
from stagedoor.kilovolt import Client
from tests.conftest import Server
from tests.console.askers import Asker, asking, question
from tests.console.harness import Window, check_accessibility, open_page, sign_in, watched
from tests.net.websocket import Raw

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def remember(page: Page, asker: Asker) -> str:
    """Let an application in for good; returns its token."""
    await question(page).get_by_role("button", name="Allow and remember").click()
    token = msgspec.convert((await asker.verdict())["data"], dict[str, str])["token"]
    await expect(question(page)).to_have_count(0)
    return token


async def test_who_is_remembered_comes_in_by_itself_until_it_is_forgotten(page: Page, server: Server) -> None:
    await open_page(page, "apps")
    await expect(page.get_by_role("heading", name="No application comes in by itself yet")).to_be_visible()
    await check_accessibility(page)
    async with asking(server, name="A wheel", author="Ada", url="https://ada.example/") as asker:
        token = await remember(page, asker)
        entry = page.get_by_role("region", name="May come in by themselves").get_by_role("listitem")
        for text in ("A wheel", "Ada", "https://ada.example/", asker.origin, "this computer", "Let in on"):
            await expect(entry).to_contain_text(text)
        await expect(page.get_by_role("region", name="Just now")).to_contain_text("let in for good")
        await check_accessibility(page)
        back = await Raw.open(server.port, path="/ws", Origin=asker.origin)
        back.ask("klogin", auth="token", token=token)
        assert (await Asker(back, asker.origin).verdict())["ok"] is True
        await expect(question(page)).to_have_count(0)
        await entry.get_by_role("button", name="Forget A wheel").click()
        sure = page.get_by_role("alertdialog", name="Forget “A wheel”?")
        await expect(sure).to_contain_text("thrown out at once")
        await check_accessibility(page)
        await sure.get_by_role("button", name="Cancel").click()
        await expect(entry).to_contain_text("A wheel")
        await entry.get_by_role("button", name="Forget A wheel").click()
        await sure.get_by_role("button", name="Forget").click()
        assert await back.close_code() == 4011
        assert await asker.raw.close_code() == 4011
        await expect(page.get_by_text("“A wheel” was forgotten.")).to_be_visible()
        await expect(page.get_by_role("heading", name="No application comes in by itself yet")).to_be_visible()
        await back.end()


async def test_by_keyboard_alone_one_is_remembered_and_forgotten(page: Page, server: Server) -> None:
    await open_page(page, "apps")
    async with asking(server, name="By keys") as asker:
        await expect(question(page).get_by_role("button", name="Deny")).to_be_enabled()
        for _ in range(4):  # what it may do, for how long, Deny, Allow and remember
            await page.keyboard.press("Tab")
        await expect(question(page).get_by_role("button", name="Allow and remember")).to_be_focused()
        await page.keyboard.press("Space")
        assert (await asker.verdict())["ok"] is True
        forget = page.get_by_role("button", name="Forget By keys")
        await expect(forget).to_be_visible()
        await page.locator("main").focus()
        for _ in range(6):  # the page's four sections, Change, Forget
            await page.keyboard.press("Tab")
        await expect(forget).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("alertdialog")).to_have_count(0)
        await expect(forget).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alertdialog", name="Forget “By keys”?")).to_be_visible()
        for _ in range(2):  # Cancel, Forget
            await page.keyboard.press("Tab")
        await expect(page.get_by_role("alertdialog").get_by_role("button", name="Forget")).to_be_focused()
        await page.keyboard.press("Enter")
        assert await asker.raw.close_code() == 4011
        await expect(page.get_by_role("heading", name="May come in by themselves")).to_be_focused()


async def test_all_tabs_tell_who_was_just_denied(window: Window, server: Server) -> None:
    other = await window.context.new_page()
    await other.goto(f"{server.console_url}/#/apps")
    await expect(other.get_by_role("heading", name="Who may come in")).to_be_visible()
    await open_page(window.page, "apps")
    async with asking(server, name="Not known") as asker:
        await expect(window.page.get_by_role("region", name="Just now", include_hidden=True)).to_contain_text(
            "asks now"
        )
        await question(window.page).get_by_role("button", name="Deny").click()
        assert (await asker.verdict())["ok"] is False
        for page in (window.page, other):
            recent = page.get_by_role("region", name="Just now").get_by_role("listitem")
            await expect(recent).to_contain_text("Not known")
            await expect(recent).to_contain_text("denied")


@pytest.mark.parametrize("name", ["<b onclick=alert(1)>x</b>" * 5, "x" * 10_000, "txt.\u202eexe"])
async def test_hostile_names_are_only_text(browser: Browser, server: Server, owner: Client, name: str) -> None:
    async with watched(browser, width=360) as window:
        page = window.page
        await sign_in(page, server, "apps")
        page.on("dialog", lambda dialog: window.faults.append(dialog.message))
        async with asking(server, name=name, author=name, url=f"https://{'x' * 150}.example/") as asker:
            await remember(page, asker)
            entry = page.get_by_role("region", name="May come in by themselves").get_by_role("listitem")
            await expect(entry).to_contain_text(name.replace("\u202e", "")[:200])
            assert await entry.locator("[onclick]").count() == 0
            assert await page.evaluate("document.documentElement.scrollWidth") == 360
            await entry.get_by_role("button").click()
            assert await page.evaluate("document.documentElement.scrollWidth") == 360
            await check_accessibility(page)
            apps = msgspec.json.decode(await owner.get(APPS) or "[]", type=list[dict[str, object]])
            await owner.call(FORGET_APP, msgspec.json.encode({"id": apps[0]["id"]}).decode())
            await expect(page.get_by_role("alertdialog")).to_be_visible()
            await page.get_by_role("button", name="Cancel").click()
        await expect(page.get_by_role("heading", name="No application comes in by itself yet")).to_be_visible()


async def test_the_code_for_authors_works_as_it_is(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "overlays"
    folder.mkdir()
    server = Server(tmp_path / "data", "--static", str(folder), console=True)
    await server.start()
    try:
        async with watched(browser) as window, watched(browser) as overlay:
            await sign_in(window.page, server, "apps")
            await window.page.get_by_text("How an overlay asks to come in").click()
            code = await window.page.locator("main pre").inner_text()
            assert f"localhost:{server.port}" in code
            await asyncio.to_thread((folder / "index.html").write_text, f"<script>{code}</script>")
            await overlay.page.goto(f"http://localhost:{server.port}/static/index.html")
            await expect(question(window.page)).to_contain_text("My overlay")
            await question(window.page).get_by_role("button", name="Allow and remember").click()
            await overlay.page.wait_for_function("localStorage.getItem('stagedoor-token')")
            async with overlay.page.expect_websocket() as opening:
                await overlay.page.reload()
            socket = await opening.value
            await socket.wait_for_event("framereceived", lambda frame: '"ok":true' in str(frame))
            await expect(question(window.page)).to_have_count(0)
            await window.page.get_by_role("button", name="Forget My overlay").click()
            await window.page.get_by_role("alertdialog").get_by_role("button", name="Forget").click()
            await overlay.page.reload()
            await expect(question(window.page)).to_contain_text("My overlay")
    finally:
        await server.stop()
