"""Make the pictures in ``docs/images``: ``make screenshots``, or ``python -m tools.screenshots``.

Everything in them is real: a server on a data folder of its own, Chromium in front of its page, its commands in a
terminal, the chat overlay of the documentation. It needs the free ports 4337, 8080 and 7474, so that the pictures show
the usual addresses, the JavaScript clients of the tests, and a POSIX system.
"""

import base64
import contextlib
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from stagedoor.kilovolt import AskMetadata, SyncClient
from tools.find_chromium import find_chromium

ROOT: Final = Path(__file__).parents[1]
IMAGES: Final = ROOT / "docs" / "images"
OVERLAY: Final = ROOT / "docs" / "howto" / "chat-overlay.md"
OVERLAY_CLIENT: Final = ROOT / "tests" / "clients" / "node_modules" / "@streamerbot"
STAGEDOOR: Final = Path(sys.executable).with_name("stagedoor")
PAGE: Final = "http://localhost:4337/"
SERVER: Final = "ws://localhost:4337/ws"
CHAT: Final = "http://localhost:4337/static/chat.html"

CHROMIUM_FLAGS: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

VIEWPORTS: Final = {"wide": (1280, 800), "phone": (390, 844)}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
OVERLAY_SIZE: Final = {"wide": (520, 340), "phone": (390, 380)}
MAX_PICTURE_BYTES: Final = 150_000

COLUMNS: Final = 84
CHAT_COLUMNS: Final = 62

TIMEOUT_S: Final = 20.0

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

# Without rich's own web fonts: a picture must not fetch anything.
SVG_FORMAT: Final = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace"
)

NIGHT: Final = TerminalTheme(
    (28, 25, 36),
    (239, 236, 245),
    [(28, 25, 36), (255, 120, 110), (150, 210, 140), (255, 180, 84), (130, 170, 255), (200, 160, 255),
     (120, 210, 220), (239, 236, 245)],
)  # fmt: skip


class Terminal:
    """A terminal in which commands run; what it showed becomes a picture."""

    def __init__(self, folder: Path, columns: int = COLUMNS) -> None:
        self._folder = folder
        self._columns = columns
        self._shown = ""

    @contextlib.contextmanager
    def running(self, *command: str) -> Iterator["Run"]:
        """Run one command while the block lasts; Ctrl-C ends what is still running then."""
        self._shown += f"\x1b[2m$\x1b[0m \x1b[1m{' '.join(command)}\x1b[0m\n"
        ours, its = pty.openpty()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("STAGEDOOR_")}
        environment |= {
            "TERM": "xterm-256color",
            "COLUMNS": str(self._columns),
            "LINES": "30",
            "STAGEDOOR_DATA": "show",
        }
        process = subprocess.Popen(
            [STAGEDOOR, *command[1:]], cwd=self._folder, stdin=its, stdout=its, stderr=its, env=environment
        )
        os.close(its)
        run = Run(ours, process)
        try:
            yield run
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(TIMEOUT_S)
            os.close(ours)
            self._shown += run.shown

    def run(self, *command: str) -> None:
        """Run one command to its end."""
        with self.running(*command) as run:
            run.read_to_end()

    def picture(self, title: str, unfinished: "Run | None" = None) -> str:
        """Draw what was shown, as SVG; ``unfinished`` is a command that is still running."""
        shown = _erase(self._shown + (unfinished.shown if unfinished else ""))
        with open(os.devnull, "w") as nowhere:
            console = Console(record=True, width=self._columns, file=nowhere)
            console.print(Text.from_ansi(shown.rstrip()), soft_wrap=True)
            svg = console.export_svg(title=title, theme=NIGHT, code_format=SVG_FORMAT, unique_id="terminal")
        return "\n".join(line.rstrip() for line in svg.splitlines()).strip() + "\n"


class Run:
    """One command in a terminal."""

    def __init__(self, terminal: int, process: "subprocess.Popen[bytes]") -> None:
        self._terminal = terminal
        self._process = process
        self.shown = ""

    def read_until(self, text: str) -> None:
        """Wait until ``text`` has been shown."""
        while text not in self.shown:
            assert self._read(), f"{text!r} never came: {self.shown}"

    def read_to_end(self) -> None:
        """Wait until the command has ended."""
        while self._read():
            pass

    def type(self, text: str) -> None:
        """Type, as a person would."""
        os.write(self._terminal, text.encode())

    def _read(self) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], TIMEOUT_S)
        assert ready, f"nothing more came: {self.shown}"
        try:
            data = os.read(self._terminal, 4096)
        except OSError:  # how Linux says that the other end has been closed
            return False
        self.shown += data.decode().replace("\r\n", "\n")
        return bool(data)


