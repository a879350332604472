"""The events of Streamer.bot: their names and keys, the catalogue of them, and the completion of their data.

Nothing here publishes anything; an event is a write to its key.
"""

from stagedoor.streamerbot.events.catalogue import CATALOGUE, Catalogue
from stagedoor.streamerbot.events.completion import complete
from stagedoor.streamerbot.events.emotes import Emotes
from stagedoor.streamerbot.events.names import EVENT_PREFIX, EventName, event_key, event_of_key

__all__ = ["CATALOGUE", "EVENT_PREFIX", "Catalogue", "Emotes", "EventName", "complete", "event_key", "event_of_key"]
