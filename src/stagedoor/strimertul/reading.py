"""Reads strimertül's values as generously as its decoder does, and writes them as it writes them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, TypeVar

import msgspec

from stagedoor.types import JsonObject

T = TypeVar("T")

_encoder: Final = msgspec.json.Encoder()

_NUMBERS: Final = (msgspec.inspect.IntType, msgspec.inspect.FloatType)
_END: Final = 1 << 63
"""Integers have 64 bits, as strimertül's; Python's have no end, but they cannot be mixed with others that do."""

_TO_MICROSECONDS: Final = len("2026-01-05T20:15:00.123456")


def read(text: str, wanted: type[T]) -> T:
    """Read a value.

    Unknown members are passed over, names match without regard to case, ``null`` is as good as absent.

    Raises:
        ValueError: Saying what is wrong, and where.
    """
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from error
    return read_object(value, wanted)


def read_object(value: object, wanted: type[T]) -> T:
    """Read a value that has been decoded, as :func:`read` does.

    Raises:
        ValueError: Saying what is wrong, and where.
    """
    try:
        return msgspec.convert(_forgive(value, wanted), type=wanted)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ValueError(str(error)) from error


def write(value: object) -> str:
    """Write a value: members in their order, no spaces."""
    return _encoder.encode(value).decode()


def write_time(unix_s: float) -> str:
    """Write a moment as strimertül does: RFC 3339 in this machine's zone, with its offset, and of the fraction of a
    second as much as there is. Source: Go's ``time.RFC3339Nano``."""
    text = datetime.fromtimestamp(unix_s, UTC).astimezone().isoformat(timespec="microseconds")
    moment, offset = text[:_TO_MICROSECONDS].rstrip("0").rstrip("."), text[_TO_MICROSECONDS:]
    return f"{moment}Z" if offset == "+00:00" else f"{moment}{offset}"


def _forgive(value: object, wanted: Any) -> object:
    """Rename members to how they are declared, and drop those that are ``null``, which is as good as absent."""
    return _forgive_info(value, _info(wanted))


def _forgive_info(value: object, info: msgspec.inspect.Type) -> object:
    if isinstance(value, int) and isinstance(info, _NUMBERS) and not -_END <= value < _END:
        raise ValueError("a number is out of range")
    if isinstance(info, msgspec.inspect.UnionType):
        kinds = [kind for kind in info.types if not isinstance(kind, msgspec.inspect.NoneType)]
        return value if value is None or len(kinds) != 1 else _forgive_info(value, kinds[0])
    if isinstance(info, msgspec.inspect.StructType) and isinstance(value, Mapping):
        return _forgive_members(value, info)
    if isinstance(info, msgspec.inspect.ListType) and isinstance(value, list):
        return [_forgive_info(item, info.item_type) for item in value if item is not None]
    if isinstance(info, msgspec.inspect.RawType):
        return msgspec.Raw(_encoder.encode(value))
    if isinstance(info, msgspec.inspect.DictType) and isinstance(value, Mapping):
        return {key: _forgive_info(item, info.value_type) for key, item in value.items() if item is not None}
    return value


def _forgive_members(value: Mapping[str, object], info: msgspec.inspect.StructType) -> JsonObject:
    fields = {field.encode_name.casefold(): field for field in info.fields}
    exact = {field.encode_name for field in info.fields}
    forgiven: JsonObject = {}
    for name, member in value.items():
        field = fields.get(name.casefold())
        # A member in its right spelling wins over one in another.
        if field is None or member is None or (name not in exact and field.encode_name in value):
            continue
        forgiven[field.encode_name] = _forgive_info(member, field.type)
    return forgiven


@cache
def _info(wanted: Any) -> msgspec.inspect.Type:
    return msgspec.inspect.type_info(wanted)
