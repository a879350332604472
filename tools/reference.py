"""Write the reference pages from the tables in the code: ``python -m tools.reference``; ``--check`` only compares.

``docs/reference/`` is written as a whole; the events' pages are made in :mod:`tools.event_pages`, and that of Twitch's
topics in :mod:`tools.twitch_page`. In ``docs/kilovolt.md`` and ``docs/streamerbot.md`` the conversations between their
marks are filled in from the golden transcripts, which the tests replay; in ``docs/howto/move-in.md``, what
:mod:`tools.defects` tells.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

import msgspec
from tests.kilovolt.transcripts import Happen, Hear, Say, Step, Transcript, load_transcripts
from tests.streamerbot.transcripts import load as load_streamerbot_transcripts

from stagedoor import errors as server_errors
from stagedoor import keys
from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.hub.catalogue import UNLISTED_EVENT, UNLISTED_REQUEST, UNLISTED_STATE
from stagedoor.kilovolt import errors as client_errors
from stagedoor.kilovolt.errors import COMMAND_ERRORS
from stagedoor.kilovolt.messages import COMMANDS, WITHOUT_LOGIN, ErrorCode, Request
from stagedoor.options import OPTIONS, Option
from stagedoor.streamerbot.client import errors as streamerbot_errors
from stagedoor.streamerbot.requests import REQUESTS
from tools import defects, event_pages, twitch_page

DOCS: Final = Path(__file__).parents[1] / "docs"

GENERATED: Final = "<!-- Written by tools/reference.py; a change here is lost. -->"

# --- words that the tables do not hold ------------------------------------------------------------------------------

VALUES: Final = {
    "DIR": "a path",
    "FILE": "a path",
    "HOST:PORT": "`localhost:4337`, `0.0.0.0:4337`, `[::1]:0`",
    "PATH": "a path, such as `/` or `/events`",
    "MODE": "`off`, `on`, `enforced`",
    "PASSWORD": "any text",
    "ORIGIN": "one or several, with commas between",
    "NAME": "one or several, with commas between",
    "SIZE": "bytes, or `512K`, `1M`",
    "COUNT": "a whole number",
    "SECONDS": "a whole number",
    "MINUTES": "a whole number",
    "WHEN": "`auto`, `off`",
    "LEVEL": "`debug`, `info`, `warning`, `error`",
    "URL": "an address, such as `https://id.twitch.tv/oauth2`; in plain text on this machine only",
    "": "`on`, `off`",
}
"""What an option takes, by its metavar; a switch has none."""

REPLIES: Final[dict[str, str]] = {
    "version": 'text, `"v10"`',
    "_uid": "text, decimal digits",
    "_features": "array of text",
    "kget": 'text; `""` if there is no such key',
    "kget-bulk": 'object of keys and values; `""` for a key that is absent',
    "kget-all": "object of keys and values",
    "kset": "none",
    "kset-bulk": "none",
    "kdel": "none",
    "klist": "array of keys, sorted by code point",
    "ksub": "none",
    "ksub-prefix": "none",
    "kunsub": "none",
    "kunsub-prefix": "none",
    "klogin": "for a challenge: object with `challenge` and `salt`, both base64; for an ask that lets in for good: "
    "object with `token`; else none",
    "kauth": "none",
    "kcall": "text, the service's answer",
}

DATA: Final[dict[str, str]] = {
    "kset": "`key` text, `data` text; `keep_secrets` true or false, may be left out",
    "kset-bulk": "keys and values, as the object itself",
    "klist": "`prefix` text, may be left out",
    "klogin": "`auth` text: `challenge` (if left out), `ask` or `token`; `token` text for `token`; for `ask` the "
    "optional texts `name`, `author`, `url`, `icon`, `verificationCode`",
}
"""For commands whose data is read by hand, or may be left out in part."""

MEANINGS: Final[dict[ErrorCode, str]] = {
    ErrorCode.INVALID_FORMAT: "The message is not JSON, not an object, or nests more than 64 levels; `command`, "
    "`request_id` or `data` has a wrong type; a value of `kset-bulk` is no text; `keep_secrets` is neither true nor "
    "false; `hash` is no base64; `auth` is unknown; a key is longer than 511 bytes.",
    ErrorCode.PARAMETER_MISSING: "A parameter is absent, null or of a wrong type. `details` names it.",
    ErrorCode.SERVER_ERROR: "The store could not do it. Nothing was written.",
    ErrorCode.UNKNOWN_COMMAND: "There is no such command. Names are case-sensitive.",
    ErrorCode.NOT_INITIALIZED: "`kauth` without a challenge, or with one that was used or is older than 60 s.",
    ErrorCode.AUTHENTICATION_FAILED: "A wrong answer or token. Or a question that was denied, not answered in 120 s, "
    "not put at all, or withdrawn by another login.",
    ErrorCode.AUTHENTICATION_REQUIRED: "The command needs a login first.",
    ErrorCode.AUTHENTICATION_NOT_REQUIRED: "`klogin` at a door that is open to everybody.",
    ErrorCode.METHOD_NOT_SUPPORTED: "This door has that way to log in off.",
    ErrorCode.NOT_PERMITTED: "The connection's grant does not cover this on that key. An addition of stagedoor.",
    ErrorCode.NO_SUCH_REQUEST: "`kcall` on a key that nobody serves. An addition of stagedoor.",
    ErrorCode.REQUEST_FAILED: "The service refused, failed, or took longer than 30 s; or the connection has 64 calls "
    "under way, or hears 100,000 keys and prefixes, already. An addition of stagedoor.",
}


class Asked(NamedTuple):
    """What a request of Streamer.bot's protocol takes and answers, and where the answer is from."""

    what: str
    takes: str
    answers: str
    keys: tuple[str, ...] = ()


