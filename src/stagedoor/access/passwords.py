"""Passwords: how a door's own is made, and what is said of a chosen one."""

import secrets
from typing import Final

GENERATED_BYTES: Final = 21
"""Always 28 characters of URL-safe base64, and 168 bits."""

SHORT_PASSWORD_CHARACTERS: Final = 16


def generate_password() -> str:
    """Draw a password that nobody will guess."""
    return secrets.token_urlsafe(GENERATED_BYTES)


def weakness(password: str) -> str | None:
    """Say what is wrong with a chosen password, if anything is."""
    if not password:
        return "the password is empty: everybody on this machine gets in"
    if len(password) < SHORT_PASSWORD_CHARACTERS:
        return f"the password has {len(password)} characters; {SHORT_PASSWORD_CHARACTERS} or more are hard to guess"
    return None
