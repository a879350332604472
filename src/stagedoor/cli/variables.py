"""``stagedoor global``: the global variables of the stream and of its viewers, from the terminal."""

import asyncio
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

import click
import msgspec

from stagedoor.cli.keys import read_standard_input
from stagedoor.cli.output import print_json, print_table, print_value
from stagedoor.cli.parameters import TEXT, json_option, target_options
from stagedoor.cli.reach import NoServer, find_server, reach
from stagedoor.cli.target import Target
from stagedoor.keys import GLOBAL_DELETE, GLOBAL_SET, segment, unsegment
from stagedoor.types import JsonObject, Key, Value

_ABSENT: Final = 3
"""The exit code of `global get` when there is no such variable, as `get` has it for a key."""


class User(NamedTuple):
    """A viewer of a platform; without an id, all of them."""

    platform: str
    id: str


class _UserOption(click.ParamType[User]):
    """A viewer, written ``PLATFORM:ID``; where all viewers make sense, ``PLATFORM`` alone."""

    name = "user"

    def __init__(self, *, needs_id: bool) -> None:
        self._needs_id = needs_id

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> User:
        """Read the two parts."""
        platform, _, id_ = TEXT.convert(value, param, ctx).partition(":")
        if not platform or (self._needs_id and not id_):
            self.fail("a viewer looks like twitch:136079477", param, ctx)
        return User(platform.lower(), id_)


_temporary_option: Final = click.option("--temporary", is_flag=True, help="A variable that ends with the server.")
_user_option: Final = click.option(
    "--user", metavar="PLATFORM:ID", type=_UserOption(needs_id=True), help="A viewer's variable, not the stream's."
)
_users_option: Final = click.option(
    "--user",
    metavar="PLATFORM[:ID]",
    type=_UserOption(needs_id=False),
    help="The variables of one viewer, or of all of a platform.",
)


@click.group("global", short_help="Read and write global variables.")
def global_() -> None:
    """Read and write the global variables of Streamer.bot's protocol, of the stream or of single viewers.

    Persisted ones can be reached without a running server, too.

    \b
    Example:
      stagedoor global set deaths 3
    """


@global_.command(short_help="Print the value of a variable.")
@click.argument("name", type=TEXT)
@_temporary_option
@_user_option
@json_option
@target_options
def get(target: Target, name: str, *, temporary: bool, user: User | None, as_json: bool) -> None:
    """Print the value of a variable; exit with 3 if there is no such variable.

    Text is printed as it is, any other value as JSON. With --json, print an object that also tells when it was written.

    \b
    Example:
      stagedoor global get deaths
      stagedoor global get points --user twitch:136079477
    """
    key = _prefix(user, temporary=temporary) + segment(name)
    text = asyncio.run(_get(target, key, temporary=temporary))
    entry = None if text is None else _entry(key, text)
    if as_json:
        print_json(entry)
    elif entry is not None:
        print_value(_show(entry["value"]))
    if entry is None:
        sys.exit(_ABSENT)


async def _get(target: Target, key: Key, *, temporary: bool) -> Value | None:
    _check_server(target, temporary=temporary)
    async with reach(target) as keyspace:
        return (await keyspace.get([key]))[key]


@global_.command("set", short_help="Set a variable.", context_settings={"ignore_unknown_options": True})
@click.argument("name", type=TEXT)
@click.argument("value", required=False, type=TEXT)
@click.option("--text", is_flag=True, help="Take VALUE as text, even if it is JSON.")
@click.option("--add", is_flag=True, help="Add VALUE, or 1, to the number that it is, and print the sum.")
@_temporary_option
@_user_option
@target_options
def set_(
    target: Target, name: str, value: str | None, *, text: bool, add: bool, temporary: bool, user: User | None
) -> None:
    """Set a variable to VALUE: to a number, true, false, null, a list or an object if it is JSON, else to text.

    Without VALUE, take it from standard input, without one newline at its end.

    \b
    Example:
      stagedoor global set deaths 3
      stagedoor global set deaths --add
      stagedoor global set postcode --text 01067
    """
    if text and add:
        raise click.UsageError("--text and --add exclude each other")
    request: JsonObject = {**_identify(name, user, temporary=temporary)}
    if not add:
        value = read_standard_input() if value is None else value
        request["value"] = value if text else _parse(value)
    else:
        request["mode"] = "increment"
        if value is not None:
            request["value"] = _parse(value)
    stored = asyncio.run(_call(target, GLOBAL_SET, request, temporary=temporary))
    if add:
        print_value(_show(stored["value"]))


