"""What tests of the whole service share: it runs on a real store, before a fake Twitch, in real time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from stagedoor import keys
from stagedoor.access import SERVICE, Client
from stagedoor.fake_twitch import FakeTwitch
from stagedoor.hub import Change, Hub, LmdbStore
from stagedoor.services.twitch.errors import Account
from stagedoor.services.twitch.service import Twitch
from stagedoor.services.twitch.tokens import KEYS
from stagedoor.services.twitch.urls import Urls
from stagedoor.strimertul import write
from stagedoor.types import JsonObject
from tests.kilovolt.harness import PATIENCE_S
from tests.services.harness import Desk, open_hub
from tests.services.twitch.stage import stored

SUBSCRIPTIONS = "/helix/eventsub/subscriptions"
MESSAGES = "/helix/chat/messages"


class Show:
    """The service, and somebody who hears all that it writes. Pauses after failures are short."""

    def __init__(self, twitch: FakeTwitch, hub: Hub) -> None:
        self.twitch = twitch
        self.hub = hub
        self.desk = Desk(hub)
        self.heard: list[tuple[str, str]] = []
        """Keys and values."""
        self._news = asyncio.Event()
        listener = Client(hub, SERVICE, self._hear)
        listener.subscribe_prefix("")
        self.service = self.new_service()
        self._is_closed = False

    def new_service(self) -> Twitch:
        return Twitch(
            lambda: Client(self.hub, SERVICE),
            asyncio.get_running_loop(),
            Urls(*self.twitch.urls),
            find_redirect=lambda: None,
            record=lambda kind, facts: None,
            now=self.twitch.clock.now,
            random=lambda: 0.0,
        )

    async def close(self) -> None:
        """End the service, if it has not ended."""
        if not self._is_closed:
            self._is_closed = True
            await self.service.close()

    def _hear(self, change: Change) -> None:
        self.heard.append((change.key, change.value))
        self._news.set()

    async def put(self, key: str, value: object) -> None:
        await self.desk.put(key, msgspec.json.encode(value).decode())

    async def configure(self, *, enabled: bool = True, **members: object) -> None:
        credentials = {"api_client_id": self.twitch.client_id, "api_client_secret": self.twitch.client_secret}
        await self.put(keys.TWITCH_CONFIG, {"enabled": enabled, "enable_bot": True, **credentials, **members})

    async def log_in(self, account: Account = "streamer", scopes: tuple[str, ...] | None = None) -> None:
        """Write tokens, as a login or an import does."""
        user = self.twitch.world.owner if account == "streamer" else self.twitch.world.bot
        await self.desk.put(KEYS[account], write(stored(self.twitch.issue_token(user, scopes), self.twitch)))

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so; it is looked at whenever anything is written."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    async def until_connected(self) -> None:
        """Wait until every topic has been asked for."""
        await self.until(
            lambda: self.status["state"] == "connected" and "waiting" not in {topic["state"] for topic in self.topics}
        )

    @property
    def status(self) -> JsonObject:
        return msgspec.json.decode(self.desk.get(keys.TWITCH_STATUS) or '{"state":""}', type=dict[str, object])

    @property
    def topics(self) -> list[dict[str, str | None]]:
        return msgspec.convert(self.status.get("topics", []), list[dict[str, str | None]])

    def topic(self, name: str) -> dict[str, str | None]:
        return next(topic for topic in self.topics if topic["topic"] == name)

    def told(self, key: str) -> list[JsonObject]:
        """What was written to a key."""
        return [msgspec.json.decode(value) for at, value in self.heard if at == key]

    @property
    def messages(self) -> list[str]:
        """The chat messages that were told."""
        return [str(message["Message"]) for message in self.told(keys.CHAT_MESSAGE)]

    def events(self) -> list[str]:
        """The topics of the notifications that were told."""
        return [str(event["subscription"]["type"]) for event in self.told(keys.EVENTSUB_EVENT)]  # type: ignore[index]

    @property
    def subscriptions(self) -> int:
        """How many topics were asked for, all in all."""
        return len(self.twitch.calls_of(SUBSCRIPTIONS, "POST"))


@asynccontextmanager
async def open_show(folder: Path, *, is_connected: bool = True) -> AsyncIterator[Show]:
    """Open one; by default it is connected, as the streamer and the bot."""
    async with FakeTwitch() as twitch:
        hub = open_hub(LmdbStore(folder / "store"))
        show = Show(twitch, hub)
        if is_connected:
            await show.configure()
            await show.log_in()
            await show.log_in("bot")
        await show.service.start()
        if is_connected:
            await show.until_connected()
            await show.until(lambda: (show.status["bot"] or {}).get("login"))  # type: ignore[attr-defined]
        try:
            yield show
        finally:
            await show.close()
            await hub.close()
