"""The service of actions against a real hub: what is stored, asked, run and told."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stagedoor import keys
from stagedoor.access import SERVICE, Client, Grant, Level
from stagedoor.errors import RequestFailed
from stagedoor.hub import Catalogue, Change, Hub, LmdbStore, MemoryStore, Store
from stagedoor.services.actions import Actions
from stagedoor.services.actions.runner import MAX_RUNS
from stagedoor.services.actions.steps import MAX_DEPTH
from stagedoor.types import Key, Value
from tests.kilovolt.harness import FakeClock

PATIENCE_S = 10.0
NOW = 1_767_639_300.5

ONE = "a0ff6f91-a51e-4b7d-948b-5e03ff4a82f0"
TWO = "b0ff6f91-a51e-4b7d-948b-5e03ff4a82f0"


def encode(value: object) -> Value:
    return msgspec.json.encode(value).decode()


def decode(value: Value) -> Any:
    return msgspec.json.decode(value)


class Stage:
    """A hub with the service of actions, and stand-ins for the services that its steps ask."""

    def __init__(self, store: Store) -> None:
        self.hub = Hub(store, Catalogue(keys.SPECS))
        self.clock = FakeClock()
        self.owner = Client(self.hub, SERVICE)
        self.asked: list[tuple[Key, Any]] = []
        """What the stand-ins were asked."""
        self.refuses: set[Key] = set()
        self._heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._listener = Client(self.hub, SERVICE, self._hear)
        self._listener.subscribe_prefix("event/")
        self.actions = self._new_service()

    def _new_service(self) -> Actions:
        application = Client(self.hub, Grant(Level.APPLICATION, "an action"))
        return Actions(Client(self.hub, SERVICE), application, self.clock, now=lambda: NOW)

    def _hear(self, change: Change) -> None:
        self._heard.put_nowait((change.key.removeprefix("event/"), decode(change.value)))

    async def restart(self) -> None:
        await self.actions.close()
        self.actions = self._new_service()
        await self.actions.start()

    async def close(self) -> None:
        await self.actions.close()
        await self.hub.close()

    def stand_in(self, key: Key) -> None:
        """Serve a request that another service owns."""

        async def answer(value: Value) -> Value:
            if key in self.refuses:
                raise RequestFailed("not today")
            self.asked.append((key, decode(value)))
            return "{}"

        self.owner.serve(key, answer)

    # --- actions ---

    async def put(self, id_: str, **members: object) -> None:
        await self.owner.put(f"action/{id_}", encode({"name": id_, **members}))

    async def perform(self, *steps: object, args: object = None) -> Any:
        """Run an action of these steps to its end; returns its ``Raw.ActionCompleted``."""
        await self.put(ONE, name="one", steps=steps)
        await self.run({"id": ONE}, args)
        return await self.until("Raw/ActionCompleted")

    async def ask(self, key: Key, request: object = None) -> Any:
        return decode(await self.owner.call(key, encode(request)))

    async def run(self, action: object, args: object = None) -> Any:
        return await self.ask(keys.ACTION_RUN, {"action": action, "args": args})

    async def refused(self, key: Key, request: object) -> str:
        with pytest.raises(RequestFailed) as caught:
            await self.ask(key, request)
        return caught.value.reason

    # --- events ---

    async def next(self) -> tuple[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            return await self._heard.get()

    async def until(self, name: str) -> Any:
        """Skip events up to one of this name; returns its data."""
        while True:
            found, data = await self.next()
            if found == name:
                return data

    def heard(self) -> list[str]:
        """Take the names of the events that have come so far."""
        return [self._heard.get_nowait()[0] for _ in range(self._heard.qsize())]


@asynccontextmanager
async def new_stage(store: Store) -> AsyncIterator[Stage]:
    stage = Stage(store)
    await stage.actions.start()
    yield stage
    await stage.close()


@pytest.fixture(params=["memory", "lmdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MemoryStore() if request.param == "memory" else LmdbStore(tmp_path / "store")


@pytest.fixture
async def stage(store: Store) -> AsyncIterator[Stage]:
    async with new_stage(store) as stage:
        yield stage


def step(type_: str, **parameters: object) -> dict[str, object]:
    return {"type": type_, **parameters}


def arguments_of(completed: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a run but for those that each has."""
    own = {"actionId", "actionName", "runningActionId", "actionQueuedAt", "eventSource", "__source"}
    return {name: value for name, value in completed["arguments"].items() if name not in own}


