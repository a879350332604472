"""The stream's state: how often it is asked for, and when it is written; by a clock that a test moves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest

from stagedoor.access import SERVICE, Client
from stagedoor.hub import Change, MemoryStore
from stagedoor.keys import STREAM_INFO
from stagedoor.services.twitch.errors import Account, LoginNeeded, TwitchError, Unreachable
from stagedoor.services.twitch.helix import Helix
from stagedoor.services.twitch.network import Params
from stagedoor.services.twitch.streams import Streams
from stagedoor.types import JsonObject
from tests.kilovolt.harness import FakeClock
from tests.services.harness import open_hub

STREAM: JsonObject = {
    "id": "1",
    "user_id": "99",
    "user_login": "streamer",
    "user_name": "Streamer",
    "game_id": "2",
    "game_name": "Art",
    "type": "live",
    "title": "Painting",
    "tags": ["English"],
    "viewer_count": 10,
    "started_at": "2026-05-01T19:00:00Z",
    "language": "en",
    "thumbnail_url": "https://example/{width}x{height}.jpg",
    "tag_ids": [],
    "is_mature": False,
    "something_new": 1,
}


class Channel(Helix):
    """Answers for one stream."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: JsonObject | TwitchError = {"data": []}

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: object = None,
        account: Account = "streamer",
    ) -> JsonObject:
        assert (method, path, params, account) == ("GET", "streams", {"user_id": "99"}, "streamer")
        self.asked += 1
        if isinstance(self.answer, TwitchError):
            raise self.answer
        return self.answer

    def show(self, **changes: object) -> None:
        self.answer = {"data": [{**STREAM, **changes}]}


class Stage:
    def __init__(self) -> None:
        self.hub = open_hub(MemoryStore())
        self.clock = FakeClock()
        self.channel = Channel()
        self.client = Client(self.hub, SERVICE)
        self.streams = Streams(self.client, self.channel, self.clock, "99")
        self.writes: list[list[JsonObject]] = []
        listener = Client(self.hub, SERVICE, self._hear)
        listener.subscribe(STREAM_INFO)
        self.task: asyncio.Task[None] | None = None

    def _hear(self, change: Change) -> None:
        with contextlib.suppress(msgspec.DecodeError):
            self.writes.append(msgspec.json.decode(change.value))

    async def start(self) -> None:
        self.task = asyncio.get_running_loop().create_task(self.streams.run())
        await self.settle()

    async def settle(self) -> None:
        for _ in range(100):
            await asyncio.sleep(0)

    async def advance(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
            await self.settle()

    async def ask_now(self) -> None:
        self.streams.ask_now()
        await self.settle()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    if stage.task is not None:
        stage.task.cancel()
        await asyncio.gather(stage.task, return_exceptions=True)
    await stage.hub.close()


async def test_twitch_is_asked_once_a_minute(stage: Stage) -> None:
    # strimertül's defect 25: without a bot the loop takes a whole core
    await stage.start()
    await stage.advance(600)
    assert stage.channel.asked == 11
    assert stage.writes == [[]]


async def test_a_stream_is_written_as_strimertul_writes_it(stage: Stage) -> None:
    stage.channel.show()
    await stage.start()
    known = {name: value for name, value in STREAM.items() if name != "something_new"}
    assert stage.writes == [[known]]


async def test_nothing_is_written_that_is_known_already(stage: Stage) -> None:
    stage.channel.show()
    await stage.start()
    await stage.advance(300)
    assert len(stage.writes) == 1


async def test_what_changes_is_written_and_viewers_once_a_minute(stage: Stage) -> None:
    stage.channel.show()
    await stage.start()
    stage.channel.show(viewer_count=11)
    await stage.ask_now()
    assert len(stage.writes) == 1
    stage.channel.show(viewer_count=12, title="Still painting")
    await stage.ask_now()
    assert [write[0]["viewer_count"] for write in stage.writes] == [10, 12]
    stage.channel.show(viewer_count=13, title="Still painting")
    await stage.advance(60)
    assert [write[0]["viewer_count"] for write in stage.writes] == [10, 12, 13]


async def test_the_end_is_written(stage: Stage) -> None:
    stage.channel.show()
    await stage.start()
    stage.channel.answer = {"data": []}
    await stage.ask_now()
    assert stage.writes[1:] == [[]]


@pytest.mark.parametrize(
    "answer", [Unreachable("down"), LoginNeeded("streamer"), {}, {"data": "x"}, {"data": [{"id": 1}]}]
)
async def test_what_is_known_stays_when_twitch_does_not_answer(stage: Stage, answer: JsonObject | TwitchError) -> None:
    stage.channel.show()
    await stage.start()
    stage.channel.answer = answer
    await stage.advance(120)
    assert len(stage.writes) == 1
    assert stage.channel.asked == 3
    stage.channel.answer = {"data": []}
    await stage.advance(60)
    assert stage.writes[1:] == [[]]


@pytest.mark.parametrize("value", ["{", "null", '[{"id":5}]', ""])
async def test_what_somebody_else_wrote_is_replaced(stage: Stage, value: str) -> None:
    await stage.client.put(STREAM_INFO, value or None)
    stage.writes.clear()
    stage.channel.show()
    await stage.start()
    assert len(stage.writes) == 1
