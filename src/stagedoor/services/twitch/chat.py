"""A message in chat as EventSub tells it, and the same as strimertül and Streamer.bot tell it.

strimertül heard chat over IRC, so its value has the IRC line and its tags. Both are made here as IRC would have them;
what EventSub does not say is left at what is usual: no client nonce, no flags of AutoMod, nobody a returning chatter.
Sources: Twitch's documentation, "Twitch IRC Tags" and "EventSub Reference"; go-twitch-irc 4, of which the value is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from stagedoor.streamerbot.events.emotes import Emotes, cheermote_entry, emote_entry, find_emotes
from stagedoor.streamerbot.events.people import badge_entry
from stagedoor.streamerbot.events.reading import as_count, as_object, as_text
from stagedoor.strimertul import ChatEmote, ChatMessage, ChatReply, ChatUser, EmotePosition, write_time
from stagedoor.types import JsonObject

_ACTION: Final = "\x01ACTION "
"""What begins a message that was said with ``/me``; another U+0001 ends it. The fragments come without."""
_END_OF_ACTION: Final = "\x01"

_ANONYMOUS: Final = "ananonymouscheerer"
"""The account in whose name Twitch tells anonymous cheers."""

_NOTICE_OF_TYPE: Final = {
    "channel_points_highlighted": "highlighted-message",
    "channel_points_sub_only": "skip-subs-mode-message",
    "user_intro": "user-intro",
    "power_ups_message_effect": "animated-message",
    "power_ups_gigantified_emote": "gigantified-emote-message",
}
"""The tag ``msg-id`` of each kind of message that has one."""

_USER_TYPES: Final = {"admin": "admin", "global_mod": "global_mod", "staff": "staff"}
_MODERATORS: Final = frozenset(("moderator", "lead_moderator"))
_SUBSCRIBERS: Final = frozenset(("subscriber", "founder"))

_UNSAFE: Final = re.compile(r"[;\s\\]")
_ESCAPES: Final = str.maketrans({";": r"\:", " ": r"\s", "\\": r"\\", "\r": r"\r", "\n": r"\n"})
"""How IRC writes the values of tags."""

_TIER_OF_BADGE: Final = 1000
"""The versions of subscribers' badges are their months, plus 2000 or 3000 in the higher tiers."""


class Badge(msgspec.Struct):
    """A badge beside a name."""

    set_id: str = ""
    id: str = ""
    info: str | None = None


class Emote(msgspec.Struct):
    """What a fragment that is an emote says of it."""

    id: str = ""


class Cheermote(msgspec.Struct):
    """What a fragment that is a cheermote says of it."""

    prefix: str = ""
    bits: int = 0


class Fragment(msgspec.Struct):
    """A piece of a message."""

    type: str = "text"
    text: str = ""
    emote: Emote | None = None
    cheermote: Cheermote | None = None


class Text(msgspec.Struct):
    """A message's text, whole and in pieces."""

    text: str = ""
    fragments: list[Fragment] | None = None


class Cheer(msgspec.Struct):
    """How much was cheered."""

    bits: int = 0


class Reply(msgspec.Struct):
    """What a message answers to."""

    parent_message_id: str = ""
    parent_message_body: str = ""
    parent_user_id: str = ""
    parent_user_name: str = ""
    parent_user_login: str = ""
    thread_message_id: str = ""
    thread_user_login: str = ""


class ChatEvent(msgspec.Struct):
    """The event of ``channel.chat.message``."""

    broadcaster_user_id: str = ""
    broadcaster_user_login: str = ""
    broadcaster_user_name: str = ""
    chatter_user_id: str = ""
    chatter_user_login: str = ""
    chatter_user_name: str = ""
    message_id: str = ""
    message: Text = msgspec.field(default_factory=Text)
    message_type: str = "text"
    badges: list[Badge] | None = None
    cheer: Cheer | None = None
    color: str | None = None
    reply: Reply | None = None
    channel_points_custom_reward_id: str | None = None
    source_broadcaster_user_id: str | None = None
    source_broadcaster_user_login: str | None = None
    source_broadcaster_user_name: str | None = None
    source_message_id: str | None = None
    source_badges: list[Badge] | None = None


