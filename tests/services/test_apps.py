"""The desk of the remembered applications: what it keeps, what it shows, what it follows, what it forgets."""

import asyncio
import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import (
    SERVICE,
    Asker,
    AskQueue,
    Client,
    Departure,
    Leave,
    Level,
    Metadata,
    RememberedApp,
    RememberedApps,
    Scopes,
    Terms,
)
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import LmdbStore, MemoryStore
from stagedoor.services.apps import AppsDesk, ShownApp
from stagedoor.services.questions import Questions
from tests.hub.shaky_store import ShakyStore
from tests.kilovolt.harness import FakeClock
from tests.services.harness import Desk, FakeTime, encode, open_hub, record_nothing

PAGE = "https://overlay.example"


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
async def apps(desk: Desk, time: FakeTime) -> AppsDesk:
    return AppsDesk(Client(desk.hub, SERVICE), record_nothing, time)


def remember(apps: AppsDesk, name: str, origin: str | None = None) -> str:
    _, token = apps.apps.remember(Asker("127.0.0.1", origin), Metadata(name=name), Terms())
    return token


def enter(apps: AppsDesk, token: str, leave: Leave) -> None:
    proof = apps.apps.prove(token, None)
    assert proof is not None
    assert apps.apps.enter(proof.mark, token, leave)


async def settled(desk: Desk) -> None:
    """Wait until everything that was written before can be read."""
    await desk.put("a", "fence")


async def ids(desk: Desk) -> list[str]:
    await settled(desk)
    shown = msgspec.json.decode(desk.get("stagedoor/apps") or "[]", type=list[dict[str, object]])
    return [str(app["id"]) for app in shown]


async def test_the_owner_sees_what_is_known(desk: Desk, apps: AppsDesk, time: FakeTime) -> None:
    await settled(desk)
    assert not desk.read("stagedoor/apps")
    _, token = apps.apps.remember(
        Asker("198.51.100.7", PAGE, 50_000), Metadata(name="Wheel", author="Ada", url="https://ada.example/"), Terms()
    )
    time.now += 7_200
    assert apps.apps.prove(token, PAGE) is not None
    remember(apps, "")
    first, second = await ids(desk)
    assert desk.read("stagedoor/apps") == [
        {
            "id": first,
            "name": "Wheel",
            "origin": PAGE,
            "address": "198.51.100.7",
            "scopes": None,
            "made_at_ms": 1_790_000_000_000,
            "used_at_ms": 1_790_007_200_000,
            "expires_at_ms": None,
            "author": "Ada",
            "url": "https://ada.example/",
        },
        {
            "id": second,
            "name": "Unknown application",
            "origin": None,
            "address": "127.0.0.1",
            "scopes": None,
            "made_at_ms": 1_790_007_200_000,
            "used_at_ms": 1_790_007_200_000,
            "expires_at_ms": None,
        },
    ]


async def test_no_token_is_anywhere_in_the_store_and_no_hash_is_shown(desk: Desk, apps: AppsDesk) -> None:
    token = remember(apps, "Wheel")
    await settled(desk)
    everything = {key: desk.get(key) for key in desk.keys("")}
    assert "stagedoor/app-tokens" in everything
    assert not [key for key, value in everything.items() if token in value or token in key]
    digest = hashlib.sha256(token.encode()).hexdigest()
    assert [key for key, value in everything.items() if digest in value] == ["stagedoor/app-tokens"]


async def test_what_was_remembered_survives_a_restart(tmp_path: Path, time: FakeTime) -> None:
    hub = open_hub(LmdbStore(tmp_path / "store"))
    token = remember(AppsDesk(Client(hub, SERVICE), record_nothing, time), "Wheel", PAGE)
    await settled(Desk(hub))
    await hub.close()
    hub = open_hub(LmdbStore(tmp_path / "store"))
    again = AppsDesk(Client(hub, SERVICE), record_nothing, time)
    assert again.apps.prove(token, PAGE) is not None
    assert len(await ids(Desk(hub))) == 1
    await hub.close()


