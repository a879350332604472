"""The page of backups: real backups, restores and imports of a running server, in a real browser."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from stagedoor.archive import backups_folder, list_backups
from stagedoor.keys import BACKUP, HTTP_CONFIG, MAKE_OVERLAY_KEY, OVERLAY_KEYS, REVOKE_OVERLAY_KEY
from stagedoor.kilovolt import Client
from tests.conftest import Server
from tests.console.harness import check_accessibility, open_page, sign_in, watched

pytestmark = pytest.mark.asyncio(loop_scope="package")

STRIMERTUL_EXPORT = {
    "http/config": '{"bind":"localhost:4337","enable_static_server":false,"kv_password":"the old one","path":""}',
    "twitch/config": '{"enabled":true,"api_client_id":"id","api_client_secret":"hidden"}',
    "loyalty/config": '{"enabled":true}',
    "twitch/ev/chat-message": '{"text":"long ago"}',
    "twitch/@send-chat-message": "hello",
}
"""As `strimertul export` writes it, with a past event and a request."""


@pytest_asyncio.fixture(loop_scope="package")
async def own_owner(own_server: Server) -> AsyncIterator[Client]:
    """Connect with the owner's grant to the test's own server."""
    async with Client(own_server.url, token=own_server.control_token) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="package")
async def page(browser: Browser, own_server: Server) -> AsyncIterator[Page]:
    """Open the page of backups."""
    async with watched(browser) as window:
        await sign_in(window.page, own_server, "backups")
        yield window.page


def review(page: Page, name: str) -> Locator:
    return page.get_by_role("dialog", name=f"What “{name}” would do")


def count(dialog: Locator, what: str) -> Locator:
    return dialog.locator("dl > div").filter(has_text=what).locator("dd")


async def upload(page: Page, name: str, content: bytes) -> None:
    await page.get_by_label("File", exact=True).set_input_files(
        {"name": name, "mimeType": "application/json", "buffer": content}
    )
    await page.get_by_role("button", name="Look what it would do").click()


async def test_a_restore_shows_what_it_does_and_brings_back_the_old_state(
    page: Page, own_server: Server, own_owner: Client
) -> None:
    await expect(page.get_by_text("There is no backup yet")).to_be_visible()
    await check_accessibility(page)
    await own_owner.set("counter/kept", "1")
    await own_owner.set("counter/changed", "old")
    await own_owner.set("counter/deleted", "1")
    await page.get_by_role("button", name="Make a backup now").click()
    (backup,) = await made(own_server, page, 1)
    await own_owner.set("counter/changed", "new")
    await own_owner.delete("counter/deleted")
    await own_owner.set("counter/added", "1")

    await page.get_by_role("button", name=f"Restore {backup}").click()
    dialog = review(page, backup)
    await expect(dialog.get_by_label("Go back to it")).to_be_checked()
    await expect(count(dialog, "added")).to_have_text("1")
    await expect(count(dialog, "deleted")).to_have_text("1")
    await dialog.get_by_text("1 key would be added").click()
    await expect(dialog.get_by_text("counter/deleted")).to_be_visible()
    await dialog.get_by_text("1 key would be deleted").click()
    await expect(dialog.get_by_text("counter/added")).to_be_visible()
    await expect(dialog).to_contain_text("This replaces everything that stagedoor holds now.")
    await expect(dialog).to_contain_text("A backup of what there is now is made first")
    await check_accessibility(page)
    await dialog.get_by_role("button", name="Cancel").click()
    assert await own_owner.get("counter/changed") == "new"

    await page.get_by_role("button", name=f"Restore {backup}").click()
    await dialog.get_by_role("button", name="Replace everything").click()
    await expect(page.get_by_text("Went back to")).to_be_visible()
    await expect(dialog).to_have_count(0)
    values = [await own_owner.get(f"counter/{name}") for name in ("kept", "changed", "deleted", "added")]
    assert values == ["1", "old", "1", ""]

    safety, _ = await made(own_server, page, 2)
    await page.get_by_role("button", name=f"Restore {safety}").click()
    await review(page, safety).get_by_label("Add it to what is here").check()
    await expect(count(review(page, safety), "deleted")).to_have_text("0")
    await review(page, safety).get_by_role("button", name="Add it").click()
    await expect(page.get_by_text("Wrote ")).to_be_visible()
    values = [await own_owner.get(f"counter/{name}") for name in ("changed", "deleted", "added")]
    assert values == ["new", "1", "1"], "the safety backup has what was replaced, and adding it deletes nothing"


async def made(server: Server, page: Page, wanted: int) -> list[str]:
    """Wait until the page lists so many backups; returns their names, newest first."""
    await expect(page.get_by_role("list", name="What there is").get_by_role("listitem")).to_have_count(wanted)
    await expect(page.get_by_role("button", name="Download 2")).to_have_count(wanted)
    return [path.name for path in reversed(await asyncio.to_thread(list_backups, server.data))]


async def test_an_export_of_strimertul_moves_in(page: Page, own_server: Server, own_owner: Client) -> None:
    await own_owner.set("counter/mine", "stays")
    await page.get_by_text("Moving in from strimertül?").click()
    await expect(page.get_by_text("Keys that the file does not name stay as they are.")).to_be_visible()
    await upload(page, "strimertul.json", msgspec.json.encode(STRIMERTUL_EXPORT))
    dialog = review(page, "strimertul.json")
    await expect(dialog.get_by_label("Add it to what is here")).to_be_checked()
    await expect(count(dialog, "deleted")).to_have_text("0")
    await expect(count(dialog, "events left out")).to_have_text("2")
    await expect(dialog).to_contain_text("overlays with another one are out")
    await check_accessibility(page)
    assert await own_owner.get("loyalty/config") == ""
    await dialog.get_by_role("button", name="Add it").click()
    await expect(page.get_by_text("Wrote 3 keys.")).to_be_visible()
    assert await own_owner.get("loyalty/config") == '{"enabled":true}'
    assert "the old one" in await own_owner.get(HTTP_CONFIG)
    assert await own_owner.get("counter/mine") == "stays"
    await made(own_server, page, 1)


@pytest.mark.parametrize(
    "content", [b"\x00\xff no file of ours", b'{"a": "b"', b"[1, 2]", b""], ids=["bytes", "cut off", "list", "empty"]
)
async def test_a_broken_file_changes_nothing_and_says_so(page: Page, own_owner: Client, content: bytes) -> None:
    before = await own_owner.get_all("counter/")
    await upload(page, "broken.json", content)
    dialog = review(page, "broken.json")
    await expect(dialog.get_by_role("status")).to_contain_text("Nothing was changed. broken.json: ")
    await expect(dialog.get_by_role("button", name="Add it")).to_be_disabled()
    await check_accessibility(page)
    assert await own_owner.get_all("counter/") == before


async def test_a_backup_and_an_export_are_saved_on_this_computer(
    page: Page, own_server: Server, own_owner: Client
) -> None:
    await own_owner.set("counter/a", "1")
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Export everything").click()
    saved = await (await downloading.value).path()
    (backup,) = await made(own_server, page, 1)
    stored = await asyncio.to_thread((backups_folder(own_server.data) / backup).read_bytes)
    assert await asyncio.to_thread(Path(saved).read_bytes) == stored
    assert b'"counter/a": "1"' in stored
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name=f"Download {backup}").click()
    assert (await downloading.value).suggested_filename == backup
    await own_owner.set("counter/a", "2")
    await upload(page, backup, stored)
    await review(page, backup).get_by_label("Go back to it").check()
    await review(page, backup).get_by_role("button", name="Replace everything").click()
    await expect(page.get_by_text("Went back to")).to_be_visible()
    assert await own_owner.get("counter/a") == "1"


async def test_a_damaged_backup_is_marked_and_one_that_went_is_a_clear_error(
    page: Page, own_server: Server, own_owner: Client
) -> None:
    await own_owner.call(BACKUP, "{}")
    (backup,) = await made(own_server, page, 1)
    path = backups_folder(own_server.data) / backup
    await asyncio.to_thread((path.parent / "20200101-000000.json").write_bytes, b'{"half": ')
    await page.reload()
    await expect(page.get_by_text("damaged")).to_be_visible()
    await expect(page.get_by_role("button", name="Restore 20200101-000000.json")).to_be_disabled()
    await asyncio.to_thread(path.unlink)
    await page.get_by_role("button", name=f"Download {backup}").click()
    await expect(page.get_by_role("alert").filter(has_text="there is no such backup")).to_be_visible()


async def test_a_restore_leaves_this_browser_in_and_whom_the_owner_put_out_outside(
    browser: Browser, own_server: Server, own_owner: Client
) -> None:
    made_keys = []
    for name in ("Alerts", "Clock"):
        wish = msgspec.json.encode({"name": name, "scopes": ["read:counter/*"]}).decode()
        made_keys.append(msgspec.json.decode(await own_owner.call(MAKE_OVERLAY_KEY, wish), type=dict[str, str]))
    await own_owner.call(BACKUP, "{}")
    gone, kept = made_keys
    await own_owner.call(REVOKE_OVERLAY_KEY, msgspec.json.encode({"id": gone["id"]}).decode())
    await own_owner.set("counter/a", "1")
    async with watched(browser) as window:
        page = window.page
        await sign_in(page, own_server, "backups")
        (backup,) = await made(own_server, page, 1)
        await page.get_by_role("button", name=f"Restore {backup}").click()
        await expect(review(page, backup)).to_contain_text("Overlay keys: 1 of the file stays out.")
        await check_accessibility(page)
        await review(page, backup).get_by_role("button", name="Replace everything").click()
        await expect(page.get_by_text("Went back to")).to_be_visible()
        await expect(page.get_by_role("heading", name="Backups", exact=True)).to_be_visible()
        await page.reload()
        await expect(page.get_by_role("button", name="Make a backup now")).to_be_visible()
        assert await own_owner.get("counter/a") == ""
        keys = msgspec.json.decode(await own_owner.get(OVERLAY_KEYS), type=list[dict[str, object]])
        assert [key["id"] for key in keys] == [kept["id"]]


async def test_by_keyboard_alone_a_backup_is_made_and_restored(
    page: Page, own_server: Server, own_owner: Client
) -> None:
    await own_owner.set("counter/a", "1")
    await page.locator("main").focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    (backup,) = await made(own_server, page, 1)
    await own_owner.set("counter/a", "2")
    restore = page.get_by_role("button", name=f"Restore {backup}")
    await page.locator("main").focus()
    for _ in range(3):  # make, download, restore
        await page.keyboard.press("Tab")
    await expect(restore).to_be_focused()
    await page.keyboard.press("Enter")
    go = review(page, backup).get_by_role("button", name="Replace everything")
    await expect(go).to_be_enabled()
    for _ in range(8):
        if await go.evaluate("button => button === document.activeElement"):
            break
        await page.keyboard.press("Tab")
    await expect(go).to_be_focused()
    await page.keyboard.press("Space")
    await expect(page.get_by_text("Went back to")).to_be_visible()
    assert await own_owner.get("counter/a") == "1"


async def test_hostile_keys_are_only_text_and_fit_a_phone(browser: Browser, own_server: Server) -> None:
    async with watched(browser, width=360) as window:
        page = window.page
        await sign_in(page, own_server, "backups")
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        keys = {"<img src=x onerror=alert(1)>" + "x" * 300: "1", **{f"key/{n:04}": "1" for n in range(250)}}
        name = "<b>" + "y" * 150 + "</b>.json"
        await upload(page, name, msgspec.json.encode(keys))
        dialog = review(page, name)
        await dialog.get_by_text("251 keys would be added").click()
        await expect(dialog).to_contain_text("<img src=x")
        await expect(dialog).to_contain_text("and 51 more")
        assert await dialog.locator("img").count() == 0
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        assert await dialog.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
        await check_accessibility(page)
        await page.keyboard.press("Escape")
        await open_page(page, "about")
