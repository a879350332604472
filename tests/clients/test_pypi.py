"""PyPI's ``kilovolt`` 0.2.0 against a real server.

It connects to ``ws://localhost:4337/ws`` whatever it is told, so the server has to be there.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import kilovolt
from tests.conftest import Server


@pytest.fixture
async def default_server(tmp_path: Path) -> AsyncIterator[Server]:
    """A server on the default port."""
    running = Server(tmp_path / "data")
    running.port = 4337
    await running.start()
    yield running
    await running.stop()


async def close(client: kilovolt.KilovoltClient) -> None:
    """Close a client, which has no method for that, and let its reader end."""
    await client.websocket.close()
    readers = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    await asyncio.gather(*readers, return_exceptions=True)


async def test_it_logs_in_and_uses_every_command(default_server: Server) -> None:
    client = kilovolt.KilovoltClient(password=default_server.password)
    await client.connect()
    heard: list[tuple[str, str]] = []
    await client.set("py/a", "one")
    await client.set_multiple({"py/b": "two", "py/c": "drei 🎥"})
    await client.set_json("py/json", {"nested": [1, None]})
    assert await client.get("py/a") == "one"
    assert await client.get("py/absent") == ""
    assert await client.get_multiple(["py/a", "py/absent"]) == {"py/a": "one", "py/absent": ""}
    assert await client.get_prefix("py/") == {
        "py/a": "one",
        "py/b": "two",
        "py/c": "drei 🎥",
        "py/json": '{"nested": [1, null]}',
    }
    assert await client.get_json("py/json") == {"nested": [1, None]}
    assert await client.list("py/") == ["py/a", "py/b", "py/c", "py/json"]

    await client.subscribe("py/a", lambda key, value: heard.append((key, value)))
    await client.subscribe_prefix("py/ev/", lambda key, value: heard.append((key, value)))
    await client.set("py/a", "heard")
    await client.set("py/ev/x", "heard, too")
    await client.get("py/a")
    assert heard == [("py/a", "heard"), ("py/ev/x", "heard, too")]
    assert client.version == "v10"
    await close(client)


async def test_what_it_wrote_survives_a_restart(default_server: Server) -> None:
    client = kilovolt.KilovoltClient(password=default_server.password)
    await client.connect()
    await client.set("py/kept", "before")
    await default_server.restart()
    await close(client)
    again = kilovolt.KilovoltClient(password=default_server.password)
    await again.connect()
    assert await again.get("py/kept") == "before"
    await close(again)


async def test_a_wrong_password_is_refused(default_server: Server) -> None:
    client = kilovolt.KilovoltClient(password="wrong")
    with pytest.raises(ValueError, match="authentication failed"):
        await client.connect()
    await close(client)
