"""What the Kilovolt door says over HTTP: a page for people, ``/health`` for monitors, ``/static/`` for overlays.

Below ``/static/examples/`` are sample overlays that come with stagedoor, wherever the owner's folder has nothing there.
"""

import html
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from stagedoor.access import OriginPolicy
from stagedoor.net.foreign import Origins, check_inclusion
from stagedoor.net.static import StaticFolder, moved
from stagedoor.net.twitch_login import PATH as TWITCH_LOGIN
from stagedoor.net.twitch_login import TwitchLoginPage
from stagedoor.version import __version__

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
}

_EXAMPLES: Final = "examples/"
_EXAMPLE_NAMES: Final = ("chat", "alerts", "countdown")

_EXAMPLE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src https:; connect-src ws: wss:; base-uri 'none'; "
    "form-action 'none'"
)
"""The platforms' pictures, and a connection to wherever the address says: nothing else has to be loaded."""

STREAMERBOT_DOOR: Final = "Streamer.bot"
_USUAL_STREAMERBOT_PORT: Final = 8080


class Pages:
    """Answers plain HTTP requests.

    ``static`` may be replaced at any time; ``None`` is off. ``other_doors`` are shown beside this one, by name;
    ``console`` is the owner's page, if its door is open. ``twitch_login`` answers whom Twitch sends back. ``origins``
    is the rule for pages that include files.
    """

    def __init__(
        self,
        static: StaticFolder | None = None,
        twitch_login: TwitchLoginPage | None = None,
        origins: Origins | None = None,
    ) -> None:
        self.static = static
        self._twitch_login = twitch_login
        self._origins = origins or OriginPolicy()
        self._examples = StaticFolder(Path(str(files("stagedoor"))) / "examples", private=None)
        self.other_doors: dict[str, str] = {}
        self.console: str | None = None

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.rel_url.raw_path
        if path == "/health":
            return _health(request)
        if path == TWITCH_LOGIN and self._twitch_login is not None:
            return await self._twitch_login.respond(request)
        if request.method not in ("GET", "HEAD"):
            raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD"))
        if path == "/":
            return self._index(request)
        if self.static is not None and path == "/static":
            raise moved("/static/", request.rel_url.raw_query_string)
        if path.startswith("/static/"):
            check_inclusion(request, self._origins)
            return self._answer_file(path.removeprefix("/static/"), request.rel_url.raw_query_string)
        raise web.HTTPNotFound(text="404: nothing here\n", headers=_HEADERS)

    def _answer_file(self, raw_path: str, raw_query: str) -> web.StreamResponse:
        """Answer with a file of the owner's, or else with one of the samples."""
        if self.static is not None:
            try:
                return self.static.respond(raw_path, raw_query)
            except web.HTTPNotFound:
                if not raw_path.startswith(_EXAMPLES):
                    raise
        if not raw_path.startswith(_EXAMPLES):
            raise web.HTTPNotFound(text="404: nothing here\n", headers=_HEADERS)
        response = self._examples.respond(raw_path.removeprefix(_EXAMPLES), raw_query)
        response.headers["Content-Security-Policy"] = _EXAMPLE_POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def _index(self, request: web.BaseRequest) -> web.Response:
        secure = "s" if request.secure else ""
        address = html.escape(f"ws{secure}://{request.host}/ws")
        rows = [_row("Kilovolt", address)]
        if self.static is not None:
            # No link: the folder itself is not listed.
            rows.append(_row("Overlay files", html.escape(f"http{secure}://{request.host}/static/")))
        rows += [_row(html.escape(name), html.escape(url)) for name, url in self.other_doors.items()]
        rows.append(f"<div><dt>Sample overlays</dt><dd>{self._example_links()}</dd></div>")
        if self.console is not None:
            url = html.escape(self.console)
            rows.append(f'<div><dt>Console</dt><dd><a href="{url}">{url}</a></dd></div>')
        page = _PAGE.format(version=html.escape(__version__), addresses="\n    ".join(rows))
        return web.Response(text=page, content_type="text/html", headers=_HEADERS)

    def _example_links(self) -> str:
        """Lead to the samples, and let them know where the Streamer.bot door is, if not where they look for it."""
        door = urlsplit(self.other_doors.get(STREAMERBOT_DOOR, ""))
        unusual: dict[str, str] = {}
        if door.port not in (None, _USUAL_STREAMERBOT_PORT):
            unusual["port"] = str(door.port)
        if door.path not in ("", "/"):
            unusual["endpoint"] = door.path
        fragment = html.escape(f"#{urlencode(unusual)}" if unusual else "")
        links = (f'<a href="/static/{_EXAMPLES}{name}/{fragment}">{name}</a>' for name in _EXAMPLE_NAMES)
        return " · ".join(links)


