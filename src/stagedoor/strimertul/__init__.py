"""strimertül's values: the shapes in which its services, overlays and exports keep what they say to each other.

Source: strimertül 3.3.1, whose keys and shapes are kept so that its users, overlays and extensions can move in.
"""

from stagedoor.strimertul.bot import (
    Alerts,
    Cheer,
    CheerVariation,
    Command,
    Follow,
    GiftSub,
    GiftVariation,
    Raid,
    RaidVariation,
    SendRequest,
    Subscription,
    SubscriptionVariation,
    Timer,
    Timers,
    command_id,
)
from stagedoor.strimertul.channel import (
    AuthKeys,
    BotConfig,
    Condition,
    EventSubSubscription,
    Notification,
    Stream,
    Transport,
    TwitchConfig,
)
from stagedoor.strimertul.chat import ChatEmote, ChatMessage, ChatReply, ChatUser, EmotePosition
from stagedoor.strimertul.irc import plain_message
from stagedoor.strimertul.loyalty import Goal, LoyaltyConfig, Points, PointsConfig, Redeem, Reward
from stagedoor.strimertul.reading import read, read_object, write, write_time

__all__ = [
    "Alerts",
    "AuthKeys",
    "BotConfig",
    "ChatEmote",
    "ChatMessage",
    "ChatReply",
    "ChatUser",
    "Cheer",
    "CheerVariation",
    "Command",
    "Condition",
    "EmotePosition",
    "EventSubSubscription",
    "Follow",
    "GiftSub",
    "GiftVariation",
    "Goal",
    "LoyaltyConfig",
    "Notification",
    "Points",
    "PointsConfig",
    "Raid",
    "RaidVariation",
    "Redeem",
    "Reward",
    "SendRequest",
    "Stream",
    "Subscription",
    "SubscriptionVariation",
    "Timer",
    "Timers",
    "Transport",
    "TwitchConfig",
    "command_id",
    "plain_message",
    "read",
    "read_object",
    "write",
    "write_time",
]
