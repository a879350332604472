"""Golden transcripts: what a client says and what the server answers, as text, to be replayed over whatever carries it.

A file holds several transcripts. Each begins with a title, ``== like this``, and goes on with lines of these kinds::

    door password=hunter2 asks=yes token=yes     how the door is set up; left out, it is open
    peer namespace=show/ origin=null             how the first connection comes in
    > {"command":"version","request_id":"1"}     the first connection says
    < {"type":"response","ok":true,…}            and hears, exactly
    2> …, 2< …                                   so does a second one
    ! allow                                      something happens beside the wire
    # …                                          a comment

Beside the wire: ``allow``, ``remember`` and ``deny`` answer the oldest question, ``narrow WORDS`` remembers its asker
with these scopes, ``forget`` takes the tokens of all remembered applications back, ``scopes WORDS`` gives them others,
``overlay WORDS`` makes an overlay key, ``revoke`` takes all of those back, ``questions N`` counts the open ones,
``wait S`` moves the clock, ``leave N`` ends a connection, ``closed N CODE`` says that the server ended it,
``password TEXT`` changes the password, ``fail N`` lets the store refuse its next writes, ``write KEY VALUE`` writes as
the owner.

Placeholders in what the client says: ``{answer}`` to the last challenge, ``{overlay}`` answer by the overlay key,
``{wrong}`` answer, ``{token}`` of the
owner, ``{given}``, the token that an application was given last, ``{limit}``
and ``{long}``, the longest key and one that is too long. In what it hears: ``{any}`` text, ``{digits}``, ``{b64}`` of
32 bytes, ``{text}`` of the request as it was sent, and the keys.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

import msgspec

from stagedoor.access import OverlayKey, Scopes, Terms
from stagedoor.types import MAX_KEY_BYTES
from tests.kilovolt.harness import TOKEN, Stage, solve

FOLDER = Path(__file__).with_name("transcripts")

LIMIT = "k" * MAX_KEY_BYTES
LONG = "k" * (MAX_KEY_BYTES + 1)
OVERLAY_KEY = "overlay-a-key-for-the-tests"
"""What every overlay key of a transcript is."""

WRONG = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

_FENCE = '{"command":"version","request_id":"the end"}'
_FENCED = '{"type":"response","ok":true,"request_id":"the end","data":"v10"}'

_SPOKEN = re.compile(r"\{(answer|overlay|wrong|token|given|limit|long)\}")
_HEARD = re.compile(r"\{(any|digits|b64|text|limit|long)\}")
_LINE = re.compile(r"(\d?)([<>]) (.*)")


@dataclass(frozen=True, slots=True)
class Say:
    """A connection sends a message."""

    connection: str
    text: str


@dataclass(frozen=True, slots=True)
class Hear:
    """A connection receives a message."""

    connection: str
    text: str


@dataclass(frozen=True, slots=True)
class Happen:
    """Something happens beside the wire."""

    name: str
    arguments: tuple[str, ...]


Step: TypeAlias = Say | Hear | Happen


@dataclass(slots=True)
class Transcript:
    """One conversation, and the door it takes place at."""

    file: str
    title: str
    door: dict[str, str] = field(default_factory=dict)
    peer: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.file}: {self.title}"

    @property
    def happenings(self) -> set[str]:
        """What it needs beside the wire; a player that cannot ``wait`` or ``fail`` may leave it out."""
        return {step.name for step in self.steps if isinstance(step, Happen)}


def load_transcripts(folder: Path = FOLDER) -> list[Transcript]:
    """Read every transcript there is."""
    return [transcript for path in sorted(folder.glob("*.txt")) for transcript in _read(path)]


def _read(path: Path) -> list[Transcript]:
    found: list[Transcript] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.startswith("== "):
            found.append(Transcript(path.stem, line[3:]))
        elif line.strip() and not line.startswith("#"):
            assert found, f"{path.name}:{number}: no title yet"
            try:
                _read_line(line, found[-1])
            except ValueError as error:
                raise AssertionError(f"{path.name}:{number}: {line!r}") from error
    return found


def _read_line(line: str, transcript: Transcript) -> None:
    word, _, rest = line.partition(" ")
    if word in ("door", "peer"):
        settings = transcript.door if word == "door" else transcript.peer
        for pair in rest.split():
            name, _, value = pair.partition("=")
            settings[name] = value
    elif word == "!":
        happening, *arguments = rest.split(" ", 2)
        transcript.steps.append(Happen(happening, tuple(arguments)))
    elif spoken := _LINE.fullmatch(line):
        kind = Say if spoken[2] == ">" else Hear
        transcript.steps.append(kind(spoken[1] or "1", spoken[3]))
    else:
        raise ValueError(line)


# --- replaying ----------------------------------------------------------------------------------------------------


class Talker(Protocol):
    """One end of a connection whose greeting has been heard."""

    async def send(self, text: str) -> None:
        """Send one message."""
        ...

    async def next(self) -> str:
        """Wait for the next message, a reasonable time."""
        ...


class Connect(Protocol):
    """Opens a connection for a transcript."""

    async def __call__(self, *, origin: str | None, namespace: str) -> Talker:
        """Open it, and hear the greeting."""
        ...


Happening: TypeAlias = Callable[..., Awaitable[None]]
"""Lets something happen; gets the words after its name."""


def of_scopes(stage: Stage) -> dict[str, Happening]:
    """What can happen to what was granted in words; the same for sessions and for doors."""

    async def narrow(*words: str) -> None:
        await stage.judge(allow=True, remember=True, terms=Terms(Scopes.parse(list(words))))

    async def scopes(*words: str) -> None:
        for app in stage.apps.stored():
            stage.apps.alter(msgspec.structs.replace(app, scopes=Scopes.parse(list(words)).words))

    async def overlay(*words: str) -> None:
        key = OverlayKey(made_at=0.0, id="1", name="Wheel", key=OVERLAY_KEY, scopes=Scopes.parse(list(words)).words)
        stage.overlay_keys.add(key)

    async def revoke() -> None:
        for key in stage.overlay_keys.stored():
            stage.overlay_keys.remove(key)

    return {happening.__name__: happening for happening in (narrow, scopes, overlay, revoke)}


async def replay(transcript: Transcript, connect: Connect, happenings: Mapping[str, Happening]) -> None:
    """Say what the client says, and compare what it hears. At the end nothing more may come."""
    talkers: dict[str, Talker] = {"1": await _connect_first(transcript, connect)}
    spoken: dict[str, str] = {}
    challenges: dict[str, object] = {}
    given = ""
    gone: set[str] = set()
    password = transcript.door.get("password", "")
    for step in transcript.steps:
        if isinstance(step, Happen):
            if step.name in ("leave", "closed"):
                gone.add(step.arguments[0])
            if step.name == "password":
                password = step.arguments[0]
            await happenings[step.name](*step.arguments)
            continue
        name = step.connection
        if name not in talkers:
            talkers[name] = await connect(origin=None, namespace="")
        if isinstance(step, Say):
            spoken[name] = _fill(step.text, password, challenges.get(name), given)
            await talkers[name].send(spoken[name])
            continue
        heard = await talkers[name].next()
        pattern = _pattern(step.text, spoken.get(name, ""))
        assert re.fullmatch(pattern, heard, re.DOTALL), f"{transcript}\n  expected {step.text}\n  heard    {heard}"
        if '"challenge":' in heard:
            challenges[name] = msgspec.json.decode(heard)["data"]
        elif '"data":{"token":' in heard:
            given = msgspec.json.decode(heard)["data"]["token"]
    for name in talkers.keys() - gone:
        await talkers[name].send(_FENCE)
        assert await talkers[name].next() == _FENCED, f"{transcript}: connection {name} heard more"


async def _connect_first(transcript: Transcript, connect: Connect) -> Talker:
    return await connect(origin=transcript.peer.get("origin"), namespace=transcript.peer.get("namespace", ""))


def _fill(text: str, password: str, challenge: object, given: str) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] in ("answer", "overlay"):
            return solve(challenge, password if match[1] == "answer" else OVERLAY_KEY)
        return {"wrong": WRONG, "token": TOKEN, "given": given, "limit": LIMIT, "long": LONG}[match[1]]

    return _SPOKEN.sub(value, text)


def _pattern(text: str, spoken: str) -> str:
    values = {
        "any": r'(?:[^"\\]|\\.)+',
        "digits": "[0-9]+",
        "b64": "[A-Za-z0-9+/]{43}=",
        "text": re.escape(msgspec.json.encode(spoken).decode()[1:-1]),
        "limit": LIMIT,
        "long": LONG,
    }
    pieces = _HEARD.split(text)
    return "".join(values[piece] if index % 2 else re.escape(piece) for index, piece in enumerate(pieces))
