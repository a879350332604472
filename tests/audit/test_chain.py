"""The chain: whatever is done to it afterwards, it shows."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.audit import FIRST, Head
from stagedoor.audit.chain import Chain, read_entry, read_link, seal
from tests.audit.harness import chain

LINES = chain(12)
WHOLE = b"".join(LINES)
NEWEST = read_link(LINES[-1])


def judge(content: bytes, head: Head | None = NEWEST, *, may_begin_late: bool = False) -> list[str]:
    """Say what is wrong with the content of a file."""
    judged = Chain(head, may_begin_late=may_begin_late)
    number = 0
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        judged.take(line + b"\n", "audit.jsonl", number)
    if rest := content.rpartition(b"\n")[2]:
        judged.take(rest, "audit.jsonl", number + 1)
    return [problem.text for problem in judged.end("audit.jsonl", number).problems]


def test_a_chain_that_nobody_touched_is_whole() -> None:
    assert judge(WHOLE) == []
    assert judge(WHOLE, head=None) == []
    assert judge(b"", head=None) == []


def test_a_store_that_knows_an_older_entry_knows_nothing_wrong() -> None:
    assert [judge(WHOLE, read_link(line)) for line in LINES] == [[]] * len(LINES)


def test_others_can_compute_the_hash_as_it_is_documented() -> None:
    previous = FIRST
    for line in LINES:
        members = json.loads(line)
        body = {name: members[name] for name in ("n", "at_ms", "kind", "facts")}
        text = previous + json.dumps(body, separators=(",", ":"))
        assert members["previous"] == previous
        assert members["hash"] == hashlib.sha256(text.encode()).hexdigest()
        previous = members["hash"]


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_byte_that_was_changed_shows(position: int, difference: int) -> None:
    changed = bytearray(WHOLE)
    changed[position] ^= difference
    assert judge(bytes(changed))


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 200))
def test_bytes_that_were_removed_show(position: int, count: int) -> None:
    assert judge(WHOLE[:position] + WHOLE[position + count :])


@given(st.integers(0, len(WHOLE)), st.binary(min_size=1, max_size=20))
def test_bytes_that_were_put_in_show(position: int, more: bytes) -> None:
    assert judge(WHOLE[:position] + more + WHOLE[position:])


@given(st.lists(st.sampled_from(LINES), max_size=20))
def test_every_other_choice_and_order_of_lines_shows(lines: list[bytes]) -> None:
    assert bool(judge(b"".join(lines))) is (lines != LINES)


@given(st.permutations(LINES))
def test_another_order_shows_even_where_the_store_knows_nothing(lines: list[bytes]) -> None:
    assert bool(judge(b"".join(lines), head=None)) is (lines != LINES)


@pytest.mark.parametrize("left", range(len(LINES)))
def test_an_end_that_was_cut_off_shows_by_what_the_store_knows(left: int) -> None:
    (problem,) = judge(b"".join(LINES[:left]))
    missing = f"entries {left + 1} to 12 are missing" if left < 11 else "entry 12 is missing"
    assert problem == missing


def test_a_beginning_may_have_given_way_to_newer_entries_only_where_files_are_many() -> None:
    assert judge(b"".join(LINES[3:]), may_begin_late=True) == []
    assert judge(b"".join(LINES[3:])) == ["entries 1 to 3 are missing"]


def test_a_chain_that_was_written_anew_shows_by_what_the_store_knows() -> None:
    last = Head(0, FIRST)
    lines = []
    for _ in LINES:
        entry, line = seal(last, 1, "login", {})
        lines.append(line)
        last = Head(entry.n, entry.hash)
    assert judge(b"".join(lines)) == ["entry 12 is another one than was written"]


def test_after_a_break_the_rest_is_looked_at_all_the_same() -> None:
    lines = [*LINES[:3], b"rubbish\n", *LINES[5:8], LINES[8].replace(b"Kilovolt", b"kilovolt"), *LINES[9:]]
    assert judge(b"".join(lines)) == [
        "after entry 3 there is something that is no entry",
        "entries 4 to 5 are missing",
        "entry 9 was changed",
    ]


def test_a_break_that_an_entry_tells_of_is_known() -> None:
    last = read_link(LINES[-1])
    assert last is not None
    entry, line = seal(last, 77, "broken", {"reason": "entry 4 is missing"})
    judged = Chain(None, may_begin_late=False)
    for one in (*LINES[:3], *LINES[4:], line):
        judged.take(one, "audit.jsonl", 1)
    (problem,) = judged.end("audit.jsonl", 1).problems
    assert (problem.text, problem.recorded_ms) == ("entry 4 is missing", 77)
    assert entry.n == 13


def test_a_file_of_something_else_has_a_bounded_number_of_problems() -> None:
    assert len(judge(b"rubbish\n" * 1000)) == 100


facts = st.dictionaries(
    st.text(max_size=5),
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20) | st.lists(st.text(max_size=5)),
    max_size=5,
)


@given(st.text(max_size=10), facts)
def test_every_entry_reads_back_as_it_was(kind: str, told: dict[str, object]) -> None:
    entry, line = seal(Head(8, FIRST), 5, kind, told)
    assert line.count(b"\n") == 1
    assert read_entry(line) == entry
    assert read_link(line) == Head(9, entry.hash)
    assert judge(line, head=None, may_begin_late=True) == []


@given(st.binary(max_size=300))
def test_rubbish_is_no_entry(line: bytes) -> None:
    assert read_entry(line) is None
    assert read_link(line) is None
