"""The door over real sockets: who is let in, what a connection may do, and how it ends."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urljoin

import pytest
from aiohttp import web

from stagedoor.access import OriginClass, OriginPolicy, Record
from stagedoor.audit import ignore
from stagedoor.errors import DoorError
from stagedoor.net.connection import Connection
from stagedoor.net.door import Door, Visitor
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.net.pages import Pages
from stagedoor.net.static import StaticFolder
from tests.net.echo import EchoHandler
from tests.net.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Raw


class Recorder(EchoHandler):
    """An echo that tells the test of its connection."""

    def __init__(self, opened: Callable[["Recorder"], None]) -> None:
        super().__init__()
        self._opened = opened
        self.connection: Connection
        self.is_late = False
        self.has_closed = asyncio.Event()

    def opened(self, connection: Connection) -> None:
        self.connection = connection
        super().opened(connection)
        self._opened(self)

    def closed(self) -> None:
        self.has_closed.set()

    def is_overdue(self, now: float) -> bool:
        return self.is_late


class Opened:
    """A listening door, and the handlers of its connections."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.handlers: asyncio.Queue[Recorder] = asyncio.Queue()
        self.visitors: list[Visitor] = []

    @property
    def port(self) -> int:
        return self.door.port


@asynccontextmanager
async def open_door(
    limits: Limits | None = None,
    *,
    path: str = "/",
    pages: Pages | None = None,
    origins: OriginPolicy | None = None,
    record: Record = ignore,
) -> AsyncIterator[Opened]:
    def make_handler(visitor: Visitor) -> Recorder:
        this.visitors.append(visitor)
        return Recorder(this.handlers.put_nowait)

    this = Opened(
        Door(
            "Test",
            sockets={path: make_handler},
            respond=(pages or Pages()).respond,
            turn=Turn(),
            limits=limits or Limits(),
            origins=origins or OriginPolicy(),
            record=record,
        )
    )
    await this.door.listen("localhost", 0)
    try:
        yield this
    finally:
        await this.door.close()


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    async with open_door() as door:
        yield door


