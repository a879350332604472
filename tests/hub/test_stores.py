"""What every store has to do, asked of each; then what only one in memory or one on disk does."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import lmdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stagedoor.errors import StoreClosed, StoreError
from stagedoor.hub import LmdbStore, MemoryStore, Put, Store, StoreStalled, Table
from stagedoor.hub.memory_store import MemoryTable
from stagedoor.types import MAX_KEY_BYTES

PATIENCE_S = 20.0


@pytest.fixture(params=["memory", "lmdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else LmdbStore(tmp_path / "store")
    yield opened
    opened.close()


def fill(store: Store, entries: dict[str, str | None], table: Table = Table.KEYS) -> None:
    """Write and look."""
    store.write([Put(table, key, value) for key, value in entries.items()])
    store.refresh()


def read(store: Store, prefix: str = "", table: Table = Table.KEYS, *, at_once: int = 1000) -> list[tuple[str, str]]:
    """Walk over a prefix, so many at a time."""
    scan = store.scan(table, prefix)
    found = []
    while entries := scan.take(at_once):
        found += entries
    scan.close()
    return found


def read_keys(store: Store, prefix: str = "", *, at_once: int = 1000) -> list[str]:
    scan = store.scan(Table.KEYS, prefix)
    found = []
    while keys := scan.take_keys(at_once):
        found += keys
    scan.close()
    return found


# --- every store --------------------------------------------------------------------------------------------------


def test_a_key_that_nobody_wrote_is_none(store: Store) -> None:
    assert store.get(Table.KEYS, "a") is None
    assert store.get(Table.KEYS, "") is None


def test_what_was_written_is_read(store: Store) -> None:
    fill(store, {"a": "1", "b": ""})
    assert store.get(Table.KEYS, "a") == "1"
    assert store.get(Table.KEYS, "b") == ""


def test_none_deletes(store: Store) -> None:
    fill(store, {"a": "1", "b": "2"})
    fill(store, {"a": None, "never": None})
    assert read(store) == [("b", "2")]
    assert store.get(Table.KEYS, "a") is None


def test_entries_of_a_batch_are_written_in_their_order(store: Store) -> None:
    store.write([Put(Table.KEYS, "a", "1"), Put(Table.KEYS, "a", None), Put(Table.KEYS, "a", "2")])
    store.write([Put(Table.KEYS, "b", "1"), Put(Table.KEYS, "b", None)])
    store.refresh()
    assert read(store) == [("a", "2")]


def test_an_empty_batch_changes_nothing(store: Store) -> None:
    fill(store, {"a": "1"})
    store.write([])
    store.refresh()
    assert read(store) == [("a", "1")]


def test_tables_are_apart(store: Store) -> None:
    fill(store, {"a": "public"})
    fill(store, {"a": "secret", "b": "secret"}, Table.SECRETS)
    assert (store.get(Table.KEYS, "a"), store.get(Table.SECRETS, "a")) == ("public", "secret")
    assert read(store) == [("a", "public")]
    assert read(store, table=Table.SECRETS) == [("a", "secret"), ("b", "secret")]
    assert (store.count(Table.KEYS), store.count(Table.SECRETS)) == (1, 2)


def test_to_replace_empties_every_table_first(store: Store) -> None:
    fill(store, {"a": "1", "b": "2"})
    fill(store, {"s": "3"}, Table.SECRETS)
    store.write([Put(Table.KEYS, "b", "4"), Put(Table.KEYS, "c", "5")], replace=True)
    store.refresh()
    assert read(store) == [("b", "4"), ("c", "5")]
    assert read(store, table=Table.SECRETS) == []
    store.write([], replace=True)
    store.refresh()
    assert store.count(Table.KEYS) == 0


def test_a_walk_goes_by_code_point_from_the_empty_key_to_the_astral_ones(store: Store) -> None:
    keys = ["", "\0", " ", "A", "a", "a\0", "a/", "aa", "b", "é", "\ud7ff", "\uffff", "\U00010000", "🎥", "\U0010ffff"]
    fill(store, {key: f"value of {key}" for key in reversed(keys)})
    assert [key for key, _ in read(store)] == keys
    assert read_keys(store) == keys


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
def test_a_walk_in_steps_is_the_whole_walk(store: Store, at_once: int) -> None:
    fill(store, {"": "0", "a": "1", "b": "2", "c": "3", "🎥": "4"})
    assert read(store, at_once=at_once) == [("", "0"), ("a", "1"), ("b", "2"), ("c", "3"), ("🎥", "4")]
    assert read_keys(store, at_once=at_once) == ["", "a", "b", "c", "🎥"]


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_a_walk_stays_within_its_prefix(store: Store, at_once: int) -> None:
    fill(store, {"a": "", "b": "", "b/": "", "b/c": "", "b0": "", "c": "", "": ""})
    assert [key for key, _ in read(store, "b/", at_once=at_once)] == ["b/", "b/c"]
    assert read_keys(store, "b", at_once=at_once) == ["b", "b/", "b/c", "b0"]
    assert read_keys(store, "bb", at_once=at_once) == []
    assert read_keys(store, "z", at_once=at_once) == []


def test_a_walk_over_nothing_is_empty(store: Store) -> None:
    assert read(store) == []
    assert read_keys(store, "a") == []


def test_a_walk_that_is_closed_is_over(store: Store) -> None:
    fill(store, {"a": "1", "b": "2"})
    scan = store.scan(Table.KEYS, "")
    assert scan.take(1) == [("a", "1")]
    scan.close()
    scan.close()
    assert scan.take(1) == []


def test_a_walk_sees_the_moment_when_it_began(store: Store) -> None:
    fill(store, {"a": "1", "b": "2", "c": "3"})
    scan = store.scan(Table.KEYS, "")
    assert scan.take(1) == [("a", "1")]
    fill(store, {"b": "new", "bb": "new", "c": None})
    assert scan.take(10) == [("b", "2"), ("c", "3")]
    scan.close()
    assert read(store) == [("a", "1"), ("b", "new"), ("bb", "new")]


@pytest.mark.parametrize(
    "key", ["k" * MAX_KEY_BYTES, "é" * (MAX_KEY_BYTES // 2), "🎥" * (MAX_KEY_BYTES // 4)], ids=["1", "2", "4"]
)
def test_the_longest_keys_are_kept(store: Store, key: str) -> None:
    fill(store, {key: "long"})
    assert store.get(Table.KEYS, key) == "long"
    assert read(store, key) == [(key, "long")]
    assert read(store, key + "x") == []


def test_a_key_that_could_never_be_stored_reads_as_none(store: Store) -> None:
    assert store.get(Table.KEYS, "k" * 10_000) is None
    assert read(store, "k" * 10_000) == []


def test_values_may_be_large(store: Store) -> None:
    fill(store, {"a": "🎥" * (1 << 18)})
    assert store.get(Table.KEYS, "a") == "🎥" * (1 << 18)


def test_hundreds_of_walks_may_be_open_at_a_time(store: Store) -> None:
    fill(store, {"a": "1"})
    scans = [store.scan(Table.KEYS, "") for _ in range(1100)]
    assert all(scan.take(2) == [("a", "1")] for scan in scans)
    for scan in scans:
        scan.close()


def test_a_closed_store_refuses_everything(store: Store) -> None:
    fill(store, {"a": "1"})
    store.close()
    store.close()
    with pytest.raises(StoreClosed):
        store.get(Table.KEYS, "a")
    with pytest.raises(StoreClosed):
        store.scan(Table.KEYS, "")
    with pytest.raises(StoreError):
        store.write([Put(Table.KEYS, "a", "2")])


def test_a_walk_that_is_open_when_the_store_closes_has_ended(store: Store) -> None:
    fill(store, {"a": "1", "b": "2"})
    scan = store.scan(Table.KEYS, "")
    scan.take(1)
    store.close()
    assert isinstance(scan.take(10), list)
    scan.close()


KEYS = st.text(max_size=4) | st.text("ab/🎥\uffff", max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, st.text(max_size=5), max_size=20), KEYS, st.integers(1, 7))
def test_stores_agree_with_a_sorted_dictionary(entries: dict[str, str], prefix: str, at_once: int) -> None:
    expected = sorted((key, value) for key, value in entries.items() if key.startswith(prefix))
    with tempfile.TemporaryDirectory() as folder:
        for store in (MemoryStore(), LmdbStore(Path(folder))):
            fill(store, dict(entries))
            assert read(store, prefix, at_once=at_once) == expected
            assert read_keys(store, prefix, at_once=at_once) == [key for key, _ in expected]
            assert store.count(Table.KEYS) == len(entries)
            store.close()


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, st.text(max_size=5), max_size=20), KEYS, st.lists(KEYS, max_size=4), st.integers(1, 7))
def test_a_walk_goes_on_from_where_it_was_sent(
    entries: dict[str, str], prefix: str, places: list[str], at_once: int
) -> None:
    ordered = sorted((key, value) for key, value in entries.items() if key.startswith(prefix))
    with tempfile.TemporaryDirectory() as folder:
        for store in (MemoryStore(), LmdbStore(Path(folder))):
            fill(store, dict(entries))
            walk, keys_walk = store.scan(Table.KEYS, prefix), store.scan(Table.KEYS, prefix)
            for place in places:
                expected = [entry for entry in ordered if entry[0] >= place][:at_once]
                for scan in (walk, keys_walk):
                    scan.seek(place)
                assert walk.take(at_once) == expected
                assert keys_walk.take_keys(at_once) == [key for key, _ in expected]
            walk.close()
            keys_walk.close()
            store.close()


@pytest.mark.parametrize("place", ["k" * MAX_KEY_BYTES + "/", "k" * MAX_KEY_BYTES + "\0" * 600])
def test_a_walk_may_be_sent_to_a_place_where_no_key_can_be(store: Store, place: str) -> None:
    longest = "k" * MAX_KEY_BYTES
    fill(store, {longest: "1", "k" * (MAX_KEY_BYTES - 1) + "l": "2", "z": "3"})
    scan = store.scan(Table.KEYS, "")
    scan.seek(place)
    assert [value for _, value in scan.take(9)] == ["2", "3"]
    scan.seek("z" * 600)
    assert scan.take(9) == []
    scan.close()
    scan.seek("")
    assert scan.take(9) == []


# --- in memory ----------------------------------------------------------------------------------------------------


def test_a_table_in_memory_forgets_the_oldest_writes_past_its_limit() -> None:
    table = MemoryTable(limit_bytes=3000)
    for key in "abc":
        table.put(key, "x" * 700)
    table.put("a", "y" * 700)
    table.put("d", "x" * 700)
    assert [key for key, _ in table.range("")] == ["a", "c", "d"]
    assert table.get("b") is None


def test_a_table_in_memory_keeps_the_newest_value_however_large() -> None:
    table = MemoryTable(limit_bytes=1000)
    table.put("small", "x")
    table.put("large", "x" * 5000)
    assert [key for key, _ in table.range("")] == ["large"]
    table.put("small", "x")
    assert [key for key, _ in table.range("")] == ["small"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text("abc", max_size=2), st.none() | st.text(max_size=300)), max_size=60))
def test_a_table_in_memory_never_exceeds_its_limit(steps: list[tuple[str, str | None]]) -> None:
    table = MemoryTable(limit_bytes=1500)
    for key, value in steps:
        if value is None:
            table.delete(key)
        else:
            table.put(key, value)
        entries = table.range("")
        assert entries == sorted(entries)
        assert len(table) == len(entries)
        assert sum(len(key) + len(text) for key, text in entries) <= 1500


# --- on disk ------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def reopen(folder: Path) -> Iterator[Callable[..., LmdbStore]]:
    """Opens the store of the test, and closes the one that it opened before."""
    opened: list[LmdbStore] = []

    def open_anew(**options: int) -> LmdbStore:
        for store in opened:
            store.close()
        opened.append(LmdbStore(folder, **options))  # type: ignore[arg-type]  # only sizes are passed
        return opened[-1]

    yield open_anew
    for store in opened:
        store.close()


def test_what_was_written_is_there_after_a_restart(reopen: Callable[..., LmdbStore]) -> None:
    store = reopen()
    fill(store, {"": "nameless", "a": "1", "gone": "2"})
    fill(store, {"s": "3"}, Table.SECRETS)
    fill(store, {"gone": None})
    store = reopen()
    assert read(store) == [("", "nameless"), ("a", "1")]
    assert store.get(Table.SECRETS, "s") == "3"


def test_the_epoch_rises_with_each_start(reopen: Callable[..., LmdbStore]) -> None:
    assert [reopen().epoch for _ in range(3)] == [1, 2, 3]


def test_reading_only_leaves_the_epoch_alone(reopen: Callable[..., LmdbStore], folder: Path) -> None:
    store = reopen()
    fill(store, {"a": "1"})
    store.close()
    onlooker = LmdbStore(folder, read_only=True)
    assert (onlooker.epoch, read(onlooker)) == (1, [("a", "1")])
    with pytest.raises(StoreError):
        onlooker.write([Put(Table.KEYS, "a", "2")])
    onlooker.close()
    assert reopen().epoch == 2


def test_reading_only_needs_a_store(folder: Path) -> None:
    with pytest.raises(StoreError):
        LmdbStore(folder, read_only=True)


def test_writes_are_seen_when_the_reader_says_so(reopen: Callable[..., LmdbStore]) -> None:
    store = reopen()
    store.write([Put(Table.KEYS, "a", "1")])
    assert store.get(Table.KEYS, "a") is None
    store.refresh()
    assert store.get(Table.KEYS, "a") == "1"


def test_a_walk_sees_no_more_than_other_reads_do(reopen: Callable[..., LmdbStore]) -> None:
    store = reopen()
    store.write([Put(Table.KEYS, "a", "1")])
    assert read(store) == []
    store.refresh()
    assert read(store) == [("a", "1")]


def test_folder_and_files_are_the_owners_alone(reopen: Callable[..., LmdbStore], folder: Path) -> None:
    reopen()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_store_of_a_newer_stagedoor_is_refused(reopen: Callable[..., LmdbStore], folder: Path) -> None:
    reopen().close()
    with lmdb.open(os.fspath(folder), max_dbs=3) as environment:
        meta = environment.open_db(b"meta")
        with environment.begin(write=True, db=meta) as transaction:
            transaction.put(b"schema", b"2")
    with pytest.raises(StoreError, match="newer"):
        reopen()


def test_a_file_that_is_no_store_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "data.mdb").write_bytes(b"no store at all" * 1000)
    with pytest.raises(StoreError, match="cannot be opened"):
        LmdbStore(folder)


def test_a_full_map_stalls_writes_until_it_has_grown(reopen: Callable[..., LmdbStore]) -> None:
    store = reopen(map_bytes=256 << 10)
    fill(store, {"before": "1"})
    large = [Put(Table.KEYS, f"large/{number}", "x" * 4000) for number in range(200)]
    with pytest.raises(StoreStalled):
        store.write(large)
    assert store.get(Table.KEYS, "before") == "1"
    while True:
        assert store.mend()
        try:
            store.write(large)
            break
        except StoreStalled:
            continue
    store.refresh()
    assert store.count(Table.KEYS) == 201
    assert reopen().count(Table.KEYS) == 201


def test_a_map_does_not_grow_under_a_walk(reopen: Callable[..., LmdbStore]) -> None:
    store = reopen(map_bytes=256 << 10)
    fill(store, {"a": "1"})
    scan = store.scan(Table.KEYS, "")
    with pytest.raises(StoreStalled):
        store.write([Put(Table.KEYS, "large", "x" * (1 << 20))])
    assert not store.mend()
    assert scan.take(1) == [("a", "1")]
    scan.close()
    assert store.mend()


def test_walks_that_begin_while_the_map_has_to_grow_do_not_hold_it_up(reopen: Callable[..., LmdbStore]) -> None:
    store = reopen()
    store.write([Put(Table.KEYS, f"key/{number}", "x") for number in range(10)])
    store.refresh()
    early = store.scan(Table.KEYS, "")
    assert not store.mend()
    late = store.scan(Table.KEYS, "key/")
    early.close()
    assert store.mend()
    assert len(late.take_keys(100)) == 10
    late.close()


def test_a_grown_map_is_large_enough_after_a_restart(reopen: Callable[..., LmdbStore]) -> None:
    store = reopen(map_bytes=128 << 10)
    for size in (50_000, 100_000, 400_000):
        try:
            fill(store, {str(size): "x" * size})
        except StoreStalled:
            while store.mend():
                try:
                    fill(store, {str(size): "x" * size})
                    break
                except StoreStalled:
                    continue
    store = reopen(map_bytes=128 << 10)
    assert read_keys(store) == ["100000", "400000", "50000"]


@pytest.mark.parametrize("pages", range(12, 32))
def test_a_store_that_is_full_to_the_last_page_can_be_opened(reopen: Callable[..., LmdbStore], pages: int) -> None:
    store = reopen(map_bytes=32 * 4096)
    value: str | None = "x" * (pages * 4096 - 100)
    try:
        fill(store, {"a": value})
    except StoreStalled:
        value = None
    store = reopen(map_bytes=32 * 4096)
    assert store.get(Table.KEYS, "a") == value
    assert store.epoch == 2


class _Environment:
    """An LMDB environment that raises what a test says at the next ``begin`` for writing."""

    def __init__(self, real: lmdb.Environment, error: lmdb.Error) -> None:
        self._real = real
        self._error = error

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def begin(self, *arguments: object, **options: object) -> object:
        if options.get("write"):
            raise self._error
        return self._real.begin(*arguments, **options)  # type: ignore[call-overload]  # passed on as they are


def break_environment(store: LmdbStore, error: lmdb.Error) -> None:
    store._environment = _Environment(store._environment, error)  # type: ignore[assignment]  # stands in for it


@pytest.mark.parametrize("error", [lmdb.PanicError("injected"), lmdb.MapResizedError("injected")])
def test_after_a_panic_the_store_is_opened_anew(reopen: Callable[..., LmdbStore], error: lmdb.Error) -> None:
    store = reopen()
    fill(store, {"a": "1"})
    break_environment(store, error)
    for _ in range(2):
        with pytest.raises(StoreStalled):
            store.write([Put(Table.KEYS, "b", "2")])
    assert store.get(Table.KEYS, "a") == "1"
    assert store.mend()
    fill(store, {"b": "2"})
    assert read(store) == [("a", "1"), ("b", "2")]


def test_after_a_panic_the_store_waits_for_open_walks(reopen: Callable[..., LmdbStore]) -> None:
    store = reopen()
    fill(store, {"a": "1"})
    scan = store.scan(Table.KEYS, "")
    break_environment(store, lmdb.PanicError("injected"))
    with pytest.raises(StoreStalled):
        store.write([Put(Table.KEYS, "b", "2")])
    assert not store.mend()
    assert scan.take(1) == [("a", "1")]
    scan.close()
    assert store.mend()


def test_a_store_that_cannot_be_opened_anew_fails_until_it_can(
    reopen: Callable[..., LmdbStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = reopen()
    fill(store, {"a": "1"})
    break_environment(store, lmdb.PanicError("injected"))
    with pytest.raises(StoreStalled):
        store.write([Put(Table.KEYS, "b", "2")])
    with monkeypatch.context() as patch:
        patch.setattr(lmdb, "open", _refuse_to_open)
        with pytest.raises(StoreError):
            store.mend()
        store.refresh()
        with pytest.raises(StoreError):
            store.get(Table.KEYS, "a")
        with pytest.raises(StoreError):
            store.scan(Table.KEYS, "")
        with pytest.raises(StoreStalled):
            store.write([Put(Table.KEYS, "b", "2")])
        with pytest.raises(StoreError):
            store.mend()
    assert store.mend()
    fill(store, {"b": "2"})
    assert read(store) == [("a", "1"), ("b", "2")]


@pytest.mark.parametrize("opens_anew", [False, True])
def test_a_map_that_another_process_enlarges_meanwhile_is_opened_again(
    reopen: Callable[..., LmdbStore], monkeypatch: pytest.MonkeyPatch, opens_anew: bool
) -> None:
    failures = 2
    open_really = lmdb.open

    def open_unluckily(*arguments: object, **options: object) -> lmdb.Environment:
        nonlocal failures
        if failures:
            failures -= 1
            raise lmdb.MapResizedError("injected")
        return open_really(*arguments, **options)  # type: ignore[arg-type]  # passed on as they are

    if opens_anew:
        store = reopen()
        break_environment(store, lmdb.PanicError("injected"))
        with pytest.raises(StoreStalled):
            store.write([Put(Table.KEYS, "a", "1")])
        monkeypatch.setattr(lmdb, "open", open_unluckily)
        assert store.mend()
    else:
        monkeypatch.setattr(lmdb, "open", open_unluckily)
        store = reopen()
    fill(store, {"a": "1"})
    assert (read(store), failures) == ([("a", "1")], 0)


def _refuse_to_open(*arguments: object, **options: object) -> None:
    raise lmdb.DiskError("injected")


def test_a_device_that_refuses_once_loses_nothing(reopen: Callable[..., LmdbStore]) -> None:
    store = reopen()
    fill(store, {"a": "1"})
    real = store._environment
    break_environment(store, lmdb.DiskError("injected"))
    with pytest.raises(StoreError, match="could not write"):
        store.write([Put(Table.KEYS, "a", "2")])
    store._environment = real
    store.refresh()
    assert read(store) == [("a", "1")]
    fill(store, {"a": "2"})
    assert reopen().get(Table.KEYS, "a") == "2"


def test_one_thread_writes_while_another_reads(reopen: Callable[..., LmdbStore]) -> None:
    store = reopen(map_bytes=64 << 20)
    done = threading.Event()

    def write() -> None:
        for number in range(30):
            store.write([Put(Table.KEYS, "one", str(number)), Put(Table.KEYS, "other", str(number))])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        store.refresh()
        assert store.get(Table.KEYS, "one") == store.get(Table.KEYS, "other")
        entries = read(store)
        assert len({value for _, value in entries}) <= 1
    writer.join()
    store.refresh()
    assert store.get(Table.KEYS, "one") == "29"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("cannot exist here: only root may mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"cannot exist here: no small disk can be mounted: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def fill_disk(store: LmdbStore) -> int:
    """Write until there is no more room; returns how often that went well."""
    for number in range(100):
        try:
            store.write([Put(Table.KEYS, f"fill/{number}", "x" * 100_000)])
        except StoreError:
            return number
    raise AssertionError("the disk did not fill up")


def test_a_full_disk_fails_writes_and_loses_nothing(small_disk: Path) -> None:
    store = LmdbStore(small_disk / "store")
    fill(store, {"first": "kept"})
    written = fill_disk(store)
    store.refresh()
    assert 10 < written < 60
    assert store.get(Table.KEYS, "first") == "kept"
    assert len(read_keys(store, "fill/")) == written
    store.close()

    store = LmdbStore(small_disk / "store")
    assert store.get(Table.KEYS, "first") == "kept"
    assert len(read_keys(store, "fill/")) == written
    store.close()


def test_a_disk_that_has_room_again_takes_writes_again(small_disk: Path) -> None:
    store = LmdbStore(small_disk / "store")
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (3 << 20))
    fill_disk(store)
    ballast.unlink()
    while True:
        try:
            store.write([Put(Table.KEYS, "after", "x" * 100_000)])
            break
        except StoreStalled:
            assert store.mend()
    store.refresh()
    assert store.get(Table.KEYS, "after") == "x" * 100_000
    store.close()


# --- against a model, with crashes --------------------------------------------------------------------------------

_CHILD = """
import json, sys
from pathlib import Path
from stagedoor.hub import LmdbStore, Put, Table

