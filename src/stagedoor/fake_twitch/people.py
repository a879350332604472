"""Who there is on a fake Twitch: its users, and what each of them has of a channel."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from stagedoor.fake_twitch.clock import Clock
from stagedoor.types import JsonObject

Happening: TypeAlias = Callable[[str, JsonObject, dict[str, str]], None]
"""Hears of everything: the topic, the event's body, and the members of a condition that it answers to."""

COLOURS: Final = ("#FF0000", "#0000FF", "#008000", "#B22222", "#FF7F50", "#9ACD32", "#DAA520", "#8A2BE2", "#1E90FF")


@dataclass(slots=True, eq=False)
class User:
    """Somebody with an account."""

    id: str
    login: str
    name: str
    created_at: float
    color: str = ""
    description: str = ""
    broadcaster_type: str = ""
    email: str = ""
    is_email_verified: bool = True


@dataclass(slots=True)
class Stream:
    """A broadcast that is on."""

    id: str
    started_at: float
    viewer_count: int


@dataclass(slots=True)
class Game:
    """A category."""

    id: str
    name: str


@dataclass(slots=True)
class Subscriber:
    """What somebody's subscription is."""

    tier: str = "1000"
    months: int = 1
    gifter: User | None = None
    is_gift: bool = False


@dataclass(slots=True)
class Channel:
    """What belongs to a user as a broadcaster. Every user has one, as on Twitch; most stay empty."""

    owner: User
    title: str = ""
    game: Game | None = None
    language: str = "en"
    tags: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    stream: Stream | None = None
    followers: dict[str, float] = field(default_factory=dict)
    """When each user id began to follow, in Unix time."""
    subscribers: dict[str, Subscriber] = field(default_factory=dict)
    moderators: set[str] = field(default_factory=set)
    vips: set[str] = field(default_factory=set)
    chatters: dict[str, float] = field(default_factory=dict)


GAMES: Final = (
    Game("509658", "Just Chatting"),
    Game("509660", "Art"),
    Game("26936", "Music"),
    Game("27471", "Minecraft"),
    Game("1469308723", "Software and Game Development"),
    Game("488191", "Super Mario Odyssey"),
    Game("490100", "Lost Ark"),
    Game("33214", "Fortnite"),
)


class People:
    """The users and channels, found by id or login; and the clock and dice that all of the world shares."""

    def __init__(self, clock: Clock, *, owner: str, bot: str, seed: int) -> None:
        self.clock = clock
        self.listeners: list[Happening] = []
        self.games: list[Game] = list(GAMES)
        self._dice = random.Random(seed)  # noqa: S311 - it makes ids of things, and keeps no secret
        self._by_id: dict[str, User] = {}
        self._by_login: dict[str, User] = {}
        self._channels: dict[str, Channel] = {}
        self.owner = self.user(owner)
        self.owner.broadcaster_type = "affiliate"
        self.bot = self.user(bot)
        self.channel.title = "Welcome to the show"
        self.channel.game = self.games[0]
        self.channel.moderators.add(self.bot.id)

    @property
    def channel(self) -> Channel:
        """The owner's channel, where everything happens."""
        return self.channel_of(self.owner)

    @property
    def users(self) -> list[User]:
        """All users, oldest account first."""
        return list(self._by_id.values())

    def user(self, who: User | str) -> User:
        """A user by name, made if there is none yet."""
        if isinstance(who, User):
            return who
        known = self._by_login.get(who.lower())
        if known is not None:
            return known
        number = len(self._by_id) + 1
        user = User(
            id=str(100_000_000 + 7_919 * number),
            login=who.lower(),
            name=who,
            created_at=self.clock.now() - 86_400.0 * 400 - number,
            color=COLOURS[number % len(COLOURS)],
            email=f"{who.lower()}@example.com",
        )
        self._by_id[user.id] = self._by_login[user.login] = user
        return user

    def find(self, *, id: str = "", login: str = "") -> User | None:  # noqa: A002
        """A user by id, or by login in any case, if there is one."""
        return self._by_id.get(id) or self._by_login.get(login.lower())

    def rename(self, user: User, name: str) -> None:
        """Give a user another name."""
        del self._by_login[user.login]
        user.login, user.name = name.lower(), name
        self._by_login[user.login] = user

    def channel_of(self, user: User) -> Channel:
        """A user's channel."""
        return self._channels.setdefault(user.id, Channel(user))

    def game(self, name_or_id: str) -> Game:
        """A category by name or id, made if there is none yet."""
        for game in self.games:
            if name_or_id in (game.id, game.name):
                return game
        game = Game(str(900_000 + len(self.games)), name_or_id)
        self.games.append(game)
        return game

    def new_id(self) -> str:
        """An id in the form of a UUID."""
        text = f"{self._dice.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def new_number(self) -> str:
        """An id of digits."""
        return str(self._dice.randrange(10**9, 10**10))

    def is_moderator(self, user: User, channel: Channel | None = None) -> bool:
        """Whether somebody may moderate a channel: its owner may, too."""
        channel = channel or self.channel
        return user is channel.owner or user.id in channel.moderators

    def tell(self, topic: str, event: JsonObject, **where: str) -> None:
        """Tell all who listen that something happened; ``where`` adds to what a subscription's condition may name."""
        place = {"broadcaster_user_id": str(event["broadcaster_user_id"])} if "broadcaster_user_id" in event else {}
        for listener in list(self.listeners):
            listener(topic, event, place | where)


def named(prefix: str, user: User | None) -> JsonObject:
    """A user as events name one: ``{prefix}_id``, ``_login`` and ``_name``; all null for nobody."""
    if user is None:
        return {f"{prefix}_id": None, f"{prefix}_login": None, f"{prefix}_name": None}
    return {f"{prefix}_id": user.id, f"{prefix}_login": user.login, f"{prefix}_name": user.name}
