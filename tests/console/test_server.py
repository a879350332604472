"""The page of the doors, the passwords and the files: in a real browser, with programs that come in or stay out."""

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from stagedoor.app import App, Running
from stagedoor.keys import WELCOME
from stagedoor.kilovolt import Client
from stagedoor.kilovolt.errors import ConnectionLost, PasswordRefused
from stagedoor.options import Settings
from stagedoor.tls import machine_addresses
from tests.conftest import Server
from tests.console.harness import Window, check_accessibility, open_page, sign_in, watched
from tests.net.websocket import TEXT, Raw
from tests.test_app import get_for_ever, owner_of
from tests.test_owner_requests import ask, door_of, free_port, port_of, run_movable, stored

pytestmark = pytest.mark.asyncio(loop_scope="package")


@dataclass
class Place:
    """A server whose doors may be moved, and a window that is signed in there."""

    running: Running
    owner: Client
    window: Window
    page: Page

    async def http(self) -> dict[str, Any]:
        """The Kilovolt door's stored settings."""
        return await stored(self.owner, "http/config")

    async def streamerbot(self) -> dict[str, Any]:
        """The Streamer.bot doors' stored settings."""
        return await stored(self.owner, "streamerbot/config")


@asynccontextmanager
async def placed(browser: Browser, data: Path, *, width: int = 1280) -> AsyncIterator[Place]:
    """Run a server in this process, and open its page of the server."""
    async with run_movable(data) as running, opened(browser, running, width=width) as place:
        yield place


@asynccontextmanager
async def opened(browser: Browser, running: Running, *, width: int = 1280) -> AsyncIterator[Place]:
    """Open the page of a server that runs."""
    async with owner_of(running) as owner, watched(browser, width=width) as window:
        await owner.set_json(WELCOME, {"done": True})  # or the welcome may take the place of the page that is opened
        link = running.new_console_link()
        assert link is not None
        await window.page.goto(link.url)
        await expect(window.page.locator("main#main")).to_be_visible()
        await open_page(window.page, "server")
        await expect(window.page.get_by_role("heading", name="Files for browsers")).to_be_visible()
        yield Place(running, owner, window, window.page)


