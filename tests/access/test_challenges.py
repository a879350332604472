"""Challenges: the protocol's own examples, and what makes one good for one answer."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import sign
from stagedoor.access.challenges import CHALLENGE_BYTES, LIFETIME_S, decode_base64, new_challenge

CHALLENGE = bytes(range(32))
SALT = bytes(range(32, 64))


@pytest.mark.parametrize(
    ("password", "answer"),
    [
        ("hunter2", "+U6hds31KQ0mDIvOykvCa+GL4z6dUy8QvznC3qr+C3s="),
        ("Pä$$wörd 🎥", "IqS39Lpr3L6fmr674EIbBv0tfLep58zTJn3SkM48LF8="),
    ],
)
def test_the_known_answers(password: str, answer: str) -> None:
    assert base64.b64encode(sign(password, CHALLENGE, SALT)).decode() == answer


def test_every_part_matters_to_the_answer() -> None:
    right = sign("hunter2", CHALLENGE, SALT)
    assert sign("hunter3", CHALLENGE, SALT) != right
    assert sign("hunter2", SALT, SALT) != right
    assert sign("hunter2", CHALLENGE, CHALLENGE) != right


def test_challenges_are_random_and_of_full_length() -> None:
    drawn = [new_challenge(0.0) for _ in range(50)]
    assert {len(part) for challenge in drawn for part in challenge[:2]} == {CHALLENGE_BYTES} == {32}
    assert len({part for challenge in drawn for part in challenge[:2]}) == 100


def test_a_challenge_lives_for_a_minute() -> None:
    assert new_challenge(1000.0).expires_at == 1000.0 + LIFETIME_S == 1060.0


def test_a_challenge_is_sent_in_padded_base64() -> None:
    challenge = new_challenge(0.0)
    assert base64.b64decode(challenge.challenge_base64, validate=True) == challenge.challenge
    assert base64.b64decode(challenge.salt_base64, validate=True) == challenge.salt


@given(st.binary(max_size=50))
def test_base64_is_read(data: bytes) -> None:
    assert decode_base64(base64.b64encode(data).decode()) == data


@pytest.mark.parametrize("text", ["a", "ab", "abc", "ab=", "ab==c", "a b=", "ab-_", "ä", "====", "abcd\n", "\ud800"])
def test_what_is_no_base64_is_none(text: str) -> None:
    assert decode_base64(text) is None


@given(st.text(max_size=20))
def test_no_text_breaks_the_reading_of_base64(text: str) -> None:
    assert decode_base64(text) is None or isinstance(decode_base64(text), bytes)
