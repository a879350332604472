"""``stagedoor password``: shows, sets and makes the passwords of the doors."""

import asyncio
import os
import sys
from pathlib import Path

import click
import msgspec

from stagedoor.access import generate_password, weakness
from stagedoor.cli.keys import read_standard_input
from stagedoor.cli.output import note, print_json, print_value, warn
from stagedoor.cli.parameters import TEXT, data_option, json_option
from stagedoor.cli.reach import Reach, reach
from stagedoor.cli.target import Target
from stagedoor.keys import HTTP_CONFIG
from stagedoor.options import OPTIONS
from stagedoor.services.door_settings import HttpConfig, read_config
from stagedoor.types import Value

_VARIABLE = next(option.variable for option in OPTIONS if option.name == "kilovolt_password")

_door_option = click.option(
    "--door", type=click.Choice(["kilovolt"]), default="kilovolt", show_default=True, help="Which door's password."
)


@click.group(short_help="Show, set or make a door's password.")
def password() -> None:
    """Show, set or make the password of a door, with or without a running server.

    A server that was started with STAGEDOOR_KILOVOLT_PASSWORD in its environment goes by that, and not by the stored
    password which these commands are about.

    \b
    Example:
      stagedoor password show
    """


@password.command()
@_door_option
@json_option
@data_option
def show(data: Path, *, door: str, as_json: bool) -> None:
    """Print the stored password.

    \b
    Example:
      stagedoor password show
    """
    stored = asyncio.run(_read(Target(data)))
    if stored is None:
        raise click.ClickException("there is no password yet; `stagedoor password new` makes one")
    print_json({"password": stored}) if as_json else print_value(stored)
    _warn_of(stored)


@password.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("new", metavar="[PASSWORD]", required=False, type=TEXT)
@_door_option
@data_option
def set_(data: Path, *, new: str | None, door: str) -> None:
    """Set the password; a running server asks for it from now on.

    Without PASSWORD, take it from standard input; on a terminal, ask for it without showing it. Other users of this
    machine can see what is on a command line. An empty PASSWORD opens the door to every program on this machine.

    \b
    Example:
      stagedoor password set
      pass show stagedoor | stagedoor password set
      stagedoor password set ""
    """
    if new is None:
        new = _ask() if sys.stdin.isatty() else _take()
    asyncio.run(_write(Target(data), new))
    _warn_of(new)


@password.command("new")
@_door_option
@json_option
@data_option
def new_(data: Path, *, door: str, as_json: bool) -> None:
    """Make a password that nobody will guess, set it, and print it.

    \b
    Example:
      stagedoor password new
    """
    made = generate_password()
    asyncio.run(_write(Target(data), made))
    print_json({"password": made}) if as_json else print_value(made)
    _warn_of(made)


def _ask() -> str:
    answer: str = click.prompt("New password", hide_input=True, confirmation_prompt="Once more", err=True)
    return answer


def _take() -> str:
    """Read a password from a pipe, where nothing at all is more likely a mistake than a wish for an open door."""
    text = read_standard_input()
    if not text:
        raise click.ClickException('there is no password on standard input; `stagedoor password set ""` opens the door')
    return text


async def _read(target: Target) -> str | None:
    async with reach(target) as keyspace:
        text = await _stored_config(keyspace)
    if not text:
        return None
    config = read_config(text)
    if config is None:
        raise click.ClickException(f"the key {HTTP_CONFIG} is not valid; `stagedoor password set` mends it")
    return config.kv_password


async def _write(target: Target, new: str) -> None:
    async with reach(target, makes_data=True) as keyspace:
        text = await _stored_config(keyspace)
        changed = with_password(text or "{}", new)
        if changed is None:
            note(f"The key {HTTP_CONFIG} was not valid, and has its defaults now.")
            changed = msgspec.json.encode(HttpConfig(kv_password=new)).decode()
        await keyspace.set(HTTP_CONFIG, changed)


async def _stored_config(keyspace: Reach) -> Value:
    return (await keyspace.get([HTTP_CONFIG]))[HTTP_CONFIG] or ""


def with_password(text: Value, new: str) -> Value | None:
    """Put a password into the stored settings and leave the rest as it is; ``None`` when they are not valid."""
    try:
        members = msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        return None
    defaults = msgspec.to_builtins(HttpConfig())
    changed = msgspec.json.encode({**defaults, **members, "kv_password": new}).decode()
    return None if read_config(changed) is None else changed


def _warn_of(stored: str) -> None:
    if problem := weakness(stored):
        warn(problem)
    if _VARIABLE in os.environ:
        warn(f"{_VARIABLE} is set; a server started with it goes by that, not by the stored password")
