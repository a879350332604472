"""``stagedoor backup``, ``backups`` and ``restore``: copies of all keys, and the way back to one."""

import asyncio
import sys
import time
from pathlib import Path

import click
import msgspec

from stagedoor.archive import (
    backups_folder,
    count_keys,
    create_backup,
    durable_entries,
    has_store,
    list_backups,
    read_archive,
)
from stagedoor.cli.output import note, print_json, print_table, progress_bar
from stagedoor.cli.parameters import data_option, json_option
from stagedoor.cli.reach import NoData, reach
from stagedoor.cli.status import size
from stagedoor.cli.target import Target
from stagedoor.cli.transfer import load, warn_of_password
from stagedoor.comparison import Comparison
from stagedoor.hub import Catalogue
from stagedoor.keys import COMPARE, IMPORT, RESTORE, SPECS
from stagedoor.readmission import Readmission

_quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print nothing if all goes well.")


@click.command(short_help="Back up all keys.")
@click.option(
    "--keep", type=click.IntRange(min=0), default=0, help="Then delete all but the newest so many backups; 0 keeps all."
)
@_quiet_option
@json_option
@data_option
def backup(data: Path, *, keep: int, quiet: bool, as_json: bool) -> None:
    """Back up all keys, with their secrets, whether a server is running or not, and print the backup's path.

    A backup is a snapshot of one moment, a JSON file that only its owner can read. Without --keep nothing is deleted;
    with it, only backups are.

    \b
    Example:
      stagedoor backup
      stagedoor backup --keep 20 --quiet
    """
    if not has_store(data):
        raise NoData(Target(data))
    with progress_bar("backing up", is_wanted=not (quiet or as_json)) as progress:
        path = create_backup(data, keep=keep, progress=progress)
    if as_json:
        print_json({"path": str(path), "size_bytes": path.stat().st_size})
    elif not quiet:
        click.echo(str(path))


@click.command(short_help="List the backups.")
@json_option
@data_option
def backups(data: Path, *, as_json: bool) -> None:
    """List the backups, oldest first: name, time, size, number of keys.

    \b
    Example:
      stagedoor backups
    """
    found = [(path, path.stat(), count_keys(path)) for path in list_backups(data)]
    if as_json:
        print_json(
            [
                {"name": path.name, "time": int(stat.st_mtime), "size_bytes": stat.st_size, "keys": keys}
                for path, stat, keys in found
            ]
        )
    elif found:
        rows = [
            [
                path.name,
                time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(stat.st_mtime)),
                size(stat.st_size),
                "damaged" if keys is None else str(keys),
            ]
            for path, stat, keys in found
        ]
        print_table(["name", "time", "size", "keys"], rows)
    else:
        note(f"there are no backups in {backups_folder(data)}")


@click.command(short_help="Go back to a backup.")
@click.argument("file")
@click.option("-y", "--yes", "is_sure", is_flag=True, help="Do not ask.")
@click.option("--merge", is_flag=True, help="Keep the keys that the file does not name, as an import does.")
@_quiet_option
@json_option
@data_option
def restore(data: Path, *, file: str, is_sure: bool, merge: bool, quiet: bool, as_json: bool) -> None:
    """Replace all keys by those of FILE, a name from `stagedoor backups` or the path of any archive.

    All or nothing, after a backup of what there is now. Works with a running server, too: whoever subscribed to a key
    that changes or goes hears of it. Whom you revoked, forgot or refused since stays out, and browsers that are signed
    in to the console stay so.

    \b
    Example:
      stagedoor restore 20260131-200000.json
      stagedoor restore --yes ~/old.json
    """
    path = _find(data, file)
    entries = durable_entries(read_archive(path), Catalogue(SPECS))
    if not (is_sure or merge):
        _confirm(data, path, len(entries))
    shows_progress = not (quiet or as_json)
    restored = asyncio.run(load(Target(data), IMPORT if merge else RESTORE, path, shows_progress=shows_progress))
    warn_of_password(data, entries)
    if as_json:
        print_json({"keys": restored, "path": str(path)})
    elif not quiet:
        click.echo(f"restored {restored} keys from {path}")


async def _foresee(target: Target, path: Path) -> dict[str, Readmission]:
    """Ask what becomes of who may come in; a folder that is not there yet knows nobody who could be put out."""
    try:
        async with reach(target) as keyspace:
            answer = await keyspace.call(COMPARE, msgspec.json.encode({"path": str(path)}).decode())
    except NoData:
        return {}
    return msgspec.json.decode(answer, type=Comparison).access


def _say(effect: Readmission) -> str:
    """Say what becomes of those of one kind who may come in; nothing when nothing does."""
    counts = ((effect.back, "come back"), (effect.out, "are out"), (effect.barred, "of the file stay out"))
    return ", ".join(f"{count} {what}" for count, what in counts if count)


def _find(data: Path, file: str) -> Path:
    """Find a file by its name in the list of backups, else by its path."""
    for path in list_backups(data):
        if path.name == file:
            return path.absolute()
    return Path(file).absolute()


def _confirm(data: Path, path: Path, count: int) -> None:
    if not sys.stdin.isatty():
        raise click.ClickException("this replaces all keys; say --yes if that is what you want")
    for kind, effect in asyncio.run(_foresee(Target(data), path)).items():
        if line := _say(effect):
            note(f"{kind.replace('_', ' ')}: {line}")
    if not click.confirm(f"Replace all keys in {data} by the {count} keys of {path}?", err=True):
        raise click.ClickException("nothing was changed")
