"""What the Kilovolt door says over HTTP: a page for people, ``/health`` for monitors, ``/static/`` for overlays."""

import html
from http import HTTPStatus
from typing import Final

from aiohttp import web

from stagedoor.net.static import StaticFolder
from stagedoor.version import __version__

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
}


class Pages:
    """Answers plain HTTP requests. ``static`` may be replaced at any time; ``None`` is off."""

    def __init__(self, static: StaticFolder | None = None) -> None:
        self.static = static

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.rel_url.raw_path
        if path == "/health":
            return _health(request)
        if request.method not in ("GET", "HEAD"):
            raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD"))
        if path == "/":
            return self._index(request)
        if self.static is not None and path == "/static":
            raise web.HTTPMovedPermanently("/static/")
        if self.static is not None and path.startswith("/static/"):
            return self.static.respond(path.removeprefix("/static/"))
        raise web.HTTPNotFound(text="404: nothing here\n", headers=_HEADERS)

    def _index(self, request: web.BaseRequest) -> web.Response:
        address = html.escape(f"ws://{request.host}/ws")
        static = "<li>Overlay files: <a href='/static/'>/static/</a></li>" if self.static is not None else ""
        page = _PAGE.format(version=html.escape(__version__), address=address, static=static)
        return web.Response(text=page, content_type="text/html", headers=_HEADERS)


def _health(request: web.BaseRequest) -> web.Response:
    headers = {**_HEADERS, "Access-Control-Allow-Origin": "*"}
    if "application/json" in request.headers.get("Accept", ""):
        return web.json_response({"status": "ok"}, headers=headers)
    return web.Response(text="OK", status=HTTPStatus.OK, headers=headers)


_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>stagedoor</title>
<style>
  :root {{ color-scheme: light dark;
           --ink: #1d1b26; --paper: #faf9fc; --soft: #6a6577; --line: #e2dfe9; --lamp: #b4540a }}
  @media (prefers-color-scheme: dark) {{
    :root {{ --ink: #eeecf4; --paper: #16141c; --soft: #a49eb4; --line: #322e3d; --lamp: #ffb454 }}
  }}
  body {{ margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif }}
  main {{ max-width: 38rem; margin: 0 auto; padding: 12vh 1.5rem 3rem }}
  h1 {{ font-size: 2rem; margin: 0; letter-spacing: -.02em }}
  h1::before {{ content: ""; display: inline-block; width: .5em; height: .5em; margin-right: .4em; border-radius: 50%;
               background: var(--lamp); box-shadow: 0 0 .6em var(--lamp) }}
  p {{ color: var(--soft) }}
  ul {{ list-style: none; margin: 2rem 0; padding: 0; border-top: 1px solid var(--line) }}
  li {{ padding: .8rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }}
  code {{ font: .95em ui-monospace, monospace }}
  a {{ color: var(--lamp) }}
</style>
<main>
  <h1>stagedoor</h1>
  <p>The door of a live stream is open here. Overlays, bots and buttons connect to it; people do not have to do
  anything on this page.</p>
  <ul>
    <li>Kilovolt: <code>{address}</code></li>
    {static}
    <li>Health: <a href="/health">/health</a></li>
  </ul>
  <p>Version {version}. In a terminal, <code>stagedoor status</code> tells more, and <code>stagedoor asks</code> shows
  who wants to come in.</p>
</main>
</html>
"""
