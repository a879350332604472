"""``password``: show, set, new; with and without a server."""

import msgspec
import pytest

from stagedoor.kilovolt import Client, PasswordRefused
from tests.cli.harness import Cli
from tests.conftest import Server
from tests.net.websocket import TEXT, Raw
from tests.streamerbot.harness import solve

LONG = "correct horse battery staple"


async def test_shown_password_is_the_stored_one(both: Cli) -> None:
    shown = await both.ok("password", "show")
    config = msgspec.json.decode(await both.ok("get", "http/config"), type=dict[str, object])
    assert shown == f"{config['kv_password']}\n"
    assert (await both("password", "show", "--json")).json == {"password": config["kv_password"]}


async def test_password_is_set_from_an_argument(both: Cli) -> None:
    assert await both("password", "set", LONG) == (0, "", "")
    assert await both.ok("password", "show", "--door", "kilovolt") == LONG + "\n"


async def test_password_is_set_from_standard_input(both: Cli) -> None:
    assert await both("password", "set", stdin="Pä$$wörd für 🎥 und mich\n") == (0, "", "")
    assert await both.ok("password", "show") == "Pä$$wörd für 🎥 und mich\n"


async def test_new_password_is_printed_and_stored(both: Cli) -> None:
    before = await both.ok("password", "show")
    made = await both.ok("password", "new")
    assert len(made.strip()) == 28
    assert made != before
    assert await both.ok("password", "show") == made


async def test_short_password_is_set_with_a_warning(both: Cli) -> None:
    result = await both("password", "set", "short")
    assert result.code == 0
    assert result.err == "Warning: the password has 5 characters; 16 or more are hard to guess\n"


async def test_empty_password_is_set_with_a_warning(both: Cli) -> None:
    result = await both("password", "set", "")
    assert result.code == 0
    assert "everybody on this machine gets in" in result.err
    assert await both.ok("password", "show") == "\n"


@pytest.mark.parametrize(
    ("door", "key", "settings", "needs"),
    [
        ("kilovolt", "http/config", {"bind": "0.0.0.0:0", "kv_password": LONG}, "a password"),
        (
            "streamerbot",
            "streamerbot/config",
            {"bind": "127.0.0.1:0", "http_bind": "0.0.0.0:0", "authentication": "enforced", "password": LONG},
            "authentication enforced",
        ),
    ],
)
async def test_empty_password_is_refused_for_a_door_that_other_machines_reach(
    both: Cli, door: str, key: str, settings: dict[str, object], needs: str
) -> None:
    await both.ok("set", key, msgspec.json.encode(settings).decode())
    refusal = await both.fails("password", "set", "", "--door", door)
    assert refusal.startswith("the password stays as it was: other machines reach the door at 0.0.0.0:0, so it needs")
    assert needs in refusal
    assert await both.ok("password", "show", "--door", door) == LONG + "\n"
    member = "kv_password" if door == "kilovolt" else "password"
    refusal = await both.fails("set", key, msgspec.json.encode({**settings, member: ""}).decode())
    assert refusal.startswith(f"{key}: other machines reach the door")
    assert await both.ok("password", "show", "--door", door) == LONG + "\n"


async def test_empty_password_is_refused_where_the_address_was_chosen_for_the_run(cli: Cli) -> None:
    server = Server(cli.data, "--kilovolt", "0.0.0.0:0", password=None)
    await server.start()
    try:
        before = await cli.ok("password", "show")
        assert "so it needs a password" in await cli.fails("password", "set", "")
        assert await cli.ok("password", "show") == before
        # What is written all the same, as from a file, is not gone by, and what is lost comes back.
        result = await cli("import", "-", stdin=msgspec.json.encode({"http/config": '{"kv_password":""}'}))
        assert result.code == 0
        assert "is not gone by: other machines reach the door" in result.err
        assert await cli.ok("password", "show") == before
    finally:
        await server.stop()


async def test_password_of_a_run_is_told(cli: Cli) -> None:
    server = Server(cli.data)
    await server.start()
    try:
        result = await cli("password", "set", LONG)
        assert "goes by that until it ends" in result.err
    finally:
        await server.stop()


@pytest.mark.parametrize("nothing", ["", "\n"])
async def test_nothing_on_standard_input_does_not_open_the_door(cli: Cli, nothing: str) -> None:
    await cli.ok("password", "set", LONG)
    assert "no password on standard input" in await cli.fails("password", "set", stdin=nothing)
    assert await cli.ok("password", "show") == LONG + "\n"


async def test_rest_of_the_settings_stays(both: Cli) -> None:
    await both.ok("set", "http/config", '{"bind":"localhost:4444","path":"/overlays","theirs":[1],"kv_password":"old"}')
    await both.ok("password", "set", LONG)
    config = msgspec.json.decode(await both.ok("get", "http/config"))
    assert config == {
        "bind": "localhost:4444",
        "enable_static_server": False,
        "path": "/overlays",
        "theirs": [1],
        "kv_password": LONG,
    }


@pytest.mark.parametrize("broken", ["no JSON", "[]", '{"bind":5}', "[" * 100_000])
async def test_broken_settings_are_mended(cli: Cli, broken: str) -> None:
    await cli.ok("import", "-", stdin=msgspec.json.encode({"http/config": broken}))
    assert "not valid" in await cli.fails("password", "show")
    result = await cli("password", "set", LONG)
    assert result.code == 0
    assert "defaults" in result.err
    assert await cli.ok("password", "show") == LONG + "\n"


async def test_password_that_was_set_before_the_first_start_counts(cli: Cli) -> None:
    await cli.ok("password", "set", LONG)
    server = Server(cli.data, password=None)
    await server.start()
    try:
        async with Client(server.url, password=LONG) as client:
            await client.set("a", "1")
    finally:
        await server.stop()


