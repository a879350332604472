"""The console's door over real sockets: what it serves, who gets a pass, and what comes in by one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stagedoor import keys
from stagedoor.access import Doorkeeper, Passes, generate_password
from stagedoor.access.passes import CODE_LIFETIME_S, IDLE_S
from stagedoor.audit import AuditLog
from stagedoor.hub import Catalogue, Hub, MemoryStore
from stagedoor.net import console as net_console
from stagedoor.net.console import ConsolePages, OwnPagesOnly
from stagedoor.net.door import Door
from stagedoor.net.kilovolt import speak_kilovolt
from stagedoor.net.limits import Limits
from stagedoor.net.outgoing import Turn
from tests.net.websocket import Raw

CONTROL_TOKEN = "the token of the owner's commands"

FILES = {
    "index.html": "<!doctype html><script src=/assets/main-1a2b.js></script>",
    "favicon.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "assets/main-1a2b.js": "console.log('here')",
    "assets/main-1a2b.css": "body{margin:0}",
    "assets/deeper/font.woff2": "no font",
}

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self' data:",
    "media-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "frame-src": "http://localhost:4337",
}
"""The whole of it: nothing inline, nothing from elsewhere but overlays in a frame, and no page that frames this one."""


class Answer(NamedTuple):
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes


class Opened:
    """A console's door that listens, and the passes behind it."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0
        self.passes = Passes(lambda: self.now, lambda: None)
        self.hub = Hub(MemoryStore(), Catalogue(keys.SPECS))
        doorkeeper = Doorkeeper(
            asyncio.get_running_loop(), password=generate_password(), control_token=CONTROL_TOKEN, passes=self.passes
        )
        self.door = Door(
            "console",
            sockets={"/ws": speak_kilovolt(self.hub, doorkeeper)},
            respond=ConsolePages(
                self.passes, private=Path("/nowhere"), find_overlays=lambda: "http://localhost:4337"
            ).respond,
            turn=Turn(),
            limits=Limits(),
            origins=OwnPagesOnly(),
        )

    @property
    def port(self) -> int:
        return self.door.port

    @property
    def own(self) -> str:
        """The name that the door's pages are seen by, without its scheme."""
        return f"localhost:{self.port}"

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Make one HTTP request. A header's ``_`` stands for ``-``; an empty header is not sent."""
        fields = {"Host": self.own, "Connection": "close", "Content-Length": str(len(body))}
        fields.update({name.replace("_", "-"): value for name, value in headers.items()})
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value)]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        answer = await reader.read()
        writer.close()
        head, _, content = answer.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        return Answer(
            int(first.split(" ")[1]),
            {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)},
            content,
        )

    async def post(self, message: object, **headers: str) -> Answer:
        """Ask for a pass; bytes are sent as they are."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        headers = {"Content_Type": "application/json", **headers}
        return await self.ask("POST", "/pass", body, **headers)

    async def new_pass(self) -> str:
        """Open the console as a browser does."""
        answer = await self.post({"code": self.passes.new_code()}, Origin=f"http://{self.own}")
        assert answer.status == 200
        return str(json.loads(answer.body)["token"])

    async def give_back(self, token: str, **headers: str) -> Answer:
        """Sign out."""
        return await self.ask("DELETE", "/pass", b"", Authorization=f"Bearer {token}", **headers)

    async def connect(self, token: str | None = None, **headers: str) -> Raw:
        """Connect as the console's page does, and perhaps log in."""
        headers = {"Host": self.own, "Origin": f"http://{self.own}", **headers}
        raw = await Raw.open(self.port, path="/ws", tls=None, **headers)
        assert (await raw.message())["type"] == "hello"
        if token is not None:
            assert (await request(raw, "klogin", auth="token", token=token))["ok"] is True
        return raw


async def request(raw: Raw, command: str, **data: object) -> dict[str, Any]:
    """Send a Kilovolt request and read its answer."""
    raw.ask(command, **data)
    return await raw.message()


