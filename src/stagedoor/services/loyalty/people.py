"""Who points belong to: accounts, by login and id, and the logins that accounts had when they were heard of last."""

from typing import Final, NamedTuple

import msgspec

from stagedoor.hub import Change
from stagedoor.keys import LEFT_POINTS, POINTS, segment, unsegment
from stagedoor.types import Key, Value

MAX_NAME_CHARACTERS: Final = 100
"""Of a login or an id: more than any platform allows, and a key can hold it even of characters of four bytes."""


class Person(NamedTuple):
    """An account."""

    id: str
    """Empty when it is not known."""
    login: str
    """In lower case; what keys are named by."""
    name: str
    """What to call them."""


class _Identified(msgspec.Struct):
    """A balance, as far as it says whose it is."""

    id: str = ""


_decoder: Final = msgspec.json.Decoder(_Identified)


def clean_login(text: str) -> str:
    """Read what somebody takes for a login.

    Raises:
        ValueError: When it cannot be one.
    """
    login = text.strip().removeprefix("@").lower()
    if not login or len(login) > MAX_NAME_CHARACTERS:
        raise ValueError(f"{text[:MAX_NAME_CHARACTERS]!r} is no login")
    return login


def points_key(login: str) -> Key:
    """Name the key of a balance."""
    return POINTS + segment(login)


def left_points_key(id_: str) -> Key:
    """Name the key of a balance that waits for its owner's new login."""
    return LEFT_POINTS + segment(id_)


class Logins:
    """Which login each account with a balance had when it was heard of last.

    It is made from the keys of the balances alone, and follows them; who trusts it looks at the key again.
    """

    def __init__(self) -> None:
        self._by_id: dict[str, str] = {}

    def of(self, id_: str) -> str | None:
        """Tell the login of an account; ``None`` when no balance is known to be its own."""
        return self._by_id.get(id_)

    def forget(self, id_: str) -> None:
        """Forget an account, of which the balance is gone or somebody else's."""
        self._by_id.pop(id_, None)

    def hear(self, change: Change) -> None:
        """Hear of a change to a balance."""
        login = unsegment(change.key.removeprefix(POINTS))
        if (id_ := _read_id(change.value)) and not change.is_deletion:
            self._by_id[id_] = login

    def learn(self, key: Key, text: Value) -> None:
        """Learn a balance that was there; what was heard of meanwhile is newer."""
        if id_ := _read_id(text):
            self._by_id.setdefault(id_, unsegment(key.removeprefix(POINTS)))


def _read_id(text: Value) -> str:
    try:
        return _decoder.decode(text).id if text else ""
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""
