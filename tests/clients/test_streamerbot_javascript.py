"""npm's ``@streamerbot/client`` 1.12.2 and 1.9.5, the official client, against a real server, in Node and in Chromium.

The older one, which overlays still bring along, lacks what came after it: the list of events that it asks the server
for, answers to actions, Kick's variables.
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.clients.browser import chromium_page
from tests.clients.stage import Stage
from tests.conftest import Server

HERE = Path(__file__).parent

PAGE = """<!doctype html><meta charset="utf-8"><script src="/client.js"></script><script type="module">
import * as scenarios from "/streamerbot_scenarios.mjs";
window.run = (scenario, options) => scenarios[scenario](StreamerbotClient, options, (...asked) => window.ask(asked));
window.ready = true;
</script>"""

TIMEOUT_S = 60.0

SUBSCRIBE_TWICE = ["Subscribe", "Subscribe"]


class Place(NamedTuple):
    """A version of the client, and where it runs."""

    package: str
    run: Callable[["Place", Stage, str, dict[str, object]], Awaitable[Any]]
    is_older: bool = False

    @property
    def ready(self) -> bool | None:
        """What a client that is ready says of it; the older one says nothing."""
        return None if self.is_older else True


async def in_node(place: Place, stage: Stage, scenario: str, options: dict[str, object]) -> Any:
    """Run a scenario in Node."""
    node = shutil.which("node")
    assert node is not None, "the tests need Node 20 or newer"
    process = await asyncio.create_subprocess_exec(
        node,
        str(HERE / "streamerbot_run.mjs"),
        place.package,
        scenario,
        msgspec.json.encode(options).decode(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        while line := await process.stdout.readline():
            message = msgspec.json.decode(line)
            if "result" in message:
                return message["result"]
            answer = await stage.ask(*message["ask"])
            process.stdin.write(msgspec.json.encode(answer) + b"\n")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
    raise AssertionError("the scenario failed; its error is above")


async def in_chromium(place: Place, stage: Stage, scenario: str, options: dict[str, object]) -> Any:
    """Run a scenario in a page of this machine."""
    dist = HERE / "node_modules" / place.package / "dist"
    files: dict[str, str | bytes] = {
        "/": PAGE,
        "/client.js": (dist / "streamerbot-client.js").read_bytes(),
        "/streamerbot_scenarios.mjs": (HERE / "streamerbot_scenarios.mjs").read_bytes(),
    }
    async with chromium_page(files) as (page, site):
        await page.expose_function("ask", lambda asked: stage.ask(*asked))
        await page.goto(f"{site}/")
        await page.wait_for_function("window.ready")
        return await page.evaluate("([scenario, options]) => run(scenario, options)", [scenario, options])


Start = Callable[..., Awaitable[Server]]

NODE = Place("@streamerbot/client", in_node)
CHROMIUM = Place("@streamerbot/client", in_chromium)
OLDER = Place("streamerbot-client-1.9.5", in_node, is_older=True)

everywhere = pytest.mark.parametrize("place", [NODE, CHROMIUM, OLDER], ids=["node", "chromium", "node-1.9.5"])
newer = pytest.mark.parametrize("place", [NODE, CHROMIUM], ids=["node", "chromium"])


async def run(place: Place, server: Server, scenario: str, *, password: str | None = None, **options: object) -> Any:
    """Run a scenario against a server."""
    options |= {"host": "127.0.0.1", "port": server.streamerbot_port}
    if password is not None:
        options["password"] = password
    async with asyncio.timeout(TIMEOUT_S), Stage(server) as stage:
        return await place.run(place, stage, scenario, options)


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start a server in a mode of authentication."""
    running: list[Server] = []

    async def start(authentication: str, *arguments: str) -> Server:
        server = Server(tmp_path / "data", "--streamerbot-auth", authentication, *arguments, streamerbot=True)
        running.append(server)
        await server.start()
        return server

    yield start
    for server in running:
        await server.stop()


@everywhere
@pytest.mark.parametrize("authentication", ["off", "on"])
async def test_without_a_password_it_is_ready_and_subscribes_to_all_at_once(
    start: Start, place: Place, authentication: str
) -> None:
    result = await run(place, await start(authentication), "comesInAsked")
    get_events = [] if place.is_older else ["GetEvents"]
    get_info = ["GetInfo"] if authentication == "off" else ["GetInfo", "GetInfo"]
    assert result["requests"] == [*get_info, *get_events, *SUBSCRIBE_TWICE]
    assert result["events"][-1] == {"Custom": ["Event"], "Twitch": ["Follow"], "General": ["Custom"]}
    assert (result["ready"], result["authenticated"], result["errors"]) == (place.ready, False, [])
    assert (result["info"]["name"], result["version"]) == ("stagedoor", result["info"]["version"])
    assert result["event"] == {"source": "Twitch", "type": "Follow"}
    assert (result["follower"], result["isTime"]) == ("Ada", True)
    assert result["message"] == {"status": "error", "error": "Authentication required"}


