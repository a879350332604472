"""The page that Twitch leads back to: what it hands on, what it answers, and that it shows nothing that was sent."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import msgspec
import pytest

from stagedoor import keys
from stagedoor.access import SERVICE, Client
from stagedoor.errors import RequestFailed
from stagedoor.hub import Catalogue, Hub, MemoryStore
from stagedoor.net.pages import Pages
from stagedoor.net.twitch_login import PATH, TwitchLoginPage
from tests.net.test_door import Opened, get, open_door
from tests.net.websocket import Raw

EVIL = "<script>alert(1)</script>"


class Stage:
    """The page on a door, and a service behind it that answers as it is told."""

    def __init__(self, opened: Opened, hub: Hub) -> None:
        self.opened = opened
        self.client = Client(hub, SERVICE)
        self.came: list[dict[str, str]] = []
        self.answer: str | Exception = '{"account":"streamer","login":"ada"}'

    def serve(self) -> None:
        self.client.serve(keys.TWITCH_CALLBACK, self._serve)

    async def _serve(self, value: str) -> str:
        self.came.append(msgspec.json.decode(value, type=dict[str, str]))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def get(self, query: str, *, method: str = "GET", extra: str = "") -> tuple[int, str]:
        status, body = await get(self.opened.port, f"{PATH}{query}", method=method, extra=extra)
        return status, body.decode()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    hub = Hub(MemoryStore(), Catalogue(keys.SPECS))
    async with open_door(pages=Pages(twitch_login=TwitchLoginPage(Client(hub, SERVICE)))) as opened:
        stage = Stage(opened, hub)
        stage.serve()
        yield stage
    await hub.close()


async def test_what_the_address_brings_is_handed_on(stage: Stage) -> None:
    status, page = await stage.get("?code=abc%20d&scope=chat%3Aread&state=s1")
    assert (status, stage.came) == (200, [{"code": "abc d", "state": "s1"}])
    assert "The streamer is logged in to Twitch as ada." in page


async def test_a_refusal_is_shown_as_a_sentence(stage: Stage) -> None:
    stage.answer = RequestFailed("access was denied at Twitch; nothing has changed")
    status, page = await stage.get("?error=access_denied&error_description=The+user+denied+you+access&state=s1")
    assert (status, stage.came[0]["error"]) == (400, "access_denied")
    assert "Access was denied at Twitch; nothing has changed." in page


async def test_a_browser_that_comes_from_twitch_gets_in(stage: Stage) -> None:
    fetch = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"
    assert (await stage.get("?code=a&state=b", extra=f"{fetch}Referer: https://id.twitch.tv/\r\n"))[0] == 200


async def test_nothing_that_was_sent_is_shown(stage: Stage) -> None:
    stage.answer = RequestFailed("no")
    for name in ("code", "state", "error", "error_description"):
        _, page = await stage.get(f"?{name}={quote(EVIL)}")
        assert "alert" not in page


async def test_what_the_service_says_is_escaped(stage: Stage) -> None:
    stage.answer = RequestFailed(EVIL)
    assert "<script" not in (await stage.get("?code=a"))[1]
    stage.answer = msgspec.json.encode({"account": "bot", "login": EVIL}).decode()
    status, page = await stage.get("?code=a")
    assert (status, "<script" in page, "The bot is logged in" in page) == (200, False, True)


async def test_a_bug_is_an_error_of_ours_that_tells_no_detail(stage: Stage) -> None:
    stage.answer = ValueError("a detail")
    status, page = await stage.get("?code=a&state=b")
    assert (status, "a detail" in page) == (500, False)


async def test_only_a_get_uses_a_code_up(stage: Stage) -> None:
    for method in ("HEAD", "POST", "OPTIONS", "DELETE"):
        assert (await stage.get("?code=a&state=b", method=method))[0] == 405
    assert stage.came == []


async def test_an_address_that_is_too_long_goes_no_further(stage: Stage) -> None:
    assert (await stage.get(f"?code={'a' * 3000}"))[0] == 400
    assert stage.came == []


async def test_without_the_service_it_says_so() -> None:
    hub = Hub(MemoryStore(), Catalogue(keys.SPECS))
    async with open_door(pages=Pages(twitch_login=TwitchLoginPage(Client(hub, SERVICE)))) as opened:
        assert (await get(opened.port, f"{PATH}?code=a"))[0] == 503
    await hub.close()


async def test_elsewhere_there_is_no_such_page() -> None:
    async with open_door(pages=Pages()) as opened:
        assert (await get(opened.port, f"{PATH}?code=a"))[0] == 404


async def test_the_page_may_load_nothing_and_is_not_kept(stage: Stage) -> None:
    raw = Raw(*await asyncio.open_connection("127.0.0.1", stage.opened.port))
    head = f"GET {PATH}?code=a&state=b HTTP/1.1\r\nHost: localhost:{stage.opened.port}\r\n\r\n"
    status, headers = await raw.request(head.encode())
    assert status == 200
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "deny"
    assert headers["x-content-type-options"] == "nosniff"
    await raw.end()


async def test_another_host_name_gets_nothing(stage: Stage) -> None:
    status, _ = await get(stage.opened.port, f"{PATH}?code=a", host="evil.example")
    assert (status >= 400, stage.came) == (True, [])
