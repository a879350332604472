"""Streamer.bot's HTTP server: its requests for programs that have no WebSocket, and its file mappings.

The methods answer under ``/api/`` and, as in older versions of the original, at the root. The original accepts every
page's request; here a foreign page gets 403, and from a browser ``DoAction`` is JSON or nothing, since a form on any
web site can send everything else. Source: Streamer.bot's documentation; the errors are ours.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import msgspec
from aiohttp import web

from stagedoor import keys
from stagedoor.access import NOBODY, Client, Doorkeeper, Grant, Level, OriginClass, OriginPolicy, Proof, is_own
from stagedoor.errors import NotPermitted, PeerError, ServiceFailed, StagedoorError
from stagedoor.hub import Hub
from stagedoor.net.foreign import ForeignPage, check_inclusion
from stagedoor.net.static import StaticFile, StaticFolder, moved
from stagedoor.net.switch import place_of
from stagedoor.streamerbot.messages import BadRequest, Members, Parameters, decode, encode
from stagedoor.streamerbot.reception import Reception, Source
from stagedoor.streamerbot.requests import REQUESTS
from stagedoor.streamerbot.requests.handler import ask
from stagedoor.streamerbot.session import refusal
from stagedoor.types import JsonObject, Key
from stagedoor.wire import Peer

logger = logging.getLogger(__name__)

Mapped = StaticFolder | StaticFile

_DO_ACTION: Final = "DoAction"

_CREDITS: Final[dict[str, Key]] = {"GetCredits": keys.CREDITS_GET, "TestCredits": keys.CREDITS_SAMPLE}
"""Answered in the shape that the HTTP server has always had."""

_CLEARING: Final[dict[str, Key]] = {"ClearCredits": keys.CREDITS_CLEAR, "ClearFirstWordsCache": keys.FIRST_WORDS_CLEAR}
"""What a GET changes; compatible, and guarded for it."""

_READING: Final = frozenset(name for name in REQUESTS if "Get" in name)

_RIGHT_NAMES: Final = {name.lower(): name for name in (_DO_ACTION, *_CREDITS, *_CLEARING, *_READING)}

_NOT_FOUND: Final = frozenset(("Action not found", "Variable not found"))

_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class _Refused(Exception):
    """A request that is answered with an HTTP error."""

    def __init__(self, status: HTTPStatus, problem: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, problem)
        self.status = status
        self.problem = problem
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class _Asker:
    """One HTTP request, as the requests' handlers see it."""

    client: Client
    reception: Reception

    def info(self) -> Members:
        """The answer to ``GetInfo``."""
        return self.reception.info(Source.HTTP)


