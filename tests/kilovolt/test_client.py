"""The asynchronous client, against a server that misbehaves on demand and against ours."""

import asyncio
import gc
import inspect
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar, Unpack

import msgspec
import pytest
from picows import WSMsgType

import stagedoor.kilovolt as public
from stagedoor.kilovolt import (
    AccessRevoked,
    AskMetadata,
    AskRefused,
    AuthenticationRequired,
    Change,
    Client,
    ClientClosed,
    CommandError,
    ConnectFailed,
    ConnectionLost,
    InvalidAnswer,
    InvalidValue,
    LoginFailed,
    MethodUnavailable,
    NoSuchRequest,
    NotPermitted,
    PasswordRefused,
    Reconnect,
    RequestTimeout,
    State,
    SubscriptionOverflow,
    TokenRefused,
    errors,
)
from stagedoor.kilovolt.client import ClientOptions
from stagedoor.kilovolt.errors import COMMAND_ERRORS
from stagedoor.kilovolt.login import solve
from stagedoor.kilovolt.messages import (
    Authenticate,
    Call,
    ErrorCode,
    Get,
    GetBulk,
    List,
    Login,
    Request,
    Set,
    Subscribe,
    SubscribePrefix,
    Unsubscribe,
    UnsubscribePrefix,
    Version,
)
from tests.conftest import Server
from tests.kilovolt.fake_server import CHALLENGE, SALT, FakeConnection, FakeServer

T = TypeVar("T")

AT_ONCE = Reconnect(initial_s=0)
SHORT_S = 0.02
"""For what must time out; no test asserts how long it took."""


