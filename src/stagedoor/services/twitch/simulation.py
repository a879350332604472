"""Makes up what Twitch could tell, to try overlays, alerts and actions; it works with Twitch switched off.

A sample with the wanted members on top goes through the same code as a real notification. In the samples' file
``{now}`` stands for the time, ``{now-90}`` for 90 seconds before it, ``{id}`` for a fresh id and ``{broadcaster.id}``,
``.login`` and ``.name`` for the channel: the one that is logged in, or one that there is not.
"""

import re
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.errors import RequestFailed
from stagedoor.json_text import MAX_DEPTH, is_too_deep
from stagedoor.keys import CHAT_MESSAGE, EVENTSUB_EVENT, TWITCH_SIMULATE, TWITCH_TOPICS
from stagedoor.services.twitch.publishing import Payload, Publisher
from stagedoor.services.twitch.topics import TOPICS, Topic
from stagedoor.streamerbot.events.people import known_person
from stagedoor.streamerbot.events.reading import as_object, as_text
from stagedoor.strimertul import Condition, EventSubSubscription, Transport
from stagedoor.types import JsonObject, Value

_PLACEHOLDER: Final = re.compile(r"\{(?:now([+-]\d+)?|(id)|broadcaster\.(id|login|name))\}")
_PERSON: Final = re.compile(r"(.*user)_(id|login|name)")
_DEFAULT_BROADCASTER: Final = {"id": "695682330", "login": "northernlightstv", "name": "NorthernLightsTV"}


class _Request(msgspec.Struct):
    """Which event is to be made up."""

    topic: str
    event: dict[str, object] | None = None


class Simulation:
    """Serves the requests for the topics and for made-up events. Its client is its own."""

    def __init__(self, client: Client, publisher: Publisher, *, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._publisher = publisher
        self._now = now
        client.serve(TWITCH_TOPICS, self._topics)
        client.serve(TWITCH_SIMULATE, self._simulate)

    async def _topics(self, value: Value) -> Value:
        broadcaster = self._broadcaster()
        listed = [self._describe(topic, broadcaster) for topic in TOPICS.values()]
        return msgspec.json.encode({"topics": listed}).decode()

    def _describe(self, topic: Topic, broadcaster: dict[str, str]) -> JsonObject:
        return {
            "topic": topic.name,
            "version": topic.version,
            "summary": topic.summary,
            "scopes": topic.scopes,
            "events": [f"Twitch.{type_}" for type_ in topic.events],
            "keys": keys_of(topic),
            "isChatMessage": topic.is_chat_message,
            "sample": make_sample(topic, broadcaster, self._now()),
        }

    async def _simulate(self, value: Value) -> Value:
        try:
            request = msgspec.json.decode(value, type=_Request)
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed(f"expected a topic and an event: {error}") from error
        topic = TOPICS.get(request.topic)
        if topic is None:
            raise RequestFailed(f"Invalid parameter: topic; there is no {request.topic!r}, see {TWITCH_TOPICS}")
        given = request.event or {}
        if is_too_deep(given, MAX_DEPTH - 2):
            raise RequestFailed("Invalid parameter: event nests too deeply")
        now = self._now()
        broadcaster = self._broadcaster()
        event = lay_over(make_sample(topic, broadcaster, now), given)
        subscription = EventSubSubscription(
            id=str(uuid.uuid4()),
            type=topic.name,
            version=topic.version,
            status="enabled",
            condition=msgspec.convert(topic.condition(broadcaster["id"]), Condition),
            transport=Transport(method="websocket"),
            created_at=_moment(now),
        )
        payload = Payload(subscription, msgspec.Raw(msgspec.json.encode(event)))
        self._publisher.publish(payload, now, is_simulated=True)
        return msgspec.json.encode({"subscription": subscription, "event": event}).decode()

    def _broadcaster(self) -> dict[str, str]:
        """Whose channel it is."""
        try:
            entry = as_object(msgspec.json.decode(self._client.get("platform/twitch") or "{}"))
        except (msgspec.DecodeError, RecursionError):
            entry = {}
        known = {
            "id": as_text(entry.get("broadcastUserId")),
            "login": as_text(entry.get("broadcastUserName")),
            "name": as_text(entry.get("broadcastUser")),
        }
        return known if all(known.values()) else dict(_DEFAULT_BROADCASTER)


def keys_of(topic: Topic) -> list[str]:
    """List the keys that are written when the topic tells something."""
    own = CHAT_MESSAGE if topic.is_chat_message else EVENTSUB_EVENT
    return [own, *(f"event/Twitch/{type_}" for type_ in topic.events)]


def make_sample(topic: Topic, broadcaster: dict[str, str], now: float) -> JsonObject:
    """Make an example of a topic's event, with fresh ids and times."""
    fresh = str(uuid.uuid4())

    def fill(value: object) -> object:
        if isinstance(value, dict):
            return {key: fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [fill(item) for item in value]
        if not isinstance(value, str) or (match := _PLACEHOLDER.fullmatch(value)) is None:
            return value
        offset_s, id_, member = match.groups()
        if member:
            return broadcaster[member]
        return fresh if id_ else _moment(now + int(offset_s or 0))

    return {key: fill(value) for key, value in _samples()[topic.name].items()}


def lay_over(sample: JsonObject, given: JsonObject) -> JsonObject:
    """Lay members over a sample, those of objects in it one by one.

    A person of whom a part is given is another one, so the rest follows from that part; and a text that is given
    without its fragments is one fragment.
    """
    laid: JsonObject = {**sample, **_complete_people(given)}
    for member, value in given.items():
        below = sample.get(member)
        if isinstance(value, dict) and isinstance(below, dict):
            laid[member] = lay_over(below, value)
        elif isinstance(value, str) and isinstance(below, dict) and "text" in below:
            laid[member] = lay_over(below, {"text": value})
    if "text" in given and "fragments" in sample and "fragments" not in given:
        laid["fragments"] = [{"type": "text", "text": given["text"], "cheermote": None, "emote": None, "mention": None}]
    if "text" in given and "emotes" in sample and "emotes" not in given:
        laid["emotes"] = []
    return laid


def _complete_people(given: JsonObject) -> JsonObject:
    """Add the members of people that follow from those that are given; ``null`` is nobody."""
    people: dict[str, dict[str, object]] = {}
    for member, value in given.items():
        if match := _PERSON.fullmatch(member):
            people.setdefault(match[1], {})[match[2]] = value
    done: JsonObject = {}
    for prefix, parts in people.items():
        if parts.get("login") or parts.get("name"):
            person = known_person(*(as_text(parts.get(part)) for part in ("id", "login", "name")))
            done |= {f"{prefix}_id": person.id, f"{prefix}_login": person.login, f"{prefix}_name": person.name}
    return {**done, **given}


def _moment(unix_s: float) -> str:
    """Write a time as Twitch does."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="microseconds").replace("+00:00", "000Z")


@cache
def _samples() -> dict[str, JsonObject]:
    text = files(__package__).joinpath("samples.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, dict[str, object]])
