"""Tells what Twitch has notified: as strimertül does, as Streamer.bot does, and in the histories.

A chat message becomes ``twitch/ev/chat-message``, anything else ``twitch/ev/eventsub-event``, and either the events of
Streamer.bot that it is, all in one batch, so that nobody hears of one half before the other. Whatever a notification
looks like, its strimertül half is told; what Streamer.bot's events cannot be made of is skipped, logged and counted.
"""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

import msgspec

from stagedoor.access import Client
from stagedoor.errors import StoreError
from stagedoor.hub import Change, Write
from stagedoor.keys import CHAT_MESSAGE, EVENTSUB_EVENT, STREAM_INFO
from stagedoor.services.twitch.bodies import Context, Memory, Told, shared_chat, somebody
from stagedoor.services.twitch.chat import ChatEvent, Said, as_streamerbot, as_strimertul, read_event
from stagedoor.services.twitch.events import read_body
from stagedoor.services.twitch.histories import Histories
from stagedoor.services.twitch.topics import CHAT_MESSAGE as CHAT_TOPIC
from stagedoor.services.twitch.topics import KEPT, TOPICS
from stagedoor.streamerbot.events import Emotes, EventName, complete, event_key
from stagedoor.streamerbot.events.reading import as_object
from stagedoor.strimertul import EventSubSubscription, Notification, Stream, read, read_object, write_time
from stagedoor.types import JsonObject, Key, Value

logger = logging.getLogger(__name__)

_EMOTES: Final[Key] = "emotes/twitch"
_PLATFORM: Final[Key] = "platform/twitch"
_STANDING: Final = ("broadcastIsAffiliate", "broadcastIsPartner")
"""What events say of the channel, and no notification does."""


class Own(NamedTuple):
    """What is known of a chat message that this process has sent."""

    is_internal: bool
    """Whether commands that ignore internal messages shall ignore it."""


class Payload(msgspec.Struct):
    """What a notification carries."""

    subscription: EventSubSubscription
    event: msgspec.Raw


_decode_payload: Final = msgspec.json.Decoder(Payload).decode
_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


