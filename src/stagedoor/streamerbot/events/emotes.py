"""Emotes and cheermotes in a chat message: where they stand, and the message cut into parts at them.

Positions count UTF-16 units and the end is inclusive: the original is a .NET program and the readers are JavaScript,
so that ``text.substring(startIndex, endIndex + 1)`` is the emote whatever else is in the text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from stagedoor.streamerbot.events.reading import as_object, as_text
from stagedoor.types import JsonObject

_WORD: Final = re.compile(r"\S+")
_EMOTE_ID: Final = re.compile(r"/(?:emoticons/v\d|emotes?)/([^/]+)")
"""The id in the picture's address on the networks of Twitch, BetterTTV, FrankerFaceZ, 7TV and Kick."""

_LISTS: Final = ("userEmotes", "sevenTvEmotes", "bttvEmotes", "ffzEmotes")
"""The lists of ``TwitchGetEmotes``; where a name is in two of them the first one counts."""

_EMOTE_IMAGE: Final = "https://static-cdn.jtvnw.net/emoticons/v2/{id}/default/dark/3.0"

_CHEER: Final = re.compile(r"([a-z]+|4head)(\d+)", re.IGNORECASE)
_CHEERMOTES: Final = frozenset(
    """
    cheer doodlecheer biblethump cheerwhal corgo uni showlove party seemsgood pride kappa frankerz heyguys dansgame
    elegiggle trihard kreygasm 4head swiftrage notlikethis failfish vohiyo pjsalt mrdestructoid bday ripcheer shamrock
    bitboss streamlabs muxy holidaycheer goal anon charity scoops
    """.split()  # noqa: SIM905  (a list of 35 quoted words says no more)
)
"""Twitch's cheermotes for every channel."""
_CHEER_TIERS: Final = (1, 100, 1000, 5000, 10000, 100000)
_CHEER_COLOURS: Final = ("#979797", "#9c3ee8", "#1db2a5", "#0099fe", "#f43021", "#f3a71a")
_CHEER_IMAGE: Final = "https://d3aqoihi2n8ty8.cloudfront.net/actions/{name}/dark/animated/{tier}/4.gif"
_MAX_BITS: Final = 1_000_000
"""More than Twitch takes in one cheer; a longer number is a word like others."""


class Emotes:
    """The emotes of one platform, by their names."""

    def __init__(self, lists: JsonObject) -> None:
        """Take the value of the key ``emotes/<platform>``: four lists of ``{"name", "type", "imageUrl"}``."""
        self._entries: dict[str, JsonObject] = {}
        for member in _LISTS:
            listed = lists.get(member)
            for emote in listed if isinstance(listed, list) else ():
                entry = as_object(emote)
                if name := as_text(entry.get("name")):
                    self._entries.setdefault(name, _event_entry(name, entry))

    def are_in(self, text: str) -> bool:
        """Whether there is any of them in a text; quicker than looking where."""
        return not self._entries.keys().isdisjoint(text.split())

    def get(self, name: str) -> JsonObject | None:
        """Find an emote as events show it, without its position."""
        return self._entries.get(name)


NO_EMOTES: Final = Emotes({})


def find_emotes(text: str, emotes: Emotes) -> list[JsonObject]:
    """List the emotes in a text, in the order in which they stand."""
    found: list[JsonObject] = []
    if not emotes.are_in(text):
        return found
    for word, start, end in _words(text):
        entry = emotes.get(word)
        if entry is not None:
            found.append({**entry, "startIndex": start, "endIndex": end})
    return found


def find_cheermotes(text: str) -> list[JsonObject]:
    """List the cheermotes in a text. ``name`` is the word without its number, as overlays expect it."""
    found = []
    for word, start, end in _words(text):
        match = _CHEER.fullmatch(word)
        if match is None or match[1].lower() not in _CHEERMOTES or not 0 < len(match[2]) <= 7:
            continue
        bits = int(match[2])
        if not 0 < bits <= _MAX_BITS:
            continue
        found.append(_cheermote(match[1], bits, start, end))
    return found


