"""Streamer.bot's doors, WebSocket and HTTP: who gets in, and their stored settings, which apply at once."""

from pathlib import Path

from stagedoor import keys
from stagedoor.access import generate_password, sign_twice, weakness
from stagedoor.app.foundation import Foundation
from stagedoor.app.house import DoorPlan, House
from stagedoor.app.registers import Registers
from stagedoor.errors import OptionError
from stagedoor.net.pages import respond_with_nothing
from stagedoor.net.streamerbot import speak_streamerbot
from stagedoor.net.streamerbot_http import StreamerbotHttp, map_files
from stagedoor.options import parse_endpoint
from stagedoor.services.door_settings import DoorSettings, StreamerbotConfig
from stagedoor.streamerbot.reception import Authentication, Reception


class StreamerbotDoors:
    """Go by what was chosen for this run, and else by what is stored."""

    def __init__(self, base: Foundation, registers: Registers, house: House) -> None:
        self._base = base
        self._house = house
        self._origins = registers.origins
        self._reception = Reception(
            registers.new_doorkeeper("Streamer.bot", sign=sign_twice),
            guests_may_speak=base.settings.guests_may_speak,
            offers_challenge=base.settings.offer_challenge,
        )
        self._http = StreamerbotHttp(base.hub, self._reception, self._origins)
        self._settings = DoorSettings(
            base.client(),
            keys.STREAMERBOT_CONFIG,
            StreamerbotConfig(),
            self._apply,
            base.warnings.of(keys.STREAMERBOT_CONFIG),
            self._object,
        )

    async def start(self) -> None:
        """Load the settings, go by them, and have the doors.

        Raises:
            OptionError: When what was chosen cannot be used.
        """
        await self._settings.start()
        stored = self._settings.current
        settings = self._base.settings
        problem = f"{settings.streamerbot_auth} needs a password, and it is empty"
        is_locked = self._lacks_password(self._password(stored))
        if is_locked and settings.streamerbot_password is not None:
            raise OptionError("streamerbot_auth", problem)
        if is_locked:
            self._reception.change(Authentication.ENFORCED, generate_password())
            self._base.warn("streamerbot password", f"authentication {problem}; until there is one, nobody gets in")
        self._apply(stored)
        self._add_doors(stored)

    def _add_doors(self, stored: StreamerbotConfig) -> None:
        endpoint = self._endpoint(stored)
        settings = self._base.settings
        is_open_by_choice = (
            settings.streamerbot_auth not in (None, Authentication.ENFORCED) or settings.streamerbot_password == ""
        )
        sockets = {endpoint: speak_streamerbot(self._base.hub, self._reception)}
        self._house.add(
            DoorPlan(
                option="streamerbot",
                door=self._house.new_door("Streamer.bot", sockets, respond_with_nothing, self._origins),
                stored=stored.bind,
                keep=lambda address: self._settings.change(bind=address),
                is_guarded=self._is_enforced,
                is_open_by_choice=is_open_by_choice,
                scheme="ws",
                path=endpoint,
                reconsider=lambda: self._apply(self._settings.current),  # of both doors
            )
        )
        self._house.add(
            DoorPlan(
                option="streamerbot_http",
                door=self._house.new_door("Streamer.bot HTTP", {}, self._http.respond, self._origins),
                stored=stored.http_bind,
                keep=lambda address: self._settings.change(http_bind=address),
                is_guarded=self._is_enforced,
                is_open_by_choice=is_open_by_choice,
            )
        )

    def _endpoint(self, stored: StreamerbotConfig) -> str:
        default = self._base.settings.streamerbot_endpoint
        if "streamerbot_endpoint" in self._base.chosen:
            return default
        try:
            return parse_endpoint(stored.endpoint)
        except ValueError as error:
            self._base.warn("endpoint", f"{keys.STREAMERBOT_CONFIG}: {error}; the path is {default}")
            return default

    def _is_enforced(self) -> bool:
        return self._reception.authentication is Authentication.ENFORCED

    # --- settings that apply at once ---

    def _apply(self, config: StreamerbotConfig) -> None:
        """Go by the stored settings, but for what was chosen for this run."""
        self._let_in_by(config)
        self._reception.identify(config.instance_id)
        try:
            mappings = {mapping.path: Path(mapping.folder) for mapping in config.files}
            self._http.files = map_files(mappings, private=self._base.settings.data)
            self._base.warn("files", None)
        except ValueError as error:
            self._base.warn("files", f"{keys.STREAMERBOT_CONFIG}: {error}")

    def _object(self, config: StreamerbotConfig) -> str | None:
        """Say what is wrong with stored settings that would let guests in from beyond this machine, or undo what was
        chosen for this run."""
        password = self._password(config)
        if self._lacks_password(password):
            return f"authentication {self._base.settings.streamerbot_auth} needs a password; the old one stays"
        is_exposed = self._house.doors.are_exposed("streamerbot", "streamerbot_http")
        if is_exposed and self._mode(config) is not Authentication.ENFORCED:
            return "the door listens beyond this machine, so authentication stays enforced"
        return None

    def _mode(self, config: StreamerbotConfig) -> Authentication:
        if not self._password(config):
            return Authentication.OFF
        return Authentication(self._base.settings.streamerbot_auth or config.authentication)

    def _let_in_by(self, config: StreamerbotConfig) -> None:
        if self._object(config) is not None:
            return  # as at a start without the password that is needed: nobody gets in
        mode, password = self._mode(config), self._password(config)
        self._reception.change(mode, password)
        if mode is Authentication.OFF:
            warning: str | None = "the Streamer.bot door asks nobody for a password"
        else:
            problem = weakness(password)
            warning = problem and f"the Streamer.bot door: {problem}"
        self._base.warn("streamerbot password", warning)

    def _password(self, stored: StreamerbotConfig) -> str:
        chosen = self._base.settings.streamerbot_password
        return stored.password if chosen is None else chosen

    def _lacks_password(self, password: str) -> bool:
        """Tell whether an empty password would undo what was chosen for this run."""
        return not password and self._base.settings.streamerbot_auth not in (None, Authentication.OFF)