@asynccontextmanager
async def open_console() -> AsyncIterator[Opened]:
    opened = Opened()
    await opened.door.listen("localhost", 0)
    try:
        yield opened
    finally:
        await opened.door.close()
        await opened.hub.close()


@pytest.fixture
async def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opened]:
    """A console whose pages are built."""
    for name, text in FILES.items():
        path = tmp_path / "web" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    monkeypatch.setattr(net_console, "built_console", lambda: tmp_path / "web")
    async with open_console() as opened:
        yield opened


def check_headers(answer: Answer) -> None:
    """Every answer forbids all that the console does not need."""
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy == POLICY
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["permissions-policy"] == "camera=(), geolocation=(), microphone=()"
    assert answer.headers["server"] == "stagedoor"
    assert not answer.headers.keys() & {"set-cookie", "access-control-allow-origin"}


# --- its files ---


@pytest.mark.parametrize(
    ("path", "file", "kind", "cache"),
    [
        ("/", "index.html", "text/html; charset=utf-8", "no-cache"),
        ("/index.html", "index.html", "text/html; charset=utf-8", "no-cache"),
        ("/favicon.svg", "favicon.svg", "image/svg+xml", "no-cache"),
        ("/assets/main-1a2b.js", "assets/main-1a2b.js", "text/javascript; charset=utf-8", "immutable"),
        ("/assets/main-1a2b.css", "assets/main-1a2b.css", "text/css; charset=utf-8", "immutable"),
        ("/assets/deeper/font.woff2", "assets/deeper/font.woff2", "font/woff2", "immutable"),
    ],
)
async def test_only_what_lies_under_assets_never_changes(
    opened: Opened, path: str, file: str, kind: str, cache: str
) -> None:
    for method in ("GET", "HEAD"):
        answer = await opened.ask(method, path)
        assert answer.status == 200
        check_headers(answer)
        assert answer.headers["content-type"] == kind
        expected = "public, max-age=31536000, immutable" if cache == "immutable" else cache
        assert answer.headers["cache-control"] == expected
        assert answer.body == (FILES[file].encode() if method == "GET" else b"")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/assets/nothing.js",
        "/assets/",
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "/..%2f..%2fetc/passwd",
        "//etc/passwd",
        "/%ff",
        "/health",
        "/static/",
    ],
)
async def test_there_is_nothing_else(opened: Opened, path: str) -> None:
    answer = await opened.ask("GET", path)
    assert answer.status == 404
    check_headers(answer)
    assert answer.headers["cache-control"] == "no-store"


async def test_what_has_not_changed_is_not_sent_again(opened: Opened) -> None:
    first = await opened.ask("GET", "/assets/main-1a2b.js")
    again = await opened.ask("GET", "/assets/main-1a2b.js", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    check_headers(again)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"])
async def test_files_are_only_read(opened: Opened, method: str) -> None:
    answer = await opened.ask(method, "/")
    assert answer.status == 405
    assert answer.headers["allow"] == "GET,HEAD"
    check_headers(answer)


async def test_a_console_that_is_not_built_says_so_and_still_gives_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(net_console, "built_console", lambda: None)
    async with open_console() as opened:
        answer = await opened.ask("GET", "/")
        assert answer.status == 404
        assert b"make web" in answer.body
        check_headers(answer)
        assert opened.passes.accepts(await opened.new_pass())


# --- passes ---


async def test_a_code_becomes_a_pass_that_lets_in_as_the_owner(opened: Opened) -> None:
    answer = await opened.post({"code": opened.passes.new_code()}, Origin=f"http://{opened.own}")
    assert answer.status == 200
    check_headers(answer)
    assert answer.headers["cache-control"] == "no-store"
    token = json.loads(answer.body)["token"]
    raw = await opened.connect(token)
    assert (await request(raw, "kset", key="stagedoor/console-passes", data="[]"))["ok"] is True
    await raw.end()


async def test_a_code_is_good_once(opened: Opened) -> None:
    code = opened.passes.new_code()
    assert (await opened.post({"code": code})).status == 200
    again = await opened.post({"code": code})
    assert again.status == 403
    assert b"used already, or it is too old" in again.body
    check_headers(again)


async def test_a_code_is_good_for_a_while(opened: Opened) -> None:
    code = opened.passes.new_code()
    opened.now += CODE_LIFETIME_S + 1
    assert (await opened.post({"code": code})).status == 403
    assert opened.passes.stored() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"\xff",
        b"[" * 4000,
        b"null",
        b"[]",
        b'"code"',
        b"{}",
        b'{"code":null}',
        b'{"code":5}',
        b'{"code":["CODE"]}',
        b'{"Code":"CODE"}',
        b'{"code":"CODE"}trailing',
    ],
)
async def test_what_is_no_code_in_json_is_a_bad_request_and_uses_no_code_up(opened: Opened, body: bytes) -> None:
    code = opened.passes.new_code()
    answer = await opened.post(body.replace(b"CODE", code.encode()))
    assert answer.status == 400
    check_headers(answer)
    assert (await opened.post({"code": code})).status == 200


