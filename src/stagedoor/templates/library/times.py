"""Sprig's functions on times. ``now`` and ``ago`` read the clock that the run was given."""

import zoneinfo
from datetime import UTC, datetime, timedelta, tzinfo

from stagedoor.templates.errors import TemplateFailed
from stagedoor.templates.functions import Functions
from stagedoor.templates.layouts import (
    MAX_LAYOUT,
    MAX_NANOSECONDS,
    ZERO_TIME,
    format_duration,
    format_time,
    local_zone,
    parse_duration,
    parse_time,
)
from stagedoor.templates.limits import Rendering
from stagedoor.templates.values import text_if_struct

SECOND = 10**9


def now(rendering: Rendering) -> datetime:
    """Give the time."""
    return rendering.clock()


def _zone_of(rendering: Rendering) -> tzinfo:
    """Give the zone of the run's clock, which is the machine's unless a test says otherwise."""
    return rendering.clock().tzinfo or local_zone()


def _named_zone(rendering: Rendering, name: str) -> tzinfo:
    if name in ("", "UTC"):
        return UTC
    if name == "Local":
        return _zone_of(rendering)
    try:
        return zoneinfo.ZoneInfo(name)
    except (OSError, ValueError):  # a name with strange characters, or of a folder of the database
        pass
    except zoneinfo.ZoneInfoNotFoundError:
        pass
    if not zoneinfo.available_timezones():
        raise TemplateFailed("this machine has no database of time zones (on Windows: pip install tzdata)")
    raise TemplateFailed(f"there is no time zone {name[:40]!r}")


def _time_of(rendering: Rendering, value: object) -> datetime:
    """Take a time, or seconds since 1970; anything else stands for now."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, ValueError, OSError):
            raise TemplateFailed(f"{value} seconds is not within the years 1 to 9999") from None
    return rendering.clock()


def _written(rendering: Rendering, layout: str, value: object, zone: tzinfo) -> str:
    if len(layout) > MAX_LAYOUT:
        raise TemplateFailed(f"a layout has at most {MAX_LAYOUT} characters")
    try:
        return format_time(_time_of(rendering, value).astimezone(zone), layout)
    except (OverflowError, ValueError):
        raise TemplateFailed("the time is not within the years 1 to 9999") from None


def date(rendering: Rendering, layout: str, time: object) -> str:
    """Write a time in the machine's zone."""
    return _written(rendering, layout, time, _zone_of(rendering))


def date_in_zone(rendering: Rendering, layout: str, time: object, zone: str) -> str:
    """Write a time in a zone."""
    return _written(rendering, layout, time, _named_zone(rendering, zone))


def html_date(rendering: Rendering, time: object) -> str:
    """Write the date as a form's field wants it."""
    return date(rendering, "2006-01-02", time)


def html_date_in_zone(rendering: Rendering, time: object, zone: str) -> str:
    """Write the date in a zone as a form's field wants it."""
    return date_in_zone(rendering, "2006-01-02", time, zone)


def date_modify(duration: str, time: datetime) -> datetime:
    """Add a duration; one that cannot be read changes nothing."""
    try:
        return must_date_modify(duration, time)
    except TemplateFailed:
        return time


def must_date_modify(duration: str, time: datetime) -> datetime:
    """Add a duration."""
    try:
        return time + timedelta(microseconds=parse_duration(duration) // 1000)
    except ValueError as error:
        raise TemplateFailed(str(error)) from None
    except OverflowError:
        raise TemplateFailed("the time is not within the years 1 to 9999") from None


def ago(rendering: Rendering, time: object) -> str:
    """Say how long ago a time was, to the second."""
    passed = rendering.clock() - _time_of(rendering, time)
    return format_duration(_rounded(passed.total_seconds()) * SECOND)


def _rounded(seconds: float) -> int:
    return int(seconds + 0.5) if seconds >= 0 else -int(-seconds + 0.5)


def duration(seconds: object) -> str:
    """Write seconds as hours, minutes and seconds."""
    seconds = text_if_struct(seconds)
    if isinstance(seconds, str):
        whole = int(seconds) if seconds.lstrip("+-").isdecimal() and seconds.isascii() and len(seconds) < 20 else 0
    else:
        whole = int(seconds) if isinstance(seconds, int) and not isinstance(seconds, bool) else 0
    if abs(whole) * SECOND > MAX_NANOSECONDS:
        raise TemplateFailed("a duration is at most 292 years")
    return format_duration(whole * SECOND)


SIZES = (("y", 365 * 86_400), ("mo", 30 * 86_400), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def duration_round(rendering: Rendering, value: object) -> str:
    """Write a duration, or that since a time, in its greatest unit alone."""
    value = text_if_struct(value)
    nanoseconds = 0
    if isinstance(value, str):
        try:
            nanoseconds = parse_duration(value)
        except ValueError:
            nanoseconds = 0
    elif isinstance(value, datetime):
        nanoseconds = int((rendering.clock() - value) / timedelta(microseconds=1)) * 1000
    elif isinstance(value, int) and not isinstance(value, bool):
        nanoseconds = value
    for unit, seconds in SIZES:
        if abs(nanoseconds) > seconds * SECOND:
            return f"{'-' if nanoseconds < 0 else ''}{abs(nanoseconds) // (seconds * SECOND)}{unit}"
    return "0s"


def unix_epoch(time: datetime) -> str:
    """Write a time as seconds since 1970."""
    return str(int(time.timestamp() // 1))


def to_date(rendering: Rendering, layout: str, text: str) -> datetime:
    """Read a time; the year 1 when it cannot be read."""
    try:
        return must_to_date(rendering, layout, text)
    except TemplateFailed:
        return ZERO_TIME


def must_to_date(rendering: Rendering, layout: str, text: str) -> datetime:
    """Read a time."""
    if len(layout) > MAX_LAYOUT or len(text) > MAX_LAYOUT:
        raise TemplateFailed(f"a date and its layout have at most {MAX_LAYOUT} characters")
    try:
        return parse_time(layout, text, _zone_of(rendering))
    except (ValueError, OverflowError) as error:
        raise TemplateFailed(f"toDate: {error}") from None


FUNCTIONS: Functions = {
    "now": now,
    "date": date,
    "dateInZone": date_in_zone,
    "date_in_zone": date_in_zone,
    "htmlDate": html_date,
    "htmlDateInZone": html_date_in_zone,
    "dateModify": date_modify,
    "date_modify": date_modify,
    "mustDateModify": must_date_modify,
    "must_date_modify": must_date_modify,
    "ago": ago,
    "duration": duration,
    "durationRound": duration_round,
    "unixEpoch": unix_epoch,
    "toDate": to_date,
    "mustToDate": must_to_date,
}
