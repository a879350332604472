"""The first page in a real browser: what goes on, and what one can do about it."""

import asyncio
import json
import re
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from stagedoor.kilovolt import AccessRevoked, Client
from stagedoor.types import JsonObject
from tests.conftest import PASSWORD, Server
from tests.console.harness import Window, check_accessibility, open_page, sign_in, watched

pytestmark = pytest.mark.asyncio(loop_scope="package")

HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.exe"


def rows(page: Page) -> Locator:
    """Find the rows of the events that exist in the page."""
    return page.get_by_role("listbox", name="Events").get_by_role("option")


def card(page: Page, title: str) -> Locator:
    """Find a part of the page by its title."""
    return page.get_by_role("region", name=title)


async def emit(owner: Client, source: str, type_: str, **data: object) -> None:
    """Publish an event's example, with some members changed."""
    await owner.call_json("stagedoor/@emit", {"source": source, "type": type_, "sample": True, "data": data})


async def asked(owner: Client, key: str) -> Any:
    """Ask the server as the owner."""
    return await owner.call_json(key, {})


async def heard(page: Page) -> None:
    """Wait until the page hears events: its connection answers, in order, after it subscribed."""
    await expect(card(page, "Connected").get_by_text("This console", exact=True)).to_be_visible()


async def emptied(page: Page) -> None:
    """Wait until the page hears events, and take off what it remembers of other tests."""
    await heard(page)
    await page.get_by_role("button", name="Clear", exact=True).click()
    await expect(page.get_by_text("No events yet.")).to_be_visible()


async def test_events_are_told_in_a_line_each(page: Page, owner: Client) -> None:
    await emptied(page)
    lines = {
        ("Twitch", "ChatMessage"): "HeyGuys great stream tonight Kappa",
        ("Twitch", "Follow"): "Pixel_Panda follows now",
        ("Twitch", "Cheer"): "cheered 100 bits",
        ("Twitch", "Raid"): "TeaTimeTom raids with 42 viewers",
        ("Twitch", "GiftBomb"): "gave 3 subscriptions away",
        ("General", "Custom"): "Hello from an action",
        ("Twitch", "HypeTrainStart"): "HypeTrainStart",
    }
    for source, type_ in lines:
        await emit(owner, source, type_)
    for (source, type_), line in lines.items():
        row = rows(page).filter(has_text=f"{source} {type_}")
        await expect(row).to_contain_text(line)
    await expect(card(page, "Live chat").get_by_text("HeyGuys great stream tonight Kappa")).to_be_visible()
    await check_accessibility(page)


async def test_a_filter_and_a_pause_lose_nothing(page: Page, owner: Client) -> None:
    await emptied(page)
    await emit(owner, "Twitch", "Follow")
    await emit(owner, "Twitch", "ChatMessage", text="a needle in the hay")
    await emit(owner, "Kick", "ChatMessage")
    await expect(rows(page)).to_have_count(3)
    await page.get_by_role("searchbox").fill("NEEDLE")
    await expect(rows(page)).to_have_count(1)
    await page.get_by_role("searchbox").fill("")
    await page.get_by_label("Source").select_option("Kick")
    await expect(rows(page)).to_have_count(1)
    await page.get_by_label("Source").select_option("")
    await page.get_by_role("button", name="Pause").click()
    await emit(owner, "Twitch", "Follow")
    await emit(owner, "Twitch", "Follow")
    await expect(page.get_by_role("button", name="Continue")).to_contain_text("2 new")
    await expect(rows(page)).to_have_count(3)
    await page.get_by_role("button", name="Continue").click()
    await expect(rows(page)).to_have_count(5)
    await page.get_by_role("searchbox").fill("nothing like it")
    await page.get_by_role("button", name="Show all").click()
    await expect(rows(page)).to_have_count(5)


async def test_an_event_is_opened_copied_and_sent_again_by_keyboard(window: Window, owner: Client) -> None:
    page = window.page
    await window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await emptied(page)
    await owner.set("event/Twitch/Follow", json.dumps({"user_name": HOSTILE, "n": 1}))
    await expect(rows(page)).to_contain_text(HOSTILE)
    await page.get_by_role("listbox", name="Events").press("Enter")
    dialog = page.get_by_role("dialog", name="Twitch.Follow")
    await expect(dialog.locator("pre")).to_contain_text(f'"user_name": "{HOSTILE}"')
    await check_accessibility(page)
    await dialog.get_by_role("button", name="Copy").press("Enter")
    await expect(page.get_by_text("Copied")).to_be_visible()
    assert json.loads(await page.evaluate("navigator.clipboard.readText()")) == {"user_name": HOSTILE, "n": 1}
    async with owner.watch("event/Twitch/Follow") as again:
        await dialog.get_by_role("button", name="Send again").press("Enter")
        assert json.loads((await anext(again)).value) == {"user_name": HOSTILE, "n": 1}
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(rows(page)).to_have_count(2)


