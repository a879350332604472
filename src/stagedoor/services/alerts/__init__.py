"""Says something in chat when something happens in the channel: follows, subscriptions, gifts, raids, cheers.

It hears ``twitch/ev/eventsub-event``, whoever writes it: Twitch, or somebody who simulates or replays an event.
"""

from stagedoor.services.alerts.service import Alerts, Templates

__all__ = ["Alerts", "Templates"]
