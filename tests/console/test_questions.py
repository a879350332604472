"""The question of an application that wants to come in: real askers, a real browser."""

import asyncio
import json
import re
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Browser, Page, Request, WebSocketRoute, expect

from stagedoor.keys import ANSWER_ASK, APPS, ASKS, CLIENTS, DISCONNECT, FORGET_APP, FORGET_ORIGIN
from stagedoor.kilovolt import AskMetadata, Client
from tests.conftest import Server
from tests.console.askers import asking, question
from tests.console.harness import Window, check_accessibility, open_page, sign_in, until, watched
from tests.net.websocket import Raw

pytestmark = pytest.mark.asyncio(loop_scope="package")

HERE = Path(__file__).parent

PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5Erk"
    "Jggg=="
)

LATE = "a question that nobody hears has ended"

COUNTED = """
    window.tones = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (at) { window.tones += 1; return start.call(this, at); };
    window.shown = [];
    window.Notification = class {
        static permission = PERMISSION;
        static requestPermission() { return Promise.resolve(Notification.permission = ANSWER); }
        constructor(title, options) { Object.assign(this, options, {title, isClosed: false}); window.shown.push(this); }
        close() { this.isClosed = true; }
    };
    window.focused = 0;
    window.focus = () => { window.focused += 1; };
"""


def counted(permission: str = "granted", answer: str = "granted") -> str:
    """A script that counts tones and notifications instead of leaving them to the system."""
    return COUNTED.replace("PERMISSION", repr(permission)).replace("ANSWER", repr(answer))


async def test_by_keyboard_alone_an_application_comes_in_and_only_by_an_answer(page: Page, server: Server) -> None:
    client = Client(server.url, ask=AskMetadata(name="A button", author="Ada", url="https://ada.example/x"))
    coming = asyncio.create_task(client.connect())
    dialog = question(page)
    await expect(dialog).to_be_focused()
    await expect(dialog).to_contain_text("A button")
    await expect(dialog).to_contain_text("Ada")
    await expect(dialog).to_contain_text("this computer")
    await expect(dialog).to_contain_text("a program")
    await expect(dialog).not_to_contain_text("same code")
    await expect(dialog.get_by_role("link")).to_have_attribute("href", "https://ada.example/x")
    await expect(dialog.get_by_role("link")).to_have_attribute("rel", "noopener noreferrer")
    await expect(page).to_have_title(re.compile(r"^\(1\) Wants to come in · .+ · stagedoor$"))
    await expect(page.locator("link[rel=icon]")).to_have_attribute("href", "/icon-asking.svg")
    allow = dialog.get_by_role("button", name="Allow once")
    await expect(allow).to_be_enabled()
    await check_accessibility(page)
    for key in ("Enter", "Space", "Escape", "Escape", "Escape"):
        await page.keyboard.press(key)
    await page.mouse.click(5, 400)
    await expect(dialog).to_be_visible()
    assert not coming.done()
    for _ in range(6):  # the link, what it may do, for how long, Deny, Allow and remember, Allow once
        await page.keyboard.press("Tab")
    await expect(allow).to_be_focused()
    await page.keyboard.press("Enter")
    await coming
    assert await client.get("a") == ""
    await client.close()
    await expect(dialog).to_have_count(0)
    await expect(page).not_to_have_title(re.compile("Wants"))
    await expect(page.locator("link[rel=icon]")).to_have_attribute("href", "/icon.svg")


async def test_what_was_denied_is_told_so(page: Page, server: Server) -> None:
    async with asking(server) as asker:
        dialog = question(page)
        await expect(dialog).to_contain_text("Unknown application")
        await expect(dialog).to_contain_text(asker.origin)
        await dialog.get_by_role("button", name="Deny").click()
        assert (await asker.verdict())["error"] == "authentication failed"
        await expect(dialog).to_have_count(0)


