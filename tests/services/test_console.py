"""The console's desk: links, and passes that outlive the server."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client
from stagedoor.access.passes import CODE_LIFETIME_S
from stagedoor.errors import RequestFailed
from stagedoor.hub import LmdbStore, MemoryStore
from stagedoor.services.console import ConsoleDesk
from tests.hub.shaky_store import ShakyStore
from tests.services.harness import Desk, FakeTime, open_hub, record_nothing

ADDRESS = "http://localhost:4330/"
PASSES = "stagedoor/console-passes"


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
async def console(desk: Desk, time: FakeTime) -> ConsoleDesk:
    return ConsoleDesk(Client(desk.hub, SERVICE), lambda: ADDRESS, record_nothing, time)


def token_of(console: ConsoleDesk) -> str:
    token = console.passes.exchange(console.passes.new_code())
    assert token is not None
    return token


async def settled(desk: Desk) -> None:
    """Wait until everything that was written before can be read."""
    await desk.put("a", "fence")


async def test_a_link_leads_to_the_console_with_a_code(desk: Desk, console: ConsoleDesk) -> None:
    answer = msgspec.json.decode(await desk.call("stagedoor/@console-link", ""))
    assert answer == {"url": answer["url"], "expires_in_s": CODE_LIFETIME_S}
    address, _, code = answer["url"].partition("#code=")
    assert address == ADDRESS
    assert len(code) >= 32
    token = console.passes.exchange(code)
    assert token is not None
    assert console.passes.accepts(token)
    another = console.new_link()
    assert another is not None
    assert another.url != answer["url"]


async def test_the_link_goes_where_the_door_is_now(desk: Desk) -> None:
    where: str | None = None
    console = ConsoleDesk(Client(desk.hub, SERVICE), lambda: where, record_nothing)
    with pytest.raises(RequestFailed, match="the console's door is shut"):
        await desk.call("stagedoor/@console-link", "")
    assert console.new_link() is None
    where = "http://localhost:5000/"
    link = console.new_link()
    assert link is not None
    assert link.url.startswith(f"{where}#code=")


async def test_passes_outlive_the_server_and_codes_do_not(tmp_path: Path, time: FakeTime) -> None:
    hub = open_hub(LmdbStore(tmp_path))
    console = ConsoleDesk(Client(hub, SERVICE), lambda: ADDRESS, record_nothing, time)
    kept, given_back, code = token_of(console), token_of(console), console.passes.new_code()
    console.passes.revoke(given_back)
    await hub.close()
    hub = open_hub(LmdbStore(tmp_path))
    again = ConsoleDesk(Client(hub, SERVICE), lambda: ADDRESS, record_nothing, time)
    assert again.passes.accepts(kept)
    assert not again.passes.accepts(given_back)
    assert again.passes.exchange(code) is None
    await hub.close()


async def test_no_token_is_stored(desk: Desk, console: ConsoleDesk) -> None:
    token, code = token_of(console), console.passes.new_code()
    await settled(desk)
    stored = desk.get(PASSES)
    assert len(msgspec.json.decode(stored)) == 1
    assert token not in stored
    assert code not in stored


async def test_deleting_what_is_stored_signs_everybody_out(desk: Desk, console: ConsoleDesk) -> None:
    token = token_of(console)
    left: list[str] = []
    proof = console.passes.prove(token)
    assert proof is not None
    console.passes.enter(proof.mark, "a tab", lambda departure: left.append("a tab"))
    await settled(desk)
    assert left == []
    await desk.put(PASSES, "")
    await settled(desk)
    assert left == ["a tab"]
    assert not console.passes.accepts(token)
    newer = token_of(console)
    await settled(desk)
    assert console.passes.accepts(newer)


async def test_who_was_signed_out_is_so_for_good_whoever_writes_the_passes(desk: Desk, console: ConsoleDesk) -> None:
    returned, kept = token_of(console), token_of(console)
    await settled(desk)
    backup = desk.get(PASSES)
    console.passes.revoke(returned)
    new = token_of(console)
    await settled(desk)
    await desk.put(PASSES, backup)
    await settled(desk)
    assert [console.passes.accepts(token) for token in (returned, kept, new)] == [False, True, False]
    await desk.put(PASSES, None)
    await settled(desk)
    await desk.put(PASSES, backup)
    await settled(desk)
    assert not console.passes.accepts(kept)


async def test_many_changes_at_once_lose_none(desk: Desk, console: ConsoleDesk, time: FakeTime) -> None:
    tokens = [token_of(console) for _ in range(20)]
    for token in tokens[::2]:
        console.passes.revoke(token)
    await settled(desk)
    again = ConsoleDesk(Client(open_hub(MemoryStore()), SERVICE), lambda: ADDRESS, record_nothing, time)
    again.passes.replace(console.passes.stored())
    for passes in (console.passes, again.passes):
        assert [passes.accepts(token) for token in tokens] == [False, True] * 10
    assert len(msgspec.json.decode(desk.get(PASSES))) == 10


async def test_a_pass_that_cannot_be_kept_is_good_until_the_end(
    caplog: pytest.LogCaptureFixture, time: FakeTime
) -> None:
    store = ShakyStore(MemoryStore())
    hub = open_hub(store)
    console = ConsoleDesk(Client(hub, SERVICE), lambda: ADDRESS, record_nothing, time)
    store.failures = 1
    token = token_of(console)
    await hub.close()
    assert console.passes.accepts(token)
    assert f"{PASSES} could not be kept" in caplog.text


@pytest.mark.parametrize("broken", ["no JSON", "{}", "[{}]", '[{"hash":5}]', "[" * 100_000])
async def test_broken_passes_are_told_and_let_nobody_in(
    desk: Desk, time: FakeTime, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    await desk.put(PASSES, broken)
    console = ConsoleDesk(Client(desk.hub, SERVICE), lambda: ADDRESS, record_nothing, time)
    assert f"the key {PASSES} is not valid" in caplog.text
    assert console.passes.stored() == []
    token = token_of(console)
    await desk.put(PASSES, broken + " ")
    await settled(desk)
    assert not console.passes.accepts(token)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["hash", "made_at", "used_at", "x"]), inner),
)


@given(JSON)
async def test_whatever_is_stored_opens_no_door(value: object) -> None:
    hub = open_hub(MemoryStore())
    await Client(hub, SERVICE).put(PASSES, msgspec.json.encode(value).decode())
    console = ConsoleDesk(Client(hub, SERVICE), lambda: ADDRESS, record_nothing)
    assert not console.passes.accepts("")
    assert console.passes.exchange("") is None
    assert console.passes.accepts(token_of(console))
    await hub.close()
