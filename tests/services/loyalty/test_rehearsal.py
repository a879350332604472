"""Loyalty in a chat room of this machine, without an account anywhere."""

import asyncio

import msgspec

from stagedoor.access import SERVICE, Client
from stagedoor.hub import Change, Hub, MemoryStore
from stagedoor.services.emitter import Emitter
from stagedoor.services.loopback import Loopback
from stagedoor.services.loyalty import Loyalty
from tests.kilovolt.harness import FakeClock
from tests.services.harness import Desk, encode, open_hub
from tests.services.loyalty.harness import CONFIG


async def test_a_command_is_answered_in_the_room() -> None:
    hub: Hub = open_hub(MemoryStore())
    desk = Desk(hub)
    Emitter(Client(hub, SERVICE))
    Loopback(Client(hub, SERVICE))
    loyalty = Loyalty(Client(hub, SERVICE), Client(hub, SERVICE), FakeClock())
    await loyalty.start()
    await desk.put("loyalty/config", encode(CONFIG))
    await desk.put("loyalty/points/ada", '{"points":120}')
    answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def hear(change: Change) -> None:
        said = msgspec.json.decode(change.value)
        if said["user"]["login"] != "ada":
            answered.set_result(said["text"])

    opened = asyncio.Event()
    waiter = Client(hub, SERVICE, lambda change: opened.set())
    waiter.subscribe("platform/twitch")
    room = asyncio.ensure_future(desk.ask("loopback/@open", platform="twitch"))
    await opened.wait()
    listener = Client(hub, SERVICE, hear)
    listener.subscribe("event/Twitch/ChatMessage")
    await desk.ask("loopback/@say", platform="twitch", name="Ada", message="!balance")
    assert await answered == "Ada: you have 120 wishes!"
    room.cancel()
    await asyncio.gather(room, return_exceptions=True)
    await loyalty.close()
    await hub.close()
