"""The client's connection, login and requests, against a server that behaves, or misbehaves, as the original does."""

import asyncio
import gc
import inspect
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

import stagedoor.streamerbot as public
from stagedoor.remote import RemoteError
from stagedoor.streamerbot import (
    AccessRevoked,
    Client,
    ClientClosed,
    ConnectFailed,
    ConnectionLost,
    InvalidAnswer,
    LoginFailed,
    NotPermitted,
    PasswordRefused,
    PasswordRequired,
    Reconnect,
    RequestRefused,
    RequestTimeout,
    ResponseTimeout,
    State,
    StreamerbotError,
)
from stagedoor.streamerbot.client import errors
from stagedoor.streamerbot.client.client import ClientOptions
from stagedoor.streamerbot.client.login import solve
from tests.streamerbot.client_harness import AT_ONCE, SHORT_S, Heard, States, begin, connect, hold
from tests.streamerbot.fake_original import ACTION_ID, CHALLENGE, INFO, SALT, FakeConnection, FakeOriginal, Message


@pytest.fixture(autouse=True)
def _nothing_is_left_to_asyncio(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail when asyncio reports what nobody else did, such as the error of a task that nobody awaited."""
    yield
    gc.collect()
    reports = [record for when in ("call", "teardown") for record in caplog.get_records(when)]
    assert [record.getMessage() for record in reports if record.name == "asyncio"] == []


@pytest.fixture
async def fake() -> AsyncIterator[FakeOriginal]:
    async with FakeOriginal() as server:
        yield server


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a server without a Hello count as one soon."""
    monkeypatch.setattr("stagedoor.streamerbot.client.login.HELLO_GRACE_S", SHORT_S)


# --- the public face ----------------------------------------------------------------------------------------------


def test_every_public_name_can_be_imported() -> None:
    assert sorted(public.__all__) == public.__all__
    for name in public.__all__:
        assert getattr(public, name).__name__ == name.replace("StreamerbotClient", "Client")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = public.Nonsense  # type: ignore[attr-defined]


def test_the_package_does_not_import_the_client() -> None:
    script = "import sys, stagedoor.streamerbot; print('stagedoor.streamerbot.client' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def test_the_error_tree_names_every_error() -> None:
    classes = [value for value in vars(errors).values() if inspect.isclass(value)]
    names = {cls.__name__ for cls in classes if issubclass(cls, StreamerbotError)}
    assert names <= set(public.__all__)
    assert all(f" {name} " in (errors.__doc__ or "") for name in names)


def test_options_and_constructor_agree() -> None:
    parameters = inspect.signature(Client).parameters
    assert ClientOptions.__annotations__ == {
        name: parameter.annotation for name, parameter in parameters.items() if name != "url"
    }


@pytest.mark.parametrize("url", ["http://localhost:8080/", "localhost:8080", "ws://"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="looks like"):
        Client(url)


def test_the_password_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(Client(password="hunter2"))


async def test_an_endpoint_may_be_left_out(fake: FakeOriginal) -> None:
    async with Client(fake.url.removesuffix("/")) as client:
        assert client.info.version == "1.0.4"


# --- the greeting -------------------------------------------------------------------------------------------------


async def test_the_greeting_tells_what_the_application_is(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _):
        assert (client.info.name, client.info.version, client.info.instance_id) == (
            "Streamer.bot",
            "1.0.4",
            INFO["instanceId"],
        )
        assert client.info.dark_mode
        assert [request["request"] for request in fake.requests_so_far()] == ["GetEvents"]


@pytest.mark.usefixtures("impatient")
async def test_a_server_without_a_greeting_is_asked_what_it_is(fake: FakeOriginal) -> None:
    fake.is_old = True
    async with connect(fake) as (client, _):
        assert client.info.version == "1.0.4"
        assert [request["request"] for request in fake.requests_so_far()] == ["GetInfo", "GetEvents"]


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_knows_no_get_info_is_used_all_the_same(
    fake: FakeOriginal, caplog: pytest.LogCaptureFixture
) -> None:
    fake.is_old = True
    fake.replies["GetInfo"] = lambda connection, request: connection.refuse(request, "no such request")
    async with connect(fake) as (client, _):
        assert client.info.version == ""
        assert await client.get_events()
    assert "no such request" in caplog.text


@pytest.mark.usefixtures("impatient")
async def test_a_greeting_that_comes_late_counts(fake: FakeOriginal) -> None:
    fake.is_old = True
    fake.password = "hunter2"
    fake.replies["GetInfo"] = lambda connection, request: connection.send(fake.hello)
    async with connect(fake, password="hunter2") as (client, _):
        assert client.is_authenticated


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_says_nothing_is_an_error(fake: FakeOriginal) -> None:
    fake.is_old = True
    fake.replies["GetInfo"] = hold
    with pytest.raises(RequestTimeout, match="GetInfo"):
        await Client(fake.url, reconnect=False, timeout_s=SHORT_S).connect()


async def test_a_connection_that_ends_before_the_greeting_is_lost(fake: FakeOriginal) -> None:
    fake.is_old = True
    connecting = await begin(Client(fake.url, reconnect=False).connect())
    (await fake.connections.get()).close(1001, "going")
    with pytest.raises(ConnectionLost, match=r"1001.*going"):
        await connecting


async def test_an_event_before_the_greeting_is_not_taken_for_it(fake: FakeOriginal) -> None:
    fake.is_old = True
    client = Client(fake.url, reconnect=AT_ONCE)
    connecting = await begin(client.connect())
    connection = await fake.connections.get()
    connection.emit("General", "Custom", {"info": "not this"})
    connection.send(fake.hello)
    await connecting
    assert [request["request"] for request in fake.requests_so_far()] == ["GetEvents"]
    await client.close()


# --- login --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "proof"),
    [
        ("streamer-secret", "262TxFgWeMJNEcZWEy56Waei5lLlJp2VloxwqCSqbkY="),
        ("pässwörd✓", "2jUylFSjwnKklUdjF+4P1fzizopPxHZjG1tP9EifWQM="),
    ],
)
async def test_a_challenge_is_solved_as_the_documentation_says(password: str, proof: str) -> None:
    assert solve(password, SALT, CHALLENGE) == proof
    async with FakeOriginal(password) as fake, connect(fake, password=password) as (client, _):
        assert client.is_authenticated
        assert (await fake.next("Authenticate"))["authentication"] == proof


async def test_the_password_is_proved_before_anything_else() -> None:
    async with FakeOriginal("hunter2", is_enforced=True) as fake, connect(fake, password="hunter2") as (client, _):
        assert [request["request"] for request in fake.requests_so_far()] == ["Authenticate", "GetEvents"]
        await client.send_message("twitch", "hello", bot=True, internal=False, reply_id="r")
        assert await fake.next("SendMessage") == {
            "request": "SendMessage",
            "id": "3",
            "platform": "twitch",
            "message": "hello",
            "bot": True,
            "internal": False,
            "replyId": "r",
        }


@pytest.mark.parametrize("reconnect", [False, True])
async def test_a_wrong_password_is_final(reconnect: bool) -> None:
    async with FakeOriginal("hunter2") as fake:
        client = Client(fake.url, password="hunter3", reconnect=reconnect)
        with pytest.raises(PasswordRefused, match="Authentication failed") as caught:
            await client.connect()
        assert isinstance(caught.value, LoginFailed)
        assert isinstance(caught.value.__cause__, RequestRefused)
        assert client.state is State.CLOSED
        assert fake.connections.qsize() == 1


@pytest.mark.parametrize("code", [None, 1000, 1008])
async def test_a_server_that_closes_on_a_wrong_password_refuses_it(code: int | None) -> None:
    async with FakeOriginal("hunter2") as fake:
        fake.replies["Authenticate"] = lambda connection, _: connection.close(code)
        with pytest.raises(PasswordRefused):
            await Client(fake.url, password="hunter3").connect()


@pytest.mark.parametrize("end", [lambda connection: connection.close(1001), lambda connection: connection.abort()])
async def test_a_connection_that_breaks_at_the_proof_is_tried_again(end: Callable[[FakeConnection], None]) -> None:
    async with FakeOriginal("hunter2") as fake:

        def break_once(connection: FakeConnection, _: Message) -> None:
            del fake.replies["Authenticate"]
            end(connection)

        fake.replies["Authenticate"] = break_once
        reconnect = Reconnect(initial_s=0, from_start=True)
        async with Client(fake.url, password="hunter2", reconnect=reconnect) as client:
            assert client.is_authenticated
            assert fake.connections.qsize() == 2


async def test_without_a_password_a_server_that_does_not_enforce_it_answers() -> None:
    async with FakeOriginal("hunter2") as fake, connect(fake) as (client, _):
        assert not client.is_authenticated
        assert [request["request"] for request in fake.requests_so_far()] == ["GetInfo", "GetEvents"]
        with pytest.raises(RequestRefused, match="SendMessage: Authentication required"):
            await client.send_message("twitch", "hello")


@pytest.mark.parametrize("password", [None, ""])
async def test_without_a_password_a_server_that_enforces_it_ends_the_client(password: str | None) -> None:
    async with FakeOriginal("hunter2", is_enforced=True) as fake:
        with pytest.raises(PasswordRequired, match="the server wants a password"):
            await Client(fake.url, password=password).connect()
        assert fake.connections.qsize() == 1


async def test_a_server_that_says_that_it_wants_a_password_is_quoted() -> None:
    async with FakeOriginal("hunter2") as fake:
        fake.replies["GetInfo"] = lambda connection, request: connection.refuse(request, "Authentication required")
        with pytest.raises(PasswordRequired, match="Authentication required"):
            await Client(fake.url).connect()


async def test_a_password_that_nobody_wants_is_no_obstacle(
    fake: FakeOriginal, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect(fake, password="hunter2") as (client, connection), client.watch("Twitch.Follow") as events:
        assert not client.is_authenticated
        assert client.state is State.CONNECTED
        fake.publish("Twitch", "Follow", {})
        assert (await anext(events)).name == "Twitch.Follow"
        assert fake.live == [connection]
    assert "asks for no password" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("challenge", [{}, {"salt": 1, "challenge": "a"}, "yes", []])
async def test_a_challenge_that_is_none_is_an_error(challenge: object) -> None:
    async with FakeOriginal() as fake:
        fake.is_old = True
        connecting = await begin(Client(fake.url, password="hunter2", reconnect=False).connect())
        (await fake.connections.get()).send({**fake.hello, "authentication": challenge})
        with pytest.raises(InvalidAnswer, match="Hello"):
            await connecting


async def test_a_password_that_changed_ends_everything() -> None:
    async with FakeOriginal("hunter2") as fake:
        states = States()
        async with connect(fake, password="hunter2", on_state=states) as (client, connection):
            fake.password = "hunter3"
            async with client.watch("Twitch.Follow") as events:
                connection.close(1001)
                with pytest.raises(PasswordRefused):
                    await anext(events)
            with pytest.raises(PasswordRefused):
                await client.get_info()
            assert states.seen[-1] is State.CLOSED


# --- requests -----------------------------------------------------------------------------------------------------


async def test_a_refusal_says_what_was_refused_and_why(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _):
        with pytest.raises(RequestRefused) as caught:
            await client.do_action("no such action")
        error = caught.value
        assert (error.text, error.request, error.request_id) == ("Action not found", "DoAction", "2")
        assert str(error) == "DoAction: Action not found"
        assert isinstance(error, RemoteError)


async def test_what_the_owner_does_not_allow_has_its_own_error(fake: FakeOriginal) -> None:
    fake.replies["GetActions"] = lambda connection, request: connection.refuse(request, "Not permitted")
    async with connect(fake) as (client, _):
        with pytest.raises(NotPermitted, match="GetActions: Not permitted"):
            await client.get_actions()


async def test_a_variable_that_may_not_be_seen_is_not_taken_for_an_absent_one(fake: FakeOriginal) -> None:
    fake.replies["GetGlobal"] = lambda connection, request: connection.refuse(request, "Not permitted")
    fake.replies["TwitchGetUserGlobal"] = fake.replies["GetGlobal"]
    async with connect(fake) as (client, _):
        with pytest.raises(NotPermitted):
            await client.get_global("deaths")
        with pytest.raises(NotPermitted):
            await client.get_user_global("twitch", "7", "points")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"status": "error"}, "DoAction: refused without a reason"),
        ({"status": "error", "error": {"code": 5}}, 'DoAction: {"code":5}'),
        ({"status": "failure", "error": "odd"}, "DoAction: odd"),
        ({}, "DoAction: refused without a reason"),
    ],
)
async def test_only_ok_is_a_success(fake: FakeOriginal, answer: Message, text: str) -> None:
    fake.replies["DoAction"] = lambda connection, request: connection.send({"id": request["id"], **answer})
    async with connect(fake) as (client, _):
        with pytest.raises(RequestRefused) as caught:
            await client.do_action("Roll")
        assert str(caught.value) == text


