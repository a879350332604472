"""The Kilovolt client for asyncio: commands and subscriptions, over a connection that comes back.

The commands themselves are in :mod:`stagedoor.kilovolt.commands`, and a client for scripts without an event loop is in
:mod:`stagedoor.kilovolt.sync`.
"""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypedDict
from urllib.parse import urlsplit

from stagedoor.kilovolt.commands import Commands
from stagedoor.kilovolt.connection import Connection, name_of, open_connection
from stagedoor.kilovolt.errors import ERRORS
from stagedoor.kilovolt.listener import Handler, Subscription, Watch
from stagedoor.kilovolt.login import AskMetadata, choose_login, log_in
from stagedoor.kilovolt.messages import Request
from stagedoor.kilovolt.subscription import Change, Subscriptions, Topic
from stagedoor.remote.connection import ConnectionOptions
from stagedoor.remote.errors import RemoteError
from stagedoor.remote.listener import QUEUE_LIMIT, Listener
from stagedoor.remote.reconnect import Reconnect
from stagedoor.remote.state import State
from stagedoor.remote.trust import choose_trust
from stagedoor.types import Key

DEFAULT_URL: Final = "ws://localhost:4337/ws"


class ClientOptions(TypedDict, total=False):
    """The options of a client, as :class:`Client` explains them."""

    password: str | None
    token: str | None
    ask: AskMetadata | None
    token_file: Path | None
    reconnect: bool | Reconnect
    timeout_s: float
    ask_timeout_s: float
    connect_timeout_s: float
    ping_interval_s: float
    max_message_bytes: int
    ssl_context: ssl.SSLContext | None
    authority: Path | None
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
        token: str | None = None,
        ask: AskMetadata | None = None,
        token_file: Path | None = None,
        reconnect: bool | Reconnect = True,
        timeout_s: float = 10.0,
        ask_timeout_s: float = 300.0,
        connect_timeout_s: float = 10.0,
        ping_interval_s: float = 20.0,
        max_message_bytes: int = 64 * 1024 * 1024,
        ssl_context: ssl.SSLContext | None = None,
        authority: Path | None = None,
        on_state: Callable[[State], object] | None = None,
    ) -> None:
        """Describe a client; :meth:`connect` opens it.

        Args:
            url: Where the server is, ``ws://`` or ``wss://``.
            password: The server's password, or an overlay key of a stagedoor. It is proved, not sent.
            token: What a server gave to an application that it remembers.
            ask: What to show to the server's user, who is asked to let this client in. When the user lets it in for
                good, it is not asked again for as long as this object lives.
            token_file: Where to keep, for this user alone, the token that such an ask gives, for the next start. It is
                tried before the user is asked, and removed when the server refuses it.
            reconnect: Whether, or how, to come back when the connection is lost.
            timeout_s: For the answer to a request, the wait for the connection included. A login may take 40 s.
            ask_timeout_s: For the user to answer the ask.
            connect_timeout_s: For one try to open a connection, without the login.
            ping_interval_s: Silence after which the server is pinged. No answer for as long again, and it counts
                as lost.
            max_message_bytes: The longest message to accept from the server.
            ssl_context: For ``wss://``; the system's certificates if left out.
            authority: For ``wss://``, instead: the file of the one authority to trust, such as the certificate that
                ``stagedoor tls authority`` writes.
            on_state: Called on the event loop with each new state. Must not block; what it raises is logged.
        Raises:
            ValueError: When the URL is none, when more than one way to log in is given, or a ``token_file`` without an
                ``ask``, or when the ``authority`` is none.
            OSError: When the file of the ``authority`` cannot be read.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"ws", "wss"} or not parts.hostname:
            raise ValueError(f"a Kilovolt URL looks like {DEFAULT_URL}, not {url!r}")
        if reconnect is True:
            reconnect = Reconnect()
        super().__init__(url, reconnect=reconnect or None, timeout_s=timeout_s, on_state=on_state)
        self._login = choose_login(password, token, ask, ask_timeout_s, token_file)
        self._options = ConnectionOptions(
            connect_timeout_s=connect_timeout_s,
            ping_interval_s=ping_interval_s,
            max_message_bytes=max_message_bytes,
            ssl_context=choose_trust(ssl_context, authority),
        )
        self._subscriptions = Subscriptions()
        self._scopes: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return f"<Client {self.url} {self._state.value}>"

    @property
    def scopes(self) -> tuple[str, ...] | None:
        """What the owner lets this client touch, as the last login told; ``None`` for everything but secrets."""
        return self._scopes

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

    async def _join(self, topic: Topic, listener: Listener[Change]) -> None:
        self._raise_failure()
        await self._subscriptions.add(topic, listener, self._timeout_s)

    # --- the life of the client -----------------------------------------------------------------------------------

    def _name_of(self, request: Request) -> str:
        return name_of(request)

    async def _open(self) -> Connection:
        connection = await open_connection(self.url, self._options, self._subscriptions.dispatch)
        try:
            if self._login is not None:
                self._scopes = await log_in(connection, self._login, self._timeout_s)
        except BaseException:
            await connection.close()
            raise
        return connection

    def _attach(self, connection: Connection) -> list[asyncio.Future[object]]:
        return self._subscriptions.attach(connection)

    def _detach(self) -> None:
        self._subscriptions.detach()

    def _end(self, failure: RemoteError) -> None:
        self._subscriptions.end(failure)
