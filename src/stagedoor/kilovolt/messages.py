"""The messages of the Kilovolt protocol: typed requests, decoded in one pass, and the four shapes of an answer.

Nothing here knows of connections or keys. :func:`decode` reads a request by its ``command`` tag straight into a struct;
only what that refuses takes the slow path, which finds the right error code. Wire names appear in this module alone.

Source: the protocol's own document, version 10, and the replies of its reference server, version 11.
"""

import contextlib
from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum
from typing import Final, TypeAlias

import msgspec

from stagedoor.json_text import MAX_DEPTH, is_too_deep, may_be_deep, shorten, without_lone_surrogates
from stagedoor.types import JsonObject, Key, Value

PROTOCOL_VERSION: Final = "v10"


class ErrorCode(StrEnum):
    """The ``error`` member of an error message, exactly as on the wire."""

    INVALID_FORMAT = "invalid message format"
    PARAMETER_MISSING = "required parameter missing"
    SERVER_ERROR = "server error"
    UNKNOWN_COMMAND = "unknown command"
    NOT_INITIALIZED = "authentication not initialized"
    AUTHENTICATION_FAILED = "authentication failed"
    AUTHENTICATION_REQUIRED = "authentication required"
    AUTHENTICATION_NOT_REQUIRED = "authentication not required"
    METHOD_NOT_SUPPORTED = "authentication method not supported"
    # Ours; no reference server sends them.
    NOT_PERMITTED = "not permitted"
    NO_SUCH_REQUEST = "no such request"
    REQUEST_FAILED = "request failed"


class CloseCode(IntEnum):
    """Why a session ends its connection."""

    GOING_AWAY = 1001
    POLICY_VIOLATION = 1008
    ACCESS_REVOKED = 4011
    """Ours: whoever let the client in took it back, and it must not come back by itself."""


# --- what a client sends ------------------------------------------------------------------------------------------


class KeyData(msgspec.Struct, gc=False):
    """``data`` of the commands that name one key."""

    key: Key


class KeysData(msgspec.Struct):
    """``data`` of ``kget-bulk``."""

    keys: list[Key]


class PrefixData(msgspec.Struct, gc=False):
    """``data`` of the commands that name a prefix."""

    prefix: str


class CallData(msgspec.Struct, gc=False):
    """``data`` of ``kcall``."""

    key: Key
    data: Value


class SetData(msgspec.Struct, gc=False, omit_defaults=True):
    """``data`` of ``kset``."""

    key: Key
    data: Value
    keep_secrets: bool = False
    """Ours: whether secret members that ``data`` leaves out stay as they are."""


class HashData(msgspec.Struct, gc=False):
    """``data`` of ``kauth``: base64 of the HMAC."""

    hash: str


class _Request(msgspec.Struct, tag_field="command", kw_only=True, gc=False):
    request_id: str | None = None


class Version(_Request, tag="version"):
    """Which version of the protocol is spoken."""

    data: JsonObject | None = None


class Uid(_Request, tag="_uid"):
    """Which identifier this connection has."""

    data: JsonObject | None = None


class Features(_Request, tag="_features"):
    """Which extensions this server adds."""

    data: JsonObject | None = None


class Get(_Request, tag="kget"):
    """Read one key."""

    data: KeyData


class GetBulk(_Request, tag="kget-bulk"):
    """Read several keys at one moment."""

    data: KeysData


class GetAll(_Request, tag="kget-all"):
    """Read every key with a prefix."""

    data: PrefixData


class Set(_Request, tag="kset"):
    """Write one key."""

    data: SetData


class SetBulk(_Request, tag="kset-bulk"):
    """Write several keys, all or none."""

    data: dict[Key, Value] | None = None


class Delete(_Request, tag="kdel"):
    """Remove one key."""

    data: KeyData


class List(_Request, tag="klist"):
    """List the keys, or those with a prefix. A prefix of a wrong type counts as none, so it is read by hand."""

    data: JsonObject | None = None


class Subscribe(_Request, tag="ksub"):
    """Hear one key."""

    data: KeyData


class SubscribePrefix(_Request, tag="ksub-prefix"):
    """Hear every key with a prefix."""

    data: PrefixData


class Unsubscribe(_Request, tag="kunsub"):
    """Hear one key no longer."""

    data: KeyData


