"""All doors of one stagedoor: where each listens, why one is shut, and how one moves while it runs."""

import asyncio
import contextlib
import ipaddress
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from stagedoor.access import is_loopback
from stagedoor.errors import DoorError, OptionError
from stagedoor.net.connection import ACCESS_REVOKED
from stagedoor.net.door import Door
from stagedoor.options import Address

Settle = Callable[[], Awaitable[None]]

_OFF: Final = "it is off"
_LOST: Final = "while it tried another address, somebody took its own"


@dataclass(slots=True)
class Entrance:
    """One door, and what is known of where it should be."""

    option: str
    """The option that says where it listens."""
    door: Door
    is_chosen: bool
    """Whether its address was chosen for this run alone."""
    is_guarded: Callable[[], bool]
    """Tells whether nobody comes in without showing something; only then it may listen beyond this machine."""
    remedy: str
    """What would make it so."""
    address: Address | None = field(init=False, default=None)
    """Where it should listen."""
    is_exposed: bool = field(init=False, default=False)
    """Whether it listens beyond this machine."""
    problem: str | None = field(init=False, default=_OFF)
    """Why it is shut, for people; ``None`` while it is open."""

    @property
    def absent(self) -> list[str]:
        """Addresses where it should listen, too, that this machine did not have when that was tried."""
        if self.address is None or not self.door.is_open:
            return []
        had = {host for host, _ in self.door.addresses}
        return [host for host in self.address.hosts if _is_address(host) and host not in had]


class Tls(Protocol):
    """What is asked of TLS when a door is to listen beyond this machine."""

    @property
    def lets_plain_in(self) -> bool:
        """Whether other machines may speak plain text."""
        ...

    async def arm(self) -> str | None:
        """Be ready for them; says why nobody could come in from there."""
        ...


