"""``get``, ``set``, ``del``, ``list``, with and without a server, and at another server."""

import subprocess
from pathlib import Path

import pytest

from stagedoor.kilovolt import Client
from stagedoor.types import MAX_KEY_BYTES
from tests.cli.harness import STAGEDOOR, Cli, environment
from tests.conftest import PASSWORD, Server

AWKWARD = 'tab\t, newline\n, "quotes", back\\slash, 🎥, \x1b[31m, zero\x00'


async def test_set_value_is_read_back(both: Cli) -> None:
    assert await both.ok("set", "counter/deaths", "3") == ""
    assert await both.ok("get", "counter/deaths") == "3\n"


async def test_negative_number_is_no_option(both: Cli) -> None:
    await both.ok("set", "score", "-1")
    assert await both.ok("get", "score") == "-1\n"


async def test_value_comes_from_standard_input_without_its_last_newline(both: Cli) -> None:
    await both.ok("set", "awkward", stdin=AWKWARD + "\n\n")
    assert await both.ok("get", "awkward") == AWKWARD + "\n\n"
    assert (await both("get", "--json", "awkward")).json == {"awkward": AWKWARD + "\n"}


async def test_absent_key_has_an_exit_code_of_its_own(both: Cli) -> None:
    result = await both("get", "nobody/wrote/this")
    assert result == (3, "", "")
    result = await both("get", "--json", "nobody/wrote/this")
    assert (result.code, result.json) == (3, {"nobody/wrote/this": None})


async def test_empty_value_is_not_absent(both: Cli) -> None:
    await both.ok("set", "empty", "")
    assert await both.ok("get", "empty") == "\n"


async def test_empty_key_is_a_key(both: Cli) -> None:
    await both.ok("set", "", "nameless")
    assert await both.ok("get", "") == "nameless\n"
    assert "\n" in await both.ok("list")
    await both.ok("del", "")
    assert (await both("get", "")).code == 3


async def test_several_keys_are_printed_a_line_each(both: Cli) -> None:
    await both.ok("set", "one", "1")
    await both.ok("set", "two", "a\tb\nc\x1b[0m")
    assert await both.ok("get", "two", "none", "one") == "two\ta\\tb\\nc\\u001b[0m\none\t1\n"
    assert (await both("get", "--json", "one", "none")).json == {"one": "1", "none": None}


async def test_deleted_keys_are_gone(both: Cli) -> None:
    for key in ("a", "b", "c"):
        await both.ok("set", key, "x")
    await both.ok("del", "a", "b", "never there")
    assert [key for key in (await both.ok("list")).splitlines() if len(key) == 1] == ["c"]


async def test_list_is_ordered_by_code_point_and_begins_with_the_prefix(both: Cli) -> None:
    for key in ("p/z", "p/é", "p/A", "q"):
        await both.ok("set", key, f"of {key}")
    assert await both.ok("list", "p/") == "p/A\np/z\np/é\n"
    assert (await both("list", "p/", "--json")).json == ["p/A", "p/z", "p/é"]
    assert await both.ok("list", "p/", "--values") == "p/A\tof p/A\np/z\tof p/z\np/é\tof p/é\n"
    assert (await both("list", "--values", "--json", "q")).json == {"q": "of q"}


async def test_nothing_to_list_prints_nothing(both: Cli) -> None:
    assert await both.ok("list", "none/") == ""
    assert (await both("list", "none/", "--json")).json == []


async def test_owner_reads_whole_secrets(both: Cli) -> None:
    await both.ok("set", "twitch/auth-keys", "a token")
    assert await both.ok("get", "twitch/auth-keys") == "a token\n"
    assert "a token" in await both.ok("list", "--values", "twitch/")


async def test_key_that_is_too_long_is_refused(both: Cli) -> None:
    complaint = await both.fails("set", "k" * (MAX_KEY_BYTES + 1), "x")
    assert str(MAX_KEY_BYTES) in complaint


@pytest.mark.parametrize(
    "arguments", [["get"], ["set"], ["del"], ["set", "a", "b", "c"], ["get", "a", "--what"], ["no"]]
)
async def test_senseless_command_line_exits_with_2(cli: Cli, arguments: list[str]) -> None:
    result = await cli(*arguments)
    assert result.code == 2
    assert "Error: " in result.err


async def test_undecodable_bytes_are_refused(cli: Cli) -> None:
    await cli.ok("set", "a", "b")
    assert (await cli("set", "a", "\udcff")).code == 2
    assert "UTF-8" in await cli.fails("set", "a", stdin=b"\xff")
    assert await cli.ok("get", "a") == "b\n"


async def test_reading_an_unused_folder_is_an_error_that_makes_nothing(cli: Cli) -> None:
    for arguments in (["get", "a"], ["list"], ["del", "a"], ["password", "show"], ["export"], ["backup"]):
        assert f"no stagedoor data in {cli.data}" in await cli.fails(*arguments)
    assert not cli.data.exists()


async def test_writing_makes_a_folder_for_its_owner_alone(cli: Cli) -> None:
    await cli.ok("set", "a", "1")
    assert cli.data.stat().st_mode & 0o777 == 0o700


async def test_event_needs_a_server(cli: Cli) -> None:
    assert "running server" in await cli.fails("set", "alerts/ev/raid", "{}")


