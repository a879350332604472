"""Passes: codes are good once and soon, tokens until they are given back or forgotten."""

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from stagedoor.access import Departure, Pass, Passes
from stagedoor.access.passes import CODE_LIFETIME_S, IDLE_S


class Time:
    """A clock that is set by hand, and what was kept."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.changes = 0
        self.passes = Passes(lambda: self.now, self._note)

    def _note(self) -> None:
        self.changes += 1

    def token(self) -> str:
        token = self.passes.exchange(self.passes.new_code())
        assert token is not None
        return token


def test_a_code_becomes_a_token_once() -> None:
    time = Time()
    code = time.passes.new_code()
    token = time.passes.exchange(code)
    assert token is not None
    assert time.passes.accepts(token)
    assert time.passes.exchange(code) is None
    assert time.changes == 1


def test_a_code_is_good_for_two_minutes() -> None:
    time = Time()
    early, late = time.passes.new_code(), time.passes.new_code()
    time.now += CODE_LIFETIME_S
    assert time.passes.exchange(early) is not None
    time.now += 1
    assert time.passes.exchange(late) is None


def test_only_the_newest_codes_are_good() -> None:
    time = Time()
    codes = [time.passes.new_code() for _ in range(9)]
    assert time.passes.exchange(codes[0]) is None
    assert time.passes.exchange(codes[1]) is not None


def test_a_token_that_nobody_uses_is_forgotten() -> None:
    time = Time()
    used, idle = time.token(), time.token()
    time.now += IDLE_S - 1
    assert time.passes.accepts(used)
    time.now += 2
    assert time.passes.accepts(used)
    assert not time.passes.accepts(idle)
    assert len(time.passes.stored()) == 1


def test_a_token_that_is_given_back_is_worthless() -> None:
    time = Time()
    token = time.token()
    assert time.passes.revoke(token)
    assert not time.passes.accepts(token)
    assert not time.passes.revoke(token)


def test_what_is_stored_holds_no_token_and_works_again() -> None:
    time = Time()
    token = time.token()
    stored = msgspec.json.encode(time.passes.stored())
    assert token.encode() not in stored
    again = Passes(lambda: time.now, lambda: None, msgspec.json.decode(stored, type=list[Pass]))
    assert again.accepts(token)


def test_the_oldest_of_too_many_passes_goes() -> None:
    time = Time()
    tokens = []
    for _ in range(65):
        time.now += 1
        tokens.append(time.token())
    assert not time.passes.accepts(tokens[0])
    assert all(time.passes.accepts(token) for token in tokens[1:])


def test_who_came_in_by_a_pass_leaves_with_it() -> None:
    time = Time()
    given_back, forgotten, kept = (time.token() for _ in range(3))
    left: list[tuple[str, Departure]] = []
    marks = {}
    for token in (given_back, forgotten, kept):
        proof = time.passes.prove(token)
        assert proof is not None
        marks[token] = proof.mark
        time.passes.enter(proof.mark, token, lambda departure, token=token: left.append((token, departure)))  # type: ignore[misc]
    time.passes.revoke(given_back)
    assert left == [(given_back, Departure.RETURNED)]
    assert not time.passes.enter(marks[given_back], given_back, lambda departure: None)
    time.now += IDLE_S - 1
    assert time.passes.accepts(kept)
    time.now += 2
    assert not time.passes.accepts(forgotten)
    assert left == [(given_back, Departure.RETURNED), (forgotten, Departure.EXPIRED)]
    time.passes.leave(kept)
    time.passes.revoke(kept)
    assert len(left) == 2


@given(st.text())
@example("\udc80")
def test_nothing_else_is_a_code_or_a_token(text: str) -> None:
    time = Time()
    time.passes.new_code()
    time.token()
    assert time.passes.exchange(text) is None
    assert not time.passes.accepts(text)
