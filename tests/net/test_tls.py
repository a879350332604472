"""TLS on a door's port: the same as in plain text, beside it, and plain text refused where it would cross a network."""

import asyncio
import http.client
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stagedoor.access import OriginClass, OriginPolicy
from stagedoor.net.door import Door, Visitor
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from stagedoor.net.pages import Pages
from stagedoor.net.static import StaticFolder
from stagedoor.net.tls import make_tls_protocol
from tests.certificates import HOST, Rule, own_address
from tests.net.test_door import Opened, Recorder
from tests.net.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Raw, mask

SIZES = [1, 125, 126, 8192, 8193, 65535, 65536, 1 << 20]


@asynccontextmanager
async def open_door(
    rule: Rule, limits: Limits | None = None, *, pages: Pages | None = None, path: str = "/", host: str = "localhost"
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
            origins=OriginPolicy(),
            tls=rule,
            plain_paths=("/health", "/static/given/"),
        )
    )
    await this.door.listen(host, 0)
    try:
        yield this
    finally:
        await this.door.close()


@pytest.fixture(scope="module")
def shared_rule(tmp_path_factory: pytest.TempPathFactory) -> Rule:
    return Rule(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def rule(shared_rule: Rule) -> Rule:
    shared_rule.strangers = ()
    return shared_rule


@pytest.fixture
def tls(rule: Rule) -> ssl.SSLContext:
    return rule.trusting()


@pytest.fixture
async def opened(rule: Rule) -> AsyncIterator[Opened]:
    async with open_door(rule) as door:
        yield door


async def fetch(
    port: int,
    path: str,
    tls: ssl.SSLContext | None,
    *,
    host: str = "127.0.0.1",
    method: str = "GET",
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:
    """Make one HTTP request in a thread."""

    def run() -> tuple[int, dict[str, str], bytes]:
        plain = http.client.HTTPConnection(host, port, timeout=10)
        connection = plain if tls is None else http.client.HTTPSConnection(host, port, timeout=10, context=tls)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    return await asyncio.to_thread(run)


# --- the same as in plain text ---


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", [TEXT, BINARY])
async def test_messages_of_every_size_go_both_ways(opened: Opened, tls: ssl.SSLContext, size: int, kind: int) -> None:
    raw = await Raw.open(opened.port, tls=tls)
    message = bytes(0x20 + i % 95 for i in range(size))
    raw.send(kind, message)
    assert await raw.frame() == (kind, message)
    await raw.end()


async def test_both_are_spoken_on_one_port_at_a_time(opened: Opened, tls: ssl.SSLContext) -> None:
    plain, encrypted = await Raw.open(opened.port), await Raw.open(opened.port, tls=tls)
    for raw in (plain, encrypted, plain):
        raw.send(TEXT, b"here")
        assert await raw.frame() == (TEXT, b"here")
    assert [connection.peer for connection in opened.door.connections] == ["127.0.0.1", "127.0.0.1"]
    await plain.end()
    await encrypted.end()


async def test_many_messages_of_one_turn_keep_their_order(opened: Opened, tls: ssl.SSLContext) -> None:
    raw = await Raw.open(opened.port, tls=tls)
    messages = [b"%d " % number + b"x" * (number * 37 % 20000) for number in range(400)]
    raw.writer.write(b"".join(mask(TEXT, message) for message in messages))
    assert [await raw.frame() for _ in messages] == [(TEXT, message) for message in messages]
    await raw.end()


async def test_fragments_pings_and_the_close_go_through(opened: Opened, tls: ssl.SSLContext) -> None:
    raw = await Raw.open(opened.port, tls=tls)
    raw.send(TEXT, b"in ", fin=False)
    raw.send(PING, b"between")
    raw.send(CONTINUATION, b"three ", fin=False)
    raw.send(CONTINUATION, b"pieces")
    assert await raw.frame() == (PONG, b"between")
    assert await raw.frame() == (TEXT, b"in three pieces")
    raw.send(CLOSE, (4000).to_bytes(2, "big"))
    assert await raw.frame() == (CLOSE, (4000).to_bytes(2, "big"))
    assert await raw.reader.read() == b""
    await (await opened.handlers.get()).has_closed.wait()
    await raw.end()


async def test_a_message_that_comes_byte_by_byte_is_understood(opened: Opened, tls: ssl.SSLContext) -> None:
    raw = await Raw.open(opened.port, tls=tls)
    for byte in mask(TEXT, b"slowly"):
        raw.writer.write(bytes((byte,)))
        await raw.writer.drain()
    assert await raw.frame() == (TEXT, b"slowly")
    await raw.end()


async def test_a_handshake_that_comes_byte_by_byte_is_understood(opened: Opened, tls: ssl.SSLContext) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls.wrap_bio(incoming, outgoing, server_hostname="localhost")
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
    while True:
        try:
            client.do_handshake()
            break
        except ssl.SSLWantReadError:
            for byte in outgoing.read():
                writer.write(bytes((byte,)))
                await writer.drain()
            incoming.write(await reader.read(7))
    client.write(b"GET /health HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n\r\n" % opened.port)
    writer.write(outgoing.read())
    incoming.write(await reader.read(1 << 16))
    assert client.read(1 << 16).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_a_reader_that_stops_is_dropped_with_1013_and_nobody_else_notices(
    rule: Rule, tls: ssl.SSLContext
) -> None:
    async with open_door(rule, Limits(queue_bytes=1 << 18)) as opened:
        slow, other = await Raw.open(opened.port, tls=tls), await Raw.open(opened.port, tls=tls)
        handler = await opened.handlers.get()
        slow.pause()
        while not handler.has_closed.is_set():
            handler.connection.send(b"x" * 60_000)
            assert handler.connection.queued_bytes < 1 << 20
            await asyncio.sleep(0)
        other.send(TEXT, b"still here")
        assert await other.frame() == (TEXT, b"still here")
        await slow.end()
        await other.end()


async def test_a_reader_that_catches_up_in_time_loses_nothing(opened: Opened, tls: ssl.SSLContext) -> None:
    raw = await Raw.open(opened.port, tls=tls)
    handler = await opened.handlers.get()
    raw.pause()
    messages = [b"%d" % number + b"x" * 30_000 for number in range(20)]
    for message in messages:
        handler.connection.send(message)
    await asyncio.sleep(0)
    raw.resume()
    assert [await raw.frame() for _ in messages] == [(TEXT, message) for message in messages]
    await raw.end()


async def test_a_flood_is_served_in_order_with_small_reads(opened: Opened, tls: ssl.SSLContext) -> None:
    raw = await Raw.open(opened.port, tls=tls)
    count = 5000
    raw.writer.write(b"".join(mask(TEXT, b"%d" % number) for number in range(count)))
    assert [await raw.frame() for _ in range(count)] == [(TEXT, b"%d" % number) for number in range(count)]
    await raw.end()


async def test_a_too_big_message_ends_the_connection_with_1009(opened: Opened, tls: ssl.SSLContext) -> None:
    raw = await Raw.open(opened.port, tls=tls)
    raw.send(TEXT, b"x" * ((1 << 20) + 1))
    assert await raw.close_code() == 1009
    await raw.end()


async def test_whoever_is_connected_hears_that_the_door_closes(rule: Rule, tls: ssl.SSLContext) -> None:
    async with open_door(rule) as opened:
        raw = await Raw.open(opened.port, tls=tls)
        closing = asyncio.create_task(opened.door.close())
        assert await raw.close_code() == 1001
        raw.send(CLOSE, (1001).to_bytes(2, "big"))
        await closing
        await raw.end()


# --- HTTP ---


async def test_files_come_whole_and_in_ranges(rule: Rule, tls: ssl.SSLContext, tmp_path: Path) -> None:
    folder = tmp_path / "overlays"
    folder.mkdir()
    content = bytes(i * 7 % 251 for i in range(3_000_000))
    (folder / "big.bin").write_bytes(content)
    pages = Pages(StaticFolder(folder, private=tmp_path / "data"))
    async with open_door(rule, pages=pages) as opened:
        assert (await fetch(opened.port, "/static/big.bin", tls))[2] == content
        status, headers, part = await fetch(opened.port, "/static/big.bin", tls, Range="bytes=1000000-2999998")
        assert (status, headers["content-range"]) == (206, "bytes 1000000-2999998/3000000")
        assert part == content[1_000_000:2_999_999]


async def test_many_requests_go_over_one_connection(opened: Opened, tls: ssl.SSLContext) -> None:
    def run() -> list[int]:
        connection = http.client.HTTPSConnection("127.0.0.1", opened.port, timeout=10, context=tls)
        statuses = []
        for path in ("/health", "/static/examples/chat/", "/nothing", "/health"):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()
        return statuses

    assert await asyncio.to_thread(run) == [200, 200, 404, 200]


async def test_the_page_names_encrypted_addresses_to_who_came_with_tls(rule: Rule, tls: ssl.SSLContext) -> None:
    async with open_door(rule, path="/ws") as opened:
        _, _, page = await fetch(opened.port, "/", tls)
        assert f"wss://127.0.0.1:{opened.port}/ws".encode() in page
        assert b"wss://" not in (await fetch(opened.port, "/", None))[2]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", HOST])
async def test_the_names_of_the_certificate_are_the_doors(opened: Opened, tls: ssl.SSLContext, host: str) -> None:
    answer = await fetch(opened.port, "/health", tls, Host=f"{host}:{opened.port}")
    assert answer[0] == 200


async def test_a_name_of_the_certificate_means_nothing_in_plain_text(opened: Opened) -> None:
    """Anybody in the network can say that he is that name, and a page of his would then be one of ours."""
    assert (await fetch(opened.port, "/health", None, Host=f"{HOST}:{opened.port}"))[0] == 421


@pytest.mark.parametrize("host", ["evil.example:{port}", "evil.example", "localhost:80", "localhost:443"])
async def test_other_names_are_refused_over_tls(opened: Opened, tls: ssl.SSLContext, host: str) -> None:
    assert (await fetch(opened.port, "/health", tls, Host=host.format(port=opened.port)))[0] == 421
    _, status, _ = await Raw.upgrade(opened.port, tls=tls, Host=host.format(port=opened.port))
    assert status == 421


async def test_over_tls_a_program_may_leave_the_port_out_and_a_page_may_not(
    opened: Opened, tls: ssl.SSLContext
) -> None:
    raw = await Raw.open(opened.port, tls=tls, Host="localhost")
    _, status, _ = await Raw.upgrade(opened.port, tls=tls, Host="localhost", Origin="https://localhost")
    assert status == 421
    assert (await fetch(opened.port, "/health", tls, Host="localhost"))[0] == 421
    await raw.end()


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (f"https://{HOST}:{{port}}", OriginClass.LOCAL),
        (f"http://{HOST}:{{port}}", None),
        (f"https://{HOST}", None),
        ("https://localhost:{port}", OriginClass.LOCAL),
        ("https://evil.example", None),
    ],
)
async def test_a_page_of_the_door_is_one_that_came_over_tls(
    opened: Opened, tls: ssl.SSLContext, origin: str, expected: OriginClass | None
) -> None:
    raw, status, _ = await Raw.upgrade(
        opened.port, tls=tls, Host=f"{HOST}:{opened.port}", Origin=origin.format(port=opened.port)
    )
    assert status == (403 if expected is None else 101)
    assert [visitor.origin_class for visitor in opened.visitors] == ([] if expected is None else [expected])
    await raw.end()