class Place(NamedTuple):
    """A fragment of interest and where it begins, in characters."""

    fragment: Fragment
    start: int


_strict: Final = msgspec.json.Decoder(ChatEvent)
_any: Final = msgspec.json.Decoder()


def read_event(body: bytes | msgspec.Raw) -> ChatEvent:
    """Read an event; of one in another shape, what can be understood."""
    try:
        return _strict.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        return _read_kindly(as_object(_any.decode(body)))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ChatEvent()


def read_text(value: object) -> Text:
    """Read a text with fragments from data of any shape; a text alone is one, too."""
    if isinstance(value, str):
        return Text(value)
    given = as_object(value)
    pieces = given.get("fragments")
    fragments = [
        Fragment(
            type=as_text(piece.get("type")),
            text=as_text(piece.get("text")),
            emote=None if not (emote := as_object(piece.get("emote"))) else Emote(as_text(emote.get("id"))),
            cheermote=None
            if not (cheermote := as_object(piece.get("cheermote")))
            else Cheermote(as_text(cheermote.get("prefix")), as_count(cheermote.get("bits"))),
        )
        for piece in (map(as_object, pieces) if isinstance(pieces, list) else ())
    ]
    return Text(as_text(given.get("text")), fragments)


def read_badges(value: object) -> list[Badge]:
    """Read badges from data of any shape."""
    given = map(as_object, value) if isinstance(value, list) else ()
    return [Badge(*(as_text(badge.get(member)) for member in ("set_id", "id", "info"))) for badge in given]


_SHAPED: Final = frozenset(("message", "badges", "source_badges", "cheer", "reply"))
"""The members of an event that are no texts."""


def _read_kindly(given: JsonObject) -> ChatEvent:
    event = ChatEvent(
        message=read_text(given.get("message")),
        badges=read_badges(given.get("badges")),
        source_badges=read_badges(given.get("source_badges")),
        cheer=Cheer(as_count(as_object(given["cheer"]).get("bits"))) if given.get("cheer") else None,
    )
    if reply := as_object(given.get("reply")):
        event.reply = Reply(*(as_text(reply.get(member)) for member in Reply.__struct_fields__))
    for member in ChatEvent.__struct_fields__:
        if member not in _SHAPED and (text := as_text(given.get(member))):
            setattr(event, member, text)
    return event


class Said:
    """A message taken apart once, for both ways to tell it."""

    __slots__ = ("badges", "bits", "event", "is_action", "places", "text")

    def __init__(self, event: ChatEvent) -> None:
        self.event = event
        text = event.message.text
        self.is_action = text.startswith(_ACTION)
        self.text = text[len(_ACTION) :].removesuffix(_END_OF_ACTION) if self.is_action else text
        self.places = list(find_places(self.text, event.message.fragments))
        self.badges = {badge.set_id: badge for badge in event.badges or ()}
        self.bits = 0 if event.cheer is None else event.cheer.bits

    @property
    def is_first(self) -> bool:
        """Whether its author introduces themselves: the one first message that EventSub marks."""
        return self.event.message_type == "user_intro"

    @property
    def is_subscriber(self) -> bool:
        """Whether its author subscribes, as far as the badges show it."""
        return not _SUBSCRIBERS.isdisjoint(self.badges)


def find_places(text: str, fragments: list[Fragment] | None) -> Iterator[Place]:
    """Find the emotes and cheermotes; a fragment that is not in the text where it should be is passed over."""
    position = 0
    for fragment in fragments or ():
        start = text.find(fragment.text, position)
        if start < 0:
            continue
        position = start + len(fragment.text)
        if fragment.text and (fragment.emote is not None or fragment.cheermote is not None):
            yield Place(fragment, start)


# --- strimertül ---