async def get(
    port: int, path: str, *, method: str = "GET", host: str | None = None, extra: str = ""
) -> tuple[int, bytes]:
    """Make one HTTP request; returns status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    name = f"127.0.0.1:{port}" if host is None else host
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: {name}\r\n{extra}Connection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


# --- coming in ---


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_localhost_means_both_loopback_families(opened: Opened, host: str) -> None:
    raw, status, _ = await Raw.upgrade(opened.port, host=host, Host=f"localhost:{opened.port}")
    assert status == 101
    await raw.end()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{port}",
        "evil.example",
        "localhost:1",
        "0.0.0.0:{port}",
        "localhost.:{port}",
        "localhost6:{port}",
        "",
    ],
)
async def test_a_foreign_host_is_misdirected(opened: Opened, host: str) -> None:
    # strimertül's defect 36: a name that led to this machine was as good as its own.
    raw, status, _ = await Raw.upgrade(opened.port, Host=host.format(port=opened.port))
    assert status == 421
    assert (await get(opened.port, "/health", host=host.format(port=opened.port)))[0] in (400, 421)
    await raw.end()


async def test_a_program_may_leave_the_port_out_of_its_host_and_a_page_may_not(opened: Opened) -> None:
    # The clients nodejs-websocket and simple-websocket do so; no browser does.
    raw = await Raw.open(opened.port, Host="localhost")
    page, status, _ = await Raw.upgrade(opened.port, Host="localhost", Origin="http://localhost")
    assert status == 421
    assert (await get(opened.port, "/health", host="localhost"))[0] == 421
    await raw.end()
    await page.end()


@pytest.mark.parametrize("origin", ["http://absolute", "http://localhost:9999", "http://127.0.0.1", "null", "file://"])
async def test_pages_of_this_machine_may_connect(opened: Opened, origin: str) -> None:
    raw = await Raw.open(opened.port, Origin=origin)
    assert opened.visitors[-1].origin == origin
    await raw.end()


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.nip.io"])
async def test_a_page_of_a_foreign_site_gets_403(opened: Opened, origin: str) -> None:
    # strimertül's defect 36: pages of every web site could connect.
    raw, status, _ = await Raw.upgrade(opened.port, Origin=origin)
    assert status == 403
    await raw.end()


async def test_an_origin_that_was_let_in_may_connect() -> None:
    policy = OriginPolicy(frozenset(("https://overlays.example",)))
    async with open_door(origins=policy) as opened:
        raw = await Raw.open(opened.port, Origin="https://overlays.example")
        await raw.end()


async def test_a_page_of_the_doors_own_may_connect_by_any_name_of_the_door(opened: Opened) -> None:
    own = f"127.0.0.1:{opened.port}"
    raw = await Raw.open(opened.port, Host=own, Origin=f"http://{own}")
    assert opened.visitors[-1].origin_class is OriginClass.LOCAL
    other, status, _ = await Raw.upgrade(opened.port, Host=own, Origin=f"https://elsewhere.example:{opened.port}")
    assert status == 403
    await raw.end()
    await other.end()


async def test_who_is_refused_is_recorded_with_the_door_and_briefly() -> None:
    recorded: list[tuple[str, dict[str, object]]] = []
    async with open_door(record=lambda kind, facts: recorded.append((kind, dict(facts)))) as opened:
        for tried in (
            Raw.upgrade(opened.port, Origin="https://evil.example"),
            Raw.upgrade(opened.port, Host="evil.example"),
            Raw.upgrade(opened.port, Origin="x" * 14_000),
        ):
            await (await tried)[0].end()
        await get(opened.port, "/health", host=f"{'e' * 10_000}.example")
        assert opened.door.statistics().refused == 4
    page = {"door": "Test", "address": "127.0.0.1", "reason": "a page of a foreign web site"}
    host = {"door": "Test", "address": "127.0.0.1", "reason": "a name that is not this machine's"}
    assert recorded == [
        ("refused", {**page, "origin": "https://evil.example"}),
        ("refused", {**host, "host": "evil.example"}),
        ("refused", {**page, "origin": "x" * 200 + "…"}),
        ("refused", {**host, "host": "e" * 200 + "…"}),
    ]


async def test_who_is_refused_again_and_again_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with open_door() as opened:
        for number in range(30):
            raw, status, _ = await Raw.upgrade(opened.port, Origin=f"https://{number}.{'evil.' * 2000}example")
            assert status == 403
            await raw.end()
            assert (await get(opened.port, "/", host="evil.example"))[0] == 421
        assert len(caplog.messages) == 2
        assert all(len(message) < 300 for message in caplog.messages)
        opened.door.sum_up_refused(asyncio.get_running_loop().time() + 61)
    assert caplog.messages[2:] == [
        "the Test door refused 29 more within a minute: a page of a foreign web site",
        "the Test door refused 29 more within a minute: a name that is not this machine's",
    ]


async def test_firefox_may_ask_for_keep_alive_and_upgrade(opened: Opened) -> None:
    raw = await Raw.open(opened.port, Connection="keep-alive, Upgrade")
    raw.send(TEXT, b"hello")
    assert await raw.frame() == (TEXT, b"hello")
    await raw.end()


async def test_compression_is_declined(opened: Opened) -> None:
    raw, status, headers = await Raw.upgrade(opened.port, Sec_WebSocket_Extensions="permessage-deflate")
    assert status == 101
    assert "sec-websocket-extensions" not in headers
    await raw.end()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Key": ""}, 400),
        ({"Connection": "close"}, 400),
        ({"Content_Length": "5"}, 400),
    ],
)
async def test_a_bad_handshake_is_refused(opened: Opened, headers: dict[str, str], status: int) -> None:
    raw, answered, _ = await Raw.upgrade(opened.port, tls=None, **headers)
    assert answered == status
    await raw.end()


async def test_an_unknown_path_has_no_websocket(opened: Opened) -> None:
    raw, status, _ = await Raw.upgrade(opened.port, path="/elsewhere")
    assert status == 404
    await raw.end()


async def test_a_frame_that_comes_with_the_head_is_heard(opened: Opened) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
    writer.write(
        f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{opened.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        + b"\x81\x82\0\0\0\0hi"
    )
    await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(4) == b"\x81\x02hi"
    writer.close()


async def test_a_head_byte_by_byte_is_read(opened: Opened) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
    for byte in f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{opened.port}\r\nConnection: close\r\n\r\n".encode():
        writer.write(bytes((byte,)))
        await writer.drain()
    assert (await reader.read()).endswith(b"OK")
    writer.close()


async def test_a_head_that_is_too_long_is_refused(opened: Opened) -> None:
    raw = Raw(*await asyncio.open_connection("127.0.0.1", opened.port))
    status, _ = await raw.request(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000)
    assert status == 431
    await raw.end()


async def test_a_head_that_takes_too_long_is_cut() -> None:
    async with open_door(Limits(head_timeout_s=0.01)) as opened:
        reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
        writer.write(b"GET / HT")
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()


async def test_connections_are_limited() -> None:
    async with open_door(Limits(connections=2)) as opened:
        inside = [await Raw.open(opened.port) for _ in range(2)]
        raw, status, _ = await Raw.upgrade(opened.port)
        assert status == 503
        for connection in (*inside, raw):
            await connection.end()


async def test_many_who_come_at_once_do_not_come_in_one_by_one(opened: Opened) -> None:
    # A turn is as long as there is to do in it, so whoever comes to a busy door would wait for all before him.
    visitors = [socket.create_connection(("127.0.0.1", opened.port)) for _ in range(100)]
    turns = 0
    for visitor in visitors:
        visitor.sendall(
            f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{opened.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
    while len(opened.visitors) < len(visitors):
        await asyncio.sleep(0)
        turns += 1
    assert turns < len(visitors) / 2
    for visitor in visitors:
        visitor.close()


async def test_a_target_that_names_another_host_is_refused(opened: Opened) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
    writer.write(b"GET http://evil.example/health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % opened.port)
    assert await reader.readuntil(b"\r\n") == b"HTTP/1.1 421 Misdirected Request\r\n"
    writer.close()


async def test_a_malformed_request_is_no_error_of_ours(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    # What the switch lets through since its head can be read, and aiohttp does not take.
    status, _ = await get(opened.port, "/health", extra="Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")
    assert status == 400
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_who_goes_before_the_body_was_sent_is_no_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    heads: asyncio.Queue[web.BaseRequest] = asyncio.Queue()
    gone = asyncio.Event()

    async def read(request: web.BaseRequest) -> web.StreamResponse:
        heads.put_nowait(request)
        try:
            return web.Response(body=await request.read())
        finally:
            gone.set()

    door = Door("Test", sockets={}, respond=read, turn=Turn(), limits=Limits(), origins=OriginPolicy())
    await door.listen("127.0.0.1", 0)
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{door.port}\r\nContent-Length: 9\r\n\r\nhalf".encode())
    await heads.get()
    writer.transport.abort()
    await gone.wait()
    await door.close()  # waits for what the handler's end entails
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_header_may_fill_the_head(opened: Opened) -> None:
    """A browser sends the cookies of ``localhost`` to every port of it, whoever set them."""
    assert await get(opened.port, "/health", extra=f"Cookie: {'x' * 15_000}\r\n") == (200, b"OK")


async def test_idle_connections_of_http_are_limited_and_the_oldest_goes() -> None:
    async with open_door(Limits(http_connections=2)) as opened:
        idle = []
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
            writer.write(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % opened.port)
            await reader.readuntil(b"\r\n\r\nOK")
            idle.append((reader, writer))
        with suppress(ConnectionError):
            async with asyncio.timeout(5):
                assert await idle[0][0].read() == b""
        for reader, writer in idle[1:]:
            writer.write(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % opened.port)
            await reader.readuntil(b"\r\n\r\nOK")
        for _, writer in idle:
            writer.close()


async def test_connections_of_one_origin_are_limited() -> None:
    async with open_door(Limits(connections_an_origin=1)) as opened:
        page = await Raw.open(opened.port, Origin="http://localhost:1")
        raw, status, _ = await Raw.upgrade(opened.port, Origin="http://localhost:1")
        program = await Raw.open(opened.port)
        assert status == 503
        for connection in (page, raw, program):
            await connection.end()


async def test_pages_of_one_origin_take_64_places_unless_told_otherwise(opened: Opened) -> None:
    """Pages of no known origin are one origin, however many sites they come from."""
    inside = [await Raw.open(opened.port, Origin="null") for _ in range(64)]
    raw, status, _ = await Raw.upgrade(opened.port, Origin="null")
    other = await Raw.open(opened.port, Origin="http://localhost:1")
    assert status == 503
    await inside[0].end()
    await (await opened.handlers.get()).has_closed.wait()
    inside[0] = await Raw.open(opened.port, Origin="null")
    for connection in (*inside, raw, other):
        await connection.end()


async def test_a_port_in_use_is_an_error_that_names_its_holder(opened: Opened) -> None:
    second = Door("Second", sockets={}, respond=Pages().respond, turn=Turn(), limits=Limits(), origins=OriginPolicy())
    with pytest.raises(DoorError, match=r"Second door cannot listen on localhost:\d+: .* listens there already"):
        await second.listen("localhost", opened.port)
    await second.close()


# --- moving ---


async def settle_nothing() -> None:
    """Agree."""


async def refuse() -> None:
    raise ValueError("it cannot be stored")


async def echoes(port: int) -> bool:
    try:
        raw = await Raw.open(port)
    except ConnectionRefusedError:
        return False
    raw.send(TEXT, b"is anybody there?")
    answer = await raw.frame()
    await raw.end()
    return answer == (TEXT, b"is anybody there?")


async def test_a_door_moves_and_whoever_is_in_stays(opened: Opened) -> None:
    before = opened.port
    raw = await Raw.open(before)

    async def both_are_had() -> None:
        assert await echoes(before)

    await opened.door.move(("127.0.0.1", 0), both_are_had)
    assert opened.port != before
    assert await echoes(opened.port)
    assert not await echoes(before)
    raw.send(TEXT, b"still here")
    assert await raw.frame() == (TEXT, b"still here")
    await raw.end()


async def test_a_door_can_be_shut_and_opened(opened: Opened) -> None:
    before = opened.port
    await opened.door.move(None, settle_nothing)
    assert not opened.door.is_open
    assert not await echoes(before)
    await opened.door.move(("localhost", before), settle_nothing)
    assert await echoes(before)


async def test_a_door_takes_other_addresses_at_its_port(opened: Opened) -> None:
    before = opened.port
    await opened.door.move(("127.0.0.1", before), settle_nothing)
    assert opened.door.addresses == [("127.0.0.1", before)]
    await opened.door.move(("0.0.0.0", before), settle_nothing)
    assert opened.door.addresses == [("0.0.0.0", before)]
    assert await echoes(before)


@pytest.mark.parametrize("address", [None, ("127.0.0.1", 0), ("127.0.0.1", -1)], ids=["off", "elsewhere", "its port"])
async def test_a_move_that_is_not_settled_is_none(opened: Opened, address: tuple[str, int] | None) -> None:
    before = opened.door.addresses
    if address is not None and address[1] < 0:
        address = (address[0], opened.port)
    with pytest.raises(ValueError, match="cannot be stored"):
        await opened.door.move(address, refuse)
    assert opened.door.addresses == before
    assert await echoes(opened.port)


@pytest.mark.parametrize("is_same_port", [True, False])
async def test_a_move_that_is_cancelled_is_none(opened: Opened, *, is_same_port: bool) -> None:
    before = opened.door.addresses
    is_settling = asyncio.Event()

    async def settle() -> None:
        is_settling.set()
        await asyncio.Event().wait()

    port = opened.port if is_same_port else 0
    moving = asyncio.create_task(opened.door.move(("127.0.0.1", port), settle))
    await is_settling.wait()
    moving.cancel()
    await asyncio.wait([moving])
    assert moving.cancelled()
    assert opened.door.addresses == before
    assert await echoes(opened.port)


# --- messages ---


async def test_fragments_are_joined_and_control_frames_may_come_between(opened: Opened) -> None:
    raw = await Raw.open(opened.port)
    raw.send(TEXT, "Grü".encode()[:3], fin=False)
    raw.send(PING, b"?")
    raw.send(CONTINUATION, "Grü".encode()[3:])
    assert await raw.frame() == (PONG, b"?")
    assert await raw.frame() == (TEXT, "Grü".encode())
    await raw.end()


async def test_long_and_short_messages_of_one_turn_arrive_whole(opened: Opened) -> None:
    """A long frame's header must not be overwritten by the short frame behind it."""
    raw = await Raw.open(opened.port)
    connection = (await opened.handlers.get()).connection
    messages = [b"x" * size for size in (20_000, 5, 70_000, 126, 9_000, 8_193, 8_192, 0)]
    for message in messages:
        connection.send(message)
    connection.send_binary(b"y" * 10_000)
    for message in messages:
        assert await raw.frame() == (TEXT, message)
    assert await raw.frame() == (BINARY, b"y" * 10_000)
    await raw.end()


