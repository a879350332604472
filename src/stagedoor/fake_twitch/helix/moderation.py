"""Helix about moderation: bans, warnings, roles, the shield, and requests to be let in again."""

from stagedoor.fake_twitch.chatroom import Ban, UnbanRequest
from stagedoor.fake_twitch.clock import seconds_time
from stagedoor.fake_twitch.helix.call import Call, Route
from stagedoor.fake_twitch.people import User, named
from stagedoor.fake_twitch.refused import Refused
from stagedoor.types import JsonObject

LONGEST_TIMEOUT_S: int = 1_209_600


def _target(call: Call) -> tuple[User, JsonObject]:
    """The user that the member ``data`` of the body is about, and that member."""
    data = call.body.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("user_id"), str):
        raise Refused(400, 'Missing required parameter "user_id"')
    return call.person(data["user_id"]), data


def get_banned(call: Call) -> JsonObject:
    """Get Banned Users."""
    call.affiliate()
    wanted = call.all("user_id")
    bans = [ban for ban in call.world.bans.values() if call.world.ban_of(ban.user) is ban]
    page, pagination = call.page([ban for ban in bans if not wanted or ban.user.id in wanted])
    return {"data": [_ban(ban) for ban in page], "pagination": pagination}


def _ban(ban: Ban) -> JsonObject:
    return {
        **named("user", ban.user),
        "expires_at": "" if ban.ends_at is None else seconds_time(ban.ends_at),
        "created_at": seconds_time(ban.created_at),
        "reason": ban.reason,
        **named("moderator", ban.moderator),
    }


def ban(call: Call) -> JsonObject:
    """Ban User: for good, or for ``duration`` seconds."""
    moderator = call.moderator()
    user, data = _target(call)
    if call.world.is_moderator(user):
        raise Refused(400, "The user specified in the user_id field may not be banned/timed out.")
    duration, reason = data.get("duration"), str(data.get("reason") or "")
    if len(reason) > 500:
        raise Refused(400, "The text in the reason field is too long.")
    if duration is None:
        now = call.world.ban_of(user)
        if now is not None and now.ends_at is None:
            raise Refused(400, "The user specified in the user_id field is already banned.")
        made = call.world.ban(user, reason=reason, moderator=moderator)
    elif isinstance(duration, int) and 1 <= duration <= LONGEST_TIMEOUT_S:
        made = call.world.timeout(user, duration, reason=reason, moderator=moderator)
    else:
        raise Refused(400, "The value in the duration field is not valid.")
    answer: JsonObject = {
        "broadcaster_id": call.world.owner.id,
        "moderator_id": moderator.id,
        "user_id": user.id,
        "created_at": seconds_time(made.created_at),
        "end_time": None if made.ends_at is None else seconds_time(made.ends_at),
    }
    return {"data": [answer]}


def unban(call: Call) -> None:
    """Unban User."""
    moderator = call.moderator()
    if not call.world.unban(call.person(call.one("user_id")), moderator=moderator):
        raise Refused(400, "The user specified in the user_id query parameter is not banned.")


def warn(call: Call) -> JsonObject:
    """Warn Chat User."""
    moderator = call.moderator()
    user, data = _target(call)
    reason = str(data.get("reason") or "")
    if not reason:
        raise Refused(400, 'Missing required parameter "reason"')
    call.world.warn(user, reason, moderator=moderator)
    owner_id = call.world.owner.id
    answer = {"broadcaster_id": owner_id, "user_id": user.id, "moderator_id": moderator.id, "reason": reason}
    return {"data": [answer]}


def get_moderators(call: Call) -> JsonObject:
    """Get Moderators; the broadcaster is not among them."""
    channel = call.world.channel_of(call.broadcaster())
    return _people(call, [one.id for one in call.world.users if one.id in channel.moderators])


def add_moderator(call: Call) -> None:
    """Add Channel Moderator."""
    call.affiliate()
    user = call.person(call.one("user_id"))
    if user.id in call.world.channel.moderators:
        raise Refused(400, "The user is already a moderator in the broadcaster's chat room.")
    if user.id in call.world.channel.vips:
        raise Refused(422, "The user is a VIP.")
    call.world.add_moderator(user)


def remove_moderator(call: Call) -> None:
    """Remove Channel Moderator."""
    call.affiliate()
    user = call.person(call.one("user_id"))
    if user.id not in call.world.channel.moderators:
        raise Refused(400, "The user is not a moderator in the broadcaster's chat room.")
    call.world.remove_moderator(user)


def get_moderated_channels(call: Call) -> JsonObject:
    """Get Moderated Channels."""
    if call.one("user_id") != call.user.id:
        raise Refused(401, "The ID in user_id must match the user ID found in the request's OAuth token.")
    users = call.world.users
    found = [one for one in users if call.user.id in call.world.channel_of(one).moderators]
    page, pagination = call.page(found)
    return {"data": [named("broadcaster", one) for one in page], "pagination": pagination}


def get_vips(call: Call) -> JsonObject:
    """Get VIPs."""
    channel = call.world.channel_of(call.broadcaster())
    return _people(call, [one.id for one in call.world.users if one.id in channel.vips])


def add_vip(call: Call) -> None:
    """Add Channel VIP."""
    call.affiliate()
    user = call.person(call.one("user_id"))
    if user.id in call.world.channel.vips:
        raise Refused(422, "The user is already a VIP.")
    if user.id in call.world.channel.moderators:
        raise Refused(422, "The user is a moderator.")
    call.world.add_vip(user)


