"""Pages in a real browser: what those of foreign web sites, of no known origin, of this machine and let in may do.

All names below ``.test`` lead to this machine, so a page of ``http://evil.test`` is one of a foreign web site, and
``http://rebound.test`` with a door's port is a name that was rebound to the door. The browser's own guard of the local
network sees one machine throughout and stays out of it: whatever is refused here, stagedoor has refused.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Frame, Page, async_playwright
from tools.find_chromium import find_chromium

from stagedoor.kilovolt import Client
from tests.clients.browser import FLAGS
from tests.conftest import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

GUARDS: Final = (
    "LocalNetworkAccessChecks",
    "LocalNetworkAccessChecksWebSockets",
    "BlockInsecurePrivateNetworkRequests",
    "HttpsUpgrades",
)
"""Of the browser; which there are, and what they guard, changes from version to version."""

NAMES: Final = ["--host-resolver-rules=MAP *.test 127.0.0.1", f"--disable-features={','.join(GUARDS)}"]

ACTION: Final = {
    "id": "47da7c2c-1b7e-4ee7-9bbf-306bf18ff1b8",
    "name": "Canary",
    "steps": [{"type": "setKey", "key": "canary", "value": "has been run"}],
}

FILES: Final = {
    "own.html": "<!doctype html><body>an overlay",
    "config.js": "self.secret = 'of the overlay'",
    "config.css": "body { --secret: 'of the overlay' }",
    "dot.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>',
}

CREDITS: Final = "credits/events/follows"

SAY: Final = {
    "kilovolt": {"command": "kget", "request_id": "1", "data": {"key": "canary"}},
    "streamerbot": {"request": "GetActions", "id": "1"},
    "console": {"command": "kget", "request_id": "1", "data": {"key": "canary"}},
}

ASK_A_SOCKET: Final = """([url, said]) => new Promise(resolve => {
    const socket = new WebSocket(url);
    let isOpen = false;
    socket.onopen = () => { isOpen = true; socket.send(JSON.stringify(said)); };
    socket.onmessage = ({data}) => {
        const message = JSON.parse(data);
        if ((message.request_id ?? message.id) !== "1") return;
        socket.close();
        resolve(message.error ?? message.status ?? "answered");
    };
    socket.onclose = () => resolve(isOpen ? "closed" : "refused");
})"""

READING: Final = {
    "a fetch": "url => fetch(url + '/api/GetInfo').then(got => got.json()).then(told => told.info.name)",
    "a fetch with a header": """url => fetch(url + '/api/GetInfo', {headers: {Authorization: 'Bearer guessed'}})
        .then(got => got.json()).then(told => told.info.name)""",
    "a frame": """url => new Promise(resolve => {
        const frame = document.body.appendChild(document.createElement('iframe'));
        frame.onload = () => { resolve(frame.contentDocument?.body.innerText ?? 'TypeError') };
        frame.src = url + '/api/GetInfo';
    })""",
}
"""How a page may try to read an answer of the HTTP server; each ends with what it read, or fails."""

_ELEMENT: Final = """url => new Promise(resolve => {
    const element = document.createElement('%s');
    element.onload = element.onerror = () => resolve();
    element.%s = url + '/api/ClearCredits';
    %s;
    document.body.append(element);
})"""

CHANGING: Final = {
    "a fetch that is not read": "url => fetch(url + '/api/ClearCredits', {mode: 'no-cors'}).catch(() => {})",
    "a fetch that is read": "url => fetch(url + '/api/ClearCredits').catch(() => {})",
    "a fetch with a password": """url => fetch(url + '/api/ClearCredits', {credentials: 'include'}).catch(() => {})""",
    "a post of text": """url => fetch(url + '/api/DoAction', {method: 'POST', mode: 'no-cors', body:
        JSON.stringify({action: {name: 'Canary'}})}).catch(() => {})""",
    "a post of JSON": """url => fetch(url + '/api/DoAction', {method: 'POST', headers: {'Content-Type':
        'application/json'}, body: JSON.stringify({action: {name: 'Canary'}})}).catch(() => {})""",
    "a beacon": """url => { navigator.sendBeacon(url + '/DoAction', JSON.stringify({action: {name: 'Canary'}})) }""",
    "a picture": _ELEMENT % ("img", "src", ""),
    "a script": _ELEMENT % ("script", "src", ""),
    "a module": _ELEMENT % ("script", "src", "element.type = 'module'"),
    "a style": _ELEMENT % ("link", "href", "element.rel = 'stylesheet'"),
    "a video": """url => new Promise(resolve => {
        const video = document.createElement('video');
        video.onerror = () => resolve();
        video.src = url + '/api/ClearCredits';
    })""",
    "a frame": _ELEMENT % ("iframe", "src", ""),
    "an object": _ELEMENT % ("object", "data", ""),
    "a stream of events": """url => new Promise(resolve => {
        new EventSource(url + '/api/ClearCredits').onerror = ({target}) => { target.close(); resolve(); };
    })""",
    "a form": """url => new Promise(resolve => {
        const frame = document.createElement('iframe');
        frame.name = 'hidden';
        document.body.append(frame);
        const form = document.body.appendChild(document.createElement('form'));
        Object.assign(form, {action: url + '/api/DoAction', method: 'post', target: 'hidden', enctype: 'text/plain'});
        const field = form.appendChild(document.createElement('input'));
        field.name = '{"action": {"name": "Canary"}, "args": {"a": "';
        field.value = '"}}';
        frame.onload = () => resolve();
        form.submit();
    })""",
    "a redirect": """url => fetch('/go?to=' + encodeURIComponent(url + '/api/ClearCredits'), {mode: 'no-cors'})
        .catch(() => {})""",
}
"""How a page may try to change something by the HTTP server without reading an answer."""


_SCRIPT: Final = """url => new Promise(resolve => {
    const element = document.createElement('script');
    element.onload = element.onerror = () => resolve(globalThis.secret ?? null);
    element.src = url;
    %s;
    document.head.append(element);
})"""

INCLUDING: Final = {
    "a script": _SCRIPT % "",
    "a script that gives no referrer": _SCRIPT % "element.referrerPolicy = 'no-referrer'",
    "a style": """url => new Promise(resolve => {
        const element = document.createElement('link');
        element.rel = 'stylesheet';
        const done = () => resolve(getComputedStyle(document.body).getPropertyValue('--secret').slice(1, -1) || null);
        element.onload = element.onerror = done;
        element.href = url.replace('config.js', 'config.css');
        document.head.append(element);
    })""",
    "a worker's script": """url => new Promise(resolve => {
        const source = `try { importScripts('${new URL(url, location.href)}') } catch { }
            postMessage(self.secret ?? null)`;
        const worker = new Worker(URL.createObjectURL(new Blob([source])));
        worker.onmessage = ({data}) => resolve(data);
    })""",
}
"""How a page may include a file, and so read what is written in it; each tells what that is."""


@dataclass
class Stage:
    """A server with all doors, web sites, and a browser."""

    server: Server
    browser: Browser
    sites: int
    """The port where all web sites are, whatever their names."""
    owner: Client

    @property
    def evil(self) -> str:
        """The origin of a foreign web site."""
        return f"http://evil.test:{self.sites}"

    @property
    def doors(self) -> dict[str, str]:
        """Where the WebSockets are."""
        return {
            "kilovolt": self.server.url,
            "streamerbot": self.server.streamerbot_url,
            "console": self.server.console_url.replace("http", "ws") + "/ws",
        }

    @property
    def files(self) -> list[str]:
        """The same overlay's file, at both servers."""
        return [f"{self.server.page}/static/config.js", f"{self.server.http_url}/overlay/config.js"]

    async def state(self) -> dict[str, str]:
        """All keys, but for those that tell of who comes, and of who is asked about."""
        everything = await self.owner.get_all("")
        passing = ("stagedoor/asks", "stagedoor/origin", "stagedoor/audit", "stagedoor/ev/")
        return {key: value for key, value in everything.items() if not key.startswith(passing)}

    async def refusals(self) -> int:
        """How many requests of pages have been refused for where they came from, over WebSocket and HTTP."""
        status = await self.owner.call_json("stagedoor/@status", None, dict[str, Any])
        assert status is not None
        return sum(door["refused"] for door in status["doors"])

    async def until_refused(self, count: int) -> None:
        """Wait until so many have been."""
        async with asyncio.timeout(60):
            while await self.refusals() < count:
                pass

    async def questions(self) -> list[dict[str, Any]]:
        """What the owner is asked."""
        return msgspec.json.decode(await self.owner.get("stagedoor/asks"), type=list[dict[str, Any]])

    async def until_asked(self, origin: str) -> dict[str, Any]:
        """Wait for a question about a web site."""
        async with self.owner.watch("stagedoor/asks") as changes:
            while True:
                for question in await self.questions():
                    if question["origin"] == origin:
                        return question
                await anext(aiter(changes))

    async def ask_sockets(self, place: Page | Frame) -> dict[str, str]:
        """Connect to each door from a page, ask for something, and tell what came of it."""
        return {door: await place.evaluate(ASK_A_SOCKET, [url, SAY[door]]) for door, url in self.doors.items()}

    async def read_http(self, place: Page | Frame) -> dict[str, str]:
        """Try to read from Streamer.bot's HTTP server in each way."""
        return {
            way: await place.evaluate(f"url => ({how})(url).catch(error => error.name)", self.server.http_url)
            for way, how in READING.items()
        }


