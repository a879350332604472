"""The Streamer.bot protocol: its messages, the server's side of one connection, its events, and a client.

The client is imported when it is first asked for, so that the server starts without it. Its classes have second names,
``StreamerbotClient`` and ``SyncStreamerbotClient``, for programs that also speak Kilovolt.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stagedoor.remote.reconnect import Reconnect
    from stagedoor.remote.state import State
    from stagedoor.remote.sync import SyncSubscription
    from stagedoor.streamerbot.client.client import Client
    from stagedoor.streamerbot.client.client import Client as StreamerbotClient
    from stagedoor.streamerbot.client.errors import (
        AccessRevoked,
        ClientClosed,
        ConnectFailed,
        ConnectionLost,
        InvalidAnswer,
        LoginFailed,
        NotPermitted,
        PasswordRefused,
        PasswordRequired,
        RequestRefused,
        RequestTimeout,
        ResponseTimeout,
        StreamerbotError,
        SubscriptionOverflow,
    )
    from stagedoor.streamerbot.client.event import Event
    from stagedoor.streamerbot.client.listener import Subscription, Watch
    from stagedoor.streamerbot.client.results import (
        Account,
        Action,
        ActionRun,
        Broadcaster,
        CodeTrigger,
        Command,
        Credits,
        Emote,
        Emotes,
        Info,
        Pronouns,
        UserVariable,
        Variable,
        Viewer,
        YouTubeBroadcast,
    )
    from stagedoor.streamerbot.client.sync import SyncClient, SyncWatch
    from stagedoor.streamerbot.client.sync import SyncClient as SyncStreamerbotClient

__all__ = [
    "AccessRevoked",
    "Account",
    "Action",
    "ActionRun",
    "Broadcaster",
    "Client",
    "ClientClosed",
    "CodeTrigger",
    "Command",
    "ConnectFailed",
    "ConnectionLost",
    "Credits",
    "Emote",
    "Emotes",
    "Event",
    "Info",
    "InvalidAnswer",
    "LoginFailed",
    "NotPermitted",
    "PasswordRefused",
    "PasswordRequired",
    "Pronouns",
    "Reconnect",
    "RequestRefused",
    "RequestTimeout",
    "ResponseTimeout",
    "State",
    "StreamerbotClient",
    "StreamerbotError",
    "Subscription",
    "SubscriptionOverflow",
    "SyncClient",
    "SyncStreamerbotClient",
    "SyncSubscription",
    "SyncWatch",
    "UserVariable",
    "Variable",
    "Viewer",
    "Watch",
    "YouTubeBroadcast",
]

_ALIASES: Final = {"StreamerbotClient": "Client", "SyncStreamerbotClient": "SyncClient"}

_MODULES: Final = {
    "Client": "streamerbot.client.client",
    "Event": "streamerbot.client.event",
    "Reconnect": "remote.reconnect",
    "State": "remote.state",
    "Subscription": "streamerbot.client.listener",
    "SyncClient": "streamerbot.client.sync",
    "SyncSubscription": "remote.sync",
    "SyncWatch": "streamerbot.client.sync",
    "Watch": "streamerbot.client.listener",
    **dict.fromkeys(
        (
            "AccessRevoked",
            "ClientClosed",
            "ConnectFailed",
            "ConnectionLost",
            "InvalidAnswer",
            "LoginFailed",
            "NotPermitted",
            "PasswordRefused",
            "PasswordRequired",
            "RequestRefused",
            "RequestTimeout",
            "ResponseTimeout",
            "StreamerbotError",
            "SubscriptionOverflow",
        ),
        "streamerbot.client.errors",
    ),
}
"""Where each public name is defined; all others are results of requests."""


if not TYPE_CHECKING:  # Else a type checker would believe that every name exists.

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        name = _ALIASES.get(name, name)
        return getattr(import_module(f"stagedoor.{_MODULES.get(name, 'streamerbot.client.results')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
