"""Tokens: kept as hashes, found again, used, taken back; and who came in by one leaves with it."""

import hashlib

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access.tokens import TOKEN_BYTES, Token, Tokens, hash_of


class Desk:
    """Tokens, by a clock that is set by hand, with what was kept."""

    def __init__(self, most: int = 3) -> None:
        self.now = 1_000_000.0
        self.changes = 0
        self.left: list[str] = []
        self.tokens: Tokens[Token] = Tokens(most, lambda: self.now, self._note)

    def _note(self) -> None:
        self.changes += 1

    def add(self) -> str:
        token, _ = self.tokens.draw(lambda hash_, now: Token(hash=hash_, made_at=now, used_at=now))
        return token

    def enter(self, token: str, name: str) -> bool:
        return self.tokens.enter(hash_of(token), name, lambda departure: self.left.append(name)) is not None

    def use(self, token: str) -> Token:
        known = self.tokens.recognize(token)
        assert known is not None
        self.tokens.note_use(known)
        return known


def test_a_token_is_long_and_only_its_hash_is_kept() -> None:
    desk = Desk()
    token = desk.add()
    assert TOKEN_BYTES * 8 >= 128
    assert len(token) >= TOKEN_BYTES
    assert token.encode() not in msgspec.json.encode(desk.tokens.stored())
    assert [known.hash for known in desk.tokens.stored()] == [hashlib.sha256(token.encode()).hexdigest()]
    assert desk.changes == 1


def test_the_hash_is_no_token() -> None:
    desk = Desk()
    desk.add()
    assert desk.tokens.recognize(desk.tokens.stored()[0].hash) is None


def test_the_last_use_is_noted_once_an_hour() -> None:
    desk = Desk()
    token = desk.add()
    desk.now += 3600
    assert desk.use(token).used_at == 1_000_000.0
    desk.now += 1
    assert desk.use(token).used_at == 1_003_601.0
    assert desk.changes == 2


def test_the_one_used_longest_ago_goes_even_when_the_clock_goes_back() -> None:
    desk = Desk(most=2)
    first = desk.add()
    desk.now += 1
    second = desk.add()
    desk.enter(first, "first")
    desk.enter(second, "second")
    desk.now -= 1_000
    third = desk.add()
    assert [desk.tokens.recognize(token) is not None for token in (first, second, third)] == [False, True, True]
    assert desk.left == ["first"]


def test_who_came_in_by_a_token_leaves_with_it() -> None:
    desk = Desk()
    token, other = desk.add(), desk.add()
    assert desk.enter(token, "one")
    assert desk.enter(token, "two")
    assert desk.enter(token, "gone")
    assert desk.enter(other, "another")
    desk.tokens.leave("gone")
    known = desk.tokens.recognize(token)
    assert known is not None
    desk.tokens.remove(known)
    assert desk.left == ["one", "two"]
    assert not desk.enter(token, "late")


def test_other_tokens_send_away_who_came_in_by_those_before() -> None:
    desk = Desk()
    kept, gone = desk.add(), desk.add()
    desk.enter(kept, "kept")
    desk.enter(gone, "gone")
    desk.tokens.replace(desk.tokens.stored()[:1])
    assert desk.left == ["gone"]
    assert desk.tokens.recognize(kept) is not None


@given(st.text(alphabet=st.characters(codec=None)))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    desk = Desk()
    desk.add()
    assert desk.tokens.recognize(text) is None
    assert not desk.enter(text, "x")
