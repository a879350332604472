"""Publishing events: names, data with all its members, samples, and what is refused."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor import keys
from stagedoor.access import SERVICE, Client
from stagedoor.errors import RequestFailed
from stagedoor.hub import Catalogue, Change, Hub, MemoryStore
from stagedoor.services.emitter import Emitter
from stagedoor.streamerbot.events import CATALOGUE, EventName

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
EMOTES = {"userEmotes": [{"name": "Kappa", "type": "twitch_globals", "imageUrl": "https://x.example/25/1.0"}]}


class Stage:
    """The service on a hub of its own, and somebody who hears all events."""

    def __init__(self) -> None:
        self.hub = Hub(MemoryStore(), Catalogue(keys.SPECS))
        self.heard: list[tuple[str, object]] = []
        Emitter(Client(self.hub, SERVICE))
        self.client = Client(self.hub, SERVICE, self._hear)
        self.client.subscribe_prefix("event/")

    def _hear(self, change: Change) -> None:
        self.heard.append((change.key, msgspec.json.decode(change.value)))

    async def ask(self, request: object) -> object:
        return msgspec.json.decode(await self.client.call(keys.EMIT, msgspec.json.encode(request).decode()))

    async def emit(self, source: str, type_: str, data: object = None, **members: object) -> dict[str, object]:
        """Publish an event; returns the data that was heard."""
        self.heard.clear()
        await self.ask({"source": source, "type": type_, "data": data, **members})
        [(_, heard)] = self.heard
        return msgspec.convert(heard, dict[str, object])

    async def refusal(self, request: object) -> str:
        """Have a request refused; returns why."""
        with pytest.raises(RequestFailed) as caught:
            await self.ask(request)
        assert self.heard == []
        return caught.value.reason


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    staged = Stage()
    yield staged
    await staged.hub.close()


def at(data: object, path: str) -> object:
    """The member at a path with dots."""
    for member in path.split("."):
        assert isinstance(data, dict), path
        data = data[member]
    return data


@pytest.mark.parametrize(
    ("source", "type_", "key"),
    [
        ("Twitch", "ChatMessage", "event/Twitch/ChatMessage"),
        ("twitch", "chatmessage", "event/Twitch/ChatMessage"),
        ("OBS", "scenechanged", "event/Obs/SceneChanged"),
        ("TWITCH", "NewThing", "event/Twitch/NewThing"),
        ("My-Plugin_1.0", "x", "event/My-Plugin_1.0/x"),
    ],
)
async def test_event_is_published_under_its_right_name(stage: Stage, source: str, type_: str, key: str) -> None:
    answer = await stage.ask({"source": source, "type": type_})
    [(heard, _)] = stage.heard
    assert heard == key
    assert answer == dict(zip(("source", "type"), key.split("/")[1:], strict=True))


async def test_few_members_become_all(stage: Stage) -> None:
    data = await stage.emit("Twitch", "ChatMessage", {"user": "Alice", "text": "hi"})
    assert (at(data, "message.displayName"), at(data, "message.message"), at(data, "text")) == ("Alice", "hi", "hi")
    assert at(data, "user.login") == "alice"


async def test_data_of_an_unknown_event_stays_as_it_is(stage: Stage) -> None:
    data = {"a": [1, None, {"b": "ü\x00"}]}
    assert await stage.emit("Plugin", "Happened", data) == data


@pytest.mark.parametrize("data", ["text", 5, [1, 2], False, {"a": 1}])
async def test_a_broadcast_is_any_json(stage: Stage, data: object) -> None:
    await stage.ask({"source": "general", "type": "custom", "data": data})
    assert stage.heard == [("event/General/Custom", data)]


async def test_without_data_there_is_an_empty_object(stage: Stage) -> None:
    for request in ({"source": "General", "type": "Custom"}, {"source": "A", "type": "b", "data": None}):
        await stage.ask(request)
    assert [data for _, data in stage.heard] == [{}, {}]


async def test_emotes_are_those_of_the_platform_as_they_are_now(stage: Stage) -> None:
    async def found(source: str) -> list[object]:
        data = await stage.emit(source, "ChatMessage", {"user": "Alice", "text": "hi Kappa"})
        return [at(emote, "name") for emote in msgspec.convert(data["emotes"], list[object])]

    assert await found("Twitch") == []
    await stage.client.put("emotes/twitch", msgspec.json.encode(EMOTES).decode())
    assert await found("Twitch") == ["Kappa"]
    assert await found("Kick") == []
    await stage.client.put("emotes/twitch", "no JSON")
    assert await found("Twitch") == []
    await stage.client.put("emotes/twitch", msgspec.json.encode(EMOTES).decode())
    await stage.client.put("emotes/twitch", None)
    assert await found("Twitch") == []


async def test_sample_is_the_catalogues(stage: Stage) -> None:
    data = await stage.emit("twitch", "follow", sample=True)
    sample = CATALOGUE.sample(EventName("Twitch", "Follow"))
    assert sample.pop("followed_at") != ""
    assert data.items() >= sample.items()


async def test_every_event_can_be_rehearsed(stage: Stage) -> None:
    for source, types in CATALOGUE.names().items():
        for type_ in types:
            data = await stage.emit(source, type_, {"user": "Zoe", "mine": [1]}, sample=True)
            assert data.keys() >= CATALOGUE.sample(EventName(source, type_)).keys()
            assert data["mine"] == [1]
            assert data["user"] == "Zoe" or at(data, "user.name") == "Zoe"


async def test_what_is_given_lies_over_the_sample_in_every_shape(stage: Stage) -> None:
    data = await stage.emit(
        "Twitch", "ChatMessage", {"user": "Zoe", "text": "mine", "meta": {"isMe": True}}, sample=True
    )
    untouched = await stage.emit("Twitch", "ChatMessage", sample=True)
    for path in ("user.name", "message.displayName"):
        assert at(data, path) == "Zoe" != at(untouched, path)
    for path in ("text", "message.message"):
        assert at(data, path) == "mine" != at(untouched, path)
    for path in ("meta.isMe", "message.isMe"):
        assert at(data, path) is True
    assert data["parts"] == [{"type": "text", "text": "mine"}]
    assert data["emotes"] == at(data, "message.emotes") == []
    # What has nothing to do with it is the sample's.
    assert at(data, "user.badges") == at(untouched, "user.badges") != []


async def test_an_empty_member_that_is_given_lies_over_the_sample_too(stage: Stage) -> None:
    data = await stage.emit("Twitch", "ChatMessage", {"user": {"badges": [], "login": None}}, sample=True)
    untouched = await stage.emit("Twitch", "ChatMessage", sample=True)
    assert at(data, "user.badges") == []
    assert at(data, "user.login") == at(untouched, "user.login")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"type": "b"}, "Missing parameter: source"),
        ({"source": "a"}, "Missing parameter: type"),
        ({"source": 5, "type": "b"}, "Invalid parameter: source"),
        ({"source": "a/b", "type": "b"}, "Invalid parameter: source"),
        ({"source": "a", "type": "@b"}, "Invalid parameter: type"),
        ({"source": "a", "type": ""}, "Invalid parameter: type"),
        ({"source": "a", "type": "x" * 65}, "Invalid parameter: type"),
        ({"source": "a", "type": "b\n"}, "Invalid parameter: type"),
        ({"source": "Twitch", "type": "Follow", "data": "text"}, "Invalid parameter: data"),
        ({"source": "Twitch", "type": "Follow", "data": [1]}, "Invalid parameter: data"),
        ({"source": "a", "type": "b", "sample": True}, "Invalid parameter: sample"),
        ({"source": "a", "type": "b", "sample": "yes"}, "Invalid parameter: sample"),
        ("no object", "expected a source, a type and data"),
    ],
)
async def test_bad_request_is_refused_by_the_name_of_what_is_wrong(stage: Stage, request_: object, words: str) -> None:
    assert (await stage.refusal(request_)).startswith(words)


async def test_deep_data_is_refused(stage: Stage) -> None:
    data: object = {}
    for _ in range(80):
        data = {"a": data}
    assert "nests too deeply" in await stage.refusal({"source": "General", "type": "Custom", "data": data})
    with pytest.raises(RequestFailed):
        await stage.client.call(keys.EMIT, '{"source":' + "[" * 100_000)


@given(data=st.dictionaries(st.text(max_size=8), JSON, max_size=4), sample=st.booleans())
async def test_any_object_is_published_and_none_of_it_lost(data: dict[str, object], sample: bool) -> None:
    staged = Stage()
    heard = await staged.emit("Twitch", "Raid", data, sample=sample)
    for member, value in data.items():
        if value is not None and not isinstance(value, dict):
            assert heard[member] == value
    await staged.hub.close()
