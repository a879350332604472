"""The protocol's messages: what a request is read as, and what an answer looks like to the byte."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor.json_text import is_too_deep, shorten
from stagedoor.kilovolt import messages
from stagedoor.kilovolt.messages import (
    COMMANDS,
    HELLO,
    BadRequest,
    Done,
    ErrorCode,
    Push,
    Request,
    Response,
    Set,
    decode,
    encode,
    encode_error,
    encode_pieces,
)

EXAMPLES = {
    "version": "{}",
    "_uid": "{}",
    "_features": "{}",
    "kget": '{"key":"a"}',
    "kget-bulk": '{"keys":["a","b"]}',
    "kget-all": '{"prefix":"a"}',
    "kset": '{"key":"a","data":"b"}',
    "kset-bulk": '{"a":"b"}',
    "kdel": '{"key":"a"}',
    "klist": '{"prefix":"a"}',
    "ksub": '{"key":"a"}',
    "ksub-prefix": '{"prefix":"a"}',
    "kunsub": '{"key":"a"}',
    "kunsub-prefix": '{"prefix":"a"}',
    "klogin": '{"auth":"challenge"}',
    "kauth": '{"hash":"AAAA"}',
    "kcall": '{"key":"@a","data":"b"}',
}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


def refusal(text: str) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        decode(text)
    return caught.value


def read(text: str) -> Request | BadRequest:
    """The request, or why it is none."""
    try:
        return decode(text)
    except BadRequest as bad:
        return bad


def test_there_is_an_example_of_every_command() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()


@pytest.mark.parametrize("command", EXAMPLES)
def test_a_request_is_read_as_its_command(command: str) -> None:
    request = decode(f'{{"command":"{command}","request_id":"7","data":{EXAMPLES[command]}}}')
    assert type(request) is COMMANDS[command]
    assert request.request_id == "7"


@pytest.mark.parametrize("command", EXAMPLES)
def test_members_come_in_any_order(command: str) -> None:
    request = decode(f'{{"data":{EXAMPLES[command]},"request_id":"7","x":1,"command":"{command}"}}')
    assert type(request) is COMMANDS[command]


@pytest.mark.parametrize("command", EXAMPLES)
@pytest.mark.parametrize("id_text", ["", '"request_id":null,'])
def test_without_an_id_the_text_is_the_id(command: str, id_text: str) -> None:
    text = f'{{{id_text}"command":"{command}","data":{EXAMPLES[command]}}}'
    assert decode(text).request_id == text


@pytest.mark.parametrize("command", [name for name in EXAMPLES if name not in ("version", "_uid", "_features")])
def test_a_command_without_data_says_what_is_missing_or_needs_none(command: str) -> None:
    text = f'{{"command":"{command}","request_id":"7"}}'
    if command in ("klist", "klogin", "kset-bulk"):
        assert decode(text).request_id == "7"
    else:
        bad = refusal(text)
        assert (bad.code, bad.request_id, bad.command) == (ErrorCode.PARAMETER_MISSING, "7", COMMANDS[command])
        assert bad.details.endswith("is missing")


@pytest.mark.parametrize("command", EXAMPLES)
@pytest.mark.parametrize("data", ["5", '"x"', "[]", "true"])
def test_data_of_a_wrong_type_is_a_wrong_format_for_every_command(command: str, data: str) -> None:
    bad = refusal(f'{{"command":"{command}","request_id":"7","data":{data}}}')
    assert (bad.code, bad.request_id) == (ErrorCode.INVALID_FORMAT, "7")


@pytest.mark.parametrize("command", EXAMPLES)
@pytest.mark.parametrize("request_id", ["5", "[]", "{}", "true", "1.5"])
def test_an_id_of_a_wrong_type_is_a_wrong_format_for_every_command(command: str, request_id: str) -> None:
    bad = refusal(f'{{"command":"{command}","request_id":{request_id},"data":{EXAMPLES[command]}}}')
    assert (bad.code, bad.request_id) == (ErrorCode.INVALID_FORMAT, None)


@pytest.mark.parametrize("command", EXAMPLES)
@settings(max_examples=25, deadline=None)
@given(data=JSON)
def test_whatever_the_data_a_request_is_read_or_refused(command: str, data: object) -> None:
    text = msgspec.json.encode({"command": command, "request_id": "7", "data": data}).decode()
    found = read(text)
    assert found.request_id == "7"
    if isinstance(found, BadRequest):
        assert found.code in (ErrorCode.INVALID_FORMAT, ErrorCode.PARAMETER_MISSING)
    else:
        assert type(found) is COMMANDS[command]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | JSON.map(lambda value: msgspec.json.encode(value).decode()))
def test_no_text_breaks_the_reading(text: str) -> None:
    found = read(text)
    if isinstance(found, BadRequest):
        assert found.code in (ErrorCode.INVALID_FORMAT, ErrorCode.UNKNOWN_COMMAND, ErrorCode.PARAMETER_MISSING)
        assert found.details
    else:
        assert type(found) in COMMANDS.values()


@pytest.mark.parametrize("depth", [63, 64, 65, 500, 1000, 1500, 5000, 200_000])
@pytest.mark.parametrize(
    "template",
    [
        '{"command":"version","request_id":"7","x":%s}',
        '{"command":"version","request_id":"7","data":{"x":%s}}',
        '{"command":"klogin","request_id":"7","data":{"auth":"ask","name":%s}}',
        '{"command":"kget","request_id":"7","data":{"key":%s}}',
        '{"command":"kset-bulk","request_id":"7","data":{"key":%s}}',
        '{"command":%s}',
        '{"request_id":%s}',
        "%s",
    ],
)
@pytest.mark.parametrize("brackets", ["[]", '{"a":}'])
def test_no_depth_breaks_the_reading(depth: int, template: str, brackets: str) -> None:
    opening, closing = brackets[:-1], brackets[-1]
    text = template % (opening * depth + "1" + closing * depth)
    found = read(text)
    if isinstance(found, BadRequest):
        assert found.code in (ErrorCode.INVALID_FORMAT, ErrorCode.PARAMETER_MISSING, ErrorCode.UNKNOWN_COMMAND)
    else:
        assert found.request_id == "7"


@pytest.mark.parametrize(
    "text", ["", " ", "{", "}", "{}{}", "nul", "'a'", "{'a':1}", '{"a":1,}', "NaN", "[1", '"\\x"', '{"command"}', "\0"]
)
def test_what_is_no_json_is_a_wrong_format_without_an_id(text: str) -> None:
    bad = refusal(text)
    assert (bad.code, bad.request_id) == (ErrorCode.INVALID_FORMAT, None)


def test_a_name_that_is_told_back_is_cut() -> None:
    bad = refusal(f'{{"command":"{"x" * 10_000}"}}')
    assert bad.code is ErrorCode.UNKNOWN_COMMAND
    assert len(bad.details) < 120
    bad = refusal(f'{{"command":"kset-bulk","data":{{"{"x" * 10_000}":1}}}}')
    assert len(bad.details) < 120


def test_the_bad_value_of_a_bulk_is_named() -> None:
    bad = refusal('{"command":"kset-bulk","request_id":"7","data":{"a":"1","b":2,"c":3}}')
    assert (bad.code, bad.details) == (ErrorCode.INVALID_FORMAT, "the value of 'b' is not a string")


@pytest.mark.parametrize("flag", ["null", "1", '"true"', "{}"])
def test_secrets_are_kept_by_yes_or_no(flag: str) -> None:
    text = '{"command":"kset","request_id":"7","data":{"key":"a","data":"b","keep_secrets":%s}}'
    for said in (True, False):
        request = decode(text % str(said).lower())
        assert isinstance(request, Set)
        assert request.data.keep_secrets is said
    bad = refusal(text % flag)
    assert (bad.code, bad.details) == (ErrorCode.INVALID_FORMAT, "keep_secrets is not a boolean")


def test_a_bulk_keeps_its_order() -> None:
    request = decode('{"command":"kset-bulk","data":{"z":"1","a":"2","m":"3"}}')
    assert isinstance(request, messages.SetBulk)
    assert list(request.data or {}) == ["z", "a", "m"]


def test_text_in_a_request_is_any_text() -> None:
    request = decode(r'{"command":"kset","data":{"key":"\u0000\ud83c\udfa5","data":"\"\\\/\b\f\n\r\té"}}')
    assert isinstance(request, messages.Set)
    assert (request.data.key, request.data.data) == ("\0🎥", '"\\/\b\f\n\r\té')


# --- what is sent -------------------------------------------------------------------------------------------------


def test_the_greeting() -> None:
    assert HELLO == b'{"type":"hello","version":"v10"}'


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Done(True, "1"), '{"type":"response","ok":true,"request_id":"1"}'),
        (Response(True, "1", "x"), '{"type":"response","ok":true,"request_id":"1","data":"x"}'),
        (Response(True, "1", ""), '{"type":"response","ok":true,"request_id":"1","data":""}'),
        (Response(True, "1", ["a"]), '{"type":"response","ok":true,"request_id":"1","data":["a"]}'),
        (Response(True, "1", {"a": "b"}), '{"type":"response","ok":true,"request_id":"1","data":{"a":"b"}}'),
        (Push("a", "b"), '{"type":"push","key":"a","new_value":"b"}'),
        (Push('"🎥\n', ""), '{"type":"push","key":"\\"🎥\\n","new_value":""}'),
    ],
)
def test_members_come_in_the_protocols_order(message: object, text: str) -> None:
    assert encode(message).decode() == text


def test_an_error_has_no_type() -> None:
    error = encode_error(ErrorCode.SERVER_ERROR, "why", "1")
    assert error == b'{"ok":false,"error":"server error","details":"why","request_id":"1"}'


def test_an_error_without_an_id_has_none() -> None:
    error = encode_error(ErrorCode.INVALID_FORMAT, "why", None)
    assert error == b'{"ok":false,"error":"invalid message format","details":"why"}'


def test_error_codes_are_the_protocols() -> None:
    assert {code.value for code in ErrorCode} == {
        "invalid message format",
        "required parameter missing",
        "server error",
        "unknown command",
        "authentication not initialized",
        "authentication failed",
        "authentication required",
        "authentication not required",
        "authentication method not supported",
        "not permitted",
        "no such request",
        "request failed",
    }


@given(st.text(max_size=10), st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=3), min_size=1)))
def test_pieces_of_an_object_are_one_message(request_id: str, pieces: list[dict[str, str]]) -> None:
    whole: dict[str, str] = {}
    distinct = []
    for piece in pieces:
        new = {key: value for key, value in piece.items() if key not in whole}
        whole |= new
        distinct += [encode(new)[1:-1]] if new else []
    assert b"".join(encode_pieces(request_id, distinct, b"{}")) == encode(Response(True, request_id, whole))


@given(st.text(max_size=10), st.lists(st.lists(st.text(max_size=3), min_size=1)))
def test_pieces_of_an_array_are_one_message(request_id: str, pieces: list[list[str]]) -> None:
    encoded = [encode(piece)[1:-1] for piece in pieces]
    whole = [key for piece in pieces for key in piece]
    assert b"".join(encode_pieces(request_id, encoded, b"[]")) == encode(Response(True, request_id, whole))


# --- small helpers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("levels", [1, 2, 5])
def test_depth_is_counted_in_levels(levels: int) -> None:
    value: object = "x"
    for level in range(levels):
        value = [value] if level % 2 else {"a": value, "b": 1}
    assert not is_too_deep(value, levels)
    assert is_too_deep(value, levels - 1)


def test_long_text_is_cut() -> None:
    assert shorten("x" * 60) == "x" * 60
    assert shorten("x" * 61) == "x" * 60 + "…"
    assert shorten(None) == ""
