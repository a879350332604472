"""``stagedoor console``: opens the console in the browser."""

import asyncio
import webbrowser
from pathlib import Path

import click
import msgspec

from stagedoor.cli.output import note, print_json, print_value
from stagedoor.cli.parameters import data_option, json_option
from stagedoor.cli.reach import connected
from stagedoor.cli.target import Target
from stagedoor.keys import CONSOLE_LINK
from stagedoor.kilovolt import RequestFailed
from stagedoor.services.console import ConsoleLink


@click.command(short_help="Open the console in the browser.")
@click.option("--print", "is_printed", is_flag=True, help="Only print the link.")
@json_option
@data_option
def console(data: Path, *, is_printed: bool, as_json: bool) -> None:
    """Open the console in the browser, with a link that is good once, for two minutes.

    Needs a running server. Without a browser on this machine, the link is printed.

    \b
    Example:
      stagedoor console
      stagedoor console --print
    """
    link = asyncio.run(_ask(Target(data)))
    if as_json:
        print_json(link)
    elif is_printed or not webbrowser.open(link.url):
        print_value(link.url)
    else:
        note("The console opens in your browser.")


async def _ask(target: Target) -> ConsoleLink:
    async with connected(target) as client:
        try:
            answer = await client.call(CONSOLE_LINK, "")
        except RequestFailed as error:
            raise click.ClickException(error.details) from error
        return msgspec.json.decode(answer, type=ConsoleLink)
