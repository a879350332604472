"""Scopes in plain words, as the console says them: what an application or an overlay may touch."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import click

from stagedoor.cli.output import on_one_line
from stagedoor.cli.parameters import TEXT
from stagedoor.keys import unsegment

ALL: Final = "do everything but see your passwords and tokens"

_SEE: Final = {
    "*": "see everything but passwords and tokens, and hear every event",
    "global/*": "see all variables",
    "global/persisted/*": "see the kept variables",
    "global/temporary/*": "see the temporary variables",
    "user-global/*": "see the variables of all viewers",
    "viewer/*": "see who is and was in your chats",
    "viewer/@active": "see who is in your chats now",
    "viewer-group/*": "see your groups of viewers",
    "credits/*": "see the credits of the stream",
    "credits/@get": "see the credits of the stream",
    "action/*": "see your actions",
    "action/@list": "see the list of your actions",
    "command/*": "see your chat commands",
    "command/@list": "see your chat commands",
    "code-trigger/*": "see the triggers that programs offer",
    "code-trigger/@list": "see the triggers that programs offer",
    "platform/*": "see your accounts on the platforms",
    "emotes/*": "see your emotes",
    "pronouns/*": "see the pronouns of viewers",
    "pronouns/@get": "see the pronouns of viewers",
    "stagedoor/@events": "see which events there are",
}

_CHANGE: Final = {
    "*": "change and delete everything",
    "global/*": "change all variables",
    "global/persisted/*": "change the kept variables",
    "global/temporary/*": "change the temporary variables",
    "user-global/*": "change the variables of all viewers",
    "viewer/*": "change who is in your chats",
    "viewer-group/*": "change your groups of viewers",
    "credits/*": "change the credits of the stream",
    "action/*": "change and delete your actions",
    "command/*": "change your chat commands",
    "code-trigger/*": "offer triggers to your actions",
    "emotes/*": "change your emotes",
    "pronouns/*": "change the pronouns of viewers",
    "event/*": "make up events",
    "twitch/ev/*": "make up events of Twitch",
    "twitch/bot-custom-commands": "change what your bot answers to",
    "twitch/bot-modules/*": "change your bot's timers and alerts",
    "loyalty/*": "change points, rewards and goals",
}

_ASK: Final = {
    "*": "ask for everything that an application may ask for",
    "action/*": "run your actions, and list them",
    "action/@run": "run your actions",
    "action/@list": "list your actions",
    "code-trigger/*": "fire triggers, and list them",
    "code-trigger/@execute": "fire triggers, which runs their actions",
    "code-trigger/@list": "list the triggers that programs offer",
    "command/@list": "list your chat commands",
    "credits/*": "get the credits of the stream, and empty them",
    "credits/@get": "get the credits of the stream",
    "credits/@sample": "get made-up credits",
    "credits/@clear": "empty the credits of the stream",
    "global/*": "set and delete variables, also those of viewers",
    "global/@set": "set variables, also those of viewers",
    "global/@delete": "delete variables, also those of viewers",
    "viewer/@active": "list who is in your chats",
    "viewer/@clear-first-words": "make everybody's next message their first",
    "pronouns/@get": "look up the pronouns of viewers",
    "stagedoor/@emit": "make up events",
    "stagedoor/@events": "learn which events there are",
    "loopback/*": "open a chat on this computer, and make up what is said there",
    "loopback/@open": "open a chat on this computer that stands for a platform",
    "loopback/@say": "make up what is said in a chat on this computer",
    "platform/*": "write in the chats of all platforms",
    "twitch/@announce": "make announcements in your chat",
    "twitch/@whisper": "whisper as you",
    "twitch/@send-chat-message": "let your bot speak in chat",
    "twitch/bot/@send-message": "let your bot speak in chat",
    "loyalty/*": "give and take points, and change rewards and goals",
    "loyalty/@add-points": "give and take points",
}

_VARIABLE: Final = re.compile(r"(user-)?global/(?:persisted|temporary)/((?:[^/]+/[^/]+/)?)([^/@*][^/*]*)")
_SAYING: Final = re.compile(r"platform/([^/*]+)/@send-message")

_ACTIONS: Final = "an action can do anything that an application may, and so can whoever writes your actions"
_RUN: Final = "your actions then do what they do, with the values that it gives them"
_CHAT: Final = "it speaks in your name, before everybody"
_POINTS: Final = "it can give and take the points of viewers, and change what they buy"
_EVENTS: Final = "overlays and actions take what it makes up for real"

_DANGERS_OF_WRITING: Final = {
    _ACTIONS: ("action/",),
    _CHAT: ("twitch/bot-custom-commands", "twitch/bot-modules/"),
    _POINTS: (
        "loyalty/points/",
        "loyalty/left-points/",
        "loyalty/config",
        "loyalty/rewards",
        "loyalty/goals",
        "loyalty/redeem-queue",
    ),
    _EVENTS: ("event/", "twitch/ev/", "loyalty/ev/"),
}
"""Keys, and beginnings of keys with a slash at their end, that are dangerous to write; the worst first. The console has
the same lists."""

_DANGERS_OF_CALLING: Final = {
    _RUN: ("action/@run",),
    _CHAT: (
        "platform/",
        "twitch/@announce",
        "twitch/@send-chat-message",
        "twitch/@whisper",
        "twitch/bot/@send-message",
    ),
    _POINTS: (
        "loyalty/@add-points",
        "loyalty/@refund-redeem",
        "loyalty/@remove-goal",
        "loyalty/@remove-redeem",
        "loyalty/@remove-reward",
        "loyalty/@restore-goal",
        "loyalty/@restore-reward",
        "loyalty/@save-goal",
    ),
    _EVENTS: (
        "stagedoor/@emit",
        "loopback/@open",
        "loopback/@say",
        "code-trigger/@execute",
        "loyalty/@create-redeem",
    ),
}
"""The same for requests."""


class Line(NamedTuple):
    """One scope."""

    scope: str
    text: str
    """What it lets do, for a sentence that begins with "It may"."""
    danger: str
    """What it can be misused for, if it is much; else empty."""


def describe(scope: str) -> Line:
    """Say one scope in words."""
    verb, _, about = scope.partition(":")
    saying = _SAYING.fullmatch(about) if verb == "call" else None
    text, danger = f"do something that this command does not know: {scope}", _EVERYTHING
    if verb == "event" or (verb == "read" and about.startswith("event/")):
        text, danger = _hearing(about.removeprefix("event/").replace("/", ".") or "*"), ""
    elif verb == "read":
        text, danger = _SEE.get(about) or _variable("see", about) or _generic("see", about), ""
    elif verb == "write":
        text = _CHANGE.get(about) or _variable("change", about) or _generic("change", about)
        danger = _danger_of_writing(about)
    elif verb == "send" or saying:
        platform = saying[1] if saying else about
        text = "write in your chats on all platforms" if platform == "*" else f"write in your chat on {platform}"
        danger = _CHAT
    elif verb == "call":
        text = _ASK.get(about) or _asking(about)
        danger = _danger_of_calling(about)
    return Line(scope, on_one_line(text), danger)


def describe_all(scopes: Sequence[str] | None) -> list[str]:
    """Say what a grant lets do, a line each, with what is dangerous about it."""
    if scopes is None:
        return [ALL]
    lines = map(describe, scopes)
    return [f"{line.text} (careful: {line.danger})" if line.danger else line.text for line in lines] or ["do nothing"]


def summarize(scopes: Sequence[str] | None) -> str:
    """Say the same in one line, for a table."""
    return ALL if scopes is None else "; ".join(describe(scope).text for scope in scopes) or "do nothing"


scope_option: Final = click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    type=TEXT,
    help="What it may touch, such as read:counter/* or event:Twitch.*; can be given several times.",
)

_EVERYTHING: Final = "with this it can do anything that an application may"


def _hearing(name: str) -> str:
    if name == "*":
        return "hear every event"
    if name.endswith(".*") and name.count(".") == 1:
        return f"hear every event of {name[:-2]}"
    return f"hear events whose name begins with {name[:-1]}" if name.endswith("*") else f"hear {name}"


def _variable(verb: str, about: str) -> str | None:
    """``global/persisted/deaths``, and ``user-global/persisted/twitch/17/points``."""
    match = _VARIABLE.fullmatch(about)
    if match is None or bool(match[1]) is not bool(match[2]):
        return None
    whose = "a viewer's" if match[1] else "the"
    return f'{verb} {whose} variable "{unsegment(match[3])}"'


def _generic(verb: str, about: str) -> str:
    return f"{verb} keys that begin with {about[:-1]}" if about.endswith("*") else f"{verb} the key {about}"


def _asking(about: str) -> str:
    return f"ask for everything that begins with {about[:-1]}" if about.endswith("*") else f"ask for {about}"


def _danger_of_writing(about: str) -> str:
    return _EVERYTHING if about == "*" else _worst(about, _DANGERS_OF_WRITING)


def _danger_of_calling(about: str) -> str:
    if about == "*":
        return "your actions run, and your chats are written in, whenever it wants"
    return _worst(about, _DANGERS_OF_CALLING)


def _worst(about: str, dangers: Mapping[str, Sequence[str]]) -> str:
    """Say the worst that a pattern lets one do."""
    for danger, keys in dangers.items():
        if any(_meets(about, key) if key.endswith("/") else _covers(about, key) for key in keys):
            return danger
    return ""


def _covers(pattern: str, key: str) -> bool:
    return key.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == key


def _meets(pattern: str, prefix: str) -> bool:
    """Tell whether a pattern covers some key with a prefix."""
    if not pattern.endswith("*"):
        return pattern.startswith(prefix)
    return pattern[:-1].startswith(prefix) or prefix.startswith(pattern[:-1])