class Publisher:
    """Publishes notifications, in the order in which it is given them.

    Both clients are its own. ``client`` keeps state; ``passing`` publishes events, so that they do not wait for a disk
    as what ``client`` writes does.
    """

    def __init__(self, client: Client, passing: Client, *, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._passing = passing
        self._now = now
        self._memory = Memory()
        self._emotes: Emotes | None = None
        self._histories = Histories(client)
        self.heard: Collection[str] = TOPICS.keys()
        """The topics that are heard at the moment: one gives way to another only while that is heard. Who subscribes
        to them says so here."""
        self.skipped = 0
        """Notifications since the start of which Streamer.bot's events could not be made."""
        self._complained: set[str] = set()
        client.deliver = self._hear

    def start(self) -> None:
        """Load the histories, and what is known of the stream."""
        self._histories.start()
        for key in (_EMOTES, STREAM_INFO):
            self._client.subscribe(key)
        self._know_stream(self._client.get(STREAM_INFO))

    async def close(self) -> None:
        """Wait until the histories are on disk."""
        await self._histories.close()

    def publish(
        self,
        notification: bytes | str | Payload,
        received_s: float | None = None,
        *,
        own: Own | None = None,
        is_simulated: bool = False,
    ) -> None:
        """Tell of a notification.

        Args:
            notification: The payload, an object with ``subscription`` and ``event``; one that is none is logged, and
                nothing is told.
            received_s: When it came, Unix time; now, if it is not given.
            own: What is known of a chat message that this process has sent: of that only Streamer.bot's event is told.
            is_simulated: Whether somebody makes it up: then no other topic tells the same, and no history keeps it.
        """
        now = self._now() if received_s is None else received_s
        try:
            payload = notification if isinstance(notification, Payload) else read_payload(notification)
        except ValueError as error:
            self.skipped += 1
            logger.warning("Twitch notified what cannot be read: %s", error)
            return
        if payload.subscription.type == CHAT_TOPIC:
            self._publish_message(payload.event, now, own, is_simulated=is_simulated)
        else:
            self._publish_notification(payload, now, is_simulated=is_simulated)

    def _publish_message(self, body: msgspec.Raw, now: float, own: Own | None, *, is_simulated: bool) -> None:
        said = Said(read_event(body))
        is_internal = own is not None and own.is_internal
        events = self._complete(CHAT_TOPIC, lambda: self._read_message(said, is_internal=is_internal), now)
        if own is not None:
            self._write(events)
            return
        message = _encode(as_strimertul(said, now)).decode()
        self._write([Write(CHAT_MESSAGE, message), *events])
        if not is_simulated:
            self._histories.add_message(message)

    def _publish_notification(self, payload: Payload, now: float, *, is_simulated: bool) -> None:
        name = payload.subscription.type
        body = _with_maturity(payload.event) if name == "channel.update" else payload.event
        notification = Notification(payload.subscription, body, write_time(now))
        told = _encode(notification).decode()
        writes = [Write(EVENTSUB_EVENT, told)]
        topic = TOPICS.get(name)
        if topic is not None and (is_simulated or topic.gives_way_to not in self.heard):
            writes += self._complete(name, lambda: self._read_notification(name, payload.event, now), now)
        self._write(writes)
        if name in KEPT and not is_simulated:
            self._histories.add_notification(told)

    def _read_message(self, said: Said, *, is_internal: bool) -> list[Told]:
        data = as_streamerbot(said, self._known_emotes(), is_internal=is_internal)
        memory = self._memory
        flags: JsonObject = {}
        if said.event.source_broadcaster_user_id or memory.shared_chat_host:
            body = _source_of(said.event)
            flags = shared_chat(body, memory)
            data |= flags
            if not flags["isFromSharedChatGuest"]:
                data["sharedChat"] = {"sourceRoom": somebody(body, "broadcaster_user")}
        told = [Told("ChatMessage", data)]
        if said.bits and not flags.get("isFromSharedChatGuest"):
            told.append(Told("Cheer", data))
        return told

    def _read_notification(self, topic: str, body: msgspec.Raw, now: float) -> list[Told]:
        return read_body(topic, _decode_object(body), Context(self._known_emotes(), now, self._memory))

    def _complete(self, topic: str, read_events: Callable[[], Sequence[Told]], now: float) -> list[Write]:
        """Make the events of Streamer.bot; none when that fails, whatever the reason: the data is somebody else's."""
        try:
            writes = []
            for type_, given in read_events():
                data = complete(EventName("Twitch", type_), given, emotes=self._known_emotes(), now=now)
                if "isTest" not in data:
                    data = {**data, "isTest": False}
                if _STANDING[0] in data:
                    data = {**data, **self._standing()}
                writes.append(Write(event_key("Twitch", type_), _encode(data).decode()))
        except Exception:
            self.skipped += 1
            # In full the first time; what is wrong with one is mostly wrong with all.
            logger.warning(
                "%s told what no event of Streamer.bot can be made of", topic, exc_info=topic not in self._complained
            )
            self._complained.add(topic)
            return []
        return writes

    def _write(self, writes: list[Write]) -> None:
        self._passing.write(writes, _log_failure)

    def _known_emotes(self) -> Emotes:
        if self._emotes is None:
            try:
                self._emotes = Emotes(as_object(_decode(self._client.get(_EMOTES) or "{}")))
            except (msgspec.DecodeError, RecursionError):
                self._emotes = Emotes({})
        return self._emotes

    def _standing(self) -> JsonObject:
        """Whether the channel is an affiliate's or a partner's, as far as its account is known."""
        try:
            known = as_object(_decode(self._client.get(_PLATFORM) or "{}"))
        except (msgspec.DecodeError, RecursionError):
            return {}
        return {member: known[member] for member in _STANDING if isinstance(known.get(member), bool)}

    def _hear(self, change: Change) -> None:
        if change.key == _EMOTES:
            self._emotes = None
        elif change.key == STREAM_INFO:
            self._know_stream(change.value)
        else:
            self._histories.hear(change)

    def _know_stream(self, value: Value) -> None:
        """Take from the stream what notifications leave out; what was known of one that has ended stays."""
        try:
            streams = read(value, list[Stream]) if value else []
        except ValueError:
            return
        for stream in (streams or [])[:1]:
            memory = self._memory
            memory.title = stream.title
            memory.category = {"id": stream.game_id, "name": stream.game_name}
            memory.tags = stream.tags or []
            memory.stream = {"id": stream.id, "type": stream.type, "started_at": stream.started_at}


def read_payload(text: bytes | str) -> Payload:
    """Read a notification's payload, forgivingly.

    Raises:
        ValueError: When it is no object with a subscription and an event.
    """
    try:
        return _decode_payload(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        given = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        subscription = read_object(_decode(given["subscription"]), EventSubSubscription)
        return Payload(subscription, given["event"])
    except KeyError as error:
        raise ValueError(f"no {error.args[0]}") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _with_maturity(body: msgspec.Raw) -> msgspec.Raw:
    """Give ``channel.update`` the member ``is_mature``, which version 1 had and overlays made for strimertül read.

    Version 2 has labels in its place, one of which says as much.
    """
    text = bytes(body).rstrip()
    try:
        given = _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return body
    if not isinstance(given, dict) or not given or "is_mature" in given:
        return body
    labels = given.get("content_classification_labels")
    is_mature = isinstance(labels, list) and "MatureGame" in labels
    return msgspec.Raw(text[:-1] + b',"is_mature":' + (b"true}" if is_mature else b"false}"))


def _decode_object(body: msgspec.Raw) -> JsonObject:
    decoded = _decode(body)
    if not isinstance(decoded, dict):
        raise TypeError(f"an event is an object, not {type(decoded).__name__}")
    return decoded


def _source_of(event: ChatEvent) -> JsonObject:
    """Where a message of a shared chat was written."""
    return {
        "broadcaster_user_id": event.broadcaster_user_id,
        "broadcaster_user_login": event.broadcaster_user_login,
        "broadcaster_user_name": event.broadcaster_user_name,
        "source_broadcaster_user_id": event.source_broadcaster_user_id,
        "source_broadcaster_user_login": event.source_broadcaster_user_login,
        "source_broadcaster_user_name": event.source_broadcaster_user_name,
    }


def _log_failure(error: StoreError | None) -> None:
    """Events are not stored, so this is only heard of a batch that waited behind another."""
    if error is not None:
        logger.error("an event of Twitch could not be told: %s", error)
