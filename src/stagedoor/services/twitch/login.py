"""Logins: by a code that is typed at Twitch, or by Twitch's page, which comes back to the Kilovolt door.

Whatever fails, what was stored before stays. A login is known by its ``state``, a random text that Twitch's page
brings back, once: whoever has not begun it here does not know it, so nobody can push an account of theirs on the owner
(RFC 6749, section 10.12). The code that comes with it is bound to this process by PKCE (RFC 7636), as far as Twitch
heeds that.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from stagedoor.access import Client, Clock, Record, Timer
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.keys import (
    TWITCH_CALLBACK,
    TWITCH_CANCEL_LOGIN,
    TWITCH_LOG_OUT,
    TWITCH_LOGIN,
    TWITCH_LOGINS,
    TWITCH_SCOPES,
    TWITCH_TEST,
)
from stagedoor.services.twitch.errors import Account, Refused, Unreachable
from stagedoor.services.twitch.oauth import PENDING, SLOW_DOWN, Application, DeviceCode, OAuth, TokenPair
from stagedoor.services.twitch.scopes import SCOPES, wanted
from stagedoor.services.twitch.timing import sleep
from stagedoor.services.twitch.tokens import Tokens, User, explain_refusal
from stagedoor.services.twitch.urls import Urls
from stagedoor.types import JsonObject, Value

logger = logging.getLogger(__name__)

R = TypeVar("R")

CODE_LIFETIME_S: Final = 600.0
"""How long Twitch's page may take to come back."""

_SLOWER_S: Final = 5
"""By how much the pause between two questions grows when Twitch finds them too many (RFC 8628, section 3.5)."""

_LONGEST_PAUSE_S: Final = 60
_TIMEOUT_S: Final = 60.0
"""For a request: up to four questions to Twitch."""

_UNKNOWN: Final = "this login is not known here, is over, or has taken too long; begin it again"


class _LoginRequest(msgspec.Struct):
    account: Account
    flow: Literal["device", "code"] = "device"


class _AccountRequest(msgspec.Struct):
    account: Account


class _CallbackRequest(msgspec.Struct):
    code: str | None = None
    state: str | None = None
    error: str | None = None
    error_description: str | None = None


class _TestRequest(msgspec.Struct):
    api_client_id: str | None = None
    api_client_secret: str | None = None
    with_stored_secret: bool = False
    """For whoever has not looked at it: the secret that is stored, whatever the client id."""


@dataclass(slots=True, eq=False)
class _Login:
    """A login under way, or how it ended."""

    account: Account
    shown: JsonObject
    """What is told of it, but for how it stands."""
    application: Application
    state: str = ""
    """What Twitch's page has to bring back; empty once it has."""
    verifier: str = ""
    redirect_uri: str = ""
    stage: Literal["waiting", "failed", "done"] = "waiting"
    problem: str | None = None
    task: "asyncio.Task[Any] | None" = None
    is_granted: bool = False
    """Whether Twitch has given the tokens, which are taken as a whole, whoever gives the login up now."""
    timer: Timer | None = None

    def describe(self) -> JsonObject:
        """Tell of it as the key and the request do."""
        return {**self.shown, "state": self.stage, "problem": self.problem}