class UnsubscribePrefix(_Request, tag="kunsub-prefix"):
    """Hear the keys with a prefix no longer."""

    data: PrefixData


class Login(_Request, tag="klogin"):
    """Begin to log in. Free members belong to the question of an ``ask``, so the object is read by hand."""

    data: JsonObject | None = None


class Authenticate(_Request, tag="kauth"):
    """Answer a challenge."""

    data: HashData


class Call(_Request, tag="kcall"):
    """Write a request key and wait for the answer of the service that owns it."""

    data: CallData


Request: TypeAlias = (
    Version
    | Uid
    | Features
    | Get
    | GetBulk
    | GetAll
    | Set
    | SetBulk
    | Delete
    | List
    | Subscribe
    | SubscribePrefix
    | Unsubscribe
    | UnsubscribePrefix
    | Login
    | Authenticate
    | Call
)

COMMANDS: Final[dict[str, type[Request]]] = {
    "version": Version,
    "_uid": Uid,
    "_features": Features,
    "kget": Get,
    "kget-bulk": GetBulk,
    "kget-all": GetAll,
    "kset": Set,
    "kset-bulk": SetBulk,
    "kdel": Delete,
    "klist": List,
    "ksub": Subscribe,
    "ksub-prefix": SubscribePrefix,
    "kunsub": Unsubscribe,
    "kunsub-prefix": UnsubscribePrefix,
    "klogin": Login,
    "kauth": Authenticate,
    "kcall": Call,
}

WITHOUT_LOGIN: Final[frozenset[type[Request]]] = frozenset((Version, Uid, Features, Login, Authenticate))
"""What a connection may ask before it has logged in."""

_PARAMETERS: Final[dict[type[Request], tuple[str, ...]]] = {
    Get: ("key",),
    GetBulk: ("keys",),
    GetAll: ("prefix",),
    Set: ("key", "data"),
    Delete: ("key",),
    Subscribe: ("key",),
    SubscribePrefix: ("prefix",),
    Unsubscribe: ("key",),
    UnsubscribePrefix: ("prefix",),
    Authenticate: ("hash",),
    Call: ("key", "data"),
}


class BadRequest(Exception):
    """A request that cannot be served as it stands.

    ``command`` is the kind of request when that could be read: a connection that has not logged in must hear of that
    before it hears of its parameters. ``request_id`` is ``None`` when it could not be read.
    """

    def __init__(
        self,
        code: ErrorCode,
        details: str,
        request_id: str | None = None,
        command: type[Request] | None = None,
    ) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details
        self.request_id = request_id
        self.command = command


_decoder: Final = msgspec.json.Decoder(Request)


def decode(text: str) -> Request:
    """Read one request.

    A request without an id gets the text itself as its id, as the protocol's document says.

    Raises:
        BadRequest: When the text is no request, or one with a parameter missing or of a wrong type.
    """
    try:
        request: Request = _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError):
        request = _diagnose(text)
    if may_be_deep(text):
        _check_depth(text, request)
    if request.request_id is None:
        request.request_id = text
    return request


def _check_depth(text: str, request: Request) -> None:
    if is_too_deep(msgspec.json.decode(without_lone_surrogates(text))):
        problem = f"the message nests more than {MAX_DEPTH} levels"
        raise BadRequest(ErrorCode.INVALID_FORMAT, problem, request.request_id, type(request))


def _diagnose(text: str) -> Request:
    """Find out what the fast decoder disliked, in the order in which the protocol ranks its errors."""
    mended = without_lone_surrogates(text)
    if mended != text:
        with contextlib.suppress(msgspec.DecodeError, RecursionError):
            request: Request = _decoder.decode(mended)
            return request
        text = mended
    message = _read_object(text)
    request_id = message.get("request_id")
    if request_id is not None and not isinstance(request_id, str):
        raise BadRequest(ErrorCode.INVALID_FORMAT, "request_id is not a string")
    name = message.get("command")
    if name is not None and not isinstance(name, str):
        raise BadRequest(ErrorCode.INVALID_FORMAT, "command is not a string", request_id)
    data = message.get("data")
    if data is not None and not isinstance(data, dict):
        raise BadRequest(ErrorCode.INVALID_FORMAT, "data is not an object", request_id)
    answer_id = text if request_id is None else request_id
    command = COMMANDS.get(name or "")
    if command is None:
        problem = f"there is no command {shorten(name)!r}" if name else "command is missing"
        raise BadRequest(ErrorCode.UNKNOWN_COMMAND, problem, answer_id)
    raise _wrong_parameter(command, data or {}, answer_id)


