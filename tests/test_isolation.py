"""One bad client is nobody else's trouble: the others are served, memory stays bounded, the server stays up."""

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import cast

import msgspec
import psutil
import pytest

from stagedoor.kilovolt import Client
from tests.conftest import Server
from tests.net.websocket import PING, TEXT, Raw, mask
from tests.streamerbot.harness import solve

ROUNDS = 200
FEWEST_ROUNDS = 20
ENOUGH_S = 2.0
"""A flood of so long has shown what it does; how many rounds go beside it is the machine's affair."""

MEMORY_GROWTH_BYTES = 100 << 20
"""Far more than bounded queues may take, far less than what the bad clients send."""


async def open_session(server: Server) -> Raw:
    """Open a raw connection that has logged in by the control token."""
    raw = await Raw.open(server.port, path="/ws")
    await raw.message()
    raw.ask("klogin", auth="token", token=server.control_token)
    assert (await raw.message())["ok"] is True
    return raw


async def serve_others(server: Server) -> None:
    """Do what a well-behaved client does, and check every answer."""
    async with Client(server.url, password=server.password) as client, client.watch("good/ev/tick") as changes:
        ticks = aiter(changes)
        for number in rounds():
            await client.set("good/key", str(number))
            assert await client.get("good/key") == str(number)
            await client.set("good/ev/tick", str(number))
            assert (await anext(ticks)).value == str(number)


def rounds() -> Iterator[int]:
    """Number the rounds: all of them where they are quick, and fewer where a flood makes each of them long."""
    end = time.monotonic() + ENOUGH_S
    for number in range(ROUNDS):
        if number >= FEWEST_ROUNDS and time.monotonic() > end:
            return
        yield number


def memory(server: Server) -> int:
    """The server's resident memory in bytes."""
    return int(psutil.Process(server.pid).memory_info().rss)


async def send_for_ever(raw: Raw, blob: bytes) -> None:
    """Write as fast as the server takes it, and read whatever comes."""

    async def read() -> None:
        while await raw.reader.read(1 << 16):
            pass

    reading = asyncio.create_task(read())
    try:
        while True:
            raw.writer.write(blob)
            await raw.writer.drain()
    finally:
        reading.cancel()
        await raw.end()


REQUEST = b'{"command":"%s","request_id":"x","data":{"key":"bad/%s","data":"%s"}}'

