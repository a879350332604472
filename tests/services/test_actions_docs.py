"""The page about actions says what the code does."""

import re
from pathlib import Path
from typing import get_args

from stagedoor.services.actions import history, read_action
from stagedoor.services.actions.members import Format
from stagedoor.services.actions.runner import MAX_RUNS
from stagedoor.services.actions.steps import MAX_DEPTH, AnyStep
from stagedoor.services.actions.triggers import AnyTrigger

PAGE = (Path(__file__).parents[2] / "docs" / "actions.md").read_text("utf-8")

EXAMPLES = re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def rows(heading: str) -> dict[str, list[str]]:
    """The table of a section, by its first column."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:3] == "| `"
    ]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_every_step_is_documented_with_its_number_and_members() -> None:
    documented = rows("Steps")
    steps = get_args(AnyStep)
    assert list(documented) == [step.__struct_config__.tag for step in steps]
    for step in steps:
        number, members = documented[step.__struct_config__.tag]
        assert int(number) == step.number
        own = set(step.__struct_encode_fields__) - {"id", "enabled"}
        assert own <= set(re.findall(r"`(\w+)`", members))


def test_step_numbers_are_unique() -> None:
    assert len({step.number for step in get_args(AnyStep)}) == len(get_args(AnyStep))


def test_every_trigger_is_documented() -> None:
    assert list(rows("Triggers")) == [trigger.__struct_config__.tag for trigger in get_args(AnyTrigger)]


def test_the_examples_are_actions() -> None:
    assert len(EXAMPLES) == 2
    for example in EXAMPLES:
        assert read_action("an id", example).steps


def test_the_bounds_are_said() -> None:
    assert f"{MAX_RUNS:,} runs" in PAGE
    assert f"When {MAX_DEPTH} custom events" in PAGE
    assert f"the latest {history.MAX_RUNS} runs" in PAGE
    assert f"{history.MAX_CHARACTERS} characters are kept" in PAGE
    assert f"{history.MAX_ARGUMENTS} arguments" in PAGE
    assert f"its last {history.MAX_STEPS} steps" in PAGE
    assert f"no more than {history.MAX_TOLD} runs" in PAGE


def test_every_format_is_documented() -> None:
    section = PAGE.split("| format | offer |")[1].split("\n## ")[0]
    assert set(get_args(Format)) <= set(re.findall(r"`([\w-]+)`", section))
