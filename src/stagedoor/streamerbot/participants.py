"""Reads who did what an event tells, from data of any shape; never raises, since anybody may write an event.

What an event says of a person has changed with Streamer.bot 0.2.5 and differs between platforms: a nested ``user``, an
old ``message``, or members of the event itself.
"""

from typing import Final, NamedTuple

import msgspec

from stagedoor.streamerbot.events.people import BROADCASTER, MODERATOR, VIEWER, VIP, person_of
from stagedoor.streamerbot.events.reading import as_object, first_text
from stagedoor.types import JsonObject

ROLES: Final = {VIEWER: "Viewer", VIP: "VIP", MODERATOR: "Moderator", BROADCASTER: "Broadcaster"}
"""What a number of ``role`` is called in the list of viewers."""

_NUMBERS: Final = {name.lower(): number for number, name in ROLES.items()}

_MAX_ID: Final = 120
"""Characters of an id; a longer one is no platform's."""


class Participant(NamedTuple):
    """A person, and what they are to the stream."""

    id: str
    login: str
    name: str
    """As it is displayed."""
    role: int
    """A number of :data:`ROLES`."""
    is_subscribed: bool


class _User(msgspec.Struct, gc=False):
    """The person in the current shape of chat messages, of every platform."""

    id: str
    name: str
    login: str = ""
    display: str = ""
    role: int = 0
    subscribed: bool = False
    isOwner: bool = False  # noqa: N815  (as on the wire, like all below)
    isModerator: bool = False  # noqa: N815
    isSponsor: bool = False  # noqa: N815


class _ChatMessage(msgspec.Struct, gc=False):
    user: _User
    isTest: bool = False  # noqa: N815


_chat_decoder: Final = msgspec.json.Decoder(_ChatMessage)
_decoder: Final = msgspec.json.Decoder()


def read_speaker(text: str) -> Participant | None:
    """Read who wrote a chat message; ``None`` when that cannot be told, or it is only a test.

    The shape that is sent now costs microseconds, any other some more.
    """
    try:
        message = _chat_decoder.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return _read_speaker_slowly(text)
    user = message.user
    if user.display:
        return _read_speaker_slowly(text)
    if message.isTest or not user.name or not 0 < len(user.id) <= _MAX_ID:
        return None
    role = user.role
    if not VIEWER <= role <= BROADCASTER:
        role = BROADCASTER if user.isOwner else MODERATOR if user.isModerator else VIEWER
    login = user.login or "".join(user.name.split()).lower()
    return Participant(user.id, login, user.name, role, user.subscribed or user.isSponsor)


def _read_speaker_slowly(text: str) -> Participant | None:
    data = read_data(text)
    return None if data is None else participant_of(data)


def read_data(text: str) -> JsonObject | None:
    """Read an event's data; ``None`` when it is no object, or only a test."""
    try:
        data = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    if not isinstance(data, dict) or _is_test(data) or _is_test(as_object(data.get("message"))):
        return None
    return data


def participant_of(data: JsonObject) -> Participant | None:
    """Find the person that an event is about; an entry of a list of people is read as its ``user``."""
    nested = data.get("user")
    message = as_object(data.get("message"))
    user = as_object(nested)
    person = person_of(nested, message, data)
    login, name = person.login, person.name
    if display := first_text(user, "display", "displayName"):
        # In these shapes ``name`` and ``userName`` are the login.
        login, name = first_text(user, "login", "userLogin", "userName", "name").lower() or login, display
    if not name or not 0 < len(person.id) <= _MAX_ID:
        return None
    sources = (user, message, data)
    is_subscribed = any(
        source.get(member) is True
        for source in sources
        for member in ("subscribed", "subscriber", "isSubscribed", "isSponsor")
    )
    return Participant(person.id, login, name, _role(sources), is_subscribed)


def _role(sources: tuple[JsonObject, ...]) -> int:
    for source in sources:
        role = source.get("role")
        if isinstance(role, str):
            role = _NUMBERS.get(role.lower())
        if isinstance(role, int) and VIEWER <= role <= BROADCASTER:
            return int(role)
    for member, role in (
        ("isOwner", BROADCASTER),
        ("isBroadcaster", BROADCASTER),
        ("isModerator", MODERATOR),
        ("isVip", VIP),
    ):
        if any(source.get(member) is True for source in sources):
            return role
    return VIEWER


def _is_test(data: JsonObject) -> bool:
    return data.get("isTest") is True or data.get("is_test") is True
