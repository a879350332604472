"""TLS on a connection whose first bytes were read already, so that one port speaks plain text and TLS alike.

The event loop's own TLS protocol is made by hand, as ``loop.start_tls`` makes it, and is fed the bytes that have come.
What decides on the first bytes then stands inside it once more, and finds a transport that encrypts.
"""

import asyncio
import ssl
import sys
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable, Collection
from typing import Any, Final, Protocol

from stagedoor.net.limits import Limits

_GOODBYE_S: Final = 10.0
"""How long what is left to send, and the other side's goodbye, may take when a connection is closed.

The loops' own 30 s would hold the places of those who do not answer; at 50 kbit/s the rest of a file gets through."""


class Tls(Protocol):
    """A door's rule for TLS."""

    @property
    def context(self) -> ssl.SSLContext | None:
        """What to encrypt with; ``None`` when there is no certificate, or TLS is off."""
        ...

    @property
    def names(self) -> Collection[str]:
        """Host names that nobody else has a certificate for, so that who says them over TLS means us."""
        ...

    def refuses_plain(self, peer: str) -> bool:
        """Tell whether this address may not speak plain text."""
        ...


class NoTls:
    """The rule of a door that speaks plain text with everybody."""

    context = None
    names = ()

    def refuses_plain(self, peer: str) -> bool:
        """Refuse nobody."""
        return False


def is_secure(transport: asyncio.BaseTransport) -> bool:
    """Tell whether a transport encrypts."""
    return transport.get_extra_info("sslcontext") is not None


def make_tls_protocol(
    context: ssl.SSLContext, inner: asyncio.Protocol, limits: Limits, ended: Callable[[], None]
) -> Any:
    """Make the protocol of a server's end, in which ``inner`` finds what was encrypted.

    ``ended`` is called once when the handshake is over, whether it succeeded or not.
    """
    loop = asyncio.get_running_loop()
    handshake: asyncio.Future[None] = loop.create_future()

    def done(future: "asyncio.Future[None]") -> None:
        future.exception()  # the connection is closed already; strangers' handshakes are nobody's error
        ended()

    handshake.add_done_callback(done)
    return _protocol_class(loop)(
        loop,
        inner,
        context,
        handshake,
        server_side=True,
        ssl_handshake_timeout=limits.head_timeout_s,
        ssl_shutdown_timeout=_GOODBYE_S,
    )


def _protocol_class(loop: asyncio.AbstractEventLoop) -> Any:
    """Find the loop's own: uvloop and winloop have a faster one than asyncio's, with the same constructor."""
    for kind in type(loop).__mro__:
        found = getattr(sys.modules.get(kind.__module__), "SSLProtocol", None)
        if found is not None:
            return found
    return SSLProtocol
