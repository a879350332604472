"""The page that Twitch leads back to after a login, at ``/twitch/callback`` of the Kilovolt door.

It hands on what the address brings, and shows how that ended. What a stranger can put into an address is never shown.
"""

import html
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from stagedoor.access import Client
from stagedoor.errors import NoSuchRequest, RequestFailed, ServiceFailed
from stagedoor.keys import TWITCH_CALLBACK

PATH: Final = "/twitch/callback"

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address holds the code
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_NAMES: Final = ("code", "state", "error", "error_description")
_MOST_CHARACTERS: Final = 2048


class _Answer(msgspec.Struct):
    account: str
    login: str


class TwitchLoginPage:
    """Answers the browser that comes back. ``client`` asks as the owner: whoever brings the right ``state`` has begun
    the login here."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def respond(self, request: web.BaseRequest) -> web.Response:
        """Answer one request; only a GET, since looking at the head alone must not use up the code."""
        if request.method != "GET":
            raise web.HTTPMethodNotAllowed(request.method, ("GET",), headers=_HEADERS)
        query = request.rel_url.query
        came = {name: query[name] for name in _NAMES if name in query}
        if any(len(text) > _MOST_CHARACTERS for text in came.values()):
            return _show(HTTPStatus.BAD_REQUEST, "This did not work", "The address is too long to be Twitch's.")
        try:
            text = await self._client.call(TWITCH_CALLBACK, msgspec.json.encode(came).decode())
        except NoSuchRequest:
            return _show(HTTPStatus.SERVICE_UNAVAILABLE, "This did not work", "stagedoor's Twitch part does not run.")
        except ServiceFailed as error:
            return _show(HTTPStatus.INTERNAL_SERVER_ERROR, "This did not work", _sentence(str(error)))
        except RequestFailed as error:
            return _show(HTTPStatus.BAD_REQUEST, "This did not work", _sentence(str(error)))
        answer = msgspec.json.decode(text, type=_Answer)
        whose = "The bot" if answer.account == "bot" else "The streamer"
        name = f" as {answer.login}" if answer.login else ""
        return _show(HTTPStatus.OK, "Logged in", f"{whose} is logged in to Twitch{name}. You can close this page.")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _show(status: HTTPStatus, title: str, text: str) -> web.Response:
    page = _PAGE.format(title=html.escape(title), text=html.escape(text))
    return web.Response(text=page, status=status, content_type="text/html", headers=_HEADERS)


_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · stagedoor</title>
<style>
  :root {{ color-scheme: light dark; --ink: #201c2b; --paper: #f6f4f9; --soft: #655f74 }}
  @media (prefers-color-scheme: dark) {{ :root {{ --ink: #efecf5; --paper: #131118; --soft: #a7a0b8 }} }}
  body {{ margin: 0; color: var(--ink); background: var(--paper); font: 16px/1.6 system-ui, sans-serif }}
  main {{ max-width: 34rem; margin: 0 auto; padding: clamp(2.5rem, 14vh, 8rem) 1.25rem 3rem }}
  h1 {{ margin: 0; font-size: 1.8rem; letter-spacing: -.02em }}
  p {{ margin: .9rem 0 0; color: var(--soft); overflow-wrap: anywhere }}
</style>
<main>
  <h1>{title}</h1>
  <p>{text}</p>
</main>
</html>
"""