async def test_an_application_gets_what_is_left_of_what_it_asks_for(page: Page, server: Server) -> None:
    scopes = ["read:counter/*", "write:counter/*", "event:Twitch.ChatMessage", "call:action/@run", "write:*"]
    async with asking(server, name="A counter", scopes=scopes) as asker:
        dialog = question(page)
        for text in (
            "See keys that begin with counter/",
            "Hear Twitch.ChatMessage",
            "Change and delete everything",
            "With this it can do anything that an application may.",
            "Run your actions",
        ):
            await expect(dialog).to_contain_text(text)
        await expect(dialog.get_by_role("radio")).to_have_count(0)
        await check_accessibility(page)
        boxes = dialog.get_by_role("checkbox")
        for box in await boxes.all():
            await box.uncheck()
        await expect(dialog.get_by_text("Nothing is left.")).to_be_visible()
        await expect(dialog.get_by_role("button", name="Allow once")).to_be_disabled()
        await expect(dialog.get_by_role("button", name="Deny")).to_be_enabled()
        await dialog.get_by_role("checkbox", name="See keys that begin with counter/").check()
        await dialog.get_by_role("checkbox", name="Run your actions").check()
        await dialog.get_by_role("button", name="Allow once").click()
        assert (await asker.verdict())["data"] == {"scopes": ["call:action/@run", "read:counter/*"]}


async def test_by_keyboard_alone_one_that_asks_for_everything_is_limited(page: Page, server: Server) -> None:
    async with asking(server, name="All or nothing") as asker:
        dialog = question(page)
        await expect(dialog).to_contain_text("It asks for everything.")
        await expect(dialog.get_by_role("button", name="Deny")).to_be_enabled()
        await page.keyboard.press("Tab")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await expect(dialog.get_by_role("radio", name="Only what I choose")).to_be_checked()
        await expect(dialog.get_by_role("button", name="Allow and remember")).to_be_disabled()
        await expect(dialog.get_by_label("What to add")).to_have_count(2)  # the group, and the choice in it
        await check_accessibility(page)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.type("See your chat")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(dialog.get_by_role("button", name="Remove: See your chat commands")).to_be_visible()
        allow = dialog.get_by_role("button", name="Allow once")
        await allow.focus()
        await page.keyboard.press("Enter")
        assert (await asker.verdict())["data"] == {"scopes": ["read:command/*"]}


async def test_one_that_asks_for_everything_may_only_look_on_until_tomorrow(
    page: Page, server: Server, owner: Client
) -> None:
    async with asking(server, name="Onlooker") as asker:
        dialog = question(page)
        await dialog.get_by_role("radio", name="Only see and hear").check()
        await dialog.get_by_label("If you remember it").select_option("today")
        await dialog.get_by_role("button", name="Allow and remember").click()
        answer = msgspec.convert((await asker.verdict())["data"], dict[str, object])
        assert answer["scopes"] == ["read:*"]
        await open_page(page, "apps")
        entry = page.get_by_role("region", name="May come in by themselves").get_by_role("listitem")
        await expect(entry).to_contain_text("See everything but passwords and tokens")
        await expect(entry).to_contain_text("06:00")
        (app,) = json.loads(await owner.get(APPS))
        end = datetime.fromtimestamp(app["expires_at_ms"] / 1000)
        assert (end.hour, end.minute, end.date()) == (6, 0, date.today() + timedelta(days=1))
        await owner.call(FORGET_APP, json.dumps({"id": app["id"]}))


async def test_a_web_site_is_asked_about_once_and_remembered(page: Page, server: Server, owner: Client) -> None:
    site = "https://widgets.example"
    raw, status, _ = await Raw.upgrade(server.port, path="/ws", Origin=site)
    await raw.end()
    assert status == 403
    dialog = page.get_by_role("alertdialog", name="A web site wants to connect")
    await expect(dialog).to_contain_text(site)
    await expect(dialog.get_by_role("button")).to_have_text(["Deny", "Allow"])
    await expect(dialog.get_by_role("combobox")).to_have_count(0)
    await expect(page).to_have_title(re.compile(r"^\(1\) Wants to come in"))
    await check_accessibility(page)
    await expect(dialog.get_by_role("button", name="Allow")).to_be_enabled()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    raw = await Raw.open(server.port, path="/ws", Origin=site)
    await open_page(page, "apps/sites")
    await expect(page.get_by_role("listitem").filter(has_text=site)).to_contain_text("may connect")
    await owner.call(FORGET_ORIGIN, json.dumps({"origin": site}))
    assert await raw.close_code() == 4011
    await raw.end()


