"""The page about templates says what they do."""

import re
from pathlib import Path

import pytest

from stagedoor.templates import FUNCTIONS
from tests.templates.data import MSG, render

PAGE = (Path(__file__).parents[2] / "docs" / "templates.md").read_text("utf-8")
CELL = r"`((?:[^`])+)`"
EXAMPLES = [
    (template.replace("\\|", "|"), output.replace("\\|", "|"))
    for part in re.findall(r"\| Template \| Says \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE)
    for template, output in re.findall(rf"^\| {CELL} \| {CELL} \|$", part, re.MULTILINE)
]


@pytest.mark.parametrize(("template", "output"), EXAMPLES)
def test_examples(template: str, output: str) -> None:
    assert render(template, MSG) == output


def test_all_rows_are_examples() -> None:
    assert len(EXAMPLES) == 28


def test_functions_that_it_lists_exist() -> None:
    start = PAGE.index("There are almost 200.")
    listed = " ".join(re.findall(r"`([^`]+)`", PAGE[start : PAGE.index("A layout of a time")])).split()
    assert len(listed) > 140
    assert [name for name in listed if name not in FUNCTIONS and name not in ("and", "or")] == []
    assert 190 < len(FUNCTIONS) < 200
