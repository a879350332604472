"""``export`` and ``import``: everything out and in again, byte for byte."""

from pathlib import Path

import msgspec
import pytest

from stagedoor.kilovolt import Client
from tests.cli.harness import Cli, mode, names
from tests.conftest import PASSWORD, Server

EVERYTHING = {
    "": "the empty key",
    "empty": "",
    "plain": "1",
    "unicode/🎥/ключ": "Grüße, 世界, \u2028, \x00, \x1b[31m, \U0010ffff",
    "text": 'two\nlines\r\n\t"quoted" \\ / </script>',
    "json": '{"a": [1, 2.50, null]}',
    "twitch/auth-keys": "a token",
    "twitch/config": '{"enabled":true,"api_client_id":"id","api_client_secret":"a client secret"}',
    "http/config": '{"bind":"localhost:4337","path":"/x","kv_password":"a long enough password"}',
    "streamerbot/config": '{"password":"another long password","instance_id":"4f7b1a52-54fc-4a53-8ec4-6b5f2f0f3c11"}',
    "k" * 511: "v" * 100_000,
}


def write(path: Path, entries: object) -> str:
    path.write_bytes(msgspec.json.encode(entries))
    return str(path)


async def export(cli: Cli, *arguments: str) -> dict[str, str]:
    return msgspec.json.decode(await cli.ok("export", *arguments), type=dict[str, str])


async def test_everything_goes_in_and_out_and_in_again(both: Cli, tmp_path: Path) -> None:
    assert f"imported {len(EVERYTHING)} keys\n" == await both.ok("import", write(tmp_path / "in.json", EVERYTHING))
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert await both("export", str(first)) == (0, "", "")
    assert msgspec.json.decode(first.read_bytes()) == EVERYTHING
    elsewhere = Cli(tmp_path / "elsewhere")
    await elsewhere.ok("import", "-", stdin=first.read_bytes())
    await elsewhere.ok("export", str(second))
    assert second.read_bytes() == first.read_bytes()
    assert (await both.ok("export")).encode() == first.read_bytes()


