"""Kick's and Trovo's events, completed: both in one shape, Kick's.

Sources: Streamer.bot's documentation and what overlays in the field read. Of Trovo's events nothing is published; the
members that overlays read under other names are there, too.
"""

from functools import partial
from typing import Final

from stagedoor.streamerbot.events.builder import Builder
from stagedoor.streamerbot.events.emotes import Emotes, find_emotes, parts_of
from stagedoor.streamerbot.events.people import kick_user
from stagedoor.streamerbot.events.reading import (
    as_object,
    as_text,
    derived_message_id,
    fill,
    first_text,
    is_object_or_nothing,
    share,
    stands_for_object,
)
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject

_KICK: Final = "kick"
_MONTH_S: Final = 30 * 24 * 3600


def chat_message(platform: str, data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete ChatMessage and FirstWords."""
    done = _with_user(platform, data)
    text = first_text(data, "text", "message", "content")
    fill(done, text=text)
    message_id = first_text(data, "msgId", "message_id") or derived_message_id(now, _login(done), text)
    fill(done, messageId=message_id)
    if done.get("emotes") is None:
        done["emotes"] = [_emote(found) for found in find_emotes(text, emotes)]
    if done.get("parts") is None:
        done["parts"] = parts_of(text, done["emotes"])
    given = data.get("reply")
    reply = as_object(given)
    if reply or (data.get("isReply") is True and is_object_or_nothing(given)):
        done["reply"] = {"messageId": "", "content": "", "sender": {"id": "", "name": ""}, **reply}
    fill(done, isReply=bool(reply), isTest=False)
    if platform == "trovo":
        fill(done, message_id=done["messageId"], content=done["text"], timestamp=int(now))
    return done


def follow(platform: str, data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Follow and the events that only say who."""
    return _with_user(platform, data)


def subscription(platform: str, data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Subscription and Resubscription."""
    done = _with_user(platform, data)
    share(done, ("duration", "monthsSubscribed"), 1, aliases=("months", "cumulativeMonths"))
    fill(done, expiresAt=event_time(now + _MONTH_S), isTest=False)
    return done


def gift(platform: str, data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete GiftSubscription."""
    done = _with_user(platform, data)
    recipient = data.get("recipient")
    if stands_for_object(recipient):
        done["recipient"] = _recipient(recipient, platform)
    fill(done, subscribedAt=event_time(now), expiresAt=event_time(now + _MONTH_S), isTest=False)
    return done


def mass_gift(platform: str, data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete MassGiftSubscription."""
    done = _with_user(platform, data)
    fill(done, recipients=[], subscribedAt=event_time(now), expiresAt=event_time(now + _MONTH_S), isTest=False)
    recipients = done["recipients"]
    share(done, ("count",), (len(recipients) if isinstance(recipients, list) else 0) or 1, aliases=("total", "gifts"))
    fill(done, gifter_total=done["count"])
    return done


def redemption(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete RewardRedemption, whose person is the ``redeemer``; ``reward`` may be the title alone."""
    done = _with_user(_KICK, data)
    redeemer = data.get("redeemer")
    if stands_for_object(redeemer):
        done["redeemer"] = kick_user(redeemer if redeemer is not None else done["user"], _KICK)
    given = data.get("reward")
    reward = dict(as_object(given))
    fill(reward, id="", title=as_text(given), cost=0, description="")
    if stands_for_object(given):
        done["reward"] = reward
    fill(done, description=first_text(data, "userInput", "user_input", "text", "message", "rawInput"), status="")
    fill(done, id=derived_message_id(now, _login(done), as_text(reward["title"])), redeemedAt=event_time(now))
    return done


def moderation(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete UserTimedOut and UserBanned; the user is the one it happened to."""
    done = _with_user(_KICK, {"user": data["targetUser"], **data} if data.get("targetUser") else data)
    moderator = data.get("moderator")
    if stands_for_object(moderator):
        done["moderator"] = _recipient(moderator, _KICK)
    fill(done, reason="", createdAt=event_time(now), duration=0)
    return done


def _with_user(platform: str, data: JsonObject) -> JsonObject:
    done = dict(data)
    given = data.get("user")
    if stands_for_object(given):
        user = done["user"] = kick_user(given, platform, data)
        if platform == "trovo":
            fill(user, userId=user["id"], userName=user["name"])
    return done


def _recipient(given: object, platform: str) -> JsonObject:
    user = kick_user(given, platform)
    short = ("id", "login", "name", "profilePicture")
    return {**{member: user[member] for member in short}, **as_object(given)}


def _login(done: JsonObject) -> str:
    return as_text(as_object(done.get("user")).get("login"))


def _emote(found: JsonObject) -> JsonObject:
    """An emote with the names that Kick's events have for it beside those of the other platforms."""
    return {**found, "text": found["name"], "url": found["imageUrl"]}


def _builders(platform: str) -> dict[str, Builder]:
    return {
        "ChatMessage": partial(chat_message, platform),
        "FirstWords": partial(chat_message, platform),
        "Follow": partial(follow, platform),
        "Subscription": partial(subscription, platform),
        "Resubscription": partial(subscription, platform),
        "GiftSubscription": partial(gift, platform),
        "MassGiftSubscription": partial(mass_gift, platform),
    }


BUILDERS: Final[dict[str, Builder]] = {
    **_builders(_KICK),
    "RewardRedemption": redemption,
    "UserTimedOut": moderation,
    "UserBanned": moderation,
}
"""How each of Kick's types is completed."""

TROVO_BUILDERS: Final[dict[str, Builder]] = _builders("trovo")
"""How each of Trovo's types is completed."""
