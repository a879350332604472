"""Chat commands, timers, alerts, and what is asked to be said."""

import uuid

import msgspec


class Command(msgspec.Struct):
    """A chat command; the key in the map of commands is what is typed."""

    description: str = ""
    access_level: str = ""
    """``everyone``, ``subscriber`` (or ``subscribers``), ``vip``, ``moderators`` or ``streamer``."""
    response: str = ""
    """A template."""
    enabled: bool = False
    response_type: str = ""
    """``chat``, ``reply``, ``whisper`` or ``announce``; empty is ``chat``."""
    cooldown: float | msgspec.UnsetType = msgspec.UNSET
    """Seconds until anybody may use it again; stagedoor's own."""
    user_cooldown: float | msgspec.UnsetType = msgspec.UNSET
    """Seconds until the same viewer may use it again; stagedoor's own."""


def command_id(trigger: str) -> str:
    """Tell the id by which Streamer.bot's clients know a command; it has none, so it follows from what is typed."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"stagedoor:chat-command/{trigger}"))


class Timer(msgspec.Struct):
    """Messages that are said again and again."""

    enabled: bool = False
    name: str = ""
    """Not used; its name is the key in the map of timers."""
    minimum_chat_activity: int = 0
    """Messages that viewers must have written in the last five minutes."""
    minimum_delay: int = 0
    """Seconds between two shots; at least 60."""
    messages: list[str] | None = None
    only_live: bool | msgspec.UnsetType = msgspec.UNSET
    """Whether it rests while the channel is offline; stagedoor's own."""


class Timers(msgspec.Struct):
    """All timers, by name."""

    timers: dict[str, Timer] | None = None


class Follow(msgspec.Struct):
    """What is said when somebody follows."""

    enabled: bool = False
    messages: list[str] | None = None
    """Templates, one of which is drawn."""


class SubscriptionVariation(msgspec.Struct):
    """What is said instead to some who subscribe."""

    min_streak: int | None = None
    is_gifted: bool | None = None
    messages: list[str] | None = None


class Subscription(msgspec.Struct):
    """What is said when somebody subscribes."""

    enabled: bool = False
    messages: list[str] | None = None
    variations: list[SubscriptionVariation] | None = None


class GiftVariation(msgspec.Struct):
    """What is said instead to some who give."""

    min_cumulative: int | None = None
    is_anonymous: bool | None = None
    messages: list[str] | None = None


class GiftSub(msgspec.Struct):
    """What is said when somebody gives subscriptions away."""

    enabled: bool = False
    messages: list[str] | None = None
    variations: list[GiftVariation] | None = None
    silence_gift_recipients: bool | msgspec.UnsetType = msgspec.UNSET
    """Whether nothing is said of those who got a subscription, as the gift was told already; stagedoor's own."""


class RaidVariation(msgspec.Struct):
    """What is said instead to large raids."""

    min_viewers: int | None = None
    messages: list[str] | None = None


class Raid(msgspec.Struct):
    """What is said when a raid arrives."""

    enabled: bool = False
    messages: list[str] | None = None
    variations: list[RaidVariation] | None = None


class CheerVariation(msgspec.Struct):
    """What is said instead to large cheers."""

    min_amount: int | None = None
    messages: list[str] | None = None


class Cheer(msgspec.Struct):
    """What is said when somebody cheers."""

    enabled: bool = False
    messages: list[str] | None = None
    variations: list[CheerVariation] | None = None


class Alerts(msgspec.Struct):
    """What is said in chat when something happens in the channel."""

    follow: Follow = msgspec.field(default_factory=Follow)
    subscription: Subscription = msgspec.field(default_factory=Subscription)
    gift_sub: GiftSub = msgspec.field(default_factory=GiftSub)
    raid: Raid = msgspec.field(default_factory=Raid)
    cheer: Cheer = msgspec.field(default_factory=Cheer)


class SendRequest(msgspec.Struct):
    """What the bot is asked to say; the first that is given decides how: reply, whisper, announcement, message."""

    message: str = ""
    reply_to: str | None = None
    """A message's id."""
    whisper_to: str | None = None
    """An account's id."""
    announce: bool = False
