"""The console over HTTP: its page, the exchange of a one-time code for a pass, backups to download, files to upload.

The page is served on a door of its own, so that its origin is shared with nobody: what an overlay's script can reach
has no way to the pass. A pass is kept by the page and sent in a message or a header; there is no cookie that a browser
would send along by itself.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec
from aiohttp import ClientPayloadError, web

from stagedoor.access import Asker, OriginClass, Pairings, Passes, Record
from stagedoor.archive import list_backups
from stagedoor.audit import AuditLog, ignore
from stagedoor.net.pairing import PAIR_FOLDER, PAIR_PATH, PairingPages
from stagedoor.net.requests import check_same_origin, name_browser, read_briefly
from stagedoor.net.static import StaticFolder
from stagedoor.net.switch import place_of
from stagedoor.uploads import MAX_UPLOAD_BYTES, TooManyUploads, Uploads

logger = logging.getLogger(__name__)

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data:; media-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; frame-src {framed}",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

AUTHORITY_PATH: Final = "/authority.crt"

PLAIN_PATHS: Final = (AUTHORITY_PATH, PAIR_PATH, PAIR_FOLDER)
"""What everybody may have in plain text, since it is needed before our certificate can be trusted."""

_PATIENCE_S: Final = 60.0
"""How long an upload may pause: few may be under way, and one that stands still is in the others' way."""


class OwnPagesOnly:
    """The console door's rule for origins: programs, and the pages that it serves itself."""

    is_decided = False

    def classify(self, origin: str | None, *, is_own: bool = False) -> OriginClass:
        """Tell what an origin is, whatever the owner has said of it."""
        if origin is None:
            return OriginClass.PROGRAM
        return OriginClass.LOCAL if is_own else OriginClass.FOREIGN

    def refused(self, origin: str, asker: Asker) -> None:
        """Ask nobody: no other page has any business here."""


class _CodeMessage(msgspec.Struct):
    code: str


