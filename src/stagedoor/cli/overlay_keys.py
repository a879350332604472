"""``stagedoor overlay-key``: keys for overlays, by which they can only look on at what you name."""

import asyncio
from pathlib import Path

import click
import msgspec

from stagedoor.cli.expiry import Expiry, expires_option
from stagedoor.cli.output import note, print_json, print_table, print_value
from stagedoor.cli.owner import changes, day, fetch, moment, request
from stagedoor.cli.parameters import TEXT, data_option, json_option
from stagedoor.cli.scopes import scope_option, summarize
from stagedoor.cli.target import Target
from stagedoor.keys import (
    CHANGE_OVERLAY_KEY,
    MAKE_OVERLAY_KEY,
    OVERLAY_KEYS,
    REVEAL_OVERLAY_KEY,
    REVOKE_OVERLAY_KEY,
)
from stagedoor.services.overlay_keys import ShownKey


class _Made(msgspec.Struct):
    id: str
    key: str


class _Revealed(msgspec.Struct):
    key: str


@click.group("overlay-key", short_help="Make keys by which an overlay can only look on, and take them back.")
def overlay_key() -> None:
    """Make keys for overlays, which let them see and hear what you name and change nothing.

    A key is given to one overlay: behind the # of its address (#key=…), or where it asks for a password.

    Needs a running server.

    \b
    Example:
      stagedoor overlay-key make "Chat overlay" --scope "event:Twitch.*"
      stagedoor overlay-key list
    """


@overlay_key.command()
@click.argument("name", type=TEXT)
@scope_option
@expires_option
@json_option
@data_option
def make(data: Path, *, name: str, scopes: tuple[str, ...], expires: Expiry | None, as_json: bool) -> None:
    """Make a key and print it. NAME is for you, to know it by later.

    The scopes can only be of the kinds read and event.

    \b
    Example:
      stagedoor overlay-key make "Chat overlay" --scope "event:Twitch.*"
      stagedoor overlay-key make Tonight --scope "event:*" --expires 12h
    """
    if not scopes:
        raise click.UsageError('say what the overlay may see with --scope, such as --scope "event:Twitch.*"')
    wanted = {"name": name, "scopes": scopes, "expires_at_ms": expires.at_ms if expires else None}
    made = msgspec.convert(asyncio.run(request(Target(data), MAKE_OVERLAY_KEY, wanted)), _Made)
    print_json(made) if as_json else print_value(made.key)


@overlay_key.command("list")
@json_option
@data_option
def list_(data: Path, *, as_json: bool) -> None:
    """Print the keys, without what has to be shown at a door.

    \b
    Example:
      stagedoor overlay-key list
    """
    keys = asyncio.run(fetch(Target(data), OVERLAY_KEYS, ShownKey))
    if as_json:
        print_json(keys)
    elif keys:
        rows = [
            [
                key.id,
                key.name,
                day(key.made_at_ms),
                day(key.used_at_ms),
                moment(key.expires_at_ms),
                summarize(key.scopes),
            ]
            for key in keys
        ]
        print_table(["id", "name", "since", "last used", "ends", "may"], rows)
    else:
        note("there are no overlay keys")


@overlay_key.command()
@click.argument("key", metavar="ID")
@json_option
@data_option
def show(data: Path, *, key: str, as_json: bool) -> None:
    """Print the key with this ID, to give it to an overlay again.

    \b
    Example:
      stagedoor overlay-key show 5f0c93d1
    """
    revealed = msgspec.convert(asyncio.run(request(Target(data), REVEAL_OVERLAY_KEY, {"id": key})), _Revealed)
    print_json(revealed) if as_json else print_value(revealed.key)


@overlay_key.command()
@click.argument("key", metavar="ID")
@click.option("--name", metavar="NAME", type=TEXT, help="What you call it.")
@scope_option
@expires_option
@data_option
def change(data: Path, *, key: str, name: str | None, scopes: tuple[str, ...], expires: Expiry | None) -> None:
    """Change what the key with this ID is called, lets see, or until when it is good; the key itself stays.

    The scopes that you give take the place of those that it has.

    \b
    Example:
      stagedoor overlay-key change 5f0c93d1 --scope event:Twitch.ChatMessage
      stagedoor overlay-key change 5f0c93d1 --expires 2026-12-31
    """
    wanted = changes(name, scopes, expires)
    asyncio.run(request(Target(data), CHANGE_OVERLAY_KEY, {"id": key, **wanted}))


@overlay_key.command()
@click.argument("key", metavar="ID")
@data_option
def revoke(data: Path, *, key: str) -> None:
    """Make the key with this ID worthless, and end the connections that came in by it.

    \b
    Example:
      stagedoor overlay-key revoke 5f0c93d1
    """
    asyncio.run(request(Target(data), REVOKE_OVERLAY_KEY, {"id": key}))
