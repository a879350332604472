"""What ``%name%`` and ``~name~`` become, and that what is put in is never looked at again."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from stagedoor.keys import segment
from stagedoor.services.actions.arguments import Arguments
from stagedoor.services.actions.errors import StepFailed
from stagedoor.services.actions.expansion import (
    FIXED,
    MAX_EXPANDED,
    MAX_EXPANDED_BY_A_RUN,
    Expander,
    as_text,
    auto_typed,
)

NOW = 1_767_639_300.5

ARGUMENTS = {
    "user": "Ada",
    "Count": 3,
    "ratio": 1.5,
    "whole": 2.0,
    "yes": True,
    "nothing": None,
    "list": [1, "a"],
    "nested": {"Key": "inner", "a.b": "dotted", "deeper": {"n": 1}},
    "flat.name": "flat",
    "hostile": "%user% ~secret~ %hostile%",
}
GLOBALS: dict[str, object] = {"secret": "a global", "score": 7, "shape": {"w": 1}, "echo": "%user%"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
templates = st.lists(
    st.sampled_from(["%", "~", "%user%", "~score~", "%hostile%", "%nested.key%", "{", '"', "\\"]) | st.text(max_size=5)
).map("".join)


def expander(arguments: dict[str, object] | None = None, variables: dict[str, object] | None = None) -> Expander:
    known = GLOBALS if variables is None else variables
    return Expander(
        Arguments(ARGUMENTS if arguments is None else arguments), lambda name: known.get(name, UNSET), lambda: NOW
    )


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Hello %user%!", "Hello Ada!"),
        ("%USER% %count%", "Ada 3"),
        ("%ratio% %whole% %yes% [%nothing%]", "1.5 2 True []"),
        ("%list%", '[1,"a"]'),
        ("%nested.key% %NESTED.a.b% %nested.deeper.n% %nested.deeper%", 'inner dotted 1 {"n":1}'),
        ("%flat.name%", "flat"),
        ("%nested.none% %user.name% %nested.% %.key%", "%nested.none% %user.name% %nested.% %.key%"),
        ("~score~ ~secret~ ~shape~", '7 a global {"w":1}'),
        ("~Score~ ~none~", "~Score~ ~none~"),
        ("%unknown%", "%unknown%"),
        ("100% of %user%", "100% of Ada"),
        ("%unknown%user%", "%unknownAda"),
        ("5 % 3 %% %user", "5 % 3 %% %user"),
        ("~5 %user% ~secret~", "~5 Ada a global"),
        ("%~user%", "%~user%"),
        ("%%user%%", "%Ada%"),
        ("%user%%user%~score~~score~", "AdaAda77"),
        ("%hostile%", "%user% ~secret~ %hostile%"),
        ("~echo~", "%user%"),
        ("", ""),
    ],
)
def test_text(template: str, expected: str) -> None:
    assert expander().text(template) == expected


def test_fixed_names() -> None:
    text = expander().text("%date%|%time%|%longTime%|%unixtime%|%lf%")
    assert re.fullmatch(r"2026/01/0\d\|\d\d:\d\d\|\d\d:\d\d:00\|1767639300\|\r\n", text)
    assert expander({"time": "mine"}).text("%time%") == "mine"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("%count%", 3),
        ("%nested%", ARGUMENTS["nested"]),
        ("%nothing%", None),
        ("~shape~", {"w": 1}),
        ("%unixtime%", 1_767_639_300),
        (" %count%", " 3"),
        ("%count%%count%", "33"),
        ("%none%", "%none%"),
        (["%list%", {"%user%": "%user%"}], [[1, "a"], {"%user%": "Ada"}]),
        ({"a": 'say "%hostile%"'}, {"a": 'say "%user% ~secret~ %hostile%"'}),
        (1.5, 1.5),
    ],
)
def test_json(template: object, expected: object) -> None:
    assert expander().value(template) == expected


def test_what_is_put_in_can_be_made_harmless() -> None:
    text = expander({"name": "@x/y%"}).text("a/@b/%name%", quote=segment)
    assert text == "a/@b/%40x%2Fy%25"


@given(template=templates, arguments=st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_expansion_never_raises_and_keeps_json_whole(template: str, arguments: dict[str, object]) -> None:
    run = expander({**ARGUMENTS, **arguments})
    run.text(template)
    value = run.value({"a": [template]})
    assert msgspec.json.decode(msgspec.json.encode(value)) == value
    assert isinstance(value, dict)
    assert value.keys() == {"a"}


@given(templates)
def test_without_a_known_name_a_text_stays_as_it_is(template: str) -> None:
    run = Expander(Arguments({}), lambda name: UNSET, lambda: NOW)
    if not any(f"%{name}%" in template.lower() for name in FIXED):
        assert run.text(template) == template
        assert run.value(template) == template


@given(before=st.text(alphabet="ab ~"), payload=st.text(alphabet="%~usecrt"), after=st.text(alphabet="ab "))
def test_nothing_is_expanded_twice(before: str, payload: str, after: str) -> None:
    """A sign before the name may pair with one behind it, but none with a sign that was put in."""
    run = expander({"user": "Ada", "text": payload}, {"secret": "leaked", "s": "leaked"})
    assert run.text(f"{before}%text%{after}") == f"{before}{payload}{after}"
    assert run.value([f"{before}|%text%{after}"]) == [f"{before}|{payload}{after}"]


@given(st.lists(st.sampled_from(["%user%", "~score~", "-", "%count%"])))
def test_known_names_side_by_side_are_all_expanded(parts: list[str]) -> None:
    known = {"%user%": "Ada", "~score~": "7", "%count%": "3"}
    assert expander().text("".join(parts)) == "".join(known.get(part, part) for part in parts)


def test_growth_is_bounded() -> None:
    run = expander({"x": "x" * 1000, "o": ["x" * 1000]})
    assert len(run.text("%x%" * 1000)) == 1_000_000
    for template in ("%x%" * 1100, ["%x%"] * 1100, ["%o%"] * 1100, {str(place): "%o%" for place in range(1100)}):
        with pytest.raises(StepFailed, match=f"more than {MAX_EXPANDED} characters"):
            run.value(template)


def test_depth_is_bounded() -> None:
    deep: object = 1
    for _ in range(60):
        deep = [deep]
    run = expander({"deep": deep})
    run.value(["%deep%"])
    with pytest.raises(StepFailed, match="too deeply"):
        run.value([[[[["%deep%"]]]]])


def test_a_long_text_of_signs_takes_no_time() -> None:
    text = "%~" * 200_000
    assert expander().text(text) == text


@given(json_values)
def test_every_value_has_a_text(value: object) -> None:
    assert isinstance(as_text(value), str)


@given(st.text() | st.integers().map(str) | st.floats().map(str))
def test_auto_type_gives_what_json_can_hold(text: str) -> None:
    value = auto_typed(text)
    assert msgspec.json.decode(msgspec.json.encode(value)) == value


@pytest.mark.parametrize("number", [0, 7, -7, 10**17, 1.5, -0.25])
def test_numbers_survive_being_text(number: float) -> None:
    assert auto_typed(as_text(number)) == number


def test_names_are_compared_without_regard_to_case() -> None:
    arguments = Arguments({"Name": 1, "other": 2})
    arguments.set("NAME", 3)
    assert arguments.get("name") == 3
    assert arguments.as_object() == {"NAME": 3, "other": 2}
    assert arguments.get("") is UNSET


def test_a_run_that_doubles_an_argument_again_and_again_ends() -> None:
    arguments = Arguments({"x": "x" * (MAX_EXPANDED // 2)})
    expander = Expander(arguments, lambda name: UNSET, lambda: 0.0)
    for _ in range(MAX_EXPANDED_BY_A_RUN // MAX_EXPANDED):
        assert len(expander.text("%x%%x%")) == MAX_EXPANDED
    with pytest.raises(StepFailed, match="the run's parameters"):
        expander.text("%x%%x%")
    assert Expander(arguments, lambda name: UNSET, lambda: 0.0).text("%x%")
