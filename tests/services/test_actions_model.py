"""The service of actions under whatever anybody may write."""

import asyncio
import string
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stagedoor import keys
from stagedoor.errors import RequestFailed
from stagedoor.hub import MemoryStore
from stagedoor.services.actions import ActionBroken, read_action
from tests.services.test_actions import ONE, Stage, encode, new_stage
from tests.services.test_actions_schema import problems_of_action

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3),
    max_leaves=8,
)
TEXTS = st.text(max_size=6) | st.sampled_from(["%x%", "~x~", "%actionName%", "x/@y", "twitch"])

STEPS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "setArgument": {"name": TEXTS, "value": json_values | TEXTS, "autoType": st.booleans()},
    "setGlobal": {"name": TEXTS, "value": json_values, "mode": st.sampled_from(["set", "increment"])},
    "triggerCustomEvent": {"eventName": TEXTS, "useArguments": st.booleans()},
    "broadcast": {"json": json_values | TEXTS},
    "sendMessage": {"platform": TEXTS, "message": TEXTS},
    "emitEvent": {"eventSource": TEXTS, "eventType": TEXTS, "data": st.dictionaries(TEXTS, json_values, max_size=2)},
    "setKey": {"key": TEXTS.map(lambda text: f"overlay/{text}"), "value": json_values | TEXTS},
    "log": {"message": TEXTS},
}
steps = st.one_of(
    [st.fixed_dictionaries({"type": st.just(type_), **parameters}) for type_, parameters in STEPS.items()]
)
likely_actions = st.fixed_dictionaries(
    {"name": TEXTS},
    optional={
        "steps": st.lists(steps | json_values, max_size=4),
        "triggers": st.lists(st.just({"type": "customEvent"}) | json_values, max_size=2),
        "enabled": st.booleans() | json_values,
        "group": TEXTS | json_values,
    },
)
valid_actions = st.fixed_dictionaries(
    {"name": st.text(min_size=1, max_size=6), "steps": st.lists(steps, max_size=5)},
    optional={"triggers": st.just([{"type": "customEvent"}])},
)
requests = st.fixed_dictionaries(
    {},
    optional={
        "action": json_values | st.fixed_dictionaries({}, optional={"id": st.just(ONE) | TEXTS, "name": TEXTS}),
        "args": json_values,
        "triggerName": json_values,
    },
)
page_requests = json_values | st.fixed_dictionaries(
    {}, optional={"action": likely_actions | json_values, "limit": st.integers() | json_values}
)


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")) | (json_values | likely_actions).map(encode))
def test_reading_gives_an_action_or_says_what_is_wrong(text: str) -> None:
    try:
        action = read_action(ONE, text)
    except ActionBroken as error:
        problem = error.problem
    else:
        assert action.id == ONE
        assert len({step.id for step in action.steps}) == len(action.steps)
        assert read_action(ONE, encode(action)) == action
        return
    assert problem


async def settle(stage: Stage) -> None:
    """Wait for the end of the run of :data:`ONE` that was started last."""
    while (await stage.until("Raw/ActionCompleted"))["actionId"] != ONE:
        pass


@given(actions=st.lists(valid_actions | likely_actions, min_size=1, max_size=3), arguments=json_values)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_whatever_an_action_does_the_service_stays(actions: list[Any], arguments: object) -> None:
    async with new_stage(MemoryStore()) as stage:
        for key in (keys.GLOBAL_SET, keys.EMIT, "platform/twitch/@send-message"):
            stage.stand_in(key)
        for place, action in enumerate(actions):
            await stage.owner.put(f"action/{place}", encode(action))
        for place in range(len(actions)):
            try:
                await stage.run({"id": str(place)}, {"x": arguments})
            except RequestFailed:
                continue
            # Every run comes to an end, those that it started included.
            while (await stage.until("Raw/ActionCompleted"))["actionId"] != str(place):
                pass
        stage.heard()
        await stage.put(ONE)
        await stage.run({"id": ONE})
        async with asyncio.timeout(10):
            await settle(stage)


