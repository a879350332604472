"""The application as a whole: what a start leaves behind, how settings apply, and that secrets stay."""

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import psutil
import pytest

from stagedoor.app import App, Running
from stagedoor.control import prepare_data_folder, read_control
from stagedoor.errors import DataInUse, DoorError, OptionError
from stagedoor.kilovolt import Client
from stagedoor.kilovolt.errors import (
    AuthenticationRequired,
    ConnectionLost,
    NotPermitted,
    PasswordRefused,
    RequestFailed,
)
from stagedoor.options import Address, Settings
from tests.conftest import Server
from tests.net.websocket import BINARY, TEXT, Raw
from tests.streamerbot.harness import solve

FREE = Address("127.0.0.1", 0)


@asynccontextmanager
async def run(
    data: Path,
    *,
    chosen: frozenset[str] = frozenset(("kilovolt", "streamerbot", "streamerbot_http", "console")),
    **settings: object,
) -> AsyncIterator[Running]:
    """Run an application in this process, its Kilovolt door on a free port and the others shut."""
    shut = {"streamerbot": None, "streamerbot_http": None, "console": None}
    values = {"data": data, "kilovolt": FREE, **shut, **settings}
    async with App(Settings(**values), chosen | settings.keys()).run() as running:  # type: ignore[arg-type]  # by name
        yield running


def owner_of(running: Running) -> Client:
    """A client with the owner's grant."""
    assert running.doors.kilovolt is not None
    return Client(running.doors.kilovolt, token=running.control_token, reconnect=False)


async def password_of(running: Running) -> str:
    """The stored password, as the owner reads it."""
    async with owner_of(running) as owner:
        config = await owner.get_json("http/config", type=dict[str, object])
    assert config is not None
    return str(config["kv_password"])


async def get_for_ever(client: Client) -> None:
    """Read until something goes wrong."""
    while True:
        await client.get("a")


# --- the first run ---


async def test_the_first_run_makes_a_password_and_keeps_it(tmp_path: Path) -> None:
    async with run(tmp_path / "data") as running:
        assert running.is_first_run
        password = await password_of(running)
        assert len(password) == 28
    async with run(tmp_path / "data") as running:
        assert not running.is_first_run
        assert await password_of(running) == password


@pytest.mark.skipif(os.name != "posix", reason="cannot exist here: POSIX file modes")
async def test_the_data_is_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    async with run(data) as running, owner_of(running) as owner:
        await owner.set("a", "b")
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        for path in data.rglob("*"):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        assert any("read by others" in line for line in running.warnings)


async def test_the_control_credential_lives_as_long_as_the_run(tmp_path: Path) -> None:
    async with run(tmp_path) as running:
        control = read_control(tmp_path)
        assert control is not None
        assert control.kilovolt == running.doors.kilovolt
    assert read_control(tmp_path) is None


async def test_a_second_stagedoor_on_the_same_data_is_refused(tmp_path: Path) -> None:
    async with run(tmp_path):
        with pytest.raises(DataInUse, match="another stagedoor is running"):
            async with run(tmp_path):
                pass


async def test_a_port_in_use_is_refused_and_lets_the_data_go(tmp_path: Path) -> None:
    async with run(tmp_path / "one") as running:
        assert running.doors.kilovolt is not None
        port = int(running.doors.kilovolt.rsplit(":", 1)[1].removesuffix("/ws"))
        with pytest.raises(DoorError, match=rf"127.0.0.1:{port}: .* listens there already"):
            async with run(tmp_path / "two", kilovolt=Address("127.0.0.1", port)):
                pass
    async with run(tmp_path / "two"):
        pass


async def test_an_ephemeral_hub_leaves_nothing(tmp_path: Path) -> None:
    async with run(tmp_path / "data", ephemeral=True) as running, owner_of(running) as owner:
        await owner.set("a", "b")
        assert await owner.get("a") == "b"
    assert not (tmp_path / "data").exists()


# --- passwords ---


async def test_a_password_for_one_run_rules_and_is_not_stored(tmp_path: Path) -> None:
    async with run(tmp_path, kilovolt_password="only for this run") as running:
        assert running.doors.kilovolt is not None
        async with Client(running.doors.kilovolt, password="only for this run", reconnect=False) as client:
            await client.set("a", "b")
        assert await password_of(running) != "only for this run"


