"""What moderators do, from ``channel.moderate`` and from the topics that tell parts of it."""

from collections.abc import Iterator
from typing import Final

from stagedoor.services.twitch.bodies import (
    Context,
    Reading,
    Told,
    channel_of,
    members_of,
    nested,
    seconds_between,
    shared_chat,
    somebody,
)
from stagedoor.streamerbot.events.reading import as_count, as_text
from stagedoor.streamerbot.times import event_time
from stagedoor.types import JsonObject

_SHARED: Final = "shared_chat_"
"""What begins an action of another channel, whose chat is shared with this one."""

_JUDGEMENTS: Final = {
    "ban": "UserBanned",
    "timeout": "UserTimedOut",
    "unban": "UserUnbanned",
    "untimeout": "UserUntimedOut",
}
_SHARED_JUDGEMENTS: Final = {
    "ban": "SharedChatUserBanned",
    "timeout": "SharedChatUserTimedout",
    "unban": "SharedChatUserUnbanned",
    "untimeout": "SharedChatUserUntimedout",
}
_TERMS: Final = {
    "add_blocked_term": "BlockedTermsAdded",
    "remove_blocked_term": "BlockedTermsDeleted",
    "add_permitted_term": "PermittedTermsAdded",
    "remove_permitted_term": "PermittedTermsDeleted",
}
_SWITCHES: Final = {
    "emoteonly": ("ChatEmoteModeOn", "emoteMode"),
    "emoteonlyoff": ("ChatEmoteModeOff", "emoteMode"),
    "subscribers": ("ChatSubscriberModeOn", "subscriberOnly"),
    "subscribersoff": ("ChatSubscriberModeOff", "subscriberOnly"),
    "uniquechat": ("ChatUniqueModeOn", "uniqueMode"),
    "uniquechatoff": ("ChatUniqueModeOff", "uniqueMode"),
}
"""The chat's modes that are on or off."""


