"""Knows who is watching: keeps a key for each viewer, tells who is active, and notices a viewer's first words."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.access.coalesced import CoalescedWrites
from stagedoor.errors import StoreError
from stagedoor.hub import Change, Write
from stagedoor.keys import FIRST_WORDS_CLEAR, VIEWERS_ACTIVE, segment, unsegment
from stagedoor.streamerbot.events import event_key
from stagedoor.streamerbot.events.reading import as_object, first
from stagedoor.streamerbot.groups import ViewerGroups
from stagedoor.streamerbot.participants import ROLES, Participant, participant_of, read_data, read_speaker
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject, Key, Value

logger = logging.getLogger(__name__)

ACTIVE_FOR_S: Final = 30 * 60
"""How long a viewer counts as active after a message, or after a report of who is present."""

MAX_VIEWERS: Final = 100_000
"""Viewers who are remembered; the ones who were active longest ago are forgotten first."""

_STORED_EVERY_S: Final = 60.0
"""A key may be this much behind when a viewer was active last, so that not every message costs the disk a write."""

_STEP: Final = 500
"""Viewers that are read or told at once before others have a turn."""

_MAX_POINTS: Final = 1 << 40
"""Channel points of one redemption; more is a mistake, or mischief."""

_SPOKE: Final = {
    ("Twitch", "ChatMessage"): "FirstWord",
    ("YouTube", "Message"): "FirstWords",
    ("Kick", "ChatMessage"): "FirstWords",
    ("Trovo", "ChatMessage"): "FirstWords",
}
"""Each platform's chat messages, and the event of a viewer's first."""


class Viewer(msgspec.Struct):
    """The value of ``viewer/<platform>/<id>``."""

    id: str
    type: str
    login: str
    display: str = ""
    subscribed: bool = False
    role: str = "Viewer"
    channelPointsUsed: int = 0  # noqa: N815  (as on the wire, like below)
    previousActive: str = ""  # noqa: N815
    exempt: bool = False


class _Known:
    """A viewer who is remembered."""

    __slots__ = ("active_at", "person", "spoke_in", "stored_at", "viewer")

    def __init__(self, viewer: Viewer, active_at: float, stored_at: float = 0.0) -> None:
        self.viewer = viewer
        self.person: Participant | None = None
        """What the viewer was made from; the same again changes nothing."""
        self.active_at = active_at
        """Unix time, as the next one."""
        self.stored_at = stored_at
        self.spoke_in = 0
        """The round of first words in which the viewer has spoken."""


class Viewers:
    """Follows chats, redemptions and reports of who is present."""

    def __init__(self, client: Client, passing: Client, *, now: Callable[[], float] = time.time) -> None:
        """``passing`` publishes events, so that they do not wait for a disk as what ``client`` writes does."""
        self._client = client
        self._passing = passing
        self._now = now
        self._viewers: dict[Key, _Known] = {}
        """The ones who were active last are at the end."""
        self._present: dict[str, tuple[float, frozenset[Key]]] = {}
        """By platform, when it last reported who is present, and who."""
        self._groups = ViewerGroups()
        self._round = 1
        """Of first words; clearing them begins the next one."""
        self._unheard: list[Change] | None = []
        """What happened while the viewers were loaded; ``None`` after that."""
        self._writes = CoalescedWrites(client, self._encode, subject="the viewers")
        self._handlers: dict[Key, Callable[[Change], None]] = {}
        for (source, type_), first_type in _SPOKE.items():
            platform = source.lower()
            self._handlers |= {
                event_key(source, type_): partial(self._hear_message, platform, event_key(source, first_type)),
                event_key(source, "RewardRedemption"): partial(self._hear_redemption, platform),
                event_key(source, "PresentViewers"): partial(self._hear_present, platform),
            }
        client.deliver = self._hear
        client.serve(VIEWERS_ACTIVE, self._active)
        client.serve(FIRST_WORDS_CLEAR, self._clear_first_words)

    async def start(self) -> None:
        """Remember the viewers of earlier, and follow what happens."""
        for key in self._handlers:
            self._client.subscribe(key)
        for prefix in ("viewer/", "viewer-group/"):
            self._client.subscribe_prefix(prefix)
        known: dict[Key, _Known] = {}
        for prefix in ("viewer-group/", "viewer/"):
            scan = self._client.scan(prefix)
            try:
                while entries := scan.take(_STEP):
                    for key, text in entries:
                        if prefix == "viewer-group/":
                            self._groups.put(unsegment(key.removeprefix(prefix)), text)
                        elif (viewer := _read(key, text)) is not None:
                            active_at = _unix_time(viewer.previousActive)
                            known[key] = _Known(viewer, active_at, active_at)
                    await asyncio.sleep(0)
            finally:
                scan.close()
        self._viewers = dict(sorted(known.items(), key=lambda entry: entry[1].active_at))
        self._forget_oldest()
        unheard, self._unheard = self._unheard or [], None
        for change in unheard:
            self._hear(change)

    async def close(self) -> None:
        """Keep when everybody was active last."""
        self._writes.mark(*(key for key, known in self._viewers.items() if known.active_at > known.stored_at))
        try:
            await self._writes.drain()
        except StoreError:
            logger.error("the viewers could not be kept to the end")

    # --- hearing ---

    def _hear(self, change: Change) -> None:
        if self._unheard is not None:
            self._unheard.append(change)
            return
        handler = self._handlers.get(change.key)
        if handler is not None:
            handler(change)
        elif change.key.startswith("viewer-group/"):
            self._groups.put(unsegment(change.key.removeprefix("viewer-group/")), change.value)
        elif not change.spec.is_request and self._writes.is_foreign(change):
            self._take(change)

    def _hear_message(self, platform: str, first_words: Key, change: Change) -> None:
        person = read_speaker(change.value)
        if person is None:
            return
        known = self._see(platform, person)
        if known.spoke_in != self._round:
            known.spoke_in = self._round
            if not self._groups.is_bot(platform, person.id) and not self._is_own_bot(platform, person.id):
                self._passing.write([Write(first_words, change.value)], _ignore)

    def _is_own_bot(self, platform: str, id_: str) -> bool:
        """Whether it is the account that stagedoor itself speaks with, other than the streamer's."""
        accounts = read_data(self._client.get(f"platform/{platform}")) or {}
        return (
            accounts.get("botUserId") == id_ not in (accounts.get("broadcastUserId"), accounts.get("broadcasterUserId"))
        )

    def _hear_redemption(self, platform: str, change: Change) -> None:
        data = read_data(change.value)
        person = None if data is None else participant_of(data)
        if data is None or person is None:
            return
        known = self._see(platform, person, knows_role=False)
        cost = first(as_object(data.get("reward")), "cost")
        if isinstance(cost, int) and not isinstance(cost, bool) and 0 < cost < _MAX_POINTS:
            known.viewer.channelPointsUsed += cost
            self._store(_key(platform, person.id), known)

    def _hear_present(self, platform: str, change: Change) -> None:
        data = read_data(change.value)
        entries = None if data is None else first(data, "users", "viewers")
        if not isinstance(entries, list):
            return
        keys: list[Key] = []
        met: list[Key] = []
        for entry in entries[:MAX_VIEWERS]:
            if not isinstance(entry, dict | str):
                continue
            id_ = entry.get("id") if isinstance(entry, dict) else None
            key = _key(platform, id_) if isinstance(id_, str) else ""
            if key not in self._viewers:
                person = participant_of({"user": entry})
                if person is None:
                    continue
                key = _key(platform, person.id)
                if key not in self._viewers:
                    self._viewers[key] = self._meet(platform, person)
                    met.append(key)
            keys.append(key)
        self._present[platform] = (self._now(), frozenset(keys))
        self._forget_oldest()
        self._writes.mark(*met)

    def _see(self, platform: str, person: Participant, *, knows_role: bool = True) -> _Known:
        """Note that a viewer is active; what does not know of roles changes nothing about one who is known."""
        key = _key(platform, person.id)
        known = self._viewers.pop(key, None)
        if known is None:
            known = self._viewers[key] = self._meet(platform, person)
            self._forget_oldest()
        else:
            self._viewers[key] = known
            known.active_at = self._now()
        if knows_role and known.person != person:
            _describe(known.viewer, person)
            known.person = person
            self._store(key, known)
        elif known.active_at - known.stored_at > _STORED_EVERY_S:
            self._store(key, known)
        return known

    def _meet(self, platform: str, person: Participant) -> _Known:
        viewer = Viewer(person.id, platform, person.login)
        _describe(viewer, person)
        return _Known(viewer, self._now())

    def _forget_oldest(self) -> None:
        forgotten: list[Key] = []
        while len(self._viewers) > MAX_VIEWERS:
            forgotten.append(next(iter(self._viewers)))
            del self._viewers[forgotten[-1]]
        if forgotten:
            self._writes.mark(*forgotten)

    # --- the keys ---

    def _store(self, key: Key, known: _Known) -> None:
        known.stored_at = known.active_at
        self._writes.mark(key)

    def _encode(self, key: Key) -> Value | None:
        known = self._viewers.get(key)
        if known is None:
            return None
        known.viewer.previousActive = event_time(known.active_at)
        return msgspec.json.encode(known.viewer).decode()

    def _take(self, change: Change) -> None:
        """Take a viewer as somebody else has changed it."""
        known = self._viewers.get(change.key)
        if change.is_deletion:
            self._viewers.pop(change.key, None)
        elif (viewer := _read(change.key, change.value)) is None:
            logger.warning("the key %r holds no viewer", change.key)
        elif known is not None:
            known.viewer = viewer
        else:
            active_at = _unix_time(viewer.previousActive)
            self._viewers[change.key] = _Known(viewer, active_at, active_at)
            self._forget_oldest()

    # --- requests ---

    async def _active(self, value: Value) -> Value:
        told: list[JsonObject] = []
        for known in list(self._find_active()):
            viewer = known.viewer
            active_at = event_time(known.active_at)
            told.append(
                {
                    **msgspec.structs.asdict(viewer),
                    "groups": self._groups.of(viewer.type, viewer.id),
                    "previousActive": active_at,
                    "lastActive": active_at,
                }
            )
            if len(told) % _STEP == 0:
                await asyncio.sleep(0)
        return msgspec.json.encode({"viewers": told, "count": len(told)}).decode()

    def _find_active(self) -> Iterator[_Known]:
        """Find who is active, the ones who were so last first; no bots."""
        since = self._now() - ACTIVE_FOR_S
        present: set[Key] = set()
        for reported_at, keys in self._present.values():
            if reported_at >= since:
                present |= keys
        for key, known in reversed(self._viewers.items()):
            viewer = known.viewer
            if (known.active_at >= since or key in present) and not self._groups.is_bot(viewer.type, viewer.id):
                yield known

    async def _clear_first_words(self, value: Value) -> Value:
        self._round += 1
        return "{}"


def _key(platform: str, user_id: str) -> Key:
    return f"viewer/{platform}/{segment(user_id)}"


def _describe(viewer: Viewer, person: Participant) -> None:
    viewer.login = person.login
    viewer.display = person.name
    viewer.role = ROLES[person.role]
    viewer.subscribed = person.is_subscribed


def _read(key: Key, text: Value) -> Viewer | None:
    """Read a viewer's key; ``None`` when its value is none, or another's."""
    try:
        viewer = msgspec.json.decode(text, type=Viewer)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    return viewer if _key(viewer.type, viewer.id) == key else None


def _unix_time(text: str) -> float:
    """Read a time; what is none was long ago."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _ignore(error: StoreError | None) -> None:
    """An event needs no disk and cannot fail."""