# --- what there is ---


async def test_actions_are_listed_as_get_actions_answers(stage: Stage) -> None:
    await stage.put(TWO, name="beta", group="Alerts", enabled=False, triggers=[step("customEvent")])
    await stage.put(ONE, name="Alpha", steps=[step("log", message="a"), step("log", message="b", enabled=False)])
    assert await stage.ask(keys.ACTION_LIST) == {
        "actions": [
            {
                "id": ONE,
                "name": "Alpha",
                "group": "None",
                "enabled": True,
                "subaction_count": 2,
                "trigger_count": 0,
            },
            {
                "id": TWO,
                "name": "beta",
                "group": "Alerts",
                "enabled": False,
                "subaction_count": 0,
                "trigger_count": 1,
            },
        ],
        "count": 2,
    }


async def test_stored_actions_are_there_after_a_restart_and_are_not_announced(stage: Stage) -> None:
    await stage.put(ONE)
    assert stage.heard() == ["Application/ActionAdded"]
    await stage.restart()
    assert (await stage.ask(keys.ACTION_LIST))["count"] == 1
    assert stage.heard() == []


async def test_changes_of_actions_are_announced(stage: Stage) -> None:
    await stage.put(ONE, name="first", group="G")
    await stage.put(ONE, name="second", enabled=False)
    await stage.owner.put(f"action/{ONE}", None)
    await stage.owner.put(f"action/{ONE}", None)
    assert [await stage.next() for _ in range(3)] == [
        ("Application/ActionAdded", {"id": ONE, "name": "first", "group": "G", "enabled": True}),
        ("Application/ActionUpdated", {"id": ONE, "name": "second", "group": "", "enabled": False}),
        ("Application/ActionDeleted", {"id": ONE, "name": "second", "group": "", "enabled": False}),
    ]
    assert stage.heard() == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "truncated"),
        ("[]", "Expected `object`"),
        ('{"steps": []}', "missing required field `name`"),
        ('{"name": ""}', "name: Expected `str` of length >= 1"),
        ('{"name": "a", "stebs": []}', "unknown field `stebs`"),
        ('{"name": "a", "steps": [{"type": "dance"}]}', "steps[0].type: Invalid value 'dance'"),
        ('{"name": "a", "steps": [{"type": "delay", "ms": -1}]}', "steps[0].ms: Expected `int` >= 0"),
        (
            '{"name": "a", "steps": [{"type": "delay", "ms": 2, "randomTo": 1}]}',
            "steps[0]: `randomTo` is less than `ms`",
        ),
        ('{"name": "a", "steps": [{"type": "broadcast"}]}', "needs either `json` or `text`"),
        ('{"name": "a", "steps": [{"type": "setGlobal", "name": "x"}]}', "`value` is missing"),
        (
            '{"name": "a", "steps": [{"type": "setGlobal", "name": "x", "value": 1, "platform": "kick"}]}',
            "`platform` and `userId` belong together",
        ),
        ('{"name": "a", "triggers": [{"type": "codeTrigger", "eventName": ""}]}', "triggers[0].eventName: Expected"),
        (
            '{"name": "a", "steps": [{"type": "setArgument", "name": "x", "value": ' + "[" * 70 + "]" * 70 + "}]}",
            "nests",
        ),
        ("[" * 100_000, "nests"),
    ],
)
async def test_a_broken_action_is_named_and_stops_no_other(
    stage: Stage, caplog: pytest.LogCaptureFixture, text: str, problem: str
) -> None:
    await stage.put(ONE, name="fine")
    await stage.owner.put(f"action/{TWO}", text)
    assert problem in caplog.text
    assert TWO in caplog.text
    assert [one["id"] for one in (await stage.ask(keys.ACTION_LIST))["actions"]] == [ONE]
    assert problem in await stage.refused(keys.ACTION_RUN, {"action": {"id": TWO}})
    ((listed),) = await stage.ask(keys.ACTION_PROBLEMS)
    assert listed["id"] == TWO
    assert problem in listed["problem"]
    await stage.run({"name": "fine"})
    assert (await stage.until("Raw/ActionCompleted"))["success"]


