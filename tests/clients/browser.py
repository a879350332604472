"""What tests with a browser share, and a Chromium whose pages all come from a web server in this process."""

import mimetypes
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from playwright.async_api import Page, Route, async_playwright, expect
from tools.find_chromium import find_chromium

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

expect.set_options(timeout=20_000)
"""In ms: Playwright's own five seconds are too few where the machine has other work, too."""

Files = Mapping[str, str | bytes]
"""What a site consists of, by path, such as ``/index.html``."""


@asynccontextmanager
async def chromium_page(files: Files) -> AsyncIterator[tuple[Page, str]]:
    """Open an empty page, and serve a site at the address that comes with it."""
    executable = find_chromium()
    assert executable is not None, "the tests need a Chromium: python tools/find_chromium.py --install"
    async with serving(files) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        page = await browser.new_page()

        async def reach(route: Route) -> None:
            await (route.continue_() if route.request.url.startswith((address, "file://")) else route.abort())

        await page.route("**/*", reach)
        try:
            yield page, address
        finally:
            await browser.close()


@asynccontextmanager
async def serving(files: Files) -> AsyncIterator[str]:
    """Serve a site on a free port of this machine; yields its address, without a slash at its end."""

    async def serve(request: web.Request) -> web.Response:
        body = files.get(request.path)
        if body is None:
            raise web.HTTPNotFound
        kind = mimetypes.guess_type(request.path)[0] or "text/html"
        return web.Response(body=body, content_type=kind, charset="utf-8" if isinstance(body, str) else None)

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "localhost", 0)
    await site.start()
    try:
        yield f"http://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