async def test_an_id_that_comes_back_as_a_number_is_known(fake: FakeOriginal) -> None:
    fake.replies["GetInfo"] = lambda connection, request: connection.send_raw(
        b'{"status":"ok","id":%s.0,"info":{"version":"0.1"}}' % request["id"].encode()
    )
    async with connect(fake) as (client, _):
        assert (await client.get_info()).version == "0.1"


async def test_any_request_can_be_made(fake: FakeOriginal) -> None:
    fake.replies["News"] = lambda connection, request: connection.answer(request, you=request["sent"])
    async with connect(fake) as (client, _):
        assert (await client.request("News", {"sent": [1, {"a": None}], "id": "mine"}))["you"] == [1, {"a": None}]


async def test_anything_can_be_sent_and_every_message_seen(fake: FakeOriginal) -> None:
    seen: asyncio.Queue[Message] = asyncio.Queue()
    fake.replies["Odd"] = lambda connection, request: connection.answer(request, odd=True)
    async with connect(fake, on_message=seen.put_nowait) as (client, connection):
        await client.send({"request": "Odd", "id": "mine"})
        while (message := await seen.get()).get("id") != "mine":
            pass
        assert message == {"status": "ok", "id": "mine", "odd": True}
        connection.send({"news": "from a newer server"})
        assert await seen.get() == {"news": "from a newer server"}


