"""Commands in a terminal, and pictures of what it showed."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

STAGEDOOR: Final = Path(sys.executable).with_name("stagedoor")
DATA: Final = "show"
"""The data folder, below the folder in which commands run."""

TIMEOUT_S: Final = 20.0
COLUMNS: Final = 84

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
            "STAGEDOOR_DATA": DATA,
            # So that what is shown calls the program by its name, wherever it is on this machine.
            "PATH": f"{STAGEDOOR.parent}{os.pathsep}{os.environ.get('PATH', '')}",
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


def output_of(folder: Path, *arguments: str) -> str:
    """Run one command to its end; gives what it answers."""
    environment = {**os.environ, "STAGEDOOR_DATA": DATA}
    command = [str(STAGEDOOR), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()