@asynccontextmanager
async def web_sites() -> AsyncIterator[int]:
    """Serve the same empty page under every name; yields the port."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/go":
            return web.Response(status=302, headers={"Location": request.query["to"]})
        if request.path == "/frames":
            sandboxed = '<iframe sandbox="allow-scripts allow-forms" src="/"></iframe>'
            data = '<iframe src="data:text/html,<!doctype html><body>data"></iframe>'
            return web.Response(text=f"<!doctype html><body>{sandboxed}{data}", content_type="text/html")
        return web.Response(text="<!doctype html><body>a page", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    executable = find_chromium()
    assert executable is not None, "the tests need a Chromium: python tools/find_chromium.py --install"
    folder = tmp_path_factory.mktemp("origins")
    await asyncio.to_thread((folder / "overlays").mkdir)
    for name, text in FILES.items():
        await asyncio.to_thread((folder / "overlays" / name).write_text, text)
    async with web_sites() as sites, async_playwright() as playwright:
        server = Server(
            folder / "data",
            *("--static", str(folder / "overlays"), "--origins", f"http://friend.test:{sites}"),
            streamerbot=True,
            console=True,
        )
        await server.start()
        browser = await playwright.chromium.launch(executable_path=executable, args=[*FLAGS, *NAMES])
        async with Client(server.url, token=server.control_token) as owner:
            await owner.set_json(f"action/{ACTION['id']}", ACTION)
            mapping = {"path": "overlay", "folder": str(folder / "overlays")}
            config = await owner.get_json("streamerbot/config", dict[str, Any])
            await owner.set_json("streamerbot/config", {**(config or {}), "files": [mapping]})
            yield Stage(server, browser, sites, owner)
        await browser.close()
        await server.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def context(stage: Stage) -> AsyncIterator[BrowserContext]:
    """A window of its own, with something to lose behind the doors."""
    await stage.owner.set_json(CREDITS, ["Ada"])
    await stage.owner.set("canary", "sings")
    context = await stage.browser.new_context()
    yield context
    await context.close()


async def open_page(context: BrowserContext, url: str) -> Page:
    page = await context.new_page()
    await page.goto(url)
    return page


async def opaque_frame(context: BrowserContext, stage: Stage, kind: str) -> Page | Frame:
    """A page whose origin is ``null``: in a sandboxed frame of a foreign site, of ``data:``, or of a file."""
    if kind == "file":
        path = stage.server.data.parent / "page.html"
        await asyncio.to_thread(path.write_text, "<!doctype html><body>a file")
        return await open_page(context, path.as_uri())
    page = await open_page(context, f"{stage.evil}/frames")
    frame = page.frames[1 if kind == "sandbox" else 2]
    assert await frame.evaluate("self.origin") == "null"
    return frame


# --- a foreign web site ---


async def test_a_foreign_page_gets_no_socket_at_any_door(stage: Stage, context: BrowserContext) -> None:
    before, refusals = await stage.state(), await stage.refusals()
    page = await open_page(context, stage.evil)
    assert await stage.ask_sockets(page) == dict.fromkeys(stage.doors, "refused")
    assert await stage.refusals() == refusals + len(stage.doors), "the browser has not even asked"
    assert await stage.state() == before


async def test_a_foreign_page_reads_nothing_over_http(stage: Stage, context: BrowserContext) -> None:
    refusals = await stage.refusals()
    page = await open_page(context, stage.evil)
    read = await stage.read_http(page)
    assert read == {"a fetch": "TypeError", "a fetch with a header": "TypeError", "a frame": "TypeError"}
    assert await stage.refusals() == refusals + len(READING)


@pytest.mark.parametrize("way", CHANGING)
async def test_a_foreign_page_changes_nothing_over_http(stage: Stage, context: BrowserContext, way: str) -> None:
    before, refusals = await stage.state(), await stage.refusals()
    page = await open_page(context, stage.evil)
    await page.evaluate(CHANGING[way], stage.server.http_url)
    await stage.until_refused(refusals + 1)
    assert await stage.state() == before


@pytest.mark.parametrize("how", ["a script", "a script that gives no referrer", "a style", "a worker's script"])
async def test_a_foreign_page_includes_no_file_of_the_doors(stage: Stage, context: BrowserContext, how: str) -> None:
    refusals = await stage.refusals()
    page = await open_page(context, stage.evil)
    for url in stage.files:
        assert await page.evaluate(INCLUDING[how], url) is None
    await stage.until_refused(refusals + len(stage.files))


async def test_a_page_that_hides_where_it_comes_from_includes_no_file(stage: Stage, context: BrowserContext) -> None:
    for kind in ("sandbox", "data", "file"):
        place = await opaque_frame(context, stage, kind)
        for url in stage.files:
            assert await place.evaluate(INCLUDING["a script"], url) is None, kind


@pytest.mark.parametrize("how", ["a script", "a style"])
async def test_other_pages_include_files(stage: Stage, context: BrowserContext, how: str) -> None:
    """Those of this machine, of any port and by either name, those of a site that was let in, and the doors' own."""
    for host in ("127.0.0.1", "localhost", "friend.test"):
        origin = f"http://{host}:{stage.sites}/"
        page = await open_page(context, origin)
        for url in stage.files:
            assert await page.evaluate(INCLUDING[how], url) == "of the overlay", origin
    page = await open_page(context, f"{stage.server.page}/static/own.html")
    assert await page.evaluate(INCLUDING[how], "/static/config.js") == "of the overlay"


