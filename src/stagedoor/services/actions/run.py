"""One run of an action: who it is, what it knows, and what its steps may touch."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from stagedoor.access import Client
from stagedoor.services.actions.arguments import Arguments
from stagedoor.services.actions.expansion import Expander
from stagedoor.services.actions.triggers import Origin
from stagedoor.streamerbot.events import EventName
from stagedoor.types import JsonObject


@dataclass(frozen=True, slots=True)
class World:
    """What steps may touch."""

    client: Client
    """For every key that a user names: it has an application's rights."""
    publish: Callable[[EventName, object], None]
    """Publishes an event's data as they are."""
    fire: Callable[[Origin, JsonObject, int], None]
    """Starts the actions that an origin triggers, with arguments and a depth."""
    sleep: Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class Run:
    """One run of an action."""

    id: str
    action_id: str
    action_name: str
    arguments: Arguments
    expander: Expander
    queued_at: float
    """Unix time."""
    depth: int = 0
    """How many custom events it stands behind."""
