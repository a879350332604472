"""Icons of applications that ask: what real servers answer, what is never reached, how a question gets its picture."""

import asyncio
import base64
import contextlib
import gzip
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from stagedoor import keys
from stagedoor.access import SERVICE, AskQueue, Client
from stagedoor.access.asks import Asker, Metadata
from stagedoor.hub import Catalogue, Change, Hub, MemoryStore
from stagedoor.services import icons
from stagedoor.services.icons import MAX_BYTES, IconRefused, Icons, is_public
from stagedoor.services.questions import Question, Questions
from tests.kilovolt.harness import FakeClock
from tests.services.harness import record_nothing

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
PICTURES = {
    "png": PNG,
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "gif": b"GIF89a\x01\x00\x01\x00",
    "webp": b"RIFF\x1a\x00\x00\x00WEBPVP8L",
}

Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def shown(body: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(body).decode()}"


CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""A certificate of this machine's own names with its key, made for these tests and worth nothing elsewhere."""


def served() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    return context


def trusted() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


class Site:
    """A web site with icons: how it answers, by path, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answering] = {}
        self.asked: list[web.BaseRequest] = []
        self.accepted = 0
        self.url = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request)
        return await self.answers[request.path](request)

    def hold(self, path: str, body: bytes, **headers: str) -> str:
        """Let a path answer with a body."""

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(body=body, headers={name.replace("_", "-"): text for name, text in headers.items()})

        self.answers[path] = answer
        return self.url + path

    def lead(self, path: str, location: str, status: int = 302) -> str:
        """Let a path lead on."""

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(status=status, headers={"Location": location})

        self.answers[path] = answer
        return self.url + path


@contextlib.asynccontextmanager
async def opened(tls: ssl.SSLContext | None) -> AsyncIterator[Site]:
    """Open a site on this machine."""
    site = Site()
    server = web.Server(site.handle, handler_cancellation=True)

    def accept() -> asyncio.BaseProtocol:
        site.accepted += 1
        return server()

    listener = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0, ssl=tls)
    scheme = "http" if tls is None else "https"
    site.url = f"{scheme}://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    yield site
    listener.close()
    await server.shutdown(0)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with opened(served()) as opened_site:
        yield opened_site


class Reached:
    """Lets the first ``free`` addresses be reached whatever they are, and asks the real guard about the others."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.addresses: list[str] = []

    def __call__(self, address: str) -> bool:
        self.addresses.append(address)
        return len(self.addresses) <= self.free or is_public(address)


@pytest.fixture
def fetching() -> Icons:
    """The service, to which this machine is part of the internet."""
    return Icons(may_reach=lambda address: address == "127.0.0.1", certificates=trusted())


# --- what is a picture ---


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("called", ["text/html", "image/svg+xml", "image/png"])
async def test_the_first_bytes_say_what_it_is(site: Site, fetching: Icons, kind: str, called: str) -> None:
    address = site.hold("/icon", PICTURES[kind], Content_Type=called)
    assert await fetching.fetch(address) == shown(PICTURES[kind], kind)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html>",
        b"\x00\x00\x01\x00\x01\x00",
        b"RIFF\x1a\x00\x00\x00WAVEfmt ",
        b" " + PNG,
    ],
)
async def test_nothing_else_is(site: Site, fetching: Icons, body: bytes) -> None:
    with pytest.raises(IconRefused, match="no PNG, JPEG, GIF or WebP"):
        await fetching.fetch(site.hold("/icon", body, Content_Type="image/png"))


@pytest.mark.parametrize("status", [201, 204, 206, 304, 401, 404, 500])
async def test_another_answer_is_none(site: Site, fetching: Icons, status: int) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status)

    site.answers["/icon"] = answer
    with pytest.raises(IconRefused, match=f"answers with {status}"):
        await fetching.fetch(site.url + "/icon")


async def test_a_redirect_to_nowhere_is_none(site: Site, fetching: Icons) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302)

    site.answers["/icon"] = answer
    with pytest.raises(IconRefused, match="answers with 302"):
        await fetching.fetch(site.url + "/icon")


