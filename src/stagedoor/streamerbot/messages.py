"""The messages of Streamer.bot's protocol: requests read leniently, and the two shapes of an answer.

A request is ``{"request": NAME, "id": …, …parameters}``. What a server must accept is wider than what its documentation
says, because programs in the field send numbers for ids and words for flags; :class:`Parameters` has those rules in one
place. The error texts are ours; clients go by ``status``.

Source: Streamer.bot's documentation, and what the official client 1.12.2 sends and reads.
"""

from typing import Any, Final

import msgspec

from stagedoor.json_text import MAX_DEPTH, is_too_deep, may_be_deep, shorten, without_lone_surrogates
from stagedoor.types import JsonObject

Members = dict[str, Any]
"""The result members of an answer; a value may be ready JSON as ``msgspec.Raw``."""

encode: Final = msgspec.json.Encoder().encode


class ReadyMembers(Members):
    """Members that many ask for, encoded once for all of them. They must not be changed."""

    __slots__ = ("json",)

    def __init__(self, members: Members) -> None:
        super().__init__(members)
        self.json: Final = encode(members)[1:]
        """What follows the opening brace."""


decode_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
"""Read an answer of a service, each member as it is."""

_decode: Final = msgspec.json.Decoder().decode


class BadRequest(Exception):
    """A request that is answered with an error; ``problem`` is its text."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class NotJson(BadRequest):
    """A message that is no JSON at all."""


class MissingParameter(BadRequest):
    """A parameter that has to be there and is not."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Missing parameter: {name}")


class InvalidParameter(BadRequest):
    """A parameter of a type that cannot be meant."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Invalid parameter: {name}")


def decode(text: str) -> JsonObject:
    """Read a message.

    Raises:
        BadRequest: When it is not one JSON object of sane depth.
    """
    try:
        message = _decode(text)
    except (msgspec.DecodeError, RecursionError):
        message = _decode_mended(text)
    if type(message) is not dict:
        raise BadRequest("Request must be an object")
    if may_be_deep(text) and is_too_deep(message):
        raise BadRequest(f"Request nests more than {MAX_DEPTH} levels")
    return message


def _decode_mended(text: str) -> object:
    try:
        return _decode(without_lone_surrogates(text))
    except RecursionError:
        raise BadRequest(f"Request nests more than {MAX_DEPTH} levels") from None
    except msgspec.DecodeError:
        raise NotJson("Invalid JSON") from None


class Parameters:
    """A request's members, read as its handler needs them. ``null`` is as good as absent."""

    __slots__ = ("_message",)

    def __init__(self, message: JsonObject) -> None:
        self._message = message

    def text(self, name: str, default: str | None = None) -> str:
        """Read a text; a number is taken for its digits.

        Raises:
            MissingParameter: When it is absent and has no default.
            InvalidParameter: When it is no text.
        """
        value = self._message.get(name)
        if type(value) is not str:
            value = self.optional_text(name)
        if value is not None:
            return value
        if default is None:
            raise MissingParameter(name)
        return default

    def optional_text(self, name: str) -> str | None:
        """Read a text that may be absent."""
        value = self._message.get(name)
        if value is None or type(value) is str:
            return value
        if type(value) is int or (type(value) is float and value.is_integer()):
            return str(int(value))
        if type(value) is float:
            return repr(value)
        raise InvalidParameter(name)

    def flag(self, name: str, *, default: bool) -> bool:
        """Read a flag, which may be spelt out: ``"true"``, ``"False"``, 1, 0."""
        value = self._message.get(name)
        if value is None:
            return default
        if type(value) is bool:
            return value
        if isinstance(value, (int, float)) and value in (0, 1):
            return value == 1
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise InvalidParameter(name)

    def record(self, name: str) -> JsonObject | None:
        """Read an object that may be absent."""
        value = self._message.get(name)
        if value is None or isinstance(value, dict):
            return value
        raise InvalidParameter(name)


def encode_ok(message: JsonObject, members: Members) -> bytes:
    """Answer a request with what it asked for; the id goes back as it came.

    ``id`` comes first and ``status`` right behind it, as programs look for both in the message's text: Macro Deck's
    plugin for Streamer.bot waits for ``"id":"GetAuthenticationForMacroDeck","status":"ok"``.
    """
    if type(members) is ReadyMembers and "id" in message:
        return b'{"id":' + encode(message["id"]) + b',"status":"ok",' + members.json
    if "id" in message:
        return encode({"id": message["id"], "status": "ok", **members})
    return encode({"status": "ok", **members})


def encode_error(message: JsonObject, problem: str) -> bytes:
    """Answer a request with an error, its members in the same order."""
    if "id" in message:
        return encode({"id": message["id"], "status": "error", "error": problem})
    return encode({"status": "error", "error": problem})


def unknown_request(name: object) -> BadRequest:
    """Say what is wrong with a request's name."""
    if not isinstance(name, str) or not name:
        return BadRequest("Missing request")
    return BadRequest(f"Unknown request: {shorten(name)}")
