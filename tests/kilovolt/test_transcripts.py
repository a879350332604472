"""Replays the golden transcripts against sessions, on both stores; and checks that they cover the protocol."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from stagedoor.hub import LmdbStore, MemoryStore, Store, Write
from stagedoor.kilovolt.messages import COMMANDS, ErrorCode
from tests.hub.shaky_store import ShakyStore
from tests.kilovolt.harness import TOKEN, Line, Stage
from tests.kilovolt.transcripts import Happening, Hear, Say, Transcript, load_transcripts, of_scopes, replay

TRANSCRIPTS = load_transcripts()


@pytest.fixture(params=["memory", "memory-on-a-thread", "lmdb"])
async def make_stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Callable[[Transcript], Stage]]:
    stages: list[Stage] = []

    def make(transcript: Transcript) -> Stage:
        door = transcript.door
        store: Store = LmdbStore(tmp_path / "store") if request.param == "lmdb" else MemoryStore()
        stage = Stage(
            store if request.param == "memory" and "fail" not in transcript.happenings else ShakyStore(store),
            password=door.get("password", ""),
            asks="asks" in door,
            token=TOKEN if "token" in door else "",
        )
        stages.append(stage)
        return stage

    yield make
    for stage in stages:
        await stage.close()


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=str)
async def test_session_answers_as_in_the_transcript(
    transcript: Transcript, make_stage: Callable[[Transcript], Stage]
) -> None:
    stage = make_stage(transcript)

    async def connect(*, origin: str | None, namespace: str) -> Line:
        return stage.connect(origin=origin, namespace=namespace)

    await replay(transcript, connect, happenings(stage))


def happenings(stage: Stage) -> dict[str, Happening]:
    """What can happen beside the wire, on a stage whose connections were opened in the order of their names."""

    async def allow() -> None:
        await stage.judge(allow=True)

    async def remember() -> None:
        await stage.judge(allow=True, remember=True)

    async def forget() -> None:
        stage.forget_apps()

    async def deny() -> None:
        await stage.judge(allow=False)

    async def questions(number: str) -> None:
        assert len(stage.asks) == int(number)

    async def wait(seconds: str) -> None:
        stage.fake_clock.advance(float(seconds))

    async def leave(name: str) -> None:
        await stage.lines[int(name) - 1].leave()

    async def closed(name: str, code: str) -> None:
        assert stage.lines[int(name) - 1].wire.close_code == int(code)

    async def password(text: str) -> None:
        stage.doorkeeper.change_password(text)

    async def fail(number: str) -> None:
        assert isinstance(stage.store, ShakyStore)
        stage.store.failures = int(number)

    async def write(key: str, value: str) -> None:
        await stage.owner.put_all([Write(key, value)])

    return (
        {happening.__name__: happening for happening in (allow, deny, questions, wait, leave, closed)}
        | {happening.__name__: happening for happening in (password, fail, write, remember, forget)}
        | of_scopes(stage)
    )


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) > 80
    assert len({str(transcript) for transcript in TRANSCRIPTS}) == len(TRANSCRIPTS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_sent_in_a_transcript(command: str) -> None:
    assert any(isinstance(step, Say) and f'"command":"{command}"' in step.text for step in _steps())


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_error_is_heard_in_a_transcript(code: ErrorCode) -> None:
    assert any(isinstance(step, Hear) and f'"error":"{code}"' in step.text for step in _steps())


def _steps() -> list[object]:
    return [step for transcript in TRANSCRIPTS for step in transcript.steps]
