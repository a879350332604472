"""The application: builds everything from the settings, starts it, stops it in reverse. The only one that knows all."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stagedoor import keys
from stagedoor.access import (
    SERVICE,
    AskQueue,
    Client,
    Doorkeeper,
    Grant,
    Level,
    OriginPolicy,
    generate_password,
    is_loopback,
    sign_twice,
    weakness,
)
from stagedoor.archive import store_folder
from stagedoor.control import Control, locked, new_token, prepare_data_folder, remove_control, write_control
from stagedoor.errors import DoorError, OptionError
from stagedoor.hub import Catalogue, Hub, LmdbStore, MemoryStore, Store
from stagedoor.net.console import ConsolePages, OwnPagesOnly
from stagedoor.net.door import Door, MakeHandler, Origins, Respond
from stagedoor.net.kilovolt import speak_kilovolt
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.net.pages import Pages, respond_with_nothing
from stagedoor.net.programs import find_client, find_clients
from stagedoor.net.static import StaticFolder
from stagedoor.net.streamerbot import speak_streamerbot
from stagedoor.net.streamerbot_http import StreamerbotHttp, map_files
from stagedoor.options import Address, Settings, parse_address, parse_address_or_off, parse_endpoint
from stagedoor.services.actions import Actions
from stagedoor.services.apps import AppsDesk
from stagedoor.services.archives import Archives
from stagedoor.services.clients import Clients
from stagedoor.services.console import ConsoleDesk, ConsoleLink
from stagedoor.services.credits import Credits
from stagedoor.services.door_settings import C, DoorSettings, HttpConfig, StreamerbotConfig
from stagedoor.services.emitter import Emitter
from stagedoor.services.loopback import Loopback
from stagedoor.services.pronouns import Alejo, Pronouns
from stagedoor.services.questions import Questions
from stagedoor.services.status import DoorStatus, StatusDesk
from stagedoor.services.variables import Variables
from stagedoor.services.viewers import Viewers
from stagedoor.streamerbot.reception import Authentication, Reception
from stagedoor.types import Key

logger = logging.getLogger(__name__)

_LOCK_TIMEOUT_S = 1.0
"""A command that looks whether a server runs holds the lock for an instant."""


ACTION: Final = Grant(Level.APPLICATION, "an action")
"""What actions may touch: they are written by applications, too, and must not reach what those may not."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where each door is; ``None`` for one that is shut."""

    kilovolt: str | None
    page: str | None
    """The Kilovolt door over HTTP."""
    streamerbot: str | None
    streamerbot_http: str | None
    console: str | None


@dataclass(frozen=True, slots=True)
class Running:
    """What one start came to, for whoever started it."""

    data: Path | None
    doors: Addresses
    control_token: str
    is_first_run: bool
    warnings: list[str]
    new_console_link: Callable[[], ConsoleLink | None]
    """Makes a link that opens the console once, if its door is open."""


