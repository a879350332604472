"""Loyalty points, by strimertül's keys: hears the chat, answers requests, and lets rounds of awards go on."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Final

import msgspec

from stagedoor import bot
from stagedoor.access import Client, Clock
from stagedoor.errors import StoreError
from stagedoor.hub import Change, Write
from stagedoor.keys import (
    BOT_CONFIG,
    CHAT_MESSAGE,
    COMMANDS,
    GOALS,
    LAST_COMMAND,
    LOYALTY_CONFIG,
    POINTS,
    REDEEM_QUEUE,
    REWARDS,
    STREAM_INFO,
    TWITCH_CONFIG,
)
from stagedoor.services.loyalty.awards import Awards
from stagedoor.services.loyalty.books import Books, Page, give_back
from stagedoor.services.loyalty.commands import COMMANDS as BUILT_IN
from stagedoor.services.loyalty.commands import Answers, Command
from stagedoor.services.loyalty.older import OlderLists
from stagedoor.services.loyalty.people import MAX_NAME_CHARACTERS, Logins, Person
from stagedoor.services.loyalty.replies import Replies
from stagedoor.services.loyalty.requests import ASKS, handler
from stagedoor.services.loyalty.standings import serve_standings
from stagedoor.strimertul import BotConfig, ChatMessage, LoyaltyConfig, TwitchConfig, read, read_object
from stagedoor.strimertul import Command as CustomCommand
from stagedoor.types import CommitNumber, Value

logger = logging.getLogger(__name__)

_PLATFORM: Final = "platform/twitch"

_DEFAULT_CURRENCY: Final = "points"

_EXEMPT: Final = frozenset(("broadcaster", "moderator", "lead_moderator"))
"""Badges of those whom no cooldown of commands holds up."""

_INVISIBLE: Final = "\U000e0000"
"""What some chat programs add to a message, so that Twitch does not take it for the same as the last."""

_MAX_UNDER_WAY: Final = 1000
"""Commands that wait for the disk; more are passed over."""

_CROWD: Final = 20
"""When more commands than these are under way, one after the other has a turn of the event loop: a flood of them holds
up nobody but themselves."""

_STEP: Final = 500


class _Author(msgspec.Struct, rename="pascal"):
    id: str = msgspec.field(name="ID", default="")
    name: str = ""
    display_name: str = ""
    badges: dict[str, int] | None = None


class _Tags(msgspec.Struct, rename="kebab"):
    source_room_id: str = ""


class _Heard(msgspec.Struct, rename="pascal"):
    """What of a chat message matters here."""

    user: _Author
    message: str
    room_id: str = msgspec.field(name="RoomID", default="")
    tags: _Tags | None = None

    @property
    def is_from_elsewhere(self) -> bool:
        """Whether it was written in another channel, where its author earns points or does not."""
        return self.tags is not None and bot.is_from_elsewhere(self.tags.source_room_id, self.room_id)


_heard_decoder: Final = msgspec.json.Decoder(_Heard)


class Loyalty:
    """The service of points, rewards, goals, the queue and the commands about them.

    Args:
        client: A service's, which nobody else listens with.
        passing: Writes what no disk sees, so that it does not wait for one.
        now: Tells Unix time.
    """

    def __init__(self, client: Client, passing: Client, clock: Clock, *, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._passing = passing
        self._now = now
        self._logins = Logins()
        self._books = Books(client, self._logins, now=now)
        self._awards = Awards(client, self._books, self._who_is_excluded, clock, now=now)
        self._replies = Replies(client)
        self._older = OlderLists()
        self._config = LoyaltyConfig()
        self._banned: frozenset[str] = frozenset()
        self._overrides: tuple[Value, frozenset[str]] = ("", frozenset())
        """The user's own commands as they were stored when they were last looked at, and which names of ours they have;
        there may be thousands, and any viewer can make us look."""
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._retire: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Follow the settings and the chat, and answer from now on."""
        self._client.deliver = self._hear
        for key in (LOYALTY_CONFIG, STREAM_INFO, CHAT_MESSAGE, REWARDS, GOALS, REDEEM_QUEUE):
            self._client.subscribe(key)
        for key in (REWARDS, GOALS, REDEEM_QUEUE):
            self._books.lists.hear(key, self._client.get(key))
        self._client.subscribe_prefix(POINTS)
        self._run(self._learn_logins())
        self._take_stream(self._client.get(STREAM_INFO))
        self._take_config(self._client.get(LOYALTY_CONFIG))
        for key, ask in ASKS.items():
            self._retire.append(self._client.serve(key, handler(self._books, ask)))
        self._retire.append(serve_standings(self._client))

    async def close(self) -> None:
        """Hear and answer nothing more."""
        while self._retire:
            self._retire.pop()()
        await self._awards.close()
        await self._replies.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._client.close()

    async def awarded(self) -> None:
        """Wait until the points that are being given are given."""
        await self._awards.wait()

    async def _learn_logins(self) -> None:
        """Learn whose the balances are, in steps: there may be very many."""
        scan = self._client.scan(POINTS)
        try:
            while entries := scan.take(_STEP):
                for key, text in entries:
                    self._logins.learn(key, text)
                await asyncio.sleep(0)
        finally:
            scan.close()

    # --- hearing ---

    def _hear(self, change: Change) -> None:
        if change.key == CHAT_MESSAGE:
            self._hear_message(change.value)
        elif change.key == LOYALTY_CONFIG:
            self._take_config(change.value)
        elif change.key == STREAM_INFO:
            self._take_stream(change.value)
        elif change.key in (REWARDS, GOALS, REDEEM_QUEUE):
            if change.key == GOALS and self._older.hear_goals(self._books.lists.known(GOALS), change):
                self._run(self._give_back(change.number))
            self._books.lists.hear(change.key, change.value)
        else:
            self._older.hear_balance(change)
            self._logins.hear(change)

    def _take_config(self, text: Value) -> None:
        try:
            self._config = LoyaltyConfig() if text in ("", "null") else read(text, LoyaltyConfig)
        except ValueError as error:
            logger.warning("the key %r is not valid, and what was set before stays: %s", LOYALTY_CONFIG, error)
            return
        self._banned = frozenset(login.casefold().removeprefix("@") for login in self._config.banlist or ())
        self._awards.configure(self._config)

    def _take_stream(self, text: Value) -> None:
        try:
            self._awards.set_live(bool(msgspec.json.decode(text or "null", type=list[msgspec.Raw] | None)))
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            logger.warning("the key %r is not valid: %s", STREAM_INFO, error)

    def _hear_message(self, text: Value) -> None:
        if not self._config.enabled:
            return
        heard = _read_message(text)
        if heard is None or not heard.user.name or len(heard.user.name + heard.user.id) > MAX_NAME_CHARACTERS:
            return
        if heard.is_from_elsewhere:
            return
        author = heard.user
        login = author.name.lower()
        self._awards.note_activity(login)
        person = Person(author.id, login, author.display_name or author.name)
        command, words = self._find_command(heard)
        if command is not None:
            self._run(self._answer(command, person, words))
        elif self._logins.of(person.id) not in (login, None):
            self._run(self._welcome(person))

    # --- commands ---

    def _find_command(self, heard: _Heard) -> tuple[Command | None, str]:
        """Find the command that a message is; ``None`` when it is none, or not now, or not for its author."""
        trigger, _, words = heard.message.replace(_INVISIBLE, "").strip().partition(" ")
        trigger = trigger.lower()
        command = BUILT_IN.get(trigger)
        if (
            command is None
            or self._is_bot_off()
            or heard.user.name.casefold() in self._banned
            or self._is_overridden(trigger)
        ):
            return None, ""
        return (command, words) if self._may_run(heard.user) else (None, "")

    def _is_bot_off(self) -> bool:
        """Tell whether Twitch is to be used without its bot. Without Twitch there are rehearsals, which have one."""
        try:
            config = read(self._client.get_public(TWITCH_CONFIG) or "{}", TwitchConfig)
        except ValueError:
            return False
        return config.enabled and not config.enable_bot

    def _is_overridden(self, trigger: str) -> bool:
        """Tell whether a command of the user's own has the same name."""
        text = self._client.get(COMMANDS)
        if text != self._overrides[0]:
            self._overrides = text, frozenset(_find_overrides(text))
        return trigger in self._overrides[1]

    def _may_run(self, author: _Author) -> bool:
        """Tell whether the pause after the last command is over, and begin the next.

        All commands share it, those of the chat bot and these. Source: strimertül, in which one that comes too soon
        is passed over in silence.
        """
        now = self._now()
        try:
            pause_s = read(self._client.get_public(BOT_CONFIG) or "{}", BotConfig).command_cooldown
        except ValueError:
            pause_s = BotConfig().command_cooldown
        try:
            ago_s = now - msgspec.json.decode(self._passing.get(LAST_COMMAND), type=float)
        except msgspec.DecodeError:
            ago_s = pause_s
        if 0 <= ago_s < pause_s and _EXEMPT.isdisjoint(author.badges or ()):
            return False
        self._passing.write([Write(LAST_COMMAND, msgspec.json.encode(now).decode())], _ignore)
        return True

    async def _answer(self, command: Command, person: Person, words: str) -> None:
        currency = self._config.currency or _DEFAULT_CURRENCY

        def decide(page: Page) -> Answers:
            page.welcome(person)
            return command(page, person, words, currency)

        if self._turn.locked() or len(self._tasks) > _CROWD:
            async with self._turn:
                await asyncio.sleep(0)
        try:
            answers = await self._books.turn(decide)
        except (ValueError, StoreError) as error:
            logger.warning("a command of %s could not be done: %s", person.login, error)
            return
        for answer in answers:
            self._replies.say(answer)

    async def _welcome(self, person: Person) -> None:
        """Let the balance of somebody who has a new login follow."""
        try:
            await self._books.turn(lambda page: page.welcome(person))
        except (ValueError, StoreError) as error:
            logger.warning("the balance of %s could not follow its owner: %s", person.login, error)

    async def _give_back(self, number: CommitNumber) -> None:
        """Give goals back what somebody has undone who wrote an older list of them."""
        undone = self._older.take(number)
        if not undone:
            return
        try:
            await self._books.turn(partial(give_back, undone))
        except (ValueError, StoreError) as error:
            logger.error("contributions that an older list of goals has undone could not be given back: %s", error)
        else:
            logger.info("an older list of goals was written; what was contributed since counts again")

    def _run(self, work: Coroutine[None, None, None]) -> None:
        if len(self._tasks) >= _MAX_UNDER_WAY:
            work.close()
            logger.warning("a chat command was passed over: the disk does not keep up")
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._settle)

    def _settle(self, task: "asyncio.Task[None]") -> None:
        """Let a bug be the end of one command alone."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("loyalty could not do something", exc_info=error)

    # --- awards ---

    def _who_is_excluded(self) -> Callable[[str], bool]:
        """Tell who earns nothing: those who are banned, and the bot, if it has an account of its own."""
        platform = _read_members(self._client.get(_PLATFORM))
        try:
            username = read(self._client.get_public(BOT_CONFIG) or "{}", BotConfig).username
        except ValueError:
            username = ""
        bots = {name.casefold() for name in (platform.get("botUserName"), username) if isinstance(name, str)}
        streamer = platform.get("broadcastUserName")
        excluded = self._banned | (bots - ({streamer.casefold()} if isinstance(streamer, str) else set()))
        return lambda login: login.casefold() in excluded


def _read_message(text: Value) -> _Heard | None:
    try:
        return _heard_decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        message = read(text, ChatMessage)
    except ValueError:
        return None
    user = message.user
    tags = _Tags((message.tags or {}).get("source-room-id", ""))
    return _Heard(_Author(user.id, user.name, user.display_name, user.badges), message.message, message.room_id, tags)


def _find_overrides(text: Value) -> Iterator[str]:
    """Find the user's own commands that have the name of one of these."""
    for name, command in _read_members(text).items():
        trigger = name.strip().lower()
        if trigger in BUILT_IN:
            with contextlib.suppress(ValueError):
                if read_object(command, CustomCommand).enabled:
                    yield trigger


def _read_members(text: Value) -> dict[str, object]:
    try:
        return msgspec.json.decode(text, type=dict[str, object]) if text else {}
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}


def _ignore(error: StoreError | None) -> None:
    """State in memory needs no disk, and cannot fail."""
