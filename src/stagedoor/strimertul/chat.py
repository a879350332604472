"""Chat messages."""

import msgspec


class ChatUser(msgspec.Struct, rename="pascal"):
    """Who wrote a message."""

    id: str = msgspec.field(name="ID", default="")
    name: str = ""
    """The login."""
    display_name: str = ""
    color: str = ""
    """``#RRGGBB`` or empty."""
    badges: dict[str, int] | None = None
    """Names of badges to their versions."""


class EmotePosition(msgspec.Struct, rename="pascal"):
    """Where an emote stands: indexes of characters, the end included."""

    start: int = 0
    end: int = 0


class ChatEmote(msgspec.Struct, rename="pascal"):
    """An emote in a message."""

    name: str = ""
    id: str = msgspec.field(name="ID", default="")
    count: int = 0
    positions: list[EmotePosition] | None = None


class ChatReply(msgspec.Struct, rename="pascal"):
    """What a message answers."""

    parent_msg_id: str = msgspec.field(name="ParentMsgID", default="")
    parent_user_id: str = msgspec.field(name="ParentUserID", default="")
    parent_user_login: str = ""
    parent_display_name: str = ""
    parent_msg_body: str = ""


class ChatMessage(msgspec.Struct, rename="pascal"):
    """A message in the channel's chat."""

    user: ChatUser = msgspec.field(default_factory=ChatUser)
    raw: str = ""
    """The IRC line."""
    type: int = 1
    """1 is a message to a channel."""
    raw_type: str = "PRIVMSG"
    tags: dict[str, str] | None = None
    """The IRC tags, unescaped."""
    message: str = ""
    """The text; of an action without what marks it."""
    channel: str = ""
    """The channel's login, without ``#``."""
    room_id: str = msgspec.field(name="RoomID", default="")
    """The broadcaster's id."""
    id: str = msgspec.field(name="ID", default="")
    """Of the message; what replies name."""
    time: str = ""
    """RFC 3339."""
    emotes: list[ChatEmote] | None = None
    bits: int = 0
    action: bool = False
    """Whether it was said with ``/me``."""
    first_message: bool = False
    """Whether it is its author's first in this channel."""
    reply: ChatReply | None = None
    custom_reward_id: str = msgspec.field(name="CustomRewardID", default="")
