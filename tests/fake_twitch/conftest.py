"""A fake Twitch, and a plain client of it that takes nothing for granted."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, NamedTuple, Self

import aiohttp
import pytest

from stagedoor.fake_twitch import CATALOGUE, FakeTwitch, Token

PATIENCE_S = 30.0


class Answer(NamedTuple):
    status: int
    body: Any
    headers: dict[str, str]


class Socket:
    """One EventSub socket."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self.id = ""

    async def __aenter__(self) -> Self:
        self.raw = await self._session.ws_connect(self._url)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.raw.close()

    async def next(self) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            return await self.raw.receive_json()

    async def welcome(self) -> dict[str, Any]:
        message = await self.next()
        assert message["metadata"]["message_type"] == "session_welcome"
        session: dict[str, Any] = message["payload"]["session"]
        self.id = session["id"]
        return session

    async def event(self, topic: str | None = None) -> dict[str, Any]:
        """The next notification's event; that it is of a topic."""
        message = await self.next()
        assert message["metadata"]["message_type"] == "notification"
        if topic is not None:
            assert message["metadata"]["subscription_type"] == topic
        event: dict[str, Any] = message["payload"]["event"]
        return event

    async def close_code(self) -> int | None:
        """Read to the end, and tell the code that it came with."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self.raw.receive()
                if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                    return self.raw.close_code


class Visitor:
    """Somebody with an HTTP client and a token."""

    def __init__(self, twitch: FakeTwitch, session: aiohttp.ClientSession, token: Token) -> None:
        self.twitch = twitch
        self.session = session
        self.token = token

    async def call(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        """Call Helix."""
        pairs = [
            (name, str(one)) for name, value in query.items() for one in (value if isinstance(value, list) else [value])
        ]
        headers = {"Authorization": f"Bearer {self.token.text}", "Client-Id": self.token.application.id}
        async with self.session.request(
            method, self.twitch.urls.api + path, params=pairs, json=body, headers=headers
        ) as response:
            text = await response.text()
            return Answer(response.status, await response.json() if text else None, dict(response.headers))

    async def get(self, path: str, **query: object) -> Any:
        """What a call of Helix answers that has to succeed."""
        answer = await self.call("GET", path, **query)
        assert answer.status == 200, answer
        return answer.body

    async def post_form(self, path: str, **form: str) -> Answer:
        """Call id.twitch.tv."""
        async with self.session.post(self.twitch.urls.auth + path, data=form) as response:
            text = await response.text()
            return Answer(response.status, await response.json() if text else None, dict(response.headers))

    def socket(self, url: str | None = None) -> Socket:
        return Socket(self.session, url or self.twitch.urls.eventsub)

    async def subscribe(self, session_id: str, name: str, **condition: str) -> Answer:
        """Subscribe to a topic of the owner's channel."""
        topic = CATALOGUE[name]
        filled = self.condition(name) | condition
        transport = {"method": "websocket", "session_id": session_id}
        body = {"type": name, "version": topic.version, "condition": filled, "transport": transport}
        return await self.call("POST", "/eventsub/subscriptions", body)

    def condition(self, name: str) -> dict[str, str]:
        topic = CATALOGUE[name]
        owner, user = self.twitch.world.owner, self.token.user
        assert user is not None
        condition = {one: owner.id if one == "broadcaster_user_id" else user.id for one in topic.condition}
        if topic.one_of:
            condition["to_broadcaster_user_id"] = owner.id
        return condition


@pytest.fixture
async def twitch() -> AsyncIterator[FakeTwitch]:
    async with FakeTwitch() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def visitor(twitch: FakeTwitch, session: aiohttp.ClientSession) -> Visitor:
    """The owner, with all scopes."""
    return Visitor(twitch, session, twitch.issue_token())
