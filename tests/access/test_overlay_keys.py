"""Overlay keys: what they open, that guessing tells nothing, and both ways in which they are shown."""

import hmac

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import (
    BY_PASSWORD,
    Asker,
    Departure,
    Doorkeeper,
    Level,
    Metadata,
    OverlayKey,
    OverlayKeys,
    Proof,
    RememberedApps,
    ScopeError,
    Scopes,
    Terms,
    check_only_reads,
    sign,
    sign_twice,
)
from stagedoor.access.overlay_keys import MAX_KEYS
from tests.kilovolt.harness import FakeClock

FAR = "198.51.100.7"
LOCAL = "127.0.0.1"
LOOK = Scopes.parse("read:counter/* event:Twitch.*")


class Desk:
    """Keys, and a door that knows them, by one clock."""

    def __init__(self, sign: object = sign) -> None:
        self.clock = FakeClock()
        self.changes = 0
        self.keys = OverlayKeys(self.clock.time, self._note)
        self.sign = sign
        self.apps = RememberedApps(self.clock.time, lambda: None)
        self.door = Doorkeeper(
            self.clock,
            password="hunter2",
            overlay_keys=self.keys,
            apps=self.apps,
            sign=sign,  # type: ignore[arg-type]
        )

    def _note(self) -> None:
        self.changes += 1

    def show(self, key: str, address: str = LOCAL) -> tuple[Proof | None, float | None]:
        challenge = self.door.challenge()
        answer = self.sign(key, challenge.challenge, challenge.salt)  # type: ignore[operator]
        return self.door.judge(challenge, answer, address)


@pytest.fixture(params=[sign, sign_twice], ids=["Kilovolt's challenge", "Streamer.bot's challenge"])
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def test_a_key_opens_what_its_scopes_say_and_no_more(desk: Desk) -> None:
    key = desk.keys.make("Wheel", LOOK)
    proof, delay_s = desk.show(key.key)
    assert proof is not None
    assert (proof.grant.level, proof.grant.ground, delay_s) == (Level.OVERLAY, "overlay key: Wheel", 0)
    assert proof.grant.scopes == LOOK
    assert proof.grant.credential == ("overlay-key", key.id)
    by_header, _ = desk.door.judge_password(key.key, LOCAL)
    assert by_header == proof


def test_the_password_stays_the_password(desk: Desk) -> None:
    desk.keys.make("Wheel", LOOK)
    proof, _ = desk.show("hunter2")
    assert proof is not None
    assert proof.grant is BY_PASSWORD


def test_a_key_is_no_token_and_a_token_is_no_key(desk: Desk) -> None:
    key = desk.keys.make("Wheel", LOOK)
    assert desk.door.judge_token(key.key, LOCAL)[0] is None
    _, token = desk.apps.remember(Asker(LOCAL), Metadata(), Terms())
    assert desk.show(token)[0] is None


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_nothing_else_is_a_key(text: str) -> None:
    desk = Desk()
    desk.keys.make("Wheel", LOOK)
    assert desk.show(text)[0] is None
    assert desk.door.judge_password(text, LOCAL)[0] is None


def test_an_answer_from_before_a_key_was_revoked_is_none_after_it(desk: Desk) -> None:
    key = desk.keys.make("Wheel", LOOK)
    challenge = desk.door.challenge()
    answer = desk.sign(key.key, challenge.challenge, challenge.salt)  # type: ignore[operator]
    desk.keys.remove(key)
    assert desk.door.judge(challenge, answer, LOCAL)[0] is None


def test_a_key_is_worthless_once_it_has_expired(desk: Desk) -> None:
    key = desk.keys.make("Wheel", LOOK, expires_at=desk.clock.time() + 60)
    left: list[Departure] = []
    proof, _ = desk.show(key.key)
    assert proof is not None
    assert desk.door.enter(proof, "an overlay", left.append)
    desk.clock.advance(60)
    assert desk.show(key.key)[0] is None
    assert desk.door.judge_password(key.key, LOCAL)[0] is None
    assert desk.door.enter(proof, "another", left.append) is None
    desk.keys.expire()
    assert left == [Departure.EXPIRED]


def test_as_much_is_done_whichever_key_is_shown() -> None:
    desk = Desk()
    keys = [desk.keys.make(f"{number}", LOOK) for number in range(MAX_KEYS)]
    expired = desk.keys.make("late", LOOK, expires_at=0.0)
    for shown in (keys[1].key, keys[-1].key, expired.key, "hunter2", "wrong", ""):
        tried: list[str] = []

        def compare(key: str, shown: str = shown, tried: list[str] = tried) -> bool:
            tried.append(key)
            return hmac.compare_digest(key.encode(), shown.encode())

        desk.keys.prove(compare)
        assert tried == [key.key for key in desk.keys.stored()]
        assert len(tried) == MAX_KEYS


