"""Scopes: what the words mean, how they are written in full, and that nothing else is a scope."""

import random
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stagedoor.access import Patterns, ScopeError, Scopes
from stagedoor.access.scopes import MAX_WORD_CHARACTERS, MAX_WORDS
from stagedoor.keys import REQUEST_SCOPES
from stagedoor.types import MAX_KEY_BYTES

KEYS = st.text("ab/@", min_size=1, max_size=6)
"""Few letters, so that keys and patterns meet."""

PATTERNS = KEYS | st.text("ab/", max_size=4).map(lambda prefix: f"{prefix}*")
EVENTS = st.sampled_from(["a.b", "a.*", "b.a", "a.b.b", "*"])
PLATFORMS = st.sampled_from(["twitch", "kick", "a", "*"])
WORDS = st.one_of(
    PATTERNS.map(lambda pattern: f"read:{pattern}"),
    PATTERNS.map(lambda pattern: f"read:event/{pattern}"),
    PATTERNS.map(lambda pattern: f"write:{pattern}"),
    PATTERNS.map(lambda pattern: f"call:a/{pattern}"),
    PATTERNS.map(lambda pattern: f"call:platform/{pattern}"),
    EVENTS.map(lambda event: f"event:{event}"),
    PLATFORMS.map(lambda platform: f"send:{platform}"),
)
ASKED = (
    KEYS
    | KEYS.map(lambda key: f"event/{key}")
    | KEYS.map(lambda key: f"a/{key}")
    | st.sampled_from(["twitch", "kick", "trovo", "youtube", "a", "x"]).map(
        lambda name: f"platform/{name}/@send-message"
    )
)
VERBS = ("read", "write", "call")


def is_covered(words: list[str], verb: str, key: str) -> bool:
    """Read the words one by one, as docs/scopes.md tells them."""
    return any(means(word, verb, key) for word in words)


def means(word: str, verb: str, key: str) -> bool:
    kind, _, about = word.partition(":")
    if kind == "event":
        kind, about = "read", "event/" + about.replace(".", "/", 1)
    elif kind == "send":
        platforms = ["twitch", "youtube", "trovo", "kick"] if about == "*" else [about]
        return verb == "call" and key in [f"platform/{platform}/@send-message" for platform in platforms]
    if kind != verb:
        return False
    return key.startswith(about[:-1]) if about.endswith("*") else key == about


def covers(scopes: Scopes, verb: str, key: str) -> bool:
    patterns = {"read": scopes.reads, "write": scopes.writes, "call": scopes.calls}[verb]
    return patterns.covers(key)


@given(st.lists(WORDS, max_size=8), st.lists(ASKED, max_size=8))
@example(["read:a*", "read:a", "read:ab*"], ["a", "ab", "b"])
@example(["event:*", "event:a.b"], ["event/a/b", "event"])
@example(["send:*", "send:twitch", "send:a"], ["platform/a/@send-message"])
def test_they_cover_what_their_words_say(words: list[str], keys: list[str]) -> None:
    scopes = Scopes.parse(words)
    for key in keys:
        for verb in VERBS:
            assert covers(scopes, verb, key) == is_covered(words, verb, key), (verb, key)


@given(st.lists(WORDS, max_size=8), st.lists(ASKED, max_size=8))
def test_what_is_stored_means_the_same_and_is_read_as_it_is(words: list[str], keys: list[str]) -> None:
    scopes = Scopes.parse(words)
    again = Scopes.parse(list(scopes.words))
    assert again == scopes
    assert again.words == scopes.words == tuple(sorted(set(scopes.words)))
    for key in keys:
        for verb in VERBS:
            assert covers(again, verb, key) == is_covered(list(scopes.words), verb, key)


@given(st.lists(WORDS, max_size=8))
def test_no_word_is_stored_that_others_cover(words: list[str]) -> None:
    stored = Scopes.parse(words).words
    for word in stored:
        others = Scopes.parse([other for other in stored if other != word])
        assert others != Scopes.parse(list(stored)), word


@given(st.lists(WORDS, max_size=8), st.randoms())
def test_their_order_and_how_they_are_listed_make_no_difference(words: list[str], chance: random.Random) -> None:
    shuffled = words * 2
    chance.shuffle(shuffled)
    assert Scopes.parse(shuffled) == Scopes.parse(words) == Scopes.parse("  ".join(words)) == Scopes.parse(tuple(words))


@given(st.lists(PATTERNS, max_size=8), st.text("ab/", max_size=4), st.lists(KEYS, max_size=20))
def test_the_parts_of_a_range_are_what_is_covered_of_it(patterns: list[str], prefix: str, keys: list[str]) -> None:
    parts = Patterns(patterns).within(prefix)
    assert parts == sorted(parts)
    for key in keys:
        hits = sum(key.startswith(part.text) if part.is_prefix else key == part.text for part in parts)
        assert hits == (key.startswith(prefix) and Patterns(patterns).covers(key)), key
    for part in parts:
        assert part.text.startswith(prefix)