@pytest.mark.parametrize("code", ["", "x", "x" * 3000, "\u0000", "Ünïcödé 🎭"])
async def test_another_code_is_forbidden(opened: Opened, code: str) -> None:
    opened.passes.new_code()
    assert (await opened.post({"code": code})).status == 403
    assert opened.passes.stored() == []


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
async def test_what_a_form_can_send_is_no_code(opened: Opened, kind: str) -> None:
    answer = await opened.post({"code": opened.passes.new_code()}, Content_Type=kind)
    assert answer.status == 400


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("size", [4096, 4097, 100_000])
async def test_a_big_body_is_refused_before_its_end(opened: Opened, size: int, is_chunked: bool) -> None:
    body = json.dumps({"code": opened.passes.new_code()}).encode().ljust(size)
    length = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {size + 1_000_000 * (size > 4096)}"
    head = f"POST /pass HTTP/1.1\r\nHost: {opened.own}\r\nContent-Type: application/json\r\n{length}\r\n\r\n".encode()
    raw = Raw(*await asyncio.open_connection("127.0.0.1", opened.port))
    if is_chunked:
        body = b"%x\r\n%s\r\n" % (size, body) + (b"" if size > 4096 else b"0\r\n\r\n")
    status, headers = await raw.request(head + body)
    assert status == (200 if size <= 4096 else 413)
    assert "content-security-policy" in headers
    await raw.end()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS"])
async def test_a_pass_is_posted_asked_about_or_deleted(opened: Opened, method: str) -> None:
    answer = await opened.ask(method, "/pass")
    assert answer.status == 405
    assert answer.headers["allow"] == "DELETE,GET,HEAD,POST"
    check_headers(answer)


async def test_a_browser_learns_by_which_id_its_pass_is_listed(opened: Opened) -> None:
    tokens = [await opened.new_pass() for _ in range(2)]
    answers = [await opened.ask("GET", "/pass", Authorization=f"Bearer {token}") for token in tokens]
    assert [json.loads(answer.body) for answer in answers] == [{"id": known.id} for known in opened.passes.stored()]
    for answer in (answers[0], await opened.ask("HEAD", "/pass", Authorization=f"Bearer {tokens[0]}")):
        assert answer.status == 200
        check_headers(answer)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Origin": "https://evil.example"}])
async def test_nobody_else_learns_of_a_pass(opened: Opened, headers: dict[str, str]) -> None:
    token = await opened.new_pass()
    shown = {"Authorization": f"Bearer {token}"} if "Origin" in headers else {}
    answer = await opened.ask("GET", "/pass", b"", **shown, **headers)
    assert answer.status == (403 if "Origin" in headers else 401)
    check_headers(answer)


FOREIGN = [
    "http://localhost:4337",
    "http://localhost",
    "http://127.0.0.1:{port}",
    "https://localhost:{port}",
    "https://evil.example",
    "http://localhost:{port}.evil.example",
    "http://evil.example/?http://localhost:{port}",
    "null",
    "file://",
    "chrome-extension://abcdefgh",
]
"""Origins of other pages than the console's own: overlays of the other doors, too."""


