"""What the owner is shown of an application that asks, and what becomes of one that is let in for good."""

import asyncio
import os
import time
from collections.abc import AsyncIterable
from pathlib import Path

import msgspec
import pytest

from stagedoor.kilovolt import (
    AccessRevoked,
    AskMetadata,
    Change,
    Client,
    NotPermitted,
    Reconnect,
    State,
    SyncClient,
    TokenRefused,
)
from stagedoor.kilovolt.errors import AskRefused, RequestFailed
from stagedoor.services.apps import ShownApp
from stagedoor.services.questions import Question
from tests.clients.owner import answer_next_question
from tests.conftest import Server
from tests.net.websocket import Raw


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


async def test_an_icon_on_this_machine_is_not_fetched(server: Server) -> None:
    connected = asyncio.Event()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        writer.close()

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    icon = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/icon.png"
    client = Client(server.url, ask=AskMetadata(name="A button", icon=icon), reconnect=False)
    async with Client(server.url, token=server.control_token) as owner, owner.watch("stagedoor/ev/log") as log:
        asking = asyncio.create_task(client.connect())
        async for change in log:
            if "it is not on the internet" in change.value:
                break
        questions = msgspec.json.decode(await owner.get("stagedoor/asks"), type=list[Question])
        assert [question.icon for question in questions] == [""]
        assert not connected.is_set()
        asking.cancel()
        await asyncio.wait([asking])
    listener.close()


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


# --- let in for good ---


async def remembered(server: Server, token_file: Path) -> Client:
    """An application that was let in for good; it is connected."""
    client = Client(server.url, ask=AskMetadata(name="Wheel"), token_file=token_file, reconnect=Reconnect(initial_s=0))
    asking = asyncio.create_task(client.connect())
    await answer_next_question(server, allow=True, remember=True)
    await asking
    async with Client(server.url, token=server.control_token) as owner, owner.watch("stagedoor/apps") as changes:
        # The token may be here before its hash is on the disk.
        while not await owner.get("stagedoor/apps"):
            await anext(aiter(changes))
    return client


async def get_for_ever(client: Client) -> None:
    while True:
        await client.get("a")


async def shown_apps(server: Server) -> list[ShownApp]:
    async with Client(server.url, token=server.control_token) as owner:
        await owner.set("a fence", "")  # what was on its way to the disk is there after it
        return await owner.get_json("stagedoor/apps", list[ShownApp], [])


async def test_a_remembered_application_comes_back_unasked_after_a_restart(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "token"
    client = await remembered(server, file)
    await client.set("a", "1")
    with pytest.raises(NotPermitted):
        await client.get("stagedoor/apps")
    await server.restart()
    assert await client.get("a") == "1"
    await client.close()
    async with Client(server.url, ask=AskMetadata(), token_file=file, reconnect=False) as again:
        assert await again.get("a") == "1"
    assert [(app.name, app.origin) for app in await shown_apps(server)] == [("Wheel", None)]


async def test_a_client_without_an_event_loop_comes_back_as_well(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "token"
    await (await remembered(server, file)).close()

    def come_back() -> str:
        with SyncClient(server.url, ask=AskMetadata(), token_file=file, reconnect=False) as client:
            client.set("a", "blocking")
            return client.get("a")

    assert await asyncio.to_thread(come_back) == "blocking"


async def test_a_forgotten_application_is_out_at_once_and_stays_out(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "token"
    client = await remembered(server, file)
    closed = asyncio.Event()

    def note(state: State) -> None:
        if state is State.CLOSED:
            closed.set()

    second = Client(server.url, token=file.read_text().strip(), on_state=note)
    await second.connect()
    (app,) = await shown_apps(server)
    async with Client(server.url, token=server.control_token) as owner, asyncio.timeout(10):
        await owner.call_json("stagedoor/@forget-app", {"id": app.id})
        with pytest.raises(AccessRevoked):
            await get_for_ever(client)
        await closed.wait()
    with pytest.raises(AccessRevoked):
        await second.get("a")
    with pytest.raises(TokenRefused):
        await Client(server.url, token=file.read_text().strip()).connect()
    assert await shown_apps(server) == []


async def test_a_program_cannot_use_the_token_of_a_page(server: Server) -> None:
    origin = "http://localhost:3000"
    page = await Raw.open(server.port, path="/ws", Origin=origin)
    assert (await page.message())["type"] == "hello"
    page.ask("klogin", auth="ask", name="Overlay")
    await answer_next_question(server, allow=True, remember=True)
    answer = await page.message()
    assert isinstance(answer["data"], dict)
    token = answer["data"]["token"]
    await page.end()
    with pytest.raises(TokenRefused):
        await Client(server.url, token=token).connect()
    again = await Raw.open(server.port, path="/ws", Origin=origin)
    assert (await again.message())["type"] == "hello"
    again.ask("klogin", auth="token", token=token)
    assert (await again.message())["ok"] is True
    await again.end()
    assert [app.origin for app in await shown_apps(server)] == [origin]


# --- what it may touch, and until when ---


async def test_an_application_that_is_changed_comes_back_under_the_new_grant(server: Server, tmp_path: Path) -> None:
    client = await remembered(server, tmp_path / "token")
    await client.set("counter/wins", "1")
    (app,) = await shown_apps(server)
    raw = await Raw.open(server.port, path="/ws")
    assert (await raw.message())["type"] == "hello"
    raw.ask("klogin", auth="token", token=(tmp_path / "token").read_text().strip())
    assert (await raw.message())["ok"] is True
    back: asyncio.Queue[State] = asyncio.Queue()
    second = Client(server.url, token=(tmp_path / "token").read_text().strip(), on_state=back.put_nowait)
    await second.connect()
    async with Client(server.url, token=server.control_token) as owner, asyncio.timeout(20):
        await owner.call_json("stagedoor/@change-app", {"id": app.id, "scopes": ["read:counter/*"]})
        assert await raw.close_code() == 1001
        while await back.get() is not State.CONNECTED:
            pass
        while await back.get() is not State.CONNECTED:
            pass
    assert await second.get("counter/wins") == "1"
    with pytest.raises(NotPermitted):
        await second.set("counter/wins", "2")
    with pytest.raises(NotPermitted):
        await second.get("other")
    await raw.end()
    await second.close()
    await client.close()


async def test_an_application_whose_time_is_over_is_out_and_stays_out(server: Server) -> None:
    raw = await Raw.open(server.port, path="/ws")
    assert (await raw.message())["type"] == "hello"
    raw.ask("klogin", auth="ask", name="For a while", scopes=["read:a", "write:a"])
    async with Client(server.url, token=server.control_token) as owner, owner.watch("stagedoor/asks") as changes:
        questions: list[Question] = []
        while not questions:
            questions = await next_questions(changes)
        assert questions[0].scopes == ("read:a", "write:a")
        end_ms = round(time.time() * 1000) + 1_500
        answer = {"id": questions[0].id, "allow": True, "remember": True, "scopes": ["read:a"], "expires_at_ms": end_ms}
        await owner.call_json("stagedoor/@answer-ask", answer)
    reply = await raw.message()
    assert isinstance(reply["data"], dict)
    assert reply["data"]["scopes"] == ["read:a"]
    raw.ask("kset", key="a", data="x")
    assert (await raw.message())["error"] == "not permitted"
    async with asyncio.timeout(10):
        assert await raw.close_code() == 4011
    assert time.time() * 1000 >= end_ms
    with pytest.raises(TokenRefused):
        await Client(server.url, token=reply["data"]["token"]).connect()
    assert await shown_apps(server) == []
    await raw.end()
