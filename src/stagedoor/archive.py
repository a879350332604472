"""Archives: all keys as one JSON object key → text, the format in which strimertül exports, imports and backs up.

A backup is an archive with a name that tells its time. It is made from a snapshot of the store by a process of its own,
so that it neither stops the hub nor sees half a batch; and it counts only after it has been read back.
"""

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from stagedoor.errors import ArchiveError
from stagedoor.hub import Catalogue, LmdbStore, Table
from stagedoor.keys import AUDIT_HEAD, TLS_CONFIG
from stagedoor.readmission import ACCESS_KEYS
from stagedoor.types import MAX_KEY_BYTES, Key, Value

Progress = Callable[[int, int], None]
"""Hears how many keys are done, of how many."""

_STEP: Final = 2000

_BACKUP_NAME: Final = re.compile(r"\d{8}-\d{6}(-\d+)?\.json")
"""Local time; nothing else in the folder is ever deleted."""

_NOT_IMPORTED: Final = frozenset((*ACCESS_KEYS, TLS_CONFIG))

_encode: Final = msgspec.json.Encoder().encode


def write_archive(file: BinaryIO, entries: Iterable[tuple[Key, Value]], total: int, progress: Progress) -> str:
    """Write entries as one object, a line a key; returns the SHA-256 of what was written."""
    digest = hashlib.sha256()

    def put(data: bytes) -> None:
        digest.update(data)
        file.write(data)

    done = 0
    put(b"{")
    for done, (key, value) in enumerate(entries, 1):
        put((b"\n" if done == 1 else b",\n") + _encode(key) + b": " + _encode(value))
        if done % _STEP == 0:
            progress(done, max(total, done))
    put(b"\n}\n" if done else b"}\n")
    progress(done, done)
    return digest.hexdigest()


def read_archive(path: Path) -> dict[Key, Value]:
    """Read an archive. A value that is no text, which no original export has, becomes its JSON text.

    Raises:
        ArchiveError: When the file cannot be read, is no object of values, or holds a key that cannot be stored.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ArchiveError(str(path), error.strerror or str(error)) from error
    return parse_archive(data, str(path))


def parse_archive(data: bytes, name: str) -> dict[Key, Value]:
    """Read an archive's content; ``name`` is for errors, which are those of :func:`read_archive`."""
    try:
        entries = _decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ArchiveError(name, f"it is not an object of keys and texts: {error}") from error
    for key in entries:
        if len(key) * 4 > MAX_KEY_BYTES and len(key.encode()) > MAX_KEY_BYTES:
            raise ArchiveError(name, f"the key {key[:40]!r}… is longer than {MAX_KEY_BYTES} bytes")
    return entries


def durable_entries(entries: Mapping[Key, Value], catalogue: Catalogue) -> dict[Key, Value]:
    """Leave out events and requests, which strimertül's archives hold, too: to write them would make them happen
    again. And what says how far this folder's audit log goes, since the log does not go back with the keys."""
    return {
        key: value for key, value in entries.items() if key != AUDIT_HEAD and not catalogue.resolve(key).is_volatile
    }


def importable_entries(entries: Mapping[Key, Value], catalogue: Catalogue) -> dict[Key, Value]:
    """Leave out what an import never writes: events, requests, who comes in without a password, and whether
    what goes over a network is encrypted.

    A file of somebody else's could let its author in, or listen in. A restore brings them back, but for those who were
    put out since.
    """
    return {key: value for key, value in durable_entries(entries, catalogue).items() if key not in _NOT_IMPORTED}


def count_keys(path: Path) -> int | None:
    """Count the keys of a backup by its lines, which is quick; ``None`` for a file that is cut off or unreadable."""
    lines = 0
    chunk = last = b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                lines += chunk.count(b"\n")
                last = (last + chunk)[-4:]
    except OSError:
        return None
    if not last.endswith(b"}\n"):
        return None
    return lines - 2 if lines > 1 else 0


