"""What this machine is called in its network: its names and the addresses of its interfaces."""

import ipaddress
import re
import socket
from typing import Final, Literal

import msgspec

AddressKind = Literal["loopback", "private", "link-local", "public"]

_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
"""RFC 1123, section 2.1, in lower case; no certificate can have another."""

_SHARED: Final = ipaddress.ip_network("100.64.0.0/10")
"""Addresses that a provider shares out, and that private networks over the Internet use, too. Source: RFC 6598."""


class MachineAddress(msgspec.Struct, frozen=True):
    """An address of this machine."""

    address: str
    kind: AddressKind
    interface: str


def machine_addresses() -> list[MachineAddress]:
    """List the addresses of every interface, loopback first, then in the system's order."""
    import psutil  # takes its time

    found = []
    for interface, addresses in psutil.net_if_addrs().items():
        for entry in addresses:
            if entry.family in (socket.AF_INET, socket.AF_INET6):
                address = entry.address.partition("%")[0]
                found.append(MachineAddress(address, kind_of(address), interface))
    return sorted(dict.fromkeys(found), key=lambda entry: entry.kind != "loopback")


def machine_names() -> list[str]:
    """Name this machine as others in its network can: its host name, and that with ``.local``, as mDNS has it."""
    name = socket.gethostname().lower().rstrip(".")
    short = name.partition(".")[0]
    return [name for name in dict.fromkeys((short, name, f"{short}.local")) if is_certifiable(name)]


def kind_of(address: str) -> AddressKind:
    """Tell how far an address reaches."""
    ip = ipaddress.ip_address(address)
    if ip.is_loopback:
        return "loopback"
    if ip.is_link_local:
        return "link-local"
    return "private" if ip.is_private or (ip.version == 4 and ip in _SHARED) else "public"


def is_certifiable(name: str) -> bool:
    """Tell whether our authority may be for this host name and all that is below it.

    A single word might be a top-level domain, such as ``dev``. None has a digit or a hyphen, but for those that begin
    with ``xn--``; so ``streaming-pc`` is fine, and ``studio`` has to be ``studio.local``.
    """
    if _NAME.fullmatch(name) is None or name == "localhost":
        return False
    return "." in name or (not name.isalpha() and not name.startswith("xn--"))
