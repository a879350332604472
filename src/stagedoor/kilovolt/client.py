"""The Kilovolt client for asyncio: commands and subscriptions, over a connection that comes back.

The commands themselves are in :mod:`stagedoor.kilovolt.commands`, and a client for scripts without an event loop is in
:mod:`stagedoor.kilovolt.sync`.
"""

import asyncio
import copy
import logging
import ssl
from collections.abc import Callable, Iterator
from enum import Enum
from types import TracebackType
from typing import Final, Self, TypedDict
from urllib.parse import urlsplit

from stagedoor.kilovolt.commands import Commands
from stagedoor.kilovolt.connection import Connection, ConnectionOptions, name_of, open_connection
from stagedoor.kilovolt.errors import (
    AccessRevoked,
    ClientClosed,
    ConnectionLost,
    KilovoltError,
    LoginFailed,
    RequestTimeout,
)
from stagedoor.kilovolt.listener import QUEUE_LIMIT, Handler, Subscription, Watch
from stagedoor.kilovolt.login import AskMetadata, choose_login, log_in
from stagedoor.kilovolt.messages import Request
from stagedoor.kilovolt.reconnect import Reconnect
from stagedoor.kilovolt.subscription import Listener, Subscriptions, Topic
from stagedoor.types import Key

logger = logging.getLogger(__name__)

DEFAULT_URL: Final = "ws://localhost:4337/ws"


class State(Enum):
    """Where a client stands."""

    CONNECTING = "connecting"
    """On its way: opening a connection, logging in, subscribing."""

    CONNECTED = "connected"
    """Logged in, and every subscription is in place."""

    DISCONNECTED = "disconnected"
    """Without a connection until the next try."""

    CLOSED = "closed"
    """Not opened yet, closed, or given up; it stays so until ``connect()``."""


class ClientOptions(TypedDict, total=False):
    """The options of a client, as :class:`Client` explains them."""

    password: str | None
    token: str | None
    ask: AskMetadata | None
    reconnect: bool | Reconnect
    timeout_s: float
    ask_timeout_s: float
    connect_timeout_s: float
    ping_interval_s: float
    max_message_bytes: int
    ssl_context: ssl.SSLContext | None
    on_state: Callable[[State], object] | None


