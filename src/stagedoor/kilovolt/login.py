"""The three ways in: by password, by asking the user, by token. Each proves itself on one connection.

Source: the protocol's own document, version 10, section on authentication; the token is an extension.
"""

import asyncio
import base64
import binascii
import hmac
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final

import msgspec

from stagedoor.kilovolt.connection import Connection
from stagedoor.kilovolt.errors import (
    AskRefused,
    AuthenticationFailed,
    AuthenticationNotRequired,
    CommandError,
    InvalidAnswer,
    InvalidFormat,
    LoginFailed,
    MethodNotSupported,
    MethodUnavailable,
    PasswordRefused,
    RequestTimeout,
    ServerError,
    TokenRefused,
    UnknownCommand,
)
from stagedoor.kilovolt.messages import Authenticate, HashData, Login
from stagedoor.private_file import write_private

logger = logging.getLogger(__name__)

PROOF_TIMEOUT_S: Final = 40.0
"""How long the server may think about a password or token: it makes guessers wait up to 30 s, and whoever shares their
address with them. To give up earlier and come again would only make the wait longer."""


class AskMetadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the user sees who is asked to let this client in; all of it is optional and shown as plain text."""

    name: str | None = None
    """Of the application."""

    author: str | None = None

    icon: str | None = None
    """URL of a picture, shown 64 by 64."""

    url: str | None = None

    verification_code: str | None = msgspec.field(name="verificationCode", default=None)
    """Shown by the server, and by the client if it wishes, so that the user can compare."""

    scopes: Sequence[str] | None = None
    """What this client needs to touch, such as ``["read:counter/*", "event:Twitch.*"]``; ``None`` asks for everything
    but secrets. The user may give less. Only a stagedoor knows scopes; another server gives everything."""


class _Given(msgspec.Struct):
    """What the answer to a login may tell."""

    scopes: tuple[str, ...] | None = None


class _Challenge(msgspec.Struct):
    challenge: str
    salt: str


class LoginMethod(ABC):
    """One way in."""

    name: ClassVar[str]
    refusal: ClassVar[type[LoginFailed]]

    @abstractmethod
    async def prove(self, connection: Connection, timeout_s: float) -> object:
        """Log ``connection`` in and return the last answer's data, or raise what the server answers."""


class PasswordLogin(LoginMethod):
    """Proves that it knows the password, without sending it."""

    name = "password"
    refusal = PasswordRefused

    def __init__(self, password: str) -> None:
        self._password = password

    async def prove(self, connection: Connection, timeout_s: float) -> object:
        """Fetch a challenge and answer it."""
        content = await connection.request(Login(data={"auth": "challenge"}), timeout_s)
        try:
            challenge = msgspec.convert(content, _Challenge)
            answer = solve(self._password, challenge.challenge, challenge.salt)
        except (msgspec.ValidationError, binascii.Error) as error:
            raise InvalidAnswer("klogin", str(error)) from error
        return await connection.request(Authenticate(data=HashData(answer)), max(timeout_s, PROOF_TIMEOUT_S))


class TokenLogin(LoginMethod):
    """Shows a token that the server gave out before."""

    name = "token"
    refusal = TokenRefused

    def __init__(self, token: str) -> None:
        self._token = token

    async def prove(self, connection: Connection, timeout_s: float) -> object:
        """Send the token."""
        shown = Login(data={"auth": "token", "token": self._token})
        return await connection.request(shown, max(timeout_s, PROOF_TIMEOUT_S))


class AskLogin(LoginMethod):
    """Has the server ask its user, unless the user let this client in for good."""

    name = "ask"
    refusal = AskRefused

    def __init__(self, metadata: AskMetadata, timeout_s: float, memory: "TokenMemory") -> None:
        self._metadata = metadata
        self._timeout_s = timeout_s
        self._memory = memory

    async def prove(self, connection: Connection, timeout_s: float) -> object:
        """Show the token that is kept. Without one that is good, put the question, and keep what the answer gives."""
        token = await self._memory.recall()
        if token is not None:
            try:
                return await TokenLogin(token).prove(connection, timeout_s)
            except AuthenticationFailed:
                logger.info("the kept token was refused; the user is asked")
                await self._memory.forget()
            except (MethodNotSupported, InvalidFormat, UnknownCommand):
                logger.info("this server knows no tokens; the user is asked")
        answer = await self._ask(connection)
        if isinstance(answer, dict) and isinstance(new := answer.get("token"), str) and new:
            await self._memory.keep(new)
        return answer

    async def _ask(self, connection: Connection) -> object:
        """Put the question and wait for the user, who is given more time than a server."""
        question = msgspec.convert(msgspec.to_builtins(self._metadata), dict[str, object])
        try:
            return await connection.request(Login(data={"auth": "ask", **question}), self._timeout_s)
        except RequestTimeout as error:
            raise AskRefused(self.name, "", f"nobody answered within {self._timeout_s:g} s") from error


