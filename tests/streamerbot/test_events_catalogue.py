"""The catalogue of events: every name of the official client, a schema and a sample that agree, times that are now."""

import json
import re
from datetime import datetime
from typing import Any

import pytest

from stagedoor.streamerbot.events import CATALOGUE, Catalogue, EventName, event_key, event_of_key

NAMES = [EventName(source, type_) for source, types in CATALOGUE.names().items() for type_ in types]
PLATFORMS = ("Twitch", "YouTube", "Kick", "Trovo")
NOW = 1_767_640_500.5


def problems(value: object, schema: dict[str, Any], shapes: dict[str, Any], path: str = "data") -> list[str]:
    """What a value does not have of its schema; the keywords that the catalogue uses, and no others."""
    known = {"$ref", "$schema", "$defs", "type", "properties", "patternProperties", "items", "enum", "const", "format"}
    assert schema.keys() <= known | {"description"}, schema.keys()
    if "$ref" in schema:
        return problems(value, shapes[schema["$ref"].removeprefix("#/$defs/")], shapes, path)
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path} is not one of {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{path} is not {schema['const']}")
    if "type" in schema and not any(is_of(value, name) for name in as_list(schema["type"])):
        found.append(f"{path} is {value!r} and not {schema['type']}")
    if schema.get("format") == "date-time" and isinstance(value, str):
        datetime.fromisoformat(value)
    if isinstance(value, dict):
        for key, item in value.items():
            patterns = [s for pattern, s in schema.get("patternProperties", {}).items() if re.search(pattern, key)]
            described = [schema["properties"][key]] if key in schema.get("properties", {}) else patterns
            if "properties" in schema and not described:
                found.append(f"{path}.{key} is not described")
            for item_schema in described:
                found += problems(item, item_schema, shapes, f"{path}.{key}")
    if isinstance(value, list) and "items" in schema:
        for item in value:
            found += problems(item, schema["items"], shapes, f"{path}[]")
    return found


def as_list(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else types


def is_of(value: object, type_: str) -> bool:
    match type_:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "null":
            return value is None
    return isinstance(value, {"string": str, "boolean": bool, "array": list, "object": dict}[type_])


def test_it_lists_44_sources_and_their_types_in_the_spelling_of_the_wire() -> None:
    names = CATALOGUE.names()
    assert (len(names), sum(map(len, names.values()))) == (44, 467)
    for odd in ["Kick.sGifted", "MeldStudio.LayerVisbilityChanged", "Elgato.CameraHubWebcamrDisconnected"]:
        source, _, type_ = odd.partition(".")
        assert type_ in names[source]
    assert names["General"] == ["Custom"]
    assert {"Obs", "Kofi", "VTubeStudio", "WebsocketCustomServer", "YouTube"} <= names.keys()


def test_a_name_is_found_in_any_case() -> None:
    assert CATALOGUE.canonical("twitch", "CHATMESSAGE") == EventName("Twitch", "ChatMessage")
    assert CATALOGUE.canonical("youTube", "membermilestone") == ("YouTube", "MemberMileStone")
    assert CATALOGUE.canonical("Twitch", "Nothing") is None
    assert CATALOGUE.canonical_source("websocketcustomserver") == "WebsocketCustomServer"
    assert CATALOGUE.canonical_source("Mixer") is None


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_a_sample_is_as_its_schema_says(name: EventName) -> None:
    schema = CATALOGUE.schema(name)
    shapes = schema.get("$defs", {})
    assert isinstance(shapes, dict)
    sample = CATALOGUE.sample(name, now=NOW)
    assert problems(sample, schema, shapes) == []
    assert "{now" not in json.dumps(sample)


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_a_summary_is_a_sentence(name: EventName) -> None:
    assert re.fullmatch(r"[A-Z].+\.", CATALOGUE.summary(name))


def test_a_sample_has_its_times_as_of_now_and_belongs_to_the_caller() -> None:
    name = EventName("Twitch", "HypeTrainStart")
    sample = CATALOGUE.sample(name, now=NOW)
    started, ends = (datetime.fromisoformat(str(sample[key])).timestamp() for key in ("started_at", "expires_at"))
    assert (started, ends) == (NOW - 90, NOW + 210)
    sample["level"] = 99
    assert CATALOGUE.sample(name)["level"] == 1
    assert CATALOGUE.sample(EventName("Pulsoid", "HeartRatePulse"), now=NOW)["measuredAt"] == NOW * 1000


@pytest.mark.parametrize("name", [name for name in NAMES if name.source in PLATFORMS], ids=str)
def test_a_sample_of_a_platform_is_marked_as_a_test(name: EventName) -> None:
    """As are the events of Streamer.bot's test triggers; what counts viewers and points leaves them out."""
    assert CATALOGUE.sample(name)["isTest"] is True


def test_a_schema_brings_the_shapes_that_it_refers_to_and_no_others() -> None:
    schema = CATALOGUE.schema(EventName("Twitch", "ChatMessage"))
    shapes = schema["$defs"]
    assert isinstance(shapes, dict)
    assert {"TwitchUser", "Badge", "Emote"} <= shapes.keys()
    assert "KickUser" not in shapes
    assert "$defs" not in CATALOGUE.schema(EventName("Misc", "TimedAction"))


def test_names_are_known_without_reading_any_schema() -> None:
    catalogue = Catalogue()
    assert catalogue.names()
    assert catalogue.canonical("twitch", "follow")
    assert catalogue._sources == {}


def test_an_unknown_event_has_no_sample() -> None:
    for name in [EventName("Mixer", "Ember"), EventName("Twitch", "Nothing"), EventName("names", "Twitch")]:
        with pytest.raises(KeyError):
            CATALOGUE.sample(name)


def test_a_key_carries_an_event_when_it_has_three_segments() -> None:
    assert event_key("Twitch", "ChatMessage") == "event/Twitch/ChatMessage"
    assert event_of_key("event/Twitch/ChatMessage") == ("Twitch", "ChatMessage")
    assert event_of_key("event/Mine/Won") == ("Mine", "Won")
    for key in [
        "event/Twitch",
        "event/Twitch/",
        "event//Follow",
        "event/a/b/c",
        "twitch/ev/x",
        "event",
        "event/a/@b",
        "",
    ]:
        assert event_of_key(key) is None
