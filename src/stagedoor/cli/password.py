"""``stagedoor password``: shows, sets and makes the passwords of the doors."""

import asyncio
import os
import sys
from pathlib import Path

import click
import msgspec

from stagedoor.access import generate_password, weakness
from stagedoor.cli.guard import Ruling, find_ruling, objection_to
from stagedoor.cli.keys import read_standard_input
from stagedoor.cli.output import note, print_json, print_value, warn
from stagedoor.cli.parameters import TEXT, data_option, json_option
from stagedoor.cli.reach import Reach, reach
from stagedoor.cli.target import Target
from stagedoor.options import OPTIONS
from stagedoor.services.door_settings import DOORS, DoorConfig, StreamerbotConfig, password_of, read_config
from stagedoor.types import Key, Value

_door_option = click.option(
    "--door", type=click.Choice(list(DOORS)), default="kilovolt", show_default=True, help="Which door's password."
)


@click.group(short_help="Show, set or make a door's password.")
def password() -> None:
    """Show, set or make the password of a door, with or without a running server.

    A server that was started with STAGEDOOR_KILOVOLT_PASSWORD or STAGEDOOR_STREAMERBOT_PASSWORD in its environment goes
    by that, and not by the stored password which these commands are about.

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
    stored, ruling = asyncio.run(_read(Target(data), door))
    if stored is None:
        raise click.ClickException("there is no password yet; `stagedoor password new` makes one")
    password = password_of(stored)
    print_json({"password": password}) if as_json else print_value(password)
    _warn_of(stored, door, ruling)


@password.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("new", metavar="[PASSWORD]", required=False, type=TEXT)
@_door_option
@data_option
def set_(data: Path, *, new: str | None, door: str) -> None:
    """Set the password; a running server asks for it from now on.

    Without PASSWORD, take it from standard input; on a terminal, ask for it without showing it. Other users of this
    machine can see what is on a command line. An empty PASSWORD opens the door to every program on this machine, and is
    refused for a door that other machines reach.

    \b
    Example:
      stagedoor password set
      pass show stagedoor | stagedoor password set
      stagedoor password set ""
    """
    if new is None:
        new = _ask() if sys.stdin.isatty() else _take()
    stored, ruling = asyncio.run(_write(Target(data), new, door))
    _warn_of(stored, door, ruling)


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
    stored, ruling = asyncio.run(_write(Target(data), made, door))
    print_json({"password": made}) if as_json else print_value(made)
    _warn_of(stored, door, ruling)


def _ask() -> str:
    answer: str = click.prompt("New password", hide_input=True, confirmation_prompt="Once more", err=True)
    return answer


def _take() -> str:
    """Read a password from a pipe, where nothing at all is more likely a mistake than a wish for an open door."""
    text = read_standard_input()
    if not text:
        raise click.ClickException('there is no password on standard input; `stagedoor password set ""` opens the door')
    return text


async def _read(target: Target, door: str) -> tuple[DoorConfig | None, Ruling]:
    key, kind = DOORS[door]
    async with reach(target) as keyspace:
        text = await _stored_config(keyspace, key)
        ruling = await find_ruling(keyspace)
    if not text:
        return None, ruling
    config = read_config(text, kind)
    if config is None:
        raise click.ClickException(f"the key {key} is not valid; `stagedoor password set --door {door}` mends it")
    return config, ruling


async def _write(target: Target, new: str, door: str) -> tuple[DoorConfig, Ruling]:
    key, kind = DOORS[door]
    async with reach(target, makes_data=True) as keyspace:
        text = await _stored_config(keyspace, key)
        changed = with_password(text or "{}", new, kind)
        if changed is None:
            note(f"The key {key} was not valid, and has its defaults now.")
            changed = kind().with_password(new)
            text = ""
        ruling = await find_ruling(keyspace)
        if not new and (objection := objection_to(changed, ruling)) is not None:
            raise click.ClickException(f"the password stays as it was: {objection}")
        members = msgspec.json.decode(text or "{}", type=dict[str, object])
        await keyspace.set(key, msgspec.json.encode({**members, **msgspec.to_builtins(changed)}).decode())
    return changed, ruling


async def _stored_config(keyspace: Reach, key: Key) -> Value:
    return (await keyspace.get([key]))[key] or ""


def with_password(text: Value, new: str, kind: type[DoorConfig]) -> DoorConfig | None:
    """Put a password into the stored settings; ``None`` when they are not valid."""
    config = read_config(text, kind)
    return None if config is None else config.with_password(new)


def _warn_of(stored: DoorConfig, door: str, ruling: Ruling) -> None:
    if problem := objection_to(stored, ruling) or weakness(password_of(stored)):
        warn(problem)
    if isinstance(stored, StreamerbotConfig) and stored.authentication == "off" and stored.password:
        warn("authentication is off, so nobody is asked for the password")
    variable = next(option.variable for option in OPTIONS if option.name == f"{door}_password")
    if f"{door}_password" in ruling.chosen:
        warn(f"the running server was started with {variable}, and goes by that until it ends, not by the stored one")
    elif variable in os.environ:
        warn(f"{variable} is set; a server started with it goes by that, not by the stored password")