async def test_a_foreign_page_may_show_a_picture_of_the_doors(stage: Stage, context: BrowserContext) -> None:
    page = await open_page(context, stage.evil)
    for url in stage.files:
        width = await page.evaluate(
            """url => new Promise(resolve => {
                const picture = new Image();
                picture.onload = () => resolve(picture.width);
                picture.onerror = () => resolve(0);
                picture.src = url;
            })""",
            url.replace("config.js", "dot.svg"),
        )
        assert width == 1


async def test_a_link_on_a_foreign_page_changes_nothing(stage: Stage, context: BrowserContext) -> None:
    """A whole page that leads to the server, in the same window and in another one."""
    before = await stage.state()
    url = f"{stage.server.http_url}/api/ClearCredits"
    for target in ("_self", "_blank"):
        page = await open_page(context, stage.evil)
        async with context.expect_event("response", lambda got: got.url == url) as answer:
            await page.evaluate("([url, target]) => { open(url, target) }", [url, target])
        assert (await answer.value).status == 403
    assert await stage.state() == before


async def test_a_foreign_page_reaches_nothing_of_the_pages_of_the_doors(stage: Stage, context: BrowserContext) -> None:
    """The Kilovolt door over HTTP changes nothing for anybody; the console's takes nothing from other pages."""
    before = await stage.state()
    page = await open_page(context, stage.evil)
    kilovolt, console = stage.server.page, stage.server.console_url
    tries = {
        "health": f"fetch('{kilovolt}/health').then(got => got.text())",
        "index": f"fetch('{kilovolt}/').then(got => got.text())",
        "post": f"fetch('{kilovolt}/', {{method: 'POST', body: 'x'}})",
        "console": f"fetch('{console}/')",
        "pass": f"fetch('{console}/pass', {{method: 'POST', body: '{{}}'}})",
        "pass in JSON": f"""fetch('{console}/pass', {{method: 'POST', body: '{{"code": ""}}',
            headers: {{'Content-Type': 'application/json'}}}})""",
        "sign out": f"fetch('{console}/pass', {{method: 'DELETE'}})",
        "upload": f"fetch('{console}/upload', {{method: 'POST', body: 'x'}})",
        "audit": f"fetch('{console}/audit')",
    }
    came = {what: await page.evaluate(f"() => {how}.catch(error => error.name)") for what, how in tries.items()}
    assert came == dict.fromkeys(tries, "TypeError") | {"health": "OK"}
    for url in (f"{kilovolt}/", f"{console}/"):
        async with page.expect_event("framenavigated", lambda frame: frame.url != "about:blank") as navigated:
            await page.evaluate(
                """url => {
                    const frame = document.createElement('iframe');
                    frame.src = url;
                    document.body.append(frame);
                }""",
                url,
            )
        assert (await navigated.value).url.startswith("chrome-error://"), "it must not be framed"
    assert await stage.state() == before