async def test_a_device_shows_its_number_and_a_warning(page: Page, owner: Client) -> None:
    shown = {
        "id": "d",
        "kind": "device",
        "address": "192.168.1.20",
        "origin": None,
        "program": None,
        "asked_at_ms": 0,
        "name": "Firefox, Android",
        "author": "",
        "url": "",
        "icon": "",
        "verification_code": "482913",
        "scopes": None,
    }
    await owner.set(ASKS, json.dumps([shown]))
    try:
        dialog = page.get_by_role("alertdialog", name="A phone or computer wants to use this console as you")
        for text in (
            "482913",
            "Firefox, Android",
            "192.168.1.20",
            "Allow only if you have just asked for this yourself",
        ):
            await expect(dialog).to_contain_text(text)
        await expect(dialog.get_by_role("button")).to_have_text(["Deny", "Allow"])
        await check_accessibility(page)
    finally:
        await owner.set(ASKS, "[]")


async def test_of_two_each_gets_its_own_answer(page: Page, server: Server) -> None:
    async with asking(server, name="First") as first:
        dialog = question(page)
        await expect(dialog).to_contain_text("First")
        async with asking(server, name="Second", verificationCode="AB-12") as second:
            await expect(dialog).to_contain_text("1 of 2")
            await expect(dialog).to_contain_text("First")
            await expect(page).to_have_title(re.compile(r"^\(2\) Wants to come in · "))
            await expect(dialog.get_by_role("button", name="Deny")).to_be_enabled()
            await dialog.get_by_role("button", name="Deny").focus()
            await page.keyboard.press("Enter")
            assert (await first.verdict())["ok"] is False
            await expect(dialog).to_contain_text("Second")
            await expect(dialog).not_to_contain_text("of 2")
            await expect(dialog.locator("code")).to_have_text("AB-12")
            await expect(dialog).to_be_focused()
            await dialog.get_by_role("button", name="Allow once").click()
            assert (await second.verdict())["ok"] is True


async def test_a_question_goes_with_its_asker_and_the_next_one_takes_its_place(page: Page, server: Server) -> None:
    dialog = question(page)
    async with asking(server, name="Stays"):
        await expect(dialog).to_contain_text("Stays")
        async with asking(server, name="Leaves"):
            await expect(dialog).to_contain_text("1 of 2")
        await expect(dialog).not_to_contain_text("of 2")
        await expect(dialog).to_contain_text("Stays")
    await expect(dialog).to_have_count(0)


async def test_a_click_that_was_meant_for_something_else_allows_nothing(page: Page, server: Server) -> None:
    await page.clock.install()
    await page.reload()
    await expect(page.get_by_role("navigation")).to_be_visible()
    await page.clock.pause_at(await page.evaluate("Date.now() / 1000 + 5"))
    async with asking(server, name="Quick") as asker:
        dialog = question(page)
        allow = dialog.get_by_role("button", name="Allow once")
        await expect(allow).to_be_disabled()
        await allow.dispatch_event("click")
        await allow.focus()
        await page.keyboard.press("Enter")
        await page.clock.run_for(600)
        await expect(allow).to_be_enabled()
        left = dialog.get_by_role("timer")
        before = int((await left.inner_text()).split()[0])
        await page.clock.run_for(10_000)
        await expect(left).to_have_text(f"{before - 10} s left to answer")
        await dialog.get_by_role("button", name="Deny").click()
        assert (await asker.verdict())["ok"] is False


