"""Who is connected, as the owner is told: names of programs come from a thread, once, and hold nobody up for long."""

import asyncio
import threading
from collections.abc import Collection
from dataclasses import dataclass, field

import msgspec
import pytest

from stagedoor.access import BY_PASSWORD, Client
from stagedoor.errors import RequestFailed
from stagedoor.keys import CLIENTS, DISCONNECT
from stagedoor.services import clients as module
from stagedoor.services.clients import Clients, Connected
from tests.services.harness import Desk


@dataclass
class Line:
    """A connection without a socket."""

    client: Client | None
    peer: str = "127.0.0.1"
    port: int = 50_000
    origin: str | None = None
    made_at_ms: int = 1_790_000_000_000
    received: int = 2
    sent: int = 3
    queued_bytes: int = 4
    closed: list[tuple[int, str]] = field(default_factory=list)

    def close(self, code: int, reason: str) -> None:
        """Note how."""
        self.closed.append((code, reason))


@dataclass
class Entrance:
    """A door without a socket."""

    connections: list[Line]
    name: str = "Kilovolt"


class Looks:
    """Looks for programs, and notes for which ports; it can be held up."""

    def __init__(self) -> None:
        self.asked: list[set[int]] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def find(self, ports: Collection[int]) -> dict[int, str]:
        """Find a program behind every port but 9."""
        self.asked.append(set(ports))
        assert self.may_go_on.wait(10)
        return {port: f"a program on {port}" for port in ports if port != 9}


async def listed(desk: Desk) -> list[Connected]:
    return msgspec.json.decode(await desk.call(CLIENTS, ""), type=list[Connected])


async def test_every_open_connection_is_told_of(desk: Desk) -> None:
    here = Client(desk.hub, BY_PASSWORD)
    here.subscribe("a")
    here.subscribe_prefix("b/")
    far = Client(desk.hub, BY_PASSWORD)
    lines = [Line(here, origin="http://localhost"), Line(None), Line(far, peer="192.168.1.5", port=50_001)]
    looks = Looks()
    service = Clients(Client(desk.hub, desk.grant), lambda: [Entrance(lines)], looks.find)
    first, second = await listed(desk)
    assert first == Connected(
        id=str(here.id),
        door="Kilovolt",
        address="127.0.0.1",
        port=50_000,
        origin="http://localhost",
        program="a program on 50000",
        ground="password",
        level="application",
        credential=None,
        scopes=None,
        since_ms=1_790_000_000_000,
        received=2,
        sent=3,
        queued_bytes=4,
        subscriptions=2,
    )
    assert (second.address, second.program) == ("192.168.1.5", None)
    assert looks.asked == [{50_000}]
    await service.close()


async def test_a_program_is_looked_for_once(desk: Desk) -> None:
    lines = [Line(Client(desk.hub, BY_PASSWORD), port=9)]
    looks = Looks()
    service = Clients(Client(desk.hub, desk.grant), lambda: [Entrance(lines)], looks.find)
    assert [one.program for one in await listed(desk)] == [None]
    lines.append(Line(Client(desk.hub, BY_PASSWORD), port=10))
    assert [one.program for one in await listed(desk)] == [None, "a program on 10"]
    assert [one.program for one in await listed(desk)] == [None, "a program on 10"]
    assert looks.asked == [{9}, {10}]
    await service.close()


async def test_a_slow_look_holds_up_neither_the_answer_nor_the_loop(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOOK_UP_TIMEOUT_S", 0.05)
    looks = Looks()
    looks.may_go_on.clear()
    entrance = Entrance([Line(Client(desk.hub, BY_PASSWORD))])
    service = Clients(Client(desk.hub, desk.grant), lambda: [entrance], looks.find)
    both = await asyncio.gather(listed(desk), listed(desk))
    assert [one.program for answer in both for one in answer] == [None, None]
    monkeypatch.setattr(module, "_LOOK_UP_TIMEOUT_S", 10)
    looks.may_go_on.set()
    assert [one.program for one in await listed(desk)] == ["a program on 50000"]
    assert looks.asked == [{50_000}]
    await service.close()


async def test_somebody_is_sent_away_by_id(desk: Desk) -> None:
    lines = [Line(Client(desk.hub, BY_PASSWORD)) for _ in range(2)]
    Clients(Client(desk.hub, desk.grant), lambda: [Entrance(lines)], Looks().find)
    client = lines[1].client
    assert client is not None
    assert await desk.ask(DISCONNECT, id=str(client.id)) == {}
    assert [line.closed for line in lines] == [[], [(1008, "disconnected by the owner")]]
    with pytest.raises(RequestFailed, match="there is no connection 0"):
        await desk.ask(DISCONNECT, id="0")
    with pytest.raises(RequestFailed, match="expected an id"):
        await desk.ask(DISCONNECT)
