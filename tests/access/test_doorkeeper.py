"""The doorkeeper: who gets in by what, and who has to leave."""

import pytest

from stagedoor.access import BY_PASSWORD, AskQueue, Departure, Doorkeeper, Level, OverlayKeys, Proof, Scopes, sign
from tests.kilovolt.harness import FakeClock

FAR = "198.51.100.7"
LOCAL = "127.0.0.1"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def doorkeeper(clock: FakeClock) -> Doorkeeper:
    return Doorkeeper(clock, password="hunter2", control_token="the token")


def show(doorkeeper: Doorkeeper, password: str, address: str = LOCAL) -> tuple[Proof | None, float | None]:
    challenge = doorkeeper.challenge()
    return doorkeeper.judge(challenge, sign(password, challenge.challenge, challenge.salt), address)


def judge(doorkeeper: Doorkeeper, password: str, address: str = LOCAL) -> tuple[bool, float | None]:
    """Tell whether a password lets in as the password does, and after how long."""
    proof, delay_s = show(doorkeeper, password, address)
    assert proof is None or proof.grant is BY_PASSWORD
    return proof is not None, delay_s


def enter(doorkeeper: Doorkeeper, name: str, left: list[str], password: str = "hunter2") -> None:
    proof, _ = show(doorkeeper, password)
    assert proof is not None
    assert doorkeeper.enter(proof, name, lambda departure: left.append(name))


def test_the_right_password_lets_in(doorkeeper: Doorkeeper) -> None:
    assert judge(doorkeeper, "hunter2") == (True, 0)


@pytest.mark.parametrize("password", ["", "hunter", "hunter22", "Hunter2", "the token"])
def test_another_does_not(doorkeeper: Doorkeeper, password: str) -> None:
    assert judge(doorkeeper, password) == (False, 0)


@pytest.mark.parametrize("answer", [b"", b"short", b"x" * 32, b"x" * 1000])
def test_neither_does_any_other_answer(doorkeeper: Doorkeeper, answer: bytes) -> None:
    assert doorkeeper.judge(doorkeeper.challenge(), answer, LOCAL) == (None, 0)


def test_without_a_password_no_answer_is_right(clock: FakeClock) -> None:
    # strimertül's defect 35: with an empty password, a token that everybody can compute let in.
    doorkeeper = Doorkeeper(clock)
    assert judge(doorkeeper, "") == (False, 0)


def test_each_challenge_is_another_and_expires_in_a_minute(doorkeeper: Doorkeeper, clock: FakeClock) -> None:
    first, second = doorkeeper.challenge(), doorkeeper.challenge()
    assert first != second
    assert first.expires_at == clock.time() + 60


def test_an_answer_fits_its_own_challenge_only(doorkeeper: Doorkeeper) -> None:
    # strimertül's defect 35: a challenge could be tried again and again.
    first, second = doorkeeper.challenge(), doorkeeper.challenge()
    answer = sign("hunter2", first.challenge, first.salt)
    assert doorkeeper.judge(second, answer, LOCAL)[0] is None
    assert doorkeeper.judge(first, answer, LOCAL)[0] is not None


def test_wrong_answers_from_afar_delay_the_right_one(doorkeeper: Doorkeeper) -> None:
    judge(doorkeeper, "wrong", FAR)
    assert judge(doorkeeper, "hunter2", FAR) == (True, 0.25)
    doorkeeper.waited(FAR)
    assert judge(doorkeeper, "hunter2", LOCAL) == (True, 0)


def test_a_key_that_opens_little_excuses_no_guesses_at_the_password(clock: FakeClock) -> None:
    keys = OverlayKeys(clock.time, lambda: None)
    key = keys.make("Chat", Scopes.parse(["event:Twitch.*"])).key
    doorkeeper = Doorkeeper(clock, password="hunter2", overlay_keys=keys)
    delays = []
    for _ in range(5):
        show(doorkeeper, "a guess", FAR)
        proof, delay_s = show(doorkeeper, key, FAR)
        assert proof is not None
        assert delay_s is not None
        delays.append(delay_s)
        doorkeeper.waited(FAR)
        clock.advance(delay_s)
    assert delays == [0.25, 0.5, 1, 2, 4]


def test_too_many_waiting_answers_are_refused_unseen(doorkeeper: Doorkeeper) -> None:
    for _ in range(9):
        judge(doorkeeper, "wrong", FAR)
    assert judge(doorkeeper, "hunter2", FAR) == judge(doorkeeper, "wrong", FAR) == (False, None)


def test_the_token_is_the_owners(doorkeeper: Doorkeeper) -> None:
    proof, delay_s = doorkeeper.judge_token("the token", LOCAL)
    assert proof is not None
    assert (proof.grant.level, delay_s) == (Level.OWNER, 0)


@pytest.mark.parametrize("token", ["", "the toke", "the token ", "hunter2", "ŧhe token", "overlay-", "x" * 1000])
def test_another_token_is_nobodys(doorkeeper: Doorkeeper, token: str) -> None:
    assert doorkeeper.judge_token(token, LOCAL) == (None, 0)


def test_where_there_is_no_token_the_empty_one_is_nobodys(clock: FakeClock) -> None:
    assert Doorkeeper(clock).judge_token("", LOCAL) == (None, 0)


def test_wrong_tokens_are_slowed_like_wrong_answers(doorkeeper: Doorkeeper) -> None:
    doorkeeper.judge_token("wrong", FAR)
    assert judge(doorkeeper, "wrong", FAR) == (False, 0.25)
    assert doorkeeper.judge_token("wrong", FAR) == (None, 0.75)


def test_a_door_is_open_without_a_password_and_without_asking(clock: FakeClock) -> None:
    assert Doorkeeper(clock).is_open
    assert not Doorkeeper(clock, password="x").is_open
    assert not Doorkeeper(clock, asks=AskQueue(clock)).is_open
    assert Doorkeeper(clock, control_token="x").is_open


def test_another_password_ends_who_used_the_old_one(doorkeeper: Doorkeeper) -> None:
    left: list[str] = []
    for name in ("one", "two", "three"):
        enter(doorkeeper, name, left)
    doorkeeper.forget("two")
    doorkeeper.change_password("swordfish")
    assert left == ["one", "three"]
    assert judge(doorkeeper, "hunter2")[0] is False
    assert judge(doorkeeper, "swordfish")[0] is True
    doorkeeper.change_password("another")
    assert left == ["one", "three"]


def test_the_same_password_ends_nobody(doorkeeper: Doorkeeper) -> None:
    left: list[str] = []
    enter(doorkeeper, "one", left)
    doorkeeper.change_password("hunter2")
    assert left == []


def test_a_challenge_from_before_the_change_needs_the_new_password(doorkeeper: Doorkeeper) -> None:
    challenge = doorkeeper.challenge()
    doorkeeper.change_password("swordfish")
    assert doorkeeper.judge(challenge, sign("hunter2", challenge.challenge, challenge.salt), LOCAL)[0] is None


def test_who_leaves_may_be_forgotten_while_leaving(doorkeeper: Doorkeeper) -> None:
    left: list[str] = []

    def leave(departure: Departure) -> None:
        left.append(departure.value)
        doorkeeper.forget("two")

    for name in ("one", "two"):
        doorkeeper.enter_freely(name, leave)
    doorkeeper.change_password("swordfish")
    doorkeeper.change_password("another")
    assert left == ["the password was changed"] * 2
