"""Each of strimertül's known defects has a test that shows what stagedoor does instead, and names it."""

import re
from collections import Counter
from pathlib import Path

from tools.defects import DEFECTS

TESTS = Path(__file__).parent

_NAMED = re.compile(r"strimertül's defects? ((?:\d+(?:, | and )?)+)")


def named() -> Counter[int]:
    """Count the tests that name each defect."""
    texts = [path.read_text("utf-8") for path in TESTS.rglob("*") if path.suffix in (".py", ".txt")]
    return Counter(
        int(number) for text in texts for found in _NAMED.findall(text) for number in re.findall(r"\d+", found)
    )


def test_there_are_forty_six() -> None:
    assert list(DEFECTS) == list(range(1, 47))


def test_each_is_named_by_a_test() -> None:
    tests = named()
    assert [number for number in DEFECTS if not tests[number]] == []


def test_no_other_is() -> None:
    assert named().keys() - DEFECTS.keys() == set()


def test_each_is_told_in_one_line_of_our_own() -> None:
    for defect in DEFECTS.values():
        assert 5 < len(defect.was) < 110
        assert 2 < len(defect.now) < 110
        assert "\n" not in defect.was + defect.now
    assert max(Counter(defect.was for defect in DEFECTS.values()).values()) == 1