async def test_an_answer_in_another_tab_is_enough(window: Window, server: Server) -> None:
    other = await window.context.new_page()
    await other.goto(server.console_url)
    async with asking(server, name="Twice shown") as asker:
        await expect(question(window.page)).to_be_visible()
        await question(other).get_by_role("button", name="Allow once").click()
        assert (await asker.verdict())["ok"] is True
        await expect(question(window.page)).to_have_count(0)
        await expect(question(other)).to_have_count(0)


async def test_an_answer_that_comes_too_late_is_told(browser: Browser, server: Server, owner: Client) -> None:
    async with watched(browser) as window:
        page = window.page

        def deafen(route: WebSocketRoute) -> None:
            """Let this tab not hear that a question has ended."""
            upstream = route.connect_to_server()

            def hear(message: str | bytes) -> None:
                if ASKS not in str(message) or '"new_value":"[]"' not in str(message):
                    route.send(message)

            upstream.on_message(hear)

        await page.route_web_socket("**/ws", deafen)
        await sign_in(page, server)
        async with asking(server, name=LATE) as asker:
            await expect(question(page)).to_be_visible()
            asks = msgspec.json.decode(await owner.get(ASKS), type=list[dict[str, object]])
            await owner.call(ANSWER_ASK, msgspec.json.encode({"id": asks[0]["id"], "allow": False}).decode())
            assert (await asker.verdict())["ok"] is False
            await question(page).get_by_role("button", name="Allow once").click()
            await expect(page.get_by_text("That answer came too late")).to_be_visible()


async def test_a_question_outlives_a_lost_connection_of_the_console(page: Page, server: Server, owner: Client) -> None:
    async with asking(server, name="Patient") as asker:
        dialog = question(page)
        await expect(dialog).to_be_visible()
        connections = msgspec.json.decode(await owner.call(CLIENTS, "{}"), type=list[dict[str, object]])
        for connection in connections:
            if connection["door"] == "console":
                await owner.call(DISCONNECT, msgspec.json.encode({"id": connection["id"]}).decode())
        await expect(page.get_by_text("Connected again.")).to_be_attached()
        await dialog.get_by_role("button", name="Allow once").click()
        assert (await asker.verdict())["ok"] is True
        await expect(dialog).to_have_count(0)


async def test_every_page_shows_it(page: Page, server: Server) -> None:
    addresses = await page.get_by_role("navigation").get_by_role("link").evaluate_all("all => all.map(a => a.hash)")
    async with asking(server, name="Everywhere"):
        for address in addresses:
            await open_page(page, address.removeprefix("#/"))
            await expect(question(page)).to_contain_text("Everywhere")


async def test_it_is_above_every_other_dialog(page: Page, server: Server) -> None:
    await page.get_by_role("button", name="Preferences").click()
    preferences = page.get_by_role("dialog", name="Preferences")
    language = preferences.get_by_label("Language")
    await language.focus()
    is_on_top = """dialog => {
        const {x, y, width, height} = dialog.getBoundingClientRect();
        return dialog.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    }"""
    async with asking(server, name="Later") as asker:
        await expect(question(page)).to_be_focused()
        assert await question(page).evaluate(is_on_top)
        await question(page).get_by_role("button", name="Deny").click()
        await asker.verdict()
    await expect(language).to_be_focused()
    await preferences.get_by_role("button", name="Close").click()
    async with asking(server, name="Earlier") as asker:
        await expect(question(page)).to_be_focused()
        await page.locator("nav .foot button").first.dispatch_event("click")
        await expect(preferences).to_be_attached()
        assert await question(page).evaluate(is_on_top)
        await expect(question(page)).to_be_focused()
        await page.keyboard.press("Escape")
        await question(page).get_by_role("button", name="Deny").click()
        await asker.verdict()
        await expect(question(page)).to_have_count(0)
    await expect(preferences).to_be_visible()
    await expect(preferences.locator(":focus")).to_have_count(1)


