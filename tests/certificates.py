"""A local authority for tests, and a door's rule that goes by it."""

import ssl
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stagedoor.access import is_loopback
from stagedoor.tls import CertificateFolder, machine_addresses

HOST = "studio-1"
"""A name of the machine that the tests' certificates are for."""


class Rule:
    """TLS with a certificate for ``localhost`` and :data:`HOST`; ``strangers`` speak no plain text."""

    def __init__(self, folder: Path, strangers: Collection[str] = ()) -> None:
        self.folder = CertificateFolder(folder)
        now = datetime.now(UTC)
        self.folder.make_authority([HOST], [], now)
        self.context: ssl.SSLContext | None = self.folder.renew([HOST], [], now)
        self.names: Collection[str] = [HOST]
        self.strangers = strangers

    def refuses_plain(self, peer: str) -> bool:
        """Refuse those who are strangers here, and everybody who is not on this machine."""
        return peer in self.strangers or not is_loopback(peer)

    def trusting(self) -> ssl.SSLContext:
        """Make what a client of ours would use."""
        return trust(self.folder.authority_file)


def own_address() -> str:
    """An address of this machine that is not on loopback; skips the test where there is none."""
    for entry in machine_addresses():
        if entry.kind in ("private", "public") and ":" not in entry.address:
            return entry.address
    pytest.skip("cannot exist here: a machine without a network")


def trust(authority: Path) -> ssl.SSLContext:
    """Make a client's context that trusts one authority and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(authority)
    return context
