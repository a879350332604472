"""An event as the client's user gets it."""

from datetime import datetime

import msgspec

from stagedoor.types import JsonObject


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that happened: ``Twitch``, ``Follow`` and what belongs to it."""

    source: str
    type: str
    data: JsonObject
    """Empty when the server sends none. What is no object is its member ``data``, as in a broadcast of text."""

    raw: JsonObject
    """The whole message as it came."""

    @property
    def name(self) -> str:
        """Source and type, ``Twitch.Follow``."""
        return f"{self.source}.{self.type}"

    @property
    def time(self) -> datetime | None:
        """When it happened, by the server's clock; ``None`` when the server does not say."""
        text = self.raw.get("timeStamp")
        try:
            return datetime.fromisoformat(text) if isinstance(text, str) else None
        except ValueError:
            return None


def read_event(message: JsonObject) -> Event | None:
    """Make an event of a message; ``None`` of a message that is none."""
    match message:
        case {"event": {"source": str(source), "type": str(kind)}} if source and kind:
            data = message.get("data")
            if data is None:
                data = {}
            return Event(source, kind, data if isinstance(data, dict) else {"data": data}, message)
    return None