@given(
    st.one_of(
        st.text(),
        st.text(alphabet=st.characters(codec=None)),
        st.lists(st.text(alphabet=st.characters(codec=None))),
        st.lists(st.sampled_from(["read:", "write", ":", "*", "send:", "event:", "a.b", "call:a/"])),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner)
        ),
        st.dictionaries(st.text(), st.text()),
        st.binary(),
    )
)
def test_whatever_comes_is_scopes_or_an_error_that_says_so(words: object) -> None:
    try:
        scopes = Scopes.parse(words, REQUEST_SCOPES)
    except ScopeError:
        return
    assert Scopes.parse(list(scopes.words)) == scopes


@pytest.mark.parametrize(
    "word",
    [
        "",
        "read",
        "read:",
        ":a",
        "reads:a",
        "READ:a",
        " read:a",
        "read:a*b",
        "read:**",
        "read:a\nb",
        "read:a\x7f",
        "read:\ud800",
        "read:" + "k" * (MAX_KEY_BYTES + 1),
        "read:" + "é" * MAX_KEY_BYTES,
        "read:" + "k" * MAX_WORD_CHARACTERS,
        "write:a*b*",
        "call:DoSomethingElse",
        "call:a",
        "call:a*",
        "event:",
        "event:Twitch",
        "event:Twitch.",
        "event:.Follow",
        "event:*.Follow",
        "event:Tw*.Follow",
        "event:Twitch.Fol*",
        "event:Twitch/Follow",
        "event:Twitch.Follow\n",
        "event:" + "x" * 65 + ".Follow",
        "send:",
        "send:Twitch",
        "send:twitch*",
        "send:a/b",
        "send:twitch\n",
    ],
)
def test_what_is_no_scope_is_named(word: str) -> None:
    with pytest.raises(ScopeError) as refusal:
        Scopes.parse(["read:a", word], REQUEST_SCOPES)
    assert repr(word)[:80].strip("'") in str(refusal.value)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("words", [None, 5, {}, {"read:a": 1}, [1], ["read:a", None], [["read:a"]], b"read:a"])
def test_something_else_than_words_is_none(words: object) -> None:
    with pytest.raises(ScopeError, match="a list of words"):
        Scopes.parse(words)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ([], []),
        ("", []),
        ("read:b read:a read:a", ["read:a", "read:b"]),
        ("read:* read:a/* read:event/* event:Twitch.Follow", ["read:*"]),
        ("read:counter/* read:counter/wins read:counters", ["read:counter/*", "read:counters"]),
        ("read:event/*", ["event:*"]),
        ("read:event/Twitch/*", ["event:Twitch.*"]),
        ("read:event/Twitch/Follow", ["event:Twitch.Follow"]),
        ("read:event/Custom/my.event", ["event:Custom.my.event"]),
        ("read:event/Twitch", ["read:event/Twitch"]),
        ("read:event/Tw*", ["read:event/Tw*"]),
        ("read:event/a.b/c", ["read:event/a.b/c"]),
        ("read:event/a/b/c", ["read:event/a/b/c"]),
        ("send:*", ["send:kick", "send:trovo", "send:twitch", "send:youtube"]),
        ("call:platform/twitch/@send-message", ["send:twitch"]),
        ("call:platform/* send:*", ["call:platform/*"]),
        ("call:DoAction", ["call:action/@run"]),
        ("call:GetActions", ["read:action/@list"]),
        ("call:GetInfo", []),
        ("call:@top", ["call:@top"]),
        ("write:a write:a* call:*", ["call:*", "write:a*"]),
    ],
)
def test_how_they_are_written_in_full(written: object, stored: list[str]) -> None:
    assert list(Scopes.parse(written, REQUEST_SCOPES).words) == stored


@pytest.mark.parametrize(
    ("words", "only_reads"),
    [("read:* event:*", True), ("", True), ("read:a write:a", False), ("send:twitch", False), ("call:a/@b", False)],
)
def test_what_only_reads_is_known(words: str, only_reads: bool) -> None:
    assert Scopes.parse(words).only_read is only_reads


def test_there_are_sixty_four_words_at_most() -> None:
    words = [f"read:{letter}{digit}" for letter in string.ascii_letters for digit in "ab"]
    assert len(Scopes.parse(words[:MAX_WORDS]).words) == MAX_WORDS == 64
    with pytest.raises(ScopeError, match="64 are the most"):
        Scopes.parse(words[: MAX_WORDS + 1])


@pytest.mark.parametrize("word", ["send:*", "call:GetBroadcaster"])
def test_a_word_that_means_several_counts_as_them(word: str) -> None:
    words = [f"read:k{number}" for number in range(63)]
    with pytest.raises(ScopeError, match="64 are the most"):
        Scopes.parse([*words, word], REQUEST_SCOPES)
    assert len(Scopes.parse([*words[:60], word], REQUEST_SCOPES).words) == 64


def test_the_longest_key_can_be_named() -> None:
    key = "k" * MAX_KEY_BYTES
    assert Scopes.parse([f"read:{key}"]).reads.covers(key)
