"""The Kilovolt door: who gets in, what it shows over HTTP, and its stored settings, which apply at once."""

from pathlib import Path
from urllib.parse import urlsplit

from stagedoor import keys
from stagedoor.access import is_loopback, weakness
from stagedoor.app.foundation import Foundation
from stagedoor.app.house import Addresses, DoorPlan, House
from stagedoor.app.registers import Registers
from stagedoor.errors import OptionError
from stagedoor.net.kilovolt import speak_kilovolt
from stagedoor.net.pages import STREAMERBOT_DOOR, Pages
from stagedoor.net.static import StaticFolder
from stagedoor.net.twitch_login import PATH as TWITCH_LOGIN
from stagedoor.net.twitch_login import TwitchLoginPage
from stagedoor.services.door_settings import DoorSettings, HttpConfig

PATH = "/ws"
"""Where Kilovolt is spoken."""


class KilovoltDoor:
    """Goes by what was chosen for this run, and else by what is stored."""

    def __init__(self, base: Foundation, registers: Registers, house: House) -> None:
        self._base = base
        self._house = house
        self._origins = registers.origins
        self._doorkeeper = registers.new_doorkeeper("Kilovolt", control_token=base.control_token)
        self._pages = Pages(twitch_login=TwitchLoginPage(base.client()), origins=registers.origins)
        self._settings = DoorSettings(
            base.client(),
            keys.HTTP_CONFIG,
            HttpConfig(),
            self._apply,
            base.warnings.of(keys.HTTP_CONFIG),
            self._object,
        )

    @property
    def is_first_run(self) -> bool:
        """Whether its password was made just now."""
        return self._settings.is_first_run

    async def start(self) -> None:
        """Load the settings, go by them, and have the door.

        Raises:
            OptionError: When what was chosen cannot be used.
        """
        await self._settings.start()
        self._go_by_choices()
        self._apply(self._settings.current)
        sockets = {PATH: speak_kilovolt(self._base.hub, self._doorkeeper)}
        self._house.add(
            DoorPlan(
                option="kilovolt",
                door=self._house.new_door("Kilovolt", sockets, self._pages.respond, self._origins),
                stored=self._settings.current.bind,
                keep=lambda address: self._settings.change(bind=address),
                is_guarded=lambda: not self._doorkeeper.is_open,
                remedy="a password",
                is_open_by_choice=self._base.settings.kilovolt_password == "",
                scheme="ws",
                path=PATH,
                reconsider=lambda: self._apply(self._settings.current),
            )
        )

    def find_twitch_redirect(self) -> str | None:
        """Tell where Twitch's page shall lead back to, as the door is reached now; ``None`` while it is shut.

        On loopback the host is ``localhost``, since that alone Twitch takes without TLS.
        """
        url = self._house.doors.url("kilovolt", "http", TWITCH_LOGIN)
        if url is None:
            return None
        parts = urlsplit(url)
        return f"{parts.scheme}://localhost:{parts.port}{parts.path}" if is_loopback(parts.hostname or "") else url

    def show(self, where: Addresses) -> None:
        """Show on its page where the other doors are."""
        others = {STREAMERBOT_DOOR: where.streamerbot, "Streamer.bot HTTP": where.streamerbot_http}
        self._pages.other_doors = {name: url for name, url in others.items() if url is not None}
        self._pages.console = where.console

    def _go_by_choices(self) -> None:
        settings = self._base.settings
        if settings.kilovolt_password is not None:
            self._let_in_by(settings.kilovolt_password)
        if "static" in self._base.chosen:
            try:
                self._serve(settings.static)
            except ValueError as error:
                raise OptionError("static", str(error)) from error

    def _apply(self, config: HttpConfig) -> None:
        """Go by the stored settings, but for what was chosen for this run."""
        if self._base.settings.kilovolt_password is None:
            self._let_in_by(config.kv_password)
        if "static" not in self._base.chosen:
            try:
                self._serve(config.static_folder)
                self._base.warn("static", None)
            except ValueError as error:
                self._pages.static = None
                self._base.warn("static", str(error))

    def _object(self, config: HttpConfig) -> str | None:
        """Say what is wrong with stored settings that would let everybody in from beyond this machine."""
        is_chosen = self._base.settings.kilovolt_password is not None
        if is_chosen or config.is_guarded or not self._house.doors.are_exposed("kilovolt"):
            return None
        return "an empty password would open the door beyond this machine; the old one stays"

    def _let_in_by(self, password: str) -> None:
        warn = self._base.warn
        self._doorkeeper.asks = self._base.asks if password and self._base.settings.asks else None
        self._doorkeeper.change_password(password)
        problem = weakness(password)
        warn("password", problem and f"the Kilovolt door: {problem}")

    def _serve(self, folder: Path | None) -> None:
        """Show the owner's folder; raises ``ValueError`` for one that must not be seen."""
        self._pages.static = None if folder is None else StaticFolder(folder, private=self._base.settings.data)