# --- a page of no known origin ---


@pytest.mark.parametrize("kind", ["sandbox", "data", "file"])
async def test_a_page_of_no_origin_comes_in_and_may_do_nothing(
    stage: Stage, context: BrowserContext, kind: str
) -> None:
    before = await stage.state()
    place = await opaque_frame(context, stage, kind)
    assert await stage.ask_sockets(place) == {
        "kilovolt": "authentication required",
        "streamerbot": "Authentication required",
        "console": "refused",
    }
    ask = {"command": "klogin", "request_id": "1", "data": {"auth": "ask", "name": "Trust me"}}
    asked = await place.evaluate(ASK_A_SOCKET, [stage.server.url, ask])
    assert asked == "authentication method not supported"
    assert all(question["kind"] != "app" for question in await stage.questions())
    assert await stage.state() == before


@pytest.mark.parametrize("kind", ["sandbox", "data", "file"])
async def test_a_page_of_no_origin_reads_and_changes_nothing_over_http(
    stage: Stage, context: BrowserContext, kind: str
) -> None:
    before = await stage.state()
    place = await opaque_frame(context, stage, kind)
    assert set((await stage.read_http(place)).values()) == {"TypeError"}
    for way, how in CHANGING.items():
        if way != "a redirect":  # it has no site to be sent back by
            await place.evaluate(how, stage.server.http_url)
    assert await stage.state() == before


