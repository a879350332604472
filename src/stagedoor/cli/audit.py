"""``stagedoor audit``: the audit log, shown, followed, verified and exported."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import click
import msgspec

from stagedoor.archive import has_store, store_folder
from stagedoor.audit import Entry, Head, Page, Verdict, Wanted, export_files, read_page, verify
from stagedoor.cli.output import note, on_one_line, print_json, print_table
from stagedoor.cli.parameters import TEXT, data_option, json_option
from stagedoor.cli.reach import NoData, NoServer, connected, find_server
from stagedoor.cli.target import Target
from stagedoor.cli.transfer import open_output
from stagedoor.hub import LmdbStore, Table
from stagedoor.keys import AUDIT, AUDIT_HEAD, AUDITED
from stagedoor.kilovolt import Client, RequestFailed
from stagedoor.services.audit import AuditPage, AuditRequest, read_head

_LIMIT: Final = 20

_PAGE: Final = 1000


class _Choice(NamedTuple):
    """Which entries are shown, and how."""

    kinds: Sequence[str] = ()
    search: str = ""
    limit: int = _LIMIT
    as_json: bool = False

    def wanted(self, before: int | None, limit: int) -> Wanted:
        """Say what to look for."""
        return Wanted(min(limit, _PAGE), before, frozenset(self.kinds), self.search)


@click.group(invoke_without_command=True, short_help="Show and verify the log of who came in, and what you decided.")
@json_option
@data_option
@click.pass_context
def audit(ctx: click.Context, data: Path, *, as_json: bool) -> None:
    """Show the latest entries of the audit log: who came in, who was refused, what you decided and changed.

    \b
    Example:
      stagedoor audit
      stagedoor audit list --kind refused --limit 100
      stagedoor audit verify
    """
    if ctx.invoked_subcommand is None:
        asyncio.run(_list(Target(data), _Choice(as_json=as_json), is_followed=False))


@audit.command("list")
@click.option("-f", "--follow", is_flag=True, help="Go on with new entries as they come, until Ctrl-C.")
@click.option("-k", "--kind", "kinds", multiple=True, metavar="KIND", type=TEXT, help="Only entries of this kind.")
@click.option("--search", default="", metavar="TEXT", type=TEXT, help="Only entries in which this occurs.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=_LIMIT, help="At most so many.", show_default=True)
@json_option
@data_option
def list_(data: Path, *, follow: bool, kinds: tuple[str, ...], search: str, limit: int, as_json: bool) -> None:
    """Print the latest entries, newest last: number, time, kind, facts. With --json, each is a line of JSON.

    Works whether a server is running or not; --follow needs one.

    \b
    Example:
      stagedoor audit list --kind login --kind refused
      stagedoor audit list --follow
    """
    asyncio.run(_list(Target(data), _Choice(kinds, search, limit, as_json), is_followed=follow))


@audit.command("verify")
@json_option
@data_option
def verify_(data: Path, *, as_json: bool) -> None:
    """Look at every entry, and say whether one was changed, removed or put in; if so, exit with 1.

    Works whether a server is running or not. What it cannot show is what somebody did who can write to the data folder
    and took the trouble to compute all hashes anew.

    \b
    Example:
      stagedoor audit verify
    """
    _check_folder(data)
    head = _stored_head(data)
    verdict = verify(data, head, is_live=find_server(Target(data)) is not None)
    if as_json:
        print_json(verdict)
    else:
        _tell(verdict, head)
    if verdict.problems:
        raise click.ClickException(f"the audit log is broken: {on_one_line(verdict.problems[0].text)}")


@audit.command("export")
@click.argument("file", default="-")
@data_option
def export_(data: Path, *, file: str) -> None:
    """Write all entries to FILE, or to standard output, oldest first, each a line of JSON as it is in the log.

    Works whether a server is running or not.

    \b
    Example:
      stagedoor audit export audit.jsonl
      stagedoor audit export - | jq .kind
    """
    _check_folder(data)
    with open_output(file) as output:
        for chunk in export_files(data):
            output.write(chunk)


def _check_folder(data: Path) -> None:
    if not data.is_dir():
        raise NoData(Target(data))


def _stored_head(data: Path) -> Head | None:
    """Read what the store knows of the log."""
    if not has_store(data):
        return None
    store = LmdbStore(store_folder(data), read_only=True)
    try:
        return read_head(store.get(Table.KEYS, AUDIT_HEAD) or "")
    finally:
        store.close()


def _tell(verdict: Verdict, head: Head | None) -> None:
    if verdict.problems:
        rows = [
            [
                f"{one.file}:{one.line}",
                one.text,
                "" if one.recorded_ms is None else f"recorded {_time(one.recorded_ms)}",
            ]
            for one in verdict.problems
        ]
        print_table(["where", "what", ""], rows)
    elif not verdict.entries:
        note("the audit log is empty")
    else:
        known = f"; the store knows it up to entry {head.n}" if head is not None else ""
        click.echo(f"the audit log is unbroken from entry {verdict.first} to {verdict.last}{known}")


async def _list(target: Target, choice: _Choice, *, is_followed: bool) -> None:
    if find_server(target) is None:
        if is_followed:
            raise NoServer(target)
        _check_folder(target.data)
        _print(_latest_in_files(target.data, choice), choice)
        return
    async with connected(target) as client:
        if not is_followed:
            _print(await _latest_of_server(client, choice), choice)
            return
        async with client.watch(AUDITED) as changes:
            entries = await _latest_of_server(client, choice)
            for entry in entries:
                _print_line(entry, choice)
            last = entries[-1].n if entries else 0
            accepts = choice.wanted(None, 1).accepts
            async for change in changes:
                entry = msgspec.json.decode(change.value, type=Entry)
                if entry.n > last and accepts(entry):
                    _print_line(entry, choice)


def _latest_in_files(data: Path, choice: _Choice) -> list[Entry]:
    """Find the latest entries in the files of a data folder, newest last."""
    entries: list[Entry] = []
    before = None
    while True:
        page: Page = read_page(data, choice.wanted(before, choice.limit - len(entries)))
        entries += page.entries
        before = page.next
        if before is None or len(entries) >= choice.limit:
            return entries[::-1]


async def _latest_of_server(client: Client, choice: _Choice) -> list[Entry]:
    """Have a server find them."""
    entries: list[Entry] = []
    before = None
    while True:
        limit = min(choice.limit - len(entries), _PAGE)
        request = AuditRequest(before, limit, list(choice.kinds), choice.search)
        try:
            answer = await client.call(AUDIT, msgspec.json.encode(request).decode())
        except RequestFailed as error:
            raise click.ClickException(error.details) from error
        page = msgspec.json.decode(answer, type=AuditPage)
        entries += page.entries
        before = page.next
        if before is None or len(entries) >= choice.limit:
            return entries[::-1]


def _print(entries: Sequence[Entry], choice: _Choice) -> None:
    if choice.as_json:
        for entry in entries:
            print_json(entry)
    elif entries:
        print_table(["number", "time", "kind", "facts"], [_cells(entry) for entry in entries])
    else:
        note("there are no such entries" if choice.kinds or choice.search else "the audit log is empty")


def _print_line(entry: Entry, choice: _Choice) -> None:
    """Print one as soon as it is there."""
    if choice.as_json:
        print_json(entry)
    else:
        click.echo("\t".join(map(on_one_line, _cells(entry))))


def _cells(entry: Entry) -> list[str]:
    facts = "  ".join(f"{name}={_value(value)}" for name, value in entry.facts.items())
    return [str(entry.n), _time(entry.at_ms), entry.kind, facts]


def _value(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _time(unix_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix_ms / 1000))
