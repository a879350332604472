"""The books: balances, the queue, goals and cooldowns, in which every change is one batch.

Nothing is kept in memory. Each change reads the keys, decides and writes in one turn of the hub's thread
(:meth:`stagedoor.access.Client.change`), so two changes never overlap, whoever makes them. What is read includes what
others have under way to the disk: a balance that an overlay has just set is what is counted from. What others write
after that replaces it, as their keys are theirs to set; who wants to add asks ``loyalty/@add-points``.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeVar

import msgspec

from stagedoor.access import Client
from stagedoor.hub import Write
from stagedoor.keys import COOLDOWNS, GOALS, NEW_REDEEM, REDEEM_QUEUE, REWARDS
from stagedoor.services.loyalty.older import Undone
from stagedoor.services.loyalty.people import MAX_NAME_CHARACTERS, Logins, Person, left_points_key, points_key
from stagedoor.services.loyalty.records import (
    MOST,
    KnownLists,
    change,
    completed,
    find,
    points_in,
    read_list,
    read_record,
    whole,
)
from stagedoor.strimertul import Goal, Reward, read_object
from stagedoor.types import JsonObject, Key, Value

logger = logging.getLogger(__name__)

T = TypeVar("T")
S = TypeVar("S", Goal, Reward)

MAX_WAITING: Final = 2000
"""Redeems in the queue. It is told as a whole each time: so many are some 0.8 MB, which is what a message may have, and
adding one takes a millisecond or two."""


class Offer(NamedTuple):
    """A reward as it is stored, and in full."""

    reward: Reward
    record: JsonObject


class Page:
    """The books in one turn: reads what is there and what was written on this page, and collects the writes."""

    def __init__(self, read: Callable[[Key], Value], logins: Logins, lists: KnownLists, now: float) -> None:
        self._read = read
        self._lists = lists
        self._logins = logins
        self.now = now
        """Unix time."""
        self._state: dict[Key, Value | None] = {}
        self._events: list[Write] = []

    @property
    def writes(self) -> list[Write]:
        """What is to be written: the state, and then what happened."""
        return [*(Write(key, value) for key, value in self._state.items()), *self._events]

    def read(self, key: Key) -> Value:
        """Read a key."""
        return (self._state[key] or "") if key in self._state else self._read(key)

    def put(self, key: Key, value: object) -> None:
        """Write a key; ``None`` deletes it."""
        self._state[key] = None if value is None else _encode(value)

    def tell(self, key: Key, value: object) -> None:
        """Let an event happen."""
        self._events.append(Write(key, _encode(value)))

    # --- balances ---

    def balance(self, login: str) -> int:
        """Tell a balance; what is none is 0.

        Raises:
            ValueError: When it is too large.
        """
        key = points_key(login)
        return points_in(key, read_record(key, self.read(key)))

    def add(self, key: Key, points: int, person: Person | None = None) -> int:
        """Add to a balance, or take from it, and return what it is then; ``person`` says whose it is.

        Raises:
            ValueError: When it is too large.
        """
        record = read_record(key, self.read(key))
        total = _capped(points_in(key, record) + points)
        change(record, {"points": total} | _names(person))
        self.put(key, record)
        return total

    def welcome(self, person: Person) -> None:
        """See to it that the balance under somebody's login is theirs: that one who has a new login finds what they had
        under the old one, and one whose login was somebody else's before does not get that one's.

        Raises:
            ValueError: When one of the balances is too large.
        """
        if not person.id:
            return
        key = points_key(person.login)
        if (owner := self._owner(key)) and owner != person.id:
            self._move(key, left_points_key(owner))
        old = self._logins.of(person.id)
        if old is not None and old != person.login:
            old_key = points_key(old)
            if self.read(old_key) and self._owner(old_key) in (person.id, ""):
                self._move(old_key, key, person)
            else:
                self._logins.forget(person.id)
        self._move(left_points_key(person.id), key, person)

    def holder(self, id_: str, login: str) -> Key:
        """Name the key where an account's balance is, of which the login of some time is known."""
        key, left = points_key(login), left_points_key(id_)
        if not id_ or len(id_) > MAX_NAME_CHARACTERS or self._owner(key) == id_:
            return key
        now = self._logins.of(id_)
        if now is not None and self._owner(points_key(now)) == id_:
            return points_key(now)
        return left if self._owner(key) or self.read(left) else key

    def _owner(self, key: Key) -> str:
        """Tell whose a balance is, by id; empty when it says nothing of it."""
        text = self.read(key)
        owner = find(read_record(key, text), "id") if text else None
        return owner if isinstance(owner, str) and len(owner) <= MAX_NAME_CHARACTERS else ""

    def _move(self, source: Key, target: Key, person: Person | None = None) -> None:
        """Add what one key holds to another, and delete the one."""
        text = self.read(source)
        if not text:
            return
        moved = read_record(source, text)
        there = read_record(target, self.read(target))
        total = _capped(points_in(source, moved) + points_in(target, there))
        change(moved, there | {"points": total} | _names(person))
        self.put(target, moved)
        self.put(source, None)

    # --- rewards and goals ---

    def find_reward(self, id_: str) -> Offer | None:
        """Find a reward: by its id, else by its id without regard to case."""
        items = self._lists.read(REWARDS, self.read(REWARDS))
        offers = (_read_offer(items[place]) for place in places_of(items, id_))
        return next((offer for offer in offers if offer is not None), None)

    def goals(self) -> "Goals":
        """Read the goals, of which one is to be changed.

        Raises:
            ValueError: When the key holds something else.
        """
        return Goals(self, self.items(GOALS))

    def goals_to_tell(self) -> list[Goal]:
        """Read the goals, to look at them."""
        return list(Goals(self, self._lists.read(GOALS, self.read(GOALS))))

    def items(self, key: Key) -> list[msgspec.Raw]:
        """Read a list of rewards or goals, of which each stays as it is.

        Raises:
            ValueError: When the key holds something else.
        """
        return read_list(key, self.read(key))

    # --- the queue ---

    @property
    def is_queue_full(self) -> bool:
        """Whether no more may wait."""
        return len(self.queue()) >= MAX_WAITING

    def enqueue(self, redeem: JsonObject) -> None:
        """Add to the queue, tell it, and begin the reward's cooldown."""
        self.put(REDEEM_QUEUE, [*self.queue(), redeem])
        self.tell(NEW_REDEEM, redeem)
        reward = redeem["reward"]
        assert isinstance(reward, dict)
        seconds = whole(find(reward, "cooldown"))
        if seconds > 0:
            cooldowns = self._cooldowns()
            self.put(COOLDOWNS, {**cooldowns, str(find(reward, "id")): self.now + seconds})

    def queue(self) -> list[msgspec.Raw]:
        """Read the queue.

        Raises:
            ValueError: When the key holds something else.
        """
        return read_list(REDEEM_QUEUE, self.read(REDEEM_QUEUE))

    def cooldown_left_s(self, reward: Reward) -> float:
        """Tell how long a reward cannot be bought yet; a clock that was set back makes it no longer."""
        until = self._cooldowns().get(reward.id, 0.0)
        return max(0.0, min(until - self.now, reward.cooldown))

    def _cooldowns(self) -> dict[str, float]:
        """Those that are not over."""
        record = read_record(COOLDOWNS, self.read(COOLDOWNS))
        return {
            id_: until
            for id_, until in record.items()
            if isinstance(until, int | float) and not isinstance(until, bool) and self.now < until < MOST
        }


