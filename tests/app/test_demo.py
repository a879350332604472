"""``--demo``: a lively channel without an account, of which nothing is kept."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stagedoor.kilovolt import Client
from tests.conftest import Server

PATIENCE_S = 60.0


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Server]:
    running = Server(tmp_path / "data", "--demo", streamerbot=True)
    await running.start()
    yield running
    await running.stop()


async def test_somebody_talks_and_the_bot_is_heard_and_nothing_is_kept(demo: Server) -> None:
    async with asyncio.timeout(PATIENCE_S), Client(demo.url, password=demo.password) as client:
        async with client.watch("twitch/ev/chat-message") as messages:
            heard = await anext(aiter(messages))
        said = msgspec.json.decode(heard.value)
        assert said["Message"]
        assert said["User"]["DisplayName"]
        answer = await client.call("twitch/@channel", msgspec.json.encode({"name": said["Channel"]}).decode())
        assert msgspec.json.decode(answer)["live"] is True
        status: Any = msgspec.json.decode(await client.get("twitch/status"))
        assert status["streamer"]["login"] == said["Channel"]
        assert status["bot"]["state"] == "ok"
        async with client.watch("event/Twitch/ChatMessage") as events:
            await client.set("twitch/@send-chat-message", "hello from here")
            async for event in events:
                if msgspec.json.decode(event.value)["user"]["login"] == status["bot"]["login"]:
                    break
            else:
                raise AssertionError("the bot said nothing")
    assert not demo.data.exists()


async def test_commands_reach_it_by_its_folder_which_goes_with_it(demo: Server) -> None:
    (line,) = (line for line in demo.output if line.startswith("data "))
    folder = line.removeprefix("data").strip()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "stagedoor", "status", "--data", folder, stdout=asyncio.subprocess.PIPE
    )
    shown, _ = await process.communicate()
    assert process.returncode == 0
    assert "this is a demo" in " ".join(shown.decode().split())
    await demo.stop()
    assert await asyncio.to_thread(os.path.exists, folder) is False