async def test_an_edit_goes_on_after_it(page: Page, server: Server) -> None:
    await page.evaluate("""() => {
        const edit = document.createElement('textarea');
        edit.ariaLabel = 'An edit';
        document.querySelector('main').append(edit);
        edit.focus();
    }""")
    await page.keyboard.type("half a sen")
    async with asking(server, name="In between") as asker:
        await expect(question(page)).to_be_visible()
        await page.keyboard.type("tence \n \n")
        await question(page).get_by_role("button", name="Deny").click()
        assert (await asker.verdict())["ok"] is False
    edit = page.get_by_label("An edit")
    await expect(edit).to_be_focused()
    await page.keyboard.type("tence")
    await expect(edit).to_have_value("half a sentence")


SCRIPTED = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"
)

HOSTILE = [
    ("<img src=x onerror=alert(1)><script>alert(1)</script>", "javascript:alert(1)"),
    ("x" * 10_000, "data:text/html,<script>alert(1)</script>"),
    ("txt.\u202eexe\u2066 \u0007 \ufeff", "vbscript:x"),
    ("{@html name} {{name}} ${name}", 'https://ok.example"onclick="alert(1)'),
]


@pytest.mark.parametrize(
    ("name", "url", "kind"),
    [(*hostile, "app") for hostile in HOSTILE] + [(*HOSTILE[0], "origin"), (*HOSTILE[1], "device")],
)
async def test_hostile_text_is_only_text(
    browser: Browser, server: Server, owner: Client, name: str, url: str, kind: str
) -> None:
    """Written past the server's own cleaning, so that the page has to stand it alone."""
    shown = {
        "id": "h",
        "address": name,
        "origin": f"http://{name}",
        "program": name,
        "asked_at_ms": 0,
        "name": name,
        "author": name,
        "url": url,
        "icon": SCRIPTED,
        "verification_code": name,
        "kind": kind,
        "scopes": [f"{verb}:{name}" for verb in ("read", "write", "call", "event", "send")] + [name],
    }
    async with watched(browser, width=360) as window:
        await sign_in(window.page, server)
        window.page.on("dialog", lambda dialog: window.faults.append(dialog.message))
        await owner.set(ASKS, msgspec.json.encode([shown]).decode())
        try:
            dialog = question(window.page)
            await expect(dialog).to_be_visible()
            assert name.strip()[:200] in await dialog.evaluate("dialog => dialog.textContent")
            assert await dialog.locator("script, [onclick], [onerror]").count() == 0
            links = await dialog.get_by_role("link").evaluate_all("all => all.map(a => a.protocol)")
            assert links == (["https:"] if url.startswith("https") and kind == "app" else [])
            for box in (dialog, dialog.locator(".body")):
                assert await box.evaluate("box => box.scrollWidth <= box.clientWidth")
            assert await window.page.evaluate("document.documentElement.scrollWidth") == 360
            await expect(dialog.get_by_role("button", name="Deny")).to_be_in_viewport()
        finally:
            await owner.set(ASKS, "[]")
        await expect(question(window.page)).to_have_count(0)


@pytest.mark.parametrize(
    ("icon", "is_shown"),
    [(PICTURE, True), ("data:image/png;base64,broken", False), ("https://icons.example/app.png", False), ("", False)],
)
async def test_a_picture_shows_when_it_is_in_the_question(
    page: Page, server: Server, icon: str, is_shown: bool
) -> None:
    fetched: list[str] = []

    def note(request: Request) -> None:
        fetched.append(request.url)

    page.on("request", note)
    async with asking(server, name="Painter", icon=icon):
        await expect(question(page)).to_be_visible()
        await expect(question(page).locator(".picture img")).to_have_count(int(is_shown))
        await expect(question(page).locator(".picture svg")).to_have_count(int(not is_shown))
    assert not [url for url in fetched if "icons.example" in url]


async def test_on_a_phone_it_fits(browser: Browser, server: Server) -> None:
    async with watched(browser, width=360) as window:
        await sign_in(window.page, server)
        async with asking(server, name="Pocket", verificationCode="1234", icon=PICTURE) as asker:
            await expect(question(window.page)).to_contain_text("1234")
            assert await window.page.evaluate("document.documentElement.scrollWidth") == 360
            await check_accessibility(window.page)
            await question(window.page).get_by_role("button", name="Allow once").click()
            assert (await asker.verdict())["ok"] is True