async def test_a_test_event_is_chosen_changed_and_sent(page: Page, owner: Client) -> None:
    await emptied(page)
    await page.get_by_role("link", name="Send a test event").press("Enter")
    dialog = page.get_by_role("dialog", name="Send a test event")
    await dialog.get_by_role("combobox", name="Type", exact=True).select_option("Cheer")
    await expect(page).to_have_url(re.compile("#/dashboard/test/Twitch/Cheer$"))
    await dialog.get_by_role("radio", name="JSON", exact=True).check()
    field = dialog.get_by_role("textbox", name="Data")
    await expect(field).to_have_value(re.compile('"bits": 100'))
    await field.fill("{")
    await expect(dialog.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    await dialog.get_by_role("button", name="Back to the example").click()
    example: JsonObject = json.loads(await field.input_value())
    await field.fill(json.dumps({**example, "bits": 77}))
    await page.keyboard.press("Escape")
    await page.get_by_role("alertdialog", name="Leave without saving?").get_by_role("button", name="Cancel").click()
    await dialog.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_text("Twitch.Cheer was sent.")).to_be_visible()
    await check_accessibility(page)
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(re.compile("#/dashboard$"))
    await expect(rows(page)).to_contain_text("cheered 77 bits")


async def test_a_test_event_that_is_typed_outlives_its_connection(browser: Browser, own_server: Server) -> None:
    async with watched(browser) as window:
        page = window.page
        await sign_in(page, own_server, "dashboard/test/Twitch/Cheer")
        dialog = page.get_by_role("dialog", name="Send a test event")
        await dialog.get_by_role("radio", name="JSON", exact=True).check()
        field = dialog.get_by_role("textbox", name="Data")
        await field.fill('{"bits": "many"}')
        # The validator is fetched when it is first needed.
        await expect(field).to_have_attribute("aria-invalid", "true")
        send = dialog.get_by_role("button", name="Send", exact=True)
        await own_server.stop()
        await expect(send).to_be_disabled()
        await own_server.start()
        await expect(send).to_be_enabled()
        await expect(field).to_have_value('{"bits": "many"}')


async def test_a_connection_is_told_and_ended(page: Page, server: Server, owner: Client) -> None:
    async with Client(server.url, password=PASSWORD):
        clients = await asked(owner, "stagedoor/@clients")
        port = next(one["port"] for one in clients if one["ground"] == "password")
        row = card(page, "Connected").get_by_role("listitem").filter(has_text=f":{port}")
        await expect(row).to_contain_text("with the password")
        await row.get_by_role("button", name="Disconnect").press("Enter")
        await check_accessibility(page)
        await page.get_by_role("alertdialog").get_by_role("button", name="Disconnect").press("Enter")
        await expect(page.get_by_text("Disconnected.")).to_be_visible()
        await expect(page.get_by_role("heading", name="Connected", exact=True)).to_be_focused()
        await expect(row).to_have_count(0)


async def test_a_connection_shows_what_it_may_do_and_what_it_came_in_by_is_revoked(
    page: Page, server: Server, owner: Client
) -> None:
    wanted = {"name": "Chat in OBS", "scopes": ["event:Twitch.*", "read:global/*"]}
    key: Any = await owner.call_json("stagedoor/@make-overlay-key", wanted)
    async with Client(server.url, password=key["key"]) as overlay:
        row = card(page, "Connected").get_by_role("listitem").filter(has_text="Chat in OBS")
        await expect(row).to_contain_text("See all variables · Hear every event of Twitch")
        link = row.get_by_role("link", name="by an overlay key")
        await expect(link).to_have_attribute("href", f"#/apps/keys/{key['id']}/change")
        this = card(page, "Connected").get_by_role("listitem").filter(has_text="This console")
        await expect(this).to_contain_text("Everything, as you")
        await expect(this.get_by_role("button")).to_have_count(1)
        await row.get_by_role("button", name="Revoke").press("Enter")
        sure = page.get_by_role("alertdialog", name="Revoke Chat in OBS?")
        await expect(sure).to_contain_text("goes dark at once")
        await check_accessibility(page)
        await sure.get_by_role("button", name="Revoke").press("Enter")
        await expect(page.get_by_text("Revoked.")).to_be_visible()
        await expect(row).to_have_count(0)
        with pytest.raises(AccessRevoked):
            await overlay.get("global/persisted/x")
    assert await owner.get("stagedoor/overlay-keys") == "[]"


