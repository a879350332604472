"""The matrix: what each verb of each door does to each kind of key under each kind of grant.

The tables say it; the tests come in by the way that gives the grant, do what the row says, and compare.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from stagedoor.access import Asker, Grant, Level, Metadata, Scopes, Terms, Verb
from stagedoor.hub import Audience, KeySpec, Kind, MemoryStore, Write
from stagedoor.kilovolt.messages import COMMANDS
from stagedoor.streamerbot.reception import GUEST
from tests.kilovolt.harness import TOKEN, Line, Stage, log_in

PASSWORD = "hunter2"

READS = "read:own/* event:Own.*"
"""What the overlay was given; the scoped application may write and call, too."""

CHANGES = "write:own/* call:own/*"

KEYS = {
    "own": KeySpec(pattern="own/a", kind=Kind.STATE, summary="Within the scopes."),
    "foreign": KeySpec(pattern="foreign/a", kind=Kind.STATE, summary="Outside the scopes."),
    "fixed": KeySpec(pattern="own/fixed", kind=Kind.STATE, summary="Only read.", writers=Audience.OWNER),
    "unlisted": KeySpec(pattern="own/unlisted", kind=Kind.STATE, summary="In no list.", listers=Audience.OWNER),
    "owners": KeySpec(
        pattern="own/owners",
        kind=Kind.STATE,
        summary="Only the owner's.",
        readers=Audience.OWNER,
        writers=Audience.OWNER,
    ),
    "secret": KeySpec(pattern="own/vault", kind=Kind.SECRET, summary="A secret.", writers=Audience.OWNER),
    "members": KeySpec(
        pattern="own/config", kind=Kind.STATE, summary="Secret in part.", secret_members=frozenset(("password",))
    ),
    "own-event": KeySpec(pattern="event/Own/x", kind=Kind.EVENT, summary="An event."),
    "foreign-event": KeySpec(pattern="event/Foreign/x", kind=Kind.EVENT, summary="Another."),
    "own-request": KeySpec(pattern="own/@run", kind=Kind.REQUEST, summary="Changes something."),
    "foreign-request": KeySpec(pattern="foreign/@run", kind=Kind.REQUEST, summary="Changes something."),
    "own-tell": KeySpec(pattern="own/@tell", kind=Kind.REQUEST, summary="Tells something.", only_reads=True),
    "foreign-tell": KeySpec(pattern="foreign/@tell", kind=Kind.REQUEST, summary="Tells something.", only_reads=True),
    "speak": KeySpec(pattern="own/@speak", kind=Kind.REQUEST, summary="For the proven.", writers=Audience.PROVEN),
    "owners-request": KeySpec(pattern="own/@owner", kind=Kind.REQUEST, summary="The owner's.", writers=Audience.OWNER),
}

# yes    it is done
# -      it is refused; in a list and under a prefix it is left out
# part   it is done, and members that are secret are empty
# empty  it is done, and there is nothing in it
# none   it is not refused, but there is no such request
#
# What is pushed is the same for everybody, so the owner, too, has to read a secret that has changed.
TABLE = """
verb   key              nobody guest  overlay scoped application owner

read   own              -      yes    yes     yes    yes         yes
read   foreign          -      yes    -       -      yes         yes
read   fixed            -      yes    yes     yes    yes         yes
read   unlisted         -      yes    yes     yes    yes         yes
read   owners           -      -      -       -      -           yes
read   secret           -      empty  empty   empty  empty       yes
read   members          -      part   part    part   part        yes
read   own-event        -      yes    yes     yes    yes         yes
read   foreign-event    -      yes    -       -      yes         yes
read   own-request      -      empty  empty   empty  empty       empty
read   foreign-request  -      empty  -       -      empty       empty
read   own-tell         -      empty  empty   empty  empty       empty
read   foreign-tell     -      empty  -       -      empty       empty
read   speak            -      empty  empty   empty  empty       empty
read   owners-request   -      empty  empty   empty  empty       empty

