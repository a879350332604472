"""Backups by the clock, imports and restores, all on a store that is in use."""

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from stagedoor.access import Client
from stagedoor.archive import durable_entries, list_backups, read_archive
from stagedoor.errors import ArchiveError, RequestFailed, StoreError
from stagedoor.hub import Hub, Write
from stagedoor.keys import IMPORT, PROGRESS, RESTORE
from stagedoor.types import Key, Value

logger = logging.getLogger(__name__)

_FIRST_BACKUP_AFTER_S: Final = 60.0


class ArchiveRequest(msgspec.Struct):
    """Which file to import or restore."""

    path: str


class Progress(msgspec.Struct):
    """How far a job has come."""

    job: str
    done: int
    total: int


class Archives:
    """Imports, restores, and backs up every ``every_s`` seconds if something was written since.

    A backup is made by a process of its own, which reads a snapshot of the store; ``data_folder`` is ``None`` for a hub
    in memory, which has no backups.
    """

    def __init__(self, client: Client, hub: Hub, data_folder: Path | None, *, every_s: float, keep: int) -> None:
        self._client = client
        self._hub = hub
        self._data_folder = data_folder
        self._every_s = every_s
        self._keep = keep
        self._lock = asyncio.Lock()
        # A million keys take longer than a request may.
        client.serve(IMPORT, self._import, timeout_s=None)
        client.serve(RESTORE, self._restore, timeout_s=None)

    async def run(self) -> None:
        """Back up by the clock until cancelled, for the first time when the newest backup is old enough."""
        if self._data_folder is None or not self._every_s:
            return
        backed_up: int | None = None
        await asyncio.sleep(self._first_delay_s(self._data_folder))
        while True:
            commits = self._hub.durable_commits
            if commits != backed_up:
                try:
                    await self._back_up()
                    backed_up = commits
                except RequestFailed as error:
                    logger.error("%s", error)
            await asyncio.sleep(self._every_s)

    def _first_delay_s(self, data_folder: Path) -> float:
        """Whoever streams for half an hour a day wants backups, too; but not in the first minute of a start."""
        backups = list_backups(data_folder)
        age_s = time.time() - backups[-1].stat().st_mtime if backups else self._every_s
        return min(self._every_s, max(_FIRST_BACKUP_AFTER_S, self._every_s - age_s))

    async def _back_up(self) -> None:
        """Have a child process back up.

        Raises:
            RequestFailed: With what it printed.
        """
        if self._data_folder is None:
            return
        command = [sys.executable, "-m", "stagedoor", "backup", "--quiet"]
        command += ["--data", str(self._data_folder), "--keep", str(self._keep)]
        child = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, complaint = await child.communicate()
        except asyncio.CancelledError:
            child.kill()
            await child.wait()
            raise
        if child.returncode:
            raise RequestFailed(f"the backup failed: {complaint.decode(errors='replace').strip()}")
        logger.info("backed up")
        self._tell("backup", 1, 1)

    async def _import(self, value: Value) -> Value:
        return await self._load("import", value, self._write_all)

    async def _restore(self, value: Value) -> Value:
        async with self._lock:
            return await self._load("restore", value, self._replace_all)

    async def _load(self, job: str, value: Value, write: Callable[[dict[Key, Value]], Awaitable[None]]) -> Value:
        try:
            request = msgspec.json.decode(value, type=ArchiveRequest)
            self._tell(job, 0, 3)
            entries = await asyncio.to_thread(read_archive, Path(request.path))
            entries = durable_entries(entries, self._hub.catalogue)
            self._tell(job, 1, 3)
            await write(entries)
        except (msgspec.DecodeError, ArchiveError, StoreError) as error:
            raise RequestFailed(str(error)) from error
        self._tell(job, 3, 3)
        logger.info("%s of %d keys from %s", job, len(entries), request.path)
        return str(len(entries))

    async def _write_all(self, entries: dict[Key, Value]) -> None:
        await self._client.put_all([Write(key, value) for key, value in entries.items()])

    async def _replace_all(self, entries: dict[Key, Value]) -> None:
        await self._back_up()
        self._tell("restore", 2, 3)
        await self._hub.replace_all(entries)

    def _tell(self, job: str, done: int, total: int) -> None:
        progress = msgspec.json.encode(Progress(job, done, total)).decode()
        self._client.write([Write(PROGRESS, progress)], _ignore)


def _ignore(error: StoreError | None) -> None:
    """An event needs no disk and cannot fail."""
