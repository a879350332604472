"""How a server's objects become typed ones: leniently, since applications of different ages spell them differently."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, ClassVar, Final, Self

import msgspec

from stagedoor.types import JsonObject

_TEXTS: Final = list[str]


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True):
    """An object from a server. A member that is absent, or of a type that makes no sense, has its default."""

    raw: JsonObject = {}
    """The object as it came, with the members that are not known here."""

    older: ClassVar[dict[str, tuple[str, ...]]] = {}
    """Other names on the wire, by field: those of older applications, or those that only the documentation has."""

    @classmethod
    def read(cls, raw: JsonObject) -> Self:
        """Take the members that this class knows."""
        values: dict[str, Any] = {}
        for name, type_, wire_names in _fields(cls):
            for wire_name in wire_names:
                try:
                    values[name] = convert(raw[wire_name], type_)
                except (KeyError, msgspec.ValidationError):
                    continue
                break
        return cls(raw=raw, **values)

    @classmethod
    def read_all(cls, items: object) -> list[Self]:
        """Read a list; what is no object in it is left out."""
        return [cls.read(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def convert(value: object, type_: Any) -> object:
    """Make ``value`` a ``type_``, as far as nothing is lost; numbers become text where text is wanted.

    Raises:
        msgspec.ValidationError: When it cannot be one.
    """
    if type_ is _TEXTS and isinstance(value, list):
        return list(_texts(value))
    if type_ is str and isinstance(value, int | float) and not isinstance(value, bool):
        return text_of_number(value)
    return msgspec.convert(value, type_, strict=False)


def text_of_number(number: float) -> str:
    """Write an id that came as a number as it would have come as text."""
    return str(int(number)) if isinstance(number, int) or number.is_integer() else str(number)


def _texts(items: Iterable[object]) -> Iterable[str]:
    for item in items:
        if isinstance(item, str):
            yield item
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield text_of_number(item)


@lru_cache(maxsize=64)
def _fields(cls: type[Record]) -> list[tuple[str, Any, tuple[str, ...]]]:
    return [
        (field.name, field.type, (field.encode_name, *cls.older.get(field.name, ())))
        for field in msgspec.structs.fields(cls)
        if field.name != "raw"
    ]
