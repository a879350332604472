"""``global``: variables from the terminal, with and without a server."""

import asyncio

import pytest

from stagedoor.kilovolt import Client
from tests.cli.harness import Cli
from tests.conftest import PASSWORD, Server

USER = ("--user", "Twitch:136079477")


@pytest.mark.parametrize(
    ("written", "shown", "value"),
    [
        ("3", "3", 3),
        ("-1.5", "-1.5", -1.5),
        ("true", "true", True),
        ("null", "null", None),
        ('{"a": [1]}', '{"a":[1]}', {"a": [1]}),
        ('"quoted"', "quoted", "quoted"),
        ("plain words", "plain words", "plain words"),
        ("", "", ""),
    ],
)
async def test_json_is_stored_as_what_it_is_and_all_else_as_text(
    both: Cli, written: str, shown: str, value: object
) -> None:
    assert await both.ok("global", "set", "a/b", written) == ""
    assert await both.ok("global", "get", "a/b") == shown + "\n"
    entry = (await both("global", "get", "a/b", "--json")).json
    assert isinstance(entry, dict)
    assert (entry["name"], entry["value"]) == ("a/b", value)
    assert entry["lastWrite"].startswith("20")


async def test_text_stays_text(both: Cli) -> None:
    await both.ok("global", "set", "postcode", "--text", "01067")
    await both.ok("global", "set", "number", "--text", stdin="7\n")
    assert (await both("global", "list", "--json")).json == [
        {"name": name, "value": value, "lastWrite": last_write}
        for name, value, last_write in zip(("number", "postcode"), ("7", "01067"), await last_writes(both), strict=True)
    ]


async def last_writes(cli: Cli) -> list[str]:
    entries = (await cli("global", "list", "--json")).json
    assert isinstance(entries, list)
    return [entry["lastWrite"] for entry in entries]


async def test_adding_starts_at_zero_and_prints_the_sum(both: Cli) -> None:
    assert await both.ok("global", "set", "deaths", "--add") == "1\n"
    assert await both.ok("global", "set", "deaths", "--add", "2.5") == "3.5\n"
    assert await both.ok("global", "set", "deaths", "--add", "-3") == "0.5\n"
    await both.ok("global", "set", "word", "x")
    assert "'word' is no number" in await both.fails("global", "set", "word", "--add")


async def test_absent_variable_has_the_exit_code_of_an_absent_key(both: Cli) -> None:
    assert await both("global", "get", "nobody") == (3, "", "")
    result = await both("global", "get", "nobody", "--json")
    assert (result.code, result.json) == (3, None)
    assert "no variable 'nobody'" in await both.fails("global", "del", "nobody")


async def test_deleted_variable_is_gone(both: Cli) -> None:
    await both.ok("global", "set", "a", "1")
    assert await both.ok("global", "del", "a") == ""
    assert (await both("global", "get", "a")).code == 3


async def test_list_shows_names_with_the_prefix_and_values(both: Cli) -> None:
    for name in ("pb", "pa", "q"):
        await both.ok("global", "set", name, f"of {name}")
    lines = (await both.ok("global", "list", "p")).splitlines()
    assert [line.split("\t")[:2] for line in lines] == [["pa", "of pa"], ["pb", "of pb"]]
    await both.ok("set", "global/persisted/odd", "no variable")
    assert len((await both.ok("global", "list")).splitlines()) == 3


async def test_viewers_have_variables_of_their_own(both: Cli) -> None:
    await both.ok("set", "viewer/twitch/136079477", '{"id":"136079477","login":"whazz","display":"Whazz"}')
    await both.ok("global", "set", "points", "5", *USER)
    await both.ok("global", "set", "points", "7", "--user", "twitch:9")
    await both.ok("global", "set", "points", "1", "--user", "kick:9")
    assert (await both("global", "get", "points")).code == 3
    assert await both.ok("global", "get", "points", *USER) == "5\n"
    lines = (await both.ok("global", "list", "--user", "twitch")).splitlines()
    assert [line.split("\t")[:3] for line in lines] == [
        ["twitch:136079477 Whazz", "points", "5"],
        ["twitch:9", "points", "7"],
    ]
    entries = (await both("global", "list", "--json", "--user", "kick:9")).json
    assert isinstance(entries, list)
    assert [(entry["platform"], entry["userId"], entry["value"]) for entry in entries] == [("kick", "9", 1)]
    await both.ok("global", "del", "points", *USER)
    assert (await both("global", "get", "points", *USER)).code == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["get", "a", "--user", "twitch"],
        ["set", "a", "1", "--user", ":9"],
        ["set", "a", "1", "--text", "--add"],
        ["set"],
        ["no"],
    ],
)
async def test_senseless_command_line_exits_with_2(cli: Cli, arguments: list[str]) -> None:
    result = await cli("global", *arguments)
    assert result.code == 2
    assert "Error: " in result.err


async def test_temporary_variables_need_a_server(cli: Cli) -> None:
    for arguments in (["get", "a"], ["set", "a", "1"], ["del", "a"], ["list"]):
        assert "no stagedoor is running" in await cli.fails("global", *arguments, "--temporary")


async def test_temporary_variables_are_others(cli: Cli, server: Server) -> None:
    await cli.ok("global", "set", "a", "1", "--temporary")
    await cli.ok("global", "set", "a", "2")
    assert await cli.ok("global", "get", "a", "--temporary") == "1\n"
    assert await cli.ok("global", "get", "a") == "2\n"
    await server.restart()
    assert await cli.ok("global", "list", "--temporary") == ""
    assert await cli.ok("global", "get", "a") == "2\n"


async def test_event_is_heard_and_no_count_is_lost(cli: Cli, server: Server) -> None:
    key = "event/Misc/GlobalVariableCreated"
    async with Client(server.url, password=PASSWORD) as client, client.watch(key) as changes:
        await asyncio.gather(*(cli.ok("global", "set", "deaths", "--add") for _ in range(4)))
        assert '"name":"deaths"' in (await anext(changes)).value
    assert await cli.ok("global", "get", "deaths") == "4\n"


async def test_another_server_is_reached_as_an_application(cli: Cli, server: Server) -> None:
    there = ("--url", server.url, "--password", PASSWORD)
    await cli.ok("global", "set", *there, "a", "1")
    assert await cli.ok("global", "get", "a") == "1\n"
