"""The golden transcripts again, over a real socket, a real door and the real store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stagedoor.access import OriginPolicy
from stagedoor.hub import LmdbStore, Write
from stagedoor.net.connection import Handler
from stagedoor.net.door import Door, Visitor
from stagedoor.net.kilovolt import speak_kilovolt
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.net.pages import Pages
from tests.kilovolt.harness import TOKEN, Stage
from tests.kilovolt.transcripts import Happening, Transcript, load_transcripts, of_scopes, replay
from tests.net.websocket import PING, TEXT, Raw

NEEDS_A_SESSION_ALONE = {"wait", "fail"}
"""What moves a clock or breaks a store cannot be had from outside."""

TRANSCRIPTS = [one for one in load_transcripts() if not one.happenings & NEEDS_A_SESSION_ALONE]


class Talker:
    """A connection that speaks text."""

    def __init__(self, raw: Raw) -> None:
        self.raw = raw

    async def send(self, text: str) -> None:
        self.raw.send(TEXT, text.encode())

    async def next(self) -> str:
        while True:
            opcode, payload = await self.raw.frame()
            if opcode != PING:
                assert opcode == TEXT, (opcode, payload)
                return payload.decode()


class Theatre:
    """A stage with a door to the street."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.talkers: list[Talker] = []
        self._namespace = ""
        self.door = Door(
            "Kilovolt",
            sockets={"/ws": self._make_handler},
            respond=Pages().respond,
            turn=Turn(),
            limits=Limits(),
            origins=OriginPolicy(),
        )

    def _make_handler(self, visitor: Visitor) -> Handler:
        return speak_kilovolt(self.stage.hub, self.stage.doorkeeper, namespace=self._namespace)(visitor)

    async def connect(self, *, origin: str | None, namespace: str) -> Talker:
        self._namespace = namespace
        raw = await Raw.open(self.door.port, path="/ws", Origin=origin or "")
        talker = Talker(raw)
        assert await talker.next() == '{"type":"hello","version":"v10"}'
        self.talkers.append(talker)
        return talker

    def happenings(self) -> dict[str, Happening]:
        stage = self.stage

        async def allow() -> None:
            await stage.judge(allow=True)

        async def remember() -> None:
            await stage.judge(allow=True, remember=True)

        async def forget() -> None:
            stage.forget_apps()

        async def deny() -> None:
            await stage.judge(allow=False)

        async def questions(number: str) -> None:
            while len(stage.asks) != int(number):
                await self.talkers[-1].send('{"command":"_uid","request_id":"a round trip"}')
                assert "a round trip" in await self.talkers[-1].next()

        async def leave(name: str) -> None:
            await self.talkers[int(name) - 1].raw.end()

        async def closed(name: str, code: str) -> None:
            assert await self.talkers[int(name) - 1].raw.close_code() == int(code)

        async def password(text: str) -> None:
            stage.doorkeeper.change_password(text)

        async def write(key: str, value: str) -> None:
            await stage.owner.put_all([Write(key, value)])

        return {
            "allow": allow,
            "remember": remember,
            "forget": forget,
            "deny": deny,
            "questions": questions,
            "leave": leave,
            "closed": closed,
            "password": password,
            "write": write,
            **of_scopes(stage),
        }

    async def close(self) -> None:
        for talker in self.talkers:
            await talker.raw.end()
        await self.door.close()
        await self.stage.close()


@pytest.fixture
async def theatres(tmp_path: Path) -> AsyncIterator[list[Theatre]]:
    opened: list[Theatre] = []
    yield opened
    for theatre in opened:
        await theatre.close()


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=str)
async def test_the_door_answers_as_in_the_transcript(
    transcript: Transcript, theatres: list[Theatre], tmp_path: Path
) -> None:
    door = transcript.door
    stage = Stage(
        LmdbStore(tmp_path / "store"),
        password=door.get("password", ""),
        asks="asks" in door,
        token=TOKEN if "token" in door else "",
    )
    theatre = Theatre(stage)
    theatres.append(theatre)
    await theatre.door.listen("127.0.0.1", 0)
    await replay(transcript, theatre.connect, theatre.happenings())