_PERSISTED: Final = "`persisted`, default `true`"
_EMOTES: Final = "`emotes` with `userEmotes`, `bttvEmotes`, `ffzEmotes` and `sevenTvEmotes`"
_ONE_VARIABLE: Final = "`variable`, and the same once more in `variables`; `count`"

ASKED: Final[dict[str, Asked]] = {
    "Authenticate": Asked("proves the password", "`authentication`", "nothing"),
    "Subscribe": Asked("hears events from now on", "`events`", "`events`, those that are known"),
    "UnSubscribe": Asked("hears them no more", "`events`", "`events`, those that were heard"),
    "GetInfo": Asked("what stagedoor is", "nothing", "`info`"),
    "GetEvents": Asked("all names of events", "nothing", "`events`, types by source"),
    "GetActions": Asked(
        "the actions, sorted by name",
        "nothing",
        "`actions`, each with `id`, `name`, `group`, `enabled`, `subaction_count` and `trigger_count`; `count`",
        ("action/@list", "action/<id>"),
    ),
    "DoAction": Asked(
        "runs an action",
        "`action` with `id` or `name`; `args`",
        "`args`, also with `actionName`, `actionQueuedAt` and so on; `actionId`, `runningActionId`",
        ("action/@run",),
    ),
    "GetCodeTriggers": Asked(
        "the code triggers",
        "nothing",
        "`triggers`, each with `name`, `eventName` and `category`; `count`",
        ("code-trigger/@list", "code-trigger/<event name>"),
    ),
    "ExecuteCodeTrigger": Asked("fires one", "`triggerName`, `args`", "nothing", ("code-trigger/@execute",)),
    "GetCommands": Asked(
        "the chat commands",
        "nothing",
        "`commands`, each with `id`, `name`, `enabled`, `group`, `commands`, `caseSensitive`, `ignoreInternal`, "
        "`ignoreBotAccount` and `sources`; `count`",
        ("command/@list", "command/<id>"),
    ),
    "GetBroadcaster": Asked(
        "the accounts that are logged in",
        "nothing",
        "`platforms`, `connected`, `disconnected`",
        ("platform/<platform>",),
    ),
    "GetMonitoredYouTubeBroadcasts": Asked(
        "YouTube's broadcasts", "nothing", "`broadcasts`, `count`", ("platform/<platform>/broadcasts",)
    ),
    "TwitchGetEmotes": Asked("Twitch's emotes", "nothing", _EMOTES, ("emotes/<platform>",)),
    "YouTubeGetEmotes": Asked("YouTube's emotes", "nothing", _EMOTES, ("emotes/<platform>",)),
    "SendMessage": Asked(
        "speaks in a chat; not for guests",
        "`message`; `platform`, default `twitch`; `bot`, `internal`, `replyId`, `broadcastId`",
        "nothing",
        ("platform/<platform>/@send-message",),
    ),
    "GetUserPronouns": Asked(
        "how to speak of a viewer",
        "`platform`, `userLogin`",
        "`userLogin`, `pronoun` with `pronounSubject`, `pronounObject` … `pronouns`, `pronounsPlain`, `userFound`",
        ("pronouns/@get", "pronouns/<platform>/<login>"),
    ),
    "GetGlobals": Asked(
        "the global variables",
        _PERSISTED,
        "`variables`, an object by name; `count`",
        ("global/persisted/<name>", "global/temporary/<name>"),
    ),
    "GetGlobal": Asked(
        "one of them",
        f"`variable`; {_PERSISTED}",
        _ONE_VARIABLE,
        ("global/persisted/<name>", "global/temporary/<name>"),
    ),
    **{
        f"{platform}GetUserGlobals": Asked(
            f"the variables of {platform}'s viewers",
            f"`variable`, or nothing for all; {_PERSISTED}",
            "`variables`, an array; `count`",
            ("user-global/persisted/<platform>/<user id>/<name>",),
        )
        for platform in ("Twitch", "YouTube", "Trovo", "Kick")
    },
    **{
        f"{platform}GetUserGlobal": Asked(
            f"those of one viewer on {platform}",
            f"`userId`; `variable`, or nothing for all; {_PERSISTED}",
            "`variables`, an array; `count`; with `variable`, also `variable`",
            ("user-global/persisted/<platform>/<user id>/<name>",),
        )
        for platform in ("Twitch", "YouTube", "Trovo", "Kick")
    },
    "GetActiveViewers": Asked(
        "who is watching",
        "nothing",
        "`viewers`, each with `id`, `type`, `login`, `display`, `subscribed`, `role`, `groups`, `channelPointsUsed`, "
        "`previousActive`, `lastActive` and `exempt`; `count`",
        ("viewer/@active", "viewer/<platform>/<id>"),
    ),
    "GetCredits": Asked(
        "whom to thank",
        "nothing",
        "`events`, `users`, `hypeTrain`, `top`, `groups`, `custom`",
        ("credits/@get", "credits/<area>/<list>"),
    ),
    "TestCredits": Asked("made-up credits", "nothing", "as `GetCredits`", ("credits/@sample",)),
    "ClearCredits": Asked("empties the credits", "nothing", "nothing", ("credits/@clear",)),
}


