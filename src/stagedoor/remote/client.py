"""What a client does whatever it speaks: it connects, comes back when the connection is lost, and closes.

Requests, answers and subscriptions are left to the class that derives from this one.
"""

import asyncio
import copy
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar

from stagedoor.remote.connection import Connection
from stagedoor.remote.errors import ConnectionLost, ErrorClasses, RemoteError
from stagedoor.remote.reconnect import Reconnect
from stagedoor.remote.state import State

logger = logging.getLogger(__name__)

R = TypeVar("R")
C = TypeVar("C", bound=Connection[Any])


class RemoteClient(ABC, Generic[R, C]):
    """A client that sends requests of the type ``R`` over connections of the type ``C``."""

    errors: ClassVar[ErrorClasses]

    def __init__(
        self,
        url: str,
        *,
        reconnect: Reconnect | None,
        timeout_s: float,
        on_state: Callable[[State], object] | None,
    ) -> None:
        self.url = url
        self._reconnect = reconnect
        self._timeout_s = timeout_s
        self._on_state = on_state
        self._state = State.CLOSED
        self._failure: RemoteError | None = self.errors.client_closed()
        self._connection: C | None = None
        self._news = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._handlers: asyncio.TaskGroup

    @property
    def state(self) -> State:
        """Where the client stands now."""
        return self._state

    @property
    def pending_requests(self) -> int:
        """How many requests have been sent and wait for their answer."""
        return self._connection.pending_requests if self._connection else 0

    # --- what a protocol adds -------------------------------------------------------------------------------------

    @abstractmethod
    def _name_of(self, request: R) -> str:
        """Name a request for people."""

    @abstractmethod
    async def _open(self) -> C:
        """Open a connection and log in; what it raises is a :exc:`RemoteError`, and no connection is left behind."""

    @abstractmethod
    def _attach(self, connection: C) -> list[asyncio.Future[object]]:
        """Subscribe on a new connection; the client counts as connected when all these futures have ended."""

    @abstractmethod
    def _detach(self) -> None:
        """Hear that the connection is gone; another may follow."""

    @abstractmethod
    def _end(self, failure: RemoteError) -> None:
        """End all listeners: ``failure`` keeps the client from ever connecting again."""

    def _begin(self) -> None:
        """Hear that the client starts to connect; handlers may run from now on."""

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
            self._runner = asyncio.create_task(self._run(), name=f"client of {self.url}")
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
        self._failure = self.errors.client_closed()
        runner = self._runner
        if runner is None:
            return
        runner.cancel()
        await asyncio.wait((runner,))
        if self._runner is runner:
            self._runner = None
        if not runner.cancelled():
            runner.result()

    # --- requests -------------------------------------------------------------------------------------------------

    async def _send(self, request: R, timeout_s: float | None = None) -> object:
        """Send ``request``, over the next connection if there is none, and return its result.

        ``None`` means the client's ``timeout_s``.
        """
        if timeout_s is None:
            timeout_s = self._timeout_s
        connection = self._connection
        if connection is not None and connection.is_open:
            return await connection.request(request, timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                connection = await self._wait_connection()
                return await connection.request(request, timeout_s)
        except RemoteError:
            raise
        except TimeoutError:
            raise self.errors.request_timeout(self._name_of(request), timeout_s) from None

    async def _wait_connection(self) -> C:
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
        failure: RemoteError = self.errors.client_closed()
        async with asyncio.TaskGroup() as self._handlers:
            try:
                self._begin()
                failure = await self._stay_connected()
                logger.info("%s: gave up: %s", self.url, failure)
            finally:
                self._failure = failure
                self._end(failure)
                self._enter(State.CLOSED)

    async def _stay_connected(self) -> RemoteError:
        """Connect again and again, and return what makes it pointless to go on."""
        may_retry = self._reconnect is not None and self._reconnect.from_start
        delays = self._delays()
        level = logging.WARNING  # Whoever waits for a server that was never there should know.
        while True:
            self._enter(State.CONNECTING)
            try:
                connection = await self._open()
            except RemoteError as error:
                problem: RemoteError = error
            else:
                delays, may_retry = self._delays(), self._reconnect is not None
                level = logging.INFO
                problem = await self._serve(connection)
            if problem.is_final or not may_retry:
                return problem
            self._enter(State.DISCONNECTED)
            delay_s = next(delays)
            logger.log(level, "%s: %s; next try in %.1f s", self.url, problem, delay_s)
            level = logging.INFO
            await asyncio.sleep(delay_s)

    async def _serve(self, connection: C) -> ConnectionLost:
        """Let requests use ``connection`` until it is lost."""
        try:
            self._connection = connection
            answers = self._attach(connection)
            self._announce()
            if answers:
                await asyncio.wait(answers, timeout=self._timeout_s)
            if connection.is_open:
                self._enter(State.CONNECTED)
                logger.info("%s: connected", self.url)
            return await connection.wait_lost()
        finally:
            self._connection = None
            self._detach()
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
