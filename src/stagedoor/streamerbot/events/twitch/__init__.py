"""Twitch's events, completed: the shapes of 0.2.5 and later beside the older ones, each filled from the other.

Sources: Streamer.bot's documentation, the types of the official client 1.12.2, and what overlays in the field read.
"""

from typing import Final

from stagedoor.streamerbot.events.builder import Builder
from stagedoor.streamerbot.events.twitch import arguments, channel, chat, moderation, subscriptions

__all__ = ["BUILDERS"]

BUILDERS: Final[dict[str, Builder]] = {
    **chat.BUILDERS,
    **subscriptions.BUILDERS,
    **moderation.BUILDERS,
    **channel.BUILDERS,
    **arguments.BUILDERS,
}
"""How each type is completed."""
