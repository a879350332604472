"""What one session wants to hear: events by name, by source, or all, with exceptions.

Streamer.bot's documentation knows names alone; its clients spell wildcards out from ``GetEvents``. A wildcard here also
covers the events that are yet to be invented. What was said last about a name counts.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Final

import msgspec

from stagedoor.access import Client, Clock
from stagedoor.errors import RequestFailed
from stagedoor.hub import Change
from stagedoor.streamerbot.events import CATALOGUE, EVENT_PREFIX, EventName, event_key, event_of_key
from stagedoor.streamerbot.messages import MissingParameter
from stagedoor.types import Key

ANY: Final = "*"

CUSTOM_EVENT: Final = event_key("Custom", "Event")

EXPECTED_FOR_S: Final = 60.0
"""How long a session is told of the custom event that it named in a request."""

_MAX_EXPECTED: Final = 1000
_MAX_NAMES: Final = 20_000
_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Selection(dict[str, list[str]]):
    """Source to types, as in ``Subscribe``; both in their right spelling."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[tuple[str, str]] = set()

    def add(self, source: str, type_: str) -> None:
        """Add a name, once."""
        if (source, type_) not in self._seen:
            self._seen.add((source, type_))
            self.setdefault(source, []).append(type_)

    @property
    def wildcards(self) -> dict[str, str]:
        """The sources of which all is meant, by the prefix of their keys."""
        return {f"{EVENT_PREFIX}{source}/": source for source, types in self.items() if source != ANY and ANY in types}

    @property
    def names(self) -> Iterator[EventName]:
        """The events that are named."""
        return (EventName(source, type_) for source, types in self.items() for type_ in types if type_ != ANY)


class _CustomEvent(msgspec.Struct):
    eventName: str = ""  # noqa: N815  (the wire's word)


