"""Chat messages that nobody sent over IRC, as IRC would have told them."""

from collections.abc import Mapping

from stagedoor.strimertul.chat import ChatMessage, ChatUser
from stagedoor.strimertul.reading import write_time


def plain_message(
    user: ChatUser, text: str, *, message_id: str, channel: str, room_id: str, sent_s: float
) -> ChatMessage:
    """Make the message of a text without emotes, bits or anything else.

    Args:
        user: Who wrote it.
        channel: The channel's login.
        room_id: The channel's id.
        sent_s: Unix time.
    Source: Twitch's documentation, "Twitch IRC Tags"; go-twitch-irc 4, which strimertül uses.
    """
    badges: Mapping[str, int] = user.badges or {}
    is_moderator = "moderator" in badges
    tags = {
        "badge-info": "",
        "badges": ",".join(f"{badge}/{version}" for badge, version in badges.items()),
        "color": user.color,
        "display-name": user.display_name,
        "emotes": "",
        "first-msg": "0",
        "flags": "",
        "id": message_id,
        "mod": "1" if is_moderator else "0",
        "returning-chatter": "0",
        "room-id": room_id,
        "subscriber": "1" if "subscriber" in badges else "0",
        "tmi-sent-ts": str(int(sent_s * 1000)),
        "turbo": "0",
        "user-id": user.id,
        "user-type": "mod" if is_moderator else "",
    }
    if "vip" in badges:
        tags["vip"] = "1"
    written = ";".join(f"{name}={_escape(value)}" for name, value in tags.items())
    login = user.name
    return ChatMessage(
        user=user,
        raw=f"@{written} :{login}!{login}@{login}.tmi.twitch.tv PRIVMSG #{channel} :{text}",
        tags=tags,
        message=text,
        channel=channel,
        room_id=room_id,
        id=message_id,
        time=write_time(sent_s),
    )


def _escape(value: str) -> str:
    """Write a tag's value. Source: IRCv3, "Message Tags"."""
    return value.replace("\\", r"\\").replace(";", r"\:").replace(" ", r"\s")