async def test_a_new_password_ends_those_who_used_the_old_one(tmp_path: Path) -> None:
    # strimertül's defect 46: whoever was in by the old one stayed.
    async with run(tmp_path) as running:
        assert running.doors.kilovolt is not None
        old = await password_of(running)
        async with Client(running.doors.kilovolt, password=old, reconnect=False) as client, owner_of(running) as owner:
            await client.set("a", "b")
            config = await owner.get_json("http/config", type=dict[str, object]) or {}
            await owner.set_json("http/config", {**config, "kv_password": "quite a new password"})
            with pytest.raises(ConnectionLost):
                await get_for_ever(client)
            assert await owner.get("a") == "b"
        with pytest.raises(PasswordRefused):
            await Client(running.doors.kilovolt, password=old, reconnect=False).connect()
        async with Client(running.doors.kilovolt, password="quite a new password", reconnect=False) as client:
            assert await client.get("a") == "b"


async def test_an_empty_password_opens_the_door_but_not_to_opaque_origins(tmp_path: Path) -> None:
    async with run(tmp_path, kilovolt_password="") as running:
        assert running.doors.kilovolt is not None
        assert any("empty" in line for line in running.warnings)
        async with Client(running.doors.kilovolt, reconnect=False) as client:
            await client.set("a", "b")
            assert await client.get("a") == "b"
        page = await Raw.open(
            int(running.doors.kilovolt.rsplit(":", 1)[1].removesuffix("/ws")), path="/ws", Origin="null"
        )
        await page.message()
        page.ask("kget", key="a")
        assert (await page.message())["error"] == "authentication required"
        await page.end()


async def test_an_open_door_beyond_this_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="needs a password"):
        async with run(tmp_path, kilovolt=Address("0.0.0.0", 0), kilovolt_password=""):
            pass


