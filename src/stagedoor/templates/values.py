"""The values that templates work on, and what Go thinks of them: kinds, truth, fields, equality, order.

A value is text, a number, a truth value, ``None``, a list, a map with text keys, a :class:`Struct` or an aware
``datetime``. Nothing else can be reached: attributes of Python objects are never looked up.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from stagedoor.templates.errors import TemplateFailed
from stagedoor.templates.layouts import DAYS, MAX_LAYOUT, MONTHS, format_time, local_zone
from stagedoor.templates.limits import Rendering


class Missing:
    """The value of a key that a map lacks; false, and prints as ``<no value>``."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


class Map(dict[str, object]):
    """A map that a template made itself, and may therefore change with ``set``, ``unset`` and ``merge``."""

    __slots__ = ()


class TypedMap(dict[str, object]):
    """A map whose values are of one type: ``index`` gives ``zero`` for a key that it lacks, as Go does."""

    __slots__ = ("zero",)

    def __init__(self, values: Mapping[str, object], zero: object) -> None:
        super().__init__(values)
        self.zero = zero


class Struct:
    """A value with named fields, as Go has them: to ask for a field that it lacks is an error.

    It is true even when all fields are empty, and prints its fields' values in order: ``{v1 v2}``.

    Args:
        fields: The values by Go's name of each field, in the order in which they print.
        aliases: Other names that fields answer to; they do not print.
        text: When given, the struct stands for this text: it prints so, may be passed where text is wanted, and is
            false when the text is empty.
    """

    __slots__ = ("aliases", "fields", "text")

    def __init__(
        self, fields: Mapping[str, object], *, aliases: Mapping[str, str] | None = None, text: str | None = None
    ) -> None:
        self.fields = fields
        self.aliases = aliases or {}
        self.text = text

    def __repr__(self) -> str:
        return f"Struct({dict(self.fields)!r}, aliases={dict(self.aliases)!r}, text={self.text!r})"


class Named(int):
    """A number that prints as a name: a month, a day of the week."""

    names: tuple[str, ...] = ()


class Month(Named):
    """1 for January."""

    names = ("", *MONTHS)


class Weekday(Named):
    """0 for Sunday."""

    names = DAYS


class Kind(NamedTuple):
    """What Go calls a sort of value (``%T`` and ``reflect.Kind``), and what people call it."""

    type_name: str
    kind_name: str
    plain: str


TEXT = Kind("string", "string", "text")
INT = Kind("int", "int", "an integer")
FLOAT = Kind("float64", "float64", "a number with a fraction")
BOOL = Kind("bool", "bool", "true or false")
LIST = Kind("[]interface {}", "slice", "a list")
MAP = Kind("map[string]interface {}", "map", "a map")
STRUCT = Kind("struct", "struct", "a struct")
TIME = Kind("time.Time", "struct", "a time")
NOTHING = Kind("<nil>", "invalid", "nothing")

KINDS: dict[type, Kind] = {
    str: TEXT,
    int: INT,
    Month: INT,
    Weekday: INT,
    float: FLOAT,
    bool: BOOL,
    list: LIST,
    tuple: LIST,
    dict: MAP,
    Map: MAP,
    TypedMap: MAP,
    Struct: STRUCT,
    datetime: TIME,
    type(None): NOTHING,
    Missing: NOTHING,
}


def kind_of(value: object) -> Kind:
    """Say what ``value`` is.

    Raises:
        TemplateFailed: For a Python object that templates do not know.
    """
    kind = KINDS.get(type(value))
    if kind is not None:
        return kind
    for known, kind in (*((parent, KINDS[parent]) for parent in (bool, int, float, str, list, dict, datetime)),):
        if isinstance(value, known):
            return kind
    raise TemplateFailed(f"there is a value of a sort that templates do not know ({type(value).__name__})")


def truth(value: object) -> bool:
    """Whether ``{{if}}`` takes a value for true."""
    kind = type(value)
    if kind is Struct:
        assert isinstance(value, Struct)
        return value.text is None or bool(value.text)
    if kind in KINDS:
        return bool(value)
    kind_of(value)
    return bool(value)


# --- fields -------------------------------------------------------------------------------------------------------


def field_of(value: object, name: str) -> object:
    """Evaluate ``value.name``; a method of a time comes back as a :class:`BoundMethod`.

    Raises:
        TemplateFailed: When ``value`` has no such field, or no fields at all.
    """
    if isinstance(value, Struct):
        fields = value.fields
        if name in fields:
            return fields[name]
        if name in value.aliases:
            return fields[value.aliases[name]]
        raise TemplateFailed(f"there is no field {name} here; there are {', '.join(fields) or 'none'}")
    if isinstance(value, dict):
        return value.get(name, MISSING)
    if value is MISSING:
        return MISSING
    if isinstance(value, datetime):
        method = TIME_METHODS.get(name)
        if method is None:
            raise TemplateFailed(f"a time has no field {name}")
        return BoundMethod(name, method, value)
    if value is None:
        raise TemplateFailed(f"there is nothing here, so no field {name}")
    raise TemplateFailed(f"{kind_of(value).plain} has no field {name}")


