"""What can go wrong at a fake Twitch, on request."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stagedoor.types import JsonObject

if TYPE_CHECKING:
    from stagedoor.fake_twitch.eventsub import EventSub


@dataclass(slots=True)
class Refusal:
    """An answer that calls get instead of the real one, as often as ``times`` tells."""

    times: int
    status: int
    message: str
    path: str = ""
    """Only calls of paths that begin so: ``/helix/chat/messages``, ``/oauth2/token``. Empty means all of Helix."""
    reset_in_s: float | None = None


class Faults:
    """Switches. What counts something (``times``) is used up; the others stay until they are put back."""

    def __init__(self, eventsub: "EventSub") -> None:
        self._eventsub = eventsub
        self.refusals: list[Refusal] = []
        self.delay_s = 0.0
        """How long every HTTP answer takes, by the world's clock."""
        self.broken_calls = 0
        """How many of the next HTTP calls are cut off without an answer."""
        self.refused_connections = 0
        """How many of the next WebSockets are turned away."""
        self.refused_refreshes = 0
        """How many of the next refreshes fail; what was issued before stays valid."""
        self.refused_topics: dict[str, tuple[int, str]] = {}
        self.sends_keepalives = True
        self.copies = 1
        """How many times each notification is sent, with one message id."""
        self.age_s = 0.0
        """How old the timestamp of each notification is."""
        self.drop: tuple[str, str] | None = None
        """The code and the reason why chat messages are not sent, if they are not."""

    def refuse(
        self, times: int = 1, status: int = 500, message: str = "", *, path: str = "", reset_in_s: float | None = None
    ) -> None:
        """Answer the next calls with an error: 401 as if the token had ended, 429 with a ``Ratelimit-Reset``, 500…"""
        if not message and status == 401:
            message = "Invalid OAuth token"
        self.refusals.append(Refusal(times, status, message, path, reset_in_s))

    def refuse_topic(
        self, topic: str, status: int = 403, message: str = "subscription missing proper authorization"
    ) -> None:
        """Refuse to subscribe to a topic from now on."""
        self.refused_topics[topic] = (status, message)

    def reconnect(self) -> int:
        """Ask all clients to reconnect; until they have, events go to the old sockets. Tells how many were asked."""
        return self._eventsub.ask_to_reconnect()

    def revoke(self, topic: str, reason: str = "authorization_revoked") -> int:
        """Revoke all subscriptions to a topic (also ``user_removed``, ``version_removed``); tells how many."""
        return self._eventsub.revoke(topic, reason)

    def cut(self) -> int:
        """Break all WebSockets off without a close frame; tells how many."""
        return self._eventsub.cut()

    def close(self, code: int = 4000, reason: str = "internal server error") -> int:
        """Close all WebSockets with a code; tells how many."""
        return self._eventsub.close_all(code, reason)

    def send_garbage(self, text: str = "{not json") -> int:
        """Send a text as it is on all WebSockets; tells on how many."""
        return self._eventsub.send_to_all(text)

    def send(self, topic: str, event: JsonObject, **where: str) -> None:
        """Send an event that nobody caused, for instance the sample of a topic."""
        place = {"broadcaster_user_id": str(event["broadcaster_user_id"])} if "broadcaster_user_id" in event else {}
        self._eventsub.happened(topic, event, place | where)
