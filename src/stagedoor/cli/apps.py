"""``stagedoor apps``: the applications that are let in for good, what they may touch, and the way to end that."""

import asyncio
from pathlib import Path

import click

from stagedoor.cli.expiry import Expiry, expires_option
from stagedoor.cli.output import note, print_json, print_table
from stagedoor.cli.owner import changes, day, fetch, moment, request
from stagedoor.cli.parameters import TEXT, data_option, json_option
from stagedoor.cli.scopes import scope_option, summarize
from stagedoor.cli.target import Target
from stagedoor.keys import APPS, CHANGE_APP, FORGET_APP
from stagedoor.services.apps import ShownApp


@click.group(
    invoke_without_command=True, short_help="Show, change and forget the applications that are let in for good."
)
@json_option
@data_option
@click.pass_context
def apps(ctx: click.Context, data: Path, *, as_json: bool) -> None:
    """Show the applications that you let in for good, with `stagedoor asks allow --remember`.

    Needs a running server.

    \b
    Example:
      stagedoor apps
      stagedoor apps change 5f0c93d1 --scope "read:counter/*" --expires 30d
      stagedoor apps forget 5f0c93d1
    """
    if ctx.invoked_subcommand is None:
        _print(asyncio.run(fetch(Target(data), APPS, ShownApp)), as_json=as_json)


@apps.command("list")
@json_option
@data_option
def list_(data: Path, *, as_json: bool) -> None:
    """Print the applications that are let in for good.

    \b
    Example:
      stagedoor apps list
    """
    _print(asyncio.run(fetch(Target(data), APPS, ShownApp)), as_json=as_json)


@apps.command()
@click.argument("app", metavar="ID")
@click.option("--name", metavar="NAME", type=TEXT, help="What you call it.")
@scope_option
@click.option("--all", "is_all", is_flag=True, help="It may touch everything but your passwords and tokens.")
@expires_option
@data_option
def change(
    data: Path, *, app: str, name: str | None, scopes: tuple[str, ...], is_all: bool, expires: Expiry | None
) -> None:
    """Change what the application with this ID is called, may touch, or until when it is let in.

    The scopes that you give take the place of those that it has. Its connections end then, and it comes back under the
    new ones by itself.

    \b
    Example:
      stagedoor apps change 5f0c93d1 --scope "read:counter/*" --scope "event:*"
      stagedoor apps change 5f0c93d1 --name "Death counter" --expires never
    """
    if is_all and scopes:
        raise click.UsageError("--all and --scope exclude each other")
    wanted = changes(name, scopes, expires, is_all=is_all)
    asyncio.run(request(Target(data), CHANGE_APP, {"id": app, **wanted}))


@apps.command()
@click.argument("app", metavar="ID")
@data_option
def forget(data: Path, *, app: str) -> None:
    """Let the application with this ID in no longer, and end its connections.

    \b
    Example:
      stagedoor apps forget 5f0c93d1
    """
    asyncio.run(request(Target(data), FORGET_APP, {"id": app}))


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
                day(app.made_at_ms),
                day(app.used_at_ms),
                moment(app.expires_at_ms),
                summarize(app.scopes),
            ]
            for app in remembered
        ]
        headings = ["id", "name", "by", "page", "web site", "address", "since", "last used", "ends", "may"]
        print_table(headings, rows)
    else:
        note("no application is let in for good")