async def test_little_is_told(site: Site, fetching: Icons, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/two", "Set-Cookie": "a=b; Path=/"})

    site.answers["/one"] = answer
    site.hold("/two", PNG)
    assert await fetching.fetch(site.url + "/one#part") == shown(PNG)
    assert [request.path for request in site.asked] == ["/one", "/two"]
    for request in site.asked:
        assert set(request.headers) == {"Host", "Connection", "User-Agent", "Accept", "Accept-Encoding"}
        assert request.headers["User-Agent"] == "stagedoor"
        assert request.headers["Accept-Encoding"] == "identity"


# --- how much, and how long ---


async def test_the_largest_picture(site: Site, fetching: Icons) -> None:
    body = PNG.ljust(MAX_BYTES, b"x")
    assert await fetching.fetch(site.hold("/icon", body)) == shown(body)
    with pytest.raises(IconRefused, match="larger than"):
        await fetching.fetch(site.hold("/icon", body + b"x"))


async def test_a_body_without_end(site: Site, fetching: Icons) -> None:
    broken = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            await response.write(PNG)
            while True:
                await response.write(b"x" * 65536)
        finally:
            broken.set()

    site.answers["/icon"] = answer
    with pytest.raises(IconRefused, match="larger than"):
        await fetching.fetch(site.url + "/icon")
    await broken.wait()


async def test_what_is_packed_is_not_unpacked(site: Site, fetching: Icons) -> None:
    bomb = gzip.compress(PNG + bytes(64 << 20))
    assert len(bomb) < MAX_BYTES
    with pytest.raises(IconRefused, match="no PNG"):
        await fetching.fetch(site.hold("/icon", bomb, Content_Encoding="gzip"))


@pytest.mark.parametrize("after", ["nothing", "head", "bytes"])
async def test_a_slow_server(site: Site, fetching: Icons, after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(icons, "TIMEOUT_S", 0.3)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        if after != "nothing":
            await response.prepare(request)
        while after == "bytes":
            await response.write(b"x")
            await asyncio.sleep(0.01)
        await asyncio.Event().wait()
        return response

    site.answers["/icon"] = answer
    with pytest.raises(IconRefused, match=r"within 0\.3 seconds"):
        await fetching.fetch(site.url + "/icon")
    assert len(site.asked) == 1
    assert await fetching.find(site.hold("/next", PNG)) == shown(PNG)


async def test_a_few_at_a_time(site: Site, fetching: Icons) -> None:
    go_on, now, most = asyncio.Event(), 0, 0
    four = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == 4:
            four.set()
        await go_on.wait()
        now -= 1
        return web.Response(body=PNG)

    site.answers["/icon"] = answer
    tasks = [asyncio.create_task(fetching.fetch(site.url + "/icon")) for _ in range(9)]
    await four.wait()
    go_on.set()
    assert await asyncio.gather(*tasks) == [shown(PNG)] * 9
    assert most == 4


# --- where to ---


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/icon.png",
        "ftp://127.0.0.1/icon.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "//127.0.0.1/icon.png",
        "https:///icon.png",
        "icon.png",
        "",
    ],
)
async def test_only_https(fetching: Icons, address: str) -> None:
    with pytest.raises(IconRefused, match=r"not an https address|makes no sense"):
        await fetching.fetch(address)


@pytest.mark.parametrize("who", ["me@", "me:secret@", ":secret@"])
async def test_no_credentials(site: Site, fetching: Icons, who: str) -> None:
    site.hold("/icon", PNG)
    with pytest.raises(IconRefused, match="name or a password"):
        await fetching.fetch(f"{site.url}/icon".replace("//", f"//{who}"))
    with pytest.raises(IconRefused, match="name or a password"):
        await fetching.fetch(site.lead("/from", f"{site.url}/icon".replace("//", f"//{who}")))


@pytest.mark.parametrize("address", ["https://[::1/icon", "https://a:b/icon", "https://a:99999/", "https://\udcff/"])
async def test_an_address_that_makes_no_sense(fetching: Icons, address: str) -> None:
    with pytest.raises(IconRefused, match="makes no sense"):
        await fetching.fetch(address)


async def test_a_certificate_that_nobody_vouches_for(site: Site) -> None:
    strict = Icons(may_reach=lambda address: True)
    with pytest.raises(IconRefused, match=r"(?i)certificate"):
        await strict.fetch(site.hold("/icon", PNG))
    assert site.asked == []


async def test_three_redirects_and_no_more(site: Site, fetching: Icons) -> None:
    site.hold("/0", PNG)
    for number, status in enumerate((301, 302, 307, 308), start=1):
        site.lead(f"/{number}", f"/{number - 1}", status)
    assert await fetching.fetch(site.url + "/3") == shown(PNG)
    with pytest.raises(IconRefused, match="more than 3 times"):
        await fetching.fetch(site.url + "/4")
    with pytest.raises(IconRefused, match="more than 3 times"):
        await fetching.fetch(site.lead("/round", "/round"))