def test_who_guesses_keys_is_slowed(desk: Desk) -> None:
    key = desk.keys.make("Wheel", LOOK)
    assert desk.show("overlay-guess", FAR) == (None, 0)
    proof, delay_s = desk.show(key.key, FAR)
    assert proof is not None
    assert delay_s == 0.25
    assert desk.show(key.key, LOCAL)[1] == 0


def test_what_was_shown_lets_do_what_it_does_when_the_wait_is_over(desk: Desk) -> None:
    key = desk.keys.make("Wheel", Scopes.parse("read:*"))
    desk.show("wrong", FAR)
    proof, delay_s = desk.show(key.key, FAR)
    assert proof is not None
    assert delay_s
    desk.keys.alter(msgspec.structs.replace(key, scopes=("read:counter/*",)))
    grant = desk.door.enter(proof, "an overlay", lambda departure: None)
    assert grant is not None
    assert grant.scopes == Scopes.parse("read:counter/*")


def test_what_was_revoked_during_the_wait_lets_nobody_in(desk: Desk) -> None:
    key = desk.keys.make("Wheel", LOOK)
    desk.show("wrong", FAR)
    proof, _ = desk.show(key.key, FAR)
    assert proof is not None
    desk.keys.remove(key)
    assert desk.door.enter(proof, "an overlay", lambda departure: None) is None


def test_who_shows_a_key_and_then_the_password_does_not_leave_with_the_key(desk: Desk) -> None:
    key = desk.keys.make("Wheel", LOOK)
    left: list[Departure] = []
    by_key, by_password = desk.show(key.key)[0], desk.show("hunter2")[0]
    assert by_key
    assert by_password
    assert desk.door.enter(by_key, "an overlay", left.append)
    assert desk.door.enter(by_password, "an overlay", left.append)
    desk.keys.remove(key)
    assert left == []
    desk.door.change_password("another")
    assert left == [Departure.PASSWORD_CHANGED]


def test_a_password_that_changes_ends_nobody_who_came_by_a_key(desk: Desk) -> None:
    key = desk.keys.make("Wheel", LOOK)
    left: list[Departure] = []
    proof, _ = desk.show(key.key)
    assert proof
    desk.door.enter(proof, "an overlay", left.append)
    desk.door.change_password("another")
    assert left == []
    desk.door.forget("an overlay")
    desk.keys.remove(key)
    assert left == []


@pytest.mark.parametrize("word", ["write:a", "call:a/@b", "send:twitch", "write:*", "call:*"])
def test_no_key_changes_anything(desk: Desk, word: str) -> None:
    scopes = Scopes.parse(["read:a", word])
    with pytest.raises(ScopeError, match="only lets look on"):
        check_only_reads(scopes)
    with pytest.raises(ScopeError):
        desk.keys.make("Wheel", scopes)
    assert desk.keys.stored() == []


def test_keys_are_long_differ_and_say_what_they_are(desk: Desk) -> None:
    keys = [desk.keys.make("Wheel", LOOK) for _ in range(20)]
    assert len({key.key for key in keys}) == len({key.id for key in keys}) == 20
    assert all(key.key.startswith("overlay-") and len(key.key) >= 8 + 28 for key in keys)


def test_what_is_stored_works_again(desk: Desk) -> None:
    key = desk.keys.make("Wheel", LOOK)
    stored = msgspec.json.decode(msgspec.json.encode(desk.keys.stored()), type=list[OverlayKey])
    again = OverlayKeys(lambda: 0.0, lambda: None, stored)
    proof = again.prove(lambda shown: shown == key.key)
    assert proof is not None
    assert proof.grant.scopes == LOOK


def test_a_door_with_a_key_and_no_password_has_something_to_prove() -> None:
    keys = OverlayKeys(lambda: 0.0, lambda: None)
    assert not Doorkeeper(FakeClock(), overlay_keys=keys).has_password
    door = Doorkeeper(FakeClock(), overlay_keys=keys)
    key = keys.make("Wheel", LOOK)
    assert door.has_password
    assert door.is_open, "a key shuts no door"
    for shown, lets_in in ((key.key, True), ("", False)):
        challenge = door.challenge()
        proof, _ = door.judge(challenge, sign(shown, challenge.challenge, challenge.salt), LOCAL)
        assert (proof is not None) is lets_in