@pytest.mark.skipif(os.name != "posix", reason="cannot exist here: POSIX file modes")
async def test_a_start_closes_what_others_could_read_and_follows_no_link(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    async with run(data):
        pass
    elsewhere.mkdir(mode=0o755)
    (elsewhere / "theirs").write_text("theirs")
    theirs = [elsewhere, elsewhere / "theirs"]
    (data / "uploads").rmdir()
    (data / "uploads").symlink_to(elsewhere)
    (data / "a-link").symlink_to(elsewhere / "theirs")
    (data / "dangling").symlink_to("nowhere")
    files = [data / "store" / "data.mdb", data / "tls" / "authority.key", data / "audit.jsonl"]
    files += [data / "backups" / f"{number}.json" for number in range(6)]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.touch()
        file.chmod(0o644)
    folders = [data, data / "store", data / "tls", data / "backups"]
    for folder in folders:
        folder.chmod(0o755)
    before = [path.stat().st_mode for path in theirs]
    lines = prepare_data_folder(data)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    assert [path.stat().st_mode for path in theirs] == before
    assert f"{data / 'tls' / 'authority.key'} could be read by others; that has been mended" in lines
    assert f"so could 3 more in {data / 'backups'}" in lines
    assert prepare_data_folder(data) == []


async def store(data: Path, key: str, **members: object) -> None:
    """Write some members of a stored setting, by a run in which nothing is exposed."""
    async with run(data) as running, owner_of(running) as owner:
        config = await owner.get_json(key, type=dict[str, object]) or {}
        await owner.set_json(key, {**config, **members})


@pytest.mark.parametrize("is_chosen", [True, False])
async def test_a_stored_empty_password_keeps_a_door_beyond_this_machine_shut_and_no_other(
    tmp_path: Path, *, is_chosen: bool
) -> None:
    await store(tmp_path, "http/config", bind="0.0.0.0:0", kv_password="")
    chosen = frozenset(("streamerbot", "streamerbot_http", "console"))
    address = {"kilovolt": Address("0.0.0.0", 0)} if is_chosen else {}
    async with run(tmp_path, chosen=chosen, console=FREE, streamerbot=FREE, **address) as running:
        assert running.doors.kilovolt is None
        assert running.doors.console is not None
        assert running.doors.streamerbot is not None
        reason = "the Kilovolt door stays shut: 0.0.0.0:0 is not on this machine alone, so the door needs a password"
        assert any(line.startswith(reason) for line in running.warnings)
        control = read_control(tmp_path)
        assert control is not None
        assert control.kilovolt is not None
        async with Client(control.kilovolt, token=running.control_token, reconnect=False) as owner:
            doors = await owner.call_json("stagedoor/@doors", None, list[dict[str, Any]])
            assert doors is not None
            problems = {door["option"]: door["problem"] for door in doors}
            assert (problems["kilovolt"] or "").startswith(reason)
            assert problems["console"] is None
            # The remedy that it names.
            config = await owner.get_json("http/config", type=dict[str, object]) or {}
            await owner.set_json("http/config", {**config, "kv_password": "long enough to be fine"})
    async with run(tmp_path, chosen=chosen, **address) as running:
        assert running.doors.kilovolt is not None


@pytest.mark.parametrize("members", [{"authentication": "on"}, {"authentication": "enforced", "password": ""}])
async def test_so_does_a_stored_authentication_that_lets_guests_in(tmp_path: Path, members: dict[str, object]) -> None:
    await store(tmp_path, "streamerbot/config", bind="0.0.0.0:0", http_bind="0.0.0.0:0", **members)
    async with run(tmp_path, chosen=frozenset(("kilovolt", "console"))) as running:
        assert running.doors.kilovolt is not None
        assert running.doors.streamerbot is None
        assert running.doors.streamerbot_http is None
        shut = [line for line in running.warnings if "so the door needs authentication enforced" in line]
        assert [line.partition(" stays shut")[0] for line in shut] == [
            "the Streamer.bot door",
            "the Streamer.bot HTTP door",
        ]


async def test_a_password_that_has_to_be_there_comes_back_when_it_is_taken_away(tmp_path: Path) -> None:
    async with run(tmp_path, kilovolt=Address("0.0.0.0", 0)) as running, owner_of(running) as owner:
        password = await password_of(running)
        heard: asyncio.Queue[object] = asyncio.Queue()
        await owner.subscribe("http/config", heard.put_nowait)
        await owner.set_json("http/config", {"bind": "0.0.0.0:0", "kv_password": ""})
        await heard.get()
        await heard.get()  # what was written in its place
        assert await password_of(running) == password
        assert any("the old one stays" in line for line in (await status_of(owner))["warnings"])
        assert running.doors.kilovolt is not None
        with pytest.raises(AuthenticationRequired):
            async with Client(running.doors.kilovolt, reconnect=False) as guest:
                await guest.get("a")
        config = await owner.get_json("http/config", type=dict[str, object]) or {}
        await owner.set_json("http/config", {**config, "kv_password": "long enough to be fine"})
        assert not any("the old one stays" in line for line in (await status_of(owner))["warnings"])


async def test_a_door_beyond_this_machine_is_warned_of(tmp_path: Path) -> None:
    async with run(tmp_path, kilovolt=Address("0.0.0.0", 0)) as running:
        assert any("beyond this machine" in line for line in running.warnings)


async def test_a_door_beyond_this_machine_is_not_opened_while_it_runs(tmp_path: Path) -> None:
    async with run(tmp_path, kilovolt=Address("0.0.0.0", 0)) as running, owner_of(running) as owner:
        old = await password_of(running)
        config = await owner.get_json("http/config", type=dict[str, object]) or {}
        await owner.set_json("http/config", {**config, "kv_password": ""})
        assert running.doors.kilovolt is not None
        async with Client(running.doors.kilovolt, reconnect=False) as stranger:
            with pytest.raises(AuthenticationRequired):
                await stranger.get("a")
        async with Client(running.doors.kilovolt, password=old, reconnect=False) as client:
            assert await client.get("a") == ""


async def test_a_warning_goes_when_its_cause_does(tmp_path: Path) -> None:
    async with run(tmp_path) as running, owner_of(running) as owner:
        config = await owner.get_json("http/config", type=dict[str, object]) or {}
        for password, count in (("short", 1), ("long enough to be fine", 0)):
            await owner.set_json("http/config", {**config, "kv_password": password})
            status = msgspec.json.decode(await owner.call("stagedoor/@status", ""), type=dict[str, object])
            assert len(msgspec.convert(status["warnings"], list[str])) == count


# --- stored settings ---


async def test_a_broken_setting_is_neither_used_nor_overwritten(tmp_path: Path) -> None:
    async with run(tmp_path) as running, owner_of(running) as owner:
        password = await password_of(running)
        assert running.doors.kilovolt is not None
        await owner.set("http/config", "broken")
        async with Client(running.doors.kilovolt, password=password, reconnect=False) as client:
            assert await client.get("a") == ""
    async with run(tmp_path) as running, owner_of(running) as owner:
        assert await owner.get("http/config") == "broken"


async def test_settings_without_a_password_keep_the_one_in_force(tmp_path: Path) -> None:
    async with run(tmp_path) as running, owner_of(running) as owner, owner.watch("http/config") as changes:
        password = await password_of(running)
        await owner.set("http/config", '{"bind":"127.0.0.1:0"}')
        seen = aiter(changes)
        await anext(seen)
        await anext(seen)
        assert await password_of(running) == password
        assert running.doors.kilovolt is not None
        async with Client(running.doors.kilovolt, password=password, reconnect=False) as client:
            assert await client.get("a") == ""


async def test_a_deleted_setting_comes_back(tmp_path: Path) -> None:
    async with run(tmp_path) as running, owner_of(running) as owner, owner.watch("http/config") as changes:
        password = await password_of(running)
        await owner.delete("http/config")
        seen = aiter(changes)
        assert (await anext(seen)).value == ""
        await anext(seen)
        assert await password_of(running) == password


async def test_the_static_folder_applies_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "overlays"
    folder.mkdir()
    (folder / "index.html").write_text("<p>an overlay")
    async with run(tmp_path / "data") as running, owner_of(running) as owner, aiohttp.ClientSession() as http:
        assert running.doors.page is not None
        async with http.get(f"{running.doors.page}static/") as answer:
            assert answer.status == 404
        config = await owner.get_json("http/config", type=dict[str, object]) or {}
        await owner.set_json("http/config", {**config, "path": str(folder)})
        async with http.get(f"{running.doors.page}static/") as answer:
            assert await answer.text() == "<p>an overlay"
        await owner.set_json("http/config", {**config, "path": str(tmp_path)})
        async with http.get(f"{running.doors.page}static/data/lock") as answer:
            assert answer.status == 404
        status = msgspec.json.decode(await owner.call("stagedoor/@status", ""), type=dict[str, object])
        assert any("data folder" in line for line in msgspec.convert(status["warnings"], list[str]))


async def test_an_empty_path_serves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # strimertül's defect 37: it served the folder that it ran in.
    (tmp_path / "index.html").write_text("<p>a listing")
    monkeypatch.chdir(tmp_path)
    async with run(tmp_path / "data") as running, owner_of(running) as owner, aiohttp.ClientSession() as http:
        config = await owner.get_json("http/config", type=dict[str, object]) or {}
        await owner.set_json("http/config", {**config, "enable_static_server": True, "path": ""})
        for path in ("static/", "static/index.html", "static/data/lock"):
            async with http.get(f"{running.doors.page}{path}") as answer:
                assert answer.status == 404


async def test_a_static_folder_that_cannot_be_served_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"static: .* cannot be served"):
        async with run(tmp_path / "data", static=tmp_path):
            pass


