"""Scopes in words: what a person reads before letting somebody in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import Scopes
from stagedoor.cli.scopes import ALL, describe, describe_all, summarize
from stagedoor.keys import SPECS


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("read:*", "see everything but passwords and tokens, and hear every event"),
        ("read:global/*", "see all variables"),
        ("read:global/persisted/deaths", 'see the variable "deaths"'),
        ("read:user-global/persisted/twitch/17/points", 'see a viewer\'s variable "points"'),
        ("read:global/persisted/a%2Fb", 'see the variable "a/b"'),
        ("read:counter/*", "see keys that begin with counter/"),
        ("read:goals", "see the key goals"),
        ("read:event/Twitch/Chat*", "hear events whose name begins with Twitch.Chat"),
        ("event:*", "hear every event"),
        ("event:Twitch.*", "hear every event of Twitch"),
        ("event:Twitch.ChatMessage", "hear Twitch.ChatMessage"),
        ("write:counter/*", "change keys that begin with counter/"),
        ("write:global/temporary/x", 'change the variable "x"'),
        ("call:action/@run", "run your actions"),
        ("call:dice/*", "ask for everything that begins with dice/"),
        ("call:dice/@roll", "ask for dice/@roll"),
        ("call:platform/twitch/@send-message", "write in your chat on twitch"),
        ("send:kick", "write in your chat on kick"),
        ("send:*", "write in your chats on all platforms"),
        ("dance:all", "do something that this command does not know: dance:all"),
        ("read:a\x1b[2J", "see the key a\\u001b[2J"),
    ],
)
def test_a_scope_is_said_in_words(scope: str, words: str) -> None:
    assert describe(scope).text == words


@pytest.mark.parametrize(
    ("scope", "danger"),
    [
        ("write:*", "anything that an application may"),
        ("write:action/*", "whoever writes your actions"),
        ("write:act*", "whoever writes your actions"),
        ("write:event/*", "take what it makes up for real"),
        ("call:*", "whenever it wants"),
        ("call:action/@run", "your actions then do"),
        ("call:platform/*", "in your name"),
        ("send:twitch", "in your name"),
        ("call:stagedoor/@emit", "for real"),
        ("dance:all", "anything that an application may"),
    ],
)
def test_what_is_dangerous_is_said(scope: str, danger: str) -> None:
    assert danger in describe(scope).danger
    assert "(careful: " in describe_all([scope])[0]


@pytest.mark.parametrize("scope", ["read:*", "event:*", "write:counter/*", "call:credits/@get", "call:action/@list"])
def test_what_is_harmless_is_not_warned_of(scope: str) -> None:
    assert describe(scope).danger == ""


def test_no_scopes_are_everything_and_an_empty_list_is_nothing() -> None:
    assert (describe_all(None), summarize(None)) == ([ALL], ALL)
    assert (describe_all([]), summarize([])) == (["do nothing"], "do nothing")
    assert summarize(["event:*", "send:*"]) == "hear every event; write in your chats on all platforms"


def test_every_key_of_the_catalogue_can_be_said() -> None:
    for spec in SPECS:
        verb = "call" if spec.is_request else "read"
        assert "does not know" not in describe(f"{verb}:{spec.pattern}").text


@given(st.text(min_size=1, max_size=40))
def test_whatever_is_asked_for_is_one_line(about: str) -> None:
    for scope in (f"{verb}:{about}" for verb in ("read", "write", "call", "event", "send", about)):
        text = describe(scope).text
        assert text
        assert text.isprintable() or not any(ord(character) < 32 for character in text)


def test_canonical_scopes_of_each_verb_are_known() -> None:
    words = ["read:a/*", "write:a", "call:action/@run", "event:Twitch.*", "event:*", "send:*", "read:event/x/y/z"]
    for scope in Scopes.parse(words).words:
        assert "does not know" not in describe(scope).text
