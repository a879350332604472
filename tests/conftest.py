"""Fixtures for all tests: above all a real server, in a process and a data folder of its own."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import HealthCheck, settings

from stagedoor.cli.serve import new_loop
from stagedoor.control import Control

# How long an example takes says more about the machine than about the code: a limit would fail when others use it, too.
settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

PASSWORD = "a password for the tests"
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every test on the loop that the server runs on."""
    return {"loop": new_loop}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were skipped where none may be, as :func:`pytest_sessionfinish` judges it."""
    for report in _forbidden_skips(terminalreporter):
        terminalreporter.write_line(f"SKIPPED BUT MUST RUN {report.nodeid}: {report.longrepr}", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail where everything must run when something did not, but for what cannot exist on that machine."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == pytest.ExitCode.OK and reporter is not None and _forbidden_skips(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _forbidden_skips(reporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    if not os.environ.get("CI"):
        return []
    return [report for report in reporter.stats.get("skipped", []) if "cannot exist here" not in str(report.longrepr)]


class Server:
    """A stagedoor in a process of its own, on ports of its own.

    Only the Kilovolt door is open, unless ``streamerbot`` or ``console`` says so. ``errors`` is a file for standard
    error; ``variables`` go into the environment.
    """

    def __init__(
        self,
        data: Path,
        *arguments: str,
        password: str | None = PASSWORD,
        streamerbot: bool = False,
        console: bool = False,
        errors: Path | None = None,
        **variables: str,
    ) -> None:
        self.data = data
        self.password = password or ""
        self.port = 0
        self.streamerbot_port = 0
        self.http_port = 0
        self.console_port = 0
        self._opens_streamerbot = streamerbot
        self._opens_console = console
        self.output: list[str] = []
        self._arguments = arguments
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("STAGEDOOR_")}
        if password is not None:
            self._environment["STAGEDOOR_KILOVOLT_PASSWORD"] = password
            self._environment["STAGEDOOR_STREAMERBOT_PASSWORD"] = password
        self._environment.update(variables)
        self._errors = errors
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Address of the Kilovolt door."""
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def page(self) -> str:
        """Address of the same door over HTTP, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def streamerbot_url(self) -> str:
        """Address of the Streamer.bot door."""
        return f"ws://127.0.0.1:{self.streamerbot_port}/"

    @property
    def http_url(self) -> str:
        """Address of Streamer.bot's HTTP server, without a slash at its end."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def console_url(self) -> str:
        """Address of the console, without a slash at its end."""
        return f"http://localhost:{self.console_port}"

    @property
    def pid(self) -> int:
        """The running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def control_token(self) -> str:
        """The credential of the owner's commands."""
        return msgspec.json.decode((self.data / "control.json").read_bytes(), type=Control).token

    async def start(self) -> None:
        """Start and wait until it is ready; a restart takes the same port."""
        command = [sys.executable, "-m", "stagedoor", "serve", "--data", str(self.data)]
        command += ["--kilovolt", f"localhost:{self.port}"]
        if self._opens_streamerbot:
            command += ["--streamerbot", f"127.0.0.1:{self.streamerbot_port}"]
            command += ["--streamerbot-http", f"127.0.0.1:{self.http_port}"]
        else:
            command += ["--streamerbot", "off", "--streamerbot-http", "off"]
        command += ["--console", f"localhost:{self.console_port}" if self._opens_console else "off"]
        command += self._arguments
        with contextlib.ExitStack() as stack:
            errors = None if self._errors is None else stack.enter_context(self._errors.open("ab"))
            self._process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, stderr=errors, env=self._environment
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_TIMEOUT_S):
            while True:
                line = (await self._process.stdout.readline()).decode()
                assert line, f"stagedoor ended before it was ready: {self.output}"
                self.output.append(line.rstrip())
                door, _, address = line.partition(" ")
                if door in ("kilovolt", "streamerbot", "streamerbot-http", "console") and "://" in address:
                    self._note_port(door, urlsplit(address.split()[0]).port or 0)
                if line.strip() == "ready":
                    return

    def _note_port(self, door: str, port: int) -> None:
        if door == "kilovolt":
            self.port = port
        elif door == "streamerbot":
            self.streamerbot_port = port
        elif door == "console":
            self.console_port = port
        else:
            self.http_port = port

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it with a signal; returns its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()
            raise
        assert process.returncode is not None
        return process.returncode

    async def kill(self) -> None:
        """End it without a chance to tidy up."""
        await self.stop(signal.SIGKILL)

    async def restart(self) -> None:
        """Stop it properly and start it again, on the same port and data."""
        await self.stop()
        await self.start()


@pytest.fixture
async def both_doors(tmp_path: Path) -> AsyncIterator[Server]:
    """A running server with a password, whose Streamer.bot doors are open, too."""
    running = Server(tmp_path / "data", streamerbot=True)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A running server with a password."""
    running = Server(tmp_path / "data")
    await running.start()
    yield running
    await running.stop()
