"""The Kilovolt protocol: its messages, the server's side of one connection, and a client.

The client is imported when it is first asked for, so that the server starts without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stagedoor.kilovolt.client import Client
    from stagedoor.kilovolt.errors import (
        AccessRevoked,
        AskRefused,
        AuthenticationFailed,
        AuthenticationNotInitialized,
        AuthenticationNotRequired,
        AuthenticationRequired,
        ClientClosed,
        CommandError,
        ConnectFailed,
        ConnectionLost,
        InvalidAnswer,
        InvalidFormat,
        InvalidValue,
        KilovoltError,
        LoginFailed,
        MethodNotSupported,
        MethodUnavailable,
        NoSuchRequest,
        NotPermitted,
        ParameterMissing,
        PasswordRefused,
        RequestFailed,
        RequestTimeout,
        ServerError,
        SubscriptionOverflow,
        TokenRefused,
        UnknownCommand,
    )
    from stagedoor.kilovolt.listener import Subscription, Watch
    from stagedoor.kilovolt.login import AskMetadata
    from stagedoor.kilovolt.subscription import Change
    from stagedoor.kilovolt.sync import SyncClient, SyncWatch
    from stagedoor.remote.reconnect import Reconnect
    from stagedoor.remote.state import State
    from stagedoor.remote.sync import SyncSubscription

__all__ = [
    "AccessRevoked",
    "AskMetadata",
    "AskRefused",
    "AuthenticationFailed",
    "AuthenticationNotInitialized",
    "AuthenticationNotRequired",
    "AuthenticationRequired",
    "Change",
    "Client",
    "ClientClosed",
    "CommandError",
    "ConnectFailed",
    "ConnectionLost",
    "InvalidAnswer",
    "InvalidFormat",
    "InvalidValue",
    "KilovoltError",
    "LoginFailed",
    "MethodNotSupported",
    "MethodUnavailable",
    "NoSuchRequest",
    "NotPermitted",
    "ParameterMissing",
    "PasswordRefused",
    "Reconnect",
    "RequestFailed",
    "RequestTimeout",
    "ServerError",
    "State",
    "Subscription",
    "SubscriptionOverflow",
    "SyncClient",
    "SyncSubscription",
    "SyncWatch",
    "TokenRefused",
    "UnknownCommand",
    "Watch",
]

_MODULES: Final = {
    "AskMetadata": "kilovolt.login",
    "Change": "kilovolt.subscription",
    "Client": "kilovolt.client",
    "Reconnect": "remote.reconnect",
    "State": "remote.state",
    "Subscription": "kilovolt.listener",
    "SyncClient": "kilovolt.sync",
    "SyncSubscription": "remote.sync",
    "SyncWatch": "kilovolt.sync",
    "Watch": "kilovolt.listener",
}
"""Where each public name is defined; all others are errors."""


if not TYPE_CHECKING:  # Else a type checker would believe that every name exists.

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"stagedoor.{_MODULES.get(name, 'kilovolt.errors')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
