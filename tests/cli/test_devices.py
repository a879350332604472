"""``devices``: browsers that are signed in to the console are shown and signed out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.cli.harness import Cli
from tests.conftest import Server


@pytest.fixture
async def with_console(tmp_path: Path) -> AsyncIterator[Server]:
    """A server with its console."""
    running = Server(tmp_path / "data", console=True)
    await running.start()
    yield running
    await running.stop()


async def test_a_browser_is_shown_and_signed_out(cli: Cli, with_console: Server) -> None:
    assert (await cli("devices")).err == "no browser is signed in to the console\n"
    link = (await cli.ok("console", "--print")).strip()
    async with ClientSession() as browser:
        headers = {"Origin": with_console.console_url, "User-Agent": "Firefox on a phone"}
        code = {"code": link.partition("#code=")[2]}
        async with browser.post(f"{with_console.console_url}/pass", json=code, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
    row = (await cli.ok("devices")).rstrip("\n").split("\t")
    assert row[2] in ("127.0.0.1", "::1")
    assert await cli.ok("devices", "list", "--json") == await cli.ok("devices", "--json")
    assert await cli.ok("devices", "forget", row[0]) == ""
    assert (await cli("devices", "--json")).json == []
    assert "there is no device" in await cli.fails("devices", "forget", row[0])


@pytest.mark.parametrize("arguments", [("devices",), ("devices", "list"), ("devices", "forget", "1")])
async def test_without_a_server_it_says_so(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert "no stagedoor is running" in await cli.fails(*arguments)
