"""Follows the keys of actions and code triggers, and answers the requests about them."""

import logging
import time
from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from stagedoor.access import Client, Clock
from stagedoor.errors import RequestFailed
from stagedoor.hub import Change, Kind
from stagedoor.json_text import is_too_deep
from stagedoor.keys import (
    ACTION_CHECK,
    ACTION_LIST,
    ACTION_PROBLEMS,
    ACTION_RUN,
    ACTION_RUNS,
    ACTION_SCHEMA,
    CODE_TRIGGER_EXECUTE,
    CODE_TRIGGER_LIST,
    COMMAND_LIST,
    unsegment,
)
from stagedoor.services.actions.action import ACTIONS, Action, action_id, read_action
from stagedoor.services.actions.commands import list_commands
from stagedoor.services.actions.errors import ActionBroken
from stagedoor.services.actions.history import MAX_RUNS as MAX_REMEMBERED
from stagedoor.services.actions.runner import Runner
from stagedoor.services.actions.schema import describe_actions
from stagedoor.services.actions.shelf import Shelf
from stagedoor.services.actions.triggers import ASKED, CODE_EVENT, Origin
from stagedoor.streamerbot.events import EventName
from stagedoor.types import JsonObject, Key, Value

logger = logging.getLogger(__name__)

_CODE_TRIGGERS: Final = "code-trigger/"
_STEP: Final = 1024


class ActionName(Struct):
    """Which action; the id wins, and the name is tried when there is no such id."""

    id: str | None = None
    name: str | None = None


class Candidate(Struct):
    """An action that is to be checked, as it is written."""

    action: msgspec.Raw


class Problem(Struct):
    """What is wrong with a stored action."""

    id: str
    problem: str


class RunsWanted(Struct):
    """How many of the latest runs are asked for."""

    limit: Annotated[int, Meta(ge=1, le=MAX_REMEMBERED)] = 100