class Area(NamedTuple):
    """Keys that belong together."""

    title: str
    about: str
    specs: tuple[KeySpec, ...]


AREAS: Final = (
    Area(
        "Twitch",
        "The connection to Twitch and what comes over it: chat messages, events, the stream; logging in.",
        keys.twitch.SPECS,
    ),
    Area("Chat bot", "Chat commands and their counters, what the bot says, timers, alerts.", keys.chatbot.SPECS),
    Area("Loyalty", "Points of viewers, what they buy, and what they save for together.", keys.loyalty.SPECS),
    Area("Events", "What Streamer.bot's overlays hear, of every platform.", keys.events.SPECS),
    Area("Actions", "What runs when something happens or somebody asks, and what starts it.", keys.actions.SPECS),
    Area("Variables", "What actions and overlays remember, of the stream and of each viewer.", keys.variables.SPECS),
    Area("Viewers", "Who is watching, and groups of viewers.", keys.viewers.SPECS),
    Area("Credits", "Whom to thank at the end of the stream.", keys.credits_.SPECS),
    Area("Platforms", "What every platform has: accounts, sending, emotes, pronouns.", keys.platforms.SPECS),
    Area("Extensions", "What strimertül's extensions ask of the server itself.", keys.extensions.SPECS),
    Area("Rehearsal", "A chat room on this machine, to try things in without a platform.", keys.loopback.SPECS),
    Area(
        "Server",
        "Where the doors listen, their passwords and files, what runs, import and restore.",
        keys.server.SPECS + keys.streamerbot.SPECS,
    ),
    Area("TLS", "Encryption and certificates, and by which addresses this machine is reached.", keys.tls.SPECS),
    Area(
        "Who may come in",
        "Questions, applications, overlay keys, web sites, the owner's browsers.",
        keys.access.SPECS,
    ),
    Area(
        "Console",
        "What the console shows and does: connections, doors, log, backups, this very catalogue.",
        keys.console.SPECS,
    ),
    Area("Audit log", "What was let in, changed and refused.", keys.audit.SPECS),
)
"""Every key of the catalogue, those first that overlays are made with."""

WISHES: Final = {
    "hear the chat": (keys.CHAT_MESSAGE, "event/<source>/<type>"),
    "hear of follows, subscriptions, raids": ("event/<source>/<type>", keys.EVENTSUB_EVENT),
    "say something in chat": (keys.SEND_CHAT_MESSAGE, "platform/<platform>/@send-message"),
    "run an action": (keys.ACTION_RUN, keys.ACTION_LIST),
    "remember or count something": (keys.GLOBAL_SET, "global/persisted/<name>", f"{keys.COUNTERS}<name>"),
    "show points or take them": (f"{keys.POINTS}<login>", keys.ADD_POINTS, keys.REDEEM_QUEUE),
    "know whether the stream runs": (keys.STREAM_INFO, keys.TWITCH_STATUS),
    "try an overlay without a stream": (keys.LOOPBACK_OPEN, keys.LOOPBACK_SAY, keys.EMIT, keys.TWITCH_SIMULATE),
}
"""What a newcomer comes to the page for."""

