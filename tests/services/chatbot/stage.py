"""A chat bot on a hub of its own, with a chat beside it that notes what is said, and channels that can be found."""

import asyncio

import msgspec

from stagedoor.access import SERVICE, Client
from stagedoor.errors import RequestFailed
from stagedoor.keys import (
    BOT_CONFIG,
    CHAT_MESSAGE,
    COMMANDS,
    TWITCH_ANNOUNCE,
    TWITCH_CHANNEL,
    TWITCH_WHISPER,
)
from stagedoor.services.chatbot import ChatBot
from stagedoor.services.emitter import Emitter
from stagedoor.strimertul import ChatMessage, ChatUser, write
from stagedoor.types import JsonObject
from tests.services.harness import Desk, encode


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """The bot and what is around it. ``said`` has what was said, as how and text; ``is_connected`` and ``refused`` let
    it fail."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.clock = Hands()
        self.said: list[tuple[str, str]] = []
        self.requests: list[JsonObject] = []
        self.looked_up: list[str] = []
        self.channels: dict[str, JsonObject] = {}
        self.is_connected = True
        self.refused: set[str] = set()
        self._twitch = Client(desk.hub, SERVICE)
        Emitter(Client(desk.hub, SERVICE))
        for key, how in {
            "platform/twitch/@send-message": "say",
            TWITCH_ANNOUNCE: "announce",
            TWITCH_WHISPER: "whisper",
        }.items():
            self._serve(key, how)
        self._twitch.serve(TWITCH_CHANNEL, self._find)
        self.bot = ChatBot(Client(desk.hub, SERVICE), monotonic=self.clock, now=lambda: 1_790_000_000.0)

    def _serve(self, key: str, how: str) -> None:
        async def answer(value: str) -> str:
            if not self.is_connected or how in self.refused:
                raise RequestFailed("Twitch is not connected")
            request = msgspec.json.decode(value, type=dict[str, object])
            self.requests.append(request)
            manner = f"reply to {request['replyId']}" if "replyId" in request else how
            self.said.append((manner, str(request["message"])))
            return "{}"

        self._twitch.serve(key, answer)

    async def _find(self, value: str) -> str:
        login = str(msgspec.json.decode(value, type=dict[str, object])["name"])
        self.looked_up.append(login)
        await asyncio.sleep(0)
        if login not in self.channels:
            raise RequestFailed("there is no such channel")
        return encode(self.channels[login])

    async def start(self, commands: object = None, *, cooldown: float = 0) -> None:
        """Start the bot with these commands; a text is one that everybody may use."""
        await self.desk.put(BOT_CONFIG, encode({"command_cooldown": cooldown}))
        await self.set(commands or {})
        await self.bot.start()
        if self.bot._loading is not None:
            await self.bot._loading

    async def set(self, commands: object) -> None:
        """Store other commands."""
        if isinstance(commands, dict):
            commands = {
                trigger: {"response": command, "enabled": True} if isinstance(command, str) else command
                for trigger, command in commands.items()
            }
        await self.desk.put(COMMANDS, encode(commands))

    async def chat(self, text: str, *badges: str, name: str = "Ann") -> list[str]:
        """Let somebody write; returns what is said then."""
        await self.write(text, *badges, name=name)
        return await self.answers()

    async def write(self, text: str, *badges: str, name: str = "Ann") -> None:
        """Let somebody write, and wait for nothing."""
        user = ChatUser(id=f"id-{name.lower()}", name=name.lower(), display_name=name, badges=dict.fromkeys(badges, 1))
        message = ChatMessage(user=user, message=text, channel="streamer", room_id="99", id="m1")
        message.time = "2023-05-17T17:45:59.394Z"
        await self.desk.put(CHAT_MESSAGE, write(message))

    async def answers(self) -> list[str]:
        """Wait until all commands have run; tell what was said since the last time."""
        while self.bot._running:
            await asyncio.wait(self.bot._running)
        said, self.said = self.said, []
        return [text for _, text in said]
