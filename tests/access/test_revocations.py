"""What was revoked: by its mark and by the time, from wherever it is read, and not without end."""

from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import Revocations
from stagedoor.access.revocations import MAX_REVOCATIONS

TIMES = st.floats(0, 1e10)
STORED = st.dictionaries(st.text(max_size=2), TIMES, max_size=5)


def test_what_was_made_before_is_revoked_and_what_was_decided_later_is_not() -> None:
    revoked = Revocations()
    revoked.add("a", 10.0)
    assert [revoked.names("a", at) for at in (9.0, 10.0, 10.5)] == [True, True, False]
    assert not revoked.names("b", 9.0)
    revoked.lift("a")
    assert not revoked.names("a", 9.0)


def test_an_earlier_time_makes_nothing_good() -> None:
    revoked = Revocations('{"a":10.0}')
    revoked.add("a", 5.0)
    revoked.merge('{"a":7}')
    assert revoked.stored() == '{"a":10.0}'


@given(STORED, STORED)
def test_what_one_knows_or_the_other_both_know_together(one: dict[str, float], other: dict[str, float]) -> None:
    together, reverse = Revocations(), Revocations()
    for mark, at in one.items():
        together.add(mark, at)
    for mark, at in other.items():
        reverse.add(mark, at)
    first, second = together.stored(), reverse.stored()
    together.merge(second)
    reverse.merge(first)
    assert together.stored() == reverse.stored() == Revocations(together.stored()).stored()
    for mark in {*one, *other}:
        latest = max(known[mark] for known in (one, other) if mark in known)
        assert together.names(mark, latest)
        assert not together.names(mark, latest + 1)


@given(st.text())
def test_any_text_can_be_stored(text: str) -> None:
    assert Revocations(Revocations(text).stored()).stored() == Revocations(text).stored()


def test_the_oldest_gives_way() -> None:
    revoked = Revocations()
    for number in range(MAX_REVOCATIONS + 1):
        revoked.add(str(number), float(number))
    assert not revoked.names("0", 0.0)
    assert revoked.names("1", 1.0)
    assert revoked.names(str(MAX_REVOCATIONS), 1.0)
