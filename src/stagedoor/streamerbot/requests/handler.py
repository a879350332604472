"""What a request's handler is given and what it returns."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from stagedoor.access import Client
from stagedoor.streamerbot.messages import Members, Parameters, decode_members, encode
from stagedoor.types import JsonObject, Key


class Asker(Protocol):
    """Who asks: a session, or one HTTP request."""

    @property
    def client(self) -> Client:
        """Its client of the hub, with its grant."""
        ...

    def info(self) -> Members:
        """The answer to ``GetInfo``: what stagedoor says of itself where it was asked."""
        ...


Handler = Callable[[Asker, Parameters], Members | Awaitable[Members]]


@dataclass(frozen=True, slots=True)
class Request:
    """One request that can be made."""

    name: str
    handle: Handler
    asks_outside: bool = False
    """Whether its answer takes as long as somebody else's server does, so that nobody waits for it."""


async def ask(client: Client, key: Key, value: JsonObject | None = None) -> Members:
    """Ask a service; its answer's members are passed on as they are.

    Raises:
        NoSuchRequest, RequestFailed, NotPermitted: As :meth:`stagedoor.access.Client.call` does.
    """
    return dict(decode_members(await client.call(key, encode(value or {}).decode())))