async def test_event_reaches_subscribers(cli: Cli, server: Server) -> None:
    async with Client(server.url, password=PASSWORD) as client, client.watch("alerts/ev/raid") as changes:
        await cli.ok("set", "alerts/ev/raid", "42")
        assert (await anext(changes)).value == "42"
    assert await cli.ok("get", "alerts/ev/raid") == "42\n"


async def test_killed_server_leaves_the_keys_within_reach(cli: Cli, server: Server) -> None:
    await cli.ok("set", "a", "1")
    await server.kill()
    assert (cli.data / "control.json").exists()
    assert await cli.ok("get", "a") == "1\n"


async def test_flag_rules_over_the_variable(cli: Cli, tmp_path: Path) -> None:
    await cli.ok("set", "where", "variable")
    await cli.ok("set", "--data", str(tmp_path / "other"), "where", "flag")
    assert await cli.ok("get", "where") == "variable\n"
    assert await cli.ok("get", "where", "--data", str(tmp_path / "other")) == "flag\n"


# --- another server ---


async def test_password_opens_another_server(cli: Cli, server: Server) -> None:
    there = ("--url", server.url, "--password", PASSWORD)
    await cli.ok("set", *there, "a", "1")
    assert await cli.ok("get", *there, "a") == "1\n"
    assert await cli.ok("list", *there, "a") == "a\n"
    await cli.ok("del", *there, "a")
    assert (await cli("get", *there, "a")).code == 3


async def test_variables_name_another_server_and_its_password(cli: Cli, server: Server, tmp_path: Path) -> None:
    env = {"STAGEDOOR_URL": server.url, "STAGEDOOR_PASSWORD": PASSWORD}
    assert (await cli("list", env=env)).code == 0
    assert (await cli("set", "--data", str(tmp_path / "other"), "only", "here", env=env)).code == 0
    assert (await cli("get", "only", env=env)).code == 3


async def test_application_sees_no_secret(cli: Cli, server: Server) -> None:
    there = ("--url", server.url, "--password", PASSWORD)
    stored = await cli.ok("password", "show")
    assert stored.strip() not in await cli.ok("get", *there, "http/config")
    assert "not permitted" in await cli.fails("get", *there, "stagedoor/asks")


async def test_wrong_password_is_told_and_not_repeated(cli: Cli, server: Server) -> None:
    complaint = await cli.fails("get", "--url", server.url, "--password", "my little secret", "a")
    assert "failed" in complaint
    assert "my little secret" not in complaint


async def test_missing_password_says_how_to_give_it(cli: Cli, server: Server) -> None:
    assert "STAGEDOOR_PASSWORD" in await cli.fails("get", "--url", server.url, "a")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--url", "http://localhost"],
        ["--url", "ws://u:p@localhost"],
        ["--password", "x"],
        ["--url", "ws://h", "--data", "d"],
    ],
)
async def test_senseless_address_exits_with_2(cli: Cli, arguments: list[str]) -> None:
    assert (await cli("get", *arguments, "a")).code == 2


async def test_nobody_there_is_one_line(cli: Cli) -> None:
    assert "cannot connect" in await cli.fails("get", "--url", "ws://127.0.0.1:9/ws", "a")


# --- where it is printed ---


async def test_terminal_is_not_tricked(cli: Cli) -> None:
    await cli.ok("set", "evil", stdin="two\nlines \x1b]0;title\x07 \x9b31m \u202egnp.exe")
    async with cli.on_terminal("get", "evil") as terminal:
        assert await terminal.end() == 0
    assert "two\r\nlines \\u001b]0;title\\u0007 \\u009b31m \\u202egnp.exe" in terminal.raw


def test_reader_that_has_enough_is_no_error(cli: Cli) -> None:
    env = environment(STAGEDOOR_DATA=str(cli.data))
    archive = "{" + ",".join(f'"key/{number:06}": ""' for number in range(20_000)) + "}"
    subprocess.run([*STAGEDOOR, "import", "-", "--quiet"], input=archive.encode(), env=env, check=True)
    listing = subprocess.Popen([*STAGEDOOR, "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    assert listing.stdout is not None
    assert listing.stderr is not None
    with listing:
        assert listing.stdout.readline() == b"key/000000\n"
        listing.stdout.close()
        assert listing.stderr.read() == b""


def test_full_disk_behind_standard_output_is_one_line(cli: Cli) -> None:
    env = environment(STAGEDOOR_DATA=str(cli.data))
    subprocess.run([*STAGEDOOR, "set", "a", "1"], env=env, check=True)
    for command in ("list", "export"):
        with Path("/dev/full").open("wb") as full:
            result = subprocess.run([*STAGEDOOR, command], stdout=full, stderr=subprocess.PIPE, env=env, check=False)
        assert (result.returncode, result.stderr) == (1, b"Error: No space left on device\n")


@pytest.mark.parametrize(
    ("key", "value", "member"),
    [
        ("streamerbot/config", '{"authentication":"enforcd"}', "authentication"),
        ("streamerbot/config", '{"files":[{"path":"overlays","foder":"/x"}]}', "folder"),
        ("http/config", '{"bind":5}', "bind"),
    ],
)
async def test_settings_that_no_server_would_take_are_refused(both: Cli, key: str, value: str, member: str) -> None:
    await both.ok("set", "other", "1")
    before = await both("get", key)
    assert member in await both.fails("set", key, value)
    assert await both("get", key) == before