async def test_export_is_for_its_owner_alone(both: Cli, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("an older one that everybody could read")
    path.chmod(0o644)
    await both.ok("export", str(path))
    assert mode(path) == 0o600
    assert names(tmp_path) == {"data", "out.json"}


async def test_export_without_secrets_has_none(both: Cli, tmp_path: Path) -> None:
    await both.ok("import", write(tmp_path / "in.json", EVERYTHING))
    entries = await export(both, "--no-secrets")
    assert entries == {
        key: value
        for key, value in EVERYTHING.items()
        if not key.startswith(("twitch/", "http/config", "streamerbot/config"))
    }


async def test_export_of_a_prefix(both: Cli) -> None:
    for key in ("p/a", "p/b", "q"):
        await both.ok("set", key, key)
    assert await export(both, "--prefix", "p/") == {"p/a": "p/a", "p/b": "p/b"}
    assert await both.ok("export", "--prefix", "none/") == "{}\n"


async def test_failed_export_leaves_the_older_file(cli: Cli, tmp_path: Path) -> None:
    await cli.ok("set", "big", stdin="x" * 100_000)
    path = tmp_path / "out.json"
    path.write_text("older")
    assert "File too large" in await cli.fails("export", str(path), max_file_bytes=50_000)
    assert path.read_text() == "older"
    assert names(tmp_path) == {"data", "out.json"}


async def test_export_to_nowhere_is_one_line(cli: Cli, tmp_path: Path) -> None:
    await cli.ok("set", "a", "1")
    assert await cli.fails("export", "/dev/full") == "/dev/full: No space left on device"
    assert "No such file or directory" in await cli.fails("export", str(tmp_path / "none" / "x.json"))
    assert "Is a directory" in await cli.fails("export", str(tmp_path))


async def test_export_shows_its_progress_on_a_terminal(cli: Cli, tmp_path: Path) -> None:
    await cli.ok("import", "-", stdin=msgspec.json.encode({f"key/{number}": "" for number in range(5000)}))
    async with cli.on_terminal("export", str(tmp_path / "out.json")) as terminal:
        await terminal.until("exporting")
        assert await terminal.end() == 0
    async with cli.on_terminal("import", str(tmp_path / "out.json")) as terminal:
        await terminal.until("imported 5000 keys")
        assert await terminal.end() == 0


async def test_dry_run_names_keys_and_changes_nothing(both: Cli, tmp_path: Path) -> None:
    await both.ok("set", "same", "1")
    await both.ok("set", "changed", "1")
    before = await both.ok("export")
    archive = write(tmp_path / "in.json", {"same": "1", "changed": "2", "new": "3", "alerts/ev/raid": "past"})
    assert await both.ok("import", "--dry-run", archive) == (
        "new\tnew\n"
        "changed\tchanged\n"
        "would import 3 keys: 1 new, 1 changed, 1 the same; 1 past events and requests left out\n"
    )
    assert (await both("import", "--dry-run", "--json", archive)).json == {
        "keys": 3,
        "new": 1,
        "changed": 1,
        "same": 1,
        "left_out": 1,
        "names": {"new": ["new"], "changed": ["changed"], "same": ["same"]},
    }
    assert await both.ok("export") == before


async def test_dry_run_makes_no_data_folder(cli: Cli) -> None:
    assert "2 new" in await cli.ok("import", "--dry-run", "-", stdin='{"a": "1", "b": "2"}')
    assert not cli.data.exists()


async def test_values_that_are_no_text_become_json(both: Cli) -> None:
    await both.ok("import", "-", stdin='{"n": 1.50, "o": {"a": [1, 2]}, "t": true, "z": null, "s": "text"}')
    for key, value in {"n": "1.50", "o": '{"a": [1, 2]}', "t": "true", "z": "null", "s": "text"}.items():
        assert await both.ok("get", key) == value + "\n"


async def test_import_reads_a_byte_order_mark_over(cli: Cli) -> None:
    await cli.ok("import", "-", stdin=b'\xef\xbb\xbf{"a": "1"}')
    assert await cli.ok("get", "a") == "1\n"


async def test_import_keeps_what_it_does_not_name_and_tells_subscribers(cli: Cli, server: Server) -> None:
    async with Client(server.url, password=PASSWORD) as client:
        await client.set("kept", "1")
        async with client.watch_prefix("") as changes:
            await cli.ok("import", "-", "--quiet", stdin='{"a": "1", "test/@do": "again", "alerts/ev/raid": "past"}')
            await client.set("end", "")
            heard = []
            async for change in changes:
                if change.key == "end":
                    break
                heard.append(change.key)
        assert heard == ["a"]
        assert await client.get("kept") == "1"
        assert await client.get("alerts/ev/raid") == ""
    assert list(cli.data.glob(".import*")) == []


async def test_import_from_a_pipe_is_private_while_it_lasts(cli: Cli, server: Server) -> None:
    assert (await cli("import", "-", "--json", stdin='{"a": "1"}')).json == {"keys": 1, "left_out": 0}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it is not an object"),
        (b"[]", "it is not an object"),
        (b'{"a": "1",}', "it is not an object"),
        (b'{"a": "\xff"}', "it is not an object"),
        (b'{"a": "\\ud800"}', "it is not an object"),
        (b'{"' + b"k" * 512 + b'": "1"}', "longer than 511 bytes"),
    ],
)
async def test_broken_input_says_what_is_wrong(cli: Cli, content: bytes, problem: str) -> None:
    await cli.ok("set", "a", "before")
    assert problem in await cli.fails("import", "-", stdin=content)
    assert problem in await cli.fails("import", "--dry-run", "-", stdin=content)
    assert await cli.ok("list", "--values") == "a\tbefore\n"


async def test_missing_file_is_one_line(cli: Cli, tmp_path: Path) -> None:
    assert "No such file or directory" in await cli.fails("import", str(tmp_path / "none.json"))
    assert not cli.data.exists()


async def test_full_disk_imports_nothing(cli: Cli, tmp_path: Path) -> None:
    await cli.ok("set", "a", "before")
    archive = write(tmp_path / "in.json", {"a": "after", "big": "x" * 5_000_000})
    complaint = await cli.fails("import", archive, max_file_bytes=1_000_000)
    assert "store" in complaint
    assert await cli.ok("list", "--values") == "a\tbefore\n"


async def test_what_is_left_out_is_called_what_it_is(cli: Cli) -> None:
    archive = {"a": "1", "twitch/ev/chat-message": "{}", "stagedoor/tls": "{}", "stagedoor/app-tokens": "[]"}
    out = await cli.ok("import", "-", stdin=msgspec.json.encode(archive))
    assert out == (
        "imported 1 keys; 1 past events and requests left out; 2 settings of who may come in, and of encryption, left "
        "out: they are this machine's own\n"
    )


async def test_imported_password_that_is_weak_is_told(cli: Cli) -> None:
    result = await cli(
        "import", "-", stdin=msgspec.json.encode({"http/config": '{"bind":"localhost:1","kv_password":""}'})
    )
    assert result.code == 0
    assert "everybody on this machine gets in" in result.err