# --- pages of this machine ---


async def test_a_page_of_this_machine_comes_in_at_the_doors_for_programs(stage: Stage, context: BrowserContext) -> None:
    for url in (f"http://127.0.0.1:{stage.sites}/", f"{stage.server.page}/static/own.html"):
        page = await open_page(context, url)
        assert await stage.ask_sockets(page) == {
            "kilovolt": "authentication required",
            "streamerbot": "ok",
            "console": "refused",
        }


async def test_the_ways_of_a_hostile_page_do_work_for_one_of_this_machine(
    stage: Stage, context: BrowserContext
) -> None:
    """Or that a foreign page changes nothing by them would show nothing."""
    page = await open_page(context, f"http://127.0.0.1:{stage.sites}/")
    await page.evaluate(CHANGING["a picture"], stage.server.http_url)
    assert await stage.owner.get_json(CREDITS) in (None, [])


async def test_a_redirect_by_a_foreign_site_makes_a_request_foreign(stage: Stage, context: BrowserContext) -> None:
    before = await stage.state()
    page = await open_page(context, f"http://127.0.0.1:{stage.sites}/")
    to = f"{stage.server.http_url}/api/ClearCredits"
    await page.evaluate(
        """url => new Promise(resolve => {
            const picture = new Image();
            picture.onerror = () => resolve();
            picture.src = url;
        })""",
        f"{stage.evil}/go?to={to}",
    )
    assert await stage.state() == before


# --- a page that was let in ---


