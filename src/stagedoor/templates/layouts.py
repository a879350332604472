"""Times and durations as Go writes them: layouts made of a sample time, and ``1h2m3s``."""

import re
import time as machine_time
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from functools import lru_cache

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

STRING_LAYOUT = "2006-01-02 15:04:05.999999999 -0700 MST"
"""How Go prints a time when no layout is asked for."""

MAX_LAYOUT = 200
"""Characters of a layout."""

ZERO_TIME = datetime(1, 1, 1, tzinfo=UTC)
"""Go's zero time, which stands for a date that could not be read."""

# The pieces of a layout that stand for a part of the time, longest first where one begins like another.
# Source: the constants of Go's package time.
PIECES = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|__2|_2(?!006)|002|0[1-6]|15|PM|pm"
    r"|[-Z]07(?::00:00|0000|:00|00)?|[.,](?:0+|9+)(?!\d)|[1-5]"
)


class MachineZone(tzinfo):
    """The time zone of the machine, summer time and all."""

    def _at(self, time: datetime | None) -> machine_time.struct_time:
        assert time is not None
        stamp = machine_time.mktime((time.year, time.month, time.day, time.hour, time.minute, time.second, 0, 0, -1))
        return machine_time.localtime(stamp)

    def utcoffset(self, time: datetime | None) -> timedelta:
        """Give the distance from UTC at a local time; that of now for times that the machine cannot place."""
        try:
            return timedelta(seconds=self._at(time).tm_gmtoff)
        except (OverflowError, ValueError, OSError):
            return timedelta(seconds=-machine_time.timezone)

    def dst(self, time: datetime | None) -> timedelta:
        """Give how much of the offset is summer time."""
        try:
            return timedelta(hours=max(self._at(time).tm_isdst, 0))
        except (OverflowError, ValueError, OSError):
            return timedelta()

    def tzname(self, time: datetime | None) -> str:
        """Give the zone's short name at a local time."""
        try:
            return self._at(time).tm_zone
        except (OverflowError, ValueError, OSError):
            return machine_time.tzname[0]

    def fromutc(self, time: datetime) -> datetime:
        """Bring a time in UTC to this zone."""
        try:
            seconds = (time.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
            offset = timedelta(seconds=machine_time.localtime(seconds).tm_gmtoff)
        except (OverflowError, ValueError, OSError):
            offset = timedelta(seconds=-machine_time.timezone)
        return (time.replace(tzinfo=None) + offset).replace(tzinfo=self)


_MACHINE_ZONE = MachineZone()


def local_zone() -> tzinfo:
    """Give the machine's zone."""
    return _MACHINE_ZONE


def local_now() -> datetime:
    """Give the time on the machine's own clock, in its zone."""
    return datetime.now(_MACHINE_ZONE)


# --- layouts ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def pieces_of(layout: str) -> tuple[tuple[str, str], ...]:
    """Cut a layout into pairs of verbatim text and the piece after it; the last piece is empty."""
    found, end = [], 0
    for match in PIECES.finditer(layout):
        found.append((layout[end : match.start()], match[0]))
        end = match.end()
    return (*found, (layout[end:], ""))


def format_time(time: datetime, layout: str) -> str:
    """Write ``time`` as Go writes it by ``layout``, such as ``"2006-01-02 15:04"``."""
    return "".join(verbatim + (_piece(time, piece) if piece else "") for verbatim, piece in pieces_of(layout))


def _piece(time: datetime, piece: str) -> str:
    if piece[0] in ".,":
        return _fraction(time, piece)
    if piece[0] in "-Z":
        return _offset(time, piece)
    hour = time.hour % 12 or 12
    match piece:
        case "2006":
            return f"{time.year:04}"
        case "06":
            return f"{time.year % 100:02}"
        case "January":
            return MONTHS[time.month - 1]
        case "Jan":
            return MONTHS[time.month - 1][:3]
        case "01":
            return f"{time.month:02}"
        case "1":
            return str(time.month)
        case "Monday":
            return DAYS[time.isoweekday() % 7]
        case "Mon":
            return DAYS[time.isoweekday() % 7][:3]
        case "2" | "_2" | "02":
            return str(time.day).rjust(len(piece), " " if piece[0] == "_" else "0")
        case "002" | "__2":
            return str(time.timetuple().tm_yday).rjust(3, " " if piece[0] == "_" else "0")
        case "15":
            return f"{time.hour:02}"
        case "03" | "3":
            return str(hour).rjust(len(piece), "0")
        case "04" | "4":
            return str(time.minute).rjust(len(piece), "0")
        case "05" | "5":
            return str(time.second).rjust(len(piece), "0")
        case "PM":
            return "PM" if time.hour >= 12 else "AM"
        case "pm":
            return "pm" if time.hour >= 12 else "am"
        case _:  # MST
            return zone_name(time)


def zone_name(time: datetime) -> str:
    """Give the short name of a time's zone, or its offset when it has none."""
    name = time.tzname() or ""
    return _offset(time, "-0700") if not name or (name.startswith("UTC") and name != "UTC") else name


def _fraction(time: datetime, piece: str) -> str:
    digits = f"{time.microsecond:06}000".ljust(len(piece) - 1, "0")[: len(piece) - 1]
    if piece[1] == "9":
        digits = digits.rstrip("0")
    return piece[0] + digits if digits else ""


def _offset(time: datetime, piece: str) -> str:
    seconds = round((time.utcoffset() or timedelta()).total_seconds())
    if piece[0] == "Z" and seconds == 0:
        return "Z"
    hours, rest = divmod(abs(seconds), 3600)
    parts = [f"{hours:02}", f"{rest // 60:02}", f"{rest % 60:02}"]
    colon = ":" if ":" in piece else ""
    count = len(re.findall(r"\d\d", piece))
    return ("-" if seconds < 0 else "+") + colon.join(parts[:count])


def parse_time(layout: str, text: str, zone: tzinfo) -> datetime:
    """Read a time that was written by ``layout``; ``zone`` holds where the text names no offset.

    Raises:
        ValueError: When the text does not fit.
    """
    pattern, names = "", []
    for verbatim, piece in pieces_of(layout):
        pattern += re.escape(verbatim)
        if piece:
            # Atomic: as in Go, what a piece has taken it keeps, so that no text takes long to refuse.
            pattern += f"((?>{_PATTERNS.get(piece) or _pattern_of(piece)}))"
            names.append(piece)
    match = re.fullmatch(pattern, text)
    if match is None:
        raise ValueError(f"{text!r} is not written as {layout!r}")
    parts = {"year": 1, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    afternoon: bool | None = None
    found_zone: tzinfo = zone
    year_day = 0
    for piece, value in zip(names, match.groups(), strict=True):
        if piece in ("PM", "pm"):
            afternoon = value.upper() == "PM"
        elif piece in ("002", "__2"):
            year_day = int(value)
        elif piece[0] in "-Z":
            found_zone = _zone_from(value)
        elif piece == "MST":
            found_zone = UTC if value == "UTC" else found_zone
        elif piece[0] in ".,":
            parts["microsecond"] = int(value[1:7].ljust(6, "0"))
        elif piece in ("January", "Jan"):
            parts["month"] = next(n for n, month in enumerate(MONTHS, 1) if month[:3].lower() == value[:3].lower())
        elif piece in _NUMBERS:
            parts[_NUMBERS[piece]] = int(value)
            if piece == "06":
                parts["year"] += 1900 if parts["year"] >= 69 else 2000
    if afternoon is not None:
        parts["hour"] = parts["hour"] % 12 + (12 if afternoon else 0)
    time = datetime(**parts, tzinfo=found_zone)
    return time.replace(month=1, day=1) + timedelta(days=year_day - 1) if year_day else time


_NUMBERS = {
    "2006": "year",
    "06": "year",
    "01": "month",
    "1": "month",
    "02": "day",
    "2": "day",
    "_2": "day",
    "15": "hour",
    "03": "hour",
    "3": "hour",
    "04": "minute",
    "4": "minute",
    "05": "second",
    "5": "second",
}
_NAMES_OF_MONTHS = "|".join(MONTHS)
_PATTERNS = {
    "2006": r"\d{4}",
    "January": f"(?i:{_NAMES_OF_MONTHS})",
    "Monday": f"(?i:{'|'.join(DAYS)})",
    "Jan": f"(?i:{'|'.join(m[:3] for m in MONTHS)})",
    "Mon": f"(?i:{'|'.join(d[:3] for d in DAYS)})",
    "MST": r"[A-Z]{3,5}|[-+]\d{2,4}",
    "PM": "AM|PM",
    "pm": "am|pm",
    "002": r"\d{3}",
    "__2": r" *\d{1,3}",
    "_2": r" ?\d{1,2}",
}


def _pattern_of(piece: str) -> str:
    if piece[0] in ".,":
        return rf"[.,]\d{{{len(piece) - 1}}}" if piece[1] == "0" else r"(?:[.,]\d{1,9})?"
    if piece[0] in "-Z":
        digits = re.sub(r"\d\d", r"\\d\\d", piece[1:])
        return rf"[-+]{digits}" + ("|Z" if piece[0] == "Z" else "")
    return r"\d\d" if len(piece) == 2 and piece != "15" else r"\d{1,2}"


def _zone_from(text: str) -> tzinfo:
    if text == "Z":
        return UTC
    hours, minutes, seconds = (int(part) for part in re.findall(r"\d\d", text + "0000")[:3])
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(-offset if text[0] == "-" else offset)


# --- durations ----------------------------------------------------------------------------------------------------

UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
MAX_NANOSECONDS = 2**63 - 1
MAX_DURATION = 100


def parse_duration(text: str) -> int:
    """Read ``"1h15m30.5s"`` or ``"-300ms"`` as nanoseconds.

    Raises:
        ValueError: When it is not a duration, or one of over 292 years.
    """
    if len(text) > MAX_DURATION:
        raise ValueError("a duration has at most 100 characters")
    match = re.fullmatch(r"([-+]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)", text, re.ASCII)
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a duration such as 1h15m")
    parts = re.findall(r"([\d.]+)(\D+)", match[2])
    nanoseconds = int(sum(Fraction(f"0{number}0" if "." in number else number) * UNITS[unit] for number, unit in parts))
    if nanoseconds > MAX_NANOSECONDS:
        raise ValueError(f"{text[:40]!r} is too long a duration")
    return -nanoseconds if match[1] == "-" else nanoseconds


def format_duration(nanoseconds: int) -> str:
    """Write a duration as Go does: ``1h15m30.5s``, ``300ms``, ``0s``."""
    sign, rest = ("-" if nanoseconds < 0 else ""), abs(nanoseconds)
    if rest == 0:
        return "0s"
    if rest < 10**9:
        unit = next(unit for unit in ("ms", "µs", "ns") if rest >= UNITS[unit])
        return f"{sign}{_decimal(rest, UNITS[unit])}{unit}"
    hours, rest = divmod(rest, UNITS["h"])
    minutes, rest = divmod(rest, UNITS["m"])
    seconds = f"{_decimal(rest, UNITS['s'])}s"
    return sign + (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + seconds


def _decimal(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    digits = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0") if unit > 1 else ""
    return f"{whole}.{digits}" if digits else str(whole)
