"""Chat and what looks like it: messages, cheers, announcements, watch streaks, whispers.

Chat, cheers and first words have both shapes: all that was there before 0.2.5 in ``message``, and the newer members
beside it.
"""

from typing import Final

from stagedoor.streamerbot.events.builder import Builder
from stagedoor.streamerbot.events.emotes import Emotes, find_cheermotes, find_emotes, parts_of
from stagedoor.streamerbot.events.people import person_of, short_user, twitch_user
from stagedoor.streamerbot.events.reading import (
    as_count,
    as_object,
    as_text,
    derived_message_id,
    either,
    fill,
    first_text,
    is_object_or_nothing,
    share,
    stands_for_object,
)
from stagedoor.streamerbot.events.twitch.notices import SHARED_CHAT, notice
from stagedoor.types import JsonObject

_REPLY: Final = ("msgId", "userId", "userLogin", "userName", "msgBody", "threadMsgId", "threadUserLogin")
_META: Final = ("internal", "firstMessage", "returningChatter", "isHighlighted", "isMe", "isCustomReward")
"""The flags that the newer shape has in ``meta`` and the older one in ``message``, under one name."""


def chat_message(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete ChatMessage and FirstWord: ``message`` in the older shape, all else in the newer one."""
    return _chat(data, emotes, now, is_cheer=False)


def cheer(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Cheer: a chat message with bits, counted from the cheermotes in its text when not given."""
    return _chat(data, emotes, now, is_cheer=True)


def announcement(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Announcement."""
    done = notice(data, emotes, now)
    share(done, ("announcementColor",), "PRIMARY", aliases=("announceColor",))
    user = as_object(done["user"])
    fill(done, color=user.get("color"), subscriber=user.get("subscribed"))
    fill(done, monthsSubscribed=user.get("monthsSubscribed"))
    return done


def watch_streak(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete WatchStreak."""
    done = notice(data, emotes, now)
    share(done, ("streak_count", "watchStreak"), 0)
    share(done, ("channel_points_awarded", "copoReward"), 0)
    return done


def whisper(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Whisper and BotWhisper: ``message`` in the older shape, all else in the newer one."""
    done = dict(data)
    given = data.get("message")
    old = _older(given)
    person = person_of(data.get("user"), old, data)
    text = as_text(old.get("message")) or first_text(data, "whisperText", "text")
    user = twitch_user(data.get("user"), person, old, data)
    fill(
        old,
        msgId=first_text(data, "whisperId", "messageId", "msgId") or derived_message_id(now, person.login, text),
        userId=person.id,
        username=person.login,
        displayName=person.name,
        message=text,
        badges=user["badges"],
    )
    if stands_for_object(data.get("user")):
        done["user"] = short_user(data.get("user"), person)
    fill(done, whisperId=old["msgId"], whisperText=text, isTest=False)
    if old.get("emotes") is None:
        old["emotes"] = find_emotes(text, emotes)
    if stands_for_object(given):
        done["message"] = old
    return done


def _chat(data: JsonObject, emotes: Emotes, now: float, *, is_cheer: bool) -> JsonObject:
    done = dict(data)
    given = data.get("message")
    old = _older(given)
    person = person_of(data.get("user"), old, data)
    text = as_text(data.get("text")) or as_text(old.get("message"))
    message_id = first_text(data, "messageId", "msgId") or as_text(old.get("msgId"))
    message_id = message_id or derived_message_id(now, person.login, text)

    user = twitch_user(data.get("user"), person, old, data)
    if stands_for_object(data.get("user")):
        done["user"] = user
    fill(done, messageId=message_id, text=text)

    _share_lists(done, old, text, emotes, is_cheer=is_cheer)
    bits = either(data.get("bits"), old.get("bits"), default=None)
    if bits is None:
        cheermotes = done["cheerEmotes"]
        listed = cheermotes if isinstance(cheermotes, list) else []
        bits = sum(as_count(as_object(entry).get("bits")) for entry in listed)
    if is_cheer:
        fill(done, bits=bits)

    meta = dict(as_object(data.get("meta")))
    for member in _META:
        value = either(meta.get(member), old.get(member), data.get(member), default=False)
        if meta.get(member) is None:
            meta[member] = value
        if old.get(member) is None:
            old[member] = value
    is_test = either(data.get("isTest"), meta.get("isTest"), old.get("isTest"), default=False)
    nonce = either(meta.get("clientNonce"), old.get("clientNonce"), default="")
    fill(meta, isTest=is_test, clientNonce=nonce)
    fill(old, clientNonce=nonce)
    if is_object_or_nothing(data.get("meta")):
        done["meta"] = meta

    anonymous = either(data.get("anonymous"), old.get("isAnonymous"), data.get("isAnonymous"), default=False)
    reply = _reply(data.get("reply"), old.get("reply"))
    is_reply = either(data.get("isReply"), old.get("isReply"), default=bool(reply))
    if is_reply is True and not reply:
        reply = dict.fromkeys(_REPLY, "")
    fill(done, anonymous=anonymous, isReply=is_reply, isTest=is_test)
    _share_chat(done, old)
    if reply:
        _carry_reply(done, old, reply)

    fill(
        old,
        msgId=message_id,
        userId=person.id,
        username=person.login,
        displayName=person.name,
        message=text,
        role=user["role"],
        subscriber=user["subscribed"],
        color=user["color"],
        badges=user["badges"],
        monthsSubscribed=user["monthsSubscribed"],
        channel="",
        isAnonymous=anonymous,
        isReply=is_reply,
        bits=bits,
        hasBits=as_count(bits) > 0,
        isTest=is_test,
    )
    if stands_for_object(given):
        done["message"] = old
    return done


def _older(message: object) -> JsonObject:
    """What is given of the older shape, of which a text alone is the message's."""
    return {"message": message} if isinstance(message, str) and message else dict(as_object(message))


def _share_lists(done: JsonObject, old: JsonObject, text: str, emotes: Emotes, *, is_cheer: bool) -> None:
    """Find what stands in the text, unless it is given, and write it in both shapes."""
    found = either(done.get("emotes"), old.get("emotes"), default=None)
    if found is None:
        found = find_emotes(text, emotes)
    has_bits = is_cheer or as_count(old.get("bits")) > 0 or as_count(done.get("bits")) > 0
    cheermotes = either(done.get("cheerEmotes"), old.get("cheerEmotes"), default=None)
    if cheermotes is None:
        cheermotes = find_cheermotes(text) if has_bits else []
    fill(done, emotes=found, cheerEmotes=cheermotes)
    fill(old, emotes=found, cheerEmotes=cheermotes)
    if done.get("parts") is None:
        done["parts"] = parts_of(text, found, cheermotes)


def _share_chat(done: JsonObject, old: JsonObject) -> None:
    """Say in every shape whether the chat is shared and, if it is, in whose room the message was written.

    Where ``isSharedChat`` is true, of the event or of its ``message``, overlays read ``sharedChat.primarySource`` and
    ``sharedChat.sourceRoom.name`` without looking whether they are there.
    """
    given, source = done.get("sharedChat"), done.get("sharedChatSource")
    known = dict(as_object(given))
    is_guest = _is_guest(done.get("isFromSharedChatGuest"), known.get("primarySource"), source)
    told = [*(done.get(flag) for flag in SHARED_CHAT), done.get("isSharedChat"), given]
    told += [old.get("isSharedChat"), old.get("sharedChat")]
    is_shared = is_guest or bool(known) or any(flag is True for flag in told)
    fill(done, isSharedChat=is_shared, isInSharedChat=is_shared, isSharedChatHost=False, isFromSharedChatGuest=is_guest)
    fill(old, isSharedChat=is_shared, sharedChat=is_shared, sourceBadges=[])
    if not is_shared:
        return
    room = known.get("sourceRoom")
    if room is None and is_guest:
        room = source
    person = person_of(room, {"user_login": as_text(old.get("channel"))})
    if stands_for_object(known.get("sourceRoom")):
        known["sourceRoom"] = short_user(room, person)
    fill(known, primarySource=not is_guest)
    if is_object_or_nothing(given):
        done["sharedChat"] = known
    if is_guest and stands_for_object(source):
        done["sharedChatSource"] = short_user(source, person)


def _is_guest(flag: object, is_primary: object, source: object) -> bool:
    """Whether a message is from another channel, by the first of these that tells."""
    if isinstance(flag, bool):
        return flag
    if isinstance(is_primary, bool):
        return not is_primary
    return bool(source) and stands_for_object(source)


def _reply(new: object, old: object) -> JsonObject:
    """What a message answers to, with each member that either shape has; empty when it is no answer."""
    reply = {**as_object(old), **as_object(new)}
    if reply:
        fill(reply, **dict.fromkeys(_REPLY, ""))
    return reply


def _carry_reply(done: JsonObject, old: JsonObject, reply: JsonObject) -> None:
    for shape in (done, old):
        if is_object_or_nothing(shape.get("reply")):
            shape["reply"] = {**reply, **{key: value for key, value in as_object(shape.get("reply")).items() if value}}


BUILDERS: Final[dict[str, Builder]] = {
    "ChatMessage": chat_message,
    "FirstWord": chat_message,
    "Cheer": cheer,
    "Announcement": announcement,
    "SharedChatAnnouncement": announcement,
    "WatchStreak": watch_streak,
    "Whisper": whisper,
    "BotWhisper": whisper,
}
