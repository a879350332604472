"""The completion of events: from the few members that somebody gives to all that overlays read.

What the caller gave is never changed and never lost. A member given in one shape is carried into the others; the rest
is neutral (empty, false, zero) or follows from what was given (an id and a colour from the login). Two short forms are
expanded: a name where a ``user`` belongs, and a text where a ``message`` object does.
"""

from typing import Final

from stagedoor.streamerbot.events import donations, kick, twitch, youtube
from stagedoor.streamerbot.events.builder import Builder
from stagedoor.streamerbot.events.emotes import NO_EMOTES, Emotes
from stagedoor.streamerbot.events.names import EventName
from stagedoor.streamerbot.events.reading import as_object, stands_for_object
from stagedoor.types import JsonObject

_NO_CONNECTION: Final[JsonObject] = {"id": "", "name": "", "host": "", "version": "", "websocketVersion": ""}


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
    if build is not None:
        return build(data, emotes or NO_EMOTES, now)
    return _with_connection(data) if name.source == "Obs" else data


def _with_connection(data: JsonObject) -> JsonObject:
    """Complete the member that every event of OBS has since 0.2.5."""
    given = data.get("connection")
    if not stands_for_object(given):
        return data
    return {**data, "connection": {**_NO_CONNECTION, **as_object(given)}}


def _of(source: str, builders: dict[str, Builder]) -> dict[EventName, Builder]:
    return {EventName(source, type_): build for type_, build in builders.items()}


BUILDERS: Final[dict[EventName, Builder]] = {
    **_of("Twitch", twitch.BUILDERS),
    **_of("YouTube", youtube.BUILDERS),
    **_of("Kick", kick.BUILDERS),
    **_of("Trovo", kick.TROVO_BUILDERS),
    **{EventName(*name): build for name, build in donations.BUILDERS.items()},
}
"""How each event is completed, of those that need it."""