async def test_a_message_over_the_limit_ends_with_1009_and_is_not_heard() -> None:
    async with open_door(Limits(message_bytes=1000)) as opened:
        raw = await Raw.open(opened.port)
        raw.send(TEXT, b"x" * 1001)
        assert await raw.close_code() == 1009
        await raw.end()


async def test_fragments_over_the_limit_end_with_1009() -> None:
    async with open_door(Limits(message_bytes=1000)) as opened:
        raw = await Raw.open(opened.port)
        raw.send(TEXT, b"x" * 600, fin=False)
        raw.send(CONTINUATION, b"x" * 600)
        assert await raw.close_code() == 1009
        await raw.end()


async def test_invalid_utf8_ends_with_1007(opened: Opened) -> None:
    raw = await Raw.open(opened.port)
    raw.send(TEXT, b"\xff")
    assert await raw.close_code() == 1007
    await raw.end()


async def test_a_surrogate_is_no_utf8(opened: Opened) -> None:
    raw = await Raw.open(opened.port)
    raw.send(TEXT, b"\xed\xa0\x80")
    assert await raw.close_code() == 1007
    await raw.end()


async def test_a_handlers_bug_ends_its_own_connection_with_1011(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, bystander = await Raw.open(opened.port), await Raw.open(opened.port)
    handler = await opened.handlers.get()

    def fail(message: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(handler, "text", fail)
    raw.send(TEXT, b"x")
    assert await raw.close_code() == 1011
    bystander.send(TEXT, b"still here")
    assert await bystander.frame() == (TEXT, b"still here")
    await raw.end()
    await bystander.end()


async def test_what_comes_behind_a_fault_in_one_read_holds_nobody_up(opened: Opened) -> None:
    faulty, other = await Raw.open(opened.port), await Raw.open(opened.port)
    await opened.handlers.get()
    connection = (await opened.handlers.get()).connection
    faulty.writer.write(b"\xc1\x80\0\0\0\0" + b"\x81\x81\0\0\0\0x" * 3)
    assert await faulty.close_code() == 1002
    connection.send(b"not asked for")
    assert await other.frame() == (TEXT, b"not asked for")
    await faulty.end()
    await other.end()


# --- the end of a connection ---


@pytest.mark.parametrize(
    ("payload", "code"), [(b"", 1000), (b"\x03\xe8", 1000), (b"\x0f\xa0", 4000), (b"\x03\xed", 1002)]
)
async def test_a_close_is_answered(opened: Opened, payload: bytes, code: int) -> None:
    raw = await Raw.open(opened.port)
    handler = await opened.handlers.get()
    raw.send(CLOSE, payload)
    assert await raw.close_code() == code
    assert await raw.reader.read() == b""
    await handler.has_closed.wait()
    await raw.end()


async def test_nothing_is_heard_after_a_close(opened: Opened) -> None:
    raw = await Raw.open(opened.port)
    raw.writer.write(b"\x88\x80\0\0\0\0" + b"\x81\x81\0\0\0\0x")
    assert (await raw.frame())[0] == CLOSE
    assert await raw.reader.read() == b""
    await raw.end()


async def test_a_reader_that_stops_is_dropped_with_1013_and_nobody_else_notices() -> None:
    # strimertül's defect 3: a client that did not read held all others up.
    async with open_door(Limits(queue_bytes=100_000)) as opened:
        slow, other = await Raw.open(opened.port), await Raw.open(opened.port)
        handler = await opened.handlers.get()
        slow.pause()
        while not handler.has_closed.is_set():
            handler.connection.send(b"x" * 50_000)
            other.send(TEXT, b"ping")
            assert await other.frame() == (TEXT, b"ping")
        slow.resume()
        assert await slow.close_code() == 1013
        await slow.end()
        await other.end()


async def test_a_silent_connection_is_pinged_and_stays_when_it_answers() -> None:
    async with open_door(Limits(ping_after_s=0.01)) as opened:
        raw = await Raw.open(opened.port)
        handler = await opened.handlers.get()
        for _ in range(2):
            assert await raw.frame() == (PING, b"")
            raw.send(PONG)
        assert not handler.has_closed.is_set()
        await raw.end()


async def test_a_dead_peer_is_given_up() -> None:
    async with open_door(Limits(ping_after_s=0.01)) as opened:
        raw = await Raw.open(opened.port)
        handler = await opened.handlers.get()
        assert await raw.frame() == (PING, b"")
        await handler.has_closed.wait()
        with suppress(ConnectionError):
            assert await raw.reader.read() == b""
        await raw.end()


async def test_who_should_have_logged_in_is_closed_with_1008(opened: Opened) -> None:
    raw = await Raw.open(opened.port)
    (await opened.handlers.get()).is_late = True
    assert await raw.close_code() == 1008
    await raw.end()


async def test_the_end_of_the_door_is_told_with_1001() -> None:
    async with open_door() as opened:
        polite, rude = await Raw.open(opened.port), await Raw.open(opened.port)
        closing = asyncio.create_task(opened.door.close())
        assert await polite.close_code() == 1001
        polite.send(CLOSE, b"\x03\xe9")
        assert await polite.reader.read() == b""
        assert await rude.close_code() == 1001
        await closing
        for raw in (polite, rude):
            await raw.end()


# --- HTTP ---


async def test_health_says_ok_to_everybody(opened: Opened) -> None:
    assert await get(opened.port, "/health") == (200, b"OK")
    assert await get(opened.port, "/health", extra="Accept: application/json\r\n") == (200, b'{"status": "ok"}')


async def test_the_page_says_what_runs_here() -> None:
    async with open_door(path="/ws") as opened:
        status, body = await get(opened.port, "/")
        assert status == 200
        assert f"ws://127.0.0.1:{opened.port}/ws".encode() in body


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /health",
        "GET /nothing",
        "GET /ws",
        "GET /static/nothing",
        "JUMP /health",  # which aiohttp refuses by itself, as it does the next one
        "GET /\xfc",
    ],
)
async def test_no_answer_tells_which_libraries_answer(opened: Opened, request_line: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
    writer.write(f"{request_line} HTTP/1.1\r\nHost: 127.0.0.1:{opened.port}\r\nConnection: close\r\n\r\n".encode())
    head = (await reader.read()).partition(b"\r\n\r\n")[0].lower()
    writer.close()
    assert b"server: stagedoor\r\n" in head + b"\r\n"
    assert b"aiohttp" not in head


async def test_a_websocket_path_asks_plain_http_to_upgrade(opened: Opened) -> None:
    assert (await get(opened.port, "/"))[0] == 426


@pytest.mark.parametrize("path", ["/elsewhere", "/static/", "/static", "//", "/../etc/passwd", "/debug/pprof/"])
async def test_nothing_else_is_served(opened: Opened, path: str) -> None:
    # strimertül's defect 36: the profiler was open to everybody.
    assert (await get(opened.port, path))[0] in (400, 404)


async def test_other_methods_are_not_allowed(opened: Opened) -> None:
    assert (await get(opened.port, "/elsewhere", method="DELETE", extra="Content-Length: 0\r\n"))[0] == 405


async def test_tls_on_the_plain_port_is_answered_and_cut(opened: Opened) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
    writer.write(b"\x16\x03\x01\x02\x00\x01\x00")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()


@pytest.fixture
def overlays(tmp_path: Path) -> Path:
    folder = tmp_path / "overlays"
    (folder / "sub").mkdir(parents=True)
    (folder / "index.html").write_text("<p>start")
    (folder / "chat.js").write_text("export {}")
    (folder / "sub" / "index.html").write_text("<p>sub")
    (folder / ".hidden").write_text("hidden")
    (folder / "a b.txt").write_text("blank")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "inner.txt").symlink_to(folder / "chat.js")
    return folder


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/static/", 200, b"<p>start"),
        ("/static/index.html", 200, b"<p>start"),
        ("/static/chat.js", 200, b"export {}"),
        ("/static/a%20b.txt", 200, b"blank"),
        ("/static/sub/", 200, b"<p>sub"),
        ("/static/inner.txt", 200, b"export {}"),
        ("/static/sub", 301, None),
        ("/static", 301, None),
        ("/static/.hidden", 404, None),
        ("/static/link.txt", 404, None),
        ("/static/../secret.txt", 404, None),
        ("/static/%2e%2e/secret.txt", 404, None),
        ("/static/sub/%2e%2e%2f%2e%2e%2fsecret.txt", 404, None),
        ("/static/..%5csecret.txt", 404, None),
        ("/static/%00", 404, None),
        ("/static/%ff", 404, None),
        ("/static/none.txt", 404, None),
        ("/static/%2fetc/passwd", 404, None),
        ("/static/chat.js/", 404, None),
        ("/static/chat.js%2f", 404, None),
        ("/static/chat.js//", 404, None),
    ],
)
async def test_static_files_and_nothing_outside(
    overlays: Path, tmp_path: Path, path: str, status: int, body: bytes | None
) -> None:
    pages = Pages(StaticFolder(overlays, private=tmp_path / "data"))
    async with open_door(pages=pages) as opened:
        answered, content = await get(opened.port, path)
        assert answered == status
        assert body is None or content == body
        assert b"secret" not in content


