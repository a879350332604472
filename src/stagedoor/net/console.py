"""The console over HTTP: its page, and the exchange of a one-time code for a pass.

The page is served on a door of its own, so that its origin is shared with nobody: what an overlay's script can reach
has no way to the pass. A pass is kept by the page and sent in a message or a header; there is no cookie that a browser
would send along by itself.
"""

from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from stagedoor.access import OriginClass, Passes
from stagedoor.net.static import StaticFolder

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data:; media-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_MAX_BODY_BYTES: Final = 4096


class OwnPagesOnly:
    """The console door's rule for origins: programs, and the pages that it serves itself."""

    trusts_all = False

    def classify(self, origin: str | None) -> OriginClass:
        """Tell what an origin is that is not the door's own."""
        return OriginClass.PROGRAM if origin is None else OriginClass.FOREIGN


class _CodeMessage(msgspec.Struct):
    code: str


class ConsolePages:
    """Answers plain HTTP requests on the console's door."""

    def __init__(self, passes: Passes, *, private: Path) -> None:
        self._passes = passes
        folder = built_console()
        self._files = None if folder is None else StaticFolder(folder, private=private)

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        try:
            response = await self._answer(request)
        except web.HTTPException as error:
            response = error
        for name, value in _HEADERS.items():
            response.headers[name] = value
        if response.headers.get("Cache-Control") is None:
            response.headers["Cache-Control"] = "no-store"
        if isinstance(response, web.HTTPException):
            raise response
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if path == "/pass":
            return await self._answer_pass(request)
        if request.method not in ("GET", "HEAD"):
            raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD"))
        if self._files is None:
            raise web.HTTPNotFound(text=_NOT_BUILT)
        response = self._files.respond("index.html" if path == "/" else path.removeprefix("/"))
        if path.startswith("/assets/"):
            # Their names change with what is in them.
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    async def _answer_pass(self, request: web.BaseRequest) -> web.Response:
        """``POST`` exchanges a code for a pass, ``DELETE`` gives a pass back."""
        _check_same_origin(request)
        if request.method == "DELETE":
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not self._passes.revoke(token.strip()):
                raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
            return web.Response(status=HTTPStatus.NO_CONTENT)
        if request.method != "POST":
            raise web.HTTPMethodNotAllowed(request.method, ("POST", "DELETE"))
        if request.content_type != "application/json" or (request.content_length or 0) > _MAX_BODY_BYTES:
            raise web.HTTPBadRequest(text="400: a code in JSON is wanted\n")
        try:
            code = msgspec.json.decode(await request.read(), type=_CodeMessage).code
        except (msgspec.DecodeError, RecursionError):
            raise web.HTTPBadRequest(text="400: a code in JSON is wanted\n") from None
        exchanged = self._passes.exchange(code)
        if exchanged is None:
            raise web.HTTPForbidden(text="403: this link was used already, or it is too old\n")
        return web.json_response({"token": exchanged})


def built_console() -> Path | None:
    """Find the console's files, if they were built into this installation."""
    folder = Path(str(files("stagedoor"))) / "web"
    return folder if (folder / "index.html").is_file() else None


def _check_same_origin(request: web.BaseRequest) -> None:
    """Refuse what another page has sent. The ``Host`` has been checked by the door."""
    origin = request.headers.get("Origin")
    is_own = origin is None or origin.lower() == f"http://{request.host}".lower()
    if not is_own or request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise web.HTTPForbidden(text="403: only the console itself may do that\n")


_NOT_BUILT: Final = """404: the console's files are not there

This stagedoor runs from its source, and the console has not been built.
With Node.js 20 or newer, `make web` builds it.
"""
