"""The client's end of one Kilovolt connection: requests out, answers and pushes in, until it is lost.

It does not log in, does not come back once lost, and knows nothing of subscriptions; :mod:`stagedoor.kilovolt.client`
sees to all that.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from stagedoor.kilovolt.errors import ERRORS, command_error
from stagedoor.kilovolt.messages import Request, encode
from stagedoor.remote import connection as remote
from stagedoor.remote.connection import ConnectionOptions, elide
from stagedoor.types import Key, Value

logger = logging.getLogger(__name__)


class _Message(msgspec.Struct):
    """Every shape of message that a server sends, in one; what a shape lacks is ``None``."""

    type: str | None = None
    ok: bool | None = None
    request_id: str | None = None
    data: object = None
    error: str | None = None
    details: str | None = None
    key: Key | None = None
    new_value: Value | None = None


_decode: Final = msgspec.json.Decoder(_Message).decode


def name_of(request: Request) -> str:
    """Name the command of a request as on the wire."""
    return str(request.__struct_config__.tag)


class Connection(remote.Connection[Request]):
    """One Kilovolt connection; make it with :func:`open_connection`. A request's result is its ``data``."""

    errors = ERRORS

    def __init__(self, on_push: Callable[[Key, Value], None], max_message_bytes: int) -> None:
        super().__init__(max_message_bytes)
        self._on_push = on_push

    def name_of(self, request: Request) -> str:
        """Name the command of a request."""
        return name_of(request)

    def encode(self, request: Request, request_id: str) -> bytes:
        """Write a request under the id."""
        request.request_id = request_id
        return encode(request)

    def take(self, message: bytes) -> None:
        """Read the answers and pushes of one WebSocket message."""
        # The reference server, when it is busy, joins messages with newlines into one frame.
        for line in message.split(b"\n") if b"\n" in message else (message,):
            try:
                decoded = _decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                if line and not line.isspace():
                    logger.warning("skipped what is no message (%s): %s", error, elide(line))
            else:
                self._take_decoded(decoded, line)

    def _take_decoded(self, message: _Message, line: bytes) -> None:
        if message.type == "push" and message.key is not None and message.new_value is not None:
            self._on_push(message.key, message.new_value)
            return
        if self.settle(message.request_id or "", partial(_outcome_of, message)):
            return
        if message.error is not None and message.request_id is None:
            logger.warning("the server reports: %s", elide(line))
        else:
            # The hello, news that we do not know, or the answer to a request that was cancelled or took too long.
            logger.debug("nobody waits for this message: %s", elide(line))


def _outcome_of(message: _Message, command: str) -> object:
    if message.error is None and message.ok is not False:
        return message.data
    return command_error(message.error or "", message.details or "", command)


async def open_connection(url: str, options: ConnectionOptions, on_push: Callable[[Key, Value], None]) -> Connection:
    """Connect to ``url``; ``on_push`` is called with key and value of every push, and must not raise.

    Raises:
        ConnectFailed: When no WebSocket connection comes about in time.
    Cancellation: safe; no connection is left behind.
    """
    return await remote.open_connection(url, options, lambda: Connection(on_push, options.max_message_bytes))
