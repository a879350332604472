"""Holds values against JSON Schemas, by the few keywords that stagedoor's own schemas use and no others."""

import re
from typing import Any

_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}

KEYWORDS = {
    *("type", "title", "description", "enum", "default", "properties", "required", "additionalProperties"),
    *("items", "minItems", "maxItems", "minimum", "maximum", "minLength", "maxLength", "pattern", "anyOf"),
    *("format", "readOnly", "writeOnly"),
}
"""Those that are understood here; ``title``, ``default``, ``format`` and the like forbid nothing."""


def problems(schema: dict[str, Any], value: Any, place: str = "$", *, is_closed: bool = False) -> list[str]:
    """Tell what is wrong with a value, place by place; ``is_closed`` allows no member that is not described."""
    assert schema.keys() <= KEYWORDS, schema.keys() - KEYWORDS
    if "anyOf" in schema:
        return min((problems(one, value, place, is_closed=is_closed) for one in schema["anyOf"]), key=len)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if value is None:
        return [] if not types or "null" in types else [f"{place} is null"]
    if types and not any(_is_a(value, one) for one in types):
        return [f"{place} is no {types}"]
    found = [f"{place} is none of them"] if value not in schema.get("enum", [value]) else []
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            found.append(f"{place} has a wrong length")
        if not re.search(schema.get("pattern", ""), value):
            found.append(f"{place} does not look like {schema['pattern']}")
    elif isinstance(value, int | float):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            found.append(f"{place} is out of bounds")
    elif isinstance(value, dict):
        found += _problems_of_members(schema, value, place, is_closed=is_closed)
    elif isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{place} has a wrong number of items")
        for index, item in enumerate(value):
            found += problems(schema.get("items", {}), item, f"{place}[{index}]", is_closed=is_closed)
    return found


def _problems_of_members(schema: dict[str, Any], value: dict[str, Any], place: str, *, is_closed: bool) -> list[str]:
    members = schema.get("properties", {})
    others = schema.get("additionalProperties", not (is_closed and members))
    found = [f"{place}.{name} is missing" for name in schema.get("required", []) if name not in value]
    for name, item in value.items():
        if name in members:
            found += problems(members[name], item, f"{place}.{name}", is_closed=is_closed)
        elif others is False:
            found.append(f"{place}.{name} is unknown")
        elif others is not True:
            found += problems(others, item, f"{place}.{name}", is_closed=is_closed)
    return found


def _is_a(value: Any, type_: str) -> bool:
    if isinstance(value, bool):
        return type_ == "boolean"
    return type_ != "null" and isinstance(value, _TYPES[type_])
