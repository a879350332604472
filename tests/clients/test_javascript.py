"""npm's ``@strimertul/kilovolt-client`` 8.0.0 against a real server, in Node and in Chromium."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Page, async_playwright
from tools.find_chromium import find_chromium

from tests.clients.browser import FLAGS
from tests.clients.owner import answer_next_question
from tests.conftest import Server

HERE = Path(__file__).parent
PACKAGE = HERE / "node_modules" / "@strimertul" / "kilovolt-client" / "esm"

PAGE = """<!doctype html><meta charset="utf-8"><script type="module">
import { Kilovolt } from "./kilovolt/index.js";
import { everyCommand, throughARestart } from "./scenario.mjs";
window.everyCommand = (url, options) => everyCommand(Kilovolt, url, options);
window.throughARestart = (url, options) => throughARestart(Kilovolt, url, options, window.restartServer);
window.ready = true;
</script>"""

Steps = list[tuple[str, object, object]]


def check(steps: Steps) -> None:
    """Every step of the scenario came out as expected."""
    assert len(steps) > 20
    for name, expected, got in steps:
        assert got == expected, name


async def in_node(
    scenario: str, server: Server, options: dict[str, object], *, url: str | None = None, **environment: str
) -> bytes:
    """Run a scenario in Node; restarts the server when it asks for that."""
    node = shutil.which("node")
    assert node is not None, "the tests need Node 20 or newer"
    process = await asyncio.create_subprocess_exec(
        node,
        str(HERE / "run.mjs"),
        scenario,
        url or server.url,
        msgspec.json.encode(options).decode(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    assert process.stdin is not None
    last = b""
    while line := await process.stdout.readline():
        last = line
        if line.strip() == b"restart":
            await server.restart()
            process.stdin.write(b"done\n")
    await process.communicate()
    assert process.returncode == 0
    return last


@pytest.fixture
async def overlay_server(tmp_path: Path) -> AsyncIterator[Server]:
    """A server that serves the client and the scenario as an overlay's files."""
    static = tmp_path / "overlay"
    shutil.copytree(PACKAGE, static / "kilovolt")
    shutil.copy(HERE / "scenario.mjs", static)
    (static / "index.html").write_text(PAGE)
    running = Server(tmp_path / "data", "--static", str(static))
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def page(overlay_server: Server) -> AsyncIterator[Page]:
    """A page of the server's own, in Chromium."""
    chromium = find_chromium()
    assert chromium is not None, "the tests need a Chromium: python tools/find_chromium.py --install"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        opened = await browser.new_page()
        await opened.goto(f"{overlay_server.page}/static/index.html")
        await opened.wait_for_function("window.ready")
        yield opened
        await browser.close()


async def test_node_logs_in_by_challenge_and_uses_every_command(server: Server) -> None:
    check(msgspec.json.decode(await in_node("everyCommand", server, {"password": server.password}), type=Steps))


@pytest.mark.parametrize("remember", [False, True])
async def test_node_logs_in_by_asking_and_uses_every_command(server: Server, remember: bool) -> None:
    data = {"name": "A chat overlay", "author": "Somebody", "verificationCode": "8-1-5"}
    client = asyncio.create_task(in_node("everyCommand", server, {"interactive": True, "interactiveData": data}))
    question = await answer_next_question(server, allow=True, remember=remember)
    check(msgspec.json.decode(await client, type=Steps))
    assert (question["name"], question["author"], question["verification_code"]) == (
        "A chat overlay",
        "Somebody",
        "8-1-5",
    )


async def test_node_comes_back_after_a_restart_and_nothing_is_lost(server: Server) -> None:
    result = msgspec.json.decode(
        await in_node("throughARestart", server, {"password": server.password}), type=dict[str, object]
    )
    assert result == {"kept": "before", "heard": ["before", "after"]}


async def test_chromium_logs_in_by_challenge_and_uses_every_command(page: Page, overlay_server: Server) -> None:
    steps = await page.evaluate(
        "([url, options]) => everyCommand(url, options)", [overlay_server.url, {"password": overlay_server.password}]
    )
    check([tuple(step) for step in steps])


@pytest.mark.parametrize("remember", [False, True])
async def test_chromium_logs_in_by_asking_and_uses_every_command(
    page: Page, overlay_server: Server, remember: bool
) -> None:
    options = {"interactive": True, "interactiveData": {"name": "An overlay in a browser"}}
    client = asyncio.create_task(
        page.evaluate("([url, options]) => everyCommand(url, options)", [overlay_server.url, options])
    )
    question = await answer_next_question(overlay_server, allow=True, remember=remember)
    check([tuple(step) for step in await client])
    assert question["origin"] == overlay_server.page


async def test_chromium_comes_back_after_a_restart_and_nothing_is_lost(page: Page, overlay_server: Server) -> None:
    await page.expose_function("restartServer", overlay_server.restart)
    result = await page.evaluate(
        "([url, options]) => throughARestart(url, options)", [overlay_server.url, {"password": overlay_server.password}]
    )
    assert result == {"kept": "before", "heard": ["before", "after"]}
