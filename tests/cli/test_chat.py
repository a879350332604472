"""``chat``: a room in the terminal that stands for a platform, from the keyboard and from a pipe."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from stagedoor.kilovolt import Client
from stagedoor.streamerbot import Client as StreamerbotClient
from stagedoor.streamerbot import RequestRefused
from tests.cli.harness import Cli
from tests.conftest import PASSWORD, Server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    """An application that is connected."""
    async with Client(server.url, password=PASSWORD) as connected:
        yield connected


async def test_every_line_from_a_pipe_is_said_and_printed(cli: Cli, server: Server) -> None:
    stdin = "hello\n\n/as Bob\n/mod\nI am Bob\n/viewer\n//slash\n/help\nthe last one"
    code, out, err = await cli("chat", "--as", "Alice", stdin=stdin)
    assert (code, out.splitlines()) == (0, ["Alice: hello", "[mod] Bob: I am Bob", "Bob: /slash", "Bob: the last one"])
    assert "this is twitch, and you are Alice" in err
    assert "/as NAME" in err


@pytest.mark.parametrize("platform", ["twitch", "youtube", "kick", "trovo"])
async def test_any_platform_can_be_stood_for(cli: Cli, server: Server, platform: str) -> None:
    stdin = "/vip\nhello\n/as streamer\nhi"
    out = await cli.ok("chat", "--platform", platform, stdin=stdin)
    mark = "" if platform == "youtube" else "[vip] "  # YouTube knows no such role
    assert out.splitlines() == [f"{mark}Viewer: hello", "[broadcaster] streamer: hi"]


async def test_what_cannot_be_said_is_named_and_the_rest_said(cli: Cli, server: Server) -> None:
    code, out, err = await cli("chat", stdin="x" * 501 + "\n/nothing\nfine\n")
    assert (code, out) == (1, "Viewer: fine\n")
    assert "it has 501 characters, and 500 are the most" in err
    assert "there is no /nothing" in err
    assert err.endswith("Error: 2 lines could not be said\n")


async def test_nothing_to_say_is_fine(cli: Cli, server: Server) -> None:
    assert (await cli("chat", stdin="")).code == 0


async def test_room_on_a_terminal_hears_everybody_and_ends_with_the_typing(
    cli: Cli, server: Server, client: Client
) -> None:
    async with cli.on_terminal("chat", "--as", "Alice", "--broadcaster", "Boss") as terminal:
        await terminal.until("this is twitch")
        terminal.type("hello\n")
        await terminal.until("Alice: hello")
        await client.call_json("platform/twitch/@send-message", {"message": "wel\x1bcome", "bot": True})
        await terminal.until("[mod] BossBot: welcome")
        for type_, data, line in [
            ("Follow", {"user": "Zoe"}, "* Zoe follows"),
            ("Raid", {"user": "Zoe", "viewers": 12}, "* Zoe raids with 12 viewers"),
            ("Cheer", {"user": "Zoe", "text": "Cheer100 wow"}, "* Zoe cheers with 100 bits: Cheer100 wow"),
            ("Sub", {"user": "Zoe\x1b[2J"}, "* Zoe\\u001b[2J subscribes"),
            ("GiftBomb", {"user": "Zoe", "total": 5}, "* Zoe gives 5 subscriptions"),
            ("UserBanned", {"targetUser": "Zoe"}, "* Zoe is banned"),
        ]:
            await client.call_json("stagedoor/@emit", {"source": "Twitch", "type": type_, "data": data})
            await terminal.until(line)
        await client.set("event/Twitch/ChatMessage", "no JSON")
        await client.set("event/Twitch/ChatMessage", '{"user":{"role":[]},"text":5,"message":"odd"}')
        await terminal.until(": odd")
        assert (await client.get("platform/twitch")) != ""
        terminal.type("\x04")
        assert await terminal.end() == 0
        assert "\x1b[2J" not in terminal.raw
    assert await client.get("platform/twitch") == ""


async def test_programs_for_streamerbot_take_it_for_the_platform(cli: Cli, tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--streamerbot-auth", "on", streamerbot=True)
    await server.start()
    url = f"ws://127.0.0.1:{server.streamerbot_port}/"
    async with (
        StreamerbotClient(url, password=PASSWORD) as program,
        cli.on_terminal("chat", "--as", "Alice", "--broadcaster", "Boss") as terminal,
    ):
        await terminal.until("this is twitch")
        assert (await program.get_broadcaster()).platforms["twitch"].user_name == "Boss"
        async with program.watch("Twitch.ChatMessage") as messages:
            terminal.type("what is this?\n")
            asked = (await anext(messages)).data
            await program.send_message("twitch", "a rehearsal", reply_id=str(asked["messageId"]))
            await terminal.until("[broadcaster] Boss: a rehearsal")
            reply = msgspec.convert((await anext(messages)).data["reply"], dict[str, str])
            assert (reply["msgId"], reply["userName"], reply["msgBody"]) == (
                asked["messageId"],
                "Alice",
                "what is this?",
            )
        terminal.type("\x04")
        await terminal.end()
        with pytest.raises(RequestRefused, match="Platform not connected"):
            await program.send_message("twitch", "anybody?")
    await server.stop()


async def test_the_chat_bot_takes_part(cli: Cli, server: Server, client: Client) -> None:
    commands = {
        "!hello": {"response": "Hello {{ user . }}, number {{ count `hellos` }}!", "enabled": True},
        "!mods": {"response": "only for us", "enabled": True, "access_level": "moderators", "response_type": "reply"},
        "!loud": {"response": "no announcements here", "enabled": True, "response_type": "announce"},
        "!broken": {"response": "{{", "enabled": True},
    }
    await client.set_json("twitch/bot-config", {"command_cooldown": 0})
    await client.set_json("twitch/bot-custom-commands", commands)
    assert set(await client.get_json("twitch/bot/problems", type=dict[str, str]) or ()) == {"!broken"}
    async with cli.on_terminal("chat", "--as", "Alice", "--broadcaster", "Boss") as terminal:
        await terminal.until("this is twitch")
        terminal.type("!HELLO everybody\n")
        await terminal.until("[mod] BossBot: Hello Alice, number 1!")
        terminal.type("!mods\n/mod\n!mods\n")
        await terminal.until("[mod] BossBot: only for us")
        terminal.type("!loud\n")
        await terminal.until("[mod] BossBot: no announcements here")
        await client.set("twitch/@send-chat-message", "said by an overlay")
        await terminal.until("[mod] BossBot: said by an overlay")
        terminal.type("\x04")
        assert await terminal.end() == 0
        assert terminal.raw.count("only for us") == 1
    assert await client.get("twitch/bot-counters/hellos") == "1"


async def test_room_ends_with_the_interrupt(cli: Cli, server: Server, client: Client) -> None:
    async with client.watch("platform/kick") as accounts, cli.on_terminal("chat", "--platform", "kick") as terminal:
        await terminal.until("this is kick")
        terminal.type("\x03")
        assert await terminal.end() == 130
        values = [(await anext(accounts)).value for _ in range(2)]
        assert values[0]
        assert not values[1]


async def test_platform_that_is_connected_is_refused(cli: Cli, server: Server) -> None:
    async with cli.on_terminal("chat") as terminal:
        await terminal.until("this is twitch")
        assert await cli.fails("chat") == "twitch is connected already"


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_end_of_the_server_is_the_end_of_the_room(cli: Cli, server: Server, end: str) -> None:
    async with cli.on_terminal("chat") as terminal:
        await terminal.until("this is twitch")
        await (server.stop() if end == "stop" else server.kill())
        await terminal.until("Error: ")
        assert await terminal.end() == 1
        assert "Traceback" not in terminal.text


async def test_it_needs_a_server(cli: Cli) -> None:
    assert "no stagedoor is running" in await cli.fails("chat")


async def test_room_that_was_killed_leaves_no_platform(cli: Cli, server: Server, client: Client) -> None:
    async with client.watch("platform/twitch") as accounts:
        async with cli.on_terminal("chat") as terminal:
            await terminal.until("this is twitch")
        values = [(await asyncio.wait_for(anext(accounts), 10)).value for _ in range(2)]
        assert values[0]
        assert not values[1]
