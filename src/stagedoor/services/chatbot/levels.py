"""Who may use a command: levels, one above the other, that follow from the badges beside a name."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final


class Level(IntEnum):
    """What somebody is in a channel; whoever is more may do what those below may."""

    EVERYONE = 0
    SUBSCRIBER = 1
    VIP = 2
    MODERATOR = 3
    STREAMER = 999


_LEVELS: Final = {
    "": Level.EVERYONE,
    "everyone": Level.EVERYONE,
    "subscriber": Level.SUBSCRIBER,
    # strimertül's own window writes this one, and its bot did not know it: such commands were open to everybody.
    "subscribers": Level.SUBSCRIBER,
    "vip": Level.VIP,
    "moderators": Level.MODERATOR,
    "streamer": Level.STREAMER,
}

_BADGES: Final = {
    "broadcaster": Level.STREAMER,
    "moderator": Level.MODERATOR,
    "lead_moderator": Level.MODERATOR,
    "vip": Level.VIP,
    "subscriber": Level.SUBSCRIBER,
    "founder": Level.SUBSCRIBER,
}


def level_wanted(access_level: str) -> Level:
    """Tell what a command's author asks of whoever uses it; what is not understood lets nobody in but the streamer."""
    return _LEVELS.get(access_level, Level.STREAMER)


def level_of(badges: Iterable[str]) -> Level:
    """Tell what somebody with these badges is."""
    return max((_BADGES.get(badge, Level.EVERYONE) for badge in badges), default=Level.EVERYONE)
