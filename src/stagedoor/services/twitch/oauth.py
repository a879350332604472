"""What is asked of Twitch's logins: codes, tokens, whether they still hold. It keeps nothing.

Source: Twitch's documentation, "Getting OAuth Access Tokens", "Refreshing Access Tokens", "Validating Tokens" and
"Revoking Access Tokens". An application of Twitch's public kind has no secret: it can log in by a device code alone,
refreshes without a secret, and each of its refresh tokens can be used once.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from stagedoor.services.twitch.errors import Refused, Unreachable
from stagedoor.services.twitch.network import Answer, Network
from stagedoor.services.twitch.urls import Urls
from stagedoor.types import JsonObject

PENDING: Final = "authorization_pending"
SLOW_DOWN: Final = "slow_down"

_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL_S: Final = 5
"""Between two questions when Twitch does not say (RFC 8628, section 3.2)."""


class Application(NamedTuple):
    """The user's own application at Twitch."""

    client_id: str
    client_secret: str = ""
    """Empty for one of the public kind."""

    def __repr__(self) -> str:
        return f"Application({self.client_id!r})"


class TokenPair(NamedTuple):
    """Tokens as they were granted; complete."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    scopes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"TokenPair(expires_in_s={self.expires_in_s})"


class DeviceCode(NamedTuple):
    """A login by a code that is typed at Twitch."""

    device_code: str
    """What we ask with; secret."""
    user_code: str
    """What is typed."""
    verification_uri: str
    expires_in_s: int
    interval_s: int

    def __repr__(self) -> str:
        return f"DeviceCode(expires_in_s={self.expires_in_s})"


class Validity(NamedTuple):
    """Whose a token is."""

    client_id: str
    user_id: str
    login: str
    scopes: tuple[str, ...]


class OAuth:
    """Asks. All of its methods raise :class:`Unreachable` or :class:`Refused`."""

    def __init__(self, urls: Urls, network: Network) -> None:
        self._urls = urls
        self._network = network

    async def begin_device(self, application: Application, scopes: Sequence[str]) -> DeviceCode:
        """Ask for a code that somebody types at Twitch."""
        body = await self._post("device", {"client_id": application.client_id, "scopes": " ".join(scopes)})
        code = DeviceCode(
            _text(body, "device_code"),
            _text(body, "user_code"),
            _text(body, "verification_uri"),
            _number(body, "expires_in"),
            _number(body, "interval") or _INTERVAL_S,
        )
        if not all(code):
            raise _incomplete()
        return code

    async def exchange_device(self, application: Application, scopes: Sequence[str], device_code: str) -> TokenPair:
        """Ask whether the code was typed; until then it is :class:`Refused` with :data:`PENDING` or
        :data:`SLOW_DOWN`."""
        form = {"grant_type": _DEVICE_GRANT, "device_code": device_code, "scopes": " ".join(scopes)}
        return _read_pair(await self._post("token", {**_shown(application), **form}))

    async def exchange_code(
        self, application: Application, *, code: str, redirect_uri: str, verifier: str
    ) -> TokenPair:
        """Turn the code, with which Twitch's page came back, into tokens."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        return _read_pair(await self._post("token", {**_shown(application), **form}))

    async def refresh(self, application: Application, refresh_token: str) -> TokenPair:
        """Get fresh tokens; the refresh token may be another one than before."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        body = await self._post("token", {**_shown(application), **form})
        return _read_pair({"refresh_token": refresh_token, **body})

    async def validate(self, access_token: str) -> Validity:
        """Ask whose a token is; :class:`Refused` when it holds no more."""
        answer = await self._network.fetch(
            "GET", f"{self._urls.auth}/validate", headers={"Authorization": f"OAuth {access_token}"}
        )
        body = _accepted(answer)
        validity = Validity(
            _text(body, "client_id"), _text(body, "user_id"), _text(body, "login"), _scopes(body.get("scopes"))
        )
        if not validity.client_id or not validity.user_id:
            raise _incomplete()
        return validity

    async def find_user(self, application: Application, access_token: str) -> JsonObject:
        """Ask the API for the account that a token belongs to, as Get Users has it."""
        headers = {"Authorization": f"Bearer {access_token}", "Client-Id": application.client_id}
        body = _accepted(await self._network.fetch("GET", f"{self._urls.api}/users", headers=headers))
        found = body.get("data")
        if not isinstance(found, list) or not found or not isinstance(found[0], dict):
            raise _incomplete()
        user: JsonObject = found[0]
        return user

    async def revoke(self, application: Application, access_token: str) -> None:
        """Give a token back."""
        await self._post("revoke", {"client_id": application.client_id, "token": access_token})

    async def test(self, application: Application) -> None:
        """Find out whether Twitch knows the application, and its secret if it has one."""
        if not application.client_secret:
            await self._post("device", {"client_id": application.client_id})  # whose code nobody types
            return
        form = {**_shown(application), "grant_type": "client_credentials"}
        token = _text(await self._post("token", form), "access_token")
        if token:
            await self.revoke(application, token)

    async def _post(self, path: str, form: Mapping[str, str]) -> JsonObject:
        return _accepted(await self._network.fetch("POST", f"{self._urls.auth}/{path}", form=form))


def _shown(application: Application) -> dict[str, str]:
    """What an application shows of itself."""
    shown = {"client_id": application.client_id}
    if application.client_secret:
        shown["client_secret"] = application.client_secret
    return shown


def _accepted(answer: Answer) -> JsonObject:
    if not 200 <= answer.status < 300:
        raise Refused(answer.status, answer.message)
    return answer.body


def _read_pair(body: JsonObject) -> TokenPair:
    pair = TokenPair(
        _text(body, "access_token"),
        _text(body, "refresh_token"),
        _number(body, "expires_in"),
        _scopes(body.get("scope")),
    )
    if not (pair.access_token and pair.refresh_token and pair.expires_in_s > 0):
        raise _incomplete()
    return pair


def _incomplete() -> Unreachable:
    """Half an answer is worth as much as none: nothing of it may replace what is stored."""
    return Unreachable("its answer is not complete")


def _text(body: JsonObject, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _number(body: JsonObject, name: str) -> int:
    value = body.get(name)
    return int(value) if isinstance(value, (int, float)) and 0 < value < 1 << 40 else 0


def _scopes(value: object) -> tuple[str, ...]:
    """Read scopes, which Twitch lists; in other places of OAuth they are one text with blanks."""
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(str(scope) for scope in value) if isinstance(value, list) else ()
