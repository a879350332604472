"""``tls``: what the doors show, the authority to trust, a new one; and commands that reach a server with TLS."""

import hashlib
import ssl
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.cli.harness import Cli, mode
from tests.conftest import Server
from tests.services.test_tls import write_files


def rows(text: str) -> dict[str, str]:
    """The table that a command has printed into a pipe."""
    return dict(line.split("\t", 1) for line in text.splitlines())


async def test_without_an_authority_status_says_how_to_get_one(cli: Cli, server: Server) -> None:
    shown = rows(await cli.ok("tls"))
    assert "`stagedoor tls new` makes one" in shown["TLS"]
    assert shown["other machines"] == "have to speak TLS"
    assert "`stagedoor tls new` makes one" in await cli.fails("tls", "authority")


async def test_new_makes_an_authority_that_status_shows_and_authority_gives(
    cli: Cli, server: Server, tmp_path: Path
) -> None:
    made = rows(await cli.ok("tls", "new"))
    assert made == rows(await cli.ok("tls", "status"))
    output = tmp_path / "authority.crt"
    result = await cli("tls", "authority", "--output", str(output))
    assert (result.code, result.out) == (0, "")
    pem = await cli.ok("tls", "authority")
    assert pem == output.read_text("ascii")
    assert "PRIVATE" not in pem
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip())).hexdigest()
    assert made["authority"].replace(":", "").lower() == fingerprint
    assert "localhost" in made["certificate for"].split()
    state = msgspec.json.decode(await cli.ok("tls", "--json"), type=dict[str, object])
    assert state["is_active"] is True
    assert mode(cli.data / "tls" / "authority.pem") == stat.S_IRUSR | stat.S_IWUSR


async def test_an_authority_is_replaced_only_after_a_confirmation(cli: Cli, server: Server) -> None:
    await cli.ok("tls", "new")
    pem = await cli.ok("tls", "authority")
    assert "--yes" in await cli.fails("tls", "new")
    async with cli.on_terminal("tls", "new") as terminal:
        await terminal.until("Make it?")
        terminal.type("n\n")
        assert await terminal.end() != 0
    assert await cli.ok("tls", "authority") == pem
    await cli.ok("tls", "new", "--yes")
    assert await cli.ok("tls", "authority") != pem


async def test_commands_reach_a_server_with_tls(cli: Cli, server: Server, tmp_path: Path) -> None:
    await cli.ok("tls", "new")
    authority = tmp_path / "authority.crt"
    await cli.ok("tls", "authority", "--output", str(authority))
    elsewhere = Cli(tmp_path / "elsewhere")
    wss = ["--url", f"wss://localhost:{server.port}/ws"]
    password = {"STAGEDOOR_PASSWORD": server.password}
    untrusted = await elsewhere("list", *wss, env=password)
    assert untrusted.code == 1
    assert "its certificate is not trusted" in untrusted.err
    assert "stagedoor tls authority" in untrusted.err
    written = await elsewhere("set", "tls/key", "value", *wss, "--authority", str(authority), env=password)
    assert written == (0, "", "")
    read = await elsewhere("get", "tls/key", *wss, env={**password, "STAGEDOOR_AUTHORITY": str(authority)})
    assert read == (0, "value\n", "")


async def test_the_data_folders_authority_is_trusted_by_itself(cli: Cli, server: Server) -> None:
    await cli.ok("tls", "new")
    wss = ["--url", f"wss://localhost:{server.port}/ws"]
    assert (await cli("list", *wss, env={"STAGEDOOR_PASSWORD": server.password})).code == 0


async def test_an_authority_is_for_an_address(cli: Cli, server: Server, tmp_path: Path) -> None:
    (tmp_path / "nonsense").write_text("nonsense")
    result = await cli("list", "--authority", str(tmp_path / "nonsense"))
    assert (result.code, "--authority is for --url" in result.err) == (2, True)
    wss = ["--url", f"wss://localhost:{server.port}/ws", "--authority"]
    assert "not the certificate of an authority" in await cli.fails("list", *wss, str(tmp_path / "nonsense"))
    assert "absent: No such file" in await cli.fails("list", *wss, str(tmp_path / "absent"))


async def test_status_and_new_need_a_server(cli: Cli) -> None:
    assert "no stagedoor is running" in await cli.fails("tls")
    assert "no stagedoor is running" in await cli.fails("tls", "new")


@pytest.fixture
async def with_own_files(cli: Cli, tmp_path: Path) -> AsyncIterator[Server]:
    certificate, key = write_files(tmp_path, "own", "overlays-1.example", datetime.now(UTC))
    server = Server(cli.data, "--tls-certificate", str(certificate), "--tls-key", str(key))
    await server.start()
    yield server
    await server.stop()


async def test_status_shows_the_owners_certificate_and_new_is_refused(cli: Cli, with_own_files: Server) -> None:
    shown = rows(await cli.ok("tls"))
    assert "overlays-1.example" in shown["certificate for"].split()
    assert "authority" not in shown
    assert "do not use an authority of ours" in await cli.fails("tls", "new")


async def test_a_server_with_files_that_cannot_be_used_does_not_start(cli: Cli, tmp_path: Path) -> None:
    absent = str(tmp_path / "absent.pem")
    said = await cli.fails("serve", "--kilovolt", "localhost:0", "--tls-certificate", absent)
    assert said.endswith(f"tls_certificate: {absent}: No such file or directory")
