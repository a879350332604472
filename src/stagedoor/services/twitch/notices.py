"""What chat shows beside messages, from ``channel.chat.notification``: subscriptions, gifts, announcements."""

from collections.abc import Iterator
from typing import Final

from stagedoor.services.twitch.bodies import (
    ANONYMOUS_GIFTER,
    Context,
    Reading,
    Told,
    chatter,
    marked_text,
    members_of,
    nested,
    shared_chat,
    somebody,
)
from stagedoor.services.twitch.chat import list_badges, read_badges
from stagedoor.streamerbot.events.reading import as_count, as_text
from stagedoor.types import JsonObject

_SHARED: Final = "shared_chat_"
"""What begins the type of a notice from another channel, whose chat is shared with this one."""

_NAMES: Final = {
    "sub": ("Sub", "SharedChatSub"),
    "resub": ("ReSub", "SharedChatResub"),
    "sub_gift": ("GiftSub", "SharedChatSubGift"),
    "community_sub_gift": ("GiftBomb", "SharedChatCommunitySubGift"),
    "gift_paid_upgrade": ("GiftPaidUpgrade", "SharedChatGiftPaidUpgrade"),
    "prime_paid_upgrade": ("PrimePaidUpgrade", "SharedChatPrimePaidUpgrade"),
    "pay_it_forward": ("PayItForward", "SharedChatPayItForward"),
    "announcement": ("Announcement", "SharedChatAnnouncement"),
    "raid": (None, "SharedChatRaid"),
    "bits_badge_tier": ("BitsBadgeTier", None),
    "watch_streak": ("WatchStreak", None),
}
"""The event of each type of notice, and of the same in another channel. Raids of this channel and gifts to charities
have topics of their own."""


