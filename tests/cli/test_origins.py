"""``origins``: web sites are let in, refused and forgotten."""

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from tests.cli.harness import Cli
from tests.conftest import Server

SITE = "https://overlays.example"


async def test_a_web_site_is_allowed_refused_and_forgotten(cli: Cli, server: Server) -> None:
    assert (await cli("origins")).err == "nothing was decided about any web site\n"
    assert await cli.ok("origins", "allow", SITE) == ""
    async with ClientSession() as session, session.ws_connect(server.url, origin=SITE) as page:
        assert (await cli.ok("origins")).split("\t")[:2] == [SITE, "allowed"]
        await cli.ok("origins", "refuse", SITE)
        while (await page.receive()).type.name == "TEXT":
            pass
        assert page.close_code == 4011
        with pytest.raises(WSServerHandshakeError, match="403"):
            await session.ws_connect(server.url, origin=SITE)
    assert [(one["origin"], one["decision"]) for one in (await cli("origins", "list", "--json")).json] == [  # type: ignore[attr-defined]
        (SITE, "refused")
    ]
    await cli.ok("origins", "forget", SITE)
    assert (await cli("origins", "--json")).json == []


async def test_an_application_is_allowed_and_an_address_of_this_machine_refused(cli: Cli, server: Server) -> None:
    application, local = "chrome-extension://abcdef", "http://localhost:3000"
    async with ClientSession() as session:
        with pytest.raises(WSServerHandshakeError, match="403"):
            await session.ws_connect(server.url, origin=application)
        assert application in await cli.ok("asks", "list")
        await cli.ok("origins", "allow", application)
        await (await session.ws_connect(server.url, origin=application)).close()
        await (await session.ws_connect(server.url, origin=local)).close()
        await cli.ok("origins", "refuse", local)
        with pytest.raises(WSServerHandshakeError, match="403"):
            await session.ws_connect(server.url, origin=local)
        await cli.ok("origins", "forget", local)
        await (await session.ws_connect(server.url, origin=local)).close()


async def test_what_is_no_web_site_is_refused(cli: Cli, server: Server) -> None:
    assert await cli.fails("origins", "allow", "overlays.example")
    assert SITE in await cli.fails("origins", "forget", SITE)


@pytest.mark.parametrize("arguments", [("origins",), ("origins", "allow", SITE), ("origins", "forget", SITE)])
async def test_without_a_server_it_says_so(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert "no stagedoor is running" in await cli.fails(*arguments)