@pytest.mark.parametrize("path", ["/static", "/static/sub"])
async def test_a_folder_without_its_slash_keeps_its_query(overlays: Path, tmp_path: Path, path: str) -> None:
    async with open_door(pages=Pages(StaticFolder(overlays, private=tmp_path / "data"))) as opened:
        raw = Raw(*await asyncio.open_connection("127.0.0.1", opened.port))
        status, headers = await raw.request(
            f"GET {path}?colour=%23fff HTTP/1.1\r\nHost: localhost:{opened.port}\r\n\r\n".encode()
        )
        assert status == 301
        assert urljoin(path, headers["location"]) == f"{path}/?colour=%23fff"
        await raw.end()


FRIEND = "https://friend.example"


@pytest.mark.parametrize(
    ("kind", "whence", "status"),
    [
        ("script", {}, 403),
        ("script", {"Referer": "https://evil.example/page"}, 403),
        ("script", {"Referer": "http://localhost@evil.example/"}, 403),
        ("script", {"Referer": "http://localhost.evil.example/http://localhost/"}, 403),
        ("script", {"Referer": "about:client"}, 403),
        ("script", {"Origin": "null", "Referer": f"{FRIEND}/page"}, 403),
        ("script", {"Origin": "https://evil.example", "Referer": f"{FRIEND}/page"}, 403),
        ("style", {"Referer": "https://evil.example/"}, 403),
        ("worker", {}, 403),
        ("sharedworker", {}, 403),
        ("object", {}, 403),
        ("embed", {}, 403),
        ("empty", {}, 403),
        ("something new", {}, 403),
        ("script", {"Referer": "http://127.0.0.1:5500/index.html"}, 200),
        ("script", {"Referer": "http://absolute/"}, 200),
        ("script", {"Referer": f"{FRIEND}/page?x#y"}, 200),
        ("script", {"Referer": FRIEND}, 200),
        ("style", {"Origin": "http://localhost:5500"}, 200),
        ("image", {"Referer": "https://evil.example/"}, 200),
        ("video", {}, 200),
        ("font", {"Origin": "https://evil.example"}, 200),
        ("document", {}, 200),
        ("iframe", {"Referer": "https://evil.example/"}, 200),
    ],
)
@pytest.mark.parametrize("path", ["/static/chat.js", "/static/examples/stagedoor.js"])
async def test_a_foreign_page_may_show_a_file_and_not_include_it(
    overlays: Path, tmp_path: Path, path: str, kind: str, whence: dict[str, str], status: int
) -> None:
    policy = OriginPolicy(frozenset((FRIEND,)))
    pages = Pages(StaticFolder(overlays, private=tmp_path / "data"), origins=policy)
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": kind, **whence}
    extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    async with open_door(pages=pages, origins=policy) as opened:
        answered, content = await get(opened.port, path, extra=extra)
    assert answered == status
    assert (b"may not include this file" in content) is (status == 403)


