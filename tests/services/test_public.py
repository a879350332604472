"""What may be shown of a key that holds secrets."""

import pytest

from stagedoor import keys
from stagedoor.access import SERVICE, Client, Grant, Level
from stagedoor.errors import NotPermitted, RequestFailed
from stagedoor.services.public import PublicParts
from tests.services.harness import Desk


@pytest.fixture
def asked(desk: Desk) -> Desk:
    PublicParts(Client(desk.hub, SERVICE), desk.hub)
    return desk


@pytest.mark.parametrize(
    ("stored", "value", "secrets"),
    [
        ('{"path":"/x","kv_password":"canary"}', '{"path":"/x","kv_password":""}', {"kv_password": True}),
        ('{"KV_Password":["canary"]}', '{"KV_Password":""}', {"KV_Password": True}),
        ('{"kv_password":""}', '{"kv_password":""}', {"kv_password": False}),
        ('{"kv_password":null}', '{"kv_password":""}', {"kv_password": False}),
        ('{"path":"/x"}', '{"path":"/x"}', {}),
        ("{}", "{}", {}),
        ("canary", None, {}),
        ('["canary"]', None, {}),
        ("", "", {}),
        (None, "", {}),
    ],
)
async def test_it_is_told_whether_a_secret_is_set_and_not_what_it_is(
    asked: Desk, stored: str | None, value: str | None, secrets: dict[str, bool]
) -> None:
    await asked.put(keys.HTTP_CONFIG, stored)
    assert await asked.ask(keys.PUBLIC, key=keys.HTTP_CONFIG) == {"value": value, "secrets": secrets}


async def test_of_what_cannot_be_read_is_told_what_was_there_before(asked: Desk) -> None:
    await asked.put(keys.HTTP_CONFIG, '{"path":"/x","kv_password":"canary"}')
    await asked.put(keys.HTTP_CONFIG, '{"canary')
    assert await asked.ask(keys.PUBLIC, key=keys.HTTP_CONFIG) == {
        "value": '{"path":"/x","kv_password":""}',
        "secrets": {},
    }


async def test_a_value_that_is_secret_altogether_is_not_told(asked: Desk) -> None:
    await asked.put(keys.AUTH_KEYS, '{"access_token":"canary"}')
    assert await asked.ask(keys.PUBLIC, key=keys.AUTH_KEYS) == {"value": None, "secrets": {}}


async def test_any_other_key_is_told_as_it_is(asked: Desk) -> None:
    await asked.put("theirs", "text")
    assert await asked.ask(keys.PUBLIC, key="theirs") == {"value": "text", "secrets": {}}
    assert await asked.ask(keys.PUBLIC, key="none") == {"value": "", "secrets": {}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected a JSON object"),
        ("{}", "Missing parameter: key"),
        ('{"key":5}', "Invalid parameter: key"),
        ("[", "expected a JSON object"),
        ("[" * 5000, "expected a JSON object"),
    ],
)
async def test_what_cannot_be_read_is_refused(asked: Desk, text: str, reason: str) -> None:
    with pytest.raises(RequestFailed, match=reason):
        await asked.call(keys.PUBLIC, text)


async def test_it_is_for_the_owner_alone_and_notes_nothing(asked: Desk) -> None:
    await asked.put(keys.HTTP_CONFIG, '{"kv_password":"canary"}')
    noted: list[tuple[str, str]] = []
    owner = Client(asked.hub, SERVICE)
    owner.follow(lambda use, key: noted.append((use, key)))
    await owner.call(keys.PUBLIC, '{"key":"http/config"}')
    assert noted == [("call", keys.PUBLIC)]
    owner.get(keys.HTTP_CONFIG)
    assert ("reveal", keys.HTTP_CONFIG) in noted
    with pytest.raises(NotPermitted):
        await Client(asked.hub, Grant(Level.APPLICATION, "an application")).call(keys.PUBLIC, '{"key":"a"}')
