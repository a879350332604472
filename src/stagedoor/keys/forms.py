"""The words in which the entries' schemas are written."""

from typing import Final

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
