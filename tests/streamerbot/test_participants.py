"""Who did what an event tells, in every shape that it may have."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.streamerbot.events import CATALOGUE, EventName
from stagedoor.streamerbot.groups import ViewerGroups
from stagedoor.streamerbot.participants import Participant, participant_of, read_data, read_speaker
from stagedoor.types import JsonObject

NESTED = {"id": "7", "login": "ann", "name": "Ann", "role": 3, "subscribed": True}
ANN = Participant("7", "ann", "Ann", 3, is_subscribed=True)


def encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


@pytest.mark.parametrize(
    "data",
    [
        {"user": NESTED},
        {"user": NESTED, "message": {"userId": "8", "displayName": "Not read", "role": 1}},
        {"user": {**NESTED, "role": "moderator"}},
        {"user": {**NESTED, "isTest": 5}, "isTest": None},
        {"message": {"userId": "7", "username": "ann", "displayName": "Ann", "role": 3, "subscriber": True}},
        {"userId": 7, "userName": "ann", "displayName": "Ann", "role": 3, "isSubscribed": True},
        {"user_id": "7", "user_login": "ann", "user_name": "Ann", "isModerator": True, "subscribed": True},
        {"user": "Ann", "userName": "ann", "userId": "7", "isModerator": True, "isSubscribed": True},
        {"user": {"id": "7", "display": "Ann", "name": "ann", "role": 3, "subscribed": True}},
        {"user": {"id": "7", "name": "Ann", "isModerator": True, "isSponsor": True}},
    ],
)
def test_a_person_is_found_in_every_shape(data: JsonObject) -> None:
    assert participant_of(data) == ANN
    assert read_speaker(encode(data)) == ANN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "[" * 100_000,
        "{}",
        '{"user":{"id":"","name":""}}',
        '{"user":{"name":""}}',
        encode({"user": {**NESTED, "id": "7" * 200}}),
        encode({"user": NESTED, "isTest": True}),
        encode({"user": {**NESTED, "role": "x"}, "isTest": True}),
        encode({"user": None, "is_test": True, "user_name": "Ann"}),
        encode({"message": {"displayName": "Ann", "isTest": True}}),
        '"\ud800"',
    ],
)
def test_nobody_and_tests_are_nobody(text: str) -> None:
    assert read_speaker(text) is None


@pytest.mark.parametrize(
    ("source", "type_"), [("Twitch", "ChatMessage"), ("YouTube", "Message"), ("Kick", "ChatMessage")]
)
def test_both_ways_of_reading_a_message_agree(source: str, type_: str) -> None:
    data = {**CATALOGUE.sample(EventName(source, type_)), "isTest": False}
    data["message"] = {} if isinstance(data.get("message"), dict) else data.get("message")
    assert read_speaker(encode(data)) == participant_of(data) is not None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["user", "message", "id", "name", "login", "role", "display"]), inner)
        ),
        max_leaves=8,
    )
)
def test_no_data_raise(value: object) -> None:
    text = encode(value)
    person = read_speaker(text)
    assert person is None or (person.id and person.name and 1 <= person.role <= 4)
    assert isinstance(value, dict) or read_data(text) is None


def test_groups_know_their_members_whatever_is_written() -> None:
    groups = ViewerGroups()
    groups.put("b", '{"name":"Friends","members":[{"platform":"Twitch","userId":"7"}]}')
    groups.put("a", '{"bots":true,"members":[{"platform":"twitch","userId":"7"},{"platform":"kick","userId":"7"}]}')
    groups.put("c", "no group")
    assert (groups.of("twitch", "7"), groups.of("kick", "7"), groups.of("kick", "8")) == (["a", "Friends"], ["a"], [])
    assert groups.is_bot("twitch", "7")
    groups.put("a", "")
    assert groups.of("twitch", "7") == ["Friends"]
    assert not groups.is_bot("kick", "7")
