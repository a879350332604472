"""Every example of docs/scopes.md, at a real server."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from stagedoor.kilovolt import AskMetadata, Client, NoSuchRequest, NotPermitted, RequestFailed
from tests.clients.owner import answer_next_question
from tests.conftest import Server

PAGE = (Path(__file__).parents[1] / "docs" / "scopes.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, without its own."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    table = re.findall(r"^\| (.+) \|$", section, re.MULTILINE)
    return [row.split(" | ") for row in table[1:]]


def deeds(cell: str) -> list[tuple[str, str]]:
    """What one does with which keys: ``read `a`, write `b```."""
    found = re.findall(r"(read|write|hear|call) `([^`]+)`", cell)
    assert len(found) == cell.count("`") // 2, cell
    return found


COVERED = rows("What they cover")
WRITTEN = rows("How they are written down")


async def do(client: Client, verb: str, key: str) -> None:
    """Do it; that a service is not there, or wants something else, shows that it could have been asked."""
    if verb == "read":
        await client.get(key)
    elif verb == "write":
        await client.set(key, "{}")
    elif verb == "hear":
        await (await client.subscribe(key, print)).cancel()
    else:
        with suppress(NoSuchRequest, RequestFailed):
            await client.call(key, "{}", timeout_s=10)


@pytest.fixture
async def owner(server: Server) -> AsyncIterator[Client]:
    """The owner."""
    async with Client(server.url, token=server.control_token) as client:
        yield client


@pytest.mark.parametrize(("scopes", "lets", "does_not_let"), COVERED, ids=[row[0] for row in COVERED])
async def test_scopes_cover_what_the_page_says(server: Server, scopes: str, lets: str, does_not_let: str) -> None:
    words = scopes.strip("`").split()
    client = Client(server.url, ask=AskMetadata(name="An example", scopes=words))
    connecting = asyncio.create_task(client.connect())
    await answer_next_question(server, allow=True)
    await connecting
    assert client.scopes is not None
    for verb, key in deeds(lets):
        await do(client, verb, key)
    for verb, key in deeds(does_not_let):
        with pytest.raises(NotPermitted):
            await do(client, verb, key)
    await client.close()


@pytest.mark.parametrize(("written", "kept"), WRITTEN, ids=[row[0] for row in WRITTEN])
async def test_scopes_are_kept_as_the_page_says(owner: Client, written: str, kept: str) -> None:
    answer = await owner.call_json("stagedoor/@check-scopes", {"scopes": written.strip("`").split()})
    assert answer == {"scopes": kept.strip("`").split()}


async def test_every_word_of_the_page_is_one(owner: Client) -> None:
    words = set(re.findall(r"[`\"]((?:read|write|call|event|send):[^`\" ]+)[`\"]", PAGE))
    words -= {"read:PATTERN", "write:PATTERN", "call:PATTERN", "event:SOURCE.TYPE", "send:PLATFORM"}
    assert len(words) > 10
    await owner.call_json("stagedoor/@check-scopes", {"scopes": sorted(words)})
