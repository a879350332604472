"""TLS in the whole application: a door that listens beyond this machine is encrypted by itself."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import pytest

from stagedoor.control import read_control
from stagedoor.errors import DoorError, OptionError
from stagedoor.kilovolt import Client, RequestFailed
from stagedoor.options import Address
from tests.certificates import own_address, trust
from tests.net.websocket import Raw
from tests.services.test_tls import write_files
from tests.test_app import owner_of, run

EVERYWHERE = Address("0.0.0.0", 0)


async def fetch(url: str, tls: ssl.SSLContext | None = None) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as http, http.get(url, ssl=tls or True, allow_redirects=False) as answer:
        return answer.status, await answer.read()


async def ask(owner: Client, key: str, /, **members: object) -> Any:
    return await owner.call_json(key, members)


async def state_of(owner: Client) -> dict[str, Any]:
    return msgspec.json.decode(await owner.call("stagedoor/@tls", ""), type=dict[str, Any])


def authority_of(data: Path) -> ssl.SSLContext:
    return trust(data / "tls" / "authority.crt")


async def test_on_loopback_alone_no_certificate_is_made(tmp_path: Path) -> None:
    async with run(tmp_path) as running, owner_of(running) as owner:
        state = await state_of(owner)
        assert state["is_active"] is False
        assert state["problem"] is None
        assert not (tmp_path / "tls").exists()


async def test_a_door_beyond_this_machine_is_encrypted_and_this_machine_needs_no_tls(tmp_path: Path) -> None:
    address = own_address()
    async with run(tmp_path, kilovolt=EVERYWHERE, console=EVERYWHERE) as running:
        assert running.doors.kilovolt is not None
        assert running.doors.console is not None
        assert running.doors.kilovolt.startswith("ws://localhost:")
        port, console = urlsplit(running.doors.kilovolt).port, urlsplit(running.doors.console).port
        assert port is not None
        tls = authority_of(tmp_path)
        assert (await fetch(f"https://{address}:{port}/health", tls))[0] == 200
        assert (await fetch(f"https://localhost:{port}/health", tls))[0] == 200
        assert (await fetch(f"http://localhost:{port}/health"))[0] == 200
        assert (await fetch(f"http://{address}:{port}/health"))[0] == 426
        assert (await fetch(f"http://{address}:{console}/"))[0] == 426
        for url in (f"http://{address}:{console}", f"https://{address}:{console}", f"http://localhost:{console}"):
            status, der = await fetch(f"{url}/authority.crt", tls)
            assert status == 200
            assert ssl.DER_cert_to_PEM_cert(der).strip() == (tmp_path / "tls" / "authority.crt").read_text().strip()
        async with Client(f"wss://{address}:{port}/ws", token=running.control_token, ssl_context=tls) as owner:
            assert (await state_of(owner))["is_active"] is True
            entries = await ask(owner, "stagedoor/@audit", kinds=["tls"])
            assert entries["entries"][0]["facts"]["name"] == "authority made"


async def test_a_door_that_moves_beyond_this_machine_is_encrypted_at_once(tmp_path: Path) -> None:
    address = own_address()
    async with run(tmp_path, chosen=frozenset()) as running, owner_of(running) as owner:
        await ask(owner, "stagedoor/@move-door", door="streamerbot", address="off")
        config = await owner.get_json("streamerbot/config", type=dict[str, object]) or {}
        await owner.set_json("streamerbot/config", {**config, "authentication": "enforced"})
        moved = await ask(owner, "stagedoor/@move-door", door="streamerbot", address=f"{address}:0")
        port = int(moved["addresses"][0].rpartition(":")[2])
        raw, status, _ = await Raw.upgrade(port, host=address)
        assert status == 426
        await raw.end()
        raw = await Raw.open(port, host=address, tls=authority_of(tmp_path))
        assert (await raw.message())["request"] == "Hello"
        await raw.end()
        doors = await ask(owner, "stagedoor/@doors")
        assert {door["option"]: door["url"] for door in doors}["streamerbot"] == f"wss://{address}:{port}/"


async def test_the_owners_commands_need_no_tls_where_the_door_speaks_nothing_else(tmp_path: Path) -> None:
    async with run(tmp_path, kilovolt=Address(own_address(), 0)) as running:
        assert running.doors.kilovolt is not None
        assert running.doors.kilovolt.startswith("wss://")
        control = read_control(tmp_path)
        assert control is not None
        assert control.kilovolt is not None
        assert control.kilovolt.startswith("ws://127.0.0.1:")
        async with Client(control.kilovolt, token=control.token) as owner:
            assert (await state_of(owner))["is_active"] is True


async def test_who_insists_may_speak_plain_text_and_is_warned_for_as_long(tmp_path: Path) -> None:
    address = own_address()
    async with run(tmp_path, kilovolt=EVERYWHERE) as running, owner_of(running) as owner:
        port = urlsplit(running.doors.kilovolt or "").port
        await ask(owner, "stagedoor/@set-tls", mode="auto", plain_beyond_loopback=True)
        assert (await fetch(f"http://{address}:{port}/health"))[0] == 200
        assert any("plain text" in line for line in (await ask(owner, "stagedoor/@status"))["warnings"])
        await ask(owner, "stagedoor/@set-tls", mode="auto", plain_beyond_loopback=False)
        assert (await fetch(f"http://{address}:{port}/health"))[0] == 426
        assert not any("plain text" in line for line in (await ask(owner, "stagedoor/@status"))["warnings"])
    async with run(tmp_path, kilovolt=EVERYWHERE, plain_beyond_loopback=True) as running:
        port = urlsplit(running.doors.kilovolt or "").port
        assert (await fetch(f"http://{address}:{port}/health"))[0] == 200
        assert any("plain text" in line for line in running.warnings)


async def test_without_tls_no_door_listens_beyond_this_machine(tmp_path: Path) -> None:
    with pytest.raises(DoorError, match="TLS is off"):
        async with run(tmp_path, kilovolt=EVERYWHERE, tls="off"):
            pass
    async with run(tmp_path, kilovolt=EVERYWHERE, tls="off", plain_beyond_loopback=True) as running:
        port = urlsplit(running.doors.kilovolt or "").port
        assert (await fetch(f"http://{own_address()}:{port}/health"))[0] == 200


async def test_tls_cannot_be_switched_off_under_a_door_that_needs_it(tmp_path: Path) -> None:
    async with run(tmp_path, kilovolt=EVERYWHERE) as running, owner_of(running) as owner:
        with pytest.raises(RequestFailed, match="nobody could come in from beyond"):
            await ask(owner, "stagedoor/@set-tls", mode="off")
        assert (await state_of(owner))["is_active"] is True


async def test_a_restart_shows_the_same_authority(tmp_path: Path) -> None:
    async with run(tmp_path, kilovolt=EVERYWHERE) as running, owner_of(running) as owner:
        before = await state_of(owner)
    async with run(tmp_path) as running, owner_of(running) as owner:
        assert await state_of(owner) == before
        assert (await fetch((running.doors.page or "").replace("http:", "https:"), authority_of(tmp_path)))[0] == 200


async def test_what_is_not_stored_is_not_missed_in_memory(tmp_path: Path) -> None:
    async with run(tmp_path / "unused", ephemeral=True, kilovolt=EVERYWHERE) as running, owner_of(running) as owner:
        assert (await state_of(owner))["is_active"] is True
    assert not (tmp_path / "unused").exists()


async def test_own_files_are_shown_by_every_door_and_broken_ones_keep_others_out(tmp_path: Path) -> None:
    certificate, key = write_files(tmp_path, "own", "overlays-1.example", datetime.now(UTC))
    files: dict[str, Any] = {"tls_certificate": certificate, "tls_key": key}
    async with run(tmp_path / "data", kilovolt=EVERYWHERE, **files) as running, owner_of(running) as owner:
        state = await state_of(owner)
        assert (state["is_chosen"], state["authority"]) == (True, None)
        assert "overlays-1.example" in state["certificate"]["names"]
        port = urlsplit(running.doors.kilovolt or "").port
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection("localhost", port, ssl=tls)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert ssl.DER_cert_to_PEM_cert(shown).strip() == certificate.read_text().strip()
        writer.close()
        assert not (tmp_path / "data" / "tls").exists()
    key.unlink()
    with pytest.raises(OptionError, match=r"tls_certificate: .*own\.key: No such file"):
        async with run(tmp_path / "data", **files):
            pass


async def test_stored_files_that_broke_keep_the_door_shut_and_the_owner_can_mend_it(tmp_path: Path) -> None:
    certificate, key = write_files(tmp_path, "own", "overlays-1.example", datetime.now(UTC))
    data = tmp_path / "data"
    async with run(data) as running, owner_of(running) as owner:
        await ask(owner, "stagedoor/@set-tls", certificate=str(certificate), key=str(key))
    certificate.write_text("broken")
    async with run(data, console=EVERYWHERE) as running, owner_of(running) as owner:
        assert running.doors.console is None
        assert any("the console door cannot listen" in line and str(certificate) in line for line in running.warnings)
        await ask(owner, "stagedoor/@set-tls", mode="auto")
        assert (await state_of(owner))["problem"] is None