def as_strimertul(said: Said, received_s: float) -> ChatMessage:
    """Tell a message as strimertül does."""
    event = said.event
    sent_ms = int(received_s * 1000)
    emotes = _list_emotes(said.places)
    tags = _tags(said, emotes, sent_ms)
    reply = event.reply
    return ChatMessage(
        user=ChatUser(
            id=event.chatter_user_id,
            name=event.chatter_user_login,
            display_name=event.chatter_user_name,
            color=event.color or "",
            badges={name: _number(badge.id) for name, badge in said.badges.items()},
        ),
        raw=_raw(said, tags),
        tags=tags,
        message=said.text,
        channel=event.broadcaster_user_login,
        room_id=event.broadcaster_user_id,
        id=event.message_id,
        time=write_time(sent_ms / 1000),
        emotes=emotes or None,
        bits=said.bits,
        action=said.is_action,
        first_message=said.is_first,
        reply=None
        if reply is None
        else ChatReply(
            parent_msg_id=reply.parent_message_id,
            parent_user_id=reply.parent_user_id,
            parent_user_login=reply.parent_user_login,
            parent_display_name=reply.parent_user_name,
            parent_msg_body=reply.parent_message_body,
        ),
        custom_reward_id=event.channel_points_custom_reward_id or "",
    )


def _list_emotes(places: list[Place]) -> list[ChatEmote]:
    """List the emotes, each once with all its places."""
    found: dict[str, ChatEmote] = {}
    for fragment, start in places:
        if fragment.emote is None:
            continue
        emote = found.setdefault(
            fragment.emote.id, ChatEmote(name=fragment.text, id=fragment.emote.id, count=0, positions=[])
        )
        emote.count += 1
        if emote.positions is not None:
            emote.positions.append(EmotePosition(start, start + len(fragment.text) - 1))
    return list(found.values())


def _tags(said: Said, emotes: list[ChatEmote], sent_ms: int) -> dict[str, str]:
    """Write the tags of the IRC line, by their names."""
    event = said.event
    badges = said.badges
    is_moderator = not _MODERATORS.isdisjoint(badges)
    tags = {
        "badge-info": ",".join(f"{name}/{badge.info}" for name, badge in badges.items() if badge.info),
        "badges": ",".join(f"{name}/{badge.id}" for name, badge in badges.items()),
        "color": event.color or "",
        "display-name": event.chatter_user_name,
        "emotes": "/".join(
            f"{emote.id}:" + ",".join(f"{place.start}-{place.end}" for place in emote.positions or ())
            for emote in emotes
        ),
        "first-msg": "1" if said.is_first else "0",
        "flags": "",
        "id": event.message_id,
        "mod": "1" if is_moderator else "0",
        "returning-chatter": "0",
        "room-id": event.broadcaster_user_id,
        "subscriber": "1" if said.is_subscriber else "0",
        "tmi-sent-ts": str(sent_ms),
        "turbo": "1" if "turbo" in badges else "0",
        "user-id": event.chatter_user_id,
        "user-type": next(
            (kind for name, kind in _USER_TYPES.items() if name in badges), "mod" if is_moderator else ""
        ),
    }
    if said.bits:
        tags["bits"] = str(said.bits)
    if event.channel_points_custom_reward_id:
        tags["custom-reward-id"] = event.channel_points_custom_reward_id
    if notice := _NOTICE_OF_TYPE.get(event.message_type):
        tags["msg-id"] = notice
    if "vip" in badges:
        tags["vip"] = "1"
    if (reply := event.reply) is not None:
        tags["reply-parent-display-name"] = reply.parent_user_name
        tags["reply-parent-msg-body"] = reply.parent_message_body
        tags["reply-parent-msg-id"] = reply.parent_message_id
        tags["reply-parent-user-id"] = reply.parent_user_id
        tags["reply-parent-user-login"] = reply.parent_user_login
        tags["reply-thread-parent-msg-id"] = reply.thread_message_id
        tags["reply-thread-parent-user-login"] = reply.thread_user_login
    if event.source_broadcaster_user_id:
        tags["source-id"] = event.source_message_id or ""
        tags["source-room-id"] = event.source_broadcaster_user_id
    return tags if len(tags) == _ALWAYS else dict(sorted(tags.items()))


_ALWAYS: Final = 16
"""How many tags every message has; they are written down in their order."""


