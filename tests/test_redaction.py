"""The redactor: no known secret survives it in any of the ways in which text is written, and little else is touched."""

import base64
import json
import re
import secrets
import threading
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from stagedoor.redaction import MIN_CHARACTERS, WITHHELD, Redactor


def lower_percent(text: str) -> str:
    return re.sub("%..", lambda match: match[0].lower(), quote(text, safe=""))


WAYS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda text: msgspec.json.encode(text).decode(),
    "JSON in ASCII": json.dumps,
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON in JSON, not in ASCII": lambda text: msgspec.json.encode(msgspec.json.encode(text).decode()).decode(),
    "a literal": repr,
    "a literal in ASCII": ascii,
    "a literal of bytes": lambda text: repr(text.encode()),
    "percent": lambda text: quote(text, safe=""),
    "percent in a path": quote,
    "percent in lower case": lower_percent,
    "a form": quote_plus,
}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
secret = st.text(st.characters(exclude_categories=["Cs"]), min_size=MIN_CHARACTERS, max_size=700)


def knowing(*texts: str) -> Redactor:
    redactor = Redactor()
    redactor.know("a test", texts)
    return redactor


def left(cleaned: str) -> str:
    """What is left between the marks, which may by chance hold a part of a secret themselves."""
    return cleaned.replace(WITHHELD, "\0")


