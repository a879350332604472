"""What was bought: how it is written down, and how one is told from others."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from stagedoor.services.loyalty.people import Person
from stagedoor.services.loyalty.records import completed, find
from stagedoor.strimertul import Redeem, Reward, read_object, write_time
from stagedoor.types import JsonObject

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def make_redeem(person: Person, reward: JsonObject, text: str, now: float) -> JsonObject:
    """Write down that somebody has bought something."""
    redeem: JsonObject = {
        "username": person.login,
        "display_name": person.name,
        "reward": reward,
        "when": write_time(now),
        "request_text": text,
    }
    return redeem | {"user_id": person.id} if person.id else redeem


def complete_redeem(record: JsonObject, stored: JsonObject | None, now: float) -> JsonObject:
    """Fill in what a redeem lacks that somebody else has written down: the time, and the reward as it is ``stored``.

    Raises:
        ValueError: When a member is of the wrong type, or the time is none.
    """
    redeem = completed(record, Redeem)
    given = find(record, "reward")
    reward = redeem["reward"] = completed(given if isinstance(given, dict) else {}, Reward)
    if stored is not None and not reward["name"]:
        redeem["reward"] = stored
    redeem["display_name"] = redeem["display_name"] or redeem["username"]
    when = str(redeem["when"])
    if not when or when.startswith("0001-"):  # strimertül's way to write no time
        redeem["when"] = write_time(now)
    elif instant_ms(when) is None:
        raise ValueError(f"{when[:50]!r} is no time")
    return redeem


def find_redeem(queue: Sequence[msgspec.Raw], wanted: Redeem) -> tuple[int, Redeem] | None:
    """Find the first of a viewer, for a reward, at a moment.

    A moment is told by the text of ``when``, or else to the millisecond and in whatever zone it was written: a browser
    knows no more of it, and writes it in another.
    """
    same: list[tuple[int, Redeem]] = []
    login = wanted.username.casefold()
    for index, raw in enumerate(queue):
        try:
            record = msgspec.json.decode(raw, type=JsonObject)
            username = find(record, "username") or ""
            if not isinstance(username, str) or username.casefold() != login:
                continue  # before it is read in full, which takes much longer: there may be thousands
            redeem = read_object(record, Redeem)
        except (ValueError, RecursionError):
            continue
        if redeem.reward.id == wanted.reward.id:
            same.append((index, redeem))
    moment = instant_ms(wanted.when)
    exact = (entry for entry in same if entry[1].when == wanted.when)
    close = (entry for entry in same if moment is not None and instant_ms(entry[1].when) == moment)
    return next(exact, None) or next(close, None)


def instant_ms(text: str) -> int | None:
    """Read a moment as milliseconds; ``None`` for what is no time of RFC 3339."""
    try:
        moment = datetime.fromisoformat(text.upper())
        return None if moment.tzinfo is None else (moment - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return None
