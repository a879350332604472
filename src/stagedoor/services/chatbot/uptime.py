"""How long the channel has been live, in a word."""

from datetime import datetime


def write_uptime(started_at: str, now: float) -> str:
    """Write the time from a moment (RFC 3339) until now (Unix time), such as ``1h5m`` or ``5m``; nothing if there is
    no such moment."""
    try:
        start = datetime.fromisoformat(started_at).timestamp()
    except (ValueError, OverflowError, OSError):
        return ""
    minutes = max(0, int(now - start)) // 60
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m" if hours else f"{minutes}m"
