"""Helix about the chat: its messages, people, emotes, badges and settings."""

from stagedoor.fake_twitch.chatroom import EMOTES, ChatSettings
from stagedoor.fake_twitch.helix.call import Call, Route
from stagedoor.fake_twitch.people import User, named
from stagedoor.fake_twitch.refused import Refused
from stagedoor.types import JsonObject

MAX_MESSAGE: int = 500
DUPLICATE_S: float = 30.0


def get_chatters(call: Call) -> JsonObject:
    """Get Chatters."""
    call.moderator()
    chatters = list(call.world.channel.chatters)
    page, pagination = call.page(chatters, default=100, limit=1000)
    data = [named("user", call.world.find(id=one)) for one in page]
    return {"data": data, "pagination": pagination, "total": len(chatters)}


def send_message(call: Call) -> JsonObject:
    """Send Chat Message. What Twitch drops gets a reason, and no error."""
    broadcaster_id, sender_id = call.text("broadcaster_id"), call.text("sender_id")
    text = call.text("message")
    if len(text) > MAX_MESSAGE:
        raise Refused(400, "The message is too long.")
    sender = _sender(call, sender_id)
    if broadcaster_id != call.world.owner.id:
        call.person(broadcaster_id, "broadcaster_id")
        return _sent(call.world.new_id())  # Into a chat that nobody here reads.
    dropped = _why_dropped(call, sender, text)
    if dropped is not None:
        return _dropped(*dropped)
    reply_to = call.text("reply_parent_message_id", default="")
    return _sent(call.world.chat(sender, text, reply_to=reply_to or None))


def _sender(call: Call, sender_id: str) -> User:
    if call.token.user is not None:
        if call.token.user.id != sender_id:
            raise Refused(401, "The ID in sender_id must match the user ID found in the request's OAuth token.")
        if "user:write:chat" not in call.token.scopes:
            raise Refused(401, "Missing scope: user:write:chat")
        return call.token.user
    sender = call.person(sender_id, "sender_id")
    if not call.eventsub.has_granted(call.token.application, sender, "user:write:chat", "user:bot"):
        raise Refused(401, "The sender must have authorized the app with the user:write:chat and user:bot scopes.")
    return sender


def _why_dropped(call: Call, sender: User, text: str) -> tuple[str, str] | None:
    """A code and a sentence if the chat does not take a message."""
    if call.eventsub.faults.drop is not None:
        return call.eventsub.faults.drop
    world, settings = call.world, call.world.chat_settings
    ban = world.ban_of(sender)
    if ban is not None:
        kind = ("msg_banned", "banned") if ban.ends_at is None else ("msg_timedout", "timed out")
        return kind[0], f"You are {kind[1]} from talking in {world.owner.login}."
    if world.is_moderator(sender) or sender.id in world.channel.vips:
        return None
    said = [one for one in world.messages.values() if one.author is sender]
    now = world.clock.now()
    if any(one.text == text and now - one.said_at < DUPLICATE_S for one in said):
        return (
            "msg_duplicate",
            "Your message was not sent because it is identical to the previous one you sent, less than 30 seconds ago.",
        )
    if settings.slow_mode and said and now - said[-1].said_at < (settings.slow_mode_s or 0):
        return "msg_slowmode", "This room is in slow mode and you are sending messages too quickly."
    if settings.follower_mode and sender.id not in world.channel.followers:
        return (
            "msg_followersonly",
            f"This room is in followers-only mode. Follow {world.owner.login} to join the community!",
        )
    if settings.subscriber_mode and sender.id not in world.channel.subscribers:
        return "msg_subsonly", "This room is in subscribers-only mode."
    if settings.emote_mode and not all(word in EMOTES for word in text.split()):
        return "msg_emoteonly", "This room is in emote-only mode."
    return None


def _sent(message_id: str) -> JsonObject:
    return {"data": [{"message_id": message_id, "is_sent": True, "drop_reason": None}]}


def _dropped(code: str, message: str) -> JsonObject:
    return {"data": [{"message_id": "", "is_sent": False, "drop_reason": {"code": code, "message": message}}]}


def announce(call: Call) -> None:
    """Send Chat Announcement."""
    moderator = call.moderator()
    colour = call.text("color", default="primary")
    if colour not in ("blue", "green", "orange", "purple", "primary"):
        raise Refused(400, f"The color {colour} is not valid.")
    call.world.announce(moderator, call.text("message")[:MAX_MESSAGE], colour)


