"""What the owner is shown of an application that asks: what it says, and what it cannot choose."""

import asyncio
import os
from collections.abc import AsyncIterable

import msgspec
import pytest

from stagedoor.kilovolt import AskMetadata, Change, Client
from stagedoor.kilovolt.errors import AskRefused, RequestFailed
from stagedoor.services.questions import Question
from tests.conftest import Server


async def next_questions(changes: AsyncIterable[Change]) -> list[Question]:
    """The questions as of the next change."""
    change = await anext(aiter(changes))
    return msgspec.json.decode(change.value, type=list[Question])


async def test_the_owner_sees_which_program_asks(server: Server) -> None:
    client = Client(server.url, ask=AskMetadata(name="A button"), reconnect=False)
    async with Client(server.url, token=server.control_token) as owner, owner.watch("stagedoor/asks") as changes:
        asking = asyncio.create_task(client.connect())
        questions: list[Question] = []
        while not questions:
            questions = await next_questions(changes)
        assert questions[0].name == "A button"
        assert questions[0].address == "127.0.0.1"
        assert f"(process {os.getpid()})" in (questions[0].program or "")
        answer = msgspec.json.encode({"id": questions[0].id, "allow": True}).decode()
        await owner.call("stagedoor/@answer-ask", answer)
        await asking
        assert await client.get("a") == ""
        await client.close()


async def test_a_refusal_is_told_and_a_late_answer_is_an_error(server: Server) -> None:
    client = Client(server.url, ask=AskMetadata(), reconnect=False)
    async with Client(server.url, token=server.control_token) as owner, owner.watch("stagedoor/asks") as changes:
        asking = asyncio.create_task(client.connect())
        questions: list[Question] = []
        while not questions:
            questions = await next_questions(changes)
        answer = msgspec.json.encode({"id": questions[0].id, "allow": False}).decode()
        await owner.call("stagedoor/@answer-ask", answer)
        with pytest.raises(AskRefused):
            await asking
        with pytest.raises(RequestFailed, match="no open question"):
            await owner.call("stagedoor/@answer-ask", answer)
        with pytest.raises(RequestFailed, match="expected an id"):
            await owner.call("stagedoor/@answer-ask", "{}")


async def test_a_question_goes_away_with_its_asker(server: Server) -> None:
    client = Client(server.url, ask=AskMetadata(), reconnect=False)
    async with Client(server.url, token=server.control_token) as owner, owner.watch("stagedoor/asks") as changes:
        asking = asyncio.create_task(client.connect())
        questions: list[Question] = []
        while not questions:
            questions = await next_questions(changes)
        asking.cancel()
        await asyncio.wait([asking])
        while questions:
            questions = await next_questions(changes)
        assert msgspec.json.decode(await owner.get("stagedoor/asks")) == []
