"""What the bot says: in order, and no more than a chat can take."""

import asyncio

import msgspec

from stagedoor.access import SERVICE, Client
from stagedoor.hub import MemoryStore
from stagedoor.services.loyalty.replies import MAX_WAITING, Replies
from tests.services.harness import Desk, open_hub


async def test_answers_wait_for_each_other_and_too_many_are_dropped() -> None:
    hub = open_hub(MemoryStore())
    desk = Desk(hub)
    said: list[str] = []
    opened, full = asyncio.Event(), asyncio.Event()

    async def send(value: str) -> str:
        await opened.wait()
        said.append(msgspec.json.decode(value)["message"])
        if len(said) == MAX_WAITING + 1:
            full.set()
        return "{}"

    desk.serve("platform/twitch/@send-message", send)
    replies = Replies(Client(hub, SERVICE))
    replies.say("0")
    await asyncio.sleep(0)  # it is being said
    for number in range(1, MAX_WAITING + 20):
        replies.say(str(number))
    opened.set()
    await full.wait()
    assert said == [str(number) for number in range(MAX_WAITING + 1)]
    await replies.close()
    await hub.close()


async def test_a_bug_of_the_chat_ends_nothing() -> None:
    hub = open_hub(MemoryStore())
    desk = Desk(hub)
    said: asyncio.Queue[str] = asyncio.Queue()

    async def send(value: str) -> str:
        message = msgspec.json.decode(value)["message"]
        if message == "first":
            raise ZeroDivisionError
        said.put_nowait(message)
        return "{}"

    desk.serve("platform/twitch/@send-message", send)
    replies = Replies(Client(hub, SERVICE))
    replies.say("first")
    replies.say("second")
    assert await said.get() == "second"
    await replies.close()
    await hub.close()
