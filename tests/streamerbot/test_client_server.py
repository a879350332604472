"""The client against our own door, in a process of its own."""

import asyncio
from pathlib import Path

import pytest

from stagedoor.kilovolt import Client as KilovoltClient
from stagedoor.streamerbot import (
    AccessRevoked,
    Client,
    Event,
    NotPermitted,
    PasswordRefused,
    PasswordRequired,
    RequestRefused,
    State,
    SyncClient,
)
from tests.conftest import Server
from tests.streamerbot.client_harness import AT_ONCE, Heard, States

ROLL = {
    "name": "Roll",
    "steps": [{"type": "triggerCustomEvent", "eventName": "%sbClientResponse%", "useArguments": True}],
}


def client_of(server: Server) -> Client:
    return Client(server.streamerbot_url, password=server.password, reconnect=AT_ONCE)


def owner_of(server: Server) -> KilovoltClient:
    return KilovoltClient(server.url, token=server.control_token)


async def test_our_door_greets_and_lets_in(both_doors: Server) -> None:
    async with client_of(both_doors) as client:
        assert client.is_authenticated
        assert client.info.source == "websocketServer"
        assert await client.get_info() == client.info
        events = await client.get_events()
        assert "ChatMessage" in events["Twitch"]
        assert events["General"] == ["Custom"]
    with pytest.raises(PasswordRefused):
        await Client(both_doors.streamerbot_url, password="a wrong guess").connect()