async def test_one_that_is_forgotten_stays_forgotten(desk: Desk, apps: AppsDesk) -> None:
    left: list[str] = []
    token, other = remember(apps, "Wheel"), remember(apps, "Bot")
    enter(apps, token, lambda departure: left.append("Wheel"))
    first, second = await ids(desk)
    assert await desk.ask("stagedoor/@forget-app", id=first) == {}
    assert left == ["Wheel"]
    assert await ids(desk) == [second]
    stored = msgspec.json.decode(desk.get("stagedoor/app-tokens"), type=list[RememberedApp])
    again = RememberedApps(lambda: 0.0, lambda: None, stored)
    assert again.prove(token, None) is None
    assert again.prove(other, None) is not None


@pytest.mark.parametrize("value", ["", "{}", "[]", '{"id":1}', '{"id":"nobody"}', "[" * 10_000])
async def test_a_wrong_request_forgets_nobody(desk: Desk, apps: AppsDesk, value: str) -> None:
    remember(apps, "Wheel")
    with pytest.raises(RequestFailed):
        await desk.call("stagedoor/@forget-app", value)
    assert len(await ids(desk)) == 1


async def test_a_restore_brings_back_and_sends_away_but_no_forgotten_one(desk: Desk, apps: AppsDesk) -> None:
    left: list[str] = []
    forgotten = remember(apps, "Forgotten")
    early = remember(apps, "Early")
    await settled(desk)
    backup = {key: desk.get(key) for key in desk.keys("")}
    await desk.ask("stagedoor/@forget-app", id=apps.apps.stored()[0].id)
    late = remember(apps, "Late")
    enter(apps, late, lambda departure: left.append("Late"))
    await settled(desk)
    await desk.hub.replace_all(backup)
    await settled(desk)
    assert apps.apps.prove(forgotten, None) is None
    assert apps.apps.prove(early, None) is not None
    assert apps.apps.prove(late, None) is None
    assert left == ["Late"]
    assert [app.id for app in apps.apps.stored()] == await ids(desk)


async def test_a_restore_without_secrets_lets_nobody_in_and_shows_nobody(desk: Desk, apps: AppsDesk) -> None:
    token = remember(apps, "Wheel")
    await settled(desk)
    await desk.hub.replace_all({"stagedoor/apps": desk.get("stagedoor/apps")})
    await settled(desk)
    assert apps.apps.prove(token, None) is None
    assert await ids(desk) == []


async def test_what_is_shown_cannot_be_made_up(desk: Desk, apps: AppsDesk) -> None:
    remember(apps, "Wheel")
    before = await ids(desk)
    await desk.put("stagedoor/apps", "[]")
    assert await ids(desk) == before


@pytest.mark.parametrize("stored", ["x", "{}", '[{"hash":1}]', "[" * 10_000])
async def test_a_broken_key_lets_nobody_in(desk: Desk, stored: str) -> None:
    await desk.put("stagedoor/app-tokens", stored)
    apps = AppsDesk(Client(desk.hub, SERVICE), record_nothing)
    assert apps.apps.stored() == []
    assert await ids(desk) == []
    token = remember(apps, "Wheel")
    assert apps.apps.prove(token, None) is not None
    assert len(await ids(desk)) == 1


async def test_an_application_that_cannot_be_kept_is_let_in_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    store = ShakyStore(MemoryStore())
    store.release()
    hub = open_hub(store)
    apps = AppsDesk(Client(hub, SERVICE), record_nothing)
    await settled(Desk(hub))
    store.failures = 100
    token = remember(apps, "Wheel")
    with pytest.raises(StoreError):
        await settled(Desk(hub))
    assert apps.apps.prove(token, None) is not None
    assert "could not be kept" in caplog.text
    with pytest.raises(RequestFailed, match="until the next start only"):
        await Desk(hub).ask("stagedoor/@forget-app", id=apps.apps.stored()[0].id)
    assert apps.apps.prove(token, None) is None
    store.failures = 0
    await hub.close()


# --- the owner's answer ---

