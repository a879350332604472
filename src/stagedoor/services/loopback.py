"""Lets this machine stand for a streaming platform: a chat room for tests and rehearsals, as real to overlays as any.

What is said becomes the platform's own chat event; nothing of it leaves the machine. In a room that stands for Twitch
it also is what the chat bot and its like listen to, so that they can be rehearsed.
"""

import asyncio
import re
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

import msgspec

from stagedoor.access import Client
from stagedoor.errors import RequestFailed, StoreError
from stagedoor.hub import Write
from stagedoor.keys import CHAT_MESSAGE, EMIT, LOOPBACK_OPEN, LOOPBACK_SAY
from stagedoor.parameters import read_parameters
from stagedoor.streamerbot.events.people import (
    BROADCASTER,
    MODERATOR,
    VIEWER,
    VIP,
    colour_of,
    person_of,
    youtube_user,
)
from stagedoor.streamerbot.times import event_time
from stagedoor.strimertul import ChatUser, plain_message, write
from stagedoor.types import JsonObject, Value

MAX_MESSAGE_CHARACTERS: Final = 500
"""Twitch's and Kick's limit."""

MAX_NAME_CHARACTERS: Final = 50
"""YouTube's limit; the other platforms' is lower."""

_REMEMBERED_MESSAGES: Final = 500
"""What can be replied to."""

_DEFAULT_NAME: Final = "Streamer"

_SPACES: Final = re.compile(r"[\s\u2028\u2029]+")
_TRICKS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of text."""

Platform = Literal["twitch", "youtube", "kick", "trovo"]
Role = Literal["viewer", "vip", "moderator", "broadcaster"]

_ROLES: Final[dict[Role, int]] = {"viewer": VIEWER, "vip": VIP, "moderator": MODERATOR, "broadcaster": BROADCASTER}

_BADGES: Final = {VIP: "vip", MODERATOR: "moderator", BROADCASTER: "broadcaster"}

CHAT_EVENTS: Final[dict[Platform, tuple[str, str]]] = {
    "twitch": ("Twitch", "ChatMessage"),
    "youtube": ("YouTube", "Message"),
    "kick": ("Kick", "ChatMessage"),
    "trovo": ("Trovo", "ChatMessage"),
}
"""The event that a chat message is, by its source and type."""


class OpenRequest(msgspec.Struct):
    """Which platform this machine is to stand for, and whose channel it is."""

    platform: Platform
    broadcaster: str | None = None


class SayRequest(msgspec.Struct):
    """What somebody says; without a role they are a viewer, or the broadcaster by their name."""

    platform: Platform
    name: str
    message: str
    role: Role | None = None


class Said(msgspec.Struct, rename="camel"):
    """The answer to it."""

    message_id: str


class _SendRequest(msgspec.Struct, rename="camel"):
    """What Streamer.bot's ``SendMessage`` says."""

    message: str
    bot: bool = False
    internal: bool = True
    reply_id: str | None = None
    broadcast_id: str | None = None


class _Account(NamedTuple):
    """Somebody in a room."""

    id: str
    login: str
    name: str
    role: int = VIEWER


class _Message(NamedTuple):
    """Something that was said."""

    id: str
    author: _Account
    text: str
    thread: "_Message | None" = None
    """The first message of the conversation that this one belongs to; none for that one itself."""


