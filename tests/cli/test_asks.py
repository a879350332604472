"""``asks``: real applications ask, and the owner answers from the terminal."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import ClientSession

from stagedoor.access import Subject
from stagedoor.cli.asks import describe
from stagedoor.kilovolt import AskMetadata, AskRefused, Client
from stagedoor.services.apps import ShownApp
from stagedoor.services.questions import Question
from tests.cli.harness import Cli
from tests.conftest import Server

APP = AskMetadata(name="Death counter", author="Ada", url="https://example.org/", verification_code="1234")


@contextlib.asynccontextmanager
async def asking(server: Server, metadata: AskMetadata = APP) -> AsyncIterator["asyncio.Task[None]"]:
    """An application that asks; the task ends when it was let in, or raises."""
    client = Client(server.url, ask=metadata)
    task = asyncio.create_task(client.connect())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, AskRefused):
            await task
        await client.close()


async def test_question_is_shown_and_allowed_by_its_id(cli: Cli, server: Server) -> None:
    async with cli.running("asks") as desk:
        assert "waiting" in await desk.complaint()
        async with asking(server) as application:
            await desk.until("Question 1")
            shown = [await desk.line() for _ in range(9)]
            assert [line.split(maxsplit=1) for line in shown[1:5]] == [
                ["name", "Death counter"],
                ["author", "Ada"],
                ["page", "https://example.org/"],
                ["code", "1234"],
            ]
            assert "nobody has checked" in shown[0]
            assert shown[6].split()[0] == "address"
            assert (await cli("asks", "list", "--json")).json[0]["name"] == "Death counter"  # type: ignore[index]
            assert "Death counter\tAda\t1234" in await cli.ok("asks", "list")
            assert await cli.ok("asks", "allow", "1") == ""
            await application
        assert (await cli("asks", "list", "--json")).json == []
        assert (await desk.interrupt()).code == 130


async def test_denied_application_stays_outside(cli: Cli, server: Server) -> None:
    async with cli.running("asks", "--once") as desk, asking(server) as application:
        await desk.until("Question 1")
        assert (await desk.end()).code == 0
        await cli.ok("asks", "deny", "1")
        with pytest.raises(AskRefused):
            await application


async def test_questions_are_json_lines_for_programs(cli: Cli, server: Server) -> None:
    async with cli.running("asks", "--json", "--once") as desk, asking(server):
        assert '"verification_code":"1234"' in await desk.line()


async def test_unknown_question_is_an_error(cli: Cli, server: Server) -> None:
    assert await cli.fails("asks", "allow", "99") == "there is no open question 99"
    assert (await cli("asks", "list")).err == "nobody asks to be let in\n"


async def test_asks_need_a_server(cli: Cli) -> None:
    for arguments in (["asks"], ["asks", "list"], ["asks", "allow", "1"], ["asks", "deny", "1"]):
        assert "no stagedoor is running" in await cli.fails(*arguments)


async def test_folder_of_the_group_counts_for_its_commands(cli: Cli, server: Server) -> None:
    elsewhere = Cli(cli.data.parent / "elsewhere")
    result = await elsewhere("asks", "--data", str(cli.data), "list", "--json")
    assert (result.code, result.json) == (0, [])


async def test_owner_answers_at_the_prompt(cli: Cli, server: Server) -> None:
    async with cli.on_terminal("asks") as terminal:
        await terminal.until("waiting for questions")
        async with asking(server) as application:
            assert "Death counter" in await terminal.until("Let it in?")
            terminal.type("what?\n")
            await terminal.until("Let it in?")
            terminal.type("y\n")
            await application
        async with asking(server, AskMetadata(name="Rogue")) as application:
            assert "Rogue" in await terminal.until("Let it in?")
            terminal.type("N\n")
            with pytest.raises(AskRefused):
                await application
        terminal.type("\x03")
        assert await terminal.end() == 130
    assert "Traceback" not in terminal.raw


async def test_what_an_application_wants_is_said_in_words(cli: Cli, server: Server) -> None:
    modest = AskMetadata(name="Counter", scopes=["read:counter/*", "send:twitch"])
    async with cli.running("asks", "--once") as desk, asking(server, modest) as application:
        await desk.until("It wants to:")
        assert (await desk.line()).strip() == "see keys that begin with counter/"
        assert (
            await desk.line()
        ).strip() == "write in your chat on twitch (careful: it speaks in your name, before everybody)"
        assert "see keys that begin with counter/; write" in await cli.ok("asks", "list")
        await cli.ok("asks", "allow", "1")
        await application


async def test_an_application_is_given_less_and_not_for_ever(cli: Cli, server: Server) -> None:
    client = Client(server.url, ask=AskMetadata(name="Greedy"))
    async with cli.running("asks", "--once") as desk:
        await desk.complaint()
        connecting = asyncio.create_task(client.connect())
        await desk.until("Question 1")
        await cli.ok("asks", "allow", "1", "--remember", "--scope", "event:Twitch.*", "--expires", "12h")
        await connecting
    assert client.scopes == ("event:Twitch.*",)
    await cli.ok("set", "a fence", "")  # what was on its way to the disk is there after it
    (app,) = msgspec.json.decode(await cli.ok("apps", "--json"), type=list[ShownApp])
    assert app.scopes == ("event:Twitch.*",)
    assert app.expires_at_ms is not None
    assert app.expires_at_ms - app.made_at_ms == pytest.approx(12 * 3600 * 1000, abs=60_000)
    await client.close()


async def test_an_end_is_for_who_is_remembered(cli: Cli) -> None:
    result = await cli("asks", "allow", "1", "--expires", "30d")
    assert result.code == 2
    assert "--expires goes with --remember" in result.err


async def test_owner_remembers_at_the_prompt(cli: Cli, server: Server) -> None:
    async with cli.on_terminal("asks") as terminal:
        await terminal.until("waiting for questions")
        for typed in ("r", "remember 30d"):
            async with asking(server) as application:
                await terminal.until("[r]emember")
                terminal.type(f"{typed}\n")
                await application
        async with asking(server) as application:
            await terminal.until("[r]emember")
            terminal.type("r soon\n")
            await terminal.until("is no end")
            await terminal.until("[r]emember")
            assert not application.done()
        terminal.type("\x03")
        await terminal.end()
    await cli.ok("set", "a fence", "")  # what was on its way to the disk is there after it
    apps = msgspec.json.decode(await cli.ok("apps", "--json"), type=list[ShownApp])
    assert [app.expires_at_ms is None for app in apps] == [True, False]


async def test_a_web_site_that_wants_to_connect_is_asked_about(cli: Cli, server: Server) -> None:
    site = "https://overlays.example"
    async with cli.on_terminal("asks") as terminal, ClientSession() as session:
        await terminal.until("waiting for questions")

        async def visit() -> int:
            upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
            headers = {"Origin": site, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **upgrade}
            async with session.get(f"{server.page}/ws", headers=headers) as answer:
                return answer.status

        assert await visit() == 403
        assert site in await terminal.until("May its pages connect, from now on?")
        assert f"web site\t\t\t\t127.0.0.1 {site}" in await cli.ok("asks", "list")
        terminal.type("r\n")  # which is no answer here
        await terminal.until("May its pages connect")
        terminal.type("y\n")
        await terminal.until("Let in.")
        assert await visit() == 101
        terminal.type("\x03")
        await terminal.end()
    assert (await cli.ok("origins")).split("\t")[:2] == [site, "allowed"]


def test_a_browser_that_wants_to_be_the_owners_is_put_with_a_warning() -> None:
    question = Question(
        id="4",
        kind=Subject.DEVICE,
        address="192.168.1.7",
        origin=None,
        program=None,
        asked_at_ms=0,
        name="Firefox on Android",
        author="",
        url="",
        icon="",
        verification_code="482 913",
        scopes=None,
    )
    text = describe(question)
    assert "a phone or computer wants to use the console as you" in text
    assert "482 913" in text
    assert "It could do all that you can" in text
    assert "It wants to" not in text


async def test_skipped_question_stays_open(cli: Cli, server: Server) -> None:
    async with cli.on_terminal("asks", "--once") as terminal, asking(server) as application:
        await terminal.until("Let it in?")
        terminal.type("s\n")
        assert await terminal.end() == 0
        await cli.ok("asks", "allow", "1")
        await application


async def test_answer_meant_for_a_question_that_has_gone_lets_nobody_in(cli: Cli, server: Server) -> None:
    # strimertül's defect 1: to answer it ended the process.
    async with cli.on_terminal("asks") as terminal:
        await terminal.until("waiting for questions")
        async with asking(server):
            await terminal.until("Let it in?")
        await terminal.until("The question has gone")
        async with asking(server, AskMetadata(name="Rogue")) as application:
            assert "Rogue" in await terminal.until("Press Enter")
            terminal.type("y\n")
            await terminal.until("Let it in?")
            assert not application.done()
            terminal.type("n\n")
            with pytest.raises(AskRefused):
                await application
        terminal.type("\x04")
        assert await terminal.end() == 0


async def test_question_that_is_answered_elsewhere_leaves_the_prompt(cli: Cli, server: Server) -> None:
    async with cli.on_terminal("asks", "--once") as terminal, asking(server) as application:
        await terminal.until("Let it in?")
        await cli.ok("asks", "allow", "1")
        await application
        await terminal.until("answered elsewhere")
        assert await terminal.end() == 0


async def test_hostile_metadata_is_plain_text(cli: Cli, server: Server) -> None:
    rogue = AskMetadata(
        name="[bold red]x[/]\x1b[2J\u202e\nQuestion 7", author="{0} %s \\x1b[31m", url="javascript:alert(1)"
    )
    async with cli.on_terminal("asks") as terminal:
        await terminal.until("waiting for questions")
        async with asking(server, rogue):
            shown = await terminal.until("Let it in?")
            listed = await cli.ok("asks", "list")
        terminal.type("\x03")
        await terminal.end()
    assert "[bold red]x[/][2JQuestion 7" in shown
    assert "{0} %s \\x1b[31m" in shown
    assert "javascript" not in shown
    assert "\x1b[2J" not in terminal.raw
    assert listed.count("\n") == 1


async def test_waiting_for_questions_survives_a_restart(cli: Cli, server: Server) -> None:
    async with cli.running("asks", "--once") as desk:
        await desk.complaint()
        await server.restart()
        assert "waiting for the server" in await desk.complaint()
        assert "again" in await desk.complaint()
        async with asking(server):
            await desk.until("Question 1")