async def test_the_stored_address_is_used_unless_another_is_chosen(tmp_path: Path) -> None:
    async with run(tmp_path) as running, owner_of(running) as owner:
        config = await owner.get_json("http/config", type=dict[str, object]) or {}
        await owner.set_json("http/config", {**config, "bind": "127.0.0.1:0"})
    others: dict[str, Any] = {"streamerbot": None, "streamerbot_http": None, "console": None}
    async with App(Settings(data=tmp_path, **others), frozenset(others)).run() as running:
        assert running.doors.kilovolt is not None
        assert running.doors.kilovolt.startswith("ws://127.0.0.1:")


# --- secrets ---

CANARIES = {
    "http/config": '{"bind":"127.0.0.1:0","path":"","kv_password":"canary-one-long-enough"}',
    "twitch/config": '{"api_client_id":"id","API_CLIENT_SECRET":"canary-two"}',
    "twitch/bot-config": '{"username":"bot","oauth":"canary-three"}',
    "twitch/auth-keys": '{"access_token":"canary-four","refresh_token":"canary-five"}',
}


async def test_no_secret_leaves_by_any_command_or_push(tmp_path: Path) -> None:
    # strimertül's defect 38: who had logged in read all secrets.
    server = Server(tmp_path / "data")
    await server.start()
    async with (
        Client(server.url, token=server.control_token) as owner,
        Client(server.url, password=server.password) as application,
    ):
        with pytest.raises(NotPermitted):
            await application.set("http/config", "{}")
        with pytest.raises(NotPermitted):
            await application.set("twitch/auth-keys", "{}")
        async with application.watch_prefix("") as changes:
            for key, value in CANARIES.items():
                await owner.set(key, value)
                assert await owner.get(key) == value
            heard = [await anext(aiter(changes)) for _ in CANARIES]
        seen = [change.value for change in heard]
        seen += (await application.get_all("")).values()
        seen += (await application.get_many(list(CANARIES))).values()
        seen += [await application.get(key) for key in CANARIES]
        seen.append(str(await application.list()))
        # What it reads, alters and writes back keeps what it could not see.
        config = await application.get_json("twitch/config", type=dict[str, object]) or {}
        await application.set_json("twitch/config", {**config, "api_client_id": "another"})
        kept = await owner.get_json("twitch/config", type=dict[str, object])
        assert kept == {"api_client_id": "another", "API_CLIENT_SECRET": "canary-two"}
    await server.stop()
    assert '"username":"bot"' in "".join(seen)
    assert "canary" not in "".join(seen)
    assert "canary" not in "".join(server.output)


