"""Pairing: the owner's window, and a phone that is another browser, over this machine's address in its network."""

import asyncio
import json
import re
import ssl
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from stagedoor.app import Running
from stagedoor.keys import WELCOME
from stagedoor.kilovolt import Client
from stagedoor.tls import machine_addresses, tls_folder
from tests.conftest import Server
from tests.console.harness import Window, check_accessibility, open_page, watched
from tests.test_app import owner_of
from tests.test_owner_requests import ask, free_port, run_movable, stored

pytestmark = pytest.mark.asyncio(loop_scope="package")


@dataclass
class Place:
    """A server whose console is on loopback at first, and the owner's window."""

    running: Running
    owner: Client
    window: Window
    browser: Browser

    @property
    def page(self) -> Page:
        return self.window.page

    @property
    def dialog(self) -> Locator:
        """The dialog that pairs."""
        return self.page.get_by_role("dialog", name="Pair a phone or computer")

    @property
    def question(self) -> Locator:
        """The question about the phone."""
        return self.page.get_by_role("alertdialog", name="A phone or computer wants to use this console as you")

    async def make_code(self) -> str:
        """Let the console be reached, and have a code made; returns its address."""
        await self.page.get_by_role("button", name="Pair a phone or computer").click()
        await self.dialog.get_by_role("button", name="Let it be reached").click()
        return await self.shown()

    async def shown(self) -> str:
        """Read the address that the dialog shows."""
        await expect(self.dialog.get_by_role("img", name="QR code")).to_be_visible()
        return (await self.dialog.locator("code.url").first.inner_text()).strip()

    async def answer(self, name: str) -> None:
        """Answer the question, once it takes an answer."""
        button = self.question.get_by_role("button", name=name)
        await expect(button).to_have_attribute("aria-disabled", "false")
        await button.click()


def home_address() -> str:
    """An address of this machine in a network of its own."""
    found = [entry.address for entry in machine_addresses() if entry.kind == "private" and ":" not in entry.address]
    if not found:
        pytest.skip("cannot exist here: this machine is in no network")
    return found[0]


@pytest_asyncio.fixture(loop_scope="package")
async def place(browser: Browser, tmp_path: Path) -> AsyncIterator[Place]:
    home_address()
    async with (
        run_movable(tmp_path / "data") as running,
        owner_of(running) as owner,
        watched(browser) as window,
    ):
        await owner.set_json(WELCOME, {"done": True})  # or the welcome may take the place of the page that is opened
        link = running.new_console_link()
        assert link is not None
        await window.page.goto(link.url)
        await expect(window.page.locator("main#main")).to_be_visible()
        await open_page(window.page, "apps/devices")
        yield Place(running, owner, window, browser)


@asynccontextmanager
async def phone(browser: Browser, *, trusts: bool = True, locale: str = "en-GB") -> AsyncIterator[Page]:
    """A browser with a memory of its own, as wide as a phone; one that trusts takes any certificate."""
    context: BrowserContext = await browser.new_context(
        viewport={"width": 360, "height": 740},
        locale=locale,
        ignore_https_errors=trusts,
        reduced_motion="reduce",
        user_agent="Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
    )
    faults: list[str] = []
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
    yield await context.new_page()
    await context.close()
    assert faults == []


