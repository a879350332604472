"""The command line as a whole: help, completion, status, and errors that become one line."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from stagedoor.cli import main
from stagedoor.control import locked
from tests.cli.harness import Cli, environment
from tests.conftest import Server


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


@pytest.mark.parametrize("path", [*commands(main)], ids=" ".join)
def test_help_explains_with_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"])
    assert result.exit_code == 0
    assert f"stagedoor {' '.join(path)}" in result.output.partition("Example:")[2]
    assert all(len(line) <= 80 for line in result.output.splitlines())


def test_version_is_told() -> None:
    assert CliRunner().invoke(main, ["--version"]).output.startswith("stagedoor, version ")


# --- status ---


async def test_status_tells_what_runs(cli: Cli, server: Server) -> None:
    status = (await cli("status", "--json")).json
    assert isinstance(status, dict)
    assert status["pid"] == server.pid
    assert status["doors"][0]["addresses"]
    table = await cli.ok("status")
    assert f"process\t{server.pid}\n" in table
    assert f"data\t{cli.data}\n" in table
    assert str(server.port) in table


async def test_doors_that_are_off_stay_shut(server: Server) -> None:
    assert {"streamerbot      shut", "streamerbot-http shut"} <= set(server.output)


async def test_status_is_a_table_on_a_terminal(cli: Cli, server: Server) -> None:
    async with cli.on_terminal("status") as terminal:
        assert await terminal.end() == 0
    assert "listens on" in terminal.text


async def test_nothing_that_runs_is_exit_code_1(cli: Cli) -> None:
    assert str(cli.data) in await cli.fails("status")
    assert str(cli.data) in await cli.fails("status", "--json")


async def test_stopped_and_killed_servers_do_not_run(cli: Cli, server: Server) -> None:
    await server.kill()
    assert "no stagedoor is running" in await cli.fails("status")


# --- locks ---


async def test_folder_that_something_else_holds_is_told(cli: Cli) -> None:
    await cli.ok("set", "a", "1")
    with locked(cli.data):
        assert "another stagedoor is running" in await cli.fails("get", "a")


async def test_store_that_is_none_is_one_line(cli: Cli) -> None:
    (cli.data / "store").mkdir(parents=True)
    (cli.data / "store" / "data.mdb").write_text("this is no store")
    for arguments in (["get", "a"], ["set", "a", "1"], ["export"], ["backup"], ["import", "--dry-run", "-"]):
        assert "cannot be opened" in await cli.fails(*arguments, stdin="{}")


async def test_data_folder_that_is_a_file_is_one_line(cli: Cli) -> None:
    cli.data.write_text("a file")
    assert "data" in await cli.fails("set", "a", "1")


# --- completion ---


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_printed(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0
    assert "_STAGEDOOR_COMPLETE" in result.stdout


def complete(cli: Cli, words: str) -> list[str]:
    script = Path(sys.executable).with_name("stagedoor")
    env = environment(
        STAGEDOOR_DATA=str(cli.data),
        _STAGEDOOR_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split(" ")) - 1),
    )
    result = subprocess.run([script], env=env, capture_output=True, check=True, text=True)
    assert result.stderr == ""
    return [line.partition(",")[2] for line in result.stdout.splitlines() if line]


def test_commands_are_completed(cli: Cli) -> None:
    assert complete(cli, "stagedoor back") == ["backup", "backups"]
    assert complete(cli, "stagedoor password s") == ["set", "show"]


async def test_keys_are_completed_from_the_running_server(cli: Cli, server: Server) -> None:
    await cli.ok("set", "counter/deaths", "1")
    await cli.ok("set", "counter/wins", "1")
    assert complete(cli, "stagedoor get counter/") == ["counter/deaths", "counter/wins"]
    assert complete(cli, f"stagedoor watch --url {server.url} counter/") == []


def test_without_a_server_no_keys_are_completed(cli: Cli) -> None:
    assert complete(cli, "stagedoor get a") == []


# --- bugs ---


def test_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("stagedoor.cli.completion.completion.callback", lambda **_: fail())
    assert isinstance(CliRunner().invoke(main, ["completion", "bash"]).exception, ZeroDivisionError)


def test_environment_of_the_tests_is_clean() -> None:
    assert not [name for name in environment() if name.startswith("STAGEDOOR_")]
    assert os.environ.keys() >= environment().keys()


# --- documentation ---


def test_every_command_and_option_is_documented_or_explained_by_its_help() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    headings = {word for line in page.splitlines() if line.startswith("## ") for word in line[3:].split(", ")}
    assert set(main.list_commands(click.Context(main))) <= headings


def examples() -> list[str]:
    """Every command line of the documentation and of the help, without what its shell does with it."""
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    texts = [*blocks, *(CliRunner().invoke(main, [*path, "--help"]).output for path in commands(main))]
    found = re.findall(r"^ *(?:[^#\n]*\| )?stagedoor ([^|>#\n]*)", "\n".join(texts), re.MULTILINE)
    return sorted({line.strip() for line in found})


@pytest.mark.parametrize("example", examples())
def test_example_is_a_valid_command_line(example: str) -> None:
    command: click.Command = main
    words = shlex.split(example)
    context = click.Context(main)
    while isinstance(command, click.Group) and words and (found := command.get_command(context, words[0])):
        command = found
        context = click.Context(command, parent=context)
        words = words[1:]
    assert command is not main
    command.parse_args(context, words)
