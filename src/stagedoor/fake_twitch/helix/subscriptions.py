"""Helix about EventSub's subscriptions."""

from stagedoor.fake_twitch.eventsub import MAX_COST, Subscription
from stagedoor.fake_twitch.helix.call import Call, Route
from stagedoor.fake_twitch.refused import Refused
from stagedoor.types import JsonObject


def create_subscription(call: Call) -> JsonObject:
    """Create EventSub Subscription."""
    made = call.eventsub.subscribe(call.token, call.body)
    return {"data": [call.eventsub.describe(made, with_connection=True)], **_sums(_own(call))}


def get_subscriptions(call: Call) -> JsonObject:
    """Get EventSub Subscriptions: those made with this user's tokens, the ended ones too."""
    filters = [name for name in ("status", "type", "user_id", "subscription_id") if name in call.query]
    if len(filters) > 1:
        raise Refused(400, "Only one of the parameters status, type, user_id or subscription_id may be specified.")
    own = _own(call)
    found = own
    for name in filters:
        wanted = call.query[name]
        found = [
            one
            for one in own
            if wanted
            in {"status": (one.status,), "type": (one.topic.name,), "subscription_id": (one.id,)}.get(
                name, tuple(one.condition.values())
            )
        ]
    page, pagination = call.page(found, default=100)
    shown = [call.eventsub.describe(one, with_connection=True) for one in page]
    return {"data": shown, **_sums(own), "pagination": pagination}


def delete_subscription(call: Call) -> None:
    """Delete EventSub Subscription."""
    call.eventsub.unsubscribe(call.token, call.one("id"))


def _own(call: Call) -> list[Subscription]:
    return [
        one
        for one in call.eventsub.subscriptions.values()
        if one.token.application is call.token.application and one.token.user is call.token.user
    ]


def _sums(own: list[Subscription]) -> JsonObject:
    cost = sum(one.cost for one in own if one.status == "enabled")
    return {"total": len(own), "total_cost": cost, "max_total_cost": MAX_COST}


EVENTSUB_ROUTES = (
    Route("POST", "/eventsub/subscriptions", create_subscription, success=202),
    Route("GET", "/eventsub/subscriptions", get_subscriptions),
    Route("DELETE", "/eventsub/subscriptions", delete_subscription, success=204),
)
