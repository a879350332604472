"""Every request with every parameter left out, null, of a wrong type, and of a type that converts."""

import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from stagedoor import keys
from stagedoor.hub import LmdbStore, Write
from stagedoor.streamerbot.requests import REQUESTS
from tests.streamerbot.harness import ACTION, Line, Stage

PLATFORMS = ("Twitch", "YouTube", "Trovo", "Kick")

GOOD: dict[str, dict[str, Any]] = {
    "DoAction": {"action": {"id": ACTION}, "args": {"a": 1}},
    "ExecuteCodeTrigger": {"triggerName": "wave", "args": {"a": 1}},
    "GetGlobals": {"persisted": True},
    "GetGlobal": {"variable": "5", "persisted": True},
    **{f"{name}GetUserGlobals": {"variable": "5", "persisted": True} for name in PLATFORMS},
    **{f"{name}GetUserGlobal": {"userId": "5", "variable": "5", "persisted": True} for name in PLATFORMS},
    "SendMessage": {
        "platform": "twitch",
        "message": "5",
        "bot": True,
        "internal": False,
        "replyId": "5",
        "broadcastId": "5",
    },
    "GetUserPronouns": {"platform": "twitch", "userLogin": "5"},
    "Subscribe": {"events": {"Twitch": ["Follow"]}},
    "UnSubscribe": {"events": {"Twitch": ["Follow"]}},
    "GetInfo": {},
    "GetEvents": {},
    "GetActions": {},
    "GetCodeTriggers": {},
    "GetCommands": {},
    "GetBroadcaster": {},
    "GetMonitoredYouTubeBroadcasts": {},
    "TwitchGetEmotes": {},
    "YouTubeGetEmotes": {},
    "GetActiveViewers": {},
    "GetCredits": {},
    "TestCredits": {},
    "ClearCredits": {},
}
"""Each request as it succeeds, with every parameter that it has."""

REQUIRED = {
    ("DoAction", "action"),
    ("ExecuteCodeTrigger", "triggerName"),
    ("GetGlobal", "variable"),
    *((f"{name}GetUserGlobal", "userId") for name in PLATFORMS),
    ("SendMessage", "message"),
    ("GetUserPronouns", "platform"),
    ("GetUserPronouns", "userLogin"),
    ("Subscribe", "events"),
    ("UnSubscribe", "events"),
}

WRONG: dict[str, tuple[Any, ...]] = {
    "text": (True, False, [], ["5"], {}, {"a": 5}),
    "flag": ("", "yes", "1", 2, -1, 0.5, [], [True], {}),
    "record": ("", "5", 5, 0, True, False, [], [{}], 1.5),
}

CONVERTIBLE: dict[str, tuple[Any, ...]] = {
    "text": (5, 5.0),
    "flag": ("true", "True", "TRUE", 1, 1.0, "false", "False", 0),
    "record": (),
}


def kind_of(value: object) -> str:
    return {str: "text", bool: "flag", dict: "record"}[type(value)]


PARAMETERS = [(request, name, value) for request, members in GOOD.items() for name, value in members.items()]
WRONGS = [(request, name, wrong) for request, name, value in PARAMETERS for wrong in WRONG[kind_of(value)]]
CONVERSIONS = [
    (request, name, other)
    for request, name, value in PARAMETERS
    for other in CONVERTIBLE[kind_of(value)]
    if value in ("5", True, False)
]


