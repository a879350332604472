"""Helix, Twitch's HTTP API, as far as a stream's bot needs it."""

from typing import Final

from stagedoor.fake_twitch.helix.call import Call, Handler, Route
from stagedoor.fake_twitch.helix.channels import CHANNEL_ROUTES
from stagedoor.fake_twitch.helix.chat import CHAT_ROUTES
from stagedoor.fake_twitch.helix.moderation import MODERATION_ROUTES
from stagedoor.fake_twitch.helix.points import POINTS_ROUTES
from stagedoor.fake_twitch.helix.shows import SHOW_ROUTES
from stagedoor.fake_twitch.helix.subscriptions import EVENTSUB_ROUTES

__all__ = ["ROUTES", "Call", "Handler", "Route"]

ROUTES: Final[dict[tuple[str, str], Route]] = {
    (route.method, route.path): route
    for route in (
        *CHANNEL_ROUTES,
        *CHAT_ROUTES,
        *MODERATION_ROUTES,
        *POINTS_ROUTES,
        *SHOW_ROUTES,
        *EVENTSUB_ROUTES,
    )
}
"""By method and path below ``/helix``."""