# --- plain text over a network ---


async def test_plain_text_of_another_machine_is_refused_with_the_address_to_use(
    rule: Rule, tls: ssl.SSLContext
) -> None:
    rule.strangers = ("127.0.0.1",)
    async with open_door(rule) as opened:
        status, headers, body = await fetch(opened.port, "/static/x?a=1", None)
        assert (status, headers["upgrade"]) == (426, "TLS/1.2, HTTP/1.1")
        assert f"https://127.0.0.1:{opened.port}/static/x?a=1".encode() in body
        raw, status, _ = await Raw.upgrade(opened.port)
        assert status == 426
        assert f"wss://127.0.0.1:{opened.port}/".encode() in await raw.reader.read()
        await raw.end()
        assert opened.door.statistics().refused == 1
        assert (await fetch(opened.port, "/health", tls))[0] == 200
        await (await Raw.open(opened.port, tls=tls)).end()


async def test_the_loopback_rule_goes_by_where_the_connection_comes_from(rule: Rule) -> None:
    address = own_address()
    async with open_door(rule, host=address) as opened:
        assert (await fetch(opened.port, "/health/", None, host=address))[0] == 426


async def test_what_one_needs_before_one_can_trust_us_comes_in_plain_text(rule: Rule, tmp_path: Path) -> None:
    rule.strangers = ("127.0.0.1",)
    (tmp_path / "files" / "given").mkdir(parents=True)
    (tmp_path / "files" / "given" / "it").write_text("it")
    (tmp_path / "files" / "other").write_text("other")
    pages = Pages(StaticFolder(tmp_path / "files", private=tmp_path / "data"))
    async with open_door(rule, pages=pages) as opened:
        assert (await fetch(opened.port, "/health", None))[0] == 200
        assert (await fetch(opened.port, "/health?x", None))[0] == 200
        assert (await fetch(opened.port, "/static/given/it", None))[0] == 200
        for path in ("/static/other", "/static/given", "/health/", "//health", "/%68ealth"):
            assert (await fetch(opened.port, path, None))[0] == 426, path
        for path in ("/static/given/../other", "/static/given/%2e%2e/other", "/static/given/..%2fother"):
            assert (await fetch(opened.port, path, None))[0] in (404, 426), path
        assert (await fetch(opened.port, "/health", None, method="POST"))[0] == 426


