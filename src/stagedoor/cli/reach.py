"""How a command gets at the keys: through a running server, or in the store itself when none runs.

Both ways look the same to a command, so each command is written once. Applications' rules do not apply on the way
through a data folder: whoever can read that is the owner.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Final, NamedTuple, Protocol

import click

from stagedoor.access import SERVICE
from stagedoor.access import Client as HubClient
from stagedoor.archive import has_store, store_folder
from stagedoor.cli.output import warn
from stagedoor.cli.target import Target
from stagedoor.control import locked, prepare_data_folder, read_control
from stagedoor.errors import DataInUse
from stagedoor.hub import Catalogue, Change, Hub, LmdbStore, Scan, Write
from stagedoor.keys import SPECS
from stagedoor.kilovolt import AuthenticationRequired, Client, ConnectFailed, RequestFailed, TokenRefused
from stagedoor.redaction import Redactor
from stagedoor.remote.trust import choose_trust
from stagedoor.services.archives import Archives
from stagedoor.services.audit import Notebook
from stagedoor.tls import AUTHORITY_FILE, tls_folder
from stagedoor.types import Key, Value

MAX_MESSAGE_BYTES: Final = 1 << 30
"""The owner may list whatever there is."""

CALL_TIMEOUT_S: Final = 24 * 3600.0
"""An import ends when it ends; the server has limits for what should be quick."""

_CHANGEOVER_S: Final = 5.0
"""How long a server may be starting, or stopping, or another command at work, before that is an error."""

_LOCK_TIMEOUT_S: Final = 0.25

_STEP: Final = 4096


class Reach(Protocol):
    """What commands do with keys."""

    async def get(self, keys: Iterable[Key]) -> dict[Key, Value | None]:
        """Read keys; ``None`` for one that is absent."""
        ...

    async def list(self, prefix: str) -> "list[Key]":
        """List the keys with a prefix, in order."""
        ...

    async def get_all(self, prefix: str) -> dict[Key, Value]:
        """Read the keys with a prefix, in order."""
        ...

    async def set(self, key: Key, value: Value) -> None:
        """Write a key; it is on disk when this returns."""
        ...

    async def set_all(self, values: Mapping[Key, Value]) -> None:
        """Write keys, all at one moment or none; they are on disk when this returns."""
        ...

    async def delete(self, keys: Iterable[Key]) -> None:
        """Delete keys, be they there or not."""
        ...

    async def call(self, key: Key, value: Value) -> Value:
        """Ask the service that owns a request key."""
        ...

    async def hear(self, key: Key, handler: Callable[[Value], None]) -> None:
        """Have ``handler`` called with each new value of a key, until the end."""
        ...


class Login(NamedTuple):
    """Where a server is and what opens it."""

    url: str
    password: str | None = None
    token: str | None = None
    trust: ssl.SSLContext | None = None

    def client(self) -> Client:
        """Make a client that tries once."""
        return Client(
            self.url,
            password=self.password,
            token=self.token,
            reconnect=False,
            ssl_context=self.trust,
            max_message_bytes=MAX_MESSAGE_BYTES,
        )


class NoServer(click.ClickException):
    """No server runs on the data folder, and the command cannot do without."""

    def __init__(self, target: Target) -> None:
        super().__init__(f"no stagedoor is running on the data folder {target.data}; `stagedoor serve` starts one")


class NoData(click.ClickException):
    """There is nothing to read in the data folder."""

    def __init__(self, target: Target) -> None:
        super().__init__(f"there is no stagedoor data in {target.data}; `stagedoor serve` makes it")


class NoPassword(click.ClickException):
    """The server wants a password, and the command has none."""

    def __init__(self, target: Target) -> None:
        super().__init__(f"{target.url} wants a password; set STAGEDOOR_PASSWORD or give --password")


def find_server(target: Target) -> Login | None:
    """Find out where the server is; ``None`` when none runs on the data folder."""
    if target.url is not None:
        return Login(target.url, password=target.password, trust=_trust(target, target.url))
    control = read_control(target.data)
    if control is None or control.kilovolt is None:
        return None
    return Login(control.kilovolt, token=control.token, trust=_trust(target, control.kilovolt))


def _trust(target: Target, url: str) -> ssl.SSLContext | None:
    """Trust the authority that was named, or the system's and that of the data folder, which is this machine's own."""
    if not url.startswith("wss:"):
        return None
    if target.authority is not None:
        try:
            return choose_trust(None, target.authority)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    context = ssl.create_default_context()
    own = tls_folder(target.data) / AUTHORITY_FILE
    if own.exists():
        context.load_verify_locations(own)
    return context


@contextlib.asynccontextmanager
async def connected(target: Target) -> AsyncIterator[Client]:
    """Connect to the server, as its owner if it is that of a data folder.

    Raises:
        NoServer: When none runs.
        KilovoltError: When it cannot be reached, or does not let this command in.
    """
    login = find_server(target)
    if login is None:
        raise NoServer(target)
    try:
        async with login.client() as client:
            yield client
    except AuthenticationRequired as error:
        raise NoPassword(target) from error


@contextlib.asynccontextmanager
async def reach(target: Target, *, makes_data: bool = False) -> AsyncIterator[Reach]:
    """Reach the keys of a target by the way that is open.

    Args:
        makes_data: Whether a data folder that does not exist is made, rather than an error.
    Raises:
        NoData: When there is neither a server nor data.
        DataInUse: When the data folder is locked, but no server can be found.
        KilovoltError, StoreError: When the way turns out not to be open.
    """
    try:
        async with contextlib.AsyncExitStack() as stack:
            yield await _open(target, stack, makes_data=makes_data)
    except AuthenticationRequired as error:
        raise NoPassword(target) from error


async def _open(target: Target, stack: contextlib.AsyncExitStack, *, makes_data: bool) -> Reach:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _CHANGEOVER_S
    while True:
        login = find_server(target)
        try:
            if login is not None:
                return Remote(await stack.enter_async_context(login.client()))
            return await _open_store(target, stack, makes_data=makes_data)
        except (ConnectFailed, TokenRefused, DataInUse):
            # A server that starts has the lock before its door is open; one that stops keeps it after it has closed.
            if target.url is not None or loop.time() > deadline:
                raise
            await asyncio.sleep(_LOCK_TIMEOUT_S)


async def _open_store(target: Target, stack: contextlib.AsyncExitStack, *, makes_data: bool) -> Reach:
    if makes_data:
        prepare_data_folder(target.data)
    elif not has_store(target.data):
        raise NoData(target)
    stack.enter_context(locked(target.data, timeout_s=_LOCK_TIMEOUT_S))
    hub = Hub(LmdbStore(store_folder(target.data)), Catalogue(SPECS))
    stack.push_async_callback(hub.close)
    client = HubClient(hub, SERVICE)
    notebook = Notebook(HubClient(hub, SERVICE), target.data, Redactor().clean)
    client.follow(notebook.note_use)
    stack.push_async_callback(_close, notebook)
    Archives(client, hub, target.data, every_s=0, keep=0, record=notebook.record)
    # Imported where no server runs alone: it brings the events of Streamer.bot along.
    from stagedoor.services.variables import Variables

    Variables(HubClient(hub, SERVICE), HubClient(hub, SERVICE))
    return Local(client, hub.catalogue)


async def _close(notebook: Notebook) -> None:
    if (problem := await notebook.close()) is not None:
        warn(problem)


class Remote:
    """The keys of a running server."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def get(self, keys: Iterable[Key]) -> dict[Key, Value | None]:
        """Read keys. The protocol has no word for an absent key, so an empty one is looked up in a list."""
        values = await self._client.get_many(keys)
        return {
            key: None if not value and key not in await self._client.list(key) else value
            for key, value in values.items()
        }

    async def list(self, prefix: str) -> "list[Key]":
        """List the keys with a prefix, in order."""
        return await self._client.list(prefix)

    async def get_all(self, prefix: str) -> dict[Key, Value]:
        """Read the keys with a prefix, in order."""
        return await self._client.get_all(prefix)

    async def set(self, key: Key, value: Value) -> None:
        """Write a key; a request is handed to its service."""
        await self._client.set(key, value)

    async def set_all(self, values: Mapping[Key, Value]) -> None:
        """Write keys, all at one moment or none."""
        await self._client.set_many(values)

    async def delete(self, keys: Iterable[Key]) -> None:
        """Delete keys, one after the other."""
        for key in keys:
            await self._client.delete(key)

    async def call(self, key: Key, value: Value) -> Value:
        """Ask the service that owns a request key."""
        try:
            return await self._client.call(key, value, timeout_s=CALL_TIMEOUT_S)
        except RequestFailed as error:
            raise click.ClickException(error.details) from error

    async def hear(self, key: Key, handler: Callable[[Value], None]) -> None:
        """Have ``handler`` called with each new value of a key, until the end."""
        await self._client.subscribe(key, lambda change: handler(change.value))


