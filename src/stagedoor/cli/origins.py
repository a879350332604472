"""``stagedoor origins``: the web sites whose pages may connect, and those that are refused unasked."""

import asyncio
from pathlib import Path

import click

from stagedoor.cli.output import note, print_json, print_table
from stagedoor.cli.owner import day, fetch, request
from stagedoor.cli.parameters import TEXT, data_option, json_option
from stagedoor.cli.target import Target
from stagedoor.keys import DECIDE_ORIGIN, FORGET_ORIGIN, ORIGINS
from stagedoor.services.origins import ShownOrigin


@click.group(invoke_without_command=True, short_help="Decide which web sites' pages may connect.")
@json_option
@data_option
@click.pass_context
def origins(ctx: click.Context, data: Path, *, as_json: bool) -> None:
    """Show the web sites that you decided about. The pages of all others are refused, and you are asked about them.

    Those that the server was started with, by --origins, are not among them. Needs a running server.

    \b
    Example:
      stagedoor origins
      stagedoor origins allow https://overlays.example
    """
    if ctx.invoked_subcommand is None:
        _print(asyncio.run(fetch(Target(data), ORIGINS, ShownOrigin)), as_json=as_json)


@origins.command("list")
@json_option
@data_option
def list_(data: Path, *, as_json: bool) -> None:
    """Print the web sites that you decided about.

    \b
    Example:
      stagedoor origins list
    """
    _print(asyncio.run(fetch(Target(data), ORIGINS, ShownOrigin)), as_json=as_json)


@origins.command()
@click.argument("origin", type=TEXT)
@data_option
def allow(data: Path, *, origin: str) -> None:
    """Let the pages of a web site connect; they have to log in, as programs do.

    ORIGIN is its address up to the first single slash.

    \b
    Example:
      stagedoor origins allow https://overlays.example
    """
    asyncio.run(request(Target(data), DECIDE_ORIGIN, {"origin": origin, "allow": True}))


@origins.command()
@click.argument("origin", type=TEXT)
@data_option
def refuse(data: Path, *, origin: str) -> None:
    """Refuse the pages of a web site without asking, and end their connections.

    \b
    Example:
      stagedoor origins refuse https://overlays.example
    """
    asyncio.run(request(Target(data), DECIDE_ORIGIN, {"origin": origin, "allow": False}))


@origins.command()
@click.argument("origin", type=TEXT)
@data_option
def forget(data: Path, *, origin: str) -> None:
    """Forget what you decided about a web site: its pages are out, and you are asked when one comes again.

    \b
    Example:
      stagedoor origins forget https://overlays.example
    """
    asyncio.run(request(Target(data), FORGET_ORIGIN, {"origin": origin}))


def _print(decided: list[ShownOrigin], *, as_json: bool) -> None:
    if as_json:
        print_json(decided)
    elif decided:
        rows = [[one.origin, one.decision, day(one.decided_at_ms), day(one.used_at_ms)] for one in decided]
        print_table(["web site", "pages are", "since", "last came"], rows)
    else:
        note("nothing was decided about any web site")
