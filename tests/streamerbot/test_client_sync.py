"""The blocking client, run in a thread beside the server's event loop."""

import asyncio
import inspect
import queue
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TypeVar

import pytest

from stagedoor.streamerbot import (
    Client,
    ClientClosed,
    ConnectFailed,
    Event,
    PasswordRefused,
    Reconnect,
    RequestRefused,
    RequestTimeout,
    State,
    SubscriptionOverflow,
    SyncClient,
)
from tests.conftest import Server
from tests.streamerbot.client_harness import SHORT_S, hold
from tests.streamerbot.fake_original import ACTION_ID, FakeOriginal

T = TypeVar("T")

ANSWERS: dict[str, dict[str, object]] = {
    "GetActions": {"actions": [{"id": ACTION_ID, "name": "Roll"}]},
    "GetActiveViewers": {"viewers": [{"login": "a"}]},
    "GetBroadcaster": {"platforms": {}, "connected": ["kick"], "disconnected": []},
    "GetCodeTriggers": {"triggers": [{"eventName": "dice"}]},
    "GetCommands": {"commands": [{"name": "b"}]},
    "GetCredits": {"events": {"follows": ["c"]}},
    "GetMonitoredYouTubeBroadcasts": {"broadcasts": [{"id": "d"}]},
    "GetUserPronouns": {"pronoun": {"pronouns": "(e)"}},
    "TestCredits": {"events": {"follows": ["f"]}},
    "TwitchGetEmotes": {"emotes": {"userEmotes": [{"name": "g"}]}},
}


@pytest.fixture
async def fake() -> AsyncIterator[FakeOriginal]:
    async with FakeOriginal() as server:
        yield server
    for thread in threading.enumerate():
        if thread.name.startswith(("Streamer.bot client", "handler of")):
            await asyncio.to_thread(thread.join, 10)
            assert not thread.is_alive()


async def run(script: Callable[[SyncClient], T], client: SyncClient) -> T:
    """Run ``script`` with an open client in a thread, as the server needs this one."""

    def run_open() -> T:
        with client:
            return script(client)

    return await asyncio.to_thread(run_open)


def test_it_has_every_method_of_the_asynchronous_client() -> None:
    def public(cls: type) -> set[str]:
        return {name for name in dir(cls) if not name.startswith("_")}

    assert public(Client) - {"pending_requests"} <= public(SyncClient)
    for name in sorted(public(Client) & public(SyncClient)):
        theirs, ours = getattr(Client, name), getattr(SyncClient, name)
        if inspect.isfunction(theirs) and name != "watch":
            wanted = [
                (parameter.name, parameter.default) for parameter in inspect.signature(theirs).parameters.values()
            ]
            offered = [(parameter.name, parameter.default) for parameter in inspect.signature(ours).parameters.values()]
            assert wanted == offered, name


async def test_every_request_has_its_method(fake: FakeOriginal) -> None:
    fake.password = "hunter2"
    for name in ANSWERS:
        fake.replies[name] = lambda connection, request: connection.answer(request, **ANSWERS[request["request"]])
    fake.variables["a"] = {"name": "a", "value": 1}
    fake.user_variables.append({"name": "b", "userId": "1", "value": 2, "lastWrite": ""})

    def script(client: SyncClient) -> None:
        assert client.is_authenticated
        assert client.info == client.get_info()
        assert "Twitch" in client.get_events()
        assert client.request("GetInfo")["status"] == "ok"
        client.send({"request": "Odd", "id": "1"})
        assert client.get_broadcaster().connected == ["kick"]
        assert [found.id for found in client.get_monitored_youtube_broadcasts()] == ["d"]
        (action,) = client.get_actions()
        assert client.do_action(action, wait=True).response == {"rolled": 4}
        assert client.do_action_by_name("Roll").action_id == ACTION_ID
        assert client.execute_code_trigger("dice", wait=True) == {"rolled": 6}
        client.send_message("twitch", "hello")
        assert [found.event_name for found in client.get_code_triggers()] == ["dice"]
        assert [found.name for found in client.get_commands()] == ["b"]
        assert [found.name for found in client.get_emotes("twitch").user] == ["g"]
        assert [found.login for found in client.get_active_viewers()] == ["a"]
        assert client.get_user_pronouns("twitch", "a").short == "(e)"
        assert client.get_credits().events == {"follows": ["c"]}
        assert client.test_credits().events == {"follows": ["f"]}
        client.clear_credits()
        assert client.get_global_value("a") == 1
        assert client.get_global("none") is None
        assert list(client.get_globals()) == ["a"]
        assert client.get_user_global_value("twitch", "1", "b") == 2
        assert client.get_user_global("twitch", "1", "none") is None
        assert list(client.get_user_global("twitch", "1")) == ["b"]
        assert [found.value for found in client.get_user_globals("twitch", "b")] == [2]

    await run(script, SyncClient(fake.url, password="hunter2"))