async def test_a_failing_message_hook_is_logged(fake: FakeOriginal, caplog: pytest.LogCaptureFixture) -> None:
    def fail(message: Message) -> None:
        raise RuntimeError("hook")

    async with connect(fake, on_message=fail) as (client, _):
        assert (await client.get_info()).name == "Streamer.bot"
    assert "on_message failed" in caplog.text


async def test_thousands_of_requests_in_flight_find_their_answers(fake: FakeOriginal) -> None:
    held: list[Message] = []
    fake.replies["Echo"] = lambda connection, request: held.append(request)
    async with connect(fake) as (client, connection):
        asked = [asyncio.create_task(client.request("Echo", {"number": number})) for number in range(2000)]
        for _ in asked:
            await fake.next("Echo")
        for request in reversed(held):
            connection.answer(request, number=request["number"])
        assert [answer["number"] for answer in await asyncio.gather(*asked)] == list(range(2000))
        assert client.pending_requests == 0


async def test_a_request_without_an_answer_times_out(fake: FakeOriginal) -> None:
    fake.replies["GetActions"] = hold
    async with connect(fake) as (client, _):
        with pytest.raises(RequestTimeout, match="GetActions") as caught:
            await client.request("GetActions", timeout_s=SHORT_S)
        assert isinstance(caught.value, TimeoutError)
        assert client.pending_requests == 0