async def test_the_owner_is_asked_about_a_site_whose_page_may_not_include_a_file(
    overlays: Path, tmp_path: Path
) -> None:
    asked: list[str] = []
    policy = OriginPolicy(ask=lambda origin, asker: asked.append(origin))
    pages = Pages(StaticFolder(overlays, private=tmp_path / "data"), origins=policy)
    by = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: script\r\n"
    async with open_door(pages=pages, origins=policy) as opened:
        await get(opened.port, "/static/chat.js", extra=by)
        assert asked == []
        await get(opened.port, "/static/chat.js", extra=f"{by}Referer: {FRIEND}/page\r\n")
        assert asked == [FRIEND]


async def test_programs_and_pages_of_the_same_site_and_who_trusts_all_get_every_file(
    overlays: Path, tmp_path: Path
) -> None:
    policy = OriginPolicy(trusts_all=True)
    for trusting, heads in (
        (OriginPolicy(), ["", *(f"Sec-Fetch-Site: {site}\r\n" for site in ("none", "same-origin", "same-site"))]),
        (policy, ["Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: cross-site\r\nOrigin: null\r\n"]),
    ):
        pages = Pages(StaticFolder(overlays, private=tmp_path / "data"), origins=trusting)
        async with open_door(pages=pages, origins=trusting) as opened:
            for head in heads:
                assert (await get(opened.port, "/static/chat.js", extra=f"{head}Sec-Fetch-Dest: script\r\n"))[0] == 200


async def test_scripts_have_their_type_and_are_not_sniffed(overlays: Path, tmp_path: Path) -> None:
    async with open_door(pages=Pages(StaticFolder(overlays, private=tmp_path / "data"))) as opened:
        raw = Raw(*await asyncio.open_connection("127.0.0.1", opened.port))
        status, headers = await raw.request(
            f"GET /static/chat.js HTTP/1.1\r\nHost: localhost:{opened.port}\r\nRange: bytes=0-5\r\n\r\n".encode()
        )
        assert status == 206
        assert headers["content-type"] == "text/javascript; charset=utf-8"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-cache"
        await raw.end()


def test_a_folder_that_would_show_the_data_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "inner").mkdir(parents=True)
    for folder in (tmp_path, data, data / "inner"):
        with pytest.raises(ValueError, match="data folder"):
            StaticFolder(folder, private=data)
    with pytest.raises(ValueError, match="No such file"):
        StaticFolder(tmp_path / "absent", private=data)
