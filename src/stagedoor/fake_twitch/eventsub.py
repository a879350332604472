"""EventSub over WebSocket at a fake Twitch: sessions, subscriptions, and the messages that they get.

From Twitch's pages "Getting Events Using WebSockets" and "WebSocket Messages". A message waits for its session's
writer in a queue without bound, since a test's client that does not read is nobody's problem for long.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec
from aiohttp import WSMsgType, web

from stagedoor.fake_twitch.clock import Clock, exact_time
from stagedoor.fake_twitch.faults import Faults
from stagedoor.fake_twitch.people import User
from stagedoor.fake_twitch.refused import Refused
from stagedoor.fake_twitch.tokens import Application, Token, Tokens
from stagedoor.fake_twitch.topics import CATALOGUE, Topic
from stagedoor.fake_twitch.world import World
from stagedoor.types import JsonObject

KEEPALIVE_S: Final = (10, 600)
SUBSCRIBE_WITHIN_S: Final = 10.0
RECONNECT_WITHIN_S: Final = 30.0
MAX_SESSIONS: Final = 3
"""With enabled subscriptions, for each user of an application."""

MAX_SUBSCRIPTIONS: Final = 300
"""Enabled ones, for each session."""

MAX_COST: Final = 10

_KEPT_SUBSCRIPTIONS: Final = 1000


@dataclass(slots=True, eq=False)
class Session:
    """One WebSocket."""

    id: str
    socket: web.WebSocketResponse
    request: web.Request
    keepalive_s: int
    connected_at: float
    owner: tuple[str, str] | None = None
    """The application's and the user's id, once there was a subscription."""
    was_used: bool = False
    reconnect_key: str | None = None
    asked_to_reconnect: asyncio.Event = field(default_factory=asyncio.Event)
    successor: "Session | None" = None
    last_sent_at: float = 0.0
    waiting: asyncio.Queue[str | tuple[int, str]] = field(default_factory=asyncio.Queue)
    """Texts to send, and at last perhaps a code and reason to close with."""

    def close(self, code: int, reason: str) -> None:
        """Close it after what waits has been sent."""
        self.waiting.put_nowait((code, reason))


@dataclass(slots=True, eq=False)
class Subscription:
    """Interest in a topic, with a condition."""

    id: str
    topic: Topic
    condition: dict[str, str]
    session: Session
    token: Token
    created_at: float
    cost: int
    status: str = "enabled"
    disconnected_at: float | None = None


class EventSub:
    """The sessions and subscriptions of everybody."""

    def __init__(self, world: World, tokens: Tokens) -> None:
        self.url = ""
        """Where the sockets are; known once the server listens."""
        self.faults = Faults(self)
        self.sessions: list[Session] = []
        """Those that are open, the oldest first."""
        self.subscriptions: dict[str, Subscription] = {}
        """Those that ended are among them, as on Twitch; the oldest are forgotten."""
        self._world = world
        self._tokens = tokens
        self._changed = asyncio.Event()
        world.listeners.append(self.happened)

    @property
    def _clock(self) -> Clock:
        return self._world.clock

    # -- Sockets -------------------------------------------------------------------------------------------------------

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket until its end."""
        if self.faults.refused_connections > 0:
            self.faults.refused_connections -= 1
            return web.Response(status=503)
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        session = Session(
            id=f"AgoQ{secrets.token_urlsafe(18)}",
            socket=socket,
            request=request,
            keepalive_s=_keepalive(request.query.get("keepalive_timeout_seconds", "")),
            connected_at=self._clock.now(),
        )
        key = request.query.get("reconnect")
        before = None
        if key is not None:
            before = next((one for one in self.sessions if one.reconnect_key == key), None)
            if before is None or before.successor is not None:
                await socket.close(code=4007, message=b"invalid reconnect")
                return socket
            session.keepalive_s = before.keepalive_s
        self.sessions.append(session)
        self._send(session, "session_welcome", {"session": _describe(session, "connected")})
        if before is not None:
            self._move(before, session)
        self._note_change()
        jobs = [
            asyncio.create_task(job(session))
            for job in (self._write, self._keep_alive, self._close_if_unused, self._close_if_not_reconnected)
        ]
        try:
            async for message in socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    session.close(4001, "client sent inbound traffic")
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            self._forget(session)
        return socket

    async def _write(self, session: Session) -> None:
        while True:
            message = await session.waiting.get()
            with contextlib.suppress(ConnectionError):
                if isinstance(message, str):
                    await session.socket.send_str(message)
                    continue
                await session.socket.close(code=message[0], message=message[1].encode())
            return

    async def _keep_alive(self, session: Session) -> None:
        while True:
            due = session.last_sent_at + session.keepalive_s
            await self._clock.sleep_until(due)
            if session.last_sent_at + session.keepalive_s <= self._clock.now():
                if self.faults.sends_keepalives:
                    self._send(session, "session_keepalive", {})
                else:
                    session.last_sent_at = self._clock.now()

    async def _close_if_unused(self, session: Session) -> None:
        await self._clock.sleep_until(session.connected_at + SUBSCRIBE_WITHIN_S)
        if not session.was_used:
            session.close(4003, "connection unused")

    async def _close_if_not_reconnected(self, session: Session) -> None:
        await session.asked_to_reconnect.wait()
        await self._clock.sleep_until(self._clock.now() + RECONNECT_WITHIN_S)
        if session.successor is None:
            session.close(4004, "reconnect grace time expired")

    def _move(self, before: Session, session: Session) -> None:
        """Give a session what the one had that it replaces."""
        before.successor = session
        session.owner, session.was_used = before.owner, True
        for subscription in self.subscriptions.values():
            if subscription.session is before and subscription.status == "enabled":
                subscription.session = session

    def _forget(self, session: Session) -> None:
        self.sessions.remove(session)
        for subscription in self.subscriptions.values():
            if subscription.session is session and subscription.status == "enabled":
                subscription.status = "websocket_disconnected"
                subscription.disconnected_at = self._clock.now()
        self._note_change()

    # -- Messages ------------------------------------------------------------------------------------------------------

    def happened(self, topic: str, event: JsonObject, where: dict[str, str]) -> None:
        """Notify each subscription whose condition fits."""
        for subscription in self.subscriptions.values():
            if subscription.topic.name != topic or subscription.status != "enabled":
                continue
            if all(where.get(name, value) == value for name, value in subscription.condition.items() if value):
                payload: JsonObject = {"subscription": self.describe(subscription), "event": event}
                self._send(subscription.session, "notification", payload, subscription, copies=self.faults.copies)

    def _send(
        self,
        session: Session,
        kind: str,
        payload: JsonObject,
        subscription: Subscription | None = None,
        *,
        copies: int = 1,
    ) -> None:
        now = self._clock.now()
        metadata: JsonObject = {
            "message_id": secrets.token_hex(16),
            "message_type": kind,
            "message_timestamp": exact_time(now - (self.faults.age_s if kind == "notification" else 0.0)),
        }
        if subscription is not None:
            metadata["subscription_type"] = subscription.topic.name
            metadata["subscription_version"] = subscription.topic.version
        session.last_sent_at = now
        text = msgspec.json.encode({"metadata": metadata, "payload": payload}).decode()
        for _ in range(copies):
            session.waiting.put_nowait(text)

    # -- Subscriptions -------------------------------------------------------------------------------------------------

    def subscribe(self, token: Token, body: JsonObject) -> Subscription:
        """Make a subscription as a call of Helix asks for; raises :class:`Refused`."""
        name, version = str(body.get("type")), str(body.get("version"))
        if name in self.faults.refused_topics:
            raise Refused(*self.faults.refused_topics[name])
        topic = CATALOGUE.get(name)
        if topic is None or topic.version != version:
            raise Refused(400, "invalid subscription type and version")
        transport = body.get("transport")
        if not isinstance(transport, dict) or transport.get("method") != "websocket" or token.user is None:
            raise Refused(400, "invalid transport and auth combination")
        condition = _condition(topic, body.get("condition"))
        session = next((one for one in self.sessions if one.id == transport.get("session_id")), None)
        if session is None or session.successor is not None:
            raise Refused(400, "websocket transport session does not exist or has already disconnected")
        owner = (token.application.id, token.user.id)
        if session.owner not in (None, owner):
            raise Refused(400, "websocket transport cannot have subscriptions created by different users")
        self._check_rights(topic, condition, token, token.user)
        cost = self._check_limits(topic, condition, token, session, owner)
        session.owner, session.was_used = owner, True
        subscription = Subscription(secrets.token_hex(16), topic, condition, session, token, self._clock.now(), cost)
        self.subscriptions[subscription.id] = subscription
        while len(self.subscriptions) > _KEPT_SUBSCRIPTIONS:
            del self.subscriptions[next(iter(self.subscriptions))]
        self._note_change()
        return subscription

    def _check_rights(self, topic: Topic, condition: dict[str, str], token: Token, user: User) -> None:
        whose = topic.scope_of
        allowed = not whose or condition[whose] == user.id
        if "moderator_user_id" in topic.condition:
            broadcaster = self._world.find(id=condition["broadcaster_user_id"])
            allowed &= broadcaster is not None and self._world.is_moderator(user, self._world.channel_of(broadcaster))
        if not allowed or not all(set(group) & set(token.scopes) for group in topic.scopes):
            raise Refused(403, "subscription missing proper authorization")

    def _check_limits(
        self, topic: Topic, condition: dict[str, str], token: Token, session: Session, owner: tuple[str, str]
    ) -> int:
        own = self.of(owner)
        if any(one.topic is topic and one.condition == condition and one.session is session for one in own):
            raise Refused(409, "subscription already exists")
        sessions = {one.session for one in own} | {session}
        if len(sessions) > MAX_SESSIONS:
            raise Refused(429, "number of websocket transports limit exceeded")
        if sum(one.session is session for one in own) >= MAX_SUBSCRIPTIONS:
            raise Refused(429, "websocket transport subscriptions limit exceeded")
        named = [value for name, value in condition.items() if name.endswith("user_id") and value]
        is_free = any(self._tokens.has_authorized(token.application, user_id) for user_id in named)
        cost = 0 if is_free else 1
        if sum(one.cost for one in own) + cost > MAX_COST:
            raise Refused(429, "subscription total cost limit exceeded")
        return cost

    def of(self, owner: tuple[str, str]) -> list[Subscription]:
        """The enabled subscriptions that an application has made with a user's token."""
        return [one for one in self.subscriptions.values() if one.session.owner == owner and one.status == "enabled"]

    def has_granted(self, application: Application, user: User, *scopes: str) -> bool:
        """Whether a user has granted an application all of these scopes."""
        return set(scopes) <= self._tokens.granted(application, user.id)

    def unsubscribe(self, token: Token, subscription_id: str) -> None:
        """Remove one; raises :class:`Refused`."""
        found = self.subscriptions.get(subscription_id)
        if found is None or found.token.application is not token.application or found.token.user is not token.user:
            raise Refused(404, "subscription not found")
        del self.subscriptions[subscription_id]
        self._note_change()

    def describe(self, subscription: Subscription, *, with_connection: bool = False) -> JsonObject:
        """A subscription as it is shown; Helix tells also since when it is connected."""
        transport: JsonObject = {"method": "websocket", "session_id": subscription.session.id}
        if with_connection:
            transport["connected_at"] = exact_time(subscription.session.connected_at)
            if subscription.disconnected_at is not None:
                transport["disconnected_at"] = exact_time(subscription.disconnected_at)
        return {
            "id": subscription.id,
            "status": subscription.status,
            "type": subscription.topic.name,
            "version": subscription.topic.version,
            "condition": subscription.condition,
            "transport": transport,
            "created_at": exact_time(subscription.created_at),
            "cost": subscription.cost,
        }

    # -- What goes wrong -----------------------------------------------------------------------------------------------

    def ask_to_reconnect(self) -> int:
        """Send all sessions to a new address."""
        asked = [session for session in self.sessions if session.reconnect_key is None]
        for session in asked:
            session.reconnect_key = secrets.token_urlsafe(12)
            body = _describe(session, "reconnecting", reconnect_url=f"{self.url}?reconnect={session.reconnect_key}")
            self._send(session, "session_reconnect", {"session": body})
            session.asked_to_reconnect.set()
        return len(asked)

    def revoke(self, topic: str, reason: str, *, user: User | None = None) -> int:
        """End all subscriptions to a topic, or to all topics for an empty text; those of one user, if given."""
        ended = 0
        for subscription in list(self.subscriptions.values()):
            if subscription.status == "enabled" and topic in ("", subscription.topic.name):
                if user is not None and subscription.token.user is not user:
                    continue
                subscription.status = reason
                self._send(
                    subscription.session,
                    "revocation",
                    {"subscription": self.describe(subscription)},
                    subscription,
                )
                ended += 1
        return ended

    def cut(self) -> int:
        """Break all sockets off."""
        for session in self.sessions:
            if session.request.transport is not None:
                session.request.transport.abort()
        return len(self.sessions)

    def close_all(self, code: int, reason: str) -> int:
        """Close all sockets properly."""
        for session in self.sessions:
            session.close(code, reason)
        return len(self.sessions)

    def send_to_all(self, text: str) -> int:
        """Send a text as it is."""
        for session in self.sessions:
            session.waiting.put_nowait(text)
        return len(self.sessions)

    # -- Waiting -------------------------------------------------------------------------------------------------------

    async def until(self, is_so: Callable[["EventSub"], bool]) -> None:
        """Wait until something is true of the sessions and subscriptions."""
        while not is_so(self):
            await self._changed.wait()

    def _note_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _describe(session: Session, status: str, *, reconnect_url: str | None = None) -> JsonObject:
    """A session as its own messages show it."""
    return {
        "id": session.id,
        "status": status,
        "keepalive_timeout_seconds": session.keepalive_s if reconnect_url is None else None,
        "reconnect_url": reconnect_url,
        "connected_at": exact_time(session.connected_at),
    }


def _keepalive(asked: str) -> int:
    """Seconds of silence before a keepalive: "an invalid, but numeric value will return the nearest acceptable"."""
    low, high = KEEPALIVE_S
    return min(max(int(asked), low), high) if asked.isdecimal() else low


def _condition(topic: Topic, given: object) -> dict[str, str]:
    """A condition with all members that the topic knows, the absent ones empty; raises :class:`Refused`."""
    if not isinstance(given, dict):
        raise Refused(400, "missing or unparseable subscription condition")
    condition = {}
    for name in (*topic.condition, *topic.one_of, *topic.optional):
        value = given.get(name, "")
        condition[name] = value if isinstance(value, str) else ""
    if any(not condition[name] for name in topic.condition):
        raise Refused(400, "missing or unparseable subscription condition")
    if topic.one_of and sum(bool(condition[name]) for name in topic.one_of) != 1:
        raise Refused(400, "missing or unparseable subscription condition")
    return condition
