"""Events on the wire: the envelope around an event's data, made once for all sessions.

Source: Streamer.bot's documentation; ``data`` is always there.
"""

import time
from functools import lru_cache
from typing import Final

import msgspec

from stagedoor.hub import Change
from stagedoor.json_text import without_lone_surrogates
from stagedoor.streamerbot.events import event_of_key
from stagedoor.streamerbot.messages import encode
from stagedoor.streamerbot.times import event_time
from stagedoor.types import Key

ENCODING: Final = "streamerbot"

_NAMES_REMEMBERED: Final = 4096

_check: Final = msgspec.json.Decoder(msgspec.Raw).decode


def encode_event(change: Change) -> bytes:
    """Encode an event's key and data for a session; ``b""`` for a key that is no event. Remembered with the change."""
    message = change.encodings.get(ENCODING)
    if message is None:
        message = change.encodings[ENCODING] = _encode(change)
    return message


def _encode(change: Change) -> bytes:
    middle = _middle(change.key)
    if not middle or change.is_deletion:
        return b""
    return b'{"timeStamp":"%b"%b%b}' % (event_time(time.time()).encode(), middle, _data(change.value))


@lru_cache(maxsize=_NAMES_REMEMBERED)
def _middle(key: Key) -> bytes:
    name = event_of_key(key)
    if name is None:
        return b""
    return b',"event":' + encode({"source": name.source, "type": name.type}) + b',"data":'


def _data(value: str) -> bytes:
    """Take JSON as it is. A client gives up all its requests when it sees a message that is none, so other text becomes
    the member ``data``, as a broadcast of text does."""
    if not value:
        return b"{}"
    text = value.encode()
    if _is_json(text):
        return text
    mended = without_lone_surrogates(value).encode()
    return mended if _is_json(mended) else encode({"data": value})


def _is_json(text: bytes) -> bool:
    try:
        _check(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
