"""Grants: what a connection may touch. Every verb has one rule here, and there is no way around it.

A rule sees the grant's level, what the catalogue says of a key, and the key itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final, NamedTuple

from stagedoor.access.scopes import Scopes
from stagedoor.hub import Audience, KeySpec
from stagedoor.types import Key


class Verb(StrEnum):
    """What can be done with a key."""

    READ = "read"
    LIST = "list"
    WRITE = "write"
    CALL = "call"
    HEAR = "hear"


class Level(Enum):
    """How far a grant goes."""

    NOBODY = 0
    """Has not shown who it is; touches nothing."""
    GUEST = 1
    """Was let in without showing anything, by a protocol that leaves its door ajar: what an application may, but not
    what is done in the owner's name before others."""
    OVERLAY = 2
    """Reads and hears what its scopes name, and changes nothing, whatever they name."""
    SCOPED = 3
    """What its scopes name, as far as an application may."""
    APPLICATION = 4
    """Everything but secrets and what only the owner decides."""
    OWNER = 5
    """The person who runs stagedoor, and stagedoor's own services."""


class Credential(NamedTuple):
    """What a grant was given for, among what the owner can take back."""

    kind: str
    """``app``, ``overlay-key`` or ``device``."""
    id: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What one connection may touch, and on what ground."""

    level: Level
    ground: str
    """How it was given, for people: ``password``, ``asked``, ``control token`` …"""
    scopes: Scopes | None = None
    """What an overlay's or a scoped grant covers; ``None`` where the level alone decides."""
    credential: Credential | None = None

    is_owner: bool = field(init=False)
    """Whether secrets and settings are within it."""
    is_only_public: bool = field(init=False)
    """Whether all that is public is within it, and no secret."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_owner", self.level is Level.OWNER)
        object.__setattr__(self, "is_only_public", self.level in (Level.GUEST, Level.APPLICATION))
        if (self.scopes is None) is (self.level in (Level.OVERLAY, Level.SCOPED)):
            raise ValueError(f"a grant of level {self.level.name} with scopes {self.scopes}")

    def allows(self, verb: Verb, spec: KeySpec, key: Key) -> bool:
        """Decide about one verb on one key, of which ``spec`` is the catalogue's entry."""
        return RULES[verb](self, spec, key)

    def described(self) -> dict[str, object]:
        """Name it in a few facts, for the audit log."""
        facts: dict[str, object] = {"ground": self.ground, "level": self.level.name.lower()}
        if self.credential is not None:
            facts["id"] = self.credential.id
        return facts


def grant_for(scopes: Scopes | None, ground: str, credential: Credential | None = None) -> Grant:
    """Make the grant of an application that was given scopes, or all but secrets."""
    level = Level.APPLICATION if scopes is None else Level.SCOPED
    return Grant(level, ground, scopes, credential)


_AUDIENCES: Final[Mapping[Level, frozenset[Audience]]] = {
    Level.NOBODY: frozenset(),
    Level.GUEST: frozenset({Audience.EVERYONE}),
    Level.OVERLAY: frozenset({Audience.EVERYONE}),
    Level.SCOPED: frozenset({Audience.EVERYONE, Audience.PROVEN}),
    Level.APPLICATION: frozenset({Audience.EVERYONE, Audience.PROVEN}),
    Level.OWNER: frozenset(Audience),
}
"""Which audiences each level belongs to."""


def _may_read(grant: Grant, spec: KeySpec, key: Key) -> bool:
    return spec.readers in _AUDIENCES[grant.level] and (grant.scopes is None or grant.scopes.reads.covers(key))


def _may_list(grant: Grant, spec: KeySpec, key: Key) -> bool:
    return _may_read(grant, spec, key) and spec.listers in _AUDIENCES[grant.level]


def _may_write(grant: Grant, spec: KeySpec, key: Key) -> bool:
    if grant.level is Level.OVERLAY or spec.writers not in _AUDIENCES[grant.level]:
        return False
    if spec.is_request:
        return _may_call(grant, spec, key)
    return grant.scopes is None or grant.scopes.writes.covers(key)


def _may_call(grant: Grant, spec: KeySpec, key: Key) -> bool:
    if spec.writers not in _AUDIENCES[grant.level]:
        return False
    if grant.scopes is None or (spec.only_reads and grant.scopes.reads.covers(key)):
        return True
    return grant.level is not Level.OVERLAY and grant.scopes.calls.covers(key)


RULES: Final[Mapping[Verb, Callable[[Grant, KeySpec, Key], bool]]] = {
    Verb.READ: _may_read,
    Verb.LIST: _may_list,
    Verb.HEAR: _may_read,
    Verb.WRITE: _may_write,
    Verb.CALL: _may_call,
}

NOBODY: Final = Grant(Level.NOBODY, "not logged in")
SERVICE: Final = Grant(Level.OWNER, "a service of stagedoor")
