"""``stagedoor apps``: the applications that are let in for good, and the way to end that."""

import asyncio
import time
from pathlib import Path

import click

from stagedoor.cli.output import note, print_json, print_table
from stagedoor.cli.parameters import data_option, json_option
from stagedoor.cli.reach import connected
from stagedoor.cli.target import Target
from stagedoor.keys import APPS, FORGET_APP
from stagedoor.kilovolt import RequestFailed
from stagedoor.services.apps import AppRequest, ShownApp


@click.group(invoke_without_command=True, short_help="Show and forget the applications that are let in for good.")
@json_option
@data_option
@click.pass_context
def apps(ctx: click.Context, data: Path, *, as_json: bool) -> None:
    """Show the applications that you let in for good, with `stagedoor asks allow --remember`.

    Needs a running server.

    \b
    Example:
      stagedoor apps
      stagedoor apps forget 5f0c93d1
    """
    if ctx.invoked_subcommand is None:
        _print(asyncio.run(_list(Target(data))), as_json=as_json)


@apps.command("list")
@json_option
@data_option
def list_(data: Path, *, as_json: bool) -> None:
    """Print the applications that are let in for good.

    \b
    Example:
      stagedoor apps list
    """
    _print(asyncio.run(_list(Target(data))), as_json=as_json)


@apps.command()
@click.argument("app", metavar="ID")
@data_option
def forget(data: Path, *, app: str) -> None:
    """Let the application with this ID in no longer, and end its connections.

    \b
    Example:
      stagedoor apps forget 5f0c93d1
    """
    asyncio.run(_forget(Target(data), AppRequest(app)))


def _print(remembered: list[ShownApp], *, as_json: bool) -> None:
    if as_json:
        print_json(remembered)
    elif remembered:
        rows = [
            [
                app.id,
                app.name,
                app.author,
                app.url,
                app.origin or "a program",
                app.address,
                _day(app.made_at_ms),
                _day(app.used_at_ms or app.made_at_ms),
            ]
            for app in remembered
        ]
        print_table(["id", "calls itself", "by", "page", "web site", "address", "since", "last used"], rows)
    else:
        note("no application is let in for good")


async def _list(target: Target) -> list[ShownApp]:
    async with connected(target) as client:
        remembered: list[ShownApp] = await client.get_json(APPS, list[ShownApp], [])
        return remembered


async def _forget(target: Target, request: AppRequest) -> None:
    async with connected(target) as client:
        try:
            await client.call_json(FORGET_APP, request)
        except RequestFailed as error:
            raise click.ClickException(error.details) from error


def _day(unix_ms: int) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(unix_ms / 1000))