async def test_running_server_asks_for_the_new_password_at_once(cli: Cli) -> None:
    server = Server(cli.data, password=None)
    await server.start()
    try:
        await cli.ok("password", "set", LONG)
        async with Client(server.url, password=LONG):
            pass
        with pytest.raises(PasswordRefused):
            await Client(server.url, password=LONG + "!").connect()
    finally:
        await server.stop()


async def test_no_password_yet_is_an_error(cli: Cli) -> None:
    await cli.ok("set", "a", "1")
    assert "there is no password yet" in await cli.fails("password", "show")


async def test_variable_that_rules_over_the_stored_password_is_told(cli: Cli) -> None:
    result = await cli("password", "set", LONG, env={"STAGEDOOR_KILOVOLT_PASSWORD": "the other one"})
    assert result.code == 0
    assert "STAGEDOOR_KILOVOLT_PASSWORD" in result.err
    assert "the other one" not in result.err


async def test_terminal_is_asked_twice_and_shows_nothing(cli: Cli) -> None:
    async with cli.on_terminal("password", "set") as terminal:
        await terminal.until("New password:")
        terminal.type(LONG + "\n")
        await terminal.until("Once more:")
        terminal.type("something else\n")
        await terminal.until("New password:")
        terminal.type(LONG + "\n")
        await terminal.until("Once more:")
        terminal.type(LONG + "\n")
        assert await terminal.end() == 0
    assert LONG not in terminal.raw
    assert await cli.ok("password", "show") == LONG + "\n"


async def test_interrupted_question_changes_nothing(cli: Cli) -> None:
    await cli.ok("password", "set", LONG)
    async with cli.on_terminal("password", "set") as terminal:
        await terminal.until("New password:")
        terminal.type("\x03")
        assert await terminal.end() == 130
    assert "Traceback" not in terminal.raw
    assert await cli.ok("password", "show") == LONG + "\n"


# --- Streamer.bot's door ---

STREAMERBOT = ("--door", "streamerbot")


async def test_each_door_has_a_password_of_its_own(both: Cli) -> None:
    await both.ok("password", "set", LONG)
    await both.ok("password", "set", LONG + "!", *STREAMERBOT)
    assert await both.ok("password", "show") == LONG + "\n"
    assert await both.ok("password", "show", *STREAMERBOT) == LONG + "!\n"
    made = await both.ok("password", "new", *STREAMERBOT)
    assert await both.ok("password", "show", *STREAMERBOT) == made
    assert await both.ok("password", "show") == LONG + "\n"


async def test_the_rest_of_streamerbots_settings_stays(both: Cli) -> None:
    mine = {"bind": "127.0.0.1:8081", "authentication": "enforced", "theirs": [1], "instance_id": "mine"}
    await both.ok("set", "streamerbot/config", stdin=msgspec.json.encode({**mine, "password": "old"}))
    await both.ok("password", "set", LONG, *STREAMERBOT)
    config = msgspec.json.decode(await both.ok("get", "streamerbot/config"), type=dict[str, object])
    assert {**config, **mine, "password": LONG} == config


async def test_streamerbots_broken_settings_are_mended(cli: Cli) -> None:
    broken = {"streamerbot/config": '{"authentication":"sometimes"}'}
    await cli.ok("import", "-", stdin=msgspec.json.encode(broken))
    problem = await cli.fails("password", "show", *STREAMERBOT)
    assert "streamerbot/config is not valid" in problem
    assert "--door streamerbot" in problem
    result = await cli("password", "set", LONG, *STREAMERBOT)
    assert result.code == 0
    assert "defaults" in result.err
    assert await cli.ok("password", "show", *STREAMERBOT) == LONG + "\n"


async def test_a_password_that_nobody_is_asked_for_is_told(cli: Cli) -> None:
    await cli.ok("set", "streamerbot/config", stdin='{"authentication":"off"}')
    result = await cli("password", "set", LONG, *STREAMERBOT)
    assert result.code == 0
    assert "nobody is asked" in result.err


async def test_variable_that_rules_over_streamerbots_password_is_told(cli: Cli) -> None:
    result = await cli("password", "set", LONG, *STREAMERBOT, env={"STAGEDOOR_STREAMERBOT_PASSWORD": "the other one"})
    assert result.code == 0
    assert "STAGEDOOR_STREAMERBOT_PASSWORD" in result.err
    assert "the other one" not in result.err


async def test_no_password_of_streamerbots_door_yet_is_an_error(cli: Cli) -> None:
    await cli.ok("password", "set", LONG)
    assert "there is no password yet" in await cli.fails("password", "show", *STREAMERBOT)


async def test_a_running_streamerbot_door_asks_for_the_new_password_at_once(cli: Cli) -> None:
    server = Server(cli.data, password=None, streamerbot=True)
    await server.start()
    try:
        old = (await cli.ok("password", "show", *STREAMERBOT)).strip()
        assert await authenticate(server, old) == "ok"
        waiting = await Raw.open(server.streamerbot_port)
        await cli.ok("password", "set", LONG, *STREAMERBOT)
        assert await waiting.close_code() == 1001
        assert await authenticate(server, LONG) == "ok"
        assert await authenticate(server, old) == "error"
        await waiting.end()
    finally:
        await server.stop()


async def authenticate(server: Server, password: str) -> object:
    """Answer the challenge of Streamer.bot's door; returns the status."""
    raw = await Raw.open(server.streamerbot_port)
    answer = solve(await raw.message(), password)
    raw.send(TEXT, msgspec.json.encode({"request": "Authenticate", "authentication": answer}))
    status = (await raw.message())["status"]
    await raw.end()
    return status