def whisper(call: Call) -> None:
    """Send Whisper."""
    sender = call.one("from_user_id")
    if sender != call.user.id:
        raise Refused(401, "The ID in from_user_id must match the user ID found in the request's OAuth token.")
    receiver = call.person(call.one("to_user_id"), "to_user_id")
    if receiver is call.user:
        raise Refused(400, "The ID in from_user_id and to_user_id must be different.")
    call.world.whisper(call.user, receiver, call.text("message", limit=10_000))


def delete_messages(call: Call) -> None:
    """Delete Chat Messages: one, or all of them."""
    moderator = call.moderator()
    message_id = call.query.get("message_id")
    if message_id is None:
        call.world.clear_chat(moderator)
    elif not call.world.delete_message(message_id, moderator):
        raise Refused(404, "The ID in message_id was not found.")


def get_global_emotes(call: Call) -> JsonObject:
    """Get Global Emotes."""
    return {"data": [_emote(name, number) for name, number in EMOTES.items()], "template": EMOTE_TEMPLATE}


def get_channel_emotes(call: Call) -> JsonObject:
    """Get Channel Emotes: one for subscribers."""
    owner = call.person(call.one("broadcaster_id"), "broadcaster_id")
    emote: JsonObject = {
        **_emote(f"{owner.login[:8]}Hi", f"30{owner.id}"),
        "tier": "1000",
        "emote_type": "subscriptions",
        "emote_set_id": owner.id,
    }
    return {"data": [emote], "template": EMOTE_TEMPLATE}


def get_user_emotes(call: Call) -> JsonObject:
    """Get User Emotes: the global ones."""
    if call.one("user_id") != call.user.id:
        raise Refused(401, "The ID in user_id must match the user ID found in the request's OAuth token.")
    data: list[JsonObject] = []
    for name, number in EMOTES.items():
        emote = _emote(name, number)
        del emote["images"]
        data.append({**emote, "emote_type": "globals", "emote_set_id": "0", "owner_id": "0"})
    return {"data": data, "template": EMOTE_TEMPLATE, "pagination": {}}


EMOTE_TEMPLATE = "https://static-cdn.jtvnw.net/emoticons/v2/{{id}}/{{format}}/{{theme_mode}}/{{scale}}"


def _emote(name: str, number: str) -> JsonObject:
    place = f"https://static-cdn.jtvnw.net/emoticons/v2/{number}/static/light"
    return {
        "id": number,
        "name": name,
        "images": {"url_1x": f"{place}/1.0", "url_2x": f"{place}/2.0", "url_4x": f"{place}/3.0"},
        "format": ["static"],
        "scale": ["1.0", "2.0", "3.0"],
        "theme_mode": ["light", "dark"],
    }


def get_global_badges(call: Call) -> JsonObject:
    """Get Global Chat Badges."""
    return {"data": [_badge(name, "1", name.title()) for name in ("broadcaster", "moderator", "vip", "premium")]}


def get_channel_badges(call: Call) -> JsonObject:
    """Get Channel Chat Badges: those of subscribers."""
    call.person(call.one("broadcaster_id"), "broadcaster_id")
    versions = [
        ("0", "Subscriber"),
        ("3", "3-Month Subscriber"),
        ("6", "6-Month Subscriber"),
        ("12", "1-Year Subscriber"),
    ]
    made = [_badge("subscriber", number, title) for number, title in versions]
    return {"data": [{"set_id": "subscriber", "versions": [one["versions"][0] for one in made]}]}


def _badge(name: str, version: str, title: str) -> dict[str, list[JsonObject] | str]:
    place = f"https://static-cdn.jtvnw.net/badges/v1/{name}-{version}"
    return {
        "set_id": name,
        "versions": [
            {
                "id": version,
                "image_url_1x": f"{place}/1",
                "image_url_2x": f"{place}/2",
                "image_url_4x": f"{place}/3",
                "title": title,
                "description": title,
                "click_action": None,
                "click_url": None,
            }
        ],
    }


def get_settings(call: Call) -> JsonObject:
    """Get Chat Settings; the delay for non-moderators is shown to moderators alone."""
    owner = call.person(call.one("broadcaster_id"), "broadcaster_id")
    if owner is not call.world.owner:
        return {"data": [_settings(owner, ChatSettings())]}
    body = _settings(owner, call.world.chat_settings)
    if "moderator_id" in call.query:
        body |= _delay(call.moderator())
    return {"data": [body]}