class Interest:
    """The events that a session hears through its hub client."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._names: set[Key] = set()
        self._sources: set[str] = set()
        self._is_everything = False
        self._left_out: set[str] = set()
        """Keys, and prefixes of sources, that a wildcard does not cover any more."""
        self._expected: dict[str, float] = {}

    # --- changing it ---

    def add(self, selection: Selection) -> None:
        """Hear more.

        Raises:
            RequestFailed: When it would be too much for one session.
        """
        if len(self._names) + len(self._sources) + sum(map(len, selection.values())) > _MAX_NAMES:
            raise RequestFailed(f"A session may hear {_MAX_NAMES} events")
        if ANY in selection:
            self._hear_everything()
        self._hear_sources(selection.wildcards)
        for name in selection.names:
            self._hear(event_key(*name))

    def remove(self, selection: Selection) -> Selection:
        """Hear less; returns what was heard until now, wildcards as such.

        Raises:
            RequestFailed: When there would be too many exceptions from wildcards for one session.
        """
        if len(self._left_out) + sum(map(len, selection.values())) > _MAX_NAMES:
            raise RequestFailed(f"A session may leave out {_MAX_NAMES} events")
        removed = Selection()
        if ANY in selection:
            self._hear_nothing(removed)
        self._leave_sources(selection.wildcards, removed)
        for name in selection.names:
            if self._leave(event_key(*name)):
                removed.add(*name)
        return removed

    def _hear(self, key: Key) -> None:
        self._left_out.discard(key)
        # The official client sends all that it wants to hear with every subscription.
        if key not in self._names and self._client.may_hear_key(key):
            self._client.subscribe(key)
            self._names.add(key)

    # Many sources are looked for in one walk over the names, since there may be thousands of both.

    def _hear_sources(self, sources: Collection[str]) -> None:
        """Hear the sources with these prefixes."""
        if not sources:
            return
        self._left_out = {part for part in self._left_out if _prefix_of(part) not in sources}
        self._sources.update(sources)
        for prefix in sources:
            self._client.subscribe_prefix(prefix)

    def _hear_everything(self) -> None:
        self._left_out.clear()
        self._is_everything = True
        self._client.subscribe_prefix(EVENT_PREFIX)

    def _leave(self, key: Key) -> bool:
        was_heard = self._covers(key)
        self._names.discard(key)
        if key != CUSTOM_EVENT or not self._expected:
            self._client.unsubscribe(key)
        if self._covers(key):
            self._left_out.add(key)
        return was_heard

    def _leave_sources(self, sources: Mapping[str, str], removed: Selection) -> None:
        """Hear nothing of the sources, by prefix, nor of their events that were named."""
        if not sources:
            return
        for prefix, source in sources.items():
            if prefix in self._sources or (self._is_everything and prefix not in self._left_out):
                removed.add(source, ANY)
            self._sources.discard(prefix)
            self._client.unsubscribe_prefix(prefix)
        for key in [key for key in self._names if _prefix_of(key) in sources]:
            prefix = _prefix_of(key)
            removed.add(sources[prefix], key.removeprefix(prefix))
            self._leave(key)
        self._left_out = {part for part in self._left_out if _prefix_of(part) not in sources}
        if self._is_everything:
            self._left_out.update(sources)

    def _hear_nothing(self, removed: Selection) -> None:
        if self._is_everything:
            removed.add(ANY, ANY)
        self._is_everything = False
        self._client.unsubscribe_prefix(EVENT_PREFIX)
        prefixes = {_prefix_of(part) for part in (*self._sources, *self._names)}
        self._leave_sources({prefix: prefix.split("/")[1] for prefix in prefixes}, removed)
        self._left_out.clear()

    # --- events that answer a request ---

    def expect(self, name: str) -> None:
        """Hear the next custom event of that name, subscribed or not, once.

        A client names it in a request and subscribes only afterwards, when a fast action has published it already.
        """
        now = self._clock.time()
        self._expected = {known: until for known, until in self._expected.items() if until > now}
        if len(self._expected) < _MAX_EXPECTED:
            self._expected[name] = now + EXPECTED_FOR_S
            if self._client.may_hear_key(CUSTOM_EVENT):
                self._client.subscribe(CUSTOM_EVENT)

    def expect_no_more(self, name: str) -> None:
        """Take back :meth:`expect`."""
        self._expected.pop(name, None)
        self._forget_custom_events()

    def _forget_custom_events(self) -> None:
        if not self._expected and CUSTOM_EVENT not in self._names:
            self._client.unsubscribe(CUSTOM_EVENT)

    # --- asking it ---

    def wants(self, change: Change) -> bool:
        """Tell whether a change that the hub delivers is for this session."""
        key = change.key
        if self._expected and key == CUSTOM_EVENT and self._is_expected(change):
            return True
        return key in self._names or (not self._left_out and key != CUSTOM_EVENT) or self._covers(key)

    def _is_expected(self, change: Change) -> bool:
        try:
            name = msgspec.json.decode(change.value, type=_CustomEvent).eventName
        except (msgspec.DecodeError, RecursionError):
            return False
        until = self._expected.pop(name, None)
        if until is None:
            return False
        self._forget_custom_events()
        return until > self._clock.time()

    def _covers(self, key: Key) -> bool:
        if key in self._names:
            return True
        if key in self._left_out:
            return False
        prefix = _prefix_of(key)
        return prefix in self._sources or (self._is_everything and prefix not in self._left_out)


def _prefix_of(part: str) -> str:
    """Cut the key of an event, or the prefix of a source, to the prefix of the source."""
    return part[: part.find("/", len(EVENT_PREFIX)) + 1]


def read_selection(events: object) -> Selection:
    """Read the parameter ``events`` of a request: an object of source to types, or ``"*"``.

    Known names come out in their right spelling, whatever their case; well-formed unknown ones as they are, since a
    plugin may publish them later; anything else is left out.

    Raises:
        MissingParameter: When it is neither.
    """
    if events == ANY:
        events = {ANY: [ANY]}
    if not isinstance(events, dict):
        raise MissingParameter("events")
    selection = Selection()
    for source, types in events.items():
        for type_ in types if isinstance(types, list) else [types]:
            if isinstance(type_, str):
                for name in _spell(source, type_):
                    selection.add(*name)
    return selection


def _spell(source: str, type_: str) -> Iterable[EventName]:
    if source == ANY:
        if type_ == ANY:
            return [EventName(ANY, ANY)]
        return _of_any_source().get(type_.lower(), ())
    known_name = CATALOGUE.canonical(source, type_)
    if known_name is not None:
        return [known_name]
    source = CATALOGUE.canonical_source(source) or source
    if is_well_formed(source) and (type_ == ANY or is_well_formed(type_)):
        return [EventName(source, type_)]
    return []


@cache
def _of_any_source() -> dict[str, list[EventName]]:
    """The events of the catalogue by their type in small letters."""
    names: dict[str, list[EventName]] = {}
    for source, types in CATALOGUE.names().items():
        for type_ in types:
            names.setdefault(type_.lower(), []).append(EventName(source, type_))
    return names


def is_well_formed(name: str) -> bool:
    """Tell whether a source or a type could be one that a plugin invents: it fits a key, and nothing hides in it."""
    return _WELL_FORMED.fullmatch(name) is not None


def known_part(selection: Selection, client: Client) -> Selection:
    """Leave out the names that neither the catalogue nor the hub has heard of, and what the client may not hear."""
    known = Selection()
    for source, types in selection.items():
        for type_ in types:
            if _may_hear(source, type_, client) and is_known(EventName(source, type_), client):
                known.add(source, type_)
    return known


def _may_hear(source: str, type_: str, client: Client) -> bool:
    """Tell whether a client may hear an event; of a wildcard it may hear a part."""
    return ANY in (source, type_) or client.may_hear_key(event_key(source, type_))


def is_known(name: EventName, client: Client) -> bool:
    """Tell whether an event is in the catalogue, or was published since the start."""
    if ANY in name:
        return name.source == ANY or CATALOGUE.canonical_source(name.source) is not None
    return CATALOGUE.canonical(*name) is not None or _was_published(name, client)


def _was_published(name: EventName, client: Client) -> bool:
    key = event_key(*name)
    return client.may_hear_key(key) and bool(client.get(key))


def known_names(client: Client) -> dict[str, list[str]]:
    """List all events there are: those of the catalogue, and those that were published since the start."""
    names = {source: dict.fromkeys(types) for source, types in CATALOGUE.names().items()}
    scan = client.scan(EVENT_PREFIX)
    try:
        while entries := scan.take_keys(512):
            for key in entries:
                name = event_of_key(key)
                if name is not None:
                    names.setdefault(name.source, {})[name.type] = None
    finally:
        scan.close()
    return {source: list(types) for source, types in names.items()}
