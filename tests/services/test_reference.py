"""The catalogues as the console gets them."""

import msgspec
import pytest

from stagedoor import keys
from stagedoor.access import SERVICE, Client, Grant, Level
from stagedoor.errors import NotPermitted, RequestFailed
from stagedoor.services.reference import Reference
from stagedoor.streamerbot.events import CATALOGUE
from tests.services.harness import Desk


@pytest.fixture
def asked(desk: Desk) -> Desk:
    Reference(Client(desk.hub, SERVICE), desk.hub.catalogue)
    return desk


async def test_every_key_is_described(asked: Desk) -> None:
    entries = msgspec.json.decode(await asked.call(keys.CATALOGUE, ""))
    assert [entry["pattern"] for entry in entries] == [spec.pattern for spec in asked.hub.catalogue]
    config = next(entry for entry in entries if entry["pattern"] == keys.HTTP_CONFIG)
    assert config["kind"] == "state"
    assert config["secret_members"] == ["kv_password"]
    assert (config["readers"], config["listers"], config["writers"]) == ("everyone", "owner", "owner")
    assert config["schema"]["properties"]["bind"] == {"type": "string"}
    assert config["summary"]
    assert msgspec.json.decode(config["example"])["bind"] == "localhost:4337"
    scopes = next(entry for entry in entries if entry["pattern"] == keys.CHECK_SCOPES)
    assert msgspec.json.decode(scopes["answer"]) == {"scopes": ["read:loyalty/*"]}
    assert next(entry for entry in entries if entry["kind"] == "secret")["example"] is None


async def test_every_event_has_its_summary(asked: Desk) -> None:
    summaries = msgspec.json.decode(await asked.call(keys.EVENTS, "{}"), type=dict[str, dict[str, str]])
    assert {source: list(types) for source, types in summaries.items()} == CATALOGUE.names()
    assert all(text for types in summaries.values() for text in types.values())


async def test_an_event_has_schema_and_sample(asked: Desk) -> None:
    answer = await asked.ask(keys.EVENTS, source="twitch", type="follow")
    assert answer.keys() == {"schema", "sample"}
    name = CATALOGUE.canonical("Twitch", "Follow")
    assert name is not None
    assert answer["schema"] == CATALOGUE.schema(name)
    sample = answer["sample"]
    assert isinstance(sample, dict)
    assert sample.keys() == CATALOGUE.sample(name).keys()


@pytest.mark.parametrize(
    "text", ['{"source":"Twitch"}', '{"source":"Twitch","type":"No"}', '{"type":"Follow"}', "[", "5"]
)
async def test_an_unknown_event_is_refused(asked: Desk, text: str) -> None:
    with pytest.raises(RequestFailed):
        await asked.call(keys.EVENTS, text)


@pytest.mark.parametrize("key", [keys.CATALOGUE, keys.EVENTS])
async def test_only_the_owner_may_ask(asked: Desk, key: str) -> None:
    with pytest.raises(NotPermitted):
        await Client(asked.hub, Grant(Level.APPLICATION, "password")).call(key, "{}")