# --- handshakes ---


async def test_half_a_handshake_is_cut_after_a_while(rule: Rule) -> None:
    async with open_door(rule, Limits(head_timeout_s=0.2)) as opened:
        reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00")
        assert await ended(reader)
        writer.close()


async def test_a_handshake_without_a_request_is_cut_after_a_while(rule: Rule, tls: ssl.SSLContext) -> None:
    async with open_door(rule, Limits(head_timeout_s=0.2)) as opened:
        reader, writer = await asyncio.open_connection("127.0.0.1", opened.port, ssl=tls)
        assert await ended(reader)
        writer.close()


async def test_a_flood_of_half_handshakes_is_bounded_and_lets_others_in(rule: Rule, tls: ssl.SSLContext) -> None:
    async with open_door(rule, Limits(handshakes=20, head_timeout_s=60)) as opened:
        halves = []
        for _ in range(100):
            reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
            writer.write(b"\x16\x03\x01\x02\x00\x01\x00")
            halves.append((reader, writer))
        raw = await Raw.open(opened.port, tls=tls)
        raw.send(TEXT, b"in")
        assert await raw.frame() == (TEXT, b"in")
        await asyncio.gather(*(ended(reader) for reader, _ in halves[:80]))
        assert not any(reader.at_eof() for reader, _ in halves[81:])
        assert len(opened.door._handshakes) <= 20
        await raw.end()
        for _, writer in halves:
            writer.transport.abort()