def emote_entry(id_: str, name: str, start: int) -> JsonObject:
    """Write one of Twitch's own emotes, with the UTF-16 unit at which it stands."""
    return {
        "id": id_,
        "type": "Twitch",
        "name": name,
        "startIndex": start,
        "endIndex": start + _units(name) - 1,
        "imageUrl": _EMOTE_IMAGE.format(id=id_),
    }


def cheermote_entry(text: str, name: str, bits: int, start: int) -> JsonObject:
    """Write a cheermote: its word in the message, that word without the number, and the unit at which it stands."""
    return _cheermote(text[: len(name)] if name else text, bits, start, start + _units(text) - 1)


def _cheermote(name: str, bits: int, start: int, end: int) -> JsonObject:
    rank = max(bisect_right(_CHEER_TIERS, bits) - 1, 0)
    return {
        "bits": bits,
        "color": _CHEER_COLOURS[rank],
        "type": "CheerEmote",
        "name": name,
        "startIndex": start,
        "endIndex": end,
        "imageUrl": _CHEER_IMAGE.format(name=name.lower(), tier=_CHEER_TIERS[rank]),
    }


def parts_of(text: str, emotes: object, cheermotes: object = None) -> list[JsonObject]:
    """Cut a text into parts at its emotes and cheermotes; entries that do not fit the text are passed over."""
    marks = [*_marks(emotes, "emote"), *_marks(cheermotes, "cheer")]
    if not marks:
        return [{"type": "text", "text": text}] if text else []
    marks.sort(key=lambda mark: mark[0])
    units = None if _has_plain_units(text) else text.encode("utf-16-le", "surrogatepass")

    def cut(start: int, end: int) -> str:
        return text[start:end] if units is None else units[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")

    length = len(text) if units is None else len(units) // 2
    parts: list[JsonObject] = []
    done = 0
    for start, end, part in marks:
        if start < done or end > length or not cut(start, end).startswith(as_text(part["text"])):
            continue
        if start > done:
            parts.append({"type": "text", "text": cut(done, start)})
        parts.append(part)
        done = end
    if done < length:
        parts.append({"type": "text", "text": cut(done, length)})
    return parts


def _event_entry(name: str, listed: JsonObject) -> JsonObject:
    image = as_text(listed.get("imageUrl"))
    address = _EMOTE_ID.search(image)
    kind = as_text(listed.get("type"))
    return {
        "id": as_text(listed.get("id")) or (address[1] if address else name),
        # Lists tell Twitch's own emotes apart by their origin, events do not.
        "type": "Twitch" if kind.startswith("twitch") else kind,
        "name": name,
        "startIndex": 0,
        "endIndex": 0,
        "imageUrl": image,
    }


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of a text with their first and last UTF-16 unit."""
    if _has_plain_units(text):
        for match in _WORD.finditer(text):
            yield match[0], match.start(), match.end() - 1
        return
    read = units = 0
    for match in _WORD.finditer(text):
        start = units + _units(text[read : match.start()])
        units = start + _units(match[0])
        read = match.end()
        yield match[0], start, units - 1


def _has_plain_units(text: str) -> bool:
    """Whether each character is one UTF-16 unit."""
    return text.isascii() or max(text) <= "\uffff"


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def _marks(entries: object, kind: str) -> Iterator[tuple[int, int, JsonObject]]:
    """The places of some entries as (first unit, unit after the last, part)."""
    for item in entries if isinstance(entries, list) else ():
        entry = as_object(item)
        start, end, name = entry.get("startIndex"), entry.get("endIndex"), entry.get("name")
        if not (type(start) is int and type(end) is int and isinstance(name, str) and name and 0 <= start <= end):
            continue
        part: JsonObject = {"type": kind, "text": name, "imageUrl": entry.get("imageUrl")}
        if kind == "emote":
            part["source"] = entry.get("type")
        else:
            part["bits"], part["color"] = entry.get("bits"), entry.get("color")
        yield start, end + 1, part
