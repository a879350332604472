"""What the script of an overlay can reach of the console that is open in the same browser: nothing."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error, expect

from tests.conftest import Server
from tests.console.harness import sign_in, watched

pytestmark = pytest.mark.asyncio(loop_scope="package")

TRIES = {
    "its memory": "() => Object.entries(localStorage)",
    "its page": "console => fetch(console).then(answer => answer.text(), error => error.name)",
    "its page, unread": "console => fetch(console, {mode: 'no-cors'}).then(answer => answer.type, error => error.name)",
    "a pass": """console => fetch(console + '/pass', {method: 'POST', body: '{"code": "x"}'})
        .then(answer => answer.status, error => error.name)""",
    "its protocol": """console => new Promise(resolve => {
        const socket = new WebSocket(console.replace('http', 'ws') + '/ws');
        socket.onopen = () => resolve('open');
        socket.onclose = () => resolve('closed');
    })""",
    "a frame": """console => new Promise(resolve => {
        const frame = document.body.appendChild(document.createElement('iframe'));
        frame.onload = () => resolve(frame.contentDocument?.body.innerHTML ?? 'not to be read');
        frame.src = console;
    })""",
}
"""How an overlay may try, given the address of the console."""

NOTHING = {
    "its memory": [],
    "its page": "TypeError",
    "its page, unread": "TypeError",
    "a pass": "TypeError",
    "its protocol": "closed",
    "a frame": "not to be read",
}


async def test_an_overlay_reaches_nothing_of_the_console(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "overlays"
    await asyncio.to_thread(folder.mkdir)
    await asyncio.to_thread((folder / "index.html").write_text, "<!doctype html><title>An overlay</title>")
    server = Server(tmp_path / "data", "--static", str(folder), console=True)
    await server.start()
    try:
        async with watched(browser) as window:
            await sign_in(window.page, server)
            overlay = await window.context.new_page()
            await overlay.goto(f"http://localhost:{server.port}/static/index.html")
            assert {what: await overlay.evaluate(how, server.console_url) for what, how in TRIES.items()} == NOTHING
            assert overlay.frames[1].url.startswith("chrome-error://"), "it must not be framed"
            assert all("frame-ancestors" in fault for fault in window.faults), window.faults
            window.faults.clear()
            async with overlay.expect_popup() as opening:
                await overlay.evaluate("console => { window.opened = open(console); }", server.console_url)
            opened = await opening.value
            await expect(opened.get_by_role("navigation")).to_be_visible()
            assert await opened.evaluate("opener") is None
            assert await overlay.evaluate("opened.closed"), "the two must know nothing of each other"
            await overlay.evaluate("opened.postMessage({auth: 'ask'}, '*')")
            with pytest.raises(Error, match="SecurityError"):
                await overlay.evaluate("opened.localStorage.getItem('stagedoor.pass')")
            assert await window.page.evaluate("localStorage.getItem('stagedoor.pass')"), "or there was nothing to take"
    finally:
        await server.stop()
