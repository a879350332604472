"""What alerts tell of: the bodies of EventSub's events as far as they are told, and how templates see them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from stagedoor.strimertul import read_object
from stagedoor.templates import Struct
from stagedoor.templates.layouts import ZERO_TIME, local_zone
from stagedoor.types import JsonObject

Part = Literal["follow", "subscription", "gift_sub", "raid", "cheer"]
"""A part of the alerts' settings."""


class Happening(msgspec.Struct):
    """An event's body, in the order in which templates print it. What Twitch leaves out or sets to null is empty."""


class Follow(Happening):
    """Somebody follows."""

    user_id: str = ""
    user_login: str = ""
    user_name: str = ""
    broadcaster_user_id: str = ""
    broadcaster_user_login: str = ""
    broadcaster_user_name: str = ""
    followed_at: str = ""
    """RFC 3339."""


class Emote(Happening):
    """Where an emote stands in a message."""

    begin: int = 0
    end: int = 0
    id: str = ""


class Message(Happening):
    """What a subscriber has to say."""

    text: str = ""
    emotes: list[Emote] | None = None


class Subscription(Happening):
    """Somebody subscribes: what both of Twitch's events tell of it."""

    user_id: str = ""
    user_login: str = ""
    user_name: str = ""
    broadcaster_user_id: str = ""
    broadcaster_user_login: str = ""
    broadcaster_user_name: str = ""
    tier: str = ""
    """``1000``, ``2000`` or ``3000``."""
    is_gift: bool = False
    cumulative_months: int = 0
    streak_months: int = 0
    """0 when it is not shared."""
    duration_months: int = 0
    """How long the period is that was paid."""
    message: Message | None = None

    def merged(self, other: "Subscription") -> "Subscription":
        """Tell both at once; what both tell is the other's."""
        return Subscription(
            *(getattr(other, name) or getattr(self, name) for name in self.__struct_fields__),
        )


class Gift(Happening):
    """Somebody gives subscriptions away."""

    user_id: str = ""
    user_login: str = ""
    user_name: str = ""
    broadcaster_user_id: str = ""
    broadcaster_user_login: str = ""
    broadcaster_user_name: str = ""
    total: int = 0
    tier: str = ""
    cumulative_total: int = 0
    """All that were given so far, these included; 0 when it is not shared."""
    is_anonymous: bool = False


class Raid(Happening):
    """Another channel's viewers arrive."""

    from_broadcaster_user_id: str = ""
    from_broadcaster_user_login: str = ""
    from_broadcaster_user_name: str = ""
    to_broadcaster_user_id: str = ""
    to_broadcaster_user_login: str = ""
    to_broadcaster_user_name: str = ""
    viewers: int = 0


class Cheer(Happening):
    """Somebody cheers with bits."""

    is_anonymous: bool = False
    user_id: str = ""
    user_login: str = ""
    user_name: str = ""
    broadcaster_user_id: str = ""
    broadcaster_user_login: str = ""
    broadcaster_user_name: str = ""
    message: str = ""
    bits: int = 0


SUBSCRIBE: Final = "channel.subscribe"
RESUBSCRIBE: Final = "channel.subscription.message"

TOPICS: Final[Mapping[str, type[Happening]]] = {
    "channel.follow": Follow,
    SUBSCRIBE: Subscription,
    RESUBSCRIBE: Subscription,
    "channel.subscription.gift": Gift,
    "channel.raid": Raid,
    "channel.cheer": Cheer,
}
"""The topics of which something is said, and the body of each one's events."""

PARTS: Final[Mapping[type[Happening], Part]] = {
    Follow: "follow",
    Subscription: "subscription",
    Gift: "gift_sub",
    Raid: "raid",
    Cheer: "cheer",
}
"""The part of the settings that says what is said of it."""

_ALIASES: Final[Mapping[type[Happening], Mapping[str, str]]] = {Raid: {"ViewerCount": "Viewers"}}
"""Other names of fields: strimertül's guide tells of one that it does not have."""

_VIEWER: Final[JsonObject] = {"user_id": "1234", "user_login": "cool_user", "user_name": "Cool_User"}
_CHANNEL: Final[JsonObject] = {
    "broadcaster_user_id": "1337",
    "broadcaster_user_login": "cooler_user",
    "broadcaster_user_name": "Cooler_User",
}

SAMPLES: Final[Mapping[str, JsonObject]] = {
    "channel.follow": {**_VIEWER, **_CHANNEL, "followed_at": "2023-05-17T17:45:59Z"},
    SUBSCRIBE: {**_VIEWER, **_CHANNEL, "tier": "1000", "is_gift": False},
    RESUBSCRIBE: {
        **_VIEWER,
        **_CHANNEL,
        "tier": "1000",
        "message": {
            "text": "Love the stream! FevziGG",
            "emotes": [{"begin": 17, "end": 23, "id": "302976485"}],
        },
        "cumulative_months": 15,
        "streak_months": 1,
        "duration_months": 6,
    },
    "channel.subscription.gift": {
        **_VIEWER,
        **_CHANNEL,
        "total": 2,
        "tier": "1000",
        "cumulative_total": 284,
        "is_anonymous": False,
    },
    "channel.raid": {
        "from_broadcaster_user_id": "1234",
        "from_broadcaster_user_login": "cool_user",
        "from_broadcaster_user_name": "Cool_User",
        "to_broadcaster_user_id": "1337",
        "to_broadcaster_user_login": "cooler_user",
        "to_broadcaster_user_name": "Cooler_User",
        "viewers": 9001,
    },
    "channel.cheer": {**_VIEWER, **_CHANNEL, "is_anonymous": False, "message": "pogchamp", "bits": 1000},
}
"""An event of each topic, for who wants to see what would be said."""


def read_happening(topic: str, event: object) -> Happening:
    """Read the body of an event of one of :data:`TOPICS`.

    Raises:
        ValueError: When it is none.
    """
    return read_object(event, TOPICS[topic])


def struct_of(happening: Happening) -> Struct:
    """Write an event as templates see it, by Go's names of its fields."""
    if isinstance(happening, Subscription) and happening.message is None:
        happening = msgspec.structs.replace(happening, message=Message())
    fields = {_go_name(name): _value(name, getattr(happening, name)) for name in happening.__struct_fields__}
    text = happening.text if isinstance(happening, Message) else None
    return Struct(fields, aliases=_ALIASES.get(type(happening)), text=text)


def _go_name(name: str) -> str:
    return "".join("ID" if word == "id" else word.capitalize() for word in name.split("_"))


def _value(name: str, value: object) -> object:
    if isinstance(value, Happening):
        return struct_of(value)
    if name == "emotes":
        return [struct_of(emote) for emote in value] if isinstance(value, list) else []
    if name == "followed_at":
        return _time(str(value))
    return value


def _time(text: str) -> datetime:
    """Read a moment, in this machine's zone; what is none is Go's zero time."""
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(local_zone())
    except (ValueError, OverflowError, OSError):
        return ZERO_TIME