class Local:
    """The keys in the store of a data folder, which no server uses."""

    def __init__(self, client: HubClient, catalogue: Catalogue) -> None:
        self._client = client
        self._catalogue = catalogue

    async def get(self, keys: Iterable[Key]) -> dict[Key, Value | None]:
        """Read keys; ``None`` for one that is absent."""
        values = {key: self._client.get(key) for key in keys}
        return {key: None if not value and key not in await self.list(key) else value for key, value in values.items()}

    async def list(self, prefix: str) -> "list[Key]":
        """List the keys with a prefix, in order."""
        return list(await self.get_all(prefix))

    async def get_all(self, prefix: str) -> dict[Key, Value]:
        """Read the keys with a prefix, in order."""
        scan: Scan = self._client.scan(prefix)
        values: dict[Key, Value] = {}
        try:
            while entries := scan.take(_STEP):
                values.update(entries)
        finally:
            scan.close()
        return values

    async def set(self, key: Key, value: Value) -> None:
        """Write a key; what is not stored makes no sense without a server."""
        if self._catalogue.resolve(key).is_volatile:
            raise click.ClickException(f"the key {key!r} is not stored, so setting it needs a running server")
        await self._client.put(key, value)

    async def set_all(self, values: Mapping[Key, Value]) -> None:
        """Write keys, all at one moment or none."""
        await self._client.put_all([Write(key, value) for key, value in values.items()])

    async def delete(self, keys: Iterable[Key]) -> None:
        """Delete keys, all at once."""
        await self._client.put_all([Write(key, None) for key in keys])

    async def call(self, key: Key, value: Value) -> Value:
        """Ask the service that owns a request key: without a server, those of imports, restores and variables."""
        return await self._client.call(key, value)

    async def hear(self, key: Key, handler: Callable[[Value], None]) -> None:
        """Have ``handler`` called with each new value of a key, until the end."""

        def deliver(change: Change) -> None:
            handler(change.value)

        self._client.deliver = deliver
        self._client.subscribe(key)


async def list_quickly(target: Target, prefix: str, *, timeout_s: float) -> list[Key]:
    """List the keys with a prefix of a running server, or fail soon."""
    async with asyncio.timeout(timeout_s), connected(target) as client:
        return await client.list(prefix)