@given(secret, st.sampled_from(sorted(WAYS)), text, text, st.lists(secret, max_size=5))
@example('ab"\\é/ c+~', "JSON in JSON", "", "", [])
@example("aaaaaaa", "as it is", "a", "a", ["aaaaaaaa"])
@example("hunter2 hunter2", "a form", "x", "", [])
@example("x" * 300, "as it is", "", "", ["x" * 299])
def test_no_known_secret_survives_in_any_way_of_writing(
    hidden: str, way: str, before: str, after: str, others: list[str]
) -> None:
    assume("\0" not in hidden)
    written = WAYS[way](hidden)
    core = written.strip("\"'") if hidden == hidden.strip("\"'") else hidden
    cleaned = left(knowing(hidden, *others).clean(before + written + after))
    assert hidden not in cleaned
    if core not in before + "\0" + after and len(hidden) <= 256:
        assert core not in cleaned


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=MIN_CHARACTERS, max_size=60), st.binary(), st.binary()
)
def test_no_known_secret_survives_in_base64(hidden: str, before: bytes, after: bytes) -> None:
    whole = before + hidden.encode() + after
    assume(hidden.encode() not in before + after)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        cleaned = knowing(hidden).clean(encode(whole).decode())
        assert WITHHELD in cleaned
        for part in cleaned.split(WITHHELD):
            for skip in range(4):
                usable = part[skip : skip + (len(part) - skip) // 4 * 4]
                decode = base64.b64decode if encode is base64.b64encode else base64.urlsafe_b64decode
                assert hidden.encode() not in decode(usable)


@given(text)
def test_nothing_makes_it_fail_and_what_is_clean_stays_so(anything: str) -> None:
    redactor = knowing("a password of ours")
    once = redactor.clean(anything)
    assert redactor.clean(once) == once


@given(st.text())
def test_text_that_is_no_unicode_passes(anything: str) -> None:
    assert isinstance(knowing("\ud800 secret").clean(anything + "\udcff"), str)


@given(
    st.lists(
        st.sampled_from(
            [
                "the door was closed with 1000: a client of",
                "127.0.0.1:4337",
                "/home/x/.local/share",
                "http://localhost:4330/#/keys?x=1",
                "stagedoor/@app-tokens",
                "3f2c9a",
                "[::1]",
                '{"a":1}',
                "path=/ws",
                "é",
                "2026-11-22",
                "&c;",
                '=="',
            ]
        )
    )
)
def test_ordinary_text_is_left_alone(words: list[str]) -> None:
    line = " ".join(words)
    assert knowing("a password of ours", secrets.token_urlsafe(32)).clean(line) == line


@pytest.mark.parametrize(
    "line",
    [
        "wrong password: try again",
        "a wrong token from 127.0.0.1",
        'the door: {"authentication":"enforced","password":""}',
        "authentication: on",
        "Basic authentication is not for us",
        "sha256 " + "3f" * 32,
        "the key 'stagedoor/app-tokens' is not valid",
        "short: ab1",
    ],
)
def test_lines_of_ours_stay_readable(line: str) -> None:
    assert knowing("ab1", "a password of ours").clean(line) == line


@pytest.mark.parametrize(
    ("line", "cleaned"),
    [
        ("password=hunter2", "password=(withheld)"),
        ("STAGEDOOR_KILOVOLT_PASSWORD=hunter2 stagedoor", "STAGEDOOR_KILOVOLT_PASSWORD=(withheld) stagedoor"),
        ("kv_password='a b c' and more", "kv_password='(withheld)' and more"),
        ("password: hunter2", "password: (withheld)"),
        ('{"token":"abc","n":1}', '{"token":"(withheld)","n":1}'),
        ('{"accessToken": "a\\"b"}', '{"accessToken": "(withheld)"}'),
        ('{"password":1234}', '{"password":"(withheld)"}'),
        ('{"password":"ab\\\\","x":"y"}', '{"password":"(withheld)","x":"y"}'),
        (r'{"v":"{\"password\":\"a\\\"b\"}"}', r'{"v":"{\"password\":\"(withheld)\"}"}'),
        (
            '{"request":"Authenticate","authentication":"zV3="}',
            '{"request":"Authenticate","authentication":"(withheld)"}',
        ),
        ('"token":"cut o', '"token":"(withheld)'),
        ("Authorization: Bearer abc\nHost: x", "Authorization: (withheld)\nHost: x"),
        ("('Authorization', 'Bearer abcdefgh')", "('Authorization', 'Bearer (withheld)')"),
        ("Basic dXNlcjpwYXNz", "Basic (withheld)"),
        ("Cookie: a=b; c=d", "Cookie: (withheld)"),
        ("http://localhost:4330/#code=abc-_1 (good once)", "http://localhost:4330/#code=(withheld) (good once)"),
        ("/overlay.html?a=1&key=abc#x", "/overlay.html?a=1&key=(withheld)#x"),
        ("http://me:mine@example.org/", "http://me:(withheld)@example.org/"),
        ("PASS oauth:abcdef123", "PASS oauth:(withheld)"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_", "got (withheld)"),
    ],
)
def test_what_looks_like_a_secret_is_struck_out(line: str, cleaned: str) -> None:
    assert Redactor().clean(line) == cleaned


@pytest.mark.parametrize("size_bytes", [24, 32])
def test_tokens_as_they_are_drawn_are_struck_out(size_bytes: int) -> None:
    for _ in range(200):
        token = secrets.token_urlsafe(size_bytes)
        if any(map(str.isdigit, token)):  # all but one in hundreds
            assert Redactor().clean(f"it is {token}.") == f"it is {WITHHELD}."


def test_a_digest_that_opens_a_door_is_struck_out() -> None:
    digest = base64.b64encode(secrets.token_bytes(32)).decode()
    assert Redactor().clean(f"sent {digest!r}") == f"sent {WITHHELD!r}"


def test_a_source_tells_its_secrets_anew() -> None:
    redactor = knowing("the old password")
    redactor.know("another", ["the other one"])
    redactor.know("a test", ["the new password"])
    line = "the old password, the new password, the other one"
    assert redactor.clean(line) == "the old password, (withheld), (withheld)"
    redactor.know("a test", [])
    assert redactor.clean(line) == "the old password, the new password, (withheld)"


def test_a_long_secret_is_struck_out_to_its_last_character() -> None:
    hidden = secrets.token_hex(650)
    assert set(knowing(hidden).clean(f"<{hidden}>").replace(WITHHELD, "")) == set("<>")


def test_a_thousand_secrets_cost_little_more_than_none() -> None:
    line = "connection from 127.0.0.1 closed with 1000: bye " * 3
    redactor = knowing(*(secrets.token_hex(32) for _ in range(1000)))
    redactor.clean(line)
    started = time.process_time()
    for _ in range(1000):
        redactor.clean(line)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "part",
    ['password="', 'password=\\"', "token: ", "A", "://", "a:@", "eyJaaaaaaaaa.", "password ", "\\", "bearer ", "A-",
     "cookie:", "#key=", "token:\t", "eyJ", "://a:", "oauth:", "basic a"],
)  # fmt: skip
def test_time_grows_with_the_length_alone(part: str) -> None:
    redactor = knowing("a password of ours")

    def measure(count: int) -> float:
        line = part * count
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            redactor.clean(line)
            best = min(best, time.process_time() - started)
        return best

    # Four times the text would cost sixteen times as much if the time were its square.
    assert measure(80_000) < 9 * measure(20_000) + 0.01


def test_threads_clean_while_another_tells() -> None:
    redactor = Redactor()
    survived: list[str] = []
    is_over = threading.Event()

    def clean() -> None:
        while not is_over.is_set():
            if "the fixed secret" in (cleaned := redactor.clean("it is the fixed secret here")):
                survived.append(cleaned)

    redactor.know("fixed", ["the fixed secret"])
    threads = [threading.Thread(target=clean) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(200):
        redactor.know("changing", [f"secret number {number}"])
        assert redactor.clean(f"secret number {number}") == WITHHELD
    is_over.set()
    for thread in threads:
        thread.join()
    assert survived == []