class Goals:
    """The goals, of which one can be changed and all others stay byte for byte."""

    def __init__(self, page: Page, items: list[msgspec.Raw]) -> None:
        self._page = page
        self._items = items
        self._goals = [(index, goal) for index, raw in enumerate(items) if (goal := _read(raw, Goal)) is not None]

    def __iter__(self) -> Iterator[Goal]:
        return (goal for _, goal in self._goals)

    def find(self, id_: str) -> Goal | None:
        """Find a goal: by its id, else by its id without regard to case."""
        return next((goal for goal in self if goal.id == id_), None) or next(
            (goal for goal in self if goal.id.casefold() == id_.casefold()), None
        )

    def contribute(self, goal: Goal, login: str, points: int) -> int:
        """Count what somebody gives; returns what is still missing."""
        record = self._record(goal)
        contributors = find(record, "contributors")
        contributors = dict(contributors) if isinstance(contributors, dict) else {}
        contributors[login] = whole(contributors.get(login)) + points
        contributed = goal.contributed + points
        change(record, {"contributed": contributed, "contributors": contributors})
        self._put(goal, record)
        return goal.total - contributed

    def give_back(self, goal: Goal, undone: Mapping[str, int]) -> dict[str, int]:
        """Count again what viewers gave; returns what does not fit any more, by login."""
        record = self._record(goal)
        found = find(record, "contributors")
        contributors = dict(found) if isinstance(found, dict) else {}
        contributed = goal.contributed
        rest: dict[str, int] = {}
        for login, points in undone.items():
            fitting = max(0, min(points, goal.total - contributed))
            contributed += fitting
            contributors[login] = whole(contributors.get(login)) + fitting
            if fitting < points:
                rest[login] = points - fitting
        change(record, {"contributed": contributed, "contributors": contributors})
        self._put(goal, record)
        return rest

    def save(self, goal: Goal | None, members: JsonObject) -> JsonObject:
        """Change a goal, or add one; returns it as it is then.

        Raises:
            ValueError: When a member is of the wrong type.
        """
        if goal is None:
            record = completed(members, Goal) | {"contributed": 0, "contributors": {}}
            self._page.put(GOALS, [*self._items, record])
            return record
        record = self._record(goal)
        change(record, members)
        read_object(record, Goal)
        self._put(goal, record)
        return record

    def _record(self, goal: Goal) -> JsonObject:
        return msgspec.json.decode(self._items[self._index(goal)], type=JsonObject)

    def _put(self, goal: Goal, record: JsonObject) -> None:
        index = self._index(goal)
        self._page.put(GOALS, [*self._items[:index], record, *self._items[index + 1 :]])

    def _index(self, goal: Goal) -> int:
        return next(index for index, known in self._goals if known is goal)


