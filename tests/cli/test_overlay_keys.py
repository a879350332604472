"""``overlay-key``: keys are made, shown, changed and revoked, and open what they name."""

import asyncio

import msgspec
import pytest

from stagedoor.kilovolt import AccessRevoked, Client, NotPermitted, PasswordRefused
from stagedoor.services.overlay_keys import ShownKey
from tests.cli.harness import Cli
from tests.conftest import Server


async def test_a_key_is_made_used_and_revoked(cli: Cli, server: Server) -> None:
    key = (
        await cli.ok("overlay-key", "make", "Chat\toverlay", "--scope", "read:counter/*", "--expires", "12h")
    ).strip()
    (row,) = [line.split("\t") for line in (await cli.ok("overlay-key", "list")).splitlines()]
    assert row[1] == "Chat overlay"
    assert row[-1] == "see keys that begin with counter/"
    assert key not in await cli.ok("overlay-key", "list", "--json")
    assert (await cli.ok("overlay-key", "show", row[0])).strip() == key
    lost = asyncio.Event()
    async with Client(
        server.url, password=key, on_state=lambda state: lost.set() if state.value == "closed" else None
    ) as client:
        assert await client.get("counter/deaths") == ""
        assert client.scopes == ("read:counter/*",)
        with pytest.raises(NotPermitted):
            await client.set("counter/deaths", "3")
        assert await cli.ok("overlay-key", "revoke", row[0]) == ""
        await lost.wait()
        with pytest.raises(AccessRevoked, match="revoked"):
            await client.get("counter/deaths")
    with pytest.raises(PasswordRefused):
        await Client(server.url, password=key).connect()
    assert (await cli("overlay-key", "list")).err == "there are no overlay keys\n"


async def test_a_key_is_changed_and_stays_the_same(cli: Cli, server: Server) -> None:
    made = (await cli("overlay-key", "make", "Chat", "--scope", "event:Twitch.*", "--json")).json
    assert isinstance(made, dict)
    await cli.ok("overlay-key", "change", made["id"], "--name", "Talk", "--scope", "event:*", "--expires", "2099-12-31")
    (shown,) = msgspec.json.decode(await cli.ok("overlay-key", "list", "--json"), type=list[ShownKey])
    assert (shown.name, shown.scopes) == ("Talk", ("event:*",))
    assert (await cli("overlay-key", "show", made["id"], "--json")).json == {"key": made["key"]}


async def test_a_key_that_could_change_something_is_not_made(cli: Cli, server: Server) -> None:
    problem = await cli.fails("overlay-key", "make", "Chat", "--scope", "write:counter/*")
    assert "only lets look on" in problem
    assert "no overlay key" in await cli.fails("overlay-key", "revoke", "5f0c93d1")


async def test_a_key_needs_scopes(cli: Cli) -> None:
    result = await cli("overlay-key", "make", "Chat")
    assert (result.code, "--scope" in result.err) == (2, True)
    assert (await cli("overlay-key", "change", "1")).code == 2


@pytest.mark.parametrize("arguments", [("list",), ("make", "x", "--scope", "event:*"), ("show", "1"), ("revoke", "1")])
async def test_without_a_server_it_says_so(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert "no stagedoor is running" in await cli.fails("overlay-key", *arguments)