OWNERS: Final = {"clients": "clients and overlays"}
"""Whose keys are, where the word of the catalogue alone does not tell it."""

KEPT: Final = {
    (Kind.STATE, False): "kept on disk",
    (Kind.STATE, True): "kept in memory until the end",
    (Kind.EVENT, False): "the last one kept in memory",
    (Kind.REQUEST, False): "never kept",
    (Kind.SECRET, False): "kept on disk",
}

MAX_LINE: Final = 100
"""Characters of an example that still stand on one line."""

PROBLEMS: Final[dict[str, str]] = {
    "Invalid JSON": "the message is no JSON; the answer has no `id`; the tenth in a row ends the connection with 1007",
    "Request must be an object": "the message is JSON, but no object",
    "Request nests more than 64 levels": "it is one, and too deep",
    "Missing request": "`request` is absent, empty or no text",
    "Unknown request: …": "there is no such request",
    "Missing parameter: …": "the parameter is absent or null",
    "Invalid parameter: …": "the parameter has a type that cannot be meant",
    "Authentication required": "the request needs the password, or every request does",
    "Authentication failed": "a wrong answer to the challenge; see [Passwords](../streamerbot.md#passwords)",
    "Missing authentication": "`authentication` is absent or no text; counts as a wrong answer",
    "Authentication is not enabled": "`Authenticate` while authentication is off",
    "Action not found": "neither the id nor the name is an action's",
    "Action is disabled": "it is one that does not run",
    "Code trigger not found": "nobody offers a trigger of this event name",
    "Variable not found": "there is none of this name, or it is another viewer's",
    "Invalid platform": "it is none of those that the request knows",
    "Platform not connected": "`SendMessage` to a platform that nobody connects",
    "Internal error": "a bug in stagedoor; its log says more",
}
"""What an error of the Streamer.bot door says, and when."""

# --- the pages ------------------------------------------------------------------------------------------------------


def options_page() -> Iterator[str]:
    """Every option of the server."""
    yield "# Options"
    yield GENERATED
    yield (
        "What `stagedoor serve` goes by. What was set wins in this order: a flag, an environment variable, a stored "
        "setting, the default. Stored settings are those of two keys: [`http/config`](keys.md#httpconfig) has the "
        "Kilovolt door's address, its password and the folder of overlay files, and "
        "[`streamerbot/config`](keys.md#streamerbotconfig) what concerns the Streamer.bot doors."
    )
    yield (
        "A switch has two flags, such as `--asks` and `--no-asks`; its variable takes `on` or `off`. A flag with "
        "several values takes them in one argument: `--origins https://a.example,https://b.example`."
    )
    for option in OPTIONS:
        yield from _option(option)


def _option(option: Option) -> Iterator[str]:
    yield f"## `{option.flag if option.has_flag else option.variable}`"
    yield option.help
    lines = [f"- Takes: {VALUES[option.metavar]}", f"- Default: {option.default}"]
    if option.has_flag:
        lines.append(f"- In the environment: `{option.variable}`")
    else:
        lines.append("- In the environment only: other users of a machine can see what is on a command line")
    yield "\n".join(lines)


def keys_page() -> Iterator[str]:
    """Every key that the server knows."""
    yield "# Keys"
    yield GENERATED
    yield (
        "A key is any text of up to 511 bytes in UTF-8. Overlays invent their own; a key that is not on this page is "
        "kept, and everybody who has logged in may read and write it, but for what begins with `stagedoor/`, which the "
        "owner alone writes. Its form says what kind it is:"
    )
    yield table(
        ("kind", "which keys", "what happens to a write"),
        [
            (UNLISTED_STATE.kind, "all others", "it is stored on disk; the last value counts"),
            (
                UNLISTED_EVENT.kind,
                "with a segment `ev`, such as `game/ev/goal`, or below `event/`",
                "it is pushed to subscribers; the last value is kept in memory",
            ),
            (
                UNLISTED_REQUEST.kind,
                "whose last segment starts with `@`, such as `lights/@blink`",
                "it is handed to the service that owns the key, if there is one, and pushed; never kept",
            ),
            (Kind.SECRET, "on this page only", "it is stored on disk; everybody but the owner reads it as empty"),
        ],
    )
    yield (
        "*Owner* below is you: the commands of `stagedoor` on this machine. *Everyone* is every client that was let "
        "in, and *who has proved itself* a client that showed a password, or that you let in by hand: not a guest of "
        "the Streamer.bot door."
    )
    yield "## Where to look"
    yield table(
        ("you want to", "look at"),
        [(wish, ", ".join(_link(pattern) for pattern in patterns)) for wish, patterns in WISHES.items()],
    )
    yield table(
        ("area", "what it is about", "keys"),
        [(f"[{area.title}](#{slug(area.title)})", area.about, str(len(area.specs))) for area in AREAS],
    )
    for area in AREAS:
        yield f"## {area.title}"
        yield area.about
        yield table(
            ("key", "kind", "what it is"),
            [(_link(spec.pattern), str(spec.kind), spec.summary.partition(". ")[0].rstrip(".")) for spec in area.specs],
        )
        for spec in area.specs:
            yield from _key(spec)


