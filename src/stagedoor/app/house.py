"""The doors of the house: made alike, opened, kept open, moved while they run; and where each of them is.

What is said at a door, and who gets in, is for the door's own module.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from stagedoor.app.foundation import Foundation
from stagedoor.errors import OptionError
from stagedoor.net.door import Door, MakeHandler, Origins, Respond
from stagedoor.net.doors import Doors, Settle
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.options import OPTIONS, Address
from stagedoor.services.doors import DoorDesk, Keep
from stagedoor.services.tls import Certificates
from stagedoor.tls import tls_folder

_OPTIONS: Final = {option.name: option for option in OPTIONS}

_COMPLETE_S: Final = 15.0
"""How often a door that should listen on an address that this machine lacked tries it again."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where each door is; ``None`` for one that is shut."""

    kilovolt: str | None
    page: str | None
    """The Kilovolt door over HTTP."""
    streamerbot: str | None
    streamerbot_http: str | None
    console: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorPlan:
    """What is to be known of a door to open it, and to move it."""

    option: str
    """The option that says where it listens."""
    door: Door
    stored: str | None
    """Where it should listen as far as the owner has said, in the option's words."""
    keep: Keep
    """Stores where it listens."""
    is_guarded: Callable[[], bool]
    """Tells whether nobody comes in without showing something; only then it may listen beyond this machine."""
    remedy: str = "authentication enforced"
    """What would make it so."""
    is_open_by_choice: bool = False
    """Whether it was chosen for this run that it is not so."""
    scheme: str = "http"
    """With ``path``, how programs of this machine reach it in plain text."""
    path: str = "/"
    reconsider: Callable[[], None] = lambda: None
    """Goes by the stored settings again when a door has moved: which passwords will do depends on who can reach it."""


class House:
    """All doors, and the certificates that they show. :meth:`open` comes when all have been added."""

    def __init__(self, base: Foundation) -> None:
        settings = base.settings
        self._base = base
        self._plans: dict[str, DoorPlan] = {}
        self._told: tuple[Callable[[Addresses], None], ...] = ()
        self._turn = Turn()
        self._limits = Limits(
            message_bytes=settings.message_bytes,
            queue_bytes=settings.queue_bytes,
            connections=settings.connections,
            connections_an_origin=settings.connections_an_origin,
            ping_after_s=settings.ping_after_s,
        )
        self.doors = Doors(base.warn, lambda: self.certificates)
        self.certificates = Certificates(
            base.client(),
            tls_folder(base.folder),
            host_names=settings.host_names,
            chosen=_chosen_tls(base),
            is_exposed=lambda: any(entrance.is_exposed for entrance in self.doors),
            changed=self._tls_changed,
            warn=base.warn,
            record=base.record,
        )

    # --- before they are open ---

    def new_door(
        self,
        name: str,
        sockets: Mapping[str, MakeHandler],
        respond: Respond,
        origins: Origins,
        plain_paths: Collection[str] = (),
    ) -> Door:
        """Make a door like the others: by the same limits, names and rule for TLS."""
        return Door(
            name,
            sockets=sockets,
            respond=respond,
            turn=self._turn,
            limits=self._limits,
            origins=origins,
            host_names=frozenset(self._base.settings.host_names),
            tls=self.certificates,
            plain_paths=plain_paths,
            record=self._base.record,
        )

    def add(self, plan: DoorPlan) -> None:
        """Have one more door, shut for now."""
        self._plans[plan.option] = plan
        self.doors.add(
            plan.option,
            plan.door,
            is_chosen=plan.option in self._base.chosen,
            is_guarded=plan.is_guarded,
            remedy=plan.remedy,
        )

    async def open(self) -> None:
        """Open what can be opened.

        Raises:
            DoorError: When nothing could.
            OptionError: When all are off, or it was chosen for this run that everybody may come in from beyond this
                machine. Where that is only stored, the door stays shut: the others are how it can be mended.
        """
        self._base.stack.push_async_callback(self.doors.close)
        errors = []
        for plan in self._plans.values():
            error = await self.doors.open(plan.option, self._address(plan))
            if isinstance(error, OptionError) and plan.is_open_by_choice and plan.option in self._base.chosen:
                raise error
            errors.append(error)
        if not self.doors.open_ones:
            raise next(filter(None, errors), None) or OptionError("doors", "all of them are off")

    def _address(self, plan: DoorPlan) -> Address | None:
        """Where a door listens: as chosen for this run, or as stored."""
        default: Address | None = getattr(self._base.settings, plan.option)
        if plan.option in self._base.chosen or plan.stored is None:
            return default
        try:
            address = _OPTIONS[plan.option].parse(plan.stored)
        except ValueError as error:
            self._base.warn(f"{plan.option} bind", f"the stored address: {error}; the door listens on {default}")
            return default
        assert address is None or isinstance(address, Address)
        return address

    # --- while they are open ---

    @property
    def addresses(self) -> Addresses:
        """Where programs of this machine reach the doors now."""
        return Addresses(
            kilovolt=self.url("kilovolt"),
            page=self.doors.url("kilovolt", "http", "/"),
            streamerbot=self.url("streamerbot"),
            streamerbot_http=self.url("streamerbot_http"),
            console=self.url("console"),
        )

    def url(self, option: str) -> str | None:
        """Where programs of this machine reach a door now; ``None`` while it is shut."""
        plan = self._plans[option]
        return self.doors.url(option, plan.scheme, plan.path)

    def attend(self, *told: Callable[[Addresses], None]) -> None:
        """Keep the doors as they should be, and let the owner move them, until the end.

        ``told`` hear where the doors are, now and whenever that has changed.
        """
        self._told = told
        self._base.run_until_the_end(self.certificates.run())
        self._base.run_until_the_end(self._complete())
        self._tell()
        keep = {plan.option: plan.keep for plan in self._plans.values()}
        DoorDesk(self._base.client(), self.doors, self._move, keep, self.url)

    async def _move(self, option: str, address: Address | None, settle: Settle) -> None:
        await self.doors.move(option, address, settle)
        self._base.warn(f"{option} bind", None)
        for plan in self._plans.values():
            plan.reconsider()
        self._tell()

    async def _complete(self) -> None:
        """Let doors listen where they should as soon as this machine can, until cancelled."""
        while True:
            await asyncio.sleep(_COMPLETE_S)
            await self.doors.complete()

    def _tls_changed(self) -> None:
        self.doors.tell()
        self._tell()

    def _tell(self) -> None:
        for hear in self._told:
            hear(self.addresses)


def _chosen_tls(base: Foundation) -> dict[str, object]:
    """Say what was chosen for this run about TLS, in the words of what is stored."""
    settings = base.settings
    chosen: dict[str, object] = {}
    if "tls" in base.chosen:
        chosen["mode"] = settings.tls
    if base.chosen & {"tls_certificate", "tls_key"}:
        chosen["certificate"] = None if settings.tls_certificate is None else str(settings.tls_certificate)
        chosen["key"] = None if settings.tls_key is None else str(settings.tls_key)
    if "plain_beyond_loopback" in base.chosen:
        chosen["plain_beyond_loopback"] = settings.plain_beyond_loopback
    return chosen