async def test_nobody_who_has_not_logged_in_learns_anything(server: Server) -> None:
    async with Client(server.url, reconnect=False) as stranger:
        assert await stranger.version() == "v10"
        for ask in (stranger.get("a"), stranger.list(), stranger.set("a", "b"), stranger.call("stagedoor/@status", "")):
            with pytest.raises(AuthenticationRequired):
                await ask


async def test_the_owners_requests_are_not_for_applications(server: Server) -> None:
    async with Client(server.url, password=server.password) as application:
        for key in ("stagedoor/@status", "stagedoor/@answer-ask", "stagedoor/@import", "stagedoor/@restore"):
            with pytest.raises(NotPermitted):
                await application.call(key, "{}")
            with pytest.raises(NotPermitted):
                await application.set(key, "{}")
        with pytest.raises(NotPermitted):
            await application.get("stagedoor/asks")


async def test_sigterm_ends_a_server_that_is_under_load(server: Server) -> None:
    async def load() -> None:
        async with Client(server.url, password=server.password, reconnect=False) as client:
            while True:
                await asyncio.gather(*(client.set(f"key/{number}", "x") for number in range(50)))

    loads = [asyncio.create_task(load()) for _ in range(3)]
    await asyncio.wait(loads, timeout=0.2)
    assert await server.stop() == 0
    ended = await asyncio.gather(*loads, return_exceptions=True)
    assert all(isinstance(one, ConnectionLost) for one in ended)


# --- Streamer.bot's doors ---


@asynccontextmanager
async def run_both(data: Path, **settings: object) -> AsyncIterator[Running]:
    """Run an application with all its doors, each on a free port."""
    async with run(data, **{"streamerbot": FREE, "streamerbot_http": FREE, **settings}) as running:  # type: ignore[arg-type]  # by name
        yield running


def streamerbot_port(running: Running) -> int:
    assert running.doors.streamerbot is not None
    return urlsplit(running.doors.streamerbot).port or 0


async def greet(running: Running, **headers: str) -> tuple[Raw, dict[str, Any]]:
    """Open a connection to Streamer.bot's door, and hear the greeting."""
    raw = await Raw.open(streamerbot_port(running), tls=None, **headers)
    return raw, await raw.message()


async def ask(raw: Raw, request: str, **parameters: object) -> dict[str, Any]:
    raw.send(TEXT, msgspec.json.encode({"request": request, **parameters}))
    return await raw.message()


async def status_of(owner: Client) -> dict[str, Any]:
    return msgspec.json.decode(await owner.call("stagedoor/@status", ""), type=dict[str, Any])


async def change_config(owner: Client, **members: object) -> None:
    config = await owner.get_json("streamerbot/config", type=dict[str, object]) or {}
    await owner.set_json("streamerbot/config", {**config, **members})