def _link(pattern: str) -> str:
    return f"[`{pattern}`](#{slug(pattern)})"


def _key(spec: KeySpec) -> Iterator[str]:
    yield f"### `{spec.pattern}`"
    yield spec.summary
    yield table(("", ""), [row for row in _facts(spec) if row[1]])
    if spec.kind is Kind.SECRET:
        yield "An example is not shown: the value is secret."
    elif spec.example:
        yield f"{'Asked with' if spec.is_request else 'For example'}:\n\n{_block(spec.example)}"
    if spec.answer is not None:
        yield f"Answers:\n\n{_block(spec.answer)}"
    if spec.schema:
        schema = msgspec.json.format(msgspec.json.encode(spec.schema), indent=2).decode()
        what = "What is asked" if spec.is_request else "The value"
        yield (
            '<details markdown="1">\n'
            f"<summary>{what} is JSON of this schema</summary>\n\n```json\n{schema}\n```\n\n</details>"
        )


def _facts(spec: KeySpec) -> Iterator[tuple[str, str]]:
    """What there is to know of a key, in plain words; what is empty does not apply."""
    is_hidden = spec.kind is Kind.SECRET or Audience.OWNER in (spec.readers, spec.listers)
    yield "kind", f"{spec.kind}, {KEPT[spec.kind, spec.stored_in_memory]}"
    if spec.is_request:
        yield "who answers", spec.owner
        yield "who may ask", _who(spec.writers)
        yield "who may hear that somebody asks", _who(spec.readers)
    else:
        yield "belongs to", OWNERS.get(spec.owner, spec.owner)
        readers = "everyone, as empty; the owner, whole" if spec.kind is Kind.SECRET else _who(spec.readers)
        yield "who may read and hear it", readers
        yield "who finds it in lists", _who(Audience.OWNER if is_hidden else Audience.EVERYONE)
        yield "who may write it", _who(spec.writers)
    yield "for the owner only", ", ".join(code(name) for name in sorted(spec.secret_members))
    yield "without a value", "" if spec.default is None else code(spec.default)


def _block(text: str) -> str:
    """Show a value: on one line if it fits, JSON on several lines otherwise."""
    try:
        value = msgspec.json.format(text.encode(), indent=0 if len(text) <= MAX_LINE else 2).decode()
    except msgspec.DecodeError:
        return f"```text\n{text}\n```"
    return f"```json\n{value}\n```"


def _who(audience: Audience) -> str:
    return {
        Audience.EVERYONE: "everyone",
        Audience.PROVEN: "who has proved itself",
        Audience.OWNER: "the owner",
    }[audience]


def commands_page() -> Iterator[str]:
    """Every command of the Kilovolt protocol."""
    yield "# Commands"
    yield GENERATED
    yield (
        "The commands of the [Kilovolt protocol](../kilovolt.md) as stagedoor serves them. Every value is text. Each "
        "example is from a conversation that the tests replay; `…` stands for what varies."
    )
    rows = []
    for name, command in COMMANDS.items():
        login = "no" if command in WITHOUT_LOGIN else "yes"
        rows.append((f"[`{name}`](#{slug(name)})", _first_sentence(command), login))
    yield table(("command", "what it does", "needs a login"), rows)
    transcripts = load_transcripts()
    for name, command in COMMANDS.items():
        yield f"## `{name}`"
        yield f"{_first_sentence(command)}"
        yield f"- `data`: {_data_of(name, command)}\n- `data` of the response: {REPLIES[name]}"
        yield conversation(_example(name, transcripts))


def _data_of(name: str, command: type[Request]) -> str:
    if name in DATA:
        return DATA[name]
    field = next(field for field in msgspec.structs.fields(command) if field.name == "data")
    struct = field.type
    if not (isinstance(struct, type) and issubclass(struct, msgspec.Struct)):
        return "none"
    types = {str: "text", list[str]: "array of texts"}
    return ", ".join(f"`{one.encode_name}` {types[one.type]}" for one in msgspec.structs.fields(struct))


