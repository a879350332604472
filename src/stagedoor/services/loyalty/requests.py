"""The requests of programs and the console: what they ask of the books."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import msgspec

from stagedoor.errors import RequestFailed, StoreError
from stagedoor.keys import (
    ADD_POINTS,
    CREATE_REDEEM,
    GOALS,
    REDEEM_QUEUE,
    REFUND_REDEEM,
    REMOVE_GOAL,
    REMOVE_REDEEM,
    REMOVE_REWARD,
    RESTORE_GOAL,
    RESTORE_REWARD,
    REWARDS,
    SAVE_GOAL,
)
from stagedoor.services.loyalty.books import MAX_WAITING, Books, Page, places_of
from stagedoor.services.loyalty.people import clean_login, points_key
from stagedoor.services.loyalty.records import MOST, find
from stagedoor.services.loyalty.redeems import complete_redeem, find_redeem
from stagedoor.strimertul import Goal, Redeem, read, read_object
from stagedoor.types import JsonObject, Key, Value

T = TypeVar("T")

Ask = Callable[[Page, Value], object]
"""Does what a request says and returns the answer.

Raises:
    ValueError: With the reason why not.
"""

_PROGRESS: Final = {"contributed", "contributors"}
_IDENTITY: Final = "id"


class _Named(msgspec.Struct):
    id: str


class _AddRequest(msgspec.Struct):
    username: str
    points: int


def create_redeem(page: Page, value: Value) -> JsonObject:
    """Add to the queue; no points are taken."""
    record = _read_object(value)
    reward = find(record, "reward")
    id_ = find(reward, "id") if isinstance(reward, dict) else None
    offer = page.find_reward(id_) if isinstance(id_, str) and id_ else None
    redeem = complete_redeem(record, None if offer is None else offer.record, page.now)
    if page.is_queue_full:
        raise ValueError(f"the queue is full: {MAX_WAITING} redeems wait already")
    page.enqueue(redeem)
    return redeem


def remove_redeem(page: Page, value: Value) -> JsonObject:
    """Take one out of the queue."""
    _take_out(page, value)
    return {}


def refund_redeem(page: Page, value: Value) -> JsonObject:
    """Take one out of the queue and give back what it says that it cost."""
    redeem = _take_out(page, value)
    user_id = "" if redeem.user_id is msgspec.UNSET else redeem.user_id
    holder = page.holder(user_id, clean_login(redeem.username))
    return {"username": redeem.username, "points": page.add(holder, max(0, redeem.reward.price))}


def add_points(page: Page, value: Value) -> JsonObject:
    """Give points to a viewer, or take them; nobody can be made to owe any."""
    request = read(value, _AddRequest)
    login = clean_login(request.username)
    if abs(request.points) > MOST:
        raise ValueError(f"{request.points} points are too many")
    balance = page.balance(login)
    if request.points < 0 and balance + request.points < 0:
        raise ValueError(f"{login} has only {balance}")
    return {"username": login, "points": page.add(points_key(login), request.points)}


def save_goal(page: Page, value: Value) -> JsonObject:
    """Make a goal or change one; what was saved for it stays."""
    members = {name: item for name, item in _read_object(value).items() if name.casefold() not in _PROGRESS}
    goal = read_object(members, Goal)
    if not goal.id:
        raise ValueError("a goal needs an id")
    goals = page.goals()
    known = goals.find(goal.id)
    if known is not None:
        members = {name: item for name, item in members.items() if name.casefold() != _IDENTITY and item is not None}
    return goals.save(known, members)


def remover(key: Key) -> Ask:
    """Make what takes a reward or a goal out of its list, and answers what :func:`restorer` puts back."""

    def remove(page: Page, value: Value) -> JsonObject:
        id_ = read(value, _Named).id
        items = page.items(key)
        place = next(iter(places_of(items, id_)), None)
        if place is None:
            raise ValueError(f"there is none with the id {id_!r}")
        page.put(key, [*items[:place], *items[place + 1 :]])
        return {"index": place, "removed": items[place]}

    return remove


def restorer(key: Key) -> Ask:
    """Make what puts a reward or a goal back that was taken out: as it was, to its place in the list of now."""

    def restore(page: Page, value: Value) -> JsonObject:
        taken_out = _read_object(value)
        place, record = find(taken_out, "index"), find(taken_out, "removed")
        if type(place) is not int or place < 0 or not isinstance(record, dict):
            raise ValueError("expected what has been removed, and the index where it was")
        id_ = find(record, "id")
        items = page.items(key)
        if places_of(items, id_ if isinstance(id_, str) else ""):
            raise ValueError(f"there is one with the id {id_!r} already")
        page.put(key, [*items[:place], record, *items[place:]])
        return {}

    return restore


ASKS: Final[Mapping[Key, Ask]] = {
    CREATE_REDEEM: create_redeem,
    REMOVE_REDEEM: remove_redeem,
    REFUND_REDEEM: refund_redeem,
    ADD_POINTS: add_points,
    SAVE_GOAL: save_goal,
    REMOVE_GOAL: remover(GOALS),
    RESTORE_GOAL: restorer(GOALS),
    REMOVE_REWARD: remover(REWARDS),
    RESTORE_REWARD: restorer(REWARDS),
}


def handler(books: Books, ask: Ask) -> Callable[[Value], Awaitable[Value]]:
    """Make what serves a request key."""

    async def serve(value: Value) -> Value:
        try:
            answer = await books.turn(lambda page: ask(page, value))
        except ValueError as error:
            raise RequestFailed(str(error)) from error
        except StoreError as error:
            raise RequestFailed(f"it could not be kept: {error}") from error
        return msgspec.json.encode(answer).decode()

    return serve


def _take_out(page: Page, value: Value) -> Redeem:
    queue = page.queue()
    found = find_redeem(queue, read(value, Redeem))
    if found is None:
        raise ValueError("there is no such redeem in the queue")
    index, redeem = found
    page.put(REDEEM_QUEUE, [*queue[:index], *queue[index + 1 :]])
    return redeem


def _read_object(value: Value) -> JsonObject:
    try:
        return msgspec.json.decode(value, type=JsonObject)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"expected an object: {error}") from error