async def test_a_page_that_was_let_in_may_log_in_and_has_the_rights_of_others(
    stage: Stage, context: BrowserContext
) -> None:
    page = await open_page(context, f"http://friend.test:{stage.sites}/")
    assert await stage.ask_sockets(page) == {
        "kilovolt": "authentication required",
        "streamerbot": "ok",
        "console": "refused",
    }
    read = await stage.read_http(page)
    assert read["a fetch"] == "stagedoor"
    assert read["a frame"] == "TypeError", "a page of another origin is not to be read in a frame"
    await page.evaluate(CHANGING["a post of JSON"], stage.server.http_url)
    async with stage.owner.watch("canary") as changes:
        while await stage.owner.get("canary") != "has been run":
            await asyncio.wait_for(anext(aiter(changes)), 10)


# --- asking about a web site ---

KNOCK: Final = """url => new Promise(resolve => {
    const socket = new WebSocket(url);
    socket.onopen = () => { window.socket = socket; resolve('open'); };
    socket.onclose = () => resolve('refused');
})"""

FAREWELL: Final = """() => new Promise(resolve => {
    window.socket.onclose = ({code, reason}) => resolve([code, reason]);
})"""


async def test_a_page_that_is_allowed_comes_in_at_its_next_try_until_that_is_forgotten(
    stage: Stage, context: BrowserContext
) -> None:
    origin = f"http://wanted.test:{stage.sites}"
    page = await open_page(context, origin)
    # At every door, in every way and again and again: that is one question.
    for _ in range(3):
        assert set((await stage.ask_sockets(page)).values()) == {"refused"}
        await page.evaluate(CHANGING["a post of JSON"], stage.server.http_url)
    question = await stage.until_asked(origin)
    assert question["kind"] == "origin"
    assert [asked["origin"] for asked in await stage.questions()].count(origin) == 1
    await stage.owner.call_json("stagedoor/@answer-ask", {"id": question["id"], "allow": True})
    assert await page.evaluate(KNOCK, stage.server.url) == "open"
    assert (await stage.ask_sockets(page))["streamerbot"] == "ok"
    assert (await stage.ask_sockets(page))["console"] == "refused", "the console is for its own pages alone"
    assert (await stage.read_http(page))["a fetch"] == "stagedoor"
    await page.evaluate(f"() => {{ window.farewell = ({FAREWELL})() }}")
    await stage.owner.call_json("stagedoor/@forget-origin", {"origin": origin})
    assert await page.evaluate("() => window.farewell") == [4011, "access was revoked"]
    assert await page.evaluate(KNOCK, stage.server.url) == "refused"
    again = await stage.until_asked(origin)
    assert again["id"] != question["id"]
    await stage.owner.call_json("stagedoor/@answer-ask", {"id": again["id"], "allow": False})
    assert await page.evaluate(KNOCK, stage.server.url) == "refused"
    assert origin not in [asked["origin"] for asked in await stage.questions()], "a no is remembered"


# --- a name that was rebound ---


@pytest.mark.parametrize("name", ["rebound.test", "localhost.test", "127.0.0.1.test"])
async def test_a_name_that_was_rebound_to_a_door_leads_nowhere(
    stage: Stage, context: BrowserContext, name: str
) -> None:
    """The page that the attacker's server sent first speaks to the door as to its own site."""
    before = await stage.state()
    server = stage.server
    for port, path in (
        (server.port, "/ws"),
        (server.streamerbot_port, "/"),
        (server.http_port, "/"),
        (server.console_port, "/ws"),
    ):
        page = await context.new_page()
        answer = await page.goto(f"http://{name}:{port}/")
        assert answer is not None
        assert answer.status == 421
        assert await page.evaluate("self.origin") == f"http://{name}:{port}"
        said = {"request": "GetInfo", "id": "1"}
        assert await page.evaluate(ASK_A_SOCKET, [f"ws://{name}:{port}{path}", said]) == "refused"
        for method, target in (("GET", "/health"), ("GET", "/api/ClearCredits"), ("POST", "/api/DoAction")):
            statuses = await page.evaluate(
                "([method, target]) => fetch(target, {method}).then(got => got.status)", [method, target]
            )
            assert statuses == 421, (port, method, target)
    assert await stage.state() == before
