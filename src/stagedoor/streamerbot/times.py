"""Times as Streamer.bot writes them: ISO 8601 with the local offset.

Source: the samples in Streamer.bot's documentation. Events have seven fraction digits, variables three.
"""

import time


def event_time(unix_s: float) -> str:
    """Write a time for an event, a run or a viewer: ``2026-01-05T20:15:00.1234567+01:00``."""
    return _write(unix_s, f"{int(unix_s % 1 * 10_000_000):07d}")


def write_time(unix_s: float) -> str:
    """Write the time of a variable's last write: ``2026-01-05T20:15:00.123+01:00``."""
    return _write(unix_s, f"{int(unix_s % 1 * 1000):03d}")


def _write(unix_s: float, fraction: str) -> str:
    local = time.localtime(unix_s)
    sign = "-" if local.tm_gmtoff < 0 else "+"
    hours, minutes = divmod(abs(local.tm_gmtoff) // 60, 60)
    return time.strftime("%Y-%m-%dT%H:%M:%S", local) + f".{fraction}{sign}{hours:02d}:{minutes:02d}"
