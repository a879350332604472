"""The completion of events: from the few members that somebody gives to all that overlays read.

What the caller gave is never changed and never lost. A member given in one shape is carried into the others; the rest
is neutral (empty, false, zero) or follows from what was given (an id and a colour from the login). Two short forms are
expanded: a name where a ``user`` belongs, and a text where a ``message`` object does.
"""

from typing import Final

from stagedoor.streamerbot.events import donations, kick, studio, twitch, youtube
from stagedoor.streamerbot.events.builder import Builder
from stagedoor.streamerbot.events.emotes import NO_EMOTES, Emotes
from stagedoor.streamerbot.events.names import EventName
from stagedoor.types import JsonObject


def complete(name: EventName, data: JsonObject, *, emotes: Emotes | None = None, now: float) -> JsonObject:
    """Return the event's data with every member that overlays read.

    Args:
        name: The event, in its right spelling.
        data: What is known; not changed, though the result may share objects with it.
        emotes: The platform's emotes, to be found in the text of a message.
        now: Unix time, for the times and ids that are not given.
    Returns:
        The completed data; completing it again changes nothing. Data of an event without a builder comes back as it is.
    """
    build = BUILDERS.get(name)
    return data if build is None else build(data, emotes or NO_EMOTES, now)


def _of(source: str, builders: dict[str, Builder]) -> dict[EventName, Builder]:
    return {EventName(source, type_): build for type_, build in builders.items()}


BUILDERS: Final[dict[EventName, Builder]] = {
    **_of("Twitch", twitch.BUILDERS),
    **_of("YouTube", youtube.BUILDERS),
    **_of("Kick", kick.BUILDERS),
    **_of("Trovo", kick.TROVO_BUILDERS),
    **_of("Obs", studio.BUILDERS),
    **{EventName(*name): build for name, build in donations.BUILDERS.items()},
}
"""How each event is completed, of those that need it."""