@pytest.fixture(autouse=True)
def _nothing_is_left_to_asyncio(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail when asyncio reports what nobody else did, such as the error of a task that nobody awaited."""
    yield
    gc.collect()
    reports = [record for when in ("call", "teardown") for record in caplog.get_records(when)]
    assert [record.getMessage() for record in reports if record.name == "asyncio"] == []


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@asynccontextmanager
async def connect(fake: FakeServer, **options: Unpack[ClientOptions]) -> AsyncIterator[tuple[Client, FakeConnection]]:
    """Give a client of the fake server, and the server's end of its first connection."""
    options.setdefault("reconnect", AT_ONCE)
    async with Client(fake.url, **options) as client:
        yield client, await fake.connections.get()


def hold(connection: FakeConnection, request: Request) -> None:
    """Reply to a request with nothing."""


def answer(data: object) -> Callable[[FakeConnection, Request], None]:
    return lambda connection, request: connection.answer(request, data)


def refuse(code: str) -> Callable[[FakeConnection, Request], None]:
    return lambda connection, request: connection.refuse(request, code)


class States:
    """Records a client's states, and lets a test wait for one."""

    def __init__(self) -> None:
        self.seen: list[State] = []
        self._queue: asyncio.Queue[State] = asyncio.Queue()

    def __call__(self, state: State) -> None:
        self.seen.append(state)
        self._queue.put_nowait(state)

    async def reach(self, wanted: State) -> None:
        while await self._queue.get() is not wanted:
            pass


async def begin(awaitable: Awaitable[T]) -> asyncio.Task[T]:
    """Start something in a task and let it run until it waits."""

    async def wait() -> T:
        return await awaitable

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    return task


# --- the public face ----------------------------------------------------------------------------------------------


def test_every_public_name_can_be_imported() -> None:
    assert sorted(public.__all__) == public.__all__
    for name in public.__all__:
        assert getattr(public, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = public.Nonsense  # type: ignore[attr-defined]


def test_the_package_does_not_import_the_client() -> None:
    script = "import sys, stagedoor.kilovolt.messages; print('stagedoor.kilovolt.client' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def test_every_error_code_has_its_class() -> None:
    assert set(COMMAND_ERRORS) == set(ErrorCode)
    assert len(set(COMMAND_ERRORS.values())) == len(ErrorCode)


def test_the_error_tree_names_every_error() -> None:
    classes = [value for value in vars(errors).values() if inspect.isclass(value)]
    names = {cls.__name__ for cls in classes if issubclass(cls, errors.KilovoltError)}
    assert names <= set(public.__all__)
    assert all(f" {name} " in (errors.__doc__ or "") for name in names)


def test_options_and_constructor_agree() -> None:
    parameters = inspect.signature(Client).parameters
    assert ClientOptions.__annotations__ == {
        name: parameter.annotation for name, parameter in parameters.items() if name != "url"
    }


def test_an_error_says_what_happened() -> None:
    error = NotPermitted("not permitted", "twitch/secret is the owner's", "kget")
    assert str(error) == "kget: not permitted: twitch/secret is the owner's"


@pytest.mark.parametrize("url", ["http://localhost:4337/ws", "localhost:4337", "ws://"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="looks like"):
        Client(url)


def test_two_ways_to_log_in_are_refused() -> None:
    with pytest.raises(ValueError, match="not several"):
        Client(password="a", token="b")


def test_the_password_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(Client(password="hunter2"))


# --- commands -----------------------------------------------------------------------------------------------------


async def test_commands_read_and_write(fake: FakeServer) -> None:
    async with connect(fake) as (client, _):
        await client.set("a/1", "one")
        await client.set_many({"a/2": "two", "b": "🎥"})
        assert await client.get("a/1") == "one"
        assert await client.get("none") == ""
        assert await client.get_many(["b", "none"]) == {"b": "🎥", "none": ""}
        assert await client.get_all("a/") == {"a/1": "one", "a/2": "two"}
        assert await client.list() == ["a/1", "a/2", "b"]
        assert await client.list("a/") == ["a/1", "a/2"]
        await client.delete("b")
        assert await client.list("b") == []
        assert (await client.uid()).isdigit()


async def test_an_old_server_has_its_version_and_no_features(fake: FakeServer) -> None:
    async with connect(fake) as (client, _):
        assert await client.version() == "v9"
        assert await client.features() == frozenset()


async def test_a_call_brings_the_services_answer(fake: FakeServer) -> None:
    fake.replies[Call] = answer("42")
    async with connect(fake) as (client, _):
        assert await client.call("sum/@add", "40 2") == "42"
        assert await client.call_json("sum/@add", [40, 2], int) == 42


async def test_json_is_typed(fake: FakeServer) -> None:
    class Point(msgspec.Struct):
        x: int

    async with connect(fake) as (client, _):
        await client.set_json("point", Point(1))
        await client.set_many_json({"list": [1, 2], "text": "ü"})
        assert fake.store["point"] == '{"x":1}'
        assert await client.get_json("point", Point) == Point(1)
        assert await client.get_json("point") == {"x": 1}
        assert await client.get_json("list", list[int]) == [1, 2]
        assert await client.get_json("none", Point) is None
        assert await client.get_json("none", Point, Point(0)) == Point(0)
        with pytest.raises(InvalidValue, match="'text' is not what was asked for: Expected `int`"):
            await client.get_json("text", int)


@pytest.mark.parametrize("code", ErrorCode)
async def test_an_error_code_raises_its_class(fake: FakeServer, code: ErrorCode) -> None:
    fake.replies[Get] = refuse(code)
    async with connect(fake) as (client, _):
        with pytest.raises(COMMAND_ERRORS[code]) as caught:
            await client.get("key")
        error = caught.value
        assert (type(error), error.code, error.details, error.command) == (
            COMMAND_ERRORS[code],
            code,
            "because",
            "kget",
        )


async def test_an_unknown_error_code_is_a_plain_command_error(fake: FakeServer) -> None:
    fake.replies[Get] = refuse("server on fire")
    async with connect(fake) as (client, _):
        with pytest.raises(CommandError, match="server on fire") as caught:
            await client.get("key")
        assert type(caught.value) is CommandError


@pytest.mark.parametrize("data", [None, 5, ["a"], {"key": "value"}])
async def test_an_answer_of_a_wrong_form_is_an_error(fake: FakeServer, data: object) -> None:
    fake.replies[Get] = answer(data)
    async with connect(fake) as (client, _):
        with pytest.raises(InvalidAnswer, match="kget"):
            await client.get("key")


async def test_a_wrong_member_of_an_answer_is_an_error(fake: FakeServer) -> None:
    fake.replies |= {List: answer(["a", 1]), GetBulk: answer({"a": None})}
    async with connect(fake) as (client, _):
        with pytest.raises(InvalidAnswer):
            await client.list()
        with pytest.raises(InvalidAnswer):
            await client.get_many(["a"])


async def test_null_is_an_empty_list_or_object(fake: FakeServer) -> None:
    fake.replies |= {List: answer(None), GetBulk: answer(None)}
    async with connect(fake) as (client, _):
        assert await client.list() == []
        assert await client.get_many([]) == {}


async def test_thousands_of_requests_in_flight_find_their_answers(fake: FakeServer) -> None:
    held: list[tuple[FakeConnection, Request]] = []
    fake.replies[Get] = lambda connection, request: held.append((connection, request))
    async with connect(fake) as (client, connection):
        gets = [asyncio.create_task(client.get(str(number))) for number in range(5000)]
        for _ in gets:
            await fake.next(Get)
        assert len({request.request_id for _, request in held}) == 5000
        assert max(len(request.request_id or "") for _, request in held) <= 4
        connection.send(
            *(
                {"type": "response", "ok": True, "request_id": request.request_id, "data": request.data.key}
                for _, request in reversed(held)
                if isinstance(request, Get)
            )
        )
        assert await asyncio.gather(*gets) == [str(number) for number in range(5000)]
        assert client.pending_requests == 0


async def test_a_cancelled_request_leaves_nothing_behind(fake: FakeServer) -> None:
    fake.replies[Get] = hold
    async with connect(fake) as (client, connection):
        get = await begin(client.get("key"))
        request = await fake.next(Get)
        assert client.pending_requests == 1
        get.cancel()
        await asyncio.wait((get,))
        assert client.pending_requests == 0
        connection.answer(request, "too late")
        assert await client.version() == "v9"


async def test_a_request_without_an_answer_times_out(fake: FakeServer) -> None:
    fake.replies[Get] = hold
    async with connect(fake, timeout_s=SHORT_S) as (client, _):
        with pytest.raises(RequestTimeout, match="kget") as caught:
            await client.get("key")
        assert isinstance(caught.value, TimeoutError)
        assert client.pending_requests == 0


async def test_text_that_is_no_unicode_is_not_sent(fake: FakeServer) -> None:
    async with connect(fake) as (client, _):
        with pytest.raises(UnicodeEncodeError):
            await client.set("key", "\ud800")
        assert client.pending_requests == 0
        assert await client.version() == "v9"


async def test_requests_wait_while_the_server_does_not_read(fake: FakeServer) -> None:
    async with connect(fake, timeout_s=0.2) as (client, connection):
        connection.transport.underlying_transport.pause_reading()
        with pytest.raises(RequestTimeout):
            await client.set("large", "x" * 16_000_000)
        small = await begin(client.set("small", "y"))
        assert client.pending_requests == 0
        with pytest.raises(RequestTimeout, match="kset"):
            await small
        connection.transport.underlying_transport.resume_reading()
        connection.abort()


# --- odd servers --------------------------------------------------------------------------------------------------


async def test_joined_messages_are_split(fake: FakeServer) -> None:
    def reply(connection: FakeConnection, request: Request) -> None:
        joined = [
            {"type": "push", "key": "key", "new_value": "a\nb"},
            {"type": "response", "ok": True, "request_id": request.request_id, "data": "c"},
            {"type": "push", "key": "key", "new_value": "d"},
        ]
        connection.send_raw(b"\n" + b"\r\n".join(msgspec.json.encode(message) for message in joined) + b"\n\n")

    fake.replies[Get] = reply
    async with connect(fake) as (client, _), client.watch("key") as changes:
        assert await client.get("key") == "c"
        assert [await anext(changes), await anext(changes)] == [Change("key", "a\nb"), Change("key", "d")]


async def test_fragments_and_binary_frames_are_read(fake: FakeServer) -> None:
    async with connect(fake) as (client, connection), client.watch("key") as changes:
        connection.send_raw(b'{"type":"push","key":"k', fin=False)
        connection.transport.send_ping(b"between")
        connection.send_raw(b'ey","new_value":"', WSMsgType.CONTINUATION, fin=False)
        connection.send_raw('🎥"}'.encode(), WSMsgType.CONTINUATION)
        connection.send_raw(b'{"type":"push","key":"key","new_value":"binary"}', WSMsgType.BINARY)
        assert [(await anext(changes)).value, (await anext(changes)).value] == ["🎥", "binary"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"no JSON",
        b"[]",
        b"null",
        b"{}",
        b'"text"',
        b"\xff\xfe",
        b'{"type":5}',
        b'{"type":"response","request_id":7}',
        b'{"type":"response","ok":true,"data":"out of nowhere"}',
        b'{"type":"response","ok":true,"request_id":"no such id","data":""}',
        b'{"ok":false,"error":"invalid message format","details":"no id"}',
        b'{"type":"push"}',
        b'{"type":"push","key":null,"new_value":null}',
        b'{"type":"party","key":"a"}',
        b'{"type":"hello"}',
        b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda garbage: garbage[:30].decode("latin-1"),
)
async def test_garbage_is_skipped(fake: FakeServer, garbage: bytes) -> None:
    async with connect(fake) as (client, connection):
        connection.send_raw(garbage)
        assert await client.version() == "v9"
        assert fake.live == [connection]


@pytest.mark.parametrize("count", [1, 3], ids=["in one frame", "in fragments"])
async def test_a_message_that_is_too_long_ends_the_connection(fake: FakeServer, count: int) -> None:
    def reply(connection: FakeConnection, request: Request) -> None:
        for number in range(count):
            kind = WSMsgType.CONTINUATION if number else WSMsgType.TEXT
            connection.send_raw(b"x" * (1200 // count), kind, fin=number + 1 == count)

    fake.replies[Get] = reply
    async with connect(fake, max_message_bytes=1000, reconnect=False) as (client, _):
        with pytest.raises(ConnectionLost):
            await client.get("key")
        with pytest.raises(ConnectionLost) as caught:
            await client.get("key")
        assert caught.value.close_code == 1009


@pytest.mark.parametrize(
    "misbehave",
    [
        lambda connection: connection.send_raw(b"{}", rsv1=True),
        lambda connection: connection.send_raw(b"{}", WSMsgType.CONTINUATION),
        lambda connection: (connection.send_raw(b"{", fin=False), connection.send_raw(b"{}")),
    ],
    ids=["reserved bit", "continuation of nothing", "message in a message"],
)
async def test_frames_against_the_rules_end_the_connection(
    fake: FakeServer, misbehave: Callable[[FakeConnection], object]
) -> None:
    fake.replies[Get] = lambda connection, request: misbehave(connection)
    async with connect(fake, reconnect=False) as (client, _):
        with pytest.raises(ConnectionLost):
            await client.get("key")
        with pytest.raises(ConnectionLost) as caught:
            await client.get("key")
        assert caught.value.close_code == 1002


# --- connecting ---------------------------------------------------------------------------------------------------


async def test_a_server_that_is_not_there_is_an_error(fake: FakeServer) -> None:
    await fake.stop()
    client = Client(fake.url)
    with pytest.raises(ConnectFailed, match=r"cannot connect to ws://127\.0\.0\.1"):
        await client.connect()
    assert client.state is State.CLOSED
    await fake.start()
    async with client:
        assert await client.version() == "v9"


async def test_a_refused_upgrade_tells_its_status(fake: FakeServer) -> None:
    with pytest.raises(ConnectFailed, match="404") as caught:
        await Client(fake.url + "/elsewhere").connect()
    assert caught.value.status == 404


@asynccontextmanager
async def raw_server(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"


async def test_a_connection_that_ends_before_the_upgrade_is_an_error() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with raw_server(serve) as url:
        with pytest.raises(ConnectFailed, match="before the upgrade"):
            await Client(url).connect()


async def test_a_server_that_speaks_something_else_is_an_error() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        await reader.read()
        writer.close()

    async with raw_server(serve) as url:
        with pytest.raises(ConnectFailed):
            await Client(url).connect()


async def test_a_redirect_is_not_followed() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/ws\r\n\r\n")
        await reader.read()
        writer.close()

    async with raw_server(serve) as url:
        with pytest.raises(ConnectFailed) as caught:
            await Client(url).connect()
        assert caught.value.status == 302


async def test_a_silent_server_times_out_and_its_connection_is_closed() -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        ended.set()

    async with raw_server(serve) as url:
        with pytest.raises(ConnectFailed, match="no answer within"):
            await Client(url, connect_timeout_s=SHORT_S).connect()
        await ended.wait()


async def test_a_cancelled_connect_leaves_no_connection() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.set()
        await reader.read()
        writer.close()
        ended.set()

    async with raw_server(serve) as url:
        client = Client(url)
        connecting = await begin(client.connect())
        await begun.wait()
        connecting.cancel()
        await asyncio.wait((connecting,))
        await ended.wait()
        assert client.state is State.CLOSED


async def test_connecting_can_wait_for_the_server_to_start(fake: FakeServer) -> None:
    await fake.stop()
    states = States()
    client = Client(fake.url, reconnect=Reconnect(initial_s=0, from_start=True), on_state=states)
    connecting = await begin(client.connect())
    await states.reach(State.DISCONNECTED)
    await fake.start()
    await connecting
    assert client.state is State.CONNECTED
    await client.close()


async def test_closing_says_goodbye_and_can_be_done_twice(fake: FakeServer) -> None:
    client = Client(fake.url)
    await client.close()
    await client.connect()
    await client.close()
    assert await fake.closes.get() == 1000
    await client.close()
    with pytest.raises(ClientClosed):
        await client.get("key")
    with pytest.raises(ClientClosed):
        await client.subscribe("key", print)


async def test_closing_does_not_wait_for_a_server_that_says_nothing(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stagedoor.remote.connection._CLOSE_TIMEOUT_S", SHORT_S)
    async with connect(fake) as (client, connection):
        connection.transport.underlying_transport.pause_reading()
        await client.close()
        connection.transport.underlying_transport.resume_reading()
        await fake.departures.get()


async def test_closing_fails_what_waits(fake: FakeServer) -> None:
    fake.replies[Get] = hold
    async with connect(fake) as (client, _):
        get = await begin(client.get("key"))
        await fake.next(Get)
        await client.close()
        with pytest.raises(ClientClosed):
            await get


async def test_a_client_opens_again(fake: FakeServer) -> None:
    async with connect(fake) as (client, _):
        await client.close()
        await asyncio.gather(client.connect(), client.connect())
        assert await client.version() == "v9"
        assert len(fake.live) == 1


# --- login --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "proof"),
    [
        ("hunter2", "+U6hds31KQ0mDIvOykvCa+GL4z6dUy8QvznC3qr+C3s="),
        ("Pä$$wörd 🎥", "IqS39Lpr3L6fmr674EIbBv0tfLep58zTJn3SkM48LF8="),
    ],
)
def test_a_challenge_is_solved_as_the_protocol_says(password: str, proof: str) -> None:
    assert solve(password, CHALLENGE, SALT) == proof


async def test_a_password_lets_in(fake: FakeServer) -> None:
    fake.password = "hunter2"
    async with connect(fake, password="hunter2") as (client, _):
        assert await client.get("key") == ""
        assert (await fake.next(Authenticate)).data.hash == "+U6hds31KQ0mDIvOykvCa+GL4z6dUy8QvznC3qr+C3s="


async def test_a_wrong_password_is_final(fake: FakeServer) -> None:
    fake.password = "hunter2"
    states = States()
    client = Client(fake.url, password="hunter3", reconnect=Reconnect(from_start=True), on_state=states)
    with pytest.raises(PasswordRefused, match="the login by password failed: authentication failed: wrong hash"):
        await client.connect()
    assert states.seen == [State.CONNECTING, State.CLOSED]
    await fake.departures.get()
    assert fake.live == []


async def test_without_a_login_commands_are_refused(fake: FakeServer) -> None:
    fake.password = "hunter2"
    async with connect(fake) as (client, _):
        with pytest.raises(AuthenticationRequired):
            await client.get("key")


@pytest.mark.parametrize("options", [{"password": ""}, {"token": "t"}, {"ask": AskMetadata()}], ids=str)
async def test_a_server_without_login_lets_everybody_in(fake: FakeServer, options: ClientOptions) -> None:
    async with connect(fake, **options) as (client, _):
        assert await client.get("key") == ""


async def test_an_ask_shows_its_metadata_and_waits_for_the_user(fake: FakeServer) -> None:
    fake.replies[Login] = hold
    ask = AskMetadata(name="Bot", author="Me", icon="https://i", url="https://u", verification_code="0815")
    client = Client(fake.url, ask=ask, timeout_s=SHORT_S)
    connecting = await begin(client.connect())
    request = await fake.next(Login)
    assert request.data == {
        "auth": "ask",
        "name": "Bot",
        "author": "Me",
        "icon": "https://i",
        "url": "https://u",
        "verificationCode": "0815",
    }
    fake.live[0].answer(request)
    await connecting
    assert client.state is State.CONNECTED
    await client.close()


async def test_an_ask_without_metadata_sends_none(fake: FakeServer) -> None:
    async with connect(fake, ask=AskMetadata()):
        assert (await fake.next(Login)).data == {"auth": "ask"}


async def test_an_ask_says_which_scopes_it_needs(fake: FakeServer) -> None:
    fake.replies[Login] = answer({"scopes": ["read:counter/*"]})
    async with connect(fake, ask=AskMetadata(name="Bot", scopes=["write:counter/*", "event:*"])) as (client, _):
        asked = {"auth": "ask", "name": "Bot", "scopes": ["write:counter/*", "event:*"]}
        assert (await fake.next(Login)).data == asked
        assert client.scopes == ("read:counter/*",)


@pytest.mark.parametrize(
    ("told", "scopes"),
    [
        (None, None),
        ({"scopes": ["event:*", "send:twitch"]}, ("event:*", "send:twitch")),
        ({"scopes": []}, ()),
        ({"scopes": None}, None),
        ({"scopes": "event:*"}, None),
        ({"other": 1}, None),
        ("text", None),
    ],
    ids=str,
)
async def test_a_login_tells_what_the_client_may_touch(
    fake: FakeServer, told: object, scopes: tuple[str, ...] | None
) -> None:
    fake.replies[Login] = answer(told)
    async with connect(fake, token="t") as (client, _):
        assert client.scopes == scopes


async def test_a_password_may_be_a_key_of_some_scopes() -> None:
    async with FakeServer("an overlay key") as fake:

        def let_in(connection: FakeConnection, request: Request) -> None:
            connection.is_logged_in = True
            connection.answer(request, {"scopes": ["event:*"]})

        fake.replies[Authenticate] = let_in
        async with connect(fake, password="an overlay key") as (client, _):
            assert client.scopes == ("event:*",)


async def test_scopes_are_those_of_the_last_login(fake: FakeServer) -> None:
    states = States()
    fake.replies[Login] = answer({"scopes": ["event:*"]})
    async with connect(fake, token="t", on_state=states) as (client, connection):
        assert client.scopes == ("event:*",)
        fake.replies[Login] = answer(None)
        connection.close(1001, "the grant was changed")
        await states.reach(State.DISCONNECTED)
        await states.reach(State.CONNECTED)
        assert client.scopes is None


async def test_a_denied_ask_is_final(fake: FakeServer) -> None:
    fake.replies[Login] = refuse(ErrorCode.AUTHENTICATION_FAILED)
    with pytest.raises(AskRefused):
        await Client(fake.url, ask=AskMetadata(name="Bot")).connect()


async def test_an_ask_that_nobody_answers_is_final(fake: FakeServer) -> None:
    fake.replies[Login] = hold
    with pytest.raises(AskRefused, match="nobody answered within"):
        await Client(fake.url, ask=AskMetadata(name="Bot"), ask_timeout_s=SHORT_S).connect()


async def test_a_token_that_an_ask_gave_spares_the_next_one(fake: FakeServer) -> None:
    fake.replies[Login] = answer({"token": "abc"})
    states = States()
    async with connect(fake, ask=AskMetadata(name="Bot"), reconnect=AT_ONCE, on_state=states) as (client, connection):
        assert (await fake.next(Login)).data == {"auth": "ask", "name": "Bot"}
        connection.close(1001)
        assert (await fake.next(Login)).data == {"auth": "token", "token": "abc"}
        assert await client.get("key") == ""


@pytest.mark.skipif(os.name != "posix", reason="cannot exist here: POSIX file modes")
async def test_the_token_of_an_ask_is_kept_for_this_user_alone(fake: FakeServer, tmp_path: Path) -> None:
    fake.replies[Login] = answer({"token": "abc"})
    file = tmp_path / "folder" / "token"
    async with connect(fake, ask=AskMetadata(), token_file=file):
        assert file.read_text() == "abc\n"
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
        assert [path.name for path in file.parent.iterdir()] == ["token"]


async def test_a_kept_token_is_tried_before_the_user_is_asked(fake: FakeServer, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("kept\n")
    fake.replies[Login] = answer(None)
    async with connect(fake, ask=AskMetadata(), token_file=file):
        assert (await fake.next(Login)).data == {"auth": "token", "token": "kept"}
        assert fake.requests_so_far() == []
    assert file.read_text() == "kept\n"


def refuse_tokens(code: ErrorCode, given: object) -> Callable[[FakeConnection, Request], None]:
    """Refuse every token, and answer an ask with what is ``given``."""

    def reply(connection: FakeConnection, request: Request) -> None:
        assert isinstance(request, Login)
        if (request.data or {})["auth"] == "token":
            connection.refuse(request, code)
        else:
            connection.answer(request, given)

    return reply


@pytest.mark.parametrize("code", [ErrorCode.AUTHENTICATION_FAILED, ErrorCode.INVALID_FORMAT, ErrorCode.UNKNOWN_COMMAND])
async def test_a_kept_token_that_is_refused_is_followed_by_an_ask(
    fake: FakeServer, tmp_path: Path, code: ErrorCode
) -> None:
    file = tmp_path / "token"
    file.write_text("old")
    fake.replies[Login] = refuse_tokens(code, {"token": "new"})
    async with connect(fake, ask=AskMetadata(name="Bot"), token_file=file):
        assert (await fake.next(Login)).data == {"auth": "token", "token": "old"}
        assert (await fake.next(Login)).data == {"auth": "ask", "name": "Bot"}
    assert file.read_text() == "new\n"


@pytest.mark.parametrize("given", [None, "text", {}, {"token": 1}, {"token": ""}, {"other": "x"}], ids=str)
async def test_a_refused_token_is_not_tried_again(fake: FakeServer, tmp_path: Path, given: object) -> None:
    file = tmp_path / "token"
    file.write_text("old")
    fake.replies[Login] = refuse_tokens(ErrorCode.AUTHENTICATION_FAILED, given)
    async with connect(fake, ask=AskMetadata(), token_file=file) as (client, _):
        assert await client.get("key") == ""
    assert not file.exists()


async def test_a_token_that_cannot_be_kept_lets_in_all_the_same(
    fake: FakeServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    fake.replies[Login] = answer({"token": "secret"})
    async with connect(fake, ask=AskMetadata(), token_file=tmp_path / "file" / "token") as (client, _):
        assert await client.get("key") == ""
    assert "cannot be kept" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
async def test_a_token_file_without_a_token_is_as_good_as_none(
    fake: FakeServer, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "token").write_bytes(content)
    fake.replies[Login] = answer(None)
    async with connect(fake, ask=AskMetadata(), token_file=tmp_path / "token"):
        assert (await fake.next(Login)).data == {"auth": "ask"}


def test_a_token_file_needs_an_ask(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give the ask, too"):
        Client(token_file=tmp_path / "token")


async def test_a_token_lets_in(fake: FakeServer) -> None:
    fake.replies[Login] = answer(None)
    async with connect(fake, token="abc"):
        assert (await fake.next(Login)).data == {"auth": "token", "token": "abc"}


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (ErrorCode.AUTHENTICATION_FAILED, TokenRefused),
        (ErrorCode.METHOD_NOT_SUPPORTED, MethodUnavailable),
        (ErrorCode.INVALID_FORMAT, MethodUnavailable),
        (ErrorCode.UNKNOWN_COMMAND, MethodUnavailable),
        (ErrorCode.NOT_PERMITTED, LoginFailed),
    ],
)
async def test_a_refused_login_says_what_was_refused(
    fake: FakeServer, code: ErrorCode, error: type[LoginFailed]
) -> None:
    fake.replies[Login] = refuse(code)
    with pytest.raises(error) as caught:
        await Client(fake.url, token="abc").connect()
    assert (type(caught.value), caught.value.code, caught.value.method) == (error, code, "token")


@pytest.mark.parametrize("data", [None, "text", {"challenge": "AA=="}, {"challenge": "%", "salt": "%"}], ids=str)
async def test_a_challenge_that_is_none_is_an_error(fake: FakeServer, data: object) -> None:
    fake.replies[Login] = answer(data)
    with pytest.raises(InvalidAnswer, match="klogin"):
        await Client(fake.url, password="x").connect()


async def test_a_server_that_fails_at_the_login_is_tried_again(fake: FakeServer) -> None:
    def fail_once(connection: FakeConnection, request: Request) -> None:
        fake.replies[Login] = answer(None)
        connection.refuse(request, ErrorCode.SERVER_ERROR)

    fake.replies[Login] = fail_once
    async with Client(fake.url, token="t", reconnect=Reconnect(initial_s=0, from_start=True)) as client:
        assert await client.get("key") == ""


# --- reconnecting -------------------------------------------------------------------------------------------------


async def test_a_pending_request_fails_with_the_connection_and_is_not_repeated(fake: FakeServer) -> None:
    fake.replies[Set] = lambda connection, request: connection.close(1012, "restart")
    async with connect(fake) as (client, _):
        with pytest.raises(ConnectionLost, match=r"close code 1012.*restart") as caught:
            await client.set("counter", "1")
        assert (caught.value.close_code, caught.value.reason) == (1012, "restart")
        assert await client.version() == "v9"
        assert sum(isinstance(request, Set) for request in fake.requests_so_far()) == 1


async def test_an_abrupt_end_has_the_code_1006(fake: FakeServer) -> None:
    fake.replies[Get] = lambda connection, request: connection.abort()
    async with connect(fake) as (client, _):
        with pytest.raises(ConnectionLost) as caught:
            await client.get("key")
        assert caught.value.close_code == 1006


async def test_every_pending_request_fails_with_the_connection(fake: FakeServer) -> None:
    fake.replies[Get] = hold
    async with connect(fake) as (client, connection):
        gets = [asyncio.create_task(client.get("key")) for _ in range(100)]
        for _ in gets:
            await fake.next(Get)
        connection.abort()
        results = await asyncio.gather(*gets, return_exceptions=True)
        assert all(isinstance(result, ConnectionLost) for result in results)
        assert len({id(result) for result in results}) == 100


async def test_a_request_waits_for_the_connection(fake: FakeServer) -> None:
    states = States()
    async with connect(fake, on_state=states) as (client, _):
        await fake.stop()
        await states.reach(State.DISCONNECTED)
        get = await begin(client.get("key"))
        await fake.start()
        assert await get == ""


async def test_a_request_does_not_wait_for_ever(fake: FakeServer) -> None:
    states = States()
    async with connect(fake, on_state=states, timeout_s=SHORT_S) as (client, _):
        await fake.stop()
        await states.reach(State.DISCONNECTED)
        with pytest.raises(RequestTimeout, match="kget"):
            await client.get("key")


async def test_states_tell_the_story(fake: FakeServer) -> None:
    states = States()
    async with connect(fake, on_state=states) as (client, connection):
        connection.abort()
        await states.reach(State.DISCONNECTED)
        await states.reach(State.CONNECTED)
    assert states.seen == [
        State.CONNECTING,
        State.CONNECTED,
        State.DISCONNECTED,
        State.CONNECTING,
        State.CONNECTED,
        State.CLOSED,
    ]
    assert client.state is State.CLOSED


async def test_a_failing_state_hook_is_logged(fake: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    def fail(state: State) -> None:
        raise ZeroDivisionError

    async with connect(fake, on_state=fail) as (client, _):
        assert await client.version() == "v9"
    assert "on_state failed at connected" in caplog.text


async def test_the_client_logs_in_again(fake: FakeServer) -> None:
    fake.password = "hunter2"
    async with connect(fake, password="hunter2") as (client, connection):
        connection.abort()
        await fake.connections.get()
        assert await client.get("key") == ""


async def test_a_password_that_changed_ends_everything(fake: FakeServer) -> None:
    fake.password = "hunter2"
    states = States()
    async with connect(fake, password="hunter2", on_state=states) as (client, connection):
        async with client.watch("key") as changes:
            fake.password = "other"
            connection.abort()
            await states.reach(State.CLOSED)
            with pytest.raises(PasswordRefused):
                await anext(changes)
        for _ in range(2):
            with pytest.raises(PasswordRefused):
                await client.get("key")
        with pytest.raises(PasswordRefused):
            await client.subscribe("key", print)


async def test_a_client_whose_access_was_revoked_does_not_come_back(fake: FakeServer) -> None:
    states = States()
    async with connect(fake, on_state=states) as (client, connection):
        connection.close(4011, "revoked in the console")
        await states.reach(State.CLOSED)
        with pytest.raises(AccessRevoked, match="revoked this client's access: revoked in the console"):
            await client.get("key")
        assert State.DISCONNECTED not in states.seen


async def test_a_client_that_shall_not_reconnect_does_not(fake: FakeServer) -> None:
    states = States()
    async with connect(fake, on_state=states, reconnect=False) as (client, connection):
        get = await begin(client.get("key"))
        connection.close(1001)
        await states.reach(State.CLOSED)
        for request in (get, client.get("key")):
            with pytest.raises(ConnectionLost, match="1001"):
                await request


async def test_a_dead_server_is_noticed() -> None:
    async with FakeServer(answers_pings=False) as fake:
        states = States()
        async with connect(fake, ping_interval_s=SHORT_S, on_state=states):
            await states.reach(State.DISCONNECTED)


def test_delays_grow_to_a_limit() -> None:
    def first(delays: Iterator[float]) -> list[float]:
        return [next(delays) for _ in range(5)]

    options = Reconnect(initial_s=1, factor=3, max_s=20, jitter=0.5)
    assert first(options.delays_s(lambda: 0.0)) == [1, 3, 9, 20, 20]
    assert first(options.delays_s(lambda: 1.0)) == [0.5, 1.5, 4.5, 10, 10]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Reconnect(initial_s=-1),
        lambda: Reconnect(factor=0.5),
        lambda: Reconnect(jitter=2),
        lambda: Reconnect(initial_s=60),
    ],
)
def test_impossible_delays_are_refused(make: Callable[[], Reconnect]) -> None:
    with pytest.raises(ValueError, match="initial_s"):
        make()


# --- subscriptions ------------------------------------------------------------------------------------------------


async def test_a_watch_hears_its_key_only(fake: FakeServer) -> None:
    async with connect(fake) as (client, _), client.watch("a") as changes:
        await client.set_many({"b": "0", "a": "1", "aa": "2"})
        await client.delete("a")
        assert [await anext(changes), await anext(changes)] == [Change("a", "1"), Change("a", "")]


async def test_a_watch_of_a_prefix_hears_all_below(fake: FakeServer) -> None:
    async with connect(fake) as (client, _), client.watch_prefix("a/") as changes:
        await client.set_many({"a": "0", "a/1": "1", "b": "2", "a/2": "3"})
        assert [await anext(changes), await anext(changes)] == [Change("a/1", "1"), Change("a/2", "3")]


async def test_one_push_reaches_every_listener_that_matches(fake: FakeServer) -> None:
    async with (
        connect(fake) as (client, connection),
        client.watch("a/b") as exact,
        client.watch_prefix("a/") as near,
        client.watch_prefix("") as everything,
    ):
        connection.push("a/b", "1")
        for changes in (exact, near, everything):
            assert await anext(changes) == Change("a/b", "1")


async def test_a_topic_is_subscribed_once_and_unsubscribed_once(fake: FakeServer) -> None:
    async with connect(fake) as (client, _):
        async with client.watch("key"), client.watch_prefix("pre/"):
            handles = [await client.subscribe("key", print) for _ in range(3)]
            prefix_handle = await client.subscribe_prefix("pre/", print)
            for handle in handles:
                await handle.cancel()
                await handle.cancel()
            await prefix_handle.cancel()
            await client.version()
            assert [type(request) for request in fake.requests_so_far()] == [Subscribe, SubscribePrefix, Version]
        await client.version()
        assert [type(request) for request in fake.requests_so_far()] == [UnsubscribePrefix, Unsubscribe, Version]


async def test_subscribers_at_the_same_moment_share_one_request(fake: FakeServer) -> None:
    fake.replies[Subscribe] = hold
    async with connect(fake) as (client, connection):
        first = await begin(client.subscribe("key", print))
        second = await begin(client.subscribe("key", print))
        third = await begin(client.subscribe("key", print))
        first.cancel()
        request = await fake.next(Subscribe)
        connection.answer(request)
        await (await second).cancel()
        await (await third).cancel()
        await client.version()
        assert [type(request) for request in fake.requests_so_far()] == [Unsubscribe, Version]


async def test_a_cancelled_subscribe_is_taken_back(fake: FakeServer) -> None:
    fake.replies[Subscribe] = hold
    async with connect(fake) as (client, _):
        subscribing = await begin(client.subscribe("key", print))
        await fake.next(Subscribe)
        subscribing.cancel()
        await asyncio.wait((subscribing,))
        await fake.next(Unsubscribe)


async def test_a_subscribe_without_an_answer_times_out(fake: FakeServer) -> None:
    fake.replies[Subscribe] = hold
    async with connect(fake, timeout_s=SHORT_S) as (client, _):
        with pytest.raises(RequestTimeout, match="ksub"):
            await client.subscribe("key", print)
        await fake.next(Unsubscribe)


async def test_a_refused_subscription_is_an_error_for_all_who_wanted_it(fake: FakeServer) -> None:
    fake.replies[Subscribe] = refuse(ErrorCode.NOT_PERMITTED)
    async with connect(fake) as (client, _):
        results = await asyncio.gather(
            client.subscribe("key", print), client.watch("key").__aenter__(), return_exceptions=True
        )
        assert [type(result) for result in results] == [NotPermitted, NotPermitted]
        del fake.replies[Subscribe]
        async with client.watch("key") as changes:
            await client.set("key", "1")
            assert (await anext(changes)).value == "1"


async def test_handlers_get_changes_in_order_and_never_two_at_a_time(fake: FakeServer) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    running = 0

    async def handler(change: Change) -> None:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0)
        running -= 1
        heard.put_nowait(change.value)

    async with connect(fake) as (client, connection), await client.subscribe("key", handler):
        for number in range(50):
            connection.push("key", str(number))
        assert [await heard.get() for _ in range(50)] == [str(number) for number in range(50)]


async def test_a_failing_handler_is_logged_and_harms_nobody(fake: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    heard: asyncio.Queue[Change] = asyncio.Queue()

    def fail(change: Change) -> None:
        heard.put_nowait(change)
        raise ZeroDivisionError

    async with connect(fake) as (client, connection):
        await client.subscribe("key", fail)
        await client.subscribe("key", heard.put)
        for _ in range(2):
            connection.push("key", "1")
        for _ in range(4):
            assert await heard.get() == Change("key", "1")
    assert "the handler of 'key' failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_handler_may_cancel_its_own_subscription(fake: FakeServer) -> None:
    heard: list[str] = []

    async def handler(change: Change) -> None:
        heard.append(change.value)
        await handle.cancel()

    async with connect(fake) as (client, connection):
        handle = await client.subscribe("key", handler)
        connection.push("key", "1")
        connection.push("key", "2")
        await fake.next(Unsubscribe)
        await client.version()
        assert heard == ["1"]


async def test_a_handler_may_use_and_close_the_client(fake: FakeServer) -> None:
    fetched: list[str] = []

    async def handler(change: Change) -> None:
        fetched.append(await client.get("other"))
        await client.close()

    fake.store["other"] = "value"
    states = States()
    async with connect(fake, on_state=states) as (client, connection):
        await client.subscribe("key", handler)
        connection.push("key", "1")
        await states.reach(State.CLOSED)
    assert fetched == ["value"]


async def test_closing_ends_a_handler_that_hangs(fake: FakeServer) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def handler(change: Change) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with connect(fake) as (client, connection):
        await client.subscribe("key", handler)
        connection.push("key", "1")
        await begun.wait()
    assert ended.is_set()


async def test_an_iterator_that_falls_behind_says_so(fake: FakeServer) -> None:
    async with connect(fake) as (client, connection), client.watch("key", limit=3) as changes:
        for number in range(5):
            connection.push("key", str(number))
        await client.version()
        assert [(await anext(changes)).value for _ in range(3)] == ["0", "1", "2"]
        with pytest.raises(SubscriptionOverflow, match="more than 3 changes of 'key'"):
            await anext(changes)
        await fake.next(Unsubscribe)


async def test_a_handler_that_falls_behind_gets_the_newest(fake: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    may_go_on = asyncio.Event()

    async def handler(change: Change) -> None:
        await may_go_on.wait()
        heard.put_nowait(change.value)

    async with connect(fake) as (client, connection):
        await client.subscribe("key", handler, limit=2)
        connection.push("key", "0")
        await client.version()
        for number in range(1, 6):
            connection.push("key", str(number))
        await client.version()
        may_go_on.set()
        assert [await heard.get() for _ in range(3)] == ["0", "4", "5"]
    assert caplog.text.count("too slow") == 1


async def test_subscriptions_come_back_with_the_connection(fake: FakeServer) -> None:
    states = States()
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with connect(fake, on_state=states) as (client, connection), client.watch("a") as changes:
        await client.subscribe_prefix("b/", lambda change: heard.put_nowait(change.value))
        gone = await client.subscribe("c", print)
        await gone.cancel()
        await states.reach(State.CONNECTED)
        connection.abort()
        await states.reach(State.CONNECTED)
        again = await fake.connections.get()
        assert (again.keys, again.prefixes) == ({"a"}, {"b/"})
        fake.write("a", "1")
        fake.write("b/c", "2")
        assert await anext(changes) == Change("a", "1")
        assert await heard.get() == "2"


async def test_a_subscription_made_while_disconnected_waits_for_the_connection(fake: FakeServer) -> None:
    states = States()
    async with connect(fake, on_state=states) as (client, _):
        await fake.stop()
        await states.reach(State.DISCONNECTED)
        subscribing = await begin(client.watch("key").__aenter__())
        await fake.start()
        changes = await subscribing
        fake.write("key", "1")
        assert await anext(changes) == Change("key", "1")


async def test_a_subscription_that_is_refused_after_a_reconnect_ends(
    fake: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    states = States()
    async with connect(fake, on_state=states) as (client, connection), client.watch("key") as changes:
        await client.subscribe("key", print)
        await states.reach(State.CONNECTED)
        fake.replies[Subscribe] = refuse(ErrorCode.NOT_PERMITTED)
        connection.abort()
        await states.reach(State.CONNECTED)
        with pytest.raises(NotPermitted):
            await anext(changes)
        assert await client.version() == "v9"
    assert "the handler of 'key' hears no more" in caplog.text


async def test_unsubscribing_ends_all_listeners_of_the_key(fake: FakeServer) -> None:
    async with (
        connect(fake) as (client, connection),
        client.watch("key") as changes,
        client.watch_prefix("k") as others,
    ):
        connection.push("key", "1")
        await client.version()
        await client.unsubscribe("key")
        await client.unsubscribe("never heard")
        assert [change.value async for change in changes] == ["1"]
        await fake.next(Unsubscribe)
        assert await anext(others) == Change("key", "1")
        await client.unsubscribe_prefix("k")
        assert [change async for change in others] == []


async def test_iterators_end_when_the_client_is_closed(fake: FakeServer) -> None:
    async with connect(fake) as (client, _), client.watch("key") as changes:
        waiting = await begin(anext(changes, None))
        await client.close()
        assert await waiting is None
        assert [change async for change in changes] == []


async def test_a_cancelled_wait_loses_no_change(fake: FakeServer) -> None:
    async with connect(fake) as (client, connection), client.watch("key") as changes:
        waiting = await begin(anext(changes))
        waiting.cancel()
        connection.push("key", "1")
        assert await anext(changes) == Change("key", "1")


async def test_a_watch_must_be_entered_and_only_once(fake: FakeServer) -> None:
    async with connect(fake) as (client, _):
        changes = client.watch("key")
        with pytest.raises(RuntimeError, match="enter the watch first"):
            await anext(changes)
        async with changes:
            with pytest.raises(RuntimeError, match="can be entered once"):
                await changes.__aenter__()
        with pytest.raises(ValueError, match="at least one"):
            client.watch("key", limit=0)


# --- our own server -----------------------------------------------------------------------------------------------


async def test_our_server_answers_every_command(server: Server) -> None:
    async with Client(server.url, password=server.password) as client:
        assert await client.version() == "v10"
        assert {"kcall", "token"} <= await client.features()
        assert (await client.uid()).isdigit()
        await client.set("show/a", "1")
        await client.set_many({"show/b": "2", "🎥": "Pä"})
        await client.set_json("show/c", {"x": [1]})
        assert await client.get_many(["show/a", "🎥", "none"]) == {"show/a": "1", "🎥": "Pä", "none": ""}
        assert await client.get_all("show/") == {"show/a": "1", "show/b": "2", "show/c": '{"x":[1]}'}
        assert await client.get_json("show/c", dict[str, list[int]]) == {"x": [1]}
        await client.delete("show/b")
        assert await client.list("show/") == ["show/a", "show/c"]
        assert await client.list("no such prefix") == []
        with pytest.raises(NoSuchRequest):
            await client.call("show/@start")
        values = await asyncio.gather(*(client.get("show/a") for _ in range(2000)))
        assert values == ["1"] * 2000


async def test_our_server_pushes_to_every_subscriber(server: Server) -> None:
    async with (
        Client(server.url, password=server.password) as writer,
        Client(server.url, password=server.password) as reader,
        reader.watch("show/a") as exact,
        reader.watch_prefix("show/") as below,
    ):
        await writer.set_many({"show/a": "1", "show/b": "2"})
        await writer.delete("show/a")
        assert [(await anext(exact)).value for _ in range(2)] == ["1", ""]
        assert [await anext(below) for _ in range(3)] == [
            Change("show/a", "1"),
            Change("show/b", "2"),
            Change("show/a", ""),
        ]
        await reader.unsubscribe_prefix("show/")
        await writer.set("show/a", "3")
        assert (await anext(exact)).value == "3"


async def test_our_server_lets_in_who_may_come(server: Server) -> None:
    with pytest.raises(PasswordRefused):
        await Client(server.url, password="wrong").connect()
    with pytest.raises(TokenRefused):
        await Client(server.url, token="wrong").connect()
    async with Client(server.url) as stranger:
        assert await stranger.version() == "v10"
        with pytest.raises(AuthenticationRequired):
            await stranger.get("key")
    async with Client(server.url, token=server.control_token) as owner:
        assert await owner.get("key") == ""


async def test_a_client_survives_a_restart_of_our_server(server: Server) -> None:
    states = States()
    async with (
        Client(server.url, password=server.password, reconnect=AT_ONCE, on_state=states) as client,
        client.watch("show/a") as changes,
    ):
        await client.set("show/a", "before")
        await states.reach(State.CONNECTED)
        await server.restart()
        await states.reach(State.CONNECTED)
        assert await client.get("show/a") == "before"
        await client.set("show/a", "after")
        assert [(await anext(changes)).value for _ in range(2)] == ["before", "after"]


async def test_a_value_beyond_our_servers_limit_is_an_error(server: Server) -> None:
    async with Client(server.url, password=server.password) as client:
        with pytest.raises(ConnectionLost) as caught:
            await client.set("large", "x" * 2_000_000)
        assert caught.value.close_code == 1009
        assert await client.version() == "v10"
