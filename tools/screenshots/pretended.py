"""The picture of the console's page for Twitch, before the pretended Twitch that ``stagedoor serve --demo`` brings."""

import re
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser

from tools.screenshots.browser import save, viewport
from tools.screenshots.pictures import SCHEMES
from tools.screenshots.terminal import Terminal

LINK: Final = re.compile(r"http://localhost:\d+/#code=[\w-]+")

SIZE: Final = (1280, 640)


def draw_twitch(browser: Browser, folder: Path) -> None:
    """Make the picture of the accounts, one of which is about to log in with a code."""
    with Terminal(folder, columns=200).running("stagedoor", "serve", "--demo") as server:
        server.read_until("ready\n")
        link = LINK.search(server.shown)
        assert link is not None, server.shown
        context = browser.new_context(viewport=viewport(SIZE), locale="en-GB", reduced_motion="reduce")
        page = context.new_page()
        page.goto(link[0])
        page.locator("main#main").wait_for()
        page.evaluate("location.hash = '#/twitch/accounts'")
        page.locator("main .status").get_by_text("Connected", exact=True).wait_for()
        bot = page.get_by_role("region", name="Bot", exact=True)
        bot.get_by_role("button", name="Log in with a code").click()
        bot.get_by_text("Waiting for Twitch").wait_for()
        page.mouse.move(0, 0)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            save(page, f"console-twitch-wide-{scheme}")
        context.close()
