"""The sample overlays, over HTTP: there with and without a folder of the owner's, which comes first."""

import asyncio
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Response

from stagedoor.net.pages import Pages
from stagedoor.net.static import StaticFolder
from tests.net.test_door import get, open_door
from tests.net.websocket import Raw

NAMES = ["chat", "alerts", "countdown"]


@pytest.fixture(params=[False, True], ids=["without a folder", "with a folder"])
def pages(request: pytest.FixtureRequest, tmp_path: Path) -> Pages:
    if not request.param:
        return Pages()
    (tmp_path / "overlays").mkdir()
    return Pages(StaticFolder(tmp_path / "overlays", private=tmp_path / "data"))


async def test_the_samples_are_there(pages: Pages) -> None:
    async with open_door(pages=pages) as opened:
        for name in NAMES:
            for path in (f"{name}/", f"{name}/index.html", f"{name}/{name}.js", f"{name}/{name}.css", "door.js"):
                status, body = await get(opened.port, f"/static/examples/{path}")
                assert (status, bool(body)) == (200, True), path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "none/",
        "none.html",
        "../version.py",
        "..%2fversion.py",
        "%2e%2e/version.py",
        "chat/../../version.py",
        "chat/%2e%2e/%2e%2e/version.py",
        "chat%5c..%5c..%5cversion.py",
        "chat/.hidden",
        "%ff",
    ],
)
async def test_there_is_nothing_else_below_the_samples(pages: Pages, path: str) -> None:
    async with open_door(pages=pages) as opened:
        status, body = await get(opened.port, f"/static/examples/{path}")
        assert status == 404
        assert b"__version__" not in body


async def test_without_a_folder_there_is_nothing_beside_the_samples() -> None:
    async with open_door(pages=Pages()) as opened:
        for path in ("/static", "/static/", "/static/examples", "/static/chat/", "/static/index.html"):
            assert (await get(opened.port, path))[0] == 404, path


async def test_a_file_of_the_owners_folder_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "overlays" / "examples" / "chat"
    own.mkdir(parents=True)
    (own / "chat.js").write_text("// mine")
    async with open_door(pages=Pages(StaticFolder(tmp_path / "overlays", private=tmp_path / "data"))) as opened:
        assert await get(opened.port, "/static/examples/chat/chat.js") == (200, b"// mine")
        status, body = await get(opened.port, "/static/examples/chat/")
        assert (status, b"chat.css" in body) == (200, True)


async def test_a_sample_may_load_nothing_but_itself_and_pictures() -> None:
    async with open_door(pages=Pages()) as opened:
        raw = Raw(*await asyncio.open_connection("127.0.0.1", opened.port))
        head = f"GET /static/examples/chat/ HTTP/1.1\r\nHost: localhost:{opened.port}\r\n\r\n"
        status, headers = await raw.request(head.encode())
        assert status == 200
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["img-src"] == "https:"
        assert "x-frame-options" not in headers, "the console shows it in a frame"
        await raw.end()


@pytest.mark.parametrize(
    ("door", "fragment"),
    [
        (None, ""),
        ("ws://127.0.0.1:8080/", ""),
        ("ws://127.0.0.1:9090/", "#port=9090"),
        ("ws://127.0.0.1:8080/a%22b", "#endpoint=%2Fa%2522b"),
    ],
)
async def test_the_page_leads_to_the_samples(door: str | None, fragment: str) -> None:
    pages = Pages()
    if door is not None:
        pages.other_doors = {"Streamer.bot": door}
    response = await pages.respond(make_mocked_request("GET", "/", headers={"Host": "localhost:4337"}))
    assert isinstance(response, Response)
    assert response.text is not None
    for name in NAMES:
        assert f'<a href="/static/examples/{name}/{fragment}">' in response.text
