"""``emit``: publishes events, in order, and says which it could not."""

import asyncio
import re

import msgspec
import pytest

from stagedoor.kilovolt import Client
from tests.cli.harness import Cli
from tests.conftest import PASSWORD, Server


async def test_event_is_published_complete(cli: Cli, server: Server) -> None:
    async with Client(server.url, password=PASSWORD) as client, client.watch_prefix("event/") as changes:
        assert await cli("emit", "twitch", "chatmessage", '{"user":"Alice","text":"hi"}') == (0, "", "")
        change = await anext(changes)
        assert change.key == "event/Twitch/ChatMessage"
        data = msgspec.json.decode(change.value)
        assert (data["text"], data["message"]["displayName"], data["user"]["login"]) == ("hi", "Alice", "alice")


async def test_sample_fills_in_what_is_left_out(cli: Cli, server: Server) -> None:
    async with Client(server.url, password=PASSWORD) as client:
        await cli.ok("emit", "Twitch", "Raid", '{"viewers":7}', "--sample")
        data = await client.get_json("event/Twitch/Raid", dict[str, object]) or {}
        assert data["viewers"] == 7
        assert data["from_broadcaster_user_name"]


async def test_each_line_is_an_event_and_their_order_stays(cli: Cli, server: Server) -> None:
    lines = "".join(f'{{"number":{number}}}\n' for number in range(500))
    async with Client(server.url, password=PASSWORD) as client, client.watch("event/General/Custom") as changes:
        assert await cli("emit", "General", "Custom", "-", stdin=lines + '\n{"number":500}') == (0, "", "")
        heard = [msgspec.json.decode((await anext(changes)).value)["number"] for _ in range(501)]
    assert heard == list(range(501))


async def test_bad_lines_are_named_and_the_others_published(cli: Cli, server: Server) -> None:
    async with Client(server.url, password=PASSWORD) as client, client.watch("event/Twitch/Follow") as changes:
        stdin = b'{"user":"Alice"}\nno JSON\n\n[1]\n"\xff"\n{"user":"Bob"}'
        code, out, err = await cli("emit", "Twitch", "Follow", "-", stdin=stdin)
        names = [msgspec.json.decode((await anext(changes)).value)["user_name"] for _ in range(2)]
    assert (code, out, names) == (1, "", ["Alice", "Bob"])
    # What the server refuses is known later than what is no JSON.
    *problems, last = err.splitlines()
    assert sorted(line.partition(": ")[0] for line in problems) == ["line 2", "line 4", "line 5"]
    assert last == "Error: 3 lines could not be published"
    assert "line 2: not JSON" in err
    assert "line 4: Invalid parameter: data" in err


async def test_load_is_as_much_as_asked_for_and_measured(cli: Cli, server: Server) -> None:
    async with Client(server.url, password=PASSWORD) as client, client.watch("event/Raw/Load") as changes:
        code, out, err = await cli("emit", "Raw", "Load", "--count", "300")
        assert (code, out) == (0, "")
        assert re.fullmatch(r"300 events in \d+\.\d\d s, \d+ a second", err.splitlines()[-1])
        for _ in range(300):
            await anext(changes)
        started = asyncio.get_running_loop().time()
        assert "20 events in" in (await cli("emit", "Raw", "Load", "--count", "20", "--rate", "40")).err
        # The last of 20 comes after 19 intervals.
        assert asyncio.get_running_loop().time() - started >= 19 / 40


async def test_a_rate_goes_on_until_it_is_interrupted(cli: Cli, server: Server) -> None:
    async with (
        Client(server.url, password=PASSWORD) as client,
        client.watch("event/Twitch/Follow") as changes,
        cli.running("emit", "Twitch", "Follow", "--rate", "100") as emitting,
    ):
        for _ in range(10):
            await anext(changes)
        result = await emitting.interrupt()
    assert result.code == 130
    assert re.search(r"\d+ events in ", result.err)


async def test_unknown_name_is_published_with_a_hint(cli: Cli, server: Server) -> None:
    async with Client(server.url, password=PASSWORD) as client:
        code, _, err = await cli("emit", "twich", "chatmesage", '{"a":1}')
        assert (code, err) == (
            0,
            "Warning: Streamer.bot has no event twich chatmesage; did you mean Twitch ChatMessage?\n",
        )
        assert await client.get("event/twich/chatmesage") == '{"a":1}'


async def test_what_the_server_refuses_is_an_error(cli: Cli, server: Server) -> None:
    assert "Invalid parameter: data" in await cli.fails("emit", "Twitch", "Follow", "5")
    assert "Invalid parameter: source" in (await cli("emit", "a/b", "c")).err


@pytest.mark.parametrize("arguments", [("{",), ("-", "--count", "2"), ("{}", "--rate", "0"), ("{}", "--count", "0")])
async def test_command_line_that_makes_no_sense(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert (await cli("emit", "Twitch", "Follow", *arguments)).code == 2


async def test_it_needs_a_server(cli: Cli) -> None:
    assert "no stagedoor is running" in await cli.fails("emit", "Twitch", "Follow")


async def test_shells_complete_names_of_events(cli: Cli) -> None:
    async def suggestions(*words: str) -> list[str]:
        variables = {"_STAGEDOOR_COMPLETE": "bash_complete", "COMP_CWORD": str(len(words))}
        result = await cli(env={**variables, "COMP_WORDS": " ".join(("stagedoor", *words))})
        return [line.removeprefix("plain,") for line in result.out.splitlines() if line]

    assert await suggestions("emit", "you") == ["YouTube"]
    assert await suggestions("emit", "twitch", "resu") == ["ReSub"]
    assert await suggestions("emit", "nothing", "resu") == []
