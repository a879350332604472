"""The hub: what is read, what is heard, in which order; over each kind of store."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stagedoor.errors import NoSuchRequest, RequestFailed, StoreError
from stagedoor.hub import (
    Audience,
    Catalogue,
    Change,
    Hub,
    Keep,
    KeySpec,
    Kind,
    LmdbStore,
    MemoryStore,
    Statistics,
    Write,
)
from tests.hub.shaky_store import PATIENCE_S, ShakyStore

CATALOGUE = (
    KeySpec(pattern="config", kind=Kind.STATE, summary="With a secret.", secret_members=frozenset(("password",))),
    KeySpec(pattern="vault", kind=Kind.SECRET, summary="Secret altogether."),
    KeySpec(pattern="derived", kind=Kind.STATE, summary="Not on disk.", stored_in_memory=True),
    KeySpec(pattern="owners", kind=Kind.STATE, summary="Not for everybody.", readers=Audience.OWNER),
)


class Ear:
    """A subscriber that notes what it hears, and does what a test wants it to do then."""

    def __init__(self, *, is_owner: bool = True) -> None:
        self.heard: list[tuple[str, str]] = []
        self.numbers: list[int] = []
        self.is_owner = is_owner
        self.then: Callable[[Change], object] | None = None

    def deliver(self, change: Change) -> None:
        self.heard.append((change.key, change.value))
        self.numbers.append(change.number)
        if self.then is not None:
            self.then(change)

    def may_hear(self, change: Change) -> bool:
        return self.is_owner or change.spec.readers is Audience.EVERYONE


def make_hub(store: MemoryStore | LmdbStore | ShakyStore) -> Hub:
    return Hub(store, Catalogue(CATALOGUE))


@pytest.fixture(params=["memory", "memory-on-a-thread", "lmdb"])
async def hub(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Hub]:
    if request.param == "lmdb":
        opened = make_hub(LmdbStore(tmp_path / "store"))
    else:
        opened = make_hub(MemoryStore() if request.param == "memory" else ShakyStore(MemoryStore()))
    yield opened
    await opened.close()


@pytest.fixture
def store() -> ShakyStore:
    return ShakyStore(MemoryStore())


@pytest.fixture
async def shaky(store: ShakyStore) -> AsyncIterator[Hub]:
    """A hub on ``store``."""
    opened = make_hub(store)
    yield opened
    store.release()
    await opened.close()


def start(hub: Hub, writes: dict[str, str | None], **options: Any) -> Awaitable[StoreError | None]:
    """Begin to write, and return what will be the outcome."""
    ended: asyncio.Future[StoreError | None] = asyncio.get_running_loop().create_future()
    hub.write([Write(key, value) for key, value in writes.items()], ended.set_result, **options)
    return asyncio.wait_for(ended, PATIENCE_S)


async def write(hub: Hub, writes: dict[str, str | None], **options: Any) -> None:
    assert await start(hub, writes, **options) is None


def entries(hub: Hub, prefix: str = "", *, with_secrets: bool = False, at_once: int = 1000) -> dict[str, str]:
    scan = hub.scan(prefix, with_secrets=with_secrets)
    found: dict[str, str] = {}
    while step := scan.take(at_once):
        assert not found.keys() & dict(step).keys()
        found.update(step)
    scan.close()
    return found


def members(text: str) -> object:
    return msgspec.json.decode(text)


# --- reading and writing ------------------------------------------------------------------------------------------


async def test_a_key_reads_as_it_was_written(hub: Hub) -> None:
    await write(hub, {"a": "1", "chat/ev/x": "2", "derived": "3"})
    assert [hub.get(key) for key in ("a", "chat/ev/x", "derived", "nothing")] == ["1", "2", "3", ""]


async def test_done_comes_when_the_write_is_visible_and_before_it_is_heard(hub: Hub) -> None:
    ear, seen = Ear(), asyncio.get_running_loop().create_future()
    hub.subscribe("a", ear)
    hub.write([Write("a", "1")], lambda error: seen.set_result((error, hub.get("a"), list(ear.heard))))
    assert await asyncio.wait_for(seen, PATIENCE_S) == (None, "1", [])
    assert ear.heard == [("a", "1")]


async def test_a_request_is_not_kept(hub: Hub) -> None:
    await write(hub, {"a/@run": "now"})
    assert hub.get("a/@run") == ""
    assert entries(hub) == {}


async def test_an_event_is_kept_until_it_is_deleted(hub: Hub) -> None:
    await write(hub, {"a/ev/x": "1"})
    await write(hub, {"a/ev/x": "2"})
    assert entries(hub) == {"a/ev/x": "2"}
    await write(hub, {"a/ev/x": None})
    assert entries(hub) == {}


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
async def test_a_list_holds_durable_keys_and_events_in_one_order(hub: Hub, at_once: int) -> None:
    keys = ["", "a", "a/ev/x", "b", "ev/0", "ev/1", "ev/2", "m", "z/ev/y", "🎥", "🎥/ev/z"]
    await write(hub, {key: key for key in reversed(keys)})
    assert list(entries(hub, at_once=at_once)) == keys
    assert list(entries(hub, "ev/", at_once=at_once)) == ["ev/0", "ev/1", "ev/2"]


async def test_keys_alone_come_in_the_same_order(hub: Hub) -> None:
    await write(hub, {"b": "", "a/ev/x": "", "": "", "c": ""})
    scan = hub.scan("")
    assert scan.take_keys(10) == ["", "a/ev/x", "b", "c"]
    scan.close()


async def test_events_take_no_more_memory_than_they_may(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await write(hub, {f"ev/{number}": "x" * (1 << 20) for number in range(70)})
    kept = entries(hub, "ev/")
    assert 60 <= len(kept) <= 64
    assert "ev/69" in kept
    assert "ev/0" not in kept


async def test_a_batch_of_nothing_succeeds(hub: Hub) -> None:
    await write(hub, {})
    assert entries(hub) == {}


async def test_a_bad_writer_harms_nobody(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear()
    hub.subscribe("a", ear)

    def fail(error: StoreError | None) -> None:
        raise RuntimeError("a bug in the writer")

    hub.write([Write("a", "1")], fail)
    await write(hub, {"a": "2"})
    assert ear.heard == [("a", "1"), ("a", "2")]
    assert "a writer failed" in caplog.text


async def test_a_bad_subscriber_harms_nobody(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    bad, good = Ear(), Ear()
    bad.then = lambda change: 1 / 0
    hub.subscribe("a", bad)
    hub.subscribe("a", good)
    await write(hub, {"a": "1"})
    await write(hub, {"a": "2"})
    assert good.heard == [("a", "1"), ("a", "2")]
    assert "a subscriber failed" in caplog.text


async def test_writes_that_wait_share_a_commit(shaky: Hub, store: ShakyStore) -> None:
    store.hold()
    pending = [start(shaky, {f"k{number}": "x"}) for number in range(10)]
    store.release()
    assert await asyncio.gather(*pending) == [None] * 10
    assert store.groups == [["k0"], [f"k{number}" for number in range(1, 10)]]


async def test_reads_do_not_see_what_is_not_on_disk(shaky: Hub, store: ShakyStore) -> None:
    ear = Ear()
    shaky.subscribe("a", ear)
    store.hold()
    pending = start(shaky, {"a": "1"})
    assert shaky.get("a") == ""
    assert ear.heard == []
    assert shaky.statistics().waiting_batches == 1
    store.release()
    assert await pending is None
    assert (shaky.get("a"), ear.heard) == ("1", [("a", "1")])
    assert shaky.statistics().waiting_batches == 0


async def test_an_event_does_not_wait_for_the_disk(shaky: Hub, store: ShakyStore) -> None:
    ear = Ear()
    shaky.subscribe_prefix("", ear)
    store.hold()
    pending = start(shaky, {"a": "1"})
    await write(shaky, {"ev/x": "now"})
    assert ear.heard == [("ev/x", "now")]
    store.release()
    assert await pending is None
    assert ear.heard == [("ev/x", "now"), ("a", "1")]


async def test_an_event_of_the_same_writer_does(shaky: Hub, store: ShakyStore) -> None:
    ear = Ear()
    shaky.subscribe_prefix("", ear)
    store.hold()
    pending = [start(shaky, {"a": "1"}), start(shaky, {"ev/x": "then"}, queue_up=True)]
    assert shaky.get("ev/x") == ""
    store.release()
    assert await asyncio.gather(*pending) == [None, None]
    assert ear.heard == [("a", "1"), ("ev/x", "then")]


async def test_a_batch_of_state_and_event_is_visible_at_one_moment(shaky: Hub, store: ShakyStore) -> None:
    ear, views = Ear(), []
    ear.then = lambda change: views.append((shaky.get("a"), shaky.get("ev/x")))
    shaky.subscribe_prefix("", ear)
    store.hold()
    pending = start(shaky, {"ev/x": "1", "a": "1"})
    assert shaky.get("ev/x") == ""
    store.release()
    assert await pending is None
    assert views == [("1", "1"), ("1", "1")]


# --- subscribers --------------------------------------------------------------------------------------------------


async def test_one_push_a_write_however_many_subscriptions_match(hub: Hub) -> None:
    ear = Ear()
    hub.subscribe("a/b", ear)
    hub.subscribe("a/b", ear)
    for prefix in ("", "a", "a/b"):
        hub.subscribe_prefix(prefix, ear)
    await write(hub, {"a/b": "1"})
    assert ear.heard == [("a/b", "1")]


async def test_who_unsubscribed_hears_nothing(hub: Hub) -> None:
    ear = Ear()
    hub.subscribe("a", ear)
    hub.subscribe_prefix("", ear)
    hub.unsubscribe("a", ear)
    hub.unsubscribe_prefix("", ear)
    await write(hub, {"a": "1"})
    assert ear.heard == []


async def test_changes_of_a_batch_are_heard_in_its_order_with_its_number(hub: Hub) -> None:
    ear = Ear()
    hub.subscribe_prefix("", ear)
    await write(hub, {"z": "1", "ev/a": "2", "m/@run": "3", "b": None})
    await write(hub, {"a": "4"})
    assert ear.heard == [("z", "1"), ("ev/a", "2"), ("m/@run", "3"), ("b", ""), ("a", "4")]
    first = ear.numbers[0]
    assert ear.numbers == [first, first, first, first, first + 1]


async def test_a_write_from_within_a_push_is_heard_after_it_by_all(hub: Hub) -> None:
    first, second = Ear(), Ear()
    answered = asyncio.Event()

    def answer(change: Change) -> None:
        if change.key == "ev/question":
            hub.write([Write("ev/answer", "42")], lambda error: answered.set())

    first.then = answer
    for ear in (first, second):
        hub.subscribe_prefix("ev/", ear)
    await write(hub, {"ev/question": "?", "ev/other": "!"})
    await asyncio.wait_for(answered.wait(), PATIENCE_S)
    assert first.heard == second.heard == [("ev/question", "?"), ("ev/other", "!"), ("ev/answer", "42")]
    assert second.numbers == sorted(second.numbers)


async def test_a_durable_write_from_within_a_push_is_heard_after_it_by_all(hub: Hub) -> None:
    first, second = Ear(), Ear()
    answered = asyncio.Event()

    def answer(change: Change) -> None:
        if change.key == "question":
            hub.write([Write("answer", "42")], lambda error: answered.set())

    first.then = answer
    for ear in (first, second):
        hub.subscribe_prefix("", ear)
    await write(hub, {"question": "?", "other": "!"})
    await asyncio.wait_for(answered.wait(), PATIENCE_S)
    assert first.heard == second.heard == [("question", "?"), ("other", "!"), ("answer", "42")]


async def test_writes_from_within_pushes_do_not_recurse(hub: Hub) -> None:
    ear = Ear()

    def count_on(change: Change) -> None:
        if int(change.value) < 2000:
            hub.write([Write("ev/count", str(int(change.value) + 1))], lambda error: None)

    ear.then = count_on
    hub.subscribe("ev/count", ear)
    await write(hub, {"ev/count": "0"})
    assert [value for _, value in ear.heard] == [str(number) for number in range(2001)]


async def test_a_change_is_shared_so_that_it_is_encoded_once(hub: Hub) -> None:
    first, second = Ear(), Ear()
    first.then = lambda change: change.encodings.update(json=b"made by the first")
    seen: list[bytes | None] = []
    second.then = lambda change: seen.append(change.encodings.get("json"))
    hub.subscribe("a", first)
    hub.subscribe("a", second)
    await write(hub, {"a": "1"})
    assert seen == [b"made by the first"]


async def test_what_is_not_for_everybody_is_heard_by_those_who_may(hub: Hub) -> None:
    owner, guest = Ear(), Ear(is_owner=False)
    for ear in (owner, guest):
        hub.subscribe_prefix("", ear)
    await write(hub, {"owners": "x", "a": "y"})
    assert owner.heard == [("owners", "x"), ("a", "y")]
    assert guest.heard == [("a", "y")]


# --- failures -----------------------------------------------------------------------------------------------------


async def test_a_write_that_failed_is_neither_visible_nor_heard(shaky: Hub, store: ShakyStore) -> None:
    ear = Ear()
    shaky.subscribe_prefix("", ear)
    await write(shaky, {"a": "kept"})
    store.failures = 1
    error = await start(shaky, {"a": "lost", "ev/x": "lost", "vault": "lost"})
    assert isinstance(error, StoreError)
    assert entries(shaky, with_secrets=True) == {"a": "kept"}
    assert ear.heard == [("a", "kept")]


async def test_every_batch_of_a_failed_group_fails_and_the_next_is_tried(
    shaky: Hub, store: ShakyStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.hold()
    first = start(shaky, {"first": "1"})
    group = [start(shaky, {f"k{number}": "x"}) for number in range(3)]
    store.failures = 1
    store.release()
    assert isinstance(await first, StoreError)
    assert await asyncio.gather(*group) == [None] * 3
    store.hold()
    first = start(shaky, {"first": "1"})
    group = [start(shaky, {f"k{number}": "y"}) for number in range(3)]
    store.failures = 2
    store.release()
    outcomes = await asyncio.gather(first, *group)
    assert all(isinstance(outcome, StoreError) for outcome in outcomes)
    await write(shaky, {"k0": "z"})
    assert entries(shaky) == {"k0": "z", "k1": "x", "k2": "x"}
    assert shaky.statistics().failed_commits == 3
    assert "writes failed" in caplog.text


async def test_a_store_with_a_bug_fails_the_write_and_not_the_hub(
    shaky: Hub, store: ShakyStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.bug = ZeroDivisionError("a bug")
    assert isinstance(await start(shaky, {"a": "1"}), StoreError)
    assert "failed unexpectedly" in caplog.text
    await write(shaky, {"a": "2"})
    assert shaky.get("a") == "2"


async def test_a_store_that_stalls_is_mended_and_nothing_is_lost(shaky: Hub, store: ShakyStore) -> None:
    store.stalls, store.refused_mends = 3, 2
    await write(shaky, {"a": "1", "vault": "2"})
    assert entries(shaky, with_secrets=True) == {"a": "1", "vault": "2"}


async def test_a_store_that_cannot_be_mended_fails_the_write(shaky: Hub, store: ShakyStore) -> None:
    store.stalls, store.mend_failures = 1, 1
    assert isinstance(await start(shaky, {"a": "1"}), StoreError)
    await write(shaky, {"a": "2"})
    assert shaky.get("a") == "2"


async def test_a_store_on_disk_grows_under_open_walks_without_losing_writes(tmp_path: Path) -> None:
    hub = make_hub(LmdbStore(tmp_path / "store", map_bytes=256 << 10))
    await write(hub, {"a": "1", "b": "2"})
    scan = hub.scan("")
    assert scan.take(1) == [("a", "1")]
    pending = [start(hub, {f"large/{number}": "x" * 50_000}) for number in range(30)]
    await asyncio.sleep(0)
    assert scan.take(10) == [("b", "2")]
    scan.close()
    assert await asyncio.gather(*pending) == [None] * 30
    assert len(entries(hub, "large/")) == 30
    await hub.close()


async def test_closing_finishes_what_was_submitted(tmp_path: Path) -> None:
    hub = make_hub(LmdbStore(tmp_path / "store"))
    pending = [start(hub, {str(number): "x"}) for number in range(20)]
    await hub.close()
    assert await asyncio.gather(*pending) == [None] * 20
    hub = make_hub(LmdbStore(tmp_path / "store"))
    assert len(entries(hub)) == 20
    await hub.close()


# --- secrets ------------------------------------------------------------------------------------------------------


async def test_secret_members_are_empty_but_for_the_owner(hub: Hub) -> None:
    ear = Ear()
    hub.subscribe("config", ear)
    await write(hub, {"config": '{"user":"me","password":"canary"}'})
    public = '{"user":"me","password":""}'
    assert hub.get("config") == public
    assert entries(hub) == {"config": public}
    assert ear.heard == [("config", public)]
    assert hub.get_whole("config") == '{"user":"me","password":"canary"}'
    assert entries(hub, with_secrets=True) == {"config": '{"user":"me","password":"canary"}'}


async def test_a_secret_value_is_empty_but_for_the_owner(hub: Hub) -> None:
    ear = Ear()
    hub.subscribe("vault", ear)
    await write(hub, {"vault": "canary"})
    assert (hub.get("vault"), hub.get_whole("vault")) == ("", "canary")
    assert entries(hub) == {}
    assert entries(hub, with_secrets=True) == {"vault": "canary"}
    assert ear.heard == [("vault", "")]


@pytest.mark.parametrize("value", ["canary", "[]", '"canary"', "5", "{broken", "[" * 5000, '{"password":"canary"'])
async def test_what_is_no_object_where_one_belongs_is_secret_altogether(hub: Hub, value: str) -> None:
    await write(hub, {"config": value})
    assert (hub.get("config"), hub.get_whole("config")) == ("", value)
    assert entries(hub) == {}


@pytest.mark.parametrize("text", ["oops", "[1]", "5"])
async def test_what_is_no_object_leaves_others_what_was_there(
    hub: Hub, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    ear = Ear()
    await write(hub, {"config": '{"user":"me","password":"canary"}'})
    hub.subscribe("config", ear)
    await write(hub, {"config": text})
    await write(hub, {"config": text}, keep_secrets=Keep.UNSEEN)
    public = '{"user":"me","password":""}'
    assert (hub.get("config"), hub.get_whole("config")) == (public, text)
    assert ear.heard == [("config", public)] * 2
    assert "config" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize("text", ["oops", "[1]", "5"])
async def test_a_secret_outlives_what_is_no_object(hub: Hub, text: str) -> None:
    await write(hub, {"config": '{"user":"me","password":"canary"}'})
    for _ in range(2):
        await write(hub, {"config": text}, keep_secrets=Keep.UNSEEN)
    await write(hub, {"config": hub.get("config")}, keep_secrets=Keep.UNSEEN)
    assert members(hub.get_whole("config")) == {"user": "me", "password": "canary"}


@pytest.mark.parametrize("emptied", [None, "", '{"password":""}'])
async def test_no_secret_outlives_what_is_no_object_and_the_owners_will(hub: Hub, emptied: str | None) -> None:
    await write(hub, {"config": '{"password":"canary"}'})
    await write(hub, {"config": "oops"})
    await write(hub, {"config": emptied})
    await write(hub, {"config": "oops"}, keep_secrets=Keep.UNSEEN)
    await write(hub, {"config": '{"user":"me"}'}, keep_secrets=Keep.UNSEEN)
    assert hub.get_whole("config") == '{"user":"me"}'


@pytest.mark.parametrize("entries", [{}, {"config": "oops"}, {"config": '{"user":"me"}'}])
async def test_to_replace_all_keeps_no_secret_behind_what_is_no_object(hub: Hub, entries: dict[str, str]) -> None:
    await write(hub, {"config": '{"password":"canary"}'})
    await write(hub, {"config": "oops"})
    await hub.replace_all(entries)
    assert "password" not in hub.get("config")
    await write(hub, {"config": '{"user":"me"}'}, keep_secrets=Keep.UNSEEN)
    assert hub.get_whole("config") == '{"user":"me"}'


async def test_names_of_secret_members_are_compared_without_case(hub: Hub) -> None:
    await write(hub, {"config": '{"PassWord":"canary","PASSWORD":"canary"}'})
    assert members(hub.get("config")) == {"PassWord": "", "PASSWORD": ""}


@pytest.mark.parametrize("secret", ["{}", "[1]", "5", '{"canary":"canary"}', "null", "true"])
async def test_a_secret_member_of_any_type_reads_as_empty_text(hub: Hub, secret: str) -> None:
    await write(hub, {"config": f'{{"password":{secret}}}'})
    assert hub.get("config") == '{"password":""}'


@pytest.mark.parametrize("update", ['{"user":"you"}', '{"user":"you","password":""}', '{"user":"you","password":null}'])
async def test_a_secret_that_is_left_empty_or_out_is_kept(hub: Hub, update: str) -> None:
    await write(hub, {"config": '{"user":"me","password":"canary"}'})
    await write(hub, {"config": update}, keep_secrets=Keep.UNSEEN)
    assert members(hub.get_whole("config")) == {"user": "you", "password": "canary"}
    assert members(hub.get("config")) == {"user": "you", "password": ""}


async def test_a_secret_is_kept_under_the_new_spelling_of_its_name(hub: Hub) -> None:
    await write(hub, {"config": '{"password":"canary"}'})
    await write(hub, {"config": '{"Password":""}'}, keep_secrets=Keep.UNSEEN)
    assert members(hub.get_whole("config")) == {"Password": "canary"}


async def test_a_new_secret_replaces_the_old_one(hub: Hub) -> None:
    await write(hub, {"config": '{"password":"old"}'})
    await write(hub, {"config": '{"password":"new"}'}, keep_secrets=Keep.UNSEEN)
    assert hub.get_whole("config") == '{"password":"new"}'


async def test_the_owner_may_empty_a_secret(hub: Hub) -> None:
    await write(hub, {"config": '{"password":"canary"}'})
    await write(hub, {"config": '{"password":""}'})
    assert hub.get_whole("config") == '{"password":""}'


@pytest.mark.parametrize("secret", ["canary", "", None, ["canary"]])
async def test_the_owner_may_keep_a_secret_by_leaving_it_out(hub: Hub, secret: object) -> None:
    await write(hub, {"config": msgspec.json.encode({"user": "me", "PassWord": secret}).decode()})
    await write(hub, {"config": '{"user":"you"}'}, keep_secrets=Keep.LEFT_OUT)
    assert members(hub.get_whole("config")) == {"user": "you", "PassWord": secret}
    assert members(hub.get("config")) == {"user": "you", "PassWord": ""}


@pytest.mark.parametrize("update", ['{"password":""}', '{"Password":null}', '{"password":"new"}'])
async def test_what_the_owner_names_is_not_kept(hub: Hub, update: str) -> None:
    await write(hub, {"config": '{"password":"canary"}'})
    await write(hub, {"config": update}, keep_secrets=Keep.LEFT_OUT)
    assert hub.get_whole("config") == update


async def test_a_deleted_secret_is_gone(hub: Hub) -> None:
    await write(hub, {"config": '{"password":"canary"}', "vault": "canary"})
    await write(hub, {"config": None, "vault": None})
    assert [hub.get_whole(key) for key in ("config", "vault")] == ["", ""]
    await write(hub, {"config": '{"user":"x"}'}, keep_secrets=Keep.UNSEEN)
    assert hub.get_whole("config") == '{"user":"x"}'


async def test_a_secret_under_way_is_kept_by_the_write_behind_it(shaky: Hub, store: ShakyStore) -> None:
    store.hold()
    pending = [
        start(shaky, {"config": '{"password":"canary"}'}),
        start(shaky, {"config": '{"user":"me"}'}, keep_secrets=Keep.UNSEEN),
        start(shaky, {"config": '{"user":"you"}'}, keep_secrets=Keep.UNSEEN),
    ]
    store.release()
    assert await asyncio.gather(*pending) == [None] * 3
    assert members(shaky.get_whole("config")) == {"user": "you", "password": "canary"}


async def test_a_secret_deleted_under_way_is_not_kept(shaky: Hub, store: ShakyStore) -> None:
    await write(shaky, {"config": '{"password":"canary"}'})
    store.hold()
    pending = [start(shaky, {"config": None}), start(shaky, {"config": '{"user":"me"}'}, keep_secrets=Keep.UNSEEN)]
    store.release()
    assert await asyncio.gather(*pending) == [None, None]
    assert shaky.get_whole("config") == '{"user":"me"}'


async def test_what_was_kept_from_a_write_that_failed_is_not_written(shaky: Hub, store: ShakyStore) -> None:
    await write(shaky, {"config": '{"password":"old"}'})
    store.hold()
    pending = [
        start(shaky, {"config": '{"password":"never written"}'}),
        start(shaky, {"config": '{"user":"me"}'}, keep_secrets=Keep.UNSEEN),
    ]
    store.failures = 1
    store.release()
    outcomes = await asyncio.gather(*pending)
    assert all(isinstance(outcome, StoreError) for outcome in outcomes)
    assert shaky.get_whole("config") == '{"password":"old"}'
    await write(shaky, {"config": '{"user":"me"}'}, keep_secrets=Keep.UNSEEN)
    assert members(shaky.get_whole("config")) == {"user": "me", "password": "old"}


async def test_a_secret_that_cannot_be_kept_is_not_overwritten(shaky: Hub, store: ShakyStore) -> None:
    await write(shaky, {"config": '{"password":"canary"}'})
    store.read_failures = 1
    with pytest.raises(StoreError):
        start(shaky, {"vault": "never written", "config": '{"user":"me"}'}, keep_secrets=Keep.UNSEEN)
    await write(shaky, {"config": '{"user":"me"}'}, keep_secrets=Keep.UNSEEN)
    assert members(shaky.get_whole("config")) == {"user": "me", "password": "canary"}
    assert shaky.get_whole("vault") == ""


async def test_a_failure_does_not_fail_those_who_built_on_nothing(shaky: Hub, store: ShakyStore) -> None:
    store.hold()
    pending = [start(shaky, {"a": "1"}), start(shaky, {"b": "2"})]
    store.failures = 1
    store.release()
    outcomes = await asyncio.gather(*pending)
    assert isinstance(outcomes[0], StoreError)
    assert outcomes[1] is None


# --- replacing everything -----------------------------------------------------------------------------------------


async def test_to_replace_all_leaves_nothing_else(hub: Hub) -> None:
    await write(hub, {"a": "1", "b": "2", "vault": "3", "ev/x": "4"})
    await hub.replace_all({"b": "new", "c": "5", "config": '{"password":"canary"}', "ev/y": "ignored"})
    whole = {"b": "new", "c": "5", "config": '{"password":"canary"}', "ev/x": "4"}
    assert entries(hub, with_secrets=True) == whole
    assert hub.get("config") == '{"password":""}'


async def test_to_replace_all_is_heard_for_what_changed_or_went(hub: Hub) -> None:
    ear = Ear()
    await write(hub, {"same": "1", "changed": "1", "gone": "1", "vault": "same", "config": '{"password":"x"}'})
    hub.subscribe_prefix("", ear)
    await hub.replace_all({"same": "1", "changed": "2", "new": "1", "vault": "same", "config": '{"password":"y"}'})
    assert sorted(ear.heard) == [("changed", "2"), ("config", '{"password":""}'), ("gone", ""), ("new", "1")]
    assert len(set(ear.numbers)) == 1


async def test_to_replace_all_counts_on_from_what_was_under_way(shaky: Hub, store: ShakyStore) -> None:
    ear = Ear()
    await write(shaky, {"a": "1"})
    shaky.subscribe_prefix("", ear)
    store.hold()
    pending = start(shaky, {"a": "2", "b": "1"})
    replacing = asyncio.create_task(shaky.replace_all({"a": "1"}))
    await asyncio.sleep(0)
    later = start(shaky, {"c": "1"})
    store.release()
    assert [await pending, await later] == [None, None]
    await replacing
    assert entries(shaky) == {"a": "1", "c": "1"}
    heard: dict[str, str] = {}
    heard.update(ear.heard)
    assert heard == {"a": "1", "b": "", "c": "1"}


async def test_to_replace_all_keeps_no_secret_for_a_write_behind_it(shaky: Hub, store: ShakyStore) -> None:
    await write(shaky, {"config": '{"password":"canary"}'})
    store.hold()
    replacing = asyncio.create_task(shaky.replace_all({"a": "1"}))
    await asyncio.sleep(0)
    later = start(shaky, {"config": '{"user":"me"}'}, keep_secrets=Keep.UNSEEN)
    store.release()
    await replacing
    assert await later is None
    assert shaky.get_whole("config") == '{"user":"me"}'


async def test_to_replace_all_and_fail_changes_nothing(shaky: Hub, store: ShakyStore) -> None:
    ear = Ear()
    await write(shaky, {"a": "1"})
    shaky.subscribe_prefix("", ear)
    store.failures = 1
    with pytest.raises(StoreError):
        await shaky.replace_all({"b": "2"})
    assert entries(shaky) == {"a": "1"}
    assert ear.heard == []


# --- requests -----------------------------------------------------------------------------------------------------


async def test_a_call_is_answered_by_whoever_serves_the_key(hub: Hub) -> None:
    async def double(value: str) -> str:
        return value * 2

    ear = Ear()
    hub.subscribe("math/@double", ear)
    hub.serve("math/@double", double)
    assert await hub.call("math/@double", "ab") == "abab"
    assert ear.heard == [("math/@double", "ab")]
    assert hub.get("math/@double") == ""


async def test_a_call_that_nobody_serves_is_refused(hub: Hub) -> None:
    ear = Ear()
    hub.subscribe_prefix("", ear)
    with pytest.raises(NoSuchRequest):
        await hub.call("a/@run", "")
    assert ear.heard == []


async def test_a_key_is_served_once_until_its_owner_retires(hub: Hub) -> None:
    async def serve(value: str) -> str:
        return "served"

    retire = hub.serve("a/@run", serve)
    with pytest.raises(ValueError, match="served already"):
        hub.serve("a/@run", serve)
    retire()
    with pytest.raises(NoSuchRequest):
        await hub.call("a/@run", "")
    hub.serve("a/@run", serve)
    assert await hub.call("a/@run", "") == "served"


@pytest.mark.parametrize("key", ["a", "ev/x", "vault"])
async def test_only_requests_are_served(hub: Hub, key: str) -> None:
    async def serve(value: str) -> str:
        return value

    with pytest.raises(ValueError, match="not a request key"):
        hub.serve(key, serve)


async def test_a_refusal_reaches_the_caller_in_its_own_words(hub: Hub) -> None:
    async def refuse(value: str) -> str:
        raise RequestFailed("not today")

    hub.serve("a/@run", refuse)
    with pytest.raises(RequestFailed, match="not today"):
        await hub.call("a/@run", "")


async def test_a_bug_in_a_service_tells_the_caller_nothing_of_its_inside(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(value: str) -> str:
        raise KeyError("inside")

    hub.serve("a/@run", fail)
    with pytest.raises(RequestFailed) as failure:
        await hub.call("a/@run", "")
    assert "inside" not in str(failure.value)
    assert "inside" in caplog.text


async def test_a_service_that_takes_too_long_is_ended(hub: Hub) -> None:
    ended = asyncio.Event()

    async def dawdle(value: str) -> str:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()
        return ""

    hub.serve("a/@run", dawdle, timeout_s=0.01)
    with pytest.raises(RequestFailed, match=r"no answer within 0\.01 s"):
        await hub.call("a/@run", "")
    assert ended.is_set()


async def test_a_caller_that_gives_up_ends_the_service(hub: Hub) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def dawdle(value: str) -> str:
        began.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()
        return ""

    hub.serve("a/@run", dawdle)
    call = asyncio.create_task(hub.call("a/@run", ""))
    await began.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert ended.is_set()


async def test_a_write_to_a_request_is_handed_to_its_service(hub: Hub) -> None:
    served: asyncio.Queue[str] = asyncio.Queue()

    async def serve(value: str) -> str:
        served.put_nowait(value)
        return ""

    hub.serve("a/@run", serve)
    await write(hub, {"a/@run": "1", "b": "2"})
    assert await asyncio.wait_for(served.get(), PATIENCE_S) == "1"


@pytest.mark.parametrize("error", [RequestFailed("not today"), KeyError("a bug")], ids=["refused", "failed"])
async def test_a_request_that_nobody_waits_for_fails_into_the_log(
    hub: Hub, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    ended = asyncio.Event()

    async def fail(value: str) -> str:
        ended.set()
        raise error

    hub.serve("a/@run", fail)
    with caplog.at_level(logging.WARNING):
        await write(hub, {"a/@run": ""})
        await asyncio.wait_for(ended.wait(), PATIENCE_S)
        await asyncio.sleep(0)
    assert "a/@run" in caplog.text


async def test_closing_ends_requests_that_still_run() -> None:
    hub = make_hub(MemoryStore())
    began, ended = asyncio.Event(), asyncio.Event()

    async def dawdle(value: str) -> str:
        began.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()
        return ""

    hub.serve("a/@run", dawdle)
    await write(hub, {"a/@run": ""})
    await asyncio.wait_for(began.wait(), PATIENCE_S)
    await hub.close()
    assert ended.is_set()


# --- numbers and statistics ---------------------------------------------------------------------------------------


async def test_numbers_rise_by_one_a_batch(hub: Hub) -> None:
    before = hub.statistics()
    await write(hub, {"a": "1", "b": "2"})
    await write(hub, {"ev/x": "1"})
    await write(hub, {})
    after = hub.statistics()
    assert after.number == before.number + 3
    assert (after.commits, after.keys) == (3, 2)


async def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    last = 0
    for _ in range(3):
        hub = make_hub(LmdbStore(tmp_path / "store"))
        for number in range(3):
            await write(hub, {f"ev/{number}": "x"})
        assert hub.statistics().number - 3 > last
        last = hub.statistics().number
        await hub.close()
    assert last < 1 << 53


async def test_a_new_hub_has_done_nothing() -> None:
    hub = make_hub(MemoryStore())
    statistics = hub.statistics()
    assert statistics == Statistics(statistics.number, commits=0, keys=0, waiting_batches=0, failed_commits=0)
    assert hub.durable_commits == 0
    await hub.close()


async def test_bookkeeping_alone_is_no_change_that_counts(hub: Hub) -> None:
    hub.catalogue.add(KeySpec(pattern="noted", kind=Kind.STATE, summary="A note.", is_bookkeeping=True))
    await write(hub, {"noted": "1"})
    assert hub.durable_commits == 0
    await write(hub, {"noted": "2", "a": "1"})
    assert hub.durable_commits == 1


async def test_durable_commits_count_what_reached_the_store(hub: Hub) -> None:
    await write(hub, {"ev/x": "1"})
    assert hub.durable_commits == 0
    await write(hub, {"a": "1", "ev/x": "2"})
    assert hub.durable_commits == 1
