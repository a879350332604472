"""The head of an HTTP request: what is read, what is refused, and that nothing else happens."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stagedoor.net.head import BadHead, Head, parse_head

TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789abcXYZ"
TOKENS = st.text(TOKEN_CHARACTERS, min_size=1, max_size=10)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=20)

UPGRADE = (
    b"GET /ws?a=b HTTP/1.1\r\n"
    b"Host: localhost:4337\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: keep-alive, Upgrade\r\n"
    b"Origin: http://absolute\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13"
)


def with_field(line: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\n" + line


def test_a_head_is_read() -> None:
    head = parse_head(UPGRADE)
    assert (head.method, head.target, head.path, head.minor_version) == ("GET", "/ws?a=b", "/ws", 1)
    assert head.get("host") == "localhost:4337"
    assert head.get("sec-websocket-key") == "dGhlIHNhbXBsZSBub25jZQ=="
    assert head.wants_websocket


def test_a_head_may_have_no_fields() -> None:
    head = parse_head(b"OPTIONS * HTTP/1.0")
    assert (head.method, head.target, head.minor_version) == ("OPTIONS", "*", 0)
    assert head.all("host") == []
    assert head.get("host") is None
    assert not head.wants_websocket


def test_names_of_fields_are_read_without_case() -> None:
    assert parse_head(with_field(b"X-OneTwo: x")).get("x-onetwo") == "x"


@pytest.mark.parametrize("line", [b"a:x", b"a: x", b"a:  x  ", b"a:\tx\t", b"a: \t x \t "])
def test_blanks_around_a_value_are_no_part_of_it(line: bytes) -> None:
    assert parse_head(with_field(line)).get("a") == "x"


@pytest.mark.parametrize(("line", "value"), [(b"a:", ""), (b"a:  ", ""), (b"a: b c", "b c"), (b"a: b:c", "b:c")])
def test_a_value_is_everything_else(line: bytes, value: str) -> None:
    assert parse_head(with_field(line)).get("a") == value


def test_bytes_past_ascii_are_read_as_latin_1() -> None:
    head = parse_head(b"GET /\xe9 HTTP/1.1\r\na: \xfc\x80\xff")
    assert (head.target, head.get("a")) == ("/é", "ü\x80ÿ")


def test_all_values_of_a_field_keep_their_order() -> None:
    head = parse_head(with_field(b"Host: one\r\nA: x\r\nhost: two"))
    assert head.all("host") == ["one", "two"]
    assert head.get("host") == "one"


@pytest.mark.parametrize("upgrade", [b"websocket", b"WebSocket", b"h2c, websocket", b"h2c\r\nUpgrade: websocket"])
def test_an_upgrade_to_websocket_is_seen(upgrade: bytes) -> None:
    assert parse_head(with_field(b"Upgrade: " + upgrade)).wants_websocket


@pytest.mark.parametrize("line", [b"Upgrade: h2c", b"Connection: websocket", b"Upgrade:"])
def test_another_upgrade_is_none_to_websocket(line: bytes) -> None:
    assert not parse_head(with_field(line)).wants_websocket


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"GET",
        b"GET /",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\r\nGET / HTTP/1.1",
        b" GET / HTTP/1.1",
        b"GET  / HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b"GET\t/\tHTTP/1.1",
        b"GET / / HTTP/1.1",
        b"GET / http/1.1",
        b"GET / HTTP/2.0",
        b"GET / HTTP/1.2",
        b"GET / HTTP/1.10",
        b"GET /\x7f HTTP/1.1",
        b"GET /\0 HTTP/1.1",
        b"G(T / HTTP/1.1",
        b"G\xcbT / HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"\x16\x03\x01\x02\x00",
    ],
)
def test_a_malformed_request_line_is_refused(data: bytes) -> None:
    with pytest.raises(BadHead):
        parse_head(data)


@pytest.mark.parametrize(
    "line",
    [
        b"no colon",
        b": no name",
        b"blank before : x",
        b" folded: x",
        b"a: x\r\n folded",
        b"a: x\r\n\tfolded",
        b"n\xe4me: x",
        b"(name): x",
        b"a: nul\0",
        b"a: bell\x07",
        b"a: delete\x7f",
        b"a: line\nb: feed",
        b"a: carriage\rreturn",
        b"a: x\n",
        b"a: x\r",
        b"a: x\r\n",
        b"a: x\r\n\r\nb: y",
    ],
)
def test_a_malformed_field_is_refused(line: bytes) -> None:
    with pytest.raises(BadHead):
        parse_head(with_field(line))


@pytest.mark.parametrize("name", [b"Origin", b"Sec-WebSocket-Key", b"Sec-WebSocket-Version"])
def test_a_field_that_must_be_single_is_refused_twice(name: bytes) -> None:
    assert parse_head(with_field(name + b": x")).get(name.decode().lower()) == "x"
    with pytest.raises(BadHead, match="more than one"):
        parse_head(with_field(name + b": x\r\n" + name.upper() + b": x"))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("filler", [b" ", b"\t", b" \t", b"a", b"a:", b":", b"\r\na:", b"\r\na: ", b"\r\n", b"\xff"])
def test_a_long_malformed_head_is_refused_before_the_test_times_out(filler: bytes) -> None:
    """A parser that tries every way to divide the blanks would take hours."""
    long = filler * (16_000 // len(filler))
    for data in (with_field(b"a:" + long + b"\0"), with_field(b"a: x" + long + b"\r"), b"GET " + long + b"\0"):
        with pytest.raises(BadHead):
            parse_head(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
@example(UPGRADE)
def test_no_bytes_break_the_parser(data: bytes) -> None:
    check_outcome(data)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(UPGRADE)), st.integers(0, 3), st.binary(max_size=3)), max_size=6))
def test_no_mutation_of_a_real_head_breaks_the_parser(mutations: list[tuple[int, int, bytes]]) -> None:
    data = UPGRADE
    for place, length, replacement in mutations:
        data = data[:place] + replacement + data[place + length :]
    check_outcome(data)


def check_outcome(data: bytes) -> None:
    """Either a head without a stray line end in it, or a refusal."""
    try:
        head = parse_head(data)
    except BadHead:
        return
    assert isinstance(head, Head)
    texts = [head.method, head.target, *head.fields, *(value for values in head.fields.values() for value in values)]
    assert not any(character in text for text in texts for character in "\r\n\0")
    assert data.startswith(f"{head.method} {head.target} HTTP/1.{head.minor_version}".encode("latin-1"))


@settings(max_examples=200, deadline=None)
@given(TOKENS, st.lists(st.tuples(TOKENS, VALUES), max_size=6))
def test_what_was_written_is_read(method: str, fields: list[tuple[str, str]]) -> None:
    lines = [f"{method} /path HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    head = parse_head("\r\n".join(lines).encode("latin-1"))
    assert head.method == method
    for name, _ in fields:
        expected = [value.strip(" \t") for other, value in fields if other.lower() == name.lower()]
        assert head.all(name.lower()) == expected
