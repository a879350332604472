"""Every verb on every kind of key at every level, and the one choke point in front of the hub."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable

import pytest

from stagedoor.access import NOBODY, OPEN, SERVICE, Client, Grant, Level, Scopes, Verb
from stagedoor.access.grants import RULES
from stagedoor.errors import InvalidKey, NoSuchRequest, NotPermitted, StoreError
from stagedoor.hub import Audience, Catalogue, Change, Hub, KeySpec, Kind, MemoryStore, Write
from stagedoor.types import MAX_KEY_BYTES
from tests.hub.shaky_store import ShakyStore

SPECS = {
    "open": KeySpec(pattern="open", kind=Kind.STATE, summary="For everybody."),
    "read-only": KeySpec(pattern="read-only", kind=Kind.STATE, summary="Read by all.", writers=Audience.OWNER),
    "unlisted": KeySpec(pattern="unlisted", kind=Kind.STATE, summary="Not in lists.", listers=Audience.OWNER),
    "hidden": KeySpec(pattern="hidden", kind=Kind.STATE, summary="The owner reads it.", readers=Audience.OWNER),
    "private": KeySpec(
        pattern="private", kind=Kind.STATE, summary="The owner's.", readers=Audience.OWNER, writers=Audience.OWNER
    ),
    "config": KeySpec(
        pattern="config", kind=Kind.STATE, summary="With a secret.", secret_members=frozenset(("password",))
    ),
    "vault": KeySpec(pattern="vault", kind=Kind.SECRET, summary="Secret altogether.", writers=Audience.OWNER),
    "owner/@run": KeySpec(pattern="owner/@run", kind=Kind.REQUEST, summary="The owner calls.", writers=Audience.OWNER),
    "open/@run": KeySpec(pattern="open/@run", kind=Kind.REQUEST, summary="All call."),
    "proven/@run": KeySpec(
        pattern="proven/@run", kind=Kind.REQUEST, summary="Who has shown something.", writers=Audience.PROVEN
    ),
    "ev/x": KeySpec(pattern="ev/x", kind=Kind.EVENT, summary="An event."),
    "owner/ev/x": KeySpec(pattern="owner/ev/x", kind=Kind.EVENT, summary="The owner's.", readers=Audience.OWNER),
}

READING = {Verb.READ, Verb.LIST, Verb.HEAR}
WRITING = {Verb.WRITE, Verb.CALL}

APPLICATION_MAY = {
    "open": READING | WRITING,
    "read-only": READING,
    "unlisted": {Verb.READ, Verb.HEAR} | WRITING,
    "hidden": WRITING,
    "private": set(),
    "config": READING | WRITING,
    "vault": READING,
    "owner/@run": READING,
    "open/@run": READING | WRITING,
    "proven/@run": READING | WRITING,
    "ev/x": READING | WRITING,
    "owner/ev/x": WRITING,
}


EVERYTHING = Scopes.parse(["read:*", "write:*", "call:*"])


def grant_of(level: Level) -> Grant:
    """Make a grant of a level whose scopes leave nothing out."""
    return Grant(level, "a test", EVERYTHING if level in (Level.OVERLAY, Level.SCOPED) else None)


@pytest.mark.parametrize("key", SPECS)
@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("level", Level)
def test_the_matrix_of_rights(level: Level, verb: Verb, key: str) -> None:
    expected = {
        Level.NOBODY: False,
        Level.OVERLAY: verb in READING and verb in APPLICATION_MAY[key],
        Level.SCOPED: verb in APPLICATION_MAY[key],
        Level.GUEST: verb in APPLICATION_MAY[key] and not (verb in WRITING and key == "proven/@run"),
        Level.APPLICATION: verb in APPLICATION_MAY[key],
        Level.OWNER: True,
    }[level]
    assert grant_of(level).allows(verb, SPECS[key], key) is expected


def test_every_verb_has_a_rule_and_there_is_no_other() -> None:
    assert set(RULES) == set(Verb)


def test_the_matrix_covers_every_verb() -> None:
    assert set(Verb) == READING | WRITING
    assert not READING & WRITING


@pytest.mark.parametrize("level", Level)
def test_a_grant_knows_its_level(level: Level) -> None:
    grant = grant_of(level)
    assert (grant.is_owner, grant.is_only_public) == (
        level is Level.OWNER,
        level in (Level.GUEST, Level.APPLICATION),
    )


# --- the choke point ----------------------------------------------------------------------------------------------


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    opened = Hub(MemoryStore(), Catalogue(SPECS.values()))
    yield opened
    await opened.close()


async def answer(value: str) -> str:
    return f"answer to {value}"


TOUCHES: dict[str, Callable[[Client], object]] = {
    "get": lambda client: client.get("open"),
    "get_public": lambda client: client.get_public("open"),
    "get_many": lambda client: client.get_many(["open"]),
    "scan": lambda client: client.scan(""),
    "write": lambda client: client.write([Write("open", "x")], lambda error: None),
    "put": lambda client: client.put("open", "x"),
    "put_all": lambda client: client.put_all([Write("open", "x")]),
    "change": lambda client: client.change(lambda read: [Write("open", read("open"))]),
    "subscribe": lambda client: client.subscribe("open"),
    "subscribe_prefix": lambda client: client.subscribe_prefix(""),
    "call": lambda client: client.call("open/@run", ""),
    "serve": lambda client: client.serve("open/@run", answer),
}

HARMLESS = {
    "may_call",
    "may_list",
    "may_hear",
    "may_hear_key",
    "unsubscribe",
    "unsubscribe_prefix",
    "subscription_count",
    "follow",
    "close",
}
"""What gives nobody anything: answers of yes or no, being followed, and letting go."""


def test_every_method_of_a_client_is_known_to_these_tests() -> None:
    public = {name for name, _ in inspect.getmembers(Client) if not name.startswith("_")}
    assert public - {"deliver", "grant", "id"} == TOUCHES.keys() | HARMLESS


@pytest.mark.parametrize("method", TOUCHES)
async def test_nobody_touches_anything(hub: Hub, method: str) -> None:
    hub.serve("owner/@run", answer)
    client = Client(hub, NOBODY)

    async def touch() -> None:
        result = TOUCHES[method](client)
        if inspect.isawaitable(result):
            await result

    with pytest.raises(NotPermitted):
        await touch()
    assert hub.get("open") == ""
    assert client.subscription_count == 0


async def test_nobody_may_list_or_hear(hub: Hub) -> None:
    client = Client(hub)
    assert client.grant is NOBODY
    assert not any(client.may_list(key) for key in SPECS)
    assert not any(client.may_hear(Change(key, "x", spec)) for key, spec in SPECS.items())


async def test_a_batch_of_nothing_is_nobodys_either(hub: Hub) -> None:
    ended: list[StoreError | None] = []
    Client(hub, OPEN).write([], ended.append)
    assert ended == [None]


@pytest.mark.parametrize("key", [key for key, verbs in APPLICATION_MAY.items() if Verb.READ not in verbs])
async def test_an_application_reads_nothing_of_the_owners(hub: Hub, key: str) -> None:
    client = Client(hub, OPEN)
    for touch in (client.get, client.subscribe, lambda key: client.get_many(["open", key])):
        with pytest.raises(NotPermitted) as refusal:
            touch(key)
        assert refusal.value.key == key


@pytest.mark.parametrize("key", [key for key, verbs in APPLICATION_MAY.items() if Verb.WRITE not in verbs])
async def test_an_application_writes_nothing_of_the_owners(hub: Hub, key: str) -> None:
    # strimertül's defect 38: who had logged in wrote everything.
    client = Client(hub, OPEN)
    with pytest.raises(NotPermitted) as refusal:
        await client.put_all([Write("open", "x"), Write(key, "x")])
    assert (refusal.value.key, refusal.value.verb) == (key, "write")
    with pytest.raises(NotPermitted):
        await client.put(key, None)
    with pytest.raises(NotPermitted):
        await client.call(key, "x")
    assert hub.get("open") == ""


async def test_lists_and_prefixes_leave_out_what_is_not_for_an_application(hub: Hub) -> None:
    owner, application = Client(hub, SERVICE), Client(hub, OPEN)
    heard: list[str] = []
    application.deliver = lambda change: heard.append(change.key)
    application.subscribe_prefix("")
    await owner.put_all([Write(key, "x") for key in SPECS])
    may_hear = {key for key, verbs in APPLICATION_MAY.items() if Verb.HEAR in verbs}
    assert set(heard) == may_hear
    listed = {key for key, verbs in APPLICATION_MAY.items() if Verb.LIST in verbs}
    scan = application.scan("")
    found = dict(scan.take(100))
    scan.close()
    # Requests are never kept, and what is secret altogether is in no list.
    assert set(found) == listed - {"open/@run", "owner/@run", "proven/@run", "vault", "config"}
    assert set(dict(owner.scan("").take(100))) == SPECS.keys() - {"open/@run", "owner/@run", "proven/@run"}


@pytest.mark.parametrize("at_once", [1, 2, 3, 50])
async def test_a_filtered_walk_in_steps_is_the_whole_walk(hub: Hub, at_once: int) -> None:
    owner, application = Client(hub, SERVICE), Client(hub, OPEN)
    own = [f"h{number:02}" for number in range(20)]
    await owner.put_all([Write(key, "x") for key in ["hidden", "private", "ev/x", "owner/ev/x", "unlisted", *own]])
    expected = ["ev/x", *own]
    scan = application.scan("")
    found: list[str] = []
    while step := scan.take(at_once):
        found += [key for key, _ in step]
        assert len(found) >= min(at_once, len(expected))
    scan.close()
    assert found == expected
    scan = application.scan("h")
    assert scan.take_keys(100) == own
    scan.close()


async def test_secrets_are_for_the_owner(hub: Hub) -> None:
    owner, application = Client(hub, SERVICE), Client(hub, OPEN)
    heard: list[str] = []
    application.deliver = lambda change: heard.append(change.value)
    application.subscribe_prefix("")
    await owner.put_all([Write("vault", "canary"), Write("config", '{"password":"canary"}')])
    assert [owner.get("vault"), owner.get("config")] == ["canary", '{"password":"canary"}']
    assert [application.get("vault"), application.get("config")] == ["", '{"password":""}']
    assert heard == ["", '{"password":""}']
    await application.put("config", '{"user":"me"}')
    assert "canary" in owner.get("config")
    await owner.put("config", '{"user":"me"}')
    assert "canary" not in owner.get("config")


@pytest.mark.parametrize("key", ["k" * (MAX_KEY_BYTES + 1), "é" * 256, "🎥" * 128, "ev/" + "k" * MAX_KEY_BYTES])
async def test_a_key_that_is_too_long_is_refused(hub: Hub, key: str) -> None:
    client = Client(hub, OPEN)
    for touch in (
        lambda: client.write([Write("open", "x"), Write(key, "x")], lambda error: None),
        lambda: client.subscribe(key),
        lambda: client.subscribe_prefix(key),
    ):
        with pytest.raises(InvalidKey) as refusal:
            touch()
        assert refusal.value.size_bytes == len(key.encode())
    assert hub.get("open") == ""
    assert client.get(key) == ""


async def test_a_call_goes_to_the_service(hub: Hub) -> None:
    retire = Client(hub, SERVICE).serve("open/@run", answer)
    client = Client(hub, OPEN)
    assert await client.call("open/@run", "hello") == "answer to hello"
    retire()
    with pytest.raises(NoSuchRequest):
        await client.call("open/@run", "hello")


async def test_an_application_cannot_pose_as_a_service(hub: Hub) -> None:
    with pytest.raises(NotPermitted):
        Client(hub, OPEN).serve("mine/@run", answer)


async def test_who_has_closed_hears_nothing_and_is_nobody(hub: Hub) -> None:
    heard: list[str] = []
    client = Client(hub, OPEN, lambda change: heard.append(change.key))
    client.subscribe("open")
    client.subscribe_prefix("o")
    assert client.subscription_count == 2
    client.close()
    await Client(hub, SERVICE).put("open", "x")
    assert heard == []
    assert hub._subscriptions.is_empty
    with pytest.raises(NotPermitted):
        client.get("open")


async def test_subscribing_is_undone_by_unsubscribing(hub: Hub) -> None:
    heard: list[str] = []
    client = Client(hub, OPEN, lambda change: heard.append(change.key))
    client.subscribe("open")
    client.subscribe("open")
    client.subscribe_prefix("o")
    client.unsubscribe("open")
    client.unsubscribe_prefix("o")
    client.unsubscribe("never")
    await Client(hub, SERVICE).put("open", "x")
    assert (heard, client.subscription_count) == ([], 0)


async def test_a_clients_batches_keep_their_order() -> None:
    store = ShakyStore(MemoryStore())
    hub = Hub(store, Catalogue())
    heard: list[str] = []
    client = Client(hub, OPEN, lambda change: heard.append(change.key))
    client.subscribe_prefix("")
    store.hold()
    pending = [asyncio.create_task(client.put(key, "x")) for key in ("a", "ev/b", "c", "ev/d")]
    await asyncio.sleep(0)
    other = Client(hub, OPEN)
    await other.put("ev/other", "x")
    store.release()
    await asyncio.gather(*pending)
    assert heard == ["ev/other", "a", "ev/b", "c", "ev/d"]
    await client.put("ev/e", "x")
    await hub.close()


async def test_a_failed_write_raises_at_its_writer() -> None:
    store = ShakyStore(MemoryStore())
    hub = Hub(store, Catalogue())
    client = Client(hub, OPEN)
    store.failures = 1
    with pytest.raises(StoreError):
        await client.put("a", "1")
    await client.put("a", "2")
    assert client.get("a") == "2"
    await hub.close()


async def test_a_writer_that_is_cancelled_harms_nobody() -> None:
    store = ShakyStore(MemoryStore())
    hub = Hub(store, Catalogue())
    client = Client(hub, OPEN)
    store.hold()
    writing = asyncio.create_task(client.put("a", "1"))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    store.release()
    await client.put("b", "2")
    assert client.get_many(["a", "b"]) == {"a": "1", "b": "2"}
    await hub.close()


async def test_clients_have_ids_of_their_own(hub: Hub) -> None:
    assert len({Client(hub).id for _ in range(100)}) == 100
