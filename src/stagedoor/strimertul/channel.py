"""The connection to Twitch: its settings, its tokens, the stream, and what EventSub tells."""

import msgspec


class TwitchConfig(msgspec.Struct):
    """The switches of the connection, and the user's own Twitch application."""

    enabled: bool = False
    enable_bot: bool = False
    api_client_id: str = ""
    api_client_secret: str = ""
    """Empty for an application of the public kind, which logs in with a code."""


class BotConfig(msgspec.Struct):
    """The chat bot's account, channel and limits."""

    username: str = ""
    """The bot's login; empty, or the streamer's, for the streamer's own account."""
    oauth: str = ""
    """A password of IRC, as strimertül kept it; stagedoor's bot logs in by itself."""
    channel: str = ""
    chat_history: int = 0
    """Messages kept in ``twitch/chat-history``; 0 for none."""
    command_cooldown: float = 2
    """Seconds between two commands in the whole chat."""


class AuthKeys(msgspec.Struct):
    """An account's tokens."""

    access_token: str = ""
    refresh_token: str = ""
    expires_in: int = 0
    """Seconds from :attr:`time`."""
    scope: list[str] | None = None
    time: str = msgspec.field(name="Time", default="")
    """When they were issued, RFC 3339."""


class Stream(msgspec.Struct):
    """The channel's running stream, as Get Streams answers."""

    id: str = ""
    user_id: str = ""
    user_login: str = ""
    user_name: str = ""
    game_id: str = ""
    game_name: str = ""
    tag_ids: list[str] | None = None
    tags: list[str] | None = None
    is_mature: bool = False
    type: str = "live"
    title: str = ""
    viewer_count: int = 0
    started_at: str = ""
    language: str = ""
    thumbnail_url: str = ""
    """With ``{width}`` and ``{height}`` in it."""


class Condition(msgspec.Struct):
    """What a subscription of EventSub is about; what does not apply is empty."""

    broadcaster_user_id: str = ""
    from_broadcaster_user_id: str = ""
    moderator_user_id: str = ""
    to_broadcaster_user_id: str = ""
    reward_id: str = ""
    client_id: str = ""
    extension_client_id: str = ""
    user_id: str = ""


class Transport(msgspec.Struct):
    """How EventSub delivers."""

    method: str = ""
    callback: str = ""
    secret: str = ""
    session_id: str = ""


class EventSubSubscription(msgspec.Struct):
    """Which subscription a notification belongs to."""

    id: str = ""
    type: str = ""
    """The topic."""
    version: str = ""
    status: str = ""
    condition: Condition = msgspec.field(default_factory=Condition)
    transport: Transport = msgspec.field(default_factory=Transport)
    created_at: str = ""
    cost: int = 0


class Notification(msgspec.Struct):
    """One notification of EventSub."""

    subscription: EventSubSubscription
    event: msgspec.Raw
    """The body, byte for byte as Twitch sent it."""
    date: str | msgspec.UnsetType = msgspec.UNSET
    """When it came here, RFC 3339; those that somebody simulates have none."""
