"""Who may do what at a fake Twitch: its applications, and the tokens, codes and grants that it gives out."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from stagedoor.fake_twitch.clock import Clock
from stagedoor.fake_twitch.people import User
from stagedoor.fake_twitch.refused import Refused

ACCESS_TOKEN_S: Final = 14_400.0
"""About what Twitch gives; real ones vary between 4 hours and 60 days."""

APP_TOKEN_S: Final = 60 * 86_400.0
REFRESH_TOKEN_S: Final = 30 * 86_400.0
"""How long a public client's refresh token lives; a confidential one's lives for ever."""

DEVICE_CODE_S: Final = 1800.0
DEVICE_POLL_S: Final = 5
CODE_S: Final = 600.0

HELIX_POINTS: Final = 800
"""Calls a minute, for each token."""


class Application(NamedTuple):
    """A registered client. A public one has no secret, and its refresh tokens work once."""

    id: str
    name: str
    secret: str | None


@dataclass(slots=True, eq=False)
class Token:
    """An access token; ``user`` is None for an application's own."""

    text: str
    application: Application
    user: User | None
    scopes: tuple[str, ...]
    expires_at: float
    refresh: str | None = None
    spent: float = 0.0
    """Of its points for Helix, at ``counted_at``."""
    counted_at: float = 0.0


@dataclass(slots=True)
class DeviceCode:
    """A login of a device that waits for a person."""

    code: str
    user_code: str
    application: Application
    scopes: tuple[str, ...]
    expires_at: float
    user: User | None = None
    is_denied: bool = False


@dataclass(slots=True)
class LoginCode:
    """What the browser brings back from the page that asks."""

    code: str
    application: Application
    user: User
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str
    expires_at: float


@dataclass(slots=True)
class _Renewal:
    """What a refresh token stands for."""

    application: Application
    user: User
    scopes: tuple[str, ...]
    expires_at: float | None


