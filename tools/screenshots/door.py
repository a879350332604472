"""The pictures of the doors: the server's page, its commands in a terminal, the chat overlay of the documentation."""

import base64
import contextlib
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser

from stagedoor.kilovolt import AskMetadata, SyncClient
from tools.screenshots.browser import open_page, save
from tools.screenshots.pictures import IMAGES, SCHEMES, VIEWPORTS, Scheme, Size
from tools.screenshots.terminal import TIMEOUT_S, Terminal, output_of

ROOT: Final = Path(__file__).parents[2]
OVERLAY: Final = ROOT / "docs" / "howto" / "chat-overlay.md"
OVERLAY_CLIENT: Final = ROOT / "tests" / "clients" / "node_modules" / "@streamerbot"
PAGE: Final = "http://localhost:4337/"
SERVER: Final = "ws://localhost:4337/ws"
CHAT: Final = "http://localhost:4337/static/chat.html"

OVERLAY_SIZE: Final[dict[Size, tuple[int, int]]] = {"wide": (520, 340), "phone": (390, 380)}
CHAT_COLUMNS: Final = 62

GROUNDS: Final = {"light": "#dcd6e6", "dark": "#08070b"}
DEMO: Final = """<!doctype html>
<style>
  body {{ margin: 0; height: 100vh; display: flex; align-items: center; gap: 24px; padding: 0 24px;
         box-sizing: border-box; background: {ground} }}
  svg {{ flex: 1; min-width: 0 }}
  img {{ flex: none; width: 460px; border-radius: 12px }}
</style>
{terminal}
<img src="data:image/png;base64,{overlay}" alt="">"""


def draw_page(browser: Browser) -> None:
    """Make the pictures of the page, light and dark, wide and narrow."""
    for size, extent in VIEWPORTS.items():
        for scheme in SCHEMES:
            page = open_page(browser, scheme, extent)
            page.goto(PAGE)
            save(page, f"page-{size}-{scheme}", full_page=size == "phone")
            page.close()


def draw_chat(browser: Browser, folder: Path) -> None:
    """Make the pictures of the chat: the room in a terminal, the overlay, and both side by side."""
    terminal = Terminal(folder, CHAT_COLUMNS)
    overlays = {}
    for size, extent in OVERLAY_SIZE.items():
        for scheme in SCHEMES:
            page = overlays[size, scheme] = open_page(browser, scheme, extent)
            with page.expect_websocket() as opened:
                page.goto(CHAT)
            opened.value.wait_for_event("framesent", lambda frame: '"Subscribe"' in str(frame))
    with terminal.running("stagedoor", "chat", "--as", "Ada", "--broadcaster", "Robin") as room:
        room.read_until("what to type")
        for typed, answer in [
            ("Hello! Is this thing on?", "Ada: Hello"),
            ("/as TeaTimeTom", ""),
            ("Loud and clear, greetings from Bristol", "TeaTimeTom: Loud"),
            ("/as Robin", ""),
            ("Welcome in, everybody", "Robin: Welcome"),
        ]:
            room.type(f"{typed}\n")
            room.read_until(answer or typed)
        output_of(folder, "emit", "Twitch", "Follow", '{"user": "PixelHarbor"}')
        room.read_until("PixelHarbor follows")
        output_of(folder, "emit", "Twitch", "Raid", '{"user": "MossyLantern", "viewers": 42}')
        room.read_until("raids with 42 viewers")
        picture = terminal.picture("stagedoor chat", room)
    (IMAGES / "chat.svg").write_text(picture)
    for (size, scheme), page in overlays.items():
        page.get_by_text("raids with 42").wait_for()
        page.evaluate("Promise.all(document.getAnimations().map((animation) => animation.finished))")
        if size == "phone":
            save(page, f"chat-phone-{scheme}")
        else:
            draw_demo(browser, scheme, picture, page.screenshot())
        page.close()


def draw_demo(browser: Browser, scheme: Scheme, terminal: str, overlay: bytes) -> None:
    """Make the picture of the terminal with the overlay beside it."""
    page = open_page(browser, scheme, (1280, 350))
    shown = base64.b64encode(overlay).decode()
    page.set_content(DEMO.format(terminal=terminal, overlay=shown, ground=GROUNDS[scheme]))
    save(page, f"demo-{scheme}")
    page.close()


def ask_to_come_in() -> None:
    """Be an overlay that asks, and come in."""
    ask = AskMetadata(
        name="Chat overlay", author="Robin", url="https://overlays.example/chat", verification_code="4117"
    )
    with SyncClient(SERVER, ask=ask) as overlay:
        overlay.set("overlay/chat", "on air")


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[None]:
    """Run a server with the chat overlay in a terminal while the block lasts, and make that picture."""
    (folder / "overlays").mkdir()
    shutil.copytree(OVERLAY_CLIENT, folder / "overlays" / "node_modules" / "@streamerbot")
    (overlay,) = re.findall("^```html\n(.*?)^```$", OVERLAY.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (folder / "overlays" / "chat.html").write_text(overlay, "utf-8")
    terminal = Terminal(folder)
    with terminal.running("stagedoor", "serve", "--static", "overlays") as server:
        server.read_until("ready\n")
        (IMAGES / "serve.svg").write_text(terminal.picture("stagedoor serve", server))
        yield


def draw_status(folder: Path) -> None:
    """Make the picture of what runs, with a connection."""
    terminal = Terminal(folder)
    with SyncClient(SERVER, password=output_of(folder, "password", "show")) as overlay:
        overlay.set_many({"counter/deaths": "3", "goals/sub": "17", "overlay/chat": "off"})
        terminal.run("stagedoor", "status")
    (IMAGES / "status.svg").write_text(terminal.picture("stagedoor status"))


def draw_asks(folder: Path) -> None:
    """Make the picture of a question in the terminal, and of its answer."""
    terminal = Terminal(folder)
    overlay = threading.Thread(target=ask_to_come_in)
    overlay.start()
    while "process" not in output_of(folder, "asks", "list"):
        pass  # until the question is there, and the program behind it has been found
    with terminal.running("stagedoor", "asks", "--once") as answering:
        answering.read_until("[s]kip: ")
        answering.type("y\n")
        answering.read_to_end()
    overlay.join(TIMEOUT_S)
    (IMAGES / "asks.svg").write_text(terminal.picture("stagedoor asks"))