def _row(name: str, address: str) -> str:
    return f"<div><dt>{name}</dt><dd><code>{address}</code></dd></div>"


async def respond_with_nothing(request: web.BaseRequest) -> web.StreamResponse:
    """Answer plain HTTP where only WebSocket is spoken."""
    raise web.HTTPNotFound(text="404: nothing here\n", headers=_HEADERS)


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
           --ink: #201c2b; --paper: #f6f4f9; --card: #fff; --soft: #655f74; --line: #e3dfeb; --lamp: #b4540a;
           --glow: rgb(255 170 60 / .22); --shade: 0 1px 2px rgb(40 30 60 / .05), 0 8px 30px rgb(40 30 60 / .06) }}
  @media (prefers-color-scheme: dark) {{
    :root {{ --ink: #efecf5; --paper: #131118; --card: #1c1924; --soft: #a7a0b8; --line: #322d3e; --lamp: #ffb454;
             --glow: rgb(255 170 60 / .13); --shade: none }}
  }}
  * {{ box-sizing: border-box }}
  body {{ margin: 0; min-height: 100vh; color: var(--ink); font: 16px/1.6 system-ui, sans-serif;
         background: radial-gradient(48rem 26rem at 50% -6rem, var(--glow), transparent 75%) no-repeat var(--paper) }}
  main {{ max-width: 44rem; margin: 0 auto; padding: clamp(2.5rem, 9vh, 6rem) 1.25rem 3rem }}
  h1 {{ display: flex; align-items: center; gap: .9rem; margin: 0; font-size: 2.1rem; line-height: 1.2;
       letter-spacing: -.025em }}
  h1 svg {{ flex: none; width: 2.6rem; height: 2.6rem; color: var(--lamp) }}
  h2 {{ margin: 2.4rem 0 .8rem; font-size: .82rem; letter-spacing: .08em; text-transform: uppercase;
       color: var(--soft) }}
  p {{ margin: .9rem 0 0; color: var(--soft) }}
  dl {{ margin: 0; padding: .35rem 1.25rem; border: 1px solid var(--line); border-radius: .9rem;
       background: var(--card); box-shadow: var(--shade) }}
  dl > div {{ display: grid; grid-template-columns: 12rem 1fr; gap: .1rem 1.5rem; padding: .85rem 0 }}
  dl > div + div {{ border-top: 1px solid var(--line) }}
  dt {{ color: var(--soft) }}
  dd {{ margin: 0; overflow-wrap: anywhere }}
  code {{ font: .92em/1.6 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; user-select: all }}
  a {{ color: var(--lamp); text-underline-offset: .2em }}
  footer {{ margin-top: 2.4rem; font-size: .875rem; color: var(--soft) }}
  @media (max-width: 34rem) {{
    dl > div {{ grid-template-columns: 1fr }}
  }}
</style>
<main>
  <h1>
    <svg viewBox="0 0 40 40" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linejoin="round"
         stroke-linecap="round" aria-hidden="true">
      <path d="M5 36h30M9 36V5h22v31"/><path d="M9 5l13 5v26H9z" fill="currentColor" fill-opacity=".18"/>
      <path d="M18 21.5v3"/>
    </svg>
    stagedoor
  </h1>
  <p>The stage door is open. Overlays, bots, buttons and scripts come in here; people have nothing to do on this
  page.</p>
  <h2>Addresses</h2>
  <dl>
    {addresses}
    <div><dt>For monitors</dt><dd><a href="/health">/health</a></dd></div>
  </dl>
  <h2>In a terminal</h2>
  <dl>
    <div><dt>Open the console</dt><dd><code>stagedoor console</code></dd></div>
    <div><dt>What runs</dt><dd><code>stagedoor status</code></dd></div>
    <div><dt>Who wants to come in</dt><dd><code>stagedoor asks</code></dd></div>
    <div><dt>The password</dt><dd><code>stagedoor password show</code></dd></div>
  </dl>
  <footer>Version {version}</footer>
</main>
</html>
"""
