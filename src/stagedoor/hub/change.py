"""A change: one key's new value on its way through the hub, shared by everyone who hears of it."""

from typing import NamedTuple

from stagedoor.hub.catalogue import KeySpec
from stagedoor.types import CommitNumber, Key, Value


class Change:
    """One key of a batch, and its new value.

    ``value`` is what subscribers hear: of a key with secret members the public form, of a deleted key ``""``. Each
    protocol keeps its encoding of the push in ``encodings``, so that it is made once and not once a subscriber.
    """

    __slots__ = ("encodings", "is_deletion", "key", "number", "spec", "value")

    def __init__(self, key: Key, value: Value | None, spec: KeySpec) -> None:
        self.key = key
        self.value: Value = "" if value is None else value
        self.is_deletion = value is None
        self.spec = spec
        self.number = CommitNumber(0)
        """The commit that made it visible; 0 before that."""
        self.encodings: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"Change({self.key!r}, number={self.number})"


class Write(NamedTuple):
    """What a caller wants written: a key and its new value, ``None`` to delete it."""

    key: Key
    value: Value | None