@global_.command("del", short_help="Delete a variable.")
@click.argument("name", type=TEXT)
@_temporary_option
@_user_option
@target_options
def delete(target: Target, name: str, *, temporary: bool, user: User | None) -> None:
    """Delete a variable; it is an error if there is none.

    \b
    Example:
      stagedoor global del deaths
    """
    asyncio.run(_call(target, GLOBAL_DELETE, _identify(name, user, temporary=temporary), temporary=temporary))


async def _call(target: Target, key: Key, request: JsonObject, *, temporary: bool) -> JsonObject:
    _check_server(target, temporary=temporary)
    async with reach(target, makes_data=key == GLOBAL_SET) as keyspace:
        answer = await keyspace.call(key, msgspec.json.encode(request).decode())
    return msgspec.json.decode(answer, type=dict[str, object])


@global_.command("list", short_help="List variables.")
@click.argument("prefix", default="", type=TEXT)
@_temporary_option
@_users_option
@json_option
@target_options
def list_(target: Target, prefix: str, *, temporary: bool, user: User | None, as_json: bool) -> None:
    """List the variables whose names begin with PREFIX, or all, with their values.

    \b
    Example:
      stagedoor global list
      stagedoor global list --user twitch --json
    """
    entries = [entry for entry in asyncio.run(_list(target, user, temporary=temporary)) if _begins(entry, prefix)]
    if as_json:
        print_json(entries)
    elif user is None:
        rows = [[str(entry["name"]), _show(entry["value"]), str(entry.get("lastWrite", ""))] for entry in entries]
        print_table(["name", "value", "written"], rows)
    else:
        print_table(["viewer", "name", "value", "written"], list(_rows_of_users(entries)))


async def _list(target: Target, user: User | None, *, temporary: bool) -> list[JsonObject]:
    _check_server(target, temporary=temporary)
    async with reach(target) as keyspace:
        found = await keyspace.get_all(_prefix(user, temporary=temporary))
    entries = (_entry(key, text) for key, text in found.items())
    return [entry for entry in entries if entry is not None]


def _rows_of_users(entries: list[JsonObject]) -> Iterator[list[str]]:
    for entry in entries:
        called = entry.get("userName") or entry.get("userLogin") or ""
        viewer = f"{entry['platform']}:{entry['userId']} {called}".strip()
        yield [viewer, str(entry["name"]), _show(entry["value"]), str(entry.get("lastWrite", ""))]


def _begins(entry: JsonObject, prefix: str) -> bool:
    return str(entry["name"]).startswith(prefix)


def _check_server(target: Target, *, temporary: bool) -> None:
    """Refuse what makes no sense without a server: variables that end with it."""
    if temporary and find_server(target) is None:
        raise NoServer(target)


def _prefix(user: User | None, *, temporary: bool) -> Key:
    """What the keys of the variables begin with."""
    store = "temporary" if temporary else "persisted"
    if user is None:
        return f"global/{store}/"
    return f"user-global/{store}/{segment(user.platform)}/" + (f"{segment(user.id)}/" if user.id else "")


def _identify(name: str, user: User | None, *, temporary: bool) -> JsonObject:
    """Say in a request which variable it is about."""
    of_user: JsonObject = {} if user is None else {"platform": user.platform, "userId": user.id}
    return {"name": name, "persisted": not temporary, **of_user}


def _entry(key: Key, text: Value) -> JsonObject | None:
    """Describe a variable as the protocol's answers do; ``None`` for a key that holds none."""
    try:
        stored = msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        return None
    _, _, *user, name = map(unsegment, key.split("/"))
    if "value" not in stored or len(user) not in (0, 2):
        return None
    return {"name": name, **dict(zip(("platform", "userId"), user, strict=False)), **stored}


def _parse(text: str) -> object:
    """Take text as JSON if it is."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def _show(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
