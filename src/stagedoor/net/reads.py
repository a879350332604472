"""Reads of bounded size, for a connection that has shown that it floods.

picows doubles its buffer for whoever fills it, so a flood would be read in megabytes and served before anybody else.
Bounding each read costs every message a little, so it is left to those who need it.
"""

import asyncio
from typing import Final, cast

READ_AT_ONCE_BYTES: Final = 4096
"""Some fifty requests, or half a millisecond of work."""


class BoundedReads(asyncio.BufferedProtocol):
    """Stands before another protocol and offers the kernel only the start of its buffer."""

    def __init__(self, protocol: asyncio.BufferedProtocol) -> None:
        self._protocol = protocol
        self.buffer_updated = protocol.buffer_updated  # type: ignore[method-assign]  # nothing to add
        self.eof_received = protocol.eof_received  # type: ignore[method-assign]  # nothing to add
        self.connection_lost = protocol.connection_lost  # type: ignore[method-assign]  # nothing to add
        self.pause_writing = protocol.pause_writing  # type: ignore[method-assign]  # nothing to add
        self.resume_writing = protocol.resume_writing  # type: ignore[method-assign]  # nothing to add

    def get_buffer(self, sizehint: int) -> memoryview:
        """Offer the start of the free buffer."""
        return memoryview(self._protocol.get_buffer(sizehint))[:READ_AT_ONCE_BYTES]


def bound_reads(transport: asyncio.Transport) -> None:
    """Bound the reads of a connection from now on; harmless twice."""
    protocol = transport.get_protocol()
    if not isinstance(protocol, BoundedReads):
        transport.set_protocol(BoundedReads(cast(asyncio.BufferedProtocol, protocol)))