class StreamerbotHttp:
    """Answers plain HTTP requests. ``files`` may be replaced at any time."""

    def __init__(self, hub: Hub, reception: Reception, origins: OriginPolicy) -> None:
        self.files: Mapping[str, Mapped] = {}
        self._hub = hub
        self._reception = reception
        self._origins = origins

    async def respond(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        origin = request.headers.get("Origin")
        headers = dict(_HEADERS)
        if origin is not None and self._may_read(origin):
            headers |= {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        try:
            return await self._answer(request, headers)
        except _Refused as refused:
            body = encode({"error": refused.problem})
            headers |= refused.headers
            return web.Response(status=refused.status, body=body, content_type="application/json", headers=headers)
        except ForeignPage as refused:
            refused.body = encode({"error": refused.problem})
            refused.content_type = "application/json"
            refused.headers.update(_HEADERS)
            raise

    def _may_read(self, origin: str) -> bool:
        """Tell whether scripts of a page may read answers: only by the owner's word, also on this machine."""
        origin_class = self._origins.classify(origin)
        return origin_class is OriginClass.LET_IN or (
            self._origins.trusts_all and origin_class is not OriginClass.FOREIGN
        )

    async def _answer(self, request: web.BaseRequest, headers: Mapping[str, str]) -> web.StreamResponse:
        path = request.rel_url.raw_path
        folder, _, method = path.rpartition("/")
        name = _RIGHT_NAMES.get(method.lower()) if folder in ("", "/api") else None
        if name is None:
            return self._find_file(request, path)
        peer = self._check_origin(request)
        if request.method == "OPTIONS" and "Access-Control-Allow-Origin" in headers:
            allowed = {"Access-Control-Allow-Methods": "GET, HEAD, POST"}
            allowed["Access-Control-Allow-Headers"] = "Content-Type, Authorization"
            return web.Response(status=HTTPStatus.NO_CONTENT, headers={**headers, **allowed})
        methods = ("POST",) if name == _DO_ACTION else ("GET",) if name in _CLEARING else ("GET", "HEAD")
        if request.method not in methods:
            allow = ", ".join(methods)
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"{name} is answered to {allow}", {"Allow": allow})
        client = await self._let_in(request, peer)
        try:
            members = await self._serve(name, request, _Asker(client, self._reception))
        except (BadRequest, StagedoorError) as error:
            raise _explain(error, client.grant) from error
        finally:
            client.close()
        if members is None:
            return web.Response(status=HTTPStatus.NO_CONTENT, headers=headers)
        return web.Response(body=encode(members), content_type="application/json", headers=headers)

    async def _serve(self, name: str, request: web.BaseRequest, asker: _Asker) -> Members | None:
        """Do what is asked; ``None`` for what has no answer."""
        if name == _DO_ACTION:
            parameters = Parameters(await self._read_body(request))
            await _settle(REQUESTS[name].handle(asker, parameters))
            return None
        if name in _CLEARING:
            await ask(asker.client, _CLEARING[name])
            return None
        if name in _CREDITS:
            return _in_old_shape(await ask(asker.client, _CREDITS[name]))
        return await _settle(REQUESTS[name].handle(asker, Parameters(dict(request.rel_url.query))))

    async def _read_body(self, request: web.BaseRequest) -> JsonObject:
        # Programs post JSON under any name: Loupedeck's plugin as text/plain, `curl -d` as a form. They send neither of
        # these headers; a browser sends at least one with a POST to another site, since `Origin` always (Fetch, 3.2).
        from_browser = "Origin" in request.headers or "Sec-Fetch-Site" in request.headers
        if from_browser and request.content_type != "application/json" and not self._origins.trusts_all:
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body has to be application/json")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large") from None
        try:
            return decode(body.decode())
        except UnicodeDecodeError:
            raise _Refused(HTTPStatus.BAD_REQUEST, "Invalid JSON") from None

    # --- who asks ---

    def _check_origin(self, request: web.BaseRequest) -> Peer:
        """Tell who asks; refuse a page of a foreign web site, also when its browser asks for it whether it may."""
        transport = request.transport
        if transport is None:
            raise _Refused(HTTPStatus.BAD_REQUEST, "the connection has gone")
        place = place_of(transport)
        origin = request.headers.get("Origin")
        own = origin is not None and is_own(origin, request.host, is_secure=place.is_secure)
        origin_class = self._origins.classify(origin, is_own=own)
        came_from_elsewhere = origin is None and request.headers.get("Sec-Fetch-Site") == "cross-site"
        if origin_class is OriginClass.FOREIGN or (came_from_elsewhere and not self._origins.trusts_all):
            raise ForeignPage(origin, "the owner has not let this origin in")
        return Peer(place.peer, origin, origin_class is OriginClass.OPAQUE, place.peer_port)

    async def _let_in(self, request: web.BaseRequest, peer: Peer) -> Client:
        """Decide what a request may do: by where it comes from, and by the password or token that it may bring."""
        doorkeeper = self._reception.doorkeeper
        grant = await self._prove(request, peer) or self._reception.grant_on_entry(peer)
        if grant is NOBODY:
            raise _Refused(HTTPStatus.UNAUTHORIZED, "Authentication required", {"WWW-Authenticate": "Bearer"})
        client = Client(self._hub, grant)
        doorkeeper.record_login(grant, peer.address, peer.origin)
        client.follow(lambda use, key: doorkeeper.record_use(grant, use, key, peer.address, peer.origin))
        return client

    async def _prove(self, request: web.BaseRequest, peer: Peer) -> Grant | None:
        """Give the grant of what a request shows, if it shows something that is right."""
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        doorkeeper = self._reception.doorkeeper
        proof, delay_s = doorkeeper.judge_password(shown.strip(), peer.address, peer.origin)
        if delay_s:
            try:
                await asyncio.sleep(delay_s)
            finally:
                doorkeeper.waited(peer.address, peer.origin)
        return None if proof is None else _what_it_lets_do(proof, doorkeeper)

    # --- files ---

    def _find_file(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        name, _, rest = path.removeprefix("/").partition("/")
        mapped = self.files.get(unquote(name))
        if mapped is None:
            raise _Refused(HTTPStatus.NOT_FOUND, "there is no such method")
        check_inclusion(request, self._origins)
        if request.method not in ("GET", "HEAD"):
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, "files can be read only", {"Allow": "GET, HEAD"})
        raw_query = request.rel_url.raw_query_string
        with contextlib.suppress(web.HTTPNotFound):
            if isinstance(mapped, StaticFile):
                return mapped.respond(path.removeprefix(f"/{name}"))
            if path == f"/{name}":
                raise moved(f"/{name}/", raw_query)
            return mapped.respond(rest, raw_query)
        raise _Refused(HTTPStatus.NOT_FOUND, "there is no such file")