class Loopback:
    """Serves the requests to open a room and to say something in it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._rooms: dict[Platform, _Room] = {}
        # A room is open for as long as whoever opened it stays.
        client.serve(LOOPBACK_OPEN, self._open, timeout_s=None, needs_caller=True)
        client.serve(LOOPBACK_SAY, self._say)

    async def _open(self, value: Value) -> Value:
        request = read_parameters(value, OpenRequest)
        platform = request.platform
        if platform in self._rooms or self._client.get(_platform_key(platform)):
            raise RequestFailed(f"{platform} is connected already")
        room = _Room(self._client, platform, _clean_name(request.broadcaster or _DEFAULT_NAME))
        try:
            room.open()
        except ValueError as error:
            raise RequestFailed(f"{platform} is connected already") from error
        self._rooms[platform] = room
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            del self._rooms[platform]
            room.close()
        return "{}"

    async def _say(self, value: Value) -> Value:
        request = read_parameters(value, SayRequest)
        room = self._rooms.get(request.platform)
        if room is None:
            raise RequestFailed(f"no loopback room is open for {request.platform}")
        return await room.say(request)


class _Room:
    """One platform's chat, while it is open."""

    def __init__(self, client: Client, platform: Platform, broadcaster: str) -> None:
        self._client = client
        self._platform = platform
        self._broadcaster = self._account(broadcaster, BROADCASTER)
        self._bot = self._account(f"{broadcaster}Bot", MODERATOR)
        self._broadcast = _describe_broadcast(self._broadcaster) if platform == "youtube" else None
        self._messages: OrderedDict[str, _Message] = OrderedDict()
        self._retire: Callable[[], None] | None = None

    def open(self) -> None:
        """Show the platform as connected, and serve what it can be asked.

        Raises:
            ValueError: When somebody else serves it.
        """
        key = _platform_key(self._platform)
        self._retire = self._client.serve(f"{key}/@send-message", self._send)
        writes = [Write(key, _encode(_describe_accounts(self._platform, self._broadcaster, self._bot)))]
        if self._broadcast is not None:
            writes.append(Write(f"{key}/broadcasts", _encode([self._broadcast])))
        self._client.write(writes, _ignore)

    def close(self) -> None:
        """Undo :meth:`open`."""
        if self._retire is not None:
            self._retire()
        key = _platform_key(self._platform)
        writes = [Write(key, None)]
        if self._broadcast is not None:
            writes.append(Write(f"{key}/broadcasts", None))
        self._client.write(writes, _ignore)

    async def say(self, request: SayRequest) -> Value:
        """Let somebody say something."""
        author = self._account(_clean_name(request.name), VIEWER)
        if request.role is not None:
            author = author._replace(role=_ROLES[request.role])
        elif author.login == self._broadcaster.login:
            author = author._replace(role=BROADCASTER)
        message = await self._publish(author, request.message, reply_to=None, internal=False)
        if self._platform == "twitch":
            await self._client.put(CHAT_MESSAGE, self._write_as_strimertul(message))
        return msgspec.json.encode(Said(message.id)).decode()

    async def _send(self, value: Value) -> Value:
        """Say something from an account that is logged in here."""
        request = read_parameters(value, _SendRequest)
        if request.broadcast_id and (self._broadcast is None or request.broadcast_id != self._broadcast["id"]):
            raise RequestFailed("Broadcast not found")
        author = self._bot if request.bot else self._broadcaster
        reply_to = self._messages.get(request.reply_id or "")
        await self._publish(author, request.message, reply_to=reply_to, internal=request.internal)
        return "{}"

    async def _publish(self, author: _Account, text: str, *, reply_to: _Message | None, internal: bool) -> _Message:
        thread = None if reply_to is None else reply_to.thread or reply_to
        message = _Message(str(uuid.uuid4()), author, _clean_text(text), thread)
        source, type_ = CHAT_EVENTS[self._platform]
        data = self._describe(message, reply_to, internal=internal)
        await self._client.call(EMIT, _encode({"source": source, "type": type_, "data": data}))
        self._messages[message.id] = message
        if len(self._messages) > _REMEMBERED_MESSAGES:
            self._messages.popitem(last=False)
        return message

    def _describe(self, message: _Message, reply_to: _Message | None, *, internal: bool) -> JsonObject:
        """Write what the event needs; the rest of its many members follows from that."""
        author = message.author
        if self._platform == "youtube":
            return {
                "eventId": message.id,
                "message": message.text,
                "user": {
                    "id": author.id,
                    "name": author.name,
                    "isOwner": author.role == BROADCASTER,
                    "isModerator": author.role == MODERATOR,
                },
                "broadcast": self._broadcast,
                "internal": internal,
            }
        data: JsonObject = {
            "messageId": message.id,
            "text": message.text,
            "user": {"id": author.id, "login": author.login, "name": author.name, "role": author.role},
        }
        if self._platform == "twitch":
            data["meta"] = {"internal": internal}
            data["message"] = {"channel": self._broadcaster.login}
            if reply_to is not None:
                data["reply"] = _describe_reply(reply_to)
            return data
        data["isInternal"] = internal
        if reply_to is not None:
            sender = {"id": reply_to.author.id, "name": reply_to.author.name}
            data["reply"] = {"messageId": reply_to.id, "content": reply_to.text, "sender": sender}
        return data

    def _write_as_strimertul(self, message: _Message) -> Value:
        """Write what strimertül's overlays and our own bot hear; what our own accounts say is not told there."""
        author = message.author
        user = ChatUser(
            id=author.id,
            name=author.login,
            display_name=author.name,
            color=colour_of(author.login),
            badges={_BADGES[author.role]: 1} if author.role in _BADGES else {},
        )
        channel = self._broadcaster
        return write(
            plain_message(
                user,
                message.text,
                message_id=message.id,
                channel=channel.login,
                room_id=channel.id,
                sent_s=time.time(),
            )
        )

    def _account(self, name: str, role: int) -> _Account:
        """Make an account of a name; other events that give the name alone conclude the same."""
        person = person_of(name)
        id_ = str(youtube_user(name)["id"]) if self._platform == "youtube" else person.id
        return _Account(id_, person.login, person.name, role)


