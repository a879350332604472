"""What the owner asks of the whole application: who is connected, where the doors are, what the log says."""

import asyncio
import logging
import os
import platform
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import pytest

from stagedoor.app import App, Running
from stagedoor.control import read_control
from stagedoor.kilovolt import Client
from stagedoor.kilovolt.errors import RequestFailed
from stagedoor.options import Address, Settings
from stagedoor.version import __version__
from tests.net.websocket import TEXT, Raw
from tests.test_app import FREE, owner_of, run, run_both


async def ask(owner: Client, key: str, /, **members: object) -> Any:
    """Ask with JSON, and read the answer's."""
    return await owner.call_json(key, members)


def port_of(url: str | None) -> int:
    assert url is not None
    port = urlsplit(url).port
    assert port is not None
    return port


# --- connections ---


async def test_the_connections_of_both_protocols_are_told(tmp_path: Path) -> None:
    before = time.time() * 1000
    async with run_both(tmp_path) as running, owner_of(running) as owner:
        raw = await Raw.open(port_of(running.doors.streamerbot))
        await raw.message()
        for _ in range(3):
            raw.send(TEXT, b'{"request":"GetInfo"}')
            await raw.message()
        raw.send(TEXT, b'{"request":"Subscribe","events":{"Custom":["Event","Other"]}}')
        await raw.message()
        kilovolt, streamerbot = await ask(owner, "stagedoor/@clients")
        assert kilovolt["door"] == "Kilovolt"
        assert kilovolt["ground"] == "control token"
        assert kilovolt["id"] == await owner.uid()
        assert streamerbot["door"] == "Streamer.bot"
        assert streamerbot["ground"] == "no password was asked for"
        assert (streamerbot["received"], streamerbot["sent"]) == (4, 5)
        assert streamerbot["subscriptions"] == 2
        assert streamerbot["queued_bytes"] == 0
        assert streamerbot["port"] == raw.writer.get_extra_info("sockname")[1]
        assert f"(process {os.getpid()})" in streamerbot["program"]
        assert before - 1 <= streamerbot["since_ms"] <= time.time() * 1000 + 1
        await raw.end()


async def test_what_waits_for_a_slow_reader_is_told(tmp_path: Path) -> None:
    async with run(tmp_path) as running, owner_of(running) as owner:
        raw = await Raw.open(port_of(running.doors.kilovolt), path="/ws")
        await raw.message()
        raw.ask("klogin", auth="token", token=running.control_token)
        await raw.message()
        raw.ask("ksub", key="a")
        await raw.message()
        raw.pause()
        queued = 0
        while not queued:
            await owner.set("a", "x" * 300_000)
            queued = (await ask(owner, "stagedoor/@clients"))[1]["queued_bytes"]
        assert queued > 1000
        await raw.end()


async def test_the_owner_sends_somebody_away(tmp_path: Path) -> None:
    async with run_both(tmp_path) as running, owner_of(running) as owner:
        raw = await Raw.open(port_of(running.doors.streamerbot))
        await raw.message()
        (id_,) = [one["id"] for one in await ask(owner, "stagedoor/@clients") if one["door"] == "Streamer.bot"]
        assert await ask(owner, "stagedoor/@disconnect", id=id_) == {}
        assert await raw.close_code() == 1008
        assert [one["door"] for one in await ask(owner, "stagedoor/@clients")] == ["Kilovolt"]
        await raw.end()


# --- doors ---


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@asynccontextmanager
async def run_movable(data: Path, **settings: object) -> AsyncIterator[Running]:
    """Run an application whose doors may all be moved; the stored addresses are on free ports from the start."""
    async with run(data) as running, owner_of(running) as owner:
        await owner.set_json("http/config", {**await stored(owner, "http/config"), "bind": "127.0.0.1:0"})
        config = {**await stored(owner, "streamerbot/config"), "bind": "127.0.0.1:0", "http_bind": "off"}
        await owner.set_json("streamerbot/config", config)
        await owner.set_json("stagedoor/console", {"bind": "127.0.0.1:0"})
    async with App(Settings(data=data, **settings)).run() as running:  # type: ignore[arg-type]  # by name
        yield running


async def stored(owner: Client, key: str) -> dict[str, object]:
    config = await owner.get_json(key, type=dict[str, object])
    assert config is not None
    return config


async def door_of(owner: Client, option: str) -> dict[str, Any]:
    doors: dict[str, dict[str, Any]] = {door["option"]: door for door in await ask(owner, "stagedoor/@doors")}
    return doors[option]


async def is_listening(port: int, host: str = "127.0.0.1") -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


