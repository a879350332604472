"""The accounts' tokens: kept, refreshed before they end, validated each hour, and never thrown away because of a
failure.

Twitch wants a program that keeps a login to validate it when it starts and each hour after that (its documentation,
"Validating Tokens"). The refresh token of a public application can be used once, so what came back is worth more than
what is stored: it is held in memory until the store has it.
"""

import asyncio
import contextlib
import logging
import random as random_
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from stagedoor.access import Client, Clock
from stagedoor.errors import StoreError
from stagedoor.hub import Change
from stagedoor.keys import AUTH_KEYS, BOT_AUTH_KEYS, TWITCH_CONFIG
from stagedoor.services.twitch.errors import Account, LoginNeeded, Refused, Unreachable
from stagedoor.services.twitch.oauth import Application, OAuth, TokenPair, Validity
from stagedoor.services.twitch.scopes import missing
from stagedoor.services.twitch.timing import Pauses
from stagedoor.strimertul import AuthKeys, TwitchConfig, read, write, write_time
from stagedoor.types import JsonObject, Key

logger = logging.getLogger(__name__)

KEYS: Final[dict[Account, Key]] = {"streamer": AUTH_KEYS, "bot": BOT_AUTH_KEYS}

VALIDATE_EVERY_S: Final = 3600.0

RESERVE: Final = 0.1
"""The share of its lifetime that is left of a token when it is refreshed."""

_RETRY_AFTER_S: Final = 30.0
"""How long a token that still holds is used after Twitch could not be reached for a fresh one."""

_PATIENCE_S: Final = 5.0
"""How long the end waits for a refresh that is under way: were it cut off, its answer would be lost, and with it the
login."""


class User(NamedTuple):
    """Who is logged in."""

    id: str
    login: str
    name: str
    picture: str
    scopes: tuple[str, ...]
    broadcaster_type: str = ""
    """``affiliate``, ``partner`` or empty."""