async def test_an_action_can_be_checked_before_it_is_written(stage: Stage) -> None:
    async def check(text: Value) -> object:
        return decode(await stage.owner.call(keys.ACTION_CHECK, '{"action":' + text + "}"))["problem"]

    assert await check('{"name": "a", "steps": [{"type": "log", "message": "%x%"}]}') is None
    problem = await check('{"name": "a", "steps": [{"type": "log", "message": ""}, {"type": "setKey", "key": 1}]}')
    assert problem == "steps[1].key: Expected `str`, got `int`"
    assert await check('{"steps": []}') == "Object missing required field `name`"
    assert await check("null") == "Expected `object`, got `null`"
    assert await check(
        '{"name": "a", "steps": [{"type": "setKey", "key": "k", "value": ' + "[" * 70 + "]" * 70 + "}]}"
    ) == ("it nests more than 64 levels")
    assert (await stage.ask(keys.ACTION_LIST))["count"] == 0
    requests: list[object] = [{}, [], {"steps": []}]
    for request in requests:
        assert await stage.refused(keys.ACTION_CHECK, request) == "Missing parameter: action"


async def test_an_action_that_is_mended_is_no_problem_any_more(stage: Stage) -> None:
    await stage.owner.put(f"action/{TWO}", "{}")
    await stage.owner.put(f"action/{ONE}", "")
    assert [one["id"] for one in await stage.ask(keys.ACTION_PROBLEMS)] == [ONE, TWO]
    await stage.put(ONE)
    await stage.owner.put(f"action/{TWO}", None)
    assert await stage.ask(keys.ACTION_PROBLEMS) == []


async def test_an_action_that_breaks_is_gone_until_it_is_mended(stage: Stage) -> None:
    await stage.put(ONE)
    await stage.owner.put(f"action/{ONE}", "?")
    await stage.put(ONE)
    assert stage.heard() == ["Application/ActionAdded", "Application/ActionDeleted", "Application/ActionAdded"]


async def test_a_key_below_an_action_is_none(stage: Stage) -> None:
    await stage.owner.put("action/a/b", encode({"name": "a"}))
    await stage.owner.put("action/", encode({"name": "a"}))
    assert (await stage.ask(keys.ACTION_LIST))["count"] == 0


async def test_commands_are_listed_with_their_defaults(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.owner.put(
        "command/c2", encode({"name": "Queue", "group": "Games", "commands": ["!q"], "sources": 5, "mode": "Basic"})
    )
    await stage.owner.put("command/c1", encode({"name": "hug", "id": "another", "enabled": False}))
    await stage.owner.put("command/c3", "nonsense")
    common = {"caseSensitive": False, "ignoreInternal": True, "ignoreBotAccount": True}
    assert await stage.ask(keys.COMMAND_LIST) == {
        "commands": [
            {"id": "c1", "enabled": False, "name": "hug", "group": None, "commands": [], "sources": 1, **common},
            {
                "id": "c2",
                "enabled": True,
                "name": "Queue",
                "group": "Games",
                "commands": ["!q"],
                "sources": 5,
                **common,
            },
        ],
        "count": 2,
    }
    assert "command/c3" in caplog.text


async def test_the_chat_bots_commands_are_listed_too(stage: Stage) -> None:
    await stage.owner.put("command/c1", encode({"name": "!b"}))
    await stage.owner.put(keys.COMMANDS, encode({"!c": {"enabled": True}, "!a": {}, "!broken": 5}))
    answer = await stage.ask(keys.COMMAND_LIST)
    entries = msgspec.convert(answer["commands"], list[dict[str, object]])
    assert [(entry["name"], entry["enabled"], entry["commands"]) for entry in entries] == [
        ("!a", False, ["!a"]),
        ("!b", True, []),
        ("!c", True, ["!c"]),
    ]
    assert len({entry["id"] for entry in entries}) == 3
    assert await stage.ask(keys.COMMAND_LIST) == answer
    await stage.owner.put(keys.COMMANDS, "nonsense")
    assert (await stage.ask(keys.COMMAND_LIST))["count"] == 1


# --- which action ---


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"id": ONE}, ONE),
        ({"id": ONE.upper(), "name": ""}, ONE),
        ({"id": ONE, "name": "beta"}, ONE),
        ({"id": "", "name": "beta"}, TWO),
        ({"id": "unknown", "name": "beta"}, TWO),
        ({"id": None, "name": "BETA"}, TWO),
        ({"name": "alpha"}, TWO.replace("b", "c")),
        ({"name": "ALPHA"}, ONE),
    ],
)
async def test_an_action_is_found_by_id_then_by_name(stage: Stage, action: object, expected: str) -> None:
    await stage.put(ONE, name="Alpha")
    await stage.put(TWO, name="beta")
    await stage.put(TWO.replace("b", "c"), name="alpha")
    assert (await stage.run(action))["actionId"] == expected


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({}, "Missing parameter: action"),
        ({"action": None}, "Missing parameter: action"),
        ({"action": {}}, "Missing parameter: action"),
        ({"action": {"id": "", "name": ""}}, "Missing parameter: action"),
        ({"action": "one"}, "Invalid parameter: action"),
        ({"action": {"id": 1}}, "Invalid parameter: action"),
        ({"action": {"id": ONE}, "args": []}, "Invalid parameter: args"),
        ({"action": {"id": "none"}}, "Action not found"),
        ({"action": {"name": "none"}}, "Action not found"),
        ({"action": {"name": "off"}}, "Action is disabled"),
        ([], "Request must be an object"),
    ],
)
async def test_a_request_that_cannot_be_met_says_why(stage: Stage, request_: object, reason: str) -> None:
    await stage.put(ONE, name="on")
    await stage.put(TWO, name="off", enabled=False)
    assert await stage.refused(keys.ACTION_RUN, request_) == reason


