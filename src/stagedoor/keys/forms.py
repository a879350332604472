"""The words in which entries and their schemas are written."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.types import JsonObject

TEXT: Final[JsonObject] = {"type": "string"}
FLAG: Final[JsonObject] = {"type": "boolean"}
COUNT: Final[JsonObject] = {"type": "integer", "minimum": 0}
ANY: Final[JsonObject] = {}


def record(required: list[str], **properties: JsonObject) -> JsonObject:
    """Describe a JSON object."""
    return {"type": "object", "properties": properties, "required": required}


def items(each: JsonObject) -> JsonObject:
    """Describe a JSON array."""
    return {"type": "array", "items": each}


def owner_request(pattern: str, summary: str, schema: JsonObject | None = None) -> KeySpec:
    """Describe a request to stagedoor itself that the owner alone may make."""
    return KeySpec(
        pattern=pattern,
        kind=Kind.REQUEST,
        summary=summary,
        schema=schema or {},
        owner="stagedoor",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    )
