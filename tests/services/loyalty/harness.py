"""A chat with a bot, a hub on a real store, and the loyalty service between."""

import asyncio
from collections.abc import Mapping

import msgspec

from stagedoor.access import SERVICE, Client
from stagedoor.errors import RequestFailed
from stagedoor.hub import Hub, Write
from stagedoor.keys import (
    ADD_POINTS,
    BOT_CONFIG,
    CHAT_MESSAGE,
    GOALS,
    LOYALTY_CONFIG,
    POINTS,
    REDEEM_QUEUE,
    REWARDS,
    STREAM_INFO,
    TWITCH_CHATTERS,
)
from stagedoor.services.loyalty import Loyalty
from stagedoor.types import JsonObject
from tests.kilovolt.harness import FakeClock
from tests.services.harness import Desk, FakeTime, encode

CONFIG: JsonObject = {"enabled": True, "currency": "wishes", "points": {"interval": 0, "amount": 10}, "banlist": None}
HYDRATE: JsonObject = {
    "enabled": True,
    "id": "hydrate",
    "name": "Hydrate!",
    "description": "",
    "image": "",
    "price": 100,
    "cooldown": 0,
}
KARAOKE: JsonObject = {
    "enabled": True,
    "id": "karaoke",
    "name": "Karaoke",
    "description": "",
    "image": "",
    "total": 500,
    "contributed": 0,
    "contributors": {},
}


class Stage:
    """Everything that a test of loyalty needs. Moderators are held up by no cooldown, and at first nobody is."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.desk = Desk(hub)
        self.clock = FakeClock()
        self.time = FakeTime()
        self.said: asyncio.Queue[str] = asyncio.Queue()
        self.failed: asyncio.Queue[str] = asyncio.Queue()
        """What was to be said while the chat was not connected."""
        self.is_connected = True
        self.chatters: list[JsonObject] | None = []
        """``None`` for nobody knows."""
        self.asked = asyncio.Event()
        """Whether somebody asked who is in the chat."""
        self.loyalty: Loyalty | None = None
        self.desk.serve("platform/twitch/@send-message", self._send)
        self.desk.serve(TWITCH_CHATTERS, self._tell_chatters)

    async def start(self) -> None:
        self.loyalty = Loyalty(Client(self.hub, SERVICE), Client(self.hub, SERVICE), self.clock, now=self.time)
        await self.loyalty.start()

    async def close(self) -> None:
        if self.loyalty is not None:
            await self.loyalty.close()

    async def restart(self) -> None:
        """End the service and start it on what it has left."""
        await self.close()
        await self.start()

    async def _send(self, value: str) -> str:
        request = decode(value)
        assert isinstance(request, dict)
        assert request["bot"] is True
        if not self.is_connected:
            self.failed.put_nowait(str(request["message"]))
            raise RequestFailed("not connected")
        self.said.put_nowait(str(request["message"]))
        return "{}"

    async def _tell_chatters(self, value: str) -> str:
        self.asked.set()
        if self.chatters is None:
            raise RequestFailed("no connection")
        return encode({"chatters": self.chatters})

    # --- settings ---

    async def set_up(
        self,
        *,
        config: JsonObject = CONFIG,
        rewards: list[JsonObject] | None = None,
        goals: list[JsonObject] | None = None,
        balances: Mapping[str, int] | None = None,
        **more: int,
    ) -> None:
        """Write the settings and balances."""
        await self.put(BOT_CONFIG, {"command_cooldown": 0})
        await self.put(LOYALTY_CONFIG, config)
        await self.put(REWARDS, [HYDRATE] if rewards is None else rewards)
        await self.put(GOALS, [KARAOKE] if goals is None else goals)
        all_balances = {**(balances or {}), **more}
        await self.desk.put_all(
            [Write(POINTS + login, encode({"points": points})) for login, points in all_balances.items()]
        )

    async def put(self, key: str, value: object) -> None:
        await self.desk.put(key, encode(value))

    async def go_live(self, *, live: bool = True) -> None:
        await self.put(STREAM_INFO, [{"id": "1"}] if live else [])

    # --- time ---

    def pass_time(self, seconds: float) -> None:
        """Let both clocks go on."""
        self.time.now += seconds
        self.clock.advance(seconds)

    async def ask_round(self, seconds: float) -> None:
        """Let time pass until it is asked who is in the chat."""
        self.asked.clear()
        self.pass_time(seconds)
        await self.asked.wait()

    async def pass_round(self, seconds: float) -> None:
        """Let time pass, and wait until all points of a round are given."""
        await self.ask_round(seconds)
        assert self.loyalty is not None
        await self.loyalty.awarded()

    # --- chat ---

    def write(self, name: str, text: str, *, id_: str | None = None, badges: Mapping[str, int] | None = None) -> None:
        """Let somebody write something, and go on at once."""
        user = {"ID": f"id-{name.lower()}" if id_ is None else id_, "Name": name.lower(), "DisplayName": name}
        message = {"User": {**user, "Badges": badges}, "Message": text, "ID": "m"}
        self.desk.write([Write(CHAT_MESSAGE, encode(message))], lambda error: None)

    async def chat(self, name: str, text: str, *, id_: str | None = None) -> list[str]:
        """Let somebody write something, and tell what is answered."""
        self.write(name, text, id_=id_)
        return await self.answers()

    async def answers(self) -> list[str]:
        """Tell what was answered to all that has been written."""
        await self.done()
        self.write("Last", "!balance", badges={"moderator": 1})
        answers = []
        while not (answer := await self.said.get()).startswith("Last:"):
            answers.append(answer)
        return answers

    async def done(self) -> None:
        """Wait until all that was begun so far is on the disk."""
        await asyncio.sleep(0)  # what was written has its turn first
        while self.loyalty is not None and self.loyalty._tasks:
            await asyncio.wait(self.loyalty._tasks)
        await self.desk.ask(ADD_POINTS, username="last", points=0)

    # --- the state ---

    def balance(self, login: str) -> object:
        record = self.desk.read(POINTS + login)
        return record["points"] if isinstance(record, dict) else None

    def queue(self) -> list[JsonObject]:
        queue = self.desk.read(REDEEM_QUEUE) or []
        assert isinstance(queue, list)
        return queue

    def goal(self, index: int = 0) -> JsonObject:
        goals = self.desk.read(GOALS)
        assert isinstance(goals, list)
        goal: JsonObject = goals[index]
        return goal


def decode(text: str) -> object:
    return msgspec.json.decode(text)
