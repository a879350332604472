"""Reading requests as leniently as programs in the field need it, and no more; and writing answers."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.streamerbot.messages import (
    BadRequest,
    InvalidParameter,
    MissingParameter,
    NotJson,
    Parameters,
    ReadyMembers,
    decode,
    encode_error,
    encode_ok,
    unknown_request,
)

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON))
def test_what_javascript_writes_is_read(message: dict[str, Any]) -> None:
    assert decode(json.dumps(message)) == json.loads(json.dumps(message).encode("utf-8", "replace"))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        message = decode(text)
    except BadRequest:
        return
    assert isinstance(message, dict)


@pytest.mark.parametrize(
    "text", ["", " ", "{", "{}}", "{'a':1}", "{a:1}", '{"a":1,}', "NaN", "hello", '{"a":NaN}', "\ufeff{}"]
)
def test_what_is_no_json_is_told_as_such(text: str) -> None:
    with pytest.raises(NotJson, match="Invalid JSON"):
        decode(text)


@pytest.mark.parametrize("text", ["[]", "5", '"{}"', "null", "true", "[{}]"])
def test_what_is_no_object_is_not_counted_as_no_json(text: str) -> None:
    with pytest.raises(BadRequest, match="Request must be an object") as caught:
        decode(text)
    assert not isinstance(caught.value, NotJson)


@pytest.mark.parametrize("depth", [64, 65, 1000, 100_000])
def test_nesting_has_a_limit(depth: int) -> None:
    text = '{"a":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"
    if depth == 64:
        decode(text)
        return
    with pytest.raises(BadRequest, match="nests more than 64 levels"):
        decode(text)


def test_brackets_in_a_text_do_not_nest() -> None:
    assert decode('{"a":"' + "[" * 1000 + '"}') == {"a": "[" * 1000}


# --- parameters ---


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("", ""),
        (5, "5"),
        (-5, "-5"),
        (5.0, "5"),
        (1.5, "1.5"),
        (136079477, "136079477"),
        (10**25, str(10**25)),
    ],
)
def test_a_text_is_a_text_or_a_number(value: object, text: str) -> None:
    assert Parameters({"name": value}).text("name") == text
    assert Parameters({"name": value}).optional_text("name") == text


@pytest.mark.parametrize("value", [True, False, [], ["a"], {}, {"a": 1}])
def test_and_nothing_else(value: object) -> None:
    with pytest.raises(InvalidParameter, match="Invalid parameter: name"):
        Parameters({"name": value}).text("name", "default")


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        (True, True),
        (False, False),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("false", False),
        (1, True),
        (0, False),
        (1.0, True),
        (0.0, False),
    ],
)
def test_a_flag_may_be_spelt_out(value: object, *, flag: bool) -> None:
    assert Parameters({"name": value}).flag("name", default=not flag) is flag


@pytest.mark.parametrize("value", ["", "yes", "1", "0", " true", 2, -1, 0.5, [], [True], {}])
def test_and_not_guessed(value: object) -> None:
    with pytest.raises(InvalidParameter):
        Parameters({"name": value}).flag("name", default=True)


@pytest.mark.parametrize("message", [{}, {"name": None}])
def test_null_is_as_good_as_absent(message: dict[str, object]) -> None:
    parameters = Parameters(message)
    with pytest.raises(MissingParameter, match="Missing parameter: name"):
        parameters.text("name")
    assert parameters.text("name", "x") == "x"
    assert parameters.text("name", "") == ""
    assert parameters.optional_text("name") is None
    assert parameters.flag("name", default=True) is True
    assert parameters.flag("name", default=False) is False
    assert parameters.record("name") is None


@pytest.mark.parametrize("value", ["a", "", 5, 0, True, False, [], [{}]])
def test_a_record_is_an_object(value: object) -> None:
    assert Parameters({"name": {"a": 1}}).record("name") == {"a": 1}
    with pytest.raises(InvalidParameter):
        Parameters({"name": value}).record("name")


@given(JSON)
def test_reading_fails_in_no_other_way(value: Any) -> None:
    parameters = Parameters({"name": value})
    for read in (
        parameters.text,
        parameters.optional_text,
        lambda name: parameters.flag(name, default=True),
        parameters.record,
    ):
        with suppress(MissingParameter, InvalidParameter):
            read("name")


# --- answers ---


@given(JSON)
def test_the_id_comes_back_as_it_came(id_: Any) -> None:
    message = decode(json.dumps({"request": "GetInfo", "id": id_}))
    for answer in (encode_ok(message, {"a": 1}), encode_error(message, "no")):
        echoed = json.loads(answer)["id"]
        assert echoed == message["id"]
        assert type(echoed) is type(message["id"])
    assert encode_ok(message, ReadyMembers({"a": {"b": "c"}})) == encode_ok(message, {"a": {"b": "c"}})


def test_without_an_id_there_is_none() -> None:
    assert encode_ok({}, {"a": 1}) == b'{"status":"ok","a":1}'
    assert encode_ok({}, ReadyMembers({"a": 1})) == b'{"status":"ok","a":1}'
    assert encode_error({}, "no") == b'{"status":"error","error":"no"}'
    assert encode_ok({"id": None}, {}) == b'{"id":null,"status":"ok"}'


def test_the_status_follows_the_id_for_programs_that_look_for_both_in_the_text() -> None:
    """Macro Deck's plugin does not read JSON, but waits for ``"id":"…","status":"ok"`` in the message."""
    message: dict[str, Any] = {"request": "GetInfo", "id": "GetAuthenticationForMacroDeck"}
    for members in ({}, {"a": 1}, ReadyMembers({"a": 1})):
        assert encode_ok(message, members).startswith(b'{"id":"GetAuthenticationForMacroDeck","status":"ok"')
    error = b'{"id":"GetAuthenticationForMacroDeck","status":"error","error":"no"}'
    assert encode_error(message, "no") == error


@pytest.mark.parametrize("name", [None, 5, "", [], {}])
def test_a_request_without_a_name_says_so(name: object) -> None:
    assert unknown_request(name).problem == "Missing request"


def test_an_unknown_name_is_shown_but_not_all_of_it() -> None:
    assert unknown_request("Foo").problem == "Unknown request: Foo"
    assert len(unknown_request("x" * 10_000).problem) < 100
