"""The first steps on a connection: the server's greeting, the proof of the password, and what the server is.

Source: Streamer.bot's documentation, and the official client 1.12.2.
"""

import asyncio
import base64
import hashlib
import logging
from typing import Any, Final, NamedTuple

from stagedoor.streamerbot.client.connection import Connection, Request
from stagedoor.streamerbot.client.errors import (
    ConnectionLost,
    InvalidAnswer,
    PasswordRefused,
    PasswordRequired,
    RequestRefused,
    RequestTimeout,
)
from stagedoor.streamerbot.client.results import Info
from stagedoor.types import JsonObject

logger = logging.getLogger(__name__)

HELLO_GRACE_S: Final = 1.0
"""How long a server may take to say Hello before it counts as one from before 0.2.5, which says none."""

PROOF_TIMEOUT_S: Final = 40.0
"""How long the server may think about a password: it may make guessers wait, and whoever shares their address."""

_COME_BACK_LATER: Final = frozenset({1001, 1011, 1012, 1013})
"""Close codes of a server that goes, fails, starts anew or is overloaded: no answer to who is there."""

_CUT_OFF: Final = 1006


class Welcome(NamedTuple):
    """How the server let this client in."""

    info: Info
    is_authenticated: bool


class _Challenge(NamedTuple):
    salt: str
    challenge: str


async def log_in(connection: Connection, password: str | None, timeout_s: float) -> Welcome:
    """Wait for the greeting and prove the password, if the server asks for one.

    Raises:
        PasswordRefused: When the password is wrong.
        PasswordRequired: When there is none, and the server answers nobody without.
        StreamerbotError: When the connection fails meanwhile.
    """
    hello = await _greeting(connection, timeout_s)
    challenge = _challenge_of(hello)
    if challenge is not None and password:
        await _prove(connection, password, challenge, max(timeout_s, PROOF_TIMEOUT_S))
    elif challenge is not None:
        await _try_without(connection, timeout_s)
    elif password:
        logger.warning("the server asks for no password; whoever reaches it can use it")
    info = hello.get("info")
    return Welcome(Info.read(info if isinstance(info, dict) else {}), challenge is not None and bool(password))


def solve(password: str, salt: str, challenge: str) -> str:
    """Compute the answer to a challenge. Salt and challenge are used as the text that they are, not decoded.

    Source: Streamer.bot's documentation; the scheme is that of obs-websocket 5.
    """
    return _digest(_digest(password + salt) + challenge)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


async def _greeting(connection: Connection, timeout_s: float) -> JsonObject:
    """Return the Hello, or from a server without one its answer to GetInfo."""
    await asyncio.wait({connection.hello}, timeout=HELLO_GRACE_S)
    if not connection.hello.done():
        answer = connection.post(Request("GetInfo"))
        waited: set[asyncio.Future[Any]] = {connection.hello, answer}
        await asyncio.wait(waited, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if answer.done() and not connection.hello.done():
            outcome = answer.result()
            if isinstance(outcome, dict):
                return outcome
            if isinstance(outcome, RequestRefused):
                logger.warning("the server says neither Hello nor what it is: %s", outcome)
                return {}
    if not connection.hello.done():
        raise RequestTimeout("GetInfo", timeout_s)
    if connection.hello.cancelled():
        raise await connection.wait_lost()
    return connection.hello.result()


def _challenge_of(hello: JsonObject) -> _Challenge | None:
    match hello.get("authentication"):
        case None:
            return None
        case {"salt": str(salt), "challenge": str(challenge)}:
            return _Challenge(salt, challenge)
    raise InvalidAnswer("Hello", "its challenge has no salt or no challenge")


async def _prove(connection: Connection, password: str, challenge: _Challenge, timeout_s: float) -> None:
    proof = solve(password, challenge.salt, challenge.challenge)
    try:
        await connection.request(Request("Authenticate", {"authentication": proof}), timeout_s)
    except RequestRefused as error:
        raise PasswordRefused(error.text or "the password is wrong") from error
    except ConnectionLost as error:
        # A refusal is said, be it by a close frame; a connection that breaks now is as good as at any other time.
        if error.close_code in _COME_BACK_LATER or error.close_code == _CUT_OFF:
            raise
        raise PasswordRefused(error.reason or "the server closed the connection") from error


async def _try_without(connection: Connection, timeout_s: float) -> None:
    """Find out whether the server answers those who have no password, as it does unless it enforces it for all."""
    try:
        await connection.request(Request("GetInfo"), timeout_s)
    except RequestRefused as error:
        raise PasswordRequired(error.text or "it refused to answer without one") from error
    except ConnectionLost as error:
        if error.close_code in _COME_BACK_LATER:
            raise
        raise PasswordRequired(error.reason or "it closed the connection of one without") from error
