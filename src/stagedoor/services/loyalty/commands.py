"""The chat commands: what they do to the books, and what the bot answers. Chat itself is elsewhere."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from stagedoor.services.loyalty.books import Goals, Page
from stagedoor.services.loyalty.people import Person, points_key
from stagedoor.services.loyalty.records import MOST
from stagedoor.services.loyalty.redeems import make_redeem
from stagedoor.strimertul import Goal

DEFAULT_CONTRIBUTION: Final = 100

Answers = list[str]
"""What the bot says, message by message; nothing when it has nothing to say."""

Command = Callable[[Page, Person, str, str], Answers]
"""Gets the books, the viewer, the words after the command, and the currency."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]+")
_MAX_DIGITS: Final = 16


def redeem(page: Page, person: Person, text: str, currency: str) -> Answers:
    """``!redeem ID [text]``: buy a reward."""
    id_, *words = text.split() or [""]
    offer = page.find_reward(id_)
    if offer is None or not offer.reward.enabled or not id_:
        return []
    reward = offer.reward
    price = max(0, reward.price)
    if left_s := page.cooldown_left_s(reward):
        return [f"{person.name}: {reward.name} is resting, try again in {_duration(left_s)}"]
    balance = page.balance(person.login)
    if balance < price:
        return [f"I'm sorry {person.name}, you cannot afford that: you have {balance} {currency}, it costs {price}"]
    request = " ".join(words)
    if reward.required_info and not request:
        return [f"{person.name}: please add a text, as in !redeem {reward.id} your text ({reward.required_info})"]
    if page.is_queue_full:
        return [f"{person.name}: too much is waiting already, please try again later"]
    page.enqueue(make_redeem(person, offer.record, request, page.now))
    balance = page.add(points_key(person.login), -price, person)
    return [f"HolidayPresent {person.name} has redeemed {reward.name}! (new balance: {balance} {currency})"]


def balance(page: Page, person: Person, text: str, currency: str) -> Answers:
    """``!balance``: tell what somebody has."""
    return [f"{person.name}: you have {page.balance(person.login)} {currency}!"]


def goals(page: Page, person: Person, text: str, currency: str) -> Answers:
    """``!goals``: tell what there is to save for."""
    all_goals = page.goals_to_tell()
    if not all_goals:
        return [f"{person.name}: there are no active community goals right now :("]
    told = [
        f"{goal.name} ({goal.contributed}/{goal.total} {currency}) [{goal.id}]" for goal in all_goals if goal.enabled
    ]
    return ["Current goals: " + " | ".join([*told, "contribute with !contribute POINTS GOALID"])]


def contribute(page: Page, person: Person, text: str, currency: str) -> Answers:
    """``!contribute [POINTS|all] [GOALID]``, in any order: save for a goal."""
    points, id_ = _read_contribution(text)
    all_goals = page.goals()
    goal = _choose(all_goals, id_)
    if isinstance(goal, str):
        return [f"{person.name}: {goal}"]
    if points <= 0:
        return [f"Nice try {person.name} SoBayed"]
    amount = min(points, max(0, page.balance(person.login)), goal.total - goal.contributed)
    if amount <= 0:
        return [f"I'm sorry {person.name}, you have no {currency} to give"]
    left = all_goals.contribute(goal, person.login, amount)
    page.add(points_key(person.login), -amount, person)
    given = f"NewRecord {person.name} gave {amount} {currency} to {goal.name}!"
    if left > 0:
        return [f"{given} Only {left} {currency} left!"]
    return [given, f"FallWinning The community goal {goal.name} was reached! FallWinning"]


COMMANDS: Final[Mapping[str, Command]] = {
    "!redeem": redeem,
    "!balance": balance,
    "!goals": goals,
    "!contribute": contribute,
}


def _read_contribution(text: str) -> tuple[int, str | None]:
    """Read how much, and to what goal; the first word that can be either is it."""
    points: int | None = None
    id_: str | None = None
    for word in text.split():
        if points is None and word.casefold() == "all":
            points = MOST
        elif points is None and _NUMBER.fullmatch(word):
            points = int(word) if len(word) <= _MAX_DIGITS else -1 if word.startswith("-") else MOST
        elif id_ is None:
            id_ = word
    return DEFAULT_CONTRIBUTION if points is None else points, id_


def _choose(goals: Goals, id_: str | None) -> Goal | str:
    """Choose the goal that is named, or else the first that is not reached; a text says why there is none."""
    enabled = [goal for goal in goals if goal.enabled]
    unreached = [goal for goal in enabled if goal.contributed < goal.total]
    if not unreached:
        return "all active community goals have been reached!" if enabled else "there are no active community goals."
    if id_ is None:
        return unreached[0]
    goal = goals.find(id_)
    if goal is None or not goal.enabled:
        return f"I could not find a goal named {id_}"
    return goal if goal.contributed < goal.total else f"{goal.name} has been reached already!"


def _duration(seconds: float) -> str:
    """Write a time such as ``1m30s``, rounded up."""
    minutes, s = divmod(int(-(-seconds // 1)), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}h{m}m{s}s" if hours else f"{m}m{s}s" if m else f"{s}s"
