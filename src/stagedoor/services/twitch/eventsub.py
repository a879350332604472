"""EventSub over a WebSocket: is told what happens in the channel, whatever befalls the connection.

A session begins at the base address with a welcome, which gives it an id. The topics are subscribed to for that id,
over HTTP. From then on there are notifications, and keepalives where there are none; a socket on which nothing comes
for longer than Twitch announced is dead. Twitch may move a session to another address (``session_reconnect``): the
subscriptions move along, and both sockets are read until the new one has welcomed us and the old one has run dry. As
long as the other address fails it is tried again, and the old socket tells everything. What comes twice is heard once:
the subscriptions stay the same, and with them the ids of messages. After any failure a new session begins at the base
address, after a pause that grows. Its subscriptions are its own, and so are its messages' ids; hence none is begun
while there is a socket of the one before.

Source: Twitch's documentation, "Handling WebSocket Events" and "WebSocket Message Reference".
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

import msgspec

from stagedoor.access import Clock
from stagedoor.services.twitch.errors import HelixError, LoginNeeded, Unreachable
from stagedoor.services.twitch.timing import LONGEST_PAUSE_S, Pauses, limit, sleep
from stagedoor.services.twitch.topics import Topic
from stagedoor.services.twitch.websocket import ConnectionLost, Socket

logger = logging.getLogger(__name__)

CONNECT_S: Final = 15.0
WELCOME_S: Final = 10.0
"""How long the first message may take; Twitch sends it at once."""

PATIENCE_S: Final = 5.0
"""How much later than announced a keepalive may come."""

LAST_WORDS_S: Final = 2.0
"""How long an old socket is read after a new one took its place."""

INVALID_RECONNECT: Final = 4007
"""Twitch's close code for an address to move to that is wrong, or was used."""

MOST_MOVES: Final = 100
MOVES_WITHIN_S: Final = 60.0
"""A session that moves more often gets nowhere, and is begun again after a pause."""

LASTING_S: Final = 30.0
"""A session that held so long was a good one: the next pause is short again."""

SUBSCRIBED_PAUSE_S: Final = 5.0
"""The longest pause after a session that had all its topics, however short it was: Twitch is there, and our network
comes and goes. Without any pause, the topics alone would use up all that Twitch answers in a minute."""

OLDEST_S: Final = 600.0
"""Older messages are none that we missed. Source: "Guarding against replay attacks" asks for this."""

REMEMBERED: Final = 1000
"""Ids of messages, by which those that come twice are known."""

_WHAT_HELPS: Final = {
    "authorization_revoked": "the permission was taken back at Twitch, or the account has a new password: log in again",
    "user_removed": "the account is no longer at Twitch: log in with another one",
    "version_removed": "Twitch tells it in another form now: a newer version of stagedoor may know that one",
}
"""What the owner can do about a topic that is told no more, by Twitch's reason. Source of those: "Handling WebSocket
Events", "Revocation message"."""

_LASTING: Final = frozenset(("user_removed", "version_removed"))
"""Reasons about which another session changes nothing. The others are found out anew: a login may hold all the same."""

State = Literal["connecting", "connected", "offline"]

Deliver = Callable[[bytes], None]
"""Hears the payload of each notification, in order; must neither wait nor raise."""

Subscribe = Callable[[Topic, str], Awaitable[None]]
"""Subscribes to a topic for a session's id; raises :class:`HelixError`, ``LoginNeeded`` or ``Unreachable``."""


class TopicState(msgspec.Struct):
    """How it is with one topic, as the status shows it."""

    topic: str
    version: str
    state: Literal["waiting", "enabled", "refused", "unavailable", "revoked"] = "waiting"
    reason: str | None = None
    """Why it is not enabled, for people."""


class _Metadata(msgspec.Struct):
    message_type: str
    message_id: str = ""
    message_timestamp: str = ""


class _Message(msgspec.Struct):
    metadata: _Metadata
    payload: msgspec.Raw = msgspec.Raw(b"{}")


class _Session(msgspec.Struct):
    id: str = ""
    keepalive_timeout_seconds: int | None = None
    reconnect_url: str | None = None


class _SessionPayload(msgspec.Struct):
    session: _Session


class _Revoked(msgspec.Struct):
    type: str
    status: str = ""


class _RevocationPayload(msgspec.Struct):
    subscription: _Revoked


class _Link(NamedTuple):
    """A socket on which we were welcomed."""

    socket: Socket
    session_id: str
    silence_s: float
    """After so many seconds of silence it is dead."""