async def test_errors_are_those_of_the_asynchronous_client(fake: FakeOriginal) -> None:
    fake.replies["GetActions"] = hold
    with pytest.raises(RequestRefused, match="Action not found"):
        await run(lambda client: client.do_action("none"), SyncClient(fake.url))
    with pytest.raises(RequestTimeout):
        await run(lambda client: client.request("GetActions", timeout_s=SHORT_S), SyncClient(fake.url))
    fake.password = "hunter2"
    with pytest.raises(PasswordRefused):
        await run(lambda client: client.get_info(), SyncClient(fake.url, password="hunter3"))
    await fake.stop()
    with pytest.raises(ConnectFailed):
        await run(lambda client: client.get_info(), SyncClient(fake.url, reconnect=False))


async def test_a_closed_client_says_so(fake: FakeOriginal) -> None:
    client = SyncClient(fake.url)
    client.close()
    assert await run(lambda client: client.state, client) is State.CONNECTED
    assert client.state is State.CLOSED
    for use in (client.get_info, lambda: client.watch("*"), lambda: client.subscribe("*", print)):
        with pytest.raises(ClientClosed):
            use()
    assert repr(client) == f"<SyncClient {fake.url} closed>"


async def test_a_wait_in_another_thread_ends_with_the_client(fake: FakeOriginal) -> None:
    fake.replies["GetActions"] = hold
    client = SyncClient(fake.url)
    await asyncio.to_thread(client.connect)
    waiting = asyncio.create_task(asyncio.to_thread(client.get_actions))
    await fake.next("GetActions")
    closing = asyncio.create_task(asyncio.to_thread(client.close))
    with pytest.raises(ClientClosed):
        await waiting
    await closing


async def test_events_come_as_a_plain_iteration(fake: FakeOriginal) -> None:
    def script(client: SyncClient) -> list[str]:
        heard = []
        events = client.watch({"Custom": ["Event"]})
        client.do_action("Roll", wait=True)
        client.do_action("Roll", wait=True)
        for event in events:
            heard.append(event.name)
            if len(heard) == 2:
                events.close()
        return heard

    assert await run(script, SyncClient(fake.url)) == ["Custom.Event"] * 2
    await fake.next("UnSubscribe")


async def test_a_watch_can_be_a_block_and_has_a_timeout(fake: FakeOriginal) -> None:
    def script(client: SyncClient) -> None:
        with client.watch("Custom.Event", timeout_s=SHORT_S) as events:
            with pytest.raises(RequestTimeout):
                next(events)
            client.do_action("Roll", wait=True)
            assert next(events).name == "Custom.Event"
        assert list(events) == []

    await run(script, SyncClient(fake.url, reconnect=Reconnect(initial_s=0)))


async def test_a_watch_that_falls_behind_says_so(fake: FakeOriginal) -> None:
    def script(client: SyncClient) -> None:
        events = client.watch("Custom.Event", limit=1)
        client.do_action("Roll", wait=True)
        client.do_action("Roll", wait=True)
        assert next(events).name == "Custom.Event"
        with pytest.raises(SubscriptionOverflow):
            next(events)

    await run(script, SyncClient(fake.url))


async def test_handlers_run_in_a_thread_and_may_use_the_client(fake: FakeOriginal) -> None:
    heard: queue.Queue[tuple[str, str]] = queue.Queue()
    client = SyncClient(fake.url)

    @client.on("Custom.Event")
    def registered(event: Event) -> None:
        heard.put((event.name, client.get_info().name))

    def script(client: SyncClient) -> None:
        client.do_action("Roll", wait=True)
        assert heard.get() == ("Custom.Event", "Streamer.bot")
        client.off("Custom.Event", registered)
        with client.subscribe(["Custom.*"], registered):
            client.do_action("Roll", wait=True)
            assert heard.get() == ("Custom.Event", "Streamer.bot")
        client.on("Custom.Event", registered)
        client.do_action("Roll", wait=True)
        assert heard.get() == ("Custom.Event", "Streamer.bot")

    def once_more(client: SyncClient) -> None:
        client.do_action("Roll", wait=True)
        assert heard.get() == ("Custom.Event", "Streamer.bot")
        client.unsubscribe("Custom.Event")
        client.do_action("Roll", wait=True)

    await run(script, client)
    await run(once_more, client)  # What was registered outlives the closing.
    client.off(handler=registered)
    assert heard.empty()


async def test_a_handler_may_close_the_client(fake: FakeOriginal) -> None:
    closed = threading.Event()

    def script(client: SyncClient) -> None:
        def handler(event: Event) -> None:
            client.close()
            closed.set()

        client.on("Custom.Event", handler)
        with suppress(ClientClosed):  # The handler may be faster than the answer.
            client.do_action("Roll", wait=True)
        closed.wait()
        with pytest.raises(ClientClosed):
            client.get_info()

    await run(script, SyncClient(fake.url))


async def test_a_script_works_with_our_server(both_doors: Server) -> None:
    def script(client: SyncClient) -> None:
        assert client.is_authenticated
        assert "ChatMessage" in client.get_events()["Twitch"]
        assert client.get_actions() == []
        assert client.get_global("none") is None

    await run(script, SyncClient(both_doors.streamerbot_url, password=both_doors.password))
