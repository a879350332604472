"""Floods are counted rather than written down."""

from hypothesis import given
from hypothesis import strategies as st

from stagedoor.audit.flood import BURST, RATE, TOO_MANY, WINDOW_S, FloodGate


def gate() -> FloodGate:
    return FloodGate(dict)


def test_the_same_thing_within_a_minute_is_written_once_and_then_counted() -> None:
    flood = gate()
    assert flood.admit("refused", {"address": "10.0.0.1"}, 0.0) == {"address": "10.0.0.1"}
    for second in range(1, 60):
        assert flood.admit("refused", {"address": "10.0.0.1"}, second) is None
    assert (flood.next_at or 0.0) == WINDOW_S
    assert flood.sum_up(WINDOW_S - 1) == []
    assert flood.sum_up(WINDOW_S) == [("refused", {"address": "10.0.0.1", "count": 59})]
    assert not flood.next_at
    assert flood.admit("refused", {"address": "10.0.0.1"}, WINDOW_S) is not None


def test_what_happened_once_has_no_sum() -> None:
    flood = gate()
    flood.admit("login", {}, 0.0)
    assert flood.sum_up(WINDOW_S) == []


def test_another_kind_or_other_facts_are_something_else() -> None:
    flood = gate()
    assert flood.admit("login", {"a": 1}, 0.0) is not None
    assert flood.admit("login", {"a": "1"}, 0.0) is not None
    assert flood.admit("login", {"a": True}, 0.0) is not None
    assert flood.admit("refused", {"a": 1}, 0.0) is not None


def test_what_comes_too_fast_is_counted_by_its_kind() -> None:
    flood = gate()
    written = [flood.admit("refused", {"address": number}, 0.0) for number in range(5000)]
    assert sum(facts is not None for facts in written) == BURST
    assert flood.admit("login", {}, 0.0) is not None
    assert flood.sum_up(WINDOW_S) == [("refused", {"count": 5000 - BURST, "reason": TOO_MANY})]


def test_everything_open_is_summed_up_at_the_end() -> None:
    flood = gate()
    for number in range(BURST + 3):
        flood.admit("refused", {"address": number}, 0.0)
    flood.admit("login", {}, 0.0)
    flood.admit("login", {}, 0.0)
    flood.omit("asked", 4, 0.0)
    assert flood.sum_up(None) == [
        ("login", {"count": 1}),
        ("refused", {"count": 3, "reason": TOO_MANY}),
        ("asked", {"count": 4, "reason": TOO_MANY}),
    ]
    assert flood.sum_up(None) == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 300), st.floats(0, 30)), max_size=600))
def test_no_flood_writes_more_than_it_may_and_nothing_goes_uncounted(happenings: list[tuple[str, int, float]]) -> None:
    flood = gate()
    at = 0.0
    counts = dict.fromkeys("abc", 0)
    lines = dict.fromkeys("abc", 0)

    def note(sums: list[tuple[str, dict[str, object]]]) -> None:
        for kind, facts in sums:
            count = facts["count"]
            assert isinstance(count, int)
            counts[kind] += count

    for kind, fact, pause in happenings:
        at += pause
        note(flood.sum_up(at))
        if flood.admit(kind, {"fact": fact}, at) is not None:
            counts[kind] += 1
            lines[kind] += 1
    note(flood.sum_up(None))
    assert counts == {kind: sum(1 for one, _, _ in happenings if one == kind) for kind in "abc"}
    assert all(count <= BURST + at * RATE + 1 for count in lines.values())


def test_what_is_remembered_is_bounded_whatever_happens() -> None:
    flood = gate()
    for number in range(20_000):
        flood.admit(f"kind {number}", {"fact": number}, number / 1000)
    assert len(flood._windows) < 7000
    assert len(flood._measures) <= 65
