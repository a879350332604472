"""Runs actions: a task a run, one step after the other, and the events that tell of it.

The events of one run come in order. A step that fails ends its run; nothing that a run does ends another.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Final
from uuid import uuid4

import msgspec
from msgspec import UNSET

from stagedoor.access import Client, Clock
from stagedoor.errors import RequestFailed, StagedoorError, StoreError
from stagedoor.hub import Write
from stagedoor.keys import segment
from stagedoor.services.actions.action import Action
from stagedoor.services.actions.arguments import Arguments
from stagedoor.services.actions.expansion import Expander
from stagedoor.services.actions.history import History, Record
from stagedoor.services.actions.run import Run, World
from stagedoor.services.actions.shelf import Shelf, Triggered
from stagedoor.services.actions.steps import AnyStep
from stagedoor.services.actions.triggers import Origin, Trigger
from stagedoor.streamerbot.events import EventName, event_key
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject

logger = logging.getLogger(__name__)

MAX_RUNS: Final = 1000
"""How many runs may be under way. Far beyond any show; a circle of actions ends here."""

RUN_BEGAN: Final = EventName("Raw", "Action")
STEP_BEGAN: Final = EventName("Raw", "SubAction")
RUN_ENDED: Final = EventName("Raw", "ActionCompleted")

_ROLES: Final = {"isModerator": 3, "isVip": 2}
_VIEWER: Final = 1
_PLATFORM: Final = "twitch"
"""Whose viewer it is when no argument ``userType`` says it: the platform that was there before that argument."""


class Runner:
    """Owns every run.

    ``client`` publishes events; ``act_as`` is the client for all keys that a user names. ``now`` tells Unix time.
    """

    def __init__(
        self, client: Client, act_as: Client, clock: Clock, shelf: Shelf, *, now: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._act_as = act_as
        self._clock = clock
        self._shelf = shelf
        self._now = now
        self.history = History(client, clock, now)
        self._world = World(act_as, self.publish, self.fire, self._sleep)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(
        self,
        action: Action,
        arguments: Mapping[str, object],
        origin: Origin,
        *,
        trigger: Trigger | None = None,
        depth: int = 0,
    ) -> Run:
        """Queue a run; its first step comes after the caller's turn.

        Raises:
            RequestFailed: When too many are under way.
        """
        self._make_room(1)
        run = self._new_run(action, arguments, origin, trigger, depth)
        record = self.history.begin(run, origin)
        task = asyncio.get_running_loop().create_task(self._run(run, action, record))
        self._tasks.add(task)
        # Also of one that is cancelled before it began.
        task.add_done_callback(self._tasks.discard)
        return run

    def fire(self, origin: Origin, arguments: JsonObject, depth: int) -> None:
        """Queue every action that an origin triggers.

        Raises:
            RequestFailed: When they would be too many; none is queued then.
        """
        triggered: list[Triggered] = self._shelf.triggered_by(origin)
        self._make_room(len(triggered))
        for action, trigger in triggered:
            self.start(action, arguments, origin, trigger=trigger, depth=depth)

    def publish(self, name: EventName, data: object) -> None:
        """Publish an event's data as they are."""
        text = msgspec.json.encode(data).decode()
        self._client.write([Write(event_key(*name), text)], _ignore)

    async def close(self) -> None:
        """Cancel every run and wait for their ends."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.history.close()

    def _make_room(self, count: int) -> None:
        if len(self._tasks) + count > MAX_RUNS:
            raise RequestFailed(f"Too many actions are running; the limit is {MAX_RUNS}")

    def _new_run(
        self,
        action: Action,
        given: Mapping[str, object],
        origin: Origin,
        trigger: Trigger | None,
        depth: int,
    ) -> Run:
        run_id = str(uuid4())
        queued_at = self._now()
        arguments = Arguments(given)
        own: JsonObject = {
            "actionId": action.id,
            "actionName": action.name,
            "runningActionId": run_id,
            "actionQueuedAt": event_time(queued_at),
            "eventSource": origin.event.source,
            "__source": origin.event.source + origin.event.type,
        }
        if trigger is not None:
            own |= {"triggerId": trigger.id, "triggerName": origin.title, "triggerCategory": origin.category}
        for name, value in own.items():
            arguments.set(name, value)
        expander = Expander(arguments, self._read_global, self._now)
        return Run(run_id, action.id, action.name, arguments, expander, queued_at, depth)

    def _read_global(self, name: str) -> object:
        text = self._act_as.get(f"global/persisted/{segment(name)}")
        try:
            return msgspec.json.decode(text, type=dict[str, object]).get("value", UNSET) if text else UNSET
        except (msgspec.DecodeError, RecursionError):
            return UNSET

    # --- one run ---

    async def _run(self, run: Run, action: Action, record: Record) -> None:
        started_at, began = self._now(), self._clock.time()
        self.publish(RUN_BEGAN, self._describe(run))
        problem = "stagedoor has closed"
        try:
            problem = await self._perform(run, action, record)
        finally:
            record.end(problem)
            # Whoever hears that it has ended may start another one at once.
            if (task := asyncio.current_task()) is not None:
                self._tasks.discard(task)
            ended = {
                "duration": (self._clock.time() - began) * 1000,
                "queuedAt": event_time(run.queued_at),
                "startedAt": event_time(started_at),
                "completedAt": event_time(self._now()),
                "success": not problem,
                "excludeFromHistory": False,
            }
            self.publish(RUN_ENDED, self._describe(run) | ended)

    async def _perform(self, run: Run, action: Action, record: Record) -> str:
        """Perform the steps up to the first that fails; returns its problem, nothing when none did."""
        for index, step in enumerate(action.steps):
            if step.enabled:
                self.publish(STEP_BEGAN, self._describe_step(run, step))
                record.begin_step(index, step)
                if problem := await self._try(run, step, record):
                    return f"steps[{index}]: {problem}"
                # A thousand steps that wait for nothing let others have their turn.
                await asyncio.sleep(0)
        return ""

    async def _try(self, run: Run, step: AnyStep, record: Record) -> str:
        """Perform one step; returns its problem, nothing when there was none."""
        problem = detail = ""
        try:
            detail = await step.perform(run, self._world)
        except StagedoorError as error:
            logger.warning("the action %r stopped at the step %r: %s", run.action_name, step.title, error)
            problem = str(error)
        except Exception:
            logger.exception("the action %r stopped at the step %r", run.action_name, step.title)
            problem = "a bug in stagedoor; its log says more"
        record.end_step(detail=detail, problem=problem)
        return problem

    async def _sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        timer = self._clock.call_later(seconds, woken.set)
        try:
            await woken.wait()
        finally:
            timer.cancel()

    # --- events ---

    def _describe(self, run: Run) -> JsonObject:
        return {
            "id": run.id,
            "actionId": run.action_id,
            "name": run.action_name,
            "arguments": run.arguments.as_object(),
            **_user_of(run.arguments),
        }

    def _describe_step(self, run: Run, step: AnyStep) -> JsonObject:
        return {
            "id": run.id,
            "parentId": run.action_id,
            "parentName": run.action_name,
            "actionId": step.id,
            "type": step.number,
            "name": step.title,
            "arguments": run.arguments.as_object(),
            **_user_of(run.arguments),
        }


def _user_of(arguments: Arguments) -> JsonObject:
    """Describe the viewer that a run is about, if its arguments tell of one."""
    id_, login = arguments.text("userId"), arguments.text("userName")
    if not id_ or not login:
        return {}
    role = next((role for name, role in _ROLES.items() if arguments.get(name) is True), _VIEWER)
    user = {
        "id": id_,
        "name": login,
        "display": arguments.text("user") or login,
        "type": arguments.text("userType") or _PLATFORM,
        "role": role,
        "subscribed": arguments.get("isSubscribed") is True,
    }
    return {"user": user}


def _ignore(error: StoreError | None) -> None:
    """An event needs no disk and cannot fail."""
