"""YouTube's events, completed.

Sources: Streamer.bot's documentation, the types of the official client 1.12.2, and what overlays in the field read.
"""

import re
from typing import Final

from stagedoor.streamerbot.events.builder import Builder
from stagedoor.streamerbot.events.emotes import Emotes, find_emotes, parts_of
from stagedoor.streamerbot.events.people import youtube_user
from stagedoor.streamerbot.events.reading import (
    as_object,
    as_text,
    derived_message_id,
    fill,
    first_text,
    share,
    stands_for_object,
)
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject

_AMOUNT: Final = re.compile(r"\d{1,12}(?:[.,]\d{1,6})?")
_SIGNS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "BRL": "R$"}
_CURRENCIES: Final = {sign: code for code, sign in _SIGNS.items()}
_NO_BROADCAST: Final[JsonObject] = {
    "id": "",
    "title": "",
    "description": "",
    "privacy": "public",
    "status": "live",
    "publishedAt": None,
    "channelId": "",
    "liveChatId": "",
    "categoryId": "",
    "scheduledStartTime": None,
    "actualStartTime": None,
    "scheduledEndTime": None,
    "actualEndTime": None,
    "defaultLanguage": "",
    "defaultAudioLanguage": "",
}


def message(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Message and FirstWords."""
    done = _event(data, now)
    text = _text(done)
    if done.get("emotes") is None:
        done["emotes"] = find_emotes(text, emotes)
    if done.get("parts") is None:
        done["parts"] = parts_of(text, done["emotes"])
    return done


def super_chat(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete SuperChat; the amount may be given as text, as a number, or in millionths."""
    done = message(data, emotes, now)
    _price(done)
    return done


def super_sticker(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete SuperSticker; overlays such as nutty.gg's look anywhere in it for an ``imageUrl``."""
    done = _event(data, now)
    _price(done)
    fill(done, stickerId="", stickerAltText="")
    share(done, ("stickerImageUrl", "imageUrl"), "")
    return done


def member(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete NewSponsor."""
    done = _event(data, now)
    share(done, ("levelName",), "", aliases=("level", "tier"))
    fill(done, isUpgrade=False)
    return done


def milestone(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete MemberMileStone."""
    done = message(data, emotes, now)
    share(done, ("levelName",), "", aliases=("level", "tier"))
    share(done, ("months",), 1, aliases=("monthsSubscribed",))
    return done


def gift(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete MembershipGift, whose user is the giver."""
    done = _event(data, now)
    share(done, ("count",), 1, aliases=("total", "gifts"))
    share(done, ("tier",), "", aliases=("levelName",))
    return done


def received_gift(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete GiftMembershipReceived, whose user is the one who received it."""
    done = _event(data, now)
    share(done, ("tier",), "", aliases=("levelName",))
    given = data.get("gifter")
    if stands_for_object(given):
        done["gifter"] = youtube_user(given)
    return done


def subscriber(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete NewSubscriber, which names the person flat as well."""
    done = dict(data)
    user = youtube_user(data.get("user"), data)
    if stands_for_object(data.get("user")):
        done["user"] = user
    fill(done, createdAt=event_time(now), username=user["name"], userId=user["id"], avatar=user["profileImageUrl"])
    fill(done, isTest=False)
    return done


def banned(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete UserBanned; overlays look for the person under either name."""
    given = data.get("bannedUser")
    done = _event(data if given is None or data.get("user") is not None else {**data, "user": given}, now)
    if stands_for_object(given):
        done["bannedUser"] = youtube_user(done["user"] if given is None else given)
    share(done, ("banDuration", "duration"), 0)
    fill(done, banType="temporary" if done["banDuration"] else "permanent")
    return done


def broadcast(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete the events that are about a broadcast and nothing else."""
    done = dict(data)
    fill(done, **_NO_BROADCAST, tags=[])
    return done


def statistics(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete StatisticsUpdated."""
    done = dict(data)
    _broadcast(done, data)
    share(done, ("concurrentViewers",), 0, aliases=("viewerCount", "viewers"))
    fill(done, viewCount=0, likeCount=0, dislikeCount=0, favoriteCount=0, commentCount=0)
    return done


def deleted(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete MessageDeleted; overlays look for the message's id under either name."""
    done = dict(data)
    share(done, ("messageId", "eventId"), "", aliases=("targetMessageId", "msgId"))
    user = data.get("user")
    if stands_for_object(user):
        done["user"] = youtube_user(user, data)
    return done


def _event(data: JsonObject, now: float) -> JsonObject:
    """What all have in common: who, when, in which broadcast, under which id."""
    done = dict(data)
    given = data.get("user")
    user = youtube_user(given, data)
    if stands_for_object(given):
        done["user"] = user
    event_id = first_text(data, "messageId", "msgId") or derived_message_id(now, as_text(user["id"]), _text(data))
    fill(done, eventId=event_id, message=_text(data), publishedAt=event_time(now), isTest=False)
    _broadcast(done, data)
    return done


def _broadcast(done: JsonObject, data: JsonObject) -> None:
    """Fill the broadcast in which it happened; a text in its place is the title."""
    given = data.get("broadcast")
    if stands_for_object(given):
        known: JsonObject = dict(as_object(given))
        fill(known, title=as_text(given))
        fill(known, **_NO_BROADCAST, tags=[])
        done["broadcast"] = known


def _text(data: JsonObject) -> str:
    return first_text(data, "message", "text")


def _price(done: JsonObject) -> None:
    """Complete an amount: ``"$5.00"``, 5000000 millionths, ``USD``, tier."""
    amount, micros = done.get("amount"), done.get("microAmount")
    code = first_text(done, "currencyCode", "currency").upper() or _currency(as_text(amount)) or "USD"
    fill(done, currencyCode=code)
    if micros is None:
        micros = done["microAmount"] = _micros(amount)
    if amount is None:
        number = micros if isinstance(micros, int | float) else 0
        sign = _SIGNS.get(code)
        done["amount"] = f"{sign}{number / 1e6:.2f}" if sign else f"{code} {number / 1e6:.2f}"
    fill(done, tier=1)


def _micros(amount: object) -> int:
    if isinstance(amount, int | float) and not isinstance(amount, bool) and abs(amount) < 1e12:
        return round(amount * 1_000_000)
    match = _AMOUNT.search(amount) if isinstance(amount, str) else None
    return round(float(match[0].replace(",", ".")) * 1_000_000) if match else 0


def _currency(amount: str) -> str:
    """The currency of a sign, the longest first: ``R$`` is not a dollar."""
    signs = sorted(_CURRENCIES, key=len, reverse=True)
    return next((_CURRENCIES[sign] for sign in signs if amount.startswith(sign)), "")


BUILDERS: Final[dict[str, Builder]] = {
    "Message": message,
    "FirstWords": message,
    "SuperChat": super_chat,
    "SuperSticker": super_sticker,
    "NewSponsor": member,
    "MemberMileStone": milestone,
    "MembershipGift": gift,
    "GiftMembershipReceived": received_gift,
    "NewSubscriber": subscriber,
    "UserBanned": banned,
    "MessageDeleted": deleted,
    "StatisticsUpdated": statistics,
    "BroadcastStarted": broadcast,
    "BroadcastEnded": broadcast,
    "BroadcastUpdated": broadcast,
    "BroadcastMonitoringStarted": broadcast,
    "BroadcastMonitoringEnded": broadcast,
    "BroadcastAdded": broadcast,
    "BroadcastRemoved": broadcast,
}
"""How each type is completed."""
