"""What tests of telling share: a publisher at a hub, and notifications made of the samples."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from stagedoor.access import SERVICE, Client
from stagedoor.hub import MemoryStore
from stagedoor.services.twitch.publishing import Own, Publisher
from stagedoor.services.twitch.simulation import lay_over, make_sample
from stagedoor.services.twitch.topics import TOPICS
from stagedoor.types import JsonObject
from tests.services.harness import Desk, FakeTime, encode, open_hub

BROADCASTER = {"id": "99", "login": "streamer", "name": "Streamer"}


class Stage:
    """A publisher, and somebody who hears what it tells."""

    def __init__(self, desk: Desk, now: FakeTime) -> None:
        self.desk = desk
        self.now = now
        self.publisher = Publisher(Client(desk.hub, SERVICE), Client(desk.hub, SERVICE), now=now)
        self.publisher.start()
        for prefix in ("twitch/", "event/"):
            desk.subscribe_prefix(prefix)

    def notify(
        self,
        topic: str,
        members: JsonObject | None = None,
        /,
        *,
        own: Own | None = None,
        is_simulated: bool = False,
        **more: object,
    ) -> None:
        """Let Twitch tell a topic's sample with other members."""
        sample = make_sample(TOPICS[topic], BROADCASTER, self.now())
        payload = payload_of(topic, lay_over(sample, {**(members or {}), **more}))
        self.publisher.publish(payload, own=own, is_simulated=is_simulated)

    def heard(self, key: str) -> list[JsonObject]:
        """What was written to a key."""
        return [msgspec.json.decode(value, type=dict[str, object]) for name, value in self.desk.heard if name == key]


def payload_of(topic: str, event: object) -> str:
    """Write a notification as Twitch sends it."""
    version = TOPICS[topic].version if topic in TOPICS else "1"
    subscription = {
        "id": "f1c2a387-161a-49f9-a165-0f21d7a4e1c4",
        "type": topic,
        "version": version,
        "status": "enabled",
        "cost": 0,
        "condition": {"broadcaster_user_id": "99"},
        "transport": {"method": "websocket", "session_id": "AQoQexAWVYKSTIu4ec_2VAxyuhAB"},
        "created_at": "2026-05-01T17:00:00.634234626Z",
    }
    return encode({"subscription": subscription, "event": event})


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Open a hub in memory with a publisher at it."""
    hub = open_hub(MemoryStore())
    opened = Stage(Desk(hub), FakeTime())
    try:
        yield opened
    finally:
        await opened.publisher.close()
        await hub.close()
