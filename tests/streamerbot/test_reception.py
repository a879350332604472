"""What a peer may do before and after it has authenticated, in every mode; and what stagedoor says of itself."""

import base64
import json

import pytest

from stagedoor.access import BY_PASSWORD, NOBODY, Doorkeeper, Level, sign_twice
from stagedoor.streamerbot.reception import GUEST, SPEAKING_GUEST, Authentication, Reception, Source
from stagedoor.wire import Peer
from tests.kilovolt.harness import FakeClock

HERE = Peer("127.0.0.1")
OPAQUE = Peer("127.0.0.1", "null", must_prove=True)


def make(mode: str = "on", *, offers_challenge: bool = False, guests_may_speak: bool = False) -> Reception:
    reception = Reception(
        Doorkeeper(FakeClock(), password="secret", sign=sign_twice),
        offers_challenge=offers_challenge,
        guests_may_speak=guests_may_speak,
    )
    reception.change(Authentication(mode), "secret")
    return reception


@pytest.mark.parametrize("mode", ["off", "on", "enforced"])
@pytest.mark.parametrize("offers_challenge", [True, False])
@pytest.mark.parametrize("guests_may_speak", [True, False])
def test_who_may_do_what(mode: str, *, offers_challenge: bool, guests_may_speak: bool) -> None:
    reception = make(mode, offers_challenge=offers_challenge, guests_may_speak=guests_may_speak)
    guest = SPEAKING_GUEST if guests_may_speak else GUEST
    assert reception.grant_on_entry(OPAQUE) is NOBODY
    assert reception.grant_on_entry(HERE) is (NOBODY if mode == "enforced" else guest)
    assert reception.must_authenticate(OPAQUE)
    assert reception.must_authenticate(HERE) is (mode == "enforced")
    assert reception.takes_any_answer is (mode == "off" and offers_challenge)
    assert (reception.challenge(HERE) is None) is (mode == "off" and not offers_challenge)
    assert reception.challenge(OPAQUE) is not None


def test_a_guest_is_less_than_an_application() -> None:
    assert GUEST.level is Level.GUEST
    assert BY_PASSWORD.level is SPEAKING_GUEST.level is Level.APPLICATION


def test_each_challenge_is_new() -> None:
    reception = make()
    challenges = [reception.challenge(HERE) for _ in range(100)]
    assert len({challenge.challenge for challenge in challenges if challenge}) == 100
    assert {len(challenge.challenge) + len(challenge.salt) for challenge in challenges if challenge} == {64}


def test_the_greeting_offers_the_challenge_as_base64() -> None:
    reception = make()
    challenge = reception.challenge(HERE)
    assert challenge is not None
    offered = json.loads(reception.hello("id", challenge))["authentication"]
    assert base64.b64decode(offered["challenge"], validate=True) == challenge.challenge
    assert base64.b64decode(offered["salt"], validate=True) == challenge.salt
    assert "authentication" not in json.loads(reception.hello("id", None))


@pytest.mark.parametrize("source", Source)
def test_info_says_which_door_answers(source: Source) -> None:
    info = make().info(source)["info"]
    assert info["source"] == source
    assert info["name"]
    assert tuple(map(int, info["version"].split("."))) >= (1, 0, 5)
    assert info["os"] in ("windows", "linux", "macosx")
    assert type(info["darkMode"]) is bool


def test_the_installation_can_be_named_later() -> None:
    reception = make()
    before = reception.info(Source.HTTP)["info"]["instanceId"]
    reception.identify("another")
    assert before != "another"
    assert reception.info(Source.HTTP)["info"]["instanceId"] == "another"


@pytest.mark.parametrize(
    ("mode", "password", "goes"),
    [("on", "secret", 0), ("enforced", "secret", 1), ("on", "other", 1), ("off", "other", 1)],
)
def test_other_rules_end_the_connections_once(mode: str, password: str, goes: int) -> None:
    reception = make("on")
    left: list[str] = []
    reception.doorkeeper.enter_freely(1, lambda departure: left.append("one"))
    reception.change(Authentication(mode), password)
    assert len(left) == goes
