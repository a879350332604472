"""``stagedoor status``: what runs, and whether all is well."""

import asyncio
import datetime
from pathlib import Path

import click

from stagedoor.cli.output import on_one_line, print_json, print_table
from stagedoor.cli.parameters import data_option, json_option
from stagedoor.cli.reach import connected
from stagedoor.cli.target import Target
from stagedoor.keys import STATUS
from stagedoor.services.status import Status


@click.command(short_help="Show what runs.")
@json_option
@data_option
def status(data: Path, *, as_json: bool) -> None:
    """Show the running server: its doors, who is connected, how much it holds. Exit with 1 when none runs.

    \b
    Example:
      stagedoor status
      stagedoor status --json
    """
    found = asyncio.run(_ask(Target(data)))
    if as_json:
        print_json(found)
    else:
        _print(found)


async def _ask(target: Target) -> Status:
    async with connected(target) as client:
        answer = await client.call_json(STATUS, None, Status)
    assert answer is not None
    return answer


def _print(found: Status) -> None:
    print_table(
        ["", "stagedoor"],
        [
            ["version", found.version],
            ["process", str(found.pid)],
            ["up for", str(datetime.timedelta(seconds=round(found.uptime_s)))],
            ["memory", size(found.memory_bytes)],
            ["data", found.data or "in memory"],
            ["keys", f"{found.keys:,}"],
            ["commits", f"{found.commits:,} ({found.waiting_batches} waiting, {found.failed_commits} failed)"],
            ["open questions", str(found.open_questions)],
        ],
    )
    print_table(
        ["door", "listens on", "connections", "accepted", "refused"],
        [
            [
                door.name,
                " ".join(door.addresses) or "-",
                str(door.connections),
                f"{door.accepted:,}",
                f"{door.refused:,}",
            ]
            for door in found.doors
        ],
    )
    for line in found.warnings:
        click.echo(f"Warning: {on_one_line(line)}")


def size(count: int) -> str:
    """Say a number of bytes for people."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
