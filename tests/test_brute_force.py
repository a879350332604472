"""Ten thousand wrong answers at once, and a flood of questions: memory and log stay small, who is right comes in."""

import asyncio
import base64
import contextlib
import logging
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import psutil
import pytest

from stagedoor.access import Doorkeeper, OverlayKeys, Scopes, sign
from stagedoor.access.asks import MAX_OPEN, Asker, AskQueue, AskRefused, Metadata, Subject
from stagedoor.audit.flood import BURST, RATE
from stagedoor.kilovolt import AskMetadata, Client
from stagedoor.streamerbot import Client as StreamerbotClient
from tests.clients.owner import answer_next_question, make_overlay_key
from tests.conftest import Server
from tests.kilovolt.harness import FakeClock
from tests.net.websocket import TEXT, Raw

GUESSES: Final = 10_000

WORKERS: Final = 20
"""At each way in; some of them will be kept waiting, and the others go on."""

MAX_GROWTH_BYTES: Final = 24 << 20

LOCAL: Final = "127.0.0.1"
HOSTILE_PAGES: Final = ["null", "file://", "https://let-in.example"]


# --- at the doors ---


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Raw]:
    """Connect, and leave no socket behind whenever that is given up."""
    raw = Raw(*await asyncio.open_connection(LOCAL, port))
    try:
        yield raw
    finally:
        await raw.end()


