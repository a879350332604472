"""The pictures of the console: every page, light and dark, on a wide screen and on a phone."""

from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from stagedoor.services.pairing import draw
from tools.screenshots.browser import save, viewport
from tools.screenshots.pictures import SCHEMES, VIEWPORTS, Scheme, Size
from tools.screenshots.show import RAID_ALERT, asking, be_lively, change_alert, play, prepared
from tools.screenshots.terminal import output_of

PAGES: Final = {
    "commands": "chat",
    "timers": "chat/timers",
    "alerts": "chat/alerts/raid",
    "loyalty": "loyalty",
    "rewards": "loyalty/rewards",
    "apps": "apps",
    "overlay-keys": "apps/keys",
    "server": "server",
    "keys": "keys/overlay%2Falert",
    "actions": f"actions/{RAID_ALERT}",
    "variables": "variables",
    "log": "log",
    "audit": "audit",
    "backups": "backups",
    "about": "about",
}
"""The pages beside the first, by their addresses."""

WIDE_ONLY: Final = frozenset({"commands", "timers", "alerts", "loyalty", "rewards"})
"""Pages of which a picture on a phone would show little of interest."""

TALL: Final = {"dashboard": (1280, 1345), "welcome": (1280, 1000), "alerts": (1280, 1080)}
"""Sizes of a wide screen for pages that are looked at first, so that all of them is seen."""

PAIRING: Final = "http://192.168.1.20:4330/pair#code=k7fm-29xq-4tpw"
"""What stands in the pictures for the address that a phone scans."""

PAUSE_S: Final = 2.0
"""Between two messages of the evening, so that there is something to see in the charts."""

HOME: Final = "/home/ada"
"""What stands in the pictures for the folder that all this happens in."""

CONCEAL: Final = """([folder, home]) => {
  const put = (text) => text.replaceAll(folder, home);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = put(texts.currentNode.data);
  for (const field of document.querySelectorAll("input, textarea")) {
    if (field.value.includes(folder)) field.value = put(field.value);
  }
}"""


class Window(NamedTuple):
    """One of the windows that the console is open in."""

    size: Size
    scheme: Scheme
    page: Page


def draw_console(browser: Browser, folder: Path) -> None:
    """Make the pictures of the console."""
    with prepared(browser, folder) as bot:
        windows = _open_windows(browser, folder)
        play(bot, folder, pause_s=PAUSE_S)
        output_of(folder, "backup")
        for window in windows:
            _draw(window, "dashboard", folder)
        for name, path in PAGES.items():
            shown_in = [window for window in windows if window.size == "wide" or name not in WIDE_ONLY]
            for window in shown_in:
                _go(window.page, path)
            if name == "keys":
                change_alert(bot)
            if name == "timers":
                be_lively(bot)
            for window in shown_in:
                _settle(window.page, name)
                _draw(window, name, folder)
        for window in windows:
            _try_welcome(window.page)
            _draw(window, "welcome", folder)
            _go(window.page, "")
        with asking(browser, folder):
            for window in windows:
                dialog = window.page.get_by_role("alertdialog")
                dialog.get_by_text("4117").wait_for()
                dialog.locator("[aria-disabled=true]").first.wait_for(state="hidden")
                _draw(window, "question", folder)
        # The last, since it lets the console be reached from elsewhere, which all pages warn of.
        for window in windows:
            if window.size == "wide":
                _begin_pairing(window.page)
                _draw(window, "pair", folder)
        for window in windows:
            window.page.context.close()


def _open_windows(browser: Browser, folder: Path) -> list[Window]:
    """Open the console by one link, in a window of each size and scheme."""
    first = browser.new_context()
    page = first.new_page()
    page.goto(output_of(folder, "console", "--print"))
    page.locator("main#main").wait_for()
    signed_in = first.storage_state()
    first.close()
    windows = []
    for size, extent in VIEWPORTS.items():
        for scheme in SCHEMES:
            context = browser.new_context(
                viewport=viewport(extent),
                color_scheme=scheme,
                locale="en-GB",
                reduced_motion="reduce",
                storage_state=signed_in,
            )
            window = Window(size, scheme, context.new_page())
            window.page.goto("http://localhost:4330/")
            window.page.locator("main#main").wait_for()
            windows.append(window)
    return windows


def _go(page: Page, path: str) -> None:
    page.evaluate("path => { location.hash = '#/' + path }", path)
    page.locator("main h1").wait_for(state="attached")
    page.locator("main [aria-busy=true]").first.wait_for(state="hidden")
    page.evaluate("document.fonts.ready")


def _settle(page: Page, name: str) -> None:
    """Wait for what a page shows a moment later."""
    if name == "timers":
        page.get_by_text("47 messages").wait_for()
    if name == "alerts":
        page.get_by_text("One of these 2 would be drawn").wait_for()


def _begin_pairing(page: Page) -> None:
    """Have a code made, with which the console is reached from this machine's network; what is shown leads nowhere."""
    _go(page, "apps/devices")
    page.get_by_role("button", name="Pair a phone").click()
    open_it = page.get_by_role("button", name="Let it be reached")
    code = page.get_by_role("img", name="QR code")
    open_it.or_(code).wait_for()
    if open_it.is_visible():
        open_it.click()
    code.wait_for()
    code.evaluate("(picture, source) => { picture.src = source }", draw(PAIRING))
    dialog = page.get_by_role("dialog")
    dialog.locator("code.url").evaluate("(shown, url) => { shown.textContent = url }", PAIRING)
    dialog.locator("select").evaluate_all(
        "(choices, host) => { for (const { options } of choices) options[0].text = host }", urlsplit(PAIRING).hostname
    )
    page.locator("dialog img").evaluate("picture => picture.decode()")


def _try_welcome(page: Page) -> None:
    """Go to the welcome's last step, and send a message to the overlay in it."""
    with page.expect_websocket() as opened:  # the overlay's
        page.evaluate("location.hash = '#/welcome/4/chat'")
    opened.value.wait_for_event("framesent", lambda frame: '"Subscribe"' in str(frame))
    page.get_by_role("button", name="Send the message").click()
    page.frame_locator("iframe").get_by_text("Is this thing on").last.wait_for()
    page.get_by_text("It works").wait_for()
    page.evaluate("scrollTo(0, 0)")


def _draw(window: Window, name: str, folder: Path) -> None:
    page = window.page
    if window.size == "wide" and name in TALL:
        page.set_viewport_size(viewport(TALL[name]))
    page.evaluate(CONCEAL, [str(folder), HOME])
    save(page, f"console-{name}-{window.size}-{window.scheme}")
    page.set_viewport_size(viewport(VIEWPORTS[window.size]))
