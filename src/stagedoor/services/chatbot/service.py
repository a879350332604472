"""Hears the chat, runs the commands that are used, and answers the requests to the bot."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from itertools import islice
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.errors import PeerError, RequestFailed, StoreError
from stagedoor.hub import Change, Write
from stagedoor.keys import (
    BOT_CONFIG,
    BOT_SEND_MESSAGE,
    CHAT_MESSAGE,
    COMMAND_PROBLEMS,
    COMMANDS,
    EMIT,
    LAST_COMMAND,
    SEND_CHAT_MESSAGE,
    TEST_COMMAND,
    TWITCH_CONFIG,
)
from stagedoor.services.chatbot.events import describe_refusal, describe_use
from stagedoor.services.chatbot.levels import Level, level_of
from stagedoor.services.chatbot.message import is_from_elsewhere, read_message, sample, text_of
from stagedoor.services.chatbot.rendering import Renderer
from stagedoor.services.chatbot.table import BotCommand, Table
from stagedoor.services.chatbot.uses import Uses
from stagedoor.services.chatbot.voice import Voice
from stagedoor.strimertul import BotConfig, ChatMessage, SendRequest, TwitchConfig, read
from stagedoor.templates import TemplateError, TemplateFailed
from stagedoor.types import Key, Value

logger = logging.getLogger(__name__)

MAX_RUNNING: Final = 500
"""Commands that run at once; what comes on top of them is not run."""


_PART: Final = 800
"""How much of the work of loading commands is done before others have a turn: some 15 milliseconds."""

_LOGGED: Final = 10
"""How many broken commands the log tells of, each time that they are loaded."""


class TrialRequest(msgspec.Struct):
    """A template that is to be tried, the text of the message that it is tried on, and the name of who says that."""

    template: str
    message: str | None = None
    viewer: str | None = None


class ChatBot:
    """The chat bot.

    Args:
        client: A service's, which nobody else listens with.
        monotonic: Tells seconds that never go back, for cooldowns.
        now: Tells Unix time.
    """

    def __init__(
        self,
        client: Client,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._table = Table()
        self._renderer = Renderer(client, now=now)
        self._now = now
        self._voice = Voice(client)
        self._uses = Uses(monotonic)
        self._pause_s = BotConfig().command_cooldown
        self._is_resting = False
        self._running: set[asyncio.Task[None]] = set()
        self._loading: asyncio.Task[None] | None = None
        self._retire: list[Callable[[], None]] = []
        self._load: dict[Key, Callable[[Value], None]] = {
            COMMANDS: self._load_commands,
            BOT_CONFIG: self._load_bot_config,
            TWITCH_CONFIG: self._load_twitch_config,
        }
        self._last_written: Value = ""

    async def start(self) -> None:
        """Load the commands, follow them and the chat, and answer from now on."""
        self._client.deliver = self._hear
        for key, load in self._load.items():
            self._client.subscribe(key)
            load(self._client.get_public(key))
        for key in (CHAT_MESSAGE, LAST_COMMAND):
            self._client.subscribe(key)
        for key, answer in {
            SEND_CHAT_MESSAGE: self._send_text,
            BOT_SEND_MESSAGE: self._send,
            TEST_COMMAND: self._try,
        }.items():
            self._retire.append(self._client.serve(key, answer))

    async def close(self) -> None:
        """Answer no more, and give up what runs."""
        while self._retire:
            self._retire.pop()()
        self._client.close()
        ending = {*self._running} if self._loading is None else {*self._running, self._loading}
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    # --- following ---

    def _hear(self, change: Change) -> None:
        load = self._load.get(change.key)
        if load is not None:
            load(change.value)
        elif change.key == LAST_COMMAND:
            if change.value != self._last_written:
                self._uses.note_other()
        elif change.value:
            self._hear_message(change.value)

    def _load_commands(self, text: Value) -> None:
        """Load them at once, or, when there is much to be done, in parts between which others have a turn."""
        if self._loading is not None:
            self._loading.cancel()
            self._loading = None
        steps = self._table.load(text, self._renderer)
        if self._has_more(steps):
            self._loading = asyncio.get_running_loop().create_task(self._load_rest(steps))

    async def _load_rest(self, steps: Iterator[int]) -> None:
        while True:
            await asyncio.sleep(0)
            if not self._has_more(steps):
                return

    def _has_more(self, steps: Iterator[int]) -> bool:
        """Do a part of the work; returns whether there is more to be done."""
        problems = {}
        try:
            left = _PART
            for cost in steps:
                left -= cost
                if left <= 0:
                    return True
        except ValueError as error:
            logger.error("the chat commands of before are kept: %s", error)
            problems[""] = str(error)
        else:
            broken = self._table.problems
            for trigger, problem in islice(broken.items(), _LOGGED):
                logger.warning("the command %.100r cannot be used: %s", trigger, problem)
            if len(broken) > _LOGGED:
                logger.warning("%d more commands cannot be used, see %s", len(broken) - _LOGGED, COMMAND_PROBLEMS)
            self._uses.keep(self._table.triggers)
        told = msgspec.json.encode({**self._table.problems, **problems}).decode()
        if told != (self._client.get(COMMAND_PROBLEMS) or "{}"):
            self._client.write([Write(COMMAND_PROBLEMS, told)], _ignore)
        return False

    def _load_bot_config(self, text: Value) -> None:
        try:
            self._pause_s = read(text or "{}", BotConfig).command_cooldown
        except ValueError as error:
            logger.error("the command cooldown of before is kept: %s: %s", BOT_CONFIG, error)

    def _load_twitch_config(self, text: Value) -> None:
        try:
            config = read(text or "{}", TwitchConfig)
        except ValueError as error:
            logger.error("the chat bot's switch stays as it was: %s: %s", TWITCH_CONFIG, error)
            return
        # Without Twitch there are rehearsals, in which the bot takes part.
        self._is_resting = config.enabled and not config.enable_bot

    # --- commands ---

    def _hear_message(self, value: Value) -> None:
        """Run the commands that a message uses. However many there are, most messages cost a look at their first word.

        Whoever may not use a command starts no cooldown, which would keep others from theirs.
        """
        if self._is_resting:
            return
        used = self._table.find(text_of(value))
        if not used:
            return
        try:
            message = read_message(value)
        except ValueError as error:
            logger.warning("a chat message could not be read: %s", error)
            return
        if is_from_elsewhere(message):
            return
        level = level_of(message.user.badges or ())
        viewer = message.user.id or message.user.name
        # All are judged before any is noted: the first must not make the second wait.
        ready: list[BotCommand] = []
        for command in used:
            if level < command.level:
                continue
            left = self._uses.left(command.trigger, viewer, command.pauses._replace(chat=self._pause_s))
            if level >= Level.MODERATOR or not any(left):
                ready.append(command)
            else:
                counts = self._uses.count(command.trigger, viewer)
                self._begin(self._emit(describe_refusal(command, message, counts, left)))
        if ready:
            self._last_written = str(self._now())
            self._client.write([Write(LAST_COMMAND, self._last_written)], _ignore)
        for command in ready:
            counts = self._uses.note(command.trigger, viewer)
            self._begin(self._run(command, message, counts))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        if len(self._running) >= MAX_RUNNING:
            work.close()
            logger.warning("a chat command was not run: %d are running", MAX_RUNNING)
            return
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, command: BotCommand, message: ChatMessage, counts: tuple[int, int]) -> None:
        try:
            await self._emit(describe_use(command, message, counts))
            text = await self._renderer.run(command.template, message)
            await self._answer(command, message, text)
        except TemplateFailed as error:
            logger.warning("the command %r says nothing: %s", command.trigger, error)
        except RequestFailed as error:
            logger.warning("the answer of the command %r could not be said: %s", command.trigger, error)
        except Exception:
            logger.exception("the command %r failed", command.trigger)

    async def _answer(self, command: BotCommand, message: ChatMessage, text: str) -> None:
        match command.command.response_type:
            case "" | "chat":
                await self._voice.say(text)
            case "reply":
                await self._voice.say(text, reply_to=message.id)
            case "announce":
                await self._voice.announce(text)
            case "whisper":
                await self._voice.whisper(text, to=message.user.id)

    async def _emit(self, request: Value) -> None:
        try:
            await self._client.call(EMIT, request)
        except (PeerError, StoreError) as error:
            logger.warning("the event of a command could not be published: %s", error)

    # --- requests ---

    async def _send_text(self, value: Value) -> Value:
        if value.strip():
            self._check_awake()
            await self._voice.say(value)
        return "{}"

    async def _send(self, value: Value) -> Value:
        if not value:
            return "{}"  # a deletion
        try:
            request = read(value, SendRequest)
        except ValueError as error:
            raise RequestFailed(f"expected a message: {error}") from error
        if not request.message.strip():
            return "{}"
        self._check_awake()
        if request.reply_to:
            await self._voice.say(request.message, reply_to=request.reply_to)
        elif request.whisper_to:
            await self._voice.whisper(request.message, to=request.whisper_to)
        elif request.announce:
            await self._voice.announce(request.message)
        else:
            await self._voice.say(request.message)
        return "{}"

    def _check_awake(self) -> None:
        """Refuse what is asked of a bot that the owner has switched off."""
        if self._is_resting:
            raise RequestFailed(f"the bot is switched off: enable_bot in {TWITCH_CONFIG} is false")

    async def _try(self, value: Value) -> Value:
        try:
            request = read(value, TrialRequest)
        except ValueError as error:
            raise RequestFailed(f"expected a template: {error}") from error
        message = sample(request.message, request.viewer)
        try:
            output = await self._renderer.run(self._renderer.compile(request.template), message, is_trial=True)
        except TemplateError as error:
            raise RequestFailed(str(error)) from error
        return msgspec.json.encode({"output": output}).decode()


def _ignore(error: StoreError | None) -> None:
    """What is kept in memory needs no disk, and cannot fail."""
