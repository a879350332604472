"""The latest runs, as the owner sees them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from stagedoor import keys
from stagedoor.access import Client, Grant, Level
from stagedoor.errors import NotPermitted
from stagedoor.hub import Change, MemoryStore
from stagedoor.services.actions.history import MAX_ARGUMENTS, MAX_CHARACTERS, MAX_RUNS, MAX_STEPS, MAX_TOLD, PAUSE_S
from tests.services.test_actions import NOW, ONE, PATIENCE_S, TWO, Stage, arguments_of, decode, new_stage, step

NOW_MS = round(NOW * 1000)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with new_stage(MemoryStore()) as stage:
        yield stage


async def runs_of(stage: Stage, **request: object) -> list[dict[str, Any]]:
    return await stage.ask(keys.ACTION_RUNS, request)  # type: ignore[no-any-return]


async def last_run(stage: Stage, *steps: object, args: object = None) -> dict[str, Any]:
    """Run an action of these steps to its end; returns what is remembered of it."""
    await stage.perform(*steps, args=args)
    return (await runs_of(stage))[0]


class Watcher:
    """Somebody who follows the runs."""

    def __init__(self, stage: Stage, grant: Grant) -> None:
        self.told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.client = Client(stage.hub, grant, self._hear)
        self.client.subscribe_prefix("action/")

    def _hear(self, change: Change) -> None:
        if change.key == keys.ACTION_RUN_CHANGED:
            self.told.put_nowait(decode(change.value))

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            return await self.told.get()


async def test_a_run_is_remembered_with_its_steps(stage: Stage) -> None:
    stage.stand_in("platform/twitch/@send-message")
    run = await last_run(
        stage,
        step("setArgument", name="x", value="5"),
        step("log", message="skipped", enabled=False),
        step("sendMessage", platform="Twitch", message="%x% for %user%"),
        args={"user": "Ada"},
    )
    assert arguments_of({"arguments": run.pop("args")}) == {"user": "Ada", "x": 5}
    assert len(run.pop("id")) == len(ONE)
    ended = {"at_ms": NOW_MS, "duration_ms": 0}
    assert run == {
        "actionId": ONE,
        "name": "one",
        "source": "General.DoAction",
        "state": "done",
        **ended,
        "steps": [
            {"index": 0, "type": "setArgument", "detail": "x = 5", **ended},
            {"index": 2, "type": "sendMessage", "detail": "twitch: 5 for Ada", **ended},
        ],
    }


async def test_a_run_that_fails_says_where_and_why(stage: Stage) -> None:
    run = await last_run(stage, step("log", message="a"), step("setKey", key="k" * 600, value="x"), step("delay", ms=1))
    assert run["state"] == "failed"
    assert [one["index"] for one in run["steps"]] == [0, 1]
    problem = run["steps"][1]["problem"]
    assert "too long" in problem or "bytes" in problem
    assert run["problem"] == f"steps[1]: {problem}"
    assert "detail" not in run["steps"][1]


async def test_a_chat_that_cannot_be_reached_is_seen(stage: Stage) -> None:
    run = await last_run(stage, step("sendMessage", platform="kick", message="hi"))
    assert run["state"] == "done"
    assert run["steps"][0]["detail"].startswith("not said on kick: ")


@pytest.mark.parametrize(
    ("one", "detail"),
    [
        (step("setGlobal", name="n", value=1), "n = 3"),
        (step("triggerCustomEvent", eventName="%x%!"), "raid!"),
        (step("broadcast", json={"a": "%x%"}), '{"a":"raid"}'),
        (step("broadcast", text="%x%"), '{"data":"raid"}'),
        (step("emitEvent", eventSource="twitch", eventType="Raid"), "twitch.Raid"),
        (step("setKey", key="overlay/%x%", value={"a": 1}), 'overlay/raid = {"a":1}'),
        (step("delay", ms=0), "0 ms"),
        (step("log", message="a\n%x%"), "a raid"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
async def test_each_step_says_what_it_has_done(stage: Stage, one: dict[str, object], detail: str) -> None:
    async def set_global(value: str) -> str:
        return '{"name": "n", "value": 3}'

    stage.owner.serve(keys.GLOBAL_SET, set_global)
    stage.stand_in(keys.EMIT)
    await stage.put(ONE, name="one", steps=[one])
    await stage.run({"id": ONE}, {"x": "raid"})
    if one["type"] == "delay":
        await stage.until("Raw/SubAction")
        stage.clock.advance(0)
    await stage.until("Raw/ActionCompleted")
    assert (await runs_of(stage))[0]["steps"][0]["detail"] == detail


async def test_a_run_names_its_trigger(stage: Stage) -> None:
    await stage.put(TWO, triggers=[step("customEvent", eventName="raid")])
    await stage.perform(step("triggerCustomEvent", eventName="raid"))
    await stage.until("Raw/ActionCompleted")
    triggered = (await runs_of(stage))[0]
    assert (triggered["actionId"], triggered["source"], triggered["trigger"]) == (TWO, "Custom.Event", "raid")


async def test_a_run_under_way_is_seen_and_its_end_is_told(stage: Stage) -> None:
    watcher = Watcher(stage, stage.owner.grant)
    await stage.put(ONE, name="one", steps=[step("delay", ms=300)])
    started = await stage.run({"id": ONE})
    await stage.until("Raw/SubAction")
    (run,) = await runs_of(stage)
    assert (run["id"], run["state"], run["duration_ms"]) == (started["runningActionId"], "running", None)
    assert run["steps"] == [{"index": 0, "type": "delay", "at_ms": NOW_MS, "duration_ms": None}]
    assert watcher.told.empty()
    stage.clock.advance(PAUSE_S)
    assert await watcher.next() == run
    stage.clock.advance(0.3 - PAUSE_S)
    await stage.until("Raw/ActionCompleted")
    stage.clock.advance(PAUSE_S)
    ended = await watcher.next()
    assert (ended["state"], ended["duration_ms"], ended["steps"][0]["duration_ms"]) == ("done", 300, 300)
    assert [ended] == await runs_of(stage)
    stage.clock.advance(10 * PAUSE_S)
    assert watcher.told.empty()


async def test_only_the_owner_sees_runs(stage: Stage) -> None:
    watcher = Watcher(stage, Grant(Level.APPLICATION, "an overlay"))
    owner = Watcher(stage, stage.owner.grant)
    await stage.perform()
    stage.clock.advance(PAUSE_S)
    await owner.next()
    assert watcher.told.empty()
    for ask in (lambda: watcher.client.call(keys.ACTION_RUNS, "{}"), lambda: watcher.client.put("action/ev/run", "{}")):
        with pytest.raises(NotPermitted):
            await ask()
    with pytest.raises(NotPermitted):
        watcher.client.get(keys.ACTION_RUN_CHANGED)


async def test_large_things_are_cut(stage: Stage) -> None:
    large = "x" * 10_000
    arguments = {"text": large, "object": {"a": large}, "short": {"a": [1]}, "n": 5, large: 1}
    run = await last_run(stage, step("log", message=large), args=arguments)
    assert run["args"]["text"] == "x" * MAX_CHARACTERS + "…"
    assert run["args"]["object"] == '{"a":"' + "x" * (MAX_CHARACTERS - 6) + "…"
    assert run["args"]["short"] == {"a": [1]}
    assert run["args"]["n"] == 5
    assert run["steps"][0]["detail"] == "x" * MAX_CHARACTERS + "…"
    assert max(map(len, run["args"])) == MAX_CHARACTERS + 1
    many = await last_run(stage, args={str(number): number for number in range(MAX_ARGUMENTS + 50)})
    assert len(many["args"]) == MAX_ARGUMENTS


async def test_of_many_steps_the_last_are_remembered(stage: Stage) -> None:
    run = await last_run(stage, *[step("setArgument", name="x", value=1)] * (MAX_STEPS + 5))
    assert [one["index"] for one in run["steps"]] == list(range(5, MAX_STEPS + 5))


async def test_the_latest_runs_are_listed_newest_first(stage: Stage) -> None:
    await stage.put(ONE)
    ids = []
    for _ in range(MAX_RUNS + 5):
        ids.append((await stage.run({"id": ONE}))["runningActionId"])
        await stage.until("Raw/ActionCompleted")
    assert [run["id"] for run in await runs_of(stage)] == ids[: -100 - 1 : -1]
    assert [run["id"] for run in await runs_of(stage, limit=MAX_RUNS)] == ids[:4:-1]
    assert [run["id"] for run in await runs_of(stage, limit=1)] == ids[-1:]


async def test_a_storm_of_runs_tells_only_of_those_that_are_remembered(stage: Stage) -> None:
    watcher = Watcher(stage, stage.owner.grant)
    await stage.put(ONE, steps=[step("delay", ms=50)])
    for _ in range(MAX_RUNS + 50):
        await stage.run({"id": ONE})
    for _ in range(MAX_RUNS + 50):
        await stage.until("Raw/SubAction")
    stage.clock.advance(0.05)
    for _ in range(MAX_RUNS + 50):
        await stage.until("Raw/ActionCompleted")
    for before in range(0, MAX_RUNS, MAX_TOLD):
        assert watcher.told.qsize() == before
        stage.clock.advance(PAUSE_S)
    told = [watcher.told.get_nowait() for _ in range(watcher.told.qsize())]
    assert told[::-1] == await runs_of(stage, limit=MAX_RUNS)
    assert {run["state"] for run in told} == {"done"}


@pytest.mark.parametrize("request_", [{"limit": 0}, {"limit": MAX_RUNS + 1}, {"limit": "1"}, [], "x"])
async def test_a_limit_that_makes_no_sense_is_refused(stage: Stage, request_: object) -> None:
    reason = await stage.refused(keys.ACTION_RUNS, request_)
    assert reason == f"Invalid parameter: limit, a number from 1 to {MAX_RUNS}"


async def test_without_a_request_the_limit_is_its_default(stage: Stage) -> None:
    assert decode(await stage.owner.call(keys.ACTION_RUNS, "")) == await stage.ask(keys.ACTION_RUNS, None) == []


async def test_a_run_that_closing_ends_is_told_as_failed(stage: Stage) -> None:
    await stage.put(ONE, steps=[step("delay", ms=1000)])
    await stage.run({"id": ONE})
    await stage.until("Raw/SubAction")
    history = stage.actions._runner.history
    await stage.actions.close()
    (record,) = history.latest(1)
    assert (record.state, record.problem) == ("failed", "stagedoor has closed")
