"""The session's order, limits and timers; what it says to each request is in the transcripts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor.hub import LmdbStore, MemoryStore, Store, Write
from stagedoor.kilovolt import session
from stagedoor.kilovolt.messages import COMMANDS
from tests.hub.shaky_store import ShakyStore
from tests.kilovolt.harness import PATIENCE_S, TOKEN, FakeClock, Line, Stage, log_in, solve
from tests.kilovolt.test_messages import EXAMPLES, JSON

FAR = "198.51.100.7"

MakeStage = Callable[..., Stage]


@pytest.fixture
async def make_stage() -> AsyncIterator[MakeStage]:
    stages: list[Stage] = []

    def make(store: Store | None = None, **options: object) -> Stage:
        stages.append(Stage(store or MemoryStore(), **options))  # type: ignore[arg-type]  # the stage's own options
        return stages[-1]

    yield make
    for stage in stages:
        if isinstance(stage.store, ShakyStore):
            stage.store.release()
        await stage.close()


@pytest.fixture
def store() -> ShakyStore:
    return ShakyStore(MemoryStore())


@pytest.fixture
async def stage(make_stage: MakeStage, store: ShakyStore) -> Stage:
    """An open door before a store whose writes can be held up."""
    return make_stage(store)


@pytest.fixture
async def line(stage: Stage) -> Line:
    return stage.connect()


def ids(messages: list[dict[str, object]]) -> list[object]:
    return [message.get("request_id", message.get("key")) for message in messages]


async def hear(line: Line, number: int) -> list[dict[str, object]]:
    return [await line.next_object() for _ in range(number)]


# --- order --------------------------------------------------------------------------------------------------------


async def test_replies_come_in_the_order_of_requests(line: Line) -> None:
    for number in range(30):
        command = ("kset", "kget", "kdel", "klist", "version", "ksub", "kunsub", "kget-bulk", "kset-bulk", "no")[
            number % 10
        ]
        line.ask(command, msgspec.json.decode(EXAMPLES.get(command, "{}")), str(number))
    replies = [message for message in await line.fence() if "request_id" in message]
    assert ids(replies) == [str(number) for number in range(30)]


async def test_writes_are_pipelined_into_one_commit(line: Line, store: ShakyStore) -> None:
    store.hold()
    for number in range(10):
        line.ask("kset", {"key": f"k{number}", "data": "x"}, str(number))
    store.release()
    assert ids(await hear(line, 10)) == [str(number) for number in range(10)]
    assert [len(group) for group in store.groups] == [1, 9]


async def test_no_reply_comes_before_the_disk_has_it(line: Line, store: ShakyStore) -> None:
    store.hold()
    line.ask("kset", {"key": "a", "data": "x"})
    line.ask("version", request_id="2")
    await asyncio.sleep(0)
    assert line.wire.take() == []
    store.release()
    assert ids(await hear(line, 2)) == ["1", "2"]


async def test_a_read_sees_the_writes_before_it_and_not_those_behind(line: Line, store: ShakyStore) -> None:
    store.hold()
    line.ask("kset", {"key": "a", "data": "1"}, "1")
    line.ask("kget", {"key": "a"}, "2")
    line.ask("kset", {"key": "a", "data": "2"}, "3")
    line.ask("kget-all", {"prefix": ""}, "4")
    line.ask("kdel", {"key": "a"}, "5")
    line.ask("klist", None, "6")
    store.release()
    replies = await hear(line, 6)
    assert ids(replies) == ["1", "2", "3", "4", "5", "6"]
    assert [replies[index]["data"] for index in (1, 3, 5)] == ["1", {"a": "2"}, []]


async def test_other_connections_do_not_wait(stage: Stage, line: Line, store: ShakyStore) -> None:
    store.hold()
    line.ask("kset", {"key": "a", "data": "1"})
    other = stage.connect()
    assert (await other.answer("kget", {"key": "a"}))["data"] == ""
    store.release()
    assert (await line.next_object())["ok"] is True


async def test_an_event_waits_for_the_writes_of_its_connection(stage: Stage, line: Line, store: ShakyStore) -> None:
    other = stage.connect()
    await line.answer("ksub-prefix", {"prefix": ""})
    store.hold()
    line.ask("kset", {"key": "a", "data": "1"}, "1")
    line.ask("kset", {"key": "ev/mine", "data": "2"}, "2")
    assert (await other.answer("kset", {"key": "ev/other", "data": "3"}))["ok"] is True
    store.release()
    assert ids(await hear(line, 5)) == ["ev/other", "1", "a", "2", "ev/mine"]


@pytest.mark.parametrize(
    ("command", "data", "error"),
    [
        ("kset", {"key": "test/fixed", "data": "x"}, "not permitted"),
        ("kset", {"key": "k" * 512, "data": "x"}, "invalid message format"),
        ("kset-bulk", {"a": 1}, "invalid message format"),
        ("kset", {"key": "a"}, "required parameter missing"),
        ("nothing", None, "unknown command"),
    ],
)
async def test_a_refusal_does_not_overtake_the_writes_before_it(
    line: Line, store: ShakyStore, command: str, data: object, error: str
) -> None:
    store.hold()
    line.ask("kset", {"key": "a", "data": "1"}, "1")
    line.ask("kset", {"key": "b", "data": "1"}, "2")
    line.ask(command, data, "3")
    line.ask("kset", {"key": "c", "data": "1"}, "4")
    line.ask(command, data, "5")
    line.ask("kget", {"key": "c"}, "6")
    store.release()
    replies = await hear(line, 6)
    assert ids(replies) == ["1", "2", "3", "4", "5", "6"]
    assert [replies[index]["error"] for index in (2, 4)] == [error, error]
    assert replies[5]["data"] == "1"


async def test_a_failed_write_fails_alone(line: Line, store: ShakyStore) -> None:
    line.ask("ksub-prefix", {"prefix": ""}, "0")
    await line.next_object()
    store.hold()
    store.failures = 1
    for number in range(1, 4):
        line.ask("kset", {"key": str(number), "data": "x"}, str(number))
    line.ask("klist", None, "4")
    store.release()
    messages = await hear(line, 6)
    assert ids(messages) == ["1", "2", "2", "3", "3", "4"]
    assert messages[0]["error"] == "server error"
    assert messages[5]["data"] == ["2", "3"]


async def test_a_store_that_fails_for_long_recovers(line: Line, store: ShakyStore) -> None:
    store.failures = 10
    for _ in range(10):
        assert (await line.answer("kset", {"key": "a", "data": "1"}))["error"] == "server error"
    assert (await line.answer("kset", {"key": "a", "data": "1"}))["ok"] is True


@pytest.mark.parametrize(
    ("command", "data"),
    [
        ("kget", {"key": "a"}),
        ("kget-bulk", {"keys": ["a"]}),
        ("kget-all", {"prefix": ""}),
        ("klist", None),
        ("kset", {"key": "twitch/config", "data": "{}"}),
    ],
)
async def test_a_store_that_cannot_be_read_is_a_server_error(
    line: Line, store: ShakyStore, command: str, data: object
) -> None:
    store.read_failures = 1
    assert (await line.answer(command, data))["error"] == "server error"
    assert (await line.answer(command, data))["ok"] is True
    assert await line.fence() == []


async def test_who_has_gone_hears_nothing_of_its_writes_and_they_happen(
    stage: Stage, line: Line, store: ShakyStore
) -> None:
    # strimertül's defect 2: the last message of a client that had left ended the process.
    other = stage.connect()
    await other.answer("ksub", {"key": "a"})
    store.hold()
    line.ask("kset", {"key": "a", "data": "1"}, "1")
    line.ask("kget", {"key": "a"}, "2")
    line.ask("kset", {"key": "a", "data": "2"}, "3")
    await line.leave()
    store.release()
    assert (await other.next_object())["new_value"] == "1"
    assert await other.fence() == []
    assert line.wire.take() == []


# --- long lists ---------------------------------------------------------------------------------------------------

MANY = session.SCAN_CHUNK * session.SCAN_CHUNKS_A_STEP


@pytest.fixture(params=["memory", "lmdb"])
async def long_stage(request: pytest.FixtureRequest, make_stage: MakeStage, tmp_path: Path) -> Stage:
    """A clock that holds what is due soon, and more keys than are listed in one step."""
    inner: Store = LmdbStore(tmp_path / "store") if request.param == "lmdb" else MemoryStore()
    stage = make_stage(inner, clock=FakeClock(holds_soon=True))
    await stage.owner.put_all([Write(f"long/{number:06}", str(number)) for number in range(2 * MANY + 1)])
    return stage


def clock_of(stage: Stage) -> FakeClock:
    assert isinstance(stage.clock, FakeClock)
    return stage.clock


@pytest.mark.parametrize(("command", "data"), [("klist", None), ("kget-all", {"prefix": "long/"})])
async def test_a_long_list_is_read_in_steps_while_others_are_served(
    long_stage: Stage, command: str, data: object
) -> None:
    line, other = long_stage.connect(), long_stage.connect()
    line.ask(command, data, "1")
    line.ask("version", None, "2")
    steps = 0
    while not (sent := line.wire.take()):
        assert (await other.answer("version"))["ok"] is True
        assert clock_of(long_stage).run_soon() == 1
        steps += 1
    assert steps == 2
    assert ids([msgspec.json.decode(text) for text in sent]) == ["1", "2"]
    found = msgspec.json.decode(sent[0])["data"]
    assert list(found) == [f"long/{number:06}" for number in range(2 * MANY + 1)]
    if command == "kget-all":
        assert list(found.values()) == [str(number) for number in range(2 * MANY + 1)]


async def test_a_long_list_in_a_namespace_loses_it(long_stage: Stage) -> None:
    line = long_stage.connect(namespace="long/")
    line.ask("klist", None, "1")
    while not (sent := line.wire.take()):
        clock_of(long_stage).run_soon()
    assert msgspec.json.decode(sent[0])["data"] == [f"{number:06}" for number in range(2 * MANY + 1)]


async def test_a_long_list_shows_one_moment(long_stage: Stage) -> None:
    line = long_stage.connect()
    line.ask("kget-all", {"prefix": "long/"}, "1")
    await long_stage.owner.put_all([Write("long/000000x", "new"), Write(f"long/{2 * MANY:06}", None)])
    while not (sent := line.wire.take()):
        clock_of(long_stage).run_soon()
    found = msgspec.json.decode(sent[0])["data"]
    assert len(found) == 2 * MANY + 1
    assert "long/000000x" not in found


async def test_writes_behind_a_long_list_wait_for_it(long_stage: Stage) -> None:
    line = long_stage.connect()
    line.ask("klist", None, "1")
    line.ask("kset", {"key": "a", "data": "1"}, "2")
    line.ask("kget", {"key": "a"}, "3")
    clock_of(long_stage).run_soon()
    assert line.wire.take() == []
    assert long_stage.owner.get("a") == ""
    clock_of(long_stage).run_soon()
    replies = await _hear_while_running(long_stage, line, 3)
    assert ids(replies) == ["1", "2", "3"]
    assert replies[2]["data"] == "1"


async def _hear_while_running(stage: Stage, line: Line, number: int) -> list[dict[str, object]]:
    """Let the clock do what is due while waiting."""
    heard: list[dict[str, object]] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(heard) < number:
            heard += [msgspec.json.decode(text) for text in line.wire.take()]
            clock_of(stage).run_soon()
            await asyncio.sleep(0)
    return heard


async def test_who_leaves_during_a_long_list_lets_go_of_it(long_stage: Stage) -> None:
    line = long_stage.connect()
    line.ask("klist", None, "1")
    await line.leave()
    clock_of(long_stage).run_soon()
    assert line.wire.take() == []
    if isinstance(long_stage.store, LmdbStore):
        assert long_stage.store.mend()


# --- backpressure -------------------------------------------------------------------------------------------------


def is_paused(line: Line) -> bool:
    return line.wire.is_paused


async def test_a_connection_with_much_under_way_is_read_no_further(line: Line, store: ShakyStore) -> None:
    store.hold()
    sent = 0
    while not is_paused(line):
        line.ask("kset", {"key": "a", "data": "x" * 10_000}, str(sent))
        sent += 1
        assert sent < 1000
    assert sent > 100
    store.release()
    assert ids(await hear(line, sent)) == [str(number) for number in range(sent)]
    assert not is_paused(line)


@pytest.mark.parametrize(("command", "data"), [("version", None), ("kset", {"key": "test/fixed", "data": "x"})])
async def test_tiny_requests_that_wait_count_too(line: Line, store: ShakyStore, command: str, data: object) -> None:
    store.hold()
    line.ask("kset", {"key": "a", "data": "x"}, "first")
    sent = 0
    while not is_paused(line):
        line.ask(command, data, str(sent))
        sent += 1
        assert sent < 3000
    store.release()
    assert ids(await hear(line, sent + 1)) == ["first", *(str(number) for number in range(sent))]
    assert not is_paused(line)
    assert line.session._load == 0


async def test_one_at_a_time_never_pauses(line: Line) -> None:
    for _ in range(3):
        assert (await line.answer("kset", {"key": "a", "data": "x" * 100_000}))["ok"] is True
        assert not is_paused(line)
    assert line.session._load == 0


# --- time ---------------------------------------------------------------------------------------------------------


async def test_who_does_not_log_in_is_overdue_after_half_a_minute(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2")
    line = stage.connect()
    now = stage.clock.time()
    assert not line.session.is_overdue(now + 30)
    assert line.session.is_overdue(now + 31)
    await log_in(line, "hunter2")
    assert not line.session.is_overdue(now + 1000)


async def test_nobody_is_overdue_at_an_open_door(line: Line, stage: Stage) -> None:
    assert not line.session.is_overdue(stage.clock.time() + 100_000)


async def test_an_open_question_gives_time_until_it_ends(make_stage: MakeStage) -> None:
    stage = make_stage(asks=True)
    line = stage.connect()
    stage.fake_clock.advance(25)
    line.ask("klogin", {"auth": "ask"})
    assert not line.session.is_overdue(stage.clock.time() + 119)
    stage.fake_clock.advance(120)
    assert (await line.next_object())["error"] == "authentication failed"
    assert not line.session.is_overdue(stage.clock.time())
    assert line.session.is_overdue(stage.clock.time() + 60)


async def answer_wrong(line: Line, request_id: str = "wrong") -> None:
    """Answer a challenge wrongly, without waiting for the verdict."""
    await line.answer("klogin")
    line.ask("kauth", {"hash": "AAAA"}, request_id)


async def test_a_wrong_answer_delays_the_next_and_holds_what_comes_behind(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2")
    line = stage.connect(address=FAR)
    await answer_wrong(line)
    assert (await line.next_object())["error"] == "authentication failed"
    await answer_wrong(line, "2")
    line.ask("version", None, "3")
    stage.fake_clock.advance(0.2)
    assert line.wire.take() == []
    stage.fake_clock.advance(0.1)
    replies = await hear(line, 2)
    assert ids(replies) == ["2", "3"]
    assert replies[0]["error"] == "authentication failed"


async def test_a_right_answer_from_afar_waits_as_long_as_a_wrong_one_and_lets_in(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2")
    line = stage.connect(address=FAR)
    await answer_wrong(line)
    await line.next_object()
    reply = await line.answer("klogin")
    line.ask("kauth", {"hash": solve(reply["data"], "hunter2")}, "2")
    line.ask("kget", {"key": "a"}, "3")
    assert line.wire.take() == []
    stage.fake_clock.advance(0.3)
    assert [message["ok"] for message in await hear(line, 2)] == [True, True]


async def test_guessing_on_this_machine_keeps_nobody_out(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2", token=TOKEN)
    for _ in range(20):
        await answer_wrong(stage.connect())
    assert (await log_in(stage.connect(), "hunter2"))["ok"] is True
    assert (await stage.connect().answer("klogin", {"auth": "token", "token": TOKEN}))["ok"] is True


async def test_others_are_served_while_one_waits_for_a_verdict(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2")
    line, other = stage.connect(address=FAR), stage.connect(address=FAR)
    await answer_wrong(line)
    await line.next_object()
    await answer_wrong(line)
    assert (await other.answer("version"))["ok"] is True


async def test_who_leaves_before_the_verdict_keeps_no_place_for_long(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2")
    for _ in range(12):
        line = stage.connect(address=FAR)
        await answer_wrong(line)
        await line.leave()
    stage.fake_clock.advance(120)
    assert (await log_in(stage.connect(address=FAR), "hunter2"))["ok"] is True


async def test_nobody_is_let_in_after_leaving(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2")
    line = stage.connect(address=FAR)
    await answer_wrong(line)
    await line.next_object()
    reply = await line.answer("klogin")
    line.ask("kauth", {"hash": solve(reply["data"], "hunter2")})
    await line.leave()
    stage.fake_clock.advance(10)
    assert line.wire.take() == []
    assert line.session.client.grant.ground == "not logged in"
    assert stage.insiders == []


async def test_a_password_that_changes_while_a_right_answer_waits_lets_nobody_in(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2")
    line = stage.connect(address=FAR)
    await answer_wrong(line)
    await line.next_object()
    reply = await line.answer("klogin")
    line.ask("kauth", {"hash": solve(reply["data"], "hunter2")})
    stage.doorkeeper.change_password("swordfish")
    stage.fake_clock.advance(1)
    assert (await line.next_object())["error"] == "authentication failed"
    assert (await line.answer("kget", {"key": "a"}))["error"] == "authentication required"


async def test_who_was_outside_when_the_door_was_opened_comes_in(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2")
    line = stage.connect()
    stage.doorkeeper.change_password("")
    assert (await line.answer("klogin"))["error"] == "authentication not required"
    assert (await line.answer("kget", {"key": "a"}))["ok"] is True
    stage.doorkeeper.change_password("swordfish")
    assert line.wire.close_code == 1008


async def test_a_token_that_is_none_any_more_changes_nothing(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2", asks=True)
    token = await remembered_token(stage)
    line = stage.connect(address=FAR)
    await log_in(line, "hunter2")
    reply = await line.answer("klogin")
    line.ask("kauth", {"hash": solve(reply["data"], "wrong")})
    assert (await line.next_object())["error"] == "authentication failed"
    line.ask("klogin", {"auth": "token", "token": token})
    stage.forget_apps()
    stage.fake_clock.advance(1)
    assert (await line.next_object())["error"] == "authentication failed"
    stage.doorkeeper.change_password("swordfish")
    assert line.wire.close_code == 1008


async def test_who_comes_in_by_the_password_asks_no_more(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2", asks=True)
    line = stage.connect()
    reply = await line.answer("klogin")
    line.ask("klogin", {"auth": "ask"})
    line.ask("kauth", {"hash": solve(reply["data"], "hunter2")})
    assert (await line.next_object())["details"] == "withdrawn by another login"
    assert (await line.next_object())["ok"] is True
    assert len(stage.asks) == 0
    stage.doorkeeper.change_password("swordfish")
    assert line.wire.close_code == 1008


# --- questions ----------------------------------------------------------------------------------------------------


async def test_the_owner_sees_who_asks_and_what_for(make_stage: MakeStage) -> None:
    stage = make_stage(asks=True)
    line = stage.connect(address=FAR, origin="http://localhost:3000")
    line.ask("klogin", {"auth": "ask", "name": "Overlay\n", "verificationCode": "1234", "url": "javascript:x"})
    ask = stage.asks.open[0]
    assert (ask.asker.address, ask.asker.origin) == (FAR, "http://localhost:3000")
    assert (ask.metadata.name, ask.metadata.verification_code, ask.metadata.url) == ("Overlay", "1234", "")


async def test_a_question_goes_away_with_its_asker_even_when_asking_was_switched_off(make_stage: MakeStage) -> None:
    stage = make_stage(asks=True)
    line = stage.connect()
    line.ask("klogin", {"auth": "ask"})
    stage.doorkeeper.asks = None
    await line.leave()
    assert len(stage.asks) == 0


@pytest.mark.parametrize("remember", [False, True])
async def test_an_owner_who_answers_at_once_lets_in(make_stage: MakeStage, remember: bool) -> None:
    stage = make_stage(asks=True)

    def answer_at_once() -> None:
        for ask in stage.asks.open:
            stage.asks.answer(ask.id, allow=True, remember=remember)

    stage.asks.watch(answer_at_once)
    line = stage.connect()
    reply = await line.answer("klogin", {"auth": "ask"})
    assert ("data" in reply) is remember
    assert (await line.answer("kget", {"key": "a"}))["ok"] is True


async def test_who_is_refused_unseen_is_not_told_that_the_answer_is_wrong(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2")
    challenge = stage.doorkeeper.challenge()
    while stage.doorkeeper.judge(challenge, b"a guess", "127.0.0.1", "null")[1] is not None:
        pass  # all the places among those that wait are taken
    told = []
    for password in ("hunter2", "a guess"):
        line = stage.connect(origin="null")
        answer = await log_in(line, password)
        assert answer["error"] == "authentication failed"
        told.append(answer["details"])
        await line.leave()
    assert told == ["too many wrong answers came from here; try again later"] * 2


async def remembered_token(stage: Stage, origin: str | None = None) -> str:
    """The token of an application that was let in for good, and has gone."""
    line = stage.connect(origin=origin)
    line.ask("klogin", {"auth": "ask"})
    await stage.judge(allow=True, remember=True)
    token = msgspec.convert((await line.next_object())["data"], dict[str, str])["token"]
    await line.leave()
    return token


async def test_a_page_alone_comes_back_by_the_token_of_a_page(make_stage: MakeStage) -> None:
    stage = make_stage(asks=True)
    token = await remembered_token(stage, "http://localhost:3000")
    for number, origin in enumerate((None, "http://localhost:3001", "http://127.0.0.1:3000", "null")):
        line = stage.connect(address=f"198.51.100.{number}", origin=origin)
        answer = await line.answer("klogin", {"auth": "token", "token": token})
        assert answer["error"] == "authentication failed", origin
    line = stage.connect(origin="http://localhost:3000")
    assert (await line.answer("klogin", {"auth": "token", "token": token}))["ok"] is True
    assert line.session.client.grant.ground == "remembered: Unknown application"


async def test_an_application_that_is_forgotten_while_it_waits_does_not_get_in(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2", asks=True)
    token = await remembered_token(stage)
    line = stage.connect(address=FAR)
    await answer_wrong(line)
    assert (await line.next_object())["error"] == "authentication failed"
    line.ask("klogin", {"auth": "token", "token": token})
    stage.forget_apps()
    stage.fake_clock.advance(1)
    assert (await line.next_object())["error"] == "authentication failed"
    assert (await line.answer("kget", {"key": "a"}))["error"] == "authentication required"


async def test_all_connections_of_a_forgotten_application_end_and_no_others(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2", asks=True, token=TOKEN)
    token = await remembered_token(stage)
    lines = [stage.connect() for _ in range(5)]
    for line, shown in zip(lines, (token, token, token, TOKEN), strict=False):
        assert (await line.answer("klogin", {"auth": "token", "token": shown}))["ok"] is True
    await log_in(lines[4], "hunter2")
    await log_in(lines[2], "hunter2")
    await lines[1].leave()
    stage.forget_apps()
    assert [line.wire.close_code for line in lines] == [4011, None, None, None, None]


async def test_an_owner_who_answers_at_once_is_heard(make_stage: MakeStage) -> None:
    stage = make_stage(asks=True)

    def answer_at_once() -> None:
        for ask in stage.asks.open:
            stage.asks.answer(ask.id, allow=False)

    stage.asks.watch(answer_at_once)
    line = stage.connect()
    for _ in range(2):
        reply = await line.answer("klogin", {"auth": "ask"})
        assert (reply["error"], reply["details"]) == ("authentication failed", "denied")


# --- calls --------------------------------------------------------------------------------------------------------


async def test_a_slow_call_holds_nobody_up(stage: Stage, line: Line) -> None:
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def serve(value: str) -> str:
        return await answer

    stage.owner.serve("slow/@run", serve)
    line.ask("kcall", {"key": "slow/@run", "data": ""}, "1")
    assert (await line.answer("kset", {"key": "a", "data": "x"}))["ok"] is True
    answer.set_result("at last")
    assert (await line.next_object())["data"] == "at last"


async def test_few_calls_are_under_way_at_a_time(stage: Stage, line: Line) -> None:
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def serve(value: str) -> str:
        return await asyncio.shield(answer)

    stage.owner.serve("slow/@run", serve)
    for number in range(session.MAX_CALLS + 1):
        line.ask("kcall", {"key": "slow/@run", "data": ""}, str(number))
    refused = await line.next_object()
    assert (refused["request_id"], refused["error"]) == (str(session.MAX_CALLS), "request failed")
    answer.set_result("now")
    replies = await hear(line, session.MAX_CALLS)
    assert {reply["data"] for reply in replies} == {"now"}
    assert (await line.answer("kcall", {"key": "slow/@run", "data": ""}))["data"] == "now"


async def test_who_leaves_during_a_call_ends_it(stage: Stage, line: Line) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def serve(value: str) -> str:
        began.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()
        return ""

    stage.owner.serve("slow/@run", serve)
    line.ask("kcall", {"key": "slow/@run", "data": ""})
    await began.wait()
    await line.leave()
    assert ended.is_set()
    assert line.wire.take() == []


async def test_a_service_with_a_bug_is_a_failed_request(stage: Stage, line: Line) -> None:
    async def serve(value: str) -> str:
        raise ZeroDivisionError("inside")

    stage.owner.serve("bad/@run", serve)
    reply = await line.answer("kcall", {"key": "bad/@run", "data": ""})
    assert reply["error"] == "request failed"
    assert "inside" not in str(reply)


# --- subscriptions ------------------------------------------------------------------------------------------------


async def test_a_connection_hears_a_bounded_number_of_keys(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAX_SUBSCRIPTIONS", 3)
    for command, data in (("ksub", {"key": "a"}), ("ksub", {"key": "b"}), ("ksub-prefix", {"prefix": "c"})):
        assert (await line.answer(command, data))["ok"] is True
    for command, data in (("ksub", {"key": "d"}), ("ksub-prefix", {"prefix": "e"})):
        assert (await line.answer(command, data))["error"] == "request failed"
    await line.answer("kunsub", {"key": "a"})
    assert (await line.answer("ksub", {"key": "d"}))["ok"] is True


async def test_a_push_is_encoded_once_for_all(stage: Stage) -> None:
    lines = [stage.connect() for _ in range(3)]
    for line in lines:
        await line.answer("ksub", {"key": "a"})
    encoded: list[bytes] = []
    for line in lines:
        line.session._send = lambda message: encoded.append(message)
    await stage.owner.put("a", "1")
    assert len(encoded) == 3
    assert len({id(message) for message in encoded}) == 1


async def test_a_closed_session_leaves_nothing_behind(make_stage: MakeStage) -> None:
    stage = make_stage(password="hunter2", asks=True)
    line = stage.connect()
    await log_in(line, "hunter2")
    await line.answer("ksub", {"key": "a"})
    await line.answer("ksub-prefix", {"prefix": "b"})
    await line.leave()
    assert stage.hub._subscriptions.is_empty
    assert stage.insiders == []
    line = stage.connect()
    await line.answer("klogin", {"auth": "token", "token": await remembered_token(stage)})
    await line.leave()
    assert stage.insiders == []


async def test_identifiers_are_unique(stage: Stage) -> None:
    found = {str((await stage.connect().answer("_uid"))["data"]) for _ in range(20)}
    assert len(found) == 20
    assert all(uid.isascii() and uid.isdigit() for uid in found)


# --- whatever comes -----------------------------------------------------------------------------------------------

DATA = st.fixed_dictionaries(
    {},
    optional={
        "key": st.sampled_from(["", "a", "test/fixed", "test/@echo", "test/@refuse", "k" * 600]) | JSON,
        "data": st.text(max_size=5) | JSON,
        "keys": st.lists(st.text(max_size=3) | JSON, max_size=3) | JSON,
        "prefix": st.text(max_size=2) | JSON,
        "hash": st.sampled_from(["", "AAAA", "!"]) | JSON,
        "auth": st.sampled_from(["challenge", "ask", "token", "magic"]) | JSON,
        "token": st.just(TOKEN) | JSON,
        "name": JSON,
    },
)
ENVELOPES = st.fixed_dictionaries(
    {"command": st.sampled_from(sorted(COMMANDS)) | JSON},
    optional={"request_id": st.text(max_size=3) | JSON, "data": DATA | JSON, "more": JSON},
)
MUTATIONS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3), st.text(max_size=3)), max_size=3)


@st.composite
def messages(draw: st.DrawFn) -> str:
    """A request, a request with scratches, or anything at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.text(max_size=30))
    text = msgspec.json.encode(draw(ENVELOPES)).decode()
    if draw(st.integers(0, 2)) == 0:
        for place, length, replacement in draw(MUTATIONS):
            text = text[:place] + replacement + text[place + length :]
    return text


