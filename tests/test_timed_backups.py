"""Backups by the clock, of a hub that is in use."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from stagedoor import keys
from stagedoor.access import SERVICE, Client
from stagedoor.archive import backups_folder, list_backups, read_archive, store_folder
from stagedoor.hub import Catalogue, Hub, LmdbStore
from stagedoor.services.archives import Archives, Progress

EVERY_S = 0.01


class Listener:
    """Hears of backups."""

    def __init__(self, hub: Hub) -> None:
        self.backups: asyncio.Queue[Progress] = asyncio.Queue()
        self.client = Client(
            hub, SERVICE, lambda change: self.backups.put_nowait(msgspec.json.decode(change.value, type=Progress))
        )
        self.client.subscribe(keys.PROGRESS)


async def test_what_was_written_is_backed_up_and_old_backups_go(tmp_path: Path) -> None:
    hub = Hub(LmdbStore(store_folder(tmp_path)), Catalogue(keys.SPECS))
    listener = Listener(hub)
    owner = Client(hub, SERVICE)
    running = asyncio.create_task(Archives(owner, hub, tmp_path, every_s=EVERY_S, keep=2).run())
    for number in range(3):
        await owner.put("a", str(number))
        assert (await listener.backups.get()).job == "backup"
    running.cancel()
    await asyncio.wait([running])
    backups = list_backups(tmp_path)
    assert len(backups) == 2
    assert read_archive(backups[-1]) == {"a": "2"}
    await hub.close()


async def test_a_backup_that_fails_is_logged_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub(LmdbStore(store_folder(tmp_path)), Catalogue(keys.SPECS))
    listener = Listener(hub)
    owner = Client(hub, SERVICE)
    backups_folder(tmp_path).write_text("in the way")
    failed = asyncio.Event()

    class Watch:
        def filter(self, record: object) -> bool:
            backups_folder(tmp_path).unlink(missing_ok=True)
            failed.set()
            return True

    watch = Watch()
    caplog.handler.addFilter(watch)
    running = asyncio.create_task(Archives(owner, hub, tmp_path, every_s=EVERY_S, keep=2).run())
    await failed.wait()
    assert (await listener.backups.get()).job == "backup"
    running.cancel()
    await asyncio.wait([running])
    caplog.handler.removeFilter(watch)
    assert "the backup failed: Error: " in caplog.text
    assert len(list_backups(tmp_path)) == 1
    await hub.close()


async def test_a_hub_in_memory_is_not_backed_up(tmp_path: Path) -> None:
    hub = Hub(LmdbStore(store_folder(tmp_path)), Catalogue(keys.SPECS))
    await Archives(Client(hub, SERVICE), hub, None, every_s=EVERY_S, keep=2).run()
    assert list_backups(tmp_path) == []
    await hub.close()
