"""Sprig's functions on lists, maps and truth. Lists never change; maps that a template made do."""

from collections.abc import Iterable

from stagedoor.templates.errors import TemplateFailed
from stagedoor.templates.functions import Functions
from stagedoor.templates.library.conversions import to_int
from stagedoor.templates.limits import Rendering
from stagedoor.templates.printing import text_of
from stagedoor.templates.values import Map, deep_equal, truth

# --- truth --------------------------------------------------------------------------------------------------------


def default(fallback: object, *given: object) -> object:
    """Give the value, or ``fallback`` when it is empty."""
    return given[0] if given and truth(given[0]) else fallback


def empty(value: object) -> bool:
    """Say whether a value is empty."""
    return not truth(value)


def coalesce(*values: object) -> object:
    """Give the first value that is not empty."""
    return next((value for value in values if truth(value)), None)


def ternary(yes: object, no: object, condition: bool) -> object:
    """Choose by a condition."""
    return yes if condition else no


def all_(*values: object) -> bool:
    """Say whether no value is empty."""
    return all(map(truth, values))


def any_(*values: object) -> bool:
    """Say whether some value is not empty."""
    return any(map(truth, values))


def fail(reason: str) -> str:
    """End the run."""
    raise TemplateFailed(reason)


# --- lists --------------------------------------------------------------------------------------------------------


def list_(rendering: Rendering, *values: object) -> list[object]:
    """Make a list."""
    return _made(rendering, values)


def _made(rendering: Rendering, values: Iterable[object]) -> list[object]:
    made = list(values)
    rendering.spend_elements(len(made))
    return made


def first(values: list[object]) -> object:
    """Give the first element."""
    return values[0] if values else None


def last(values: list[object]) -> object:
    """Give the last element."""
    return values[-1] if values else None


def rest(rendering: Rendering, values: list[object]) -> list[object]:
    """Give all but the first."""
    rendering.spend_elements(len(values))
    return values[1:]


def initial(rendering: Rendering, values: list[object]) -> list[object]:
    """Give all but the last."""
    rendering.spend_elements(len(values))
    return values[:-1]


def append(rendering: Rendering, values: list[object], value: object) -> list[object]:
    """Give a longer list."""
    rendering.spend_elements(len(values) + 1)
    return [*values, value]


def prepend(rendering: Rendering, values: list[object], value: object) -> list[object]:
    """Give a list with a new first element."""
    rendering.spend_elements(len(values) + 1)
    return [value, *values]


def concat(rendering: Rendering, *lists: list[object]) -> list[object]:
    """Put lists one after the other."""
    rendering.spend_elements(sum(map(len, lists)))
    return [value for values in lists for value in values]


def reverse(rendering: Rendering, values: list[object]) -> list[object]:
    """Turn a list round."""
    rendering.spend_elements(len(values))
    return values[::-1]


def uniq(rendering: Rendering, values: list[object]) -> list[object]:
    """Leave out what was there before."""
    rendering.spend_elements(len(values))
    found: list[object] = []
    for value in values:
        if not has(rendering, value, found):
            found.append(value)
    return found


def without(rendering: Rendering, values: list[object], *omitted: object) -> list[object]:
    """Leave out some values."""
    rendering.spend_elements(len(values))
    return [value for value in values if not has(rendering, value, list(omitted))]


def has(rendering: Rendering, item: object, values: list[object]) -> bool:
    """Say whether a list has an element."""
    return any(deep_equal(item, value, rendering) for value in values)


def compact(rendering: Rendering, values: list[object]) -> list[object]:
    """Leave out what is empty."""
    rendering.spend_elements(len(values))
    return [value for value in values if truth(value)]


def slice_(rendering: Rendering, values: list[object], *bounds: object) -> list[object] | None:
    """Give the elements from one place to before another."""
    if not values:
        return None
    start = to_int(bounds[0]) if bounds else 0
    end = to_int(bounds[1]) if len(bounds) > 1 else len(values)
    if not 0 <= start <= end <= len(values):
        raise TemplateFailed(f"slice: {start} to {end} is not within a list of {len(values)}")
    rendering.spend_elements(end - start)
    return values[start:end]


def chunk(rendering: Rendering, size: int, values: list[object]) -> list[object]:
    """Cut a list into lists of at most ``size``."""
    if size < 1:
        raise TemplateFailed(f"chunk: {size} elements cannot be")
    rendering.spend_elements(len(values) * 2)
    return [values[start : start + size] for start in range(0, len(values), size)]


# --- maps ---------------------------------------------------------------------------------------------------------


def dict_(rendering: Rendering, *pairs: object) -> dict[str, object]:
    """Make a map of keys and values in turns."""
    rendering.spend_elements(len(pairs))
    made = Map()
    for number in range(0, len(pairs), 2):
        made[text_of(pairs[number], rendering)] = pairs[number + 1] if number + 1 < len(pairs) else ""
    return made


def get(values: dict[str, object], key: str) -> object:
    """Give the value under a key; empty text when there is none."""
    return values.get(key, "")


