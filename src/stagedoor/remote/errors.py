"""The errors that a client of any protocol can meet.

    StagedoorError
    └── RemoteError             a client could not do what was asked
        ├── ConnectFailed       no connection came about; trying later may help
        ├── ConnectionLost      it ended; what was pending may have been done or not
        │   └── AccessRevoked   the server said not to come back
        ├── RequestTimeout      no answer in time (a TimeoutError, too)
        ├── ClientClosed        used before connect() or after close()
        ├── RequestRefused      the server refused one request; the connection goes on
        └── SubscriptionOverflow  news came faster than they were taken from an iterator

What is raised are each protocol's own classes, which derive from these, so that ``except`` can name one protocol or
all of them.
"""

from dataclasses import dataclass
from typing import ClassVar

from stagedoor.errors import StagedoorError


class RemoteError(StagedoorError):
    """Base of all that a client raises on purpose."""

    is_final: ClassVar[bool] = False
    """Whether to come back would only meet it again, so that a client gives up."""


class ConnectFailed(RemoteError):
    """No connection to ``url`` came about; ``status`` is that of the HTTP answer, if there was one."""

    def __init__(self, url: str, reason: str, status: int | None = None) -> None:
        super().__init__(url, reason, status)
        self.url = url
        self.reason = reason
        self.status = status

    def __str__(self) -> str:
        return f"cannot connect to {self.url}: {self.reason}"


class ConnectionLost(RemoteError):
    """The connection ended; whether the server still carried out a pending request cannot be known.

    ``close_code`` and ``reason`` are the server's; 1005 and 1006 stand for none (RFC 6455, section 7.1.5).
    """

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(close_code, reason)
        self.close_code = close_code
        self.reason = reason

    def __str__(self) -> str:
        because = f": {self.reason}" if self.reason else ""
        return f"the connection was lost (close code {self.close_code}){because}"


class AccessRevoked(ConnectionLost):
    """The server closed with code 4011: whoever let this client in took it back, and it must not return by itself."""

    is_final = True

    def __str__(self) -> str:
        because = f": {self.reason}" if self.reason else ""
        return f"the server revoked this client's access{because}"


class RequestTimeout(RemoteError, TimeoutError):
    """No answer to ``command`` within ``timeout_s`` seconds, the wait for a connection included."""

    def __init__(self, command: str, timeout_s: float) -> None:
        super().__init__(command, timeout_s)
        self.command = command
        self.timeout_s = timeout_s

    def __str__(self) -> str:
        return f"{self.command}: no answer within {self.timeout_s:g} s"


class ClientClosed(RemoteError):
    """The client is not open: it was never connected, or it was closed."""

    def __str__(self) -> str:
        return "the client is closed; connect() opens it"


class RequestRefused(RemoteError):
    """The server refused one request; the connection goes on."""


class SubscriptionOverflow(RemoteError):
    """More than ``limit`` of what ``name`` names waited to be taken from an iterator; later ones are missing."""

    subject: ClassVar[str] = "changes"
    """What waited, in the protocol's word."""

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(name, limit)
        self.name = name
        self.limit = limit

    def __str__(self) -> str:
        return f"more than {self.limit} {self.subject} of {self.name!r} waited; what came after them is missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorClasses:
    """The classes in which one protocol's client raises what the shared parts find."""

    connect_failed: type[ConnectFailed]
    connection_lost: type[ConnectionLost]
    access_revoked: type[AccessRevoked]
    request_timeout: type[RequestTimeout]
    client_closed: type[ClientClosed]
    subscription_overflow: type[SubscriptionOverflow]
