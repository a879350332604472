"""Where Twitch is: its own addresses, or those of something that stands for it."""

from dataclasses import dataclass

from stagedoor.options import TWITCH_API, TWITCH_AUTH, TWITCH_EVENTSUB, Settings


@dataclass(frozen=True, slots=True)
class Urls:
    """The addresses, none of which ends in a slash."""

    auth: str = TWITCH_AUTH
    """What ``/token``, ``/device`` and the like are below."""
    api: str = TWITCH_API
    """Helix."""
    eventsub: str = TWITCH_EVENTSUB
    """The WebSocket of EventSub."""
    subscriptions: str | None = None
    """Where topics are subscribed to, if that is not below :attr:`api`."""

    @classmethod
    def chosen(cls, settings: Settings) -> "Urls":
        """Those of this run."""
        return cls(
            settings.twitch_auth_url,
            settings.twitch_api_url,
            settings.twitch_eventsub_url,
            settings.twitch_subscriptions_url,
        )

    @property
    def subscribe(self) -> str:
        """Where topics are subscribed to."""
        return self.subscriptions or f"{self.api}/eventsub/subscriptions"