async def test_the_first_run_makes_a_password_for_streamerbots_door_and_an_id(tmp_path: Path) -> None:
    async with run_both(tmp_path) as running, owner_of(running) as owner:
        config = await owner.get_json("streamerbot/config", type=dict[str, Any]) or {}
        assert len(config["password"]) == 28
        assert config["password"] != await password_of(running)
        assert config["authentication"] == "on"
        raw, hello = await greet(running)
        assert hello["info"]["instanceId"] == config["instance_id"]
        assert (await ask(raw, "Authenticate", authentication=solve(hello, config["password"])))["status"] == "ok"
        await raw.end()
    async with run_both(tmp_path) as running, owner_of(running) as owner:
        assert await owner.get_json("streamerbot/config", type=dict[str, Any]) == config
        raw, hello = await greet(running)
        assert hello["info"]["instanceId"] == config["instance_id"]
        await raw.end()


async def test_a_running_doors_mode_and_password_can_be_changed(tmp_path: Path) -> None:
    async with run_both(tmp_path) as running, owner_of(running) as owner:
        for mode, password in (
            ("enforced", "long enough to be fine"),
            ("on", "long enough to be fine"),
            ("on", "another that is long enough"),
            ("off", "another that is long enough"),
            ("enforced", "another that is long enough"),
        ):
            raw, _ = await greet(running)
            await change_config(owner, authentication=mode, password=password)
            assert await raw.close_code() == 1001
            await raw.end()
            raw, hello = await greet(running)
            assert ("authentication" in hello) is (mode != "off")
            if mode != "off":
                assert (await ask(raw, "Authenticate", authentication=solve(hello, password)))["status"] == "ok"
            await raw.end()
            stranger, _ = await greet(running)
            assert (await ask(stranger, "GetInfo"))["status"] == ("error" if mode == "enforced" else "ok")
            await stranger.end()


async def test_other_settings_end_no_connection(tmp_path: Path) -> None:
    async with run_both(tmp_path) as running, owner_of(running) as owner:
        raw, _ = await greet(running)
        await change_config(owner, bind="127.0.0.1:0", endpoint="/elsewhere")
        assert (await ask(raw, "GetInfo"))["status"] == "ok"
        await raw.end()


async def test_an_empty_password_lets_everybody_in_and_is_warned_of(tmp_path: Path) -> None:
    async with run_both(tmp_path) as running, owner_of(running) as owner:
        await change_config(owner, password="")
        raw, hello = await greet(running)
        assert "authentication" not in hello
        assert any("asks nobody" in line for line in (await status_of(owner))["warnings"])
        await change_config(owner, password="long enough to be fine")
        assert (await status_of(owner))["warnings"] == []
        await raw.end()


@pytest.mark.parametrize("mode", ["on", "enforced"])
async def test_authentication_without_a_password_is_refused_at_start(tmp_path: Path, mode: str) -> None:
    with pytest.raises(OptionError, match=f"streamerbot_auth: {mode} needs a password"):
        async with run_both(tmp_path, streamerbot_auth=mode, streamerbot_password=""):
            pass


async def test_a_chosen_authentication_does_not_end_with_the_stored_password(tmp_path: Path) -> None:
    async with run_both(tmp_path, streamerbot_auth="enforced") as running, owner_of(running) as owner:
        await change_config(owner, password="")
        raw, hello = await greet(running)
        assert "authentication" in hello
        await raw.end()
        assert any("needs a password" in line for line in (await status_of(owner))["warnings"])


async def test_a_chosen_authentication_without_a_stored_password_lets_nobody_in(tmp_path: Path) -> None:
    await store(tmp_path, "streamerbot/config", password="")
    async with run_both(tmp_path, streamerbot_auth="on") as running, owner_of(running) as owner:
        assert any("until there is one, nobody gets in" in line for line in running.warnings)
        raw, _ = await greet(running)
        assert (await ask(raw, "GetInfo"))["error"] == "Authentication required"
        await raw.end()
        await change_config(owner, password="long enough to be fine")
        assert (await status_of(owner))["warnings"] == []
        raw, _ = await greet(running)
        assert (await ask(raw, "GetInfo"))["status"] == "ok"
        await raw.end()


async def test_a_mode_and_a_password_for_one_run_rule_and_are_not_stored(tmp_path: Path) -> None:
    async with (
        run_both(tmp_path, streamerbot_auth="enforced", streamerbot_password="only for this run") as running,
        owner_of(running) as owner,
    ):
        await change_config(owner, authentication="off", password="long enough to be fine")
        raw, hello = await greet(running)
        assert (await ask(raw, "Authenticate", authentication=solve(hello, "only for this run")))["status"] == "ok"
        config = await owner.get_json("streamerbot/config", type=dict[str, Any]) or {}
        assert (config["authentication"], config["password"]) == ("off", "long enough to be fine")
        await raw.end()


