"""What was acknowledged survives: a server that is killed in the middle of its work loses nothing of it."""

import asyncio
import random
from pathlib import Path

import msgspec
import pytest

from stagedoor.kilovolt import Client
from stagedoor.kilovolt.errors import KilovoltError
from tests.conftest import Server
from tests.net.websocket import TEXT, Raw

KILLS = 12
WRITERS = 4
MOST_ACKNOWLEDGED = 400


class Writer:
    """Writes numbers that rise, in pairs that belong together, and remembers what was acknowledged."""

    def __init__(self, name: str) -> None:
        self.keys = [f"{name}/{side}" for side in ("left", "right")]
        self.single = f"{name}/single"
        self.sent = 0
        self.acknowledged = 0

    async def write(self, server: Server, enough: asyncio.Event, count: list[int]) -> None:
        """Write until the connection breaks."""
        try:
            async with Client(server.url, password=server.password, reconnect=False) as client:
                while True:
                    self.sent += 1
                    number = str(self.sent)
                    pair = client.set_many(dict.fromkeys(self.keys, number))
                    await asyncio.gather(pair, client.set(self.single, number))
                    self.acknowledged = self.sent
                    count[0] -= 1
                    if count[0] <= 0:
                        enough.set()
        except KilovoltError:
            enough.set()

    async def check(self, client: Client) -> None:
        """Find every acknowledged number, and no half pair."""
        values = await client.get_many([*self.keys, self.single])
        left, right = (int(values[key] or 0) for key in self.keys)
        assert left == right
        assert self.acknowledged <= left <= self.sent
        assert self.acknowledged <= int(values[self.single] or 0) <= self.sent


@pytest.mark.timeout(180)
async def test_a_killed_server_keeps_every_acknowledged_write_and_no_half_batch(tmp_path: Path) -> None:
    chance = random.Random(4337)
    server = Server(tmp_path / "data")
    writers = [Writer(f"writer/{number}") for number in range(WRITERS)]
    await server.start()
    for _ in range(KILLS):
        enough = asyncio.Event()
        count = [chance.randrange(1, MOST_ACKNOWLEDGED)]
        tasks = [asyncio.create_task(writer.write(server, enough, count)) for writer in writers]
        await enough.wait()
        await server.kill()
        await asyncio.gather(*tasks)
        await server.start()
        async with Client(server.url, password=server.password) as client:
            for writer in writers:
                await writer.check(client)
    await server.stop()
    assert min(writer.acknowledged for writer in writers) > 0


async def test_a_proper_end_finishes_what_was_asked(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    await server.start()
    async with Client(server.url, password=server.password, reconnect=False) as client:
        await asyncio.gather(*(client.set(f"key/{number}", "x" * 1000) for number in range(5000)))
    assert await server.stop() == 0
    await server.start()
    async with Client(server.url, password=server.password) as client:
        assert len(await client.list("key/")) == 5000
    await server.stop()


class Counter:
    """Counts a global variable up through its service, and remembers what was acknowledged."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent = 0
        self.acknowledged = 0

    async def count(self, server: Server, enough: asyncio.Event, left: list[int]) -> None:
        """Count until the connection breaks."""
        try:
            async with Client(server.url, password=server.password, reconnect=False) as client:
                while True:
                    self.sent += 1
                    request = {"name": self.name, "mode": "increment"}
                    answer = await client.call("global/@set", msgspec.json.encode(request).decode())
                    self.acknowledged = msgspec.json.decode(answer)["value"]
                    left[0] -= 1
                    if left[0] <= 0:
                        enough.set()
        except KilovoltError:
            enough.set()

    async def check(self, server: Server) -> None:
        """Find every acknowledged step, as a client of Streamer.bot's protocol does."""
        raw = await Raw.open(server.streamerbot_port)
        await raw.message()
        for request in ({"request": "GetGlobal", "variable": self.name}, {"request": "GetGlobals"}):
            raw.send(TEXT, msgspec.json.encode(request))
            variables = msgspec.convert((await raw.message())["variables"], dict[str, dict[str, object]])
            value = msgspec.convert(variables[self.name]["value"], int)
            assert self.acknowledged <= value <= self.sent
        await raw.end()
        self.sent = self.acknowledged = value


@pytest.mark.timeout(180)
async def test_a_killed_server_keeps_every_acknowledged_variable(tmp_path: Path) -> None:
    chance = random.Random(8080)
    server = Server(tmp_path / "data", streamerbot=True)
    counters = [Counter(f"counter {number}") for number in range(WRITERS)]
    await server.start()
    for _ in range(KILLS // 2):
        before = [counter.acknowledged for counter in counters]
        enough = asyncio.Event()
        left = [chance.randrange(WRITERS * 10, MOST_ACKNOWLEDGED)]
        tasks = [asyncio.create_task(counter.count(server, enough, left)) for counter in counters]
        await enough.wait()
        await server.kill()
        await asyncio.gather(*tasks)
        await server.start()
        for counter, old in zip(counters, before, strict=True):
            assert counter.acknowledged > old
            await counter.check(server)
    await server.stop()