@pytest.mark.parametrize("origin", FOREIGN)
async def test_another_page_gets_no_pass_and_takes_none(opened: Opened, origin: str) -> None:
    code, token = opened.passes.new_code(), await opened.new_pass()
    origin = origin.format(port=opened.port)
    for answer in (await opened.post({"code": code}, Origin=origin), await opened.give_back(token, Origin=origin)):
        assert answer.status == 403
        check_headers(answer)
    assert opened.passes.accepts(token)
    assert (await opened.post({"code": code})).status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense", "SAME-ORIGIN"])
async def test_what_the_browser_says_comes_from_elsewhere_is_refused(opened: Opened, site: str) -> None:
    code, token = opened.passes.new_code(), await opened.new_pass()
    for origin in ("", f"http://{opened.own}"):
        assert (await opened.post({"code": code}, Origin=origin, Sec_Fetch_Site=site)).status == 403
        assert (await opened.give_back(token, Origin=origin, Sec_Fetch_Site=site)).status == 403
    assert opened.passes.accepts(token)


@pytest.mark.parametrize("site", ["", "same-origin", "none"])
async def test_programs_and_the_console_itself_may_ask(opened: Opened, site: str) -> None:
    for origin in ("", f"http://{opened.own}", f"HTTP://{opened.own.upper()}"):
        code = opened.passes.new_code()
        assert (await opened.post({"code": code}, Origin=origin, Sec_Fetch_Site=site)).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example:{port}", "localhost", "localhost:1", "localhost.:{port}", "0.0.0.0:{port}", "[::]:{port}"]
)
async def test_a_name_that_was_bound_to_this_address_leads_nowhere(opened: Opened, host: str) -> None:
    """To its browser, a page whose own name points to this machine (DNS rebinding) is of the same origin."""
    host = host.format(port=opened.port)
    code, token = opened.passes.new_code(), await opened.new_pass()
    assert (await opened.ask("GET", "/", Host=host)).status == 421
    assert (await opened.post({"code": code}, Host=host, Origin=f"http://{host}")).status == 421
    assert (await opened.give_back(token, Host=host, Origin=f"http://{host}")).status == 421
    raw, status, _ = await Raw.upgrade(opened.port, path="/ws", Host=host, Origin=f"http://{host}")
    assert status == 421
    await raw.end()
    assert opened.passes.accepts(token)
    assert (await opened.post({"code": code})).status == 200


# --- signing out ---


async def test_a_pass_that_is_given_back_is_worthless(opened: Opened) -> None:
    token = await opened.new_pass()
    answer = await opened.give_back(token, Origin=f"http://{opened.own}")
    assert (answer.status, answer.body) == (204, b"")
    check_headers(answer)
    assert (await opened.give_back(token)).status == 401
    raw = await opened.connect()
    assert (await request(raw, "klogin", auth="token", token=token))["error"] == "authentication failed"
    await raw.end()


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic TOKEN", "TOKEN", "Bearer TOKEN x", "Bearer xTOKEN", "Bearer \xff\xfe"],
)
async def test_whoever_shows_no_pass_gives_none_back(opened: Opened, authorization: str) -> None:
    token = await opened.new_pass()
    answer = await opened.ask("DELETE", "/pass", Authorization=authorization.replace("TOKEN", token))
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    check_headers(answer)
    assert opened.passes.accepts(token)


async def test_the_token_of_the_owners_commands_is_no_pass_to_give_back(opened: Opened) -> None:
    assert (await opened.give_back(CONTROL_TOKEN)).status == 401
    raw = await opened.connect(CONTROL_TOKEN)
    await raw.end()