class TokenMemory:
    """Keeps a token for as long as this object lives, and with a file for longer.

    Nothing here fails: who cannot keep a token only has to ask again, and the log says why.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._token: str | None = None

    async def recall(self) -> str | None:
        """Read the token, if there is one."""
        if self._token is None and self._file is not None:
            self._token = await asyncio.to_thread(_read_token, self._file)
        return self._token

    async def keep(self, token: str) -> None:
        """Keep a token instead of the one before; its file is for this user alone."""
        self._token = token
        if self._file is not None:
            await asyncio.to_thread(_write_token, self._file, token)

    async def forget(self) -> None:
        """Drop the token."""
        self._token = None
        if self._file is not None:
            await asyncio.to_thread(_remove_token, self._file)


def _read_token(file: Path) -> str | None:
    try:
        return file.read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        logger.warning("the token in %s cannot be read: %s", file, error)
        return None


def _write_token(file: Path, token: str) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, token.encode() + b"\n")
    except OSError as error:
        logger.warning("the token cannot be kept in %s: %s", file, error)


def _remove_token(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("the token in %s cannot be removed: %s", file, error)


def choose_login(
    password: str | None,
    token: str | None,
    ask: AskMetadata | None,
    ask_timeout_s: float,
    token_file: Path | None = None,
) -> LoginMethod | None:
    """Make the way in of what the user gave; ``None`` of nothing.

    Raises:
        ValueError: When more than one was given, as the order in which to try them would be a guess; or a file for the
            token without an ask to get one by.
    """
    if token_file is not None and ask is None:
        raise ValueError("a token_file is for the token that an ask may give; give the ask, too")
    methods: list[LoginMethod] = []
    if password is not None:
        methods.append(PasswordLogin(password))
    if token is not None:
        methods.append(TokenLogin(token))
    if ask is not None:
        methods.append(AskLogin(ask, ask_timeout_s, TokenMemory(token_file)))
    if len(methods) > 1:
        raise ValueError("give a password, a token or an ask, not several of them")
    return methods[0] if methods else None


async def log_in(connection: Connection, method: LoginMethod, timeout_s: float) -> tuple[str, ...] | None:
    """Log ``connection`` in; a server that needs no login counts as a success.

    Returns:
        What this client may touch, in stagedoor's words for scopes; ``None`` for everything but secrets.
    Raises:
        LoginFailed: When the server refuses, in the class that says what was refused.
        ServerError: When the server failed and another try may help.
        KilovoltError: When the connection fails meanwhile.
    """
    try:
        answer = await method.prove(connection, timeout_s)
    except AuthenticationNotRequired:
        return None
    except ServerError:
        raise
    except AuthenticationFailed as error:
        raise method.refusal(method.name, error.code, error.details) from error
    except (MethodNotSupported, InvalidFormat, UnknownCommand) as error:
        # The reference server has no word for a method that it does not know but "invalid message format".
        raise MethodUnavailable(method.name, error.code, error.details) from error
    except CommandError as error:
        raise LoginFailed(method.name, error.code, error.details) from error
    return _scopes_in(answer)


def _scopes_in(answer: object) -> tuple[str, ...] | None:
    try:
        return msgspec.convert(answer, _Given).scopes
    except msgspec.ValidationError:
        return None  # no data at all, or another server's


def solve(password: str, challenge: str, salt: str) -> str:
    """Compute the answer to a challenge; all but the password is base64.

    Raises:
        binascii.Error: When the challenge or the salt is no base64.
    Source: protocol document, "Authentication": the HMAC-SHA256 of the challenge, keyed by password and salt.
    """
    key = password.encode() + base64.b64decode(salt, validate=True)
    digest = hmac.digest(key, base64.b64decode(challenge, validate=True), "sha256")
    return base64.b64encode(digest).decode("ascii")
