"""Until when somebody is let in, as it is typed: ``30d``, ``12h``, a date, ``never``."""

import re
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import click

_SPAN: Final = re.compile(r"(\d{1,6})([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_FORMS: Final = "30d, 12h, 2026-12-31, 2026-12-31T20:00 or never"


class Expiry(NamedTuple):
    """An answer to the question until when."""

    at_ms: int | None
    """In Unix milliseconds; ``None`` for never."""


class _ExpiryType(click.ParamType[Expiry]):
    name = "expiry"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Expiry:
        if isinstance(value, Expiry):
            return value
        try:
            return read_expiry(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def read_expiry(text: str, now: datetime | None = None) -> Expiry:
    """Read what was typed; a date means the end of that day, here.

    Raises:
        ValueError: Saying what was expected.
    """
    now = now or datetime.now().astimezone()
    text = text.strip()
    if text.lower() == "never":
        return Expiry(None)
    try:
        if match := _SPAN.fullmatch(text.lower()):
            end = now + timedelta(**{_UNITS[match[2]]: int(match[1])})
        else:
            end = datetime.fromisoformat(text)
            if _DAY.fullmatch(text):
                end += timedelta(days=1)
            if end.tzinfo is None:
                end = end.astimezone()
        at_ms = round(end.timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text!r} is no end; it looks like {_FORMS}") from None
    if end <= now:
        raise ValueError(f"{text!r} has passed already")
    return Expiry(at_ms)


EXPIRY: Final = _ExpiryType()

expires_option: Final = click.option("--expires", metavar="WHEN", type=EXPIRY, help=f"Until when: {_FORMS}.")
