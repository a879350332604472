"""``backup``, ``backups`` and ``restore``: consistent, private, complete, and all or nothing."""

import asyncio
from itertools import count
from pathlib import Path

import msgspec
import pytest

from stagedoor.kilovolt import Client, PasswordRefused
from tests.cli.harness import Cli, mode, names
from tests.conftest import PASSWORD, Server


def read(path: str | Path) -> dict[str, str]:
    return msgspec.json.decode(Path(path.strip() if isinstance(path, str) else path).read_bytes(), type=dict[str, str])


def files(cli: Cli) -> list[str]:
    return sorted(names(cli.data / "backups"))


async def test_backup_holds_every_key_with_its_secrets(both: Cli) -> None:
    await both.ok("set", "a", "1")
    await both.ok("set", "twitch/auth-keys", "a token")
    password = (await both.ok("password", "show")).strip()
    entries = read(await both.ok("backup"))
    assert entries["a"] == "1"
    assert entries["twitch/auth-keys"] == "a token"
    assert password in entries["http/config"]


async def test_backup_is_for_its_owner_alone(both: Cli) -> None:
    # strimertül's defect 42: others on the machine could read the backups.
    path = Path((await both.ok("backup")).strip())
    assert path.parent == both.data / "backups"
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700


async def test_backups_are_listed_oldest_first(both: Cli) -> None:
    assert (await both("backups")).err == f"there are no backups in {both.data / 'backups'}\n"
    assert (await both("backups", "--json")).json == []
    first = Path((await both.ok("backup")).strip())
    await both.ok("set", "one/more", "x")
    second = (await both("backup", "--json")).json
    assert isinstance(second, dict)
    assert (await both("backups", "--json")).json == [
        {
            "name": path.name,
            "time": int(path.stat().st_mtime),
            "size_bytes": path.stat().st_size,
            "keys": len(read(path)),
        }
        for path in (first, Path(second["path"]))
    ]
    assert [line.split("\t")[0] for line in (await both.ok("backups")).splitlines()] == [
        first.name,
        Path(second["path"]).name,
    ]


async def test_quiet_backup_prints_nothing(both: Cli) -> None:
    assert await both("backup", "--quiet", "--keep", "5") == (0, "", "")
    assert len(files(both)) == 1


async def test_rotation_spares_what_is_no_backup(cli: Cli) -> None:
    # strimertül's defect 12: the clean-up deleted whatever was in the folder.
    await cli.ok("set", "a", "1")
    foreign = {"notes.txt", "20200101-000000.db", "x20200101-000000.json", "20200101-000000.json.bak"}
    for _ in range(3):
        await cli.ok("backup")
        for name in foreign:
            (cli.data / "backups" / name).write_text("mine")
    kept = (await cli.ok("backup", "--keep", "2")).strip()
    assert foreign < set(files(cli))
    assert len(set(files(cli)) - foreign) == 2
    assert Path(kept).name in files(cli)


async def test_without_keep_nothing_is_deleted(cli: Cli) -> None:
    await cli.ok("set", "a", "1")
    for _ in range(3):
        await cli.ok("backup")
    assert len(files(cli)) == 3


async def test_backup_beside_a_writer_is_of_one_moment(cli: Cli, server: Server) -> None:
    """Two keys and a secret are always written together, so in a backup they must be equal."""
    pair = ("pair/first", "pair/last", "twitch/auth-keys")
    is_over = asyncio.Event()
    async with Client(server.url, token=server.control_token) as client:
        await client.set_many(dict.fromkeys(pair, "0"))

        async def write() -> None:
            for number in count(1):
                await client.set_many(dict.fromkeys(pair, str(number)))
                if is_over.is_set():
                    return

        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            moments = []
            for _ in range(4):
                entries = read(await cli.ok("backup"))
                assert len({entries[key] for key in pair}) == 1
                moments.append(int(entries[pair[0]]))
            is_over.set()
    assert moments == sorted(moments)
    assert moments[0] < moments[-1]


async def test_damaged_backup_is_called_so(cli: Cli) -> None:
    await cli.ok("set", "a", "1")
    await cli.ok("backup")
    (cli.data / "backups" / files(cli)[0]).write_bytes(b'{\n"a": "1"')
    assert (await cli.ok("backups")).endswith("\tdamaged\n")
    assert (await cli("backups", "--json")).json[0]["keys"] is None  # type: ignore[index]


async def test_full_disk_fails_in_one_line_and_leaves_nothing_behind(cli: Cli) -> None:
    await cli.ok("set", "big", stdin="x" * 100_000)
    good = (await cli.ok("backup")).strip()
    assert "File too large" in await cli.fails("backup", "--quiet", "--keep", "1", max_file_bytes=50_000)
    assert files(cli) == [Path(good).name]


async def test_folder_that_cannot_be_made_is_told(cli: Cli) -> None:
    await cli.ok("set", "a", "1")
    (cli.data / "backups").write_text("a file is in the way")
    assert "backups" in await cli.fails("backup")


# --- restore ---


