"""Doors on several addresses: those that this machine has, and those that it gets later."""

import errno
import socket
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import OriginPolicy
from stagedoor.net import door as net_door
from stagedoor.net.door import Door
from stagedoor.net.doors import Doors
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.net.pages import respond_with_nothing
from stagedoor.options import Address, parse_address

ELSEWHERE = "192.0.2.77"
"""An address of nobody. Source: RFC 5737."""


class NoCertificate:
    """TLS that nobody needs."""

    lets_plain_in = True

    async def arm(self) -> str | None:
        return None


@pytest.fixture
def warnings() -> dict[str, str | None]:
    return {}


@pytest.fixture
async def doors(warnings: dict[str, str | None]) -> AsyncIterator[Doors]:
    doors = Doors(warnings.__setitem__, NoCertificate)
    door = Door(
        "Test",
        sockets={},
        respond=respond_with_nothing,
        turn=Turn(),
        limits=Limits(),
        origins=OriginPolicy(frozenset()),
    )
    doors.add("test", door, is_chosen=False, is_guarded=lambda: True)
    yield doors
    await doors.close()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost,192.168.1.20:4330", Address("localhost,192.168.1.20", 4330)),
        ("localhost, [fd00::2] ,[::1]:1", Address("localhost,fd00::2,::1", 1)),
        ("a,a:1", Address("a", 1)),
        ("[::1]:1", Address("::1", 1)),
        (":1", Address("0.0.0.0", 1)),
    ],
)
def test_several_hosts_are_read_and_written(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize("text", ["a,:1", ",:1", "a,,b:1", "a,b"])
def test_a_comma_wants_a_host(text: str) -> None:
    with pytest.raises(ValueError, match=r"comma|HOST:PORT"):
        parse_address(text)


@given(st.text(st.sampled_from("a1.:,[] \u0660-") | st.characters(), max_size=30))
def test_whatever_is_written_is_an_address_or_wrong(text: str) -> None:
    try:
        address = parse_address(text)
    except ValueError:
        return
    assert 0 <= address.port <= 65535
    assert all(address.hosts)
    assert parse_address(str(address)) == address


async def test_a_door_listens_on_all_its_addresses(doors: Doors) -> None:
    assert await doors.open("test", Address("127.0.0.2,127.0.0.1", 0)) is None
    door = doors.door("test")
    assert door.addresses == [("127.0.0.2", door.port), ("127.0.0.1", door.port)]
    assert not doors.are_exposed("test")


async def test_an_address_of_elsewhere_is_warned_of_until_this_machine_has_it(
    doors: Doors, warnings: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bind = net_door._bind

    def bind_elsewhere(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
        if address == "127.0.0.3":
            raise OSError(errno.EADDRNOTAVAIL, "not here")
        return bind(family, address, port)

    monkeypatch.setattr(net_door, "_bind", bind_elsewhere)
    assert await doors.open("test", Address("127.0.0.3,127.0.0.1", 0)) is None
    door = doors.door("test")
    assert [host for host, _ in door.addresses] == ["127.0.0.1"]
    warning = "the Test door should listen on 127.0.0.3, too, which this machine does not have now"
    assert warnings.get("test absent") == warning
    await doors.complete()
    assert warnings.get("test absent") == warning
    monkeypatch.undo()
    await doors.complete()
    assert door.addresses == [("127.0.0.1", door.port), ("127.0.0.3", door.port)]
    assert warnings.get("test absent", warning) is None
    await doors.complete()
    assert len(door.addresses) == 2


async def test_what_is_to_be_reached_from_elsewhere_is_exposed_even_before_it_can_be(doors: Doors) -> None:
    assert await doors.open("test", Address(f"127.0.0.1,{ELSEWHERE}", 0)) is None
    assert doors.are_exposed("test")


async def test_an_address_of_elsewhere_alone_is_an_error(doors: Doors) -> None:
    error = await doors.open("test", Address(ELSEWHERE, 0))
    assert error is not None
    assert not doors.open_ones