@pytest.mark.parametrize("garbage", [b"\x16", b"\x16\x03\x01\x00\x05hello", b"\x16\r\n\r\n", b"\x16" * 70000])
async def test_garbage_that_begins_like_tls_ends_quietly(
    rule: Rule, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_door(rule) as opened:
        reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
        writer.write(garbage)
        writer.write_eof()
        assert await ended(reader)
        writer.close()
        assert not opened.door._handshakes
        assert not opened.door._waiting
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_tls_in_tls_is_refused(opened: Opened, tls: ssl.SSLContext) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port, ssl=tls)
    writer.write(b"\x16\x03\x01\x02\x00\x01\x00")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()


async def test_without_a_certificate_tls_is_answered_in_plain_text(rule: Rule) -> None:
    context, rule.context = rule.context, None
    try:
        async with open_door(rule) as opened:
            reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
            writer.write(b"\x16\x03\x01\x02\x00\x01\x00")
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
            writer.close()
    finally:
        rule.context = context


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_old_versions_of_tls_are_not_spoken(opened: Opened, tls: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.minimum_version = tls.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", opened.port, ssl=tls)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_current_versions_of_tls_are(opened: Opened, tls: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    tls.minimum_version = tls.maximum_version = version
    tls.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await asyncio.open_connection("127.0.0.1", opened.port, ssl=tls)
    secured = writer.get_extra_info("ssl_object")
    assert secured.version() == version.name.replace("_", ".")
    assert secured.selected_alpn_protocol() == "http/1.1"
    assert re.search("GCM|CHACHA20", secured.cipher()[0])
    writer.close()


async def test_who_does_not_trust_the_authority_does_not_connect(opened: Opened) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("localhost", opened.port, ssl=ssl.create_default_context())
    assert not opened.door.connections


async def test_the_loops_own_tls_is_used(rule: Rule) -> None:
    """asyncio's takes a quarter of a megabyte for each connection, and is slower."""
    assert rule.context is not None
    protocol = make_tls_protocol(rule.context, asyncio.Protocol(), Limits(), lambda: None)
    assert type(protocol).__module__ in ("uvloop.loop", "winloop.loop")


async def ended(reader: asyncio.StreamReader) -> bool:
    """Wait until the server has ended a connection, by a goodbye or without."""
    try:
        async with asyncio.timeout(10):
            return (await reader.read()) is not None
    except ConnectionError:
        return True
