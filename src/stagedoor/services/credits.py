"""Keeps the credits of a stream: who followed, cheered, subscribed, raided, chatted, as lists of names under keys.

Every list is a key that the owner may edit; ``credits/custom/<name>`` is nobody else's. Tests of events do not count.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from heapq import nlargest
from typing import Final, TypeVar

import msgspec

from stagedoor.access import Client
from stagedoor.access.coalesced import CoalescedWrites
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Change
from stagedoor.keys import CREDITS_CLEAR, CREDITS_ENDED, CREDITS_GET, CREDITS_SAMPLE, segment, unsegment
from stagedoor.streamerbot.events import event_key
from stagedoor.streamerbot.events.people import MODERATOR, VIEWER, VIP
from stagedoor.streamerbot.events.reading import as_object, first, first_text
from stagedoor.streamerbot.groups import ViewerGroups
from stagedoor.streamerbot.participants import Participant, participant_of, read_data, read_speaker
from stagedoor.types import MAX_KEY_BYTES, JsonObject, Key, Value

logger = logging.getLogger(__name__)

RESET_AFTER_S: Final = 12 * 3600
"""How long stagedoor may be away before the next stream has credits of its own. Source: Streamer.bot's default."""

MAX_NAMES: Final = 10_000
"""Names of one list; more would roll for hours."""

TOP: Final = 10
"""Names of a list of those who gave most."""

_MAX_TALLIES: Final = 10_000
"""Viewers whose gifts are counted; those who gave longest ago are forgotten first."""

_MAX_PRESENT: Final = 100_000
"""Chatters who are remembered to be in the credits already; past it, all are looked at anew."""

_MAX_GIFT: Final = 1 << 40
"""Bits or points of one event; more is a mistake, or mischief."""

_LISTS: Final = {
    "events": (
        *("follows", "cheers", "subs", "resubs", "giftsubs", "giftbombs", "raided", "rewardredemptions"),
        *("goalcontributions", "gameupdates", "pyramids", "hypetrains"),
    ),
    "users": ("editors", "moderators", "subscribers", "vips", "users"),
    "hypeTrain": ("conductors", "contributors"),
    "top": ("allBits", "monthBits", "weekBits", "channelRewards"),
}
"""The lists that are always told, by area. Source: the sample in Streamer.bot's documentation of GetCredits."""

_FREE_AREAS: Final = ("groups", "custom")

_T = TypeVar("_T")
_Names = Iterable[str]


class Tally(msgspec.Struct, omit_defaults=True):
    """What one viewer has given; ``month`` and ``week`` say which ones are counted."""

    name: str
    bits: int = 0
    month: str = ""
    monthBits: int = 0  # noqa: N815  (as under the key, like all below)
    week: str = ""
    weekBits: int = 0  # noqa: N815
    channelPoints: int = 0  # noqa: N815


