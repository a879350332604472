"""What the owner asks of the whole application: who is connected, where the doors are, what the log says."""

import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stagedoor.kilovolt import Client
from tests.net.websocket import TEXT, Raw
from tests.test_app import owner_of, run, run_both


async def ask(owner: Client, key: str, /, **members: object) -> Any:
    """Ask with JSON, and read the answer's."""
    return await owner.call_json(key, members)


def port_of(url: str | None) -> int:
    assert url is not None
    port = urlsplit(url).port
    assert port is not None
    return port


# --- connections ---


async def test_the_connections_of_both_protocols_are_told(tmp_path: Path) -> None:
    before = time.time() * 1000
    async with run_both(tmp_path) as running, owner_of(running) as owner:
        raw = await Raw.open(port_of(running.doors.streamerbot))
        await raw.message()
        for _ in range(3):
            raw.send(TEXT, b'{"request":"GetInfo"}')
            await raw.message()
        raw.send(TEXT, b'{"request":"Subscribe","events":{"Custom":["Event","Other"]}}')
        await raw.message()
        kilovolt, streamerbot = await ask(owner, "stagedoor/@clients")
        assert kilovolt["door"] == "Kilovolt"
        assert kilovolt["ground"] == "control token"
        assert kilovolt["id"] == await owner.uid()
        assert streamerbot["door"] == "Streamer.bot"
        assert streamerbot["ground"] == "no password was asked for"
        assert (streamerbot["received"], streamerbot["sent"]) == (4, 5)
        assert streamerbot["subscriptions"] == 2
        assert streamerbot["queued_bytes"] == 0
        assert streamerbot["port"] == raw.writer.get_extra_info("sockname")[1]
        assert f"(process {os.getpid()})" in streamerbot["program"]
        assert before - 1 <= streamerbot["since_ms"] <= time.time() * 1000 + 1
        await raw.end()


async def test_what_waits_for_a_slow_reader_is_told(tmp_path: Path) -> None:
    async with run(tmp_path) as running, owner_of(running) as owner:
        raw = await Raw.open(port_of(running.doors.kilovolt), path="/ws")
        await raw.message()
        raw.ask("klogin", auth="token", token=running.control_token)
        await raw.message()
        raw.ask("ksub", key="a")
        await raw.message()
        raw.pause()
        queued = 0
        while not queued:
            await owner.set("a", "x" * 300_000)
            queued = (await ask(owner, "stagedoor/@clients"))[1]["queued_bytes"]
        assert queued > 1000
        await raw.end()


async def test_the_owner_sends_somebody_away(tmp_path: Path) -> None:
    async with run_both(tmp_path) as running, owner_of(running) as owner:
        raw = await Raw.open(port_of(running.doors.streamerbot))
        await raw.message()
        (id_,) = [one["id"] for one in await ask(owner, "stagedoor/@clients") if one["door"] == "Streamer.bot"]
        assert await ask(owner, "stagedoor/@disconnect", id=id_) == {}
        assert await raw.close_code() == 1008
        assert [one["door"] for one in await ask(owner, "stagedoor/@clients")] == ["Kilovolt"]
        await raw.end()
