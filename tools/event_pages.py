"""The reference pages of Streamer.bot's events, made from the catalogue: an index, and three pages of members.

A page of members is left out of the site's search, which would otherwise find little else.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from stagedoor.streamerbot.events import CATALOGUE, EventName
from stagedoor.streamerbot.events.completion import BUILDERS

Schema = dict[str, Any]

_NOW: Final = 1_767_640_500.0
"""When the examples happened."""

_MOMENT: Final = re.compile(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}[+-]\d\d:\d\d"')
_SHOWN_MOMENT: Final = '"2026-01-05T20:15:00.0000000+01:00"'
"""For every time in an example, so that the pages do not depend on where they are made."""

_PLATFORMS: Final = ("YouTube", "Kick", "Trovo")

_UNSEARCHED: Final = "---\nsearch:\n  exclude: true\n---"


def index_page(generated: str) -> Iterator[str]:
    """Every event by name, with what it is about."""
    names = CATALOGUE.names()
    yield "# Events"
    yield generated
    yield (
        f"The {sum(map(len, names.values()))} events of {len(names)} sources that `GetEvents` names, in Streamer.bot's "
        "own spelling, odd ones included. [Events](../../events.md) says what they are, and which of them stagedoor "
        "publishes by itself; all others happen when somebody publishes them."
    )
    yield (
        "With a ✓, stagedoor completes what is given to `stagedoor emit` with all that such an event has. Without one, "
        "the data go out as they are. Every event has an example, for `--sample`."
    )
    for source, types in sorted(names.items(), key=lambda item: item[0].lower()):
        page = _page_of(source)
        yield f"## {source}"
        rows = ["| event | | what happened |", "| --- | --- | --- |"]
        for type_ in types:
            name = EventName(source, type_)
            mark = "✓" if name in BUILDERS else ""
            rows.append(f"| [`{type_}`]({page}#{_anchor(name)}) | {mark} | {_plain(CATALOGUE.summary(name))} |")
        yield "\n".join(rows)


def twitch_page(generated: str) -> Iterator[str]:
    """The members of Twitch's events."""
    yield from _members_page("Twitch's events", ("Twitch",), generated)


def platforms_page(generated: str) -> Iterator[str]:
    """The members of the other platforms' events."""
    yield from _members_page("Events of YouTube, Kick and Trovo", _PLATFORMS, generated)


def others_page(generated: str) -> Iterator[str]:
    """The members of all other events."""
    others = sorted(set(CATALOGUE.names()) - {"Twitch", *_PLATFORMS}, key=str.lower)
    yield from _members_page("Events of all other sources", others, generated)


PAGES: Final[dict[str, Callable[[str], Iterator[str]]]] = {
    "reference/events/index.md": index_page,
    "reference/events/twitch.md": twitch_page,
    "reference/events/platforms.md": platforms_page,
    "reference/events/others.md": others_page,
}


def _page_of(source: str) -> str:
    if source == "Twitch":
        return "twitch.md"
    return "platforms.md" if source in _PLATFORMS else "others.md"


def _anchor(name: EventName) -> str:
    return f"{name.source}{name.type}".lower()


def _members_page(title: str, sources: tuple[str, ...] | list[str], generated: str) -> Iterator[str]:
    yield _UNSEARCHED
    yield f"# {title}"
    yield generated
    yield (
        "The members of `data`, in a notation like TypeScript's; a `time` is text. No event has to have all of them. A "
        "name such as `Part` is a [shape](#shapes) that several events share. [All events](index.md) are listed with "
        "what they are about."
    )
    shapes: dict[str, Schema] = {}
    for source in sources:
        for type_ in CATALOGUE.names()[source]:
            name = EventName(source, type_)
            schema: Schema = CATALOGUE.schema(name)
            shapes |= schema.get("$defs", {})
            yield f"## `{name.source}.{name.type}`"
            yield _plain(CATALOGUE.summary(name))
            if schema.get("properties") or schema.get("patternProperties"):
                yield f"```text\n{_type_of(schema, '')}\n```"
                yield '<details markdown="1"><summary>Example</summary>'
                yield f"```text\n{_sample(name)}\n```"
                yield "</details>"
            else:
                yield "Whatever its publisher puts into it."
    if shapes:
        yield "## Shapes"
        for shape, schema in sorted(shapes.items()):
            yield f"### `{shape}`"
            if "description" in schema:
                yield _plain(str(schema["description"]))
            yield f"```text\n{_type_of(schema, '')}\n```"


def _sample(name: EventName) -> str:
    text = msgspec.json.format(msgspec.json.encode(CATALOGUE.sample(name, now=_NOW)), indent=2).decode()
    return _MOMENT.sub(_SHOWN_MOMENT, text)


def _type_of(schema: Schema, indent: str) -> str:
    """Write what a schema allows."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return msgspec.json.encode(schema["const"]).decode()
    if "enum" in schema:
        return " | ".join(msgspec.json.encode(one).decode() for one in schema["enum"])
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return " | ".join(_type_of({**schema, "type": one}, indent) for one in kind)
    if kind == "array":
        inner = _type_of(schema.get("items", {}), indent)
        return f"({inner})[]" if " | " in inner and not inner.startswith("{") else f"{inner}[]"
    if kind == "object":
        members = [*schema.get("properties", {}).items(), *_patterns(schema)]
        if not members:
            return "object"
        deeper = indent + "  "
        lines = [_member(name, member, deeper) for name, member in members]
        return "{\n" + "\n".join(lines) + f"\n{indent}}}"
    if kind == "string" and schema.get("format") == "date-time":
        return "time"
    return str(kind)


def _patterns(schema: Schema) -> Iterator[tuple[str, Schema]]:
    for pattern, member in schema.get("patternProperties", {}).items():
        yield pattern.strip("^$").replace("[0-9]+", "1") + ", …", member


def _member(name: str, schema: Schema, indent: str) -> str:
    line = f"{indent}{name}: {_type_of(schema, indent)}"
    note = schema.get("description")
    if not note:
        return line
    first, newline, rest = line.partition("\n")
    return f"{first}  // {note}{newline}{rest}"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
