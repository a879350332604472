"""Backups, imports and restores, and what one would do: all on a store that is in use."""

import asyncio
import contextlib
import logging
import stat
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from stagedoor.access import Client, Record
from stagedoor.archive import count_keys, durable_entries, importable_entries, list_backups, read_archive
from stagedoor.audit import ignore
from stagedoor.comparison import Mode, command, python_module
from stagedoor.errors import ArchiveError, RequestFailed, StoreError
from stagedoor.hub import Catalogue, Hub, Write
from stagedoor.keys import AUDIT_HEAD, BACKUP, BACKUPS, COMPARE, IMPORT, PROGRESS, RESTORE
from stagedoor.readmission import ACCESS_KEYS, readmit
from stagedoor.types import Key, Value
from stagedoor.uploads import Uploads

logger = logging.getLogger(__name__)

_FIRST_BACKUP_AFTER_S: Final = 60.0


class ArchiveRequest(msgspec.Struct):
    """Which file to import or restore: its path, or the name of a backup."""

    path: str


class CompareRequest(ArchiveRequest):
    """Which file to compare, and with what in mind."""

    mode: Mode = "restore"


class Backup(msgspec.Struct):
    """One backup."""

    name: str
    size: int
    """In bytes."""
    made_at_ms: int
    keys: int | None
    """``None`` when it is damaged."""


class Progress(msgspec.Struct):
    """How far a job has come."""

    job: str
    done: int
    total: int


