"""Tells the owner of the doors, and moves one while it runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from stagedoor.access import Client
from stagedoor.errors import DoorError, OptionError, RequestFailed, StoreError
from stagedoor.keys import DOORS, MOVE_DOOR
from stagedoor.options import OPTIONS, Address
from stagedoor.types import Value

logger = logging.getLogger(__name__)

_OPTIONS: Final = {option.name: option for option in OPTIONS}


class Statistics(Protocol):
    """What goes on at a door."""

    @property
    def addresses(self) -> list[str]:
        """Where it listens."""
        ...

    @property
    def connections(self) -> int:
        """Connections now."""
        ...

    @property
    def accepted(self) -> int:
        """Connections since the start."""
        ...

    @property
    def refused(self) -> int:
        """Upgrades that were refused."""
        ...


class Door(Protocol):
    """What is told of a door."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        ...

    def statistics(self) -> Statistics:
        """Count what goes on."""
        ...


class Entrance(Protocol):
    """A door, and what is known of where it should be."""

    @property
    def option(self) -> str:
        """The option that says where it listens."""
        ...

    @property
    def door(self) -> Door:
        """The door."""
        ...

    @property
    def is_chosen(self) -> bool:
        """Whether its address was chosen for this run alone."""
        ...

    @property
    def problem(self) -> str | None:
        """Why it is shut."""
        ...


class DoorFacts(msgspec.Struct):
    """One door, as the owner sees it."""

    name: str
    option: str
    """What ``stagedoor/@move-door`` and the command line call it."""
    addresses: list[str]
    url: str | None
    """Where programs of this machine reach it; ``None`` while it is shut."""
    is_open: bool
    problem: str | None
    """Why it is shut."""
    connections: int
    accepted: int
    """Connections since the start."""
    refused: int
    """Upgrades that were answered with an HTTP error."""
    is_chosen: bool
    """Whether its address was chosen for this run, so that it cannot be moved."""


class _Move(msgspec.Struct):
    door: str
    address: str


Keep = Callable[[str], Awaitable[None]]
"""Stores where a door listens; raises ``StoreError`` or ``RequestFailed``."""


class DoorDesk:
    """Answers the requests.

    ``move`` lets a door listen somewhere else and awaits its last argument when the new address is had and the old one
    not yet let go; ``keep`` has for each option what stores its address; ``find_url`` tells where an option's door is
    reached.
    """

    def __init__(
        self,
        client: Client,
        doors: Iterable[Entrance],
        move: Callable[[str, Address | None, Callable[[], Awaitable[None]]], Awaitable[None]],
        keep: Mapping[str, Keep],
        find_url: Callable[[str], str | None],
    ) -> None:
        self._doors = doors
        self._move = move
        self._keep = keep
        self._find_url = find_url
        self._one_at_a_time = asyncio.Lock()
        client.serve(DOORS, self._list)
        client.serve(MOVE_DOOR, self._move_one)

    async def _list(self, value: Value) -> Value:
        return msgspec.json.encode([self._describe(entrance) for entrance in self._doors]).decode()

    def _describe(self, entrance: Entrance) -> DoorFacts:
        door = entrance.door
        statistics = door.statistics()
        return DoorFacts(
            name=door.name,
            option=entrance.option,
            addresses=statistics.addresses,
            url=self._find_url(entrance.option),
            is_open=door.is_open,
            problem=None if door.is_open else entrance.problem,
            connections=statistics.connections,
            accepted=statistics.accepted,
            refused=statistics.refused,
            is_chosen=entrance.is_chosen,
        )

    async def _move_one(self, value: Value) -> Value:
        try:
            wanted = msgspec.json.decode(value, type=_Move)
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed(f"expected a door and an address: {error}") from error
        entrance = next((one for one in self._doors if one.option == wanted.door), None)
        if entrance is None:
            raise RequestFailed(f"there is no door {wanted.door!r}; there are {_listed(self._doors)}")
        option = _OPTIONS[entrance.option]
        if entrance.is_chosen:
            chosen_by = f"{option.flag} or {option.variable}"
            raise RequestFailed(f"where the {entrance.door.name} door is was chosen for this run, by {chosen_by}")
        try:
            address = option.parse(wanted.address)
        except ValueError as error:
            raise RequestFailed(str(error)) from error
        assert address is None or isinstance(address, Address)
        async with self._one_at_a_time:
            await self._go(entrance, address)
        addresses: Sequence[str] = entrance.door.statistics().addresses
        logger.info("the owner moved the %s door: %s", entrance.door.name, " ".join(addresses) or "off")
        return msgspec.json.encode({"addresses": addresses}).decode()

    async def _go(self, entrance: Entrance, address: Address | None) -> None:
        async def settle() -> None:
            await self._keep[entrance.option]("off" if address is None else str(address))

        try:
            await self._move(entrance.option, address, settle)
        except (DoorError, OptionError) as error:
            raise RequestFailed(str(error)) from error
        except StoreError as error:
            raise RequestFailed(f"the address could not be stored: {error}") from error


def _listed(doors: Iterable[Entrance]) -> str:
    return ", ".join(entrance.option for entrance in doors)
