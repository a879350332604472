"""Facts are cleaned before they are kept: small, plain, without secrets."""

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.audit.cleaning import MAX_CHARACTERS, MAX_MEMBERS, clean_facts, clean_text


def keep(text: str) -> str:
    return text


def strike(text: str) -> str:
    return text.replace("canary", "(withheld)")


class Awkward:
    """Something that cannot even be told."""

    def __str__(self) -> str:
        raise ValueError("no")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.builds(Awkward),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children) | st.sets(st.text()),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), anything, max_size=30))
def test_whatever_is_told_becomes_small_plain_json(facts: dict[str, object]) -> None:
    cleaned = clean_facts(facts, keep)
    assert len(cleaned) <= MAX_MEMBERS
    assert msgspec.json.decode(msgspec.json.encode(cleaned)) == cleaned
    for name, value in cleaned.items():
        for text in (name, *(value if isinstance(value, list) else [value])):
            if isinstance(text, str):
                assert len(text) <= MAX_CHARACTERS
                assert all(unicodedata.category(character) not in ("Cc", "Cs") for character in text)


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_secret_is_left_also_where_a_text_is_cut(before: str, after: str) -> None:
    assert "canary" not in clean_text(f"{before}canary{after}", strike)


def test_secrets_are_struck_out_of_names_texts_and_lists() -> None:
    facts = {"a canary": "the canary", "list": ["canary", 1], "number": 3, "flag": True, "nothing": None}
    assert clean_facts(facts, strike) == {
        "a (withheld)": "the (withheld)",
        "list": ["(withheld)", "1"],
        "number": 3,
        "flag": True,
        "nothing": None,
    }


def test_what_cannot_be_cleaned_is_not_kept() -> None:
    def fail(text: str) -> str:
        raise ValueError

    assert clean_text("a canary", fail) == "(withheld)"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("a\nb\x1b[31m\u202e", "a�b�[31m�"),
        ("è un segreto 🎭", "è un segreto 🎭"),
        ("x" * 201, "x" * 199 + "…"),
        (2**60, str(2**60)),
        (float("nan"), "nan"),
        (1.5, 1.5),
        (Awkward(), "Awkward"),
        ({"a": 1}, "{'a': 1}"),
    ],
)
def test_values_are_kept_as_they_can_be(value: object, kept: object) -> None:
    assert clean_facts({"a": value}, keep) == {"a": kept}
