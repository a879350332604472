"""Pairing, as the owner asks for it: where the other device is sent, and the picture of that."""

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

from stagedoor.access import SERVICE, AskQueue, Client, Pairings, Passes, Throttle
from stagedoor.errors import RequestFailed
from stagedoor.keys import PAIR
from stagedoor.services.pairing import PairingDesk, PairingLink, draw, find_hosts
from stagedoor.tls import MachineAddress
from tests.kilovolt.harness import FakeClock
from tests.services.harness import Desk

WIFI = MachineAddress("192.168.1.20", "private", "wlan0")
DOCKER = MachineAddress("172.17.0.1", "private", "docker0")
SIX = MachineAddress("fd00::20", "private", "wlan0")
LINK_LOCAL = MachineAddress("fe80::20", "link-local", "wlan0")
PUBLIC = MachineAddress("203.0.113.5", "public", "eth1")
LOOPBACK = MachineAddress("127.0.0.1", "loopback", "lo")
ALL = [LOOPBACK, DOCKER, LINK_LOCAL, SIX, WIFI, PUBLIC]
CERTIFIED = ["studio-1", "studio-1.local", "172.17.0.1", "fe80::20", "fd00::20", "192.168.1.20"]


@pytest.mark.parametrize(
    ("listening", "certified", "hosts"),
    [
        (["0.0.0.0"], CERTIFIED, ["192.168.1.20", "172.17.0.1", "studio-1.local"]),
        (["::"], CERTIFIED, ["fd00::20", "studio-1.local"]),
        (["127.0.0.1", "::1", "192.168.1.20"], CERTIFIED, ["192.168.1.20", "studio-1.local"]),
        (["192.168.1.20"], [], []),
        (["192.168.1.20"], ["192.168.1.21"], []),
        (["127.0.0.1", "::1"], CERTIFIED, []),
        ([], CERTIFIED, []),
        (["192.168.1.20"], ["studio.example", "*.example"], ["studio.example"]),
        (["203.0.113.5"], ["203.0.113.5"], ["203.0.113.5"]),
    ],
)
def test_hosts_are_those_that_are_reached_and_certified(
    listening: list[str], certified: Collection[str], hosts: list[str]
) -> None:
    assert find_hosts([(host, 4330) for host in listening], ALL, certified) == hosts


def test_the_picture_is_the_address_black_on_white() -> None:
    url = "http://192.168.1.20:4330/pair#code=abc"
    picture = draw(url)
    assert picture.startswith("data:image/svg+xml")
    shape = unquote(picture).replace("'", '"')
    assert 'fill="#fff"' in shape
    assert 'stroke="#000"' in shape
    assert draw(url + "d") != picture


@pytest.fixture
async def asked(desk: Desk) -> Any:
    """Ask for a pairing; the door listens at the addresses of the wireless network and of a container's."""
    clock = FakeClock()
    passes = Passes(clock.time, lambda: None)
    pairings = Pairings(clock, AskQueue(clock), passes, Throttle(), lambda kind, facts: None)
    PairingDesk(
        Client(desk.hub, SERVICE),
        pairings,
        listens_on=lambda: [("0.0.0.0", 4330)],
        certified=lambda: CERTIFIED,
        find_addresses=lambda: ALL,
    )

    async def ask(value: str) -> PairingLink:
        return msgspec.json.decode(await desk.call(PAIR, value), type=PairingLink)

    return ask


async def test_an_address_with_a_code_is_made(asked: Any) -> None:
    link = await asked("{}")
    address, _, code = link.url.partition("#code=")
    assert address == "http://192.168.1.20:4330/pair"
    assert re.fullmatch("[a-z2-9]{4}(-[a-z2-9]{4}){2}", code)
    assert link.addresses == ["192.168.1.20", "172.17.0.1", "studio-1.local"]
    assert link.expires_in_s == 600
    assert link.qr == draw(link.url)
    assert (await asked("")).url != link.url


async def test_another_host_is_chosen(asked: Any) -> None:
    assert (await asked('{"host":"studio-1.local"}')).url.startswith("http://studio-1.local:4330/pair#")
    for wrong in ('{"host":"evil.example"}', '{"host":"203.0.113.5"}', '{"host":5}', "[]"):
        with pytest.raises(RequestFailed):
            await asked(wrong)
