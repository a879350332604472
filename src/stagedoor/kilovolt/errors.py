"""Every error that the Kilovolt client raises on purpose, in one tree by what the caller can do.

    StagedoorError
    └── KilovoltError                        the client could not do what was asked
        ├── ConnectFailed                    no connection came about; trying later may help
        ├── ConnectionLost                   it ended; what was pending may have been done or not
        │   └── AccessRevoked                the server said not to come back
        ├── RequestTimeout                   no answer in time (a TimeoutError, too)
        ├── ClientClosed                     used before connect() or after close()
        ├── LoginFailed                      the server did not let this client in; a person must act
        │   ├── PasswordRefused              wrong password
        │   ├── AskRefused                   the user said no, or nobody answered
        │   ├── TokenRefused                 the token is unknown or was revoked
        │   └── MethodUnavailable            this server does not know that way to log in, or has it off
        ├── CommandError                     the server refused one command; the connection goes on
        │   ├── InvalidFormat                "invalid message format"
        │   ├── ParameterMissing             "required parameter missing"
        │   ├── ServerError                  "server error"
        │   ├── UnknownCommand               "unknown command"
        │   ├── AuthenticationNotInitialized "authentication not initialized"
        │   ├── AuthenticationFailed         "authentication failed"
        │   ├── AuthenticationRequired       "authentication required"
        │   ├── AuthenticationNotRequired    "authentication not required"
        │   ├── MethodNotSupported           "authentication method not supported"
        │   ├── NotPermitted                 "not permitted"
        │   ├── NoSuchRequest                "no such request"
        │   └── RequestFailed                "request failed"
        ├── InvalidAnswer                    the server answered with something that is no answer to the command
        ├── InvalidValue                     a value that is no JSON, or not of the type asked for
        └── SubscriptionOverflow             changes came faster than they were taken from an iterator

Three names are also in :mod:`stagedoor.errors`, where they tell the server's side of the same fact. What the server
reports while it logs a client in is never raised as a :class:`CommandError` but as a :class:`LoginFailed`. Those that
a client of any protocol can meet derive from their namesakes in :mod:`stagedoor.remote.errors`, too.
"""

from typing import Final

from stagedoor.kilovolt.messages import ErrorCode
from stagedoor.remote import errors as remote
from stagedoor.types import Key


class KilovoltError(remote.RemoteError):
    """Base of all that the Kilovolt client raises on purpose."""


# --- the way to the server ----------------------------------------------------------------------------------------


class ConnectFailed(KilovoltError, remote.ConnectFailed):
    """No connection to ``url`` came about; ``status`` is that of the HTTP answer, if there was one."""


class ConnectionLost(KilovoltError, remote.ConnectionLost):
    """The connection ended; whether the server still carried out a pending request cannot be known.

    ``close_code`` and ``reason`` are the server's; 1005 and 1006 stand for none (RFC 6455, section 7.1.5).
    """


class AccessRevoked(ConnectionLost, remote.AccessRevoked):
    """The server closed with code 4011: whoever let this client in took it back, and it must not return by itself."""


class RequestTimeout(KilovoltError, remote.RequestTimeout):
    """No answer to ``command`` within ``timeout_s`` seconds, the wait for a connection included."""


class ClientClosed(KilovoltError, remote.ClientClosed):
    """The client is not open: it was never connected, or it was closed."""


# --- login --------------------------------------------------------------------------------------------------------


class LoginFailed(KilovoltError):
    """The server did not let this client in by ``method``; ``code`` and ``details`` are the server's words."""

    is_final = True

    def __init__(self, method: str, code: str, details: str) -> None:
        super().__init__(method, code, details)
        self.method = method
        self.code = code
        self.details = details

    def __str__(self) -> str:
        words = ": ".join(filter(None, (self.code, self.details)))
        return f"the login by {self.method} failed: {words}"


class PasswordRefused(LoginFailed):
    """The password is neither the server's nor an overlay key that is good."""


class AskRefused(LoginFailed):
    """The user who was asked said no, or nobody answered in time."""


class TokenRefused(LoginFailed):
    """The token is unknown to the server, or was revoked."""


