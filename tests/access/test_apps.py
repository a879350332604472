"""Remembered applications: what is kept of them, where their tokens are good, and how they are forgotten."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import Asker, AskQueue, Doorkeeper, Level, Metadata, Passes, RememberedApp, RememberedApps
from stagedoor.access.apps import MAX_APPS
from tests.kilovolt.harness import FakeClock

LOCAL = "127.0.0.1"
FAR = "198.51.100.7"
PAGE = "https://overlay.example"


@pytest.fixture
def apps() -> RememberedApps:
    return RememberedApps(lambda: 1_000_000.0, lambda: None)


def remember(apps: RememberedApps, name: str = "App", origin: str | None = None) -> str:
    _, token = apps.remember(Asker(LOCAL, origin), Metadata(name=name))
    return token


def test_what_is_kept_is_what_was_said_and_seen(apps: RememberedApps) -> None:
    grant, token = apps.remember(
        Asker(FAR, PAGE, 50_000),
        Metadata(name="Wheel", author="Ada", url="https://ada.example/", icon="data:image/png,"),
    )
    (app,) = apps.stored()
    assert (app.name, app.author, app.url) == ("Wheel", "Ada", "https://ada.example/")
    assert (app.origin, app.address, app.made_at, app.used_at) == (PAGE, FAR, 1_000_000.0, 1_000_000.0)
    assert (grant.level, grant.ground) == (Level.APPLICATION, "remembered: Wheel")
    assert apps.recognize(token, PAGE) == grant == app.grant


def test_one_without_a_name_has_one(apps: RememberedApps) -> None:
    remember(apps, "")
    assert apps.stored()[0].name == "Unknown application"


@pytest.mark.parametrize("origin", [None, PAGE])
@pytest.mark.parametrize("shown_from", [None, PAGE, "https://other.example", "http://overlay.example", "null", ""])
def test_a_token_is_good_only_where_it_was_given(
    apps: RememberedApps, origin: str | None, shown_from: str | None
) -> None:
    token = remember(apps, origin=origin)
    assert (apps.recognize(token, shown_from) is not None) == (origin == shown_from)


def test_what_is_stored_works_again_and_holds_no_token(apps: RememberedApps) -> None:
    token = remember(apps)
    stored = msgspec.json.encode(apps.stored())
    assert token.encode() not in stored
    again = RememberedApps(lambda: 2_000_000.0, lambda: None, msgspec.json.decode(stored, type=list[RememberedApp]))
    assert again.recognize(token, None) is not None
    assert again.stored()[0].used_at == 2_000_000.0


def test_a_forgotten_application_leaves_and_the_others_stay(apps: RememberedApps) -> None:
    left: list[str] = []
    first, second = remember(apps), remember(apps)
    apps.enter(first, 1, lambda: left.append("first"))
    apps.enter(second, 2, lambda: left.append("second"))
    assert apps.forget(apps.stored()[0].id)
    assert left == ["first"]
    assert apps.recognize(first, None) is None
    assert apps.recognize(second, None) is not None


def test_ids_differ_and_an_unknown_one_is_nobodys(apps: RememberedApps) -> None:
    for _ in range(20):
        remember(apps)
    assert len({app.id for app in apps.stored()}) == 20
    assert not apps.forget("")
    assert not apps.forget("nobody")


def test_there_is_room_for_a_fixed_number(apps: RememberedApps) -> None:
    tokens = [remember(apps) for _ in range(MAX_APPS + 1)]
    assert len(apps.stored()) == MAX_APPS
    assert apps.recognize(tokens[0], None) is None
    assert apps.recognize(tokens[1], None) is not None


# --- at a door ----------------------------------------------------------------------------------------------------


def test_a_door_lets_in_by_a_remembered_applications_token(apps: RememberedApps) -> None:
    doorkeeper = Doorkeeper(FakeClock(), password="hunter2", apps=apps)
    token = remember(apps, "Wheel", PAGE)
    grant, delay_s = doorkeeper.judge_token(token, FAR, PAGE)
    assert grant is not None
    assert (grant.level, grant.ground, delay_s) == (Level.APPLICATION, "remembered: Wheel", 0)
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
        assert not other.remember_token(token, 1, lambda: None)


def test_a_door_without_remembered_applications_lets_in_for_now_alone() -> None:
    clock = FakeClock()
    grant, token = Doorkeeper(clock, asks=AskQueue(clock)).remember_app(Asker(LOCAL), Metadata())
    assert (grant.level, token) == (Level.APPLICATION, None)


def test_who_changes_to_another_way_in_does_not_leave_with_the_first(apps: RememberedApps) -> None:
    left: list[str] = []
    doorkeeper = Doorkeeper(FakeClock(), password="hunter2", control_token="the owner", apps=apps)
    token = remember(apps)
    assert doorkeeper.remember_token(token, 1, lambda: left.append("app"))
    doorkeeper.remember(1, lambda: left.append("password"))
    apps.forget(apps.stored()[0].id)
    assert left == []
    assert doorkeeper.remember_token("the owner", 1, lambda: left.append("owner"))
    doorkeeper.change_password("swordfish")
    assert left == []


@given(st.text(), st.none() | st.text())
def test_nothing_else_is_a_token(text: str, origin: str | None) -> None:
    apps = RememberedApps(lambda: 0.0, lambda: None)
    remember(apps)
    assert apps.recognize(text, origin) is None