class Client(Commands):
    """A Kilovolt client: ``async with Client(url, password=…) as client``.

    A request that is made while the client reconnects waits for the connection. A request that waits for its answer
    when the connection is lost fails and is not repeated, since the server may have carried it out.

    Every method that talks to the server raises, besides what it says:
        CommandError: When the server refuses the command, in the class of its error code.
        ConnectionLost: When the connection is lost before the answer comes.
        RequestTimeout: When there is no answer within the client's ``timeout_s``.
        InvalidAnswer: When the answer has not the form that the protocol gives it.
        LoginFailed, ConnectionLost: What ended the client, if it does not reconnect any more.
        ClientClosed: Before :meth:`connect` and after :meth:`close`.
    and is safe to cancel: nothing is left behind, but the server may carry out what was already sent.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        password: str | None = None,
        token: str | None = None,
        ask: AskMetadata | None = None,
        reconnect: bool | Reconnect = True,
        timeout_s: float = 10.0,
        ask_timeout_s: float = 300.0,
        connect_timeout_s: float = 10.0,
        ping_interval_s: float = 20.0,
        max_message_bytes: int = 64 * 1024 * 1024,
        ssl_context: ssl.SSLContext | None = None,
        on_state: Callable[[State], object] | None = None,
    ) -> None:
        """Describe a client; :meth:`connect` opens it.

        Args:
            url: Where the server is, ``ws://`` or ``wss://``.
            password: The server's password. It is proved, not sent.
            token: What a server gave to an application that it remembers.
            ask: What to show to the server's user, who is asked to let this client in.
            reconnect: Whether, or how, to come back when the connection is lost.
            timeout_s: For the answer to a request, the wait for the connection included. A login may take 40 s.
            ask_timeout_s: For the user to answer the ask.
            connect_timeout_s: For one try to open a connection, without the login.
            ping_interval_s: Silence after which the server is pinged. No answer for as long again, and it counts
                as lost.
            max_message_bytes: The longest message to accept from the server.
            ssl_context: For ``wss://``; the system's certificates if left out.
            on_state: Called on the event loop with each new state. Must not block; what it raises is logged.
        Raises:
            ValueError: When the URL is none, or when more than one way to log in is given.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"ws", "wss"} or not parts.hostname:
            raise ValueError(f"a Kilovolt URL looks like {DEFAULT_URL}, not {url!r}")
        self.url = url
        self._login = choose_login(password, token, ask, ask_timeout_s)
        self._reconnect = Reconnect() if reconnect is True else reconnect or None
        self._timeout_s = timeout_s
        self._options = ConnectionOptions(
            connect_timeout_s=connect_timeout_s,
            ping_interval_s=ping_interval_s,
            max_message_bytes=max_message_bytes,
            ssl_context=ssl_context,
        )
        self._on_state = on_state

        self._state = State.CLOSED
        self._failure: KilovoltError | None = ClientClosed()
        self._connection: Connection | None = None
        self._subscriptions = Subscriptions()
        self._news = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._handlers: asyncio.TaskGroup

    def __repr__(self) -> str:
        return f"<Client {self.url} {self._state.value}>"

    @property
    def state(self) -> State:
        """Where the client stands now."""
        return self._state

    @property
    def pending_requests(self) -> int:
        """How many requests have been sent and wait for their answer."""
        return self._connection.pending_requests if self._connection else 0

    # --- open and close -------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self) -> None:
        """Connect and log in. A client that is open only waits until it is connected.

        The first connection is tried once, unless ``Reconnect(from_start=True)`` says otherwise.

        Raises:
            ConnectFailed: When no connection comes about.
            LoginFailed: When the server does not let this client in.
        Cancellation: safe; the client is then closed.
        """
        if self._failure is not None:
            await self.close()
        # Asked again, because another task may have come first meanwhile.
        if self._failure is not None:
            self._failure = None
            self._runner = asyncio.create_task(self._run(), name=f"Kilovolt client of {self.url}")
        try:
            while self._state is not State.CONNECTED:
                self._raise_failure()
                await self._news.wait()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End the connection, all subscriptions and their handlers, and wait until all of them have ended.

        Iterators end, requests that wait fail with :exc:`ClientClosed`. A closed client may be closed again, or be
        connected anew. Cancellation: safe; the client closes in the background.
        """
        self._failure = ClientClosed()
        runner = self._runner
        if runner is None:
            return
        runner.cancel()
        await asyncio.wait((runner,))
        if self._runner is runner:
            self._runner = None
        if not runner.cancelled():
            runner.result()

    # --- subscriptions --------------------------------------------------------------------------------------------

    def watch(self, key: Key, *, limit: int = QUEUE_LIMIT) -> Watch:
        """Make an iterator of the changes of ``key``: ``async with client.watch(key) as changes``.

        ``limit`` changes may wait to be taken; see :class:`~stagedoor.kilovolt.Watch`.
        """
        return Watch(Topic("key", key), self._join, self._subscriptions.remove, limit)

    def watch_prefix(self, prefix: str, *, limit: int = QUEUE_LIMIT) -> Watch:
        """Make an iterator of the changes of all keys that begin with ``prefix``; the empty one hears every key."""
        return Watch(Topic("prefix", prefix), self._join, self._subscriptions.remove, limit)

    async def subscribe(self, key: Key, handler: Handler, *, limit: int = QUEUE_LIMIT) -> Subscription:
        """Have ``handler`` called with each change of ``key``, from the server's confirmation on.

        Changes that happen while the client reconnects are not heard; the subscription itself comes back.

        Args:
            key: What to hear.
            handler: A plain or an asynchronous function; it gets a :class:`~stagedoor.kilovolt.Change`.
            limit: How many changes may wait for the handler; then the oldest are dropped.
        Returns:
            The way out: ``await subscription.cancel()``, or ``async with`` it.
        """
        return await self._subscribe(Topic("key", key), handler, limit)

    async def subscribe_prefix(self, prefix: str, handler: Handler, *, limit: int = QUEUE_LIMIT) -> Subscription:
        """Do as :meth:`subscribe` for all keys that begin with ``prefix``; the empty one hears every key."""
        return await self._subscribe(Topic("prefix", prefix), handler, limit)

    async def unsubscribe(self, key: Key) -> None:
        """End all handlers and iterators of ``key`` in this client; those of prefixes stay."""
        self._subscriptions.clear(Topic("key", key))

    async def unsubscribe_prefix(self, prefix: str) -> None:
        """End all handlers and iterators of exactly this ``prefix`` in this client."""
        self._subscriptions.clear(Topic("prefix", prefix))

    async def _subscribe(self, topic: Topic, handler: Handler, limit: int) -> Subscription:
        subscription = Subscription(topic, handler, self._subscriptions.remove, limit)
        await self._join(topic, subscription)
        self._raise_failure()
        self._handlers.create_task(subscription.run(), name=f"handler of {topic.name!r}")
        return subscription

    async def _join(self, topic: Topic, listener: Listener) -> None:
        self._raise_failure()
        await self._subscriptions.add(topic, listener, self._timeout_s)

    # --- requests -------------------------------------------------------------------------------------------------

    async def _send(self, request: Request, timeout_s: float | None = None) -> object:
        if timeout_s is None:
            timeout_s = self._timeout_s
        connection = self._connection
        if connection is not None and connection.is_open:
            return await connection.request(request, timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                connection = await self._wait_connection()
                return await connection.request(request, timeout_s)
        except RequestTimeout:
            raise
        except TimeoutError:
            raise RequestTimeout(name_of(request), timeout_s) from None

    async def _wait_connection(self) -> Connection:
        while self._connection is None or not self._connection.is_open:
            self._raise_failure()
            await self._news.wait()
        return self._connection

    def _raise_failure(self) -> None:
        if self._failure is not None:
            # A copy, because the same failure is raised to many callers, and raising it changes it.
            raise copy.copy(self._failure) from self._failure.__cause__

    # --- the life of the client -----------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Own everything that runs: the connections, one after the other, and the handlers."""
        failure: KilovoltError = ClientClosed()
        async with asyncio.TaskGroup() as self._handlers:
            try:
                failure = await self._stay_connected()
                logger.info("%s: gave up: %s", self.url, failure)
            finally:
                self._failure = failure
                self._subscriptions.end(failure)
                self._enter(State.CLOSED)

    async def _stay_connected(self) -> KilovoltError:
        """Connect again and again, and return what makes it pointless to go on."""
        may_retry = self._reconnect is not None and self._reconnect.from_start
        delays = self._delays()
        while True:
            self._enter(State.CONNECTING)
            try:
                connection = await self._open()
            except LoginFailed as error:
                return error
            except KilovoltError as error:
                problem = error
            else:
                delays, may_retry = self._delays(), self._reconnect is not None
                problem = await self._serve(connection)
            if not may_retry or isinstance(problem, AccessRevoked):
                return problem
            self._enter(State.DISCONNECTED)
            delay_s = next(delays)
            logger.info("%s: %s; next try in %.1f s", self.url, problem, delay_s)
            await asyncio.sleep(delay_s)

    async def _open(self) -> Connection:
        connection = await open_connection(self.url, self._options, self._subscriptions.dispatch)
        try:
            if self._login is not None:
                await log_in(connection, self._login, self._timeout_s)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _serve(self, connection: Connection) -> ConnectionLost:
        """Let requests use ``connection`` until it is lost."""
        try:
            self._connection = connection
            answers = self._subscriptions.attach(connection)
            self._announce()
            if answers:
                await asyncio.wait(answers, timeout=self._timeout_s)
            if connection.is_open:
                self._enter(State.CONNECTED)
                logger.info("%s: connected", self.url)
            return await connection.wait_lost()
        finally:
            self._connection = None
            self._subscriptions.detach()
            await connection.close()

    def _enter(self, state: State) -> None:
        self._state = state
        self._announce()
        if self._on_state is not None:
            try:
                self._on_state(state)
            except Exception:
                logger.exception("on_state failed at %s", state.value)

    def _announce(self) -> None:
        """Wake whoever waits for a state or a connection; each looks for itself whether it is the right one."""
        self._news.set()
        self._news = asyncio.Event()

    def _delays(self) -> Iterator[float]:
        return (self._reconnect or Reconnect()).delays_s()