@everywhere
@pytest.mark.parametrize("authentication", ["on", "enforced"])
async def test_with_the_password_it_authenticates_and_is_ready(start: Start, place: Place, authentication: str) -> None:
    server = await start(authentication)
    async with Stage(server) as stage:
        await stage.ask("open", {"platform": "twitch"})
        result = await run(place, server, "comesInAsked", password=server.password)
    get_events = [] if place.is_older else ["GetEvents"]
    assert result["requests"] == ["Authenticate", *get_events, *SUBSCRIBE_TWICE]
    assert (result["ready"], result["authenticated"], result["errors"]) == (place.ready, True, [])
    assert result["follower"] == "Ada"
    assert result["message"]["status"] == "ok"


@everywhere
async def test_a_challenge_that_takes_any_answer_makes_a_client_with_a_password_ready(
    start: Start, place: Place
) -> None:
    result = await run(place, await start("off", "--offer-challenge"), "comesInAsked", password="any")
    assert (result["ready"], result["authenticated"], result["follower"]) == (place.ready, True, "Ada")


@everywhere
async def test_without_the_password_where_it_is_enforced_it_stops_after_one_error(start: Start, place: Place) -> None:
    result = await run(place, await start("enforced"), "isRefused")
    assert (result["opened"], len(result["errors"])) == (1, 1)


@everywhere
@pytest.mark.parametrize("authentication", ["on", "enforced"])
async def test_with_a_wrong_password_it_stops_after_one_error(start: Start, place: Place, authentication: str) -> None:
    result = await run(place, await start(authentication), "isRefused", password="wrong")
    assert result == {"opened": 1, "errors": ["Request failed"]}


@everywhere
async def test_it_hears_everything_or_nothing_by_an_asterisk(both_doors: Server, place: Place) -> None:
    result = await run(place, both_doors, "hearsEverything")
    assert result["data"] == {"text": "Hello"}
    assert (result["heardAfterwards"], result["twice"]) == (0, ["Ada", "Ada"])
    assert result["events"]["General"] == ["Custom"]
    assert {"Twitch", "YouTube", "Obs", "WebsocketCustomServer", "Kofi", "MeldStudio"} <= result["events"].keys()
    assert all(source[0].isupper() and types for source, types in result["events"].items())
    if not place.is_older:  # which has a list of its own
        assert result["subscribedTo"] == result["events"]


@newer
async def test_an_action_that_ends_at_once_answers_before_the_client_has_subscribed(
    both_doors: Server, place: Place
) -> None:
    result = await run(place, both_doors, "waitsForAnAnswer")
    assert result == {
        "done": list(range(20)),
        "by": "a trigger",
        "order": ["Subscribe", "ExecuteCodeTrigger", "Subscribe"],
        "unanswered": "Request failed",
    }


@everywhere
async def test_names_that_nobody_knows_do_not_disturb_the_others(both_doors: Server, place: Place) -> None:
    result = await run(place, both_doors, "isNotDisturbed")
    assert result["event"] == {"source": "Twitch", "type": "Follow"}
    assert result["subscribed"] == {"Twitch": ["Follow"]}


@everywhere
async def test_it_hears_nothing_before_it_subscribes_and_nothing_after_it_has_unsubscribed(
    both_doors: Server, place: Place
) -> None:
    result = await run(place, both_doors, "hearsNoMore")
    assert result == {"heard": "Ada", "removed": {"Twitch": ["Follow"]}, "late": 0}


@everywhere
async def test_it_comes_back_after_a_restart_and_hears_again(both_doors: Server, place: Place) -> None:
    result = await run(place, both_doors, "comesBack", password=both_doors.password)
    assert result == {"heard": ["Follow", "Custom"], "authenticated": True, "disconnected": True}


@everywhere
async def test_every_method_gets_what_it_asked_for(both_doors: Server, place: Place) -> None:
    steps = await run(place, both_doors, "everyMethod", password=both_doors.password, isOlder=place.is_older)
    assert len(steps) > 60
    assert [(name, expected, got) for name, expected, got in steps if got != expected] == []
