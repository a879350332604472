"""``action``: list, show, run, import, export, delete."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from stagedoor.kilovolt import Client
from tests.cli.harness import Cli
from tests.conftest import PASSWORD, Server

ONE = "a0ff6f91-a51e-4b7d-948b-5e03ff4a82f0"
TWO = "b0ff6f91-a51e-4b7d-948b-5e03ff4a82f0"

HELLO = {
    "id": ONE,
    "name": "Say hello",
    "group": "Chat",
    "triggers": [{"type": "customEvent", "eventName": "hello"}],
    "steps": [
        {"type": "setKey", "key": "said", "value": "Hello %who%, %n%"},
        {"type": "log", "message": "ü🎥", "enabled": False},
    ],
}
FAILS = {"id": TWO, "name": "fails", "enabled": False, "steps": [{"type": "setKey", "key": "http/config", "value": ""}]}


def encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def import_(cli: Cli, *actions: object) -> Any:
    return msgspec.json.decode(await cli.ok("action", "import", "-", "--json", stdin=encode(actions)))


async def test_import_tells_what_is_new_and_what_it_replaced(both: Cli, tmp_path: Path) -> None:
    file = tmp_path / "actions.json"
    file.write_text(encode(HELLO))
    assert await both.ok("action", "import", str(file)) == f"added\t{ONE}\tSay hello\n"
    file.write_text(encode([{**HELLO, "name": "Greet"}, FAILS]))
    assert await both.ok("action", "import", str(file)) == f"replaced\t{ONE}\tGreet\nadded\t{TWO}\tfails\n"
    assert await both.ok("action", "list") == (f"{TWO}\tfails\t\t0\t1\tdisabled\n{ONE}\tGreet\tChat\t1\t2\tenabled\n")


async def test_an_action_without_an_id_gets_one(both: Cli) -> None:
    (first,) = await import_(both, {"name": "new"})
    (second,) = await import_(both, {"name": "new"})
    assert len({first["id"], second["id"]}) == 2
    assert len(first["id"]) == len(ONE)
    assert first["replaced"] is second["replaced"] is False


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "it is not an action or an array of actions"),
        ('"text"', "it is not an action or an array of actions"),
        ("[1]", "it is not an action or an array of actions"),
        ("[" * 5000, "it is not an action or an array of actions"),
        (encode([HELLO, {"steps": []}]), "missing required field `name`"),
        (
            encode([HELLO, {"name": "two", "steps": [{"type": "dance"}]}]),
            "'two' is not valid: steps[0].type: Invalid",
        ),
        (encode([HELLO, HELLO]), f"two actions have the id '{ONE}'"),
        (encode([HELLO, {"id": "x" * 600, "name": "a"}]), "the id of an action is a short text"),
        (encode([HELLO, {"id": 5, "name": "a"}]), "the id of an action is a short text"),
    ],
)
async def test_a_file_with_one_bad_action_imports_none(cli: Cli, content: str, problem: str) -> None:
    await import_(cli, FAILS)
    complaint = await cli.fails("action", "import", "-", stdin=content)
    assert problem in complaint
    assert "standard input" in complaint
    assert (await cli.ok("action", "list")).count("\n") == 1


async def test_a_missing_file_is_one_line(cli: Cli, tmp_path: Path) -> None:
    assert "No such file" in await cli.fails("action", "import", str(tmp_path / "none.json"))


async def test_an_import_is_one_batch(cli: Cli, server: Server) -> None:
    async with Client(server.url, password=PASSWORD) as client, client.watch_prefix("action/") as changes:
        await import_(cli, HELLO, FAILS)
        heard = [await anext(changes) for _ in range(2)]
    assert [change.key for change in heard] == [f"action/{ONE}", f"action/{TWO}"]
    assert "id" not in msgspec.json.decode(heard[0].value, type=dict[str, object])


async def test_what_is_exported_can_be_imported(both: Cli, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    await import_(both, HELLO, FAILS)
    assert await both.ok("action", "export", "-o", str(file)) == ""
    assert msgspec.json.decode(file.read_bytes()) == [FAILS, HELLO]
    elsewhere = Cli(tmp_path / "elsewhere")
    await elsewhere.ok("action", "import", str(file))
    assert (await elsewhere.ok("action", "export")).encode() == file.read_bytes()
    chosen = await both("action", "export", "say HELLO")
    assert chosen.json == [HELLO]


async def test_show_prints_what_import_reads(both: Cli) -> None:
    await import_(both, HELLO)
    text = await both.ok("action", "show", ONE.upper())
    assert msgspec.json.decode(text) == HELLO
    assert "ü🎥" in text
    assert "no action 'nobody'" in await both.fails("action", "show", "nobody")


async def test_a_broken_action_is_shown_as_such(both: Cli, tmp_path: Path) -> None:
    await import_(both, HELLO)
    await both.ok("set", f"action/{TWO}", '{"name": "b", "stebs": []}')
    assert f"{TWO}\t\t\t\t\tbroken: Object contains unknown field `stebs`\n" in await both.ok("action", "list")
    listed: Any = (await both("action", "list", "--json")).json
    assert [one.get("problem", "") for one in listed] == ["Object contains unknown field `stebs`", ""]
    shown = await both("action", "show", TWO)
    assert (shown.code, shown.out) == (0, '{"name": "b", "stebs": []}\n')
    assert "unknown field `stebs`" in shown.err
    exported = await both("action", "export")
    assert exported.json == [HELLO]
    assert "left out" in exported.err
    assert "not valid" in await both.fails("action", "export", TWO, "-o", str(tmp_path / "out.json"))
    assert not (tmp_path / "out.json").exists()
    await both.ok("action", "delete", TWO)
    assert TWO not in await both.ok("action", "list")


async def test_delete_takes_a_name_that_is_clear(both: Cli) -> None:
    await import_(both, HELLO, {**HELLO, "id": TWO})
    complaint = await both.fails("action", "delete", "say hello")
    assert ONE in complaint
    assert TWO in complaint
    await both.ok("action", "delete", ONE)
    await both.ok("action", "delete", "say hello")
    result = await both("action", "list")
    assert result == (0, "", "there are no actions\n")


async def test_run_waits_for_the_end(cli: Cli, server: Server) -> None:
    await import_(cli, HELLO, {**FAILS, "enabled": True})
    answer = await cli(
        "action", "run", "say hello", "--args", '{"who": "x", "n": [1]}', "--arg", "who=a=b", "--wait", "--json"
    )
    assert (answer.code, answer.err) == (0, "")
    assert await cli.ok("get", "said") == "Hello a=b, [1]\n"
    body: Any = answer.json
    assert body["actionId"] == ONE
    assert body["args"]["who"] == "a=b"
    assert await cli.ok("action", "run", TWO) == ""
    assert "the action failed" in await cli.fails("action", "run", TWO, "--wait")


async def test_run_says_why_not(cli: Cli, server: Server) -> None:
    await import_(cli, FAILS)
    assert await cli.fails("action", "run", "fails") == "Action is disabled"
    assert await cli.fails("action", "run", "nobody", "--wait") == "Action not found"


async def test_run_needs_a_server(cli: Cli) -> None:
    await import_(cli, HELLO)
    assert "no stagedoor is running" in await cli.fails("action", "run", ONE)


@pytest.mark.parametrize(
    "arguments", [["--arg", "nothing"], ["--arg", "=x"], ["--args", "[]"], ["--args", "{"], ["--args", "[" * 5000]]
)
async def test_arguments_that_make_no_sense(cli: Cli, arguments: list[str]) -> None:
    assert (await cli("action", "run", ONE, *arguments)).code == 2