@pytest.mark.parametrize("location", ["http://{}/icon", "data:image/png;base64,AAAA", "file:///etc/passwd"])
async def test_a_redirect_away_from_https(site: Site, fetching: Icons, location: str) -> None:
    async with opened(None) as plain:
        plain.hold("/icon", PNG)
        with pytest.raises(IconRefused, match="not an https address"):
            await fetching.fetch(site.lead("/from", location.format(plain.url.removeprefix("http://"))))
        assert plain.accepted == 0


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.1", "[::1]", "169.254.169.254", "[::ffff:127.0.0.1]"]
)
async def test_a_redirect_into_this_machine_or_network(site: Site, host: str) -> None:
    guard = Reached(1)
    port = site.url.rpartition(":")[2]
    site.hold("/icon", PNG)
    with pytest.raises(IconRefused, match="not on the internet"):
        await Icons(may_reach=guard, certificates=trusted()).fetch(site.lead("/from", f"https://{host}:{port}/icon"))
    assert len(guard.addresses) > 1
    assert site.accepted == 1


INSIDE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.254",
    "192.0.0.1",
    "192.0.0.200",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.251",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::808:808",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::fb",
    "ff0e::1",
]

OUTSIDE = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::8"]


@pytest.mark.parametrize("address", INSIDE)
async def test_an_address_that_is_not_on_the_internet(address: str) -> None:
    assert not is_public(address)
    host = f"[{address.replace('%', '%25')}]" if ":" in address else address
    with pytest.raises(IconRefused, match=r"not on the internet|makes no sense"):
        await Icons().fetch(f"https://{host}/icon.png")


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_that_is(address: str) -> None:
    assert is_public(address)
    assert not is_public(f"::ffff:{address}")


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "2130706433", "0x7f.1", "8.8.8.8 ", "8.8.8.8/32", "[::1]", "1"]
)
def test_what_is_no_address_is_not_reached(text: str) -> None:
    assert not is_public(text)


@given(st.ip_addresses(v=4))
def test_no_address_of_ipv4_hides_in_one_of_ipv6(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for prefix in (0, 0xFFFF << 32, 0xFFFF << 48, 0x64FF9B << 96, 0x64FF9B0001 << 80, 0x2002 << 112 | number << 48):
        assert not is_public(str(ipaddress.IPv6Address(prefix | number)))
    if address.is_private or address.is_multicast or address.is_reserved:
        assert not is_public(str(address))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "017700000001", "localhost."]
)
async def test_this_machine_by_any_name(site: Site, host: str) -> None:
    site.hold("/icon", PNG)
    port = site.url.rpartition(":")[2]
    with pytest.raises(IconRefused):
        await Icons(certificates=trusted()).fetch(f"https://{host}:{port}/icon")
    assert site.accepted == 0


async def test_a_name_is_checked_where_it_leads(site: Site) -> None:
    site.hold("/icon", PNG)
    address = f"https://localhost:{site.url.rpartition(':')[2]}/icon"
    seen = Reached(0)
    with pytest.raises(IconRefused, match="not on the internet"):
        await Icons(may_reach=seen, certificates=trusted()).fetch(address)
    assert set(seen.addresses) <= {"127.0.0.1", "::1"}
    assert site.accepted == 0
    allowed = Icons(may_reach=lambda ip: ip == "127.0.0.1", certificates=trusted())
    assert await allowed.fetch(address) == shown(PNG)


# --- a question and its picture ---


class Desk:
    """A queue of questions, shown on a hub, and its owner."""

    def __init__(self, hub: Hub, find_icon: Callable[[str], Awaitable[str]] | None) -> None:
        self.changed = asyncio.Event()
        self.asks = AskQueue(FakeClock())
        self.client = Client(hub, SERVICE, self._note)
        self.client.subscribe(keys.ASKS)
        self.service = Questions(
            Client(hub, SERVICE), self.asks, FakeClock(), lambda port: None, find_icon, record_nothing
        )

    def _note(self, change: Change) -> None:
        self.changed.set()

    def put(self, icon: str, address: str = "192.168.1.2") -> str:
        return self.asks.put(Asker(address), Metadata.read({"name": "Wheel", "icon": icon}), lambda verdict: None).id

    @property
    def icons(self) -> list[str]:
        return [question.icon for question in msgspec.json.decode(self.client.get(keys.ASKS), type=list[Question])]

    async def until(self, icons: list[str]) -> None:
        """Wait until these icons are shown, one a question."""
        async with asyncio.timeout(10):
            while not self.client.get(keys.ASKS) or self.icons != icons:
                self.changed.clear()
                await self.changed.wait()


