"""Subscriptions against a naive model, and the cases that such a model would not find by chance."""

from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor.hub.subscriptions import Subscriptions

KEYS = st.text("ab/é🎥", max_size=5)
OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["add", "discard", "add_prefix", "discard_prefix"]), KEYS, st.integers(0, 3)),
    max_size=40,
)


class NaiveSubscriptions:
    """What subscriptions mean, without any cleverness."""

    def __init__(self) -> None:
        self.exact: set[tuple[str, int]] = set()
        self.prefixes: set[tuple[str, int]] = set()

    def apply(self, operation: str, key: str, subscriber: int) -> None:
        place = self.prefixes if operation.endswith("prefix") else self.exact
        if operation.startswith("add"):
            place.add((key, subscriber))
        else:
            place.discard((key, subscriber))

    def match(self, key: str) -> set[int]:
        exact = {subscriber for known, subscriber in self.exact if known == key}
        return exact | {subscriber for prefix, subscriber in self.prefixes if key.startswith(prefix)}


def subscriptions(*prefixes: str) -> Subscriptions[str]:
    """Each prefix with a subscriber of the same name."""
    found: Subscriptions[str] = Subscriptions()
    for prefix in prefixes:
        found.add_prefix(prefix, prefix)
    return found


@settings(max_examples=300, deadline=None)
@given(OPERATIONS, st.lists(KEYS, min_size=1, max_size=8))
def test_subscriptions_match_as_a_naive_model_does(operations: list[tuple[str, str, int]], keys: list[str]) -> None:
    real: Subscriptions[int] = Subscriptions()
    naive = NaiveSubscriptions()
    for operation, key, subscriber in operations:
        getattr(real, operation)(key, subscriber)
        naive.apply(operation, key, subscriber)
        for candidate in keys:
            matched = real.match(candidate)
            assert len(matched) == len(set(matched))
            assert set(matched) == naive.match(candidate)
    assert real.is_empty == (not naive.exact and not naive.prefixes)


@settings(max_examples=100, deadline=None)
@given(OPERATIONS, st.randoms(use_true_random=False))
def test_nothing_is_left_when_everybody_has_gone(operations: list[tuple[str, str, int]], random: object) -> None:
    real: Subscriptions[int] = Subscriptions()
    for operation, key, subscriber in operations:
        getattr(real, operation)(key, subscriber)
    random.shuffle(operations)  # type: ignore[attr-defined]  # hypothesis' own random
    for operation, key, subscriber in operations:
        getattr(real, operation.replace("add", "discard"))(key, subscriber)
    assert real.is_empty


def test_an_exact_subscription_matches_its_key_alone() -> None:
    found: Subscriptions[str] = Subscriptions()
    found.add("a/b", "me")
    assert [list(found.match(key)) for key in ("a/b", "a", "a/b/c", "")] == [["me"], [], [], []]


def test_the_empty_prefix_matches_every_key() -> None:
    found = subscriptions("")
    assert list(found.match("")) == [""]
    assert list(found.match("anything")) == [""]


def test_all_prefixes_of_a_key_match_from_the_shortest() -> None:
    found = subscriptions("a/b", "", "a", "a/b/c", "b")
    assert list(found.match("a/b")) == ["", "a", "a/b"]


def test_a_fork_between_two_prefixes_is_nobodys() -> None:
    found = subscriptions("chat/one", "chat/other")
    assert list(found.match("chat/o")) == []
    assert list(found.match("chat/one!")) == ["chat/one"]


def test_a_prefix_inside_an_edge_matches() -> None:
    found = subscriptions("abcdef", "abc")
    assert list(found.match("abcd")) == ["abc"]
    assert list(found.match("abcdefg")) == ["abc", "abcdef"]


def test_a_subscriber_with_many_matches_is_found_once() -> None:
    found: Subscriptions[str] = Subscriptions()
    found.add("a", "me")
    for prefix in ("", "a"):
        found.add_prefix(prefix, "me")
    assert list(found.match("a")) == ["me"]


def test_to_discard_a_fork_that_nobody_subscribed_to_changes_nothing() -> None:
    found = subscriptions("chat/one", "chat/other")
    found.discard_prefix("chat/o", "chat/one")
    found.discard_prefix("chat/one/more", "chat/one")
    found.discard_prefix("cha", "chat/one")
    assert list(found.match("chat/one")) == ["chat/one"]


def test_what_was_matched_outlives_later_changes() -> None:
    found = subscriptions("a", "")
    matched = found.match("a")
    found.discard_prefix("a", "a")
    found.discard_prefix("", "")
    assert list(matched) == ["", "a"]


def test_a_change_reaches_a_key_that_was_matched_before() -> None:
    found = subscriptions("a")
    assert list(found.match("ab")) == ["a"]
    found.add("ab", "exact")
    found.add_prefix("ab", "longer")
    assert set(found.match("ab")) == {"a", "exact", "longer"}
    found.discard_prefix("a", "a")
    assert set(found.match("ab")) == {"exact", "longer"}


def test_a_prefix_may_be_very_long() -> None:
    found = subscriptions("x" * 5000)
    assert list(found.match("x" * 5001)) == ["x" * 5000]
    assert list(found.match("x" * 4999)) == []
