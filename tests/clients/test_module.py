"""The module for authors of overlays, ``/static/examples/stagedoor.js``: in Chromium, at the real server."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright, expect
from tools.find_chromium import find_chromium

from stagedoor.kilovolt import Client
from tests.cli.harness import Cli
from tests.clients.browser import FLAGS
from tests.clients.owner import answer_next_question, make_overlay_key, revoke_overlay_key
from tests.conftest import PASSWORD, Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODULE = Path(__file__).parents[2] / "src/stagedoor/examples/stagedoor.js"

PAGE = """<!doctype html>
<script type="module">
import { connect } from "/static/examples/stagedoor.js";
window.seen = [];
window.heard = [];
window.start = (app, options = {}) => {
  window.door = connect(app, {
    ...options,
    onStatus: (now, why) => seen.push([now, why]),
    onReady: async () => heard.push(["read", await door.get("counter/deaths").catch((error) => error.cause)]),
  });
  door.subscribe("counter/", (key, value) => heard.push([key, value])).catch(() => undefined);
};
const [app, options] = JSON.parse(sessionStorage.getItem("start") ?? "[]");
if (app) start(app, options);
</script>
"""

COUNTER = {"name": "Death counter", "author": "Ada"}


class Overlay:
    """A page that uses the module."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server

    async def open(self, app: dict[str, object] | None = None, fragment: str = "", **options: object) -> None:
        """Open the page and connect."""
        await self.page.goto(f"{self.server.page}/static/page.html{fragment}")
        start = json.dumps([app or COUNTER, options])
        await self.page.evaluate("start => { sessionStorage.setItem('start', start); }", start)
        await self.page.reload()

    async def until(self, status: str) -> str:
        """Wait until it stands so; returns why."""
        await self.page.wait_for_function("status => seen.at(-1)?.[0] === status", arg=status)
        why: str = await self.page.evaluate("seen.at(-1)[1]")
        return why

    async def hears(self, key: str, value: str) -> None:
        """Wait until it has heard a value of a key, or read it."""
        same = "([key, value]) => heard.some((news) => news[0] === key && news[1] === value)"
        await self.page.wait_for_function(same, arg=[key, value])

    async def statuses(self) -> list[str]:
        """How it has stood since it was loaded."""
        found: list[str] = await self.page.evaluate("seen.map(([now]) => now)")
        return found


@pytest_asyncio.fixture(loop_scope="module")
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A server that serves the page."""
    (tmp_path / "overlays").mkdir()
    (tmp_path / "overlays" / "page.html").write_text(PAGE)
    running = Server(tmp_path / "data", "--static", str(tmp_path / "overlays"))
    await running.start()
    yield running
    await running.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """Chromium, for all tests."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A browser that has been nowhere yet."""
    fresh = await chromium.new_context()
    yield fresh
    await fresh.close()


@pytest_asyncio.fixture(loop_scope="module")
async def overlay(server: Server, context: BrowserContext) -> AsyncIterator[Overlay]:
    """A page whose script must not fail."""
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield Overlay(page, server)
    assert faults == []


@asynccontextmanager
async def owner(server: Server) -> AsyncIterator[Client]:
    """The owner at work."""
    async with Client(server.url, token=server.control_token) as client:
        yield client


async def remembered_app(client: Client) -> dict[str, object]:
    """The one application that was let in for good, as the owner sees it."""
    await client.set("a fence", "")  # its token may be here before it is on the disk; with this, that is there, too
    (app,) = await client.get_json("stagedoor/apps", list[dict[str, object]], [])
    return app


async def test_who_is_remembered_comes_back_unasked(server: Server, overlay: Overlay) -> None:
    await overlay.open()
    question = await answer_next_question(server, allow=True, remember=True)
    assert (question["name"], question["author"]) == ("Death counter", "Ada")
    await overlay.until("in")
    await overlay.page.evaluate("door.set('counter/deaths', '3')")
    await overlay.hears("counter/deaths", "3")
    await overlay.page.reload()
    await overlay.until("in")
    assert await overlay.statuses() == ["connecting", "in"]
    await overlay.hears("read", "3")
    await server.restart()
    await overlay.page.wait_for_function("seen.length > 2 && seen.at(-1)[0] === 'in'")
    assert "asking" not in await overlay.statuses()
    async with owner(server) as client:
        await client.set("counter/deaths", "4")
    await overlay.hears("counter/deaths", "4")


