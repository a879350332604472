"""What the console's door asks of an HTTP request, whoever answers it."""

from typing import Final

from aiohttp import web

from stagedoor.net.foreign import ForeignPage

_MAX_BODY_BYTES: Final = 4096

_BROWSERS: Final = (
    ("OBS/", "OBS"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""Many say that they are others, too; so the first one that fits counts."""

_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def name_browser(user_agent: str) -> str:
    """Name a browser and its system, as far as they say who they are; for the owner to tell one from another."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return ", ".join(filter(None, (browser, system)))


async def read_briefly(request: web.BaseRequest) -> bytes:
    """Read a body that may only be short, whether or not it says its length."""
    body = b""
    while len(body) <= _MAX_BODY_BYTES and (chunk := await request.content.readany()):
        body += chunk
    if len(body) > _MAX_BODY_BYTES:
        text = f"413: more than {_MAX_BODY_BYTES} bytes\n"
        raise web.HTTPRequestEntityTooLarge(_MAX_BODY_BYTES, len(body), text=text)
    return body


def check_same_origin(request: web.BaseRequest) -> None:
    """Refuse what another page has sent. The ``Host`` has been checked by the door."""
    origin = request.headers.get("Origin")
    is_own = origin is None or origin.lower() == f"{request.scheme}://{request.host}".lower()
    if not is_own or request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise ForeignPage(origin, "only the console itself may do that")