async def test_restore_replaces_everything_after_a_backup(both: Cli) -> None:
    # strimertül's defect 32: a restore added to what was there.
    await both.ok("set", "kept", "old")
    await both.ok("set", "twitch/auth-keys", "old token")
    name = Path((await both.ok("backup")).strip()).name
    before = await both.ok("export", "-")
    await both.ok("set", "kept", "new")
    await both.ok("set", "twitch/auth-keys", "new token")
    await both.ok("set", "extra", "x")
    assert f"restored {len(msgspec.json.decode(before))} keys" in await both.ok("restore", "--yes", name)
    assert await both.ok("export") == before
    assert (await both("get", "extra")).code == 3
    safety = read(both.data / "backups" / max(set(files(both)) - {name}))
    assert (safety["kept"], safety["extra"], safety["twitch/auth-keys"]) == ("new", "x", "new token")


async def test_restore_takes_any_path(both: Cli, tmp_path: Path) -> None:
    archive = tmp_path / "other.json"
    archive.write_text('{"only": "this"}')
    assert (await both("restore", "--yes", "--json", str(archive))).json == {"keys": 1, "path": str(archive)}
    stored = msgspec.json.decode(await both.ok("export"), type=dict[str, str])
    for settings in ("http/config", "streamerbot/config"):
        stored.pop(settings, None)  # a running server keeps the settings of its doors
    assert stored == {"only": "this"}


async def test_merging_keeps_what_the_file_does_not_name(both: Cli, tmp_path: Path) -> None:
    await both.ok("set", "kept", "old")
    archive = tmp_path / "other.json"
    archive.write_text('{"added": "new"}')
    await both.ok("restore", "--merge", str(archive))
    assert await both.ok("get", "kept", "added") == "kept\told\nadded\tnew\n"


async def test_restore_tells_subscribers_what_changed_and_what_went(cli: Cli, server: Server, tmp_path: Path) -> None:
    archive = tmp_path / "other.json"
    archive.write_text('{"changed": "2", "same": "1", "new": "3"}')
    async with Client(server.url, password=PASSWORD) as client:
        await client.set_many({"changed": "1", "same": "1", "gone": "1"})
        async with client.watch_prefix("") as changes:
            await cli.ok("restore", "--yes", str(archive))
            await client.set("end", "")
            heard = {}
            async for change in changes:
                if change.key == "end":
                    break
                heard[change.key] = change.value
    for settings in ("http/config", "streamerbot/config"):
        heard.pop(settings, None)
    assert heard == {"changed": "2", "new": "3", "gone": ""}


async def test_restore_asks_before_it_replaces(cli: Cli, tmp_path: Path) -> None:
    await cli.ok("set", "a", "1")
    archive = tmp_path / "other.json"
    archive.write_text('{"b": "2"}')
    assert "--yes" in await cli.fails("restore", str(archive))
    async with cli.on_terminal("restore", str(archive)) as terminal:
        await terminal.until("by the 1 keys of")
        terminal.type("n\n")
        assert await terminal.end() == 1
    assert await cli.ok("list") == "a\n"
    async with cli.on_terminal("restore", str(archive)) as terminal:
        await terminal.until("[y/N]")
        terminal.type("y\n")
        await terminal.until("restored 1 keys")
        assert await terminal.end() == 0
    assert await cli.ok("list") == "b\nstagedoor/audit-head\n", "what was done is in the audit log"


async def test_broken_file_changes_nothing(both: Cli, tmp_path: Path) -> None:
    await both.ok("set", "a", "1")
    archive = tmp_path / "broken.json"
    before = await both.ok("export")
    for content in (b"", b"no JSON", b"[]", b'{"a": "1"', b'{"a": "\xff"}', b"{" * 100_000):
        archive.write_bytes(content)
        for arguments in (["restore", "--yes"], ["restore", "--merge"], ["import"]):
            assert str(archive) in await both.fails(*arguments, str(archive)), content[:20]
        assert await both.ok("export") == before, content[:20]


async def test_restore_without_its_safety_backup_is_not_done(cli: Cli, tmp_path: Path) -> None:
    await cli.ok("set", "a", "1")
    (cli.data / "backups").write_text("a file is in the way")
    archive = tmp_path / "other.json"
    archive.write_text('{"b": "2"}')
    assert "backup failed" in await cli.fails("restore", "--yes", str(archive))
    assert await cli.ok("list") == "a\n"


async def test_file_that_opens_the_door_is_restored_with_a_warning(cli: Cli, tmp_path: Path) -> None:
    archive = tmp_path / "open.json"
    archive.write_text('{"http/config": "{\\"bind\\":\\"localhost:4337\\",\\"kv_password\\":\\"\\"}"}')
    result = await cli("restore", "--yes", str(archive))
    assert result.code == 0
    assert "everybody on this machine gets in" in result.err


async def test_a_revoked_key_opens_nothing_after_a_restore_to_when_it_did(cli: Cli, server: Server) -> None:
    kept, gone = [
        (await cli.ok("overlay-key", "make", name, "--scope", "read:counter/*")).strip() for name in ("Kept", "Gone")
    ]
    ids = [line.split("\t")[0] for line in (await cli.ok("overlay-key", "list")).splitlines()]
    backup = Path((await cli.ok("backup")).strip()).name
    await cli.ok("overlay-key", "revoke", ids[1])
    async with cli.on_terminal("restore", backup) as terminal:
        await terminal.until("overlay keys: 1 of the file stay out")
        await terminal.until("[y/N]")
        terminal.type("y\n")
        assert await terminal.end() == 0
    async with Client(server.url, password=kept) as client:
        assert await client.get("counter/deaths") == ""
    with pytest.raises(PasswordRefused):
        await Client(server.url, password=gone).connect()