def _raw(said: Said, tags: Mapping[str, str]) -> str:
    """Write the line that IRC would have sent."""
    login = said.event.chatter_user_login
    written = ";".join(
        f"{name}={value.translate(_ESCAPES) if _UNSAFE.search(value) else value}" for name, value in tags.items()
    )
    text = f"{_ACTION}{said.text}{_END_OF_ACTION}" if said.is_action else said.text
    return f"@{written} :{login}!{login}@{login}.tmi.twitch.tv PRIVMSG #{said.event.broadcaster_user_login} :{text}"


def _number(version: str) -> int:
    """Read a badge's version as strimertül did: 0 when it is no number."""
    return int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0


# --- Streamer.bot ---


def as_streamerbot(said: Said, emotes: Emotes, *, is_internal: bool = False) -> JsonObject:
    """Tell a message as Streamer.bot does, as far as its other members do not follow from these."""
    event = said.event
    data: JsonObject = {
        "messageId": event.message_id,
        "text": said.text,
        "user": person(
            event.chatter_user_id, event.chatter_user_login, event.chatter_user_name, event.color, said.badges
        ),
        **mark(said.text, said.places, emotes),
        "anonymous": event.chatter_user_login == _ANONYMOUS,
        "meta": {
            "internal": is_internal,
            "firstMessage": said.is_first,
            "isHighlighted": event.message_type == "channel_points_highlighted",
            "isMe": said.is_action,
            "isCustomReward": bool(event.channel_points_custom_reward_id),
        },
        "message": {
            "channel": event.broadcaster_user_login,
            "bits": said.bits,
            "sourceBadges": list_badges(event.source_badges or ()),
        },
        "isTest": False,
    }
    if said.bits:
        data["bits"] = said.bits
    if (reply := event.reply) is not None:
        data["reply"] = {
            "msgId": reply.parent_message_id,
            "userId": reply.parent_user_id,
            "userLogin": reply.parent_user_login,
            "userName": reply.parent_user_name,
            "msgBody": reply.parent_message_body,
            "threadMsgId": reply.thread_message_id,
            "threadUserLogin": reply.thread_user_login,
        }
    return data


def person(id_: str, login: str, name: str, color: str | None, badges: Mapping[str, Badge]) -> JsonObject:
    """Write who said something, with what the badges tell."""
    user: JsonObject = {
        "id": id_,
        "login": login,
        "name": name,
        "badges": list_badges(badges.values()),
    }
    if color:
        user["color"] = color
    held = badges.get("subscriber") or badges.get("founder")
    if held is not None:
        tier = _number(held.id) // _TIER_OF_BADGE
        user["subscriptionTier"] = f"{tier}000" if tier in (2, 3) else "1000"
        user["monthsSubscribed"] = _number(held.info or "")
    return user


def list_badges(badges: Iterable[Badge]) -> list[JsonObject]:
    """Write badges as Streamer.bot does."""
    return [badge_entry(badge.set_id, badge.id, badge.info or "") for badge in badges]


def mark(text: str, places: list[Place], emotes: Emotes) -> JsonObject:
    """Say where emotes and cheermotes stand: Twitch's own where it says so, others by their names."""
    own: list[JsonObject] = []
    cheermotes: list[JsonObject] = []
    for fragment, start in places:
        first = start if text.isascii() else len(text[:start].encode("utf-16-le", "surrogatepass")) // 2
        if fragment.emote is not None:
            own.append(emote_entry(fragment.emote.id, fragment.text, first))
        elif (cheermote := fragment.cheermote) is not None:
            cheermotes.append(cheermote_entry(fragment.text, cheermote.prefix, cheermote.bits, first))
    taken = {entry["startIndex"] for entry in (*own, *cheermotes)}
    # A word that Twitch does not mark is none of its emotes, even if it has the name of one: its author may not use it.
    others = [
        entry for entry in find_emotes(text, emotes) if entry["type"] != "Twitch" and entry["startIndex"] not in taken
    ]
    if others:
        own = sorted([*own, *others], key=lambda entry: as_count(entry["startIndex"]))
    return {"emotes": own, "cheerEmotes": cheermotes}
