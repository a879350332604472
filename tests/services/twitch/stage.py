"""What tests of accounts share: tokens, logins and Helix on a real store, before a fake Twitch; time moved by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import msgspec

from stagedoor import keys
from stagedoor.access import SERVICE, Client, Timer
from stagedoor.fake_twitch import Asked, Clock, FakeTwitch, Token
from stagedoor.hub import Hub, LmdbStore, Store
from stagedoor.services.twitch.errors import Account
from stagedoor.services.twitch.helix import Helix
from stagedoor.services.twitch.login import Logins
from stagedoor.services.twitch.network import Network
from stagedoor.services.twitch.oauth import OAuth
from stagedoor.services.twitch.tokens import KEYS, Tokens
from stagedoor.services.twitch.urls import Urls
from stagedoor.strimertul import AuthKeys, read, write, write_time
from stagedoor.types import JsonObject
from tests.kilovolt.harness import PATIENCE_S, FakeClock
from tests.services.harness import Desk, open_hub

REDIRECT = "http://localhost:4337/twitch/callback"


class _Noted:
    """A call that a :class:`HandClock` knows of."""

    def __init__(self, cancel: Callable[[], None]) -> None:
        self.cancel = cancel


class HandClock(FakeClock):
    """A clock that knows who waits for it, so that a test can let exactly that much time pass."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: dict[int, float] = {}
        self._count = 0
        self._asked = asyncio.Event()

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer:
        self._count += 1
        number = self._count
        self._waiting[number] = self.time() + delay
        self._asked.set()

        def call() -> None:
            self._waiting.pop(number, None)
            callback()

        timer = super().call_later(delay, call)

        def cancel() -> None:
            self._waiting.pop(number, None)
            timer.cancel()

        return _Noted(cancel)

    async def waits(self, within_s: float = 120.0) -> float:
        """Wait until somebody waits for no longer than this, and tell until when."""
        for _ in range(3):  # tasks that were begun or cancelled just now have a turn
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE_S):
            while not (due := [at for at in self._waiting.values() if at <= self.time() + within_s]):
                self._asked.clear()
                await self._asked.wait()
        return min(due)

    async def skip(self, within_s: float = 120.0) -> float:
        """Wait as :meth:`waits` does, let that time pass, and tell how much it was."""
        passed = max(await self.waits(within_s) - self.time(), 0.0)
        self.advance(passed)
        return passed