@pytest_asyncio.fixture(loop_scope="package")
async def place(browser: Browser, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(browser, tmp_path / "data") as place:
        yield place


def card(page: Page, name: str) -> Locator:
    """One door."""
    return page.get_by_role("listitem", name=name, exact=True)


def secret(page: Page, door: str) -> Locator:
    """The password of a door."""
    return page.get_by_role("group", name=f"Password of {door}", exact=True)


async def press_until_focused(page: Page, target: Locator, key: str = "Tab", *, at_most: int = 60) -> None:
    """Go to something by keyboard alone."""
    for _ in range(at_most):
        await page.keyboard.press(key)
        if await target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail("the keyboard does not reach it")


async def get(url: str) -> tuple[int, str]:
    """Load a page."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


# --- passwords ---


async def test_a_password_is_shown_copied_and_replaced(place: Place) -> None:
    page = place.page
    old = (await place.http())["kv_password"]
    url = place.running.doors.kilovolt
    assert url is not None
    await place.window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await secret(page, "Kilovolt").get_by_role("button", name="Copy").click()
    await expect(page.get_by_text("Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == old
    assert old not in await page.content()
    await secret(page, "Kilovolt").get_by_role("button", name="Reveal").click()
    await expect(secret(page, "Kilovolt")).to_contain_text(old)
    async with Client(url, password=old, reconnect=False) as insider:
        await secret(page, "Kilovolt").get_by_role("button", name="Change…").click()
        dialog = page.get_by_role("dialog", name="Password of Kilovolt: a new one")
        field = dialog.get_by_label("New password")
        first = await field.input_value()
        await check_accessibility(page)
        await dialog.get_by_role("button", name="Make another").click()
        await expect(field).not_to_have_value(first)
        new = await field.input_value()
        assert re.fullmatch(r"[\w-]{28}", new)
        # Somebody else writes in the meantime; that stays.
        await place.owner.set_json("http/config", {**await place.http(), "note": "theirs"})
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog).to_have_count(0)
        with pytest.raises(ConnectionLost, match="the password was changed"):
            await get_for_ever(insider)
    async with Client(url, password=new, reconnect=False) as friend:
        assert await friend.get("a") == ""
    with pytest.raises(PasswordRefused):
        async with Client(url, password=old, reconnect=False):
            pass
    assert (await place.http())["note"] == "theirs"
    await expect(secret(page, "Kilovolt")).not_to_contain_text(new)
    await secret(page, "Kilovolt").get_by_role("button", name="Reveal").click()
    await expect(secret(page, "Kilovolt")).to_contain_text(new)


async def test_by_keyboard_no_password_needs_a_second_yes(place: Place) -> None:
    page = place.page
    url = place.running.doors.kilovolt
    assert url is not None
    old = (await place.http())["kv_password"]
    await page.locator("main").focus()
    await press_until_focused(page, secret(page, "Kilovolt").get_by_role("button", name="Change…"))
    await page.keyboard.press("Enter")
    field = page.get_by_label("New password")
    await press_until_focused(page, field)
    await page.keyboard.press("Control+A")
    await page.keyboard.type("too short")
    await expect(page.get_by_text("9 characters are easy to guess; take 16 or more.")).to_be_visible()
    await page.keyboard.press("Control+A")
    await page.keyboard.press("Delete")
    await page.keyboard.press("Enter")
    warning = page.get_by_role("alertdialog", name="No password at all?")
    await expect(warning).to_contain_text("any program on this computer gets in")
    await check_accessibility(page)
    await press_until_focused(page, warning.get_by_role("button", name="Go back"))
    await page.keyboard.press("Enter")
    await expect(warning).to_have_count(0)
    assert (await place.http())["kv_password"] == old
    await field.focus()
    await page.keyboard.press("Enter")
    await press_until_focused(page, warning.get_by_role("button", name="I understand"))
    await page.keyboard.press("Enter")
    await expect(secret(page, "Kilovolt")).to_contain_text("Without a password, any program")
    async with Client(url, reconnect=False) as anybody:
        assert await anybody.get("a") == ""
    await check_accessibility(page)


# --- authentication ---


async def greeting(place: Place) -> dict[str, Any]:
    """What a Streamer.bot client is greeted with."""
    raw = await Raw.open(port_of(place.running.doors.streamerbot))
    hello = await raw.message()
    await raw.end()
    return hello


async def test_a_client_is_greeted_by_the_mode_that_was_saved(place: Place) -> None:
    page = place.page
    group = page.get_by_role("group", name="Who has to show it?")
    raw = await Raw.open(port_of(place.running.doors.streamerbot))
    await raw.message()
    raw.send(TEXT, b'{"request":"GetInfo","id":"1"}')
    assert (await raw.message())["status"] == "ok"
    await raw.end()
    await group.get_by_role("radio", name="Everybody").check()
    await expect(group).to_contain_text("Now: Who sends chat messages.")
    assert (await place.streamerbot())["authentication"] == "on"
    await check_accessibility(page)
    await group.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. It holds from now on.")).to_be_visible()
    raw = await Raw.open(port_of(place.running.doors.streamerbot))
    assert "authentication" in await raw.message()
    raw.send(TEXT, b'{"request":"GetInfo","id":"1"}')
    assert (await raw.message())["status"] == "error"
    await raw.end()
    # By keyboard, from there to nobody.
    await group.get_by_role("radio", name="Everybody").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await press_until_focused(page, group.get_by_role("button", name="Save"))
    await page.keyboard.press("Enter")
    await expect(group.get_by_role("button", name="Save")).to_be_disabled()
    await expect(group.get_by_role("radio", name="Nobody")).to_be_checked()
    assert "authentication" not in await greeting(place)


# --- doors ---


async def test_a_door_moves_to_a_free_port_and_not_to_a_taken_one(place: Place) -> None:
    page = place.page
    old = (await door_of(place.owner, "streamerbot"))["addresses"]
    door = card(page, "Streamer.bot")
    await expect(door).to_contain_text("Only programs on this computer can reach it.")
    await page.locator("main").focus()
    await press_until_focused(page, door.get_by_role("button", name="Change…"))
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Who should reach Streamer.bot?")
    port = dialog.get_by_label("Port")
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        await press_until_focused(page, port)
        await page.keyboard.press("Control+A")
        await page.keyboard.type(str(holder.getsockname()[1]))
        await page.keyboard.press("Enter")
        await expect(dialog.get_by_role("alert")).to_contain_text("It stays where it was:")
        await expect(dialog.get_by_role("alert")).to_contain_text("listens there already")
        await check_accessibility(page)
    assert (await door_of(place.owner, "streamerbot"))["addresses"] == old
    await greeting(place)
    new = free_port()
    await port.fill(str(new))
    await dialog.get_by_role("button", name="Try and apply").click()
    await expect(dialog).to_have_count(0)
    await expect(door).to_contain_text(f"ws://127.0.0.1:{new}/")
    raw = await Raw.open(new)
    assert (await raw.message())["request"] == "Hello"
    await raw.end()
    await door.get_by_role("button", name="Switch off").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Switch off").click()
    await expect(door.get_by_text("off", exact=True)).to_be_visible()
    assert not (await door_of(place.owner, "streamerbot"))["is_open"]
    await door.get_by_role("button", name="Open…").click()
    dialog = page.get_by_role("dialog", name="Open Streamer.bot")
    await dialog.get_by_label("Port").fill(str(new))
    await dialog.get_by_role("button", name="Try and open").click()
    await expect(door).to_contain_text(f"ws://127.0.0.1:{new}/")


async def test_it_is_shown_what_a_choice_means_before_it_is_so(place: Place) -> None:
    page = place.page
    port = port_of(place.running.doors.streamerbot)
    door = card(page, "Streamer.bot")
    await door.get_by_role("button", name="Change…").click()
    dialog = page.get_by_role("dialog", name="Who should reach Streamer.bot?")
    meaning = dialog.get_by_role("region", name="What that means")
    await expect(dialog.get_by_role("radio", name="Only this computer")).to_be_checked()
    await expect(meaning).to_have_text("What that means Who can reach it Programs on this computer, and nobody else.")
    await dialog.get_by_role("radio", name="Every network").check()
    await expect(meaning).to_contain_text("also in those that you do not trust")
    await expect(meaning).to_contain_text("Yes. From other devices, plain text is refused.")
    await expect(meaning).to_contain_text("Nothing else without the password.")
    await expect(meaning).to_contain_text("ask everybody for the password from now on")
    for address in machine_addresses():
        if address.kind == "private":
            host = f"[{address.address}]" if ":" in address.address else address.address
            shown = expect(meaning.get_by_text(f"wss://{host}:{port}/", exact=True))
            await (shown.to_have_count(0) if ":" in address.address else shown.to_be_visible())
    await check_accessibility(page)
    assert (await place.streamerbot())["authentication"] == "on"
    await dialog.get_by_role("button", name="Try and apply").click()
    await expect(dialog).to_have_count(0)
    assert (await place.streamerbot())["authentication"] == "enforced"
    assert (await place.streamerbot())["bind"] == f"0.0.0.0:{port}"
    await expect(door).to_contain_text("Others in your network can reach it, encrypted.")
    assert "authentication" in await greeting(place)
    await door.get_by_role("button", name="Change…").click()
    await dialog.get_by_role("radio", name="An address that I write").check()
    await dialog.get_by_label("Address", exact=True).fill("localhost, 127.0.0.2")
    await expect(meaning).to_contain_text("Programs on this computer, and nobody else.")
    await dialog.get_by_role("button", name="Try and apply").click()
    await expect(door).to_contain_text("Only programs on this computer can reach it.")
    assert (await place.streamerbot())["bind"] == f"localhost,127.0.0.2:{port}"


async def test_what_has_to_be_done_first_is_said_and_nothing_can_be_applied(place: Place) -> None:
    page = place.page
    await place.owner.set_json("http/config", {**await place.http(), "kv_password": ""})
    await expect(secret(page, "Kilovolt")).to_contain_text("Without a password, any program")
    await card(page, "Kilovolt").get_by_role("button", name="Change…").click()
    dialog = page.get_by_role("dialog", name="Who should reach Kilovolt?")
    await dialog.get_by_role("radio", name="Every network").check()
    await expect(dialog.get_by_role("alert")).to_contain_text(["First: the door needs a password."])
    await expect(dialog.get_by_role("button", name="Try and apply")).to_be_disabled()
    await check_accessibility(page)


# --- TLS ---


async def test_tls_is_switched_off_and_on_and_a_new_authority_is_asked_about(place: Place) -> None:
    page = place.page
    how = page.get_by_role("region", name="How it is done")
    shown = page.get_by_role("region", name="The certificate")
    await expect(how).to_contain_text("ready when needed")
    await expect(shown).to_contain_text("There is none yet.")
    await how.get_by_role("radio", name="Off").check()
    await how.get_by_role("button", name="Save").click()
    await expect(shown).to_contain_text("None is shown.")
    assert (await stored(place.owner, "stagedoor/tls"))["mode"] == "off"
    # What is to be reached from elsewhere switches it on, and says so.
    await card(page, "Console").get_by_role("button", name="Change…").click()
    dialog = page.get_by_role("dialog", name="Who should reach Console?")
    await dialog.get_by_role("radio", name="Every network").check()
    await expect(dialog).to_contain_text("TLS is switched on.")
    await dialog.get_by_role("button", name="Cancel").click()
    await how.get_by_role("radio", name="Automatic").check()
    await how.get_by_role("button", name="Save").click()
    await expect(how.get_by_text("on", exact=True)).to_be_visible()
    old = (await ask(place.owner, "stagedoor/@tls"))["authority"]["fingerprint"]
    pairs = ":".join(old.upper()[at : at + 2] for at in range(0, 64, 2))
    await expect(shown.locator("code")).to_have_text(pairs)
    await check_accessibility(page)
    async with page.expect_download() as download:
        await shown.get_by_role("link", name="Download").click()
    assert (await download.value).suggested_filename == "stagedoor-authority.crt"
    await shown.get_by_role("button", name="New authority…").click()
    warning = page.get_by_role("alertdialog", name="Make a new authority?")
    await expect(warning).to_contain_text("Every phone and computer that trusts the old one")
    await check_accessibility(page)
    await warning.get_by_role("button", name="Make it").click()
    await expect(shown.locator("code")).not_to_have_text(pairs)
    assert (await ask(place.owner, "stagedoor/@tls"))["authority"]["fingerprint"] != old


async def test_files_that_cannot_be_used_are_told_and_good_ones_taken(place: Place, tmp_path: Path) -> None:
    page = place.page
    how = page.get_by_role("region", name="How it is done")
    await how.get_by_role("radio", name="My own certificate").focus()
    await page.keyboard.press("Space")
    file = how.get_by_label("Certificate, with its chain (PEM)")
    await file.fill(str(tmp_path / "none.pem"))
    await page.keyboard.press("Tab")
    await how.get_by_role("button", name="Save").click()
    await expect(how.get_by_role("alert")).to_contain_text(f"It stays as it was: {tmp_path}/none.pem: No such file")
    await check_accessibility(page)
    await file.fill(str(Path(__file__).parents[1] / "services" / "localhost.pem"))
    await how.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("region", name="The certificate")).to_contain_text("localhost")
    await expect(how.get_by_role("button", name="Save")).to_be_disabled()
    await expect(how.get_by_role("radio", name="My own certificate")).to_be_checked()


async def test_plain_text_wants_insistence_and_the_warning_stays(place: Place) -> None:
    page = place.page
    how = page.get_by_role("region", name="How it is done")
    await expect(how).to_contain_text("It is refused. That is how it should be.")
    await how.get_by_role("button", name="Let it in all the same…").click()
    warning = page.get_by_role("alertdialog", name="Let other devices speak plain text?")
    await warning.get_by_role("button", name="Cancel").click()
    assert await place.owner.get("stagedoor/tls") == ""
    await how.get_by_role("button", name="Let it in all the same…").click()
    await warning.get_by_role("button", name="I insist").click()
    await expect(how).to_contain_text("It is let in, because you insisted.")
    assert (await stored(place.owner, "stagedoor/tls"))["plain_beyond_loopback"] is True
    await page.reload()
    await expect(how).to_contain_text("It is let in, because you insisted.")
    await check_accessibility(page)
    await card(page, "Console").get_by_role("button", name="Change…").click()
    dialog = page.get_by_role("dialog", name="Who should reach Console?")
    await dialog.get_by_role("radio", name="Every network").check()
    await expect(dialog).to_contain_text("Not necessarily: you let other devices speak plain text.")
    await check_accessibility(page)
    await dialog.get_by_role("button", name="Cancel").click()
    await how.get_by_role("button", name="Forbid it again").click()
    await expect(how).to_contain_text("It is refused.")


async def test_the_page_follows_the_console_to_its_new_address(place: Place) -> None:
    page = place.page
    old = urlsplit(page.url)
    new = free_port()
    await card(page, "Console").get_by_role("button", name="Change…").click()
    dialog = page.get_by_role("dialog", name="Who should reach Console?")
    await expect(dialog).to_contain_text("This page goes to the new address by itself")
    await dialog.get_by_label("Port").fill(str(new))
    await dialog.get_by_role("button", name="Try and apply").click()
    await page.wait_for_url(f"http://*:{new}/**")
    await open_page(page, "server")
    await expect(card(page, "Console")).to_contain_text(f":{new}/")
    assert (await stored(place.owner, "stagedoor/console"))["bind"] == f"127.0.0.1:{new}"
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(old.hostname, old.port)


async def test_a_shut_door_tells_who_has_its_address_until_that_is_free(browser: Browser, tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        async with run_movable(tmp_path) as running, owner_of(running) as owner:
            config = {**await stored(owner, "streamerbot/config"), "http_bind": f"127.0.0.1:{port}"}
            await owner.set_json("streamerbot/config", config)
        async with App(Settings(data=tmp_path)).run() as running, opened(browser, running) as place:
            page = place.page
            door = card(page, "Streamer.bot HTTP")
            await expect(door).to_contain_text(f"(process {os.getpid()}) listens there already")
            await expect(page.get_by_role("region", name="What stagedoor warns of")).to_contain_text(str(port))
            await door.get_by_role("button", name="Open…").click()
            dialog = page.get_by_role("dialog", name="Open Streamer.bot HTTP")
            await expect(dialog.get_by_label("Port")).to_have_value(str(port))
            await dialog.get_by_role("button", name="Try and open").click()
            await expect(dialog.get_by_role("alert")).to_contain_text("It could not be opened:")
            holder.close()
            await dialog.get_by_role("button", name="Try and open").click()
            await expect(door).to_contain_text(f"http://127.0.0.1:{port}/")
            await expect(page.get_by_role("region", name="What stagedoor warns of")).to_have_count(0)


# --- files ---

HOSTILE = "<img src=x onerror=alert(1)> \u202e%2F & 'quote' " + "x" * 120


async def test_a_folder_is_picked_by_keyboard_and_its_files_are_served(browser: Browser, tmp_path: Path) -> None:
    # strimertül's defect 33: its window never switched the files on.
    inner = tmp_path / "files" / HOSTILE
    await asyncio.to_thread(inner.mkdir, parents=True)
    await asyncio.to_thread((inner / "page.html").write_text, "here it is")
    async with placed(browser, tmp_path / "private" / "data", width=360) as place:
        page = place.page
        page.on("dialog", lambda dialog: place.window.faults.append(dialog.message))
        section = page.get_by_role("region", name="Overlay folder")
        await page.locator("main").focus()
        await press_until_focused(page, section.get_by_role("button", name="Choose a folder…"))
        await page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Choose the overlay folder")
        path = dialog.get_by_label("Folder", exact=True)
        use = dialog.get_by_role("button", name="Use this folder")
        await expect(path).not_to_have_value("")
        await path.focus()
        await page.keyboard.press("Control+A")
        await page.keyboard.type(str(tmp_path / "private"))
        await page.keyboard.press("Enter")
        await expect(dialog).to_contain_text("This folder may not be shown:")
        await expect(use).to_be_disabled()
        await check_accessibility(page)
        await expect(dialog.get_by_role("button", name="data")).to_be_focused()
        await page.keyboard.press("Backspace")
        await expect(path).to_have_value(str(tmp_path))
        await expect(dialog.get_by_role("button", name="files")).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowUp")
        await page.keyboard.press("Enter")
        await expect(path).to_have_value(str(tmp_path / "files"))
        hostile = dialog.get_by_role("list", name="Folders").get_by_role("button")
        await expect(hostile).to_have_text(HOSTILE)
        await expect(hostile).to_be_focused()
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        assert await dialog.locator(".body").evaluate("body => body.scrollWidth <= body.clientWidth")
        await page.keyboard.press("Enter")
        await expect(path).to_have_value(str(inner))
        await press_until_focused(page, use)
        await page.keyboard.press("Enter")
        await expect(dialog).to_have_count(0)
        await expect(section).to_contain_text(HOSTILE)
        assert await section.locator("img").count() == 0
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        await check_accessibility(page)
        shown = (await section.locator("code").inner_text()).strip()
        assert await get(f"{shown}page.html") == (200, "here it is")
        await section.get_by_role("button", name="Switch off").click()
        await expect(section).to_contain_text("No folder is shown.")
        assert (await get(f"{shown}page.html"))[0] == 404
        await page.get_by_role("button", name="Undo").click()
        await expect(section).to_contain_text(HOSTILE)
        assert await get(f"{shown}page.html") == (200, "here it is")


async def test_a_mapping_is_added_and_removed(place: Place, tmp_path: Path) -> None:
    page = place.page
    folder = tmp_path / "wheel"
    await asyncio.to_thread(folder.mkdir)
    await asyncio.to_thread((folder / "page.html").write_text, "it turns")
    await card(page, "Streamer.bot HTTP").get_by_role("button", name="Open…").click()
    dialog = page.get_by_role("dialog", name="Open Streamer.bot HTTP")
    await dialog.get_by_label("Port").fill(str(free_port()))
    await dialog.get_by_role("button", name="Try and open").click()
    await expect(dialog).to_have_count(0)
    section = page.get_by_role("region", name="Streamer.bot\u2019s file mappings")
    await section.get_by_role("button", name="Add a folder…").click()
    dialog = page.get_by_role("dialog", name="Add a folder")
    name = dialog.get_by_label("Name in the address")
    path = dialog.get_by_label("Folder", exact=True)
    await expect(path).not_to_have_value("")
    await path.fill(str(tmp_path))
    await dialog.get_by_role("button", name="Go").click()
    await dialog.get_by_role("button", name="wheel", exact=True).click()
    await expect(path).to_have_value(str(folder))
    use = dialog.get_by_role("button", name="Use this folder")
    await name.fill("API")
    await expect(dialog).to_contain_text("A name has no slash")
    await expect(use).to_be_disabled()
    await name.fill("my <b>wheel")
    await use.click()
    await expect(dialog).to_have_count(0)
    await expect(section.get_by_role("listitem")).to_contain_text("my <b>wheel")
    shown = (await section.locator("code").inner_text()).strip()
    assert shown.endswith(f"/{quote('my <b>wheel')}/")
    assert await get(f"{shown}page.html") == (200, "it turns")
    await check_accessibility(page)
    await section.get_by_role("button", name="Remove my <b>wheel").click()
    await expect(section).to_contain_text("No folder is mapped yet.")
    assert (await get(f"{shown}page.html"))[0] == 404
    await page.get_by_role("button", name="Undo").click()
    await expect(section.get_by_role("listitem")).to_contain_text("my <b>wheel")
    assert (await place.streamerbot())["files"] == [{"path": "my <b>wheel", "folder": str(folder)}]


# --- what cannot be changed ---


async def test_what_was_chosen_for_this_run_is_told_and_cannot_be_changed(browser: Browser, server: Server) -> None:
    async with watched(browser, width=360) as window:
        page = window.page
        await sign_in(page, server, "server")
        for name, variable in (
            ("Kilovolt", "STAGEDOOR_KILOVOLT"),
            ("Streamer.bot", "STAGEDOOR_STREAMERBOT"),
            ("Streamer.bot HTTP", "STAGEDOOR_STREAMERBOT_HTTP"),
            ("Console", "STAGEDOOR_CONSOLE"),
        ):
            await expect(card(page, name)).to_contain_text(f"or {variable}. What is chosen for one run")
            await expect(card(page, name).get_by_role("button", name="Change…")).to_have_count(0)
        passwords = page.get_by_role("region", name="Passwords")
        await expect(passwords).to_contain_text("STAGEDOOR_KILOVOLT_PASSWORD")
        await expect(passwords).to_contain_text("STAGEDOOR_STREAMERBOT_PASSWORD")
        await expect(passwords.get_by_role("button", name="Reveal")).to_have_count(0)
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        await check_accessibility(page)