@pytest.mark.parametrize("door", ["streamerbot", "streamerbot_http"])
@pytest.mark.parametrize("mode", ["off", "on"])
async def test_a_door_of_streamerbot_beyond_this_machine_needs_enforced(tmp_path: Path, door: str, mode: str) -> None:
    with pytest.raises(OptionError, match="needs authentication enforced"):
        async with run_both(tmp_path, streamerbot_auth=mode, **{door: Address("0.0.0.0", 0)}):
            pass
    async with run_both(tmp_path, streamerbot_auth="enforced", **{door: Address("0.0.0.0", 0)}) as running:
        assert any("beyond this machine" in line for line in running.warnings)


async def test_and_is_not_opened_while_it_runs(tmp_path: Path) -> None:
    async with run_both(tmp_path) as running, owner_of(running) as owner:
        await change_config(owner, authentication="enforced", bind="0.0.0.0:0")
    values = {"data": tmp_path, "kilovolt": FREE, "streamerbot_http": None, "console": None}
    chosen = frozenset(("kilovolt", "streamerbot_http", "console"))
    async with App(Settings(**values), chosen).run() as running, owner_of(running) as owner:  # type: ignore[arg-type]
        for members in ({"authentication": "off"}, {"password": ""}):
            await change_config(owner, **members)
            assert any("stays enforced" in line for line in (await status_of(owner))["warnings"])
            raw, _ = await greet(running)
            assert (await ask(raw, "GetInfo"))["error"] == "Authentication required"
            await raw.end()


@pytest.mark.parametrize("door", ["kilovolt", "streamerbot", "streamerbot_http"])
async def test_a_door_whose_port_is_taken_does_not_stop_the_others(tmp_path: Path, door: str) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    try:
        async with run_both(tmp_path, **{door: Address("127.0.0.1", port)}) as running:
            open_doors = (running.doors.kilovolt, running.doors.streamerbot, running.doors.streamerbot_http)
            assert [url is None for url in open_doors] == [
                name == door for name in ("kilovolt", "streamerbot", "streamerbot_http")
            ]
            (warning,) = running.warnings
            assert (
                f"127.0.0.1:{port}: {psutil.Process().name()} (process {os.getpid()}) listens there already" in warning
            )
            if running.doors.kilovolt is not None:
                async with owner_of(running) as owner:
                    status = await status_of(owner)
                assert status["warnings"] == [warning]
                assert len(status["doors"]) == 2
            else:
                raw, hello = await greet(running)
                assert hello["request"] == "Hello"
                await raw.end()
    finally:
        taken.close()


