"""Every error that stagedoor raises on purpose, in one tree by who must act.

    StagedoorError
    ├── PeerError                  the other side of a connection must act
    │   ├── NotPermitted           its grant does not cover this verb on this key
    │   ├── InvalidKey             a key that no store can hold
    │   ├── NoSuchRequest          nobody serves this request key
    │   └── RequestFailed          the service that owns the key refused, or did not answer in time
    │       └── ServiceFailed      it has a bug, which the log tells of
    ├── OperatorError              the person who runs stagedoor must act
    │   ├── OptionError            an option, variable or stored setting with a bad value
    │   ├── DoorError              a door that cannot listen where it should
    │   ├── DataInUse              another stagedoor runs on the same data folder
    │   └── ArchiveError           a file to import or restore that cannot be used
    └── StoreError                 the store could not do it; nothing of the batch was written
        └── StoreClosed            used after it was closed

Each error carries what it is about as fields and builds its own sentence. A bug is none of these: it rises as what
it is. The clients' errors live beside their protocol, in :mod:`stagedoor.kilovolt.errors`;
those of templates, in :mod:`stagedoor.templates.errors`.
"""

from stagedoor.types import MAX_KEY_BYTES, Key


class StagedoorError(Exception):
    """Base of every error that stagedoor raises on purpose."""


class PeerError(StagedoorError):
    """Something that the other side of a connection did, and only it can mend."""


class NotPermitted(PeerError):
    """The connection's grant does not cover ``verb`` on ``key``."""

    def __init__(self, verb: str, key: Key) -> None:
        super().__init__(verb, key)
        self.verb = verb
        self.key = key

    def __str__(self) -> str:
        return f"this connection may not {self.verb} the key {self.key!r}"


class InvalidKey(PeerError):
    """A key longer than a store can hold."""

    def __init__(self, key: Key, size_bytes: int) -> None:
        super().__init__(key, size_bytes)
        self.key = key
        self.size_bytes = size_bytes

    def __str__(self) -> str:
        start = self.key[:40]
        return f"the key {start!r}… has {self.size_bytes} bytes in UTF-8; the limit is {MAX_KEY_BYTES}"


class NoSuchRequest(PeerError):
    """A request key that no service owns."""

    def __init__(self, key: Key) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"nobody serves the request {self.key!r}"


class RequestFailed(PeerError):
    """The service that owns a request key refused it; ``reason`` is a sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class ServiceFailed(RequestFailed):
    """The service that owns a request key failed in a way that nobody meant."""

    def __init__(self) -> None:
        super().__init__("the service failed; its log says why")


class OperatorError(StagedoorError):
    """Something that the person who runs stagedoor has to change."""


class OptionError(OperatorError):
    """A bad value in an option; ``source`` says where it was set (a flag, a variable, a stored key)."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(source, problem)
        self.source = source
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.source}: {self.problem}"


class DoorError(OperatorError):
    """A door that cannot listen where it was told to."""

    def __init__(self, door: str, address: str, problem: str) -> None:
        super().__init__(door, address, problem)
        self.door = door
        self.address = address
        self.problem = problem

    def __str__(self) -> str:
        return f"the {self.door} door cannot listen on {self.address}: {self.problem}"


class DataInUse(OperatorError):
    """Another stagedoor runs on the same data folder."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"another stagedoor is running on the data folder {self.folder}"


class ArchiveError(OperatorError):
    """A file to import or restore that cannot be read or holds something else."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class StoreError(StagedoorError):
    """The store could not do it, and nothing of the batch was written."""


class StoreClosed(StoreError):
    """The store was used after it had been closed."""

    def __str__(self) -> str:
        return "the store is closed"
