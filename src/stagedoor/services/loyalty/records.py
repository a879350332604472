"""JSON objects and lists that others write, too: a member is changed, and all others stay as they were."""

import logging
from typing import Final

import msgspec

from stagedoor.strimertul import read_object
from stagedoor.types import JsonObject, Key, Value

logger = logging.getLogger(__name__)

MOST: Final = (1 << 53) - 1
"""As far as JavaScript counts."""


def read_record(key: Key, text: Value) -> JsonObject:
    """Read an object; empty when the key is absent, and when it holds anything else, which is logged."""
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=JsonObject | None) or {}
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        logger.warning("the key %r is not valid: %s", key, error)
        return {}


def read_list(key: Key, text: Value) -> list[msgspec.Raw]:
    """Read a list whose items stay as they are; empty when the key is absent.

    Raises:
        ValueError: When it holds anything else, which must not be overwritten.
    """
    try:
        return msgspec.json.decode(text or "null", type=list[msgspec.Raw] | None) or []
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"the key {key!r} holds no list: {error}") from error


class KnownLists:
    """The last value of some keys that was a list, to go on with while a key holds something else."""

    def __init__(self) -> None:
        self._texts: dict[Key, Value] = {}

    def hear(self, key: Key, text: Value) -> None:
        """Hear what a key holds now."""
        try:
            read_list(key, text)
        except ValueError as error:
            logger.warning("%s; what it held before is used", error)
        else:
            self._texts[key] = text

    def known(self, key: Key) -> Value:
        """Tell the last value that was a list."""
        return self._texts.get(key, "")

    def read(self, key: Key, text: Value) -> list[msgspec.Raw]:
        """Read a list to look at it: ``text``, or what was there before it."""
        try:
            return read_list(key, text)
        except ValueError:
            return read_list(key, self.known(key))


def find(record: JsonObject, name: str) -> object:
    """Find a member without regard to case, as strimertül's decoder does; ``None`` when it is absent."""
    return record.get(_spelling(record, name))


def change(record: JsonObject, members: JsonObject) -> None:
    """Change members, in whatever spelling they are there."""
    for name, value in members.items():
        record[_spelling(record, name)] = value


def whole(value: object) -> int:
    """Read a whole number; what is none is 0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST else 0


def points_in(key: Key, record: JsonObject) -> int:
    """Read a balance; what is no whole number is 0, as with strimertül.

    Raises:
        ValueError: When it is a number beyond those that are counted exactly, of which nothing must be lost.
    """
    points = find(record, "points")
    if isinstance(points, int | float) and abs(points) > MOST:
        raise ValueError(f"the balance {key!r} is too large to be counted with")
    return whole(points)


def completed(record: JsonObject, shape: type[msgspec.Struct]) -> JsonObject:
    """Make a record have every member of its shape, in the shape's order, and keep those that the shape does not know.

    Raises:
        ValueError: When a member of the shape is of another type.
    """
    complete: JsonObject = msgspec.to_builtins(read_object(record, shape))
    known = {field.encode_name.casefold() for field in msgspec.structs.fields(shape)}
    complete.update({name: value for name, value in record.items() if name.casefold() not in known})
    return complete


def _spelling(record: JsonObject, name: str) -> str:
    if name in record:
        return name
    folded = name.casefold()
    return next((spelling for spelling in record if spelling.casefold() == folded), name)
