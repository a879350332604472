"""The desk of the overlay keys: what the owner may ask of it, what it refuses, what it records."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client, Departure, Scopes
from stagedoor.access.overlay_keys import MAX_KEYS
from stagedoor.errors import RequestFailed
from stagedoor.hub import MemoryStore
from stagedoor.services.overlay_keys import OverlayKeyDesk
from tests.services.harness import Desk, FakeTime, encode, open_hub, record_nothing

SHOWN = "stagedoor/overlay-keys"


class Office:
    """The desk, and what it recorded."""

    def __init__(self, desk: Desk, time: FakeTime) -> None:
        self.desk = desk
        self.recorded: list[tuple[str, Mapping[str, object]]] = []
        self.service = OverlayKeyDesk(
            Client(desk.hub, SERVICE), lambda kind, facts: self.recorded.append((kind, facts)), time
        )
        self.keys = self.service.keys

    async def make(self, **members: object) -> dict[str, object]:
        return await self.desk.ask("stagedoor/@make-overlay-key", **{"name": "Wheel", "scopes": ["read:a"], **members})

    def enter(self, key_id: str) -> list[Departure]:
        left: list[Departure] = []
        assert self.keys.enter(key_id, object(), left.append) is not None
        return left


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
async def office(desk: Desk, time: FakeTime) -> Office:
    return Office(desk, time)


async def test_a_key_is_made_shown_and_revealed(office: Office, desk: Desk, time: FakeTime) -> None:
    end_ms = round((time.now + 60) * 1000)
    made = await office.make(name="  The   wheel ", scopes=["read:b", "read:a*", "read:ab"], expires_at_ms=end_ms)
    assert set(made) == {"id", "key"}
    (shown,) = msgspec.json.decode(desk.get(SHOWN))
    assert shown == {
        "id": made["id"],
        "name": "The wheel",
        "scopes": ["read:a*", "read:b"],
        "made_at_ms": round(time.now * 1000),
        "used_at_ms": None,
        "expires_at_ms": end_ms,
    }
    assert await desk.ask("stagedoor/@reveal-overlay-key", id=made["id"]) == {"key": made["key"]}
    assert [kind for kind, _ in office.recorded] == ["remembered", "reveal"]
    assert str(made["key"]) not in str(office.recorded)


@pytest.mark.parametrize(
    "members",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"name": 5},
        {"scopes": []},
        {"scopes": ["call:GetInfo"]},
        {"scopes": ["write:a"]},
        {"scopes": ["read:a", "call:DoAction"]},
        {"scopes": ["send:twitch"]},
        {"scopes": ["nothing"]},
        {"scopes": "read:a"},
        {"scopes": None},
        {"expires_at_ms": 1},
        {"expires_at_ms": 10**400},
        {"expires_at_ms": "tomorrow"},
    ],
    ids=lambda members: encode(str(members)[:40]),
)
async def test_a_wrong_wish_makes_no_key(office: Office, desk: Desk, members: dict[str, object]) -> None:
    wish = {"name": "Wheel", "scopes": ["read:a"], **members}
    text = str(wish).replace("'", '"').replace("None", "null")
    with pytest.raises(RequestFailed):
        await desk.call("stagedoor/@make-overlay-key", text)
    assert office.keys.stored() == []
    assert office.recorded == []


async def test_no_key_is_made_in_the_place_of_another(office: Office) -> None:
    for _ in range(MAX_KEYS):
        await office.make()
    kept = [key.id for key in office.keys.stored()]
    with pytest.raises(RequestFailed, match="too many overlay keys"):
        await office.make()
    assert [key.id for key in office.keys.stored()] == kept


async def test_other_scopes_end_its_connections_and_another_name_or_end_does_not(
    office: Office, desk: Desk, time: FakeTime
) -> None:
    made = await office.make()
    left = office.enter(str(made["id"]))
    end_ms = round((time.now + 60) * 1000)
    await desk.ask("stagedoor/@change-overlay-key", id=made["id"], name="Other", expires_at_ms=end_ms)
    await desk.ask("stagedoor/@change-overlay-key", id=made["id"], scopes=["read:a"])
    assert left == []
    (shown,) = msgspec.json.decode(desk.get(SHOWN))
    assert (shown["name"], shown["expires_at_ms"]) == ("Other", end_ms)
    await desk.ask("stagedoor/@change-overlay-key", id=made["id"], scopes=["read:b"], expires_at_ms=None)
    assert [*left] == [Departure.CHANGED]
    key = office.keys.named(str(made["id"]))
    assert key is not None
    assert (key.grant.scopes, key.expires_at, key.key) == (Scopes.parse("read:b"), None, made["key"])
    assert [kind for kind, _ in office.recorded] == ["remembered", "changed", "changed", "changed"]


@pytest.mark.parametrize(
    "change", [{"scopes": ["write:a"]}, {"scopes": ["x"]}, {"scopes": None}, {"name": ""}, {"expires_at_ms": 5}]
)
async def test_a_wrong_change_changes_nothing(office: Office, desk: Desk, change: dict[str, object]) -> None:
    made = await office.make()
    before = office.keys.stored()
    with pytest.raises(RequestFailed):
        await desk.ask("stagedoor/@change-overlay-key", **{"id": made["id"], "name": "Other", **change})
    assert office.keys.stored() == before


async def test_what_is_revoked_is_gone_for_good(office: Office, desk: Desk) -> None:
    made, other = await office.make(), await office.make()
    left = office.enter(str(made["id"]))
    assert await desk.ask("stagedoor/@revoke-overlay-key", id=made["id"]) == {}
    assert left == [Departure.REVOKED]
    assert [key.id for key in office.keys.stored()] == [other["id"]]
    for request in ("reveal", "change", "revoke"):
        with pytest.raises(RequestFailed, match="there is no overlay key"):
            await desk.ask(f"stagedoor/@{request}-overlay-key", id=made["id"])


@pytest.mark.parametrize("request_name", ["make", "reveal", "change", "revoke"])
@pytest.mark.parametrize("value", ["", "{}", "[]", "null", '{"id":1}', "[" * 10_000])
async def test_what_is_no_request_does_nothing(office: Office, desk: Desk, request_name: str, value: str) -> None:
    await office.make()
    with pytest.raises(RequestFailed):
        await desk.call(f"stagedoor/@{request_name}-overlay-key", value)
    assert len(office.keys.stored()) == 1


async def test_scopes_are_written_in_full_or_said_to_be_wrong(office: Office, desk: Desk) -> None:
    answer = await desk.ask("stagedoor/@check-scopes", scopes=["call:DoAction", "read:a", "read:a*"])
    assert answer == {"scopes": ["call:action/@run", "read:a*"]}
    with pytest.raises(RequestFailed, match="only lets look on"):
        await desk.ask("stagedoor/@check-scopes", scopes=["call:DoAction"], read_only=True)
    with pytest.raises(RequestFailed, match="no scope"):
        await desk.ask("stagedoor/@check-scopes", scopes=["x"])


@given(st.text(alphabet=st.characters(codec="utf-8")))
async def test_whatever_is_asked_for_a_key_looks_on_alone(word: str) -> None:
    hub = open_hub(MemoryStore())
    service = OverlayKeyDesk(Client(hub, SERVICE), record_nothing)
    try:
        await Desk(hub).ask("stagedoor/@make-overlay-key", name="Wheel", scopes=[f"read:{word}", word])
    except RequestFailed:
        assert service.keys.stored() == []
    else:
        assert all(key.grant.scopes is not None and key.grant.scopes.only_read for key in service.keys.stored())
    await hub.close()
