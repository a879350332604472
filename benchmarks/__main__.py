"""Run the benchmarks and print a table: ``python -m benchmarks``, or ``make bench``."""

import platform
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import msgspec
import psutil
from rich.box import MARKDOWN
from rich.console import Console

from benchmarks.access import measure_access
from benchmarks.channel import measure_channel
from benchmarks.connections import measure_footprint, measure_logins
from benchmarks.console import measure_console
from benchmarks.errors import BenchmarkError
from benchmarks.fanout import measure_pushes
from benchmarks.figures import Figure
from benchmarks.plan import Plan
from benchmarks.ranges import fill, measure_ranges
from benchmarks.roundtrips import measure_crowd, measure_gets, measure_sets
from benchmarks.server import Server, bare, stagedoor
from benchmarks.streamerbot import measure_authentication, measure_events, measure_publishing, measure_requests
from benchmarks.table import build_table, describe

CASES: Final = {
    "a": "kget",
    "b": "kset on the durable store",
    "c": "pushes",
    "d": "connect, log in, close",
    "e": "start-up and memory",
    "f": "kget-all and klist out of a large store",
    "g": "kset in a crowd of foreign subscriptions",
    "h": "Streamer.bot: events",
    "i": "Streamer.bot: GetInfo and GetGlobal",
    "j": "Streamer.bot: connect, authenticate, close",
    "k": "Streamer.bot: events completed on request, and followed by services",
    "l": "the console's first page, and a flood of events on it",
    "m": "access: what is taken back, guessing, asking",
    "n": "a busy channel: chat from Twitch, with commands, timers, points and a history",
}

KILOVOLT_CASES: Final = frozenset("abcdfg")
STREAMERBOT_CASES: Final = frozenset("hijk")


def measure(plan: Plan, cases: str, folder: Path, other: Server | None = None) -> Iterator[Figure]:
    """Measure the named cases one by one.

    Args:
        cases: Letters out of :data:`CASES`.
        folder: Where stores are made; on a disk, for durable writes to mean something.
        other: A Kilovolt server to load instead of starting stagedoor. Its memory is not measured, nor what it knows
            of Streamer.bot.
    """
    if "e" in cases and other is None:
        yield from measure_footprint(plan, folder)
    with bare() as floor:
        if KILOVOLT_CASES & set(cases):
            with ExitStack() as stack:
                server = other or stack.enter_context(stagedoor(folder / "store"))
                yield from _measure_kilovolt(plan, cases, server, floor)
        if STREAMERBOT_CASES & set(cases) and other is None:
            with stagedoor(folder / "streamerbot", all_doors=True) as server:
                yield from _measure_streamerbot(plan, cases, server, floor)
    if "l" in cases and other is None:
        with stagedoor(folder / "console", console=True) as server:
            yield from measure_console(plan, server)
    if "m" in cases and other is None:
        room = ("--connections-an-origin", "2000")
        with stagedoor(folder / "access", *room, console=True) as server:
            yield from measure_access(plan, server)
    if "n" in cases and other is None:
        yield from measure_channel(plan, folder / "channel")


def _measure_kilovolt(plan: Plan, cases: str, server: Server, floor: Server) -> Iterator[Figure]:
    if "a" in cases:
        yield from measure_gets(plan, server, floor)
    if "b" in cases:
        yield from measure_sets(plan, server, floor)
    if "c" in cases:
        yield from measure_pushes(plan, server, floor)
    if "d" in cases:
        yield from measure_logins(plan, server, floor)
    if "g" in cases:
        yield from measure_crowd(plan, server)
    # Last, since it fills the store.
    if "f" in cases:
        yield from measure_ranges(plan, server, fill(plan, server))


def _measure_streamerbot(plan: Plan, cases: str, server: Server, floor: Server) -> Iterator[Figure]:
    if "h" in cases:
        yield from measure_events(plan, server, floor)
    if "i" in cases:
        yield from measure_requests(plan, server, floor)
    if "j" in cases:
        yield from measure_authentication(plan, server, floor)
    if "k" in cases:
        yield from measure_publishing(plan, server, floor)


def describe_machine() -> dict[str, str]:
    """Tell what the figures were measured on."""
    cpus = [line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cpu": cpus[0] if cpus else platform.processor(),
        "cores": str(psutil.cpu_count()),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


@click.command()
@click.option("--only", default=",".join(CASES), show_default=True, help="The cases to run, by letter.")
@click.option("--seconds", default=Plan.seconds, show_default=True, help="Length of a round.")
@click.option("--rounds", default=Plan.rounds, show_default=True, help="Rounds of each measurement.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all figures there.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where to put the stores.")
@click.option("--url", help="Load this Kilovolt server instead, such as ws://localhost:4337/ws.")
@click.option("--password", default="", help="Password of that server.")
def main(
    only: str,
    seconds: float,
    rounds: int,
    json_file: Path | None,
    folder: Path | None,
    url: str | None,
    password: str,
) -> None:
    """Measure stagedoor against the least a server could do, in one run."""
    cases = only.replace(",", "").replace(" ", "").lower()
    if unknown := set(cases) - set(CASES):
        raise click.BadParameter(f"there is no case {', '.join(sorted(unknown))}", param_hint="--only")
    _allow_many_connections()
    console, progress = Console(), Console(stderr=True)
    other = None if url is None else Server(url, password)
    figures: list[Figure] = []
    machine = describe_machine()
    console.print(" · ".join(machine.values()), highlight=False)
    try:
        with tempfile.TemporaryDirectory(prefix="benchmark-", dir=folder) as stores:
            for figure in measure(Plan(seconds=seconds, rounds=rounds), cases, Path(stores).resolve(), other):
                figures.append(figure)
                progress.print("  ".join(describe(figure)), highlight=False, soft_wrap=True)
    except BenchmarkError as error:
        raise click.ClickException("\n".join((str(error), *getattr(error, "__notes__", ())))) from None
    finally:
        _show(figures, console)
        if json_file is not None:
            everything = {"machine": machine, "figures": figures}
            json_file.write_bytes(msgspec.json.format(msgspec.json.encode(everything)))
    sys.exit(any(figure.passes is False for figure in figures))


def _show(figures: list[Figure], console: Console) -> None:
    """Print the table, as Markdown where nobody looks."""
    table = build_table(figures)
    if not console.is_terminal:
        table.box = MARKDOWN
        console.width = 250
    console.print(table)


def _allow_many_connections() -> None:
    """Raise the limit of open files, here and for the processes started from here, as far as is allowed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