class Archives:
    """Imports, restores, and backs up every ``every_s`` seconds if something was written since.

    A backup is made by a process of its own, which reads a snapshot of the store; ``data_folder`` is ``None`` for a hub
    in memory, which has no backups. What was uploaded is removed once it has been imported or restored. ``record``
    hears of what was written that way.
    """

    def __init__(
        self,
        client: Client,
        hub: Hub,
        data_folder: Path | None,
        *,
        every_s: float,
        keep: int,
        uploads: Uploads | None = None,
        record: Record = ignore,
    ) -> None:
        self._client = client
        self._hub = hub
        self._data_folder = data_folder
        self._every_s = every_s
        self._keep = keep
        self._uploads = uploads
        self._record = record
        self._lock = asyncio.Lock()
        self._one_comparison = asyncio.Lock()
        """One at a time: each is a process that holds all of an archive."""
        self._counted: dict[tuple[str, int, int], int | None] = {}
        """The keys of backups, by name, size and time: to count them means to read the whole file."""
        # A million keys take longer than a request may.
        client.serve(IMPORT, self._import, timeout_s=None)
        client.serve(RESTORE, self._restore, timeout_s=None)
        client.serve(BACKUPS, self._list, timeout_s=None)
        client.serve(BACKUP, self._make, timeout_s=None)
        client.serve(COMPARE, self._compare, timeout_s=None)

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
        arguments = [*python_module("stagedoor"), "backup", "--quiet"]
        arguments += ["--data", str(self._data_folder), "--keep", str(self._keep)]
        try:
            await _run(arguments)
        except RequestFailed as error:
            raise RequestFailed(f"the backup failed: {error}") from None
        logger.info("backed up")
        self._tell("backup", 1, 1)

    async def _make(self, value: Value) -> Value:
        if self._data_folder is None:
            raise RequestFailed("everything is in memory, and nothing of it is backed up")
        async with self._lock:
            await self._back_up()
            made = await asyncio.to_thread(self._describe_all, self._data_folder)
        return msgspec.json.encode(made[-1]).decode()

    async def _list(self, value: Value) -> Value:
        if self._data_folder is None:
            return "[]"
        backups = await asyncio.to_thread(self._describe_all, self._data_folder)
        return msgspec.json.encode(backups).decode()

    def _describe_all(self, data_folder: Path) -> list[Backup]:
        """Describe the backups, oldest first."""
        backups = []
        counted = {}
        for path in list_backups(data_folder):
            try:
                facts = path.stat()
            except OSError:
                continue  # it gave way to a newer one just now
            identity = (path.name, facts.st_size, facts.st_mtime_ns)
            counted[identity] = self._counted[identity] if identity in self._counted else count_keys(path)
            backups.append(Backup(path.name, facts.st_size, facts.st_mtime_ns // 1_000_000, counted[identity]))
        self._counted = counted
        return backups

    async def _compare(self, value: Value) -> Value:
        try:
            request = msgspec.json.decode(value, type=CompareRequest)
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed(str(error)) from error
        async with self._one_comparison:
            current = b"" if self._data_folder is not None else msgspec.json.encode(self._durable_entries())
            answer = await _run(command(self._find(request.path), request.mode, self._data_folder), current)
        return answer.decode()

    def _durable_entries(self) -> dict[Key, Value]:
        scan = self._client.scan("")
        try:
            return durable_entries(dict(scan.take(1 << 62)), self._hub.catalogue)
        finally:
            scan.close()

    def _find(self, path: str) -> Path:
        """Find a file by its name in the list of backups, else by its path.

        Raises:
            RequestFailed: When it is a pipe or a device, which may have no end, or no name of a file.
        """
        backups = [] if self._data_folder is None else list_backups(self._data_folder)
        found = next((backup for backup in backups if backup.name == path), Path(path))
        try:
            mode = found.stat().st_mode
        except ValueError as error:  # a null character, where an argument of a process ends
            raise RequestFailed(f"{path!r}: {error}") from error
        except OSError:
            return found  # whoever reads it says why that cannot be done
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise RequestFailed(f"{path}: it is no file")
        return found

    async def _import(self, value: Value) -> Value:
        return await self._load("import", value, importable_entries, self._write_all)

    async def _restore(self, value: Value) -> Value:
        async with self._lock:
            return await self._load("restore", value, durable_entries, self._replace_all)

    async def _load(
        self,
        job: str,
        value: Value,
        choose: Callable[[Mapping[Key, Value], Catalogue], dict[Key, Value]],
        write: Callable[[dict[Key, Value]], Awaitable[None]],
    ) -> Value:
        try:
            request = msgspec.json.decode(value, type=ArchiveRequest)
            self._tell(job, 0, 3)
            path = self._find(request.path)
            entries = await asyncio.to_thread(read_archive, path)
            entries = choose(entries, self._hub.catalogue)
            self._tell(job, 1, 3)
            await write(entries)
        except (msgspec.DecodeError, ArchiveError, StoreError) as error:
            raise RequestFailed(str(error)) from error
        if self._uploads is not None:
            self._uploads.discard(path)
        self._tell(job, 3, 3)
        logger.info("%s of %d keys from %s", job, len(entries), request.path)
        self._record("setting", {"reason": job, "name": path.name, "count": len(entries)})
        return str(len(entries))

    async def _write_all(self, entries: dict[Key, Value]) -> None:
        await self._client.put_all([Write(key, value) for key, value in entries.items()])

    async def _replace_all(self, entries: dict[Key, Value]) -> None:
        await self._back_up()
        self._tell("restore", 2, 3)
        if head := self._client.get(AUDIT_HEAD):
            entries = {**entries, AUDIT_HEAD: head}
        # Nobody's yes or no may come between this and the replacement.
        current = {key: value for key in ACCESS_KEYS if (value := self._client.get(key))}
        access, _ = readmit(entries, current)
        entries = {key: value for key, value in entries.items() if key not in ACCESS_KEYS}
        await self._hub.replace_all({**entries, **access})

    def _tell(self, job: str, done: int, total: int) -> None:
        progress = msgspec.json.encode(Progress(job, done, total)).decode()
        self._client.write([Write(PROGRESS, progress)], _ignore)


async def _run(arguments: list[str], given: bytes = b"") -> bytes:
    """Run a program of ours to its end; returns what it printed.

    Raises:
        RequestFailed: With what it complained of.
    """
    try:
        child = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except (OSError, ValueError) as error:  # no memory for a process; a null character in a path
        raise RequestFailed(str(error)) from error
    try:
        printed, complaint = await child.communicate(given)
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):  # it has ended just now
            child.kill()
        await child.wait()
        raise
    if child.returncode:
        raise RequestFailed(complaint.decode(errors="replace").strip())
    return printed


def _ignore(error: StoreError | None) -> None:
    """An event needs no disk and cannot fail."""
