"""The limits of a door, and why they are what they are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one door takes from the network."""

    message_bytes: int = 1 << 20
    """The largest message; a longer one ends the connection with 1009."""
    queue_bytes: int = 1 << 20
    """What may wait for a reader that does not keep up, beyond what the kernel holds, before it loses its
    connection with 1013."""
    connections: int = 4096
    """Connections in all. A thousand overlays and those who feed them must fit."""
    connections_an_origin: int = 64
    """Connections of pages from one origin."""
    http_connections: int = 1024
    """Connections on which plain HTTP is spoken, requests under way or not; beyond that the oldest is cut. A browser
    has six."""
    head_bytes: int = 16 << 10
    """A request's line and headers; a longer one is answered with 431."""
    head_timeout_s: float = 5.0
    """How long they may take to arrive."""
    handshakes: int = 256
    """TLS handshakes under way, each for at most ``head_timeout_s``; beyond that the oldest is cut. A real one takes
    milliseconds."""
    ping_after_s: float = 30.0
    """How long a connection may be silent before it is pinged, and again before it is given up."""
    close_timeout_s: float = 2.0
    """How long to wait for the other side's CLOSE."""