class Actions:
    """The service of actions, code triggers and commands.

    Args:
        client: A service's, which nobody else listens with.
        act_as: What runs touch keys with that their author names: an application's grant, never a service's.
        now: Tells Unix time.
    """

    def __init__(self, client: Client, act_as: Client, clock: Clock, *, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._shelf = Shelf()
        self._runner = Runner(client, act_as, clock, self._shelf, now=now)
        self._retire: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Load what is stored, follow it, and answer from now on."""
        self._client.deliver = self._hear
        for prefix in (ACTIONS, _CODE_TRIGGERS):
            self._client.subscribe_prefix(prefix)
            self._load(prefix)
        for key, answer in {
            ACTION_RUN: self._run,
            ACTION_LIST: self._list,
            ACTION_SCHEMA: self._describe,
            ACTION_CHECK: self._check,
            ACTION_PROBLEMS: self._list_problems,
            ACTION_RUNS: self._list_runs,
            CODE_TRIGGER_EXECUTE: self._execute_code_trigger,
            CODE_TRIGGER_LIST: self._list_code_triggers,
            COMMAND_LIST: self._list_commands,
        }.items():
            self._retire.append(self._client.serve(key, answer))

    async def close(self) -> None:
        """Answer no more, and cancel the runs."""
        while self._retire:
            self._retire.pop()()
        await self._runner.close()
        self._client.close()

    # --- following ---

    def _load(self, prefix: str) -> None:
        scan = self._client.scan(prefix)
        try:
            while entries := scan.take(_STEP):
                for key, value in entries:
                    self._take(key, value)
        finally:
            scan.close()

    def _hear(self, change: Change) -> None:
        if change.spec.kind is not Kind.STATE:
            return
        id_ = action_id(change.key) if change.key.startswith(ACTIONS) else None
        before = None if id_ is None else self._shelf.get(id_)
        self._take(change.key, None if change.is_deletion else change.value)
        if id_ is not None:
            self._announce(before, self._shelf.get(id_))

    def _take(self, key: Key, value: Value | None) -> None:
        """Keep one key as it is now, ``None`` when it has gone."""
        if not key.startswith(ACTIONS):
            self._take_code_trigger(key, value)
        elif (id_ := action_id(key)) is None:
            return
        elif value is None:
            self._shelf.remove(id_)
        else:
            try:
                self._shelf.put(id_, value)
            except ActionBroken as error:
                logger.warning("%s", error)

    def _take_code_trigger(self, key: Key, value: Value | None) -> None:
        part = key.removeprefix(_CODE_TRIGGERS)
        if not part or "/" in part:
            return
        if value is None:
            self._shelf.code_triggers.pop(unsegment(part), None)
            return
        try:
            self._shelf.put_code_trigger(unsegment(part), value)
        except (msgspec.DecodeError, RecursionError) as error:
            logger.warning("the code trigger %r is not valid: %s", part, error)

    def _announce(self, before: Action | None, after: Action | None) -> None:
        """Tell that an action came, changed or went; one that is broken is none."""
        action = after or before
        if action is None:
            return
        change = "ActionDeleted" if after is None else "ActionAdded" if before is None else "ActionUpdated"
        data = {"id": action.id, "name": action.name, "group": action.group, "enabled": action.enabled}
        self._runner.publish(EventName("Application", change), data)

    # --- requests ---

    async def _run(self, value: Value) -> Value:
        request = _read_request(value)
        wanted = _member(request, "action", ActionName)
        if wanted is None or not (wanted.id or wanted.name):
            raise RequestFailed("Missing parameter: action")
        arguments = _read_arguments(request)
        action = self._shelf.find(wanted.id or "", wanted.name or "")
        if not action.enabled:
            raise RequestFailed("Action is disabled")
        run = self._runner.start(action, arguments, Origin(ASKED))
        return _encode({"args": run.arguments.as_object(), "actionId": action.id, "runningActionId": run.id})

    async def _list(self, value: Value) -> Value:
        actions = self._shelf.list_actions()
        return _encode({"actions": actions, "count": len(actions)})

    async def _describe(self, value: Value) -> Value:
        return _encode(describe_actions())

    async def _check(self, value: Value) -> Value:
        try:
            candidate = msgspec.json.decode(value, type=Candidate)
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed("Missing parameter: action") from error
        problem = None
        try:
            read_action("", bytes(candidate.action).decode())
        except ActionBroken as error:
            problem = error.problem
        return _encode({"problem": problem})

    async def _list_problems(self, value: Value) -> Value:
        return _encode([Problem(error.id, error.problem) for error in self._shelf.list_broken()])

    async def _list_runs(self, value: Value) -> Value:
        try:
            wanted = msgspec.json.decode(value or "{}", type=RunsWanted | None) or RunsWanted()
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestFailed(f"Invalid parameter: limit, a number from 1 to {MAX_REMEMBERED}") from error
        return _encode(self._runner.history.latest(wanted.limit))

    async def _execute_code_trigger(self, value: Value) -> Value:
        request = _read_request(value)
        name = _member(request, "triggerName", str)
        if not name:
            raise RequestFailed("Missing parameter: triggerName")
        arguments = _read_arguments(request)
        trigger = self._shelf.code_triggers.get(name)
        if trigger is None:
            raise RequestFailed("Code trigger not found")
        self._runner.fire(Origin(CODE_EVENT, name, trigger.name, trigger.category), arguments, 0)
        self._runner.publish(CODE_EVENT, {"eventName": name, "args": arguments})
        return "{}"

    async def _list_code_triggers(self, value: Value) -> Value:
        triggers = sorted(
            self._shelf.code_triggers.values(), key=lambda trigger: (trigger.name.lower(), trigger.event_name)
        )
        return _encode({"triggers": triggers, "count": len(triggers)})

    async def _list_commands(self, value: Value) -> Value:
        commands = list_commands(self._client)
        return _encode({"commands": commands, "count": len(commands)})


def _read_request(value: Value) -> JsonObject:
    try:
        request = msgspec.json.decode(value, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestFailed("Request must be an object") from error
    if is_too_deep(request):
        raise RequestFailed("Request nests too deeply")
    return request


def _read_arguments(request: JsonObject) -> JsonObject:
    arguments: JsonObject | None = _member(request, "args", dict[str, object])
    return arguments or {}


def _member(request: JsonObject, name: str, type: Any) -> Any:  # noqa: A002  (its meaning in msgspec)
    """Read a member of a request; ``None`` when it is absent or null, which is the same.

    Raises:
        RequestFailed: When it is of another type.
    """
    try:
        return msgspec.convert(request.get(name), type | None)
    except msgspec.ValidationError as error:
        raise RequestFailed(f"Invalid parameter: {name}") from error


def _encode(value: object) -> Value:
    return msgspec.json.encode(value).decode()