async def test_our_door_can_be_enforced(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--streamerbot-auth", "enforced", streamerbot=True)
    await server.start()
    try:
        with pytest.raises(PasswordRequired):
            await Client(server.streamerbot_url).connect()
        async with client_of(server) as client:
            assert client.is_authenticated
    finally:
        await server.stop()


async def test_an_overlay_key_is_a_password_that_lets_look_on(both_doors: Server) -> None:
    states = States()
    async with owner_of(both_doors) as owner:
        await owner.call_json("global/@set", {"name": "deaths", "value": 3})
        wanted = {"name": "overlay", "scopes": ["event:Twitch.*", "read:global/persisted/deaths"]}
        made = await owner.call_json("stagedoor/@make-overlay-key", wanted, dict[str, str])
        assert made is not None
        async with Client(both_doors.streamerbot_url, password=made["key"], on_state=states) as client:
            assert client.is_authenticated
            assert await client.get_global_value("deaths") == 3
            with pytest.raises(NotPermitted):
                await client.get_global("other")
            with pytest.raises(NotPermitted):
                await client.do_action_by_name("Roll")
            async with client.watch(["Twitch.Follow", "YouTube.Message"]) as events:
                for source, type_ in (("YouTube", "Message"), ("Twitch", "Follow")):
                    await owner.call_json("stagedoor/@emit", {"source": source, "type": type_, "sample": True})
                assert (await anext(events)).name == "Twitch.Follow"
            await owner.call_json("stagedoor/@revoke-overlay-key", {"id": made["id"]})
            await states.reach(State.CLOSED)
            with pytest.raises(AccessRevoked, match="revoked"):
                await client.get_global("deaths")
            assert State.DISCONNECTED not in states.seen
    with pytest.raises(PasswordRefused):
        await Client(both_doors.streamerbot_url, password=made["key"]).connect()


async def test_the_blocking_client_takes_an_overlay_key_too(both_doors: Server) -> None:
    async with owner_of(both_doors) as owner:
        wanted = {"name": "overlay", "scopes": ["event:*"]}
        made = await owner.call_json("stagedoor/@make-overlay-key", wanted, dict[str, str])
        assert made is not None

        def script() -> None:
            with SyncClient(both_doors.streamerbot_url, password=made["key"]) as client:
                assert client.get_globals() == {}
                with pytest.raises(NotPermitted):
                    client.get_global("deaths")

        await asyncio.to_thread(script)


async def test_our_door_answers_every_request(both_doors: Server) -> None:
    async with client_of(both_doors) as client:
        assert await client.get_actions() == []
        assert await client.get_code_triggers() == []
        assert await client.get_commands() == []
        assert await client.get_monitored_youtube_broadcasts() == []
        assert await client.get_active_viewers() == []
        assert (await client.get_broadcaster()).connected == []
        assert (await client.get_credits()).events["follows"] == []
        assert (await client.test_credits()).events["follows"] != []
        await client.clear_credits()
        assert (await client.get_emotes("twitch")).user == []
        assert (await client.get_emotes("youtube")).user == []
        assert await client.get_globals() == {}
        assert await client.get_global("absent") is None
        assert await client.get_user_globals("kick") == []
        assert await client.get_user_global("trovo", "1", "absent") is None
        assert await client.get_user_global("twitch", "1") == {}
        with pytest.raises(RequestRefused):
            await client.send_message("twitch", "nobody is connected")
        with pytest.raises(RequestRefused):
            await client.do_action("no such action")
        with pytest.raises(RequestRefused):
            await client.execute_code_trigger("no such trigger")
        with pytest.raises(RequestRefused, match="NoSuchRequest"):
            await client.request("NoSuchRequest")


async def test_our_door_holds_variables(both_doors: Server) -> None:
    async with client_of(both_doors) as client, owner_of(both_doors) as owner:
        await owner.call_json("global/@set", {"name": "deaths", "value": 3})
        user = {"platform": "twitch", "userId": "1", "userLogin": "a", "userName": "A"}
        await owner.call_json("global/@set", {"name": "tuna", "value": [5], **user})
        assert await client.get_global_value("deaths") == 3
        assert await client.get_global_value("deaths", persisted=False) is None
        tuna = await client.get_user_global("twitch", "1", "tuna")
        assert tuna is not None
        assert (tuna.value, tuna.user_id) == ([5], "1")
        assert tuna.last_write is not None
        assert [entry.user_name for entry in await client.get_user_globals("twitch", "tuna")] == ["A"]


async def test_our_door_sends_events_to_those_who_want_them(both_doors: Server) -> None:
    async with client_of(both_doors) as client, client_of(both_doors) as other, owner_of(both_doors) as owner:
        everything, nothing = Heard(), Heard()
        await client.subscribe("*", everything)
        await other.subscribe("Twitch.Cheer", nothing)
        async with other.watch("general.custom") as customs:
            await owner.call_json("stagedoor/@emit", {"source": "twitch", "type": "follow", "data": {"user_name": "a"}})
            await owner.call_json("stagedoor/@emit", {"source": "General", "type": "Custom", "data": {"n": 1}})
            custom = await anext(customs)
            assert (custom.name, custom.data) == ("General.Custom", {"n": 1})
            assert custom.time is not None
        assert await everything.names(2) == ["Twitch.Follow", "General.Custom"]
        assert nothing.queue.empty()


async def test_our_door_runs_actions_that_answer_at_once(both_doors: Server) -> None:
    async with client_of(both_doors) as client, owner_of(both_doors) as owner:
        await owner.set_json("action/a0ff6f91-a51e-4b7d-948b-5e03ff4a82f0", ROLL)
        (action,) = await client.get_actions()
        assert (action.name, action.enabled, action.subaction_count) == ("Roll", True, 1)
        for target in (action, action.id, "Roll"):
            run = await client.do_action(target, {"sides": 6}, wait=True)
            assert run.response is not None
            assert run.response["sides"] == 6
            assert run.action_id == action.id
            assert run.running_action_id


async def test_a_client_survives_a_restart_of_our_server(both_doors: Server) -> None:
    states = States()
    heard: asyncio.Queue[Event] = asyncio.Queue()
    client = Client(both_doors.streamerbot_url, password=both_doors.password, reconnect=AT_ONCE, on_state=states)
    client.on("Twitch.*", heard.put_nowait)
    async with client:
        await both_doors.restart()
        await states.reach(State.DISCONNECTED)
        await states.reach(State.CONNECTED)
        async with owner_of(both_doors) as owner:
            await owner.call_json("stagedoor/@emit", {"source": "Twitch", "type": "Follow", "sample": True})
        assert (await heard.get()).name == "Twitch.Follow"
