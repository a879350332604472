"""Until when: what can be typed for the end of a grant."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.cli.expiry import read_expiry

NOW = datetime(2026, 1, 5, 20, 15, tzinfo=timezone(timedelta(hours=1)))


def after(**span: int) -> int:
    return round((NOW + timedelta(**span)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("never", None),
        (" Never ", None),
        ("30d", after(days=30)),
        ("12h", after(hours=12)),
        ("90m", after(minutes=90)),
        ("2W", after(weeks=2)),
        ("2026-01-05T20:16+01:00", after(minutes=1)),
        ("2026-01-06T00:00Z", after(hours=4, minutes=45)),
    ],
)
def test_an_end_is_read(text: str, at_ms: int | None) -> None:
    assert read_expiry(text, NOW).at_ms == at_ms


def test_a_date_is_the_end_of_that_day_here() -> None:
    assert read_expiry("2026-12-31", NOW).at_ms == round(datetime(2027, 1, 1).astimezone().timestamp() * 1000)
    assert read_expiry("2026-12-31T20:00", NOW).at_ms == round(
        datetime(2026, 12, 31, 20).astimezone().timestamp() * 1000
    )


@pytest.mark.parametrize("text", ["", "30", "d", "1.5d", "-3d", "soon", "2026-13-01", "9999-12-31", "999999w", "30 d"])
def test_what_is_no_end_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no end"):
        read_expiry(text, NOW)


@pytest.mark.parametrize("text", ["0d", "2026-01-04", "2026-01-05T20:15+01:00", "2001-01-01T00:00"])
def test_what_has_passed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="has passed already"):
        read_expiry(text, NOW)


@given(st.text(max_size=20))
def test_whatever_is_typed_gives_no_other_error(text: str) -> None:
    try:
        end = read_expiry(text, NOW)
    except ValueError:
        return
    assert end.at_ms is None or end.at_ms > NOW.timestamp() * 1000