# --- a run ---


async def test_the_answer_comes_before_the_first_step(stage: Stage) -> None:
    await stage.put(ONE, name="one", steps=[step("broadcast", text="hi")])
    stage.heard()
    answer = await stage.run({"id": ONE}, {"stringArg": "abcdef", "nested": {"a": [1]}})
    assert stage.heard() == []
    assert answer["actionId"] == ONE
    args = answer["args"]
    assert args["runningActionId"] == answer["runningActionId"]
    assert args["stringArg"] == "abcdef"
    assert args["nested"] == {"a": [1]}
    assert (args["actionId"], args["actionName"]) == (ONE, "one")
    assert (args["eventSource"], args["__source"]) == ("General", "GeneralDoAction")
    assert args["actionQueuedAt"].startswith("2026-01-05T")
    assert len(args["actionQueuedAt"]) == len("2026-01-05T20:15:00.1234567+01:00")


async def test_a_run_cannot_be_given_another_identity(stage: Stage) -> None:
    await stage.put(ONE, name="one")
    answer = await stage.run({"id": ONE}, {"actionid": "forged", "ACTIONNAME": "forged"})
    assert "forged" not in encode(answer)


async def test_a_run_tells_its_steps_in_order(stage: Stage) -> None:
    await stage.put(
        ONE,
        name="one",
        steps=[
            step("setArgument", name="x", value="5", id="step-1"),
            step("log", message="skipped", enabled=False),
            step("broadcast", json={"x": "%x%"}),
        ],
    )
    stage.heard()
    run_id = (await stage.run({"id": ONE}, {"userId": "7", "userName": "ada", "user": "Ada", "userType": "twitch"}))[
        "runningActionId"
    ]
    names = ["Raw/Action", "Raw/SubAction", "Raw/SubAction", "General/Custom", "Raw/ActionCompleted"]
    events = [await stage.next() for _ in names]
    assert [name for name, _ in events] == names
    began, first, second, broadcast, ended = (data for _, data in events)
    user = {"id": "7", "name": "ada", "display": "Ada", "type": "twitch", "role": 1, "subscribed": False}
    assert broadcast == {"x": 5}
    assert began["user"] == first["user"] == ended["user"] == user
    assert (began["id"], began["actionId"], began["name"]) == (run_id, ONE, "one")
    assert "x" not in began["arguments"]
    assert (first["id"], first["parentId"], first["parentName"], first["actionId"]) == (run_id, ONE, "one", "step-1")
    assert (first["type"], first["name"]) == (20001, "Set argument")
    assert len(second["actionId"]) == len(ONE)
    assert second["arguments"]["x"] == 5
    assert ended["arguments"]["x"] == 5
    assert ended["success"] is True
    assert ended["excludeFromHistory"] is False
    assert {"duration", "queuedAt", "startedAt", "completedAt"} <= ended.keys()


async def test_a_run_without_a_viewer_names_none(stage: Stage) -> None:
    assert "user" not in await stage.perform()