def map_files(mappings: Mapping[str, Path], *, private: Path) -> dict[str, Mapped]:
    """Open the folders and files that are to be served.

    Raises:
        ValueError: When a name or a path cannot be used.
    """
    mapped: dict[str, Mapped] = {}
    for name, path in mappings.items():
        name = name.strip("/")
        if not name or "/" in name or name.lower() == "api":
            raise ValueError(f"{name!r} cannot be the name of a file mapping")
        is_file = path.expanduser().is_file()
        mapped[name] = StaticFile(path, private=private) if is_file else StaticFolder(path, private=private)
    return mapped


def _what_it_lets_do(proof: Proof, doorkeeper: Doorkeeper) -> Grant | None:
    """Tell what a proof is good for still, after a wait."""
    visitor = object()
    grant = doorkeeper.enter(proof, visitor, lambda departure: None)
    doorkeeper.forget(visitor)
    return grant


async def _settle(answer: object) -> Members:
    if isinstance(answer, dict):
        return answer
    members: Members = await answer  # type: ignore[misc]  # a handler's only other kind of answer
    return members


def _explain(error: BadRequest | StagedoorError, grant: Grant) -> _Refused:
    if isinstance(error, NotPermitted):
        if grant.level is not Level.GUEST:
            return _Refused(HTTPStatus.FORBIDDEN, refusal(grant))
        return _Refused(HTTPStatus.UNAUTHORIZED, "Authentication required", {"WWW-Authenticate": "Bearer"})
    problem = error.problem if isinstance(error, BadRequest) else str(error)
    if problem in _NOT_FOUND:
        return _Refused(HTTPStatus.NOT_FOUND, problem)
    if isinstance(error, ServiceFailed):
        return _Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
    if isinstance(error, (BadRequest, PeerError)):
        return _Refused(HTTPStatus.BAD_REQUEST, problem)
    logger.error("a request over HTTP failed", exc_info=error)
    return _Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")


# --- credits in their old shape ---

_OLD_EVENTS: Final = {
    "follows": "Follows",
    "cheers": "Cheers",
    "subs": "Subs",
    "resubs": "ReSubs",
    "giftsubs": "GiftSubs",
    "giftbombs": "GiftBombs",
    "raided": "Raided",
    "rewardredemptions": "RewardRedemptions",
    "goalcontributions": "GoalContributions",
    "gameupdates": "GameUpdates",
    "pyramids": "Pyramids",
}
_OLD_USERS: Final = {
    "editors": "Editors",
    "moderators": "Moderator",
    "subscribers": "Subscriber",
    "vips": "VIPs",
    "users": "Users",
}


def _in_old_shape(members: Members) -> Members:
    credits_: dict[str, dict[str, list[str]]] = {
        area: msgspec.json.decode(members[area]) for area in ("events", "users", "hypeTrain", "top", "groups", "custom")
    }
    events, users, top = credits_["events"], credits_["users"], credits_["top"]
    return {
        "Events": {old: events.get(new, []) for new, old in _OLD_EVENTS.items()},
        "HypeTrainConductor": credits_["hypeTrain"].get("conductors", []),
        "HypeTrainContributors": credits_["hypeTrain"].get("contributors", []),
        "User": credits_["groups"] | {old: users.get(new, []) for new, old in _OLD_USERS.items()},
        "Custom": credits_["custom"],
        "TopBits": {
            "All": top.get("allBits", []),
            "Month": top.get("monthBits", []),
            "Week": top.get("weekBits", []),
        },
        "TopChannelRewards": top.get("channelRewards", []),
    }