class Stage:
    """The accounts' half of the Twitch service. ``public`` uses the application that has no secret."""

    def __init__(self, twitch: FakeTwitch, store: Store) -> None:
        self.twitch = twitch
        self.clock = HandClock()
        self.hub: Hub = open_hub(store)
        self.desk = Desk(self.hub)
        self.network = Network(timeout_s=PATIENCE_S)
        self.redirect: str | None = REDIRECT
        self.changes: list[Account] = []
        self.audit: list[tuple[str, dict[str, object]]] = []
        self._changed = asyncio.Event()
        now = twitch.clock.now
        urls = Urls(*twitch.urls)
        oauth = OAuth(urls, self.network)
        self.tokens = Tokens(Client(self.hub, SERVICE), oauth, self.clock, now=now, random=lambda: 0.5)
        self.tokens.changed = self._note
        self.logins = Logins(
            Client(self.hub, SERVICE), oauth, self.tokens, urls, lambda: self.redirect, self._record, self.clock, now
        )
        self.helix = Helix(urls, self.network, self.tokens, self.clock, now=now)

    def _record(self, kind: str, facts: Mapping[str, object]) -> None:
        self.audit.append((kind, dict(facts)))

    def _note(self, account: Account) -> None:
        self.changes.append(account)
        self._changed.set()
        self._changed = asyncio.Event()

    def start(self) -> None:
        self.tokens.start()
        self.logins.start()

    async def close(self) -> None:
        await self.logins.close()
        await self.tokens.close()
        await self.network.close()
        await self.hub.close()

    async def configure(self, *, enabled: bool = True, is_public: bool = False, **members: object) -> None:
        """Write the settings."""
        credentials = (
            {"api_client_id": self.twitch.public_client_id}
            if is_public
            else {"api_client_id": self.twitch.client_id, "api_client_secret": self.twitch.client_secret}
        )
        await self.put(keys.TWITCH_CONFIG, {"enabled": enabled, **credentials, **members})

    async def put(self, key: str, value: Mapping[str, object]) -> None:
        await self.desk.put(key, msgspec.json.encode(value).decode())

    async def store(self, token: Token, account: Account = "streamer", **members: object) -> None:
        """Write tokens as an import would."""
        pair = stored(token, self.twitch)
        for name, value in members.items():
            setattr(pair, name, value)
        await self.desk.put(KEYS[account], write(pair))

    def stored(self, account: Account = "streamer") -> AuthKeys | None:
        text = self.desk.get(KEYS[account])
        return read(text, AuthKeys) if text else None

    def asked(self, path: str) -> list[Asked]:
        """The calls of one of the login's paths."""
        return self.twitch.calls_of(f"/oauth2/{path}")

    def refreshes(self) -> list[Asked]:
        return [call for call in self.asked("token") if call.body.get("grant_type") == "refresh_token"]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so; it is looked at whenever an account has changed."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                await self._changed.wait()

    def logins_shown(self) -> dict[str, JsonObject]:
        text = self.desk.get(keys.TWITCH_LOGINS)
        return msgspec.json.decode(text, type=dict[str, dict[str, object]]) if text else {}

    async def called(self, path: str, times: int = 1) -> None:
        """Wait until Twitch has been asked so many times."""
        async with asyncio.timeout(PATIENCE_S):
            await self.twitch.called(path, times)

    async def until_login(self, account: Account, state: str) -> JsonObject:
        """Wait until a login has got to a state, as the key tells."""
        heard = asyncio.Event()
        listener = Client(self.hub, SERVICE, lambda _: heard.set())
        listener.subscribe(keys.TWITCH_LOGINS)
        async with asyncio.timeout(PATIENCE_S):
            while (login := self.logins_shown().get(account, {})).get("state") != state:
                heard.clear()
                await heard.wait()
        listener.close()
        return login

    async def visit(self, authorize_url: str, *, user: str = "", decision: str = "allow") -> dict[str, str]:
        """Do at Twitch's page what a person does, and tell what the browser brings back."""
        address = await decide(authorize_url, user=user, decision=decision)
        assert address.partition("?")[0] == self.redirect
        came = parse_qs(urlsplit(address).query)
        return {
            name: values[0] for name, values in came.items() if name in ("code", "state", "error", "error_description")
        }


async def decide(authorize_url: str, *, user: str = "", decision: str = "allow") -> str:
    """Do at Twitch's page what a person does, and tell to which address it leads back."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(authorize_url).query).items()}
    form = {**asked, "decision": decision, "user": user}
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(authorize_url.partition("?")[0], data=form, allow_redirects=False) as answer,
    ):
        return answer.headers["Location"]


def stored(token: Token, twitch: FakeTwitch) -> AuthKeys:
    """A token as it is stored."""
    return AuthKeys(
        access_token=token.text,
        refresh_token=token.refresh or "",
        expires_in=round(token.expires_at - twitch.clock.now()),
        scope=list(token.scopes),
        time=write_time(twitch.clock.now()),
    )


@asynccontextmanager
async def open_stage(twitch: FakeTwitch, folder: Path) -> AsyncIterator[Stage]:
    stage = Stage(twitch, LmdbStore(folder / "store"))
    try:
        yield stage
    finally:
        await stage.close()


def standing_twitch() -> FakeTwitch:
    """A Twitch at which time passes only when it is turned."""
    return FakeTwitch(clock=Clock.standing())
