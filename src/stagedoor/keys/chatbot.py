"""The chat bot: commands, counters, timers, alerts. The names are strimertül's where it has them."""

from typing import Final

from stagedoor.hub import Audience, KeySpec, Kind
from stagedoor.keys.forms import TEXT, example, owner_request, record, schema_of
from stagedoor.strimertul import Alerts, Command, SendRequest, Timers

COMMANDS: Final = "twitch/bot-custom-commands"
COUNTERS: Final = "twitch/bot-counters/"
COMMAND_PROBLEMS: Final = "twitch/bot/problems"
LAST_COMMAND: Final = "twitch/bot/last-command"
SEND_CHAT_MESSAGE: Final = "twitch/@send-chat-message"
BOT_SEND_MESSAGE: Final = "twitch/bot/@send-message"
TEST_COMMAND: Final = "twitch/bot/@test-command"

TIMERS_CONFIG: Final = "twitch/bot-modules/timers/config"
CHAT_ACTIVITY: Final = "twitch/chat-activity"

ALERTS_CONFIG: Final = "twitch/bot-modules/alerts/config"
PREVIEW_ALERT: Final = "twitch/bot-modules/alerts/@preview"

SPECS: Final = (
    KeySpec(
        pattern=COMMANDS,
        kind=Kind.STATE,
        summary="The chat commands, by what is typed.",
        schema=schema_of(dict[str, Command]),
        example=example(
            {
                "!lurk": {
                    "description": "",
                    "access_level": "everyone",
                    "response": "{{ user . }} is lurking",
                    "enabled": True,
                    "response_type": "chat",
                }
            }
        ),
        owner="chat bot",
        writers=Audience.PROVEN,
    ),
    KeySpec(
        pattern=f"{COUNTERS}<name>",
        kind=Kind.STATE,
        summary="What the function `count` of a template has counted to, in digits.",
        schema={"type": "integer"},
        default="0",
        example="42",
        owner="chat bot",
        writers=Audience.PROVEN,
    ),
    KeySpec(
        pattern=COMMAND_PROBLEMS,
        kind=Kind.STATE,
        summary="What is wrong with commands that cannot be used, by what is typed.",
        schema={"type": "object", "additionalProperties": TEXT},
        example=example({"!lurk": 'line 1: function "usr" is not defined'}),
        owner="chat bot",
        writers=Audience.OWNER,
        stored_in_memory=True,
    ),
    KeySpec(
        pattern=LAST_COMMAND,
        kind=Kind.STATE,
        summary="When a chat command ran last, in Unix seconds: the cooldown counts from then.",
        schema={"type": "number"},
        example="1790000000.5",
        owner="chat bot",
        writers=Audience.OWNER,
        stored_in_memory=True,
    ),
    KeySpec(
        pattern=SEND_CHAT_MESSAGE,
        kind=Kind.REQUEST,
        summary="Says the text in chat, as the bot. It is no JSON: quotation marks would be said, too.",
        example="hello chat",
        answer=example({}),
        owner="chat bot",
        writers=Audience.PROVEN,
    ),
    KeySpec(
        pattern=BOT_SEND_MESSAGE,
        kind=Kind.REQUEST,
        summary="Says something in chat: as a reply, a whisper, an announcement, or plainly.",
        schema=schema_of(SendRequest),
        example=example({"message": "hi", "reply_to": "b34c", "whisper_to": None, "announce": False}),
        answer=example({}),
        owner="chat bot",
        writers=Audience.PROVEN,
    ),
    owner_request(
        TEST_COMMAND,
        "Tries the template of a command on a message, without counting or saying anything. Answers what it would say.",
        record(["template"], template=TEXT, message=TEXT, viewer=TEXT),
        asked={"template": "{{ user . }} is lurking", "message": "!lurk", "viewer": "Cool_User"},
        answer={"output": "Cool_User is lurking"},
        owner="chat bot",
    ),
    KeySpec(
        pattern=TIMERS_CONFIG,
        kind=Kind.STATE,
        summary="The messages that are said again and again, by name.",
        schema=schema_of(Timers),
        default='{"timers":{}}',
        example=example(
            {
                "timers": {
                    "socials": {
                        "enabled": True,
                        "name": "socials",
                        "minimum_chat_activity": 5,
                        "minimum_delay": 300,
                        "messages": ["Follow me!"],
                    }
                }
            }
        ),
        owner="timers",
        writers=Audience.PROVEN,
    ),
    KeySpec(
        pattern=CHAT_ACTIVITY,
        kind=Kind.STATE,
        summary="Chat messages in each of five minutes; a minute's place is its number modulo 5.",
        schema={"type": "array", "items": {"type": "integer"}, "minItems": 5, "maxItems": 5},
        example="[0,12,7,0,3]",
        owner="timers",
        writers=Audience.PROVEN,
        is_bookkeeping=True,
    ),
    KeySpec(
        pattern=ALERTS_CONFIG,
        kind=Kind.STATE,
        summary="What is said in chat when something happens in the channel.",
        schema=schema_of(Alerts),
        example=example(
            {
                "follow": {"enabled": True, "messages": ["Welcome, {{.UserName}}!"]},
                "raid": {
                    "enabled": True,
                    "messages": ["Hello, raiders of {{.FromBroadcasterUserName}}!"],
                    "variations": [{"min_viewers": 100, "messages": ["So many of you!"]}],
                },
            }
        ),
        owner="alerts",
        writers=Audience.PROVEN,
    ),
    owner_request(
        PREVIEW_ALERT,
        "Tells what an event would make the alerts say, by the given settings or those stored.",
        record(["topic"], topic=TEXT, event={"type": "object"}, config=schema_of(Alerts)),
        asked={
            "topic": "channel.follow",
            "config": {"follow": {"enabled": True, "messages": ["Welcome, {{.UserName}}!"]}},
        },
        answer={
            "part": "follow",
            "messages": [
                {
                    "template": "Welcome, {{.UserName}}!",
                    "output": "Welcome, Cool_User!",
                    "problem": None,
                    "variation": None,
                }
            ],
        },
        owner="alerts",
    ),
)