@settings(max_examples=120, deadline=None)
@given(
    st.lists(messages(), min_size=1, max_size=12),
    st.sampled_from(["open", "password", "asks"]),
    st.booleans(),
    st.integers(0, 2),
)
def test_every_message_gets_exactly_one_reply_and_none_ends_the_connection(
    texts: list[str], door: str, has_slow_store: bool, failures: int
) -> None:
    async def play() -> None:
        store = ShakyStore(MemoryStore())
        store.failures = failures
        stage = Stage(
            store if has_slow_store else MemoryStore(),
            password="hunter2" if door == "password" else "",
            asks=door == "asks",
            token=TOKEN,
        )
        line, watcher = stage.connect(), stage.connect()
        watcher.session.client.grant = stage.owner.grant
        await watcher.answer("ksub-prefix", {"prefix": ""})
        for text in texts:
            line.session.receive(text)
        # Ends what a person would answer, and what waits after a wrong answer.
        for _ in range(len(texts)):
            await asyncio.sleep(0)
            stage.fake_clock.advance(130)
        replies: list[dict[str, object]] = []
        while len(replies) < len(texts):
            message = await line.next_object()
            if message.get("type") != "push":
                assert message["ok"] is True or message["details"]
                replies.append(message)
        rest = await line.fence()
        assert all(message.get("type") == "push" for message in rest)
        assert line.wire.close_code is None
        assert (await watcher.answer("version"))["type"] in ("push", "response")
        await stage.close()

    asyncio.run(play())
