"""Shows figures as a table for people."""

from collections.abc import Iterable
from typing import Final

from rich.table import Table

from benchmarks.figures import Figure

_MARKS: Final = {True: "[green]pass[/]", False: "[red]FAIL[/]", None: ""}


def build_table(figures: Iterable[Figure]) -> Table:
    """Lay the figures out, a line each."""
    table = Table()
    table.add_column("case")
    table.add_column("what")
    for name in ("stagedoor", "counterpart", "ratio", "target"):
        table.add_column(name, justify="right")
    table.add_column("")
    table.add_column("µs ours", justify="right")
    table.add_column("µs theirs", justify="right")
    table.add_column("load", justify="right")
    for figure in figures:
        table.add_row(*describe(figure))
    return table


def describe(figure: Figure) -> list[str]:
    """Tell a figure in the words of the table's columns."""
    counterpart = "" if figure.counterpart is None else f"{_number(figure.counterpart)} {figure.unit}"
    if counterpart and figure.counterpart_name != "bare":
        counterpart = f"{figure.counterpart_name}: {counterpart}"
    return [
        figure.case,
        figure.name,
        f"{_number(figure.value)} {figure.unit}",
        counterpart,
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        "" if figure.target is None else str(figure.target),
        _MARKS[figure.passes],
        "" if figure.server_us is None else _number(figure.server_us),
        "" if figure.counterpart_us is None else _number(figure.counterpart_us),
        "" if figure.load_share is None else f"{figure.load_share:.0%}",
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
