"""The desk of the origins: decisions that the owner makes unasked, what is shown, and what is kept."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from stagedoor.access import SERVICE, Asker, AskQueue, Client
from stagedoor.errors import RequestFailed
from stagedoor.hub import Hub, LmdbStore
from stagedoor.services.origins import OriginDesk
from tests.kilovolt.harness import FakeClock
from tests.services.harness import Desk, FakeTime, open_hub

SITE = "https://overlays.example"


class Office:
    """The desk, and what is heard of it."""

    def __init__(self, hub: Hub, time: FakeTime) -> None:
        self.desk = Desk(hub)
        self.recorded: list[tuple[str, Mapping[str, object]]] = []
        self.shut_out: list[str] = []
        self.service = OriginDesk(
            Client(hub, SERVICE),
            lambda kind, facts: self.recorded.append((kind, facts)),
            self.shut_out.append,
            time,
        )
        self.origins = self.service.origins

    async def shown(self) -> list[tuple[str, str]]:
        await self.desk.put("a", "fence")
        entries = msgspec.json.decode(self.desk.get("stagedoor/origins") or "[]", type=list[dict[str, object]])
        return [(str(entry["origin"]), str(entry["decision"])) for entry in entries]


@pytest.fixture
async def office(desk: Desk) -> Office:
    return Office(desk.hub, FakeTime())


async def test_the_owner_decides_unasked_and_changes_its_mind(office: Office) -> None:
    await office.desk.ask("stagedoor/@decide-origin", origin="HTTPS://Overlays.Example:443/", allow=True)
    assert await office.shown() == [(SITE, "allowed")]
    assert office.origins.is_allowed(SITE)
    await office.desk.ask("stagedoor/@decide-origin", origin=SITE, allow=False)
    assert await office.shown() == [(SITE, "refused")]
    assert office.shut_out == [SITE]
    await office.desk.ask("stagedoor/@forget-origin", origin=SITE.upper())
    assert await office.shown() == []
    assert office.shut_out == [SITE, SITE]
    assert [(kind, facts.get("decision")) for kind, facts in office.recorded] == [
        ("origin", "allowed"),
        ("origin", "refused"),
        ("revoked", None),
    ]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "{}",
        '{"origin":"https://a.example"}',
        '{"origin":"null","allow":true}',
        '{"origin":"*","allow":true}',
        '{"origin":"https://*","allow":true}',
        '{"origin":"https://a b","allow":true}',
        '{"origin":"https://a.example/path","allow":true}',
        '{"origin":"https://user@a.example","allow":true}',
        '{"origin":"https://a.example:99999","allow":true}',
        '{"origin":"file:///x","allow":true}',
        "[" * 10_000,
    ],
)
async def test_what_is_no_origin_is_not_decided_about(office: Office, value: str) -> None:
    with pytest.raises(RequestFailed):
        await office.desk.call("stagedoor/@decide-origin", value)
    assert office.origins.stored() == []


async def test_what_was_not_decided_cannot_be_forgotten(office: Office) -> None:
    for value in ("", "{}", '{"origin":"https://a.example"}', '{"origin":5}'):
        with pytest.raises(RequestFailed):
            await office.desk.call("stagedoor/@forget-origin", value)
    assert office.shut_out == []


async def test_an_answer_is_recorded_and_kept(tmp_path: Path) -> None:
    time = FakeTime()
    hub = open_hub(LmdbStore(tmp_path / "store"))
    office = Office(hub, time)
    asks = AskQueue(FakeClock())
    office.origins.ask(asks, SITE, Asker("127.0.0.1", SITE))
    assert asks.answer(asks.open[0].id, allow=True)
    assert office.recorded == [("origin", {"origin": SITE, "decision": "allowed", "asked": True})]
    assert await office.shown() == [(SITE, "allowed")]
    await hub.close()
    hub = open_hub(LmdbStore(tmp_path / "store"))
    again = Office(hub, time)
    assert again.origins.is_allowed(SITE)
    assert not again.origins.ask(asks, SITE, Asker("127.0.0.1", SITE))
    await hub.close()