def _erase(shown: str) -> str:
    """Do what a terminal does when a command erases the line above: the room prints what was typed with its speaker."""
    lines: list[str] = []
    for line in shown.split("\n"):
        while (erased := line.partition("\x1b[1A\x1b[2K\r"))[1]:
            del lines[-1:]
            line = erased[2]
        lines.append(line)
    return "\n".join(lines)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Open a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def open_page(browser: Browser, scheme: Literal["light", "dark"], size: tuple[int, int], scale: float = 1.0) -> Page:
    """Open an empty page."""
    width, height = size
    viewport: ViewportSize = {"width": width, "height": height}
    return browser.new_page(viewport=viewport, color_scheme=scheme, device_scale_factor=scale)


def save(page: Page, name: str, *, full_page: bool = False) -> None:
    """Take the picture of a page, and close it."""
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path, full_page=full_page)
    page.close()
    assert path.stat().st_size < MAX_PICTURE_BYTES, f"{path} is too large"


def draw_page(browser: Browser) -> None:
    """Make the pictures of the page, light and dark, wide and narrow."""
    for size, viewport in VIEWPORTS.items():
        for scheme in SCHEMES:
            page = open_page(browser, scheme, viewport)
            page.goto(PAGE)
            save(page, f"page-{size}-{scheme}", full_page=size == "phone")


def draw_chat(browser: Browser, folder: Path) -> None:
    """Make the pictures of the chat: the room in a terminal, the overlay, and both side by side."""
    terminal = Terminal(folder, CHAT_COLUMNS)
    overlays = {}
    for size, viewport in OVERLAY_SIZE.items():
        for scheme in SCHEMES:
            page = overlays[size, scheme] = open_page(browser, scheme, viewport)
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
        _output_of(folder, "emit", "Twitch", "Follow", '{"user": "PixelHarbor"}')
        room.read_until("PixelHarbor follows")
        _output_of(folder, "emit", "Twitch", "Raid", '{"user": "MossyLantern", "viewers": 42}')
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


def draw_demo(browser: Browser, scheme: Literal["light", "dark"], terminal: str, overlay: bytes) -> None:
    """Make the picture of the terminal with the overlay beside it."""
    page = open_page(browser, scheme, (1280, 350))
    shown = base64.b64encode(overlay).decode()
    page.set_content(DEMO.format(terminal=terminal, overlay=shown, ground=GROUNDS[scheme]))
    save(page, f"demo-{scheme}")


def ask_to_come_in() -> None:
    """Be an overlay that asks, and come in."""
    ask = AskMetadata(
        name="Chat overlay", author="Robin", url="https://overlays.example/chat", verification_code="4117"
    )
    with SyncClient(SERVER, ask=ask) as overlay:
        overlay.set("overlay/chat", "on air")


def draw_terminals(folder: Path) -> None:
    """Make the pictures of the terminal, and of the page while the server runs."""
    (folder / "overlays").mkdir()
    shutil.copytree(OVERLAY_CLIENT, folder / "overlays" / "node_modules" / "@streamerbot")
    (overlay,) = re.findall("^```html\n(.*?)^```$", OVERLAY.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (folder / "overlays" / "chat.html").write_text(overlay, "utf-8")
    server, status, asks = Terminal(folder), Terminal(folder), Terminal(folder)
    with server.running("stagedoor", "serve", "--static", "overlays") as serving:
        serving.read_until("ready\n")
        (IMAGES / "serve.svg").write_text(server.picture("stagedoor serve", serving))
        with SyncClient(SERVER, password=_output_of(folder, "password", "show")) as overlay:
            overlay.set_many({"counter/deaths": "3", "goals/sub": "17", "overlay/chat": "off"})
            status.run("stagedoor", "status")
        (IMAGES / "status.svg").write_text(status.picture("stagedoor status"))
        overlay_thread = threading.Thread(target=ask_to_come_in)
        overlay_thread.start()
        while "process" not in _output_of(folder, "asks", "list"):
            pass  # until the question is there, and the program behind it has been found
        with asks.running("stagedoor", "asks", "--once") as answering:
            answering.read_until("[s]kip: ")
            answering.type("y\n")
            answering.read_to_end()
        overlay_thread.join(TIMEOUT_S)
        (IMAGES / "asks.svg").write_text(asks.picture("stagedoor asks"))
        with chromium() as browser:
            draw_page(browser)
            draw_chat(browser, folder)


def _output_of(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "STAGEDOOR_DATA": "show"}
    command = [str(STAGEDOOR), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def main() -> None:
    """Make all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="stagedoor-pictures-"))
    try:
        draw_terminals(folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