def show(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """A connection that may do everything, where there is something to find."""
    stage = Stage(password="secret")
    for store, platform in itertools.product(("persisted", "temporary"), PLATFORMS):
        stage.write(f"global/{store}/5", '{"value":1,"lastWrite":"x"}')
        stage.write(f"user-global/{store}/{platform.lower()}/5/5", '{"value":1,"lastWrite":"x"}')
    line = stage.connect()

    assert (await line.authenticate("secret"))["status"] == "ok"
    yield line
    await stage.close()


def test_the_table_is_complete() -> None:
    assert GOOD.keys() == {*REQUESTS, "Subscribe", "UnSubscribe"}
    assert all(name in GOOD[request] for request, name in REQUIRED)


@pytest.mark.parametrize("request_name", GOOD)
async def test_a_request_succeeds(line: Line, request_name: str) -> None:
    assert (await line.answer(request_name, **GOOD[request_name]))["status"] == "ok"


@pytest.mark.parametrize("request_name", GOOD)
async def test_parameters_that_nobody_knows_are_ignored(line: Line, request_name: str) -> None:
    unknown = {"persistent": 5, "Variable": [], "password": {}, "status": "x", "error": "x", "info": {}, "data": 1}
    answer = await line.answer(request_name, **unknown, **GOOD[request_name])
    assert answer["status"] == "ok"
    assert "error" not in answer
    assert "event" not in answer


@pytest.mark.parametrize(("request_name", "name"), [(request, name) for request, name, _ in PARAMETERS], ids=show)
@pytest.mark.parametrize("kind", ["absent", "null"])
async def test_a_parameter_that_is_not_there(line: Line, request_name: str, name: str, kind: str) -> None:
    parameters = {**GOOD[request_name], name: None}
    if kind == "absent":
        del parameters[name]
    answer = await line.answer(request_name, **parameters)
    if (request_name, name) in REQUIRED:
        assert answer == {"status": "error", "id": "1", "error": f"Missing parameter: {name}"}
    else:
        assert answer["status"] == "ok"


@pytest.mark.parametrize(("request_name", "name", "value"), WRONGS, ids=show)
async def test_a_parameter_of_a_wrong_type(line: Line, request_name: str, name: str, value: object) -> None:
    answer = await line.answer(request_name, **{**GOOD[request_name], name: value})
    word = "Missing" if name == "events" else "Invalid"
    assert answer == {"status": "error", "id": "1", "error": f"{word} parameter: {name}"}
    assert (await line.answer("GetInfo"))["status"] == "ok"


@pytest.mark.parametrize(("request_name", "name", "value"), CONVERSIONS, ids=show)
async def test_a_parameter_of_a_type_that_converts(line: Line, request_name: str, name: str, value: object) -> None:
    answer = await line.answer(request_name, **{**GOOD[request_name], name: value})
    assert answer["status"] == "ok"


@pytest.mark.parametrize("name", ["id", "name"])
@pytest.mark.parametrize("value", [True, [], ["Wave"], {}])
async def test_what_names_an_action_is_text(line: Line, name: str, value: object) -> None:
    assert (await line.answer("DoAction", action={name: value}))["error"] == f"Invalid parameter: action.{name}"


# --- what services are asked --------------------------------------------------------------------------------------


async def asked(line: Line, name: str, **parameters: object) -> tuple[str, dict[str, Any]]:
    assert (await line.answer(name, **parameters))["status"] == "ok"
    return line.stage.asked[-1]


async def test_an_action_is_asked_for_by_what_was_given(line: Line) -> None:
    assert await asked(line, "DoAction", action={"id": ACTION, "name": "", "other": 1}) == (
        keys.ACTION_RUN,
        {"action": {"id": ACTION}},
    )
    assert await asked(line, "DoAction", action={"id": ACTION, "name": "Wave"}, args={"a": [None]}) == (
        keys.ACTION_RUN,
        {"action": {"id": ACTION, "name": "Wave"}, "args": {"a": [None]}},
    )


async def test_a_message_is_said_as_it_is(line: Line) -> None:
    text = '/me says %user% "hi" \n🎥'
    assert await asked(line, "SendMessage", message=text) == (
        "platform/twitch/@send-message",
        {"message": text, "bot": False, "internal": True},
    )
    assert await asked(line, "SendMessage", platform="KICK", message=5, bot="true", internal=0, replyId=7) == (
        "platform/kick/@send-message",
        {"message": "5", "bot": True, "internal": False, "replyId": "7"},
    )
    assert await asked(line, "SendMessage", platform="youtube", message="x", replyId="", broadcastId="b") == (
        "platform/youtube/@send-message",
        {"message": "x", "bot": False, "internal": True, "broadcastId": "b"},
    )


async def test_a_trigger_is_executed_with_its_arguments(line: Line) -> None:
    assert await asked(line, "ExecuteCodeTrigger", triggerName="wave", args={"a": {"b": 1}}) == (
        keys.CODE_TRIGGER_EXECUTE,
        {"triggerName": "wave", "args": {"a": {"b": 1}}},
    )


async def test_pronouns_are_asked_for_by_login(line: Line) -> None:
    assert await asked(line, "GetUserPronouns", platform="TWITCH", userLogin="ann") == (
        keys.PRONOUNS_GET,
        {"platform": "twitch", "userLogin": "ann"},
    )


# --- variables ----------------------------------------------------------------------------------------------------

NAMES = [
    "a",
    "A",
    "ä✓🎥",
    "a b",
    "a/b",
    "@a",
    "a@b",
    "%",
    "%2F",
    "a%2Fb",
    "..",
    ".",
    "<name>",
    '"',
    "x" * 200,
    "0",
    "null",
]


@pytest.mark.parametrize("name", NAMES)
async def test_a_variable_of_any_name_is_found_again(line: Line, name: str) -> None:
    stage = line.stage
    stage.write(f"global/persisted/{keys.segment(name)}", '{"value":{"a":[1]},"lastWrite":"x"}')
    entry = {"name": name, "value": {"a": [1]}, "lastWrite": "x"}
    answer = await line.answer("GetGlobal", variable=name)
    assert answer == {"status": "ok", "id": "1", "variable": entry, "variables": {name: entry}, "count": 1}
    assert (await line.answer("GetGlobals"))["variables"][name] == entry
    stage.write(f"user-global/persisted/kick/{keys.segment(name)}/{keys.segment(name)}", '{"value":1,"lastWrite":"x"}')
    answer = await line.answer("KickGetUserGlobal", userId=name, variable=name)
    assert answer["variable"] == {"name": name, "value": 1, "lastWrite": "x"}
    found = (await line.answer("KickGetUserGlobals", variable=name))["variables"]
    assert [one["userId"] for one in found] == [name]


@pytest.mark.parametrize("store", ["memory", "lmdb"])
async def test_a_name_that_no_store_can_hold_is_not_found(store: str, tmp_path: Any) -> None:
    stage = Stage(LmdbStore(tmp_path) if store == "lmdb" else None, mode="off")
    line = stage.connect()
    for name in ("x" * 5000, "\x00", "/" * 500):
        assert (await line.answer("GetGlobal", variable=name))["error"] == "Variable not found"
        assert (await line.answer("KickGetUserGlobal", userId=name))["variables"] == []
    await stage.close()


@pytest.mark.parametrize("store", ["memory", "lmdb"])
async def test_many_variables_are_all_told(store: str, tmp_path: Any) -> None:
    stage = Stage(LmdbStore(tmp_path) if store == "lmdb" else None, mode="off")
    line = stage.connect()
    for number in range(1500):
        await stage.owner.put(f"global/temporary/v{number}", f'{{"value":{number},"lastWrite":"x"}}')
    await stage.owner.put_all(
        [Write(f"global/persisted/v{number}", f'{{"value":{number},"lastWrite":"x"}}') for number in range(1500)]
    )
    for persisted in (True, False):
        answer = await line.answer("GetGlobals", persisted=persisted)
        assert answer["count"] == 1500
        assert {name: one["value"] for name, one in answer["variables"].items()} == {f"v{n}": n for n in range(1500)}
    await stage.close()
