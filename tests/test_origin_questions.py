"""Questions about foreign web sites: how often they are put, what an answer does, how long it holds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stagedoor.access.asks import MAX_OPEN, Subject
from stagedoor.kilovolt import Client
from tests.conftest import Server
from tests.net.websocket import Raw

SITE = "https://overlays.example"


@asynccontextmanager
async def serving(
    data: Path, *arguments: str, streamerbot: bool = False, console: bool = False
) -> AsyncIterator[Server]:
    server = Server(data, *arguments, streamerbot=streamerbot, console=console)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def owning(server: Server) -> AsyncIterator[Client]:
    async with Client(server.url, token=server.control_token, reconnect=False) as owner:
        yield owner


async def knock(port: int, origin: str, path: str = "/ws") -> int:
    """Try to come in as a page of a site; returns the status."""
    raw, status, _ = await Raw.upgrade(port, path=path, Origin=origin)
    await raw.end()
    return status


async def knock_http(port: int, origin: str, method: str = "GET") -> int:
    """Ask the HTTP server something as a page of a site; returns the status."""
    raw = Raw(*await asyncio.open_connection("127.0.0.1", port))
    status, _ = await raw.request(
        f"{method} /api/GetInfo HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {origin}\r\n\r\n".encode()
    )
    await raw.end()
    return status


async def questions(owner: Client) -> list[dict[str, Any]]:
    return msgspec.json.decode(await owner.get("stagedoor/asks"), type=list[dict[str, Any]])


async def until_asked(owner: Client, count: int = 1) -> list[dict[str, Any]]:
    """Wait until so many questions are open."""
    async with owner.watch("stagedoor/asks") as changes, asyncio.timeout(10):
        while len(asked := await questions(owner)) != count:
            await anext(aiter(changes))
        return asked


async def answer(owner: Client, origin: str, *, allow: bool) -> None:
    asked = await until_asked(owner)
    assert asked[0]["origin"] == origin
    await owner.call_json("stagedoor/@answer-ask", {"id": asked[0]["id"], "allow": allow})


async def test_a_site_is_asked_about_once_over_all_doors(both_doors: Server) -> None:
    server = both_doors
    async with owning(server) as owner:
        for _ in range(4):
            assert await knock(server.port, SITE) == 403
            assert await knock(server.streamerbot_port, SITE, "/") == 403
            assert await knock_http(server.http_port, SITE) == 403
            assert await knock_http(server.http_port, SITE, "OPTIONS") == 403
        (asked,) = await until_asked(owner)
        assert (asked["kind"], asked["origin"], asked["address"]) == ("origin", SITE, "127.0.0.1")


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
async def test_a_request_over_http_asks_too(both_doors: Server, method: str) -> None:
    async with owning(both_doors) as owner:
        assert await knock_http(both_doors.http_port, SITE, method) == 403
        await answer(owner, SITE, allow=True)
        assert await knock_http(both_doors.http_port, SITE) == 200


async def test_a_yes_survives_a_restart_until_it_is_forgotten(server: Server) -> None:
    async with owning(server) as owner:
        assert await knock(server.port, SITE) == 403
        await answer(owner, SITE, allow=True)
        assert await knock(server.port, SITE) == 101
    await server.restart()
    assert await knock(server.port, SITE) == 101
    async with owning(server) as owner:
        (known,) = msgspec.json.decode(await owner.get("stagedoor/origins"))
        assert (known["origin"], known["decision"]) == (SITE, "allowed")
        await owner.call_json("stagedoor/@forget-origin", {"origin": SITE})
        assert await knock(server.port, SITE) == 403
        await answer(owner, SITE, allow=True)
        assert await knock(server.port, SITE) == 101


async def test_a_no_is_quiet_over_a_restart_too(server: Server) -> None:
    async with owning(server) as owner:
        await knock(server.port, SITE)
        await answer(owner, SITE, allow=False)
        assert await knock(server.port, SITE) == 403
        assert await questions(owner) == []
    await server.restart()
    async with owning(server) as owner:
        assert await knock(server.port, SITE) == 403
        assert await questions(owner) == []


async def test_who_is_let_in_has_to_log_in_and_is_no_owner(server: Server) -> None:
    async with owning(server) as owner:
        await owner.call_json("stagedoor/@decide-origin", {"origin": SITE, "allow": True})
        await owner.set("canary", "sings")
    raw = await Raw.open(server.port, path="/ws", Origin=SITE)
    await raw.message()
    raw.ask("kget", key="canary")
    assert (await raw.message())["error"] == "authentication required"
    async with Client(server.url, password=server.password) as application:
        before = await application.get_all("stagedoor/")
    assert all(not key.startswith("stagedoor/origin") for key in before)
    await raw.end()


@pytest.mark.parametrize("request_key", ["stagedoor/@forget-origin", "stagedoor/@decide-origin"])
async def test_what_is_taken_back_closes_every_socket_from_there_at_once(both_doors: Server, request_key: str) -> None:
    server, other = both_doors, "https://other.example"
    async with owning(server) as owner:
        for origin in (SITE, other):
            await owner.call_json("stagedoor/@decide-origin", {"origin": origin, "allow": True})
        inside = [await Raw.open(server.port, path="/ws", Origin=SITE) for _ in range(5)]
        inside += [await Raw.open(server.streamerbot_port, Origin=SITE.upper().replace("HTTPS", "https"))]
        bystanders = [await Raw.open(server.port, path="/ws", Origin=other), await Raw.open(server.port, path="/ws")]
        await owner.call_json(request_key, {"origin": SITE, "allow": False})
        assert [await raw.close_code() for raw in inside] == [4011] * 6
        for raw in bystanders:
            raw.ask("kversion")
            while (await raw.message()).get("request_id") != "kversion":
                pass
        for raw in (*inside, *bystanders):
            await raw.end()


async def test_a_site_that_was_set_for_this_run_stays_in_when_a_decision_about_it_goes(tmp_path: Path) -> None:
    async with serving(tmp_path / "data", "--origins", SITE) as server, owning(server) as owner:
        raw = await Raw.open(server.port, path="/ws", Origin=SITE)
        await raw.message()
        await owner.call_json("stagedoor/@decide-origin", {"origin": SITE, "allow": False})
        await owner.call_json("stagedoor/@forget-origin", {"origin": SITE})
        raw.ask("kversion")
        assert (await raw.message())["request_id"] == "kversion"
        await raw.end()


async def test_many_sites_at_once_do_not_crowd_out_an_application(server: Server) -> None:
    async with owning(server) as owner:
        for number in range(50):
            assert await knock(server.port, f"https://{number}.example") == 403
        asked = await until_asked(owner, MAX_OPEN[Subject.ORIGIN])
        assert [question["kind"] for question in asked] == ["origin"] * 3
        raw = await Raw.open(server.port, path="/ws")
        raw.ask("klogin", auth="ask", name="An application")
        asked = await until_asked(owner, 4)
        assert asked[-1]["name"] == "An application"
        for question in asked[:3]:
            await owner.call_json("stagedoor/@answer-ask", {"id": question["id"], "allow": False})
        for number in range(50):
            await knock(server.port, f"https://{number}.elsewhere.example")
        asked = await until_asked(owner, 4)
        for question in asked[1:]:
            await owner.call_json("stagedoor/@answer-ask", {"id": question["id"], "allow": False})
        for number in range(50):
            await knock(server.port, f"https://{number}.again.example")
        assert len(await questions(owner)) == 1, "there are six questions about sites in a minute"
        await raw.end()


async def test_nobody_is_asked_where_asking_is_off(tmp_path: Path) -> None:
    async with serving(tmp_path / "data", "--no-asks", streamerbot=True) as server, owning(server) as owner:
        assert await knock(server.port, SITE) == 403
        assert await knock_http(server.http_port, SITE) == 403
        assert await questions(owner) == []
        await owner.call_json("stagedoor/@decide-origin", {"origin": SITE, "allow": True})
        assert await knock(server.port, SITE) == 101


@pytest.mark.parametrize("origin", ["null", "file://", "data://abc", "https://a.example/path", "https://a@b"])
async def test_what_is_no_web_site_is_not_asked_about(server: Server, origin: str) -> None:
    async with owning(server) as owner:
        await knock(server.port, origin)
        assert await questions(owner) == []


async def test_an_origin_of_this_machine_that_the_owner_refuses_is_refused(tmp_path: Path) -> None:
    local = "http://localhost:3000"
    async with serving(tmp_path / "data", streamerbot=True, console=True) as server, owning(server) as owner:
        inside = await Raw.open(server.port, path="/ws", Origin=local)
        own = f"http://localhost:{server.console_port}"
        console = await Raw.open(server.console_port, path="/ws", Host=own.removeprefix("http://"), Origin=own)
        for origin in (local, own):
            await owner.call_json("stagedoor/@decide-origin", {"origin": origin, "allow": False})
        assert await inside.close_code() == 4011
        assert await knock(server.port, local) == 403
        assert await knock(server.streamerbot_port, local, "/") == 403
        assert await knock_http(server.http_port, local) == 403
        assert await knock(server.port, "http://localhost:3001") == 101
        await console.message()  # its greeting
        console.ask("kversion")
        assert (await console.message())["request_id"] == "kversion", "the console is not shut by it"
        await owner.call_json("stagedoor/@forget-origin", {"origin": local})
        assert await knock(server.port, local) == 101
        await inside.end()
        await console.end()


async def request_of_page(port: int, line: str, *headers: str, host: str | None = None) -> int:
    raw = Raw(*await asyncio.open_connection("127.0.0.1", port))
    fields = "".join(f"{header}\r\n" for header in headers)
    status, _ = await raw.request(f"{line} HTTP/1.1\r\nHost: {host or f'localhost:{port}'}\r\n{fields}\r\n".encode())
    await raw.end()
    return status


async def test_every_refusal_of_a_door_is_in_the_audit_log(tmp_path: Path) -> None:
    site, app = f"Origin: {SITE}", "chrome-extension://abc"
    async with serving(tmp_path / "data", streamerbot=True, console=True) as server, owning(server) as owner:
        console = server.console_port
        assert await knock(server.port, app) == 403
        assert await knock(server.streamerbot_port, SITE, "/") == 403
        assert await knock(console, SITE) == 403
        clear = "GET /ClearCredits"
        assert await request_of_page(server.http_port, clear, "Sec-Fetch-Site: cross-site") == 403
        assert await request_of_page(server.http_port, clear, site) == 403
        assert await request_of_page(console, "POST /pass", site, "Content-Length: 0") == 403
        assert await request_of_page(console, "POST /pair", site, "Content-Length: 0") in (403, 426)
        include = ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: script")
        assert await request_of_page(server.port, "GET /static/examples/stagedoor.js", *include) == 403
        assert await request_of_page(server.port, "GET /", host="rebound.example") == 421
        raw, status, _ = await Raw.upgrade(server.streamerbot_port, Host="rebound.example")
        assert status == 421
        await raw.end()
        page = await owner.call_json("stagedoor/@audit", {"kinds": ["refused"]}, dict[str, Any])
        assert page is not None
        told = [entry["facts"] for entry in reversed(page["entries"])]
    foreign, host = "a page of a foreign web site", "a name that is not this machine's"
    assert {fact["address"] for fact in told} == {"127.0.0.1"}
    assert [(fact["door"], fact["reason"], fact.get("origin", fact.get("host"))) for fact in told] == [
        ("Kilovolt", foreign, app),
        ("Streamer.bot", foreign, SITE),
        ("console", foreign, SITE),
        ("Streamer.bot HTTP", foreign, None),
        ("Streamer.bot HTTP", foreign, SITE),
        # What is the same as one of these was counted: the console's POST.
        ("Kilovolt", foreign, None),
        ("Kilovolt", host, "rebound.example"),
        ("Streamer.bot", host, "rebound.example"),
    ]


async def test_the_audit_log_tells_who_was_refused(both_doors: Server) -> None:
    async with owning(both_doors) as owner:
        await knock(both_doors.port, SITE)
        await knock_http(both_doors.http_port, SITE)
        page = await owner.call_json("stagedoor/@audit", {"kinds": ["refused", "asked"]}, dict[str, Any])
        assert page is not None
        told = [(entry["kind"], entry["facts"]["origin"], entry["facts"].get("door")) for entry in page["entries"]]
        assert told == [("refused", SITE, "Streamer.bot HTTP"), ("asked", SITE, None), ("refused", SITE, "Kilovolt")]
