"""One connection: what goes on while Twitch is switched on and a streamer is logged in.

Each part goes on by itself, and begins again should it fail in a way that nobody meant.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from stagedoor.access import Client, Clock
from stagedoor.services.twitch.chat import ChatEvent, read_event
from stagedoor.services.twitch.emotes import Emotes
from stagedoor.services.twitch.errors import HelixError
from stagedoor.services.twitch.eventsub import EventSub
from stagedoor.services.twitch.helix import Helix
from stagedoor.services.twitch.publishing import Own, Publisher, read_payload
from stagedoor.services.twitch.scopes import covers
from stagedoor.services.twitch.sending import Sender
from stagedoor.services.twitch.streams import TOPICS as STREAM_TOPICS
from stagedoor.services.twitch.streams import Streams
from stagedoor.services.twitch.timing import Pauses, sleep
from stagedoor.services.twitch.tokens import Tokens
from stagedoor.services.twitch.topics import CHAT_MESSAGE, TOPICS, Topic
from stagedoor.services.twitch.urls import Urls
from stagedoor.services.twitch.websocket import Socket

logger = logging.getLogger(__name__)

_MODERATES: Final = frozenset(("moderator", "lead_moderator", "broadcaster"))
"""Badges of those who may say more."""


class Purpose(NamedTuple):
    """What a connection is for; with another of these it is another connection."""

    client_id: str
    streamer_id: str
    standing: str
    """``affiliate``, ``partner`` or empty: some topics are not for everybody."""
    scopes: frozenset[str]
    login: int
    """Which login it was: with another one, Twitch is asked again for what it has refused or revoked."""


class World(NamedTuple):
    """What is outside: the network, the time, and chance."""

    urls: Urls
    connect: Callable[[str], Awaitable[Socket]]
    clock: Clock
    now: Callable[[], float]
    """Unix time."""
    random: Callable[[], float]
    """From 0 to 1."""


class Connection:
    """Begins with :meth:`start`, ends with :meth:`close`; ``changed`` is told when :attr:`eventsub` is different."""

    def __init__(
        self,
        purpose: Purpose,
        client: Client,
        world: World,
        *,
        helix: Helix,
        tokens: Tokens,
        sender: Sender,
        publisher: Publisher,
        changed: Callable[[], None],
    ) -> None:
        self.purpose = purpose
        self._world = world
        self._helix = helix
        self._tokens = tokens
        self._sender = sender
        self._publisher = publisher
        self._tasks: list[asyncio.Task[None]] = []
        channel_id, clock = purpose.streamer_id, world.clock
        self._streams = Streams(client, helix, clock, channel_id)
        self._emotes = Emotes(client, helix, clock, Pauses(world.random), channel_id)
        self.eventsub = EventSub(
            tuple(TOPICS.values()),
            url=world.urls.eventsub,
            connect=world.connect,
            subscribe=self._subscribe,
            deliver=self._take,
            clock=clock,
            now=world.now,
            random=world.random,
            changed=self._note_change,
        )
        self._changed = changed
        self._revoked: set[str] = set()

    def start(self) -> None:
        """Let all of it go on."""
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._keep_up(part.run)) for part in (self.eventsub, self._streams, self._emotes)
        ]

    async def close(self) -> None:
        """End all of it, and close the sockets."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def chat_problem(self) -> str | None:
        """Why nothing is heard of the chat any more, if Twitch has revoked that."""
        chat = self.eventsub.topics[CHAT_MESSAGE]
        return chat.reason if chat.state == "revoked" else None

    @property
    def has_chat(self) -> bool:
        """Whether there is a chat to speak in. It is spoken in by other ways than heard, so being deaf does not matter,
        unless Twitch wants it."""
        return self.eventsub.has_begun and self.chat_problem is None

    def _note_change(self) -> None:
        topics = self.eventsub.topics.items()
        self._publisher.heard = {name for name, topic in topics if topic.state == "enabled"}
        before, self._revoked = self._revoked, {name for name, topic in topics if topic.state == "revoked"}
        if self._revoked - before:
            self._streams.ask_now()  # in the streamer's name, so that it is found out whether the login still holds
        self._changed()

    async def _keep_up(self, run: Callable[[], Awaitable[None]]) -> None:
        pauses = Pauses(self._world.random)
        while True:
            try:
                await run()
            except Exception:
                logger.exception("a part of the connection to Twitch failed and begins again")
            await sleep(self._world.clock, pauses.take())

    async def _subscribe(self, topic: Topic, session_id: str) -> None:
        """Subscribe to a topic; what the login does not allow is not asked."""
        lacking = [scope for scope in topic.scopes if not covers(self.purpose.scopes, scope)]
        if lacking:
            raise HelixError(403, f"the streamer's login does not allow {', '.join(lacking)}")
        await self._helix.request(
            "POST",
            self._world.urls.subscribe,
            body={
                "type": topic.name,
                "version": topic.version,
                "condition": topic.condition(self.purpose.streamer_id),
                "transport": {"method": "websocket", "session_id": session_id},
            },
        )

    def _take(self, notification: bytes) -> None:
        """Pass a notification on."""
        received_s = self._world.now()
        try:
            payload = read_payload(notification)
            topic = payload.subscription.type
            own = self._recognise(read_event(payload.event)) if topic == CHAT_MESSAGE else None
        except ValueError as error:
            logger.warning("EventSub sent a notification that makes no sense: %s", error)
            return
        if topic in STREAM_TOPICS:
            self._streams.ask_now()
        try:
            self._publisher.publish(payload, received_s, own=own)
        except Exception:
            logger.exception("an event of %s could not be published", topic)

    def _recognise(self, said: ChatEvent) -> Own | None:
        """Tell what was said by us: whatever the bot's account says, and what was sent from here."""
        bot = self._tokens.user("bot")
        is_internal = self._sender.recognise(said.message_id, said.chatter_user_id, said.message.text)
        if bot is not None and said.chatter_user_id == bot.id:
            self._sender.note_rank(bot.id, is_moderator=any(badge.set_id in _MODERATES for badge in said.badges or ()))
            if is_internal is None and bot.id != self.purpose.streamer_id:
                is_internal = True
        return None if is_internal is None else Own(is_internal)