async def test_signing_out_ends_what_came_in_by_that_pass_and_nothing_else(opened: Opened) -> None:
    mine, another = await opened.new_pass(), await opened.new_pass()
    tabs = [await opened.connect(mine) for _ in range(2)]
    bystanders = [await opened.connect(another), await opened.connect(CONTROL_TOKEN), await opened.connect()]
    assert (await opened.give_back(mine)).status == 204
    for tab in tabs:
        assert await tab.close_code() == 1008
        await tab.end()
    for bystander in bystanders:
        assert (await request(bystander, "version"))["ok"] is True
        await bystander.end()


async def test_who_came_in_by_another_pass_later_stays(opened: Opened) -> None:
    first, second = await opened.new_pass(), await opened.new_pass()
    raw = await opened.connect(first)
    assert (await request(raw, "klogin", auth="token", token=second))["ok"] is True
    assert (await opened.give_back(first)).status == 204
    assert (await request(raw, "version"))["ok"] is True
    assert (await opened.give_back(second)).status == 204
    assert await raw.close_code() == 1008
    await raw.end()


async def test_a_pass_that_nobody_used_for_long_lets_nobody_in(opened: Opened) -> None:
    token = await opened.new_pass()
    opened.now += IDLE_S + 1
    raw = await opened.connect()
    assert (await request(raw, "klogin", auth="token", token=token))["error"] == "authentication failed"
    await raw.end()


# --- its WebSocket ---


@pytest.mark.parametrize("origin", FOREIGN)
async def test_another_page_may_not_connect(opened: Opened, origin: str) -> None:
    origin = origin.format(port=opened.port)
    raw, status, _ = await Raw.upgrade(opened.port, path="/ws", Host=opened.own, Origin=origin)
    assert status == 403
    await raw.end()


async def test_a_program_without_a_token_gets_no_further_than_the_login(opened: Opened) -> None:
    raw = await opened.connect(Origin="")
    for command in ("kget", "kget-all", "klist", "ksub", "kset", "kdel"):
        answer = await request(raw, command, key="a", prefix="", data="x")
        assert answer["error"] == "authentication required"
    assert (await request(raw, "klogin", auth="ask", name="An overlay"))[
        "error"
    ] == "authentication method not supported"
    assert "challenge" in (await request(raw, "klogin", auth="challenge"))["data"]
    assert (await request(raw, "klogin", auth="token", token="x"))["error"] == "authentication failed"
    assert (await request(raw, "kget", key="a"))["error"] == "authentication required"
    await raw.end()


@pytest.mark.parametrize("path", ["/", "/pass", "/assets/main-1a2b.js", "/ws/"])
async def test_the_websocket_is_at_its_path_alone(opened: Opened, path: str) -> None:
    raw, status, _ = await Raw.upgrade(opened.port, path=path, Host=opened.own)
    assert status == 404
    await raw.end()


async def test_plain_http_at_the_websockets_path_is_told_so(opened: Opened) -> None:
    assert (await opened.ask("GET", "/ws")).status == 426


# --- the audit log ---


async def test_the_audit_log_has_who_signed_in_and_out_and_who_tried(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = AuditLog(None)
    pages = ConsolePages(opened.passes, private=Path("/nowhere"), audit=audit)
    monkeypatch.setattr(opened.door, "_respond", pages.respond)
    answer = await opened.post({"code": opened.passes.new_code()}, User_Agent="Firefox/130 Linux")
    token = json.loads(answer.body)["token"]
    assert (await opened.post({"code": "x"})).status == 403
    assert (await opened.give_back("no token")).status == 401
    assert (await opened.give_back(token)).status == 204
    entries = [json.loads(line) for chunk in audit.export() for line in chunk.splitlines()]
    assert [(entry["kind"], entry["facts"]) for entry in entries] == [
        ("pass", {"what": "given", "name": "Firefox, Linux", "address": "127.0.0.1"}),
        ("refused", {"door": "console", "address": "127.0.0.1", "reason": "a wrong link"}),
        ("pass", {"what": "returned", "name": "Firefox, Linux", "address": "127.0.0.1"}),
    ]
    assert token not in str(entries)
