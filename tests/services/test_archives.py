"""Backups on request, comparisons, and what becomes of an uploaded file; the clock's backups are tested elsewhere."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from stagedoor import keys
from stagedoor.access import SERVICE, Client, Grant, Level
from stagedoor.archive import backups_folder, list_backups, store_folder
from stagedoor.errors import NotPermitted, RequestFailed
from stagedoor.hub import LmdbStore, MemoryStore
from stagedoor.services import archives
from stagedoor.services.archives import Archives, _run
from stagedoor.uploads import Uploads
from tests.services.harness import Desk, encode, open_hub


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads")


@pytest.fixture
async def archived(tmp_path: Path, uploads: Uploads) -> AsyncIterator[Desk]:
    """A hub on a disk, with backups, of which two are kept."""
    hub = open_hub(LmdbStore(store_folder(tmp_path)))
    Archives(Client(hub, SERVICE), hub, tmp_path, every_s=0, keep=2, uploads=uploads)
    yield Desk(hub)
    await hub.close()


@pytest.fixture
async def passing(tmp_path: Path) -> AsyncIterator[Desk]:
    """A hub in memory."""
    hub = open_hub(MemoryStore())
    Archives(Client(hub, SERVICE), hub, None, every_s=0, keep=2)
    yield Desk(hub)
    await hub.close()


@pytest.fixture(params=["on disk", "in memory"])
async def either(request: pytest.FixtureRequest, archived: Desk, passing: Desk) -> Desk:
    """Give a hub of each kind."""
    return archived if request.param == "on disk" else passing


def write(path: Path, entries: dict[str, object]) -> str:
    path.write_text(json.dumps(entries), encoding="utf-8")
    return str(path)


async def listed(desk: Desk) -> list[dict[str, object]]:
    return msgspec.json.decode(await desk.call(keys.BACKUPS, ""), type=list[dict[str, object]])


async def test_a_backup_is_made_on_request_and_the_oldest_goes(archived: Desk, tmp_path: Path) -> None:
    assert await listed(archived) == []
    for number in range(3):
        await archived.put(f"key {number}", "v")
        made = await archived.ask(keys.BACKUP)
        assert made["keys"] == number + 1
    found = await listed(archived)
    assert [backup["keys"] for backup in found] == [2, 3]
    assert found[-1] == made
    newest = list_backups(tmp_path)[-1]
    assert made["name"] == newest.name
    assert made["size"] == newest.stat().st_size
    assert made["made_at_ms"] == newest.stat().st_mtime_ns // 1_000_000


async def test_a_damaged_backup_has_no_number_of_keys(archived: Desk, tmp_path: Path) -> None:
    made = await archived.ask(keys.BACKUP)
    path = backups_folder(tmp_path) / str(made["name"])
    path.write_text('{\n"a": "1",\n')
    (found,) = await listed(archived)
    assert found["keys"] is None


async def test_a_backup_that_fails_says_why(archived: Desk, tmp_path: Path) -> None:
    backups_folder(tmp_path).write_text("in the way")
    with pytest.raises(RequestFailed, match=r"the backup failed: \S"):
        await archived.ask(keys.BACKUP)


async def test_in_memory_there_are_no_backups(passing: Desk) -> None:
    assert await listed(passing) == []
    with pytest.raises(RequestFailed, match="in memory"):
        await passing.ask(keys.BACKUP)


async def test_a_comparison_tells_what_a_restore_would_do(either: Desk, tmp_path: Path) -> None:
    desk = either
    await desk.put("same", "1")
    await desk.put("other", "2")
    await desk.put("gone", "3")
    await desk.put("ev/happened", "4")
    await desk.put(keys.HTTP_CONFIG, '{"kv_password":"secret"}')
    path = write(
        tmp_path / "archive.json",
        {"same": "1", "other": "", "new": {"a": 1}, "ev/happened": "x", keys.HTTP_CONFIG: '{"kv_password":"other"}'},
    )
    text = await desk.call(keys.COMPARE, encode({"path": path}))
    assert msgspec.json.decode(text) == {
        "add": {"count": 1, "keys": ["new"]},
        "change": {"count": 2, "keys": [keys.HTTP_CONFIG, "other"]},
        "delete": {"count": 1, "keys": ["gone"]},
        "same": 1,
        "skipped": 1,
        "access": {name: {"back": 0, "out": 0, "barred": 0} for name in ("apps", "overlay_keys", "sites", "browsers")},
    }
    imported = await desk.ask(keys.COMPARE, path=path, mode="import")
    assert imported["delete"] == {"count": 0, "keys": []}
    assert imported["access"] == {}
    assert desk.get("other") == "2"
    assert await desk.call(keys.IMPORT, encode({"path": path})) == "4"
    after = await desk.ask(keys.COMPARE, path=path, mode="import")
    assert (after["same"], after["change"]) == (4, {"count": 0, "keys": []})


async def test_a_backup_may_be_given_by_its_name(archived: Desk) -> None:
    await archived.put("a", "1")
    name = (await archived.ask(keys.BACKUP))["name"]
    await archived.put("a", "2")
    compared = await archived.ask(keys.COMPARE, path=name)
    assert compared["change"] == {"count": 1, "keys": ["a"]}
    await archived.call(keys.RESTORE, encode({"path": name}))
    assert archived.get("a") == "1"


@pytest.mark.parametrize("name", ["../outside.json", "../backups/../outside.json", "..\\outside.json"])
async def test_a_name_leads_out_of_the_backups_nowhere(
    archived: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # strimertül's defect 42: a name given for a restore was put behind the folder's, whatever was in it.
    await archived.call(keys.BACKUP, "")
    (backups_folder(tmp_path).parent / "outside.json").write_text('{"from": "outside"}')
    elsewhere = tmp_path / "one" / "two"
    elsewhere.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    with pytest.raises(RequestFailed):
        await archived.call(keys.RESTORE, encode({"path": name}))
    assert archived.get("from") == ""


@pytest.mark.parametrize("content", [None, "[1]", '{"a": "', '{"' + "k" * 600 + '": ""}'])
async def test_a_comparison_refuses_what_an_import_refuses(archived: Desk, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "file.json"
    if content is not None:
        path.write_text(content)
    reasons = []
    for key in (keys.COMPARE, keys.IMPORT):
        with pytest.raises(RequestFailed) as caught:
            await archived.ask(key, path=str(path))
        reasons.append(caught.value.reason)
    assert reasons[0] == reasons[1]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"path":"x","mode":"merge"}', '{"path":"nu\\u0000ll"}'])
async def test_what_makes_no_sense_is_refused(archived: Desk, text: str) -> None:
    with pytest.raises(RequestFailed):
        await archived.call(keys.COMPARE, text)


@pytest.mark.parametrize("key", [keys.COMPARE, keys.IMPORT, keys.RESTORE])
async def test_a_name_that_no_file_can_have_is_refused(archived: Desk, key: str) -> None:
    with pytest.raises(RequestFailed, match="null"):
        await archived.call(key, '{"path":"nu\\u0000ll"}')


@pytest.mark.skipif(os.name != "posix", reason="needs a pipe with a name")
@pytest.mark.parametrize("key", [keys.COMPARE, keys.IMPORT, keys.RESTORE])
async def test_what_may_have_no_end_is_refused(archived: Desk, tmp_path: Path, key: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RequestFailed, match="it is no file"):
        await archived.ask(key, path=str(tmp_path / "pipe"))


async def test_a_comparison_that_nobody_waits_for_ends(archived: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / "archive.json", {"a": "1"})
    asking = asyncio.create_task(archived.ask(keys.COMPARE, path=path))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (await archived.ask(keys.COMPARE, path=path))["add"] == {"count": 1, "keys": ["a"]}


async def test_one_comparison_runs_at_a_time(archived: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = [0]

    async def run(arguments: list[str], given: bytes = b"") -> bytes:
        running.append(running[-1] + 1)
        answer = await _run(arguments, given)
        running.append(running[-1] - 1)
        return answer

    monkeypatch.setattr(archives, "_run", run)
    path = write(tmp_path / "archive.json", {"a": "1"})
    await asyncio.gather(*(archived.ask(keys.COMPARE, path=path) for _ in range(3)))
    assert running == [0, 1, 0, 1, 0, 1, 0]


async def test_what_lies_where_the_server_was_started_is_not_run(
    archived: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "archive.json", {"a": "1"})
    (tmp_path / "msgspec.py").write_text("raise SystemExit('run')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert (await archived.ask(keys.COMPARE, path=path))["same"] == 0
    assert "name" in await archived.ask(keys.BACKUP)


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege")
async def test_a_backup_that_is_a_link_to_nothing_is_none(archived: Desk, tmp_path: Path) -> None:
    await archived.call(keys.BACKUP, "")
    (backups_folder(tmp_path) / "20250101-000000.json").symlink_to(tmp_path / "nothing")
    assert len(await listed(archived)) == 1
    await archived.call(keys.BACKUP, "")
    assert len(await listed(archived)) == 2


async def test_an_uploaded_file_goes_once_it_was_used(archived: Desk, uploads: Uploads) -> None:
    with uploads.receive() as (path, file):
        file.write(b'{"a":"1"}')
    await archived.ask(keys.COMPARE, path=str(path))
    assert os.listdir(path.parent) == [path.name]
    await archived.call(keys.IMPORT, encode({"path": str(path)}))
    assert os.listdir(path.parent) == []


async def test_any_other_file_stays(archived: Desk, tmp_path: Path) -> None:
    path = write(tmp_path / "archive.json", {"a": "1"})
    await archived.call(keys.RESTORE, encode({"path": path}))
    assert "archive.json" in os.listdir(tmp_path)


@pytest.mark.parametrize("key", [keys.BACKUPS, keys.BACKUP, keys.COMPARE])
async def test_only_the_owner_may_ask(archived: Desk, key: str) -> None:
    with pytest.raises(NotPermitted):
        await Client(archived.hub, Grant(Level.APPLICATION, "password")).call(key, "{}")


async def test_an_import_lets_nobody_in_but_a_restore_brings_back_who_was(either: Desk, tmp_path: Path) -> None:
    desk = either
    path = write(
        tmp_path / "archive.json", {keys.CONSOLE_PASSES: "[]", keys.APP_TOKENS: "[]", keys.REVOKED_APPS: "{}", "a": "1"}
    )
    assert (await desk.ask(keys.COMPARE, path=path, mode="import"))["skipped"] == 3
    await desk.call(keys.IMPORT, encode({"path": path}))
    assert (desk.get("a"), desk.get(keys.CONSOLE_PASSES), desk.get(keys.APP_TOKENS)) == ("1", "", "")
    await desk.call(keys.RESTORE, encode({"path": path}))
    assert (desk.get(keys.CONSOLE_PASSES), desk.get(keys.APP_TOKENS)) == ("[]", "[]")