def give_back(undone: Undone, page: Page) -> None:
    """Count contributions again that an older list of goals has undone; what a goal does not take goes to its giver.

    Raises:
        ValueError: When a list or a balance is not valid.
    """
    for id_, givers in undone.items():
        goals = page.goals()
        goal = next((goal for goal in goals if goal.id == id_), None)
        rest = givers if goal is None else goals.give_back(goal, givers)
        for login, points in rest.items():
            page.add(points_key(login), points)


class Books:
    """Lets others change the books, one page at a time."""

    def __init__(self, client: Client, logins: Logins, *, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._logins = logins
        self.lists = KnownLists()
        """Who hears the keys tells them of rewards and goals."""
        self._now = now

    async def turn(self, decide: Callable[[Page], T]) -> T:
        """Let ``decide`` fill a page, and wait until it is on the disk; returns what it returns, raises what it raises.

        Raises:
            StoreError: When the store refused; nothing has changed.
        Cancellation: the page may or may not be written, never a part of it.
        """
        answers: list[T] = []

        def fill(read: Callable[[Key], Value]) -> list[Write]:
            page = Page(read, self._logins, self.lists, self._now())
            answers.append(decide(page))
            return page.writes

        await self._client.change(fill)
        return answers[0]


def places_of(items: Iterable[msgspec.Raw], id_: str) -> list[int]:
    """Tell where in a list those with an id are, and after them those with that id in another case; what has no id is
    found as an empty one. The others are not read any further: any viewer can ask for a reward, and there may be many.
    """
    exact: list[int] = []
    others: list[int] = []
    folded = id_.casefold()
    for place, raw in enumerate(items):
        item = msgspec.json.decode(raw)
        if not isinstance(item, dict):
            continue
        found = find(item, "id")
        found = found if isinstance(found, str) else ""
        if found == id_:
            exact.append(place)
        elif found.casefold() == folded:
            others.append(place)
    return exact + others


def _read_offer(raw: msgspec.Raw) -> Offer | None:
    reward = _read(raw, Reward)
    if reward is None:
        return None
    return Offer(reward, completed(msgspec.json.decode(raw, type=JsonObject), Reward))


def _read(raw: msgspec.Raw, shape: type[S]) -> S | None:
    """Read one of a list; what is broken is as good as absent, so that the others can be used."""
    if raw == b"null":
        return None
    try:
        return read_object(msgspec.json.decode(raw, type=JsonObject), shape)
    except (ValueError, RecursionError) as error:
        logger.warning("a %s is not valid: %s", shape.__name__.lower(), error)
        return None


def _names(person: Person | None) -> JsonObject:
    return {} if person is None or not person.id else {"id": person.id, "display_name": person.name}


def _capped(points: int) -> int:
    return max(-MOST, min(points, MOST))


def _encode(value: object) -> Value:
    return msgspec.json.encode(value).decode()