async def test_a_cancelled_request_leaves_nothing_behind(fake: FakeOriginal) -> None:
    fake.replies["GetActions"] = hold
    async with connect(fake) as (client, connection):
        actions = await begin(client.get_actions())
        request = await fake.next("GetActions")
        actions.cancel()
        await asyncio.wait((actions,))
        assert client.pending_requests == 0
        connection.answer(request, actions=[])
        assert (await client.get_info()).name == "Streamer.bot"


async def test_a_report_that_belongs_to_no_request_fails_none(
    fake: FakeOriginal, caplog: pytest.LogCaptureFixture
) -> None:
    def reply(connection: FakeConnection, request: Message) -> None:
        connection.send({"status": "error", "error": "Invalid JSON"})
        connection.send_raw(b"this is no JSON")
        connection.send({"status": "ok", "id": "sb:client:req:1-2"})
        connection.answer(request, actions=[])

    fake.replies["GetActions"] = reply
    async with connect(fake) as (client, _):
        assert await client.get_actions() == []
    assert "Invalid JSON" in caplog.text
    assert "this is no JSON" in caplog.text


# --- actions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [ACTION_ID, ACTION_ID.upper(), "Roll"])
async def test_an_action_is_run_by_id_or_by_name(fake: FakeOriginal, action: str) -> None:
    fake.replies["DoAction"] = lambda connection, request: connection.answer(request)
    async with connect(fake) as (client, _):
        await client.do_action(action, {"sides": 6})
        request = await fake.next("DoAction")
        assert request["action"] == ({"name": "Roll"} if action == "Roll" else {"id": action})
        assert request["args"] == {"sides": 6}
        await client.do_action_by_name(action)
        assert (await fake.next("DoAction"))["action"] == {"name": action}