async def test_all_doors_are_told_of(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with run(tmp_path, streamerbot=Address("127.0.0.1", port)) as running, owner_of(running) as owner:
            kilovolt, streamerbot, http, console = await ask(owner, "stagedoor/@doors")
            assert kilovolt == {
                "name": "Kilovolt",
                "option": "kilovolt",
                "addresses": [f"127.0.0.1:{port_of(running.doors.kilovolt)}"],
                "url": running.doors.kilovolt,
                "is_open": True,
                "problem": None,
                "connections": 1,
                "accepted": 1,
                "refused": 0,
                "is_chosen": True,
            }
            assert not streamerbot["is_open"]
            assert streamerbot["url"] is None
            assert f"127.0.0.1:{port}" in streamerbot["problem"]
            assert f"(process {os.getpid()}) listens there already" in streamerbot["problem"]
            assert (
                (http["is_open"], http["problem"]) == (console["is_open"], console["problem"]) == (False, "it is off")
            )


async def test_the_status_tells_what_was_set_for_this_run_and_no_password(tmp_path: Path) -> None:
    async with run(tmp_path, kilovolt_password="for this run", asks=False) as running, owner_of(running) as owner:
        text = await owner.call("stagedoor/@status", "")
        status = msgspec.json.decode(text, type=dict[str, Any])
        assert {"kilovolt_password", "asks", "console"} <= set(status["chosen"])
        assert "streamerbot_password" not in status["chosen"]
        assert status["settings"]["asks"] is False
        assert status["settings"]["origins"] == []
        assert "for this run" not in text


@pytest.mark.parametrize("option", ["streamerbot", "streamerbot_http", "console", "kilovolt"])
async def test_a_door_moves_and_stays_there(tmp_path: Path, option: str) -> None:
    new = free_port()
    async with run_movable(tmp_path) as running, owner_of(running) as owner:
        before = (await door_of(owner, option))["addresses"]
        answer = await ask(owner, "stagedoor/@move-door", door=option, address=f"127.0.0.1:{new}")
        assert answer == {"addresses": [f"127.0.0.1:{new}"]}
        assert await is_listening(new)
        for address in before:
            assert not await is_listening(int(address.rsplit(":", 1)[1]))
        assert (await door_of(owner, option))["addresses"] == [f"127.0.0.1:{new}"]
        assert await owner.get("whoever came in") == ""
    async with App(Settings(data=tmp_path)).run() as running:
        assert await is_listening(new)


async def test_the_owners_commands_find_the_door_that_has_moved(tmp_path: Path) -> None:
    new = free_port()
    async with run_movable(tmp_path) as running, owner_of(running) as owner:
        await ask(owner, "stagedoor/@move-door", door="kilovolt", address=f"127.0.0.1:{new}")
        control = read_control(tmp_path)
        assert control is not None
        assert control.kilovolt == f"ws://127.0.0.1:{new}/ws"


async def test_a_console_that_has_moved_is_linked_to_where_it_is(tmp_path: Path) -> None:
    new = free_port()
    async with run_movable(tmp_path) as running, owner_of(running) as owner:
        await ask(owner, "stagedoor/@move-door", door="console", address=f"127.0.0.1:{new}")
        assert (await ask(owner, "stagedoor/@console-link"))["url"].startswith(f"http://127.0.0.1:{new}/#code=")
        await ask(owner, "stagedoor/@move-door", door="console", address="off")
        with pytest.raises(RequestFailed, match="shut"):
            await ask(owner, "stagedoor/@console-link")


async def test_a_door_is_shut_and_opened_again(tmp_path: Path) -> None:
    async with run_movable(tmp_path) as running, owner_of(running) as owner:
        port = port_of(running.doors.streamerbot)
        raw = await Raw.open(port)
        await raw.message()
        assert await ask(owner, "stagedoor/@move-door", door="streamerbot", address="off") == {"addresses": []}
        assert not await is_listening(port)
        assert (await door_of(owner, "streamerbot"))["problem"] == "it is off"
        raw.send(TEXT, b'{"request":"GetInfo"}')
        assert (await raw.message())["status"] == "ok"
        await raw.end()
        await ask(owner, "stagedoor/@move-door", door="streamerbot", address=f"127.0.0.1:{port}")
        assert await is_listening(port)
        assert (await door_of(owner, "streamerbot"))["problem"] is None


async def test_a_door_takes_more_addresses_at_the_port_that_it_has(tmp_path: Path) -> None:
    async with run_movable(tmp_path) as running, owner_of(running) as owner:
        port = port_of(running.doors.kilovolt)
        answer = await ask(owner, "stagedoor/@move-door", door="kilovolt", address=f"0.0.0.0:{port}")
        assert answer == {"addresses": [f"0.0.0.0:{port}"]}
        assert any("beyond this machine" in line for line in (await ask(owner, "stagedoor/@status"))["warnings"])
        await owner.set_json("http/config", {**await stored(owner, "http/config"), "kv_password": ""})
        assert any("the old one stays" in line for line in (await ask(owner, "stagedoor/@status"))["warnings"])
        await ask(owner, "stagedoor/@move-door", door="kilovolt", address=f"127.0.0.1:{port}")
        assert (await door_of(owner, "kilovolt"))["addresses"] == [f"127.0.0.1:{port}"]
        assert not any("beyond this machine" in line for line in (await ask(owner, "stagedoor/@status"))["warnings"])


@pytest.mark.parametrize("option", ["streamerbot", "console"])
async def test_a_door_that_cannot_move_stays_where_it_was(tmp_path: Path, option: str) -> None:
    # strimertül's defect 34: an address that could not be had ended the program.
    async with run_movable(tmp_path) as running, owner_of(running) as owner:
        before = await door_of(owner, option)
        configs = [await owner.get("streamerbot/config"), await owner.get("stagedoor/console")]
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            with pytest.raises(RequestFailed, match=rf"{address}: .*\(process {os.getpid()}\) listens there already"):
                await ask(owner, "stagedoor/@move-door", door=option, address=address)
        assert await door_of(owner, option) == before
        assert await is_listening(int(before["addresses"][0].rsplit(":", 1)[1]))
        assert [await owner.get("streamerbot/config"), await owner.get("stagedoor/console")] == configs


async def test_a_door_whose_other_addresses_cannot_be_had_comes_back(tmp_path: Path) -> None:
    async with run_movable(tmp_path) as running, owner_of(running) as owner:
        before = await door_of(owner, "kilovolt")
        port = port_of(running.doors.kilovolt)
        with socket.create_server(("127.0.0.2", port)), pytest.raises(RequestFailed, match="listens there already"):
            await ask(owner, "stagedoor/@move-door", door="kilovolt", address=f"0.0.0.0:{port}")
        assert (await door_of(owner, "kilovolt"))["addresses"] == before["addresses"]
        assert await is_listening(port)


async def test_a_door_whose_settings_cannot_be_written_stays_where_it_was(tmp_path: Path) -> None:
    async with run_movable(tmp_path) as running, owner_of(running) as owner:
        before = await door_of(owner, "streamerbot")
        await owner.set("streamerbot/config", "broken")
        with pytest.raises(RequestFailed, match="streamerbot/config is not valid"):
            await ask(owner, "stagedoor/@move-door", door="streamerbot", address="127.0.0.1:0")
        with pytest.raises(RequestFailed, match="streamerbot/config is not valid"):
            await ask(owner, "stagedoor/@move-door", door="streamerbot", address="off")
        assert await door_of(owner, "streamerbot") == before
        assert await owner.get("streamerbot/config") == "broken"


async def test_an_unguarded_door_does_not_move_beyond_this_machine(tmp_path: Path) -> None:
    async with run_movable(tmp_path) as running, owner_of(running) as owner:
        before = await ask(owner, "stagedoor/@doors")
        with pytest.raises(RequestFailed, match="needs authentication enforced"):
            await ask(owner, "stagedoor/@move-door", door="streamerbot", address="0.0.0.0:0")
        await owner.set_json("http/config", {**await stored(owner, "http/config"), "kv_password": ""})
        async with owner_of(running) as again:
            with pytest.raises(RequestFailed, match="needs a password"):
                await ask(again, "stagedoor/@move-door", door="kilovolt", address=":0")
            after = await ask(again, "stagedoor/@doors")
        assert [door["addresses"] for door in after] == [door["addresses"] for door in before]


@pytest.mark.parametrize(
    ("door", "address", "problem"),
    [
        ("kilovolt", "off", "is not HOST:PORT"),
        ("console", "nonsense", "is not HOST:PORT"),
        ("garage", "localhost:1", "there is no door 'garage'; there are kilovolt, streamerbot, "),
        ("console", "192.0.2.1:0", "192.0.2.1:0: "),
        ("console", "name.invalid:0", "name.invalid:0: "),
        ("streamerbot", None, "expected a door and an address"),
    ],
)
async def test_what_cannot_be_understood_moves_nothing(
    tmp_path: Path, door: str, address: str | None, problem: str
) -> None:
    async with run_movable(tmp_path) as running, owner_of(running) as owner:
        with pytest.raises(RequestFailed, match=re.escape(problem)):
            await ask(owner, "stagedoor/@move-door", door=door, address=address)


async def test_a_door_that_was_chosen_for_this_run_stays(tmp_path: Path) -> None:
    async with run(tmp_path) as running, owner_of(running) as owner:
        with pytest.raises(RequestFailed, match="by --kilovolt or STAGEDOOR_KILOVOLT"):
            await ask(owner, "stagedoor/@move-door", door="kilovolt", address="127.0.0.1:0")


# --- the log and the report ---


async def test_the_log_tells_what_happens(tmp_path: Path) -> None:
    async with run(tmp_path) as running, owner_of(running) as owner, owner.watch("stagedoor/ev/log") as lines:
        port = port_of(running.doors.kilovolt)
        raw, status, _ = await Raw.upgrade(port, path="/ws", Origin="https://elsewhere.example")
        assert status == 403
        await raw.end()
        line = msgspec.json.decode((await anext(aiter(lines))).value, type=dict[str, Any])
        assert line["message"] == "the Kilovolt door refused a page of https://elsewhere.example"
        assert line in await ask(owner, "stagedoor/@log", level="warning")


CANARY = "canary-that-nobody-may-see"


async def test_a_report_tells_all_but_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home-of-canary"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    async with (
        run_both(home / "data", kilovolt_password=f"1-{CANARY}", console=FREE) as running,
        owner_of(running) as owner,
    ):
        config = {"kv_password": f"2-{CANARY}", "unknown": f"3-{CANARY}", "path": str(home), "bind": "10.1.2.3:1"}
        await owner.set_json("http/config", config)
        await owner.set_json("streamerbot/config", {"password": f"4-{CANARY}", "authentication": "enforced"})
        await owner.set_many({"show/a": CANARY, "show/b": CANARY, f"{CANARY}": "a key without a slash"})
        code = (await ask(owner, "stagedoor/@console-link"))["url"].partition("#code=")[2]
        async with aiohttp.ClientSession() as http:
            answer = await http.post(f"{running.doors.console}pass", json={"code": code})
            browser_pass = (await answer.json())["token"]
        for secret in (f"1-{CANARY}", f"2-{CANARY}", f"4-{CANARY}", running.control_token):
            # What a client sends may come back in a line of the log.
            logging.getLogger("stagedoor.test").warning("somebody at 8.8.4.4 said %s", secret)
        text = (await ask(owner, "stagedoor/@report"))["text"]
        passes = await owner.get("stagedoor/console-passes")
    hashes = [str(value) for one in msgspec.json.decode(passes) for value in one.values() if len(str(value)) > 30]
    assert hashes
    for secret in ("anary", running.control_token, code, browser_pass, *hashes):
        assert secret not in text
    for shown in (
        f"# stagedoor {__version__}",
        f"Python {platform.python_version()}",
        f"| Kilovolt | 127.0.0.1:{port_of(running.doors.kilovolt)} | 1 | 1 | 0 |",
        "| control token | loopback | 1 |",
        "| show/ | 2 |",
        "| kilovolt | 127.0.0.1:0 | set for this run |",
        '`http/config`: `{"path":"~","bind":"(LAN address):1"}`',
        '"authentication":"enforced"',
        "warning test: somebody at (other address) said (withheld)",
    ):
        assert shown in text


