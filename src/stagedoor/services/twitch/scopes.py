"""What stagedoor asks to be allowed at Twitch, and why: one table for logins, the status and the console."""

from collections.abc import Collection
from typing import Final, NamedTuple

from stagedoor.services.twitch.errors import Account


class Scope(NamedTuple):
    """One permission."""

    name: str
    """As Twitch calls it."""
    why: str
    """What it is good for, in a few words that follow "so that stagedoor can"."""
    streamer: bool = True
    """Whether the streamer's account is asked for it."""
    bot: bool = False
    """Whether the bot's is."""


SCOPES: Final = (
    Scope("user:read:chat", "hear the chat", bot=True),
    Scope("user:write:chat", "say something in chat", bot=True),
    Scope("moderator:manage:announcements", "make announcements in chat", bot=True),
    Scope("user:manage:whispers", "answer by whisper, and hear whispers", bot=True),
    Scope("moderator:read:chatters", "see who is in chat, to give loyalty points"),
    Scope("moderator:read:followers", "hear of follows"),
    Scope("channel:read:subscriptions", "hear of subscriptions and gifts"),
    Scope("bits:read", "hear of cheers"),
    Scope("channel:read:redemptions", "hear of channel points and what they buy"),
    Scope("channel:read:polls", "hear of polls"),
    Scope("channel:read:predictions", "hear of predictions"),
    Scope("channel:read:hype_train", "hear of hype trains"),
    Scope("channel:read:goals", "hear of goals"),
    Scope("channel:read:charity", "hear of charity campaigns"),
    Scope("channel:read:ads", "hear when ads run"),
    Scope("channel:read:vips", "hear who becomes a VIP"),
    Scope("moderation:read", "hear who becomes a moderator"),
    Scope("channel:moderate", "hear of bans, and what moderators do"),
    Scope("moderator:read:shoutouts", "hear of shoutouts"),
    Scope("moderator:read:shield_mode", "hear when shield mode begins and ends"),
    Scope("moderator:read:suspicious_users", "hear of suspicious users"),
    Scope("moderator:read:unban_requests", "hear of requests to be unbanned"),
    Scope("moderator:read:warnings", "hear of warnings"),
    Scope("moderator:read:blocked_terms", "hear what moderators do about blocked terms"),
    Scope("moderator:read:chat_settings", "hear what moderators change in the chat's settings"),
    Scope("moderator:read:banned_users", "hear whom moderators ban and unban"),
    Scope("moderator:read:chat_messages", "hear which messages moderators delete"),
    Scope("moderator:read:moderators", "hear what moderators do about moderators"),
    Scope("moderator:read:vips", "hear what moderators do about VIPs"),
)
"""``channel.moderate`` needs all of the last ones. Source: Twitch's documentation, "Twitch Access Token Scopes" and
"EventSub Subscription Types"."""


def wanted(account: Account) -> tuple[str, ...]:
    """What an account is asked for."""
    return tuple(scope.name for scope in SCOPES if (scope.streamer if account == "streamer" else scope.bot))


def covers(granted: Collection[str], scope: str) -> bool:
    """Tell whether a permission is granted: whoever may manage something may read it, too."""
    return scope in granted or scope.replace(":read:", ":manage:", 1) in granted


def missing(account: Account, granted: Collection[str]) -> list[str]:
    """What an account has not granted of what it is asked for."""
    return [name for name in wanted(account) if not covers(granted, name)]
