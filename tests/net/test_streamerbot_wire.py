"""The golden transcripts of Streamer.bot's protocol again, over a real socket, a real door and the real store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stagedoor.access import OriginPolicy
from stagedoor.hub import LmdbStore
from stagedoor.net.door import Door
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.net.pages import respond_with_nothing
from stagedoor.net.streamerbot import speak_streamerbot
from stagedoor.streamerbot.reception import Authentication
from tests.kilovolt.transcripts import Happening, Transcript
from tests.net.test_wire import Talker
from tests.net.websocket import Raw
from tests.streamerbot.harness import Stage
from tests.streamerbot.test_transcripts import set_stage
from tests.streamerbot.transcripts import load, replay

NEEDS_A_SESSION_ALONE = {"wait", "overdue", "ready"}
"""What moves a clock cannot be had from outside."""

TRANSCRIPTS = [one for one in load() if not one.happenings & NEEDS_A_SESSION_ALONE]


class Theatre:
    """A stage with a door to the street."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.talkers: list[Talker] = []
        self.door = Door(
            "Streamer.bot",
            sockets={"/": speak_streamerbot(stage.hub, stage.reception)},
            respond=respond_with_nothing,
            turn=Turn(),
            limits=Limits(),
            origins=OriginPolicy(),
        )

    async def connect(self, *, origin: str | None) -> tuple[Talker, str]:
        talker = Talker(await Raw.open(self.door.port, Origin=origin or ""))
        self.talkers.append(talker)
        return talker, await talker.next()

    def happenings(self) -> dict[str, Happening]:
        stage = self.stage

        async def gone(name: str) -> None:
            await self.talkers[int(name) - 1].raw.end()

        async def closed(name: str, code: str) -> None:
            assert await self.talkers[int(name) - 1].raw.close_code() == int(code)

        async def mode(text: str) -> None:
            stage.reception.change(Authentication(text), "secret")

        async def password(text: str) -> None:
            stage.reception.change(stage.reception.authentication, text)

        async def write(key: str, value: str = "") -> None:
            await stage.owner.put(key, value)

        async def delete(key: str) -> None:
            await stage.owner.put(key, None)

        return {happening.__name__: happening for happening in (gone, closed, mode, password, write, delete)}

    async def close(self) -> None:
        for talker in self.talkers:
            await talker.raw.end()
        await self.door.close()
        await self.stage.close()


@pytest.fixture
async def theatres() -> AsyncIterator[list[Theatre]]:
    opened: list[Theatre] = []
    yield opened
    for theatre in opened:
        await theatre.close()


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=str)
async def test_the_door_answers_as_in_the_transcript(
    transcript: Transcript, theatres: list[Theatre], tmp_path: Path
) -> None:
    theatre = Theatre(set_stage(transcript, LmdbStore(tmp_path / "store")))
    theatres.append(theatre)
    await theatre.door.listen("127.0.0.1", 0)
    await replay(transcript, theatre.connect, theatre.happenings())
