"""Publishes Streamer.bot's events: the right spelling, data with all that overlays read, and one write to a key."""

import time
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.errors import RequestFailed
from stagedoor.hub import Change
from stagedoor.json_text import MAX_DEPTH, is_too_deep
from stagedoor.keys import EMIT
from stagedoor.streamerbot.events import CATALOGUE, Emotes, EventName, complete, event_key
from stagedoor.streamerbot.interest import is_well_formed
from stagedoor.types import JsonObject, Value

_FREE_FORM: Final = EventName("General", "Custom")
"""What a broadcast makes: its data is whatever JSON was broadcast."""

_EMOTES: Final = "emotes/"

_TEXTS: Final = ("text", "message")
_OF_A_TEXT: Final = ("parts", "emotes", "cheerEmotes")
"""What stands beside a chat text and is found in it."""


class Emitter:
    """Serves the request to publish an event. Its client is its own."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._emotes: dict[str, Emotes] = {}
        client.deliver = self._hear
        client.subscribe_prefix(_EMOTES)
        client.serve(EMIT, self._emit)

    def _hear(self, change: Change) -> None:
        self._emotes.pop(change.key.removeprefix(_EMOTES), None)

    async def _emit(self, value: Value) -> Value:
        request = _read(value)
        name = _find_name(request)
        data = _read_data(request, name)
        if isinstance(data, dict):
            data = self._complete(name, data, has_sample=_read_flag(request, "sample"))
        await self._client.put(event_key(*name), msgspec.json.encode(data).decode())
        return msgspec.json.encode({"source": name.source, "type": name.type}).decode()

    def _complete(self, name: EventName, data: JsonObject, *, has_sample: bool) -> JsonObject:
        now = time.time()
        emotes = self._emotes_of(name.source.lower())
        if has_sample:
            if CATALOGUE.canonical(*name) is None:
                raise RequestFailed(f"Invalid parameter: sample; there is none of {name}")
            told, untold = (complete(name, each, emotes=emotes, now=now) for each in (data, {}))
            data = _lay_over(CATALOGUE.sample(name, now=now), data, told, untold)
        return complete(name, data, emotes=emotes, now=now)

    def _emotes_of(self, platform: str) -> Emotes:
        emotes = self._emotes.get(platform)
        if emotes is None:
            try:
                lists = msgspec.json.decode(self._client.get(_EMOTES + platform) or "{}", type=dict[str, object])
            except (msgspec.DecodeError, RecursionError):
                lists = {}
            emotes = Emotes(lists)
            # A name that no platform has is not worth remembering: anybody can make up another.
            if lists:
                self._emotes[platform] = emotes
        return emotes


def _read(value: Value) -> JsonObject:
    try:
        request = msgspec.json.decode(value, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestFailed("expected a source, a type and data") from error
    # What is published goes into messages that may nest so deeply themselves.
    if is_too_deep(request, MAX_DEPTH - 2):
        raise RequestFailed("Invalid parameter: data nests too deeply")
    return request


def _find_name(request: JsonObject) -> EventName:
    source, type_ = (_read_name(request, parameter) for parameter in ("source", "type"))
    known = CATALOGUE.canonical(source, type_)
    return known or EventName(CATALOGUE.canonical_source(source) or source, type_)


def _read_name(request: JsonObject, parameter: str) -> str:
    name = request.get(parameter)
    if name is None:
        raise RequestFailed(f"Missing parameter: {parameter}")
    if not isinstance(name, str) or not is_well_formed(name):
        raise RequestFailed(f"Invalid parameter: {parameter}; it has 1 to 64 letters, digits, dots, - and _")
    return name


def _read_data(request: JsonObject, name: EventName) -> object:
    data = request.get("data")
    if data is None:
        return {}
    if not isinstance(data, dict) and name != _FREE_FORM:
        raise RequestFailed(f"Invalid parameter: data; that of {name} is an object")
    return data


def _read_flag(request: JsonObject, parameter: str) -> bool:
    flag = request.get(parameter)
    if flag is not None and not isinstance(flag, bool):
        raise RequestFailed(f"Invalid parameter: {parameter}; it is true or false")
    return flag is True


def _lay_over(sample: JsonObject, given: JsonObject, told: JsonObject, untold: JsonObject) -> JsonObject:
    """Lay what the caller gave over a sample, with all that follows from it.

    Which members follow from it is what differs between its completion, ``told``, and that of nothing, ``untold``: a
    text that is given in one shape of the event must not leave the sample's text in the other.
    """
    laid = dict(sample)
    has_text = any(isinstance(told.get(member), str) and told.get(member) != untold.get(member) for member in _TEXTS)
    for member, value in told.items():
        below = sample.get(member)
        if isinstance(value, dict) and isinstance(below, dict):
            laid[member] = _lay_over(below, *(_object(each.get(member)) for each in (given, told, untold)))
        elif (
            member not in sample
            or value != untold.get(member)
            or given.get(member) is not None
            or (has_text and member in _OF_A_TEXT)
        ):
            laid[member] = value
    return laid


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}
