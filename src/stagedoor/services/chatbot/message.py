"""A chat message as templates see it, and the one that they are tried on."""

from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from stagedoor import bot
from stagedoor.strimertul import ChatEmote, ChatMessage, ChatUser, read
from stagedoor.templates import Struct, TypedMap
from stagedoor.templates.layouts import ZERO_TIME, local_zone

SAMPLE: Final = ChatMessage(
    user=ChatUser(
        id="603448316", name="ashkeelvt", display_name="AshKeelVT", color="#EC2B87", badges={"broadcaster": 1}
    ),
    raw=":ashkeelvt!ashkeelvt@ashkeelvt.tmi.twitch.tv PRIVMSG #ashkeelvt :!test",
    tags={
        "badges": "broadcaster/1",
        "color": "#EC2B87",
        "display-name": "AshKeelVT",
        "first-msg": "0",
        "id": "b34ccfc7-4977-403a-8a94-33c6bac34fb8",
        "mod": "0",
        "room-id": "603448316",
        "subscriber": "0",
        "tmi-sent-ts": "1684345559394",
        "user-id": "603448316",
        "user-type": "",
    },
    message="!test",
    channel="ashkeelvt",
    room_id="603448316",
    id="b34ccfc7-4977-403a-8a94-33c6bac34fb8",
    time="2023-05-17T17:45:59.394Z",
)
"""On what strimertül tried the templates of commands."""


def sample(text: str | None = None, viewer: str | None = None) -> ChatMessage:
    """Make a message to try templates on: the usual one with another text, or by another viewer, with that name."""
    message = SAMPLE if text is None else replace(SAMPLE, message=text)
    if viewer is None:
        return message
    user = replace(message.user, name=viewer.lower(), display_name=viewer)
    return replace(message, user=user, tags={**(message.tags or {}), "display-name": viewer})


class _Glance(msgspec.Struct, rename="pascal"):
    """As much of a message as tells whether it concerns the bot; the rest of it is not even decoded."""

    message: str


_glancer: Final = msgspec.json.Decoder(_Glance)


def text_of(value: str) -> str:
    """Tell what somebody said; nothing, when this is no message."""
    try:
        return _glancer.decode(value).message
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        return read(value, ChatMessage).message
    except ValueError:
        return ""


def read_message(value: str) -> ChatMessage:
    """Read a message whole.

    Raises:
        ValueError: When it is none.
    """
    return read(value, ChatMessage)


def is_from_elsewhere(message: ChatMessage) -> bool:
    """Tell whether it was written in another channel with which the chat is shared; the bot there will answer."""
    return bot.is_from_elsewhere((message.tags or {}).get("source-room-id", ""), message.room_id)


def name_of(user: ChatUser) -> str:
    """Tell how somebody is called in chat."""
    return user.display_name or user.name


def struct_of(message: ChatMessage) -> Struct:
    """Write a message as templates see it, by Go's names of its fields."""
    user, reply = message.user, message.reply
    return Struct(
        {
            "User": Struct(
                {
                    "ID": user.id,
                    "Name": user.name,
                    "DisplayName": user.display_name,
                    "Color": user.color,
                    "Badges": TypedMap(user.badges or {}, 0),
                }
            ),
            "Raw": message.raw,
            "Type": message.type,
            "RawType": message.raw_type,
            "Tags": TypedMap(message.tags or {}, ""),
            "Message": message.message,
            "Channel": message.channel,
            "RoomID": message.room_id,
            "ID": message.id,
            "Time": _time_of(message.time),
            "Emotes": [_emote_of(emote) for emote in message.emotes or ()],
            "Bits": message.bits,
            "Action": message.action,
            "FirstMessage": message.first_message,
            "Reply": None
            if reply is None
            else Struct(
                {
                    "ParentMsgID": reply.parent_msg_id,
                    "ParentUserID": reply.parent_user_id,
                    "ParentUserLogin": reply.parent_user_login,
                    "ParentDisplayName": reply.parent_display_name,
                    "ParentMsgBody": reply.parent_msg_body,
                }
            ),
            "CustomRewardID": message.custom_reward_id,
        }
    )


def _emote_of(emote: ChatEmote) -> Struct:
    positions = [Struct({"Start": each.start, "End": each.end}) for each in emote.positions or ()]
    fields = {"Name": emote.name, "ID": emote.id, "Count": emote.count, "Positions": positions}
    return Struct(fields, text=emote.name)


def _time_of(text: str) -> datetime:
    """Read a moment, in this machine's zone; Go's zero time when it is none."""
    try:
        return datetime.fromisoformat(text).astimezone(local_zone())
    except (ValueError, OverflowError, OSError):
        return ZERO_TIME