class ConsolePages:
    """Answers plain HTTP requests on the console's door.

    ``private`` is never served; ``data_folder`` is where the backups are, ``uploads`` where files from the browser go,
    and without them there are none. ``find_overlays`` tells the origin that overlays are served from, which alone the
    console may show in a frame: another origin than its own, so that what runs there cannot reach it. ``audit`` is
    given out, and hears who took a backup.
    ``find_authority`` reads the certificate of the local authority, in PEM; ``pairings`` are the devices that the owner
    pairs, if that is offered.
    """

    def __init__(
        self,
        passes: Passes,
        *,
        private: Path,
        data_folder: Path | None = None,
        uploads: Uploads | None = None,
        find_overlays: Callable[[], str | None] = lambda: None,
        audit: AuditLog | None = None,
        find_authority: Callable[[], bytes | None] = lambda: None,
        pairings: Pairings | None = None,
    ) -> None:
        self._passes = passes
        self._pairing = None if pairings is None else PairingPages(pairings, find_authority)
        self._audit = audit
        self._record: Record = ignore if audit is None else audit.record
        self._find_overlays = find_overlays
        self._find_authority = find_authority
        self._uploads = uploads
        self._data_folder = data_folder
        folder = built_console()
        self._files = None if folder is None else StaticFolder(folder, private=private)

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        try:
            response = await self._answer(request)
        except web.HTTPException as error:
            response = error
        framed = _as_reached(self._find_overlays(), request) or "'none'"
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value.replace("{framed}", framed))
        if response.headers.get("Cache-Control") is None:
            response.headers["Cache-Control"] = "no-store"
        if isinstance(response, web.HTTPException):
            raise response
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if path == "/pass":
            return await self._answer_pass(request)
        if path == "/upload" and self._uploads is not None:
            return await self._answer_upload(request, self._uploads)
        if path.startswith("/backups/"):
            return self._answer_backup(request, unquote(path.removeprefix("/backups/")))
        if path == "/audit" and self._audit is not None:
            return await self._answer_audit(request, self._audit)
        if self._pairing is not None and (path == PAIR_PATH or path.startswith(PAIR_FOLDER)):
            return await self._pairing.respond(request)
        if request.method not in ("GET", "HEAD"):
            raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD"))
        if path == AUTHORITY_PATH:
            return self._answer_authority()
        if self._files is None:
            raise web.HTTPNotFound(text=_NOT_BUILT)
        response = self._files.respond("index.html" if path == "/" else path.removeprefix("/"))
        if path.startswith("/assets/"):
            # Their names change with what is in them.
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    async def _answer_pass(self, request: web.BaseRequest) -> web.Response:
        """``POST`` exchanges a code for a pass, ``GET`` tells a pass's id, ``DELETE`` gives a pass back."""
        check_same_origin(request)
        if request.method in ("GET", "HEAD"):
            token = _bearer_token(request)
            known = self._passes.recognize(token) if self._passes.accepts(token) else None
            if known is None:
                raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
            return web.json_response({"id": known.id})
        if request.method == "DELETE":
            token = _bearer_token(request)
            known = self._passes.recognize(token)
            if known is None or not self._passes.revoke(token):
                raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
            self._record("pass", {"what": "returned", "name": known.name, "address": request.remote})
            return web.Response(status=HTTPStatus.NO_CONTENT)
        if request.method != "POST":
            raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD", "POST", "DELETE"))
        if request.content_type != "application/json":
            raise web.HTTPBadRequest(text="400: a code in JSON is wanted\n")
        try:
            code = msgspec.json.decode(await read_briefly(request), type=_CodeMessage).code
        except (msgspec.DecodeError, RecursionError):
            raise web.HTTPBadRequest(text="400: a code in JSON is wanted\n") from None
        address = "" if request.transport is None else place_of(request.transport).peer
        name = name_browser(request.headers.get("User-Agent", ""))
        exchanged = self._passes.exchange(code, name, address)
        if exchanged is None:
            self._record("refused", {"door": "console", "address": address, "reason": "a wrong link"})
            raise web.HTTPForbidden(text="403: this link was used already, or it is too old\n")
        self._record("pass", {"what": "given", "name": name, "address": address})
        return web.json_response({"token": exchanged})

    def _answer_backup(self, request: web.BaseRequest, name: str) -> web.StreamResponse:
        """Let the owner download a backup: a file of the backups' folder itself, not what a link in it leads to."""
        self._check_owner(request, "GET", "HEAD")
        backups = [] if self._data_folder is None else list_backups(self._data_folder)
        found = next((path for path in backups if path.name == name), None)
        if found is None or not _is_own_file(found):
            raise web.HTTPNotFound(text="404: there is no such backup\n")
        headers = {"Content-Type": "application/json", "Content-Disposition": f'attachment; filename="{name}"'}
        if request.method == "GET":
            self._record("reveal", {"area": "backup", "name": name, "address": request.remote})
        return web.FileResponse(found, headers=headers)

    async def _answer_audit(self, request: web.BaseRequest, audit: AuditLog) -> web.Response:
        """Let the owner download the audit log, all its files as one, while it goes on."""
        self._check_owner(request, "GET", "HEAD")
        chunks = audit.export()
        try:
            first = await asyncio.to_thread(next, chunks, b"")
        except OSError as error:
            raise web.HTTPInternalServerError(text=f"500: {error.strerror or error}\n") from error
        headers = {
            "Content-Type": "application/x-ndjson",
            "Content-Disposition": 'attachment; filename="audit.jsonl"',
        }
        return web.Response(body=_stream(first, chunks), headers=headers)

    async def _answer_upload(self, request: web.BaseRequest, uploads: Uploads) -> web.Response:
        """Take a file's bytes, as they are, from the owner."""
        self._check_owner(request, "POST")
        if (request.content_length or 0) > MAX_UPLOAD_BYTES:
            raise _too_large(request.content_length or 0)
        size = 0
        try:
            with uploads.receive() as (path, file):
                while chunk := await asyncio.wait_for(request.content.readany(), _PATIENCE_S):
                    size += len(chunk)
                    if size > MAX_UPLOAD_BYTES:
                        raise _too_large(size)
                    await asyncio.to_thread(file.write, chunk)
        except TooManyUploads:
            raise web.HTTPServiceUnavailable(text="503: too many uploads at a time\n") from None
        except (ClientPayloadError, ConnectionError):
            raise web.HTTPBadRequest(text="400: the file broke off\n") from None
        except TimeoutError:
            raise web.HTTPRequestTimeout(text="408: the rest of the file did not come\n") from None
        except OSError as error:
            logger.error("an upload could not be kept: %s", error)
            raise web.HTTPInsufficientStorage(text=f"507: {error.strerror}\n") from error
        return web.json_response({"path": str(path), "size": size})

    def _answer_authority(self) -> web.Response:
        """Give the local authority's certificate, which is public, in the form that systems install."""
        pem = self._find_authority()
        if pem is None:
            raise web.HTTPNotFound(text="404: there is no authority of ours in use\n")
        # As an attachment it might only be saved; so iPhones offer to install it, and Firefox does, too.
        headers = {"Content-Disposition": 'inline; filename="stagedoor-authority.crt"'}
        return web.Response(
            body=ssl.PEM_cert_to_DER_cert(pem.decode("ascii")),
            content_type="application/x-x509-ca-cert",
            headers=headers,
        )

    def _check_owner(self, request: web.BaseRequest, *methods: str) -> None:
        """Refuse what another page has sent, what shows no pass, and other methods."""
        check_same_origin(request)
        if not self._passes.accepts(_bearer_token(request)):
            self._record("refused", {"door": "console", "address": request.remote, "reason": "no pass, or a wrong one"})
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        if request.method not in methods:
            raise web.HTTPMethodNotAllowed(request.method, methods)


def built_console() -> Path | None:
    """Find the console's files, if they were built into this installation."""
    folder = Path(str(files("stagedoor"))) / "web"
    return folder if (folder / "index.html").is_file() else None


def _as_reached(overlays: str | None, request: web.BaseRequest) -> str | None:
    """Name the overlays' origin as a page reaches it that was itself reached with TLS: by the same name, with TLS."""
    if overlays is None or not request.secure:
        return overlays
    host = request.host.rpartition(":")[0] if request.url.explicit_port else request.host
    return f"https://{host}:{urlsplit(overlays).port}"


async def _stream(first: bytes, chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Send what threads read, a piece at a time."""
    while first:
        yield first
        first = await asyncio.to_thread(next, chunks, b"")


def _bearer_token(request: web.BaseRequest) -> str:
    """Read the pass that a request shows; empty, which is none, when it shows nothing."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _is_own_file(path: Path) -> bool:
    try:
        return path.is_file() and path.resolve(strict=True) == path.parent.resolve() / path.name
    except (OSError, RuntimeError):
        return False


def _too_large(size: int) -> web.HTTPRequestEntityTooLarge:
    text = f"413: more than {MAX_UPLOAD_BYTES >> 20} MiB\n"
    return web.HTTPRequestEntityTooLarge(MAX_UPLOAD_BYTES, size, text=text)


_NOT_BUILT: Final = """404: the console's files are not there

This stagedoor runs from its source, and the console has not been built.
With Node.js 20 or newer, `make web` builds it.
"""