def _example(name: str, transcripts: Iterable[Transcript]) -> list[Step]:
    """The first request of that name that succeeded, with what was heard right after it."""
    for transcript in transcripts:
        for index, step in enumerate(transcript.steps):
            if isinstance(step, Say) and f'"command":"{name}"' in step.text and transcript.steps[index + 1 :]:
                answer = transcript.steps[index + 1]
                if isinstance(answer, Hear) and '"ok":true' in answer.text and '"data":""' not in answer.text:
                    return [step, answer]
    raise AssertionError(f"no transcript shows {name}")


def requests_page() -> Iterator[str]:
    """Every request of Streamer.bot's protocol."""
    yield "# Requests"
    yield GENERATED
    yield (
        "The requests of [Streamer.bot's protocol](../streamerbot.md) as stagedoor serves them. Each example is from a "
        "conversation that the tests replay, with stand-ins for some of the services, so members may be missing; `…` "
        "stands for what varies."
    )
    names = ["Authenticate", "Subscribe", "UnSubscribe", *REQUESTS]
    yield table(("request", "what it asks"), [(f"[`{name}`](#{slug(name)})", ASKED[name].what) for name in names])
    transcripts = streamerbot_transcripts()
    for name in names:
        asked = ASKED[name]
        yield f"## `{name}`"
        lines = [f"- Takes: {asked.takes}", f"- Answers: {asked.answers}"]
        if asked.keys:
            lines.append("- Behind it: " + ", ".join(f"[`{key}`](keys.md#{slug(key)})" for key in asked.keys))
        yield "\n".join(lines)
        yield conversation(_example_of_request(name, transcripts), connections=False)


def _example_of_request(name: str, transcripts: Iterable[Transcript]) -> list[Step]:
    """The first request of that name that succeeded, if possible with more than nothing in its answer."""
    found: list[list[Step]] = []
    for transcript in transcripts:
        for step, answer in zip(transcript.steps, transcript.steps[1:], strict=False):
            is_asked = isinstance(step, Say) and f'"request":"{name}"' in step.text
            if is_asked and isinstance(answer, Hear) and '"status":"ok"' in answer.text:
                found.append([step, answer])
    return next(
        (steps for steps in found if '"count":0' not in _text_of(steps[1]) and "[]" not in _text_of(steps[1])), found[0]
    )


def _text_of(step: Step) -> str:
    return step.text if isinstance(step, (Say, Hear)) else ""


def errors_page() -> Iterator[str]:
    """Every way to fail."""
    yield "# Errors"
    yield GENERATED
    yield "## On the wire, Kilovolt"
    yield (
        'The member `error` of an error message, exactly: `{"ok":false,"error":"…","details":"…","request_id":"…"}`. '
        "`details` is a sentence for people and may change. No error ends the connection."
    )
    rows = [(code(one), MEANINGS[one], code(COMMAND_ERRORS[one].__name__)) for one in ErrorCode]
    yield table(("code", "when", "in Python"), rows)
    yield "## On the wire, Streamer.bot"
    yield (
        'The member `error` of `{"id":…,"status":"error","error":"…"}`. The original publishes no list of its texts, '
        "so programs go by `status`. These are ours; what a service says comes as it is."
    )
    yield table(("text", "when"), [(code(text), when) for text, when in PROBLEMS.items()])
    yield "## Close codes"
    yield table(
        ("code", "why stagedoor closes a WebSocket"),
        [
            ("1000", "the client closed; its own code is sent back"),
            (
                "1001",
                "stagedoor is closing; or, at the Streamer.bot door, the mode or the password was changed: come back",
            ),
            ("1002", "a frame broke the rules of WebSocket"),
            ("1007", "a message is not UTF-8; at the Streamer.bot door also ten messages in a row that are no JSON"),
            ("1008", "Kilovolt: no login within 30 s (150 s after a question was put), or the password was changed"),
            ("1008", "Streamer.bot: another request before a login that has to be, none within 30 s, wrong answers"),
            ("1009", "a message is larger than the option `message_bytes`"),
            ("1011", "a bug in stagedoor; its log says more"),
            ("1013", "the client reads too slowly; see the option `queue_bytes`"),
            ("4011", "Kilovolt: the owner forgot the application that came in; a client must not come back by itself"),
        ],
    )
    yield "## HTTP"
    yield table(
        ("status", "when"),
        [
            ("400", "the request is malformed, or it is TLS, which this port does not speak"),
            (
                "403",
                "a page of a web site not let in by the owner wants a WebSocket, Streamer.bot's methods or a file",
            ),
            ("404", "there is nothing at this path, or no WebSocket"),
            ("405", "the path does not answer to this method; `Allow` says to which"),
            ("421", "`Host` is not a name of this door"),
            ("426", "`/ws` without an upgrade, or another version of WebSocket than 13"),
            ("431", "the head of the request is longer than 16 KiB"),
            ("503", "there are too many connections, in all or from this origin"),
        ],
    )
    yield "[Streamer.bot's HTTP server](../http.md#errors) has some more."
    yield "## In the Python clients for Kilovolt"
    yield "Importable from `stagedoor.kilovolt`; [the clients' page](../client.md#errors) says what to do about each."
    yield from _tree(client_errors)
    yield "## In the Python clients for Streamer.bot"
    yield (
        "Importable from `stagedoor.streamerbot`; [the clients' page](../streamerbot-client.md#errors) says what to do "
        "about each."
    )
    yield from _tree(streamerbot_errors)
    yield "## In the server"
    yield "Importable from `stagedoor.errors`. The commands print an `OperatorError` as one line."
    yield from _tree(server_errors)