class Credits:
    """Follows the events and fills the lists; a name stands once in each."""

    def __init__(self, client: Client, *, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._now = now
        self._lists: dict[Key, dict[str, None]] = {}
        self._tallies: dict[Key, Tally] = {}
        """Those who gave last at the end."""
        self._outdated: set[Key] = set()
        """Lists of those who gave most that have to be made anew before they are told."""
        self._period = ("", "")
        self._present: dict[tuple[str, str], Participant] = {}
        """Chatters who are in the lists, by platform and id."""
        self._groups = ViewerGroups()
        self._writes = CoalescedWrites(client, self._encode, subject="the credits")
        self._handlers: dict[Key, Callable[[Change], None]] = {
            **{
                event_key(source, type_): partial(self._hear_event, source.lower(), kind, read)
                for (source, type_), (kind, read) in _KINDS.items()
            },
            **{event_key(source, type_): partial(self._hear_chat, source.lower()) for source, type_ in _CHATS},
            **{event_key("Twitch", name): self._hear_train for name in _TRAIN},
        }
        client.deliver = self._hear
        client.serve(CREDITS_GET, self._get)
        client.serve(CREDITS_SAMPLE, self._sample)
        client.serve(CREDITS_CLEAR, self._clear)

    async def start(self) -> None:
        """Take up the credits where they were left, or begin anew after a long pause."""
        for key in self._handlers:
            self._client.subscribe(key)
        for prefix, take in (("credits/", self._take), ("viewer-group/", self._take_group)):
            self._client.subscribe_prefix(prefix)
            scan = self._client.scan(prefix)
            try:
                while entries := scan.take(1000):
                    for key, text in entries:
                        take(key, text)
            finally:
                scan.close()
        ended = self._client.get(CREDITS_ENDED)
        if ended.isdecimal() and self._now() - int(ended) > RESET_AFTER_S:
            logger.info("emptying the credits of the last stream")
            await self._clear("")

    async def close(self) -> None:
        """Keep what is not on disk yet, and when it ended."""
        self._writes.mark(CREDITS_ENDED)
        try:
            await self._writes.drain()
        except StoreError:
            logger.error("the credits could not be kept to the end")

    # --- hearing ---

    def _hear(self, change: Change) -> None:
        handler = self._handlers.get(change.key)
        if handler is not None:
            handler(change)
        elif change.key.startswith("viewer-group/"):
            self._take_group(change.key, change.value)
        elif not change.spec.is_request and self._writes.is_foreign(change):
            self._take(change.key, change.value)

    def _hear_chat(self, platform: str, change: Change) -> None:
        person = read_speaker(change.value)
        if person is None or self._present.get((platform, person.id)) == person:
            return
        if len(self._present) >= _MAX_PRESENT:
            self._present.clear()
        self._present[platform, person.id] = person
        if not self._groups.is_bot(platform, person.id):
            for key in _lists_of(person):
                self._add(key, [person.name])
            for group in self._groups.of(platform, person.id):
                key = f"credits/groups/{segment(group)}"
                # A group's name is free text; a key that no store can hold would stop the writing of all the others.
                if len(key.encode()) <= MAX_KEY_BYTES:
                    self._add(key, [person.name])

    def _hear_event(self, platform: str, kind: str, read: Callable[[JsonObject], _Names], change: Change) -> None:
        data = read_data(change.value)
        if data is None:
            return
        self._add(f"credits/events/{kind}", read(data))
        if change.key == _CHEER:
            self._count("twitch", data, bits=_bits(data))
        elif kind == "rewardredemptions":
            self._count(platform, data, channel_points=_cost(data))

    def _hear_train(self, change: Change) -> None:
        """A train's conductors are those who gave most in their way; the train is told of when it has arrived."""
        data = read_data(change.value)
        if data is None:
            return
        leaders = list(_top_contributors(data))
        last = as_object(data.get("last_contribution"))
        self._add("credits/hypeTrain/contributors", [*leaders, *_name(last)])
        if change.key == _TRAIN_END:
            self._add("credits/hypeTrain/conductors", leaders)
            self._add("credits/events/hypetrains", leaders)

    def _add(self, key: Key, names: _Names) -> None:
        present = self._lists.setdefault(key, {})
        size = len(present)
        for name in names:
            if name and len(present) < MAX_NAMES:
                present[name] = None
        if len(present) > size:
            self._writes.mark(key, CREDITS_ENDED)

    def _count(self, platform: str, data: JsonObject, *, bits: int = 0, channel_points: int = 0) -> None:
        """Add to a viewer's tally."""
        person = None if _is_anonymous(data) else participant_of(data)
        if person is None or not (bits or channel_points):
            return
        key = f"credits/tally/{platform}/{segment(person.id)}"
        tally = self._tallies.pop(key, None) or Tally(person.name)
        self._tallies[key] = tally
        month, week = self._take_period()
        tally.name = person.name
        tally.bits += bits
        tally.monthBits = bits + (tally.monthBits if tally.month == month else 0)
        tally.weekBits = bits + (tally.weekBits if tally.week == week else 0)
        tally.month, tally.week = month, week
        tally.channelPoints += channel_points
        self._outdated.update(_TOPS_OF_BITS if bits else (_TOP_CHANNEL_REWARDS,))
        forgotten = [] if len(self._tallies) <= _MAX_TALLIES else [next(iter(self._tallies))]
        for one in forgotten:
            del self._tallies[one]
        self._writes.mark(key, *forgotten, *self._outdated, CREDITS_ENDED)

    def _take_period(self) -> tuple[str, str]:
        """Tell the month and the week; in new ones, others have given most."""
        moment = time.localtime(self._now())
        period = time.strftime("%Y-%m", moment), time.strftime("%G-W%V", moment)
        if period != self._period:
            self._period = period
            self._outdated.update(key for key in _TOPS_OF_BITS if key in self._lists)
        return period

    # --- the keys ---

    def _take(self, key: Key, text: Value) -> None:
        """Take a list or a tally as it is stored, or as somebody else has changed it; ``""`` when it went."""
        match key.split("/"):
            case ["credits", "tally", _, _]:
                if (tally := _read(text, Tally)) is not None:
                    self._tallies[key] = tally
                else:
                    self._tallies.pop(key, None)
            case ["credits", _, _]:
                names = _read(text, list[str]) if text else []
                if names is None:
                    logger.warning("the key %r holds no list of names", key)
                else:
                    self._lists[key] = dict.fromkeys(names)

    def _take_group(self, key: Key, text: Value) -> None:
        self._groups.put(unsegment(key.removeprefix("viewer-group/")), text)
        self._present.clear()

    def _encode(self, key: Key) -> Value | None:
        if key == CREDITS_ENDED:
            return str(int(self._now()))
        if key.startswith("credits/tally/"):
            tally = self._tallies.get(key)
            return None if tally is None else msgspec.json.encode(tally).decode()
        names = self._names(key)
        return msgspec.json.encode(names).decode() if names else None

    def _names(self, key: Key) -> list[str]:
        if key in self._outdated:
            self._outdated.discard(key)
            self._lists[key] = dict.fromkeys(self._leaders(key))
        return list(self._lists.get(key, ()))

    def _leaders(self, top: Key) -> Iterator[str]:
        """Name those who gave most; of two who gave as much, the one who did so earlier comes first."""
        month, week = self._period
        totals: dict[Key, Callable[[Tally], int]] = {
            "credits/top/allBits": lambda tally: tally.bits,
            "credits/top/monthBits": lambda tally: tally.monthBits if tally.month == month else 0,
            "credits/top/weekBits": lambda tally: tally.weekBits if tally.week == week else 0,
            _TOP_CHANNEL_REWARDS: lambda tally: tally.channelPoints,
        }
        total = totals[top]
        for tally in nlargest(TOP, self._tallies.values(), key=total):
            if total(tally):
                yield tally.name

    # --- requests ---

    async def _get(self, value: Value) -> Value:
        self._take_period()
        self._writes.mark(*self._outdated)
        told: JsonObject = {
            area: {name: self._names(f"credits/{area}/{name}") for name in names} for area, names in _LISTS.items()
        }
        free: dict[str, dict[str, list[str]]] = {area: {} for area in _FREE_AREAS}
        for key, names in self._lists.items():
            _, area, name = key.split("/")
            if area in free and names:
                free[area][unsegment(name)] = list(names)
        in_groups = dict.fromkeys(name for names in free["groups"].values() for name in names)
        told["users"] = {**as_object(told["users"]), "groups": list(in_groups)}
        return _tell({**told, **free})

    async def _sample(self, value: Value) -> Value:
        return _tell(_SAMPLE)

    async def _clear(self, value: Value) -> Value:
        """Empty all lists. What was cheered is still counted, so the next cheer brings those who gave most back."""
        lists = list(self._lists)
        tallies = [key for key, tally in self._tallies.items() if tally.channelPoints]
        self._lists.clear()
        self._outdated.clear()
        self._present.clear()
        for key in tallies:
            self._tallies[key].channelPoints = 0
            if not self._tallies[key].bits:
                del self._tallies[key]
        self._writes.mark(*lists, *tallies, CREDITS_ENDED)
        try:
            await self._writes.drain()
        except StoreError as error:
            raise RequestFailed(f"the credits could not be emptied: {error}") from error
        return "{}"


def _lists_of(person: Participant) -> Iterator[Key]:
    """Which lists a chatter belongs in. Viewers are those who are nothing else; the broadcaster is in none."""
    if person.role == MODERATOR:
        yield "credits/users/moderators"
    elif person.role == VIP:
        yield "credits/users/vips"
    if person.is_subscribed:
        yield "credits/users/subscribers"
    elif person.role == VIEWER:
        yield "credits/users/users"


def _tell(credits_: JsonObject) -> Value:
    """Encode credits; some of the official examples read them from a member of their own."""
    return msgspec.json.encode({**credits_, "credits": credits_}).decode()


def _read(text: Value, form: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(text, type=form)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


# --- reading events ---


def _is_anonymous(data: JsonObject) -> bool:
    message = as_object(data.get("message"))
    return True in (data.get("isAnonymous"), data.get("anonymous"), message.get("isAnonymous"))


def _name(data: JsonObject) -> list[str]:
    """Who did it, unless that is a secret."""
    person = None if _is_anonymous(data) else participant_of(data)
    return [] if person is None else [person.name]


def _raider(data: JsonObject) -> list[str]:
    name = first_text(data, "from_broadcaster_user_name", "from_broadcaster_user_login")
    return [name] if name else _name(data)


def _game(data: JsonObject) -> list[str]:
    game = first(data, "game", "category")
    named = game if isinstance(game, str) else first_text(as_object(game), "name")
    return [named or first_text(data, "gameName", "categoryName", "category_name")]


def _top_contributors(data: JsonObject) -> Iterator[str]:
    """Name those who gave most to a train."""
    for member in ("top_contributions", "topContributions", "contributions"):
        entries = data.get(member)
        for entry in entries if isinstance(entries, list) else ():
            yield from _name(as_object(entry))


def _bits(data: JsonObject) -> int:
    given = first(data, "bits")
    return _amount(first(as_object(data.get("message")), "bits") if given is None else given)


def _cost(data: JsonObject) -> int:
    cost = first(as_object(data.get("reward")), "cost")
    return _amount(first(data, "cost", "rewardCost") if cost is None else cost)


def _amount(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MAX_GIFT else 0


_KINDS: Final[dict[tuple[str, str], tuple[str, Callable[[JsonObject], _Names]]]] = {
    ("Twitch", "Follow"): ("follows", _name),
    ("Kick", "Follow"): ("follows", _name),
    ("Trovo", "Follow"): ("follows", _name),
    ("YouTube", "NewSubscriber"): ("follows", _name),
    ("Twitch", "Cheer"): ("cheers", _name),
    ("YouTube", "SuperChat"): ("cheers", _name),
    ("YouTube", "SuperSticker"): ("cheers", _name),
    ("Kick", "sGifted"): ("cheers", _name),
    ("Twitch", "Sub"): ("subs", _name),
    ("YouTube", "NewSponsor"): ("subs", _name),
    ("Kick", "Subscription"): ("subs", _name),
    ("Trovo", "Subscription"): ("subs", _name),
    ("Twitch", "ReSub"): ("resubs", _name),
    ("YouTube", "MemberMileStone"): ("resubs", _name),
    ("Kick", "Resubscription"): ("resubs", _name),
    ("Trovo", "Resubscription"): ("resubs", _name),
    ("Twitch", "GiftSub"): ("giftsubs", _name),
    ("Kick", "GiftSubscription"): ("giftsubs", _name),
    ("Trovo", "GiftSubscription"): ("giftsubs", _name),
    ("Twitch", "GiftBomb"): ("giftbombs", _name),
    ("YouTube", "MembershipGift"): ("giftbombs", _name),
    ("Kick", "MassGiftSubscription"): ("giftbombs", _name),
    ("Trovo", "MassGiftSubscription"): ("giftbombs", _name),
    ("Twitch", "Raid"): ("raided", _raider),
    ("Trovo", "Raid"): ("raided", _raider),
    ("Twitch", "RewardRedemption"): ("rewardredemptions", _name),
    ("Kick", "RewardRedemption"): ("rewardredemptions", _name),
    ("Twitch", "CommunityGoalContribution"): ("goalcontributions", _name),
    ("Twitch", "StreamUpdate"): ("gameupdates", _game),
    ("Kick", "ChannelUpdate"): ("gameupdates", _game),
    ("Twitch", "PyramidSuccess"): ("pyramids", _name),
}
"""Into which list each event goes, and with whose name."""

_CHATS: Final = (("Twitch", "ChatMessage"), ("YouTube", "Message"), ("Kick", "ChatMessage"), ("Trovo", "ChatMessage"))
_TRAIN: Final = ("HypeTrainStart", "HypeTrainUpdate", "HypeTrainLevelUp", "HypeTrainEnd")
_TRAIN_END: Final = event_key("Twitch", "HypeTrainEnd")
_CHEER: Final = event_key("Twitch", "Cheer")

_TOPS_OF_BITS: Final = ("credits/top/allBits", "credits/top/monthBits", "credits/top/weekBits")
_TOP_CHANNEL_REWARDS: Final = "credits/top/channelRewards"

_SAMPLE: Final[JsonObject] = {
    "events": {
        "follows": ["Mossy_Lantern", "PixelHarbor", "tuesday_otter"],
        "cheers": ["BrassKettle", "NightBusDriver"],
        "subs": ["quietcomet", "Marzipan42"],
        "resubs": ["OldOakRadio", "VelvetToad"],
        "giftsubs": ["SundayPilot"],
        "giftbombs": ["GrandCanalFan"],
        "raided": ["TheLateShelf"],
        "rewardredemptions": ["PaperMoonKid", "tuesday_otter"],
        "goalcontributions": ["BrassKettle"],
        "gameupdates": ["Just Chatting", "Celeste"],
        "pyramids": ["VelvetToad"],
        "hypetrains": ["NightBusDriver"],
    },
    "users": {
        "editors": ["CuttingRoomAnna"],
        "moderators": ["GateKeeperJo", "OldOakRadio"],
        "subscribers": ["quietcomet", "Marzipan42", "VelvetToad"],
        "vips": ["SundayPilot"],
        "users": ["Mossy_Lantern", "PixelHarbor", "PaperMoonKid"],
        "groups": ["GrandCanalFan"],
    },
    "hypeTrain": {"conductors": ["NightBusDriver"], "contributors": ["NightBusDriver", "BrassKettle", "quietcomet"]},
    "top": {
        "allBits": ["BrassKettle", "NightBusDriver", "GrandCanalFan"],
        "monthBits": ["NightBusDriver", "BrassKettle"],
        "weekBits": ["NightBusDriver"],
        "channelRewards": ["PaperMoonKid", "tuesday_otter"],
    },
    "groups": {"Friends": ["GrandCanalFan"]},
    "custom": {"Music": ["The Borrowed Chairs"]},
}
"""Credits of viewers who do not exist."""
