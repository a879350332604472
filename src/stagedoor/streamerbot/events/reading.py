"""Looking things up in data that may be of any shape, and filling in what is missing.

One rule holds for every event: a member whose value is ``null`` counts as not given. Everything else that was given
stays as it is.
"""

import zlib
from datetime import datetime
from hashlib import blake2b

from stagedoor.types import JsonObject

_DERIVED_ID_BASE = 10**12
"""Ids made from a login start here: above every id that Twitch or Kick has given out, so that none is a real user's."""


def as_object(value: object) -> JsonObject:
    """Take a value as an object to read from; anything else is empty."""
    return value if isinstance(value, dict) else {}


def stands_for_object(value: object) -> bool:
    """Whether an object can be made of this: it is one, or nothing, or a name or text that is short for one."""
    return value is None or isinstance(value, dict | str)


def is_object_or_nothing(value: object) -> bool:
    """Whether an object can be made of this where no short form is known."""
    return value is None or isinstance(value, dict)


def as_text(value: object) -> str:
    """Take a value as text: a string, or an id that came as a number; anything else is empty."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def as_count(value: object) -> int:
    """Take a value as a whole number; anything else is zero."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def first(source: JsonObject, *members: str) -> object:
    """The first of some members that is given."""
    for member in members:
        value = source.get(member)
        if value is not None:
            return value
    return None


def either(*values: object, default: object) -> object:
    """The first of a member's values in several places that is given."""
    for value in values:
        if value is not None:
            return value
    return default


def first_text(source: JsonObject, *members: str) -> str:
    """The first of some members that is text and not empty."""
    for member in members:
        if text := as_text(source.get(member)):
            return text
    return ""


def unix_time(value: object) -> float | None:
    """Read a time in ISO 8601 as Unix time; ``None`` when it is none."""
    try:
        return datetime.fromisoformat(as_text(value)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def fill(target: JsonObject, **members: object) -> None:
    """Set the members that are not given."""
    for member, value in members.items():
        if target.get(member) is None:
            target[member] = value


def share(target: JsonObject, spellings: tuple[str, ...], default: object, *, aliases: tuple[str, ...] = ()) -> None:
    """Give every spelling of one member the value of the first that is given, or of an alias, or a default."""
    value = first(target, *spellings, *aliases)
    for name in spellings:
        if target.get(name) is None:
            target[name] = default if value is None else value


def derived_user_id(login: str) -> str:
    """Make a number for a user whose id is not known: always the same for one login, and never a real user's."""
    return str(_DERIVED_ID_BASE + zlib.crc32(login.encode("utf-8", "surrogatepass"))) if login else ""


def derived_message_id(now: float, *texts: str) -> str:
    """Make an id for a message that came without one, in the form of a GUID."""
    facts = "\0".join((str(now), *texts)).encode("utf-8", "surrogatepass")
    digest = blake2b(facts, digest_size=16).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"