async def test_a_phone_is_paired_from_the_first_click_on(place: Place) -> None:
    page, address = place.page, home_address()
    await page.get_by_role("button", name="Pair a phone or computer").click()
    dialog = place.dialog
    await expect(dialog.get_by_role("radio", name="My home network")).to_be_checked()
    await expect(dialog.get_by_role("region", name="What that means")).to_contain_text(f"https://{address}:")
    await expect(dialog).to_contain_text("From other devices, plain text is refused")
    await check_accessibility(page)
    assert (await stored(place.owner, "stagedoor/console"))["bind"] == "127.0.0.1:0"
    await dialog.get_by_role("button", name="Let it be reached").click()
    url = await place.shown()
    assert re.fullmatch(rf"http://{re.escape(address)}:\d+/pair#code=[a-z2-9]{{4}}(-[a-z2-9]{{4}}){{2}}", url)
    assert str((await stored(place.owner, "stagedoor/console"))["bind"]).startswith("127.0.0.1,")
    await check_accessibility(page)
    async with phone(place.browser) as other:
        await other.goto(url)
        # Its certificate is taken, so that the first step is left out.
        await expect(other.get_by_role("heading", name="Do both show this number?")).to_be_visible()
        assert other.url == url.replace("http:", "https:").partition("#")[0]
        number = await other.locator(".number").inner_text()
        assert re.fullmatch(r"\d{6}", number)
        await check_accessibility(other)
        assert await other.evaluate("document.documentElement.scrollWidth") == 360
        await expect(place.question).to_contain_text(number)
        await expect(place.question).to_contain_text("Chrome, Android")
        await expect(place.question).to_contain_text(address)
        await place.answer("Allow")
        await expect(dialog.get_by_role("status")).to_contain_text("Paired: Chrome, Android.")
        await expect(other.locator("main#main")).to_be_visible()
        assert other.url.startswith(f"https://{address}:")
        await expect(other.get_by_role("heading", level=1)).to_be_visible()
        await check_accessibility(page)
        await dialog.get_by_role("button", name="Done").click()
        device = page.get_by_role("listitem").filter(has_text="Chrome, Android")
        await expect(device).to_contain_text(address)
        await device.get_by_role("button", name="Sign out").click()
        await page.get_by_role("alertdialog").get_by_role("button", name="Sign out").click()
        await expect(other.locator("main#main")).to_have_count(0)
    entries = (await ask(place.owner, "stagedoor/@audit", limit=50))["entries"]
    facts = [(entry["kind"], entry["facts"].get("what")) for entry in reversed(entries)]
    assert [fact for fact in facts if fact[1] in ("pairing code", "device")] == [
        ("pass", "pairing code"),
        ("asked", "device"),
        ("answered", "device"),
        ("pass", "device"),
        ("revoked", "device"),
    ]


async def test_a_phone_that_does_not_trust_the_certificate_is_shown_how(place: Place) -> None:
    url = await place.make_code()
    fingerprint = (await place.dialog.locator("code").last.inner_text()).strip()
    assert re.fullmatch(r"[0-9A-F]{2}(:[0-9A-F]{2}){31}", fingerprint)
    async with phone(place.browser, trusts=False) as other:
        await other.goto(url)
        await expect(other.get_by_role("heading", name="First, trust this stagedoor")).to_be_visible()
        await expect(other.locator(".fingerprint")).to_have_text(fingerprint)
        await expect(other.locator("details[open]")).to_contain_text("Android")
        await expect(other.get_by_role("group")).to_have_count(5)
        await check_accessibility(other)
        assert await other.evaluate("document.documentElement.scrollWidth") == 360
        async with other.expect_download() as download:
            await other.get_by_role("link", name="Get the certificate").click()
        got = await (await download.value).path()
        authority = (await asyncio.to_thread((tls_folder(_data(place)) / "authority.crt").read_text)).strip()
        assert ssl.DER_cert_to_PEM_cert(await asyncio.to_thread(got.read_bytes)).strip() == authority
        await other.get_by_role("button", name="I have done that").focus()
        await other.keyboard.press("Enter")
        await expect(other.get_by_role("alert")).to_contain_text("This browser does not trust it yet.")
        await check_accessibility(other)
        await expect(place.question).to_have_count(0)
        assert other.url == url
    async with phone(place.browser, trusts=False, locale="it-IT") as other:
        await other.goto(url)
        await expect(other.get_by_role("heading", name="Prima di tutto, dai fiducia")).to_be_visible()
        assert await other.evaluate("document.documentElement.lang") == "it"
        assert await other.evaluate("document.documentElement.scrollWidth") == 360


def _data(place: Place) -> Path:
    assert place.running.data is not None
    return place.running.data


