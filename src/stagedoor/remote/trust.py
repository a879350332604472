"""Whom a client trusts when it connects with TLS."""

import ssl
from pathlib import Path


def choose_trust(ssl_context: ssl.SSLContext | None, authority: Path | None) -> ssl.SSLContext | None:
    """Decide about a client's trust: a context, or the certificate of one authority, or the system's certificates.

    Returns:
        The context; ``None`` stands for the system's certificates.
    Raises:
        ValueError: When both are given, or the authority's file holds no certificate.
        OSError: When the authority's file cannot be read.
    """
    if authority is None:
        return ssl_context
    if ssl_context is not None:
        raise ValueError("ssl_context and authority exclude each other")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=authority.read_text("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise ValueError(f"{authority} is not the certificate of an authority, in PEM") from error
    return context


def explain_distrust(error: BaseException | None) -> str | None:
    """Say why a server's certificate was not trusted, if it is that which ``error`` comes from."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not trusted ({error.verify_message}); if it is a stagedoor's own, trust what "
                "`stagedoor tls authority` gives there"
            )
        error = error.__cause__ or error.__context__
    return None
