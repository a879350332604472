"""What a restore or an import would do, told without doing it."""

import json
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.archive import store_folder
from stagedoor.comparison import SHOWN_KEYS, Comparison, Mode, command, compare
from stagedoor.hub import LmdbStore, Put, Table

NAMES = st.text("ab/", max_size=3)
ENTRIES = st.dictionaries(NAMES, st.sampled_from(["1", "2"]))


@given(ENTRIES, ENTRIES, st.sampled_from(["restore", "import"]))
def test_what_it_tells_makes_the_one_out_of_the_other(
    archive: dict[str, str], current: dict[str, str], mode: Mode
) -> None:
    found = compare(archive, sorted(current.items()), mode)
    after = dict(current)
    for key in found.add.keys + found.change.keys:
        assert (key in after) == (key in found.change.keys)
        assert after.get(key) != archive[key]
        after[key] = archive[key]
    for key in found.delete.keys:
        del after[key]
    assert after == (archive if mode == "restore" else {**current, **archive})
    assert found.same == len(archive.keys() & current.keys()) - found.change.count


def test_many_keys_are_counted_and_the_first_named() -> None:
    names = [f"{number:04}" for number in range(SHOWN_KEYS + 5)]
    found = compare(dict.fromkeys(reversed(names), "1"), [], "restore")
    assert found.add.count == SHOWN_KEYS + 5
    assert found.add.keys == names[:SHOWN_KEYS]


def test_events_and_requests_are_never_written() -> None:
    found = compare({"a": "1", "twitch/ev/chat": "2", "stagedoor/@import": "3"}, [], "restore")
    assert (found.add.keys, found.skipped) == (["a"], 2)


def run(path: Path, mode: Mode, data: Path | None, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command(path, mode, data), input=given, capture_output=True, check=False)


def test_as_a_program_it_looks_into_the_store_with_its_secrets(tmp_path: Path) -> None:
    store = LmdbStore(store_folder(tmp_path))
    store.write([Put(Table.KEYS, "a", "1"), Put(Table.KEYS, "b", "2")])
    store.write([Put(Table.KEYS, "http/config", '{"kv_password":""}')])
    store.write([Put(Table.SECRETS, "http/config", '{"kv_password":"x"}')])
    store.close()
    path = tmp_path / "-archive.json"
    path.write_text(json.dumps({"http/config": '{"kv_password":"x"}', "a": "3", "c": "ü"}), encoding="utf-8")
    done = run(path, "restore", tmp_path)
    found = msgspec.json.decode(done.stdout, type=Comparison)
    assert (found.add.keys, found.change.keys, found.delete.keys, found.same) == (["c"], ["a"], ["b"], 1)
    assert done.stderr == b""


def test_as_a_program_it_takes_the_current_entries_as_its_input(tmp_path: Path) -> None:
    path = tmp_path / "archive.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": {"no": "text"}}')
    found = msgspec.json.decode(run(path, "import", None, b'{"b":"1"}').stdout, type=Comparison)
    assert (found.add.keys, found.delete.count) == (["a"], 0)


@pytest.mark.parametrize("content", [None, b"[", b'{"' + b"k" * 600 + b'": ""}'])
def test_as_a_program_it_says_what_is_wrong(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "archive.json"
    if content is not None:
        path.write_bytes(content)
    done = run(path, "restore", None)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith(str(path))
    assert b"Traceback" not in done.stderr
