"""The application: builds everything from the settings, starts it, stops it in reverse. The only one that knows all."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from stagedoor import keys
from stagedoor.access import SERVICE, AskQueue, Client, Doorkeeper, OriginPolicy, is_loopback, weakness
from stagedoor.archive import store_folder
from stagedoor.control import Control, locked, new_token, prepare_data_folder, remove_control, write_control
from stagedoor.errors import OptionError
from stagedoor.hub import Catalogue, Hub, LmdbStore, MemoryStore, Store
from stagedoor.net.door import Door
from stagedoor.net.kilovolt import speak_kilovolt
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.net.pages import Pages
from stagedoor.net.programs import find_client
from stagedoor.net.static import StaticFolder
from stagedoor.options import Address, Settings, parse_address
from stagedoor.services.archives import Archives
from stagedoor.services.door_settings import DoorSettings, HttpConfig
from stagedoor.services.questions import Questions
from stagedoor.services.status import DoorStatus, StatusDesk

logger = logging.getLogger(__name__)

_LOCK_TIMEOUT_S = 1.0
"""A command that looks whether a server runs holds the lock for an instant."""


@dataclass(frozen=True, slots=True)
class Running:
    """What one start came to, for whoever started it."""

    data: Path | None
    kilovolt: str | None
    """Address of the Kilovolt door, if it is open."""
    page: str | None
    control_token: str
    is_first_run: bool
    warnings: list[str]


class App:
    """One stagedoor. Use :meth:`run` once.

    ``chosen`` names the settings that were set for this run, so that stored ones do not override them.
    """

    def __init__(self, settings: Settings, chosen: frozenset[str] = frozenset()) -> None:
        self._settings = settings
        self._chosen = chosen
        self._warnings: dict[str, str] = {}
        """By what they are about."""
        self._is_exposed = False
        """Whether a door listens beyond this machine."""
        self._pages = Pages()

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[Running]:
        """Open the store, start the services, open the doors; on leaving, close everything in reverse.

        Raises:
            DataInUse: When another stagedoor has the data folder.
            StoreError: When the store cannot be opened.
            OptionError: When a setting cannot be used.
            DoorError: When no door could be opened at all.
        """
        settings = self._settings
        async with contextlib.AsyncExitStack() as stack:
            data = None if settings.ephemeral else settings.data
            if data is not None:
                for line in prepare_data_folder(data):
                    self._warn(line, line)
                stack.enter_context(locked(data, timeout_s=_LOCK_TIMEOUT_S))
            hub = Hub(self._open_store(data), Catalogue(keys.SPECS))
            stack.push_async_callback(hub.close)

            loop = asyncio.get_running_loop()
            asks = AskQueue(loop)
            token = new_token()
            self._doorkeeper = Doorkeeper(loop, control_token=token)
            self._asks = asks
            stored = DoorSettings(Client(hub, SERVICE), self._apply)
            await stored.start()
            self._go_by_choices()
            self._apply(stored.current)

            service = Client(hub, SERVICE)
            Questions(service, asks, loop, find_client)
            archives = Archives(service, hub, data, every_s=settings.backup_minutes * 60, keep=settings.backup_keep)
            backups = loop.create_task(archives.run())
            stack.push_async_callback(_cancel, backups)

            door = self._make_door(hub)
            stack.push_async_callback(door.close)
            await self._open(door, self._address(stored.current))
            StatusDesk(
                service,
                hub,
                asks,
                data=None if data is None else str(data),
                doors=lambda: [self._describe(door)],
                warnings=lambda: list(self._warnings.values()),
            )
            url = f"//{self._shown_host(door)}:{door.port}"
            if data is not None:
                write_control(data, Control(os.getpid(), token, f"ws:{url}/ws"))
                stack.callback(remove_control, data)
            yield Running(
                data=data,
                kilovolt=f"ws:{url}/ws",
                page=f"http:{url}/",
                control_token=token,
                is_first_run=stored.is_first_run,
                warnings=list(self._warnings.values()),
            )
            logger.info("closing")

    def _go_by_choices(self) -> None:
        """Apply what was chosen for this run alone."""
        settings = self._settings
        if settings.kilovolt_password is not None:
            self._let_in_by(settings.kilovolt_password)
        if "static" in self._chosen:
            try:
                self._serve_folder(settings.static)
            except ValueError as error:
                raise OptionError("static", str(error)) from error
        if settings.trust_all_origins:
            self._warn("origins", "the pages of every web site may connect (trust-all-origins)")

    def _open_store(self, data: Path | None) -> Store:
        return MemoryStore() if data is None else LmdbStore(store_folder(data))

    def _make_door(self, hub: Hub) -> Door:
        settings = self._settings
        limits = Limits(
            message_bytes=settings.message_bytes,
            queue_bytes=settings.queue_bytes,
            connections=settings.connections,
            connections_an_origin=settings.connections_an_origin,
            ping_after_s=settings.ping_after_s,
        )
        return Door(
            "Kilovolt",
            sockets={"/ws": speak_kilovolt(hub, self._doorkeeper)},
            respond=self._pages.respond,
            turn=Turn(),
            limits=limits,
            origins=OriginPolicy(frozenset(settings.origins), trusts_all=settings.trust_all_origins),
            host_names=frozenset(settings.host_names),
        )

    async def _open(self, door: Door, address: Address) -> None:
        if not _is_local(address.host):
            if self._doorkeeper.is_open:
                raise OptionError("kilovolt", f"{address} is not on this machine alone, so the door needs a password")
            self._is_exposed = True
            self._warn("exposed", f"the Kilovolt door listens beyond this machine, on {address}, in plain text")
        await door.listen(address.host, address.port)

    def _address(self, stored: HttpConfig) -> Address:
        if "kilovolt" in self._chosen:
            return self._settings.kilovolt
        try:
            return parse_address(stored.bind)
        except ValueError as error:
            self._warn("bind", f"{keys.HTTP_CONFIG}: {error}; the door listens on {self._settings.kilovolt}")
            return self._settings.kilovolt

    # --- settings that apply at once ---

    def _apply(self, config: HttpConfig) -> None:
        """Go by the stored settings, but for what was chosen for this run."""
        if self._settings.kilovolt_password is None:
            self._let_in_by(config.kv_password)
        if "static" not in self._chosen:
            try:
                self._serve_folder(config.static_folder)
                self._warn("static", None)
            except ValueError as error:
                self._pages.static = None
                self._warn("static", str(error))

    def _let_in_by(self, password: str) -> None:
        if not password and self._is_exposed:
            self._warn("password", "an empty password would open the door beyond this machine; the old one stays")
            return
        self._doorkeeper.asks = self._asks if password and self._settings.asks else None
        self._doorkeeper.change_password(password)
        self._warn("password", weakness(password))

    def _serve_folder(self, folder: Path | None) -> None:
        self._pages.static = None if folder is None else StaticFolder(folder, private=self._settings.data)

    def _warn(self, subject: str, line: str | None) -> None:
        """Show a warning until its subject has another one, or none."""
        if line is None:
            self._warnings.pop(subject, None)
        elif self._warnings.get(subject) != line:
            self._warnings[subject] = line
            logger.warning("%s", line)

    def _describe(self, door: Door) -> DoorStatus:
        statistics = door.statistics()
        return DoorStatus(
            name=door.name,
            addresses=statistics.addresses,
            connections=statistics.connections,
            accepted=statistics.accepted,
            refused=statistics.refused,
        )

    @staticmethod
    def _shown_host(door: Door) -> str:
        hosts = [host for host, _ in door.addresses]
        if any(is_loopback(host) for host in hosts):
            return "localhost" if len(hosts) > 1 else (f"[{hosts[0]}]" if ":" in hosts[0] else hosts[0])
        host = hosts[0]
        if host in ("0.0.0.0", "::"):  # noqa: S104  (shown, not bound)
            return "localhost"
        return f"[{host}]" if ":" in host else host


def _is_local(host: str) -> bool:
    return host == "localhost" or is_loopback(host)


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
