"""A fake Twitch that listens: one port on this computer for HTTP and WebSocket."""

import asyncio
from types import TracebackType
from typing import Final, NamedTuple, Self

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from stagedoor.fake_twitch.clock import Clock
from stagedoor.fake_twitch.deadlines import Deadlines
from stagedoor.fake_twitch.eventsub import EventSub
from stagedoor.fake_twitch.faults import Faults, Refusal
from stagedoor.fake_twitch.helix import ROUTES, Call, Route
from stagedoor.fake_twitch.login import Login
from stagedoor.fake_twitch.people import User
from stagedoor.fake_twitch.refused import Refused
from stagedoor.fake_twitch.tokens import HELIX_POINTS, Application, Token, Tokens
from stagedoor.fake_twitch.topics import ALL_SCOPES
from stagedoor.fake_twitch.world import World
from stagedoor.types import JsonObject

SCOPES: Final = tuple(
    sorted(
        {
            *ALL_SCOPES,
            *(scope for route in ROUTES.values() for scope in route.scopes),
            "user:write:chat",
            "user:bot",
            "channel:bot",
            "user:read:email",
        }
    )
)
"""Every scope that something here takes."""


class Urls(NamedTuple):
    """Where the parts of this Twitch are. None ends in a slash."""

    auth: str
    """In place of ``https://id.twitch.tv/oauth2``."""
    api: str
    """In place of ``https://api.twitch.tv/helix``."""
    eventsub: str
    """In place of ``wss://eventsub.wss.twitch.tv/ws``."""
    subscriptions: str
    """In place of ``https://api.twitch.tv/helix/eventsub/subscriptions``."""