def update_settings(call: Call) -> JsonObject:
    """Update Chat Settings; what is not named stays."""
    moderator = call.moderator()
    now = call.world.chat_settings
    modes = {}
    for name in ("emote_mode", "follower_mode", "slow_mode", "subscriber_mode", "unique_chat_mode"):
        value = call.body.get(name, getattr(now, name))
        if not isinstance(value, bool):
            raise Refused(400, f'The parameter "{name}" must be a Boolean.')
        modes[name] = value
    minutes = call.number("follower_mode_duration", 0, 129_600, default=now.follower_mode_minutes or 0)
    slow_s = call.number("slow_mode_wait_time", 3, 120, default=now.slow_mode_s or 30)
    settings = ChatSettings(
        **modes,
        follower_mode_minutes=minutes if modes["follower_mode"] else None,
        slow_mode_s=slow_s if modes["slow_mode"] else None,
    )
    call.world.set_chat_settings(settings, moderator=moderator)
    return {"data": [_settings(call.world.owner, settings) | _delay(moderator)]}


def _settings(owner: User, settings: ChatSettings) -> JsonObject:
    return {
        "broadcaster_id": owner.id,
        "emote_mode": settings.emote_mode,
        "follower_mode": settings.follower_mode,
        "follower_mode_duration": settings.follower_mode_minutes,
        "slow_mode": settings.slow_mode,
        "slow_mode_wait_time": settings.slow_mode_s,
        "subscriber_mode": settings.subscriber_mode,
        "unique_chat_mode": settings.unique_chat_mode,
    }


def _delay(moderator: User) -> JsonObject:
    return {
        "moderator_id": moderator.id,
        "non_moderator_chat_delay": False,
        "non_moderator_chat_delay_duration": None,
    }


def get_colours(call: Call) -> JsonObject:
    """Get User Chat Color."""
    found = [call.world.find(id=one) for one in call.all("user_id")]
    return {"data": [{**named("user", one), "color": one.color} for one in found if one is not None]}


def update_colour(call: Call) -> None:
    """Update User Chat Color; a colour is a name of Twitch's or, for those with Turbo, a hex code."""
    if call.one("user_id") != call.user.id:
        raise Refused(401, "The ID in user_id must match the user ID found in the request's OAuth token.")
    colour = call.one("color")
    call.user.color = COLOUR_NAMES.get(colour, colour)
    if not call.user.color.startswith("#"):
        raise Refused(400, "The named color in the color query parameter is not valid.")


COLOUR_NAMES = {
    "blue": "#0000FF",
    "blue_violet": "#8A2BE2",
    "cadet_blue": "#5F9EA0",
    "chocolate": "#D2691E",
    "coral": "#FF7F50",
    "dodger_blue": "#1E90FF",
    "firebrick": "#B22222",
    "golden_rod": "#DAA520",
    "green": "#008000",
    "hot_pink": "#FF69B4",
    "orange_red": "#FF4500",
    "red": "#FF0000",
    "sea_green": "#2E8B57",
    "spring_green": "#00FF7F",
    "yellow_green": "#9ACD32",
}

CHAT_ROUTES = (
    Route("GET", "/chat/chatters", get_chatters, ("moderator:read:chatters",)),
    Route("POST", "/chat/messages", send_message),
    Route("POST", "/chat/announcements", announce, ("moderator:manage:announcements",), success=204),
    Route("POST", "/whispers", whisper, ("user:manage:whispers",), success=204),
    Route("DELETE", "/moderation/chat", delete_messages, ("moderator:manage:chat_messages",), success=204),
    Route("GET", "/chat/emotes/global", get_global_emotes),
    Route("GET", "/chat/emotes", get_channel_emotes),
    Route("GET", "/chat/emotes/user", get_user_emotes, ("user:read:emotes",)),
    Route("GET", "/chat/badges/global", get_global_badges),
    Route("GET", "/chat/badges", get_channel_badges),
    Route("GET", "/chat/settings", get_settings),
    Route("PATCH", "/chat/settings", update_settings, ("moderator:manage:chat_settings",)),
    Route("GET", "/chat/color", get_colours),
    Route("PUT", "/chat/color", update_colour, ("user:manage:chat_color",), success=204),
)
