"""Words, and finding what a message begins with."""

from hypothesis import given
from hypothesis import strategies as st

from stagedoor.services.chatbot.words import Index, after, words_of

WORDS = st.text(alphabet="!aAbß\u0130", min_size=1, max_size=3)
BLANKS = st.sampled_from([" ", "  ", "\t", "\n", "\u00a0", " \U000e0000 ", "\u3000"])


@st.composite
def phrases(draw: st.DrawFn) -> str:
    """A few words with all sorts of nothing around them."""
    text = draw(st.sampled_from(["", " ", "\U000e0000"]))
    for _ in range(draw(st.integers(0, 4))):
        text += draw(WORDS) + draw(BLANKS)
    return text


@given(st.lists(phrases(), max_size=8), phrases())
def test_what_is_found_is_what_the_message_begins_with(names: list[str], message: str) -> None:
    said = [word.casefold() for word in words_of(message)]
    wanted = [[word.casefold() for word in words_of(name)] for name in names]
    expected = [number for number, words in enumerate(wanted) if words and said[: len(words)] == words]
    assert Index(zip(names, range(len(names)), strict=True)).find(message) == expected


@given(st.lists(st.text(max_size=8), max_size=8), st.text())
def test_any_text_can_be_looked_up(names: list[str], message: str) -> None:
    found = Index((name, name) for name in names).find(message)
    assert set(found) <= set(names)
    first = words_of(message)[:1]
    assert set(found) >= {name for name in names if first and name == first[0]}


@given(phrases())
def test_what_comes_after_some_words_is_the_rest(text: str) -> None:
    words = words_of(text)
    for count in range(len(words) + 2):
        assert words_of(after(text, count)) == words[count:]
        assert after(text, count) == after(text, count).strip()


def test_the_rest_is_as_it_was_written() -> None:
    assert after(" !so  Ada   Lovelace \U000e0000", 1) == "Ada   Lovelace"