def _read_object(text: str) -> JsonObject:
    try:
        message = msgspec.json.decode(text)
    except RecursionError:
        raise BadRequest(ErrorCode.INVALID_FORMAT, "the message nests too deeply") from None
    except msgspec.DecodeError as error:
        raise BadRequest(ErrorCode.INVALID_FORMAT, f"the message is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise BadRequest(ErrorCode.INVALID_FORMAT, "the message is not a JSON object")
    return message


def _wrong_parameter(command: type[Request], data: JsonObject, request_id: str) -> BadRequest:
    """Name the parameter that kept ``data`` from being the ``data`` of ``command``."""
    if command is SetBulk:
        culprit = next((key for key, value in data.items() if not isinstance(value, str)), "")
        problem = f"the value of {shorten(culprit)!r} is not a string"
        return BadRequest(ErrorCode.INVALID_FORMAT, problem, request_id, command)
    for name in _PARAMETERS.get(command, ()):
        value = data.get(name)
        if value is None:
            problem = f"{name} is missing"
        elif name == "keys" and not (isinstance(value, list) and all(isinstance(key, str) for key in value)):
            problem = "keys is not an array of strings"
        elif name != "keys" and not isinstance(value, str):
            problem = f"{name} is not a string"
        else:
            continue
        return BadRequest(ErrorCode.PARAMETER_MISSING, problem, request_id, command)
    if command is Set and not isinstance(data.get("keep_secrets", False), bool):
        return BadRequest(ErrorCode.INVALID_FORMAT, "keep_secrets is not a boolean", request_id, command)
    return BadRequest(ErrorCode.INVALID_FORMAT, "the message nests too deeply", request_id, command)


# --- what the server sends ----------------------------------------------------------------------------------------


class Hello(msgspec.Struct, tag="hello", tag_field="type"):
    """Greets a new connection."""

    version: str = PROTOCOL_VERSION


class Done(msgspec.Struct, tag="response", tag_field="type", gc=False):
    """A response without data. The id is never ``None`` once :func:`decode` has been through."""

    ok: bool
    request_id: str | None


class Response(msgspec.Struct, tag="response", tag_field="type", gc=False):
    """A response with data: text, an array of keys, or an object."""

    ok: bool
    request_id: str | None
    data: Value | list[Key] | list[str] | Mapping[str, object]


class Error(msgspec.Struct, gc=False):
    """An error; alone among the messages it has no ``type``."""

    ok: bool
    error: str
    details: str
    request_id: str


class ErrorWithoutId(msgspec.Struct, gc=False):
    """The answer to a message whose ``request_id`` could not be read."""

    ok: bool
    error: str
    details: str


class Push(msgspec.Struct, tag="push", tag_field="type", gc=False):
    """A write, told to a subscriber."""

    key: Key
    new_value: Value


encode: Final = msgspec.json.Encoder().encode
"""Turn one of the server's messages to UTF-8 JSON; the members come in the order of the class."""

HELLO: Final = encode(Hello())


def encode_pieces(request_id: str | None, pieces: Iterable[bytes], brackets: bytes) -> list[bytes]:
    """Build a response from the encoded pieces of one object (``{}``) or array (``[]``), each without its brackets.

    What is returned makes the message when it is put together, which for a megabyte is best left to the socket.
    """
    message = [b'{"type":"response","ok":true,"request_id":' + encode(request_id) + b',"data":' + brackets[:1]]
    for piece in pieces:
        message += (piece, b",")
    if len(message) > 1:
        message.pop()
    message.append(brackets[1:] + b"}")
    return message


def encode_error(code: ErrorCode, details: str, request_id: str | None) -> bytes:
    """Build the one shape that every error has."""
    if request_id is None:
        return encode(ErrorWithoutId(ok=False, error=code, details=details))
    return encode(Error(ok=False, error=code, details=details, request_id=request_id))
