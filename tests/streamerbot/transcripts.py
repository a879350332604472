"""Golden transcripts of Streamer.bot's protocol, in the form of :mod:`tests.kilovolt.transcripts`.

The greeting comes first in every conversation; it is compared where a transcript shows it. A transcript's door may say
``mode``, ``password``, ``guests=speak``, ``challenge=always``, ``vectors=yes`` (the salt and the challenge of the
protocol's test vectors) and ``platforms=none``; its peer, ``origin``.

Beside the wire: ``wait S`` moves the clock, ``overdue N`` says that the server would end a connection now, ``ready N``
that it would not, ``closed N CODE`` that it did, ``gone N`` ends one, ``mode TEXT`` and ``password TEXT`` change the
rules, ``write KEY VALUE`` and ``delete KEY`` write as the owner.

Placeholders in what the client says: ``{answer}`` to the challenge, ``{wrong}`` answer. In what it hears: ``{time}``
with seven digits and ``{moment}`` with three, ``{session}``, ``{b64}`` of 32 bytes, ``{any}`` text, ``{info}`` and
``{sources}``, the objects of ``GetInfo`` and ``GetEvents``.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from tests.kilovolt.transcripts import WRONG, Happen, Happening, Say, Talker, Transcript, load_transcripts
from tests.streamerbot.harness import INSTANCE, solve

FOLDER = Path(__file__).with_name("transcripts")

_FENCE = '{"request":"GetInfo","id":"the end"}'
_HEARD = re.compile(r"\{(time|moment|session|b64|any|info|sources)\}")
_OFFSET = r"[+-]\d\d:\d\d"

_PATTERNS = {
    "time": rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{7}}{_OFFSET}",
    "moment": rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}{_OFFSET}",
    "session": "[0-9a-f]{32}",
    "b64": "[A-Za-z0-9+/]{43}=",
    "any": r'(?:[^"\\]|\\.)+',
    "info": rf'\{{"instanceId":"{INSTANCE}","name":"stagedoor","version":"1\.\d+\.\d+","stagedoor":"[^"]+",'
    r'"os":"(?:linux|windows|macosx)","osVersion":"[^"]+","mode":"headless","darkMode":false,'
    r'"source":"websocketServer"\}',
    "sources": r'\{"General":\[.+\],.*"Twitch":\[.+\].*\}',
}


class Connect(Protocol):
    """Opens a connection for a transcript."""

    async def __call__(self, *, origin: str | None) -> tuple[Talker, str]:
        """Open it, and hear the greeting."""
        ...


def load() -> list[Transcript]:
    """Read every transcript there is."""
    return load_transcripts(FOLDER)


async def replay(transcript: Transcript, connect: Connect, happenings: Mapping[str, Happening]) -> None:
    """Say what the client says, and compare what it hears. At the end nothing more may come."""
    talkers: dict[str, Talker] = {}
    greetings: dict[str, str] = {}
    gone: set[str] = set()
    password = transcript.door.get("password", "")

    async def open_line(name: str) -> None:
        origin = transcript.peer.get("origin") if name == "1" else None
        talkers[name], greetings[name] = await connect(origin=origin)

    await open_line("1")
    for step in transcript.steps:
        if isinstance(step, Happen):
            if step.name in ("gone", "closed"):
                gone.add(step.arguments[0])
            await happenings[step.name](*step.arguments)
            continue
        name = step.connection
        if name not in talkers:
            await open_line(name)
        if isinstance(step, Say):
            await talkers[name].send(_fill(step.text, greetings[name], password))
            continue
        heard = greetings[name] if '"request":"Hello"' in step.text else await talkers[name].next()
        is_right = re.fullmatch(_pattern(step.text), heard, re.DOTALL)
        assert is_right, f"{transcript}\n  expected {step.text}\n  heard    {heard}"
    for name in talkers.keys() - gone:
        await talkers[name].send(_FENCE)
        heard = await talkers[name].next()
        assert '"id":"the end"' in heard, f"{transcript}: connection {name} heard {heard}"


def _fill(text: str, greeting: str, password: str) -> str:
    if "{answer}" in text:
        text = text.replace("{answer}", solve(msgspec.json.decode(greeting), password))
    return text.replace("{wrong}", WRONG)


def _pattern(text: str) -> str:
    pieces = _HEARD.split(text)
    return "".join(_PATTERNS[piece] if index % 2 else re.escape(piece) for index, piece in enumerate(pieces))
