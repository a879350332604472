"""The blocking client, run in a thread beside the server's event loop."""

import asyncio
import inspect
import queue
import threading
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest

from stagedoor.kilovolt import (
    Change,
    Client,
    ClientClosed,
    ConnectFailed,
    ConnectionLost,
    InvalidValue,
    NotPermitted,
    PasswordRefused,
    Reconnect,
    RequestTimeout,
    State,
    SubscriptionOverflow,
    SyncClient,
)
from stagedoor.kilovolt.messages import Call, ErrorCode, Get, Login, Request, Subscribe, Unsubscribe
from tests.conftest import Server
from tests.kilovolt.fake_server import FakeConnection, FakeServer

T = TypeVar("T")

SHORT_S = 0.02
"""For what must time out; no test asserts how long it took."""


@pytest.fixture
async def fake() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server
    for thread in threading.enumerate():
        if thread.name.startswith(("Kilovolt client", "handler of")):
            thread.join(10)
            assert not thread.is_alive()


async def run(script: Callable[[SyncClient], T], client: SyncClient) -> T:
    """Run ``script`` with an open client in a thread, as the server needs this one."""

    def run_open() -> T:
        with client:
            return script(client)

    return await asyncio.to_thread(run_open)


def hold(connection: FakeConnection, request: Request) -> None:
    """Reply to a request with nothing."""


def test_it_has_every_method_of_the_asynchronous_client() -> None:
    def public(cls: type) -> dict[str, object]:
        return {name: member for name, member in vars(cls).items() if not name.startswith("_")}

    wanted = {**public(Client.__mro__[1]), **public(Client)}
    offered = public(SyncClient)
    assert set(wanted) - {"pending_requests"} <= set(offered)
    for name in ("get", "set", "call", "get_json", "call_json", "subscribe", "subscribe_prefix"):
        theirs, ours = (inspect.signature(getattr(cls, name)).parameters for cls in (Client, SyncClient))
        assert list(theirs) == list(ours)
        assert [parameter.default for parameter in theirs.values()] == [
            parameter.default for parameter in ours.values()
        ]


async def test_commands_read_and_write(fake: FakeServer) -> None:
    fake.replies[Call] = lambda connection, request: connection.answer(request, "7")

    def script(client: SyncClient) -> None:
        client.set("a", "1")
        client.set_many({"b": "2", "c": "3"})
        client.delete("c")
        assert client.get("a") == "1"
        assert client.get_many(["a", "none"]) == {"a": "1", "none": ""}
        assert client.get_all() == {"a": "1", "b": "2"}
        assert client.list("b") == ["b"]
        assert (client.version(), client.features()) == ("v9", frozenset())
        assert client.uid().isdigit()
        assert client.call("dice/@roll") == "7"
        assert client.call_json("dice/@roll", {"sides": 8}, int) == 7
        client.set_json("json", [1])
        client.set_many_json({"more": {"x": None}})
        assert client.get_json("json", list[int]) == [1]
        assert client.get_json("none", int, 5) == 5
        assert client.get_json("more") == {"x": None}

    await run(script, SyncClient(fake.url))


async def test_a_password_lets_in_and_a_wrong_one_does_not(fake: FakeServer) -> None:
    fake.password = "hunter2"
    assert await run(lambda client: client.get("key"), SyncClient(fake.url, password="hunter2")) == ""
    with pytest.raises(PasswordRefused):
        await run(lambda client: client.get("key"), SyncClient(fake.url, password="hunter3"))


async def test_it_tells_what_it_may_touch(fake: FakeServer) -> None:
    fake.replies[Login] = lambda connection, request: connection.answer(request, {"scopes": ["event:*"]})
    assert await run(lambda client: client.scopes, SyncClient(fake.url, token="t")) == ("event:*",)


async def test_errors_are_those_of_the_asynchronous_client(fake: FakeServer) -> None:
    fake.replies[Get] = lambda connection, request: connection.refuse(request, ErrorCode.NOT_PERMITTED)
    with pytest.raises(NotPermitted):
        await run(lambda client: client.get("key"), SyncClient(fake.url))
    fake.replies[Get] = lambda connection, request: connection.close(1012)
    with pytest.raises(ConnectionLost, match="1012"):
        await run(lambda client: client.get("key"), SyncClient(fake.url))
    fake.replies[Get] = hold
    with pytest.raises(RequestTimeout):
        await run(lambda client: client.get("key"), SyncClient(fake.url, timeout_s=SHORT_S))
    fake.replies[Get] = lambda connection, request: connection.answer(request, "{")
    with pytest.raises(InvalidValue):
        await run(lambda client: client.get_json("key"), SyncClient(fake.url))


async def test_a_server_that_is_not_there_is_an_error(fake: FakeServer) -> None:
    await fake.stop()
    client = SyncClient(fake.url)
    with pytest.raises(ConnectFailed):
        await run(lambda client: client.get("key"), client)
    await fake.start()
    assert await run(lambda client: client.get("key"), client) == ""


