"""Pairing over HTTP: the page that a phone opens, and the requests that it makes.

The page may be had in plain text, for it explains how to trust our certificate. All else is for TLS alone, whoever
asks: neither a code nor a pass goes over the network as it is.

``POST /pair`` with ``{"code"}`` answers ``{"id", "number", "expires_in_s"}``, with ``{"id"}`` it waits for a while and
answers ``{"state"}``, and a ``token`` with the state ``allowed``. ``DELETE /pair`` with ``{"id"}`` takes it back. What
fails has a ``problem`` in one word.
"""

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import Callable
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from stagedoor.access import Asker, PairingRefused, Pairings
from stagedoor.access.asks import LIFETIME_S
from stagedoor.access.pairing import State, Trouble
from stagedoor.net.requests import check_same_origin, name_browser, read_briefly
from stagedoor.net.static import StaticFolder
from stagedoor.net.switch import place_of

PAIR_PATH: Final = "/pair"
PAIR_FOLDER: Final = "/pair/"
"""Below it are the page's files, what it has to know, and what it tries with TLS."""

_HOLD_S: Final = 20.0
"""How long an answer may wait for the owner's: less than what is between them lets a request wait."""

_STATUS_OF: Final = {Trouble.BUSY: HTTPStatus.TOO_MANY_REQUESTS}


class _Message(msgspec.Struct):
    code: str | None = None
    id: str | None = None


class PairingPages:
    """Answers what begins with ``/pair`` on the console's door."""

    def __init__(self, pairings: Pairings, find_authority: Callable[[], bytes | None]) -> None:
        self._pairings = pairings
        self._find_authority = find_authority
        self._files = StaticFolder(Path(str(files("stagedoor"))) / "pair", private=None)

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.rel_url.raw_path
        if path == PAIR_PATH and request.method in ("POST", "DELETE"):
            return await self._answer_device(request)
        if request.method not in ("GET", "HEAD"):
            allowed = ("GET", "HEAD", "POST", "DELETE") if path == PAIR_PATH else ("GET", "HEAD")
            raise web.HTTPMethodNotAllowed(request.method, allowed)
        if path == f"{PAIR_FOLDER}facts":
            return self._tell_facts()
        if path == f"{PAIR_FOLDER}reach":
            # The page in plain text tries whether this can be had with TLS. That is another origin to a browser.
            headers = {"Cross-Origin-Resource-Policy": "cross-origin"}
            return web.Response(status=HTTPStatus.NO_CONTENT, headers=headers)
        return self._files.respond("index.html" if path == PAIR_PATH else path.removeprefix(PAIR_FOLDER))

    def _tell_facts(self) -> web.Response:
        """Tell which authority has to be trusted, if it is one of ours."""
        pem = self._find_authority()
        der = None if pem is None else ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))
        return web.json_response({"fingerprint": None if der is None else hashlib.sha256(der).hexdigest()})

    async def _answer_device(self, request: web.BaseRequest) -> web.Response:
        assert request.transport is not None
        place = place_of(request.transport)
        if not place.is_secure:
            raise web.HTTPUpgradeRequired(
                text="426: pairing is for https alone\n", headers={"Upgrade": "TLS/1.2, HTTP/1.1"}
            )
        check_same_origin(request)
        message = await _read(request)
        if message.id is not None:
            return await self._answer_waiting(message.id, is_over=request.method == "DELETE")
        if message.code is None or request.method == "DELETE":
            raise _bad_request()
        delay_s = self._pairings.judge(message.code, place.peer)
        if delay_s is None:
            return _problem(HTTPStatus.TOO_MANY_REQUESTS, "slow")
        if delay_s:
            await asyncio.sleep(delay_s)
            self._pairings.waited(place.peer)
        name = name_browser(request.headers.get("User-Agent", ""))
        try:
            attempt = self._pairings.begin(message.code, Asker(place.peer, None, place.peer_port), name)
        except PairingRefused as refused:
            return _problem(_STATUS_OF.get(refused.trouble, HTTPStatus.FORBIDDEN), refused.trouble)
        return web.json_response({"id": attempt.id, "number": attempt.number, "expires_in_s": LIFETIME_S})

    async def _answer_waiting(self, attempt_id: str, *, is_over: bool) -> web.Response:
        attempt = self._pairings.find(attempt_id)
        if attempt is None:
            return _problem(HTTPStatus.NOT_FOUND, "gone")
        if is_over:
            self._pairings.give_up(attempt)
            return web.Response(status=HTTPStatus.NO_CONTENT)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HOLD_S):
                await attempt.ended.wait()
        if attempt.state is State.ALLOWED:
            token = self._pairings.collect(attempt)
            if token is None:
                return _problem(HTTPStatus.NOT_FOUND, "gone")
            return web.json_response({"state": attempt.state.value, "token": token})
        return web.json_response({"state": attempt.state.value})


async def _read(request: web.BaseRequest) -> _Message:
    if request.content_type != "application/json":
        raise _bad_request()
    try:
        return msgspec.json.decode(await read_briefly(request), type=_Message)
    except (msgspec.DecodeError, RecursionError):
        raise _bad_request() from None


def _bad_request() -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text="400: a code or an id in JSON is wanted\n")


def _problem(status: HTTPStatus, word: str) -> web.Response:
    return web.json_response({"problem": word}, status=status)
