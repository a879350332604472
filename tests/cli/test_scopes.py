"""Scopes in words: what a person reads before letting somebody in."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import Scopes
from stagedoor.cli.scopes import _DANGERS_OF_CALLING, _DANGERS_OF_WRITING, ALL, describe, describe_all, summarize
from stagedoor.hub import Audience, Kind
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
        ("call:twitch/@whisper", "in your name"),
        ("call:twitch/@announce", "in your name"),
        ("call:twitch/@send-chat-message", "in your name"),
        ("call:twitch/bot/@send-message", "in your name"),
        ("call:twitch/*", "in your name"),
        ("call:t*", "in your name"),
        ("write:twitch/bot-custom-commands", "in your name"),
        ("write:twitch/bot-modules/*", "in your name"),
        ("write:twitch/bot-modules/alerts/config", "in your name"),
        ("write:twitch/*", "in your name"),
        ("write:t*", "in your name"),
        ("write:twitch/ev/*", "for real"),
        ("write:loyalty/ev/new-redeem", "for real"),
        ("write:loyalty/points/ada", "points of viewers"),
        ("write:loyalty/*", "points of viewers"),
        ("call:loyalty/@add-points", "points of viewers"),
        ("call:loyalty/*", "points of viewers"),
    ],
)
def test_what_is_dangerous_is_said(scope: str, danger: str) -> None:
    assert danger in describe(scope).danger
    assert "(careful: " in describe_all([scope])[0]


@pytest.mark.parametrize("scope", ["read:*", "event:*", "write:counter/*", "call:credits/@get", "call:action/@list"])
def test_what_is_harmless_is_not_warned_of(scope: str) -> None:
    assert describe(scope).danger == ""


HARMLESS = {
    "call:credits/@clear",
    "call:global/@delete",
    "call:global/@set",
    "call:strimertul/@log",
    "call:viewer/@clear-first-words",
    "write:code-trigger/<event name>",
    "write:command/<id>",
    "write:credits/<area>/<list>",
    "write:credits/ended",
    "write:credits/tally/<platform>/<user id>",
    "write:emotes/<platform>",
    "write:global/persisted/<name>",
    "write:global/temporary/<name>",
    "write:loyalty/cooldowns",
    "write:loyalty/last-award",
    "write:pronouns/<platform>/<login>",
    "write:twitch/bot-config",
    "write:twitch/bot-counters/<name>",
    "write:twitch/chat-activity",
    "write:twitch/chat-history",
    "write:twitch/config",
    "write:twitch/eventsub-history",
    "write:twitch/stream-info",
    "write:user-global/persisted/<platform>/<user id>/<name>",
    "write:user-global/temporary/<platform>/<user id>/<name>",
    "write:viewer-group/<name>",
    "write:viewer/<platform>/<id>",
}
"""What an application may change, and neither speaks in the owner's name nor is as good as money."""


def test_each_key_that_an_application_may_change_is_dangerous_or_known_not_to_be() -> None:
    scopes = {
        f"{'call' if spec.is_request else 'write'}:{spec.pattern}"
        for spec in SPECS
        if spec.writers is not Audience.OWNER and not spec.only_reads and spec.kind is not Kind.SECRET
    } - {"call:loyalty/@top", "call:twitch/@channel", "call:twitch/@chatters"}  # they tell something
    assert {scope for scope in scopes if not describe(scope).danger} == HARMLESS


PAGE = Path(__file__).parents[2] / "docs" / "scopes.md"


def test_what_the_page_calls_dangerous_is_marked() -> None:
    table = PAGE.read_text("utf-8").split("\n## Some are as good as all\n")[1].split("\n## ")[0]
    scopes = [scope for row in table.splitlines() for scope in re.findall(r"`(\w+:[^`]+)`", row)]
    assert scopes
    for scope in scopes:
        assert describe(scope).danger, scope


def test_the_console_has_the_same_lists() -> None:
    source = (Path(__file__).parents[2] / "web" / "src" / "scopes.ts").read_text("utf-8")
    for name, dangers in (("WRITING", _DANGERS_OF_WRITING), ("CALLING", _DANGERS_OF_CALLING)):
        table = source.split(f"const {name}:")[1].split("\n];")[0]
        found = [re.findall(r"'([^']+)'", row) for row in re.findall(r"\['\w+', \[([^\]]+)\]\]", table)]
        assert found == [list(keys) for keys in dangers.values()]


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
