"""Overlay keys, web sites and browsers on the page of who may come in: in a real browser, with overlays that do."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from stagedoor.keys import (
    APPS,
    DEVICES,
    EMIT,
    FORGET_APP,
    FORGET_ORIGIN,
    MAKE_OVERLAY_KEY,
    ORIGINS,
    OVERLAY_KEYS,
    REVOKE_OVERLAY_KEY,
)
from stagedoor.kilovolt import Client
from stagedoor.kilovolt.errors import ConnectionLost
from tests.conftest import Server
from tests.console.askers import asking, question
from tests.console.harness import Window, check_accessibility, open_page, sign_in, watched
from tests.net.websocket import Raw

pytestmark = pytest.mark.asyncio(loop_scope="package")

HOSTILE = "<b onclick=alert(1)>x</b>" + "y" * 150


async def ask(owner: Client, key: str, value: Mapping[str, object]) -> Any:
    """Ask a service of the server something as the owner."""
    return json.loads(await owner.call(key, json.dumps(value)))


async def kept(owner: Client, key: str) -> Any:
    """Read what the owner has given out."""
    return json.loads(await owner.get(key) or "[]")


@pytest_asyncio.fixture(loop_scope="package")
async def key(owner: Client) -> AsyncIterator[dict[str, str]]:
    """An overlay key, which is revoked at the end if nobody has done so."""
    made = await ask(owner, MAKE_OVERLAY_KEY, {"name": "Chat in OBS", "scopes": ["event:Twitch.*"]})
    yield made
    if any(one["id"] == made["id"] for one in await kept(owner, OVERLAY_KEYS)):
        await ask(owner, REVOKE_OVERLAY_KEY, {"id": made["id"]})


def card(page: Page, text: str) -> Locator:
    return page.locator("main li.card").filter(has_text=text)


async def close_code(overlay: Client) -> int:
    """Ask for something until the server ends the connection; tells why it did."""
    while True:
        try:
            await overlay.get("event/Twitch/Follow")
        except ConnectionLost as lost:
            return lost.close_code


async def test_a_key_is_made_for_an_overlay_which_works_until_it_is_revoked(
    window: Window, browser: Browser, server: Server, owner: Client
) -> None:
    page = window.page
    await window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await open_page(page, "apps/keys")
    await expect(page.get_by_role("heading", name="There is no overlay key yet")).to_be_visible()
    await check_accessibility(page)
    await page.get_by_role("link", name="Make an overlay key").click()
    dialog = page.get_by_role("dialog", name="Make an overlay key")
    await expect(dialog.get_by_label("What is it for?")).to_be_focused()
    make = dialog.get_by_role("button", name="Make it")
    await expect(make).to_be_disabled()
    await dialog.get_by_label("What is it for?").fill("Alerts")
    await dialog.get_by_role("button", name="Alerts").click()
    await expect(dialog).to_contain_text("Hear Twitch.Follow")
    await dialog.get_by_role("combobox", name="What to add").select_option("Hear events")
    await dialog.get_by_role("combobox", name="Events of").select_option("Kick")
    await dialog.get_by_role("checkbox", name="All events of Kick").check()
    await expect(dialog).to_contain_text("Hear every event of Kick")
    await expect(dialog).not_to_contain_text("Hear Kick.Follow")
    await dialog.get_by_role("searchbox").fill("mass")
    await expect(dialog.get_by_role("checkbox", name="MassGiftSubscription")).to_be_checked()
    await expect(dialog.get_by_role("checkbox", name="MassGiftSubscription")).to_be_disabled()
    await check_accessibility(page)
    await make.click()

    use = page.get_by_role("dialog", name="The overlay key “Alerts”")
    await expect(use).to_contain_text("It is made.")
    (shown,) = await kept(owner, OVERLAY_KEYS)
    assert "event:Kick.*" in shown["scopes"]
    assert "event:Kick.Follow" not in shown["scopes"]
    await expect(use).not_to_contain_text("key=overlay-")
    await check_accessibility(page)
    await use.get_by_role("button", name="Copy the address: Alerts").click()
    await expect(page.get_by_text("Copied")).to_be_visible()
    address = await page.evaluate("navigator.clipboard.readText()")
    await expect(use.get_by_role("button", name="Copy the address: Countdown")).to_have_count(0)

    async with watched(browser) as overlay:
        await overlay.page.goto(address)
        await expect(overlay.page.locator("#status")).to_be_hidden()
        await ask(owner, EMIT, {"source": "Twitch", "type": "Follow", "data": {"user": "Ada"}})
        await expect(overlay.page.get_by_text("Ada")).to_be_visible()
        await page.keyboard.press("Escape")
        entry = card(page, "Alerts")
        await entry.get_by_text("It sees").click()
        await expect(entry).to_contain_text("Hear Twitch.Raid")
        await entry.get_by_role("button", name="Revoke Alerts").click()
        sure = page.get_by_role("alertdialog", name="Revoke “Alerts”?")
        await expect(sure).to_contain_text("goes dark at once")
        await check_accessibility(page)
        await sure.get_by_role("button", name="Revoke").click()
        await expect(page.get_by_text("“Alerts” was revoked.")).to_be_visible()
        await expect(overlay.page.locator("#status")).to_be_visible()
    assert await kept(owner, OVERLAY_KEYS) == []
    await expect(page.get_by_role("heading", name="Overlay keys")).to_be_focused()


async def test_by_keyboard_alone_a_key_is_shown_again_changed_and_revoked(
    page: Page, server: Server, owner: Client, key: dict[str, str]
) -> None:
    await open_page(page, "apps/keys")
    await page.get_by_role("link", name="Use Chat in OBS").focus()
    await page.keyboard.press("Enter")
    use = page.get_by_role("dialog", name="The overlay key “Chat in OBS”")
    await expect(use).not_to_contain_text(key["key"])
    await use.get_by_role("button", name="Reveal").focus()
    await page.keyboard.press("Enter")
    await expect(use.locator("code").first).to_have_text(key["key"])
    await page.keyboard.press("Enter")
    await expect(use).not_to_contain_text(key["key"])
    await page.keyboard.press("Escape")
    await expect(use).to_have_count(0)

    overlay = Client(server.url, password=key["key"], reconnect=False)
    await overlay.connect()
    await page.get_by_role("link", name="Change Chat in OBS").focus()
    await page.keyboard.press("Enter")
    change = page.get_by_role("dialog", name="Change an overlay key")
    await change.get_by_label("Name").focus()
    await page.keyboard.press("Control+a")
    await page.keyboard.type("Chat and more")
    await change.get_by_role("combobox", name="What exactly").focus()
    await page.keyboard.type("Other")
    await page.keyboard.press("Tab")
    await page.keyboard.type("write:nothing/@like/*/this")
    await page.keyboard.press("Enter")
    await expect(change.get_by_role("alert")).to_contain_text("star")
    await check_accessibility(page)
    await page.keyboard.press("Control+a")
    await page.keyboard.type("counter/*")
    await page.keyboard.press("Enter")
    await expect(change).to_contain_text("See keys that begin with counter/")
    await change.get_by_label("It may come in").focus()
    await page.keyboard.type("for 30")
    await change.get_by_role("button", name="Save").focus()
    await page.keyboard.press("Enter")
    await expect(change).to_have_count(0)
    await expect(card(page, "Chat and more")).to_contain_text("until")
    (shown,) = await kept(owner, OVERLAY_KEYS)
    assert shown["scopes"] == ["event:Twitch.*", "read:counter/*"]
    assert await close_code(overlay) == 1001
    await overlay.close()

    revoke = page.get_by_role("button", name="Revoke Chat and more")
    await revoke.focus()
    await page.keyboard.press("Enter")
    sure = page.get_by_role("alertdialog", name="Revoke “Chat and more”?")
    await expect(sure).to_be_visible()
    for _ in range(2):  # Cancel, Revoke
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="There is no overlay key yet")).to_be_visible()


async def test_an_edit_is_kept_when_the_key_changes_elsewhere(page: Page, owner: Client, key: dict[str, str]) -> None:
    await open_page(page, f"apps/keys/{key['id']}/change")
    change = page.get_by_role("dialog", name="Change an overlay key")
    await change.get_by_label("Name").fill("Mine")
    await ask(owner, "stagedoor/@change-overlay-key", {"id": key["id"], "name": "Another", "scopes": ["read:*"]})
    await expect(change).to_contain_text("changed elsewhere meanwhile")
    await expect(change.get_by_label("Name")).to_have_value("Mine")
    await check_accessibility(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("alertdialog", name="Leave without saving?").get_by_role("button", name="Cancel").click()
    await expect(change.get_by_label("Name")).to_have_value("Mine")
    await change.get_by_role("button", name="Show how it is now").click()
    await expect(change.get_by_label("Name")).to_have_value("Another")
    await expect(change).to_contain_text("See everything but passwords and tokens")
    await change.get_by_label("Name").fill("Ours")
    await change.get_by_role("button", name="Save").click()
    await expect(card(page, "Ours")).to_contain_text("It sees one thing")
    await open_page(page, "apps/keys/gone/change")
    await expect(page.get_by_text("is not there any more")).to_be_visible()


async def test_an_application_is_changed_and_comes_back_under_its_new_grant(
    page: Page, server: Server, owner: Client
) -> None:
    async with asking(server, name="Buttons") as asker:
        await question(page).get_by_role("button", name="Allow and remember").click()
        assert (await asker.verdict())["ok"] is True
        await open_page(page, "apps")
        entry = page.get_by_role("region", name="May come in by themselves").get_by_role("listitem")
        await expect(entry).to_contain_text("Everything but your passwords and tokens")
        await entry.get_by_role("link", name="Change Buttons").click()
        change = page.get_by_role("dialog", name="Change an application")
        await change.get_by_role("radio", name="Only what I choose").check()
        await expect(change.get_by_role("button", name="Save")).to_be_disabled()
        await change.get_by_role("combobox", name="What to add").select_option("Write in chats")
        await change.get_by_role("combobox", name="What exactly").select_option("Write in your chat on Twitch")
        await change.get_by_role("button", name="Add").click()
        await expect(change).to_contain_text("It speaks in your name")
        await change.get_by_label("It may come in").select_option("until a day that I choose")
        await change.get_by_label("Until when").fill("2001-01-01T10:00")
        await expect(change).to_contain_text("This is over already")
        await change.get_by_label("Until when").fill("2099-01-01T10:00")
        await check_accessibility(page)
        await change.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("“Buttons” was changed.")).to_be_visible()
        assert await asker.raw.close_code() == 1001
        await expect(entry).to_contain_text("Write in your chat on Twitch")
        await expect(entry).to_contain_text("until 1 Jan 2099, 10:00")
        (app,) = await kept(owner, APPS)
        assert app["scopes"] == ["send:twitch"]
        await ask(owner, FORGET_APP, {"id": app["id"]})


async def test_web_sites_are_named_decided_about_and_forgotten(page: Page, server: Server, owner: Client) -> None:
    await open_page(page, "apps/sites")
    await expect(page.get_by_role("heading", name="You have not decided about any web site yet")).to_be_visible()
    address = page.get_by_label("Its address")
    await address.fill("file:///x")
    await expect(page.get_by_text("This is no address of a web site.")).to_be_visible()
    await expect(page.get_by_role("button", name="Allow", exact=True)).to_be_disabled()
    await address.fill("https://Overlays.example/page?x=1")
    await expect(page.get_by_text("This is about all pages of https://overlays.example")).to_be_visible()
    await check_accessibility(page)
    await address.press("Enter")
    entry = card(page, "https://overlays.example")
    await expect(entry).to_contain_text("may connect")
    await expect(address).to_have_value("")
    raw = await Raw.open(server.port, path="/ws", Origin="https://overlays.example")
    await entry.get_by_role("button", name="Refuse: https://overlays.example").press("Enter")
    sure = page.get_by_role("alertdialog", name="Refuse https://overlays.example?")
    await check_accessibility(page)
    await sure.get_by_role("button", name="Refuse").click()
    await expect(entry).to_contain_text("may not")
    assert await raw.close_code() == 4011
    await raw.end()
    await entry.get_by_role("button", name="Allow: https://overlays.example").click()
    await expect(entry).to_contain_text("may connect")
    await entry.get_by_role("button", name="Forget https://overlays.example").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Forget").click()
    await expect(page.get_by_role("heading", name="You have not decided about any web site yet")).to_be_visible()
    await expect(page.get_by_role("heading", name="Web sites")).to_be_focused()
    await address.fill("https://other.example")
    await page.get_by_role("button", name="Refuse", exact=True).click()
    await expect(card(page, "https://other.example")).to_contain_text("may not")
    assert [site["decision"] for site in await kept(owner, ORIGINS)] == ["refused"]
    await ask(owner, FORGET_ORIGIN, {"origin": "https://other.example"})


async def test_another_browser_is_signed_out_and_this_one_is_marked(browser: Browser, own_server: Server) -> None:
    async with watched(browser) as window, watched(browser) as other, watched(browser) as third:
        for one in (window, other, third):
            await sign_in(one.page, own_server)
        page = window.page
        await open_page(page, "apps/devices")
        this = card(page, "this browser")
        await expect(this).to_have_count(1)
        await expect(page.locator("main li.card")).to_have_count(3)
        await expect(page.locator("main li.card").first).to_contain_text("this browser")
        await expect(this.get_by_role("button")).to_have_text("Sign out")
        await check_accessibility(page)
        await page.locator("main li.card").last.get_by_role("button").press("Enter")
        sure = page.get_by_role("alertdialog")
        await expect(sure).to_contain_text("needs a new link")
        await sure.get_by_role("button", name="Sign out").click()
        await expect(page.locator("main li.card")).to_have_count(2)
        async with Client(own_server.url, token=own_server.control_token) as client:
            assert len(await kept(client, DEVICES)) == 2
        await sign_in(
            third.page if await third.page.get_by_text("You are signed out").count() else other.page, own_server
        )
        await page.get_by_role("button", name="Sign out all others").click()
        await page.get_by_role("alertdialog").get_by_role("button", name="Sign out").click()
        await expect(page.get_by_text("2 browsers were signed out.")).to_be_visible()
        await expect(page.locator("main li.card")).to_have_count(1)
        for one in (other, third):
            await expect(one.page.get_by_text("You are signed out")).to_be_visible()


async def test_by_keyboard_on_a_phone_browsers_of_one_name_are_told_apart(browser: Browser, own_server: Server) -> None:
    async with watched(browser, width=360, locale="it-IT") as window, watched(browser) as other:
        page = window.page
        for one in (page, other.page):
            await sign_in(one, own_server)
        await open_page(page, "apps/devices")
        out = page.get_by_role("button", name="Fai uscire: Chrome")
        await expect(out).to_have_count(1)  # its own has been told apart
        await out.focus()
        await expect(out).to_have_accessible_description(re.compile("questo computer Entrato il "))
        await page.keyboard.press("Enter")
        sure = page.get_by_role("alertdialog", name="Far uscire Chrome")
        await expect(sure).to_have_accessible_description(
            re.compile(r"^Entrato il .+ da questo computer\. Esce subito")
        )
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        await check_accessibility(page)
        await page.keyboard.press("Escape")
        await expect(out).to_be_focused()
        await page.keyboard.press("Enter")
        for _ in range(2):  # Cancel, Sign out
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(out).to_have_count(0)
        await expect(page.get_by_role("heading", name="Browser e dispositivi")).to_be_focused()
        await expect(other.page.get_by_text("You are signed out")).to_be_visible()
        await page.get_by_role("main").get_by_role("button", name="Esci").press("Enter")
        await expect(page.get_by_role("heading", name="Sei uscito")).to_be_focused()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Copia")).to_be_focused()


async def test_hostile_names_are_only_text_and_it_fits_a_phone(browser: Browser, server: Server, owner: Client) -> None:
    scopes = [f"read:{HOSTILE}", "event:Twitch.*", "read:global/persisted/%3Cb%3E"]
    made = await ask(owner, MAKE_OVERLAY_KEY, {"name": HOSTILE, "scopes": scopes})
    async with watched(browser, width=360) as window:
        page = window.page
        await sign_in(page, server)
        page.on("dialog", lambda dialog: window.faults.append(dialog.message))
        for path in ("", "/new", f"/{made['id']}", f"/{made['id']}/change"):
            await open_page(page, f"apps/keys{path}")
            await expect(page.locator("main")).to_contain_text("<b onclick=alert(1)>x</b>")
            await expect(page.get_by_role("dialog")).to_have_count(0 if path == "" else 1)
            assert await page.evaluate("document.documentElement.scrollWidth") == 360
            assert await page.locator("[onclick]").count() == 0
            await check_accessibility(page)
            await page.keyboard.press("Escape")
        for section in ("sites", "devices"):
            await open_page(page, f"apps/{section}")
            assert await page.evaluate("document.documentElement.scrollWidth") == 360
            await check_accessibility(page)
    await ask(owner, REVOKE_OVERLAY_KEY, {"id": made["id"]})