def _changeable(values: dict[str, object], name: str) -> Map:
    if not isinstance(values, Map):
        raise TemplateFailed(f"{name}: only a map that the template made can be changed; merge (dict) copies one")
    return values


def set_(rendering: Rendering, values: dict[str, object], key: str, value: object) -> dict[str, object]:
    """Put a value into a map."""
    rendering.spend_elements(1)
    _changeable(values, "set")[key] = value
    return values


def unset(values: dict[str, object], key: str) -> dict[str, object]:
    """Take a key out of a map."""
    _changeable(values, "unset").pop(key, None)
    return values


def has_key(values: dict[str, object], key: str) -> bool:
    """Say whether a map has a key."""
    return key in values


def keys(rendering: Rendering, *maps: dict[str, object]) -> list[object]:
    """Give the keys of maps, sorted within each."""
    rendering.spend_elements(sum(map(len, maps)))
    return [key for values in maps for key in sorted(values)]


def values_(rendering: Rendering, values: dict[str, object]) -> list[object]:
    """Give the values of a map, in the order of its sorted keys."""
    rendering.spend_elements(len(values))
    return [values[key] for key in sorted(values)]


def pluck(rendering: Rendering, key: str, *maps: dict[str, object]) -> list[object]:
    """Give what maps have under a key."""
    rendering.spend_elements(len(maps))
    return [values[key] for values in maps if key in values]


def pick(rendering: Rendering, values: dict[str, object], *wanted: str) -> dict[str, object]:
    """Keep some keys."""
    rendering.spend_elements(len(wanted))
    return Map({key: values[key] for key in wanted if key in values})


def omit(rendering: Rendering, values: dict[str, object], *unwanted: str) -> dict[str, object]:
    """Leave some keys out."""
    rendering.spend_elements(len(values))
    return Map({key: value for key, value in values.items() if key not in unwanted})


def merge(rendering: Rendering, target: dict[str, object], *sources: dict[str, object]) -> dict[str, object]:
    """Fill what is empty in the first map from the others."""
    for source in sources:
        _merge(rendering, _changeable(target, "merge"), source, overwrite=False)
    return target


def merge_overwrite(rendering: Rendering, target: dict[str, object], *sources: dict[str, object]) -> dict[str, object]:
    """Put what the others have into the first map."""
    for source in sources:
        _merge(rendering, _changeable(target, "mergeOverwrite"), source, overwrite=True)
    return target


def _merge(rendering: Rendering, target: Map, source: dict[str, object], *, overwrite: bool) -> None:
    rendering.enter()
    rendering.spend_elements(len(source))
    for key, value in list(source.items()):
        old = target.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and old:
            rendering.spend_elements(len(old))
            target[key] = copy = Map(old)
            _merge(rendering, copy, value, overwrite=overwrite)
        elif not truth(old) or (overwrite and truth(value)):
            target[key] = value
    rendering.leave()


def dig(*path: object) -> object:
    """Follow keys through maps: ``dig "a" "b" default map``."""
    if len(path) < 3:
        raise TemplateFailed("dig wants keys, a default and a map")
    *names, fallback, value = path
    for name in names:
        if not isinstance(value, dict) or not isinstance(name, str):
            raise TemplateFailed("dig goes through maps, by texts")
        if name not in value:
            return fallback
        value = value[name]
    return value


def deep_copy(rendering: Rendering, value: object) -> object:
    """Copy a value, with maps that can be changed."""
    rendering.enter()
    copy = value
    if isinstance(value, dict):
        rendering.spend_elements(len(value))
        copy = Map({key: deep_copy(rendering, element) for key, element in value.items()})
    elif isinstance(value, list):
        rendering.spend_elements(len(value))
        copy = [deep_copy(rendering, element) for element in value]
    rendering.leave()
    return copy


def deep_equal_(rendering: Rendering, a: object, b: object) -> bool:
    """Compare whole values."""
    return deep_equal(a, b, rendering)


_LISTS: Functions = {
    "append": append,
    "push": append,
    "prepend": prepend,
    "first": first,
    "rest": rest,
    "last": last,
    "initial": initial,
    "reverse": reverse,
    "uniq": uniq,
    "without": without,
    "has": has,
    "slice": slice_,
    "compact": compact,
    "chunk": chunk,
    "merge": merge,
    "mergeOverwrite": merge_overwrite,
    "deepCopy": deep_copy,
}

FUNCTIONS: Functions = {
    "default": default,
    "empty": empty,
    "coalesce": coalesce,
    "ternary": ternary,
    "all": all_,
    "any": any_,
    "fail": fail,
    "list": list_,
    "tuple": list_,
    "concat": concat,
    "dict": dict_,
    "get": get,
    "set": set_,
    "unset": unset,
    "hasKey": has_key,
    "keys": keys,
    "values": values_,
    "pluck": pluck,
    "pick": pick,
    "omit": omit,
    "dig": dig,
    "deepEqual": deep_equal_,
    **_LISTS,
    # Ours report their errors already; the other names are there for templates that use them.
    **{f"must{name[0].upper()}{name[1:]}": function for name, function in _LISTS.items()},
}
