"""Logins at Twitch with the whole server: the browser comes back to the door, and that outlives a restart."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import msgspec
import pytest

from stagedoor.fake_twitch import FakeTwitch
from stagedoor.kilovolt import Client
from stagedoor.options import parse_socket_address, parse_web_address
from tests.conftest import PASSWORD, Server
from tests.services.twitch.stage import decide
from tests.test_app import owner_of
from tests.test_owner_requests import ask, free_port, run_movable

PATIENCE_S = 30.0


def options(twitch: FakeTwitch) -> list[str]:
    """Point a server at a fake Twitch."""
    urls = twitch.urls._asdict()
    return [f"--twitch-{name}-url={url}" for name, url in urls.items()]


async def until_status(owner: Client, state: str) -> dict[str, Any]:
    """Wait until the connection to Twitch is in a state."""
    async with asyncio.timeout(PATIENCE_S), owner.watch("twitch/status") as changes:
        status = msgspec.json.decode(await owner.get("twitch/status"), type=dict[str, Any])
        while status["state"] != state:
            status = msgspec.json.decode((await anext(aiter(changes))).value, type=dict[str, Any])
        return status


async def test_a_browser_logs_in_and_the_login_outlives_a_restart(tmp_path: Path) -> None:
    async with FakeTwitch() as twitch:
        server = Server(tmp_path / "data", *options(twitch))
        await server.start()
        credentials = {"api_client_id": twitch.client_id, "api_client_secret": twitch.client_secret}
        async with (
            Client(server.url, token=server.control_token) as owner,
            Client(server.url, password=PASSWORD) as stranger,
        ):
            await owner.set_json("twitch/config", {"enabled": True, "enable_bot": True, **credentials})
            await until_status(owner, "login needed")
            login = msgspec.json.decode(await owner.call("twitch/@login", '{"account":"streamer","flow":"code"}'))
            async with aiohttp.ClientSession() as browser:
                back = await decide(login["authorizeUrl"])
                assert back.startswith(f"http://localhost:{server.port}/twitch/callback?")
                async with browser.get(back) as answer:
                    page = await answer.text()
                    assert (answer.status, "You can close this page." in page) == (200, True)
                async with browser.get(back) as answer:
                    assert (answer.status, "begin it again" in await answer.text()) == (400, True)
                    assert "code=" not in await answer.text()
            status = await until_status(owner, "connected")
            assert status["streamer"]["login"] == twitch.world.owner.login
            assert await stranger.get("twitch/auth-keys") == ""
            tokens = msgspec.json.decode(await owner.get("twitch/auth-keys"))
            assert tokens["access_token"] in twitch.tokens.access
        await server.restart()
        async with Client(server.url, token=server.control_token) as owner:
            status = await until_status(owner, "connected")
            assert status["streamer"]["id"] == twitch.world.owner.id
            assert msgspec.json.decode(await owner.get("twitch/auth-keys")) == tokens
        await server.stop()


async def test_where_twitch_leads_back_to_follows_the_door(tmp_path: Path) -> None:
    """strimertül showed another address than it told Twitch."""
    async with run_movable(tmp_path) as running, owner_of(running) as owner:
        await owner.set_json("twitch/config", {"api_client_id": "an-id", "api_client_secret": "a-secret"})

        async def redirect() -> str:
            login = await ask(owner, "twitch/@login", account="bot", flow="code")
            return parse_qs(urlsplit(str(login["authorizeUrl"])).query)["redirect_uri"][0]

        port = urlsplit(running.doors.kilovolt or "").port
        assert await redirect() == f"http://localhost:{port}/twitch/callback"
        for address in ("127.0.0.1:{}", "0.0.0.0:{}", "localhost:{}"):
            port = free_port()
            await ask(owner, "stagedoor/@move-door", door="kilovolt", address=address.format(port))
            assert await redirect() == f"http://localhost:{port}/twitch/callback", address


@pytest.mark.parametrize(
    "text",
    [
        "http://id.example/oauth2",
        "http://192.168.1.5",
        "http://0.0.0.0:80",
        "ftp://localhost",
        "https://",
        "https:///path",
        "https://user:word@example.com",
        "https://example.com/?a=b",
        "https://example.com/#a",
        "https://[::1",
        "https://example.com:99999",
        "example.com",
        "",
    ],
)
def test_tokens_go_to_no_odd_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|plain text"):
        parse_web_address(text)
    with pytest.raises(ValueError, match=r"address|plain text"):
        parse_socket_address(text.replace("http", "ws"))


@pytest.mark.parametrize("text", ["https://example.com/a", "http://localhost:8090/mock", "http://[::1]:1", "HTTPS://x"])
def test_addresses_of_what_stands_for_twitch_are_taken(text: str) -> None:
    assert parse_web_address(f" {text}/ ") == text
    assert parse_socket_address(text.replace("http", "ws").replace("HTTP", "WS")) is not None
