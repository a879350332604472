"""The catalogue: which keys there are, of what kind, and who may read and write them.

One entry describes one key or one family of keys (``twitch/bot-counters/<name>``). The API reference, validation and
redaction derive from it. A key that no entry matches is an overlay's own: its kind follows from its form alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from stagedoor.types import MAX_KEY_BYTES, JsonObject, Key, Value


class Kind(StrEnum):
    """Where the value of a key lives, and what a write to it means."""

    STATE = "state"
    """Durable; the last value counts. Configuration is of this kind, too."""
    EVENT = "event"
    """A fact that happened: pushed, and the last one kept in memory."""
    REQUEST = "request"
    """Something asked of the service that owns the key: handed over and pushed, never stored."""
    SECRET = "secret"  # noqa: S105  (the kind's name, not a secret)
    """Durable, in a table of its own; everybody but the owner sees it empty."""


class Audience(StrEnum):
    """Who a right is given to."""

    EVERYONE = "everyone"
    """Every connection that was let in."""
    PROVEN = "proven"
    """Every connection that was let in because it has shown something: a password, a token, the owner's word."""
    OWNER = "owner"
    """The person who runs stagedoor, and stagedoor itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySpec:
    """One entry of the catalogue.

    ``pattern`` is a key whose segments may be ``<placeholders>`` for any text without a slash, the last one also
    without an ``@`` in front, which makes a request. ``secret_members`` name
    the members of a JSON object that only the owner sees; others read the same object with those members empty, and a
    write that leaves them empty keeps what is stored. Names are compared without regard to case, as the original
    programs' decoders do.
    """

    pattern: str
    kind: Kind
    summary: str
    schema: JsonObject = field(default_factory=dict)
    default: Value | None = None
    example: Value | None = None
    """A value as it could be, for the reference; of a request, what is asked. A secret has none."""
    answer: Value | None = None
    """Of a request: what it could answer to the example."""
    owner: str = "clients"
    readers: Audience = Audience.EVERYONE
    listers: Audience = Audience.EVERYONE
    """Who finds it in a list. stagedoor's own settings are not in the way of a program that lists what it wrote."""
    writers: Audience = Audience.EVERYONE
    secret_members: frozenset[str] = frozenset()
    stored_in_memory: bool = False
    """State that stagedoor derives anew at each start, so that a disk would only slow it."""
    is_bookkeeping: bool = False
    """What stagedoor notes for itself as it runs: that it has changed is nothing that would be worth a backup."""
    only_reads: bool = False
    """Of a request: that its answer only tells something, and nothing is another way afterwards."""
    is_public: bool = field(init=False)
    """Whether everybody may read and write it, and all of it is for everybody."""
    is_volatile: bool = field(init=False)
    """Whether a write needs no disk."""
    holds_secrets: bool = field(init=False)
    """Whether some or all of the value is for the owner only."""

    def __post_init__(self) -> None:
        derive = object.__setattr__
        derive(self, "is_volatile", self.stored_in_memory or self.kind in (Kind.EVENT, Kind.REQUEST))
        derive(self, "holds_secrets", self.kind is Kind.SECRET or bool(self.secret_members))
        everyones = self.readers is Audience.EVERYONE and self.writers is Audience.EVERYONE
        derive(self, "is_public", everyones and not self.holds_secrets)

    @property
    def is_request(self) -> bool:
        """Whether a write is handed to a service instead of being kept."""
        return self.kind is Kind.REQUEST


UNLISTED_STATE: Final = KeySpec(pattern="<any>", kind=Kind.STATE, summary="An overlay's own key.")
UNLISTED_EVENT: Final = KeySpec(pattern="<any>", kind=Kind.EVENT, summary="An overlay's own event.")
UNLISTED_REQUEST: Final = KeySpec(pattern="<any>", kind=Kind.REQUEST, summary="An overlay's own request.")

OWN: Final = "stagedoor/"
"""What begins so is stagedoor's own, also what a later version will put there: nobody else may write it before."""
UNLISTED_OWN_STATE: Final = replace(UNLISTED_STATE, writers=Audience.OWNER)
UNLISTED_OWN_EVENT: Final = replace(UNLISTED_EVENT, writers=Audience.OWNER)

_CACHE_SIZE: Final = 16_384
"""Keys whose entry is remembered; past it, all are forgotten at once."""


class Catalogue:
    """All entries, and the way from a key to its entry."""

    def __init__(self, specs: Iterable[KeySpec] = ()) -> None:
        self._exact: dict[Key, KeySpec] = {}
        self._families: list[tuple[list[str], KeySpec]] = []
        self._by_shape: dict[tuple[int, str], list[tuple[list[str], KeySpec]]] = {}
        """The same, by their number of segments and the first, which is empty for a placeholder: a million keys that
        nobody knows are resolved in a second."""
        self.known: Final[dict[Key, KeySpec]] = {}
        """The entries of keys that were resolved lately, for a look before a call."""
        self._restricted_heads: list[str] = []
        self._secret_heads: list[str] = []
        for spec in specs:
            self.add(spec)

    def add(self, spec: KeySpec) -> None:
        """Declare a key or a family of keys.

        Raises:
            ValueError: When the pattern is declared already.
        """
        if spec.pattern in (known.pattern for known in self):
            raise ValueError(f"the key {spec.pattern!r} is declared twice")
        if "<" in spec.pattern:
            segments = spec.pattern.split("/")
            self._families.append((segments, spec))
            first = "" if segments[0].startswith("<") else segments[0]
            self._by_shape.setdefault((len(segments), first), []).append((segments, spec))
        else:
            self._exact[spec.pattern] = spec
        if Audience.OWNER in (spec.readers, spec.listers):
            self._restricted_heads.append(spec.pattern.partition("<")[0])
        if spec.holds_secrets:
            self._secret_heads.append(spec.pattern.partition("<")[0])
        self.known.clear()

    def __iter__(self) -> Iterator[KeySpec]:
        yield from self._exact.values()
        for _, spec in self._families:
            yield spec

    def resolve(self, key: Key) -> KeySpec:
        """Find the entry that describes ``key``; an unlisted key gets one by its form."""
        spec = self.known.get(key)
        if spec is None:
            spec = self._find(key)
            if len(key) > MAX_KEY_BYTES:
                return spec
            if len(self.known) >= _CACHE_SIZE:
                self.known.clear()
            self.known[key] = spec
        return spec

    def is_restricted(self, prefix: str) -> bool:
        """Tell whether a key with this prefix may be for the owner's eyes only."""
        return any(head.startswith(prefix) or prefix.startswith(head) for head in self._restricted_heads)

    def holds_secrets(self, prefix: str) -> bool:
        """Tell whether a key with this prefix may hold a secret."""
        return any(head.startswith(prefix) or prefix.startswith(head) for head in self._secret_heads)

    def _find(self, key: Key) -> KeySpec:
        if key in self._exact:
            return self._exact[key]
        segments = key.split("/")
        is_request = segments[-1].startswith("@")
        shape = (len(segments), segments[0])
        for pattern, spec in self._by_shape.get(shape, []) + self._by_shape.get((len(segments), ""), []):
            if spec.is_request is is_request and all(
                part.startswith("<") or part == segment for part, segment in zip(pattern, segments, strict=True)
            ):
                return spec
        if is_request:
            return UNLISTED_REQUEST
        is_own = key.startswith(OWN)
        if "ev" in segments or (segments[0] == "event" and len(segments) > 1):
            return UNLISTED_OWN_EVENT if is_own else UNLISTED_EVENT
        return UNLISTED_OWN_STATE if is_own else UNLISTED_STATE
