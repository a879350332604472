"""The Streamer.bot client for asyncio: requests and events, over a connection that comes back.

The requests themselves are in :mod:`stagedoor.streamerbot.client.requests`, and a client for scripts without an event
loop is in :mod:`stagedoor.streamerbot.client.sync`.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypedDict, TypeVar, overload
from urllib.parse import urlsplit

from stagedoor.remote.connection import ConnectionOptions
from stagedoor.remote.errors import RemoteError
from stagedoor.remote.listener import QUEUE_LIMIT, Listener, check_limit
from stagedoor.remote.reconnect import Reconnect
from stagedoor.remote.state import State
from stagedoor.remote.trust import choose_trust
from stagedoor.streamerbot.client.connection import Connection, Request, encode, open_connection
from stagedoor.streamerbot.client.errors import (
    ERRORS,
    RequestRefused,
    RequestTimeout,
    ResponseTimeout,
)
from stagedoor.streamerbot.client.event import Event
from stagedoor.streamerbot.client.listener import Handler, Response, Subscription, Watch
from stagedoor.streamerbot.client.login import Welcome, log_in
from stagedoor.streamerbot.client.patterns import EventList, Events, Topic, parse_events, read_event_types
from stagedoor.streamerbot.client.requests import Requests
from stagedoor.streamerbot.client.results import Info
from stagedoor.streamerbot.client.subscription import Subscriptions
from stagedoor.streamerbot.events import CATALOGUE
from stagedoor.types import JsonObject

logger = logging.getLogger(__name__)

DEFAULT_URL: Final = "ws://127.0.0.1:8080/"

_CUSTOM_EVENT: Final = parse_events("Custom.Event")

HandlerT = TypeVar("HandlerT", bound=Handler)


class ClientOptions(TypedDict, total=False):
    """The options of a client, as :class:`Client` explains them."""

    password: str | None
    reconnect: bool | Reconnect
    timeout_s: float
    connect_timeout_s: float
    ping_interval_s: float
    max_message_bytes: int
    ssl_context: ssl.SSLContext | None
    authority: Path | None
    on_state: Callable[[State], object] | None
    on_message: Callable[[JsonObject], object] | None


class _Standing:
    """A handler that :meth:`Client.on` registered: it outlives connections, and the closing of the client, too."""

    def __init__(self, topic: Topic, handler: Handler, limit: int) -> None:
        self.topic = topic
        self.handler = handler
        self.limit = limit
        self.subscription: Subscription | None = None
        """While the client is open."""


class Client(Requests):
    """A Streamer.bot client: ``async with Client(url, password=…) as client``.

    A request that is made while the client reconnects waits for the connection. A request that waits for its answer
    when the connection is lost fails and is not repeated, since the server may have carried it out.

    Every method that talks to the server raises, besides what it says:
        RequestRefused: When the server refuses the request, with the server's words; as NotPermitted when its owner
            does not let this client make it.
        ConnectionLost: When the connection is lost before the answer comes.
        RequestTimeout: When there is no answer within the client's ``timeout_s``.
        InvalidAnswer: When the answer has not the form that the protocol gives it.
        LoginFailed, ConnectionLost: What ended the client, if it does not reconnect any more; an AccessRevoked when
            the server's owner took the access back.
        ClientClosed: Before :meth:`connect` and after :meth:`close`.
    and is safe to cancel: nothing is left behind, but the server may carry out what was already sent.
    """

    errors = ERRORS

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        password: str | None = None,
        reconnect: bool | Reconnect = True,
        timeout_s: float = 10.0,
        connect_timeout_s: float = 10.0,
        ping_interval_s: float = 20.0,
        max_message_bytes: int = 64 * 1024 * 1024,
        ssl_context: ssl.SSLContext | None = None,
        authority: Path | None = None,
        on_state: Callable[[State], object] | None = None,
        on_message: Callable[[JsonObject], object] | None = None,
    ) -> None:
        """Describe a client; :meth:`connect` opens it.

        Args:
            url: Where the server is, ``ws://`` or ``wss://``, its endpoint included.
            password: The server's password, or an overlay key of a stagedoor. It is proved, not sent; a server that
                asks for none does not get to know of it. ``""`` is as good as none.
            reconnect: Whether, or how, to come back when the connection is lost. ``True`` also waits for a server that
                is not there yet.
            timeout_s: For the answer to a request, the wait for the connection included.
            connect_timeout_s: For one try to open a connection, without the login.
            ping_interval_s: Silence after which the server is pinged. No answer for as long again, and it counts
                as lost.
            max_message_bytes: The longest message to accept from the server.
            ssl_context: For ``wss://``; the system's certificates if left out.
            authority: For ``wss://``, instead: the file of the one authority to trust, such as the certificate that
                ``stagedoor tls authority`` writes.
            on_state: Called on the event loop with each new state. Must not block; what it raises is logged.
            on_message: Called on the event loop with each message as it came, be it understood or not. Must not
                block; what it raises is logged.
        Raises:
            ValueError: When the URL is none, or the ``authority`` is none.
            OSError: When the file of the ``authority`` cannot be read.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"ws", "wss"} or not parts.hostname:
            raise ValueError(f"a Streamer.bot URL looks like {DEFAULT_URL}, not {url!r}")
        if reconnect is True:
            reconnect = Reconnect(from_start=True)
        super().__init__(url, reconnect=reconnect or None, timeout_s=timeout_s, on_state=on_state)
        self._password = password
        self._options = ConnectionOptions(
            connect_timeout_s=connect_timeout_s,
            ping_interval_s=ping_interval_s,
            max_message_bytes=max_message_bytes,
            ssl_context=choose_trust(ssl_context, authority),
        )
        self._on_message = on_message
        self._welcome = Welcome(Info(), is_authenticated=False)
        self._known = EventList({})
        self._subscriptions = Subscriptions()
        self._standing: list[_Standing] = []
        self._is_running = False

    def __repr__(self) -> str:
        return f"<Client {self.url} {self._state.value}>"

    @property
    def info(self) -> Info:
        """What the application said of itself when the client last connected."""
        return self._welcome.info

    @property
    def is_authenticated(self) -> bool:
        """Whether the password was proved on the last connection; a server without authentication wants no proof."""
        return self._welcome.is_authenticated

    # --- events ---------------------------------------------------------------------------------------------------

    @overload
    def on(self, events: Events, *, limit: int = QUEUE_LIMIT) -> Callable[[HandlerT], HandlerT]: ...
    @overload
    def on(self, events: Events, handler: HandlerT, *, limit: int = QUEUE_LIMIT) -> HandlerT: ...

    def on(
        self, events: Events, handler: HandlerT | None = None, *, limit: int = QUEUE_LIMIT
    ) -> HandlerT | Callable[[HandlerT], HandlerT]:
        """Register a handler, as a decorator or with two arguments; before or after :meth:`connect`.

            @client.on("Twitch.Follow")
            async def thank(event: Event) -> None: ...

        It hears the events from the next connection on, or soon, if there is one; :meth:`subscribe` waits for that.
        It stays registered until :meth:`off` or :meth:`unsubscribe`, also when the client is closed and opened again.

        Args:
            events: ``"Source.Type"``, ``"Source.*"``, ``"*"``, several of these, or types by source.
            handler: A plain or an asynchronous function; it gets one :class:`~stagedoor.streamerbot.Event` after the
                other. What it raises is logged.
            limit: How many events may wait for the handler; then the oldest are dropped.
        Raises:
            ValueError: When no event has such a name, or the limit is none.
        """
        topic = parse_events(events)
        check_limit(limit)

        def register(handler: HandlerT) -> HandlerT:
            standing = _Standing(topic, handler, limit)
            self._standing.append(standing)
            if self._is_running:
                self._start(standing)
            return handler

        return register if handler is None else register(handler)

    def off(self, events: Events | None = None, handler: Handler | None = None) -> None:
        """Take back what :meth:`on` registered: for these events, or for all; every handler, or one.

        The handler gets nothing more, not even what waits, unless it hears other events.

        Raises:
            ValueError: When neither events nor a handler are given.
        """
        if events is None and handler is None:
            raise ValueError("name the events, the handler, or both")
        topic = None if events is None else {pattern.folded for pattern in parse_events(events)}
        for standing in list(self._standing):
            if handler is not None and standing.handler != handler:
                continue
            gone = [pattern for pattern in standing.topic if topic is None or pattern.folded in topic]
            standing.topic = Topic(pattern for pattern in standing.topic if pattern not in gone)
            if standing.subscription is not None:
                self._subscriptions.remove(gone, standing.subscription)
            if not standing.topic:
                self._standing.remove(standing)
                if standing.subscription is not None:
                    standing.subscription.close()

    def watch(self, events: Events, *, limit: int = QUEUE_LIMIT) -> Watch:
        """Make an iterator of events: ``async with client.watch("Twitch.*") as events``.

        ``limit`` events may wait to be taken; see :class:`~stagedoor.streamerbot.Watch`.

        Raises:
            ValueError: When no event has such a name.
        """
        return Watch(parse_events(events), self._join, self._subscriptions.remove, limit)

    async def subscribe(self, events: Events, handler: Handler, *, limit: int = QUEUE_LIMIT) -> Subscription:
        """Have ``handler`` called with each of these events, from the server's confirmation on.

        Events that happen while the client reconnects are not heard; the subscription itself comes back.

        Args:
            events: ``"Source.Type"``, ``"Source.*"``, ``"*"``, several of these, or types by source. Wildcards stand
                for what the server lists, on each connection anew. A name that it does not list is asked for anyway.
            handler: A plain or an asynchronous function; it gets an :class:`~stagedoor.streamerbot.Event`.
            limit: How many events may wait for the handler; then the oldest are dropped.
        Returns:
            The way out: ``await subscription.cancel()``, or ``async with`` it.
        Raises:
            ValueError: When no event has such a name.
        """
        topic = parse_events(events)
        subscription = Subscription(topic, handler, self._subscriptions.remove, limit)
        await self._join(topic, subscription)
        self._raise_failure()
        self._handlers.create_task(subscription.run(), name=f"handler of {topic.name!r}")
        return subscription

    async def unsubscribe(self, events: Events) -> None:
        """Let nobody in this client hear these events any more: no handler and no iterator that named them.

        Those that named a wildcard or single events beside go on to hear those.
        """
        self.off(events)
        self._subscriptions.clear(parse_events(events))

    async def _join(self, topic: Topic, listener: Listener[Event]) -> None:
        self._raise_failure()
        await self._subscriptions.add(topic, listener, self._timeout_s)

    def _start(self, standing: _Standing) -> None:
        """Let a registered handler hear."""
        topic = standing.topic
        subscription = Subscription(topic, standing.handler, self._subscriptions.remove, standing.limit)
        standing.subscription = subscription
        self._subscriptions.join(topic, subscription)
        self._handlers.create_task(subscription.run(), name=f"handler of {topic.name!r}")

    # --- requests -------------------------------------------------------------------------------------------------

    async def send(self, message: JsonObject) -> None:
        """Send any JSON object as it is; what the server answers is heard by ``on_message`` alone."""
        text = encode(message)
        try:
            async with asyncio.timeout(self._timeout_s):
                connection = await self._wait_connection()
        except TimeoutError:
            raise RequestTimeout("send", self._timeout_s) from None
        connection.tell(text)

    async def _round_trip(self, request: Request, event_name: str, timeout_s: float) -> tuple[JsonObject, JsonObject]:
        response = Response(event_name)
        # First of all, because a short action may answer before the server reads another request.
        await self._join(_CUSTOM_EVENT, response)
        try:
            answer = await self._ask(request)
            async with asyncio.timeout(timeout_s):
                return answer, await response.wait()
        except TimeoutError as error:
            if isinstance(error, RemoteError):
                raise
            raise ResponseTimeout(request.name, timeout_s, event_name) from None
        finally:
            self._subscriptions.remove(_CUSTOM_EVENT, response)

    # --- the life of the client -----------------------------------------------------------------------------------

    def _name_of(self, request: Request) -> str:
        return request.name

    def _begin(self) -> None:
        self._is_running = True
        for standing in self._standing:
            self._start(standing)

    async def _open(self) -> Connection:
        connection = await open_connection(self.url, self._options, self._subscriptions.dispatch, self._on_message)
        try:
            self._welcome = await log_in(connection, self._password, self._timeout_s)
            self._known = await self._list_events(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _list_events(self, connection: Connection) -> EventList:
        """Fetch the events that the server has; those that we know of when it does not say."""
        try:
            answer = await connection.request(Request("GetEvents"), self._timeout_s)
        except (RequestRefused, RequestTimeout) as error:
            logger.warning("%s: %s; wildcards stand for the events known here", self.url, error)
        else:
            types = read_event_types(answer.get("events") if isinstance(answer, dict) else None)
            if types:
                return EventList(types)
            logger.warning("%s: the server lists no events; wildcards stand for the events known here", self.url)
        return EventList(CATALOGUE.names())

    def _attach(self, connection: Connection) -> list[asyncio.Future[object]]:
        return self._subscriptions.attach(connection, self._known)

    def _detach(self) -> None:
        self._subscriptions.detach()

    def _end(self, failure: RemoteError) -> None:
        self._is_running = False
        self._subscriptions.end(failure)
        for standing in self._standing:
            standing.subscription = None