class MethodUnavailable(LoginFailed):
    """The server does not know this way to log in, or has it off."""


# --- commands -----------------------------------------------------------------------------------------------------


class CommandError(KilovoltError, remote.RequestRefused):
    """The server refused ``command``; ``code`` is one of :class:`~stagedoor.kilovolt.messages.ErrorCode`, or news."""

    def __init__(self, code: str, details: str, command: str) -> None:
        super().__init__(code, details, command)
        self.code = code
        self.details = details
        self.command = command

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.command, self.code, self.details)))


class InvalidFormat(CommandError):
    """The server could not read the message."""


class ParameterMissing(CommandError):
    """A parameter is absent or of a wrong type."""


class ServerError(CommandError):
    """The server's store failed; nothing was written."""


class UnknownCommand(CommandError):
    """The server does not know this command; an older or another server does not know extensions."""


class AuthenticationNotInitialized(CommandError):
    """An answer to a challenge that the server never gave, or that is used up."""


class AuthenticationFailed(CommandError):
    """The proof was wrong, or the user said no."""


class AuthenticationRequired(CommandError):
    """The server wants a login first: give the client a password, a token or an ask."""


class AuthenticationNotRequired(CommandError):
    """A login at a server that is open to everybody; the client takes this for a success."""


class MethodNotSupported(CommandError):
    """The server has this way to log in off."""


class NotPermitted(CommandError):
    """The grant of this client does not cover the command on that key."""


class NoSuchRequest(CommandError):
    """Nobody serves the key that was called."""


class RequestFailed(CommandError):
    """The service that was called refused, or did not answer in time; ``details`` are its words."""


COMMAND_ERRORS: Final[dict[str, type[CommandError]]] = {
    ErrorCode.INVALID_FORMAT: InvalidFormat,
    ErrorCode.PARAMETER_MISSING: ParameterMissing,
    ErrorCode.SERVER_ERROR: ServerError,
    ErrorCode.UNKNOWN_COMMAND: UnknownCommand,
    ErrorCode.NOT_INITIALIZED: AuthenticationNotInitialized,
    ErrorCode.AUTHENTICATION_FAILED: AuthenticationFailed,
    ErrorCode.AUTHENTICATION_REQUIRED: AuthenticationRequired,
    ErrorCode.AUTHENTICATION_NOT_REQUIRED: AuthenticationNotRequired,
    ErrorCode.METHOD_NOT_SUPPORTED: MethodNotSupported,
    ErrorCode.NOT_PERMITTED: NotPermitted,
    ErrorCode.NO_SUCH_REQUEST: NoSuchRequest,
    ErrorCode.REQUEST_FAILED: RequestFailed,
}


def command_error(code: str, details: str, command: str) -> CommandError:
    """Build the error of the class that belongs to ``code``; a code that is news makes a plain one."""
    return COMMAND_ERRORS.get(code, CommandError)(code, details, command)


# --- content ------------------------------------------------------------------------------------------------------


class InvalidAnswer(KilovoltError):
    """The answer to ``command`` has not the form that the protocol gives it."""

    def __init__(self, command: str, problem: str) -> None:
        super().__init__(command, problem)
        self.command = command
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.command}: the server's answer is invalid: {self.problem}"


class InvalidValue(KilovoltError):
    """What is stored under ``key``, or was answered by it, is no JSON or not of the type asked for."""

    def __init__(self, key: Key, problem: str) -> None:
        super().__init__(key, problem)
        self.key = key
        self.problem = problem

    def __str__(self) -> str:
        return f"the value of {self.key!r} is not what was asked for: {self.problem}"


class SubscriptionOverflow(KilovoltError, remote.SubscriptionOverflow):
    """More than ``limit`` changes of ``name`` waited to be taken from an iterator; later ones are missing."""


ERRORS: Final = remote.ErrorClasses(
    connect_failed=ConnectFailed,
    connection_lost=ConnectionLost,
    access_revoked=AccessRevoked,
    request_timeout=RequestTimeout,
    client_closed=ClientClosed,
    subscription_overflow=SubscriptionOverflow,
)
"""In which classes the parts that this client shares with others raise what they find."""