async def test_an_action_tells_of_its_run(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _):
        run = await client.do_action("Roll", {"sides": 6})
        assert (run.action_id, run.running_action_id, run.response) == (ACTION_ID, "run-1", None)
        assert run.args["sides"] == 6


async def test_a_fast_action_answers_although_nobody_had_subscribed(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _):
        run = await client.do_action("Roll", wait=True)
        assert run.response == {"rolled": 4}
        assert run.running_action_id == "run-1"
        assert await client.execute_code_trigger("dice", {"sides": 6}, wait=True) == {"rolled": 6}
        assert await client.execute_code_trigger("dice") is None
        names = [request["request"] for request in fake.requests_so_far()]
        assert names[1:] == [
            *("Subscribe", "DoAction", "UnSubscribe"),
            *("Subscribe", "ExecuteCodeTrigger", "UnSubscribe"),
            "ExecuteCodeTrigger",
        ]


async def test_each_action_gets_its_own_answer(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _):
        heard = Heard()
        await client.subscribe("Custom.Event", heard)
        runs = await asyncio.gather(*(client.do_action("Roll", {"number": n}, wait=True) for n in range(5)))
        assert [run.args["number"] for run in runs] == list(range(5))
        assert len({str(run.args["sbClientResponse"]) for run in runs}) == 5
        assert await heard.names(5) == ["Custom.Event"] * 5
        assert "UnSubscribe" not in [request["request"] for request in fake.requests_so_far()]


async def test_an_action_that_does_not_answer_times_out(fake: FakeOriginal) -> None:
    def reply(connection: FakeConnection, request: Message) -> None:
        connection.answer(request)
        fake.publish("Custom", "Event", {"eventName": "another", "args": {}})
        fake.publish("Custom", "Event")

    fake.replies["DoAction"] = reply
    async with connect(fake) as (client, _):
        with pytest.raises(ResponseTimeout, match="DoAction: no custom event 'sb:client:res:") as caught:
            await client.do_action("Roll", wait=True, wait_timeout_s=SHORT_S)
        assert caught.value.event_name.startswith("sb:client:res:")
        await fake.next("UnSubscribe")


async def test_an_action_that_is_refused_is_not_waited_for(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _):
        with pytest.raises(RequestRefused, match="Action not found"):
            await client.do_action("no such action", wait=True)
        await fake.next("UnSubscribe")


async def test_closing_ends_the_wait_for_an_answer(fake: FakeOriginal) -> None:
    fake.replies["DoAction"] = lambda connection, request: connection.answer(request)
    async with connect(fake) as (client, _):
        waiting = await begin(client.do_action("Roll", wait=True))
        await fake.next("DoAction")
        await client.get_info()
        await client.close()
        with pytest.raises(ClientClosed):
            await waiting


# --- connecting, and coming back ----------------------------------------------------------------------------------


async def test_the_client_waits_for_a_server_that_is_not_there_yet(
    fake: FakeOriginal, caplog: pytest.LogCaptureFixture
) -> None:
    await fake.stop()
    states = States()
    client = Client(fake.url, on_state=states)
    connecting = await begin(client.connect())
    await states.reach(State.DISCONNECTED)
    await fake.start()
    await connecting
    assert client.state is State.CONNECTED
    first = next(record for record in caplog.records if "next try" in record.message)
    assert first.levelno == logging.WARNING
    await client.close()


