"""The servers under test, each a process of its own: the whole one, the bare one, or somebody else's."""

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Final

import psutil

from benchmarks import ROOT
from benchmarks.errors import BenchmarkError

PASSWORD: Final = "correct horse battery staple"

_START_S: Final = 30.0
_STOP_S: Final = 15.0
_URL: Final = re.compile(r"(kilovolt|streamerbot)\s+(ws://\S+)")


@dataclass(frozen=True)
class Server:
    """A server that takes connections; ``pid`` and ``folder`` (of its store) are known if it was started here."""

    url: str
    """Of the Kilovolt door."""
    password: str | None = None
    """Of both doors."""
    pid: int | None = None
    folder: Path | None = None
    ready_s: float = 0.0
    streamerbot_url: str | None = None

    def at(self, path: str) -> str:
        """Name the address of a path of the bare server."""
        return self.url + path

    def measure_memory(self) -> int:
        """Tell the bytes of physical memory of the process and its children."""
        process = psutil.Process(self.pid)
        family = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in family)


@contextmanager
def stagedoor(folder: Path, *more: str, all_doors: bool = False, console: bool = False) -> Iterator[Server]:
    """Start the whole server on its default store in ``folder``; it counts as ready at the line ``ready``.

    The Kilovolt door is open, with ``all_doors`` those of Streamer.bot, too, and with ``console`` that of the console.
    ``more`` are further arguments.
    """
    command = [sys.executable, "-m", "stagedoor", "serve", "--data", str(folder), "--kilovolt", "127.0.0.1:0"]
    others = "127.0.0.1:0" if all_doors else "off"
    command += ["--streamerbot", others, "--streamerbot-http", others]
    command += ["--console", "localhost:0" if console else "off", *more]
    process = _Process(
        command,
        STAGEDOOR_KILOVOLT_PASSWORD=PASSWORD,
        STAGEDOOR_STREAMERBOT_PASSWORD=PASSWORD,
        STAGEDOOR_STREAMERBOT_AUTH="on",
    )
    try:
        lines, ready_s = process.read_until(lambda line: line == "ready")
        urls: dict[str, str] = {found[1]: found[2] for line in lines if (found := _URL.match(line))}
        if len(urls) != 1 + all_doors:
            raise BenchmarkError(f"the server is ready but did not say where: {lines}")
        yield Server(urls["kilovolt"], PASSWORD, process.pid, folder, ready_s, urls.get("streamerbot"))
    except BenchmarkError as error:
        error.add_note(process.read_log())
        raise
    finally:
        process.stop()


@contextmanager
def bare() -> Iterator[Server]:
    """Start the floor; its address wants a path (see :data:`benchmarks.bare.PATHS`)."""
    process = _Process([sys.executable, "-m", "benchmarks.bare"])
    try:
        lines, ready_s = process.read_until(str.isdigit)
        yield Server(f"ws://127.0.0.1:{lines[-1]}", pid=process.pid, ready_s=ready_s)
    except BenchmarkError as error:
        error.add_note(process.read_log())
        raise
    finally:
        process.stop()


class _Process:
    """A server's process and what it prints."""

    def __init__(self, command: list[str], **variables: str) -> None:
        self._command = command
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (stop closes it)
        self._start = time.perf_counter()
        environment = {**environ, **variables}
        # An installed program does not compile its modules at every start.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._log, text=True, cwd=ROOT, env=environment
        )
        self.pid = self._process.pid
        self._drain: threading.Thread | None = None
        """Reads on after the line that was waited for, as a full pipe would stop the server."""

    def read_until(self, is_last: Callable[[str], bool]) -> tuple[list[str], float]:
        """Wait for a line; returns all lines up to it and the seconds since the start.

        Raises:
            BenchmarkError: When the process ends, or prints no such line in time.
        """
        assert self._process.stdout is not None
        deadline = threading.Timer(_START_S, self._process.kill)
        deadline.start()
        lines: list[str] = []
        try:
            for line in self._process.stdout:
                lines.append(line.strip())
                if is_last(lines[-1]):
                    elapsed_s = time.perf_counter() - self._start
                    self._drain = threading.Thread(target=self._process.stdout.read, daemon=True)
                    self._drain.start()
                    return lines, elapsed_s
        finally:
            deadline.cancel()
        self._process.wait()
        raise BenchmarkError(f"{' '.join(self._command)} did not start")

    def read_log(self) -> str:
        """Return the end of what the process wrote to its standard error."""
        self._log.seek(0)
        return self._log.read()[-2000:]

    def stop(self) -> None:
        """End the process, by force if it takes its time."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._drain is not None:
            self._drain.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()
