"""The client's reader: nothing that a server sends ends it, or fails a request that was not meant."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from picows import WSMsgType

from stagedoor.streamerbot.client.connection import Connection, Request
from stagedoor.streamerbot.client.errors import RequestRefused
from stagedoor.streamerbot.client.event import Event
from stagedoor.types import JsonObject
from tests.streamerbot.client_harness import connect
from tests.streamerbot.fake_original import FakeOriginal


@pytest.fixture
async def fake() -> AsyncIterator[FakeOriginal]:
    async with FakeOriginal() as server:
        yield server


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=15,
)
ids: st.SearchStrategy[object] = st.sampled_from(["1", 1, 1.0, "2", 2.5, "", None, True, [1], {}])
messages = st.fixed_dictionaries(
    {},
    optional={
        "id": ids,
        "status": st.sampled_from(["ok", "error", "OK", None, 5]),
        "error": json_values,
        "event": st.fixed_dictionaries({}, optional={"source": json_values, "type": json_values}) | json_values,
        "data": json_values,
        "timeStamp": json_values,
        "request": st.sampled_from(["Hello", "Bye", 7]),
        "info": json_values,
        "authentication": json_values,
    },
)


class Reader:
    """A connection without a socket that has asked one question, under the id 1."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.messages: list[JsonObject] = []
        self.connection = Connection(self.events.append, self.messages.append, 1_000_000)
        self.answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.connection._pending["1"] = ("Question", self.answer)


def read(*texts: bytes) -> Reader:
    async def take() -> Reader:
        reader = Reader()
        for text in texts:
            reader.connection.take(text)
        return reader

    return asyncio.run(take())


@given(st.binary() | st.text().map(str.encode) | json_values.map(msgspec.json.encode))
def test_whatever_comes_is_survived_and_answers_nothing(text: bytes) -> None:
    assume(b'"id"' not in text)  # it might be an answer, and a good one
    reader = read(text, b'{"id":"1","status":"ok","mine":true}')
    assert reader.answer.done()
    assert reader.answer.result() == {"id": "1", "status": "ok", "mine": True}


@given(messages)
def test_a_message_is_an_answer_an_event_a_greeting_or_nothing(message: JsonObject) -> None:
    reader = read(msgspec.json.encode(message))
    assert reader.messages == [message]
    is_mine = message.get("id") in ("1", 1) and message.get("id") is not True
    if not is_mine:
        assert not reader.answer.done()
    if reader.answer.done():
        outcome = reader.answer.result()
        assert isinstance(outcome, RequestRefused) if message.get("status") != "ok" else outcome == message
        assert reader.events == []
    for event in reader.events:
        assert event.source
        assert event.type
        assert isinstance(event.data, dict)
        assert event.raw == message
        assert event.time is None or message["timeStamp"]
    assert reader.answer.done() + len(reader.events) + reader.connection.hello.done() <= 1


@given(st.text(min_size=1), st.text(min_size=1), st.dictionaries(st.text(), json_values), st.text())
def test_every_event_is_read(source: str, kind: str, data: JsonObject, stamp: str) -> None:
    message = {"timeStamp": stamp, "event": {"source": source, "type": kind}, "data": data}
    (event,) = read(msgspec.json.encode(message)).events
    assert (event.source, event.type, event.data) == (source, kind, data)


@given(st.dictionaries(st.text(), json_values))
def test_every_request_is_written_with_its_name_and_id(parameters: JsonObject) -> None:
    async def write() -> bytes:
        return Reader().connection.encode(Request("Question", parameters), "7")

    written = msgspec.json.decode(asyncio.run(write()))
    assert written == {**parameters, "request": "Question", "id": "7"}


def test_half_a_character_is_no_reason_to_lose_an_event() -> None:
    (event,) = read(
        b'{"event":{"source":"Twitch","type":"ChatMessage"},"data":{"text":"\\ud83d and \\ud83d\\ude00"}}'
    ).events
    assert event.data == {"text": "\ufffd and 😀"}


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"no JSON",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe",
        b'{"event":5}',
        b'{"event":{"source":"","type":"x"}}',
        b'{"status":"ok"}',
        b'{"status":"ok","id":"no such id"}',
        b'{"status":"error","error":"Invalid JSON"}',
        b'{"request":"Hello","info":{}}',
        b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda garbage: garbage[:30].decode("latin-1"),
)
async def test_garbage_is_skipped(fake: FakeOriginal, garbage: bytes) -> None:
    async with connect(fake) as (client, connection):
        connection.send_raw(garbage)
        assert (await client.get_info()).name == "Streamer.bot"
        assert fake.live == [connection]


async def test_fragments_and_binary_frames_are_read(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, connection), client.watch("*") as events:
        connection.send_raw(b'{"event":{"source":"Twi', fin=False)
        connection.transport.send_ping(b"between")
        connection.send_raw(b'tch","type":"Follow"}}', WSMsgType.CONTINUATION)
        connection.send_raw(b'{"event":{"source":"Twitch","type":"Cheer"}}', WSMsgType.BINARY)
        connection.send_raw(b"\x00\x01", WSMsgType.BINARY)
        assert [(await anext(events)).name for _ in range(2)] == ["Twitch.Follow", "Twitch.Cheer"]
        assert (await client.get_info()).name == "Streamer.bot"
