"""What completes one type of event."""

from collections.abc import Callable
from typing import TypeAlias

from stagedoor.streamerbot.events.emotes import Emotes
from stagedoor.types import JsonObject

Builder: TypeAlias = Callable[[JsonObject, Emotes, float], JsonObject]
"""Takes what is known of an event, the emotes of its platform and the Unix time; returns the completed data.

It changes nothing that it was given, and completing its result again changes nothing.
"""
