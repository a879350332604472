"""``stagedoor action``: list, show, run, import, export and delete actions."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple
from uuid import uuid4

import click
import msgspec

from stagedoor.cli.output import note, print_json, print_table, print_value, warn
from stagedoor.cli.parameters import TEXT, json_option, target_options
from stagedoor.cli.reach import Reach, connected, reach
from stagedoor.cli.target import Target
from stagedoor.errors import ArchiveError
from stagedoor.keys import ACTION_RUN
from stagedoor.kilovolt import RequestFailed
from stagedoor.services.actions import Action, ActionBroken, action_id, action_key, read_action
from stagedoor.streamerbot.events import event_key
from stagedoor.types import MAX_KEY_BYTES, JsonObject, Key, Value

_STANDARD_STREAM: Final = "-"
_COMPLETED: Final = event_key("Raw", "ActionCompleted")


class Stored(NamedTuple):
    """What is stored under an action's key."""

    key: Key
    id: str
    text: Value
    action: Action | None
    """``None`` when it is broken."""
    problem: str

    @property
    def name(self) -> str:
        """Its name; empty when it is broken."""
        return "" if self.action is None else self.action.name

    def with_id(self) -> JsonObject:
        """Give a valid action as `import` reads it."""
        members = msgspec.json.decode(self.text, type=dict[str, object])
        return {**members, "id": self.id} if "id" in members else {"id": self.id, **members}


class Started(msgspec.Struct):
    """The answer to a run."""

    runningActionId: str  # noqa: N815  (the wire's word)


class Completed(msgspec.Struct):
    """What counts of the end of a run."""

    id: str
    success: bool