store = LmdbStore(Path(sys.argv[1]), map_bytes=1 << 20)
print(store.epoch, flush=True)
for line in sys.stdin:
    replace, puts = json.loads(line)
    store.write([Put(Table(table), key, value) for table, key, value in puts], replace=replace)
    print("written", flush=True)
"""


def test_what_a_killed_process_had_written_is_there(folder: Path) -> None:
    for epoch in (1, 2):
        with subprocess.Popen(
            [sys.executable, "-c", _CHILD, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            assert child.stdout.readline() == f"{epoch}\n"
            for number in range(5):
                child.stdin.write(f'[false, [["keys", "{epoch}/{number}", "x"], ["secrets", "{number}", "{epoch}"]]]\n')
                child.stdin.flush()
                assert child.stdout.readline() == "written\n"
            child.kill()
    store = LmdbStore(folder)
    assert read_keys(store) == [f"{epoch}/{number}" for epoch in (1, 2) for number in range(5)]
    assert store.get(Table.SECRETS, "4") == "2"
    assert store.epoch == 3
    store.close()


class StoreMachine(RuleBasedStateMachine):
    """A store on disk beside two dictionaries: what is on disk, and what its reader has looked at.

    A crash is simulated by opening a copy of the files as they lie there, while the old store still has them open.
    """

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._generation = 0
        self._open()
        self.written: dict[tuple[Table, str], str] = {}
        self.seen: dict[tuple[Table, str], str] = {}

    def _open(self) -> None:
        self.store = LmdbStore(self._path, map_bytes=128 << 10)
        assert self.store.epoch == self._generation + 1

    @property
    def _path(self) -> Path:
        return Path(self._folder.name) / str(self._generation)

    @rule(
        entries=st.lists(
            st.tuples(st.sampled_from(Table), KEYS, st.none() | st.sampled_from([0, 1, 20_000])), max_size=6
        ),
        replace=st.booleans(),
    )
    def write(self, entries: list[tuple[Table, str, int | None]], replace: bool) -> None:
        """Write entries with values of these lengths."""
        puts = [(table, key, None if length is None else "y" * length) for table, key, length in entries]
        while True:
            try:
                self.store.write([Put(*put) for put in puts], replace=replace)
                break
            except StoreStalled:
                assert self.store.mend()
                self.seen = dict(self.written)
        if replace:
            self.written.clear()
        for table, key, value in puts:
            if value is None:
                self.written.pop((table, key), None)
            else:
                self.written[table, key] = value

    @rule()
    def refresh(self) -> None:
        self.store.refresh()
        self.seen = dict(self.written)

    @rule()
    def crash(self) -> None:
        data = (self._path / "data.mdb").read_bytes()
        self.store.close()
        self._generation += 1
        self._path.mkdir()
        (self._path / "data.mdb").write_bytes(data)
        self._open()
        self.seen = dict(self.written)

    @rule()
    @precondition(lambda self: self.written)
    def restart(self) -> None:
        self.store.close()
        self.store = LmdbStore(self._path, map_bytes=128 << 10)
        self.store.close()
        # Each opening counts, also this one; the generation keeps step.
        self._path.rename(self._path.with_name(str(self._generation + 2)))
        self._generation += 2
        self._open()
        self.seen = dict(self.written)

    @invariant()
    def reads_what_it_has_looked_at(self) -> None:
        for table in Table:
            expected = sorted((key, value) for (place, key), value in self.seen.items() if place is table)
            assert read(self.store, table=table) == expected
            assert self.store.count(table) == len(expected)

    def teardown(self) -> None:
        self.store.close()
        self._folder.cleanup()


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
