"""A Twitch of our own on this computer: for tests, and to try stagedoor without an account.

Written from Twitch's public documentation. It serves what a stream's bot and overlays ask of Twitch: logins and tokens,
Helix, and EventSub over WebSocket; behind them is a :class:`World` in which people chat, follow and subscribe, and
:class:`Faults` for everything that goes wrong on a bad day::

    async with FakeTwitch() as twitch:
        token = twitch.issue_token()
        ...  # connect to twitch.urls.eventsub, subscribe at twitch.urls.subscriptions
        twitch.world.chat("Ann", "Hello!")
        twitch.faults.reconnect()

``python -m stagedoor.fake_twitch`` starts it alone.
"""

from stagedoor.fake_twitch.clock import Clock
from stagedoor.fake_twitch.faults import Faults
from stagedoor.fake_twitch.people import User
from stagedoor.fake_twitch.server import SCOPES, Asked, FakeTwitch, Urls
from stagedoor.fake_twitch.tokens import Token
from stagedoor.fake_twitch.topics import CATALOGUE, Topic, sample
from stagedoor.fake_twitch.world import World

__all__ = [
    "CATALOGUE",
    "SCOPES",
    "Asked",
    "Clock",
    "FakeTwitch",
    "Faults",
    "Token",
    "Topic",
    "Urls",
    "User",
    "World",
    "sample",
]