class ArgumentType(click.ParamType[tuple[str, str]]):
    """A name and a text, with an equals sign between them."""

    name = "argument"

    def convert(
        self, value: str | tuple[str, str], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Cut at the first equals sign."""
        if isinstance(value, tuple):
            return value
        name, sign, text = TEXT.convert(value, param, ctx).partition("=")
        if not name or not sign:
            self.fail("an argument looks like NAME=VALUE", param, ctx)
        return name, text


def _check_arguments(ctx: click.Context, param: click.Parameter, text: str | None) -> JsonObject:
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, object])
    except (msgspec.DecodeError, RecursionError) as error:
        raise click.BadParameter("arguments are a JSON object") from error


@click.group(short_help="List, run and keep actions.")
def action() -> None:
    """List, show, run, import, export and delete actions: named lists of steps.

    \b
    Example:
      stagedoor action list
      stagedoor action run "Show alert" --arg text=Hello --wait
    """


@action.command("list")
@json_option
@target_options
def list_(target: Target, *, as_json: bool) -> None:
    """List the actions. One that is not valid, and so does not run, is shown with what is wrong.

    \b
    Example:
      stagedoor action list
    """
    actions = asyncio.run(_load(target))
    if as_json:
        print_json([_describe(stored) for stored in actions])
    elif actions:
        print_table(["id", "name", "group", "triggers", "steps", "state"], [_row(stored) for stored in actions])
    else:
        note("there are no actions")


@action.command()
@click.argument("which", metavar="ID-OR-NAME", type=TEXT)
@target_options
def show(target: Target, which: str) -> None:
    """Print an action as JSON; of one that is not valid, what is stored.

    \b
    Example:
      stagedoor action show "Show alert"
    """
    stored = _find(asyncio.run(_load(target)), which)
    if stored.action is None:
        warn(f"this action is not valid: {stored.problem}")
        print_value(stored.text)
    else:
        print_value(_pretty(stored.with_id()).decode())


@action.command()
@click.argument("which", metavar="ID-OR-NAME", type=TEXT)
@click.option(
    "--arg",
    "texts",
    multiple=True,
    metavar="NAME=VALUE",
    type=ArgumentType(),
    help="Give the run an argument that is text. Any number of times.",
)
@click.option(
    "--args", "values", metavar="JSON", callback=_check_arguments, help="Give the run the members of a JSON object."
)
@click.option("--wait", is_flag=True, help="Wait for the end; exit with 1 when the action fails.")
@json_option
@target_options
def run(
    target: Target,
    which: str,
    *,
    texts: Sequence[tuple[str, str]],
    values: JsonObject,
    wait: bool,
    as_json: bool,
) -> None:
    """Run an action. Needs a running server; ends as soon as the run is queued, unless told to wait.

    With --json, print the server's answer: the ids and the arguments of the run.

    \b
    Example:
      stagedoor action run "Show alert" --arg text=Hello
      stagedoor action run Tip --args '{"amount": 5}' --wait
    """
    request = {"action": {"id": which, "name": which}, "args": {**values, **dict(texts)}}
    answer = asyncio.run(_run(target, msgspec.json.encode(request).decode(), is_waiting=wait))
    if as_json:
        print_json(msgspec.json.decode(answer))


@action.command("import")
@click.argument("file")
@json_option
@target_options
def import_(target: Target, *, file: str, as_json: bool) -> None:
    """Write the actions of FILE, or of standard input if FILE is -; all or none.

    FILE holds one action as JSON, or an array of them. One without an "id" is new; one with the id of an action that
    is there replaces it.

    \b
    Example:
      stagedoor action import alerts.json
    """
    source = "standard input" if file == _STANDARD_STREAM else file
    content = sys.stdin.buffer.read() if file == _STANDARD_STREAM else Path(file).read_bytes()
    actions = _parse(content, source)
    replaced = asyncio.run(_write(target, actions))
    if as_json:
        print_json([{"id": one.id, "name": one.name, "replaced": one.key in replaced} for one in actions])
        return
    rows = [["replaced" if one.key in replaced else "added", one.id, one.name] for one in actions]
    print_table(["", "id", "name"], rows)


@action.command()
@click.argument("which", metavar="[ID-OR-NAME]...", nargs=-1, type=TEXT)
@click.option(
    "-o",
    "--output",
    default=_STANDARD_STREAM,
    metavar="FILE",
    type=click.File("wb", atomic=True),
    help="Write to this file instead of standard output.",
)
@target_options
def export(target: Target, which: Sequence[str], *, output: BinaryIO) -> None:
    """Write actions, or all of them, as a JSON array that `stagedoor action import` reads.

    \b
    Example:
      stagedoor action export -o actions.json
    """
    actions = asyncio.run(_load(target))
    chosen = [_find(actions, one) for one in which] or actions
    for broken in (one for one in chosen if one.action is None):
        problem = f"the action {broken.id} is not valid: {broken.problem}"
        if which:
            raise click.ClickException(problem)
        warn(f"{problem}; it is left out")
    output.write(_pretty([one.with_id() for one in chosen if one.action is not None]) + b"\n")


@action.command()
@click.argument("which", metavar="ID-OR-NAME", type=TEXT)
@target_options
def delete(target: Target, which: str) -> None:
    """Delete an action. A run that is under way goes on to its end.

    \b
    Example:
      stagedoor action delete "Show alert"
    """
    asyncio.run(_delete(target, which))


# --- what is stored ---


async def _load(target: Target) -> list[Stored]:
    async with reach(target) as keyspace:
        return await _load_from(keyspace)


async def _load_from(keyspace: Reach) -> list[Stored]:
    """Read all actions, in the order of their names, broken ones first."""
    found = [
        _read(key, id_, text)
        for key, text in (await keyspace.get_all("action/")).items()
        if (id_ := action_id(key)) is not None
    ]
    return sorted(found, key=lambda one: (one.name.lower(), one.name, one.id))


def _read(key: Key, id_: str, text: Value) -> Stored:
    try:
        return Stored(key, id_, text, read_action(id_, text), "")
    except ActionBroken as error:
        return Stored(key, id_, text, None, error.problem)


def _find(actions: Sequence[Stored], which: str) -> Stored:
    """Find an action by id, else by name, else by name whatever its case."""
    for matches in (
        [one for one in actions if one.id in (which, which.lower())],
        [one for one in actions if one.name == which],
        [one for one in actions if one.name.lower() == which.lower()],
    ):
        if len(matches) > 1:
            ids = ", ".join(one.id for one in matches)
            raise click.ClickException(f"several actions are called {which!r}: {ids}")
        if matches:
            return matches[0]
    raise click.ClickException(f"there is no action {which!r}")


async def _delete(target: Target, which: str) -> None:
    async with reach(target) as keyspace:
        await keyspace.delete([_find(await _load_from(keyspace), which).key])


def _describe(stored: Stored) -> JsonObject:
    if stored.action is None:
        return {"id": stored.id, "problem": stored.problem}
    one = stored.action
    return {
        "id": stored.id,
        "name": one.name,
        "group": one.group,
        "enabled": one.enabled,
        "triggers": len(one.triggers),
        "steps": len(one.steps),
    }


def _row(stored: Stored) -> list[str]:
    if stored.action is None:
        return [stored.id, "", "", "", "", f"broken: {stored.problem}"]
    one = stored.action
    state = "enabled" if one.enabled else "disabled"
    return [stored.id, one.name, one.group, str(len(one.triggers)), str(len(one.steps)), state]


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2)


# --- running ---


async def _run(target: Target, request: Value, *, is_waiting: bool) -> Value:
    try:
        async with connected(target) as client:
            if not is_waiting:
                return await client.call(ACTION_RUN, request)
            # Heard from before the run begins, so that no end is missed.
            async with client.watch(_COMPLETED) as changes:
                answer = await client.call(ACTION_RUN, request)
                run_id = msgspec.json.decode(answer, type=Started).runningActionId
                async for change in changes:
                    ended = _read_end(change.value)
                    if ended is None or ended.id != run_id:
                        continue
                    if not ended.success:
                        raise click.ClickException("the action failed; the server's log says why")
                    break
                return answer
    except RequestFailed as error:
        raise click.ClickException(error.details) from error


def _read_end(value: Value) -> Completed | None:
    """Read an event that anybody may have written."""
    try:
        return msgspec.json.decode(value, type=Completed)
    except (msgspec.DecodeError, RecursionError):
        return None


# --- importing ---


def _parse(content: bytes, source: str) -> list[Stored]:
    """Read a file of actions; each is valid.

    Raises:
        ArchiveError: When one is not, or two have the same id.
    """
    try:
        parsed: Any = msgspec.json.decode(
            content.removeprefix(b"\xef\xbb\xbf"), type=dict[str, Any] | list[dict[str, Any]]
        )
    except (msgspec.DecodeError, RecursionError) as error:
        raise ArchiveError(source, f"it is not an action or an array of actions: {error}") from error
    actions: dict[str, Stored] = {}
    for members in [parsed] if isinstance(parsed, dict) else parsed:
        one = _new_action(members, source)
        if one.id in actions:
            raise ArchiveError(source, f"two actions have the id {one.id!r}")
        actions[one.id] = one
    return list(actions.values())


def _new_action(members: Mapping[str, Any], source: str) -> Stored:
    id_ = members.get("id") or str(uuid4())
    if not isinstance(id_, str) or len((key := action_key(id_)).encode()) > MAX_KEY_BYTES:
        raise ArchiveError(source, "the id of an action is a short text")
    text = msgspec.json.encode({name: value for name, value in members.items() if name != "id"}).decode()
    try:
        return Stored(key, id_, text, read_action(id_, text), "")
    except ActionBroken as error:
        name = members.get("name")
        raise ArchiveError(source, f"the action {name or id_!r} is not valid: {error.problem}") from error


async def _write(target: Target, actions: Sequence[Stored]) -> set[Key]:
    """Write actions at one moment; returns the keys of those that were there before."""
    async with reach(target, makes_data=True) as keyspace:
        before = set(await keyspace.list("action/"))
        await keyspace.set_all({one.key: one.text for one in actions})
    return before
