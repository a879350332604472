"""The envelope around an event: always JSON, always with data, made once."""

import json
import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stagedoor import keys
from stagedoor.hub import Catalogue, Change
from stagedoor.streamerbot.envelopes import encode_event
from stagedoor.streamerbot.events import CATALOGUE, event_key
from stagedoor.streamerbot.times import event_time, write_time

SPEC = Catalogue(keys.SPECS).resolve("event/Twitch/Follow")


def envelope(value: str | None, key: str = "event/Twitch/Follow") -> bytes:
    return encode_event(Change(key, value, SPEC))


def data(value: str) -> Any:
    return json.loads(envelope(value), parse_constant=pytest.fail)["data"]


def test_an_envelope_has_time_event_and_data() -> None:
    message = json.loads(envelope('{"a":1}'))
    assert list(message) == ["timeStamp", "event", "data"]
    assert message["event"] == {"source": "Twitch", "type": "Follow"}
    assert message["data"] == {"a": 1}
    assert abs(datetime.fromisoformat(message["timeStamp"]).timestamp() - datetime.now().timestamp()) < 60


def test_it_is_made_once_for_all_sessions() -> None:
    change = Change("event/Twitch/Follow", "{}", SPEC)
    assert encode_event(change) is encode_event(change)


@pytest.mark.parametrize("source", CATALOGUE.names())
def test_names_are_those_of_the_key(source: str) -> None:
    for type_ in CATALOGUE.names()[source]:
        assert json.loads(envelope("{}", event_key(source, type_)))["event"] == {"source": source, "type": type_}


@pytest.mark.parametrize(
    "key",
    [
        "event",
        "event/",
        "event/Twitch",
        "event/Twitch/",
        "event//Follow",
        "event/a/b/c",
        "event/Twitch/@ask",
        "events/a/b",
    ],
)
def test_a_key_that_is_no_event_makes_no_message(key: str) -> None:
    assert envelope("{}", key) == b""


def test_a_deletion_is_no_event() -> None:
    assert envelope(None) == b""


@pytest.mark.parametrize(
    "value", ["{}", "[]", "0", "null", '"a"', ' {"a" : 1} ', '{"a":1,"a":2}', "1.50", "123456789012345678901"]
)
def test_json_stays_as_it_was_written(value: str) -> None:
    assert envelope(value).endswith(b'"data":%b}' % value.encode())


@given(st.text())
@example('{"a":1}}')
@example('{"a":1},"b":{}')
@example("NaN")
@example('"\\ud83d"')
@example("[" * 100_000)
@example("1e999")
@example('"\x01"')
@example('{"a":"\\x"}')
def test_whatever_the_value_is_the_message_is_json(value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    found = data(value)
    if value:
        try:
            assert found == json.loads(value, parse_constant=pytest.fail) or "\\u" in value or value == "1e999"
        except (ValueError, RecursionError, pytest.fail.Exception):
            assert found == {"data": value}


@given(st.text(min_size=1), st.text(min_size=1))
def test_whatever_the_key_is_the_message_is_json(source: str, type_: str) -> None:
    key = f"event/{source}/{type_}".encode("utf-8", "replace").decode()
    message = envelope("{}", key)
    if message:
        name = json.loads(message)["event"]
        assert f"event/{name['source']}/{name['type']}" == key
    else:
        assert "/" in source + type_ or type_.startswith("@")


def test_no_value_is_no_data() -> None:
    assert data("") == {}


def test_half_a_character_is_replaced() -> None:
    assert data('{"a":"x\\ud83d","b":"\\ud83c\\udfa5"}') == {"a": "x\ufffd", "b": "🎥"}


# --- times ---


@given(st.floats(0, 4_000_000_000))
def test_times_are_read_back_as_what_they_were(moment: float) -> None:
    for text, digits in ((event_time(moment), 7), (write_time(moment), 3)):
        assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{{digits}}}[+-]\d\d:\d\d", text)
        assert abs(datetime.fromisoformat(text).timestamp() - moment) < 0.002