def remove_vip(call: Call) -> None:
    """Remove Channel VIP."""
    call.affiliate()
    user = call.person(call.one("user_id"))
    if user.id not in call.world.channel.vips:
        raise Refused(422, "The user is not a VIP.")
    call.world.remove_vip(user)


def _people(call: Call, ids: list[str]) -> JsonObject:
    wanted = call.all("user_id")
    page, pagination = call.page([one for one in ids if not wanted or one in wanted])
    return {"data": [named("user", call.world.find(id=one)) for one in page], "pagination": pagination}


def get_shield(call: Call) -> JsonObject:
    """Get Shield Mode Status."""
    return _shield(call, call.moderator())


def update_shield(call: Call) -> JsonObject:
    """Update Shield Mode Status."""
    moderator = call.moderator()
    is_active = call.body.get("is_active")
    if not isinstance(is_active, bool):
        raise Refused(400, 'Missing required parameter "is_active"')
    if is_active != (call.world.shield_mode_since is not None):
        if is_active:
            call.world.begin_shield_mode(moderator=moderator)
        else:
            call.world.end_shield_mode(moderator=moderator)
    return _shield(call, moderator)


def _shield(call: Call, moderator: User) -> JsonObject:
    since = call.world.shield_mode_since
    return {
        "data": [
            {
                "is_active": since is not None,
                **named("moderator", moderator),
                "last_activated_at": "" if since is None else seconds_time(since),
            }
        ]
    }


def get_unban_requests(call: Call) -> JsonObject:
    """Get Unban Requests of one status: pending, approved, denied, acknowledged or canceled."""
    call.moderator()
    status = call.one("status")
    found = [one for one in call.world.unban_requests.values() if one.status == status]
    page, pagination = call.page(found)
    return {"data": [_unban_request(call, one) for one in page], "pagination": pagination}


def resolve_unban_request(call: Call) -> JsonObject:
    """Resolve Unban Requests: approve or deny one."""
    moderator = call.moderator()
    request = call.world.unban_requests.get(call.one("unban_request_id"))
    if request is None:
        raise Refused(404, "The unban request ID was not found.")
    status = call.one("status")
    if status not in ("approved", "denied") or request.status != "pending":
        raise Refused(400, "The value in status is not valid.")
    text = call.query.get("resolution_text", "")
    call.world.resolve_unban_request(request, status, text, moderator=moderator)
    return {"data": [_unban_request(call, request)]}


def _unban_request(call: Call, request: UnbanRequest) -> JsonObject:
    resolved_at = request.resolved_at
    return {
        "id": request.id,
        **named("broadcaster", call.world.owner),
        **named("moderator", request.moderator),
        **named("user", request.user),
        "text": request.text,
        "status": request.status,
        "created_at": seconds_time(request.created_at),
        "resolved_at": None if resolved_at is None else seconds_time(resolved_at),
        "resolution_text": request.resolution,
    }


def shout_out(call: Call) -> None:
    """Send a Shoutout: once in two minutes, and to one channel once in an hour."""
    if call.one("from_broadcaster_id") != call.world.owner.id:
        raise Refused(403, "User does not have permission to perform this action in this channel.")
    if call.one("moderator_id") != call.user.id or not call.world.is_moderator(call.user):
        raise Refused(401, "The ID in moderator_id must match the user ID found in the request's OAuth token.")
    target = call.person(call.one("to_broadcaster_id"), "to_broadcaster_id")
    if target is call.world.owner:
        raise Refused(400, "The broadcaster may not give themselves a Shoutout.")
    stream = call.world.channel.stream
    if stream is None:
        raise Refused(400, "The broadcaster is not streaming live or does not have one or more viewers.")
    call.world.shoutout(target, viewers=stream.viewer_count, moderator=call.user)


_READ_MODERATORS = ("moderation:read", "channel:manage:moderators")
_BANS = ("moderator:manage:banned_users",)
_READ_SHIELD = ("moderator:read:shield_mode", "moderator:manage:shield_mode")
_READ_UNBAN = ("moderator:read:unban_requests", "moderator:manage:unban_requests")

MODERATION_ROUTES = (
    Route("GET", "/moderation/banned", get_banned, ("moderation:read", "moderator:manage:banned_users")),
    Route("POST", "/moderation/bans", ban, _BANS),
    Route("DELETE", "/moderation/bans", unban, _BANS, success=204),
    Route("POST", "/moderation/warnings", warn, ("moderator:manage:warnings",)),
    Route("GET", "/moderation/moderators", get_moderators, _READ_MODERATORS),
    Route("POST", "/moderation/moderators", add_moderator, ("channel:manage:moderators",), success=204),
    Route("DELETE", "/moderation/moderators", remove_moderator, ("channel:manage:moderators",), success=204),
    Route("GET", "/moderation/channels", get_moderated_channels, ("user:read:moderated_channels",)),
    Route("GET", "/channels/vips", get_vips, ("channel:read:vips", "channel:manage:vips")),
    Route("POST", "/channels/vips", add_vip, ("channel:manage:vips",), success=204),
    Route("DELETE", "/channels/vips", remove_vip, ("channel:manage:vips",), success=204),
    Route("GET", "/moderation/shield_mode", get_shield, _READ_SHIELD),
    Route("PUT", "/moderation/shield_mode", update_shield, ("moderator:manage:shield_mode",)),
    Route("GET", "/moderation/unban_requests", get_unban_requests, _READ_UNBAN),
    Route("PATCH", "/moderation/unban_requests", resolve_unban_request, ("moderator:manage:unban_requests",)),
    Route("POST", "/chat/shoutouts", shout_out, ("moderator:manage:shoutouts",), success=204),
)