async def test_a_closed_client_says_so(fake: FakeServer) -> None:
    client = SyncClient(fake.url)
    client.close()
    assert await run(lambda client: client.state, client) is State.CONNECTED
    assert client.state is State.CLOSED
    for use in (client.version, lambda: client.watch("key"), lambda: client.subscribe("key", print)):
        with pytest.raises(ClientClosed):
            use()
    assert repr(client) == f"<SyncClient {fake.url} closed>"


async def test_a_wait_in_another_thread_ends_with_the_client(fake: FakeServer) -> None:
    fake.replies[Get] = hold
    client = SyncClient(fake.url)
    await asyncio.to_thread(client.connect)
    waiting = asyncio.create_task(asyncio.to_thread(client.get, "key"))
    await fake.next(Get)
    client_closing = asyncio.create_task(asyncio.to_thread(client.close))
    with pytest.raises(ClientClosed):
        await waiting
    await client_closing


async def test_changes_come_as_a_plain_iteration(fake: FakeServer) -> None:
    def script(client: SyncClient) -> list[Change]:
        heard = []
        changes = client.watch("key")
        client.set_many({"key": "1", "other": "2"})
        client.set("key", "3")
        for change in changes:
            heard.append(change)
            if len(heard) == 2:
                changes.close()
        changes.close()
        return heard

    assert await run(script, SyncClient(fake.url)) == [Change("key", "1"), Change("key", "3")]
    await fake.next(Unsubscribe)


async def test_a_watch_can_be_a_block_and_has_a_timeout(fake: FakeServer) -> None:
    def script(client: SyncClient) -> None:
        with client.watch_prefix("a/", timeout_s=SHORT_S) as changes:
            with pytest.raises(RequestTimeout):
                next(changes)
            client.set("a/b", "1")
            client.version()  # Its answer comes after the push, which thus waits already.
            assert next(changes) == Change("a/b", "1")
        assert list(changes) == []

    await run(script, SyncClient(fake.url, reconnect=Reconnect(initial_s=0)))


async def test_a_watch_that_falls_behind_says_so(fake: FakeServer) -> None:
    def script(client: SyncClient) -> None:
        changes = client.watch("key", limit=1)
        client.set("key", "1")
        client.set("key", "2")
        client.version()
        assert next(changes).value == "1"
        with pytest.raises(SubscriptionOverflow):
            next(changes)

    await run(script, SyncClient(fake.url))


async def test_a_watch_ends_with_the_client(fake: FakeServer) -> None:
    changes = await run(lambda client: client.watch("key"), SyncClient(fake.url))
    assert list(changes) == []
    changes.close()


async def test_handlers_run_in_a_thread_and_may_use_the_client(fake: FakeServer) -> None:
    heard: queue.Queue[tuple[str, str]] = queue.Queue()

    def script(client: SyncClient) -> None:
        def handler(change: Change) -> None:
            heard.put((change.value, client.get("other")))

        client.set("other", "x")
        with client.subscribe("key", handler), client.subscribe_prefix("k", handler):
            client.set("key", "1")
            assert [heard.get(), heard.get()] == [("1", "x"), ("1", "x")]
        client.subscribe("key", handler)
        client.set("key", "2")
        assert heard.get() == ("2", "x")
        client.unsubscribe("key")
        client.unsubscribe_prefix("k")
        client.set("key", "3")
        assert heard.empty()

    await run(script, SyncClient(fake.url))


async def test_a_handler_may_close_the_client(fake: FakeServer) -> None:
    closed = threading.Event()

    def script(client: SyncClient) -> None:
        def handler(change: Change) -> None:
            client.close()
            closed.set()

        client.subscribe("key", handler)
        client.set("key", "1")
        closed.wait()
        with pytest.raises(ClientClosed):
            client.get("key")

    await run(script, SyncClient(fake.url))


async def test_a_refused_subscription_leaves_no_thread(fake: FakeServer) -> None:
    fake.replies[Subscribe] = lambda connection, request: connection.refuse(request, ErrorCode.NOT_PERMITTED)

    def script(client: SyncClient) -> None:
        with pytest.raises(NotPermitted):
            client.subscribe("key", print)

    await run(script, SyncClient(fake.url))


async def test_the_clients_own_thread_may_not_wait_for_the_client(fake: FakeServer) -> None:
    raised: queue.Queue[BaseException] = queue.Queue()

    def on_state(state: State) -> None:
        if state is State.CLOSED:
            try:
                client.get("key")
            except RuntimeError as error:
                raised.put(error)

    client = SyncClient(fake.url, on_state=on_state, reconnect=False)

    def script(client: SyncClient) -> None:
        with pytest.raises(ConnectionLost):
            client.get("key")
        assert "cannot wait for the client" in str(raised.get())

    fake.replies[Get] = lambda connection, request: connection.abort()
    await run(script, client)


async def test_a_script_works_with_our_server(server: Server) -> None:
    def script(client: SyncClient) -> None:
        changes = client.watch("show/a")
        client.set_json("show/a", [1, 2])
        assert next(changes) == Change("show/a", "[1,2]")
        assert client.get_json("show/a", list[int]) == [1, 2]
        assert "kcall" in client.features()

    await run(script, SyncClient(server.url, password=server.password))
