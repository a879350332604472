"""The table of commands: whatever is stored, it is taken in part or refused as a whole."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client
from stagedoor.hub import MemoryStore
from stagedoor.services.chatbot.rendering import Renderer
from stagedoor.services.chatbot.table import Table
from stagedoor.services.chatbot.words import words_of
from tests.services.harness import encode, open_hub
from tests.strimertul.test_reading import JSON

PIECES = ["{{", "}}", "user", ".", "count", '"x"', "`", "if", "end", "range", "(", ")", "|", " ", "$x", ":=", "1", "a"]
TEMPLATES = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
COMMANDS = st.dictionaries(
    st.text(max_size=4),
    st.fixed_dictionaries({"enabled": st.booleans(), "response": TEMPLATES}) | JSON,
    max_size=6,
)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(Client(open_hub(MemoryStore()), SERVICE))


def load(table: Table, text: str, renderer: Renderer) -> int:
    """Load commands; returns how many templates were compiled."""
    return sum(cost > 1 for cost in table.load(text, renderer))


@given(COMMANDS)
def test_each_command_is_usable_or_off_or_told_as_broken(renderer: Renderer, stored: dict[str, Any]) -> None:
    table = Table()
    load(table, encode(stored), renderer)
    on = {
        trigger for trigger, command in stored.items() if isinstance(command, dict) and command.get("enabled") is True
    }
    assert table.triggers.isdisjoint(table.problems)
    assert on <= table.triggers | table.problems.keys()
    assert all(table.problems.values())
    for trigger in table.triggers:
        assert words_of(trigger)
        assert trigger in [command.trigger for command in table.find(f" {trigger.upper()} and more")]


@given(JSON)
def test_what_is_no_map_is_refused_and_changes_nothing(renderer: Renderer, stored: object) -> None:
    table = Table()
    load(table, '{"!a":{"enabled":true},"!b":{"enabled":true,"response":"{{"}}', renderer)
    try:
        load(table, encode(stored), renderer)
    except ValueError:
        assert not isinstance(stored, dict | None)
        assert (set(table.triggers), set(table.problems)) == ({"!a"}, {"!b"})
    else:
        assert isinstance(stored, dict | None)
        assert "!a" not in table.triggers


def test_only_what_has_changed_is_compiled_and_the_table_changes_at_the_end(renderer: Renderer) -> None:
    table = Table()
    stored = {f"!{number}": {"enabled": True, "response": f"{number}"} for number in range(9)}
    assert load(table, encode(stored), renderer) == 9
    stored["!3"]["access_level"] = "vip"
    stored["!4"]["response"] = "another"
    stored["!5"]["enabled"] = False
    steps = table.load(encode({**stored, "!new": {"enabled": True}}), renderer)
    next(steps)
    assert len(table.triggers) == 9
    assert sum(cost > 1 for cost in steps) == 2
    assert table.triggers == {*stored, "!new"} - {"!5"}
