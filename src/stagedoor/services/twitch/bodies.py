"""Reading the bodies of EventSub: people, texts and numbers, from data that may be of any shape."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias, TypeVar

from stagedoor.services.twitch.chat import Badge, find_places, mark, person, read_badges, read_text
from stagedoor.streamerbot.events.emotes import Emotes
from stagedoor.streamerbot.events.reading import as_object, as_text, first_text, unix_time
from stagedoor.types import JsonObject

V = TypeVar("V")

ANONYMOUS_GIFTER: Final[JsonObject] = {"id": "274598607", "login": "ananonymousgifter", "name": "AnAnonymousGifter"}
_ANONYMOUS_CHEERER: Final[JsonObject] = {"id": "407665396", "login": "ananonymouscheerer", "name": "AnAnonymousCheerer"}
"""The accounts in whose names Twitch tells in chat what nobody wants to have given."""


class Told(NamedTuple):
    """An event of Streamer.bot: its type, and its data as far as the rest does not follow."""

    type: str
    data: JsonObject


@dataclass(slots=True)
class Gift:
    """A gift of several subscriptions, of which it is told one by one who got them, but not from whom."""

    user: JsonObject
    tier: str
    is_anonymous: bool
    total: int
    cumulative: int
    untold: int
    """How many of them are to come still."""
    until: float
    """Unix time after which none is expected any more."""


class Context(NamedTuple):
    """What readings of bodies need beside the body."""

    emotes: Emotes
    """Those of other services, to be found in texts."""
    now: float
    """When the notification came, Unix time."""
    memory: "Memory"


class Memory:
    """What earlier notifications said that later ones do not say again."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        """Of hype trains, by their ids; so are the next."""
        self.goals: dict[str, int] = {}
        self.gifts: dict[str, tuple[int, int]] = {}
        """Of gifts to the community, by their ids: how many, and how many from the same giver so far."""
        self.last_gift: Gift | None = None
        """To the community, when chat does not tell it."""
        self.shared_chat_host = ""
        """The id of the channel that hosts the shared chat; empty when there is none."""
        self.title: str | None = None
        """The stream's; ``None`` while it is not known. So is the category while its id is empty."""
        self.category: JsonObject = {"id": "", "name": ""}
        self.tags: list[str] = []
        self.stream: JsonObject = {}
        """The last stream's ``id``, ``type`` and ``started_at``."""

    def remember_gift(self, id_: str, total: int, cumulative: int) -> None:
        """Note a gift to the community, for the single gifts that it consists of."""
        self.gifts[id_] = (total, cumulative)
        _forget_all_but_last(self.gifts)

    def remember_goal(self, train: str, goal: int) -> None:
        """Note how much a hype train's level takes; its end does not say it."""
        self.goals[train] = goal
        _forget_all_but_last(self.goals)

    def rise_to(self, train: str, level: int) -> bool:
        """Note a hype train's level; tell whether it is higher than before."""
        before = self.levels.get(train, 0 if level <= 1 else level)
        self.levels[train] = level
        _forget_all_but_last(self.levels)
        return level > max(before, 1)


_REMEMBERED: Final = 50


def _forget_all_but_last(known: dict[str, V]) -> None:
    while len(known) > _REMEMBERED:
        del known[next(iter(known))]


Reading: TypeAlias = Callable[[JsonObject, Context], Iterator[Told]]
"""Reads a body; yields what it becomes, in order."""


def somebody(body: JsonObject, prefix: str = "user") -> JsonObject:
    """Take a person out of three members, as Streamer.bot's short objects have them."""
    return {part: as_text(body.get(f"{prefix}_{part}")) for part in ("id", "login", "name")}


def members_of(body: JsonObject, prefix: str, *, as_prefix: str = "user") -> JsonObject:
    """Take a person's three members, under another prefix."""
    return {f"{as_prefix}_{part}": as_text(body.get(f"{prefix}_{part}")) for part in ("id", "login", "name")}


def channel_of(body: JsonObject) -> JsonObject:
    """Take the three members that name the channel."""
    return members_of(body, "broadcaster_user", as_prefix="broadcaster_user")


def giver(body: JsonObject) -> JsonObject:
    """Tell who gave something away; those who wish not to be named have Twitch's own account for that."""
    return dict(ANONYMOUS_GIFTER) if not first_text(body, "user_id", "user_login", "user_name") else somebody(body)


def cheerer(body: JsonObject) -> JsonObject:
    """Tell who cheered, in the same way."""
    return dict(_ANONYMOUS_CHEERER) if not first_text(body, "user_id", "user_login", "user_name") else somebody(body)


def chatter(body: JsonObject) -> JsonObject:
    """Tell who wrote in chat, with badges and colour."""
    badges: dict[str, Badge] = {badge.set_id: badge for badge in read_badges(body.get("badges"))}
    id_, login, name = (as_text(body.get(f"chatter_user_{part}")) for part in ("id", "login", "name"))
    return person(id_, login, name, as_text(body.get("color")), badges)


def marked_text(value: object, emotes: Emotes) -> JsonObject:
    """Read a text with fragments, or a text alone: ``text``, ``emotes`` and ``cheerEmotes``."""
    given = read_text(value)
    return {"text": given.text, **mark(given.text, list(find_places(given.text, given.fragments)), emotes)}


def plain_text(value: object) -> str:
    """Read the same, as the text alone."""
    return read_text(value).text


def seconds_between(start: object, end: object, now: float) -> int:
    """Count the seconds from one time to another, from now when there is no start; 0 when there is no end."""
    first, last = unix_time(start), unix_time(end)
    return 0 if last is None else max(0, round(last - (now if first is None else first)))


def shared_chat(body: JsonObject, memory: Memory) -> JsonObject:
    """Tell whether something came from a channel that shares its chat with this one, and which that is."""
    source = as_text(body.get("source_broadcaster_user_id"))
    own = as_text(body.get("broadcaster_user_id"))
    is_foreign = bool(source) and source != own
    flags: JsonObject = {
        "isInSharedChat": bool(source or memory.shared_chat_host),
        "isSharedChatHost": bool(own) and memory.shared_chat_host == own,
        "isFromSharedChatGuest": is_foreign,
    }
    if is_foreign:
        flags["sharedChatSource"] = {**somebody(body, "source_broadcaster_user"), "type": "twitch"}
    return flags


def listed(value: object) -> list[JsonObject]:
    """Take a list of objects; what is none in it is passed over."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def nested(body: JsonObject, member: str) -> JsonObject:
    """Take an object out of a body; an empty one when there is none."""
    return as_object(body.get(member))
