"""Every request to a real server: the services answer in the shapes that clients read."""

import asyncio
from typing import Any

import aiohttp
import msgspec

from stagedoor.kilovolt import Client
from tests.conftest import Server
from tests.net.websocket import TEXT, Raw
from tests.streamerbot.harness import solve

MEMBERS: dict[str, tuple[dict[str, Any], dict[str, type]]] = {
    "GetInfo": ({}, {"info": dict}),
    "GetEvents": ({}, {"events": dict}),
    "GetActions": ({}, {"actions": list, "count": int}),
    "GetBroadcaster": ({}, {"platforms": dict, "connected": list, "disconnected": list}),
    "GetMonitoredYouTubeBroadcasts": ({}, {"broadcasts": list, "count": int}),
    "GetCredits": ({}, dict.fromkeys(("events", "users", "hypeTrain", "top", "groups", "custom"), dict)),
    "TestCredits": ({}, dict.fromkeys(("events", "users", "hypeTrain", "top", "groups", "custom"), dict)),
    "ClearCredits": ({}, {}),
    "GetActiveViewers": ({}, {"viewers": list, "count": int}),
    "GetCodeTriggers": ({}, {"triggers": list, "count": int}),
    "GetCommands": ({}, {"commands": list, "count": int}),
    "TwitchGetEmotes": ({}, {"emotes": dict}),
    "YouTubeGetEmotes": ({}, {"emotes": dict}),
    "GetGlobals": ({"persisted": True}, {"variables": dict, "count": int}),
    "GetGlobal": ({"variable": "score"}, {"variable": dict, "variables": dict, "count": int}),
    "TwitchGetUserGlobals": ({"variable": None}, {"variables": list, "count": int}),
    "TwitchGetUserGlobal": ({"userId": "1", "variable": "coins"}, {"variable": dict, "variables": list, "count": int}),
    "Subscribe": ({"events": "*"}, {"events": dict}),
    "UnSubscribe": ({"events": "*"}, {"events": dict}),
}
"""Parameters, and the members of the answer."""

ERRORS: dict[str, tuple[dict[str, Any], str]] = {
    "DoAction": ({"action": {"name": "nothing"}}, "Action not found"),
    "ExecuteCodeTrigger": ({"triggerName": "nothing"}, "Code trigger not found"),
    "GetGlobal": ({"variable": "nothing"}, "Variable not found"),
    "SendMessage": ({"platform": "kick", "message": "hi"}, "Platform not connected"),
    "GetUserPronouns": ({"platform": "kick", "userLogin": "ann"}, "Invalid platform"),
}


async def ask(raw: Raw, request: str, **parameters: object) -> dict[str, Any]:
    """Make a request and return its answer; events on the way are dropped."""
    raw.send(TEXT, msgspec.json.encode({"request": request, "id": request, **parameters}))
    async with asyncio.timeout(10):
        while (message := await raw.message()).get("id") != request:
            assert "event" in message
    return message


async def hear(raw: Raw) -> dict[str, Any]:
    async with asyncio.timeout(10):
        return await raw.message()


async def enter(server: Server) -> Raw:
    raw = await Raw.open(server.streamerbot_port)
    answer = solve(await raw.message(), server.password)
    assert (await ask(raw, "Authenticate", authentication=answer))["status"] == "ok"
    return raw


async def test_every_request_has_its_members(both_doors: Server) -> None:
    async with Client(both_doors.url, password=both_doors.password) as client:
        await client.call("global/@set", '{"name":"score","value":4}')
        await client.call("global/@set", '{"name":"coins","value":7,"platform":"twitch","userId":"1"}')
    raw = await enter(both_doors)
    for request, (parameters, members) in MEMBERS.items():
        answer = await ask(raw, request, **parameters)
        assert answer["status"] == "ok", (request, answer)
        assert {name: type(answer.get(name)) for name in members} == members, request
    for request, (parameters, problem) in ERRORS.items():
        assert await ask(raw, request, **parameters) == {"status": "error", "id": request, "error": problem}
    await raw.end()