_decode: Final = msgspec.json.Decoder(_Message).decode
_decode_session: Final = msgspec.json.Decoder(_SessionPayload).decode
_decode_revocation: Final = msgspec.json.Decoder(_RevocationPayload).decode

_KEEPALIVE_S: Final = 10
"""Twitch's own, should a welcome not tell."""


class EventSub:
    """Hears the topics for as long as :meth:`run` goes on.

    ``connect`` opens a socket at an address, ``now`` tells Unix time, ``changed`` is told when :attr:`state`,
    :attr:`problem` or one of :attr:`topics` is another.
    """

    def __init__(
        self,
        topics: Sequence[Topic],
        *,
        url: str,
        connect: Callable[[str], Awaitable[Socket]],
        subscribe: Subscribe,
        deliver: Deliver,
        clock: Clock,
        now: Callable[[], float],
        random: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self.state: State = "connecting"
        self.problem: str | None = None
        self.topics = {topic.name: TopicState(topic.name, topic.version) for topic in topics}
        self._wanted = topics
        self._url = url
        self._connect = connect
        self._subscribe = subscribe
        self._deliver = deliver
        self._clock = clock
        self._now = now
        self._random = random
        self._changed = changed
        self._seen: dict[str, None] = {}
        """Ids, the oldest first."""
        self._gone: set[str] = set()
        """Topics that are asked for no more."""
        self._session_id = ""
        self._has_asked_all = False
        """Whether Twitch has answered for every topic in this session."""
        self._ahead_s = 0.0
        """By how much Unix time at Twitch is ahead of our clock, which nobody sets: who has a wrong time, or puts it
        right during a session, shall not be deaf."""

    @property
    def has_begun(self) -> bool:
        """Whether a session was begun, or could not be; :attr:`state` says which."""
        return self.state != "connecting" or self.problem is not None

    async def run(self) -> None:
        """Connect again and again, until cancelled."""
        pauses = Pauses(self._random)
        while True:
            began = self._clock.time()
            self._has_asked_all = False
            try:
                await self._hold_session()
            except ConnectionLost as error:
                self._note_loss(str(error))
            if self.state == "connecting" and self._clock.time() - began >= LASTING_S:
                pauses.reset()
            await sleep(self._clock, pauses.take(SUBSCRIBED_PAUSE_S if self._has_asked_all else LONGEST_PAUSE_S))

    def _note_loss(self, problem: str) -> None:
        """Say that there is no session: that it is lost, or, from the second time on, that Twitch is out of reach."""
        if self.state == "connected":
            logger.info("EventSub is lost and connected to again: %s", problem)
            self._show("connecting", problem)
        else:
            logger.log(logging.DEBUG if self.state == "offline" else logging.WARNING, "EventSub: %s", problem)
            self._show("offline", problem)

    def _show(self, state: State, problem: str | None) -> None:
        self.state, self.problem = state, problem
        self._changed()

    # --- sessions ---

    async def _hold_session(self) -> None:
        """Begin a session and go on with it until it is lost.

        Raises:
            ConnectionLost: At its end.
        """
        async with contextlib.AsyncExitStack() as stack:
            link = await self._open(self._url, stack)
            logger.info("EventSub is connected")
            for topic in self.topics.values():
                if topic.state in ("enabled", "refused", "revoked") and topic.topic not in self._gone:
                    topic.state, topic.reason = "waiting", None
            self._show("connected", None)
            _run(self._subscribe_all(), stack)
            moves: deque[float] = deque(maxlen=MOST_MOVES)
            while True:
                address = await self._read(link)
                if len(moves) == MOST_MOVES and self._clock.time() - moves[0] < MOVES_WITHIN_S:
                    raise ConnectionLost(f"Twitch moved the session {MOST_MOVES} times within a minute")
                moves.append(self._clock.time())
                link = await self._move(link, address, stack)

    async def _open(self, url: str, stack: contextlib.AsyncExitStack) -> _Link:
        """Connect and be welcomed.

        Raises:
            ConnectionLost: When that fails.
        """
        try:
            async with limit(self._clock, CONNECT_S):
                socket = await self._connect(url)
        except TimeoutError:
            raise ConnectionLost(f"no connection within {CONNECT_S:g} s") from None
        async with contextlib.AsyncExitStack() as trial:
            trial.push_async_callback(socket.close)
            session = await self._be_welcomed(socket)
            stack.push_async_callback(trial.pop_all().aclose)
        self._session_id = session.id
        return _Link(socket, session.id, (session.keepalive_timeout_seconds or _KEEPALIVE_S) + PATIENCE_S)

    async def _be_welcomed(self, socket: Socket) -> _Session:
        """Read the welcome, and the time at Twitch along with it."""
        try:
            async with limit(self._clock, WELCOME_S):
                message = _decode(await socket.receive())
            if message.metadata.message_type != "session_welcome":
                raise ConnectionLost(f"it began with {message.metadata.message_type!r}, not with a welcome")
            session = _decode_session(message.payload).session
        except TimeoutError:
            raise ConnectionLost(f"no welcome within {WELCOME_S:g} s") from None
        except (msgspec.DecodeError, UnicodeError) as error:
            raise ConnectionLost(f"its welcome makes no sense: {error}") from error
        sent_at = _read_moment(message.metadata)
        self._ahead_s = (self._now() if sent_at is None else sent_at) - self._clock.time()
        return session

    async def _move(self, old: _Link, url: str, stack: contextlib.AsyncExitStack) -> _Link:
        """Go over to the address that Twitch named, and hear on the old socket what is still told there.

        Twitch closes the old socket after half a minute; until then the address is tried again and again.

        Raises:
            ConnectionLost: When the old socket ends before there is a welcome at the new one, or the address is used
                up: then its subscriptions have gone, and nothing is told on the old socket any more.
        """
        logger.debug("EventSub moves to another address")
        reading = _run(self._read_on(old), stack)
        pauses = Pauses(self._random)
        while True:
            try:
                new = await self._open(url, stack)
                break
            except ConnectionLost as error:
                if reading.done() or error.code == INVALID_RECONNECT:
                    raise
                logger.info("EventSub is to move to an address that fails, and is heard where it was: %s", error)
            await self._wait_while(reading, pauses.take())
        _run(self._let_go(old, reading), stack)
        return new

    async def _wait_while(self, reading: "asyncio.Task[None]", seconds: float) -> None:
        """Return after ``seconds``.

        Raises:
            ConnectionLost: When the reading has ended meanwhile.
        """
        pause = asyncio.ensure_future(sleep(self._clock, seconds))
        try:
            await asyncio.wait([pause, reading], return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
        if reading.done():
            raise ConnectionLost("the address to move to could not be reached in time")

    async def _read_on(self, link: _Link) -> None:
        with contextlib.suppress(ConnectionLost):
            while True:
                # Twitch may tell us again to move, which we are about to.
                await self._read(link)

    async def _let_go(self, link: _Link, reading: "asyncio.Task[None]") -> None:
        with contextlib.suppress(TimeoutError):
            async with limit(self._clock, LAST_WORDS_S):
                await asyncio.wait([reading])
        reading.cancel()
        await link.socket.close()

    # --- messages ---

    async def _read(self, link: _Link) -> str:
        """Read until Twitch names another address; return that.

        Raises:
            ConnectionLost: When the socket is, or is silent for too long.
        """
        silence = _Silence(self._clock, link.silence_s)
        try:
            async with silence:
                while True:
                    text = await link.socket.receive()
                    silence.heard()
                    address = self._take(text)
                    if address is not None:
                        return address
        except TimeoutError:
            raise ConnectionLost(f"nothing was heard for {link.silence_s:g} s") from None

    def _take(self, text: str) -> str | None:
        """Do what a message asks for; returns the address to move to, if that is what it says."""
        try:
            message = _decode(text)
            metadata = message.metadata
            match metadata.message_type:
                case "notification" if self._is_news(metadata):
                    self._deliver(bytes(message.payload))
                case "revocation" if self._is_news(metadata):
                    self._note_revocation(_decode_revocation(message.payload).subscription)
                case "session_reconnect":
                    return _decode_session(message.payload).session.reconnect_url
                case _:
                    pass  # a keepalive, or what is older, newer or heard already
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            logger.warning("EventSub sent something that makes no sense: %s", error)
        return None

    def _is_news(self, metadata: _Metadata) -> bool:
        """Tell whether a message is neither old nor a copy, and remember it before anything else happens."""
        id_ = metadata.message_id
        if id_ in self._seen:
            return False
        self._seen[id_] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        sent_at = _read_moment(metadata)
        if sent_at is not None and self._clock.time() + self._ahead_s - sent_at > OLDEST_S:
            logger.info("EventSub sent a message of %s, which is too old to count", metadata.message_timestamp)
            return False
        return True

    def _note_revocation(self, subscription: _Revoked) -> None:
        topic, status = self.topics.get(subscription.type), subscription.status
        logger.warning("Twitch tells %s no more: %s", subscription.type, status)
        if topic is None:
            return
        if status in _LASTING:
            self._gone.add(topic.topic)
        topic.state, topic.reason = "revoked", _explain(status)
        self._changed()

    # --- topics ---

    async def _subscribe_all(self) -> None:
        """Subscribe to the topics one by one, in their order; one that fails stops none of the others."""
        waiting = [topic for topic in self._wanted if self.topics[topic.name].state == "waiting"]
        pauses = Pauses(self._random)
        while waiting:
            topic = waiting.pop(0)
            state = self.topics[topic.name]
            try:
                await self._subscribe(topic, self._session_id)
            except LoginNeeded as error:
                state.reason = str(error)
                self._changed()
                return
            except Unreachable as error:
                state.reason = str(error)
                waiting.append(topic)
            except HelixError as error:
                if error.status == 429 or _is_about_session(error):
                    state.reason = error.message or "Twitch is asked too often"
                    waiting.append(topic)
                else:
                    _judge(state, error)
            except Exception:
                logger.exception("the topic %s could not be subscribed to", topic.name)
                state.state, state.reason = "refused", "the service failed; its log says why"
            else:
                _enable(state)
            self._changed()
            if waiting and waiting[-1] is topic:
                await sleep(self._clock, pauses.take())
            else:
                pauses.reset()
        self._has_asked_all = True


def _read_moment(metadata: _Metadata) -> float | None:
    """When a message was sent, in Unix time; ``None`` when it does not say so."""
    try:
        return datetime.fromisoformat(metadata.message_timestamp).timestamp()
    except (ValueError, OverflowError):
        return None


def _is_about_session(error: HelixError) -> bool:
    """Whether the session has just moved on, which we hear in a moment."""
    return error.status == 400 and "session" in error.message.lower()


def _explain(status: str) -> str:
    """Say what a revocation means."""
    why = f" ({status})" if status else ""
    return _WHAT_HELPS.get(status, f"Twitch has stopped to tell it{why}, and is asked again with the next connection")


def _enable(state: TopicState) -> None:
    """Note that a topic is heard; it may have been revoked before the answer came."""
    if state.state == "waiting":
        state.state, state.reason = "enabled", None


def _judge(state: TopicState, error: HelixError) -> None:
    """Say what Twitch's refusal of a topic means."""
    if error.status == 409:
        _enable(state)
        return
    # What is forbidden stays so until another login; the rest may be another thing in the next session.
    state.state = "unavailable" if error.status == 403 else "refused"
    state.reason = error.message or str(error)
    logger.log(
        logging.INFO if error.status == 403 else logging.WARNING,
        "Twitch does not tell %s: %s",
        state.topic,
        state.reason,
    )


class _Silence:
    """Raises ``TimeoutError`` inside it when nothing was heard for so many seconds.

    A message costs it no more than a look at the clock.
    """

    def __init__(self, clock: Clock, longest_s: float) -> None:
        self._clock = clock
        self._longest_s = longest_s
        self._heard_at = clock.time()
        self._scope = asyncio.timeout(None)

    def heard(self) -> None:
        """Note that something came."""
        self._heard_at = self._clock.time()

    async def __aenter__(self) -> None:
        await self._scope.__aenter__()
        self._watch(self._longest_s)

    async def __aexit__(self, *error: object) -> None:
        self._timer.cancel()
        await self._scope.__aexit__(*error)  # type: ignore[arg-type]  # it takes what it is given

    def _watch(self, seconds: float) -> None:
        self._timer = self._clock.call_later(seconds, self._look)

    def _look(self) -> None:
        left_s = self._heard_at + self._longest_s - self._clock.time()
        if left_s <= 0:
            self._scope.reschedule(0)
        else:
            self._watch(left_s)


def _run(work: "Awaitable[None]", stack: contextlib.AsyncExitStack) -> "asyncio.Task[None]":
    """Let something go on until the stack unwinds."""
    task: asyncio.Task[None] = asyncio.ensure_future(work)
    stack.push_async_callback(_cancel, task)
    return task


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])  # unlike the task itself, it tells when it is us who are cancelled
    if not task.cancelled():
        task.result()
