"""The words in which entries and their schemas are written."""

from collections.abc import Collection
from typing import Any, Final

import msgspec

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.types import JsonObject

TEXT: Final[JsonObject] = {"type": "string"}
FLAG: Final[JsonObject] = {"type": "boolean"}
COUNT: Final[JsonObject] = {"type": "integer", "minimum": 0}
ANY: Final[JsonObject] = {}

A_MOMENT_MS: Final = 1_790_000_000_000
"""When it is in examples, in Unix milliseconds."""


def record(required: list[str], **properties: JsonObject) -> JsonObject:
    """Describe a JSON object."""
    return {"type": "object", "properties": properties, "required": required}


def items(each: JsonObject) -> JsonObject:
    """Describe a JSON array."""
    return {"type": "array", "items": each}


def schema_of(shape: Any, *, write_only: Collection[str] = ()) -> JsonObject:
    """Describe a type, whole and without references; ``write_only`` names members that are not shown."""
    schema = msgspec.json.schema(shape)
    whole: JsonObject = _inline(schema, schema.pop("$defs", {}))
    properties = whole.get("properties")
    for name in write_only:
        assert isinstance(properties, dict)
        properties[name] = {**properties[name], "writeOnly": True}
    return whole


def example(value: object) -> str:
    """Write the example of a value."""
    return msgspec.json.encode(value).decode()


def owner_request(
    pattern: str,
    summary: str,
    schema: JsonObject | None = None,
    *,
    asked: object = None,
    answer: object,
    owner: str = "stagedoor",
) -> KeySpec:
    """Describe a request to stagedoor itself that the owner alone may make, with an example of both its sides."""
    return KeySpec(
        pattern=pattern,
        kind=Kind.REQUEST,
        summary=summary,
        schema=schema or {},
        example="" if asked is None else example(asked),
        answer=example(answer),
        owner=owner,
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    )


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:
    """Put definitions in the place of references, and leave out what tells nothing."""
    if isinstance(schema, list):
        return [_inline(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    properties = schema.get("properties")
    whole = {
        name: _inline(part, definitions)
        for name, part in schema.items()
        if name not in ("title", "default", "properties", "required") and part != []
    }
    if properties is not None:
        whole["properties"] = {name: _inline(part, definitions) for name, part in properties.items()}
    if schema.get("required"):
        whole["required"] = schema["required"]
    return whole