async def test_who_was_let_in_once_is_asked_about_again(server: Server, overlay: Overlay) -> None:
    await overlay.open()
    await answer_next_question(server, allow=True)
    await overlay.until("in")
    await overlay.page.reload()
    await overlay.until("asking")


async def test_who_is_denied_does_not_ask_again(server: Server, overlay: Overlay) -> None:
    await overlay.open()
    await answer_next_question(server, allow=False)
    assert await overlay.until("refused") == "denied"
    await overlay.page.wait_for_timeout(1500)  # longer than the first delay of one that comes back
    assert await overlay.statuses() == ["connecting", "asking", "refused"]


async def test_whose_access_is_revoked_asks_when_it_is_loaded_again(server: Server, overlay: Overlay) -> None:
    await overlay.open()
    await answer_next_question(server, allow=True, remember=True)
    await overlay.until("in")
    async with owner(server) as client:
        app = await remembered_app(client)
        await client.call_json("stagedoor/@forget-app", {"id": app["id"]})
    assert await overlay.until("revoked")
    await overlay.page.reload()
    await overlay.until("asking")
    assert await overlay.statuses() == ["connecting", "asking"]


async def test_a_token_that_is_none_any_more_is_followed_by_a_question(server: Server, overlay: Overlay) -> None:
    await overlay.open()
    await answer_next_question(server, allow=True, remember=True)
    await overlay.until("in")
    await overlay.page.goto("about:blank")
    async with owner(server) as client:
        app = await remembered_app(client)
        await client.call_json("stagedoor/@forget-app", {"id": app["id"]})
    await overlay.page.goto(f"{server.page}/static/page.html")
    await answer_next_question(server, allow=True)
    await overlay.until("in")


async def test_a_page_gets_what_it_asks_for_or_less(server: Server, overlay: Overlay) -> None:
    await overlay.open({**COUNTER, "scopes": ["read:counter/*", "write:counter/*"]})
    question = await answer_next_question(server, allow=True, remember=True, scopes=["read:counter/*"])
    assert question["scopes"] == ["read:counter/*", "write:counter/*"]
    await overlay.until("in")
    for _ in range(2):
        assert await overlay.page.evaluate("door.scopes") == ["read:counter/*"]
        await overlay.hears("read", "")
        failure = "door.set('counter/deaths', '3').catch((error) => error.cause)"
        assert await overlay.page.evaluate(failure) == "not permitted"
        await overlay.page.reload()
        await overlay.until("in")
    assert await overlay.statuses() == ["connecting", "in"]


async def test_a_page_whose_scopes_are_changed_comes_back_under_them(server: Server, overlay: Overlay) -> None:
    await overlay.open()
    await answer_next_question(server, allow=True, remember=True)
    await overlay.until("in")
    async with owner(server) as client:
        app = await remembered_app(client)
        await client.call_json("stagedoor/@change-app", {"id": app["id"], "scopes": ["read:counter/*"]})
    await overlay.page.wait_for_function("door.scopes?.length === 1")
    assert await overlay.statuses() == ["connecting", "asking", "in", "connecting", "in"]


async def test_scopes_that_are_none_are_refused(overlay: Overlay) -> None:
    await overlay.open({**COUNTER, "scopes": ["dance:all"]})
    assert "dance:all" in await overlay.until("refused")


async def test_an_overlay_key_lets_look_on_until_it_is_revoked(server: Server, overlay: Overlay) -> None:
    key_id, key = await make_overlay_key(server, "read:counter/*")
    await overlay.open(fragment=f"#key={key}")
    await overlay.until("in")
    assert await overlay.page.evaluate("door.scopes") == ["read:counter/*"]
    async with owner(server) as client:
        await client.set("counter/deaths", "4")
    await overlay.hears("counter/deaths", "4")
    failure = "door.set('counter/deaths', '5').catch((error) => error.cause)"
    assert await overlay.page.evaluate(failure) == "not permitted"
    await revoke_overlay_key(server, key_id)
    await overlay.until("revoked")
    await overlay.page.reload()
    await overlay.until("refused")
    assert await overlay.statuses() == ["connecting", "refused"]


@pytest.mark.parametrize("name", ["password", "key"])
async def test_a_password_in_the_fragment_spares_the_question(overlay: Overlay, name: str) -> None:
    await overlay.open(fragment=f"#{name}={PASSWORD.replace(' ', '+')}")
    await overlay.until("in")
    assert await overlay.statuses() == ["connecting", "in"]
    await overlay.hears("read", "")


async def test_a_wrong_password_is_refused_once(overlay: Overlay) -> None:
    await overlay.open(secret="not it")
    assert await overlay.until("refused") == "the answer is wrong"


