"""The donation services' events, completed: flat objects that name the same facts differently.

Sources: Streamer.bot's documentation and what overlays in the field read.
"""

from copy import copy
from typing import Final

from stagedoor.streamerbot.events.builder import Builder
from stagedoor.streamerbot.events.emotes import Emotes
from stagedoor.streamerbot.events.reading import (
    as_object,
    as_text,
    derived_message_id,
    fill,
    first,
    first_text,
    is_object_or_nothing,
    share,
    stands_for_object,
)
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject

_WHO: Final = ("from", "username", "user", "user_name", "userName", "displayName", "name", "nickname", "donorName")
_TEXT: Final = ("message", "text")
_AMOUNT: Final = ("amount", "total")


def flat_tip(who: str, **defaults: object) -> Builder:
    """Make the builder of a service that calls the giver ``who``.

    A default of ``"{now}"`` is the time, and one of ``"{id}"`` an id.
    """

    def build(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
        done = dict(data)
        name = first_text(data, who, *_WHO) or first_text(as_object(data.get("user")), "name", "login")
        text = first_text(data, *_TEXT)
        amount = first(data, *_AMOUNT)
        fill(done, **{who: name, "message": text, "currency": "USD", "amount": amount if amount is not None else 0})
        derived = {"{now}": event_time(now), "{id}": derived_message_id(now, name, text)}
        for member, default in defaults.items():
            value = derived.get(default, default) if isinstance(default, str) else copy(default)
            fill(done, **{member: value})
        return done

    return build


def streamlabs(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Streamlabs.Donation, which has the amount as text as well."""
    done = _STREAMLABS(data, emotes, now)
    amount, currency = done["amount"], first_text(done, "currency")
    number = f"{amount:.2f}" if isinstance(amount, int | float) and abs(amount) < 1e15 else first_text(done, "amount")
    fill(done, formattedAmount=f"${number}" if currency == "USD" else f"{number} {currency}".strip())
    return done


def donordrive(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete DonorDrive.Donation, whose facts are in ``donation``."""
    done = dict(data)
    given = data.get("donation")
    if is_object_or_nothing(given):
        donation = dict(as_object(given))
        name, text = first_text(data, *_WHO), first_text(data, *_TEXT)
        amount = first(data, *_AMOUNT)
        fill(
            donation,
            displayName=name,
            donationId=derived_message_id(now, name, text),
            message=text,
            amount=amount if amount is not None else 0,
            recipientName="",
            avatarImageUrl="",
            createdDateUtc=event_time(now),
        )
        done["donation"] = donation
    return done


def fourthwall_order(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete OrderPlaced, whose total is the amount; an order has at least one item."""
    done = _FOURTHWALL_ORDER(data, emotes, now)
    share(done, ("total", "amount"), 0)
    share(done, ("message", "statmessageus"), "")
    if done.get("variants") is None:
        done["variants"] = [{"id": "", "name": first_text(data, "item", "itemName", "product"), "image": ""}]
    return done


def fourthwall_gift(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete GiftPurchase and the two events of a gift's draw; ``offer`` may be the name alone."""
    done = dict(data)
    given = data.get("offer")
    if stands_for_object(given):
        offer = dict(as_object(given))
        fill(offer, id="", name=as_text(given) or first_text(data, "item", "itemName", "product"), imageUrl="")
        done["offer"] = offer
    name = first_text(data, "username", *_WHO)
    fill(done, username=name, gifts=[], currency="USD", durationSeconds=0)
    share(done, ("total",), 0, aliases=("amount",))
    return done


def patreon(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
    """Complete Patreon's events, whose facts are in ``attributes``; an ``amount`` is in dollars."""
    done = dict(data)
    given = data.get("attributes")
    amount = data.get("amount")
    cents = round(amount * 100) if isinstance(amount, int | float) and abs(amount) < 1e12 else 0
    if stands_for_object(given):
        attributes = dict(as_object(given))
        share(attributes, ("will_pay_amount_cents", "currently_entitled_amount_cents"), cents)
        fill(attributes, full_name=as_text(given) or first_text(data, "full_name", *_WHO))
        done["attributes"] = attributes
    fill(done, id=derived_message_id(now, first_text(data, *_WHO)), entitledTiers=[])
    return done


_STREAMLABS: Final = flat_tip("from", isTest=False)
_FOURTHWALL_ORDER: Final = flat_tip("username", status="")
_KOFI: Final[JsonObject] = {"messageId": "{id}", "timestamp": "{now}", "isPublic": True}

BUILDERS: Final[dict[tuple[str, str], Builder]] = {
    ("Streamlabs", "Donation"): streamlabs,
    ("StreamElements", "Tip"): flat_tip("username", id="{id}", provider="", isTest=False),
    ("Kofi", "Donation"): flat_tip("from", **_KOFI),
    ("Kofi", "Commission"): flat_tip("from", **_KOFI),
    ("Kofi", "Subscription"): flat_tip("from", **_KOFI, tier=""),
    ("Kofi", "Resubscription"): flat_tip("from", **_KOFI, tier=""),
    ("Kofi", "ShopOrder"): flat_tip("from", **_KOFI, items=[]),
    ("TipeeeStream", "Donation"): flat_tip("username", avatar="", fees=0),
    ("Fourthwall", "Donation"): flat_tip("username", status=""),
    ("Fourthwall", "OrderPlaced"): fourthwall_order,
    ("Fourthwall", "SubscriptionPurchased"): flat_tip("nickname", interval="MONTHLY", type=""),
    ("Fourthwall", "GiftPurchase"): fourthwall_gift,
    ("Fourthwall", "GiftDrawStarted"): fourthwall_gift,
    ("Fourthwall", "GiftDrawEnded"): fourthwall_gift,
    ("Patreon", "PledgeCreated"): patreon,
    ("Patreon", "PledgeUpdated"): patreon,
    ("Patreon", "PledgeDeleted"): patreon,
    ("Patreon", "FollowCreated"): patreon,
    ("Patreon", "FollowDeleted"): patreon,
    ("DonorDrive", "Donation"): donordrive,
}
"""How each event is completed, by source and type."""
