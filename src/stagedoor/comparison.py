"""Compares an archive with what a store holds: what would a restore or an import of it do?

Run as a program, it answers for a server: reading an archive of a million keys would hold the server's own loop for
half a second, whichever thread did it.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from stagedoor.archive import (
    durable_entries,
    importable_entries,
    parse_archive,
    read_archive,
    store_folder,
    whole_entries,
)
from stagedoor.errors import ArchiveError, StoreError
from stagedoor.hub import Catalogue, LmdbStore
from stagedoor.keys import SPECS
from stagedoor.readmission import ACCESS_KEYS, Readmission, readmit
from stagedoor.types import Key, Value

Mode = Literal["restore", "import"]

SHOWN_KEYS: Final = 200
"""Keys that are named of each kind."""


class Keys(msgspec.Struct):
    """How many keys there are, and the first of them."""

    count: int
    keys: list[Key]


class Comparison(msgspec.Struct):
    """What would happen."""

    add: Keys
    change: Keys
    delete: Keys
    same: int
    """Keys that would stay as they are because the archive has them with the same value."""
    skipped: int
    """Keys of the archive that are never written: events, requests; at an import also who comes in by itself."""
    access: dict[str, Readmission]
    """What becomes of who may come in: `apps`, `overlay_keys`, `sites`, `browsers`; empty for an import."""


def compare(archive: Mapping[Key, Value], current: Iterable[tuple[Key, Value]], mode: Mode) -> Comparison:
    """Compare an archive's entries with the current ones; an import deletes nothing."""
    written = durable_entries if mode == "restore" else importable_entries
    entries = written(archive, Catalogue(SPECS))
    skipped = len(archive) - len(entries)
    changed, gone = [], []
    same = 0
    access_now: dict[Key, Value] = {}

    def judge(key: Key, value: Value) -> None:
        nonlocal same
        new = entries.pop(key, None)
        if new is None:
            gone.append(key)
        elif new != value:
            changed.append(key)
        else:
            same += 1

    for key, value in current:
        if key in ACCESS_KEYS:
            access_now[key] = value
        else:
            judge(key, value)
    effects: dict[str, Readmission] = {}
    if mode == "restore":
        access, effects = readmit(entries, access_now)
        entries = {key: value for key, value in entries.items() if key not in ACCESS_KEYS} | access
    for key, value in access_now.items():
        judge(key, value)
    return Comparison(
        add=_first(entries),
        change=_first(changed),
        delete=_first(gone if mode == "restore" else ()),
        same=same,
        skipped=skipped,
        access=effects,
    )


def _first(keys: Iterable[Key]) -> Keys:
    found = sorted(keys)
    return Keys(len(found), found[:SHOWN_KEYS])


def command(path: Path, mode: Mode, data_folder: Path | None) -> list[str]:
    """Say how to have another process compare; without a data folder it wants the current entries as its input."""
    return [*python_module(__name__), mode, str(path), *([] if data_folder is None else [str(data_folder)])]


def python_module(name: str) -> list[str]:
    """Say how to run a module of ours; with ``-P`` none of the folder where the server was started gets in its way."""
    return [sys.executable, "-P", "-m", name]


def main(arguments: list[str]) -> int:
    """Compare as :func:`command` says, and print the comparison as JSON; or say why not, with status 1."""
    mode: Mode = "import" if arguments[0] == "import" else "restore"
    try:
        archive = read_archive(Path(arguments[1]))
        if len(arguments) == 2:
            current: Iterable[tuple[Key, Value]] = parse_archive(sys.stdin.buffer.read(), "the input").items()
            comparison = compare(archive, current, mode)
        else:
            store = LmdbStore(store_folder(Path(arguments[2])), read_only=True)
            try:
                comparison = compare(archive, whole_entries(store), mode)
            finally:
                store.close()
    except (ArchiveError, StoreError) as error:
        sys.stderr.buffer.write(str(error).encode(errors="replace"))
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(comparison))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