def _tree(module: ModuleType) -> Iterator[str]:
    tree = [line[4:] for line in (inspect.getdoc(module) or "").splitlines() if line.startswith("    ")]
    yield "```text\n" + "\n".join(tree) + "\n```"


@cache
def streamerbot_transcripts() -> list[Transcript]:
    """Every golden transcript of Streamer.bot's protocol."""
    return load_streamerbot_transcripts()


def kilovolt_transcripts_page() -> Iterator[str]:
    """Every golden transcript of the Kilovolt protocol."""
    yield from _transcripts_page(
        "Conversations, Kilovolt", load_transcripts(), "Some use keys below `test/` that exist in the tests alone."
    )


def streamerbot_transcripts_page() -> Iterator[str]:
    """Every golden transcript of Streamer.bot's protocol."""
    yield from _transcripts_page(
        "Conversations, Streamer.bot",
        streamerbot_transcripts(),
        "The greeting comes first in all of them, and is shown where it matters. The services behind some of the "
        "requests are stand-ins with made-up answers.",
    )


def _transcripts_page(heading: str, transcripts: Iterable[Transcript], remark: str) -> Iterator[str]:
    yield f"# {heading}"
    yield GENERATED
    yield (
        "What clients say (`→`) and what stagedoor answers (`←`), line by line. The tests replay every one of them. "
        "`…` stands for what varies or is long; a number names a second connection; what happens beside the wire "
        f"stands in brackets. {remark}"
    )
    title = ""
    for transcript in transcripts:
        if transcript.file != title:
            title = transcript.file
            yield f"## {title.capitalize()}"
        yield f"### {transcript.title[0].upper()}{transcript.title[1:]}"
        yield whole_conversation(transcript)


# --- conversations --------------------------------------------------------------------------------------------------

HAPPENINGS: Final[dict[str, Callable[..., str]]] = {
    "allow": lambda: "the owner lets it in",
    "remember": lambda: "the owner lets it in for good",
    "narrow": lambda *words: f"the owner lets it in for good, with {' '.join(words)}",
    "scopes": lambda *words: f"the owner gives it the scopes {' '.join(words)}",
    "overlay": lambda *words: f"the owner makes an overlay key with {' '.join(words)}",
    "revoke": lambda: "the owner revokes the overlay key",
    "forget": lambda: "the owner forgets it",
    "deny": lambda: "the owner turns it away",
    "questions": lambda count: f"open questions: {count}",
    "wait": lambda seconds: f"{seconds} seconds pass",
    "leave": lambda number: f"connection {number} leaves",
    "closed": lambda number, status: f"stagedoor closes connection {number} with {status}",
    "password": lambda text: f"the owner changes the password to {text}",
    "fail": lambda count: f"the disk refuses the next {count} writes",
    "write": lambda key, value="": f"the owner writes {value or 'nothing'} to {key}",
    "delete": lambda key: f"the owner deletes {key}",
    "gone": lambda number: f"connection {number} leaves",
    "mode": lambda text: f"the owner changes the mode to {text}",
    "overdue": lambda number: f"stagedoor ends connection {number}",
    "ready": lambda number: f"connection {number} may stay",
}

DOOR: Final[dict[str, Callable[[str], str]]] = {
    "password": lambda text: f"the password is {text}",
    "asks": lambda _: "the owner can be asked",
    "token": lambda _: "the owner has a token",
    "mode": lambda text: f"authentication is {text}",
    "guests": lambda _: "guests may speak",
    "challenge": lambda _: "a challenge is offered always",
    "vectors": lambda _: "the salt and the challenge of the protocol's test vectors",
    "platforms": lambda _: "no platform is connected",
}