def read_time(text: str) -> float | None:
    """Read when tokens were issued, in Unix time; ``None`` when that makes no sense."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def expires_at(keys: AuthKeys, now_s: float) -> float:
    """Tell when an access token ends, in Unix time.

    It ends ``expires_in`` seconds after ``Time``. strimertül writes there, after a refresh, when the token ends: so a
    ``Time`` in the future is the end itself.
    """
    issued = read_time(keys.time)
    if issued is None:
        return 0.0
    return issued if issued > now_s else issued + max(keys.expires_in, 0)


def is_due(keys: AuthKeys, now_s: float) -> bool:
    """Tell whether an access token should be refreshed."""
    return now_s >= expires_at(keys, now_s) - RESERVE * max(keys.expires_in, 0)


@dataclass(slots=True, eq=False)
class _Session:
    """What is known of an account."""

    account: Account
    pauses: Pauses
    text: str = ""
    """What its key holds, as far as we know or want."""
    keys: AuthKeys | None = None
    generation: int = 0
    """Grows when the tokens are replaced by a login, by somebody else, or by none."""
    is_saved: bool = True
    user: User | None = None
    needs_login: bool = False
    problem: str | None = None
    validated_at: float | None = None
    """In Unix time."""
    validate_next: float = 0.0
    """By the clock."""
    retry_at: float = 0.0
    """By the clock: before that, no refresh is tried for a token that still holds."""
    refreshing: "asyncio.Task[AuthKeys] | None" = None
    checking: asyncio.Lock = field(default_factory=asyncio.Lock)
    wake: asyncio.Event = field(default_factory=asyncio.Event)


def _ignore(account: Account) -> None:
    """Tell nobody."""


class Tokens:
    """Owns the two keys with tokens, and follows whoever else writes them, as an import does.

    ``changed`` is called when somebody is logged in or out, or an account's state is another; it must not wait.
    """

    def __init__(
        self,
        client: Client,
        oauth: OAuth,
        clock: Clock,
        *,
        now: Callable[[], float] = time.time,
        random: Callable[[], float] = random_.random,
    ) -> None:
        self._client = client
        self._oauth = oauth
        self._clock = clock
        self._now = now
        self.changed: Callable[[Account], None] = _ignore
        self._sessions = {account: _Session(account, Pauses(random)) for account in KEYS}
        self._config = TwitchConfig()
        self._tasks: list[asyncio.Task[None]] = []
        client.deliver = self._hear

    def start(self) -> None:
        """Load what is stored, follow it, and keep it valid while Twitch is on. Nothing waits for a network."""
        for key in (TWITCH_CONFIG, *KEYS.values()):
            self._client.subscribe(key)
        self._load_config()
        for session in self._sessions.values():
            self._load(session)
            self._tasks.append(asyncio.get_running_loop().create_task(self._keep_valid(session)))

    async def close(self) -> None:
        """End; a refresh that is under way may still come back."""
        refreshing = [one.refreshing for one in self._sessions.values() if one.refreshing is not None]
        if refreshing:
            await asyncio.wait(refreshing, timeout=_PATIENCE_S)
        for task in (*self._tasks, *refreshing):
            task.cancel()
        await asyncio.gather(*self._tasks, *refreshing, return_exceptions=True)
        self._client.close()

    # --- what is asked of it ---

    @property
    def application(self) -> Application:
        """The user's application, as it is stored."""
        return Application(self._config.api_client_id.strip(), self._config.api_client_secret.strip())

    def user(self, account: Account) -> User | None:
        """Who is logged in; ``None`` for nobody, and until Twitch has told."""
        return self._sessions[account].user

    def has_tokens(self, account: Account) -> bool:
        """Tell whether somebody has logged in, whether Twitch still takes it or not."""
        return self._sessions[account].keys is not None

    def needs_login(self, account: Account) -> bool:
        """Tell whether nothing works before somebody logs in (again)."""
        session = self._sessions[account]
        return session.keys is None or session.needs_login

    def login_number(self, account: Account) -> int:
        """Tell logins apart; tokens that are only renewed belong to the same."""
        return self._sessions[account].generation

    def describe(self, account: Account) -> JsonObject | None:
        """Describe an account for the status; ``None`` when nobody has logged in."""
        session = self._sessions[account]
        if session.keys is None and session.problem is None:
            return None
        user = session.user or User("", "", "", "", tuple((session.keys or AuthKeys()).scope or ()))
        return {
            "id": user.id,
            "login": user.login,
            "name": user.name,
            "picture": user.picture,
            "scopes": list(user.scopes),
            "missingScopes": missing(account, user.scopes),
            "validatedAt": None if session.validated_at is None else round(session.validated_at * 1000),
            "state": "login needed" if self.needs_login(account) else "ok",
            "problem": session.problem,
        }

    async def access_token(self, account: Account) -> str:
        """Return a token that holds, refreshed if little of its lifetime is left.

        Raises:
            LoginNeeded: When there is none, or Twitch does not refresh it.
            Unreachable: When it has ended and Twitch cannot be asked for another.
        Cancellation: safe; a refresh goes on for the others.
        """
        session = self._sessions[account]
        keys = self._keys_of(session)
        if not is_due(keys, self._now()):
            return keys.access_token
        is_over = self._now() >= expires_at(keys, self._now())
        if not is_over and (not keys.refresh_token or self._clock.time() < session.retry_at):
            return keys.access_token
        try:
            return (await self._refresh(session)).access_token
        except Unreachable:
            if is_over:
                raise
            session.retry_at = self._clock.time() + _RETRY_AFTER_S
            return keys.access_token

    async def refresh_after_401(self, account: Account, token: str) -> str:
        """Return another token than this one, which Twitch has refused; raises as :meth:`access_token` does."""
        session = self._sessions[account]
        keys = self._keys_of(session)
        if keys.access_token != token:
            return keys.access_token
        return (await self._refresh(session)).access_token

    async def adopt(self, account: Account, pair: TokenPair) -> User | None:
        """Keep the tokens of a login, and find out whose they are; ``None`` when Twitch does not tell now."""
        session = self._sessions[account]
        async with session.checking:
            session.generation += 1
            session.user = None
            await self._keep(session, pair)
            try:
                await self._check(session)
            except (LoginNeeded, Unreachable, Refused) as error:
                logger.warning("who has logged in is not known yet: %s", error)
        session.wake.set()
        self.changed(account)
        return session.user

    async def log_out(self, account: Account) -> None:
        """Forget an account, and tell Twitch that its token is not used any more.

        Raises:
            StoreError: When it cannot be forgotten.
        """
        session = self._sessions[account]
        if session.refreshing is not None:
            await asyncio.wait([session.refreshing])
        keys = session.keys
        self._adopt_text(session, "")  # at once, so that nobody refreshes meanwhile what is being forgotten
        try:
            await self._client.put(KEYS[account], None)
        finally:
            self._load(session)
        if keys is None or not keys.access_token:
            return
        try:
            await self._oauth.revoke(self.application, keys.access_token)
        except (Unreachable, Refused) as error:
            logger.warning("the %s is logged out, but Twitch was not told: %s", account, error)

    # --- what is stored ---

    def _hear(self, change: Change) -> None:
        if change.key == TWITCH_CONFIG:
            self._load_config()
            return
        for account, key in KEYS.items():
            if change.key == key:
                self._load(self._sessions[account])

    def _load_config(self) -> None:
        text = self._client.get(TWITCH_CONFIG)
        try:
            config = read(text, TwitchConfig) if text else TwitchConfig()
        except ValueError as error:
            logger.warning("%s is not used: %s", TWITCH_CONFIG, error)
            return
        before, self._config = self._config, config
        is_other = (before.api_client_id, before.api_client_secret) != (config.api_client_id, config.api_client_secret)
        for session in self._sessions.values():
            if is_other:
                # Whether the application takes these tokens is to be found out anew.
                session.needs_login, session.problem, session.validate_next = False, None, 0.0
                self.changed(session.account)
            session.wake.set()

    def _load(self, session: _Session) -> None:
        """Read the key; what we have written ourselves is no news."""
        text = self._client.get(KEYS[session.account])
        if text != session.text:
            self._adopt_text(session, text)

    def _adopt_text(self, session: _Session, text: str) -> None:
        session.text = text
        session.generation += 1
        session.is_saved = True
        session.user, session.needs_login, session.problem = None, False, None
        session.validated_at, session.validate_next, session.retry_at = None, 0.0, 0.0
        session.keys = None
        if text:
            try:
                keys = read(text, AuthKeys)
            except ValueError:  # whose text might quote what is secret
                session.problem = f"{KEYS[session.account]} cannot be read"
                logger.warning("%s cannot be read", KEYS[session.account])
            else:
                session.keys = keys if keys.access_token or keys.refresh_token else None
        session.wake.set()
        self.changed(session.account)

    async def _keep(self, session: _Session, pair: TokenPair) -> None:
        """Go by fresh tokens, and store them; when the store fails they are held, and stored later."""
        keys = AuthKeys(
            access_token=pair.access_token,
            refresh_token=pair.refresh_token,
            expires_in=pair.expires_in_s,
            scope=list(pair.scopes),
            time=write_time(self._now()),
        )
        session.keys, session.text = keys, write(keys)
        session.needs_login, session.problem, session.retry_at = False, None, 0.0
        await self._save(session)

    async def _save(self, session: _Session) -> None:
        try:
            await self._client.put(KEYS[session.account], session.text)
        except StoreError as error:
            session.is_saved = False
            logger.error("fresh tokens are held in memory, as they could not be stored: %s", error)
        else:
            session.is_saved = True

    # --- refreshing ---

    def _keys_of(self, session: _Session) -> AuthKeys:
        if session.keys is None or session.needs_login:
            raise LoginNeeded(session.account, session.problem or "")
        return session.keys

    async def _refresh(self, session: _Session) -> AuthKeys:
        """Refresh once for all who ask at the same time."""
        task = session.refreshing
        if task is None:
            task = session.refreshing = asyncio.get_running_loop().create_task(self._refresh_now(session))

            def done(task: "asyncio.Task[AuthKeys]") -> None:
                session.refreshing = None
                if not task.cancelled():
                    task.exception()  # those who asked may be gone

            task.add_done_callback(done)
        return await asyncio.shield(task)

    async def _refresh_now(self, session: _Session) -> AuthKeys:
        keys, generation, application = self._keys_of(session), session.generation, self.application
        if not keys.refresh_token:
            raise self._need_login(session, "the token has ended, and there is none to refresh it with")
        try:
            pair = await self._oauth.refresh(application, keys.refresh_token)
        except Refused as error:
            if session.generation != generation:
                return self._keys_of(session)
            if application != self.application:
                raise Unreachable("the application's credentials have changed meanwhile") from error
            if error.status == 429:
                raise Unreachable("it is asked too often") from error
            logger.warning("Twitch does not refresh the login of the %s: %s", session.account, error)
            raise self._need_login(session, explain_refusal(error)) from error
        if session.generation != generation:
            return self._keys_of(session)  # somebody has logged in or out meanwhile, and that counts
        await self._keep(session, pair)
        return self._keys_of(session)

    def _need_login(self, session: _Session, problem: str) -> LoginNeeded:
        """Take note that nothing works before a login; what is stored stays."""
        session.needs_login, session.problem = True, problem
        self.changed(session.account)
        return LoginNeeded(session.account, problem)

    # --- validating ---

    async def _keep_valid(self, session: _Session) -> None:
        """Validate an account when there is something to validate, then each hour, until cancelled."""
        while True:
            session.wake.clear()
            pause_s: float | None = None
            if self._config.enabled and self.application.client_id and not self.needs_login(session.account):
                pause_s = await self._try_check(session)
            timer = None if pause_s is None else self._clock.call_later(pause_s, session.wake.set)
            try:
                await session.wake.wait()
            finally:
                if timer is not None:
                    timer.cancel()

    async def _try_check(self, session: _Session) -> float | None:
        """Validate if it is time to; returns the seconds until the next try."""
        was = self.describe(session.account)
        try:
            async with session.checking:
                if self._clock.time() >= session.validate_next:
                    await self._check(session)
            session.pauses.reset()
            pause_s: float | None = max(session.validate_next - self._clock.time(), 0.0)
        except LoginNeeded:
            return None  # which has been told
        except (Unreachable, Refused) as error:
            session.problem = str(error)
            pause_s = session.pauses.take()
        except Exception:
            logger.exception("the login of the %s could not be validated", session.account)
            pause_s = session.pauses.take()
        if self.describe(session.account) != was:
            self.changed(session.account)
        return pause_s

    async def _check(self, session: _Session) -> None:
        """Find out whether the tokens hold and whose they are."""
        if not session.is_saved:
            await self._save(session)
        application = self.application
        token = await self.access_token(session.account)
        generation = session.generation
        try:
            validity = await self._oauth.validate(token)
        except Refused as error:
            if error.status != 401:
                raise
            token = await self.refresh_after_401(session.account, token)
            generation = session.generation
            validity = await self._oauth.validate(token)
        if session.generation != generation or application != self.application:
            return  # other tokens, which are validated next
        if validity.client_id != application.client_id:
            raise self._need_login(session, "the login belongs to another Twitch application")
        user = await self._describe_user(application, token, validity)
        if session.generation == generation:
            session.user, session.problem = user, None
            session.validated_at = self._now()
            session.validate_next = self._clock.time() + VALIDATE_EVERY_S

    async def _describe_user(self, application: Application, token: str, validity: Validity) -> User:
        found: JsonObject = {}
        with contextlib.suppress(Refused):  # a name and a picture are no reason to fail
            found = await self._oauth.find_user(application, token)
        return User(
            id=validity.user_id,
            login=validity.login or str(found.get("login", "")),
            name=str(found.get("display_name") or validity.login),
            picture=str(found.get("profile_image_url", "")),
            scopes=validity.scopes,
            broadcaster_type=str(found.get("broadcaster_type", "")),
        )


def explain_refusal(error: Refused) -> str:
    """Say what the owner can do about a refused refresh."""
    said = error.message.lower()
    if "missing client secret" in said:
        return "the Twitch application is of the confidential kind, so its secret is needed"
    if "client" in said:
        return f"Twitch does not take the application's credentials: {error.message}"
    return f"Twitch has ended the login: {error.message}"
