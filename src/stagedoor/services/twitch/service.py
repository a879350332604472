"""Twitch as a service: brings what runs in line with what the keys say, whenever one of them changes.

What should run follows from ``twitch/config`` and from who is logged in. After every change it is compared with what
does run, and only what differs is begun or ended: who saves the same settings again notices nothing. No failure of
Twitch ends any of it, and nothing is opened before Twitch is switched on.
"""

import asyncio
import logging
import random as random_
import time
from collections.abc import Callable
from typing import Final

import msgspec

from stagedoor.access import Client, Clock, Record
from stagedoor.errors import StoreError
from stagedoor.hub import Change, Write
from stagedoor.keys import STREAM_INFO, TWITCH_CONFIG, TWITCH_STATUS
from stagedoor.services.twitch.connection import Connection, Purpose, World
from stagedoor.services.twitch.eventsub import TopicState
from stagedoor.services.twitch.helix import Helix
from stagedoor.services.twitch.login import Logins
from stagedoor.services.twitch.network import Network
from stagedoor.services.twitch.oauth import OAuth
from stagedoor.services.twitch.publishing import Publisher
from stagedoor.services.twitch.requests import Requests
from stagedoor.services.twitch.sending import Sender
from stagedoor.services.twitch.simulation import Simulation
from stagedoor.services.twitch.tokens import Tokens, User
from stagedoor.services.twitch.topics import TOPICS
from stagedoor.services.twitch.urls import Urls
from stagedoor.services.twitch.websocket import WebSockets
from stagedoor.strimertul import TwitchConfig, read
from stagedoor.types import JsonObject, Key

logger = logging.getLogger(__name__)

PLATFORM: Final[Key] = "platform/twitch"


