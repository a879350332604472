"""Remembers the latest runs for the owner, who wants to see what an action has done, and why it stopped.

Nothing waits for it. What has changed is told some moments later, many changes of one run as one, so that a storm of
runs costs no more than a page can show. Texts are cut: an argument can hold anything.
"""

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Final, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from stagedoor.access import Client, Clock
from stagedoor.access.clock import Timer
from stagedoor.errors import StoreError
from stagedoor.hub import Write
from stagedoor.json_text import shorten
from stagedoor.keys import ACTION_RUN_CHANGED
from stagedoor.services.actions.arguments import Arguments
from stagedoor.services.actions.run import Run
from stagedoor.services.actions.steps import Step
from stagedoor.services.actions.triggers import Origin
from stagedoor.types import JsonObject

MAX_RUNS: Final = 200
MAX_STEPS: Final = 100
"""How many steps of a run are remembered, the last ones."""

MAX_ARGUMENTS: Final = 100
MAX_CHARACTERS: Final = 500
"""How much of a text, or of the JSON of an object, is remembered."""

PAUSE_S: Final = 0.1
"""How long changes are gathered; shorter than anybody sees."""

MAX_TOLD: Final = 50
"""How many runs are told of at once, which takes half a millisecond; the others wait for the next time."""


class StepRecord(Struct):
    """One step of a run, as the owner sees it."""

    index: int
    """Its place among all steps of the action."""
    type: str
    at_ms: int
    """When it began, in Unix milliseconds."""
    duration_ms: int | None = None
    """``None`` while it goes on."""
    problem: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    """What it has done."""


class RunRecord(Struct, rename={"action_id": "actionId"}):
    """One run, as the owner sees it."""

    id: str
    action_id: str
    name: str
    """The action's."""
    source: str
    """The event that it began with, such as ``General.DoAction``."""
    trigger: str | UnsetType
    """Which custom event or code trigger it was."""
    at_ms: int
    """When it was queued, in Unix milliseconds."""
    duration_ms: int | None
    """Since then; ``None`` while it goes on."""
    state: Literal["running", "done", "failed"]
    problem: str | UnsetType
    args: JsonObject
    """As they are now, or were at its end."""
    steps: list[StepRecord]


class Record:
    """Writes down one run."""

    def __init__(self, history: "History", run: Run, origin: Origin) -> None:
        self._history = history
        self._arguments: Arguments | None = run.arguments
        self._steps: deque[StepRecord] = deque(maxlen=MAX_STEPS)
        self._began = self._step_began = history.clock.time()
        self._seen = RunRecord(
            id=run.id,
            action_id=run.action_id,
            name=_cut_text(run.action_name),
            source=f"{origin.event.source}.{origin.event.type}",
            trigger=_cut_text(origin.name) or UNSET,
            at_ms=_ms(run.queued_at),
            duration_ms=None,
            state="running",
            problem=UNSET,
            args={},
            steps=[],
        )

    def begin_step(self, index: int, step: Step) -> None:
        """Note that a step begins."""
        self._step_began = self._history.clock.time()
        tag = str(step.__struct_config__.tag)
        self._steps.append(StepRecord(index, tag, _ms(self._history.now())))
        self._history.note(self)

    def end_step(self, *, detail: str = "", problem: str = "") -> None:
        """Note how the step ended that began last."""
        step = self._steps[-1]
        step.duration_ms = self._since(self._step_began)
        step.detail = _cut_text(detail) or UNSET
        step.problem = _cut_text(problem) or UNSET
        self._history.note(self)

    def end(self, problem: str) -> None:
        """Note that the run has ended; an empty problem means that all went well."""
        self._seen.duration_ms = self._since(self._began)
        self._seen.state = "failed" if problem else "done"
        self._seen.problem = _cut_text(problem) or UNSET
        self._update()
        self._arguments = None  # they may be large
        self._history.note(self)

    def describe(self) -> RunRecord:
        """Give the run as it is now."""
        self._update()
        return self._seen

    def _update(self) -> None:
        if self._arguments is not None:
            self._seen.args = _cut_arguments(self._arguments)
            self._seen.steps = list(self._steps)

    def _since(self, moment: float) -> int:
        return round((self._history.clock.time() - moment) * 1000)


class History:
    """The latest runs. ``now`` tells Unix time."""

    def __init__(self, client: Client, clock: Clock, now: Callable[[], float]) -> None:
        self.clock = clock
        self.now = now
        self._client = client
        self._runs: dict[Record, None] = {}
        """The oldest first."""
        self._changed: dict[Record, None] = {}
        self._timer: Timer | None = None

    def begin(self, run: Run, origin: Origin) -> Record:
        """Remember a run that was queued, and forget the oldest when there are too many."""
        if len(self._runs) == MAX_RUNS:
            oldest = next(iter(self._runs))
            del self._runs[oldest]
            self._changed.pop(oldest, None)
        record = Record(self, run, origin)
        self._runs[record] = None
        self.note(record)
        return record

    def latest(self, limit: int) -> list[RunRecord]:
        """Give the latest runs, newest first."""
        return [record.describe() for record in islice(reversed(self._runs), limit)]

    def note(self, record: Record) -> None:
        """Tell of a change of a run soon, together with those that come until then; not of one that is forgotten."""
        if record not in self._runs:
            return
        self._changed[record] = None
        self._wind()

    def close(self) -> None:
        """Tell no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _wind(self) -> None:
        if self._timer is None:
            self._timer = self.clock.call_later(PAUSE_S, self._tell)

    def _tell(self) -> None:
        self._timer = None
        records = list(islice(self._changed, MAX_TOLD))
        for record in records:
            del self._changed[record]
        if self._changed:
            self._wind()
        texts = [msgspec.json.encode(record.describe()).decode() for record in records]
        self._client.write([Write(ACTION_RUN_CHANGED, text) for text in texts], _ignore)


def _cut_arguments(arguments: Arguments) -> JsonObject:
    first = islice(arguments.as_object().items(), MAX_ARGUMENTS)
    return {_cut_text(name): _cut(value) for name, value in first}


def _cut(value: object) -> object:
    """Leave a value as it is when it is short; else give the beginning of its text or JSON."""
    if isinstance(value, str):
        return _cut_text(value)
    if isinstance(value, (dict, list)) and len(text := msgspec.json.encode(value).decode()) > MAX_CHARACTERS:
        return _cut_text(text)
    return value


def _cut_text(text: str) -> str:
    return shorten(text, MAX_CHARACTERS)


def _ms(moment: float) -> int:
    """Round Unix time to milliseconds."""
    return round(moment * 1000)


def _ignore(error: StoreError | None) -> None:
    """An event needs no disk and cannot fail."""
