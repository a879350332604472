"""The application: builds everything from the settings, starts it, stops it in reverse. The only one that knows all."""

import asyncio
import contextlib
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stagedoor import keys
from stagedoor.access import (
    SERVICE,
    Asker,
    AskQueue,
    Client,
    Doorkeeper,
    Grant,
    Level,
    OriginClass,
    OriginPolicy,
    Pairings,
    RememberedOrigins,
    Throttle,
    generate_password,
    sign_twice,
    weakness,
)
from stagedoor.archive import store_folder
from stagedoor.audit import AuditLog
from stagedoor.control import Control, locked, new_token, prepare_data_folder, remove_control, write_control
from stagedoor.errors import OptionError
from stagedoor.hub import Catalogue, Hub, LmdbStore, MemoryStore, Store
from stagedoor.net.console import PLAIN_PATHS, ConsolePages, OwnPagesOnly
from stagedoor.net.door import Door, MakeHandler, Origins, Respond
from stagedoor.net.doors import Doors, Settle, url_of
from stagedoor.net.kilovolt import speak_kilovolt
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.net.pages import STREAMERBOT_DOOR, Pages, respond_with_nothing
from stagedoor.net.programs import find_client, find_clients
from stagedoor.net.static import StaticFolder
from stagedoor.net.streamerbot import speak_streamerbot
from stagedoor.net.streamerbot_http import StreamerbotHttp, map_files
from stagedoor.options import OPTIONS, Address, Settings, parse_address, parse_address_or_off, parse_endpoint
from stagedoor.redaction import Redactor
from stagedoor.services.actions import Actions
from stagedoor.services.apps import AppsDesk
from stagedoor.services.archives import Archives
from stagedoor.services.audit import AuditDesk, read_head
from stagedoor.services.browser import Browser
from stagedoor.services.clients import Clients
from stagedoor.services.console import ConsoleDesk, ConsoleLink
from stagedoor.services.credits import Credits
from stagedoor.services.door_settings import C, DoorSettings, HttpConfig, StreamerbotConfig
from stagedoor.services.doors import DoorDesk
from stagedoor.services.emitter import Emitter
from stagedoor.services.folders import Folders
from stagedoor.services.icons import Icons
from stagedoor.services.known_secrets import KnownSecrets
from stagedoor.services.log import Log
from stagedoor.services.loopback import Loopback
from stagedoor.services.origins import OriginDesk
from stagedoor.services.overlay_keys import OverlayKeyDesk
from stagedoor.services.pairing import PairingDesk
from stagedoor.services.pronouns import Alejo, Pronouns
from stagedoor.services.questions import Questions
from stagedoor.services.reference import Reference
from stagedoor.services.report import Report
from stagedoor.services.status import DoorStatus, StatusDesk
from stagedoor.services.tls import Certificates
from stagedoor.services.variables import Variables
from stagedoor.services.viewers import Viewers
from stagedoor.streamerbot.reception import Authentication, Reception
from stagedoor.tls import tls_folder
from stagedoor.types import JsonObject, Key
from stagedoor.uploads import Uploads
from stagedoor.version import __version__

logger = logging.getLogger(__name__)

_LOCK_TIMEOUT_S = 1.0
"""A command that looks whether a server runs holds the lock for an instant."""