list   own              -      yes    yes     yes    yes         yes
list   foreign          -      yes    -       -      yes         yes
list   fixed            -      yes    yes     yes    yes         yes
list   unlisted         -      -      -       -      -           yes
list   owners           -      -      -       -      -           yes
list   secret           -      -      -       -      -           yes
list   members          -      part   part    part   part        yes
list   own-event        -      yes    yes     yes    yes         yes
list   foreign-event    -      yes    -       -      yes         yes
list   own-request      -      -      -       -      -           -
list   foreign-request  -      -      -       -      -           -
list   own-tell         -      -      -       -      -           -
list   foreign-tell     -      -      -       -      -           -
list   speak            -      -      -       -      -           -
list   owners-request   -      -      -       -      -           -

hear   own              -      yes    yes     yes    yes         yes
hear   foreign          -      yes    -       -      yes         yes
hear   fixed            -      yes    yes     yes    yes         yes
hear   unlisted         -      yes    yes     yes    yes         yes
hear   owners           -      -      -       -      -           yes
hear   secret           -      empty  empty   empty  empty       empty
hear   members          -      part   part    part   part        part
hear   own-event        -      yes    yes     yes    yes         yes
hear   foreign-event    -      yes    -       -      yes         yes
hear   own-request      -      yes    yes     yes    yes         yes
hear   foreign-request  -      yes    -       -      yes         yes
hear   own-tell         -      yes    yes     yes    yes         yes
hear   foreign-tell     -      yes    -       -      yes         yes
hear   speak            -      yes    yes     yes    yes         yes
hear   owners-request   -      yes    yes     yes    yes         yes

write  own              -      yes    -       yes    yes         yes
write  foreign          -      yes    -       -      yes         yes
write  fixed            -      -      -       -      -           yes
write  unlisted         -      yes    -       yes    yes         yes
write  owners           -      -      -       -      -           yes
write  secret           -      -      -       -      -           yes
write  members          -      yes    -       yes    yes         yes
write  own-event        -      yes    -       -      yes         yes
write  foreign-event    -      yes    -       -      yes         yes
write  own-request      -      yes    -       yes    yes         yes
write  foreign-request  -      yes    -       -      yes         yes
write  own-tell         -      yes    -       yes    yes         yes
write  foreign-tell     -      yes    -       -      yes         yes
write  speak            -      -      -       yes    yes         yes
write  owners-request   -      -      -       -      -           yes