def moderate(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read ``channel.moderate``. What has a topic of its own is left to that: moderators, VIPs, warnings, requests."""
    action = as_text(body.get("action"))
    facts = nested(body, action)
    if action.startswith(_SHARED):
        yield from _moderate_shared(action.removeprefix(_SHARED), facts, body, context)
    elif name := _JUDGEMENTS.get(action):
        yield Told(name, _judgement(facts, body, context))
    elif action == "delete":
        yield Told("ChatMessageDeleted", _deletion(facts, body, context))
    elif action == "clear":
        yield from chat_clear(body, context)
    elif action in _SWITCHES:
        name, member = _SWITCHES[action]
        yield Told(name, {**channel_of(body), member: not action.endswith("off")})
    elif action in ("followers", "followersoff"):
        minutes = as_count(facts.get("follow_duration_minutes"))
        yield _mode(body, "ChatFollowerMode", "followerMode", "Duration", minutes, is_on=action == "followers")
    elif action in ("slow", "slowoff"):
        seconds = as_count(facts.get("wait_time_seconds"))
        yield _mode(body, "ChatSlowMode", "slowMode", "WaitTime", seconds, is_on=action == "slow")
    elif action in ("raid", "unraid"):
        yield _raid(facts, body, is_over=action == "unraid")
    elif name := _TERMS.get(action):
        yield Told(name, _terms(body))


def _moderate_shared(action: str, facts: JsonObject, body: JsonObject, context: Context) -> Iterator[Told]:
    if name := _SHARED_JUDGEMENTS.get(action):
        yield Told(name, _judgement(facts, body, context))
    elif action == "delete":
        yield Told("SharedChatMessageDeleted", _deletion(facts, body, context))


def _judgement(facts: JsonObject, body: JsonObject, context: Context) -> JsonObject:
    data: JsonObject = {
        **_by_moderator(facts, body, context),
        **members_of(facts, "user"),
        "reason": as_text(facts.get("reason")),
        "duration": seconds_between(None, facts.get("expires_at"), context.now),
    }
    if expires_at := as_text(facts.get("expires_at")):
        data["expires_at"] = expires_at
    return data


def _deletion(facts: JsonObject, body: JsonObject, context: Context) -> JsonObject:
    return {
        **_by_moderator(facts, body, context),
        "messageId": as_text(facts.get("message_id")),
        "text": as_text(facts.get("message_body")),
    }


def _by_moderator(facts: JsonObject, body: JsonObject, context: Context) -> JsonObject:
    return {
        "targetUser": somebody(facts),
        "moderator": somebody(body, "moderator_user"),
        **shared_chat(body, context.memory),
    }


def _mode(body: JsonObject, name: str, member: str, length: str, value: int, *, is_on: bool) -> Told:
    data = {**channel_of(body), member: is_on, f"{member}{length}": value if is_on else 0}
    return Told(f"{name}{'On' if is_on else 'Off'}", data)


def _raid(facts: JsonObject, body: JsonObject, *, is_over: bool) -> Told:
    target = somebody(facts)
    data: JsonObject = {
        **channel_of(body),
        "raidUser": target["name"],
        "raidUserName": target["login"],
        "raidUserId": target["id"],
    }
    if is_over:
        return Told("RaidCancelled", data)
    return Told("RaidStart", {**data, "viewers": as_count(facts.get("viewer_count"))})


def _terms(body: JsonObject) -> JsonObject:
    facts = nested(body, "automod_terms")
    terms = facts.get("terms")
    return {
        **channel_of(body),
        **members_of(body, "moderator_user", as_prefix="moderator_user"),
        "term": [term for term in terms if isinstance(term, str)] if isinstance(terms, list) else [],
        "fromAutomod": facts.get("from_automod") is True,
    }


def ban(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read ``channel.ban``: a ban, or a timeout when it ends."""
    data = {
        **_by_moderator(body, body, context),
        **members_of(body, "user"),
        "reason": as_text(body.get("reason")),
        "duration": seconds_between(body.get("banned_at"), body.get("ends_at"), context.now),
    }
    if banned_at := as_text(body.get("banned_at")):
        data["createdAt"] = banned_at
    if ends_at := as_text(body.get("ends_at")):
        data["expires_at"] = ends_at
    yield Told("UserBanned" if body.get("is_permanent") is True else "UserTimedOut", data)


def unban(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read ``channel.unban``, which does not say whether it was a ban or a timeout."""
    yield Told("UserUnbanned", {**_by_moderator(body, body, context), **members_of(body, "user")})


def message_delete(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read ``channel.chat.message_delete``, which says neither by whom nor what."""
    data = {
        "targetUser": somebody(body, "target_user"),
        "messageId": as_text(body.get("message_id")),
        **shared_chat(body, context.memory),
    }
    yield Told("ChatMessageDeleted", data)


def chat_clear(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read ``channel.chat.clear``, or the same from ``channel.moderate``, which says by whom."""
    data: JsonObject = {
        "target_user_id": "",
        "target_user_login": "",
        "created_by_user_id": as_text(body.get("moderator_user_id")),
        "created_by": as_text(body.get("moderator_user_login")),
        "moderation_action": "clear",
        "type": "chat_channel_moderation",
        "duration": 0,
        "isTest": False,
    }
    yield Told("ChatCleared", data)


def suspicious_user(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read ``channel.suspicious_user.update``."""
    yield Told("SuspiciousUserUpdate", {**_acted(body), "lowTrustStatus": as_text(body.get("low_trust_status"))})


def warning(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read ``channel.warning.send``; a warning that cites rules alone has those as its reason."""
    rules = body.get("chat_rules_cited")
    cited = ", ".join(rule for rule in rules if isinstance(rule, str)) if isinstance(rules, list) else ""
    yield Told("WarnedUser", {**_acted(body), "reason": as_text(body.get("reason")) or cited})


def warning_read(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read ``channel.warning.acknowledge``."""
    yield Told("WarningAcknowledged", {**channel_of(body), **members_of(body, "user")})


def unban_request(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read ``channel.unban_request.create``."""
    data = {**channel_of(body), **members_of(body, "user"), "text": as_text(body.get("text"))}
    if created_at := as_text(body.get("created_at")):
        data["createdAt"] = created_at
    yield Told("UnbanRequestCreated", data)


def unban_request_resolved(body: JsonObject, context: Context) -> Iterator[Told]:
    """Read ``channel.unban_request.resolve``; a request that was taken back is no event."""
    name = {"approved": "UnbanRequestApproved", "denied": "UnbanRequestDenied"}.get(as_text(body.get("status")))
    if name is not None:
        message = as_text(body.get("resolution_text"))
        yield Told(name, {**_acted(body), "message": message, "createdAt": event_time(context.now)})


def _acted(body: JsonObject) -> JsonObject:
    return {
        **channel_of(body),
        **members_of(body, "user"),
        **members_of(body, "moderator_user", as_prefix="moderator_user"),
    }


READINGS: Final[dict[str, Reading]] = {
    "channel.moderate": moderate,
    "channel.ban": ban,
    "channel.unban": unban,
    "channel.chat.message_delete": message_delete,
    "channel.chat.clear": chat_clear,
    "channel.suspicious_user.update": suspicious_user,
    "channel.warning.send": warning,
    "channel.warning.acknowledge": warning_read,
    "channel.unban_request.create": unban_request,
    "channel.unban_request.resolve": unban_request_resolved,
}
"""How each of these topics is read."""