@asynccontextmanager
async def knocking(server: Server, path: str, port: int) -> AsyncIterator[Raw]:
    async with connected(port) as raw:
        status, _ = await raw.request(
            f"GET {path} HTTP/1.1\r\nHost: {LOCAL}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        assert status == 101
        yield raw


async def guess_kilovolt(server: Server) -> None:
    async with knocking(server, "/ws", server.port) as raw:
        raw.ask("klogin", auth="challenge")
        while (await raw.message()).get("request_id") != "klogin":
            pass
        raw.ask("kauth", hash=base64.b64encode(bytes(32)).decode())
        assert (await raw.message())["error"] == "authentication failed"


async def guess_token(server: Server) -> None:
    async with knocking(server, "/ws", server.port) as raw:
        raw.ask("klogin", auth="token", token="guessed")
        while (answer := await raw.message()).get("request_id") != "klogin":
            pass
        assert answer["error"] == "authentication failed"


async def guess_streamerbot(server: Server) -> None:
    async with knocking(server, "/", server.streamerbot_port) as raw:
        await raw.message()
        raw.send(TEXT, msgspec.json.encode({"request": "Authenticate", "id": "1", "authentication": "guessed"}))
        assert (await raw.message())["status"] == "error"


async def guess_http(server: Server) -> None:
    head = f"GET /api/GetInfo HTTP/1.1\r\nHost: {LOCAL}:{server.http_port}\r\nAuthorization: Bearer guessed\r\n\r\n"
    async with connected(server.http_port) as raw:
        assert (await raw.request(head.encode()))[0] == 401


async def guess_code(server: Server) -> None:
    body = '{"code": "guessed"}'
    head = f"POST /pass HTTP/1.1\r\nHost: {LOCAL}:{server.console_port}\r\nContent-Type: application/json\r\n"
    async with connected(server.console_port) as raw:
        assert (await raw.request(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()))[0] == 403


WAYS: Final = (guess_kilovolt, guess_token, guess_streamerbot, guess_http, guess_code)


async def guess(server: Server, times: int) -> None:
    """Guess so often by each way in, many at once; who is kept waiting gives up at the end."""

    async def work(way: Callable[[Server], Awaitable[None]], numbers: "count[int]") -> None:
        while next(numbers) < times:
            await way(server)

    async def flood(way: Callable[[Server], Awaitable[None]]) -> None:
        numbers = count()
        workers = [asyncio.create_task(work(way, numbers)) for _ in range(WORKERS)]
        # Eight answers of an address wait at a time at each of the two doors that keep anybody waiting.
        pending = set(workers)
        while len(pending) > 8:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for worker in workers:
            worker.cancel()
        ended = await asyncio.gather(*workers, return_exceptions=True)
        for problem in ended:
            if problem is not None and not isinstance(problem, asyncio.CancelledError):
                raise problem

    await asyncio.gather(*(flood(way) for way in WAYS))


async def come_in(server: Server, key: str, token_file: Path) -> None:
    """Come in by all that is right: the password at each door, an overlay key, and the token of an application."""
    async with asyncio.timeout(20):
        async with Client(server.url, password=server.password, reconnect=False) as client:
            assert await client.get("canary") == "sings"
        async with Client(server.url, password=key, reconnect=False) as client:
            assert await client.get("canary") == "sings"
        async with Client(server.url, ask=AskMetadata(), token_file=token_file, reconnect=False) as client:
            assert await client.get("canary") == "sings"
        async with StreamerbotClient(server.streamerbot_url, password=server.password, reconnect=False) as streamerbot:
            assert streamerbot.info.name == "stagedoor"
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {server.password}"}) as session:
            assert (await session.get(f"{server.http_url}/api/GetInfo")).status == 200


@pytest.mark.timeout(300)
async def test_ten_thousand_wrong_answers_keep_out_nobody_and_leave_little(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", streamerbot=True, console=True, STAGEDOOR_STREAMERBOT_AUTH="enforced")
    await server.start()
    try:
        async with Client(server.url, token=server.control_token) as owner:
            await owner.set("canary", "sings")
            _, key = await make_overlay_key(server, "read:canary")
            token_file = tmp_path / "token"
            answering = asyncio.create_task(answer_next_question(server, allow=True, remember=True))
            async with Client(server.url, ask=AskMetadata(name="App"), token_file=token_file, reconnect=False):
                await answering
            await come_in(server, key, token_file)
            loop = asyncio.get_running_loop()
            began = loop.time()
            await guess(server, GUESSES // 50)
            before = psutil.Process(server.pid).memory_info().rss
            guessing = asyncio.create_task(guess(server, GUESSES // len(WAYS)))
            visits = 0
            while not guessing.done():
                await come_in(server, key, token_file)
                visits += 1
            await guessing
            assert visits > 1
            assert psutil.Process(server.pid).memory_info().rss - before < MAX_GROWTH_BYTES
            page = await owner.call_json("stagedoor/@audit", {"kinds": ["refused"]}, dict[str, Any])
            assert page is not None
            assert 4 <= page["total"] <= BURST + RATE * (loop.time() - began) + 10
    finally:
        await server.stop()


# --- at the doorkeeper ---


def answer(
    doorkeeper: Doorkeeper, password: str, address: str = LOCAL, origin: str | None = None
) -> tuple[bool, float | None]:
    challenge = doorkeeper.challenge()
    signed = sign(password, challenge.challenge, challenge.salt)
    proof, delay_s = doorkeeper.judge(challenge, signed, address, origin)
    return proof is not None, delay_s


@pytest.mark.parametrize("spread", ["one address", "a network each"])
def test_the_memory_of_wrong_answers_is_bounded(spread: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("stagedoor.access.doorkeeper"), "disabled", True)  # pytest keeps all lines
    doorkeeper = Doorkeeper(FakeClock(), password="hunter2")

    def flood(start: int) -> None:
        for number in range(start, start + GUESSES):
            place = number if spread == "a network each" else 0
            answer(doorkeeper, "guessed", f"2001:db8:{place >> 16:x}:{place & 0xFFFF:x}::1")

    flood(0)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        flood(GUESSES)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1 << 19, "the place of each that was forgotten"


def test_an_address_that_guesses_slows_down_nobody_else() -> None:
    doorkeeper = Doorkeeper(FakeClock(), password="hunter2")
    for _ in range(GUESSES):
        answer(doorkeeper, "guessed", "198.51.100.7")
    assert answer(doorkeeper, "hunter2", "198.51.100.8") == (True, 0.0)
    assert answer(doorkeeper, "hunter2") == (True, 0.0)


@pytest.mark.parametrize("origin", HOSTILE_PAGES)
def test_a_page_of_another_site_cannot_try_passwords_as_fast_as_it_likes(origin: str) -> None:
    """A right answer of this machine's programs never waits; that of a page would tell it at once what is right."""
    clock = FakeClock()
    doorkeeper = Doorkeeper(clock, password="hunter2")
    answer(doorkeeper, "guessed", origin=origin)
    let_in, delay_s = answer(doorkeeper, "guessed", origin=origin)
    assert not let_in
    assert delay_s
    _, right_delay_s = answer(doorkeeper, "hunter2", origin=origin)
    assert (right_delay_s or 0.0) > delay_s, "it waits behind the wrong one"
    for _ in range(GUESSES):
        answer(doorkeeper, "guessed", origin=origin)
    assert answer(doorkeeper, "hunter2", origin=origin) == (False, None), "refused unseen: too many wait already"
    for own in (None, "http://absolute", "http://localhost:4337"):
        assert answer(doorkeeper, "hunter2", origin=own) == (True, 0.0)
    clock.advance(3600)
    for _ in range(8):
        doorkeeper.waited(LOCAL, origin)
    assert answer(doorkeeper, "hunter2", origin=origin)[0]


def test_overlay_keys_count_as_the_password_does() -> None:
    keys = OverlayKeys(lambda: 0.0, lambda: None)
    key = keys.make("An overlay", Scopes.parse(["read:counter/*"]))
    doorkeeper = Doorkeeper(FakeClock(), password="hunter2", overlay_keys=keys)
    for _ in range(100):
        answer(doorkeeper, "guessed")
    assert answer(doorkeeper, key.key) == (True, 0.0)
    answer(doorkeeper, "guessed", "198.51.100.7")
    answer(doorkeeper, "guessed", "198.51.100.7")
    assert answer(doorkeeper, key.key, "198.51.100.7")[1]


# --- questions ---


def put(asks: AskQueue, asker: Asker, subject: Subject = Subject.APP) -> bool:
    """Tell whether a question could be put."""
    with contextlib.suppress(AskRefused):
        asks.put(asker, Metadata(), lambda answer: None, subject)
        return True
    return False


def test_a_flood_of_questions_is_five_at_a_time_and_leaves_room_for_others() -> None:
    asks = AskQueue(FakeClock())
    assert (
        sum(put(asks, Asker(f"198.51.100.{number % 250}", f"http://localhost:{number}")) for number in range(GUESSES))
        == 5
    )
    assert sum(put(asks, Asker(LOCAL, f"https://{n}.example"), Subject.ORIGIN) for n in range(GUESSES)) == 3
    assert sum(put(asks, Asker(f"198.51.100.{n % 250}"), Subject.DEVICE) for n in range(GUESSES)) == 2
    assert len(asks) == sum(MAX_OPEN.values())


def test_an_asker_is_heard_three_times_a_minute_and_not_at_all_after_three_refusals() -> None:
    clock = FakeClock()
    asks = AskQueue(clock)
    asker = Asker(LOCAL, "http://localhost:1")
    for _ in range(3):
        assert put(asks, asker)
        asks.answer(asks.open[0].id, allow=False)
    assert not put(asks, asker)
    clock.advance(59)
    assert not put(asks, asker)
    clock.advance(2)
    assert put(asks, asker)


def test_who_was_silenced_stays_so_whatever_else_asks() -> None:
    """Names that an asker makes up must not push out of memory that it was refused."""
    asks = AskQueue(FakeClock())
    asker = Asker(LOCAL, "http://localhost:1")
    for _ in range(3):
        assert put(asks, asker)
        asks.answer(asks.open[0].id, allow=False)
    for number in range(GUESSES):
        put(asks, Asker(LOCAL, f"https://{number}.example"), Subject.ORIGIN)
    assert not put(asks, asker)


def test_questions_about_sites_do_not_use_up_those_of_applications_and_devices() -> None:
    asks = AskQueue(FakeClock())
    phone = "198.51.100.7"
    for number in range(3):
        assert put(asks, Asker(phone, f"https://{number}.example"), Subject.ORIGIN)
        asks.answer(asks.open[0].id, allow=False)
    assert put(asks, Asker(phone, "http://localhost:1"))
    assert put(asks, Asker(phone), Subject.DEVICE)


def test_a_machine_in_the_network_is_one_asker_whatever_origin_it_names() -> None:
    clock = FakeClock()
    asks = AskQueue(clock)
    heard = 0
    for number in range(100):
        if put(asks, Asker("198.51.100.7", f"http://localhost:{number}")):
            heard += 1
            asks.answer(asks.open[0].id, allow=False)
    assert heard == 3
