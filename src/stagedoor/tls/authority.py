"""Makes the certificates of a local authority: its own, and those for this machine that it signs.

The authority is worth little to a thief: it is constrained to this machine's names, to ``.local`` and to addresses that
mean something in a private network alone, and to TLS servers. Source of what certificates hold: RFC 5280, section 4.2.
"""

import ipaddress
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

AUTHORITY_DAYS: Final = 3652
"""Ten years: whoever has put the authority into a phone does not do so again soon."""

LEAF_DAYS: Final = 90

_CLOCKS_DIFFER: Final = timedelta(hours=25)
"""How far back a certificate begins, for machines whose clock is late, or a summer or a date line off."""

_NETWORKS: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "127.0.0.0/8",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "169.254.0.0/16",
            "100.64.0.0/10",
            "::1/128",
            "fc00::/7",
            "fe80::/10",
        ),
    )
)
"""Loopback, private, link-local and shared addresses. Source: RFC 1918, 3927, 4193, 4291, 6598."""


class Leaf(NamedTuple):
    """A certificate for this machine."""

    pem: bytes
    """Its key, then itself."""
    names: list[str]
    """Names and addresses that it is for: those that were wanted and that the authority may sign."""
    expires_at: datetime


def make_authority(names: Collection[str], addresses: Collection[str], host: str, now: datetime) -> bytes:
    """Make an authority for these names, and what is below them, and these addresses, beside private ones.

    Returns:
        Its key, then its certificate, in PEM.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "stagedoor"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"stagedoor on {host}"[:64]),
        ]
    )
    own = (ipaddress.ip_network(address) for address in addresses)
    networks = [*_NETWORKS, *(network for network in own if not _covers(_NETWORKS, network))]
    own_names = (name for name in names if not name.endswith(".local"))
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in ("localhost", "local", *own_names)]
    permitted += map(x509.IPAddress, networks)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, _sha256())
    )
    return _pem_of(key, certificate)


def make_leaf(authority_pem: bytes, names: Sequence[str], addresses: Sequence[str], now: datetime) -> Leaf:
    """Make a certificate for ``localhost``, and for those names and addresses that the authority may sign.

    Raises:
        ValueError: When the authority cannot be read.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    authority_key = load_pem_private_key(authority_pem, password=None)
    authority = x509.load_pem_x509_certificate(authority_pem)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise ValueError("its key is of another kind")
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or ()
    domains = [name.value for name in constraints if isinstance(name, x509.DNSName)]
    networks: list[Any] = [name.value for name in constraints if isinstance(name, x509.IPAddress)]
    wanted_names = dict.fromkeys(("localhost", *names))
    good_names = [name for name in wanted_names if any(name == at or name.endswith(f".{at}") for at in domains)]
    wanted_addresses = map(ipaddress.ip_address, dict.fromkeys(("127.0.0.1", "::1", *addresses)))
    good_addresses = [address for address in wanted_addresses if _covers(networks, ipaddress.ip_network(address))]

    key = ec.generate_private_key(ec.SECP256R1())
    expires_at = min(now + timedelta(days=LEAF_DAYS), authority.not_valid_after_utc)
    shown_name = good_names[1] if len(good_names) > 1 else good_names[0]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, shown_name[:64])]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(now - _CLOCKS_DIFFER, authority.not_valid_before_utc))
        .not_valid_after(expires_at)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([*map(x509.DNSName, good_names), *map(x509.IPAddress, good_addresses)]),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, _sha256())
    )
    return Leaf(_pem_of(key, certificate), [*good_names, *map(str, good_addresses)], expires_at.astimezone(UTC))


def _usage(*, signs_certificates: bool) -> "x509.KeyUsage":
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem_of(key: "EllipticCurvePrivateKey", certificate: "x509.Certificate") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret + certificate.public_bytes(Encoding.PEM)


def _sha256() -> Any:
    from cryptography.hazmat.primitives.hashes import SHA256

    return SHA256()


def _covers(networks: Collection[Any], network: Any) -> bool:
    return any(one.version == network.version and network.subnet_of(one) for one in networks)