async def test_a_client_that_shall_try_once_does(fake: FakeOriginal) -> None:
    await fake.stop()
    with pytest.raises(ConnectFailed, match=r"cannot connect to ws://127\.0\.0\.1"):
        await Client(fake.url, reconnect=False).connect()
    await fake.start()
    with pytest.raises(ConnectFailed, match="404") as caught:
        await Client(fake.url + "elsewhere", reconnect=Reconnect()).connect()
    assert caught.value.status == 404


async def test_the_client_logs_in_again() -> None:
    async with (
        FakeOriginal("hunter2", is_enforced=True) as fake,
        connect(fake, password="hunter2") as (client, connection),
    ):
        connection.close(1001)
        await fake.connections.get()
        assert (await client.get_info()).version == "1.0.4"
        assert [request["request"] for request in fake.requests_so_far()] == [
            *("Authenticate", "GetEvents"),
            *("Authenticate", "GetEvents", "GetInfo"),
        ]


async def test_a_client_whose_access_was_revoked_does_not_come_back(fake: FakeOriginal) -> None:
    states = States()
    async with connect(fake, on_state=states) as (client, connection):
        connection.close(4011, "revoked in the console")
        await states.reach(State.CLOSED)
        with pytest.raises(AccessRevoked, match="revoked this client's access: revoked in the console"):
            await client.get_info()
        assert State.DISCONNECTED not in states.seen


async def test_a_pending_request_fails_with_the_connection_and_is_not_repeated(fake: FakeOriginal) -> None:
    fake.replies["DoAction"] = lambda connection, request: connection.close(1012, "back soon")
    async with connect(fake) as (client, _):
        with pytest.raises(ConnectionLost, match=r"1012.*back soon"):
            await client.do_action("Roll")
        await client.get_info()
        assert [request["request"] for request in fake.requests_so_far()].count("DoAction") == 1


@pytest.mark.parametrize(("end", "code"), [(lambda c: c.abort(), 1006), (lambda c: c.close(None), 1005)])
async def test_an_end_without_a_code_has_one(
    fake: FakeOriginal, end: Callable[[FakeConnection], None], code: int
) -> None:
    fake.replies["DoAction"] = lambda connection, request: end(connection)
    async with connect(fake) as (client, _):
        with pytest.raises(ConnectionLost) as caught:
            await client.do_action("Roll")
        assert caught.value.close_code == code


async def test_a_request_waits_for_the_connection(fake: FakeOriginal) -> None:
    states = States()
    async with connect(fake, on_state=states) as (client, _):
        await fake.stop()
        await states.reach(State.DISCONNECTED)
        info = await begin(client.get_info())
        sending = await begin(client.send({"request": "Odd", "id": "1"}))
        await fake.start()
        assert (await info).version == "1.0.4"
        await sending
        await fake.next("Odd")


async def test_nothing_waits_for_the_connection_for_ever(fake: FakeOriginal) -> None:
    states = States()
    async with connect(fake, on_state=states, timeout_s=SHORT_S) as (client, _):
        await fake.stop()
        await states.reach(State.DISCONNECTED)
        with pytest.raises(RequestTimeout, match="GetInfo"):
            await client.get_info()
        with pytest.raises(RequestTimeout, match="send"):
            await client.send({})
        with pytest.raises(RequestTimeout, match="Subscribe"):
            await client.subscribe("Twitch.Follow", print)


async def test_closing_fails_what_waits_and_can_be_done_twice(fake: FakeOriginal) -> None:
    fake.replies["GetActions"] = hold
    async with connect(fake) as (client, _):
        waiting: list[asyncio.Task[Any]] = [await begin(client.get_actions()) for _ in range(3)]
        await fake.next("GetActions")
        await client.close()
        for task in waiting:
            with pytest.raises(ClientClosed):
                await task
        assert await fake.closes.get() == 1000
        await client.close()
        for attempt in (client.get_info(), client.send({}), client.subscribe("*", print), client.do_action("Roll")):
            with pytest.raises(ClientClosed):
                await attempt


async def test_a_client_opens_again(fake: FakeOriginal) -> None:
    async with connect(fake) as (client, _):
        await client.close()
        await asyncio.gather(client.connect(), client.connect())
        assert (await client.get_info()).name == "Streamer.bot"
        assert len(fake.live) == 1