def _decode(data: bytes) -> dict[Key, Value]:
    try:
        return msgspec.json.decode(data, type=dict[str, str])
    except msgspec.ValidationError:
        raw = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    texts = {}
    for key, value in raw.items():
        text = bytes(value)
        texts[key] = msgspec.json.decode(text, type=str) if text.startswith(b'"') else text.decode()
    return texts


def whole_entries(store: LmdbStore) -> Iterator[tuple[Key, Value]]:
    """Walk over all keys of a store, with their secrets, in order; but for what belongs to this folder's audit log."""
    secrets_scan = store.scan(Table.SECRETS, "")
    secrets = dict(secrets_scan.take(1 << 62))
    secrets_scan.close()
    scan = store.scan(Table.KEYS, "")
    try:
        while entries := scan.take(_STEP):
            for key, value in entries:
                if key != AUDIT_HEAD:
                    yield key, secrets.pop(key, value)
    finally:
        scan.close()
    yield from secrets.items()


def public_entries(store: LmdbStore) -> Iterator[tuple[Key, Value]]:
    """Walk over the keys of a store that hold no secret, in order."""
    secrets_scan = store.scan(Table.SECRETS, "")
    secret_keys = set(secrets_scan.take_keys(1 << 62))
    secrets_scan.close()
    return ((key, value) for key, value in whole_entries(store) if key not in secret_keys)


def create_backup(data_folder: Path, *, keep: int, progress: Progress) -> Path:
    """Back up the store of a data folder, whether a server runs on it or not; then delete the oldest backups.

    Args:
        keep: How many to keep; 0 for all.
    Raises:
        StoreError: When there is no readable store.
        ArchiveError: When the backup cannot be written, or does not read back as it was written.
    """
    folder = backups_folder(data_folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = LmdbStore(store_folder(data_folder), read_only=True)
    try:
        partial = folder / f".{os.getpid()}.partial"
        try:
            total = store.count(Table.KEYS) + store.count(Table.SECRETS)
            digest = _write_synced(partial, whole_entries(store), total, progress)
            _verify(partial, digest)
            path = _take_free_name(folder)
            partial.replace(path)
            _sync_folder(folder)
        except OSError as error:
            raise ArchiveError(str(folder), error.strerror or str(error)) from error
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
    finally:
        store.close()
    if keep:
        for old in list_backups(data_folder)[:-keep]:
            old.unlink(missing_ok=True)
    return path


def _write_synced(path: Path, entries: Iterable[tuple[Key, Value]], total: int, progress: Progress) -> str:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        digest = write_archive(file, entries, total, progress)
        file.flush()
        os.fsync(file.fileno())
    return digest


def _verify(path: Path, digest: str) -> None:
    """Read a backup back: the same bytes, and an archive."""
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise ArchiveError(str(path), "it does not read back as it was written")
    parse_archive(data, str(path))


def _take_free_name(folder: Path) -> Path:
    """Make an empty file with the name of this second; another process may want the same one."""
    name = time.strftime("%Y%m%d-%H%M%S")
    for number in count(1):
        path = folder / (f"{name}.json" if number == 1 else f"{name}-{number}.json")
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            return path
    raise AssertionError("numbers do not end")


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut; only POSIX lets a folder be opened for that."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def list_backups(data_folder: Path) -> list[Path]:
    """The backups of a data folder, oldest first."""
    folder = backups_folder(data_folder)
    if not folder.is_dir():
        return []
    found = []
    for path in folder.iterdir():
        if _BACKUP_NAME.fullmatch(path.name):
            with contextlib.suppress(OSError):  # it gave way to a newer one just now, or is a link to nothing
                found.append((path.stat().st_mtime_ns, path.name, path))
    return [path for _, _, path in sorted(found)]


def store_folder(data_folder: Path) -> Path:
    """Where the store of a data folder lies."""
    return data_folder / "store"


def has_store(data_folder: Path) -> bool:
    """Tell whether a data folder has been used."""
    return (store_folder(data_folder) / "data.mdb").exists()


def backups_folder(data_folder: Path) -> Path:
    """Where the backups of a data folder lie."""
    return data_folder / "backups"