JSON = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_an_answer_with_another_remember_than_true_or_false_is_none(remember: object) -> None:
    async def answer() -> int:
        clock = FakeClock()
        asks = AskQueue(clock)
        hub = open_hub(MemoryStore())
        Questions(Client(hub, SERVICE), asks, clock, lambda port: None, None, record_nothing)
        ask = asks.put(Asker("198.51.100.7"), Metadata(), lambda verdict: None)
        with pytest.raises(RequestFailed, match="expected an id and allow"):
            await Desk(hub).call("stagedoor/@answer-ask", encode({"id": ask.id, "allow": True, "remember": remember}))
        await hub.close()
        return len(asks)

    assert asyncio.run(answer()) == 1


async def test_who_is_refused_is_not_remembered(desk: Desk) -> None:
    clock = FakeClock()
    asks = AskQueue(clock)
    Questions(Client(desk.hub, SERVICE), asks, clock, lambda port: None, None, record_nothing)
    ask = asks.put(Asker("198.51.100.7"), Metadata(), lambda verdict: None)
    with pytest.raises(RequestFailed, match="only who is let in"):
        await desk.ask("stagedoor/@answer-ask", id=ask.id, allow=False, remember=True)
    assert len(asks) == 1


# --- what it may touch, and until when ---


async def test_other_scopes_end_its_connections_and_another_name_or_end_does_not(
    desk: Desk, apps: AppsDesk, time: FakeTime
) -> None:
    token = remember(apps, "Wheel")
    left: list[Departure] = []
    enter(apps, token, left.append)
    (app_id,) = await ids(desk)
    end_ms = round((time.now + 60) * 1000)
    await desk.ask("stagedoor/@change-app", id=app_id, name="Other", expires_at_ms=end_ms)
    await desk.ask("stagedoor/@change-app", id=app_id, scopes=None)
    assert left == []
    (shown,) = msgspec.json.decode(desk.get("stagedoor/apps"), type=list[ShownApp])
    assert (shown.name, shown.expires_at_ms, shown.scopes) == ("Other", end_ms, None)
    await desk.ask("stagedoor/@change-app", id=app_id, scopes=["call:DoAction", "read:a", "read:a*"])
    assert [*left] == [Departure.CHANGED]
    proof = apps.apps.prove(token, None)
    assert proof is not None
    assert proof.grant.scopes == Scopes.parse("call:action/@run read:a*")
    await desk.ask("stagedoor/@change-app", id=app_id, scopes=None)
    proof = apps.apps.prove(token, None)
    assert proof is not None
    assert proof.grant.level is Level.APPLICATION


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": ["x"]},
        {"scopes": [*(f"read:{number}" for number in range(63)), "send:*"]},
        {"scopes": "read:a"},
        {"name": " "},
        {"expires_at_ms": 5},
        {"expires_at_ms": 253_402_300_799_001},
    ],
    ids=str,
)
async def test_a_wrong_change_changes_nothing(desk: Desk, apps: AppsDesk, change: dict[str, object]) -> None:
    remember(apps, "Wheel")
    (app_id,) = await ids(desk)
    before = apps.apps.stored()
    with pytest.raises(RequestFailed):
        await desk.ask("stagedoor/@change-app", **{"id": app_id, "name": "Other", **change})
    assert apps.apps.stored() == before
    with pytest.raises(RequestFailed, match="there is no remembered application"):
        await desk.ask("stagedoor/@change-app", id="nobody", name="Other")


async def test_it_is_remembered_on_its_terms(desk: Desk, apps: AppsDesk, time: FakeTime) -> None:
    terms = Terms(Scopes.parse("read:a"), time.now + 60)
    _, token = apps.apps.remember(Asker("127.0.0.1"), Metadata(), terms)
    left: list[Departure] = []
    enter(apps, token, left.append)
    await settled(desk)
    (shown,) = msgspec.json.decode(desk.get("stagedoor/apps"), type=list[ShownApp])
    assert (shown.scopes, shown.expires_at_ms) == (("read:a",), round((time.now + 60) * 1000))
    time.now += 60
    assert apps.apps.prove(token, None) is None
    apps.apps.expire()
    assert left == [Departure.EXPIRED]
    assert await ids(desk) == []
