"""The console's door: the owner's browsers come in by passes, and other devices by pairing."""

from functools import partial
from typing import Final

from stagedoor.access import Doorkeeper, Pairings, Throttle, generate_password
from stagedoor.access.passes import CODE_LIFETIME_S
from stagedoor.app.foundation import Foundation
from stagedoor.app.house import DoorPlan, House
from stagedoor.net.console import PLAIN_PATHS, ConsolePages, OwnPagesOnly
from stagedoor.net.kilovolt import speak_kilovolt
from stagedoor.services.console import ConsoleDesk, ConsoleLink
from stagedoor.services.pairing import PairingDesk
from stagedoor.uploads import Uploads

_ONLY_LINK_S: Final = 3600.0
"""How long the one link of a run is good that keeps nothing."""


class ConsoleDoor:
    """Adds the door to the house. ``uploads`` are the files that come over it."""

    def __init__(self, base: Foundation, house: House) -> None:
        self._base = base
        self._house = house
        self._desk = ConsoleDesk(base.client(), lambda: house.url("console"), base.record)
        self._throttle = Throttle()
        self.uploads = Uploads(base.folder / "uploads")
        sockets = {"/ws": speak_kilovolt(base.hub, self._new_doorkeeper())}
        respond = self._new_pages().respond
        house.add(
            DoorPlan(
                option="console",
                door=house.new_door("console", sockets, respond, OwnPagesOnly(), plain_paths=PLAIN_PATHS),
                stored=self._desk.stored_address,
                keep=self._desk.store_address,
                is_guarded=lambda: True,
            )
        )

    def new_link(self) -> ConsoleLink | None:
        """Make a link that opens the console, once and soon; ``None`` when its door is shut."""
        # There is no other way into a run that leaves no credential for `stagedoor console`.
        return self._desk.new_link(_ONLY_LINK_S if self._base.settings.ephemeral else CODE_LIFETIME_S)

    def _new_doorkeeper(self) -> Doorkeeper:
        return Doorkeeper(
            self._base.loop,
            name="console",
            password=generate_password(),  # which nobody learns
            control_token=self._base.control_token,
            passes=self._desk.passes,
            throttle=self._throttle,
            record=self._base.record,
        )

    def _new_pages(self) -> ConsolePages:
        base, house, passes = self._base, self._house, self._desk.passes
        know = partial(base.redactor.know, "pairing codes")
        pairings = Pairings(base.loop, base.asks, passes, self._throttle, base.record, know)
        PairingDesk(
            base.client(),
            pairings,
            listens_on=lambda: house.doors.door("console").addresses,
            certified=lambda: house.certificates.names,
        )
        return ConsolePages(
            passes,
            private=base.settings.data,
            data_folder=base.data,
            uploads=self.uploads,
            find_overlays=lambda: house.doors.url("kilovolt", "http", ""),
            audit=base.audit,
            find_authority=house.certificates.read_authority,
            pairings=pairings,
        )