class App:
    """One stagedoor. Use :meth:`run` once.

    ``chosen`` names the settings that were set for this run, so that stored ones do not override them.
    """

    def __init__(self, settings: Settings, chosen: frozenset[str] = frozenset()) -> None:
        self._settings = settings
        self._chosen = chosen
        self._warnings: dict[str, str] = {}
        """By what they are about."""
        self._exposed: set[str] = set()
        """The doors that listen beyond this machine."""
        self._doors: list[Door] = []
        """Those that are open."""
        self._shut: list[DoorError] = []
        """Why others are not."""
        self._origins = OriginPolicy(frozenset(settings.origins), trusts_all=settings.trust_all_origins)
        self._pages = Pages()
        self._console_address: str | None = None

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
            token = new_token()
            self._turn = Turn()
            self._asks = AskQueue(loop)
            self._doorkeeper = Doorkeeper(loop, control_token=token, apps=AppsDesk(Client(hub, SERVICE)).apps)
            self._reception = Reception(
                Doorkeeper(loop, sign=sign_twice),
                guests_may_speak=settings.guests_may_speak,
                offers_challenge=settings.offer_challenge,
            )
            self._http = StreamerbotHttp(hub, self._reception, self._origins)
            kilovolt = self._settings_of(hub, keys.HTTP_CONFIG, HttpConfig(), self._apply)
            await kilovolt.start()
            streamerbot = self._settings_of(hub, keys.STREAMERBOT_CONFIG, StreamerbotConfig(), self._apply_streamerbot)
            await streamerbot.start()
            self._go_by_choices(streamerbot.current)
            self._apply(kilovolt.current)
            self._apply_streamerbot(streamerbot.current)
            console = ConsoleDesk(Client(hub, SERVICE), lambda: self._console_address)
            self._console_doorkeeper = Doorkeeper(
                loop, password=generate_password(), control_token=token, passes=console.passes
            )
            self._console = ConsolePages(console.passes, private=settings.data)
            await self._start_services(hub, data, stack)

            doors = await self._open_doors(hub, kilovolt.current, streamerbot.current, stack)
            StatusDesk(
                Client(hub, SERVICE),
                hub,
                self._asks,
                data=None if data is None else str(data),
                doors=lambda: [self._describe(door) for door in self._doors],
                warnings=lambda: list(self._warnings.values()),
            )
            others = {"Streamer.bot": doors.streamerbot, "Streamer.bot HTTP": doors.streamerbot_http}
            self._pages.other_doors = {name: url for name, url in others.items() if url is not None}
            self._pages.console = doors.console
            if data is not None:
                way_in = doors.kilovolt or await self._open_side_door(hub, token, stack)
                write_control(data, Control(os.getpid(), token, way_in))
                stack.callback(remove_control, data)
            yield Running(
                data=data,
                doors=doors,
                control_token=token,
                is_first_run=kilovolt.is_first_run,
                warnings=list(self._warnings.values()),
                new_console_link=console.new_link,
            )
            logger.info("closing")

    async def _start_services(self, hub: Hub, data: Path | None, stack: contextlib.AsyncExitStack) -> None:
        settings = self._settings
        loop = asyncio.get_running_loop()

        def client() -> Client:
            return Client(hub, SERVICE)

        Questions(client(), self._asks, loop, find_client)
        stack.push_async_callback(Clients(client(), lambda: self._doors, find_clients).close)
        archives = Archives(client(), hub, data, every_s=settings.backup_minutes * 60, keep=settings.backup_keep)
        stack.push_async_callback(_cancel, loop.create_task(archives.run()))

        Emitter(client())
        Loopback(client())
        lookups = Alejo() if settings.pronouns else None
        if lookups is not None:
            stack.push_async_callback(lookups.close)
        stack.push_async_callback(Pronouns(client(), loop, lookups).close)
        # Those that follow state have loaded it before anybody can change it.
        await Variables(client(), client()).start()
        for service in (
            Actions(client(), Client(hub, ACTION), loop),
            Viewers(client(), client()),
            Credits(client()),
        ):
            await service.start()
            stack.push_async_callback(service.close)

    def _go_by_choices(self, streamerbot: StreamerbotConfig) -> None:
        """Apply what was chosen for this run alone."""
        settings = self._settings
        if settings.kilovolt_password is not None:
            self._let_in_by(settings.kilovolt_password)
        if self._lacks_password(self._streamerbot_password(streamerbot)):
            raise OptionError("streamerbot_auth", f"{settings.streamerbot_auth} needs a password, and it is empty")
        if "static" in self._chosen:
            try:
                self._serve_folder(settings.static)
            except ValueError as error:
                raise OptionError("static", str(error)) from error
        if settings.trust_all_origins:
            self._warn("origins", "the pages of every web site may connect (trust-all-origins)")

    def _open_store(self, data: Path | None) -> Store:
        return MemoryStore() if data is None else LmdbStore(store_folder(data))

    # --- doors ---

    async def _open_doors(
        self, hub: Hub, kilovolt: HttpConfig, streamerbot: StreamerbotConfig, stack: contextlib.AsyncExitStack
    ) -> Addresses:
        """Open what can be opened.

        Raises:
            DoorError: When nothing could.
        """
        endpoint = self._endpoint(streamerbot)
        kilovolt_door = await self._open(
            "kilovolt",
            self._make_door("Kilovolt", {"/ws": speak_kilovolt(hub, self._doorkeeper)}, self._pages.respond),
            self._address("kilovolt", kilovolt.bind),
            stack,
        )
        streamerbot_door = await self._open(
            "streamerbot",
            self._make_door("Streamer.bot", {endpoint: speak_streamerbot(hub, self._reception)}, respond_with_nothing),
            self._address("streamerbot", streamerbot.bind),
            stack,
        )
        http_door = await self._open(
            "streamerbot_http",
            self._make_door("Streamer.bot HTTP", {}, self._http.respond),
            self._address("streamerbot_http", streamerbot.http_bind),
            stack,
        )
        console_door = await self._open(
            "console",
            self._make_door(
                "console", {"/ws": speak_kilovolt(hub, self._console_doorkeeper)}, self._console.respond, OwnPagesOnly()
            ),
            self._settings.console,
            stack,
        )
        self._console_address = _url("http", console_door, "/")
        if not self._doors:
            raise self._shut[0] if self._shut else OptionError("doors", "all of them are off")
        return Addresses(
            kilovolt=_url("ws", kilovolt_door, "/ws"),
            page=_url("http", kilovolt_door, "/"),
            streamerbot=_url("ws", streamerbot_door, endpoint),
            streamerbot_http=_url("http", http_door, "/"),
            console=self._console_address,
        )

    async def _open_side_door(self, hub: Hub, token: str, stack: contextlib.AsyncExitStack) -> str | None:
        """Let the owner's commands in where the Kilovolt door is shut, so that they can tell why."""
        doorkeeper = Doorkeeper(asyncio.get_running_loop(), password=generate_password(), control_token=token)
        door = self._make_door("control", {"/ws": speak_kilovolt(hub, doorkeeper)}, respond_with_nothing)
        await door.listen("127.0.0.1", 0)
        stack.push_async_callback(door.close)
        return _url("ws", door, "/ws")

    def _make_door(
        self, name: str, sockets: Mapping[str, MakeHandler], respond: Respond, origins: Origins | None = None
    ) -> Door:
        settings = self._settings
        limits = Limits(
            message_bytes=settings.message_bytes,
            queue_bytes=settings.queue_bytes,
            connections=settings.connections,
            connections_an_origin=settings.connections_an_origin,
            ping_after_s=settings.ping_after_s,
        )
        return Door(
            name,
            sockets=sockets,
            respond=respond,
            turn=self._turn,
            limits=limits,
            origins=origins or self._origins,
            host_names=frozenset(settings.host_names),
        )

    async def _open(
        self, option: str, door: Door, address: Address | None, stack: contextlib.AsyncExitStack
    ) -> Door | None:
        """Let a door listen. One that cannot is a warning, and the others open all the same."""
        if address is None:
            return None
        if not _is_local(address.host):
            if self._lets_in_anybody(option):
                remedy = "a password" if option == "kilovolt" else "authentication enforced"
                raise OptionError(option, f"{address} is not on this machine alone, so the door needs {remedy}")
            self._exposed.add(option)
            problem = f"the {door.name} door listens beyond this machine, on {address}, in plain text"
            self._warn(f"{option} exposed", problem)
        try:
            await door.listen(address.host, address.port)
        except DoorError as error:
            self._shut.append(error)
            self._warn(f"{option} shut", str(error))
            return None
        stack.push_async_callback(door.close)
        self._doors.append(door)
        return door

    def _lets_in_anybody(self, option: str) -> bool:
        if option == "kilovolt":
            return self._doorkeeper.is_open
        if option == "console":
            return False
        return self._reception.authentication is not Authentication.ENFORCED

    def _address(self, option: str, stored: str) -> Address | None:
        """Where a door listens: as chosen for this run, or as stored."""
        default: Address | None = getattr(self._settings, option)
        if option in self._chosen:
            return default
        try:
            return parse_address(stored) if option == "kilovolt" else parse_address_or_off(stored)
        except ValueError as error:
            self._warn(f"{option} bind", f"the stored address: {error}; the door listens on {default}")
            return default

    def _endpoint(self, stored: StreamerbotConfig) -> str:
        default = self._settings.streamerbot_endpoint
        if "streamerbot_endpoint" in self._chosen:
            return default
        try:
            return parse_endpoint(stored.endpoint)
        except ValueError as error:
            self._warn("endpoint", f"{keys.STREAMERBOT_CONFIG}: {error}; the path is {default}")
            return default

    # --- settings that apply at once ---

    def _apply(self, config: HttpConfig) -> None:
        """Go by the Kilovolt door's stored settings, but for what was chosen for this run."""
        if self._settings.kilovolt_password is None:
            self._let_in_by(config.kv_password)
        if "static" not in self._chosen:
            try:
                self._serve_folder(config.static_folder)
                self._warn("static", None)
            except ValueError as error:
                self._pages.static = None
                self._warn("static", str(error))

    def _apply_streamerbot(self, config: StreamerbotConfig) -> None:
        """Go by the Streamer.bot door's stored settings, but for what was chosen for this run."""
        password = self._streamerbot_password(config)
        chosen_mode = self._settings.streamerbot_auth
        mode = Authentication(chosen_mode or config.authentication) if password else Authentication.OFF
        if self._exposed - {"kilovolt"} and mode is not Authentication.ENFORCED:
            self._warn("streamerbot password", "the door listens beyond this machine, so authentication stays enforced")
        elif self._lacks_password(password):
            self._warn("streamerbot password", f"authentication {chosen_mode} needs a password; the old one stays")
        else:
            self._reception.change(mode, password)
            opens = "the Streamer.bot door asks nobody for a password" if mode is Authentication.OFF else None
            self._warn("streamerbot password", opens or _weakness("Streamer.bot", password))
        self._reception.identify(config.instance_id)
        try:
            mappings = {mapping.path: Path(mapping.folder) for mapping in config.files}
            self._http.files = map_files(mappings, private=self._settings.data)
            self._warn("files", None)
        except ValueError as error:
            self._warn("files", f"{keys.STREAMERBOT_CONFIG}: {error}")

    def _streamerbot_password(self, stored: StreamerbotConfig) -> str:
        chosen = self._settings.streamerbot_password
        return stored.password if chosen is None else chosen

    def _lacks_password(self, password: str) -> bool:
        """Tell whether an empty password of the Streamer.bot door would undo what was chosen for this run."""
        return not password and self._settings.streamerbot_auth not in (None, Authentication.OFF)

    def _let_in_by(self, password: str) -> None:
        if not password and "kilovolt" in self._exposed:
            self._warn("password", "an empty password would open the door beyond this machine; the old one stays")
            return
        self._doorkeeper.asks = self._asks if password and self._settings.asks else None
        self._doorkeeper.change_password(password)
        self._warn("password", _weakness("Kilovolt", password))

    def _serve_folder(self, folder: Path | None) -> None:
        self._pages.static = None if folder is None else StaticFolder(folder, private=self._settings.data)

    def _settings_of(self, hub: Hub, key: Key, default: C, changed: Callable[[C], None]) -> DoorSettings[C]:
        def complain(problem: str | None) -> None:
            self._warn(key, None if problem is None else f"{key}: {problem}")

        return DoorSettings(Client(hub, SERVICE), key, default, changed, complain)

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


def _url(scheme: str, door: Door | None, path: str) -> str | None:
    return None if door is None else f"{scheme}://{_shown_host(door)}:{door.port}{path}"


def _shown_host(door: Door) -> str:
    hosts = [host for host, _ in door.addresses]
    if any(is_loopback(host) for host in hosts):
        return "localhost" if len(hosts) > 1 else (f"[{hosts[0]}]" if ":" in hosts[0] else hosts[0])
    host = hosts[0]
    if host in ("0.0.0.0", "::"):  # noqa: S104  (shown, not bound)
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _weakness(door: str, password: str) -> str | None:
    problem = weakness(password)
    return None if problem is None else f"the {door} door: {problem}"


def _is_local(host: str) -> bool:
    return host == "localhost" or is_loopback(host)


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
