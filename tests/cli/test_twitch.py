"""``twitch``: the application is tried and stored, accounts log in by code and by page, and the status is told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest

from stagedoor.fake_twitch import FakeTwitch
from stagedoor.kilovolt import Client
from tests.cli.harness import STAGEDOOR, TIMEOUT_S, Cli, environment
from tests.conftest import Server
from tests.services.twitch.stage import decide


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeTwitch]:
    monkeypatch.setattr("stagedoor.fake_twitch.login.DEVICE_POLL_S", 1)
    async with FakeTwitch() as twitch:
        yield twitch


@pytest.fixture
async def server(tmp_path: Path, fake: FakeTwitch) -> AsyncIterator[Server]:
    urls = fake.urls._asdict()
    running = Server(tmp_path / "data", *(f"--twitch-{name}-url={url}" for name, url in urls.items()))
    await running.start()
    yield running
    await running.stop()


async def begin(cli: Cli, *arguments: str) -> tuple[asyncio.subprocess.Process, dict[str, str]]:
    """Begin a login; returns the command that waits, and what it has said."""
    process = await asyncio.create_subprocess_exec(
        *(*STAGEDOOR, "twitch", "login", *arguments, "--data", str(cli.data)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(),
    )
    assert process.stdout is not None
    said: dict[str, str] = {}
    async with asyncio.timeout(TIMEOUT_S):
        for _ in range(1 if "--page" in arguments else 2):
            name, _, value = (await process.stdout.readline()).decode().partition(" ")
            said[name] = value.strip()
    return process, said


async def end(process: asyncio.subprocess.Process) -> tuple[int, str]:
    async with asyncio.timeout(TIMEOUT_S):
        _, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, errors.decode()


async def test_from_nothing_to_a_connection_by_a_code(cli: Cli, server: Server, fake: FakeTwitch) -> None:
    before, unknown = await asyncio.gather(cli.ok("twitch", "status"), cli.fails("twitch", "setup", "unknown"))
    assert ("off" in before, "invalid client" in unknown) == (True, True)
    assert "switched on" in (await cli("twitch", "setup", fake.public_client_id)).err
    older, _ = await begin(cli)
    newer, said = await begin(cli)
    assert said["Open"].startswith(fake.address)
    fake.approve_device(said["Code"])
    (old_code, errors), (new_code, _) = await asyncio.gather(end(older), end(newer))
    assert (old_code, "given up elsewhere" in errors, new_code) == (1, True, 0)
    async with (
        Client(server.url, token=server.control_token) as owner,
        asyncio.timeout(TIMEOUT_S),
        owner.watch("twitch/status") as changes,
    ):
        while msgspec.json.decode(await owner.get("twitch/status"))["state"] != "connected":
            await anext(aiter(changes))
    shown, status = await asyncio.gather(cli.ok("twitch", "status"), cli("twitch", "status", "--json"))
    assert fake.world.owner.login in shown
    assert "not logged in" in shown
    assert isinstance(status.json, dict)
    assert status.json["streamer"]["login"] == fake.world.owner.login
    await cli.ok("twitch", "off")
    await cli.ok("twitch", "logout")
    assert fake.world.owner.login not in (shown := await cli.ok("twitch", "status"))
    assert "off" in shown


async def test_the_bot_logs_in_by_twitchs_page(cli: Cli, server: Server, fake: FakeTwitch) -> None:
    assert "no client id" in await cli.fails("twitch", "login")
    await cli.ok("twitch", "setup", fake.client_id, "--secret", stdin=f"{fake.client_secret}\n")
    async with aiohttp.ClientSession() as browser:
        waiting, said = await begin(cli, "--bot", "--page")
        async with browser.get(await decide(said["Open"], decision="deny")) as answer:
            assert answer.status == 400
        code, errors = await end(waiting)
        assert (code, "access was denied at Twitch" in errors) == (1, True)
        waiting, said = await begin(cli, "--bot", "--page")
        async with browser.get(await decide(said["Open"], user=fake.world.bot.login)) as answer:
            assert answer.status == 200
        code, errors = await end(waiting)
        assert (code, "the bot is logged in" in errors) == (0, True)
    await cli.ok("twitch", "on")
    stored = msgspec.json.decode(await cli.ok("get", "twitch/config"))
    assert (stored["enabled"], stored["api_client_secret"]) == (True, fake.client_secret)
