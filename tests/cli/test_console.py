"""``console``, and what ``serve`` says of it."""

import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from stagedoor.cli.serve import _program
from stagedoor.kilovolt import Client
from tests.cli.harness import Cli
from tests.conftest import Server

LINK = re.compile(r"http://localhost:(\d+)/#code=([\w-]{32,})")


@pytest.fixture
async def with_console(cli: Cli) -> AsyncIterator[Server]:
    """A running server whose console is open."""
    server = Server(cli.data, console=True)
    await server.start()
    yield server
    await server.stop()


async def exchange(link: str) -> str:
    """Open a link as the console's page does; returns the pass."""
    address, _, code = link.strip().partition("#code=")
    async with aiohttp.ClientSession() as http, http.post(f"{address}pass", json={"code": code}) as answer:
        assert answer.status == 200, await answer.text()
        return str((await answer.json())["token"])


async def test_a_link_is_printed_and_lets_in_as_the_owner_even_after_a_restart(cli: Cli, with_console: Server) -> None:
    link = await cli.ok("console", "--print")
    assert LINK.fullmatch(link.strip())
    assert link.startswith(f"{with_console.console_url}/#code=")
    token = await exchange(link)
    url = f"ws://localhost:{with_console.console_port}/ws"
    await with_console.restart()
    async with Client(url, token=token, reconnect=False) as browser:
        assert await browser.get("stagedoor/console-passes") != ""
    with pytest.raises(AssertionError, match="403"):
        await exchange(link)


async def test_json_says_how_long_the_link_is_good(cli: Cli, with_console: Server) -> None:
    answer = (await cli("console", "--json")).json
    assert isinstance(answer, dict)
    assert answer.keys() == {"url", "expires_in_s"}
    assert answer["expires_in_s"] == 120
    assert LINK.fullmatch(answer["url"])


async def test_the_browser_opens_and_the_link_is_not_shown(cli: Cli, with_console: Server, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!{sys.executable}\nimport sys\nopen("{tmp_path}/opened", "w").write(sys.argv[1])\n')
    browser.chmod(0o700)
    result = await cli("console", env={"BROWSER": f"{browser} %s"})
    assert (result.code, result.out) == (0, "")
    assert result.err == "The console opens in your browser.\n"
    assert await exchange((tmp_path / "opened").read_text())


async def test_without_a_browser_the_link_is_printed(cli: Cli, with_console: Server) -> None:
    nowhere = {"PATH": "/nonexistent", "BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    result = await cli("console", env=nowhere)
    assert (result.code, result.err) == (0, "")
    assert LINK.fullmatch(result.out.strip())


async def test_the_console_needs_a_server(cli: Cli) -> None:
    assert "no stagedoor is running" in await cli.fails("console")


async def test_a_door_that_is_shut_opens_no_console(cli: Cli, server: Server) -> None:
    assert await cli.fails("console", "--print") == "the console's door is shut"
    assert "console          shut" in server.output


# --- what serve says ---

DOORS = ("--kilovolt", "localhost:0", "--streamerbot", "off", "--streamerbot-http", "off", "--console", "localhost:0")


async def test_a_log_gets_the_address_and_no_code(cli: Cli, with_console: Server) -> None:
    (line,) = (line for line in with_console.output if line.startswith("console"))
    assert line == f"console          {with_console.console_url}/  (stagedoor console --data {cli.data} opens it)"
    assert "#code" not in "\n".join(with_console.output)


async def test_a_terminal_gets_a_link_that_opens_it_at_once(cli: Cli) -> None:
    async with cli.on_terminal("serve", *DOORS) as terminal:
        shown = await terminal.until("ready")
        found = re.search(rf"^console {{10}}({LINK.pattern})\r?\n {{17}}\((.*)\)\r?$", shown, re.MULTILINE)
        assert found is not None, shown
        assert found[4] == f"good once, for 2 minutes; stagedoor console --data {cli.data} opens it again"
        assert await exchange(found[1])
        with pytest.raises(AssertionError, match="403"):
            await exchange(found[1])


async def test_one_that_keeps_nothing_names_no_command_that_could_not_find_it(cli: Cli) -> None:
    async with cli.on_terminal("serve", "--ephemeral", *DOORS) as terminal:
        shown = await terminal.until("ready")
        assert LINK.search(shown)
        assert "good once, for 60 minutes" in shown
        assert "stagedoor console" not in shown


async def test_the_page_of_the_kilovolt_door_leads_to_the_console(with_console: Server) -> None:
    link = f'<a href="{with_console.console_url}/">'
    async with aiohttp.ClientSession() as http, http.get(f"{with_console.page}/") as answer:
        assert link in await answer.text()


async def test_and_to_none_that_is_shut(server: Server) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{server.page}/") as answer:
        page = await answer.text()
    assert "<dt>Console</dt>" not in page


def test_a_shell_that_does_not_find_the_command_is_told_its_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", [".venv/bin/stagedoor"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _program() == ".venv/bin/stagedoor"
    (tmp_path / "stagedoor").touch(0o755)
    assert _program() == "stagedoor"
