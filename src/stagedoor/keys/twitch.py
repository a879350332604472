"""Twitch: the connection, its accounts, and what it tells. The names are strimertül's where it has them."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import A_MOMENT_MS, ANY, COUNT, FLAG, TEXT, example, items, owner_request, record, schema_of
from stagedoor.strimertul import (
    AuthKeys,
    BotConfig,
    ChatMessage,
    Condition,
    EventSubSubscription,
    Notification,
    Stream,
    Transport,
    TwitchConfig,
)
from stagedoor.types import JsonObject

TWITCH_CONFIG: Final = "twitch/config"
BOT_CONFIG: Final = "twitch/bot-config"
AUTH_KEYS: Final = "twitch/auth-keys"
BOT_AUTH_KEYS: Final = "twitch/bot-auth-keys"
TWITCH_STATUS: Final = "twitch/status"
TWITCH_LOGINS: Final = "twitch/logins"
STREAM_INFO: Final = "twitch/stream-info"
CHAT_MESSAGE: Final = "twitch/ev/chat-message"
CHAT_HISTORY: Final = "twitch/chat-history"
EVENTSUB_EVENT: Final = "twitch/ev/eventsub-event"
EVENTSUB_HISTORY: Final = "twitch/eventsub-history"

TWITCH_LOGIN: Final = "twitch/@login"
TWITCH_CALLBACK: Final = "twitch/@callback"
TWITCH_CANCEL_LOGIN: Final = "twitch/@cancel-login"
TWITCH_LOG_OUT: Final = "twitch/@log-out"
TWITCH_TEST: Final = "twitch/@test"
TWITCH_SCOPES: Final = "twitch/@scopes"
TWITCH_SIMULATE: Final = "twitch/@simulate"
TWITCH_TOPICS: Final = "twitch/@topics"
TWITCH_CHATTERS: Final = "twitch/@chatters"
TWITCH_CHANNEL: Final = "twitch/@channel"
TWITCH_ANNOUNCE: Final = "twitch/@announce"
TWITCH_WHISPER: Final = "twitch/@whisper"

_ACCOUNT: Final[JsonObject] = {"enum": ["streamer", "bot"]}

_TEXT_OR_NULL: Final[JsonObject] = {"type": ["string", "null"]}
_MOMENT: Final[JsonObject] = {"type": ["integer", "null"], "minimum": 0}
_WHO: Final = record(
    ["id", "login", "name", "picture", "scopes", "missingScopes", "validatedAt", "state", "problem"],
    id=TEXT,
    login=TEXT,
    name=TEXT,
    picture=TEXT,
    scopes=items(TEXT),
    missingScopes=items(TEXT),
    validatedAt=_MOMENT,
    state={"enum": ["ok", "login needed"]},
    problem=_TEXT_OR_NULL,
)
_WHO_OR_NOBODY: Final[JsonObject] = {**_WHO, "type": ["object", "null"]}
_STATUS: Final = record(
    ["state", "problem", "since", "streamer", "bot", "topics", "queue"],
    state={"enum": ["off", "not configured", "login needed", "connecting", "connected", "offline"]},
    problem=_TEXT_OR_NULL,
    since=COUNT,
    streamer=_WHO_OR_NOBODY,
    bot=_WHO_OR_NOBODY,
    topics=items(
        record(
            ["topic", "version", "state", "reason"],
            topic=TEXT,
            version=TEXT,
            state={"enum": ["waiting", "enabled", "refused", "unavailable", "revoked"]},
            reason=_TEXT_OR_NULL,
        )
    ),
    queue=COUNT,
)
_A_LOGIN: Final = record(
    ["flow", "expiresAt", "state", "problem"],
    flow={"enum": ["device", "code"]},
    verificationUri=TEXT,
    userCode=TEXT,
    authorizeUrl=TEXT,
    expiresAt=COUNT,
    state={"enum": ["waiting", "failed", "done"]},
    problem=_TEXT_OR_NULL,
)

_NOTIFICATION: Final = schema_of(Notification)

_CHAT_MESSAGE: Final = ChatMessage(
    message="!lurk", channel="streamer", room_id="99", id="b34c", time="2026-05-01T19:00:00Z"
)
_FOLLOW: Final[JsonObject] = {
    "subscription": {"type": "channel.follow", "version": "2", "created_at": "2026-05-01T17:00:00Z"},
    "event": {"user_id": "1234", "user_login": "cool_user", "user_name": "Cool_User"},
}

_LOGIN: Final[JsonObject] = {
    "flow": "device",
    "verificationUri": "https://www.twitch.tv/activate?device-code=ABCDEFGH",
    "userCode": "ABCDEFGH",
    "expiresAt": A_MOMENT_MS + 1_800_000,
    "state": "waiting",
    "problem": None,
}

SPECS: Final = (
    KeySpec(
        pattern=TWITCH_CONFIG,
        kind=Kind.STATE,
        summary="The switches of the connection, and the credentials of the user's own Twitch application.",
        schema=schema_of(TwitchConfig, write_only=("api_client_secret",)),
        example=example({"enabled": True, "enable_bot": True, "api_client_id": "abc", "api_client_secret": ""}),
        owner="Twitch",
        writers=Audience.PROVEN,
        secret_members=frozenset(("api_client_secret",)),
    ),
    KeySpec(
        pattern=BOT_CONFIG,
        kind=Kind.STATE,
        summary="The chat bot's account, how many messages are remembered, and the seconds between two commands.",
        schema=schema_of(BotConfig, write_only=("oauth",)),
        example=example(
            {"username": "mybot", "oauth": "", "channel": "streamer", "chat_history": 5, "command_cooldown": 2}
        ),
        owner="Twitch",
        writers=Audience.PROVEN,
        secret_members=frozenset(("oauth",)),
    ),
    KeySpec(
        pattern=AUTH_KEYS,
        kind=Kind.SECRET,
        summary="The tokens of the streamer's account.",
        schema=schema_of(AuthKeys),
        owner="Twitch",
        writers=Audience.OWNER,
    ),
    KeySpec(
        pattern=BOT_AUTH_KEYS,
        kind=Kind.SECRET,
        summary="The tokens of the bot's account, in the same form.",
        schema=schema_of(AuthKeys),
        owner="Twitch",
        writers=Audience.OWNER,
    ),
    KeySpec(
        pattern=TWITCH_STATUS,
        kind=Kind.STATE,
        summary="How the connection is: its accounts, the topics that it hears, what is wrong.",
        schema=_STATUS,
        example=example(
            {
                "state": "connected",
                "problem": None,
                "since": A_MOMENT_MS,
                "streamer": {
                    "id": "99",
                    "login": "streamer",
                    "name": "Streamer",
                    "picture": "https://static-cdn.jtvnw.net/streamer.png",
                    "scopes": ["user:read:chat", "user:write:chat"],
                    "missingScopes": [],
                    "validatedAt": A_MOMENT_MS,
                    "state": "ok",
                    "problem": None,
                },
                "bot": None,
                "topics": [{"topic": "channel.chat.message", "version": "1", "state": "enabled", "reason": None}],
                "queue": 0,
            }
        ),
        owner="Twitch",
        writers=Audience.OWNER,
        stored_in_memory=True,
    ),
    KeySpec(
        pattern=TWITCH_LOGINS,
        kind=Kind.STATE,
        summary="The logins that are under way, by account.",
        schema=record([], streamer=_A_LOGIN, bot=_A_LOGIN),
        example=example({"streamer": _LOGIN}),
        owner="Twitch",
        readers=Audience.OWNER,
        listers=Audience.OWNER,
        writers=Audience.OWNER,
        stored_in_memory=True,
    ),
    KeySpec(
        pattern=STREAM_INFO,
        kind=Kind.STATE,
        summary="The running stream: a list of one when the channel is live, of none otherwise.",
        schema=schema_of(list[Stream] | None),
        example=example(
            [
                {
                    "id": "1",
                    "user_id": "99",
                    "user_login": "streamer",
                    "user_name": "Streamer",
                    "game_id": "509660",
                    "game_name": "Art",
                    "tag_ids": [],
                    "tags": ["English"],
                    "is_mature": False,
                    "type": "live",
                    "title": "Karaoke night",
                    "viewer_count": 12,
                    "started_at": "2026-05-01T17:00:00Z",
                    "language": "en",
                    "thumbnail_url": "https://static-cdn.jtvnw.net/live-{width}x{height}.jpg",
                }
            ]
        ),
        owner="Twitch",
        writers=Audience.PROVEN,
    ),
    KeySpec(
        pattern=CHAT_MESSAGE,
        kind=Kind.EVENT,
        summary="A message in the channel's chat. What the bot says is not told.",
        schema=schema_of(ChatMessage),
        example=example(_CHAT_MESSAGE),
        owner="Twitch",
        writers=Audience.PROVEN,
    ),
    KeySpec(
        pattern=CHAT_HISTORY,
        kind=Kind.STATE,
        summary="The last chat messages, oldest first; how many, `twitch/bot-config` says.",
        schema=schema_of(list[ChatMessage] | None),
        example=example([_CHAT_MESSAGE]),
        owner="Twitch",
        writers=Audience.PROVEN,
        is_bookkeeping=True,
    ),
    KeySpec(
        pattern=EVENTSUB_EVENT,
        kind=Kind.EVENT,
        summary="What Twitch's EventSub tells. Whoever writes it simulates an event, to which alerts answer.",
        schema=_NOTIFICATION,
        example=example(_FOLLOW),
        owner="Twitch",
        writers=Audience.PROVEN,
    ),
    KeySpec(
        pattern=EVENTSUB_HISTORY,
        kind=Kind.STATE,
        summary="The last hundred events of EventSub, of the topics that strimertül hears, oldest first.",
        schema=items(_NOTIFICATION),
        example=example([{**_FOLLOW, "date": "2026-05-01T17:00:00.5Z"}]),
        owner="Twitch",
        writers=Audience.PROVEN,
        is_bookkeeping=True,
    ),
    owner_request(
        TWITCH_LOGIN,
        "Begins the login of an account: by a code to be typed at Twitch, or by an address that comes back here.",
        record(["account"], account=_ACCOUNT, flow={"enum": ["device", "code"]}),
        asked={"account": "streamer", "flow": "device"},
        answer=_LOGIN,
        owner="Twitch",
    ),
    owner_request(
        TWITCH_CALLBACK,
        "Ends a login by what Twitch's page came back with.",
        record([], code=TEXT, state=TEXT, error=TEXT, error_description=TEXT),
        asked={"code": "gulfwdmys5lsm6qyz4xiz9q32l10", "state": "kGNe0QO1Nq5SZbYlmQ"},
        answer={"account": "streamer", "login": "streamer"},
        owner="Twitch",
    ),
    owner_request(
        TWITCH_CANCEL_LOGIN,
        "Gives a login up.",
        record(["account"], account=_ACCOUNT),
        asked={"account": "streamer"},
        answer={},
        owner="Twitch",
    ),
    owner_request(
        TWITCH_LOG_OUT,
        "Forgets an account, at Twitch too.",
        record(["account"], account=_ACCOUNT),
        asked={"account": "bot"},
        answer={},
        owner="Twitch",
    ),
    owner_request(
        TWITCH_TEST,
        "Tries the credentials of a Twitch application, those given or those stored. The stored secret is tried with "
        "the stored client id, and with another one if `with_stored_secret` says so.",
        record([], api_client_id=TEXT, api_client_secret={**TEXT, "writeOnly": True}, with_stored_secret=FLAG),
        asked={"api_client_id": "hof5gwx0su6owfnys0yan9c87zr6t", "api_client_secret": ""},
        answer={"ok": True},
        owner="Twitch",
    ),
    owner_request(
        TWITCH_SCOPES,
        "Tells what each account is asked to allow at Twitch, and why, and where Twitch's page leads back to.",
        record([]),
        answer={
            "scopes": [{"name": "user:read:chat", "why": "hear the chat", "accounts": ["streamer", "bot"]}],
            "redirectUri": "http://localhost:4337/twitch/callback",
        },
        owner="Twitch",
    ),
    owner_request(
        TWITCH_SIMULATE,
        "Makes an event as if Twitch had told it, with the given members on top of a sample.",
        record(["topic"], topic=TEXT, event={"type": "object"}),
        asked={"topic": "channel.follow", "event": {"user_name": "Cool_User"}},
        answer={
            "subscription": EventSubSubscription(
                id="6cdd6556-f097-4e6d-a3f1-9f7ffdde21c1",
                type="channel.follow",
                version="2",
                status="enabled",
                condition=Condition(broadcaster_user_id="99", moderator_user_id="99"),
                transport=Transport(method="websocket"),
                created_at="2026-05-01T17:00:00Z",
            ),
            "event": {
                "user_id": "1234",
                "user_login": "cool_user",
                "user_name": "Cool_User",
                "broadcaster_user_id": "99",
                "broadcaster_user_login": "streamer",
                "broadcaster_user_name": "Streamer",
                "followed_at": "2026-05-01T17:00:00Z",
            },
        },
        owner="Twitch",
    ),
    KeySpec(
        pattern=TWITCH_TOPICS,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Tells the topics of EventSub that are known: version, scopes, the events that they become, a sample.",
        schema=ANY,
        example="",
        answer=example(
            {
                "topics": [
                    {
                        "topic": "channel.follow",
                        "version": "2",
                        "summary": "somebody follows",
                        "scopes": ["moderator:read:followers"],
                        "events": ["Twitch.Follow"],
                        "keys": ["twitch/ev/eventsub-event", "event/Twitch/Follow"],
                        "isChatMessage": False,
                        "sample": {"user_id": "1234", "user_login": "cool_user", "user_name": "Cool_User"},
                    }
                ]
            }
        ),
        owner="Twitch",
    ),
    KeySpec(
        pattern=TWITCH_CHATTERS,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Tells who is in the chat.",
        schema=ANY,
        example="",
        answer=example({"chatters": [{"id": "1234", "login": "cool_user", "name": "Cool_User"}]}),
        owner="Twitch",
        writers=Audience.PROVEN,
    ),
    KeySpec(
        pattern=TWITCH_CHANNEL,
        kind=Kind.REQUEST,
        only_reads=True,
        summary="Finds a channel by its name: title, category, whether it is live.",
        schema=record(["name"], name=TEXT),
        example=example({"name": "streamer"}),
        answer=example(
            {"id": "99", "login": "streamer", "name": "Streamer", "game": "Art", "title": "Karaoke night", "live": True}
        ),
        owner="Twitch",
        writers=Audience.PROVEN,
    ),
    KeySpec(
        pattern=TWITCH_ANNOUNCE,
        kind=Kind.REQUEST,
        summary="Makes an announcement in chat.",
        schema=record(
            ["message"], message=TEXT, color={"enum": ["primary", "blue", "green", "orange", "purple"]}, bot=FLAG
        ),
        example=example({"message": "We begin!"}),
        answer=example({}),
        owner="Twitch",
        writers=Audience.PROVEN,
    ),
    KeySpec(
        pattern=TWITCH_WHISPER,
        kind=Kind.REQUEST,
        summary="Whispers to an account, by its id.",
        schema=record(["to", "message"], to=TEXT, message=TEXT, bot=FLAG),
        example=example({"to": "1234", "message": "Thank you!"}),
        answer=example({}),
        owner="Twitch",
        writers=Audience.PROVEN,
    ),
)
