"""Every error that the Streamer.bot client raises on purpose, in one tree by what the caller can do.

    StagedoorError
    └── StreamerbotError                     the client could not do what was asked
        ├── ConnectFailed                    no connection came about; trying later may help
        ├── ConnectionLost                   it ended; what was pending may have been done or not
        │   └── AccessRevoked                the server said not to come back
        ├── RequestTimeout                   no answer in time (a TimeoutError, too)
        │   └── ResponseTimeout              the answer came, but not the custom event that was waited for
        ├── ClientClosed                     used before connect() or after close()
        ├── LoginFailed                      the server did not let this client in; a person must act
        │   ├── PasswordRefused              wrong password
        │   └── PasswordRequired             the server lets nobody in without a password
        ├── RequestRefused                   the server refused one request; the connection goes on
        │   └── NotPermitted                 the owner of the server does not let this client make it
        ├── InvalidAnswer                    the server answered with something that is no answer to the request
        └── SubscriptionOverflow             events came faster than they were taken from an iterator

Those that a client of any protocol can meet derive from their namesakes in :mod:`stagedoor.remote.errors`, too.
"""

from typing import Final

from stagedoor.remote import errors as remote


class StreamerbotError(remote.RemoteError):
    """Base of all that the Streamer.bot client raises on purpose."""


# --- the way to the server ----------------------------------------------------------------------------------------


class ConnectFailed(StreamerbotError, remote.ConnectFailed):
    """No connection to ``url`` came about; ``status`` is that of the HTTP answer, if there was one."""


class ConnectionLost(StreamerbotError, remote.ConnectionLost):
    """The connection ended; whether the server still carried out a pending request cannot be known.

    ``close_code`` and ``reason`` are the server's; 1005 and 1006 stand for none (RFC 6455, section 7.1.5).
    """


class AccessRevoked(ConnectionLost, remote.AccessRevoked):
    """The server closed with code 4011: whoever let this client in took it back, and it must not return by itself."""


class RequestTimeout(StreamerbotError, remote.RequestTimeout):
    """No answer to ``command`` within ``timeout_s`` seconds, the wait for a connection included."""


class ResponseTimeout(RequestTimeout):
    """The server did what was asked, but no custom event named ``event_name`` came within ``timeout_s`` seconds.

    An action answers with the sub-action "Trigger Custom Event", event name ``%sbClientResponse%``, arguments on.
    """

    def __init__(self, command: str, timeout_s: float, event_name: str) -> None:
        super().__init__(command, timeout_s)
        self.args = (command, timeout_s, event_name)
        self.event_name = event_name

    def __str__(self) -> str:
        return f"{self.command}: no custom event {self.event_name!r} within {self.timeout_s:g} s"


class ClientClosed(StreamerbotError, remote.ClientClosed):
    """The client is not open: it was never connected, or it was closed."""


# --- login --------------------------------------------------------------------------------------------------------


class LoginFailed(StreamerbotError):
    """The server did not let this client in; ``reason`` is the server's word, if it gave one."""

    is_final = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the login failed: {self.reason}"


class PasswordRefused(LoginFailed):
    """The password is neither the server's nor an overlay key that is good."""


class PasswordRequired(LoginFailed):
    """The server answers nobody who has not proved to know its password."""

    def __str__(self) -> str:
        return f"the server wants a password: {self.reason}"


# --- requests -----------------------------------------------------------------------------------------------------


class RequestRefused(StreamerbotError, remote.RequestRefused):
    """The server refused ``request``; ``text`` is what it says, ``request_id`` under which id.

    No list of the texts is published, and they differ between servers, so that a program cannot go by them.
    """

    def __init__(self, text: str, request: str, request_id: str) -> None:
        super().__init__(text, request, request_id)
        self.text = text
        self.request = request
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.request}: {self.text or 'refused without a reason'}"


NOT_PERMITTED: Final = "Not permitted"
"""What a stagedoor says to a request that the client's grant does not cover."""


class NotPermitted(RequestRefused):
    """The owner of the server does not let this client make the request, or not on that subject."""


def refusal(text: str, request: str, request_id: str) -> RequestRefused:
    """Build the error of the class that belongs to the server's ``text``."""
    kind = NotPermitted if text.startswith(NOT_PERMITTED) else RequestRefused
    return kind(text, request, request_id)


class InvalidAnswer(StreamerbotError):
    """The answer to ``request`` has not the form that the protocol gives it."""

    def __init__(self, request: str, problem: str) -> None:
        super().__init__(request, problem)
        self.request = request
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.request}: the server's answer is invalid: {self.problem}"


class SubscriptionOverflow(StreamerbotError, remote.SubscriptionOverflow):
    """More than ``limit`` events of ``name`` waited to be taken from an iterator; later ones are missing."""

    subject = "events"


ERRORS: Final = remote.ErrorClasses(
    connect_failed=ConnectFailed,
    connection_lost=ConnectionLost,
    access_revoked=AccessRevoked,
    request_timeout=RequestTimeout,
    client_closed=ClientClosed,
    subscription_overflow=SubscriptionOverflow,
)
"""In which classes the parts that this client shares with others raise what they find."""
