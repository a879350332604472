"""PyPI's ``pystreamerbot`` 0.1.0 against a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pystreamerbot
import pytest

from tests.clients.stage import Stage
from tests.conftest import Server

TIMEOUT_S = 10.0


@pytest.fixture(params=["off", "on", "enforced"])
async def server_in_mode(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Server]:
    """A server in each mode of authentication."""
    running = Server(tmp_path / "data", "--streamerbot-auth", request.param, streamerbot=True)
    await running.start()
    yield running
    await running.stop()


@asynccontextmanager
async def connected(server: Server, *events: str, password: str | None = None) -> AsyncIterator[pystreamerbot.Client]:
    """Connect, which includes the subscription, and close in the end."""
    client = pystreamerbot.Client(events=[*events], port=server.streamerbot_port, password=password, retries=1)
    async with asyncio.timeout(TIMEOUT_S), client:
        await client.connect()
        yield client
        reader = next(task for task in asyncio.all_tasks() if task.get_name() == "pystreamerbot:ws_listen")
        await client.close()
        await reader


def next_event(client: pystreamerbot.Client, name: str) -> "asyncio.Task[dict[str, Any]]":
    """Begin to wait for an event, by the client's name for it."""
    return asyncio.create_task(client.wait_for(name))


async def heard(event: "asyncio.Task[dict[str, Any]]", stage: Stage, source: str, type_: str, **data: object) -> Any:
    """Publish an event and wait until the client has it."""
    await asyncio.sleep(0)  # lets it begin
    await stage.emit(source, type_, **data)
    return await event


async def test_it_subscribes_and_hears_with_the_password_if_there_is_one(server_in_mode: Server) -> None:
    asks = "on" in server_in_mode._arguments or "enforced" in server_in_mode._arguments
    password = server_in_mode.password if asks else None
    async with (
        Stage(server_in_mode) as stage,
        connected(server_in_mode, "Twitch.ChatMessage", password=password) as client,
    ):
        data = await heard(
            next_event(client, "twitch_chatmessage"), stage, "Twitch", "ChatMessage", user="Ada", text="Hi"
        )
    assert (data["user"]["name"], data["message"]["message"]) == ("Ada", "Hi")


async def test_it_hears_by_wildcards_that_it_leaves_to_the_server(both_doors: Server) -> None:
    async with Stage(both_doors) as stage:
        async with connected(both_doors, "Twitch.*", "General.Custom") as client:
            data = await heard(next_event(client, "twitch_follow"), stage, "Twitch", "Follow", user="Ada")
            assert data["user_name"] == "Ada"
            data = await heard(next_event(client, "general_custom"), stage, "General", "Custom", text="Hello")
            assert data == {"text": "Hello"}
        async with connected(both_doors, "*") as client:
            data = await heard(next_event(client, "kick_follow"), stage, "Kick", "Follow", user="Ada")
            assert data["user"]["name"] == "Ada"


async def test_it_calls_and_triggers(both_doors: Server) -> None:
    steps = [{"type": "broadcast", "json": {"said": "%words%"}}]
    async with Stage(both_doors) as stage, connected(both_doors, "General.Custom") as client:
        await stage.ask("put", ["action/say", {"name": "Say", "steps": steps}])
        custom = next_event(client, "general_custom")
        await asyncio.sleep(0)
        reply = await client.trigger("Say", args={"words": "Hello"})
        assert (reply["status"], reply["actionId"], await custom) == ("ok", "say", {"said": "Hello"})
        await stage.ask("call", ["global/@set", {"name": "count", "value": 4}])
        reply = await client.call("GetGlobal", variable="count")
        assert reply["variable"]["value"] == 4
        refused = await client.call("GetGlobal", variable="no such")
        assert (refused["status"], refused["error"]) == ("error", "Variable not found")


async def test_it_is_refused_without_the_password_where_it_is_enforced(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--streamerbot-auth", "enforced", streamerbot=True)
    await server.start()
    client = pystreamerbot.Client(events="Twitch.*", port=server.streamerbot_port, retries=1)
    async with asyncio.timeout(TIMEOUT_S), client:
        await client.connect()  # to it, a refusal is an answer like any other
        await client._closed.wait()
    await server.stop()
