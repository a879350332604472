"""Pages that speak to the Streamer.bot door without any client, in Chromium."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.clients.browser import chromium_page
from tests.clients.stage import Stage
from tests.conftest import Server

HERE = Path(__file__).parent

PAGE = """<!doctype html><meta charset="utf-8"><script type="module">
import * as raw from "./raw.mjs";
window.raw = raw;
</script>"""

SALT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
CHALLENGE = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
ANSWERS = {
    "streamer-secret": "262TxFgWeMJNEcZWEy56Waei5lLlJp2VloxwqCSqbkY=",
    "pässwörd✓": "2jUylFSjwnKklUdjF+4P1fzizopPxHZjG1tP9EifWQM=",
}
"""By password, for that salt and that challenge; made with the official client 1.12.2."""

Run = Callable[..., Awaitable[Any]]
Act = Callable[..., Awaitable[object]]


async def nothing(*asked: object) -> None:
    """A page that asks for nothing."""


@asynccontextmanager
async def page_of(server: Server, act: Act = nothing) -> AsyncIterator[Run]:
    """Load the page; what comes runs one of its functions."""
    files: dict[str, str | bytes] = {"/": PAGE, "/raw.mjs": (HERE / "raw.mjs").read_bytes()}
    async with chromium_page(files) as (page, site):
        await page.expose_function("ask", lambda asked: act(*asked))
        await page.goto(f"{site}/")
        await page.wait_for_function("window.raw")

        async def run(name: str, **argument: object) -> Any:
            return await page.evaluate(
                "([name, argument]) => raw[name](argument)", [name, {"url": server.streamerbot_url, **argument}]
            )

        yield run


@asynccontextmanager
async def in_mode(data: Path, authentication: str) -> AsyncIterator[Server]:
    """A server in a mode of authentication."""
    server = Server(data / authentication, "--streamerbot-auth", authentication, streamerbot=True)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest.mark.parametrize("authentication", ["off", "on", "enforced"])
async def test_hello_comes_first_and_offers_a_challenge_where_there_is_a_password(
    tmp_path: Path, authentication: str
) -> None:
    async with in_mode(tmp_path, authentication) as server, page_of(server) as run:
        result = await run("greets")
    hello = result["hello"]
    assert (hello["request"], hello["info"]["source"], result["isSoon"]) == ("Hello", "websocketServer", True)
    assert hello["info"]["version"] >= "1.0.5"
    assert ("authentication" in hello) is (authentication != "off")


async def test_a_page_authenticates_by_the_known_scheme(both_doors: Server) -> None:
    vectors = [(SALT, CHALLENGE, password) for password in ANSWERS]
    async with page_of(both_doors) as run:
        result = await run("authenticates", password=both_doors.password, vectors=vectors)
    assert result["answers"] == list(ANSWERS.values())
    assert result["wrong"] == {"status": "error", "id": 1, "error": "Authentication failed"}
    assert result["right"] == {"status": "ok", "id": "2"}
    assert result["then"]["status"] == "ok"


async def test_who_does_not_authenticate_where_it_is_enforced_is_told_and_sent_away(tmp_path: Path) -> None:
    async with in_mode(tmp_path, "enforced") as server, page_of(server) as run:
        result = await run("isClosed", password=server.password)
    assert result["unasked"] == {"status": "error", "id": "1", "error": "Authentication required"}
    assert result["wrong"] == {"status": "error", "id": "1", "error": "Authentication failed"}
    assert (result["codes"], result["right"]["status"]) == ([1008, 1008], "ok")


@pytest.mark.parametrize(
    ("events", "reply", "heard"),
    [
        (
            {"general": ["Custom"], "twitch": ["follow"]},
            {"General": ["Custom"], "Twitch": ["Follow"]},
            ["Twitch.Follow"],
        ),
        ({"Twitch": ["*"], "General": ["Custom"]}, None, ["Twitch.Follow", "Twitch.Raid"]),
        ({"*": ["*"]}, None, ["Twitch.Follow", "Twitch.Raid", "Kick.Follow", "MyPlugin.Happened"]),
        ("*", None, ["Twitch.Follow", "Twitch.Raid", "Kick.Follow", "MyPlugin.Happened"]),
        (
            {"general": ["Custom"], "raw": ["Action", "Sub-Action"], "nobody": ["Knows"], "Twitch": ["Follow", "Nor"]},
            {"General": ["Custom"], "Raw": ["Action"], "Twitch": ["Follow"]},
            ["Twitch.Follow"],
        ),
        ({"General": "Custom", "MyPlugin": ["Happened"]}, {"General": ["Custom"]}, ["MyPlugin.Happened"]),
        ({"general": ["Custom"]}, {"General": ["Custom"]}, []),
    ],
    ids=["lower case", "a source", "everything", "an asterisk", "unknown names", "a text, a plugin's", "custom alone"],
)
async def test_every_spelling_of_a_subscription_hears_its_events(
    both_doors: Server, events: object, reply: object, heard: list[str]
) -> None:
    async with Stage(both_doors) as stage:

        async def publish(*asked: object) -> None:
            for source, type_ in ("Twitch", "Follow"), ("Twitch", "Raid"), ("Kick", "Follow"):
                await stage.emit(source, type_, user="Ada")
            await stage.ask("put", ["event/MyPlugin/Happened", {}])
            await stage.emit("General", "Custom", name="SetupTimer", arguments={"time": "90"})

        async with page_of(both_doors, publish) as run:
            result = await run("hears", events=events, last="General.Custom")
    assert result["heard"] == [*heard, "General.Custom"]
    assert reply is None or result["reply"] == reply


async def test_nothing_is_heard_before_a_subscription_and_nothing_after_its_end(both_doors: Server) -> None:
    async with Stage(both_doors) as stage:

        async def publish(*asked: object) -> None:
            await stage.emit("Twitch", "Follow", user="Ada")

        async with page_of(both_doors, publish) as run:
            assert await run("hearsNoMore") == ["1", "2", "3"]


async def test_what_is_wrong_is_answered_and_the_connection_stays(both_doors: Server) -> None:
    messages = [
        "{no JSON",
        "[]",
        {"request": "GetGlobals"},
        {"request": "GetGlobals", "id": 7},
        {"request": "Whatever", "id": "8"},
        {"id": "9"},
        {"request": "DoAction", "id": "10"},
        {"request": "getinfo", "id": "11"},
    ]
    async with page_of(both_doors) as run:
        got = await run("replies", messages=messages)
    assert got[:7] == [
        {"status": "error", "error": "Invalid JSON"},
        {"status": "error", "error": "Request must be an object"},
        {"status": "ok", "variables": {}, "count": 0},
        {"status": "ok", "id": 7, "variables": {}, "count": 0},
        {"status": "error", "id": "8", "error": "Unknown request: Whatever"},
        {"status": "error", "id": "9", "error": "Missing request"},
        {"status": "error", "id": "10", "error": "Missing parameter: action"},
    ]
    assert (got[7]["status"], got[7]["id"]) == ("ok", "11")
