"""Fixtures for the console's tests: one server and one Chromium for all of them, a fresh signed-in window for each.

Every module says ``pytestmark = pytest.mark.asyncio(loop_scope="package")``: the browser lives on that loop.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright
from tools.find_chromium import find_chromium

from stagedoor.kilovolt import Client
from stagedoor.net.console import built_console
from tests.clients.browser import FLAGS
from tests.conftest import Server
from tests.console.harness import Window, sign_in, watched


@pytest_asyncio.fixture(loop_scope="package", scope="package")
async def browser() -> AsyncIterator[Browser]:
    executable = find_chromium()
    assert executable is not None, "the tests need a Chromium: python tools/find_chromium.py --install"
    assert built_console() is not None, "the tests need the console's files: make web"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="package", scope="package")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """Serve all doors, to be left as it was found."""
    server = Server(tmp_path_factory.mktemp("console") / "data", streamerbot=True, console=True)
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(loop_scope="package")
async def own_server(tmp_path: Path) -> AsyncIterator[Server]:
    """Serve all doors for one test, which may do to it what it likes."""
    server = Server(tmp_path / "data", streamerbot=True, console=True)
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(loop_scope="package")
async def owner(server: Server) -> AsyncIterator[Client]:
    """Connect with the owner's grant, past the console."""
    async with Client(server.url, token=server.control_token) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="package")
async def window(browser: Browser, server: Server) -> AsyncIterator[Window]:
    """Open a signed-in window, 1280 wide, in English."""
    async with watched(browser) as window:
        await sign_in(window.page, server)
        yield window


@pytest.fixture
def page(window: Window) -> Page:
    """Give the page of a signed-in window."""
    return window.page