call   own              -      none   -       none   none        none
call   foreign          -      none   -       -      none        none
call   fixed            -      -      -       -      -           none
call   unlisted         -      none   -       none   none        none
call   owners           -      -      -       -      -           none
call   secret           -      -      -       -      -           none
call   members          -      none   -       none   none        none
call   own-event        -      none   -       -      none        none
call   foreign-event    -      none   -       -      none        none
call   own-request      -      yes    -       yes    yes         yes
call   foreign-request  -      yes    -       -      yes         yes
call   own-tell         -      yes    yes     yes    yes         yes
call   foreign-tell     -      yes    -       -      yes         yes
call   speak            -      -      -       yes    yes         yes
call   owners-request   -      -      -       -      -           yes
"""

COMMAND_VERBS = {
    "kget": "read",
    "kget-bulk": "read",
    "klist": "list",
    "kget-all": "list",
    "ksub": "hear",
    "ksub-prefix": "hear",
    "kset": "write",
    "kset-bulk": "write",
    "kdel": "write",
    "kcall": "call",
    "kunsub": "let go",
    "kunsub-prefix": "let go",
    "version": "free",
    "_uid": "free",
    "_features": "free",
    "klogin": "free",
    "kauth": "free",
}
"""What each command of Kilovolt does with keys. What is free touches none, for nobody either."""

_, *_ROWS = (line.split() for line in TABLE.splitlines() if line)
GRANTS = tuple(TABLE.splitlines()[1].split()[2:])


def column(verb: str, grant: str) -> dict[str, str]:
    """What the table says of a verb under a grant, by the kind of key."""
    return {row[1]: row[2 + GRANTS.index(grant)] for row in _ROWS if row[0] == verb}


# --- the table is whole -------------------------------------------------------------------------------------------


def test_every_level_has_a_column_and_every_verb_its_rows() -> None:
    assert set(GRANTS) == {level.name.lower() for level in Level}
    assert {row[0] for row in _ROWS} == set(Verb)
    assert all(len(row) == 2 + len(GRANTS) for row in _ROWS)
    assert [(row[0], row[1]) for row in _ROWS] == [
        (verb, kind) for verb in dict.fromkeys(row[0] for row in _ROWS) for kind in KEYS
    ]


def test_every_command_has_a_row() -> None:
    assert set(COMMAND_VERBS) == set(COMMANDS)
    assert set(COMMAND_VERBS.values()) == {*Verb, "let go", "free"}


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("verb", [Verb.READ, Verb.HEAR, Verb.WRITE, Verb.CALL])
def test_the_rules_say_what_the_table_says(grant: str, verb: Verb) -> None:
    level = Level[grant.upper()]
    words = {Level.OVERLAY: READS, Level.SCOPED: f"{READS} {CHANGES}"}.get(level)
    given = Grant(level, "a test", None if words is None else Scopes.parse(words))
    allowed = {kind: given.allows(verb, spec, spec.pattern) for kind, spec in KEYS.items()}
    assert allowed == {kind: cell != "-" for kind, cell in column(verb, grant).items()}


# --- Kilovolt -----------------------------------------------------------------------------------------------------


def value_of(key: str) -> str:
    return encode({"of": key, "password": "canary"})


def encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


def judge(key: str, value: object) -> str:
    """Name what was seen of a key."""
    if value == value_of(key):
        return "yes"
    if value == value_of(key).replace("canary", ""):
        return "part"
    assert value == "", f"{key}: {value!r}"
    return "empty"


class Scene:
    """A hub with a key of each kind, and a connection that was let in with a grant."""

    def __init__(self) -> None:
        self.stage = Stage(MemoryStore(), password=PASSWORD, token=TOKEN, specs=KEYS.values())
        self.served: list[tuple[str, str]] = []
        for spec in KEYS.values():
            if spec.is_request:
                self._serve(spec.pattern)
        self.fill()

    def _serve(self, key: str) -> None:
        async def serve(value: str) -> str:
            self.served.append((key, value))
            return value

        self.stage.owner.serve(key, serve)

    def fill(self) -> None:
        """Write each key that keeps something."""
        self.write([Write(spec.pattern, value_of(spec.pattern)) for spec in KEYS.values() if not spec.is_request])

    def write(self, writes: list[Write]) -> None:
        self.stage.owner.write(writes, _raise)

    async def line(self, grant: str) -> Line:
        """Come in by the way that gives a grant."""
        line = self.stage.connect()
        match grant:
            case "owner":
                assert (await line.answer("klogin", {"auth": "token", "token": TOKEN}))["ok"]
            case "application":
                assert (await log_in(line, PASSWORD))["ok"]
            case "overlay":
                key = self.stage.overlay_keys.make("an overlay", Scopes.parse(READS))
                assert (await log_in(line, key.key))["data"] == {"scopes": READS.split()[::-1]}
            case "scoped":
                terms = Terms(Scopes.parse(f"{READS} {CHANGES}"))
                _, token = self.stage.apps.remember(Asker("127.0.0.1"), Metadata(), terms)
                assert (await line.answer("klogin", {"auth": "token", "token": token}))["ok"]
            case "guest":  # a grant of Streamer.bot's door, in a session of this one
                assert (await log_in(line, PASSWORD))["ok"]
                line.session.client.grant = GUEST
        assert line.session.client.grant.level.name.lower() == grant
        return line


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    opened = Scene()
    yield opened
    await opened.stage.close()


def is_refused(reply: dict[str, Any], grant: str) -> bool:
    """Tell whether a reply refuses for want of rights, and in the right words."""
    error = reply.get("error")
    if error is not None:
        assert "canary" not in str(reply)
    return bool(error == ("authentication required" if grant == "nobody" else "not permitted"))


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("command", ["kget", "kget-bulk"])
async def test_reading_a_key(scene: Scene, grant: str, command: str) -> None:
    line = await scene.line(grant)
    seen = {}
    for kind, spec in KEYS.items():
        key = spec.pattern
        reply = await line.answer(command, {"key": key} if command == "kget" else {"keys": [key]})
        data = reply.get("data")
        if is_refused(reply, grant):
            seen[kind] = "-"
        else:
            seen[kind] = judge(key, data[key] if isinstance(data, dict) else data)
    assert seen == column("read", grant)


@pytest.mark.parametrize("grant", GRANTS)
async def test_reading_many_keys_at_once_is_refused_for_one_of_them(scene: Scene, grant: str) -> None:
    line = await scene.line(grant)
    cells = column("read", grant)
    allowed = [KEYS[kind].pattern for kind, cell in cells.items() if cell != "-"]
    reply = await line.answer("kget-bulk", {"keys": allowed})
    if grant == "nobody":
        assert is_refused(reply, grant)
        return
    data = reply["data"]
    assert isinstance(data, dict)
    assert {kind: judge(KEYS[kind].pattern, data[KEYS[kind].pattern]) for kind in cells if cells[kind] != "-"} == {
        kind: cell for kind, cell in cells.items() if cell != "-"
    }
    for kind in (kind for kind, cell in cells.items() if cell == "-"):
        reply = await line.answer("kget-bulk", {"keys": [*allowed, KEYS[kind].pattern]})
        assert is_refused(reply, grant), kind


@pytest.mark.parametrize("prefix", ["", "own/", "foreign/", "event/", "o", "event/Foreign/", "nothing/"])
@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("command", ["klist", "kget-all"])
async def test_listing_keys(scene: Scene, grant: str, command: str, prefix: str) -> None:
    line = await scene.line(grant)
    reply = await line.answer(command, {"prefix": prefix})
    if grant == "nobody":
        assert is_refused(reply, grant)
        return
    expected = {
        KEYS[kind].pattern: cell
        for kind, cell in column("list", grant).items()
        if cell != "-" and KEYS[kind].pattern.startswith(prefix)
    }
    data = reply["data"]
    if command == "klist":
        assert data == sorted(expected)
    else:
        assert isinstance(data, dict)
        assert {key: judge(key, value) for key, value in data.items()} == expected


@pytest.mark.parametrize("grant", GRANTS)
async def test_hearing_a_key(scene: Scene, grant: str) -> None:
    line = await scene.line(grant)
    seen = {}
    for kind, spec in KEYS.items():
        key = spec.pattern
        refused = is_refused(await line.answer("ksub", {"key": key}), grant)
        scene.write([Write(key, value_of(key))])
        pushes = [(push["key"], judge(key, push["new_value"])) for push in await line.fence()]
        assert [heard for heard, _ in pushes] == ([] if refused else [key])
        seen[kind] = "-" if refused else pushes[0][1]
        assert is_refused(await line.answer("kunsub", {"key": key}), grant) is (grant == "nobody")
        scene.write([Write(key, value_of(key))])
        assert await line.fence() == []
    assert seen == column("hear", grant)


@pytest.mark.parametrize("prefixes", [[""], ["own/", "foreign/", "event/"], ["", "own/", "own/a", "event/Own/"]])
@pytest.mark.parametrize("grant", GRANTS)
async def test_hearing_prefixes(scene: Scene, grant: str, prefixes: list[str]) -> None:
    line = await scene.line(grant)
    for prefix in prefixes:
        assert is_refused(await line.answer("ksub-prefix", {"prefix": prefix}), grant) is (grant == "nobody")
    for spec in KEYS.values():
        scene.write([Write(spec.pattern, value_of(spec.pattern))])
    pushes = await line.fence()
    heard = [push["key"] for push in pushes]
    assert len(heard) == len(set(heard)), "each is heard once, however often it is subscribed to"
    seen = {str(push["key"]): judge(str(push["key"]), push["new_value"]) for push in pushes}
    expected = {KEYS[kind].pattern: cell for kind, cell in column("hear", grant).items() if cell != "-"}
    assert seen == expected
    for prefix in prefixes:
        assert is_refused(await line.answer("kunsub-prefix", {"prefix": prefix}), grant) is (grant == "nobody")
    scene.fill()
    assert await line.fence() == []


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("command", ["kset", "kset-bulk", "kdel"])
async def test_writing_a_key(scene: Scene, grant: str, command: str) -> None:
    line = await scene.line(grant)
    seen = {}
    for kind, spec in KEYS.items():
        key = spec.pattern
        scene.served.clear()
        before = scene.stage.owner.get(key)
        written = encode({"by": grant})
        match command:
            case "kset":
                reply = await line.answer("kset", {"key": key, "data": written})
            case "kdel":
                reply = await line.answer("kdel", {"key": key})
            case _:
                reply = await line.answer("kset-bulk", {"own/beside": "x", key: written})
        if is_refused(reply, grant):
            seen[kind] = "-"
            assert scene.stage.owner.get(key) == before
            assert scene.stage.owner.get("own/beside") == ""
            assert scene.served == []
        else:
            assert reply["ok"] is True, reply
            seen[kind] = "yes"
            if not spec.is_request:
                assert scene.stage.owner.get(key) != before
            scene.write([Write("own/beside", None)])
        scene.fill()
    assert seen == column("write", grant)


@pytest.mark.parametrize("grant", GRANTS)
async def test_calling_a_service(scene: Scene, grant: str) -> None:
    line = await scene.line(grant)
    seen = {}
    for kind, spec in KEYS.items():
        scene.served.clear()
        reply = await line.answer("kcall", {"key": spec.pattern, "data": "hello"})
        if is_refused(reply, grant):
            seen[kind] = "-"
            assert scene.served == []
        elif reply.get("error") == "no such request":
            seen[kind] = "none"
        else:
            seen[kind] = "yes"
            assert reply["data"] == "hello"
            assert scene.served == [(spec.pattern, "hello")]
    assert seen == column("call", grant)


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("command", [command for command, verb in COMMAND_VERBS.items() if verb == "free"])
async def test_what_is_free_tells_nothing_and_gives_no_rights(scene: Scene, grant: str, command: str) -> None:
    line = await scene.line(grant)
    level = line.session.client.grant.level
    for data in (None, {"key": "own/vault", "hash": "AAAA", "prefix": ""}, {"auth": "token", "token": "overlay-x"}):
        line.ask(command, data)
        reply = await line.next_object()
        assert reply.get("error") not in ("not permitted", "authentication required")
        assert "canary" not in str(reply)
    assert line.session.client.grant.level is level


@pytest.mark.parametrize("grant", GRANTS)
async def test_what_somebody_subscribed_to_as_another_is_heard_no_more(scene: Scene, grant: str) -> None:
    line = await scene.line("owner")
    for spec in KEYS.values():
        await line.answer("ksub", {"key": spec.pattern})
    await line.answer("ksub-prefix", {"prefix": ""})
    narrow = await scene.line(grant)
    line.session.client.grant = narrow.session.client.grant
    scene.fill()
    pushes = pushes_of(line)
    expected = {
        KEYS[kind].pattern: cell
        for kind, cell in column("hear", grant).items()
        if cell != "-" and not KEYS[kind].is_request
    }
    assert {key: judge(key, value) for key, value in pushes} == expected
    assert len(pushes) == len(expected)


def pushes_of(line: Line) -> list[tuple[str, object]]:
    """What was pushed so far."""
    messages = [msgspec.json.decode(text) for text in line.wire.take()]
    return [(message["key"], message["new_value"]) for message in messages if message.get("type") == "push"]


def _raise(error: Exception | None) -> None:
    assert error is None
