"""One run of stagedoor: the order in which the parts start, and end in reverse."""

import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from stagedoor.app.console import ConsoleDoor
from stagedoor.app.demo import begin_demo
from stagedoor.app.foundation import lay_foundation
from stagedoor.app.house import Addresses, House
from stagedoor.app.kilovolt import KilovoltDoor
from stagedoor.app.owner import serve_owner
from stagedoor.app.registers import Registers
from stagedoor.app.side_door import SideDoor
from stagedoor.app.stream import start_stream
from stagedoor.app.streamerbot import StreamerbotDoors
from stagedoor.options import OPTIONS, Settings
from stagedoor.redaction import Redactor
from stagedoor.services.console import ConsoleLink

logger = logging.getLogger(__package__)


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

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[Running]:
        """Open the store, start the services, open the doors; on leaving, close everything in reverse.

        Raises:
            DataInUse: When another stagedoor has the data folder.
            StoreError: When the store cannot be opened.
            OptionError: When a setting cannot be used.
            DoorError: When no door could be opened at all.
        """
        async with contextlib.AsyncExitStack() as stack:
            demo = await begin_demo(stack) if self._settings.demo else None
            settings = self._settings if demo is None else demo.adapt(self._settings)
            base = lay_foundation(settings, self._chosen, self._redactor, stack)
            if demo is not None:
                await demo.furnish(base.client())
                base.warn("demo", "this is a demo: its Twitch is pretended, and nothing that you do is kept")
            house = House(base)
            registers = Registers(base, house.doors.shut_out)
            kilovolt = KilovoltDoor(base, registers, house)
            await kilovolt.start()
            streamerbot = StreamerbotDoors(base, registers, house)
            await streamerbot.start()
            console = ConsoleDoor(base, house)
            await house.certificates.start()
            serve_owner(base, house, console.uploads)
            await start_stream(base, kilovolt.find_twitch_redirect)

            if demo is not None:
                base.run_until_the_end(demo.play())

            # Whoever comes in now finds everything there.
            await house.open()
            doors = house.addresses
            listeners = [kilovolt.show]
            if base.data is not None:
                side_door = SideDoor(base, base.data)
                await side_door.open(house, registers.origins)
                listeners.append(side_door.show)
            house.attend(*listeners)
            yield Running(
                data=base.data,
                doors=doors,
                control_token=base.control_token,
                is_first_run=kilovolt.is_first_run,
                warnings=base.warnings.lines,
                new_console_link=console.new_link,
            )
            logger.info("closing")


def _secrets_of(settings: Settings) -> list[str]:
    """What was set for this run that is secret, and so has no flag."""
    values = (getattr(settings, option.name) for option in OPTIONS if not option.has_flag)
    return [value for value in values if value]
