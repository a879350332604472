"""Make the pictures in ``docs/images``: ``make screenshots``, or ``python -m tools.screenshots``.

Everything in them is real: a server on a data folder of its own, Chromium in front of its page, its commands in a
terminal. It needs a free port 4337, so that the pictures show the usual address, and a POSIX system.
"""

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
from typing import Final

from playwright.sync_api import sync_playwright
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from stagedoor.kilovolt import AskMetadata, SyncClient
from tools.find_chromium import find_chromium

IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
STAGEDOOR: Final = Path(sys.executable).with_name("stagedoor")
PAGE: Final = "http://localhost:4337/"
SERVER: Final = "ws://localhost:4337/ws"

CHROMIUM_FLAGS: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

VIEWPORTS: Final = {"wide": (1280, 800), "phone": (390, 844)}
MAX_PICTURE_BYTES: Final = 150_000

COLUMNS: Final = 84

TIMEOUT_S: Final = 20.0

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

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shown = ""

    @contextlib.contextmanager
    def running(self, *command: str) -> Iterator["Run"]:
        """Run one command while the block lasts; Ctrl-C ends what is still running then."""
        self._shown += f"\x1b[2m$\x1b[0m \x1b[1m{' '.join(command)}\x1b[0m\n"
        ours, its = pty.openpty()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("STAGEDOOR_")}
        environment |= {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": "30", "STAGEDOOR_DATA": "show"}
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
        shown = self._shown + (unfinished.shown if unfinished else "")
        with open(os.devnull, "w") as nowhere:
            console = Console(record=True, width=COLUMNS, file=nowhere)
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


def draw_page() -> None:
    """Make the pictures of the page, light and dark, wide and narrow."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        for size, (width, height) in VIEWPORTS.items():
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if scheme == "dark" else "light",
                )
                page.goto(PAGE)
                path = IMAGES / f"page-{size}-{scheme}.png"
                page.screenshot(path=path, full_page=size == "phone")
                page.close()
                assert path.stat().st_size < MAX_PICTURE_BYTES, f"{path} is too large"
        browser.close()


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
    (folder / "overlays" / "deaths.html").write_text("<!doctype html>")
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
        draw_page()


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
