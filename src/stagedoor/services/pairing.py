"""Lets the owner pair a phone or another computer: makes the address to open there, and the picture to scan."""

import asyncio
import ipaddress
from collections.abc import Callable, Collection, Iterable
from typing import Final

import msgspec

from stagedoor.access import Client, Pairings
from stagedoor.access.pairing import CODE_LIFETIME_S
from stagedoor.errors import RequestFailed
from stagedoor.keys import PAIR
from stagedoor.tls import MachineAddress, machine_addresses
from stagedoor.types import Value

_UNLIKELY: Final = (
    "br-",
    "docker",
    "lxc",
    "lxd",
    "podman",
    "veth",
    "vboxnet",
    "virbr",
    "vmnet",
    "vethernet",
    "hyper-v",
    "wsl",
    "tun",
    "tap",
    "utun",
    "wg",
    "tailscale",
    "zt",
)
"""How the names of interfaces begin that lead to virtual machines and private networks, seldom to a phone."""


class PairingLink(msgspec.Struct, frozen=True):
    """The answer to ``stagedoor/@pair``."""

    url: str
    """What to open on the other device; in plain text, because it cannot trust our certificate yet."""
    qr: str
    """The same as a picture: a ``data:`` address of an SVG."""
    expires_in_s: float
    addresses: list[str]
    """The hosts by which the door can be reached, the likeliest first."""


class _Wanted(msgspec.Struct):
    host: str | None = None


class PairingDesk:
    """Answers the request.

    Args:
        client: The service's own.
        pairings: Draws the codes.
        listens_on: Tells where the console's door listens.
        certified: Tells the names and addresses that the doors' certificate is for; none without one.
        find_addresses: Lists the addresses of this machine; it may block.
    """

    def __init__(
        self,
        client: Client,
        pairings: Pairings,
        *,
        listens_on: Callable[[], list[tuple[str, int]]],
        certified: Callable[[], Collection[str]],
        find_addresses: Callable[[], list[MachineAddress]] = machine_addresses,
    ) -> None:
        self._pairings = pairings
        self._listens_on = listens_on
        self._certified = certified
        self._find_addresses = find_addresses
        client.serve(PAIR, self._pair)

    async def _pair(self, value: Value) -> Value:
        try:
            wanted = msgspec.json.decode(value or "{}", type=_Wanted).host
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed(f"expected perhaps a host: {error}") from error
        listening = self._listens_on()
        hosts = find_hosts(listening, await asyncio.to_thread(self._find_addresses), self._certified())
        if not hosts:
            raise RequestFailed(
                "the console's door cannot be reached from another device with TLS: it has to listen in your network, "
                "with a certificate for its address there"
            )
        if wanted is not None and wanted not in hosts:
            raise RequestFailed(f"the console's door is not reached by {wanted}; it is by {', '.join(hosts)}")
        host = wanted or hosts[0]
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listening[0][1]}/pair#code={self._pairings.new_code()}"
        return msgspec.json.encode(PairingLink(url, draw(url), CODE_LIFETIME_S, hosts)).decode()


def find_hosts(
    listening: Iterable[tuple[str, int]], addresses: Iterable[MachineAddress], certified: Collection[str]
) -> list[str]:
    """List the hosts by which another device reaches a door and finds its certificate right, the likeliest first."""
    hosts = {host for host, _ in listening}
    reached = [
        entry
        for entry in addresses
        if entry.kind not in ("loopback", "link-local")
        and entry.address in certified
        and hosts & {entry.address, "::" if ":" in entry.address else "0.0.0.0"}  # noqa: S104  (compared, not bound)
    ]

    def likelihood(entry: MachineAddress) -> tuple[bool, bool, bool]:
        return ":" in entry.address, entry.interface.lower().startswith(_UNLIKELY), entry.kind != "private"

    found = [entry.address for entry in sorted(reached, key=likelihood)]
    names = [name for name in certified if "." in name and "*" not in name and not _is_address(name)]
    # Names of one label are found by some routers and not by others.
    return [*found, *names] if any(not _is_loopback(host) for host in hosts) else []


def draw(url: str) -> str:
    """Draw an address as a code to scan; it stays black on white, whatever is around it, or some do not read it."""
    import segno  # takes its time

    return segno.make(url, error="m", micro=False).svg_data_uri(border=4, dark="#000", light="#fff", omitsize=True)


def _is_loopback(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
