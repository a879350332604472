"""A door: one address where connections come in, all of them checked before anything else happens.

It listens, keeps count of its connections, looks after silent ones, and sees them out at the end. What is said at the
door is for the handlers and the HTTP responder that it is given.
"""

import asyncio
import errno
import logging
import os
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Protocol

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from picows import WSListener

from stagedoor.access import Asker, OriginClass, Record, is_host_allowed, is_own
from stagedoor.audit import ignore
from stagedoor.audit.flood import FloodGate
from stagedoor.errors import DoorError
from stagedoor.json_text import shorten
from stagedoor.net.connection import GOING_AWAY, Connection, Handler
from stagedoor.net.foreign import ForeignPage
from stagedoor.net.head import Head
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.net.programs import find_listener
from stagedoor.net.switch import FirstBytes, Place, Refused, place_of
from stagedoor.net.tls import NoTls, Tls

logger = logging.getLogger(__name__)

_BACKLOG: Final = 4096
"""Connections that may wait in the kernel while the loop is busy; systems cut it to their own maximum."""

_SWEEP_S: Final = 1.0
"""How often connections are looked at for silence and missing logins."""

_ACCEPTORS: Final = 8 if os.name == "posix" else 1
"""How many connections to one address can come in during one turn of the loop.

libuv accepts one a turn for each handle that listens, but on Windows, where more are under way. (Seen with 1.52.) While
a door is busy, the last of two hundred who come at once would have to wait for as many long turns, behind the requests
of all before it. So several handles listen with one socket."""

_FREE_PORT_TRIES: Final = 5

_SERVER: Final = "stagedoor"

_http_logger: Final = logging.getLogger("stagedoor.net.http")


def _is_our_fault(record: logging.LogRecord) -> bool:
    """Leave out what aiohttp calls an error of its handler and is a stranger's: a malformed request, or one whose
    sender has gone before its body was there. Anybody could fill the log with it."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, (HttpProcessingError, ConnectionResetError))


_http_logger.addFilter(_is_our_fault)

_MAX_SHOWN: Final = 200
"""Characters that are told of what a stranger chose."""

_SEE_OUT_S: Final = 2.0
"""How long the end waits for the other sides to say goodbye."""


class _HttpConnection(web.RequestHandler):
    """aiohttp's protocol, which tells its name in its own answers to what it cannot read, too."""

    __slots__ = ()

    def handle_error(self, *args: Any, **kwargs: Any) -> web.StreamResponse:
        """Make the answer to what went wrong."""
        response = super().handle_error(*args, **kwargs)
        response.headers["Server"] = _SERVER
        response.headers["X-Content-Type-Options"] = "nosniff"  # it may quote the request
        return response


@dataclass(frozen=True, slots=True)
class Visitor:
    """A connection at the moment when it comes in."""

    address: str
    port: int
    origin: str | None
    origin_class: OriginClass


class Origins(Protocol):
    """A door's rule for where pages may come from."""

    @property
    def is_decided(self) -> bool:
        """Whether what the owner has said of an origin counts."""
        ...

    def classify(self, origin: str | None, *, is_own: bool = False) -> OriginClass:
        """Tell what an origin, perhaps the door's own, makes of a connection."""
        ...

    def refused(self, origin: str, asker: Asker) -> None:
        """Hear that a page was refused because of its origin."""
        ...


