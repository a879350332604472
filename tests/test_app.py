"""The application as a whole: what a start leaves behind, how settings apply, and that secrets stay."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest

from stagedoor.app import App, Running
from stagedoor.control import read_control
from stagedoor.errors import DataInUse, DoorError, OptionError
from stagedoor.kilovolt import Client
from stagedoor.kilovolt.errors import AuthenticationRequired, ConnectionLost, NotPermitted, PasswordRefused
from stagedoor.options import Address, Settings
from tests.conftest import Server
from tests.net.websocket import Raw

FREE = Address("127.0.0.1", 0)


@asynccontextmanager
async def run(
    data: Path,
    *,
    chosen: frozenset[str] = frozenset(("kilovolt", "streamerbot", "streamerbot_http")),
    **settings: object,
) -> AsyncIterator[Running]:
    """Run an application in this process, its Kilovolt door on a free port and the others shut."""
    values = {"data": data, "kilovolt": FREE, "streamerbot": None, "streamerbot_http": None, **settings}
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


async def test_a_static_folder_that_cannot_be_served_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"static: .* cannot be served"):
        async with run(tmp_path / "data", static=tmp_path):
            pass


async def test_the_stored_address_is_used_unless_another_is_chosen(tmp_path: Path) -> None:
    async with run(tmp_path) as running, owner_of(running) as owner:
        config = await owner.get_json("http/config", type=dict[str, object]) or {}
        await owner.set_json("http/config", {**config, "bind": "127.0.0.1:0"})
    others = frozenset(("streamerbot", "streamerbot_http"))
    async with App(Settings(data=tmp_path, streamerbot=None, streamerbot_http=None), others).run() as running:
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
