"""Twitch's events, completed: the shapes of 0.2.5 and later beside the older ones, each filled from the other.

Sources: Streamer.bot's documentation, the types of the official client 1.12.2, and what overlays in the field read.
Odd spellings such as ``cumlativeTotal`` are the wire's own.
"""

from typing import Final

from stagedoor.streamerbot.events.emotes import Emotes, find_cheermotes, find_emotes, parts_of
from stagedoor.streamerbot.events.people import VIEWER, Person, flat_person, person_of, short_user, twitch_user
from stagedoor.streamerbot.events.reading import (
    as_count,
    as_object,
    as_text,
    derived_message_id,
    fill,
    first,
    first_text,
    share,
    stands_for_object,
)
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject

_SHARED_CHAT: Final = ("isInSharedChat", "isSharedChatHost", "isFromSharedChatGuest")
_REPLY: Final = ("msgId", "userId", "userLogin", "userName", "msgBody", "threadMsgId", "threadUserLogin")
_META: Final = (
    ("internal", False),
    ("firstMessage", False),
    ("returningChatter", False),
    ("isHighlighted", False),
    ("isMe", False),
    ("isCustomReward", False),
)
"""What the newer shape says in ``meta`` and the older one in ``message``, under one name."""


def chat_message(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete ChatMessage and FirstWord: ``message`` in the older shape, all else in the newer one."""
    return _chat(data, emotes, now, is_cheer=False)


def cheer(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Cheer: a chat message with bits, counted from the cheermotes in its text when not given."""
    return _chat(data, emotes, now, is_cheer=True)


def _chat(data: JsonObject, emotes: Emotes, now: float, *, is_cheer: bool) -> JsonObject:
    done = dict(data)
    given = data.get("message")
    old = dict(as_object(given))
    person = person_of(data.get("user"), old, data)
    text = as_text(data.get("text")) or as_text(old.get("message")) or as_text(given)
    message_id = first_text(data, "messageId", "msgId") or as_text(old.get("msgId"))
    message_id = message_id or derived_message_id(now, person.login, text)

    user = twitch_user(data.get("user"), person, old, data)
    if stands_for_object(data.get("user")):
        done["user"] = user
    fill(done, messageId=message_id, text=text)

    _share_lists(done, old, text, emotes, is_cheer=is_cheer)
    bits = first(data, "bits")
    bits = bits if bits is not None else old.get("bits")
    if bits is None:
        cheermotes = done["cheerEmotes"]
        listed = cheermotes if isinstance(cheermotes, list) else []
        bits = sum(as_count(as_object(entry).get("bits")) for entry in listed)
    if is_cheer:
        fill(done, bits=bits)

    meta = dict(as_object(data.get("meta")))
    for member, default in _META:
        value = _either(meta.get(member), old.get(member), data.get(member), default)
        fill(meta, **{member: value})
        fill(old, **{member: value})
    is_test = _either(data.get("isTest"), meta.get("isTest"), old.get("isTest"), default=False)
    fill(meta, isTest=is_test)
    if stands_for_object(data.get("meta")):
        done["meta"] = meta

    anonymous = _either(data.get("anonymous"), old.get("isAnonymous"), data.get("isAnonymous"), default=False)
    reply = _reply(data.get("reply"), old.get("reply"))
    is_reply = _either(data.get("isReply"), old.get("isReply"), None, default=bool(reply))
    fill(done, anonymous=anonymous, isReply=is_reply, isTest=is_test, isSharedChat=False)
    fill(done, **dict.fromkeys(_SHARED_CHAT, False))
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


def _share_lists(done: JsonObject, old: JsonObject, text: str, emotes: Emotes, *, is_cheer: bool) -> None:
    """Find what stands in the text, unless it is given, and write it in both shapes."""
    found = _either(done.get("emotes"), old.get("emotes"), None, default=None)
    if found is None:
        found = find_emotes(text, emotes)
    has_bits = is_cheer or as_count(old.get("bits")) > 0 or as_count(done.get("bits")) > 0
    cheermotes = _either(done.get("cheerEmotes"), old.get("cheerEmotes"), None, default=None)
    if cheermotes is None:
        cheermotes = find_cheermotes(text) if has_bits else []
    fill(done, emotes=found, cheerEmotes=cheermotes)
    fill(old, emotes=found, cheerEmotes=cheermotes)
    if done.get("parts") is None:
        done["parts"] = parts_of(text, found, cheermotes)


def _reply(new: object, old: object) -> JsonObject:
    """What a message answers to, with each member that either shape has; empty when it is no answer."""
    reply = {**as_object(old), **as_object(new)}
    if reply:
        fill(reply, **dict.fromkeys(_REPLY, ""))
    return reply


def _carry_reply(done: JsonObject, old: JsonObject, reply: JsonObject) -> None:
    for shape in (done, old):
        if stands_for_object(shape.get("reply")):
            shape["reply"] = {**reply, **{key: value for key, value in as_object(shape.get("reply")).items() if value}}


def announcement(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Announcement."""
    done = _notice(data, emotes, now)
    share(done, ("announcementColor",), "PRIMARY", aliases=("announceColor",))
    user = as_object(done["user"])
    fill(
        done, color=user.get("color"), subscriber=user.get("subscribed"), monthsSubscribed=user.get("monthsSubscribed")
    )
    return done


def watch_streak(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete WatchStreak."""
    done = _notice(data, emotes, now)
    share(done, ("streak_count", "watchStreak"), 0)
    share(done, ("channel_points_awarded", "copoReward"), 0)
    return done


def sub(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Sub, a first subscription. Its older ``subTier`` is a number: 0 Prime, 1 to 3 the tier."""
    done = _notice(data, emotes, now)
    tier, is_prime = _tier(data)
    fill(done, sub_tier=tier, is_prime=is_prime, subTier=0 if is_prime else int(tier[0]))
    share(done, ("duration_months",), 1, aliases=("durationMonths",))
    plan = "with Prime" if is_prime else f"at Tier {tier[0]}"
    fill(done, systemMessage=f"{_name(done)} subscribed {plan}.")
    return done


def resub(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete ReSub, a subscription that goes on."""
    done = _notice(data, emotes, now)
    tier, is_prime = _tier(data)
    fill(done, subTier=tier, isPrime=is_prime)
    share(done, ("cumulativeMonths",), 1, aliases=("cumulative", "months", "monthsSubscribed"))
    fill(done, durationMonths=1, streakMonths=0, isGift=False, gifterIsAnonymous=False)
    fill(done, shareStreak=as_count(done["streakMonths"]) > 0)
    plan = "with Prime" if is_prime else f"at Tier {tier[0]}"
    months = as_count(done["cumulativeMonths"])
    fill(done, systemMessage=f"{_name(done)} subscribed {plan}. They've subscribed for {_counted(months, 'month')}!")
    return done


def gift_sub(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete GiftSub, one subscription given to one person."""
    done = _notice(data, emotes, now)
    tier, _ = _tier(data)
    fill(done, subTier=tier)
    recipient = flat_person(
        data.get("recipient"),
        first_text(data, "recipientUserId", "recipientId"),
        first_text(data, "recipientUsername", "recipientUserName"),
        first_text(data, "recipientDisplayName", "recipientUser"),
    )
    if stands_for_object(data.get("recipient")):
        done["recipient"] = short_user(data.get("recipient"), recipient)
    fill(
        done,
        recipientUserId=recipient.id,
        recipientUsername=recipient.login,
        recipientDisplayName=recipient.name,
        cumulativeMonths=1,
    )
    share(done, ("durationMonths", "monthsGifted"), 1)
    share(done, ("cumlativeTotal", "totalSubsGifted"), 0)
    share(done, ("fromCommunitySubGift", "fromSubBomb"), default=False)
    share(done, ("communitySubGiftCount", "subBombCount"), 0)
    share(done, ("isAnonymous",), default=False, aliases=("anonymous",))
    fill(done, randomCommunitySubGift=False, communitySubGiftCumulativeTotal=0)
    fill(done, systemMessage=f"{_name(done)} gifted a Tier {tier[0]} sub to {recipient.name}!")
    return done


def gift_bomb(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete GiftBomb, several subscriptions given at once; its older ``subTier`` is a number as in Sub."""
    done = _notice(data, emotes, now)
    tier, _ = _tier(data)
    fill(done, sub_tier=tier, subTier=int(tier[0]), recipients=[])
    recipients = done["recipients"]
    count = len(recipients) if isinstance(recipients, list) else 0
    share(done, ("total", "gifts"), count or 1)
    share(done, ("cumulative_total", "totalGifts"), done["total"])
    share(done, ("isAnonymous",), default=False, aliases=("anonymous",))
    gifts = _counted(as_count(done["total"]), f"Tier {tier[0]} Sub")
    fill(done, systemMessage=f"{_name(done)} is gifting {gifts} to the community!")
    return done


def message_deleted(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete ChatMessageDeleted; a ``user`` in place of ``targetUser`` is the message's author."""
    done = dict(data)
    target = _target(done, data)
    _moderator(done, data)
    share(done, ("messageId", "targetMessageId"), "", aliases=("msgId",))
    share(done, ("text", "message"), "")
    fill(done, userName=target.login, role=VIEWER, isTest=False, **dict.fromkeys(_SHARED_CHAT, False))
    return done


def timed_out(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete UserTimedOut."""
    return _moderation(data, now, action="timeout")


def banned(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete UserBanned, whose duration is 0."""
    return _moderation(data, now, action="ban")


def pardoned(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete UserUntimedOut and UserUnbanned."""
    return _moderation(data, now, action="")


def _moderation(data: JsonObject, now: float, *, action: str) -> JsonObject:
    done = dict(data)
    target = _target(done, data)
    moderator = _moderator(done, data)
    share(done, ("createdAt", "created_at"), event_time(now))
    fill(done, isTest=False, **dict.fromkeys(_SHARED_CHAT, False))
    fill(done, user_id=target.id, user_login=target.login, user_name=target.name)
    if action:
        fill(done, reason="", duration=0)
        fill(
            done,
            target_user_id=target.id,
            target_user_login=target.login,
            target_user_display=target.name,
            created_by=moderator.login,
            created_by_user_id=moderator.id,
            moderation_action=action,
            type="chat_login_moderation",
        )
    return done


def whisper(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Whisper and BotWhisper, which have the older shape alone."""
    done = dict(data)
    given = data.get("message")
    old = dict(as_object(given))
    person = person_of(data.get("user"), old, data)
    text = as_text(old.get("message")) or as_text(data.get("text")) or as_text(given)
    user = twitch_user(data.get("user"), person, old, data)
    fill(
        old,
        msgId=first_text(data, "messageId", "msgId") or derived_message_id(now, person.login, text),
        userId=person.id,
        username=person.login,
        displayName=person.name,
        message=text,
        badges=user["badges"],
    )
    if old.get("emotes") is None:
        old["emotes"] = find_emotes(text, emotes)
    if stands_for_object(given):
        done["message"] = old
    return done


def follow(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Follow."""
    done = dict(data)
    _flat_user(done, data)
    fill(done, followed_at=event_time(now))
    share(done, ("isTest", "is_test"), default=False)
    return done


def raid(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Raid; who raids may be given as the event's ``user``."""
    done = dict(data)
    id_ = first_text(data, "from_broadcaster_user_id")
    login = first_text(data, "from_broadcaster_user_login")
    name = first_text(data, "from_broadcaster_user_name")
    person = flat_person(data.get("user"), id_, login, name, data)
    fill(
        done,
        from_broadcaster_user_id=person.id,
        from_broadcaster_user_login=person.login,
        from_broadcaster_user_name=person.name,
        to_broadcaster_user_id="",
        to_broadcaster_user_login="",
        to_broadcaster_user_name="",
        profileImage="",
        userId=person.id,
        userName=person.login,
        displayName=person.name,
        role=VIEWER,
    )
    share(done, ("viewers", "viewerCount"), 0)
    share(done, ("isTest", "is_test"), default=False)
    return done


def redemption(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete RewardRedemption and its update; ``reward`` may be the title alone."""
    done = dict(data)
    person = _flat_user(done, data)
    given = data.get("reward")
    reward = dict(as_object(given))
    fill(
        reward,
        id="",
        title=as_text(given) or first_text(data, "rewardName"),
        cost=_either(data.get("rewardCost"), None, None, default=0),
        prompt=first_text(data, "rewardPrompt"),
    )
    if stands_for_object(given):
        done["reward"] = reward
    text = first_text(data, "text", "message", "rawInput")
    fill(
        done,
        id=derived_message_id(now, person.login, as_text(reward["title"])),
        user_input=text,
        status="unfulfilled",
        redeemed_at=event_time(now),
    )
    return done


def automatic_redemption(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete AutomaticRewardRedemption, one of the rewards that every channel has."""
    done = dict(data)
    person = _flat_user(done, data)
    text = first_text(data, "message_text", "text", "message")
    fill(
        done,
        id=derived_message_id(now, person.login, text),
        reward_type="send_highlighted_message",
        cost=0,
        message_text=text,
        user_input=text,
        redeemed_at=event_time(now),
    )
    given = data.get("gigantified_emote")
    if isinstance(given, dict):
        emote = dict(given)
        share(emote, ("imageUrl", "url"), "")
        fill(emote, id="", name="")
        done["gigantified_emote"] = emote
    return done


def power_up(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete CustomPowerUpRedemption; ``customPowerUp`` may be the title alone."""
    done = dict(data)
    given = data.get("customPowerUp")
    known = dict(as_object(given))
    share(known, ("bits",), first(data, "bits") or 0)
    fill(known, id="", title=as_text(given), prompt="")
    if stands_for_object(given):
        done["customPowerUp"] = known
    user = twitch_user(data.get("user"), person_of(data.get("user"), data), data)
    if stands_for_object(data.get("user")):
        done["user"] = user
    text = first_text(data, "text", "message", "user_input")
    fill(done, userInput=text, id=derived_message_id(now, as_text(user["login"]), text), redeemedAt=event_time(now))
    return done


def viewer_count(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete ViewerCountUpdate, whose number has two names."""
    done = dict(data)
    share(done, ("viewerCount", "viewers"), 0)
    return done


def _notice(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """What the events about a chatter with a message have in common: user, text and its parts, ids, flags."""
    done = dict(data)
    person = person_of(data.get("user"), data)
    user = twitch_user(data.get("user"), person, data)
    if stands_for_object(data.get("user")):
        done["user"] = user
    text = first_text(data, "text", "message")
    share(done, ("text", "message"), "")
    message_id = first_text(data, "messageId", "msgId") or derived_message_id(now, person.login, text)
    share(done, ("messageId", "msgId"), message_id)
    if done.get("emotes") is None:
        done["emotes"] = find_emotes(text, emotes)
    if done.get("parts") is None:
        done["parts"] = parts_of(text, done["emotes"])
    fill(done, userId=person.id, userName=person.login, displayName=person.name)
    fill(done, role=user["role"], badges=user["badges"], isTest=False, **dict.fromkeys(_SHARED_CHAT, False))
    return done


def _flat_user(done: JsonObject, data: JsonObject) -> Person:
    """Fill the three members that name the person in EventSub's events."""
    person = person_of(data.get("user"), data)
    fill(done, user_id=person.id, user_login=person.login, user_name=person.name)
    return person


def _target(done: JsonObject, data: JsonObject) -> Person:
    """Fill who a moderator's act was about."""
    given = data.get("targetUser")
    id_ = first_text(data, "target_user_id")
    login = first_text(data, "target_user_login")
    name = first_text(data, "target_user_display", "target_user_name")
    user = data.get("user")
    person = flat_person(given, id_, login, name, as_object(user), {"user_name": as_text(user)}, data)
    if stands_for_object(given):
        done["targetUser"] = short_user(given, person)
    return person


def _moderator(done: JsonObject, data: JsonObject) -> Person:
    given = data.get("moderator")
    person = flat_person(given, first_text(data, "created_by_user_id"), first_text(data, "created_by"), "")
    if stands_for_object(given):
        done["moderator"] = short_user(given, person)
    return person


def _tier(data: JsonObject) -> tuple[str, bool]:
    """The tier as ``1000``, ``2000`` or ``3000``, however it was written, and whether it is Prime's."""
    given = first_text(data, "sub_tier", "subTier", "tier").lower()
    is_prime = _either(data.get("is_prime"), data.get("isPrime"), None, default=given in ("0", "prime")) is True
    digits = given.removeprefix("tier").strip()
    return (f"{digits[0]}000" if digits[:1] in ("1", "2", "3") else "1000"), is_prime


def _name(done: JsonObject) -> str:
    return first_text(as_object(done.get("user")), "name") or "Somebody"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _either(new: object, old: object, flat: object, default: object) -> object:
    """The first of a member's values in three places that is given."""
    if new is not None:
        return new
    if old is not None:
        return old
    return default if flat is None else flat