class Doors:
    """The doors, each by its option. ``warn`` hears a warning by its subject, or ``None`` when it holds no more."""

    def __init__(self, warn: Callable[[str, str | None], None], tls: Callable[[], Tls]) -> None:
        self._warn = warn
        self._tls = tls
        self._entrances: dict[str, Entrance] = {}
        self._one_at_a_time = asyncio.Lock()

    def __iter__(self) -> Iterator[Entrance]:
        return iter(self._entrances.values())

    def add(
        self,
        option: str,
        door: Door,
        *,
        is_chosen: bool,
        is_guarded: Callable[[], bool],
        remedy: str = "authentication enforced",
    ) -> None:
        """Have one more door, shut for now."""
        self._entrances[option] = Entrance(option, door, is_chosen, is_guarded, remedy)

    @property
    def open_ones(self) -> list[Door]:
        """Those that listen."""
        return [entrance.door for entrance in self if entrance.door.is_open]

    def door(self, option: str) -> Door:
        """The door of an option."""
        return self._entrances[option].door

    def are_exposed(self, *options: str) -> bool:
        """Tell whether one of them listens beyond this machine."""
        return any(entrance.is_exposed for entrance in self if entrance.option in options)

    def url(self, option: str, scheme: str, path: str) -> str | None:
        """Where programs of this machine reach a door; ``None`` while it is shut.

        ``scheme`` is that of plain text, and so is the address, unless the door listens where that is refused.
        """
        door = self._entrances[option].door
        if not door.is_open:
            return None
        is_plain = _is_on_loopback(door) or self._tls().lets_plain_in
        return url_of(door, scheme if is_plain else f"{scheme}s", path)

    async def open(self, option: str, address: Address | None) -> DoorError | OptionError | None:
        """Let a door listen, or keep it shut; one that cannot listen is warned of, and its error returned.

        It is an ``OptionError`` when everybody could come in from beyond this machine.
        """
        entrance = self._entrances[option]
        try:
            await self.move(option, address, _settle_nothing)
        except (DoorError, OptionError) as error:
            entrance.problem = str(error) if isinstance(error, DoorError) else _explain(entrance, error)
            self._warn(f"{option} shut", entrance.problem)
            return error
        return None

    async def move(self, option: str, address: Address | None, settle: Settle) -> None:
        """Let a door listen somewhere else instead, or nowhere, as :meth:`stagedoor.net.door.Door.move` does.

        Raises:
            OptionError: When everybody could come in from beyond this machine.
            DoorError: When that address cannot be had, or nobody could come in there; the door stays where it was.
        Cancellation: safe; the door stays where it was.
        """
        async with self._one_at_a_time:
            await self._move(self._entrances[option], address, settle)

    async def _move(self, entrance: Entrance, address: Address | None, settle: Settle) -> None:
        option = entrance.option
        reaches_out = address is not None and not _is_local(address.host)
        if reaches_out and not entrance.is_guarded():
            raise OptionError(option, f"{address} is not on this machine alone, so the door needs {entrance.remedy}")
        if reaches_out and (problem := await self._tls().arm()) is not None:
            raise DoorError(entrance.door.name, str(address), problem)
        was_exposed = entrance.is_exposed
        entrance.is_exposed = was_exposed or reaches_out  # at once, so that nobody takes the guard away meanwhile
        try:
            await entrance.door.move(address, settle)
        except BaseException:
            entrance.is_exposed = was_exposed
            if not entrance.door.is_open:
                entrance.problem = entrance.problem or _LOST
            raise
        entrance.address = address
        entrance.is_exposed = reaches_out
        entrance.problem = _OFF if address is None else None
        self._warn(f"{option} shut", None)
        self._tell(entrance)

    async def complete(self) -> None:
        """Listen, too, where this machine had no such address before, as with a network that came after the start."""
        for entrance in self:
            if not entrance.absent:
                continue
            async with self._one_at_a_time:
                for host in entrance.absent:
                    with contextlib.suppress(DoorError):
                        await entrance.door.listen(host, entrance.door.port)
            self._tell(entrance)

    def tell(self) -> None:
        """Warn of each door that listens beyond this machine, as things are now."""
        for entrance in self:
            self._tell(entrance)

    def _tell(self, entrance: Entrance) -> None:
        addresses = " ".join(entrance.door.statistics().addresses)
        line = f"the {entrance.door.name} door listens beyond this machine, on {addresses}"
        if self._tls().lets_plain_in:
            line += ", and takes plain text, which everybody in the network between can read (plain-beyond-loopback)"
        self._warn(f"{entrance.option} exposed", line if entrance.is_exposed else None)
        absent = " and ".join(entrance.absent)
        line = f"the {entrance.door.name} door should listen on {absent}, too, which this machine does not have now"
        self._warn(f"{entrance.option} absent", line if absent else None)

    def shut_out(self, origin: str) -> None:
        """End the connections of pages from an origin, which may not be here any more."""
        for entrance in self:
            if not entrance.door.origins.is_decided:
                continue
            for connection in entrance.door.connections:
                if connection.origin is not None and connection.origin.lower() == origin:
                    connection.close(ACCESS_REVOKED, "access was revoked")

    async def close(self) -> None:
        """Shut them all, the last one first."""
        for entrance in reversed(self._entrances.values()):
            await entrance.door.close()


def _explain(entrance: Entrance, error: OptionError) -> str:
    """Say why a door stays shut that nobody guards, and what would open it."""
    return f"the {entrance.door.name} door stays shut: {error.problem}; with that, it opens at the next start"


def url_of(door: Door, scheme: str, path: str) -> str:
    """Where programs of this machine reach an open door."""
    return f"{scheme}://{_shown_host(door)}:{door.port}{path}"


def _is_on_loopback(door: Door) -> bool:
    """Tell whether the address by which this machine's programs reach a door is on loopback."""
    host = _shown_host(door).strip("[]")
    return _is_local(host)


def _shown_host(door: Door) -> str:
    hosts = [host for host, _ in door.addresses]
    if any(is_loopback(host) for host in hosts):
        return "localhost" if len(hosts) > 1 else (f"[{hosts[0]}]" if ":" in hosts[0] else hosts[0])
    host = hosts[0]
    if host in ("0.0.0.0", "::"):  # noqa: S104  (shown, not bound)
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _is_local(hosts: str) -> bool:
    return all(host == "localhost" or is_loopback(host) for host in hosts.split(","))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _settle_nothing() -> None:
    """Settle nothing: where to listen is known already."""
