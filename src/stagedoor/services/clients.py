"""Tells the owner who is connected, and sends somebody away."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final, Protocol

import msgspec

from stagedoor.access import Client, is_loopback
from stagedoor.errors import RequestFailed
from stagedoor.keys import CLIENTS, DISCONNECT
from stagedoor.types import ClientId, Value

logger = logging.getLogger(__name__)

POLICY_VIOLATION: Final = 1008
"""The close code of who is sent away."""

_LOOK_UP_TIMEOUT_S: Final = 1.0
"""How long the answer waits for the names of programs."""


class Connection(Protocol):
    """What is told of one connection."""

    @property
    def peer(self) -> str:
        """The address of the other end."""
        ...

    @property
    def port(self) -> int:
        """The port of the other end."""
        ...

    @property
    def origin(self) -> str | None:
        """Where a page comes from."""
        ...

    @property
    def made_at_ms(self) -> int:
        """When it was made, in Unix milliseconds."""
        ...

    @property
    def received(self) -> int:
        """Messages that came."""
        ...

    @property
    def sent(self) -> int:
        """Messages that went."""
        ...

    @property
    def queued_bytes(self) -> int:
        """What waits for the other end to read."""
        ...

    @property
    def client(self) -> Client | None:
        """The hub's client behind it; ``None`` once it ends."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Begin to end it."""
        ...


class Door(Protocol):
    """Where connections come in."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def connections(self) -> Iterable[Connection]:
        """Those who are there."""
        ...


class Credential(msgspec.Struct):
    """A remembered application, an overlay key, or a browser with a pass."""

    kind: str
    id: str


class Connected(msgspec.Struct):
    """One connection, as the owner sees it."""

    id: str
    """As ``_uid`` tells it to the client itself."""
    door: str
    address: str
    port: int
    origin: str | None
    program: str | None
    """What runs on this machine at the other end, if the system tells."""
    ground: str
    """How it was let in."""
    level: str
    """How far its grant goes: ``owner``, ``application``, ``scoped``, ``overlay``, ``guest`` or ``nobody``."""
    credential: Credential | None
    """What of its the owner can take back, by kind and id."""
    scopes: tuple[str, ...] | None
    """What it may touch, where the level alone does not say."""
    since_ms: int
    received: int
    """Messages, as are those sent."""
    sent: int
    queued_bytes: int
    subscriptions: int
    """Keys and prefixes that it hears."""


class _Disconnect(msgspec.Struct):
    id: str


class Clients:
    """Answers the requests.

    ``find_programs`` names the programs of this machine whose connections have these ports; it may block for a while.
    A program is looked for once a connection, in a thread.
    """

    def __init__(
        self,
        client: Client,
        doors: Callable[[], Iterable[Door]],
        find_programs: Callable[[Collection[int]], dict[int, str]],
    ) -> None:
        self._doors = doors
        self._find_programs = find_programs
        self._programs: dict[ClientId, str | None] = {}
        """Of the connections that were looked at."""
        self._look_up: asyncio.Task[None] | None = None
        client.serve(CLIENTS, self._list)
        client.serve(DISCONNECT, self._disconnect)

    async def close(self) -> None:
        """Look for nothing any more."""
        if self._look_up is not None:
            self._look_up.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._look_up

    def _connected(self) -> Iterator[tuple[Door, Connection, Client]]:
        for door in self._doors():
            for connection in door.connections:
                if (client := connection.client) is not None:
                    yield door, connection, client

    async def _list(self, value: Value) -> Value:
        await self._learn_programs()
        return msgspec.json.encode([self._describe(*connected) for connected in self._connected()]).decode()

    def _describe(self, door: Door, connection: Connection, client: Client) -> Connected:
        grant = client.grant
        return Connected(
            id=str(client.id),
            door=door.name,
            address=connection.peer,
            port=connection.port,
            origin=connection.origin,
            program=self._programs.get(client.id),
            ground=grant.ground,
            level=grant.level.name.lower(),
            credential=None if grant.credential is None else Credential(*grant.credential),
            scopes=None if grant.scopes is None else grant.scopes.words,
            since_ms=connection.made_at_ms,
            received=connection.received,
            sent=connection.sent,
            queued_bytes=connection.queued_bytes,
            subscriptions=client.subscription_count,
        )

    async def _learn_programs(self) -> None:
        """Wait a moment for the names of all that are there; who asks meanwhile waits for the same look."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_UP_TIMEOUT_S):
                if self._look_up is not None:
                    await asyncio.shield(self._look_up)
                if any(client.id not in self._programs for _, _, client in self._connected()):
                    if self._look_up is None:
                        self._look_up = asyncio.get_running_loop().create_task(self._look())
                    await asyncio.shield(self._look_up)

    async def _look(self) -> None:
        """Look for the programs of all connections that are new, and forget those of connections that have gone."""
        try:
            known = self._programs
            there = {client.id: connection for _, connection, client in self._connected()}
            ports = {one.port for id_, one in there.items() if id_ not in known and is_loopback(one.peer)}
            found = await asyncio.to_thread(self._find_programs, ports) if ports else {}
            self._programs = {
                id_: known[id_] if id_ in known else found.get(one.port) if is_loopback(one.peer) else None
                for id_, one in there.items()
            }
        finally:
            self._look_up = None

    async def _disconnect(self, value: Value) -> Value:
        try:
            wanted = msgspec.json.decode(value, type=_Disconnect).id
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed(f"expected an id: {error}") from error
        for door, connection, client in self._connected():
            if str(client.id) == wanted:
                logger.info("the owner disconnected %s from the %s door", connection.peer, door.name)
                connection.close(POLICY_VIOLATION, "disconnected by the owner")
                return "{}"
        raise RequestFailed(f"there is no connection {wanted}")
