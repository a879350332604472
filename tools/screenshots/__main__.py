"""Make all pictures."""

import tempfile
from pathlib import Path

from tools.screenshots.browser import chromium
from tools.screenshots.console import draw_console
from tools.screenshots.door import draw_asks, draw_chat, draw_page, draw_status, serving
from tools.screenshots.pictures import IMAGES
from tools.screenshots.pretended import draw_twitch


def main() -> None:
    """Make all pictures, in the order of a first evening."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stagedoor-pictures-") as name:
        folder = Path(name)
        with serving(folder), chromium() as browser:
            draw_status(folder)
            draw_asks(folder)
            draw_page(browser)
            draw_chat(browser, folder)
            draw_console(browser, folder)
        with chromium() as browser:
            draw_twitch(browser, folder)


if __name__ == "__main__":
    main()