async def test_a_viewer_is_of_twitch_unless_an_argument_says_otherwise(stage: Stage) -> None:
    assert (await stage.perform(args={"userId": "7", "userName": "ada"}))["user"]["type"] == "twitch"


async def test_a_step_without_an_id_keeps_the_one_that_it_is_given(stage: Stage) -> None:
    await stage.put(ONE, steps=[step("log", message="a")])
    await stage.run({"id": ONE})
    first = (await stage.until("Raw/SubAction"))["actionId"]
    await stage.restart()
    await stage.run({"id": ONE})
    assert (await stage.until("Raw/SubAction"))["actionId"] == first


async def test_a_step_that_fails_ends_its_run(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    ended = await stage.perform(step("setKey", key="k" * 600, value="x"), step("broadcast", text="never"))
    assert ended["success"] is False
    assert "General/Custom" not in stage.heard()
    assert "'one' stopped at the step 'Set key'" in caplog.text


async def test_runs_are_bounded_and_closing_ends_them(stage: Stage) -> None:
    await stage.put(ONE, name="one", steps=[step("delay", ms=1000)])
    for _ in range(MAX_RUNS):
        await stage.run({"id": ONE})
    reason = await stage.refused(keys.ACTION_RUN, {"action": {"id": ONE}})
    assert reason == f"Too many actions are running; the limit is {MAX_RUNS}"
    for _ in range(MAX_RUNS):
        await stage.until("Raw/SubAction")
    stage.clock.advance(1.0)
    for _ in range(MAX_RUNS):
        assert (await stage.until("Raw/ActionCompleted"))["success"]
    await stage.run({"id": ONE})
    await stage.until("Raw/SubAction")
    await stage.actions.close()
    assert (await stage.until("Raw/ActionCompleted"))["success"] is False


async def test_a_delay_lasts_as_long_as_it_says_and_holds_nobody_up(stage: Stage) -> None:
    await stage.put(ONE, name="slow", steps=[step("delay", ms=500), step("broadcast", text="slow")])
    await stage.put(TWO, name="quick", steps=[step("broadcast", text="quick")])
    await stage.run({"id": ONE})
    await stage.until("Raw/SubAction")
    await stage.run({"id": TWO})
    assert await stage.until("General/Custom") == {"data": "quick"}
    await stage.until("Raw/ActionCompleted")
    stage.clock.advance(0.499)
    await asyncio.sleep(0)
    assert stage.heard() == []
    stage.clock.advance(0.001)
    assert await stage.until("General/Custom") == {"data": "slow"}
    assert (await stage.until("Raw/ActionCompleted"))["duration"] == pytest.approx(500)


async def test_a_random_delay_ends_between_its_bounds(stage: Stage) -> None:
    await stage.put(ONE, name="one", steps=[step("delay", ms=100, randomTo=103)])
    durations = set()
    for _ in range(40):
        await stage.run({"id": ONE})
        await stage.until("Raw/SubAction")
        began = stage.clock.time()
        while not stage.heard():
            stage.clock.advance(0.001)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        durations.add(round((stage.clock.time() - began) * 1000))
    assert len(durations) > 1
    assert min(durations) >= 100
    assert max(durations) <= 104


async def test_steps_that_wait_for_nothing_let_others_have_their_turn(stage: Stage) -> None:
    await stage.put(ONE, name="long", steps=[step("setArgument", name="x", value=1)] * 500)
    await stage.put(TWO, name="short")
    await stage.run({"id": ONE})
    await stage.run({"id": TWO})
    assert (await stage.until("Raw/ActionCompleted"))["name"] == "short"


# --- steps ---


@pytest.mark.parametrize(
    ("value", "auto", "expected"),
    [
        ("12", True, 12),
        (" -3 ", True, -3),
        ("1.5", True, 1.5),
        ("TRUE", True, True),
        ("false", True, False),
        ("hello", True, "hello"),
        ("1e999", True, "1e999"),
        ("nan", True, "nan"),
        ("٣", True, "٣"),
        ("9" * 30, True, "9" * 30),
        ("12", False, "12"),
        ({"a": ["%given%"]}, True, {"a": [[1, None]]}),
        ("%given%", False, [1, None]),
        (None, True, None),
    ],
)
async def test_set_argument(stage: Stage, value: object, auto: bool, expected: object) -> None:
    ended = await stage.perform(
        step("setArgument", name="%prefix%x", value=value, autoType=auto), args={"given": [1, None], "prefix": "my"}
    )
    assert arguments_of(ended)["myx"] == expected


async def test_set_global_asks_the_service_of_variables(stage: Stage) -> None:
    stage.stand_in(keys.GLOBAL_SET)
    await stage.perform(
        step("setGlobal", name="last %user%", value="%amount%"),
        step("setGlobal", name="count", mode="increment", persisted=False),
        step("setGlobal", name="count", mode="decrement", value="%typed%"),
        step("setGlobal", name="points", value={"n": 1}, platform="Twitch", userId="%userId%"),
        step("setGlobal", name="points", value=2, platform="kick", userId="8"),
        args={"user": "Ada", "userName": "ada", "userId": "7", "amount": 5, "typed": "3"},
    )
    assert [request for _, request in stage.asked] == [
        {"name": "last Ada", "persisted": True, "mode": "set", "value": 5},
        {"name": "count", "persisted": False, "mode": "increment"},
        {"name": "count", "persisted": True, "mode": "decrement", "value": 3},
        {
            "name": "points",
            "persisted": True,
            "mode": "set",
            "value": {"n": 1},
            "platform": "twitch",
            "userId": "7",
            "userLogin": "ada",
            "userName": "Ada",
        },
        {"name": "points", "persisted": True, "mode": "set", "value": 2, "platform": "kick", "userId": "8"},
    ]


async def test_set_global_that_is_refused_ends_the_run(stage: Stage) -> None:
    stage.stand_in(keys.GLOBAL_SET)
    stage.refuses.add(keys.GLOBAL_SET)
    assert (await stage.perform(step("setGlobal", name="a", value=1)))["success"] is False


async def test_send_message_reaches_the_platform(stage: Stage) -> None:
    stage.stand_in("platform/twitch/@send-message")
    await stage.perform(
        step("sendMessage", platform="Twitch", message="Hello %user%!", bot=True, replyId="%msgId%"),
        step("sendMessage", platform="twitch", message="plain", internal=False, broadcastId="b"),
        args={"user": "Ada", "msgId": "m1"},
    )
    assert [request for _, request in stage.asked] == [
        {"message": "Hello Ada!", "bot": True, "internal": True, "replyId": "m1"},
        {"message": "plain", "bot": False, "internal": False, "broadcastId": "b"},
    ]


@pytest.mark.parametrize("platform", ["youtube", "twitch", "a/@b", "@", ""])
async def test_a_chat_that_cannot_be_reached_does_not_stop_the_show(
    stage: Stage, caplog: pytest.LogCaptureFixture, platform: str
) -> None:
    stage.stand_in("platform/twitch/@send-message")
    stage.refuses.add("platform/twitch/@send-message")
    ended = await stage.perform(
        step("sendMessage", platform="%platform%", message="Hello"),
        step("setArgument", name="after", value=1),
        args={"platform": platform},
    )
    assert ended["success"] is True
    assert ended["arguments"]["after"] == 1
    assert "could not say something" in caplog.text
    assert stage.asked == []


async def test_emit_event_asks_for_completion(stage: Stage) -> None:
    stage.stand_in(keys.EMIT)
    await stage.perform(
        step("emitEvent", eventSource="Twitch", eventType="%kind%", data={"user": {"name": "%user%"}, "n": "%n%"}),
        step("emitEvent", eventSource="Misc", eventType="Test"),
        args={"kind": "Follow", "user": 'A"da', "n": 3},
    )
    assert [request for _, request in stage.asked] == [
        {"source": "Twitch", "type": "Follow", "data": {"user": {"name": 'A"da'}, "n": 3}},
        {"source": "Misc", "type": "Test", "data": {}},
    ]


async def test_set_key_writes_text_as_it_is_and_the_rest_as_json(stage: Stage) -> None:
    await stage.perform(
        step("setKey", key="overlay/title", value="Hello %user%"),
        step("setKey", key="overlay/%user%", value={"name": "%user%", "n": "%n%"}),
        step("setKey", key="overlay/count", value="%n%"),
        args={"user": 'a"/@b', "n": 3},
    )
    assert stage.owner.get("overlay/title") == 'Hello a"/@b'
    assert stage.owner.get('overlay/a"%2F@b') == '{"name":"a\\"/@b","n":3}'
    assert stage.owner.get("overlay/count") == "3"


async def test_a_durable_write_is_finished_before_the_next_step(stage: Stage) -> None:
    changes: list[Key] = []
    listener = Client(stage.hub, SERVICE, lambda change: changes.append(change.key))
    listener.subscribe_prefix("")
    await stage.perform(
        step("setKey", key="a", value="1"), step("broadcast", text="x"), step("setKey", key="b", value="1")
    )
    ours = [key for key in changes if key in ("a", "b", "event/General/Custom")]
    assert ours == ["a", "event/General/Custom", "b"]


@pytest.mark.parametrize(
    "key", ["http/config", "streamerbot/config", "platform/twitch", "stagedoor/@answer-ask", "twitch/auth-keys"]
)
async def test_an_action_cannot_touch_what_is_the_owners(stage: Stage, key: Key) -> None:
    before = stage.owner.get(key)
    ended = await stage.perform(step("setKey", key=key, value="mine now"))
    assert ended["success"] is False
    assert stage.owner.get(key) == before


async def test_what_a_viewer_typed_cannot_choose_another_key(stage: Stage) -> None:
    await stage.put(TWO, name="two")
    stage.heard()
    await stage.perform(step("setKey", key="action/%name%", value={"action": {"name": "two"}}), args={"name": "@run"})
    assert stage.owner.get("action/%40run") != ""
    assert "Raw/Action" not in stage.heard()


async def test_log_writes_one_plain_line(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.perform(
        step("log", message="said: %text%", level="warning"), args={"text": "a\nERROR forged\x1b[31m\u202e"}
    )
    (record,) = [one for one in caplog.records if one.getMessage().startswith("said: ")]
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "said: a ERROR forged [31m "


@pytest.mark.parametrize("value", [{"a": ["%x%"]}, ["%x%"], "%x%", 3, None, True])
async def test_broadcast_of_json(stage: Stage, value: object) -> None:
    await stage.put(ONE, steps=[step("broadcast", json=value)])
    await stage.run({"id": ONE}, {"x": {"deep": 1}})
    expected = decode(encode(value).replace('"%x%"', '{"deep":1}'))
    assert await stage.until("General/Custom") == expected


# --- triggers ---


async def test_a_custom_event_is_told_and_runs_the_actions_that_wait_for_it(stage: Stage) -> None:
    await stage.put(TWO, name="any", triggers=[step("customEvent", id="t1")], steps=[step("broadcast", text="%x%")])
    await stage.put("3", name="named", triggers=[step("customEvent", eventName="Go 1"), step("customEvent")])
    await stage.put("4", name="other", triggers=[step("customEvent", eventName="other")])
    await stage.put("5", name="off", enabled=False, triggers=[step("customEvent")])
    await stage.put("6", name="trigger off", triggers=[step("customEvent", enabled=False)])
    stage.heard()
    await stage.put(ONE, name="one", steps=[step("triggerCustomEvent", eventName="Go %x%", useArguments=True)])
    await stage.run({"id": ONE}, {"x": 1})
    event = await stage.until("Custom/Event")
    assert event["eventName"] == "Go 1"
    assert event["args"]["x"] == 1
    assert event["args"]["actionName"] == "one"
    ended = {}
    for _ in range(3):
        data = await stage.until("Raw/ActionCompleted")
        ended[data["name"]] = data["arguments"]
    assert ended.keys() == {"one", "any", "named"}
    assert ended["any"]["x"] == 1
    assert ended["any"]["__source"] == "CustomEvent"
    assert ended["any"]["triggerId"] == "t1"
    assert ended["any"]["triggerName"] == "Custom Event"
    assert stage.heard() == []


async def test_a_custom_event_keeps_the_arguments_to_itself_unless_told(stage: Stage) -> None:
    await stage.put(TWO, name="two", triggers=[step("customEvent")])
    await stage.put(ONE, name="one", steps=[step("triggerCustomEvent", eventName="%sbClientResponse%")])
    await stage.run({"id": ONE}, {"sbClientResponse": "sb:client:res:1-2", "x": 1})
    assert await stage.until("Custom/Event") == {"eventName": "sb:client:res:1-2", "args": {}}
    ended = [await stage.until("Raw/ActionCompleted") for _ in range(2)]
    assert {data["name"]: "x" in data["arguments"] for data in ended} == {"one": True, "two": False}


async def test_a_circle_of_custom_events_ends(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.put(ONE, triggers=[step("customEvent")], steps=[step("triggerCustomEvent", eventName="again")])
    await stage.run({"id": ONE})
    outcomes = [(await stage.until("Raw/ActionCompleted"))["success"] for _ in range(MAX_DEPTH + 1)]
    assert sorted(outcomes) == [False] + [True] * MAX_DEPTH
    assert "have triggered one another" in caplog.text
    await stage.ask(keys.ACTION_LIST)
    assert stage.heard() == []


async def test_a_circle_that_doubles_ends_at_the_bound(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    again = step("triggerCustomEvent", eventName="again")
    await stage.put(ONE, triggers=[step("customEvent")], steps=[again, again, step("delay", ms=1)])
    await stage.run({"id": ONE})
    async with asyncio.timeout(PATIENCE_S):
        while "Too many actions" not in caplog.text:
            await stage.next()
    await stage.actions.close()


async def test_a_code_trigger_runs_its_actions(stage: Stage) -> None:
    await stage.owner.put("code-trigger/channel%2Fcreated", encode({"name": "Channel Created", "category": "Custom/D"}))
    await stage.owner.put("code-trigger/b", encode({"name": "another", "eventName": "forged"}))
    assert await stage.ask(keys.CODE_TRIGGER_LIST) == {
        "triggers": [
            {"name": "another", "eventName": "b", "category": "Custom"},
            {"name": "Channel Created", "eventName": "channel/created", "category": "Custom/D"},
        ],
        "count": 2,
    }
    await stage.put(ONE, name="one", triggers=[step("codeTrigger", eventName="channel/created")])
    await stage.put(TWO, name="two", triggers=[step("codeTrigger", eventName="b"), step("customEvent")])
    stage.heard()
    request = {"triggerName": "channel/created", "args": {"x": {"y": 1}}}
    assert await stage.ask(keys.CODE_TRIGGER_EXECUTE, request) == {}
    assert await stage.next() == ("Custom/CodeEvent", {"eventName": "channel/created", "args": {"x": {"y": 1}}})
    ended = await stage.until("Raw/ActionCompleted")
    assert ended["name"] == "one"
    assert ended["arguments"]["x"] == {"y": 1}
    assert ended["arguments"]["triggerName"] == "Channel Created"
    assert ended["arguments"]["triggerCategory"] == "Custom/D"
    assert ended["arguments"]["__source"] == "CustomCodeEvent"
    assert stage.heard() == []


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"triggerName": "gone"}, "Code trigger not found"),
        ({"triggerName": "broken"}, "Code trigger not found"),
        ({"triggerName": "never"}, "Code trigger not found"),
        ({"args": {}}, "Missing parameter: triggerName"),
        ({"triggerName": ""}, "Missing parameter: triggerName"),
        ({"triggerName": 1}, "Invalid parameter: triggerName"),
        ({"triggerName": "there", "args": 1}, "Invalid parameter: args"),
    ],
)
async def test_a_code_trigger_that_is_not_registered_is_not_found(stage: Stage, request_: object, reason: str) -> None:
    await stage.owner.put("code-trigger/there", encode({"name": "There"}))
    await stage.owner.put("code-trigger/gone", encode({"name": "Gone"}))
    await stage.owner.put("code-trigger/broken", encode({"name": "Broken"}))
    await stage.owner.put("code-trigger/gone", None)
    await stage.owner.put("code-trigger/broken", "[]")
    assert await stage.refused(keys.CODE_TRIGGER_EXECUTE, request_) == reason
    assert stage.heard() == []
    assert (await stage.ask(keys.CODE_TRIGGER_LIST))["count"] == 1


async def test_a_restore_replaces_the_actions(stage: Stage) -> None:
    await stage.put(ONE, name="old")
    stage.heard()
    await stage.hub.replace_all({f"action/{TWO}": encode({"name": "new"})})
    assert {one["name"] for one in (await stage.ask(keys.ACTION_LIST))["actions"]} == {"new"}
    assert set(stage.heard()) == {"Application/ActionAdded", "Application/ActionDeleted"}


async def test_nothing_is_served_after_the_end(stage: Stage) -> None:
    await stage.actions.close()
    with pytest.raises(Exception, match="nobody serves"):
        await stage.ask(keys.ACTION_LIST)
    await stage.put(ONE)
    await stage.restart()
    assert (await stage.ask(keys.ACTION_LIST))["count"] == 1
