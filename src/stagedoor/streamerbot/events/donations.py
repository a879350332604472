"""The donation services' events, completed: flat objects that name the same facts differently.

Sources: Streamer.bot's documentation and what overlays in the field read.
"""

from collections.abc import Callable
from typing import Final

from stagedoor.streamerbot.events.emotes import Emotes
from stagedoor.streamerbot.events.reading import (
    as_object,
    derived_message_id,
    fill,
    first,
    first_text,
    stands_for_object,
)
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject

_WHO: Final = ("from", "username", "user", "user_name", "userName", "displayName", "name", "nickname", "donorName")
_TEXT: Final = ("message", "text")
_AMOUNT: Final = ("amount", "total")


def flat_tip(who: str, **defaults: object) -> Callable[[JsonObject, Emotes, float], JsonObject]:
    """Make the builder of a service that calls the giver ``who``; a default of ``"{now}"`` is the time, ``"{id}"`` an id."""

    def build(data: JsonObject, emotes: Emotes, now: float) -> JsonObject:
        done = dict(data)
        name = first_text(data, who, *_WHO) or first_text(as_object(data.get("user")), "name", "login")
        text = first_text(data, *_TEXT)
        amount = first(data, *_AMOUNT)
        fill(done, **{who: name, "message": text, "currency": "USD", "amount": amount if amount is not None else 0})
        for member, default in defaults.items():
            if default == "{now}":
                fill(done, **{member: event_time(now)})
            elif default == "{id}":
                fill(done, **{member: derived_message_id(now, name, text)})
            elif isinstance(default, list):
                fill(done, **{member: list(default)})
            else:
                fill(done, **{member: default})
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
    if stands_for_object(given):
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


_STREAMLABS: Final = flat_tip("from", isTest=False)
_KOFI: Final = {"messageId": "{id}", "timestamp": "{now}", "isPublic": True}

BUILDERS: Final = {
    ("Streamlabs", "Donation"): streamlabs,
    ("StreamElements", "Tip"): flat_tip("username", id="{id}", provider="", isTest=False),
    ("Kofi", "Donation"): flat_tip("from", **_KOFI),
    ("Kofi", "Commission"): flat_tip("from", **_KOFI),
    ("Kofi", "Subscription"): flat_tip("from", **_KOFI, tier=""),
    ("Kofi", "Resubscription"): flat_tip("from", **_KOFI, tier=""),
    ("Kofi", "ShopOrder"): flat_tip("from", **_KOFI, items=[]),
    ("TipeeeStream", "Donation"): flat_tip("username", avatar="", fees=0),
    ("Fourthwall", "Donation"): flat_tip("username", status=""),
    ("DonorDrive", "Donation"): donordrive,
}