class BoundMethod(NamedTuple):
    """A method of a time, not called yet."""

    name: str
    method: Callable[..., object]
    of: datetime

    def __call__(self, arguments: list[object]) -> object:
        """Call it."""
        try:
            return self.method(self.of, *arguments)
        except TypeError:
            raise TemplateFailed(f"{self.name} of a time cannot take these arguments") from None
        except (ValueError, OverflowError):
            raise TemplateFailed(f"{self.name} goes beyond the years 1 to 9999") from None


def _format(time: datetime, layout: str) -> str:
    if not isinstance(layout, str):
        raise TypeError
    if len(layout) > MAX_LAYOUT:
        raise TemplateFailed(f"a layout has at most {MAX_LAYOUT} characters")
    return format_time(time, layout)


TIME_METHODS: dict[str, Callable[..., object]] = {
    "Day": lambda time: time.day,
    "Format": _format,
    "Hour": lambda time: time.hour,
    "IsZero": lambda time: time == datetime(1, 1, 1, tzinfo=time.tzinfo),
    "Local": lambda time: time.astimezone(local_zone()),
    "Minute": lambda time: time.minute,
    "Month": lambda time: Month(time.month),
    "Nanosecond": lambda time: time.microsecond * 1000,
    "Second": lambda time: time.second,
    "UTC": lambda time: time.astimezone(UTC),
    "Unix": lambda time: int(time.timestamp() // 1),
    "UnixMilli": lambda time: int(time.timestamp() * 1000 // 1),
    "Weekday": lambda time: Weekday(time.isoweekday() % 7),
    "Year": lambda time: time.year,
    "YearDay": lambda time: time.timetuple().tm_yday,
}


# --- elements -----------------------------------------------------------------------------------------------------


def index(value: object, keys: tuple[object, ...]) -> object:
    """Evaluate ``index value key…``, as Go's built-in function does."""
    for key in keys:
        kind = kind_of(value)
        if isinstance(value, dict):
            if not isinstance(key, str):
                raise TemplateFailed(f"a map has texts as keys, not {kind_of(key).plain}")
            value = value.get(key, value.zero if isinstance(value, TypedMap) else MISSING)
            continue
        if kind is not LIST and kind is not TEXT:
            raise TemplateFailed(f"{kind.plain} has no elements")
        if not isinstance(key, int) or isinstance(key, bool):
            raise TemplateFailed(f"the number of an element must be an integer, not {kind_of(key).plain}")
        elements = utf8(value) if isinstance(value, str) else value
        assert isinstance(elements, bytes | list | tuple)
        if not 0 <= key < len(elements):
            raise TemplateFailed(f"there is no element {key}, only {len(elements)} from 0 on")
        value = elements[key]
    return value


def utf8(text: str) -> bytes:
    """Encode ``text``; half a surrogate pair, which JSON can carry, becomes a question mark."""
    return text.encode("utf-8", "replace")


# --- comparison ---------------------------------------------------------------------------------------------------


def is_number(value: object) -> bool:
    """Whether a value is an integer or a float, and not a truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(a: object, b: object, rendering: Rendering) -> bool:
    """Compare as ``eq`` does; integers and floats compare by value.

    Raises:
        TemplateFailed: For text with a number and the like, and for lists and maps.
    """
    if type(a) is type(b) and isinstance(a, str):
        return a == b
    if is_number(a) and is_number(b):
        return a == b
    kind_a, kind_b = kind_of(a), kind_of(b)
    if kind_a is NOTHING or kind_b is NOTHING:
        return kind_a is kind_b
    if kind_a in (LIST, MAP):
        raise TemplateFailed(f"{kind_a.plain} cannot be compared")
    a, b = text_if_struct(a), text_if_struct(b)
    kind_a, kind_b = kind_of(a), kind_of(b)
    if kind_a is not kind_b:
        raise TemplateFailed(f"incompatible types for comparison: {kind_a.plain} and {kind_b.plain}")
    return deep_equal(a, b, rendering)


def deep_equal(a: object, b: object, rendering: Rendering) -> bool:
    """Compare whole values, as ``has``, ``uniq`` and ``without`` do; values of different kinds are not equal."""
    rendering.step()
    if is_number(a) and is_number(b):
        return a == b
    if kind_of(a) is not kind_of(b):
        return False
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        rendering.enter()
        same = len(a) == len(b) and all(deep_equal(x, y, rendering) for x, y in zip(a, b, strict=True))
        rendering.leave()
        return same
    if isinstance(a, Struct) and isinstance(b, Struct):
        a, b = dict(a.fields), dict(b.fields)
    if isinstance(a, dict) and isinstance(b, dict):
        rendering.enter()
        same = a.keys() == b.keys() and all(deep_equal(a[key], b[key], rendering) for key in a)
        rendering.leave()
        return same
    return a is b or a == b or kind_of(a) is NOTHING


def less(a: object, b: object) -> bool:
    """Compare as ``lt`` does.

    Raises:
        TemplateFailed: Unless both are numbers or both texts.
    """
    a, b = text_if_struct(a), text_if_struct(b)
    if (is_number(a) and is_number(b)) or (isinstance(a, str) and isinstance(b, str)):
        return a < b  # type: ignore[operator, no-any-return]  # two numbers or two texts
    raise TemplateFailed(f"only two numbers or two texts have an order, not {kind_of(a).plain} and {kind_of(b).plain}")


def text_if_struct(value: object) -> object:
    """Give the text that a struct stands for, or else the value itself."""
    return value.text if isinstance(value, Struct) and value.text is not None else value
