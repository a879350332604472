"""The bot in Twitch's own chat, which a fake Twitch stands for."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stagedoor import keys
from stagedoor.access import SERVICE, Client
from stagedoor.fake_twitch.people import User
from stagedoor.services.chatbot import ChatBot
from stagedoor.services.emitter import Emitter
from stagedoor.types import JsonObject
from tests.services.twitch.show import Show, open_show


class Evening:
    """A show in whose chat the bot is."""

    def __init__(self, show: Show, bot: ChatBot) -> None:
        self.show = show
        self._bot = bot
        self.world = show.twitch.world

    async def ran(self, count: int) -> list[JsonObject]:
        """Wait until so many commands have run to their end; returns their events."""
        await self.show.until(lambda: len(self.show.told("event/Command/Triggered")) == count)
        while self._bot._running:
            await asyncio.wait(self._bot._running)
        return self.show.told("event/Command/Triggered")

    async def answer(self, text: str) -> str | None:
        """Wait until somebody says a text; returns what it replies to."""
        await self.show.until(lambda: text in [message.text for message in self.world.messages.values()])
        message = next(message for message in self.world.messages.values() if message.text == text)
        assert message.author is self.world.bot
        return None if message.thread is None else message.thread.text


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[Evening]:
    async with open_show(tmp_path) as show:
        Emitter(Client(show.hub, SERVICE))
        bot = ChatBot(Client(show.hub, SERVICE))
        await show.put(keys.BOT_CONFIG, {"command_cooldown": 0})
        await bot.start()
        yield Evening(show, bot)
        await bot.close()


async def test_commands_are_answered_in_chat_by_the_bot(evening: Evening) -> None:
    commands = {
        "!hello": {"response": "Hello {{ user . }}, number {{ count `hellos` }}", "enabled": True},
        "!so": {"response": "{{ param 1 . }}: {{ game (param 1 .) }}", "enabled": True, "response_type": "reply"},
        "!sub": {
            "response": "thank you",
            "enabled": True,
            "access_level": "subscribers",
        },
    }
    await evening.show.put(keys.COMMANDS, commands)
    world = evening.world
    zoe: User = world.user("Zoe")
    world.channel_of(zoe).game = world.game("Minecraft")
    for name in ("Ada", "Bob"):
        world.chat(name, "!sub")
        world.chat(name, "!hello")
    assert await evening.answer("Hello Ada, number 1") is None
    assert await evening.answer("Hello Bob, number 2") is None
    assert evening.show.desk.get("twitch/bot-counters/hellos") == "2"
    world.chat("Ada", "!so @Zoe")
    assert await evening.answer("@Zoe: Minecraft") == "!so @Zoe"
    world.chat("Ada", "!so nobody_at_all")
    await evening.answer("nobody_at_all: unknown")
    world.subscribe("Ada")
    world.chat("Ada", "!sub")
    await evening.answer("thank you")
    assert len(await evening.ran(5)) == 5


async def test_announcements_and_whispers_come_from_the_streamer(evening: Evening) -> None:
    commands = {
        "!loud": {"response": "listen", "enabled": True, "response_type": "announce"},
        "!secret": {"response": "psst", "enabled": True, "response_type": "whisper"},
    }
    await evening.show.put(keys.COMMANDS, commands)
    evening.world.chat("Ada", "!loud")
    await evening.show.until(lambda: bool(evening.show.told("event/Twitch/Announcement")))
    (announcement,) = evening.show.told("event/Twitch/Announcement")
    assert announcement["text"] == "listen"
    evening.world.chat("Ada", "!secret")
    await evening.ran(2)
    (whisper,) = evening.show.twitch.calls_of("/helix/whispers", "POST")
    assert whisper.body == {"message": "psst"}
    assert whisper.query["to_user_id"] == [evening.world.user("Ada").id]


async def test_what_the_bot_says_is_no_command(evening: Evening) -> None:
    await evening.show.put(keys.COMMANDS, {"again": {"response": "again and again", "enabled": True}})
    evening.world.chat("Ada", "again")
    await evening.answer("again and again")
    evening.world.chat("Ada", "the end")
    await evening.show.until(lambda: "the end" in evening.show.messages)
    assert evening.show.messages == ["again", "the end"]
    assert len(await evening.ran(1)) == 1
