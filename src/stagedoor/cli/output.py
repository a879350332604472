"""How the commands print: lines and JSON that cannot play tricks on a terminal, tables, notes and progress bars."""

import contextlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import click
import msgspec

Progress = Callable[[int, int], None]
"""Hears how much is done, of how much."""

_TRICKS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What moves the cursor, begins a line or turns the direction of text: any application may have written a value."""

_TRICKS_BUT_LAYOUT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

_SHORT: Final = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def on_one_line(text: str) -> str:
    """Escape what would break a line or trick a terminal; all else stays as it is."""
    return _TRICKS.sub(lambda match: _SHORT.get(match[0]) or f"\\u{ord(match[0]):04x}", text)


def print_value(value: str) -> None:
    """Print a value exactly, a newline after it; on a terminal without what would trick it."""
    if sys.stdout.isatty():
        value = _TRICKS_BUT_LAYOUT.sub(lambda match: f"\\u{ord(match[0]):04x}", value)
    # Without colours, which click would else take out of what is no terminal.
    click.echo(value, color=True)


def print_json(value: object) -> None:
    """Print JSON on one line, as safe as any line and without loss."""
    text = msgspec.json.encode(value).decode()
    click.echo(_TRICKS.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table for people; into a file or a pipe, a line a row with tabs between its cells."""
    cells = [[on_one_line(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in cells:
            click.echo("\t".join(row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in cells:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    Console(markup=False, highlight=False, emoji=False).print(table)


def note(text: str) -> None:
    """Tell a person something that is no output."""
    click.echo(text, err=True)


def warn(text: str) -> None:
    """Tell a person what may be a mistake."""
    click.echo(f"Warning: {text}", err=True)


@contextlib.contextmanager
def progress_bar(title: str, *, is_wanted: bool) -> Iterator[Progress]:
    """Show a bar on standard error while the block runs, if that is a terminal."""
    if not (is_wanted and sys.stderr.isatty()):
        yield _show_nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _show_nothing(done: int, total: int) -> None:
    """Hear of progress that nobody watches."""