async def test_a_reload_forgets_nothing_that_happened(page: Page, owner: Client) -> None:
    await heard(page)
    marker = "said before the reload"
    await emit(owner, "Twitch", "ChatMessage", text=marker)
    await emit(owner, "Kick", "Follow", userName=marker)
    await page.reload()
    await expect(card(page, "Live chat").get_by_text(marker)).to_have_count(1)
    await page.get_by_role("searchbox").fill(marker)
    await expect(rows(page)).to_have_count(2)
    await page.get_by_label("Source").select_option("Twitch")
    await expect(rows(page)).to_have_count(1)
    await page.get_by_role("button", name="Pause").click()
    await rows(page).click()
    dialog = page.get_by_role("dialog", name="Twitch.ChatMessage")
    await expect(dialog.locator("pre")).to_contain_text(marker)
    await dialog.get_by_role("button", name="Send again").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Continue")).to_contain_text("1 new")
    await page.get_by_role("button", name="Continue").click()
    await expect(rows(page)).to_have_count(2)
    await expect(card(page, "Live chat").get_by_text(marker)).to_have_count(2)


async def test_no_event_is_lost_or_shown_twice_over_reloads_and_lost_connections(
    browser: Browser, own_server: Server
) -> None:
    async with watched(browser) as window, Client(own_server.url, token=own_server.control_token) as owner:
        page = window.page
        await sign_in(page, own_server)
        await heard(page)
        said = 0

        async def say(count: int) -> None:
            nonlocal said
            for _ in range(count):
                said += 1
                await owner.set("event/Plugin/ChatMessage", json.dumps({"text": f"number {said}."}))

        for _ in range(3):
            await asyncio.gather(page.reload(), say(20))
            await heard(page)
            await say(1)
            # Of the page before, the connection may not have ended yet.
            consoles = [one for one in await asked(owner, "stagedoor/@clients") if one["ground"] == "console"]
            own = max(consoles, key=lambda one: int(one["since_ms"]))
            await asyncio.gather(owner.call_json("stagedoor/@disconnect", {"id": own["id"]}), say(10))
        await expect(page.get_by_text(f"{said} events so far")).to_be_visible()
        lines = page.get_by_role("log").locator("p")
        expected = [re.compile(rf"number {number}\.$") for number in range(1, said + 1)]
        await expect(lines).to_have_text(expected)


async def test_a_run_shows_its_steps(page: Page, owner: Client) -> None:
    steps = [{"type": "log", "message": "seen"}]
    action = {"id": "a1", "name": HOSTILE, "group": "", "enabled": True, "steps": steps}
    await owner.set("action/a1", json.dumps(action))
    await emptied(page)
    await owner.call_json("action/@run", {"action": {"id": "a1"}})
    run = card(page, "Recent actions").get_by_role("link", name=re.compile("onerror"))
    await expect(run).to_be_visible()
    await run.press("Enter")
    dialog = page.get_by_role("dialog", name=HOSTILE)
    await expect(dialog.get_by_role("listitem")).to_contain_text("Log")
    await expect(dialog).to_contain_text("on request")
    await expect(dialog.get_by_role("link", name="Open the action")).to_have_attribute("href", "#/actions/a1")
    await check_accessibility(page)
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await owner.delete("action/a1")


async def test_what_needs_attention_is_told_and_goes(browser: Browser, own_server: Server) -> None:
    async with watched(browser) as window, Client(own_server.url, token=own_server.control_token) as owner:
        await sign_in(window.page, own_server)
        attention = card(window.page, "What needs your attention")
        await owner.set("streamerbot/config", "[]")
        await expect(attention.get_by_role("link", name="Open the setting")).to_be_visible()
        await check_accessibility(window.page)


async def test_a_flood_is_counted_and_the_page_stays_small(browser: Browser, own_server: Server) -> None:
    async with watched(browser) as window, Client(own_server.url, token=own_server.control_token) as owner:
        page = window.page
        await sign_in(page, own_server)
        await heard(page)
        data = json.dumps({"user": {"name": "Panda", "color": "#8A2BE2"}, "text": "again and again"})
        for _ in range(6):
            for _ in range(500):
                await owner.set("event/Plugin/ChatMessage", data)
        await expect(page.get_by_text("3,000 events so far")).to_be_visible()
        await expect(rows(page).first).to_have_attribute("aria-setsize", "2000")
        assert await rows(page).count() < 60
        assert await page.get_by_role("log").locator("p").count() == 100


async def test_it_fits_a_phone(browser: Browser, server: Server, owner: Client) -> None:
    async with watched(browser, width=360) as window:
        page = window.page
        await sign_in(page, server)
        await emptied(page)
        await owner.set("event/Plugin/ChatMessage", json.dumps({"user": {"name": "x" * 3000}, "text": "y" * 3000}))
        await expect(rows(page)).to_contain_text("xxx")
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        await open_page(page, "dashboard/test/Twitch/Follow")
        await expect(page.get_by_role("dialog").get_by_role("button", name="Send", exact=True)).to_be_enabled()
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        await check_accessibility(page)


async def test_the_charts_say_what_they_show(page: Page) -> None:
    traffic = card(page, "Traffic")
    await expect(traffic.get_by_role("img")).to_have_count(3)
    await expect(traffic.get_by_role("heading", name=re.compile(r"Answer time [\d.]+ ms"))).to_be_visible()
    await expect(traffic.get_by_role("img", name=re.compile("How long stagedoor took"))).to_be_visible()