@contextlib.asynccontextmanager
async def asking(find_icon: Callable[[str], Awaitable[str]] | None) -> AsyncIterator[Desk]:
    hub = Hub(MemoryStore(), Catalogue(keys.SPECS))
    desk = Desk(hub, find_icon)
    yield desk
    await desk.service.close()
    await hub.close()


async def test_a_question_is_shown_at_once_and_its_picture_when_it_comes(site: Site, fetching: Icons) -> None:
    go_on = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        await go_on.wait()
        return web.Response(body=PNG)

    site.answers["/icon"] = answer
    async with asking(fetching.find) as desk:
        desk.put(site.url + "/icon")
        await desk.until([""])
        go_on.set()
        await desk.until([shown(PNG)])
        desk.put("data:image/gif;base64,R0lGODlhAQ==")
        await desk.until([shown(PNG), "data:image/gif;base64,R0lGODlhAQ=="])
        assert len(site.asked) == 1


async def test_a_failure_leaves_the_question_as_it_is_and_is_logged(
    site: Site, fetching: Icons, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="stagedoor.services.icons")
    async with asking(fetching.find) as desk:
        desk.put(site.hold("/one", b"<svg/>"))
        desk.put(site.hold("/two", PNG))
        await desk.until(["", shown(PNG)])
        desk.put("")
        await desk.until(["", shown(PNG), ""])
        assert {request.path for request in site.asked} == {"/one", "/two"}
        assert len(site.asked) == 2
    assert "no PNG, JPEG, GIF or WebP" in caplog.text


async def test_nothing_is_fetched_when_it_is_switched_off(site: Site) -> None:
    async with asking(None) as desk:
        desk.put(site.hold("/icon", PNG))
        await desk.until([""])
    assert site.accepted == 0


@pytest.mark.parametrize("end", ["withdrawn", "answered", "closed"])
async def test_a_fetch_ends_with_its_question(site: Site, fetching: Icons, end: str) -> None:
    asked = asyncio.Event()
    ended = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        asked.set()
        try:
            await asyncio.Event().wait()
            return web.Response()
        finally:
            ended.set()

    site.answers["/icon"] = answer
    async with asking(fetching.find) as desk:
        ask_id = desk.put(site.url + "/icon")
        await asked.wait()
        if end == "withdrawn":
            desk.asks.withdraw(ask_id)
        elif end == "answered":
            desk.asks.answer(ask_id, allow=True)
        else:
            await desk.service.close()
        async with asyncio.timeout(3):  # before it would end by itself
            await ended.wait()
        await desk.until([""] if end == "closed" else [])


async def test_a_question_that_has_gone_is_not_fetched_when_its_turn_comes(site: Site, fetching: Icons) -> None:
    go_on = asyncio.Event()
    four = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if len(site.asked) == 4:
            four.set()
        await go_on.wait()
        return web.Response(body=PNG)

    site.answers["/icon"] = answer
    site.hold("/fifth", PNG)
    async with asking(fetching.find) as desk:
        for number in range(4):
            desk.put(site.url + "/icon", f"192.168.1.{number}")
        fifth = desk.put(site.url + "/fifth", "192.168.1.9")
        await four.wait()
        desk.asks.withdraw(fifth)
        go_on.set()
        await desk.until([shown(PNG)] * 4)
    assert [request.path for request in site.asked] == ["/icon"] * 4


async def test_large_pictures_together_still_fit_into_a_message(site: Site, fetching: Icons) -> None:
    body = PNG.ljust(MAX_BYTES, b"x")
    async with asking(fetching.find) as desk:
        first = desk.put(site.hold("/one", body))
        await desk.until([shown(body)])
        desk.put(site.hold("/two", body))
        desk.put(site.hold("/three", PNG))
        await desk.until([shown(body), "", shown(PNG)])
        for number in range(2):
            desk.put(f"data:image/png;base64,{'A' * 65_000}", f"192.168.1.{number}")
        assert len(desk.client.get(keys.ASKS)) < 1 << 20
        desk.asks.withdraw(first)
        await desk.until(["", shown(PNG), *[f"data:image/png;base64,{'A' * 65_000}"] * 2])