def notification(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read a notice."""
    type_ = as_text(body.get("notice_type"))
    facts = nested(body, type_)
    is_shared = type_.startswith(_SHARED)
    kind = type_.removeprefix(_SHARED)
    name = _NAMES.get(kind, (None, None))[is_shared]
    if name is not None:
        data = _DATA[kind](body, facts, context)
        yield Told(name, {**data, **_source(body)} if is_shared else data)


def _source(body: JsonObject) -> JsonObject:
    """Which channel a notice of a shared chat is from."""
    return {
        "source": {**somebody(body, "source_broadcaster_user"), "type": "twitch"},
        "sourceMessageId": as_text(body.get("source_message_id")),
        "sourceBadges": list_badges(read_badges(body.get("source_badges"))),
    }


def _notice(body: JsonObject, context: Context) -> JsonObject:
    """What the notices have in common that show a chatter and a text."""
    data = {
        "user": chatter(body),
        **marked_text(body.get("message"), context.emotes),
        "messageId": as_text(body.get("message_id")),
        "isTest": False,
        **shared_chat(body, context.memory),
    }
    if message := as_text(body.get("system_message")):
        data["systemMessage"] = message
    del data["cheerEmotes"]
    return data


def _subscriber(body: JsonObject, context: Context, facts: JsonObject, *, months: int) -> JsonObject:
    """A notice about somebody who subscribes now, whatever their badges say still."""
    data = _notice(body, context)
    user = data["user"]
    if isinstance(user, dict):
        tier = as_text(facts.get("sub_tier")) or "1000"
        user |= {"subscribed": True, "subscriptionTier": tier, "monthsSubscribed": months}
    return data


def _sub(body: JsonObject, facts: JsonObject, context: Context) -> JsonObject:
    return {
        **_subscriber(body, context, facts, months=1),
        "sub_tier": as_text(facts.get("sub_tier")),
        "is_prime": facts.get("is_prime") is True,
        "duration_months": as_count(facts.get("duration_months")) or 1,
    }


def _resub(body: JsonObject, facts: JsonObject, context: Context) -> JsonObject:
    months = as_count(facts.get("cumulative_months")) or 1
    return {
        **_subscriber(body, context, facts, months=months),
        "subTier": as_text(facts.get("sub_tier")),
        "isPrime": facts.get("is_prime") is True,
        "cumulativeMonths": months,
        "durationMonths": as_count(facts.get("duration_months")) or 1,
        "streakMonths": as_count(facts.get("streak_months")),
        "isGift": facts.get("is_gift") is True,
        "gifterIsAnonymous": facts.get("gifter_is_anonymous") is True,
    }


def _sub_gift(body: JsonObject, facts: JsonObject, context: Context) -> JsonObject:
    gift = as_text(facts.get("community_gift_id"))
    count, cumulative = context.memory.gifts.get(gift, (0, 0))
    return {
        **_notice(body, context),
        "recipient": {**somebody(facts, "recipient_user"), "type": "twitch"},
        "subTier": as_text(facts.get("sub_tier")),
        "durationMonths": as_count(facts.get("duration_months")) or 1,
        "cumlativeTotal": as_count(facts.get("cumulative_total")),
        "fromCommunitySubGift": bool(gift),
        "randomCommunitySubGift": bool(gift),
        "communitySubGiftCount": count,
        "communitySubGiftCumulativeTotal": cumulative,
        "isAnonymous": body.get("chatter_is_anonymous") is True,
    }


def _community_sub_gift(body: JsonObject, facts: JsonObject, context: Context) -> JsonObject:
    id_ = as_text(facts.get("id"))
    total, cumulative = (as_count(facts.get(member)) for member in ("total", "cumulative_total"))
    context.memory.remember_gift(id_, total, cumulative)
    return {
        **_notice(body, context),
        "id": id_,
        "total": total,
        "cumulative_total": cumulative,
        "sub_tier": as_text(facts.get("sub_tier")),
        "isAnonymous": body.get("chatter_is_anonymous") is True,
    }


def _announcement(body: JsonObject, facts: JsonObject, context: Context) -> JsonObject:
    return {**_notice(body, context), "announcementColor": as_text(facts.get("color")).upper() or "PRIMARY"}


def _watch_streak(body: JsonObject, facts: JsonObject, context: Context) -> JsonObject:
    return {
        **_notice(body, context),
        "streak_count": as_count(facts.get("streak_count")),
        "channel_points_awarded": as_count(facts.get("channel_points_awarded")),
    }


def _raid(body: JsonObject, facts: JsonObject, context: Context) -> JsonObject:
    return {
        **members_of(facts, "user", as_prefix="from_broadcaster_user"),
        **members_of(body, "source_broadcaster_user", as_prefix="to_broadcaster_user"),
        "viewers": as_count(facts.get("viewer_count")),
        "profileImage": as_text(facts.get("profile_image_url")),
        "isTest": False,
        **shared_chat(body, context.memory),
    }


def _plain(body: JsonObject, context: Context) -> JsonObject:
    """What the notices have in common that show a chatter and no text."""
    data = _notice(body, context)
    del data["text"], data["emotes"]
    return data


def _prime_paid_upgrade(body: JsonObject, facts: JsonObject, context: Context) -> JsonObject:
    return {**_plain(body, context), "upgradeTier": as_text(facts.get("sub_tier")) or "1000"}


def _after_gift(body: JsonObject, facts: JsonObject, context: Context) -> JsonObject:
    is_anonymous = facts.get("gifter_is_anonymous") is True
    gifter = dict(ANONYMOUS_GIFTER) if is_anonymous else somebody(facts, "gifter_user")
    return {
        **_plain(body, context),
        "gifter_is_anonymous": is_anonymous,
        "gifterUser": {**gifter, "type": "twitch"},
    }


def _bits_badge(body: JsonObject, facts: JsonObject, context: Context) -> JsonObject:
    return {**_plain(body, context), "bitBadgeTier": as_text(facts.get("tier"))}


_DATA: Final = {
    "sub": _sub,
    "resub": _resub,
    "sub_gift": _sub_gift,
    "community_sub_gift": _community_sub_gift,
    "gift_paid_upgrade": _after_gift,
    "prime_paid_upgrade": _prime_paid_upgrade,
    "pay_it_forward": _after_gift,
    "announcement": _announcement,
    "raid": _raid,
    "bits_badge_tier": _bits_badge,
    "watch_streak": _watch_streak,
}

READINGS: Final[dict[str, Reading]] = {"channel.chat.notification": notification}
"""How the topic is read."""