@dataclass(slots=True)
class Tokens:
    """All of them."""

    clock: Clock
    applications: dict[str, Application] = field(default_factory=dict)
    access: dict[str, Token] = field(default_factory=dict)
    device_codes: dict[str, DeviceCode] = field(default_factory=dict)
    login_codes: dict[str, LoginCode] = field(default_factory=dict)
    lifetime_s: float = ACCESS_TOKEN_S
    """Of the access tokens issued from now on."""
    _renewals: dict[str, _Renewal] = field(default_factory=dict)
    _grants: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    # -- Applications --------------------------------------------------------------------------------------------------

    def application(self, client_id: str) -> Application:
        """The application of that id; raises :class:`Refused`."""
        found = self.applications.get(client_id)
        if found is None:
            raise Refused(400, "invalid client" if client_id else "missing client id")
        return found

    def check_secret(self, application: Application, secret: str) -> None:
        """Let a confidential client prove itself; raises :class:`Refused`."""
        if application.secret is None:
            return
        if not secret:
            raise Refused(400, "missing client secret")
        if not secrets.compare_digest(secret, application.secret):
            raise Refused(403, "invalid client secret")

    # -- Tokens --------------------------------------------------------------------------------------------------------

    def issue(self, application: Application, user: User, scopes: tuple[str, ...]) -> Token:
        """A user's token with its refresh token."""
        token = self._new_token(application, user, scopes, self.lifetime_s)
        token.refresh = secrets.token_hex(25)
        expires_at = self.clock.now() + REFRESH_TOKEN_S if application.secret is None else None
        self._renewals[token.refresh] = _Renewal(application, user, scopes, expires_at)
        self._grants.setdefault((application.id, user.id), set()).update(scopes)
        return token

    def issue_app_token(self, application: Application) -> Token:
        """An application's own token."""
        return self._new_token(application, None, (), APP_TOKEN_S)

    def _new_token(
        self, application: Application, user: User | None, scopes: tuple[str, ...], lifetime_s: float
    ) -> Token:
        now = self.clock.now()
        token = Token(secrets.token_hex(15), application, user, scopes, now + lifetime_s, counted_at=now)
        self.access[token.text] = token
        return token

    def find(self, text: str) -> Token | None:
        """A token that is still good."""
        token = self.access.get(text)
        return token if token is not None and token.expires_at > self.clock.now() else None

    def renew(self, application: Application, refresh: str) -> Token:
        """Give a new access token for a refresh token; raises :class:`Refused`."""
        renewal = self._renewals.get(refresh)
        if (
            renewal is None
            or renewal.application is not application
            or (renewal.expires_at is not None and renewal.expires_at <= self.clock.now())
        ):
            raise Refused(400, "Invalid refresh token")
        token = self._new_token(application, renewal.user, renewal.scopes, self.lifetime_s)
        if application.secret is None:  # A public client's works once, and the new one lives for 30 days again.
            del self._renewals[refresh]
            token.refresh = secrets.token_hex(25)
            expires_at = self.clock.now() + REFRESH_TOKEN_S
            self._renewals[token.refresh] = _Renewal(application, renewal.user, renewal.scopes, expires_at)
        else:
            token.refresh = refresh
        return token

    def revoke(self, text: str) -> bool:
        """End an access token; tells whether there was one. Its refresh token ends with it."""
        token = self.access.pop(text, None)
        if token is not None and token.refresh is not None:
            self._renewals.pop(token.refresh, None)
        return token is not None

    def expire(self, user: User) -> None:
        """Let a user's access tokens run out now; their refresh tokens stay."""
        for token in self.access.values():
            if token.user is user:
                token.expires_at = self.clock.now()

    def disconnect(self, user: User) -> None:
        """Forget all that a user has granted, as when they take the application off their list of connections."""
        for text in [text for text, token in self.access.items() if token.user is user]:
            self.revoke(text)
        for refresh in [refresh for refresh, renewal in self._renewals.items() if renewal.user is user]:
            del self._renewals[refresh]
        for pair in [pair for pair in self._grants if pair[1] == user.id]:
            del self._grants[pair]

    def granted(self, application: Application, user_id: str) -> set[str]:
        """The scopes that a user has granted an application; empty if none."""
        return self._grants.get((application.id, user_id), set())

    def has_authorized(self, application: Application, user_id: str) -> bool:
        """Whether a user has let an application in, with whatever scopes."""
        return (application.id, user_id) in self._grants

    def spend(self, token: Token, points: int = 1) -> tuple[int, float]:
        """Take points from a token's bucket, which refills steadily.

        Returns what is left, negative if it was not enough, and the Unix time at which the bucket is full again.
        """
        now = self.clock.now()
        per_s = HELIX_POINTS / 60
        token.spent = max(0.0, token.spent - (now - token.counted_at) * per_s)
        token.counted_at = now
        if token.spent + points > HELIX_POINTS:
            return -1, now + token.spent / per_s
        token.spent += points
        return int(HELIX_POINTS - token.spent), now + token.spent / per_s

    # -- Logins --------------------------------------------------------------------------------------------------------

    def ask_for_device(self, application: Application, scopes: tuple[str, ...]) -> DeviceCode:
        """Begin a device's login."""
        user_code = "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(8))
        asked = DeviceCode(secrets.token_urlsafe(30), user_code, application, scopes, self.clock.now() + DEVICE_CODE_S)
        self.device_codes[asked.code] = asked
        return asked

    def device_of(self, user_code: str) -> DeviceCode:
        """The device's login of the code that a person types; raises :class:`Refused`."""
        wanted = user_code.replace("-", "").strip().upper()
        for asked in self.device_codes.values():
            if asked.user_code == wanted and asked.expires_at > self.clock.now():
                return asked
        raise Refused(400, "invalid device code")

    def take_device(self, application: Application, code: str) -> Token:
        """Give the token for a device code that somebody has approved; raises :class:`Refused`."""
        asked = self.device_codes.get(code)
        if asked is None or asked.application is not application or asked.expires_at <= self.clock.now():
            raise Refused(400, "invalid device code")
        if asked.is_denied:
            raise Refused(400, "access_denied")
        if asked.user is None:
            raise Refused(400, "authorization_pending")
        del self.device_codes[code]
        return self.issue(application, asked.user, asked.scopes)

    def allow(
        self, application: Application, user: User, scopes: tuple[str, ...], redirect_uri: str, challenge: str
    ) -> str:
        """The code for the browser to carry back."""
        code = secrets.token_hex(15)
        self._grants.setdefault((application.id, user.id), set()).update(scopes)
        expires_at = self.clock.now() + CODE_S
        self.login_codes[code] = LoginCode(code, application, user, scopes, redirect_uri, challenge, expires_at)
        return code

    def take_code(self, application: Application, code: str, redirect_uri: str, verifier: str) -> Token:
        """Give the token for such a code, once; raises :class:`Refused`."""
        login = self.login_codes.pop(code, None)
        if login is None or login.application is not application or login.expires_at <= self.clock.now():
            raise Refused(400, "Invalid authorization code")
        if login.redirect_uri != redirect_uri:
            raise Refused(400, "Parameter redirect_uri does not match registered URI")
        if login.challenge and login.challenge != challenge_of(verifier):
            raise Refused(400, "Invalid code verifier")
        return self.issue(application, login.user, login.scopes)


def challenge_of(verifier: str) -> str:
    """PKCE's challenge for a verifier, by the method S256 (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