class Twitch:
    """The service. ``client`` makes one more client of the hub; each part has its own."""

    def __init__(
        self,
        client: Callable[[], Client],
        clock: Clock,
        urls: Urls,
        *,
        find_redirect: Callable[[], str | None],
        record: Record,
        now: Callable[[], float] = time.time,
        random: Callable[[], float] = random_.random,
    ) -> None:
        self._client = client()
        self._now = now
        self._sockets = WebSockets()
        self._world = World(urls, self._sockets.connect, clock, now, random)
        self._network = Network()
        oauth = OAuth(urls, self._network)
        self._tokens = Tokens(client(), oauth, clock, now=now, random=random)
        self._tokens.changed = lambda account: self._look()
        self._logins = Logins(client(), oauth, self._tokens, urls, find_redirect, record, clock, now)
        self._helix = Helix(urls, self._network, self._tokens, clock, now=now)
        self._sender = Sender(self._helix, self._tokens, clock, random, self._look)
        self._publisher = Publisher(client(), client(), now=now)
        Simulation(client(), self._publisher, now=now)
        self._requests = Requests(self._client, self._helix, self._tokens, self._sender, clock)
        self._config = TwitchConfig()
        self._connection: Connection | None = None
        self._is_due = asyncio.Event()
        self._state = ("", 0)
        """How it was last shown, and since when, in Unix milliseconds."""
        self._shown: dict[Key, str | None] = {PLATFORM: None}
        self._conflict: str | None = None
        self._owner: asyncio.Task[None] | None = None
        self._is_closing = False

    async def start(self) -> None:
        """Look what there is, and go by it from now on; waits for no network."""
        self._client.deliver = self._hear
        self._client.subscribe(TWITCH_CONFIG)
        self._client.subscribe(PLATFORM)  # which a room of this machine gives back when it is closed
        self._load()
        self._publisher.start()
        self._tokens.start()
        self._logins.start()
        self._show()
        self._owner = asyncio.get_running_loop().create_task(self._reconcile_always())

    async def close(self) -> None:
        """End everything, and close the sockets."""
        self._is_closing = True
        self._look()
        if self._owner is not None:
            await self._owner
        self._requests.close()
        await self._logins.close()
        await self._tokens.close()
        await self._sockets.close()
        await self._network.close()
        await self._publisher.close()
        self._client.close()

    # --- what should be ---

    def _hear(self, change: Change) -> None:
        if change.key == TWITCH_CONFIG:
            self._load()
        self._look()

    def _load(self) -> None:
        text = self._client.get(TWITCH_CONFIG)
        try:
            self._config = read(text, TwitchConfig) if text else TwitchConfig()
        except ValueError as error:
            logger.warning("%s is not valid, what it was holds on: %s", TWITCH_CONFIG, error)

    def _purpose(self) -> Purpose | None:
        """Tell what there should be a connection for, if for anything."""
        client_id, streamer = self._config.api_client_id.strip(), self._tokens.user("streamer")
        if not self._config.enabled or not client_id or streamer is None or self._tokens.needs_login("streamer"):
            return None
        login = self._tokens.login_number("streamer")
        return Purpose(client_id, streamer.id, streamer.broadcaster_type, frozenset(streamer.scopes), login)

    # --- what is ---

    def _look(self) -> None:
        """Compare what is with what should be, soon."""
        self._is_due.set()

    async def _reconcile_always(self) -> None:
        while not self._is_closing:
            self._is_due.clear()
            try:
                await self._reconcile()
            except Exception:
                logger.exception("the connection to Twitch could not be brought in line")
            await self._is_due.wait()
        await self._disconnect()

    async def _reconcile(self) -> None:
        purpose = self._purpose()
        if self._connection is not None and self._connection.purpose != purpose:
            await self._disconnect()
            if not self._config.enabled or not self._tokens.has_tokens("streamer"):
                # Nobody asks any more; a stream that was live when the owner did this must not be live for ever.
                await self._client.put(STREAM_INFO, "[]")
        if self._connection is None and purpose is not None:
            self._connection = Connection(
                purpose,
                self._client,
                self._world,
                helix=self._helix,
                tokens=self._tokens,
                sender=self._sender,
                publisher=self._publisher,
                changed=self._look,
            )
            self._connection.start()
        self._show()

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._show()
        if connection is not None:
            await self._sender.close()
            await connection.close()

    # --- what is shown ---

    def _show(self) -> None:
        """Show how it is, and as a platform to chat on, while it is one."""
        connection = self._connection
        platform = self._open() if connection is not None and connection.has_chat else None
        if platform is None:
            self._requests.shut()
        state, problem = self._describe_state()
        if state != self._state[0]:
            self._state = (state, round(self._now() * 1000))
        topics = [] if connection is None else list(connection.eventsub.topics.values())
        status: JsonObject = {
            "state": state,
            "problem": problem,
            "since": self._state[1],
            "streamer": self._tokens.describe("streamer"),
            "bot": self._tokens.describe("bot"),
            "topics": topics or [TopicState(topic.name, topic.version) for topic in TOPICS.values()],
            "queue": self._sender.waiting,
        }
        self._put(PLATFORM, platform)
        self._put(TWITCH_STATUS, status)

    def _describe_state(self) -> tuple[str, str | None]:
        if not self._config.enabled:
            return "off", None
        if not self._config.api_client_id.strip():
            return "not configured", None
        account = self._tokens.describe("streamer") or {}
        problem = account.get("problem")
        problem = problem if isinstance(problem, str) else None
        if self._tokens.needs_login("streamer"):
            return "login needed", problem
        if self._connection is None:
            return ("connecting", None) if problem is None else ("offline", problem)
        eventsub, deaf = self._connection.eventsub, self._connection.chat_problem
        return eventsub.state, eventsub.problem or (deaf and f"nothing is heard of the chat: {deaf}") or self._conflict

    def _open(self) -> JsonObject | None:
        """Let things be said in chat; returns the accounts, as ``GetBroadcaster`` tells them.

        Source: Streamer.bot's documentation; the official client 1.12.2 spells two members in another way.
        """
        streamer = self._tokens.user("streamer")
        bot = None if self._tokens.needs_login("bot") else self._tokens.user("bot")
        if streamer is None:
            return None
        try:
            self._requests.open()
        except ValueError:
            self._conflict = (
                "a room of this machine stands for Twitch; it says and shows what is said until it is closed"
            )
            return None
        self._conflict = None
        standing: JsonObject = {
            f"{spelling}Is{kind.capitalize()}": streamer.broadcaster_type == kind
            for spelling in ("broadcaster", "broadcast")
            for kind in ("affiliate", "partner")
        }
        return {
            **_describe_user("broadcast", streamer),
            **standing,
            **({} if bot is None else _describe_user("bot", bot)),
        }

    def _put(self, key: Key, value: JsonObject | None) -> None:
        """Write state that is kept in memory, if it is another."""
        text = None if value is None else msgspec.json.encode(value).decode()
        if text != self._shown.get(key):
            self._shown[key] = text
            self._client.write([Write(key, text)], _ignore)


def _describe_user(role: str, user: User) -> JsonObject:
    return {f"{role}User": user.name, f"{role}UserName": user.login, f"{role}UserId": user.id}


def _ignore(error: StoreError | None) -> None:
    """State in memory needs no disk, and cannot fail."""
