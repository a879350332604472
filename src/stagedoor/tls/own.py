"""The owner's own certificate: two files, read again when they have changed."""

import ssl
from pathlib import Path
from typing import NamedTuple

from stagedoor.errors import OperatorError


class BadCertificate(OperatorError):
    """Files that cannot be used as a certificate and its key; ``reason`` is a sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class CertificateFacts(NamedTuple):
    """What a certificate says of itself."""

    names: list[str]
    """Host names and addresses, as in its subject's alternative names."""
    issuer: str
    expires_at_ms: int


class OwnCertificate(NamedTuple):
    """A certificate that was read, ready for use."""

    context: ssl.SSLContext
    facts: CertificateFacts
    stamp: tuple[int, ...]
    """What tells, compared with :meth:`stamp_of`, whether the files have changed since."""

    @classmethod
    def read(cls, certificate: Path, key: Path) -> "OwnCertificate":
        """Read a chain of certificates, its own first, and the key, both in PEM. It blocks.

        Raises:
            BadCertificate: When they cannot be used.
        """
        stamp = cls.stamp_of(certificate, key)
        try:
            context = server_context(certificate, key)
            return cls(context, _describe(certificate.read_bytes()), stamp)
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                raise BadCertificate(f"{key} is not the key of {certificate}") from error
            raise BadCertificate(f"{certificate} and {key} are no certificate and its key, in PEM") from error
        except OSError as error:
            raise BadCertificate(f"{error.filename or certificate}: {error.strerror or error}") from error
        except ValueError as error:
            raise BadCertificate(f"{certificate} is no certificate: {error}") from error

    @staticmethod
    def stamp_of(certificate: Path, key: Path) -> tuple[int, ...]:
        """Tell when the files were changed.

        Raises:
            BadCertificate: When one of them is not there.
        """
        stamp: list[int] = []
        for path in (certificate, key):
            try:
                status = path.stat()
            except OSError as error:
                raise BadCertificate(f"{path}: {error.strerror or error}") from error
            stamp += (status.st_mtime_ns, status.st_size, status.st_ino)
        return tuple(stamp)


def server_context(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """Make what a server encrypts with; a ``certificate`` without a ``key`` holds it.

    Raises:
        ssl.SSLError: When the files are no certificate and key that belong together.
        OSError: When they cannot be read.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # Who connects stays, so that a ticket to come back by is of little use, and one that its receiver does not read
    # before it closes makes a connection end with a reset.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(certificate, key, password=_no_password)
    return context


def _no_password() -> str:
    """Answer OpenSSL, which would ask for a key's password in the terminal."""
    raise BadCertificate("the key is encrypted; it has to be one without a password")


def _describe(pem: bytes) -> CertificateFacts:
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(pem)
    names: list[str] = []
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        pass  # browsers take none without, but who connects may
    else:
        names += alternative.get_values_for_type(x509.DNSName)
        names += map(str, alternative.get_values_for_type(x509.IPAddress))
    return CertificateFacts(
        names=names,
        issuer=certificate.issuer.rfc4514_string(),
        expires_at_ms=round(certificate.not_valid_after_utc.timestamp() * 1000),
    )
