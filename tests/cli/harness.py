"""Runs the command line as people and scripts do: in a process, with pipes or on a terminal."""

import asyncio
import contextlib
import os
import pty
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

TIMEOUT_S = 30.0
STAGEDOOR = (sys.executable, "-m", "stagedoor")

_LIMIT_FILES = """
import os, resource, sys
size = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Makes the disk seem full after so many bytes of one file."""

_TAKE_OVER_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes standard input the terminal whose Ctrl-C goes to the command. Python's way to do that between fork and exec
may hang where threads run."""

_DECORATION = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without stagedoor's own variables, and with others."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STAGEDOOR_")}
    return {**clean, **variables}


def mode(path: Path) -> int:
    """A file's permissions."""
    return path.stat().st_mode & 0o777


def names(folder: Path) -> set[str]:
    """What a folder holds."""
    return {path.name for path in folder.iterdir()}


class Result(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        """What it printed, decoded."""
        return msgspec.json.decode(self.out)


class Cli:
    """The commands for one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data

    async def __call__(
        self,
        *arguments: str,
        stdin: str | bytes = b"",
        env: dict[str, str] | None = None,
        max_file_bytes: int | None = None,
    ) -> Result:
        """Run a command to its end."""
        limited = () if max_file_bytes is None else (sys.executable, "-c", _LIMIT_FILES, str(max_file_bytes))
        process = await asyncio.create_subprocess_exec(
            *limited,
            *STAGEDOOR,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(STAGEDOOR_DATA=str(self.data), **(env or {})),
        )
        async with asyncio.timeout(TIMEOUT_S):
            out, err = await process.communicate(stdin.encode() if isinstance(stdin, str) else stdin)
        assert process.returncode is not None
        return Result(process.returncode, out.decode(), err.decode())

    async def ok(self, *arguments: str, stdin: str | bytes = b"") -> str:
        """Run a command that must succeed; returns what it printed."""
        result = await self(*arguments, stdin=stdin)
        assert result.code == 0, result.err
        return result.out

    async def fails(self, *arguments: str, stdin: str | bytes = b"", max_file_bytes: int | None = None) -> str:
        """Run a command that must fail as every failure should; returns the one line that says why."""
        result = await self(*arguments, stdin=stdin, max_file_bytes=max_file_bytes)
        assert result.code == 1, result
        assert result.err.startswith("Error: "), result.err
        assert result.err.count("\n") == 1, result.err
        return result.err.removeprefix("Error: ").strip()

    @contextlib.asynccontextmanager
    async def running(self, *arguments: str) -> AsyncIterator["Running"]:
        """Start a command that goes on until it is told to stop."""
        process = await asyncio.create_subprocess_exec(
            *STAGEDOOR,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(STAGEDOOR_DATA=str(self.data)),
        )
        try:
            yield Running(process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    @contextlib.asynccontextmanager
    async def on_terminal(self, *arguments: str) -> AsyncIterator["Terminal"]:
        """Start a command on a terminal of its own."""
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _TAKE_OVER_TERMINAL),
            *STAGEDOOR,
            *arguments,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment(STAGEDOOR_DATA=str(self.data), TERM="xterm-256color", COLUMNS="120"),
            start_new_session=True,
        )
        os.close(theirs)
        terminal = Terminal(process, ours)
        try:
            yield terminal
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            terminal.close()


class Running:
    """A command with pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        """The next line of its output."""
        return await self._line(self._process.stdout)

    async def complaint(self) -> str:
        """The next line of its standard error."""
        return await self._line(self._process.stderr)

    async def until(self, words: str) -> str:
        """Read lines of output up to one with these words."""
        while words not in (line := await self.line()):
            pass
        return line

    @staticmethod
    async def _line(stream: asyncio.StreamReader | None) -> str:
        assert stream is not None
        async with asyncio.timeout(TIMEOUT_S):
            line = await stream.readline()
        assert line, "there is no further line"
        return line.decode().rstrip("\n")

    async def end(self) -> Result:
        """Wait for its end; the rest of what it printed."""
        async with asyncio.timeout(TIMEOUT_S):
            out, err = await self._process.communicate()
        assert self._process.returncode is not None
        return Result(self._process.returncode, out.decode(), err.decode())

    async def interrupt(self) -> Result:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        return await self.end()


class Terminal:
    """A command on a terminal, seen from the keyboard."""

    def __init__(self, process: asyncio.subprocess.Process, descriptor: int) -> None:
        self._process = process
        self._descriptor = descriptor
        self._news = asyncio.Event()
        self._is_ended = False
        self.raw = ""
        """Everything that it has printed."""
        self._seen = 0
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    def _read(self) -> None:
        try:
            chunk = os.read(self._descriptor, 65536)
        except OSError:
            chunk = b""
        if not chunk:
            self._is_ended = True
            asyncio.get_running_loop().remove_reader(self._descriptor)
        self.raw += chunk.decode(errors="replace")
        self._news.set()

    @property
    def text(self) -> str:
        """Everything that it has printed, without colours and the like."""
        return _DECORATION.sub("", self.raw)

    async def until(self, words: str) -> str:
        """Wait for words that have not been waited for; returns what came before them."""

        def find() -> int:
            return self.text.find(words, self._seen)

        await self._wait(lambda: find() >= 0)
        position = find()
        assert position >= 0, f"{words!r} is not in {self.text[self._seen :]!r}"
        before = self.text[self._seen : position]
        self._seen = position + len(words)
        return before

    async def _wait(self, is_there: Callable[[], bool]) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while not (is_there() or self._is_ended):
                self._news.clear()
                await self._news.wait()

    def type(self, text: str) -> None:
        """Type on the keyboard."""
        os.write(self._descriptor, text.encode())

    async def end(self) -> int:
        """Wait for its end; returns the exit code."""
        async with asyncio.timeout(TIMEOUT_S):
            code = await self._process.wait()
            await self._wait(lambda: False)
        return code

    def close(self) -> None:
        """Take the terminal away."""
        if not self._is_ended:
            asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
