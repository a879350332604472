"""The services of the stream: what overlays and bots use, whatever protocol they speak. The next one is added here."""

from collections.abc import Callable
from typing import Final, Protocol

from stagedoor.access import Grant, Level
from stagedoor.app.foundation import Foundation
from stagedoor.services.actions import Actions
from stagedoor.services.alerts import Alerts
from stagedoor.services.chatbot import ChatBot
from stagedoor.services.chatbot.rendering import Renderer
from stagedoor.services.credits import Credits
from stagedoor.services.emitter import Emitter
from stagedoor.services.extensions import Extensions
from stagedoor.services.loopback import Loopback
from stagedoor.services.loyalty import Loyalty
from stagedoor.services.pronouns import Alejo, Pronouns
from stagedoor.services.timers import Timers
from stagedoor.services.twitch.service import Twitch
from stagedoor.services.twitch.urls import Urls
from stagedoor.services.variables import Variables
from stagedoor.services.viewers import Viewers

ACTION: Final = Grant(Level.APPLICATION, "an action")
"""What actions may touch: they are written by applications, too, and must not reach what those may not."""


class _Following(Protocol):
    """A service that follows state."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...


async def start_stream(base: Foundation, find_twitch_redirect: Callable[[], str | None]) -> None:
    """Start them; those that follow state have loaded it before anybody can change it.

    ``find_twitch_redirect`` tells where Twitch's login page shall lead back to.
    """
    client, stack = base.client, base.stack
    Emitter(client())
    Loopback(client())
    Extensions(client()).start()
    lookups = Alejo() if base.settings.pronouns else None
    if lookups is not None:
        stack.push_async_callback(lookups.close)
    stack.push_async_callback(Pronouns(client(), base.loop, lookups).close)
    await Variables(client(), client()).start()
    following: tuple[_Following, ...] = (
        Actions(client(), client(ACTION), base.loop),
        Viewers(client(), client()),
        Credits(client()),
        ChatBot(client()),
        Timers(client(), base.loop),
        Alerts(client(), Renderer(client()), base.loop),
        Loyalty(client(), client(), base.loop),
        Twitch(
            client,
            base.loop,
            Urls.chosen(base.settings),
            find_redirect=find_twitch_redirect,
            record=base.record,
        ),
    )
    for service in following:
        await service.start()
        stack.push_async_callback(service.close)
