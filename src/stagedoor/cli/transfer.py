"""``stagedoor export`` and ``import``: all keys as one JSON object, in strimertül's format, out and in."""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from stagedoor.access import weakness
from stagedoor.archive import (
    has_store,
    importable_entries,
    parse_archive,
    public_entries,
    read_archive,
    store_folder,
    whole_entries,
    write_archive,
)
from stagedoor.cli.guard import Ruling, find_ruling, objection_to
from stagedoor.cli.output import Progress, print_json, progress_bar, warn
from stagedoor.cli.parameters import TEXT, data_option, json_option
from stagedoor.cli.reach import NoData, reach
from stagedoor.cli.target import Target
from stagedoor.control import prepare_data_folder
from stagedoor.errors import ArchiveError, StagedoorError
from stagedoor.hub import Catalogue, LmdbStore, Table
from stagedoor.keys import IMPORT, PROGRESS, SPECS
from stagedoor.options import OPTIONS
from stagedoor.redaction import Redactor
from stagedoor.services.archives import Progress as ProgressEvent
from stagedoor.services.door_settings import DOORS, names_password, password_of, read_config
from stagedoor.services.known_secrets import secrets_in
from stagedoor.types import Key, Value

_STANDARD_STREAM = "-"


@click.command(short_help="Write all keys to a file.")
@click.argument("file", default=_STANDARD_STREAM)
@click.option("--no-secrets", is_flag=True, help="Leave out passwords and tokens, and the keys that hold them.")
@click.option("--prefix", default="", metavar="PREFIX", type=TEXT, help="Only the keys that begin so.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@data_option
def export(data: Path, *, file: str, no_secrets: bool, prefix: str, quiet: bool) -> None:
    """Write all keys to FILE, or to standard output, as one JSON object of keys and values.

    Works whether a server is running or not, and takes a snapshot of one moment. Without --no-secrets, the passwords
    and tokens are in it, too; only you can read the new file. With it, the keys that hold them are left out, and where
    one of them, or what looks like one, occurs in another value, there is "(withheld)". strimertül reads this format.

    \b
    Example:
      stagedoor export everything.json
      stagedoor export --no-secrets --prefix counter/ | jq .
    """
    if not has_store(data):
        raise NoData(Target(data))
    if not no_secrets:
        _have_it_noted(data, prefix)
    store = LmdbStore(store_folder(data), read_only=True)
    try:
        entries = _without_secrets(store) if no_secrets else whole_entries(store)
        chosen = ((key, value) for key, value in entries if key.startswith(prefix))
        total = store.count(Table.KEYS)
        with open_output(file) as output, progress_bar("exporting", is_wanted=not quiet) as progress:
            write_archive(output, chosen, total, progress)
    finally:
        store.close()


def _have_it_noted(data: Path, prefix: str) -> None:
    """Read the secrets once by the way on which the audit log hears of it. Where that is not open, as with a server
    that hangs, an export is needed most."""
    store = LmdbStore(store_folder(data), read_only=True)
    try:
        scan = store.scan(Table.SECRETS, prefix)
        secrets = scan.take_keys(1 << 62)
        scan.close()
    finally:
        store.close()  # one process opens a store once
    if not secrets:
        return
    try:
        asyncio.run(_read(Target(data), secrets))
    except (StagedoorError, click.ClickException, OSError) as error:
        warn(f"the audit log does not hear of this export: {error}")


async def _read(target: Target, keys: Sequence[Key]) -> None:
    async with reach(target) as keyspace:
        await keyspace.get(keys)


def _without_secrets(store: LmdbStore) -> Iterator[tuple[Key, Value]]:
    """Walk over what others may see. A key that tells a secret itself is left out, and so is one whose JSON would be
    none without it."""
    catalogue = Catalogue(SPECS)
    redactor = Redactor()
    redactor.know("environment", [os.environ.get(option.variable, "") for option in OPTIONS if not option.has_flag])
    scan = store.scan(Table.SECRETS, "")
    for key, value in scan.take(1 << 62):
        redactor.know(key, secrets_in(value, catalogue.resolve(key)))
    scan.close()
    for key, value in public_entries(store):
        cleaned = redactor.clean(value)
        if redactor.clean(key) == key and (cleaned == value or not _is_json(value) or _is_json(cleaned)):
            yield key, cleaned


def _is_json(text: Value) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


@contextlib.contextmanager
def open_output(file: str) -> Iterator[BinaryIO]:
    """Open what to write to; a file gets its new content as a whole or not at all."""
    if file == _STANDARD_STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(file).resolve()
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as device:
                yield device
            return
        # mkstemp makes files that their owner alone can read.
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
        partial = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as output:
                yield output
                output.flush()
                os.fsync(output.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ArchiveError(file, error.strerror or str(error)) from error


@click.command("import", short_help="Read keys from a file.")
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Only say which keys would change.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing if all goes well.")
@json_option
@data_option
def import_(data: Path, *, file: str, dry_run: bool, quiet: bool, as_json: bool) -> None:
    """Write every key of FILE, or of standard input if FILE is -, in one batch; keys that it does not name stay.

    FILE is one JSON object of keys and values, as `stagedoor export` and strimertül write it; a value that is no text
    is stored as JSON. All or nothing. Past events and requests, which strimertül exports, too, are left out, and so is
    who comes in without a password.

    \b
    Example:
      stagedoor import --dry-run strimertul.json
      stagedoor import strimertul.json
    """
    content = sys.stdin.buffer.read() if file == _STANDARD_STREAM else None
    parsed = read_archive(Path(file)) if content is None else parse_archive(content, "standard input")
    catalogue = Catalogue(SPECS)
    entries = importable_entries(parsed, catalogue)
    left_out = [catalogue.resolve(key).is_volatile for key in parsed.keys() - entries.keys()]
    names: dict[str, list[Key]] = {}
    if dry_run:
        names = _compare(data, entries)
        outcome = {"keys": len(entries), **{kind: len(keys) for kind, keys in names.items()}}
    else:
        shows_progress = not (quiet or as_json)
        with _on_disk(data, file, content) as path:
            count = asyncio.run(load(Target(data), IMPORT, path, shows_progress=shows_progress))
        outcome = {"keys": count}
        warn_of_password(data, entries)
    outcome["left_out"] = len(left_out)
    if as_json:
        print_json({**outcome, "names": names} if dry_run else outcome)
    elif not quiet:
        _report(outcome, names, left_out, is_done=not dry_run)


def _compare(data: Path, entries: Mapping[Key, Value]) -> dict[str, list[Key]]:
    """Tell which keys an import would bring, change, and write as they are."""
    current: dict[Key, Value] = {}
    if has_store(data):
        store = LmdbStore(store_folder(data), read_only=True)
        try:
            current = {key: value for key, value in whole_entries(store) if key in entries}
        finally:
            store.close()
    names: dict[str, list[Key]] = {"new": [], "changed": [], "same": []}
    for key in sorted(entries):
        kind = "new" if key not in current else "same" if entries[key] == current[key] else "changed"
        names[kind].append(key)
    return names


def _report(
    outcome: Mapping[str, int], names: Mapping[str, Sequence[Key]], left_out: Sequence[bool], *, is_done: bool
) -> None:
    """Say what an import came to; ``left_out`` tells of each key that it leaves out whether that is an event or a
    request."""
    for kind in ("new", "changed"):
        for key in names.get(kind, ()):
            click.echo(f"{kind}\t{key}")
    if is_done:
        text = f"imported {outcome['keys']} keys"
    else:
        text = "would import {keys} keys: {new} new, {changed} changed, {same} the same".format_map(outcome)
    if count := left_out.count(True):
        text += f"; {count} past events and requests left out"
    if count := left_out.count(False):
        text += f"; {count} settings of who may come in, and of encryption, left out: they are this machine's own"
    click.echo(text)


@contextlib.contextmanager
def _on_disk(data: Path, file: str, content: bytes | None) -> Iterator[Path]:
    """Put what came from standard input where a server can read it, and nobody else."""
    if content is None:
        yield Path(file).absolute()
        return
    prepare_data_folder(data)
    descriptor, name = tempfile.mkstemp(prefix=".import.", suffix=".json", dir=data)
    path = Path(name).absolute()
    try:
        with os.fdopen(descriptor, "wb") as spool:
            spool.write(content)
        yield path
    finally:
        path.unlink(missing_ok=True)


async def load(target: Target, request: Key, path: Path, *, shows_progress: bool) -> int:
    """Have a file imported or restored, by the running server or without one; returns how many keys it has."""
    wish = msgspec.json.encode({"path": str(path)}).decode()
    async with reach(target, makes_data=True) as keyspace:
        with progress_bar(request.rpartition("@")[2], is_wanted=shows_progress) as progress:
            await keyspace.hear(PROGRESS, _ProgressReader(progress))
            return int(await keyspace.call(request, wish))


class _ProgressReader:
    """Shows the server's events of progress in a bar."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(self, value: Value) -> None:
        with contextlib.suppress(msgspec.DecodeError):
            event = msgspec.json.decode(value, type=ProgressEvent)
            self._progress(event.done, event.total)


def warn_of_password(data: Path, entries: Mapping[Key, Value]) -> None:
    """Warn when an archive that was loaded has set a weak password, has opened a door, or will keep one shut."""
    for key, kind in DOORS.values():
        text = entries.get(key, "")
        config = read_config(text, kind) if text else None
        if config is None or not names_password(text, kind):
            continue
        if objection := None if config.is_guarded else objection_to(config, asyncio.run(_find_ruling(data))):
            warn(f"{key}, as it was in the file, is not gone by: {objection}")
        elif problem := weakness(password_of(config)):
            warn(problem)


async def _find_ruling(data: Path) -> Ruling:
    async with reach(Target(data)) as keyspace:
        return await find_ruling(keyspace)
