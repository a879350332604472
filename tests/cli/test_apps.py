"""``asks allow --remember`` and ``apps``: an application is let in for good, shown, and forgotten."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from stagedoor.kilovolt import AccessRevoked, AskMetadata, Client, NotPermitted
from stagedoor.services.apps import ShownApp
from tests.cli.harness import Cli
from tests.conftest import Server


async def let_in_for_good(cli: Cli, server: Server, token_file: Path) -> Client:
    """A connected application that the owner let in by the command."""
    client = Client(server.url, ask=AskMetadata(name="Death\tcounter", author="Ada"), token_file=token_file)
    async with cli.running("asks", "--once") as desk:
        assert "waiting" in await desk.complaint()
        asking = asyncio.create_task(client.connect())
        await desk.until("Question 1")
        assert await cli.ok("asks", "allow", "1", "--remember") == ""
        await asking
    await client.set("a fence", "")  # what was on its way to the disk is there after it
    return client


async def test_an_application_is_remembered_shown_and_forgotten(cli: Cli, server: Server, tmp_path: Path) -> None:
    client = await let_in_for_good(cli, server, tmp_path / "token")
    row = (await cli.ok("apps")).rstrip("\n").split("\t")
    assert row[1:6] == ["Deathcounter", "Ada", "", "a program", "127.0.0.1"]
    assert await cli.ok("apps", "list") == await cli.ok("apps")
    (app,) = msgspec.json.decode(await cli.ok("apps", "--json"), type=list[ShownApp])
    assert (app.id, app.name, app.origin) == (row[0], "Deathcounter", None)
    assert await cli.ok("apps", "list", "--json") == await cli.ok("apps", "--json")
    token = (tmp_path / "token").read_text().strip()
    assert token not in await cli.ok("export", "-")

    assert await cli.ok("apps", "forget", row[0]) == ""
    with pytest.raises(AccessRevoked):
        await get_for_ever(client)
    assert (await cli("apps", "--json")).json == []
    assert (await cli("apps")).err == "no application is let in for good\n"


async def get_for_ever(client: Client) -> None:
    while True:
        await client.get("a")


async def test_an_application_is_changed(cli: Cli, server: Server, tmp_path: Path) -> None:
    client = await let_in_for_good(cli, server, tmp_path / "token")
    app_id = (await cli.ok("apps")).split("\t")[0]
    assert client.scopes is None
    left = asyncio.Event()
    await client.close()
    client = Client(server.url, token=(tmp_path / "token").read_text().strip(), on_state=lambda state: left.set())
    await client.connect()
    left.clear()
    await cli.ok(
        "apps", "change", app_id, "--scope", "write:counter/*", "--scope", "read:counter/*", "--expires", "30d"
    )
    await left.wait()
    await client.set("counter/deaths", "3")
    assert client.scopes == ("read:counter/*", "write:counter/*")
    with pytest.raises(NotPermitted):
        await client.set("other", "x")
    row = (await cli.ok("apps")).rstrip("\n").split("\t")
    assert row[-1] == "see keys that begin with counter/; change keys that begin with counter/"
    assert row[-2] != "never"
    await cli.ok("apps", "change", app_id, "--name", "Deaths", "--expires", "never", "--all")
    row = (await cli.ok("apps")).rstrip("\n").split("\t")
    assert (row[1], row[-2], row[-1]) == ("Deaths", "never", "do everything but see your passwords and tokens")
    await client.close()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "say what to change"),
        (("--all", "--scope", "event:*"), "exclude each other"),
        (("--expires", "soon"), "is no end"),
        (("--expires", "2001-01-01"), "has passed already"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(cli: Cli, arguments: tuple[str, ...], problem: str) -> None:
    result = await cli("apps", "change", "5f0c93d1", *arguments)
    assert result.code == 2
    assert problem in result.err


async def test_scopes_that_are_none_are_refused(cli: Cli, server: Server, tmp_path: Path) -> None:
    client = await let_in_for_good(cli, server, tmp_path / "token")
    app_id = (await cli.ok("apps")).split("\t")[0]
    assert "dance:all" in await cli.fails("apps", "change", app_id, "--scope", "dance:all")
    await client.close()


async def test_an_unknown_application_cannot_be_forgotten(cli: Cli, server: Server) -> None:
    assert await cli.fails("apps", "forget", "5f0c93d1") == "there is no remembered application 5f0c93d1"


@pytest.mark.parametrize("arguments", [("apps",), ("apps", "list"), ("apps", "forget", "1")])
async def test_without_a_server_it_says_so(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert "no stagedoor is running" in await cli.fails(*arguments)