class Asked(NamedTuple):
    """A call that was made, for a test to look at afterwards."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: JsonObject
    status: int


class FakeTwitch:
    """An async context manager: Twitch is there inside it.

    ``port`` 0 takes any that is free. Tokens expire by ``clock``, and keepalives and deadlines of EventSub go by it.
    """

    client_id: Final = "fake0confidential0client0id000"
    client_secret: Final = "fake0secret0of0that0client0000"  # noqa: S105
    public_client_id: Final = "fake0public0client0id000000000"
    """A client without a secret, whose refresh tokens work once."""

    def __init__(self, *, clock: Clock | None = None, world: World | None = None, port: int = 0) -> None:
        self.world = world or World(clock)
        self.clock = self.world.clock
        self.tokens = Tokens(self.clock)
        for application in (
            Application(self.client_id, "stagedoor", self.client_secret),
            Application(self.public_client_id, "stagedoor (public)", None),
        ):
            self.tokens.applications[application.id] = application
        self.eventsub = EventSub(self.world, self.tokens)
        self.faults: Faults = self.eventsub.faults
        self.calls: list[Asked] = []
        """Every call of Helix and id.twitch.tv, in their order."""
        self._port = port
        self._made_calls = asyncio.Event()

    async def __aenter__(self) -> Self:
        server = web.Application(middlewares=[self._watch])
        server.add_routes(Login(self.world, self.tokens, self.faults, lambda: self.address).routes())
        server.add_routes([web.get("/ws", self.eventsub.serve)])
        # twitch-cli's mock has Helix at these two places, and @twurple looks for it there.
        for prefix in ("/helix", "/mock"):
            server.router.add_route("*", prefix + "{path:/.*}", self._helix)
        server.router.add_route("*", "/eventsub/subscriptions", self._helix)
        self._runner = web.AppRunner(server, access_log=None, shutdown_timeout=1.0)
        self._deadlines = Deadlines(self.world)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.eventsub.url = self.urls.eventsub
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._deadlines.close()
        self.eventsub.cut()
        await self._runner.cleanup()

    @property
    def address(self) -> str:
        """Where it listens, ``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def urls(self) -> Urls:
        """Where its parts are."""
        return Urls(
            auth=f"{self.address}/oauth2",
            api=f"{self.address}/helix",
            eventsub=f"ws://127.0.0.1:{self._port}/ws",
            subscriptions=f"{self.address}/helix/eventsub/subscriptions",
        )

    # -- What a person does --------------------------------------------------------------------------------------------

    def issue_token(
        self, user: User | str | None = None, scopes: tuple[str, ...] | list[str] | None = None, *, client_id: str = ""
    ) -> Token:
        """A user's token without a login; by default the owner's, with all scopes, for the confidential client."""
        application = self.tokens.application(client_id or self.client_id)
        owner = self.world.owner if user is None else self.world.user(user)
        return self.tokens.issue(application, owner, SCOPES if scopes is None else tuple(scopes))

    def approve_device(
        self, user_code: str, user: User | str | None = None, scopes: tuple[str, ...] | list[str] | None = None
    ) -> None:
        """Allow a device in, by default as the owner and with the scopes that it asks for."""
        device = self.tokens.device_of(user_code)
        if scopes is not None:
            device.scopes = tuple(scopes)
        device.user = self.world.owner if user is None else self.world.user(user)

    def deny_device(self, user_code: str) -> None:
        """Send a device away."""
        self.tokens.device_of(user_code).is_denied = True

    def disconnect(self, user: User | str) -> None:
        """Take back all that a user has granted, as on Twitch's page of connections."""
        account = self.world.user(user)
        self.tokens.disconnect(account)
        self.eventsub.revoke("", "authorization_revoked", user=account)

    def calls_of(self, path: str, method: str | None = None) -> list[Asked]:
        """The calls of one path, such as ``/helix/chat/messages``."""
        return [call for call in self.calls if call.path == path and method in (None, call.method)]

    async def called(self, path: str, times: int = 1) -> list[Asked]:
        """Wait until a path has been called so many times."""
        while len(found := self.calls_of(path)) < times:
            await self._made_calls.wait()
        return found

    # -- Calls ---------------------------------------------------------------------------------------------------------

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Write down each call, and be slow or break off if asked to."""
        if request.path == "/ws":
            return await handler(request)
        if self.faults.broken_calls > 0 and request.transport is not None:
            self.faults.broken_calls -= 1
            request.transport.abort()
            return web.Response()
        if self.faults.delay_s:
            await self.clock.sleep_until(self.clock.now() + self.faults.delay_s)
        body = await _body(request)
        response = self._refuse_login(request.path) or await handler(request)
        query = {name: request.query.getall(name) for name in request.query}
        self.calls.append(Asked(request.method, request.path, query, body, response.status))
        self._made_calls.set()
        self._made_calls = asyncio.Event()
        return response

    async def _helix(self, request: web.Request) -> web.Response:
        try:
            route = ROUTES.get((request.method, request.match_info.get("path", request.path)))
            if route is None:
                raise Refused(404, "Not Found")
            refusal = self._refusal(request.path)
            if refusal is not None and refusal.status == 401:
                raise Refused(401, refusal.message)
            token = self._authenticate(request)
            left, full_at = self.tokens.spend(token)
            if refusal is not None and refusal.reset_in_s is not None:
                left, full_at = 0, self.clock.now() + refusal.reset_in_s
            response = self._answer(request, route, token, refusal, await _body(request), is_over=left < 0)
            response.headers.update(
                {
                    "Ratelimit-Limit": str(HELIX_POINTS),
                    "Ratelimit-Remaining": str(max(left, 0)),
                    "Ratelimit-Reset": str(round(full_at)),
                }
            )
        except Refused as refused:
            return refused.answer()
        return response

    def _refuse_login(self, path: str) -> web.Response | None:
        """The error that a call of id.twitch.tv is to get, if any; one that names no path is meant for Helix."""
        if not path.startswith(("/oauth2", "/auth")):
            return None
        refusal = self._refusal(path.replace("/auth", "/oauth2", 1), "/oauth2")
        return None if refusal is None else Refused(refusal.status, refusal.message).answer(is_helix=False)

    def _refusal(self, path: str, among: str = "") -> Refusal | None:
        """The error that this call is to get, if any; ``among`` is how the refusal's own path has to begin."""
        for refusal in self.faults.refusals:
            if path.startswith(refusal.path) and refusal.path.startswith(among):
                refusal.times -= 1
                if refusal.times <= 0:
                    self.faults.refusals.remove(refusal)
                return refusal
        return None

    def _authenticate(self, request: web.Request) -> Token:
        client_id = request.headers.get("Client-Id", "")
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if not text or kind.lower() not in ("bearer", "oauth"):
            raise Refused(401, "OAuth token is missing")
        token = self.tokens.find(text)
        if token is None:
            raise Refused(401, "Invalid OAuth token")
        if not client_id:
            raise Refused(401, "Client ID is missing")
        if client_id != token.application.id:
            raise Refused(401, "Client ID and OAuth token do not match")
        return token

    def _answer(
        self,
        request: web.Request,
        route: Route,
        token: Token,
        refusal: Refusal | None,
        body: JsonObject,
        *,
        is_over: bool,
    ) -> web.Response:
        try:
            if refusal is not None:
                raise Refused(refusal.status, refusal.message)
            if is_over:
                raise Refused(429, "")
            if route.scopes and not set(route.scopes) & set(token.scopes):
                raise Refused(401, f"Missing scope: {' or '.join(route.scopes)}")
            answer = route.handler(Call(self.world, self.eventsub, token, request.query, body))
        except Refused as refused:
            return refused.answer()
        return web.Response(status=204) if answer is None else web.json_response(answer, status=route.success)


async def _body(request: web.Request) -> JsonObject:
    """A call's body, of JSON or of a form; empty if it is neither."""
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(await request.post())
    try:
        body = msgspec.json.decode(await request.read() or b"{}")
    except msgspec.DecodeError:
        return {}
    return body if isinstance(body, dict) else {}
