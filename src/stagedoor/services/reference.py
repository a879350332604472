"""Tells the owner what there is to know about keys and events: the catalogues, as JSON."""

from collections.abc import Iterable
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.errors import RequestFailed
from stagedoor.hub import KeySpec
from stagedoor.keys import CATALOGUE as CATALOGUE_KEY
from stagedoor.keys import EVENTS
from stagedoor.streamerbot.events import CATALOGUE, EventName
from stagedoor.types import JsonObject, Value


class EventRequest(msgspec.Struct):
    """Which event is asked about; without a name, all are."""

    source: str | None = None
    type: str | None = None


_decoder: Final = msgspec.json.Decoder(EventRequest)


class Reference:
    """Answers from the catalogue of keys and that of Streamer.bot's events."""

    def __init__(self, client: Client, specs: Iterable[KeySpec]) -> None:
        self._specs = specs
        client.serve(CATALOGUE_KEY, self._list_keys)
        client.serve(EVENTS, self._describe_events)

    async def _list_keys(self, value: Value) -> Value:
        return msgspec.json.encode([_describe(spec) for spec in self._specs]).decode()

    async def _describe_events(self, value: Value) -> Value:
        try:
            request = _decoder.decode(value or "{}")
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed(f"the request is not valid: {error}") from error
        if request.source is None and request.type is None:
            return msgspec.json.encode(_summaries()).decode()
        name = CATALOGUE.canonical(request.source or "", request.type or "")
        if name is None:
            raise RequestFailed(f"there is no event {request.source!r}, {request.type!r}")
        return msgspec.json.encode({"schema": CATALOGUE.schema(name), "sample": CATALOGUE.sample(name)}).decode()


def _describe(spec: KeySpec) -> JsonObject:
    return {
        "pattern": spec.pattern,
        "kind": spec.kind,
        "summary": spec.summary,
        "schema": spec.schema,
        "default": spec.default,
        "example": spec.example,
        "answer": spec.answer,
        "owner": spec.owner,
        "readers": spec.readers,
        "listers": spec.listers,
        "writers": spec.writers,
        "secret_members": sorted(spec.secret_members),
        "stored_in_memory": spec.stored_in_memory,
    }


def _summaries() -> dict[str, dict[str, str]]:
    return {
        source: {type_: CATALOGUE.summary(EventName(source, type_)) for type_ in types}
        for source, types in CATALOGUE.names().items()
    }
