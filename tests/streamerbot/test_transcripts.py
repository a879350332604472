"""Replays the golden transcripts against sessions, on both stores; and checks that they cover the protocol."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from stagedoor.hub import LmdbStore, MemoryStore, Store
from stagedoor.streamerbot.reception import Authentication
from stagedoor.streamerbot.requests import REQUESTS
from tests.kilovolt.transcripts import Happening, Hear, Say, Transcript
from tests.streamerbot.harness import Line, Stage
from tests.streamerbot.transcripts import load, replay

TRANSCRIPTS = load()

MakeStage = Callable[[Transcript], Stage]


@pytest.fixture(params=["memory", "lmdb"])
async def make_stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MakeStage]:
    stages: list[Stage] = []

    def make(transcript: Transcript) -> Stage:
        store: Store = LmdbStore(tmp_path / "store") if request.param == "lmdb" else MemoryStore()
        stages.append(set_stage(transcript, store))
        return stages[-1]

    yield make
    for stage in stages:
        await stage.close()


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=str)
async def test_session_answers_as_in_the_transcript(transcript: Transcript, make_stage: MakeStage) -> None:
    stage = make_stage(transcript)

    async def connect(*, origin: str | None) -> tuple[Line, str]:
        line = stage.connect(origin=origin)
        return line, line.greeting

    await replay(transcript, connect, happenings(stage))


def set_stage(transcript: Transcript, store: Store) -> Stage:
    """Set up the door that a transcript takes place at."""
    door = transcript.door
    return Stage(
        store,
        mode=door["mode"],
        password=door.get("password", ""),
        guests_may_speak="guests" in door,
        offers_challenge="challenge" in door,
        vectors="vectors" in door,
        platforms="platforms" not in door,
    )


def happenings(stage: Stage) -> dict[str, Happening]:
    """What can happen beside the wire, on a stage whose connections were opened in the order of their names."""

    async def wait(seconds: str) -> None:
        stage.fake_clock.advance(float(seconds))

    async def overdue(name: str) -> None:
        assert stage.lines[int(name) - 1].session.is_overdue(stage.clock.time())

    async def ready(name: str) -> None:
        assert not stage.lines[int(name) - 1].session.is_overdue(stage.clock.time())

    async def gone(name: str) -> None:
        await stage.lines[int(name) - 1].leave()

    async def closed(name: str, code: str) -> None:
        assert stage.lines[int(name) - 1].wire.close_code == int(code)

    async def mode(text: str) -> None:
        stage.reception.change(Authentication(text), "secret")

    async def password(text: str) -> None:
        stage.reception.change(stage.reception.authentication, text)

    async def write(key: str, value: str = "") -> None:
        await stage.owner.put(key, value)

    async def delete(key: str) -> None:
        await stage.owner.put(key, None)

    known = (wait, overdue, ready, gone, closed, mode, password, write, delete)
    return {happening.__name__: happening for happening in known}


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) > 80
    assert len({str(transcript) for transcript in TRANSCRIPTS}) == len(TRANSCRIPTS)


@pytest.mark.parametrize("name", [*REQUESTS, "Authenticate", "Subscribe", "UnSubscribe"])
def test_every_request_is_sent_in_a_transcript_and_succeeds(name: str) -> None:
    said = next(step.text for step in _steps() if isinstance(step, Say) and f'"request":"{name}"' in step.text)
    assert said
    answers = {
        following.text
        for transcript in TRANSCRIPTS
        for step, following in zip(transcript.steps, transcript.steps[1:], strict=False)
        if isinstance(step, Say) and f'"request":"{name}"' in step.text and isinstance(following, Hear)
    }
    assert any('"status":"ok"' in answer for answer in answers)


@pytest.mark.parametrize(
    "problem",
    [
        "Unknown request: Foo",
        "Missing request",
        "Invalid JSON",
        "Request must be an object",
        "Missing parameter: events",
        "Invalid parameter: persisted",
        "Authentication required",
        "Authentication failed",
        "Missing authentication",
        "Authentication is not enabled",
        "Action not found",
        "Code trigger not found",
        "Variable not found",
        "Invalid platform",
        "Platform not connected",
    ],
)
def test_every_error_is_heard_in_a_transcript(problem: str) -> None:
    assert any(isinstance(step, Hear) and f'"error":"{problem}"' in step.text for step in _steps())


def _steps() -> list[object]:
    return [step for transcript in TRANSCRIPTS for step in transcript.steps]
