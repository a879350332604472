"""A browser, and the pictures that it takes."""

import contextlib
from collections.abc import Iterator
from typing import Final

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tools.find_chromium import find_chromium
from tools.screenshots.palette import with_palette
from tools.screenshots.pictures import IMAGES, MAX_PICTURE_BYTES, Scheme

CHROMIUM_FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    # Coloured edges around letters make a picture larger by half, and fit no other screen.
    "--disable-lcd-text",
]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Open a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def viewport(size: tuple[int, int]) -> ViewportSize:
    """Say a width and a height as the browser wants them."""
    width, height = size
    return {"width": width, "height": height}


def open_page(browser: Browser, scheme: Scheme, size: tuple[int, int]) -> Page:
    """Open an empty page."""
    return browser.new_page(viewport=viewport(size), color_scheme=scheme)


def save(page: Page, name: str, *, full_page: bool = False) -> None:
    """Take the picture of a page."""
    assert page.context.browser is not None
    picture = with_palette(page.context.browser, page.screenshot(full_page=full_page))
    assert len(picture) < MAX_PICTURE_BYTES, f"{name} is too large"
    (IMAGES / f"{name}.png").write_bytes(picture)
