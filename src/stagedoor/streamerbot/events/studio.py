"""The streaming programs' events, completed: OBS, Streamlabs Desktop and Meld Studio.

Sources: Streamer.bot's documentation, which has ``connection`` in every event of OBS since 0.2.5, and what overlays in
the field read.
"""

from typing import Final

from stagedoor.streamerbot.events.builder import Builder
from stagedoor.streamerbot.events.emotes import Emotes
from stagedoor.streamerbot.events.reading import as_object, as_text, fill, first_text, stands_for_object
from stagedoor.types import JsonObject


def connection(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete the member that says which program it was."""
    done = dict(data)
    given = data.get("connection")
    if stands_for_object(given):
        known = dict(as_object(given))
        fill(known, id="", name=as_text(given), host="", version="", websocketVersion="")
        done["connection"] = known
    return done


def scene_changed(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete SceneChanged; a scene may be given by its name alone, and its name is flat in ``sceneName``, too."""
    done = connection(data, emotes, now)
    for member, flat in (("scene", "sceneName"), ("oldScene", "oldSceneName")):
        given = data.get(member)
        if stands_for_object(given):
            scene = dict(as_object(given))
            fill(scene, sceneName=as_text(given) or first_text(data, flat))
            done[member] = scene
    fill(done, sceneName=first_text(as_object(done.get("scene")), "sceneName"))
    return done


BUILDERS: Final[dict[str, Builder]] = {
    **dict.fromkeys(
        (
            "Connected",
            "Disconnected",
            "StreamingStarted",
            "StreamingStopped",
            "RecordingStarted",
            "RecordingStopped",
            "Event",
            "VendorEvent",
        ),
        connection,
    ),
    "SceneChanged": scene_changed,
}
"""How each type of OBS's events is completed."""