async def test_variables_are_those_that_were_set(both_doors: Server) -> None:
    raw = await enter(both_doors)
    await ask(raw, "Subscribe", events={"Misc": ["*"]})
    async with Client(both_doors.url, password=both_doors.password) as client:
        await client.call("global/@set", '{"name":"a/b","value":4}')
        await client.call("global/@set", '{"name":"a/b","mode":"increment"}')
        heard = [await hear(raw) for _ in range(2)]
        assert [message["event"]["type"] for message in heard] == ["GlobalVariableCreated", "GlobalVariableUpdated"]
        assert heard[1]["data"]["name"] == "a/b"
        assert (heard[1]["data"]["oldValue"], heard[1]["data"]["newValue"]) == (4, 5)
        found = (await ask(raw, "GetGlobal", variable="a/b"))["variable"]
        assert (found["name"], found["value"]) == ("a/b", 5)
        await client.call("global/@delete", '{"name":"a/b"}')
        assert (await hear(raw))["event"] == {"source": "Misc", "type": "GlobalVariableDeleted"}
    assert (await ask(raw, "GetGlobal", variable="a/b"))["error"] == "Variable not found"
    await raw.end()


async def test_an_event_that_is_emitted_is_heard_complete(both_doors: Server) -> None:
    raw = await enter(both_doors)
    await ask(raw, "Subscribe", events={"twitch": ["follow"]})
    async with Client(both_doors.url, password=both_doors.password) as client:
        await client.call("stagedoor/@emit", '{"source":"twitch","type":"FOLLOW","sample":true}')
    message = await hear(raw)
    assert message["event"] == {"source": "Twitch", "type": "Follow"}
    assert message["data"]
    await raw.end()


async def test_the_http_server_answers_the_same(both_doors: Server) -> None:
    raw = await enter(both_doors)
    async with aiohttp.ClientSession(both_doors.http_url) as http:
        for request in ("GetActions", "GetActiveViewers", "GetCommands", "GetBroadcaster", "GetEvents"):
            answer = await ask(raw, request)
            async with http.get(f"/api/{request}") as response:
                assert await response.json() == {
                    name: value for name, value in answer.items() if name not in ("id", "status")
                }
        for path, status in (("ClearCredits", 204), ("ClearFirstWordsCache", 204), ("GetCredits", 200), ("x", 404)):
            async with http.get(f"/api/{path}") as response:
                assert response.status == status
        async with http.get("/TestCredits") as response:
            credits_ = await response.json()
        assert credits_["Events"]["Follows"]
        assert {"Editors", "Moderator", "Subscriber", "VIPs", "Users"} <= credits_["User"].keys()
        async with http.post("/DoAction", json={"action": {"name": "nothing"}}) as response:
            assert (response.status, await response.json()) == (404, {"error": "Action not found"})
    await raw.end()


async def test_an_answer_that_comes_at_once_is_heard(both_doors: Server) -> None:
    """The official client subscribes to the custom event that ends an action only after it has asked for the action."""
    action = {
        "id": "a0ff6f91-a51e-4b7d-948b-5e03ff4a82f0",
        "name": "Answer",
        "steps": [{"type": "triggerCustomEvent", "eventName": "%sbClientResponse%", "useArguments": True}],
    }
    async with Client(both_doors.url, password=both_doors.password) as client:
        await client.set(f"action/{action['id']}", msgspec.json.encode(action).decode())
    raw = await enter(both_doors)
    raw.send(
        TEXT,
        msgspec.json.encode(
            {"request": "DoAction", "id": 1, "action": {"name": "Answer"}, "args": {"sbClientResponse": "res", "a": 1}}
        ),
    )
    raw.send(TEXT, b'{"request":"Subscribe","id":2,"events":{"Custom":["Event"]}}')
    heard = [await hear(raw) for _ in range(3)]
    events = [message["data"] for message in heard if "event" in message]
    assert [event["eventName"] for event in events] == ["res"]
    assert events[0]["args"]["a"] == 1
    assert [message["id"] for message in heard if "id" in message] == [1, 2]
    await raw.end()