async def test_a_service_is_asked_and_its_refusal_is_an_error(overlay: Overlay) -> None:
    await overlay.open(secret=PASSWORD)
    await overlay.until("in")
    call = "door.call('global/@set', JSON.stringify({ name: 'deaths', value: 3, persisted: true }))"
    assert json.loads(await overlay.page.evaluate(call))["value"] == 3
    failure = "door.call('nobody/@here').catch((error) => error.cause)"
    assert await overlay.page.evaluate(failure) == "no such request"


async def test_a_request_waits_until_the_page_is_in(server: Server, overlay: Overlay) -> None:
    await overlay.open()
    await overlay.until("asking")
    reading = asyncio.create_task(overlay.page.evaluate("door.get('counter/deaths')"))
    async with owner(server) as client:
        await client.set("counter/deaths", "5")
    await answer_next_question(server, allow=True)
    assert await reading == "5"


async def test_a_request_under_way_fails_with_the_connection(server: Server, overlay: Overlay) -> None:
    await overlay.open(secret=PASSWORD)
    await overlay.until("in")
    # The answer to this one comes when the room is closed.
    opening = "door.call('loopback/@open', JSON.stringify({ platform: 'twitch' })).catch((error) => error.cause)"
    async with owner(server) as client, client.watch("platform/twitch") as accounts:
        asking = asyncio.create_task(overlay.page.evaluate(opening))
        await anext(accounts)
    await server.kill()
    assert await asking == "connection lost"
    await server.start()
    await overlay.until("in")


async def test_other_scopes_are_another_question(server: Server, overlay: Overlay) -> None:
    await overlay.open({**COUNTER, "scopes": ["read:counter/*"]})
    await answer_next_question(server, allow=True, remember=True)
    await overlay.until("in")
    await overlay.open({**COUNTER, "scopes": ["read:counter/*", "write:counter/*"]})
    await answer_next_question(server, allow=True)
    await overlay.until("in")


async def test_an_open_door_asks_for_nothing(tmp_path: Path, context: BrowserContext) -> None:
    (tmp_path / "overlays").mkdir()
    (tmp_path / "overlays" / "page.html").write_text(PAGE)
    server = Server(tmp_path / "data", "--static", str(tmp_path / "overlays"), password="")
    await server.start()
    for fragment in ("", "#key=any"):
        overlay = Overlay(await context.new_page(), server)
        await overlay.open(fragment=fragment)
        await overlay.until("in")
        await overlay.hears("read", "")
    await server.stop()


async def test_a_page_of_https_connects_by_wss(context: BrowserContext) -> None:
    page = await context.new_page()

    async def serve(route: Route) -> None:
        is_script = route.request.url.endswith(".js")
        kind = "text/javascript" if is_script else "text/html"
        await route.fulfill(body=MODULE.read_text() if is_script else PAGE, content_type=kind)

    await page.route("https://stream.example:4337/**", serve)
    await page.goto("https://stream.example:4337/page.html")
    async with page.expect_websocket() as opening:
        await page.evaluate("start({ name: 'x' })")
    assert (await opening.value).url == "wss://stream.example:4337/ws"


async def test_over_https_everything_goes_by_wss(tmp_path: Path, chromium: Browser) -> None:
    (tmp_path / "overlays").mkdir()
    (tmp_path / "overlays" / "page.html").write_text(PAGE)
    server = Server(tmp_path / "data", "--static", str(tmp_path / "overlays"), streamerbot=True)
    async with contextlib.AsyncExitStack() as stack:
        await server.start()
        stack.push_async_callback(server.stop)
        await Cli(server.data).ok("tls", "new")
        _, key = await make_overlay_key(server, "event:*", "read:counter/*")
        context = await chromium.new_context(ignore_https_errors=True)
        stack.push_async_callback(context.close)
        page = await context.new_page()
        sockets: list[str] = []
        page.on("websocket", lambda socket: sockets.append(socket.url))
        home = f"https://localhost:{server.port}/static"
        await page.goto(f"{home}/page.html#key={key}")
        await page.evaluate("start({ name: 'Death counter' })")
        await page.wait_for_function("seen.at(-1)[0] === 'in'")
        await page.goto(f"{home}/examples/chat/#port={server.streamerbot_port}&key={key}")
        await expect(page.locator("#status")).to_be_hidden()
        assert sockets == [f"wss://localhost:{server.port}/ws", f"wss://127.0.0.1:{server.streamerbot_port}/"]