REASONS = {
    "",
    "Action not found",
    "Code trigger not found",
    "Invalid parameter: action",
    "Invalid parameter: args",
    "Invalid parameter: triggerName",
    "Missing parameter: action",
    "Missing parameter: triggerName",
    "Request must be an object",
}


@given(st.lists(st.tuples(st.sampled_from([keys.ACTION_RUN, keys.CODE_TRIGGER_EXECUTE]), requests | json_values)))
@settings(max_examples=60, deadline=None)
async def test_whatever_is_asked_is_answered_or_refused(asked: list[tuple[str, object]]) -> None:
    async with new_stage(MemoryStore()) as stage:
        await stage.put(ONE)
        for key, request in asked:
            reason = ""
            try:
                assert isinstance(await stage.ask(key, request), dict)
            except RequestFailed as error:
                reason = error.reason
            assert reason in REASONS


@given(st.lists(st.sampled_from([keys.ACTION_CHECK, keys.ACTION_RUNS]), max_size=4), st.data())
@settings(max_examples=60, deadline=None)
async def test_whatever_a_page_asks_is_answered_or_refused(asked: list[str], data: st.DataObject) -> None:
    async with new_stage(MemoryStore()) as stage:
        for key in asked:
            value = data.draw(st.text() | page_requests.map(encode))
            try:
                answer = msgspec.json.decode(await stage.owner.call(key, value))
            except RequestFailed as error:
                answer = error.reason.partition(",")[0]
            if key == keys.ACTION_RUNS:
                assert answer in ([], "Invalid parameter: limit")
            else:
                assert answer == "Missing parameter: action" or answer.keys() == {"problem"}


@given(likely_actions | valid_actions)
async def test_the_check_says_what_reading_says(action: dict[str, Any]) -> None:
    async with new_stage(MemoryStore()) as stage:
        await stage.owner.put(f"action/{ONE}", encode(action))
        problem = (await stage.ask(keys.ACTION_CHECK, {"action": action}))["problem"]
        assert await stage.ask(keys.ACTION_PROBLEMS) == ([] if problem is None else [{"id": ONE, "problem": problem}])


@given(likely_actions | valid_actions)
def test_what_is_read_is_valid_by_the_schemas(action: dict[str, Any]) -> None:
    try:
        read_action(ONE, encode(action))
    except ActionBroken:
        return
    assert problems_of_action(action) == []


changes = st.tuples(
    st.sampled_from(["a", "b", "c", "%40d", "x/y", ""]),
    st.none() | st.fixed_dictionaries({"name": st.text(string.ascii_letters, max_size=2)}) | st.just("nonsense"),
)


@given(st.lists(changes, max_size=12), st.booleans())
@settings(max_examples=150, deadline=None)
async def test_the_list_is_what_the_keys_say(written: list[tuple[str, object]], restarts: bool) -> None:
    model: dict[str, str] = {}
    announced: list[str] = []
    async with new_stage(MemoryStore()) as stage:
        for part, action in written:
            await stage.owner.put(f"action/{part}", None if action is None else encode(action))
            id_ = part.replace("%40", "@")
            if part in ("x/y", ""):
                continue
            before = id_ in model
            model.pop(id_, None)
            if isinstance(action, dict) and action["name"]:
                model[id_] = action["name"]
            after = id_ in model
            if before or after:
                kind = "Updated" if before and after else "Added" if after else "Deleted"
                announced.append(f"Application/Action{kind}")
        if restarts:
            await stage.restart()
        listed = await stage.ask(keys.ACTION_LIST)
        assert {one["id"]: one["name"] for one in listed["actions"]} == model
        assert listed["count"] == len(model) == len(listed["actions"])
        names = [one["name"].lower() for one in listed["actions"]]
        assert names == sorted(names)
        assert stage.heard() == announced


def test_an_actions_text_is_not_changed_by_its_keys_order() -> None:
    members = {"steps": [{"message": "a", "type": "log"}], "name": "n"}
    turned = msgspec.json.encode(dict(reversed(members.items()))).decode()
    assert read_action(ONE, encode(members)) == read_action(ONE, turned)