MakeHandler = Callable[[Visitor], Handler]
Respond = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What goes on at a door, for people who look."""

    addresses: list[str]
    connections: int
    accepted: int
    """Connections since the start."""
    refused: int
    """Upgrades that were answered with an HTTP error, and plain requests of pages that may not come in, or for another
    host."""


class _Listener(NamedTuple):
    """One address where a door listens."""

    servers: list[asyncio.Server]
    address: tuple[str, int]


class Door:
    """One address, for WebSocket and HTTP alike."""

    def __init__(
        self,
        name: str,
        *,
        sockets: Mapping[str, MakeHandler],
        respond: Respond,
        turn: Turn,
        limits: Limits,
        origins: Origins,
        host_names: frozenset[str] = frozenset(),
        tls: Tls | None = None,
        plain_paths: Collection[str] = (),
        record: Record = ignore,
    ) -> None:
        """``sockets`` names the paths that can be upgraded, each with its protocol; ``tls`` is the rule for encryption.
        ``record`` enters into the audit log who was refused.

        ``plain_paths`` may be had in plain text by everybody: what one needs before one can trust our certificate. One
        that ends with a slash stands for all that is below it.
        """
        self.name = name
        self.limits = limits
        self._sockets = sockets
        self._turn = turn
        self.origins = origins
        self._record = record
        self._told = FloodGate(dict)
        """What was refused, by its reason: the log is for people, and a stranger must not fill it."""
        self._host_names = host_names
        self._tls = tls or NoTls()
        self._plain_paths = frozenset(plain_paths)
        self._plain_folders = tuple(path for path in plain_paths if path.endswith("/"))
        self._respond = respond
        self._http = web.Server(self._answer_http)
        self._listeners: list[_Listener] = []
        self._waiting: dict[asyncio.Transport, float] = {}
        self._handshakes: dict[asyncio.Transport, None] = {}
        self._connections: dict[Connection, None] = {}
        self._by_origin: Counter[str] = Counter()
        self._accepted = 0
        self._refused = 0
        self._is_empty = asyncio.Event()
        self._sweeper: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    # --- listening ---

    async def listen(self, host: str, port: int) -> None:
        """Begin to listen; ``localhost`` means both loopback families, port 0 any free one.

        Of several hosts between commas, those that are not this machine's now are left out.

        Raises:
            DoorError: When that address cannot be had; it says who holds it if that can be known.
        """
        self._listeners += await self._listen(host, port)

    async def move(self, address: tuple[str, int] | None, settle: Callable[[], Awaitable[None]]) -> None:
        """Listen somewhere else instead, or nowhere; who has come in stays.

        ``settle`` is awaited when the new address is had and the old one not yet let go; what it raises leaves the door
        where it was. One port on other addresses of this machine, as from ``localhost`` to all of them, is let go
        first, since it cannot be had twice; for that moment nobody can come in.

        Raises:
            DoorError: As :meth:`listen` does; the door stays where it was.
        Cancellation: safe; it stays where it was.
        """
        old = self._listeners
        lets_go_first = address is not None and any(port == address[1] for _, port in self.addresses)
        if lets_go_first:
            self._let_go(old)
        try:
            new = [] if address is None else await self._listen(*address)
            try:
                await settle()
            except BaseException:
                self._let_go(new)
                raise
        except BaseException:
            if lets_go_first:
                self._listeners = []
                await self._return_to([listener.address for listener in old])
            raise
        if not lets_go_first:
            self._let_go(old)
        self._listeners = new

    async def _listen(self, host: str, port: int) -> "list[_Listener]":
        try:
            bound = _bind_all(await asyncio.to_thread(_resolve, host), port)
            handles = [[sock, *(sock.dup() for _ in range(_ACCEPTORS - 1))] for sock in bound]
        except OSError as error:
            raise DoorError(self.name, f"{host}:{port}", await asyncio.to_thread(_explain, error, port)) from error
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(_SWEEP_S, self._sweep)
        return [_Listener([await self._serve(one) for one in each], each[0].getsockname()[:2]) for each in handles]

    async def _serve(self, sock: socket.socket) -> asyncio.Server:
        return await self._loop.create_server(lambda: FirstBytes(self), sock=sock, backlog=_BACKLOG)

    async def _return_to(self, addresses: list[tuple[str, int]]) -> None:
        for address in addresses:
            try:
                await self.listen(*address)
            except DoorError as error:
                logger.error("%s", error)

    def _let_go(self, listeners: "list[_Listener]") -> None:
        for listener in listeners:
            for server in listener.servers:
                server.close()

    @property
    def is_open(self) -> bool:
        """Whether it listens at all."""
        return bool(self._listeners)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens."""
        return [listener.address for listener in self._listeners]

    @property
    def port(self) -> int:
        """The port where it listens."""
        return self.addresses[0][1]

    @property
    def connections(self) -> list[Connection]:
        """Those who are there, in the order in which they came."""
        return list(self._connections)

    def statistics(self) -> Statistics:
        """Count what goes on."""
        return Statistics(
            addresses=[f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.addresses],
            connections=len(self._connections),
            accepted=self._accepted,
            refused=self._refused,
        )

    # --- coming in ---

    def accept(self, head: Head, place: Place) -> Callable[[], WSListener]:
        """Check an upgrade: first whom it means, then where it comes from, then whether there is room."""
        try:
            self._check_host(head.all("host"), place, may_lack_port=head.get("origin") is None)
            self._check_tls("wss", head.all("host")[0], head.target, place)
            make_handler = self._sockets.get(head.path)
            if make_handler is None:
                raise Refused(HTTPStatus.NOT_FOUND, "there is no WebSocket at this path")
            origin = head.get("origin")
            origin_class = self._classify(origin, head, place)
            if origin_class is OriginClass.FOREIGN:
                self._tell_of_page(origin, place)
                raise Refused(HTTPStatus.FORBIDDEN, "the owner has not let this origin in")
            if len(self._connections) >= self.limits.connections or (
                origin is not None and self._by_origin[origin] >= self.limits.connections_an_origin
            ):
                raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections")
        except Refused as refused:
            self._refused += 1
            if refused.status is HTTPStatus.MISDIRECTED_REQUEST:
                self._tell_of_host(head.get("host"), place)
            raise

        def make_listener() -> WSListener:
            handler = make_handler(Visitor(place.peer, place.peer_port, origin, origin_class))
            connection = Connection(
                handler,
                self._turn,
                self.limits,
                peer=place.peer,
                port=place.peer_port,
                origin=origin,
                gone=self._connection_gone,
            )
            self._connections[connection] = None
            self._accepted += 1
            if origin is not None:
                self._by_origin[origin] += 1
            return connection

        return make_listener

    def _classify(self, origin: str | None, head: Head, place: Place) -> OriginClass:
        """A page of the door's own, from ``/static/``, is local by whatever checked name it was reached."""
        own = origin is not None and is_own(origin, head.get("host") or "", is_secure=place.is_secure)
        return self.origins.classify(origin, is_own=own)

    def _check_host(self, hosts: list[str], place: Place, *, may_lack_port: bool = False) -> None:
        """Refuse who means somebody else.

        The port may be left out by programs: npm's ``nodejs-websocket`` and PyPI's ``simple-websocket`` do so. A
        browser never does, and says where its pages come from when they open a WebSocket.
        """
        default_port = 443 if place.is_secure else 80
        is_allowed = is_host_allowed(
            hosts,
            port=place.local_port,
            local_address=place.local_address,
            names=self._host_names.union(self._tls.names) if place.is_secure else self._host_names,
            default_port=place.local_port if may_lack_port else default_port,
        )
        if not is_allowed:
            raise Refused(HTTPStatus.MISDIRECTED_REQUEST, "this door has another name")

    def _check_tls(self, scheme: str, host: str, target: str, place: Place) -> None:
        """Refuse plain text from where it would have come over a network. The ``Host`` has been checked."""
        if place.is_secure or not self._tls.refuses_plain(place.peer):
            return
        raise Refused(
            HTTPStatus.UPGRADE_REQUIRED,
            f"what goes over a network is encrypted here: use {scheme}://{host}{target}",
            # Source: RFC 9110, section 15.5.22, which wants the header, and section 7.8.
            {"Upgrade": "TLS/1.2, HTTP/1.1"},
        )

    def _may_be_plain(self, path: str) -> bool:
        return path in self._plain_paths or path.startswith(self._plain_folders)

    def http_protocol(self) -> asyncio.Protocol:
        """Make aiohttp's protocol for one connection; the oldest one gives way when there are too many."""
        there = self._http.connections
        if len(there) >= self.limits.http_connections and (oldest := there[0].transport) is not None:
            oldest.abort()
        return _HttpConnection(
            self._http,
            loop=self._loop,
            logger=_http_logger,
            access_log=None,  # type: ignore[arg-type]  # what turns it off
            max_line_size=self.limits.head_bytes,
            max_field_size=self.limits.head_bytes,
            # What is packed stays so: a short message cannot become a long one, and a file is taken as it is.
            auto_decompress=False,
        )

    async def _answer_http(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer without telling which version of what answers."""
        try:
            response = await self._choose_answer(request)
        except web.HTTPException as error:
            error.headers["Server"] = _SERVER
            raise
        response.headers["Server"] = _SERVER
        return response

    async def _choose_answer(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        if transport is None:
            raise web.HTTPBadRequest
        place = place_of(transport)
        hosts = request.headers.getall("Host", [])
        try:
            self._check_host(hosts, place)
            if request.host != hosts[0]:
                # A target may name a host, too, and whoever compares origins later would go by that.
                raise Refused(HTTPStatus.MISDIRECTED_REQUEST, "this door has another name")
            if not (request.method in ("GET", "HEAD") and self._may_be_plain(request.rel_url.raw_path)):
                self._check_tls("https", request.host, request.rel_url.raw_path_qs, place)
        except Refused as refused:
            if refused.status is HTTPStatus.MISDIRECTED_REQUEST:
                self._refused += 1
                self._tell_of_host(request.host if hosts else None, place)
            headers = {**refused.headers, "X-Content-Type-Options": "nosniff"}
            if "Upgrade" in headers:
                headers["Connection"] = "upgrade"
            text = f"{refused.status.value} {refused.reason}\n"
            return web.Response(status=refused.status, text=text, headers=headers)
        if "upgrade" in request.headers and "websocket" in request.headers["upgrade"].lower():
            raise web.HTTPBadRequest(text="open a new connection for WebSocket\n")
        if request.path in self._sockets:
            return web.Response(
                status=HTTPStatus.UPGRADE_REQUIRED,
                text="this is a WebSocket\n",
                headers={"Upgrade": "websocket", "Connection": "Upgrade"},
            )
        try:
            return await self._respond(request)
        except ForeignPage as page:
            self._refused += 1
            self._tell_of_page(page.origin, place)
            raise

    def _tell_of_page(self, origin: str | None, place: Place) -> None:
        """Tell that a page was refused for where it comes from, and have the owner asked about its site."""
        facts = {} if origin is None else {"origin": shorten(origin, _MAX_SHOWN)}
        site = facts.get("origin", "another web site")
        self._tell_of_refused("a page of a foreign web site", f"a page of {site}", place, facts)
        if origin is not None:
            self.origins.refused(origin, Asker(place.peer, origin, place.peer_port))

    def _tell_of_host(self, host: str | None, place: Place) -> None:
        facts = {"host": shorten(host, _MAX_SHOWN)}
        self._tell_of_refused("a name that is not this machine's", f"a request for {facts['host']!r}", place, facts)

    def _tell_of_refused(self, reason: str, what: str, place: Place, facts: dict[str, str]) -> None:
        """Record a refusal, and log the first one of its reason within a minute."""
        self._record("refused", {"door": self.name, "address": place.peer, "reason": reason, **facts})
        if self._told.admit(reason, {}, self._loop.time()) is not None:
            logger.warning("the %s door refused %s", self.name, what)

    def sum_up_refused(self, at: float) -> None:
        """Log how many more were refused, for each reason whose minute is over at a time of the loop."""
        for reason, facts in self._told.sum_up(at):
            logger.warning("the %s door refused %s more within a minute: %s", self.name, facts["count"], reason)

    def joined(self, transport: asyncio.Transport) -> None:
        """Hear of a connection whose first bytes are awaited; too many of those are cut."""
        self._waiting[transport] = self._loop.time()
        if len(self._waiting) > self.limits.connections:
            _abort_first(self._waiting)

    def left(self, transport: asyncio.Transport) -> None:
        """Hear that this connection was handed over, or has gone."""
        self._waiting.pop(transport, None)

    @property
    def tls_context(self) -> ssl.SSLContext | None:
        """What to encrypt a new connection with; ``None`` when only plain text is spoken."""
        return self._tls.context

    def handshake_begun(self, transport: asyncio.Transport) -> None:
        """Hear of a connection that shakes hands for TLS; too many of those are cut."""
        self._handshakes[transport] = None
        if len(self._handshakes) > self.limits.handshakes:
            _abort_first(self._handshakes)

    def handshake_ended(self, transport: asyncio.Transport) -> None:
        """Hear that it has done so, or has gone."""
        self._handshakes.pop(transport, None)

    def _connection_gone(self, connection: Connection) -> None:
        if self._connections.pop(connection, connection) is None and connection.origin is not None:
            self._by_origin[connection.origin] -= 1
            if not self._by_origin[connection.origin]:
                del self._by_origin[connection.origin]
        if not self._connections:
            self._is_empty.set()

    # --- looking after ---

    def _sweep(self) -> None:
        """Ping the silent, give up the dead, close who says nothing at all or should have logged in."""
        now = self._loop.time()
        for transport, since in list(self._waiting.items()):
            if now - since > self.limits.head_timeout_s:
                transport.abort()
        for connection in list(self._connections):
            connection.look_after(now)
        self.sum_up_refused(now)
        self._sweeper = self._loop.call_later(_SWEEP_S, self._sweep)

    # --- the end ---

    async def close(self) -> None:
        """Listen no more, tell everybody goodbye (1001), and wait a moment for their answers."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._let_go(self._listeners)
        for transport in (*self._waiting, *self._handshakes):
            transport.abort()
        self._is_empty.clear()
        for connection in list(self._connections):
            connection.close(GOING_AWAY, "stagedoor is closing")
        if self._connections:
            try:
                async with asyncio.timeout(_SEE_OUT_S):
                    await self._is_empty.wait()
            except TimeoutError:
                for connection in list(self._connections):
                    connection.abort()
        await self._http.shutdown(_SEE_OUT_S)


def _abort_first(transports: dict[asyncio.Transport, Any]) -> None:
    """Cut the one that has waited for longest."""
    first = next(iter(transports))
    del transports[first]
    first.abort()


def _resolve(host: str) -> list[tuple[socket.AddressFamily, str]]:
    """Turn the host of an option, or its hosts, to addresses; every one of them will be listened on."""
    if "," in host:
        return list(dict.fromkeys(address for one in host.split(",") for address in _resolve(one)))
    if host == "localhost":
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _bind_all(hosts: list[tuple[socket.AddressFamily, str]], port: int) -> list[socket.socket]:
    """Bind every address of a host at one port. A port that is free for one family may be taken for the other."""
    for tries_left in reversed(range(_FREE_PORT_TRIES if port == 0 else 1)):
        bound: list[socket.socket] = []
        absent: OSError | None = None
        try:
            for family, address in hosts:
                try:
                    bound.append(_bind(family, address, bound[0].getsockname()[1] if bound else port))
                except OSError as error:
                    if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                        raise
                    absent = error  # a machine without IPv6, or in another network than usual
            if absent is not None and not bound:
                raise absent
        except OSError as error:
            for sock in bound:
                sock.close()
            if not tries_left or error.errno != errno.EADDRINUSE:
                raise
        else:
            return bound
    raise AssertionError("the last try either binds or raises")


def _bind(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.bind((address, port))
        if os.name == "posix":
            # Where SO_REUSEADDR lets two sockets bind one address, only listening finds the other out.
            sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _explain(error: OSError, port: int) -> str:
    if error.errno != errno.EADDRINUSE:
        return error.strerror or str(error)
    holder = find_listener(port)
    return f"{holder} listens there already" if holder else "another program listens there already"