FLOODS = {
    "reads": mask(TEXT, REQUEST % (b"kget", b"key", b"")) * 100,
    "durable writes": mask(TEXT, REQUEST % (b"kset", b"key", b"x" * 50)) * 100,
    "large writes": mask(TEXT, REQUEST % (b"kset", b"key", b"x" * 200_000)),
    "events": mask(TEXT, REQUEST % (b"kset", b"ev/x", b"x" * 50)) * 100,
    "garbage that is text": mask(TEXT, b'{"command": [[[') * 100,
    "whole lists": mask(TEXT, b'{"command":"kget-all","data":{"prefix":""}}') * 50,
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_client_that_floods(server: Server, flood: str) -> None:
    before = memory(server)
    flooding = asyncio.create_task(send_for_ever(await open_session(server), FLOODS[flood]))
    await serve_others(server)
    assert memory(server) - before < MEMORY_GROWTH_BYTES
    assert not flooding.done()
    flooding.cancel()
    await asyncio.wait([flooding])


async def test_a_reader_that_stops(server: Server) -> None:
    slow = await open_session(server)
    slow.ask("ksub-prefix", prefix="")
    await slow.message()
    slow.pause()
    before = memory(server)
    async with Client(server.url, password=server.password) as client:
        for _ in range(200):
            await client.set("bad/ev/large", "x" * 100_000)
    await serve_others(server)
    assert memory(server) - before < MEMORY_GROWTH_BYTES
    slow.resume()
    assert await slow.close_code() == 1013
    await slow.end()


async def test_a_client_that_asks_for_lists_and_does_not_read(server: Server) -> None:
    async with Client(server.url, password=server.password) as client:
        for number in range(20):
            await client.set(f"bad/{number}", "x" * 500_000)
    slow = await open_session(server)
    slow.pause()
    before = memory(server)
    for _ in range(50):
        slow.ask("kget-all", prefix="bad/")
    await serve_others(server)
    assert memory(server) - before < MEMORY_GROWTH_BYTES
    slow.resume()
    for _ in range(50):  # whoever reads late gets all of it
        answer = await slow.message()
        assert len(cast(dict[str, str], answer["data"])) == 20
    await slow.end()


async def test_a_client_that_asks_behind_a_write_and_does_not_read(server: Server) -> None:
    async with Client(server.url, password=server.password) as client:
        await client.set("bad/large", "x" * 500_000)
    slow = await open_session(server)
    slow.pause()
    before = memory(server)
    slow.ask("kset", key="bad/small", data="x")
    for _ in range(900):
        slow.ask("kget", key="bad/large")
    await serve_others(server)
    assert memory(server) - before < MEMORY_GROWTH_BYTES
    await slow.end()


async def test_a_stranger_that_pings_and_does_not_read(server: Server) -> None:
    stranger = await Raw.open(server.port, path="/ws")
    await stranger.message()
    stranger.pause()
    before = memory(server)

    async def ping() -> None:
        for _ in range(30):
            stranger.writer.write(mask(PING, b"x" * 125) * 8000)
            await stranger.writer.drain()
        stranger.send(PING, b"the last one")

    pinging = asyncio.create_task(ping())
    await serve_others(server)
    assert memory(server) - before < MEMORY_GROWTH_BYTES
    assert not pinging.done(), "who does not listen is not read for ever"
    stranger.resume()
    while (await stranger.frame())[1] != b"the last one":
        pass
    await pinging
    await stranger.end()


async def test_clients_that_send_garbage(server: Server) -> None:
    chance = random.Random(4337)
    stop = asyncio.Event()

    async def send_garbage() -> int:
        sent = 0
        while not stop.is_set():
            raw = await Raw.open(server.port, path="/ws")
            for _ in range(20):
                raw.writer.write(chance.randbytes(chance.randrange(1, 300)))
            raw.writer.write_eof()
            with suppress(ConnectionError):
                await raw.reader.read()
            await raw.end()
            sent += 1
        return sent

    garbage = asyncio.create_task(send_garbage())
    await serve_others(server)
    stop.set()
    assert await garbage > 0


async def test_clients_that_come_and_go(server: Server) -> None:
    """With requests under way each, which once killed another server of this protocol."""
    # strimertül's defect 2: the last message of a client that had left ended the process.
    token = server.control_token
    came = 0
    enough = asyncio.Event()

    async def come_and_go() -> None:
        nonlocal came
        while not enough.is_set():
            raw = await Raw.open(server.port, path="/ws")
            raw.ask("klogin", auth="token", token=token)
            raw.ask("ksub-prefix", prefix="")
            raw.ask("kset", key="bad/key", data="x")
            raw.ask("kcall", key="stagedoor/@status", data="")
            came += 1
            await raw.end()

    before = memory(server)
    crowd = [asyncio.create_task(come_and_go()) for _ in range(8)]
    while came < 3000:
        await serve_others(server)
    enough.set()
    await asyncio.gather(*crowd)
    assert memory(server) - before < MEMORY_GROWTH_BYTES


# --- Streamer.bot's door ---


async def open_streamerbot(server: Server) -> Raw:
    """Open a raw connection to Streamer.bot's door that has authenticated."""
    raw = await Raw.open(server.streamerbot_port)
    answer = solve(await raw.message(), server.password)
    raw.send(TEXT, msgspec.json.encode({"request": "Authenticate", "authentication": answer}))
    assert await raw.message() == {"status": "ok"}
    return raw


async def ask(raw: Raw, request: str, **parameters: object) -> dict[str, object]:
    """Make a request and return its answer; events on the way are dropped."""
    raw.send(TEXT, msgspec.json.encode({"request": request, "id": request, **parameters}))
    while (message := await raw.message()).get("id") != request:
        assert "event" in message
    return message


async def serve_streamerbots(server: Server) -> None:
    """Do what well-behaved clients of both protocols do, and check every answer."""
    raw = await open_streamerbot(server)
    assert (await ask(raw, "Subscribe", events={"Good": ["Tick"]}))["status"] == "ok"
    async with Client(server.url, password=server.password) as client:
        for number in rounds():
            await client.call("global/@set", f'{{"name":"good","value":{number}}}')
            variable = msgspec.convert((await ask(raw, "GetGlobal", variable="good"))["variable"], dict[str, object])
            assert variable["value"] == number
            await client.set("event/Good/Tick", str(number))
            assert (await raw.message())["data"] == number
    await raw.end()


STREAMERBOT_FLOODS = {
    "reads": mask(TEXT, b'{"request":"GetGlobal","variable":"good"}') * 100,
    "long answers": mask(TEXT, b'{"request":"GetEvents"}') * 50,
    "services": mask(TEXT, b'{"request":"DoAction","action":{"name":"Nothing"}}') * 100,
    "responses to wait for": b"".join(
        mask(TEXT, b'{"request":"DoAction","action":{"name":"x"},"args":{"sbClientResponse":"%d"}}' % number)
        for number in range(100)
    ),
    "subscriptions": mask(TEXT, b'{"request":"Subscribe","events":"*"}') * 50
    + mask(TEXT, b'{"request":"UnSubscribe","events":"*"}') * 50,
    "outside requests": mask(TEXT, b'{"request":"SendMessage","message":"hi"}') * 100,
    "large requests": mask(TEXT, b'{"request":"Foo","text":"%s"}' % (b"x" * 200_000)),
    "objects that are none": mask(TEXT, b"[[[[[1]]]]]") * 100,
}


@pytest.mark.parametrize("flood", STREAMERBOT_FLOODS)
async def test_a_streamerbot_client_that_floods(both_doors: Server, flood: str) -> None:
    before = memory(both_doors)
    flooding = asyncio.create_task(send_for_ever(await open_streamerbot(both_doors), STREAMERBOT_FLOODS[flood]))
    await serve_streamerbots(both_doors)
    assert memory(both_doors) - before < MEMORY_GROWTH_BYTES
    assert not flooding.done()
    flooding.cancel()
    await asyncio.wait([flooding])


async def test_a_streamerbot_reader_that_stops(both_doors: Server) -> None:
    slow = await open_streamerbot(both_doors)
    await ask(slow, "Subscribe", events="*")
    slow.pause()
    before = memory(both_doors)
    async with Client(both_doors.url, password=both_doors.password) as client:
        for _ in range(200):
            await client.set("event/General/Custom", f'"{"x" * 100_000}"')
    await serve_streamerbots(both_doors)
    assert memory(both_doors) - before < MEMORY_GROWTH_BYTES
    slow.resume()
    assert await slow.close_code() == 1013
    await slow.end()


async def test_a_streamerbot_client_that_asks_and_does_not_read(both_doors: Server) -> None:
    slow = await open_streamerbot(both_doors)
    slow.pause()
    before = memory(both_doors)
    for _ in range(3000):
        slow.send(TEXT, b'{"request":"GetEvents"}')
    await serve_streamerbots(both_doors)
    assert memory(both_doors) - before < MEMORY_GROWTH_BYTES
    slow.resume()
    for _ in range(3000):
        assert b'"events"' in (await slow.frame())[1]
    await slow.end()


async def test_a_streamerbot_client_that_asks_while_it_has_to_wait_and_does_not_read(both_doors: Server) -> None:
    async with Client(both_doors.url, password=both_doors.password) as client:
        await client.set("global/persisted/large", msgspec.json.encode({"value": "x" * 500_000}).decode())
    slow = await Raw.open(both_doors.streamerbot_port)  # a guest
    await slow.message()
    slow.pause()
    before = memory(both_doors)
    for _ in range(2):  # the second one has to wait
        slow.send(TEXT, b'{"request":"Authenticate","authentication":"wrong"}')
    for _ in range(900):
        slow.send(TEXT, b'{"request":"GetGlobal","variable":"large"}')
    for _ in range(3):
        await serve_streamerbots(both_doors)
        assert memory(both_doors) - before < MEMORY_GROWTH_BYTES
    await slow.end()


async def test_streamerbot_clients_that_come_and_go(both_doors: Server) -> None:
    came = 0
    enough = asyncio.Event()

    async def come_and_go() -> None:
        nonlocal came
        while not enough.is_set():
            raw = await open_streamerbot(both_doors)
            raw.send(TEXT, b'{"request":"Subscribe","events":"*"}')
            raw.send(TEXT, b'{"request":"DoAction","action":{"name":"x"},"args":{"sbClientResponse":"a"}}')
            raw.send(TEXT, b'{"request":"GetUserPronouns","platform":"twitch","userLogin":""}')
            raw.send(TEXT, b'{"request":"GetGlobals"}')
            came += 1
            await raw.end()

    before = memory(both_doors)
    crowd = [asyncio.create_task(come_and_go()) for _ in range(8)]
    while came < 1000:
        await serve_streamerbots(both_doors)
    enough.set()
    await asyncio.gather(*crowd)
    assert memory(both_doors) - before < MEMORY_GROWTH_BYTES
