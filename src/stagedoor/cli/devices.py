"""``stagedoor devices``: the browsers that may open the console without a link."""

import asyncio
from pathlib import Path

import click

from stagedoor.cli.output import note, print_json, print_table
from stagedoor.cli.owner import day, fetch, request
from stagedoor.cli.parameters import data_option, json_option
from stagedoor.cli.target import Target
from stagedoor.keys import DEVICES, FORGET_DEVICE
from stagedoor.services.console import ShownDevice


@click.group(
    invoke_without_command=True, short_help="Show the browsers that are signed in to the console, and sign them out."
)
@json_option
@data_option
@click.pass_context
def devices(ctx: click.Context, data: Path, *, as_json: bool) -> None:
    """Show the browsers that are signed in to the console. Each can do whatever you can.

    Needs a running server.

    \b
    Example:
      stagedoor devices
      stagedoor devices forget 5f0c93d1
    """
    if ctx.invoked_subcommand is None:
        _print(asyncio.run(fetch(Target(data), DEVICES, ShownDevice)), as_json=as_json)


@devices.command("list")
@json_option
@data_option
def list_(data: Path, *, as_json: bool) -> None:
    """Print the browsers that are signed in to the console.

    \b
    Example:
      stagedoor devices list
    """
    _print(asyncio.run(fetch(Target(data), DEVICES, ShownDevice)), as_json=as_json)


@devices.command()
@click.argument("device", metavar="ID")
@data_option
def forget(data: Path, *, device: str) -> None:
    """Sign the browser with this ID out, and end its connections.

    \b
    Example:
      stagedoor devices forget 5f0c93d1
    """
    asyncio.run(request(Target(data), FORGET_DEVICE, {"id": device}))


def _print(signed_in: list[ShownDevice], *, as_json: bool) -> None:
    if as_json:
        print_json(signed_in)
    elif signed_in:
        rows = [[one.id, one.name, one.address, day(one.made_at_ms), day(one.used_at_ms)] for one in signed_in]
        print_table(["id", "browser", "address", "since", "last used"], rows)
    else:
        note("no browser is signed in to the console")
