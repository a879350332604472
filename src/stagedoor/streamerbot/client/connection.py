"""The client's end of one Streamer.bot connection: requests out, answers and events in, until it is lost.

It does not log in, does not come back once lost, and knows nothing of subscriptions. Whatever comes, it goes on
reading: messages that are no JSON, or that nobody understands, are logged.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
from picows import WSTransport

from stagedoor.json_text import without_lone_surrogates
from stagedoor.remote import connection as remote
from stagedoor.remote.connection import ConnectionOptions, elide
from stagedoor.streamerbot.client.errors import ERRORS, refusal
from stagedoor.streamerbot.client.event import Event, read_event
from stagedoor.streamerbot.client.record import text_of_number
from stagedoor.types import JsonObject

logger = logging.getLogger(__name__)

encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode


class Request(NamedTuple):
    """A request's name and its parameters."""

    name: str
    parameters: JsonObject = {}


class Connection(remote.Connection[Request]):
    """One Streamer.bot connection; make it with :func:`open_connection`. A request's result is its whole answer."""

    errors = ERRORS

    def __init__(
        self,
        on_event: Callable[[Event], None],
        on_message: Callable[[JsonObject], object] | None,
        max_message_bytes: int,
    ) -> None:
        super().__init__(max_message_bytes)
        self._on_event = on_event
        self._on_message = on_message
        self.hello: asyncio.Future[JsonObject] = asyncio.get_running_loop().create_future()
        """The server's greeting; cancelled when the connection ends without one. Servers before 0.2.5 send none."""

    def name_of(self, request: Request) -> str:
        """Name a request."""
        return request.name

    def encode(self, request: Request, request_id: str) -> bytes:
        """Write a request under the id."""
        return encode({**request.parameters, "request": request.name, "id": request_id})

    def take(self, message: bytes) -> None:
        """Read one message."""
        try:
            content = _read(message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            logger.warning("skipped what is no JSON (%s): %s", error, elide(message))
            return
        if not isinstance(content, dict):
            logger.warning("skipped what is no object: %s", elide(message))
            return
        self._sort(content, message)
        if self._on_message is not None:
            try:
                self._on_message(content)
            except Exception:
                logger.exception("on_message failed")

    def _sort(self, content: JsonObject, message: bytes) -> None:
        is_answer = "status" in content or "event" not in content
        request_id = _id_of(content)
        if is_answer and self.settle(request_id, lambda name: _outcome_of(content, name, request_id)):
            return
        event = read_event(content)
        if event is not None:
            self._on_event(event)
        elif _is_hello(content):
            if not self.hello.done():
                self.hello.set_result(content)
        elif is_answer and content.get("error") and not request_id:
            logger.warning("the server reports: %s", elide(message))
        else:
            # News that we do not know, or the answer to a request that was cancelled or took too long.
            logger.debug("nobody waits for this message: %s", elide(message))

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Fail what waits for an answer or for the greeting."""
        self.hello.cancel()
        super().on_ws_disconnected(transport)


def _read(message: bytes) -> object:
    try:
        return _decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Half a character, as programs in UTF-16 cut texts, is no reason to lose an event.
        return _decode(without_lone_surrogates(message.decode()))


def _id_of(content: JsonObject) -> str:
    """Read an answer's id; some servers make numbers of those that look like one."""
    match content.get("id"):
        case str(text):
            return text
        case int() | float() as number if not isinstance(number, bool):
            return text_of_number(number)
    return ""


def _is_hello(content: JsonObject) -> bool:
    return content.get("request") == "Hello" or ("status" not in content and bool(content.get("info")))


def _outcome_of(content: JsonObject, name: str, request_id: str) -> object:
    if content.get("status") == "ok":
        return content
    error = content.get("error")
    text = error if isinstance(error, str) else "" if error is None else encode(error).decode()
    return refusal(text, name, request_id)


async def open_connection(
    url: str,
    options: ConnectionOptions,
    on_event: Callable[[Event], None],
    on_message: Callable[[JsonObject], object] | None = None,
) -> Connection:
    """Connect to ``url``.

    Args:
        url: Where the server is, its endpoint included.
        options: How to connect.
        on_event: Called with every event; must not raise.
        on_message: Called with every message that is a JSON object, be it understood or not.
    Raises:
        ConnectFailed: When no WebSocket connection comes about in time.
    Cancellation: safe; no connection is left behind.
    """
    return await remote.open_connection(
        url, options, lambda: Connection(on_event, on_message, options.max_message_bytes)
    )