async def test_each_end_is_told_plainly(place: Place) -> None:
    url = await place.make_code()
    async with phone(place.browser) as other, phone(place.browser) as second:
        await other.goto(url)
        await expect(other.locator(".number")).to_be_visible()
        await second.goto(url)
        await expect(second.get_by_role("heading", name="This code was used already")).to_be_visible()
        await check_accessibility(second)
        # A page that is loaded anew asks for the same answer.
        number = await other.locator(".number").inner_text()
        await other.reload()
        await expect(other.locator(".number")).to_have_text(number)
        await place.answer("Deny")
        await expect(other.get_by_role("heading", name="Your computer said no")).to_be_visible()
        await place.dialog.get_by_role("button", name="Cancel").click()
        await place.page.get_by_role("button", name="Pair a phone or computer").click()
        await other.goto(await place.shown())
        await expect(place.question).to_be_visible()
        await other.get_by_role("button", name="Cancel").click()
        await expect(other.get_by_role("heading", name="Cancelled")).to_be_visible()
        await expect(place.question).to_have_count(0)
        await second.goto(f"{url.partition('#')[0]}#code=aaaa-aaaa-aaaa")
        await expect(second.get_by_role("heading", name="This code is not known")).to_be_visible()
        await second.goto(url.partition("#")[0])
        await second.reload()
        await expect(second.get_by_role("heading", name="No code")).to_be_visible()
    assert "Android" not in await place.owner.get("stagedoor/devices")


async def test_by_keyboard_in_italian_and_narrow(place: Place) -> None:
    page = place.page
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.get_by_role("button", name="Pair a phone or computer").focus()
    await page.keyboard.press("Enter")
    await expect(place.dialog.get_by_role("radio", name="My home network")).to_be_checked()
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    assert await place.dialog.locator(".body").evaluate("body => body.scrollWidth <= body.clientWidth")
    go = place.dialog.get_by_role("button", name="Let it be reached")
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await go.evaluate("element => element === document.activeElement"):
            break
    await page.keyboard.press("Enter")
    url = await place.shown()
    assert await place.dialog.locator(".body").evaluate("body => body.scrollWidth <= body.clientWidth")
    await page.keyboard.press("Escape")
    await expect(place.dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="Pair a phone or computer")).to_be_focused()
    assert url


async def test_a_program_that_trusts_the_authority_pairs_by_the_address(place: Place) -> None:
    url = await place.make_code()
    address, _, code = url.replace("http:", "https:").partition("#code=")
    tls = ssl.create_default_context(cafile=tls_folder(_data(place)) / "authority.crt")
    tls.verify_flags |= ssl.VERIFY_X509_STRICT

    def send(message: object) -> dict[str, str]:
        request = urllib.request.Request(
            address, json.dumps(message).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=20, context=tls) as answer:
            told: dict[str, str] = json.load(answer)
            return told

    begun = await asyncio.to_thread(send, {"code": code})
    await expect(place.question).to_contain_text(begun["number"])
    waiting = asyncio.create_task(asyncio.to_thread(send, {"id": begun["id"]}))
    await place.answer("Allow")
    answer = await waiting
    assert answer["state"] == "allowed"
    async with Client(
        f"{address.replace('https:', 'wss:').removesuffix('/pair')}/ws",
        token=answer["token"],
        authority=tls_folder(_data(place)) / "authority.crt",
        reconnect=False,
    ) as paired:
        assert await paired.get("stagedoor/console-passes") != ""


async def test_a_phone_hears_that_stagedoor_was_started_anew(browser: Browser, tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--console", f"localhost,{home_address()}:{free_port()}", console=True)
    await server.start()
    try:
        async with Client(server.url, token=server.control_token) as owner:
            first, second = [await ask(owner, "stagedoor/@pair") for _ in range(2)]
        async with phone(browser) as other:
            await other.goto(first["url"])
            await expect(other.locator(".number")).to_be_visible()
            await server.restart()
            await expect(other.get_by_role("heading", name="Nobody waits here any more")).to_be_visible()
            await other.goto(second["url"])
            await expect(other.get_by_role("heading", name="This code is not known")).to_be_visible()
    finally:
        await server.stop()