@dataclass(slots=True)
class Logins:
    """Serves the requests about accounts, and tells in ``twitch/logins`` how logins stand.

    ``find_redirect`` tells where Twitch's page shall come back to, as a browser of this machine reaches it; ``None``
    while that door is shut.
    """

    client: Client
    oauth: OAuth
    tokens: Tokens
    urls: Urls
    find_redirect: Callable[[], str | None]
    record: Record
    clock: Clock
    now: Callable[[], float] = time.time
    _logins: dict[Account, _Login] = field(default_factory=dict)
    _tasks: set["asyncio.Task[Any]"] = field(default_factory=set)
    _retire: list[Callable[[], None]] = field(default_factory=list)

    def start(self) -> None:
        """Serve."""
        for key, handler in (
            (TWITCH_LOGIN, self._begin),
            (TWITCH_CANCEL_LOGIN, self._cancel),
            (TWITCH_LOG_OUT, self._log_out),
            (TWITCH_TEST, self._test),
            (TWITCH_CALLBACK, self._come_back),
            (TWITCH_SCOPES, self._tell_scopes),
        ):
            self._retire.append(self.client.serve(key, handler, timeout_s=_TIMEOUT_S))

    async def close(self) -> None:
        """Serve no more, and give up what is under way."""
        for retire in self._retire:
            retire()
        for login in self._logins.values():
            _stop(login)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- beginning and ending ---

    async def _begin(self, value: Value) -> Value:
        wish = _read(value, _LoginRequest)
        application = self.tokens.application
        if not application.client_id:
            raise RequestFailed("there is no client id; make an application at dev.twitch.tv/console and enter its id")
        if wish.flow == "device":
            login = await self._begin_device(wish.account, application)
        else:
            login = self._begin_code(wish.account, application)
        await self._tell()
        return _write(login.describe())

    async def _begin_device(self, account: Account, application: Application) -> _Login:
        scopes = wanted(account)
        code = await _for_people(self.oauth.begin_device(application, scopes))
        if urlsplit(code.verification_uri).scheme not in ("https", "http"):
            raise RequestFailed("Twitch's answer makes no sense: the address for the code is none")
        login = _Login(
            account,
            {
                "flow": "device",
                "verificationUri": code.verification_uri,
                "userCode": code.user_code,
                "expiresAt": self._in_ms(code.expires_in_s),
            },
            application,
        )
        self._replace(login)
        login.task = self._run(self._poll(login, scopes, code))
        return login

    def _begin_code(self, account: Account, application: Application) -> _Login:
        if not application.client_secret:
            raise RequestFailed("this way needs the application's secret; without one, log in with a code")
        redirect_uri = self.find_redirect()
        if redirect_uri is None:
            raise RequestFailed("the Kilovolt door is shut, so Twitch's page could not come back; log in with a code")
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        query = {
            "response_type": "code",
            "client_id": application.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(wanted(account)),
            "state": state,
            "force_verify": "true",  # else Twitch logs in whoever the browser knows, which may be the other account
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        shown = {
            "flow": "code",
            "authorizeUrl": f"{self.urls.auth}/authorize?{urlencode(query)}",
            "expiresAt": self._in_ms(CODE_LIFETIME_S),
        }
        login = _Login(account, shown, application, state, verifier, redirect_uri)
        self._replace(login)
        login.timer = self.clock.call_later(
            CODE_LIFETIME_S, lambda: self._fail_soon(login, "Twitch's page has not come back in time")
        )
        return login

    def _replace(self, login: _Login) -> None:
        """Let this login be the account's."""
        if (before := self._logins.get(login.account)) is not None:
            _stop(before)
        self._logins[login.account] = login

    async def _cancel(self, value: Value) -> Value:
        account = _read(value, _AccountRequest).account
        if (login := self._logins.pop(account, None)) is not None:
            _stop(login)
        await self._tell()
        return "{}"

    async def _log_out(self, value: Value) -> Value:
        account = _read(value, _AccountRequest).account
        if (login := self._logins.pop(account, None)) is not None:
            _stop(login)
            await self._tell()
        user, had_tokens = self.tokens.user(account), self.tokens.has_tokens(account)
        try:
            await self.tokens.log_out(account)
        except StoreError as error:
            raise RequestFailed(f"the account cannot be forgotten: {error}") from error
        if had_tokens:
            self._note(account, "logged out", user)
        return "{}"

    async def _test(self, value: Value) -> Value:
        wish = _read(value or "{}", _TestRequest)
        stored = self.tokens.application
        client_id = stored.client_id if wish.api_client_id is None else wish.api_client_id.strip()
        if not client_id:
            raise RequestFailed("there is no client id to test")
        if wish.api_client_secret is not None:
            secret = wish.api_client_secret.strip()
        else:
            is_its_own = wish.with_stored_secret or client_id == stored.client_id
            secret = stored.client_secret if is_its_own else ""
        await _for_people(self.oauth.test(Application(client_id, secret)))
        return '{"ok":true}'

    async def _tell_scopes(self, value: Value) -> Value:
        scopes = [
            {
                "name": scope.name,
                "why": scope.why,
                "accounts": [name for name, is_asked in (("streamer", scope.streamer), ("bot", scope.bot)) if is_asked],
            }
            for scope in SCOPES
        ]
        return _write({"scopes": scopes, "redirectUri": self.find_redirect()})

    # --- by a code that is typed at Twitch ---

    async def _poll(self, login: _Login, scopes: tuple[str, ...], code: DeviceCode) -> None:
        """Ask until the code was typed, refused, or is too old."""
        end = self.clock.time() + code.expires_in_s
        pause_s = code.interval_s
        while True:
            await sleep(self.clock, pause_s)
            if self.clock.time() >= end:
                await self._fail(login, "the code was not typed in time")
                return
            try:
                pair = await self.oauth.exchange_device(login.application, scopes, code.device_code)
            except Refused as refusal:
                if refusal.message == SLOW_DOWN or refusal.status == 429:
                    pause_s = min(pause_s + _SLOWER_S, _LONGEST_PAUSE_S)
                elif refusal.message != PENDING:
                    await self._fail(login, str(refusal))
                    return
            except Unreachable:
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                await self._finish(login, pair)
                return

    # --- by Twitch's page ---

    async def _come_back(self, value: Value) -> Value:
        came = _read(value, _CallbackRequest)
        login = self._find(came.state or "")
        if login is None:
            raise RequestFailed(_UNKNOWN)
        if not came.error and not came.code:
            raise RequestFailed("Twitch's page has brought no code back; begin the login again")
        login.state = ""  # it is good once
        if came.error or not came.code:
            denied = came.error == "access_denied"
            problem = "access was denied at Twitch" if denied else "Twitch's page has reported an error"
            await self._fail(login, problem)
            raise RequestFailed(f"{problem}; nothing has changed")
        # The browser may go away, but the code is good once.
        user = await asyncio.shield(self._run(self._exchange(login, came.code)))
        return _write({"account": login.account, "login": user.login if user else ""})

    async def _exchange(self, login: _Login, code: str) -> User | None:
        asked = self.oauth.exchange_code(
            login.application, code=code, redirect_uri=login.redirect_uri, verifier=login.verifier
        )
        try:
            pair = await _for_people(asked)
        except RequestFailed as error:
            await self._fail(login, str(error))
            raise
        return await self._finish(login, pair)

    def _find(self, state: str) -> _Login | None:
        """Find the login that waits for this state."""
        given = state.encode(errors="surrogatepass")
        for login in self._logins.values():
            if login.state and login.stage == "waiting" and hmac.compare_digest(login.state.encode(), given):
                return login
        return None

    # --- how it ends ---

    async def _finish(self, login: _Login, pair: TokenPair) -> User | None:
        if self._logins.get(login.account) is not login:
            # It was given up while Twitch's answer was on its way: its tokens are nobody's.
            await self._give_back(login.application, pair)
            return None
        login.is_granted = True
        if not login.application.client_secret:
            try:
                pair = await self._refresh_once(login.application, pair)
            except Refused as refusal:
                await self._give_back(login.application, pair)
                await self._fail(login, explain_refusal(refusal))
                return None
        user = await self.tokens.adopt(login.account, pair)
        login.stage, login.problem = "done", None
        _stop_timer(login)
        logger.info("the %s is logged in to Twitch%s", login.account, f" as {user.login}" if user else "")
        self._note(login.account, "logged in", user)
        await self._tell()
        return user

    async def _refresh_once(self, application: Application, pair: TokenPair) -> TokenPair:
        """Find out whether a login can be refreshed, by doing so.

        Twitch lets an application of the confidential kind log in by a code without its secret, but does not refresh
        that login: it would end in the middle of a stream, some four hours later.
        """
        try:
            return await self.oauth.refresh(application, pair.refresh_token)
        except Unreachable as error:
            logger.info("whether the login can be refreshed is not known yet: %s", error)
            return pair

    async def _give_back(self, application: Application, pair: TokenPair) -> None:
        try:
            await self.oauth.revoke(application, pair.access_token)
        except (Refused, Unreachable) as error:
            logger.info("the token of a login that was given up was not given back: %s", error)

    async def _fail(self, login: _Login, problem: str) -> None:
        if login.stage != "waiting":
            return
        login.stage, login.problem, login.state = "failed", problem, ""
        _stop_timer(login)
        logger.info("the login of the %s has failed: %s", login.account, problem)
        await self._tell()

    def _fail_soon(self, login: _Login, problem: str) -> None:
        self._run(self._fail(login, problem))

    def _note(self, account: Account, what: str, user: User | None) -> None:
        """Have it entered into the audit log whose account is used from now on, or no more."""
        self.record("account", {"name": user.login if user else None, "what": account, "reason": what})

    async def _tell(self) -> None:
        """Write how the logins stand."""
        shown = {account: login.describe() for account, login in sorted(self._logins.items())}
        await self.client.put(TWITCH_LOGINS, _write(shown))

    def _run(self, work: Coroutine[None, None, R]) -> "asyncio.Task[R]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return task

    def _end(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None or isinstance(error, RequestFailed):
            return
        logger.error("a login has failed in a way that nobody meant", exc_info=error)
        for login in self._logins.values():
            if login.task is task and login.stage == "waiting":
                self._fail_soon(login, "stagedoor has failed; its log says why")

    def _in_ms(self, seconds: float) -> int:
        return round((self.now() + seconds) * 1000)


def _stop(login: _Login) -> None:
    """Wait for it no longer."""
    login.state = ""
    _stop_timer(login)
    if login.task is not None and not login.is_granted:
        login.task.cancel()


def _stop_timer(login: _Login) -> None:
    if login.timer is not None:
        login.timer.cancel()
        login.timer = None


def _challenge(verifier: str) -> str:
    """Make the challenge of PKCE (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


async def _for_people(question: Coroutine[None, None, R]) -> R:
    """Ask Twitch; what goes wrong is told to who made the request."""
    try:
        return await question
    except (Refused, Unreachable) as error:
        raise RequestFailed(str(error)) from error


def _read(value: Value, wanted_type: type[R]) -> R:
    try:
        return msgspec.json.decode(value, type=wanted_type)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestFailed(f"the request makes no sense: {error}") from error


def _write(value: object) -> Value:
    return msgspec.json.encode(value).decode()
