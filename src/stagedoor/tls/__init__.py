"""Certificates: the owner's own files, or a local authority of ours that is good for this machine's names alone.

It knows no door and no store. Whatever needs the library ``cryptography`` imports it when it runs, because making and
reading certificates is rare, and a start should not pay for it.
"""

from stagedoor.tls.folder import AUTHORITY_FILE, AuthorityFacts, CertificateFolder, LeafFacts, in_pairs, tls_folder
from stagedoor.tls.machine import MachineAddress, is_certifiable, machine_addresses, machine_names
from stagedoor.tls.own import BadCertificate, OwnCertificate, server_context

__all__ = [
    "AUTHORITY_FILE",
    "AuthorityFacts",
    "BadCertificate",
    "CertificateFolder",
    "LeafFacts",
    "MachineAddress",
    "OwnCertificate",
    "in_pairs",
    "is_certifiable",
    "machine_addresses",
    "machine_names",
    "server_context",
    "tls_folder",
]
