"""The folder where the local authority and its certificates are kept, for their owner alone.

authority.pem   the authority's key and certificate
authority.crt   its certificate, to give to others
leaf.pem        the key and certificate that the doors show
facts.json      what is known of both, so that a start need not read certificates
"""

import hashlib
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from stagedoor.private_file import write_private
from stagedoor.tls.authority import AUTHORITY_DAYS, make_authority, make_leaf
from stagedoor.tls.own import BadCertificate, server_context

RENEW_DAYS: Final = 30
"""A certificate that is good for less is replaced."""

AUTHORITY_FILE: Final = "authority.crt"
"""The authority's certificate, to trust and to give to others."""

_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"


class AuthorityFacts(msgspec.Struct, frozen=True):
    """What is told of the authority."""

    fingerprint: str
    """SHA-256 of its certificate, in hexadecimal."""
    made_at_ms: int
    expires_at_ms: int


class LeafFacts(msgspec.Struct, frozen=True):
    """What is known of the certificate that the doors show."""

    wanted: list[str]
    """Names and addresses that it should be for."""
    names: list[str]
    """Those that it is for."""
    expires_at_ms: int


class _Facts(msgspec.Struct, frozen=True):
    authority: AuthorityFacts
    leaf: LeafFacts


class CertificateFolder:
    """The files. Everything here blocks, and what writes belongs into a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._facts: _Facts | None = None

    @property
    def authority_file(self) -> Path:
        """The authority's certificate, to trust and to give to others."""
        return self._folder / AUTHORITY_FILE

    @property
    def has_authority(self) -> bool:
        """Whether there is one."""
        return (self._folder / "authority.pem").exists()

    @property
    def authority(self) -> AuthorityFacts | None:
        """What is known of the authority, once :meth:`open` has found it."""
        return self._facts.authority if self._facts else None

    @property
    def leaf(self) -> LeafFacts | None:
        """What is known of the certificate that the doors show."""
        return self._facts.leaf if self._facts else None

    def is_due(self, wanted: Sequence[str], now: datetime) -> bool:
        """Tell whether there should be another certificate: for further names, or because this one expires soon.

        One that is for more than what is wanted will do: networks come and go.
        """
        leaf = self.leaf
        soon = (now + timedelta(days=RENEW_DAYS)).timestamp() * 1000
        return leaf is None or leaf.expires_at_ms < soon or not set(wanted) <= set(leaf.wanted)

    def open(self) -> ssl.SSLContext | None:
        """Use what is there; ``None`` when there is no authority, or its certificate has to be made first."""
        try:
            pem = (self._folder / "authority.pem").read_bytes()
            facts = msgspec.json.decode((self._folder / "facts.json").read_bytes(), type=_Facts)
            if facts.authority.fingerprint != fingerprint_of(pem):
                return None
            context = server_context(self._folder / "leaf.pem")
        except (OSError, ssl.SSLError, ValueError, BadCertificate):
            return None  # not there, or damaged: what can be made anew is made anew
        self._facts = facts
        return context

    def make_authority(self, names: Sequence[str], addresses: Sequence[str], now: datetime) -> None:
        """Make a new authority; what the old one signed is trusted no more where the new one is.

        Raises:
            OSError: When it cannot be written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        host = socket.gethostname().partition(".")[0] or "this computer"
        pem = make_authority(names, addresses, host, now)
        write_private(self._folder / "authority.pem", pem)
        self._facts = None

    def renew(self, names: Sequence[str], addresses: Sequence[str], now: datetime) -> ssl.SSLContext:
        """Make a new certificate for these names and addresses, and use it.

        Raises:
            BadCertificate: When the authority cannot be used.
            OSError: When the certificate cannot be written.
        """
        path = self._folder / "authority.pem"
        pem = path.read_bytes()
        try:
            leaf = make_leaf(pem, names, addresses, now)
            made_at, expires_at = _validity(pem)
        except ValueError as error:
            raise BadCertificate(
                f"{path} cannot be read ({error}); `stagedoor tls new` makes another authority"
            ) from error
        write_private(self._folder / "leaf.pem", leaf.pem)
        write_private(self.authority_file, pem[pem.index(_BEGIN) :])
        facts = _Facts(
            AuthorityFacts(fingerprint_of(pem), made_at, expires_at),
            LeafFacts([*names, *addresses], leaf.names, _ms(leaf.expires_at)),
        )
        write_private(self._folder / "facts.json", msgspec.json.encode(facts))
        self._facts = facts
        return server_context(self._folder / "leaf.pem")

    def read_authority(self) -> bytes | None:
        """Read the authority's certificate, in PEM; ``None`` when there is none."""
        try:
            return self.authority_file.read_bytes()
        except OSError:
            return None


def tls_folder(data: Path) -> Path:
    """The folder in a data folder."""
    return data / "tls"


def fingerprint_of(pem: bytes) -> str:
    """Take the SHA-256 of the certificate in a PEM file.

    Raises:
        ValueError: When there is none in it.
    """
    begin = pem.index(_BEGIN)
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[begin:].decode("ascii").strip())).hexdigest()


def in_pairs(fingerprint: str) -> str:
    """Write a fingerprint as browsers and systems show it."""
    upper = fingerprint.upper()
    return ":".join(upper[at : at + 2] for at in range(0, len(upper), 2))


def _validity(pem: bytes) -> tuple[int, int]:
    """Tell when an authority was made and until when it is good, in Unix milliseconds."""
    from cryptography import x509

    expires_at = x509.load_pem_x509_certificate(pem).not_valid_after_utc.astimezone(UTC)
    return _ms(expires_at - timedelta(days=AUTHORITY_DAYS)), _ms(expires_at)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