PEER: Final[dict[str, Callable[[str], str]]] = {
    "namespace": lambda text: f"inside the namespace {text}",
    "origin": lambda text: f"Origin: {text}",
}

VARYING: Final = re.compile("{(any|b64|text|answer|wrong|token|given|limit|long|time|moment|session)}|{(info|sources)}")


def whole_conversation(transcript: Transcript) -> str:
    """Render one transcript, with the door that it takes place at."""
    facts = [DOOR[name](value) for name, value in transcript.door.items()]
    facts += [PEER[name](value) for name, value in transcript.peer.items()]
    return conversation(transcript.steps, facts)


def conversation(steps: Iterable[Step], facts: Iterable[str] = (), *, connections: bool = True) -> str:
    """Render steps as a block of text, on request without the numbers of ``connections``."""
    lines = [f"({fact})" for fact in facts]
    for step in steps:
        if isinstance(step, Happen):
            lines.append(f"({HAPPENINGS[step.name](*step.arguments)})")
        else:
            number = "" if step.connection == "1" or not connections else step.connection
            arrow = "→" if isinstance(step, Say) else "←"
            text = VARYING.sub(lambda varying: "{…}" if varying[2] else "…", step.text)
            lines.append(f"{number}{arrow} {text}")
    return "```text\n" + "\n".join(lines).replace("{digits}", "42") + "\n```"


MARK: Final = re.compile(r"(<!-- conversation: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill_conversations(text: str, transcripts: Iterable[Transcript]) -> str:
    """Put the transcripts that are named between marks into a page."""
    by_name = {str(transcript): transcript for transcript in transcripts}
    return MARK.sub(lambda mark: f"{mark[1]}\n{whole_conversation(by_name[mark[2]])}\n\n{mark[3]}", text)


# --- Markdown -------------------------------------------------------------------------------------------------------


def table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Build a table."""
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(text: str) -> str:
    """Set text as code."""
    return f"`{text}`"


def slug(heading: str) -> str:
    """Name a heading as links do."""
    return re.sub(r"[^\w-]+", "", heading.lower().replace(" ", "-"))


def _first_sentence(thing: object) -> str:
    sentence = (inspect.getdoc(thing) or "").partition(". ")[0].removesuffix(".")
    return re.sub("``(.*?)``", r"`\1`", sentence) + "."


# --- writing and checking -------------------------------------------------------------------------------------------

PAGES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "reference/options.md": options_page,
    "reference/keys.md": keys_page,
    "reference/commands.md": commands_page,
    "reference/requests.md": requests_page,
    "reference/errors.md": errors_page,
    "reference/conversations.md": kilovolt_transcripts_page,
    "reference/streamerbot-conversations.md": streamerbot_transcripts_page,
    **{name: partial(page, GENERATED) for name, page in event_pages.PAGES.items()},
    "twitch-events.md": partial(twitch_page.page, GENERATED),
}

FILLED: Final[Mapping[str, Callable[[], list[Transcript]]]] = {
    "kilovolt.md": load_transcripts,
    "streamerbot.md": streamerbot_transcripts,
}
"""The pages with conversations in them."""


DEFECTS: Final = re.compile(r"(<!-- defects -->\n).*?(<!-- end -->)", re.DOTALL)
"""Where ``howto/move-in.md`` tells what went wrong in strimertül."""


def fill_defects(text: str) -> str:
    """Put those that a user notices between the marks of a page."""
    told = table(("was", "is"), defects.rows())
    return DEFECTS.sub(lambda mark: f"{mark[1]}\n{told}\n\n{mark[2]}", text)


def outdated() -> dict[Path, str]:
    """Find the pages that differ from what the code says, and what they should hold."""
    wanted = {DOCS / name: "\n\n".join(page()) + "\n" for name, page in PAGES.items()}
    for name, transcripts in FILLED.items():
        page = DOCS / name
        wanted[page] = fill_conversations(page.read_text("utf-8"), transcripts())
    moving_in = DOCS / "howto/move-in.md"
    wanted[moving_in] = fill_defects(moving_in.read_text("utf-8"))
    return {path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text}


def main() -> int:
    """Write the pages, or with ``--check`` name those that should be written."""
    pages = outdated()
    for path, text in pages.items():
        if "--check" in sys.argv[1:]:
            print(f"{path} is out of date; run: python -m tools.reference", file=sys.stderr)
        else:
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(text, "utf-8")
    return 1 if pages and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
