"""The events that Streamer.bot knows: their names, what they are about, the shape of their data, and an example each.

The catalogue is data, in files beside this module: ``names.json`` holds every source's types with a sentence each, and
``<Source>.json`` their schemas and samples. Names and spellings are those of the official client 1.12.2, odd ones
included, with three newer ones that programs in the field listen to. A source's file is read when first asked for.

Schemas require no member: an event with fewer members, or more, is an event all the same. A string ``{now}`` in a
sample stands for the current time, ``{now-90}`` for 90 seconds before it, and ``{now_ms}`` for the time as a number of
milliseconds.
"""

import re
import time
from functools import cached_property
from importlib.resources import files
from typing import Final, TypeAlias

import msgspec

from stagedoor.streamerbot.events.names import EventName
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject

_Details: TypeAlias = dict[str, JsonObject]
"""One event's ``schema`` and ``sample``."""

_MOMENT: Final = re.compile(r"\{now(_ms)?([+-]\d+)?\}")
_SHAPE: Final = "#/$defs/"


class Catalogue:
    """Every event of the catalogue, by name."""

    def __init__(self) -> None:
        self._sources: dict[str, dict[str, _Details]] = {}

    @cached_property
    def _summaries(self) -> dict[str, dict[str, str]]:
        return msgspec.json.decode(_read("names"), type=dict[str, dict[str, str]])

    @cached_property
    def _spellings(self) -> dict[str, str]:
        return {source.lower(): source for source in self._summaries}

    @cached_property
    def _names(self) -> dict[tuple[str, str], EventName]:
        return {
            (source.lower(), type_.lower()): EventName(source, type_)
            for source, types in self._summaries.items()
            for type_ in types
        }

    @cached_property
    def _shapes(self) -> dict[str, JsonObject]:
        return msgspec.json.decode(_read("shapes"), type=dict[str, JsonObject])

    def names(self) -> dict[str, list[str]]:
        """List every source with its types, in the order of the official client; the caller may keep it."""
        return {source: list(types) for source, types in self._summaries.items()}

    def canonical_source(self, source: str) -> str | None:
        """Give a source its right spelling, whatever its case."""
        return self._spellings.get(source.lower())

    def canonical(self, source: str, type: str) -> EventName | None:  # noqa: A002  (the wire's word)
        """Give an event's name its right spelling, whatever its case; ``None`` for an event that is not known."""
        return self._names.get((source.lower(), type.lower()))

    def summary(self, name: EventName) -> str:
        """Say in a sentence what the event is about. Raises ``KeyError`` for an unknown name, as all below do."""
        return self._summaries[name.source][name.type]

    def schema(self, name: EventName) -> JsonObject:
        """Describe the event's data in JSON Schema, draft 2020-12."""
        schema = self._details(name)["schema"]
        shapes: dict[str, JsonObject] = {}
        self._collect_shapes(schema, shapes)
        described: JsonObject = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        return {**described, "$defs": shapes} if shapes else described

    def sample(self, name: EventName, *, now: float | None = None) -> JsonObject:
        """Make an example of the event's data as of now, or of another Unix time; the caller may change it."""
        moment = time.time() if now is None else now
        return {key: _at_moment(value, moment) for key, value in self._details(name)["sample"].items()}

    def _details(self, name: EventName) -> _Details:
        types = self._sources.get(name.source)
        if types is None:
            if name.source not in self._summaries:
                raise KeyError(name.source)
            types = msgspec.json.decode(_read(name.source), type=dict[str, _Details])
            self._sources[name.source] = types
        return types[name.type]

    def _collect_shapes(self, schema: object, found: dict[str, JsonObject]) -> None:
        """Gather the shared shapes that a schema refers to, and those that they refer to."""
        if isinstance(schema, list):
            for item in schema:
                self._collect_shapes(item, found)
        elif isinstance(schema, dict):
            reference = schema.get("$ref")
            if isinstance(reference, str) and (shape := reference.removeprefix(_SHAPE)) not in found:
                found[shape] = self._shapes[shape]
                self._collect_shapes(found[shape], found)
            for item in schema.values():
                self._collect_shapes(item, found)


def _read(name: str) -> bytes:
    return files(__package__).joinpath("data", f"{name}.json").read_bytes()


def _at_moment(value: object, now: float) -> object:
    """Copy a sample's value with its times filled in."""
    if isinstance(value, dict):
        return {key: _at_moment(item, now) for key, item in value.items()}
    if isinstance(value, list):
        return [_at_moment(item, now) for item in value]
    if isinstance(value, str) and (match := _MOMENT.fullmatch(value)):
        moment = now + int(match[2] or 0)
        return int(moment * 1000) if match[1] else event_time(moment)
    return value


CATALOGUE: Final = Catalogue()
