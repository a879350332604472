"""``watch``: prints changes, in order, over restarts of the server."""

import asyncio

import pytest

from stagedoor.kilovolt import Client
from tests.cli.harness import Cli
from tests.conftest import PASSWORD, Server


async def test_changes_are_printed_as_they_happen(cli: Cli, server: Server) -> None:
    async with cli.running("watch", "a", "--prefix", "p/") as watching:
        assert "watching" in await watching.complaint()
        async with Client(server.url, password=PASSWORD) as client:
            await client.set("a", "1")
            assert await watching.line() == "a\t1"
            await client.set_many({"ignored": "x", "p/b": "two\nlines", "a": ""})
            assert await watching.line() == "p/b\ttwo\\nlines"
            assert await watching.line() == "a\t"
            await client.delete("p/b")
            assert await watching.line() == "p/b\t"
        assert await watching.interrupt() == (130, "", "")


async def test_everything_is_watched_without_a_key_and_each_write_once(cli: Cli, server: Server) -> None:
    heard = []
    async with cli.running("watch", "--json", "", "-p", "", "-p", "n") as watching:
        await watching.complaint()
        async with Client(server.url, password=PASSWORD) as client:
            for key, value in (("", "nameless"), ("named", "\x1b[31m"), ("end", "")):
                await client.set(key, value)
        while (line := await watching.line()) != '{"key":"end","value":""}':
            if "stagedoor/ev/audit" not in line:  # of who has logged in here, which is told a moment later
                heard.append(line)
    assert heard == ['{"key":"","value":"nameless"}', '{"key":"named","value":"\\u001b[31m"}']


async def test_quiet_watching_prints_changes_alone(cli: Cli, server: Server) -> None:
    async with cli.running("watch", "--quiet") as watching:

        async def hear() -> None:
            while await watching.line() != "a\t1":
                pass

        heard = asyncio.create_task(hear())
        async with Client(server.url, password=PASSWORD) as client:
            while not heard.done():
                await client.set("a", "1")
        await heard
        result = await watching.interrupt()
    assert (result.code, result.err) == (130, "")


async def test_order_of_all_topics_is_the_servers(cli: Cli, server: Server) -> None:
    writes = [(("a", "b", "p/c")[number % 3], str(number)) for number in range(300)]
    async with cli.running("watch", "a", "b", "-p", "p/", "-n", str(len(writes))) as watching:
        await watching.complaint()
        async with Client(server.url, password=PASSWORD) as client:
            for key, value in writes:
                await client.set(key, value)
        result = await watching.end()
    assert result.out.splitlines() == [f"{key}\t{value}" for key, value in writes]


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_watching_survives_a_restart(cli: Cli, server: Server, end: str) -> None:
    async with cli.running("watch", "a", "--count", "1") as watching:
        await watching.complaint()
        await (server.stop() if end == "stop" else server.kill())
        assert "waiting for the server" in await watching.complaint()
        await server.start()
        assert "watching again" in await watching.complaint()
        async with Client(server.url, password=PASSWORD) as client:
            await client.set("a", "back")
        assert (await watching.end()).out == "a\tback\n"


async def test_another_server_is_watched_over_a_restart(cli: Cli, server: Server) -> None:
    async with cli.running("watch", "a", "-n", "1", "--url", server.url, "--password", PASSWORD) as watching:
        await watching.complaint()
        await server.restart()
        assert "waiting for the server" in await watching.complaint()
        assert "watching again" in await watching.complaint()
        async with Client(server.url, password=PASSWORD) as client:
            await client.set("a", "back")
        assert (await watching.end()).out == "a\tback\n"


async def test_watching_needs_a_server(cli: Cli) -> None:
    assert "no stagedoor is running" in await cli.fails("watch")
    assert "cannot connect" in await cli.fails("watch", "--url", "ws://127.0.0.1:9/ws")


async def test_application_cannot_watch_what_is_the_owners(cli: Cli, server: Server) -> None:
    there = ("--url", server.url, "--password", PASSWORD)
    assert "not permitted" in await cli.fails("watch", "stagedoor/asks", *there)
    assert "STAGEDOOR_PASSWORD" in await cli.fails("watch", "--url", server.url)
    assert "failed" in await cli.fails("watch", "--url", server.url, "--password", "wrong")
