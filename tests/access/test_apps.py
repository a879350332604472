"""Remembered applications: what is kept of them, where their tokens are good, and how they are forgotten."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import (
    Asker,
    AskQueue,
    Departure,
    Doorkeeper,
    Level,
    Metadata,
    Passes,
    RememberedApp,
    RememberedApps,
    Terms,
    sign,
)
from stagedoor.access.apps import MAX_APPS
from tests.kilovolt.harness import FakeClock

LOCAL = "127.0.0.1"
FAR = "198.51.100.7"
PAGE = "https://overlay.example"


@pytest.fixture
def apps() -> RememberedApps:
    return RememberedApps(lambda: 1_000_000.0, lambda: None)


def remember(apps: RememberedApps, name: str = "App", origin: str | None = None) -> str:
    _, token = apps.remember(Asker(LOCAL, origin), Metadata(name=name), Terms())
    return token


def forget(apps: RememberedApps, app_id: str) -> bool:
    app = apps.named(app_id)
    if app is not None:
        apps.remove(app)
    return app is not None


def test_what_is_kept_is_what_was_said_and_seen(apps: RememberedApps) -> None:
    proof, token = apps.remember(
        Asker(FAR, PAGE, 50_000),
        Metadata(name="Wheel", author="Ada", url="https://ada.example/", icon="data:image/png,"),
        Terms(),
    )
    (app,) = apps.stored()
    assert (app.name, app.author, app.url) == ("Wheel", "Ada", "https://ada.example/")
    assert (app.origin, app.address, app.made_at, app.used_at) == (PAGE, FAR, 1_000_000.0, 1_000_000.0)
    assert (proof.grant.level, proof.grant.ground) == (Level.APPLICATION, "remembered: Wheel")
    assert apps.prove(token, PAGE) == proof
    assert proof.grant == app.grant


def test_one_without_a_name_has_one(apps: RememberedApps) -> None:
    remember(apps, "")
    assert apps.stored()[0].name == "Unknown application"


@pytest.mark.parametrize("origin", [None, PAGE])
@pytest.mark.parametrize("shown_from", [None, PAGE, "https://other.example", "http://overlay.example", "null", ""])
def test_a_token_is_good_only_where_it_was_given(
    apps: RememberedApps, origin: str | None, shown_from: str | None
) -> None:
    token = remember(apps, origin=origin)
    assert (apps.prove(token, shown_from) is not None) == (origin == shown_from)


def test_what_is_stored_works_again_and_holds_no_token(apps: RememberedApps) -> None:
    token = remember(apps)
    stored = msgspec.json.encode(apps.stored())
    assert token.encode() not in stored
    again = RememberedApps(lambda: 2_000_000.0, lambda: None, msgspec.json.decode(stored, type=list[RememberedApp]))
    assert again.prove(token, None) is not None
    assert again.stored()[0].used_at == 2_000_000.0


def test_a_forgotten_application_leaves_and_the_others_stay(apps: RememberedApps) -> None:
    left: list[tuple[str, Departure]] = []
    first, second = remember(apps), remember(apps)
    for name, token in (("first", first), ("second", second)):
        proof = apps.prove(token, None)
        assert proof is not None
        assert apps.enter(proof.mark, name, lambda departure, name=name: left.append((name, departure)))  # type: ignore[misc]
    assert forget(apps, apps.stored()[0].id)
    assert left == [("first", Departure.REVOKED)]
    assert apps.prove(first, None) is None
    assert apps.prove(second, None) is not None


def test_ids_differ_and_an_unknown_one_is_nobodys(apps: RememberedApps) -> None:
    for _ in range(20):
        remember(apps)
    assert len({app.id for app in apps.stored()}) == 20
    assert apps.named("") is None
    assert apps.named("nobody") is None


def test_there_is_room_for_a_fixed_number(apps: RememberedApps) -> None:
    tokens = [remember(apps) for _ in range(MAX_APPS + 1)]
    assert len(apps.stored()) == MAX_APPS
    assert apps.prove(tokens[0], None) is None
    assert apps.prove(tokens[1], None) is not None


# --- at a door ----------------------------------------------------------------------------------------------------


def test_a_door_lets_in_by_a_remembered_applications_token(apps: RememberedApps) -> None:
    doorkeeper = Doorkeeper(FakeClock(), password="hunter2", apps=apps)
    token = remember(apps, "Wheel", PAGE)
    proof, delay_s = doorkeeper.judge_token(token, FAR, PAGE)
    assert proof is not None
    assert (proof.grant.level, proof.grant.ground, delay_s) == (Level.APPLICATION, "remembered: Wheel", 0)
    assert doorkeeper.judge_token(token, FAR) == (None, 0), "a program shows the token of a page"


def test_a_token_from_the_wrong_place_is_slowed_as_a_wrong_password(apps: RememberedApps) -> None:
    doorkeeper = Doorkeeper(FakeClock(), password="hunter2", apps=apps)
    token = remember(apps, origin=PAGE)
    assert doorkeeper.judge_token(token, FAR) == (None, 0)
    assert doorkeeper.judge_token(token, FAR) == (None, 0.25)


def test_other_doors_know_no_remembered_applications(apps: RememberedApps) -> None:
    token = remember(apps)
    for other in (Doorkeeper(FakeClock()), Doorkeeper(FakeClock(), passes=Passes(lambda: 0.0, lambda: None))):
        assert other.judge_token(token, LOCAL)[0] is None
        assert other.remember_app(Asker(LOCAL), Metadata(), Terms()) is None


def test_a_door_without_remembered_applications_lets_in_for_now_alone() -> None:
    clock = FakeClock()
    assert Doorkeeper(clock, asks=AskQueue(clock)).remember_app(Asker(LOCAL), Metadata(), Terms()) is None


def test_who_changes_to_another_way_in_does_not_leave_with_the_first(apps: RememberedApps) -> None:
    left: list[str] = []
    doorkeeper = Doorkeeper(FakeClock(), password="hunter2", control_token="the owner", apps=apps)
    token = remember(apps)
    by_token, _ = doorkeeper.judge_token(token, LOCAL)
    challenge = doorkeeper.challenge()
    by_password, _ = doorkeeper.judge(challenge, sign("hunter2", challenge.challenge, challenge.salt), LOCAL)
    by_control, _ = doorkeeper.judge_token("the owner", LOCAL)
    assert by_token
    assert by_password
    assert by_control
    assert doorkeeper.enter(by_token, 1, lambda departure: left.append("app"))
    assert doorkeeper.enter(by_password, 1, lambda departure: left.append("password"))
    forget(apps, apps.stored()[0].id)
    assert left == []
    assert doorkeeper.enter(by_control, 1, lambda departure: left.append("owner"))
    doorkeeper.change_password("swordfish")
    assert left == []


@given(st.text(), st.none() | st.text())
def test_nothing_else_is_a_token(text: str, origin: str | None) -> None:
    apps = RememberedApps(lambda: 0.0, lambda: None)
    remember(apps)
    assert apps.prove(text, origin) is None
