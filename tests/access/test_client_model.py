"""A client under scopes does what a naive reading of the words says, in any order of whatever it does."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stagedoor.access import NOBODY, OPEN, SERVICE, Client, Grant, Level, Scopes
from stagedoor.errors import NotPermitted
from stagedoor.hub import Audience, Catalogue, Change, Hub, KeySpec, Kind, MemoryStore, Write
from tests.access.test_scopes import is_covered

SPECS = (
    KeySpec(pattern="a/private", kind=Kind.STATE, summary="The owner's.", readers=Audience.OWNER),
    KeySpec(pattern="a/unlisted", kind=Kind.STATE, summary="In no list.", listers=Audience.OWNER),
    KeySpec(pattern="b/secret", kind=Kind.SECRET, summary="Secret.", listers=Audience.OWNER),
    KeySpec(pattern="b/half", kind=Kind.STATE, summary="In part.", secret_members=frozenset(("password",))),
    KeySpec(pattern="a/ev/own", kind=Kind.EVENT, summary="The owner's.", readers=Audience.OWNER),
)
KEYS = (
    *("a", "a/", "a/1", "a/2", "a/ev/x", "a/ev/own", "a/private", "a/unlisted", "a/@ask", "ab", "ab/c"),
    *("b/1", "b/secret", "b/half", "event/A/x", "event/A/y", "event/B/x", "c", "z/1", "é/1"),
)
SUBSCRIBED = ("a", "a/1", "a/private", "event/A/x")
PREFIXES = ("", "a", "a/", "event/", "b/")
WORDS = (
    "read:a",
    "read:a/*",
    "read:a/1",
    "read:ab*",
    "read:b/*",
    "read:*",
    "event:A.*",
    "event:A.x",
    "read:é/*",
    "write:*",
)
"""Few, so that they meet."""
LEVELS = (Level.SCOPED, Level.OVERLAY, Level.SCOPED, Level.APPLICATION, Level.OWNER, Level.NOBODY)
"""A guest is as an application here."""

OWNERS_ALONE = {spec.pattern for spec in SPECS if spec.readers is Audience.OWNER}
IN_NO_LIST = OWNERS_ALONE | {spec.pattern for spec in SPECS if spec.listers is Audience.OWNER}


def masked(key: str, value: str) -> str:
    """A value as everybody hears it, the owner included; the owner can read the rest."""
    if key == "b/secret":
        return ""
    return value.replace('"canary"', '""') if key == "b/half" else value


class Naive:
    """What a grant covers, by its words, one by one."""

    def __init__(self, level: Level, words: list[str]) -> None:
        self.level = level
        self.words = words

    def may_read(self, key: str) -> bool:
        if self.level is Level.OWNER:
            return True
        if self.level is Level.NOBODY or key in OWNERS_ALONE:
            return False
        return self.level is Level.APPLICATION or is_covered(self.words, "read", key)

    def shown(self, key: str, value: str) -> str:
        return value if self.level is Level.OWNER else masked(key, value)

    def may_list(self, key: str) -> bool:
        return self.may_read(key) and (self.level is Level.OWNER or key not in IN_NO_LIST)

    def grant(self) -> Grant:
        if self.level is Level.NOBODY:
            return NOBODY
        if self.level in (Level.OVERLAY, Level.SCOPED):
            return Grant(self.level, "a test", Scopes.parse(self.words))
        return {Level.APPLICATION: OPEN, Level.OWNER: SERVICE}[self.level]


class ClientModel(RuleBasedStateMachine):
    """Compares a client with what is written down here."""

    def __init__(self) -> None:
        super().__init__()
        self.hub = Hub(MemoryStore(), Catalogue(SPECS))
        self.owner = Client(self.hub, SERVICE)
        self.heard: list[tuple[str, str]] = []
        self.client = Client(self.hub, OPEN, self._hear)
        self.naive = Naive(Level.APPLICATION, [])
        self.keys: set[str] = set()
        self.prefixes: set[str] = set()
        self.stored: dict[str, str] = {}
        self.serial = 0
        self.deleted: set[str] = set()

    def _hear(self, change: Change) -> None:
        self.heard.append((change.key, change.value))

    @initialize(level=st.sampled_from(LEVELS), words=st.lists(st.sampled_from(WORDS), max_size=4))
    def begin(self, level: Level, words: list[str]) -> None:
        """Begin under some grant."""
        self.change_grant(level, words)

    @rule(level=st.sampled_from(LEVELS), words=st.lists(st.sampled_from(WORDS), max_size=4))
    def change_grant(self, level: Level, words: list[str]) -> None:
        """Act under another grant from now on."""
        self.naive = Naive(level, words)
        self.client.grant = self.naive.grant()
        # What is not covered now is forgotten; a prefix is remembered for whatever of it is covered.
        self.keys = {key for key in self.keys if self.naive.may_read(key)}
        if level is Level.NOBODY:
            self.prefixes = set()

    @rule(key=st.sampled_from(SUBSCRIBED))
    def subscribe(self, key: str) -> None:
        """Hear a key, or no longer."""
        if key in self.keys:
            self.client.unsubscribe(key)
            self.keys.discard(key)
        elif self.naive.may_read(key):
            self.client.subscribe(key)
            self.client.subscribe(key)
            self.keys.add(key)
        else:
            with pytest.raises(NotPermitted):
                self.client.subscribe(key)
            self.client.unsubscribe(key)

    @rule(prefix=st.sampled_from(PREFIXES))
    def subscribe_prefix(self, prefix: str) -> None:
        """Hear what of a prefix is covered, or no longer."""
        if prefix in self.prefixes:
            self.client.unsubscribe_prefix(prefix)
            self.prefixes.discard(prefix)
        elif self.naive.level is Level.NOBODY:
            with pytest.raises(NotPermitted):
                self.client.subscribe_prefix(prefix)
        else:
            self.client.subscribe_prefix(prefix)
            self.client.subscribe_prefix(prefix)
            self.prefixes.add(prefix)

    @rule(deleted=st.sets(st.sampled_from(KEYS), max_size=8))
    def delete(self, deleted: set[str]) -> None:
        """Leave some keys out of what is written."""
        self.deleted = deleted

    @invariant()
    def each_change_is_heard_once_by_whoever_may(self) -> None:
        """And by nobody else: all keys are written."""
        self.serial += 1
        value = f'{{"n":{self.serial},"password":"canary"}}'
        self.owner.write([Write(key, None if key in self.deleted else value) for key in KEYS], _raise)
        expected = []
        for key in KEYS:
            if key in self.deleted:
                self.stored.pop(key, None)
            elif "@" not in key:
                self.stored[key] = value
            if self.naive.may_read(key) and (key in self.keys or key.startswith(tuple(self.prefixes))):
                expected.append((key, "" if key in self.deleted else masked(key, value)))
        assert self.heard == expected
        self.heard.clear()

    @invariant()
    def it_reads_what_it_may(self) -> None:
        """Key by key."""
        for key in KEYS:
            if self.naive.may_read(key):
                assert self.client.get(key) == self.naive.shown(key, self.stored.get(key, ""))
            else:
                with pytest.raises(NotPermitted):
                    self.client.get(key)

    @rule(prefix=st.sampled_from(PREFIXES), at_once=st.integers(1, 5), seek=st.none() | st.sampled_from(KEYS))
    def walk(self, prefix: str, at_once: int, seek: str | None) -> None:
        """Walk over a range, perhaps from somewhere in it."""
        if self.naive.level is Level.NOBODY:
            with pytest.raises(NotPermitted):
                self.client.scan(prefix)
            return
        scan = self.client.scan(prefix)
        found: list[tuple[str, str]] = []
        if seek is not None:
            scan.take(at_once)
            scan.seek(seek)
        while True:
            step = scan.take(at_once)
            found += step
            if len(step) < at_once:
                break
        scan.close()
        listed = sorted(key for key in self.stored if key.startswith(prefix) and self.naive.may_list(key))
        assert found == [
            (key, self.naive.shown(key, self.stored[key])) for key in listed if seek is None or key >= seek
        ]

    @rule()
    def close(self) -> None:
        """Leave, and come back as somebody else."""
        self.client.close()
        assert self.hub._subscriptions.is_empty
        self.client = Client(self.hub, self.naive.grant(), self._hear)
        self.keys, self.prefixes = set(), set()

    @invariant()
    def it_counts_what_it_hears(self) -> None:
        """The number that limits it is right."""
        assert self.client.subscription_count == len(self.keys) + len(self.prefixes)

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.client.close()
        assert self.hub._subscriptions.is_empty


def _raise(error: Exception | None) -> None:
    assert error is None


TestClient = ClientModel.TestCase
TestClient.settings = settings(max_examples=250, stateful_step_count=30, deadline=None)
