"""Proof of a shared password by challenge, without sending it.

Each protocol has its own way to make the answer, and one function computes it for both sides.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final, NamedTuple

CHALLENGE_BYTES: Final = 32
LIFETIME_S: Final = 60.0


class Challenge(NamedTuple):
    """What a client has to sign; good for one answer, right or wrong."""

    challenge: bytes
    salt: bytes
    expires_at: float
    """By the clock of the one who issued it."""

    @property
    def challenge_base64(self) -> str:
        """The challenge as it is sent."""
        return base64.b64encode(self.challenge).decode()

    @property
    def salt_base64(self) -> str:
        """The salt as it is sent."""
        return base64.b64encode(self.salt).decode()


def new_challenge(now: float) -> Challenge:
    """Draw a challenge that lives for :data:`LIFETIME_S`."""
    return Challenge(secrets.token_bytes(CHALLENGE_BYTES), secrets.token_bytes(CHALLENGE_BYTES), now + LIFETIME_S)


def sign(password: str, challenge: bytes, salt: bytes) -> bytes:
    """Compute Kilovolt's answer: HMAC-SHA256 of the challenge's bytes under the key *password ‖ salt*.

    Source: the Kilovolt protocol's document, section on authentication.
    """
    return hmac.new(password.encode() + salt, challenge, hashlib.sha256).digest()


def sign_twice(password: str, challenge: bytes, salt: bytes) -> bytes:
    """Compute Streamer.bot's answer: SHA-256 of *secret ‖ challenge*, where the secret is that of *password ‖ salt*.

    Salt, challenge and secret enter as their base64 text. Source: obs-websocket 5, whose scheme this is.
    """
    secret = hashlib.sha256(password.encode() + base64.b64encode(salt)).digest()
    return hashlib.sha256(base64.b64encode(secret) + base64.b64encode(challenge)).digest()


def decode_base64(text: str) -> bytes | None:
    """Read standard, padded base64; ``None`` when it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