async def test_a_console_whose_port_is_taken_is_warned_of_and_makes_no_link(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with run(tmp_path, console=Address("localhost", port)) as running, owner_of(running) as owner:
            assert running.doors.console is None
            assert running.new_console_link() is None
            (warning,) = running.warnings
            assert f"localhost:{port}" in warning
            assert "listens there already" in warning
            assert (await status_of(owner))["warnings"] == [warning]
            with pytest.raises(RequestFailed, match="the console's door is shut"):
                await owner.call("stagedoor/@console-link", "")


async def test_a_console_that_is_off_is_no_trouble(tmp_path: Path) -> None:
    async with run(tmp_path, console=None) as running:
        assert (running.doors.console, running.new_console_link(), running.warnings) == (None, None, [])


async def test_the_console_alone_is_enough(tmp_path: Path) -> None:
    async with run(tmp_path, kilovolt=None, console=FREE) as running:
        link = running.new_console_link()
        assert running.doors.console is not None
        assert link is not None
        assert link.url.startswith(f"{running.doors.console}#code=")


async def test_the_console_beyond_this_machine_is_warned_of(tmp_path: Path) -> None:
    async with run(tmp_path, console=Address("0.0.0.0", 0)) as running:
        assert any("the console door listens beyond this machine" in line for line in running.warnings)


async def test_doors_that_are_off_are_no_trouble(tmp_path: Path) -> None:
    async with run_both(tmp_path, streamerbot=None, streamerbot_http=None) as running:
        assert (running.doors.streamerbot, running.doors.streamerbot_http, running.warnings) == (None, None, [])


async def test_the_stored_addresses_and_path_are_used_at_the_next_start(tmp_path: Path) -> None:
    async with run_both(tmp_path) as running, owner_of(running) as owner:
        await change_config(owner, bind="127.0.0.1:0", http_bind="OFF", endpoint="/bot")
    chosen = frozenset(("kilovolt", "console"))
    async with App(Settings(data=tmp_path, kilovolt=FREE, console=None), chosen).run() as running:
        assert running.doors.streamerbot_http is None
        assert running.doors.streamerbot is not None
        assert running.doors.streamerbot.endswith("/bot")
        raw = await Raw.open(streamerbot_port(running), path="/bot")
        assert (await raw.message())["request"] == "Hello"
        await raw.end()
        raw, status, _ = await Raw.upgrade(streamerbot_port(running))
        assert status == 404
        await raw.end()


async def test_stored_addresses_and_paths_that_are_none_are_warned_of(tmp_path: Path) -> None:
    async with run_both(tmp_path) as running, owner_of(running) as owner:
        await change_config(owner, bind="nonsense", http_bind="5", endpoint="no path")
    values = {"data": tmp_path, "kilovolt": FREE, "streamerbot": FREE, "streamerbot_http": FREE, "console": None}
    async with App(Settings(**values), frozenset(("kilovolt", "console"))).run() as running:  # type: ignore[arg-type]
        assert running.doors.streamerbot is not None
        assert running.doors.streamerbot.endswith("/")
        assert sum("nonsense" in line or "'5'" in line or "'no path'" in line for line in running.warnings) == 3


async def test_file_mappings_apply_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "overlays"
    folder.mkdir()
    (folder / "index.html").write_text("<p>an overlay")
    async with run_both(tmp_path / "data") as running, owner_of(running) as owner, aiohttp.ClientSession() as http:
        assert running.doors.streamerbot_http is not None
        url = f"{running.doors.streamerbot_http}overlay/"
        await change_config(owner, files=[{"path": "overlay", "folder": str(folder)}])
        async with http.get(url) as answer:
            assert await answer.text() == "<p>an overlay"
        await change_config(owner, files=[])
        async with http.get(url) as answer:
            assert answer.status == 404
        for wrong in ({"path": "api", "folder": str(folder)}, {"path": "x", "folder": str(tmp_path)}):
            await change_config(owner, files=[wrong])
            assert any("streamerbot/config" in line for line in (await status_of(owner))["warnings"])


async def test_streamerbots_password_is_a_secret(tmp_path: Path) -> None:
    async with run_both(tmp_path) as running, owner_of(running) as owner:
        assert running.doors.kilovolt is not None
        await change_config(owner, password="canary-six-long-enough")
        async with Client(running.doors.kilovolt, password=await password_of(running), reconnect=False) as application:
            seen = [await application.get("streamerbot/config"), str(await application.get_all(""))]
            with pytest.raises(NotPermitted):
                await application.set("streamerbot/config", "{}")
        assert '"password":""' in seen[0]
        assert "canary" not in "".join(seen)
        raw, hello = await greet(running)
        assert "canary" not in str(hello)
        await raw.end()


async def test_a_page_of_a_foreign_site_gets_403_at_streamerbots_door(tmp_path: Path) -> None:
    async with run_both(tmp_path) as running:
        raw, status, _ = await Raw.upgrade(streamerbot_port(running), Origin="https://evil.example")
        assert status == 403
        await raw.end()
    async with run_both(tmp_path, trust_all_origins=True) as running:
        raw, hello = await greet(running, Origin="https://evil.example")
        assert hello["request"] == "Hello"
        await raw.end()


async def test_binary_messages_mean_nothing_at_streamerbots_door(tmp_path: Path) -> None:
    async with run_both(tmp_path) as running:
        raw, _ = await greet(running)
        raw.send(BINARY, b'{"request":"GetInfo","id":"binary"}')
        raw.send(BINARY, b"\xff\xfe")
        assert (await ask(raw, "GetInfo", id="text"))["id"] == "text"
        raw.send(TEXT, b"\xff\xfe")
        assert await raw.close_code() == 1007
        await raw.end()


async def test_what_is_too_large_ends_the_connection(tmp_path: Path) -> None:
    async with run_both(tmp_path) as running:
        raw, _ = await greet(running)
        raw.send(TEXT, b'{"request":"Foo","a":"' + b"x" * (1 << 20) + b'"}')
        assert await raw.close_code() == 1009
        await raw.end()
