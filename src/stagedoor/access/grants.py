"""Grants: what a connection may touch. Every verb has one rule here, and there is no way around it.

The rules see an entry of the catalogue and not a key, so they say what kind of key a verb may be used on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final

from stagedoor.hub import Audience, KeySpec


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
    APPLICATION = 2
    """Everything but secrets and what only the owner decides."""
    OWNER = 3
    """The person who runs stagedoor, and stagedoor's own services."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one connection may touch, and on what ground."""

    level: Level
    ground: str
    """How it was given, for people: ``password``, ``asked``, ``control token`` …"""

    is_owner: bool = field(init=False)
    """Whether secrets and settings are within it."""
    is_only_public: bool = field(init=False)
    """Whether all that is public is within it, and no secret."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_owner", self.level is Level.OWNER)
        object.__setattr__(self, "is_only_public", self.level in (Level.GUEST, Level.APPLICATION))

    def allows(self, verb: Verb, spec: KeySpec) -> bool:
        """Decide about one verb on the keys of one entry."""
        return RULES[verb](self.level, spec)


NOBODY: Final = Grant(Level.NOBODY, "not logged in")
SERVICE: Final = Grant(Level.OWNER, "a service of stagedoor")


_AUDIENCES: Final[Mapping[Level, frozenset[Audience]]] = {
    Level.NOBODY: frozenset(),
    Level.GUEST: frozenset({Audience.EVERYONE}),
    Level.APPLICATION: frozenset({Audience.EVERYONE, Audience.PROVEN}),
    Level.OWNER: frozenset(Audience),
}
"""Which audiences each level belongs to."""


def _as_reader(level: Level, spec: KeySpec) -> bool:
    return spec.readers in _AUDIENCES[level]


def _as_lister(level: Level, spec: KeySpec) -> bool:
    return _as_reader(level, spec) and spec.listers in _AUDIENCES[level]


def _as_writer(level: Level, spec: KeySpec) -> bool:
    return spec.writers in _AUDIENCES[level]


RULES: Final[Mapping[Verb, Callable[[Level, KeySpec], bool]]] = {
    Verb.READ: _as_reader,
    Verb.LIST: _as_lister,
    Verb.HEAR: _as_reader,
    Verb.WRITE: _as_writer,
    Verb.CALL: _as_writer,
}
