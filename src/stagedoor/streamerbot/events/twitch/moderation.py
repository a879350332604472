"""What moderators do: messages deleted, people silenced, banned and pardoned."""

from typing import Final

from stagedoor.streamerbot.events.builder import Builder
from stagedoor.streamerbot.events.emotes import Emotes
from stagedoor.streamerbot.events.people import VIEWER, Person, flat_person, short_user
from stagedoor.streamerbot.events.reading import (
    as_object,
    as_text,
    fill,
    first_text,
    share,
    stands_for_object,
    unix_time,
)
from stagedoor.streamerbot.events.twitch.notices import SHARED_CHAT
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject


def message_deleted(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete ChatMessageDeleted; a ``user`` in place of ``targetUser`` is the message's author."""
    done = dict(data)
    target = _target(done, data)
    _moderator(done, data)
    share(done, ("messageId", "targetMessageId"), "", aliases=("msgId",))
    share(done, ("text", "message"), "")
    fill(done, userName=target.login, role=VIEWER, isTest=False, **dict.fromkeys(SHARED_CHAT, False))
    return done


def timed_out(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete UserTimedOut: of its duration and its end, each follows from the other."""
    done = _moderation(data, now, action="timeout")
    begin, end = (unix_time(done.get(member)) for member in ("createdAt", "expires_at"))
    begin = now if begin is None else begin
    fill(done, duration=0 if end is None else max(0, round(end - begin)))
    fill(done, expires_at=_later(begin, done["duration"]))
    return done


def banned(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete UserBanned, whose duration is 0."""
    done = _moderation(data, now, action="ban")
    fill(done, duration=0)
    return done


def pardoned(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete UserUntimedOut and UserUnbanned."""
    return _moderation(data, now, action="")


def _moderation(data: JsonObject, now: float, *, action: str) -> JsonObject:
    done = dict(data)
    target = _target(done, data)
    moderator = _moderator(done, data)
    share(done, ("createdAt", "created_at"), event_time(now))
    share(done, ("isTest", "is_test"), default=False)
    fill(done, **dict.fromkeys(SHARED_CHAT, False))
    fill(done, moderator_user_id=moderator.id, moderator_user_login=moderator.login, moderator_user_name=moderator.name)
    fill(done, user_id=target.id, user_login=target.login, user_name=target.name)
    if action:
        fill(
            done,
            reason="",
            target_user_id=target.id,
            target_user_login=target.login,
            target_user_display=target.name,
            created_by=moderator.login,
            created_by_user_id=moderator.id,
            moderation_action=action,
            type="chat_login_moderation",
        )
    return done


def _later(start: float, seconds: object) -> str:
    """The time some seconds after another; that time itself when they are no number that a calendar reaches."""
    try:
        return event_time(start + seconds) if isinstance(seconds, int | float) else event_time(start)
    except (OverflowError, ValueError, OSError):
        return event_time(start)


def _target(done: JsonObject, data: JsonObject) -> Person:
    """Fill who a moderator's act was about."""
    given = data.get("targetUser")
    id_ = first_text(data, "target_user_id")
    login = first_text(data, "target_user_login")
    name = first_text(data, "target_user_display", "target_user_name")
    user = data.get("user")
    members = as_object(user)
    named: JsonObject = {
        "user_id": first_text(members, "id"),
        "user_login": first_text(members, "login"),
        "user_name": first_text(members, "name") or as_text(user),
    }
    person = flat_person(given, id_, login, name, members, named, data)
    if stands_for_object(given):
        done["targetUser"] = short_user(given, person)
    return person


def _moderator(done: JsonObject, data: JsonObject) -> Person:
    given = data.get("moderator")
    id_ = first_text(data, "created_by_user_id", "moderator_user_id")
    login = first_text(data, "created_by", "moderator_user_login")
    person = flat_person(given, id_, login, first_text(data, "moderator_user_name"))
    if stands_for_object(given):
        done["moderator"] = short_user(given, person)
    return person


BUILDERS: Final[dict[str, Builder]] = {
    "ChatMessageDeleted": message_deleted,
    "SharedChatMessageDeleted": message_deleted,
    "UserTimedOut": timed_out,
    "SharedChatUserTimedout": timed_out,
    "UserBanned": banned,
    "SharedChatUserBanned": banned,
    "UserUntimedOut": pardoned,
    "SharedChatUserUntimedout": pardoned,
    "UserUnbanned": pardoned,
    "SharedChatUserUnbanned": pardoned,
}