async def test_one_tab_calls_and_a_notification_leads_back(browser: Browser, server: Server) -> None:
    async with watched(browser) as window:
        await window.context.add_init_script(counted())
        await sign_in(window.page, server)
        await window.page.get_by_role("button", name="Preferences").click()
        preferences = window.page.get_by_role("dialog", name="Preferences")
        await preferences.get_by_label("Play a sound").check()
        await preferences.get_by_label("Show a notification").check()
        await check_accessibility(window.page)
        await preferences.get_by_role("button", name="Try the sound").click()
        await until(window.page, "tones === 2")
        await preferences.get_by_role("button", name="Try the notification").click()
        await until(window.page, "shown.length === 1")
        await preferences.get_by_role("button", name="Close").click()
        other = await window.context.new_page()
        await other.goto(server.console_url)
        await expect(other.get_by_role("navigation")).to_be_visible()
        await other.mouse.click(1270, 790)  # anywhere: it may make a sound from now on
        tabs = (window.page, other)

        async def counts(what: str) -> int:
            return sum([await tab.evaluate(what) for tab in tabs])

        async with asking(server, name="Seen"):
            for tab in tabs:
                await expect(question(tab)).to_be_visible()
            await asyncio.gather(*(tab.evaluate("navigator.locks.query()") for tab in tabs))
            assert await counts("tones") == 4
            assert await counts("shown.length") == 1, "one tab is in front"
        for tab in tabs:
            await expect(question(tab)).to_have_count(0)
            await tab.evaluate("document.hasFocus = () => false; dispatchEvent(new Event('blur'))")
        await until(
            other, "navigator.locks.query().then(({held}) => held.every(({name}) => name !== 'stagedoor.front'))"
        )
        async with asking(server, name="Unseen"):
            for tab in tabs:
                await expect(question(tab)).to_be_visible()
            caller = await first_true(tabs, "shown.at(-1)?.body === 'Unseen'")
            assert await counts("shown.length") == 2
            assert await counts("tones") == 6
            await caller.evaluate("shown.at(-1).onclick()")
            assert await caller.evaluate("focused") == 1
            assert await caller.evaluate("shown.at(-1).isClosed")


async def first_true(tabs: tuple[Page, ...], condition: str) -> Page:
    """The first of some tabs where a condition comes true."""
    waiting = {asyncio.create_task(until(tab, condition)): tab for tab in tabs}
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return waiting[done.pop()]


async def test_a_browser_that_denies_notifications_is_explained(browser: Browser, server: Server) -> None:
    async with watched(browser) as window:
        await window.context.add_init_script(counted("default", "denied"))
        await sign_in(window.page, server)
        await window.page.get_by_role("button", name="Preferences").click()
        box = window.page.get_by_label("Show a notification")
        await box.click()
        await expect(box).not_to_be_checked()
        await expect(box).to_be_disabled()
        await expect(window.page.get_by_text("does not allow the console to show notifications")).to_be_visible()
        await check_accessibility(window.page)


async def test_the_published_client_comes_in(browser: Browser, own_server: Server) -> None:
    node = shutil.which("node")
    assert node is not None, "the tests need Node 20 or newer"
    options = {"interactive": True, "interactiveData": {"name": "npm", "verificationCode": "77"}}
    async with watched(browser) as window:
        await sign_in(window.page, own_server)
        process = await asyncio.create_subprocess_exec(
            node,
            str(HERE.parent / "clients" / "run.mjs"),
            "everyCommand",
            own_server.url,
            msgspec.json.encode(options).decode(),
            stdout=asyncio.subprocess.PIPE,
        )
        await expect(question(window.page).locator("code")).to_have_text("77")
        await question(window.page).get_by_role("button", name="Allow once").click()
        output, _ = await process.communicate()
        assert process.returncode == 0
        assert b"[" in output
