"""Subscriptions, bought and given.

Their spellings differ from type to type, and ``cumlativeTotal`` lacks a letter; all of it is the wire's own.
"""

from typing import Final

from stagedoor.streamerbot.events.builder import Builder
from stagedoor.streamerbot.events.emotes import Emotes
from stagedoor.streamerbot.events.people import flat_person, person_of, short_user
from stagedoor.streamerbot.events.reading import (
    as_count,
    as_object,
    either,
    fill,
    first_text,
    share,
    stands_for_object,
)
from stagedoor.streamerbot.events.twitch.notices import notice, plain_notice
from stagedoor.types import JsonObject


def sub(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Sub, a first subscription. Its older ``subTier`` is a number: 0 Prime, 1 to 3 the tier."""
    done = notice(data, emotes, now)
    tier, is_prime = _tier(data)
    fill(done, sub_tier=tier, is_prime=is_prime, subTier=0 if is_prime else int(tier[0]))
    share(done, ("duration_months",), 1, aliases=("durationMonths",))
    plan = "with Prime" if is_prime else f"at Tier {tier[0]}"
    fill(done, systemMessage=f"{_name(done)} subscribed {plan}.")
    return done


def resub(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete ReSub, a subscription that goes on."""
    done = notice(data, emotes, now)
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
    done = notice(data, emotes, now)
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
    done = notice(data, emotes, now)
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


def prime_paid_upgrade(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete PrimePaidUpgrade: Prime's subscription becomes one that is paid for."""
    done = plain_notice(data, now)
    tier = first_text(data, "upgradeTier", "upgradeTierString", "sub_tier", "subTier", "tier")
    tier, _ = _tier({"tier": tier})
    share(done, ("upgradeTier", "upgradeTierString"), tier)
    fill(done, systemMessage=f"{_name(done)} converted from a Prime sub to a Tier {tier[0]} sub!")
    return done


def gift_paid_upgrade(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete GiftPaidUpgrade: a subscription that was given becomes one that is paid for."""
    done = _after_gift(data, now)
    giver = first_text(as_object(done.get("gifterUser")), "name") or "an anonymous user"
    fill(done, systemMessage=f"{_name(done)} is continuing the Gift Sub they got from {giver}!")
    return done


def pay_it_forward(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete PayItForward: who was given a subscription gives one."""
    done = _after_gift(data, now)
    giver = first_text(as_object(done.get("gifterUser")), "name") or "an anonymous user"
    fill(done, systemMessage=f"{_name(done)} is paying forward the Gift they got from {giver} to the community!")
    return done


def _after_gift(data: JsonObject, now: float) -> JsonObject:
    done = plain_notice(data, now)
    given = data.get("gifterUser")
    if stands_for_object(given):
        done["gifterUser"] = short_user(given, person_of(given))
    fill(done, gifter_is_anonymous=False)
    return done


def bits_badge(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete BitsBadgeTier: somebody has cheered enough for another badge."""
    done = plain_notice(data, now)
    fill(done, bitBadgeTier=first_text(data, "tier"))
    fill(done, systemMessage=f"{_name(done)} just earned a new Bits badge!")
    return done


def _from_shared_chat(build: Builder) -> Builder:
    """Complete a notice of another channel whose chat is shared with this one."""

    def completed(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
        flags: JsonObject = {
            name: True for name in ("isInSharedChat", "isFromSharedChatGuest") if data.get(name) is None
        }
        return build({**data, **flags}, emotes, now)

    return completed


def _tier(data: JsonObject) -> tuple[str, bool]:
    """The tier as ``1000``, ``2000`` or ``3000``, however it was written, and whether it is Prime's."""
    given = first_text(data, "sub_tier", "subTier", "tier").lower()
    is_prime = either(data.get("is_prime"), data.get("isPrime"), default=given in ("0", "prime")) is True
    digits = given.removeprefix("tier").strip()
    return (f"{digits[0]}000" if digits[:1] in ("1", "2", "3") else "1000"), is_prime


def _name(done: JsonObject) -> str:
    return first_text(as_object(done.get("user")), "name") or "Somebody"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


BUILDERS: Final[dict[str, Builder]] = {
    "Sub": sub,
    "SharedChatSub": sub,
    "ReSub": resub,
    "SharedChatResub": resub,
    "GiftSub": gift_sub,
    "SharedChatSubGift": gift_sub,
    "GiftBomb": gift_bomb,
    "SharedChatCommunitySubGift": gift_bomb,
    "PrimePaidUpgrade": prime_paid_upgrade,
    "SharedChatPrimePaidUpgrade": _from_shared_chat(prime_paid_upgrade),
    "GiftPaidUpgrade": gift_paid_upgrade,
    "SharedChatGiftPaidUpgrade": _from_shared_chat(gift_paid_upgrade),
    "PayItForward": pay_it_forward,
    "SharedChatPayItForward": _from_shared_chat(pay_it_forward),
    "BitsBadgeTier": bits_badge,
}
