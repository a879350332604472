"""Fetches the icon of an application that asks to be let in, from the ``https`` address that it gave.

Who asks is not trusted yet, and the address is theirs. So it must not lead to what this machine can reach and they
cannot: the check is made where the socket is opened, on the very address that it then connects to, so that neither a
name that resolves to something else a moment later nor a redirect gets around it.
"""

import asyncio
import base64
import errno
import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Final

import aiohttp
from yarl import URL

logger = logging.getLogger(__name__)

MAX_BYTES: Final = 256 << 10
MAX_REDIRECTS: Final = 3
AT_ONCE: Final = 4
TIMEOUT_S: Final = 5.0
"""For one icon, from its name's resolution to its last byte."""

_HEADERS: Final = {
    "User-Agent": "stagedoor",
    "Accept": "image/png, image/jpeg, image/gif, image/webp",
    "Accept-Encoding": "identity",
}
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))

_IPV4_LEFT_OUT: Final = (
    ipaddress.IPv4Network("192.0.0.0/24"),  # of protocols; older Pythons know parts of it alone
    ipaddress.IPv4Network("192.88.99.0/24"),  # relays of 6to4
)
_IPV6_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_IPV6_LEFT_OUT: Final = (
    ipaddress.IPv6Network("2001::/23"),  # of protocols; Teredo, which carries an IPv4 address, is among them
    ipaddress.IPv6Network("2002::/16"),  # 6to4, which carries one as well
    ipaddress.IPv6Network("3fff::/20"),  # of documentation (RFC 9637), which older Pythons do not know
)


class IconRefused(Exception):
    """There is no picture at the address that may be shown; the reason is a short text."""


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the internet's, at which a single machine can be reached.

    ``is_global`` alone is not enough: it also holds for multicast, for the retired site-local addresses, and for those
    of IPv6 that carry one of IPv4 (NAT64, 6to4, in some Pythons mapped ones), behind which there may be anything. Of
    IPv6 only 2000::/3 is given out (IANA's registry of its address space).
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _IPV4_LEFT_OUT)
    return ip.scope_id is None and ip in _IPV6_UNICAST and not any(ip in network for network in _IPV6_LEFT_OUT)


class Icons:
    """Fetches icons, a few at a time. Each has a session of its own, so that one tells nothing of another."""

    def __init__(
        self, *, may_reach: Callable[[str], bool] = is_public, certificates: ssl.SSLContext | None = None
    ) -> None:
        """``may_reach`` is asked about each IP address; ``certificates`` are the trusted ones, if not the system's."""
        self._may_reach = may_reach
        self._certificates = certificates
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def find(self, address: str) -> str:
        """Fetch an icon as :meth:`fetch` does; an empty text when there is none to show."""
        try:
            return await self.fetch(address)
        except IconRefused as reason:
            logger.info("the icon of an application that asks is not shown: %s", reason)
            return ""

    async def fetch(self, address: str) -> str:
        """Fetch an icon; it can be cancelled at any time.

        Returns:
            The picture as a ``data:`` address.

        Raises:
            IconRefused: When the address must not be fetched, does not answer in time, or holds no picture.
        """
        async with self._at_once:
            try:
                async with asyncio.timeout(TIMEOUT_S), self._open_session() as session:
                    return await _follow(session, _read_address(address))
            except TimeoutError as error:
                raise IconRefused(f"it did not come within {TIMEOUT_S:g} seconds") from error
            except (aiohttp.ClientError, OSError, ValueError) as error:
                # Errors of certificates are errors of values as well, and one of an address quotes all of it.
                if isinstance(error, aiohttp.InvalidURL) or not isinstance(error, (aiohttp.ClientError, OSError)):
                    raise IconRefused("its address makes no sense") from error
                raise IconRefused(str(error) or type(error).__name__) from error

    def _open_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=self._certificates or True, use_dns_cache=False, force_close=True, socket_factory=self._open_socket
        )
        return aiohttp.ClientSession(
            connector=connector,
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # so that a small answer cannot unpack to a large one
            trust_env=False,  # a proxy would resolve names by itself
        )

    def _open_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """Open the socket for one address of a host, unless that address must not be reached."""
        family, kind, protocol, _, address = info
        if not self._may_reach(str(address[0])):
            raise PermissionError(errno.EACCES, "it is not on the internet")
        return socket.socket(family, kind, protocol)


async def _follow(session: aiohttp.ClientSession, url: URL) -> str:
    for _ in range(1 + MAX_REDIRECTS):
        async with session.get(url, allow_redirects=False) as response:
            location = response.headers.get("Location")
            if response.status in _REDIRECTS and location is not None:
                url = _read_address(url.join(URL(location)))
            elif response.status == 200:
                return _show(await _read(response))
            else:
                raise IconRefused(f"it answers with {response.status}")
    raise IconRefused(f"it leads on more than {MAX_REDIRECTS} times")


def _read_address(address: str | URL) -> URL:
    """Read an address that may be fetched.

    Raises:
        IconRefused: When it is none.
        ValueError: When it is no address at all.
    """
    url = URL(address)
    if url.scheme != "https" or not url.host:
        raise IconRefused("it is not an https address")
    if url.user is not None or url.password is not None:
        raise IconRefused("its address holds a name or a password")
    return url


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_BYTES:
            raise IconRefused(f"it is larger than {MAX_BYTES} bytes")
    return bytes(body)


def _show(body: bytes) -> str:
    """Make a ``data:`` address of a picture, whose type its first bytes say, whatever its server calls it."""
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        kind = "png"
    elif body.startswith(b"\xff\xd8\xff"):
        kind = "jpeg"
    elif body.startswith((b"GIF87a", b"GIF89a")):
        kind = "gif"
    elif body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        kind = "webp"
    else:
        raise IconRefused("it is no PNG, JPEG, GIF or WebP picture")
    return f"data:image/{kind};base64,{base64.b64encode(body).decode()}"