def _describe_accounts(platform: Platform, broadcaster: _Account, bot: _Account) -> JsonObject:
    """Write a platform's entry in ``GetBroadcaster``.

    Source: Streamer.bot's documentation; the official client 1.12.2 spells two of Twitch's members in another way.
    """
    if platform == "twitch":
        standing = ("broadcasterIsAffiliate", "broadcasterIsPartner", "broadcastIsAffiliate", "broadcastIsPartner")
        return {
            "broadcastUser": broadcaster.name,
            "broadcastUserName": broadcaster.login,
            "broadcastUserId": broadcaster.id,
            **dict.fromkeys(standing, False),
            "botUser": bot.name,
            "botUserName": bot.login,
            "botUserId": bot.id,
        }
    if platform == "youtube":
        return {
            "broadcastUserName": broadcaster.name,
            "broadcastUserId": broadcaster.id,
            "broadcastUserProfileImage": "",
            "botUserName": bot.name,
            "botUserId": bot.id,
            "botUserProfileImage": "",
        }
    return {
        "broadcasterLogin": broadcaster.login,
        "broadcasterUserName": broadcaster.name,
        "broadcasterUserId": broadcaster.id,
        "broadcasterProfileUrl": "",
        "botLogin": bot.login,
        "botUserName": bot.name,
        "botUserId": bot.id,
        "botProfileUrl": "",
    }


def _describe_broadcast(broadcaster: _Account) -> JsonObject:
    """Write a live broadcast, as ``GetMonitoredYouTubeBroadcasts`` and YouTube's events have it."""
    now = event_time(time.time())
    id_ = uuid.uuid4().hex
    return {
        "id": id_[:11],
        "title": f"{broadcaster.name}'s rehearsal",
        "description": "",
        "channelId": broadcaster.id,
        "liveChatId": id_,
        "categoryId": "20",
        "privacy": "private",
        "status": "live",
        "publishedAt": now,
        "scheduledStartTime": now,
        "scheduledEndTime": None,
        "actualStartTime": now,
        "actualEndTime": None,
        "tags": [],
        "defaultLanguage": "",
        "defaultAudioLanguage": "",
    }


def _describe_reply(reply_to: _Message) -> JsonObject:
    author = reply_to.author
    first = reply_to.thread or reply_to
    return {
        "msgId": reply_to.id,
        "userId": author.id,
        "userLogin": author.login,
        "userName": author.name,
        "msgBody": reply_to.text,
        "threadMsgId": first.id,
        "threadUserLogin": first.author.login,
    }


def _plain(text: str) -> str:
    """Take the tricks out, and put one blank in the place of several, also of those that had tricks between them."""
    return _SPACES.sub(" ", _TRICKS.sub("", _SPACES.sub(" ", text))).strip()


def _clean_text(text: str) -> str:
    """Take what would play tricks out of a message.

    Raises:
        RequestFailed: When nothing is left, or too much.
    """
    text = _plain(text)
    if not text:
        raise RequestFailed("Invalid parameter: message; it is empty")
    if len(text) > MAX_MESSAGE_CHARACTERS:
        raise RequestFailed(
            f"Invalid parameter: message; it has {len(text)} characters, and {MAX_MESSAGE_CHARACTERS} are the most"
        )
    return text


def _clean_name(name: str) -> str:
    """Do the same for a name, of which a part is as good."""
    name = _plain(name)[:MAX_NAME_CHARACTERS].strip()
    if not name:
        raise RequestFailed("Invalid parameter: name; it is empty")
    return name


def _platform_key(platform: Platform) -> str:
    return f"platform/{platform}"


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _ignore(error: StoreError | None) -> None:
    """State in memory needs no disk, and cannot fail."""
