"""Where a connection comes from: which ``Host`` it may name, and what its ``Origin`` makes of it.

A page in a browser cannot choose these two headers, so they tell a streamer's own overlay from a foreign web site, and
a direct connection from one that was rebound by DNS. A program can write anything there; it has to log in instead.
"""

import ipaddress
import re
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final

from stagedoor.access.asks import Asker
from stagedoor.json_text import shorten

_LOCAL_NAMES: Final = frozenset(("localhost", "127.0.0.1", "[::1]"))

_OBS_FILE: Final = "http://absolute"
"""What OBS sends for a browser source with a local file. Observed in OBS 27 to 31."""

_ORIGIN: Final = re.compile(
    r"([a-z][a-z0-9+.-]{0,63})://([a-z0-9._-]{1,253}|\[[0-9a-f:.]{0,45}:[0-9a-f:.]{0,45}\])(?::([0-9]{1,5}))?", re.ASCII
)
"""An origin in small letters: its scheme, its host, which is a name in ASCII, no longer than one in DNS, or an address,
and its port. Source: RFC 6454, section 6.2, and RFC 3986, section 3."""

_MACHINE_SCHEMES: Final = ("http", "https", "ws", "wss")
"""Of origins on this machine. Some programs believe that they must name one: Swift's Starscream and Python's ws4py say
``ws`` and where they connect to, Go's ``x/net/websocket`` what its users take from its example,
``http://localhost/``. No browser sends such a thing."""

_NOBODYS: Final = ("about", "blob", "data", "file", "javascript")
"""Schemes that name no site: what has one of them is nobody's in particular."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class OriginClass(Enum):
    """What an ``Origin`` means for a connection."""

    PROGRAM = "program"
    """No origin: a program, not a page."""
    LOCAL = "local"
    """A page of this machine: loopback on any port, or a local file in OBS. Or a program that gives itself such an
    origin."""
    OPAQUE = "opaque"
    """``null`` or ``file://``: perhaps the owner's own file, perhaps any hostile page in a sandboxed frame."""
    LET_IN = "let in"
    """The owner trusts it."""
    FOREIGN = "foreign"
    """Any other web site, or one that the owner refuses."""


@dataclass(frozen=True, slots=True)
class OriginPolicy:
    """Which origins the owner lets in, beside those that are local by nature."""

    let_in: frozenset[str] = frozenset()
    """Serialized origins that were set for this run, such as ``https://overlays.example``."""
    trusts_all: bool = False
    is_decided: ClassVar = True
    """The owner decides about it."""
    is_remembered: Callable[[str], bool] = lambda origin: False
    """Tells whether the owner has let in an origin, in small letters, for good."""
    is_refused: Callable[[str], bool] = lambda origin: False
    """Tells whether the owner has said no to an origin, in small letters."""
    ask: Callable[[str, Asker], None] = lambda origin, asker: None
    """Hears which origin was refused, in small letters, to ask the owner about it."""

    def refused(self, origin: str, asker: Asker) -> None:
        """Hear that a page was refused because of its origin."""
        with suppress(ValueError):  # what no browser sends is not worth a question
            if normalize_origin(origin) == origin.lower():
                self.ask(origin.lower(), asker)

    def classify(self, origin: str | None, *, is_own: bool = False) -> OriginClass:
        """Tell what ``origin``, an upgrade's header, makes of the connection.

        What the owner has said of an origin goes before what it is by nature. ``is_own`` tells that it is the door's
        own address.
        """
        if origin is None:
            return OriginClass.PROGRAM
        name = origin.lower()
        if name in self.let_in or self.is_remembered(name):
            return OriginClass.LET_IN
        if self.is_refused(name):
            return OriginClass.FOREIGN
        if is_own or is_local(origin):
            return OriginClass.LOCAL
        if self.trusts_all:
            return OriginClass.LET_IN
        if origin == "null" or name in ("file://", "file:///"):
            return OriginClass.OPAQUE
        return OriginClass.FOREIGN


def normalize_origin(text: str) -> str:
    """Bring an origin that a person wrote to the form that browsers send: a web site's, or an application's.

    Raises:
        ValueError: When it is not ``scheme://host[:port]`` and nothing more.
    """
    parts = _split(text.strip().rstrip("/"))
    if parts is None or parts[0] in _NOBODYS:
        raise ValueError(f"{shorten(text)!r} is not an origin such as https://overlays.example")
    scheme, host, port = parts
    return f"{scheme}://{host}" + (f":{port}" if port not in (None, _DEFAULT_PORTS.get(scheme)) else "")


def is_local(origin: str) -> bool:
    """Tell whether a page of this origin is one of this machine, or a program says so of itself.

    Browsers take every name below ``localhost`` for this machine's, and desktop applications show their pages there,
    as Tauri at ``tauri.localhost``. Source: RFC 6761, section 6.3, and Secure Contexts, section 3.1.
    """
    if origin == _OBS_FILE:
        return True
    scheme, host, _ = _split(origin.removesuffix("/")) or ("", "", None)
    if scheme not in _MACHINE_SCHEMES:
        return False
    return host in _LOCAL_NAMES or (host.endswith(".localhost") and ".." not in host and host[0] != ".")


def _split(origin: str) -> tuple[str, str, int | None] | None:
    """Read scheme, host and port, in small letters; ``None`` for what is no origin."""
    match = _ORIGIN.fullmatch(origin.lower())
    if match is None:
        return None
    scheme, host, port = match.groups()
    if port is None:
        return scheme, host, None
    return (scheme, host, int(port)) if 0 < int(port) < 1 << 16 else None


def is_own(origin: str, host: str, *, is_secure: bool) -> bool:
    """Tell whether an origin is the address by which the door itself was reached, which its ``Host`` names."""
    schemes = ("https", "wss") if is_secure else ("http", "ws")
    return origin.lower() in [f"{scheme}://{host}".lower() for scheme in schemes]


def is_host_allowed(
    hosts: Sequence[str], *, port: int, local_address: str, names: Collection[str] = (), default_port: int = 80
) -> bool:
    """Tell whether the ``Host`` headers of a request name this door.

    Args:
        hosts: The values of all ``Host`` headers; anything but one is refused.
        port: Where the door listens.
        local_address: The address of this machine that the connection reached. Naming it is harmless, since a
            name that was rebound by DNS is a name and not an address.
        names: Further names that the owner configured.
        default_port: What a ``Host`` without a port means.
    """
    if len(hosts) != 1:
        return False
    host, colon, port_text = hosts[0].strip().lower().rpartition(":")
    if not colon or port_text.endswith("]"):
        host, port_text = hosts[0].strip().lower(), str(default_port)
    if port_text != str(port):
        return False
    if host in _LOCAL_NAMES or host in names:
        return True
    return _is_same_address(host, local_address)


def _is_same_address(host: str, local_address: str) -> bool:
    literal = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        ip = ipaddress.ip_address(literal)
        local = ipaddress.ip_address(local_address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) == (literal is host):
        return False  # an IPv6 address belongs in brackets, and nothing else does
    mapped = getattr(local, "ipv4_mapped", None)
    return ip in (local, mapped) and not ip.is_unspecified
