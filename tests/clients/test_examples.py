"""The sample overlays that come with stagedoor: in Chromium, from the door that serves them, in every mode."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, async_playwright, expect
from tools.find_chromium import find_chromium

from tests.clients.browser import FLAGS
from tests.clients.owner import make_overlay_key, revoke_overlay_key
from tests.clients.stage import Stage
from tests.conftest import PASSWORD, Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = '<img src="x" onerror="alert(1)"><script>alert(2)</script>\u202e'

EXAMPLES = Path(__file__).parents[2] / "src/stagedoor/examples"

SHOWN = {
    "chat": ("li", "^AAdaHello$"),
    "alerts": (".alert", "^Adafollows$"),
    "countdown": ("#left", r"^(59:\d\d|1:00:00)$"),
}
"""Where each sample shows something, and what."""

PICTURE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28"><circle cx="14" cy="14" r="14" fill="red"/></svg>'
)


@dataclass
class Overlay:
    """One of the samples, in a window; what it asked the web for, and what went wrong in it."""

    page: Page
    server: Server
    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def open(self, name: str, /, **options: object) -> None:
        """Open a sample with options in its address, without waiting for its connection."""
        fragment = urlencode({"port": self.server.streamerbot_port, **options})
        # Of two addresses that differ in their fragment alone, the second would not be loaded.
        await self.page.goto("about:blank")
        await self.page.goto(f"{self.server.page}/static/examples/{name}/#{fragment}")

    async def connected(self) -> None:
        """Wait until it hears events."""
        await expect(self.page.locator("#status")).to_be_hidden()


@asynccontextmanager
async def showing(server: Server) -> AsyncIterator[Overlay]:
    """Open an empty window, whose pages get every picture of the web, and nothing else of it."""
    executable = find_chromium()
    assert executable is not None, "the tests need a Chromium: python tools/find_chromium.py --install"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        overlay = Overlay(await browser.new_page(), server)

        async def reach(route: Route) -> None:
            if route.request.url.startswith(server.page):
                await route.continue_()
                return
            overlay.asked.append(route.request.url)
            if route.request.resource_type == "image" and "missing" not in route.request.url:
                await route.fulfill(body=PICTURE, content_type="image/svg+xml")
            else:
                await route.abort()

        await overlay.page.route("**/*", reach)
        overlay.page.on("pageerror", lambda error: overlay.faults.append(str(error)))
        overlay.page.on("dialog", lambda dialog: overlay.faults.append(dialog.message))
        overlay.page.on(
            "console",
            lambda message: overlay.faults.append(message.text) if "Content Security" in message.text else None,
        )
        try:
            yield overlay
            assert overlay.faults == []
        finally:
            await browser.close()


@asynccontextmanager
async def running(tmp_path: Path, mode: str = "on") -> AsyncIterator[tuple[Stage, Overlay]]:
    """Run a server in one of the modes of authentication, with an empty window beside it."""
    server = Server(tmp_path / "data", "--streamerbot-auth", mode, streamerbot=True)
    await server.start()
    try:
        async with Stage(server) as stage, showing(server) as overlay:
            yield stage, overlay
    finally:
        await server.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Stage, Overlay]]:
    """Run a server in the usual mode for all tests that leave it as it is."""
    async with running(tmp_path_factory.mktemp("hall")) as both:
        yield both


@pytest.mark.parametrize("mode", ["off", "on", "enforced"])
async def test_each_sample_connects_in_every_mode(tmp_path: Path, mode: str) -> None:
    async with running(tmp_path, mode) as (stage, overlay):
        await stage.ask("call", ["global/@set", {"name": "countdown", "value": 3600, "persisted": True}])
        for name, (seen, text) in SHOWN.items():
            for password in ("", PASSWORD):
                await overlay.open(name, password=password)
                if mode == "enforced" and not password:
                    await expect(overlay.page.locator("#status")).to_contain_text("needs the password")
                    continue
                await overlay.connected()
                await stage.emit("Twitch", "ChatMessage", user="Ada", text="Hello")
                await stage.emit("Twitch", "Follow", user="Ada")
                await expect(overlay.page.locator(seen)).to_have_text(re.compile(text))


async def test_a_wrong_password_is_told_of(hall: tuple[Stage, Overlay]) -> None:
    _, overlay = hall
    await overlay.open("chat", password="not it")
    await expect(overlay.page.locator("#status")).to_have_text("The password is wrong.")


@pytest.mark.parametrize("mode", ["off", "on", "enforced"])
async def test_an_overlay_key_opens_the_samples_in_every_mode(tmp_path: Path, mode: str) -> None:
    async with running(tmp_path, mode) as (stage, overlay):
        await stage.ask("call", ["global/@set", {"name": "countdown", "value": 3600, "persisted": True}])
        _, key = await make_overlay_key(stage.server, "event:*", "read:global/persisted/countdown")
        for name, (seen, text) in SHOWN.items():
            await overlay.open(name, key=key)
            await overlay.connected()
            await stage.emit("Twitch", "ChatMessage", user="Ada", text="Hello")
            await stage.emit("Twitch", "Follow", user="Ada")
            await expect(overlay.page.locator(seen)).to_have_text(re.compile(text))


async def test_what_an_overlay_key_does_not_cover_is_told_of(hall: tuple[Stage, Overlay]) -> None:
    stage, overlay = hall
    status = overlay.page.locator("#status")
    _, key = await make_overlay_key(stage.server, "event:Twitch.*")
    await overlay.open("chat", key=key)
    unheard = (
        "The overlay key does not let it hear YouTube.Message, YouTube.MessageDeleted, YouTube.UserBanned and 4 more."
    )
    await expect(status).to_have_text(unheard)
    await stage.emit("Twitch", "ChatMessage", user="Ada", text="Hello")
    await expect(overlay.page.locator("li")).to_have_text("AAdaHello")
    _, key = await make_overlay_key(stage.server, "event:*")
    await overlay.open("countdown", key=key)
    await expect(status).to_have_text("The overlay key does not let it see the variable countdown.")


async def test_a_revoked_overlay_key_is_told_of_and_not_tried_again(hall: tuple[Stage, Overlay]) -> None:
    stage, overlay = hall
    key_id, key = await make_overlay_key(stage.server, "event:*")
    await overlay.open("chat", key=key)
    await overlay.connected()
    await revoke_overlay_key(stage.server, key_id)
    await expect(overlay.page.locator("#status")).to_have_text(re.compile("^Its access was revoked"))


async def test_a_wrong_overlay_key_is_told_of(hall: tuple[Stage, Overlay]) -> None:
    _, overlay = hall
    await overlay.open("chat", key="overlay-not-it")
    await expect(overlay.page.locator("#status")).to_have_text(re.compile("^The overlay key is wrong"))


async def test_a_password_does_as_a_key(hall: tuple[Stage, Overlay]) -> None:
    _, overlay = hall
    await overlay.open("chat", key=PASSWORD)
    await overlay.connected()


async def test_a_sample_of_https_connects_by_wss(hall: tuple[Stage, Overlay]) -> None:
    browser = hall[1].page.context.browser
    assert browser is not None
    page = await browser.new_page()

    async def serve(route: Route) -> None:
        path = EXAMPLES / urlsplit(route.request.url).path.removeprefix("/static/examples/")
        await route.fulfill(path=path / "index.html" if path.is_dir() else path)

    await page.route("https://stream.example:4337/**", serve)
    async with page.expect_websocket() as opening:
        await page.goto("https://stream.example:4337/static/examples/chat/#port=8081")
    assert (await opening.value).url == "wss://stream.example:8081/"
    await page.close()


@pytest.mark.parametrize("name", ["chat", "alerts"])
async def test_what_viewers_write_is_only_text(hall: tuple[Stage, Overlay], name: str) -> None:
    stage, overlay = hall
    overlay.asked.clear()
    await overlay.open(name)
    await overlay.connected()
    user = {"name": HOSTILE, "login": "x", "color": "red;background:url(https://evil.example/)"}
    bad = {"user": user, "text": HOSTILE, "profilePicture": "javascript:alert(3)"}
    await stage.emit("Twitch", "ChatMessage", **bad)
    await stage.emit("Twitch", "Cheer", **bad, bits=1)
    await expect(overlay.page.locator("body")).to_contain_text("<script>alert(2)</script>")
    assert await overlay.page.locator("body script, body [onerror]").count() == 0
    assert overlay.asked == []


async def test_the_chat_shows_pictures_and_who_has_none_by_initials(hall: tuple[Stage, Overlay]) -> None:
    stage, overlay = hall
    overlay.asked.clear()
    await overlay.open("chat", seconds=0, size=30, align="right")
    await overlay.connected()
    await stage.ask("call", ["stagedoor/@emit", {"source": "Twitch", "type": "ChatMessage", "sample": True}])
    await stage.ask("call", ["stagedoor/@emit", {"source": "Kick", "type": "ChatMessage", "sample": True}])
    await stage.ask("call", ["stagedoor/@emit", {"source": "YouTube", "type": "Message", "sample": True}])
    twitch, kick, youtube = (overlay.page.locator("li").nth(number) for number in range(3))
    await expect(youtube).to_contain_text("Hello from YouTube!")
    await expect(twitch.locator(".emote")).to_have_count(2)
    await expect(twitch.get_by_alt_text("HeyGuys")).to_be_visible()
    await expect(twitch.locator(".badge")).to_have_count(1)
    await expect(twitch.locator(".avatar")).to_have_text("PP")
    await expect(kick.locator(".avatar img")).to_have_count(1)
    assert await overlay.page.evaluate("getComputedStyle(document.body).fontSize") == "30px"
    assert await overlay.page.evaluate("getComputedStyle(document.getElementById('chat')).alignItems") == "end"
    assert all(url.startswith("https://") for url in overlay.asked)
    assert len(overlay.asked) >= 5


async def test_a_picture_that_is_not_there_leaves_its_text(hall: tuple[Stage, Overlay]) -> None:
    stage, overlay = hall
    overlay.asked.clear()
    await overlay.open("chat")
    await overlay.connected()
    badge = {"name": "vip", "version": "1", "imageUrl": "https://example.org/missing-badge.png"}
    user = {"name": "Dee", "profilePicture": "https://example.org/missing.png", "badges": [badge]}
    await stage.emit("Kick", "ChatMessage", user=user, text="Hi")
    await expect(overlay.page.locator("li")).to_have_text("DvipDeeHi")
    assert sorted(overlay.asked) == ["https://example.org/missing-badge.png", "https://example.org/missing.png"]
    await expect(overlay.page.locator(".avatar img")).to_have_count(0)
    await expect(overlay.page.locator(".role")).to_have_text("vip")


@pytest.mark.parametrize("colour", ["#000000", "#0000FF", "#8A2BE2", "#FFFFFF", "no colour"])
async def test_colours_of_names_can_be_read(hall: tuple[Stage, Overlay], colour: str) -> None:
    stage, overlay = hall
    await overlay.open("chat")
    await overlay.connected()
    await stage.emit("Twitch", "ChatMessage", user={"name": "Ada", "color": colour}, text="Hi")
    await expect(overlay.page.locator(".name")).to_have_text("Ada")
    contrast = await overlay.page.evaluate(
        """() => {
            const light = selector => {
                const name = selector === '.name' ? 'color' : 'backgroundColor';
                const style = getComputedStyle(document.querySelector(selector))[name];
                return luminance(style.match(/\\d+/g).slice(0, 3).map(Number));
            };
            return (light('.name') + 0.05) / (light('li') + 0.05);
        }"""
    )
    assert contrast >= 4.4  # colours are rounded to whole numbers


async def test_a_message_fades_and_deleted_ones_go_at_once(hall: tuple[Stage, Overlay]) -> None:
    stage, overlay = hall
    await overlay.open("chat", seconds=1)
    await overlay.connected()
    lines = overlay.page.locator("li")
    await stage.emit("Twitch", "ChatMessage", user="Ada", text="Hello")
    await expect(lines).to_have_count(1)
    await expect(lines).to_have_count(0)
    await overlay.open("chat", seconds=0)
    await overlay.connected()
    for platform in ("Twitch", "Kick"):
        for who in ("7", "8"):
            user = {"id": who, "name": f"{platform}{who}"}
            await stage.emit(platform, "ChatMessage", user=user, text="Hi", messageId=f"{platform}{who}")
    await expect(lines).to_have_count(4)
    await stage.emit("Twitch", "ChatMessageDeleted", messageId="Twitch7", user="Twitch7")
    await expect(lines).to_have_count(3)
    await stage.emit("Twitch", "UserTimedOut", user={"id": "8", "name": "Twitch8"})
    await expect(overlay.page.locator(".name")).to_have_text(["Kick7", "Kick8"])
    await stage.emit("Kick", "UserBanned", user={"id": "8", "name": "Kick8"})
    await expect(overlay.page.locator(".name")).to_have_text(["Kick7"])
    await stage.emit("Twitch", "ChatCleared")
    await expect(lines).to_have_count(0)


async def test_a_burst_leaves_a_bounded_page(hall: tuple[Stage, Overlay]) -> None:
    stage, overlay = hall
    await overlay.open("chat", seconds=0)
    await overlay.connected()
    for number in range(100):
        await stage.emit("Twitch", "ChatMessage", user="Ada", text=f"Message {number}")
    await expect(overlay.page.locator("li").last).to_contain_text("Message 99")
    assert await overlay.page.locator("li").count() == 30
    await overlay.open("alerts", seconds=120)
    await overlay.connected()
    for _ in range(100):
        await stage.emit("Twitch", "Follow", user="Ada")
    await overlay.page.wait_for_function("waiting.length === 50")
    assert await overlay.page.locator(".alert").count() == 1


async def test_all_come_back_when_the_server_does(hall: tuple[Stage, Overlay]) -> None:
    stage, overlay = hall
    await overlay.open("chat", password=PASSWORD)
    await overlay.connected()
    await stage.ask("restart")
    await overlay.connected()
    await stage.emit("Twitch", "ChatMessage", user="Ada", text="Still here")
    await expect(overlay.page.locator("li")).to_contain_text("Still here")


async def test_alerts_come_one_after_the_other(hall: tuple[Stage, Overlay]) -> None:
    alerts: list[tuple[str, str, dict[str, object], str]] = [
        ("Twitch", "Follow", {"user": "Ada"}, "Adafollows"),
        ("Twitch", "Sub", {"user": "Bob"}, "Bobsubscribed"),
        ("Twitch", "ReSub", {"user": "Bob", "months": 7, "text": "Again"}, "Bobsubscribed for 7 monthsAgain"),
        ("Twitch", "GiftSub", {"user": "Cy", "recipient": "Dee"}, "Cygave a sub to Dee"),
        ("Twitch", "Cheer", {"user": "Eve", "text": "Cheer100 go"}, "Evecheered 100 bits"),
        ("Twitch", "Raid", {"user": "Tom", "viewers": 42}, "Tomraids with 42 viewers"),
    ]
    stage, overlay = hall
    await overlay.open("alerts", seconds=1)
    await overlay.connected()
    for source, type_, data, _ in alerts:
        await stage.emit(source, type_, **data)
    for _, _, _, text in alerts:
        await expect(overlay.page.locator(".alert")).to_contain_text(text)
    await expect(overlay.page.locator(".alert")).to_have_count(0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(90, r"^1:(30|2\d)$"), (7200, r"^(2:00:00|1:59:\d\d)$"), (0, "^Here we go$"), ("2001-01-01T00:00:00Z", "^Here")],
)
async def test_a_countdown_follows_its_variable(hall: tuple[Stage, Overlay], value: object, shown: str) -> None:
    stage, overlay = hall
    await overlay.open("countdown", name="start", done="Here we go", text="Soon")
    await overlay.connected()
    await expect(overlay.page.locator("#countdown")).to_be_hidden()
    await stage.ask("call", ["global/@set", {"name": "start", "value": value, "persisted": True}])
    await overlay.page.wait_for_function(
        "shown => new RegExp(shown).test(document.getElementById('left').textContent)", arg=shown
    )
    await expect(overlay.page.locator("#text")).to_have_text("Soon")
    await stage.ask("call", ["global/@delete", {"name": "start", "persisted": True}])
    await expect(overlay.page.locator("#countdown")).to_be_hidden()


@pytest.mark.parametrize(
    ("value", "ends"),
    [
        ("20:30", "2026-01-05T20:30:00"),
        ("7:05", "2026-01-06T07:05:00"),
        (60, "2026-01-05T20:01:00"),
        ("2026-02-01T10:00", "2026-02-01T10:00:00"),
    ],
)
async def test_what_a_countdown_may_be_told(hall: tuple[Stage, Overlay], value: object, ends: str) -> None:
    _, overlay = hall
    await overlay.open("countdown")
    same = "([value, ends]) => endOf(value, '2026-01-05T20:00:00') === Date.parse(ends)"
    assert await overlay.page.evaluate(same, [value, ends])
