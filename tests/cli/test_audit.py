"""``audit``: shown, followed, verified and exported, with and without a server."""

import os
from pathlib import Path

import msgspec
import pytest

from stagedoor.audit import Entry
from tests.cli.harness import Cli, mode
from tests.conftest import Server


async def change_settings(cli: Cli, count: int) -> None:
    """Have entries written, each of a setting that was changed."""
    for number in range(count):
        await cli.ok("password", "set", f"a long password, number {number}")


async def kinds(cli: Cli, *arguments: str) -> list[str]:
    out = await cli.ok("audit", "list", "--json", *arguments)
    return [msgspec.json.decode(line, type=Entry).kind for line in out.splitlines()]


def file_of(cli: Cli) -> Path:
    return cli.data / "audit.jsonl"


@pytest.fixture
async def stopped(cli: Cli, server: Server) -> Cli:
    """A data folder that a server has used, and has left."""
    await change_settings(cli, 2)
    await server.stop()
    return cli


async def test_the_latest_entries_are_shown_with_a_server_and_without(cli: Cli, server: Server) -> None:
    await change_settings(cli, 1)
    assert "start" in await kinds(cli)
    last = (await cli.ok("audit")).splitlines()[-1].split("\t")
    assert last[2:] == ["setting", "key=http/config  members=kv_password"]
    assert await kinds(cli, "--kind", "setting", "-n", "1") == ["setting"]
    assert await kinds(cli, "--search", "KV_PASS", "-n", "1") == ["setting"]
    assert await kinds(cli, "--kind", "start", "--kind", "stop") == ["start"]
    await server.stop()
    assert (await kinds(cli))[-1] == "stop"
    assert await kinds(cli, "--kind", "start", "--kind", "stop") == ["start", "stop"]
    assert await cli.ok("audit") == await cli.ok("audit", "list")
    assert (await cli("audit", "list", "--kind", "none")).err == "there are no such entries\n"
    assert "a long password" not in await cli.ok("audit", "list", "--limit", "5000")


async def test_new_entries_are_followed(cli: Cli, server: Server) -> None:
    await change_settings(cli, 1)
    async with cli.running("audit", "list", "--follow", "--kind", "setting", "--limit", "1") as shown:
        number, _, kind, _ = (await shown.line()).split("\t")
        assert kind == "setting"
        await cli.ok("password", "set", "--door", "streamerbot", "another long password")
        assert int((await shown.line()).split("\t")[0]) > int(number)


async def test_a_log_that_nobody_touched_is_whole(cli: Cli, server: Server) -> None:
    await change_settings(cli, 2)
    assert "the audit log is unbroken from entry 1 to " in await cli.ok("audit", "verify")
    await server.restart()
    await server.stop()
    out = await cli.ok("audit", "verify")
    last = out.split()[9].rstrip(";")
    assert out == f"the audit log is unbroken from entry 1 to {last}; the store knows it up to entry {last}\n"
    assert (await cli("audit", "verify", "--json")).json == {
        "entries": int(last),
        "first": 1,
        "last": int(last),
        "problems": [],
    }


async def test_a_log_that_was_changed_is_broken_and_it_says_where(stopped: Cli) -> None:
    content = file_of(stopped).read_bytes()
    file_of(stopped).write_bytes(content.replace(b'"kind":"start"', b'"kind":"stort"'))
    result = await stopped("audit", "verify")
    assert (result.code, result.err) == (1, "Error: the audit log is broken: entry 1 was changed\n")
    assert result.out == "audit.jsonl:1\tentry 1 was changed\t\n"

    file_of(stopped).write_bytes(b"".join(content.splitlines(keepends=True)[:-1]))
    result = await stopped("audit", "verify", "--json")
    assert result.code == 1
    assert isinstance(result.json, dict)
    assert "is missing" in result.json["problems"][0]["text"]