_COMPLETE_S = 15.0
"""How often a door that should listen on an address that this machine lacked tries it again."""

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

    ``chosen`` names the settings that were set for this run, so that stored ones do not override them. ``redactor`` is
    told what is secret; one that cleans the whole process's output is the caller's.
    """

    def __init__(
        self, settings: Settings, chosen: frozenset[str] = frozenset(), redactor: Redactor | None = None
    ) -> None:
        self._settings = settings
        self._chosen = chosen
        self._redactor = redactor or Redactor()
        self._redactor.know("settings", _secrets_of(settings))
        self._warnings: dict[str, str] = {}
        """By what they are about."""
        self._doors = Doors(self._warn, lambda: self._certificates)
        self._tell_where: Callable[[], None] = lambda: None
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
            token = new_token()
            self._redactor.know("control token", [token])
            KnownSecrets(Client(hub, SERVICE), hub.catalogue, self._redactor).start()
            log = Log(Client(hub, SERVICE), loop, self._redactor)
            log.start()
            stack.callback(log.close)
            self._audit = self._open_audit_log(hub, data, loop)
            stack.push_async_callback(AuditDesk(Client(hub, SERVICE), self._audit, loop).close)
            self._audit.record("start", {"version": __version__})

            self._turn = Turn()
            self._asks = AskQueue(loop)
            record = self._audit.record
            origins = OriginDesk(Client(hub, SERVICE), record, self._shut_out)
            apps = AppsDesk(Client(hub, SERVICE), record)
            overlay_keys = OverlayKeyDesk(Client(hub, SERVICE), record)
            for desk in (origins, apps, overlay_keys):
                stack.callback(desk.close)
            self._origins = self._origin_policy(origins.origins)
            self._doorkeeper = Doorkeeper(
                loop,
                name="Kilovolt",
                control_token=token,
                apps=apps.apps,
                overlay_keys=overlay_keys.keys,
                record=record,
            )
            self._reception = Reception(
                Doorkeeper(
                    loop,
                    name="Streamer.bot",
                    apps=apps.apps,
                    overlay_keys=overlay_keys.keys,
                    record=record,
                    sign=sign_twice,
                ),
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
            console = ConsoleDesk(Client(hub, SERVICE), lambda: self._doors.url("console", "http", "/"), record)
            throttle = Throttle()
            self._console_doorkeeper = Doorkeeper(
                loop,
                name="console",
                password=generate_password(),
                control_token=token,
                passes=console.passes,
                throttle=throttle,
                record=record,
            )
            pairings = Pairings(loop, self._asks, console.passes, throttle, record)
            at_hand = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stagedoor-")))
            self._uploads = Uploads(at_hand / "uploads")
            self._certificates = Certificates(
                Client(hub, SERVICE),
                tls_folder(at_hand),
                host_names=settings.host_names,
                chosen=self._chosen_tls(),
                is_exposed=lambda: any(entrance.is_exposed for entrance in self._doors),
                changed=self._tls_changed,
                warn=self._warn,
                record=self._audit.record,
            )
            await self._certificates.start()
            self._console = ConsolePages(
                console.passes,
                private=settings.data,
                data_folder=data,
                uploads=self._uploads,
                find_overlays=lambda: self._doors.url("kilovolt", "http", ""),
                audit=self._audit,
                find_authority=self._certificates.read_authority,
                pairings=pairings,
            )
            PairingDesk(
                Client(hub, SERVICE),
                pairings,
                listens_on=lambda: self._doors.door("console").addresses,
                certified=lambda: self._certificates.names,
            )
            await self._start_services(hub, data, stack)

            endpoint = self._endpoint(streamerbot.current)
            self._add_doors(hub, endpoint)
            stack.push_async_callback(self._doors.close)
            await self._open_doors(kilovolt.current, streamerbot.current, console.stored_address)
            doors = self._addresses(endpoint)
            side_door = None
            if data is not None:
                if not _is_plain(doors.kilovolt):
                    side_door = await self._open_side_door(hub, token, stack)
                stack.callback(remove_control, data)

            def tell_where() -> None:
                """Say where the doors are, to those who look for them."""
                where = self._addresses(endpoint)
                others = {STREAMERBOT_DOOR: where.streamerbot, "Streamer.bot HTTP": where.streamerbot_http}
                self._pages.other_doors = {name: url for name, url in others.items() if url is not None}
                self._pages.console = where.console
                if data is not None:
                    # The owner's commands need not trust anybody on this machine, where there is a way without.
                    nearest = where.kilovolt if _is_plain(where.kilovolt) else side_door or where.kilovolt
                    write_control(data, Control(os.getpid(), token, nearest))

            self._tell_where = tell_where
            stack.push_async_callback(_cancel, loop.create_task(self._certificates.run()))
            stack.push_async_callback(_cancel, loop.create_task(self._complete_doors()))
            tell_where()
            self._let_doors_move(hub, endpoint, kilovolt, streamerbot, console, tell_where)
            StatusDesk(
                Client(hub, SERVICE),
                hub,
                self._asks,
                data=None if data is None else str(data),
                doors=lambda: [_describe(door) for door in self._doors.open_ones],
                warnings=lambda: list(self._warnings.values()),
                chosen=self._chosen,
                settings=_tell(settings),
            )
            Report(hub, settings, self._chosen, self._redactor)
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

        find_icon = Icons().find if settings.fetch_icons else None
        stack.push_async_callback(
            Questions(client(), self._asks, loop, find_client, find_icon, self._audit.record).close
        )
        stack.push_async_callback(
            Clients(client(), lambda: [entrance.door for entrance in self._doors], find_clients).close
        )
        archives = Archives(
            client(),
            hub,
            data,
            every_s=settings.backup_minutes * 60,
            keep=settings.backup_keep,
            uploads=self._uploads,
            record=self._audit.record,
        )
        stack.push_async_callback(_cancel, loop.create_task(archives.run()))

        Reference(client(), hub.catalogue)
        Browser(client(), hub)
        Folders(client(), lambda folder: StaticFolder(folder, private=settings.data))
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

    def _origin_policy(self, remembered: RememberedOrigins) -> OriginPolicy:
        """Which pages may connect: those of sites that were set for this run, and those that the owner let in."""

        def refused(origin: str, asker: Asker) -> None:
            facts = {"origin": origin, "address": asker.address, "reason": "a page of a foreign web site"}
            self._audit.record("refused", facts)
            if self._settings.asks:
                remembered.ask(self._asks, origin, asker)

        return OriginPolicy(
            frozenset(self._settings.origins),
            trusts_all=self._settings.trust_all_origins,
            is_remembered=remembered.is_allowed,
            ask=refused,
        )

    def _shut_out(self, origin: str) -> None:
        """End the connections of pages from an origin that is not let in any more, be it for this run alone."""
        if self._origins.classify(origin) is OriginClass.FOREIGN:
            self._doors.shut_out(origin)

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

    def _open_audit_log(self, hub: Hub, data: Path | None, loop: asyncio.AbstractEventLoop) -> AuditLog:
        def complain(subject: str, line: str | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._warn, subject, line)

        head = read_head(Client(hub, SERVICE).get(keys.AUDIT_HEAD))
        return AuditLog(data, head=head, clean=self._redactor.clean, complain=complain)

    # --- doors ---

    def _add_doors(self, hub: Hub, endpoint: str) -> None:
        """Make the doors, shut for now."""

        def is_enforced() -> bool:
            return self._reception.authentication is Authentication.ENFORCED

        def add(option: str, door: Door, is_guarded: Callable[[], bool], **remedy: str) -> None:
            self._doors.add(option, door, is_chosen=option in self._chosen, is_guarded=is_guarded, **remedy)

        add(
            "kilovolt",
            self._make_door("Kilovolt", {"/ws": speak_kilovolt(hub, self._doorkeeper)}, self._pages.respond),
            lambda: not self._doorkeeper.is_open,
            remedy="a password",
        )
        add(
            "streamerbot",
            self._make_door("Streamer.bot", {endpoint: speak_streamerbot(hub, self._reception)}, respond_with_nothing),
            is_enforced,
        )
        add("streamerbot_http", self._make_door("Streamer.bot HTTP", {}, self._http.respond), is_enforced)
        add(
            "console",
            self._make_door(
                "console",
                {"/ws": speak_kilovolt(hub, self._console_doorkeeper)},
                self._console.respond,
                OwnPagesOnly(),
                plain_paths=PLAIN_PATHS,
            ),
            lambda: True,
        )

    async def _open_doors(self, kilovolt: HttpConfig, streamerbot: StreamerbotConfig, console: str | None) -> None:
        """Open what can be opened.

        Raises:
            DoorError: When nothing could.
        """
        stored = {
            "kilovolt": kilovolt.bind,
            "streamerbot": streamerbot.bind,
            "streamerbot_http": streamerbot.http_bind,
            "console": console,
        }
        errors = [await self._doors.open(option, self._address(option, text)) for option, text in stored.items()]
        if not self._doors.open_ones:
            raise next(filter(None, errors), None) or OptionError("doors", "all of them are off")

    def _addresses(self, endpoint: str) -> Addresses:
        url = self._doors.url
        return Addresses(
            kilovolt=url("kilovolt", "ws", "/ws"),
            page=url("kilovolt", "http", "/"),
            streamerbot=url("streamerbot", "ws", endpoint),
            streamerbot_http=url("streamerbot_http", "http", "/"),
            console=url("console", "http", "/"),
        )

    def _let_doors_move(
        self,
        hub: Hub,
        endpoint: str,
        kilovolt: DoorSettings[HttpConfig],
        streamerbot: DoorSettings[StreamerbotConfig],
        console: ConsoleDesk,
        has_moved: Callable[[], None],
    ) -> None:
        """Let the owner move them while they run; ``has_moved`` hears of each time."""

        async def move(option: str, address: Address | None, settle: Settle) -> None:
            await self._doors.move(option, address, settle)
            self._warn(f"{option} bind", None)
            # Which passwords will do depends on who can reach the doors.
            self._apply(kilovolt.current)
            self._apply_streamerbot(streamerbot.current)
            has_moved()

        DoorDesk(
            Client(hub, SERVICE),
            self._doors,
            move,
            keep={
                "kilovolt": lambda text: kilovolt.change(bind=text),
                "streamerbot": lambda text: streamerbot.change(bind=text),
                "streamerbot_http": lambda text: streamerbot.change(http_bind=text),
                "console": console.store_address,
            },
            find_url=lambda option: getattr(self._addresses(endpoint), option),
        )

    async def _complete_doors(self) -> None:
        """Let doors listen where they should as soon as this machine can, until cancelled."""
        while True:
            await asyncio.sleep(_COMPLETE_S)
            await self._doors.complete()

    async def _open_side_door(self, hub: Hub, token: str, stack: contextlib.AsyncExitStack) -> str | None:
        """Let the owner's commands in where the Kilovolt door is shut, or listens beyond this machine alone."""
        doorkeeper = Doorkeeper(asyncio.get_running_loop(), password=generate_password(), control_token=token)
        door = self._make_door("control", {"/ws": speak_kilovolt(hub, doorkeeper)}, respond_with_nothing)
        await door.listen("127.0.0.1", 0)
        stack.push_async_callback(door.close)
        return url_of(door, "ws", "/ws")

    def _tls_changed(self) -> None:
        self._doors.tell()
        self._tell_where()

    def _chosen_tls(self) -> dict[str, object]:
        """Say what was chosen for this run about TLS, in the words of what is stored."""
        settings = self._settings
        chosen: dict[str, object] = {}
        if "tls" in self._chosen:
            chosen["mode"] = settings.tls
        if self._chosen & {"tls_certificate", "tls_key"}:
            chosen["certificate"] = None if settings.tls_certificate is None else str(settings.tls_certificate)
            chosen["key"] = None if settings.tls_key is None else str(settings.tls_key)
        if "plain_beyond_loopback" in self._chosen:
            chosen["plain_beyond_loopback"] = settings.plain_beyond_loopback
        return chosen

    def _make_door(
        self,
        name: str,
        sockets: Mapping[str, MakeHandler],
        respond: Respond,
        origins: Origins | None = None,
        plain_paths: Collection[str] = (),
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
            tls=self._certificates,
            plain_paths=plain_paths,
        )

    def _address(self, option: str, stored: str | None) -> Address | None:
        """Where a door listens: as chosen for this run, or as stored."""
        default: Address | None = getattr(self._settings, option)
        if option in self._chosen or stored is None:
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
        if self._doors.are_exposed("streamerbot", "streamerbot_http") and mode is not Authentication.ENFORCED:
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
        if not password and self._doors.are_exposed("kilovolt"):
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
        elif self._warnings.get(subject) != (line := self._redactor.clean(line)):
            self._warnings[subject] = line
            logger.warning("%s", line)


def _is_plain(url: str | None) -> bool:
    return url is not None and url.startswith("ws:")


def _describe(door: Door) -> DoorStatus:
    statistics = door.statistics()
    return DoorStatus(
        name=door.name,
        addresses=statistics.addresses,
        connections=statistics.connections,
        accepted=statistics.accepted,
        refused=statistics.refused,
    )


def _secrets_of(settings: Settings) -> list[str]:
    """What was set for this run that is secret, and so has no flag."""
    values = (getattr(settings, option.name) for option in OPTIONS if not option.has_flag)
    return [value for value in values if value]


def _tell(settings: Settings) -> JsonObject:
    """Tell the owner what was set that says who may come in, and where."""
    return {
        "asks": settings.asks,
        "origins": list(settings.origins),
        "trust_all_origins": settings.trust_all_origins,
        "guests_may_speak": settings.guests_may_speak,
        "offer_challenge": settings.offer_challenge,
        "streamerbot_auth": settings.streamerbot_auth,
        "static": None if settings.static is None else str(settings.static),
    }


def _weakness(door: str, password: str) -> str | None:
    problem = weakness(password)
    return None if problem is None else f"the {door} door: {problem}"


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
