"""``stagedoor get``, ``set``, ``del`` and ``list``: keys, from the terminal."""

import asyncio
import sys
from typing import Final

import click

from stagedoor.cli.guard import find_ruling, objection_to
from stagedoor.cli.output import on_one_line, print_json, print_value
from stagedoor.cli.parameters import KEY, TEXT, json_option, target_options
from stagedoor.cli.reach import Reach, reach
from stagedoor.cli.target import Target
from stagedoor.services.door_settings import DOORS, names_password, problem_of, read_config
from stagedoor.types import Key, Value

_ABSENT: Final = 3
"""The exit code of `get` when there is no such key."""


@click.command(short_help="Print the values of keys.")
@click.argument("keys", metavar="KEY...", nargs=-1, required=True, type=KEY)
@json_option
@target_options
def get(target: Target, keys: tuple[Key, ...], *, as_json: bool) -> None:
    """Print the value of a key; exit with 3 if there is no such key.

    Of several keys, print a line for each that is there: the key, a tab, the value. With --json, print one object,
    with null for a key that is absent.

    \b
    Example:
      stagedoor get counter/deaths
      stagedoor get --json http/config twitch/config
    """
    values = asyncio.run(_get(target, keys))
    if as_json:
        print_json(values)
    elif len(keys) == 1:
        if (value := values[keys[0]]) is not None:
            print_value(value)
    else:
        _print_lines({key: value for key, value in values.items() if value is not None})
    if len(keys) == 1 and values[keys[0]] is None:
        sys.exit(_ABSENT)


async def _get(target: Target, keys: tuple[Key, ...]) -> dict[Key, Value | None]:
    async with reach(target) as keyspace:
        return await keyspace.get(keys)


@click.command("set", short_help="Write a key.", context_settings={"ignore_unknown_options": True})
@click.argument("key", type=KEY)
@click.argument("value", required=False, type=TEXT)
@target_options
def set_(target: Target, key: Key, value: Value | None) -> None:
    """Write a key; it is on disk when the command ends. Who subscribed to the key hears of it.

    Without VALUE, take the value from standard input, without one newline at its end.

    \b
    Example:
      stagedoor set counter/deaths 3
      curl -s https://example.org/goals.json | stagedoor set goals
    """
    asyncio.run(_set(target, key, read_standard_input() if value is None else value))


async def _set(target: Target, key: Key, value: Value) -> None:
    for settings, kind in DOORS.values():
        if key == settings and (problem := problem_of(value, kind)) is not None:
            raise click.ClickException(f"{key}: {problem}")
    async with reach(target, makes_data=True) as keyspace:
        await _check_settings(keyspace, key, value)
        await keyspace.set(key, value)


async def _check_settings(keyspace: Reach, key: Key, value: Value) -> None:
    """Refuse settings that a server would not go by."""
    for settings, kind in DOORS.values():
        config = read_config(value, kind) if key == settings else None
        # Without a word of the password, the stored one stays.
        if config is None or not names_password(value, kind):
            continue
        if (objection := objection_to(config, await find_ruling(keyspace))) is not None:
            raise click.ClickException(f"{key}: {objection}")


@click.command("del", short_help="Delete keys.")
@click.argument("keys", metavar="KEY...", nargs=-1, required=True, type=KEY)
@target_options
def delete(target: Target, keys: tuple[Key, ...]) -> None:
    """Delete keys, be they there or not. Who subscribed to one hears of it, with an empty value.

    \b
    Example:
      stagedoor del counter/deaths counter/wins
    """
    asyncio.run(_delete(target, keys))


async def _delete(target: Target, keys: tuple[Key, ...]) -> None:
    async with reach(target) as keyspace:
        await keyspace.delete(keys)


@click.command("list", short_help="List keys.")
@click.argument("prefix", default="", type=KEY)
@click.option("-v", "--values", "with_values", is_flag=True, help="Print a tab and the value after each key.")
@json_option
@target_options
def list_(target: Target, prefix: str, *, with_values: bool, as_json: bool) -> None:
    """List the keys that begin with PREFIX, or all, a line each and in order.

    With --json, print an array of keys; with --values --json, an object of keys and values.

    \b
    Example:
      stagedoor list counter/
      stagedoor list --values --json > everything.json
    """
    if with_values:
        values = asyncio.run(_get_all(target, prefix))
        print_json(values) if as_json else _print_lines(values)
        return
    keys = asyncio.run(_list(target, prefix))
    if as_json:
        print_json(keys)
    elif keys:
        click.echo("\n".join(map(on_one_line, keys)))


async def _list(target: Target, prefix: str) -> list[Key]:
    async with reach(target) as keyspace:
        return await keyspace.list(prefix)


async def _get_all(target: Target, prefix: str) -> dict[Key, Value]:
    async with reach(target) as keyspace:
        return await keyspace.get_all(prefix)


def _print_lines(values: dict[Key, Value]) -> None:
    if values:
        click.echo("\n".join(f"{on_one_line(key)}\t{on_one_line(value)}" for key, value in values.items()))


def read_standard_input() -> str:
    """Read text from standard input, without one newline at its end.

    Raises:
        click.ClickException: When it is no text, or nobody would type it.
    """
    if sys.stdin.isatty():
        raise click.UsageError("Missing argument 'VALUE'.")
    try:
        text = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise click.ClickException(f"standard input is not UTF-8: {error}") from error
    return text.removesuffix("\n").removesuffix("\r")