async def test_what_an_application_is_called_blackens_no_report(tmp_path: Path) -> None:
    async with run(tmp_path) as running, owner_of(running) as owner:
        raw = await Raw.open(port_of(running.doors.kilovolt), path="/ws")
        await raw.message()
        questions: list[Any] = []
        async with owner.watch("stagedoor/asks") as changes:
            raw.ask("klogin", auth="ask", name="Kilovolt", author="connections", url="http://loopback")
            while not questions:
                questions = msgspec.json.decode((await anext(aiter(changes))).value)
        await ask(owner, "stagedoor/@answer-ask", id=questions[0]["id"], allow=True, remember=True)
        token = msgspec.convert((await raw.message())["data"], dict[str, str])["token"]
        text = (await ask(owner, "stagedoor/@report"))["text"]
        hashes = [one["hash"] for one in msgspec.json.decode(await owner.get("stagedoor/app-tokens"))]
        assert f"| Kilovolt | 127.0.0.1:{port_of(running.doors.kilovolt)} | 2 | 2 | 0 |" in text
        assert "| remembered: Kilovolt | loopback | 1 |" in text
        assert token not in text
        logging.getLogger("stagedoor.test").warning("here is %s", hashes[0])
        assert "here is (withheld)" in (await ask(owner, "stagedoor/@report"))["text"]
        await raw.end()


async def test_a_report_does_without_what_cannot_be_had(tmp_path: Path) -> None:
    async with run(tmp_path) as running, owner_of(running) as owner:
        await owner.set("http/config", "no JSON")
        await owner.set("stagedoor/console", "no JSON")
        text = (await ask(owner, "stagedoor/@report"))["text"]
        assert "`stagedoor/console`: not valid" in text
        assert "`http/config`: `{" in text  # as it was before, to all but the owner
        assert "http/config: it is not valid" in text