async def test_a_break_that_the_server_has_told_of_is_shown_as_told(cli: Cli, server: Server) -> None:
    await server.stop()
    file_of(cli).unlink()
    await server.start()
    result = await cli("audit", "verify")
    assert result.code == 1
    where, what, recorded = result.out.rstrip("\n").split("\t")
    assert where == "audit.jsonl:1"
    assert what.startswith("entries 1 to ")
    assert recorded.startswith("recorded 20")
    assert f"the audit log is broken: {what}" in await cli.ok("status")


async def test_it_is_exported_as_it_is(stopped: Cli, tmp_path: Path) -> None:
    target = tmp_path / "export.jsonl"
    assert await stopped.ok("audit", "export", str(target)) == ""
    assert target.read_bytes() == file_of(stopped).read_bytes()
    assert await stopped.ok("audit", "export") == target.read_text()
    if os.name == "posix":
        assert mode(target) == 0o600


async def test_the_last_entries_are_there_after_a_kill(cli: Cli, server: Server) -> None:
    await change_settings(cli, 1)
    # Whoever asks is answered with what is on the disk.
    assert (await kinds(cli, "-n", "1")) == ["setting"]
    await server.kill()
    assert (await kinds(cli, "-n", "1")) == ["setting"]
    assert "unbroken" in await cli.ok("audit", "verify")


async def entries(cli: Cli, *arguments: str) -> list[Entry]:
    out = await cli.ok("audit", "list", "--json", "--limit", "1000", *arguments)
    return [msgspec.json.decode(line, type=Entry) for line in out.splitlines()]


async def test_what_commands_do_without_a_server_is_written_down(cli: Cli, tmp_path: Path) -> None:
    await cli.ok("set", "counter/deaths", "3")
    assert not file_of(cli).exists()  # nothing that anybody would look for
    password = (await cli.ok("password", "new")).strip()
    await cli.ok("password", "show")
    await cli.ok("get", "http/config")
    config = {"bind": "localhost:4444", "enable_static_server": False, "path": "", "kv_password": "quite another one"}
    await cli.ok("set", "http/config", msgspec.json.encode(config).decode())
    archive = tmp_path / "in.json"
    archive.write_bytes(msgspec.json.encode({"twitch/config": '{"enabled":false}'}))
    await cli.ok("import", str(archive))
    written = [(one.kind, one.facts) for one in await entries(cli)]
    ground = {"ground": "a command, while no server ran"}
    assert len([one for one in written if one == ("reveal", {"key": "http/config", **ground})]) >= 2
    assert ("setting", {"key": "http/config", "members": ["bind", "kv_password"], **ground}) in written
    assert ("setting", {"key": "twitch/config", "members": ["enabled"], **ground}) in written
    assert ("setting", {"reason": "import", "name": "in.json", "count": 1, **ground}) in written
    assert password.encode() not in file_of(cli).read_bytes()
    assert mode(file_of(cli)) == 0o600
    last = len(written)
    assert await cli.ok("audit", "verify") == (
        f"the audit log is unbroken from entry 1 to {last}; the store knows it up to entry {last}\n"
    )


async def test_an_export_with_secrets_is_written_down_with_a_server_and_without(cli: Cli, server: Server) -> None:
    await cli.ok("set", "twitch/config", '{"api_client_secret":"a secret of Twitch"}')
    for _ in ("with", "without"):
        before = len(await entries(cli, "--kind", "reveal"))
        assert "kv_password" in await cli.ok("export", "-q")
        revealed = [one.facts["key"] for one in (await entries(cli, "--kind", "reveal"))[before:]]
        assert {"http/config", "twitch/config"} <= set(revealed)
        before = len(await entries(cli, "--kind", "reveal"))
        await cli.ok("export", "-q", "--no-secrets")
        await cli.ok("export", "-q", "--prefix", "counter/")
        assert len(await entries(cli, "--kind", "reveal")) == before
        await server.stop()
    assert "unbroken" in await cli.ok("audit", "verify")


async def test_without_data_or_a_server_it_says_so(cli: Cli) -> None:
    for command in ("list", "verify", "export"):
        assert "there is no stagedoor data in" in await cli.fails("audit", command)
    assert "no stagedoor is running" in await cli.fails("audit", "list", "--follow")
