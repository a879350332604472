"""An evening of a stream, for the pictures of the console: its actions, variables, chat, connections, log."""

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page

from stagedoor.kilovolt import AskMetadata, SyncClient
from tools.screenshots.browser import open_page
from tools.screenshots.door import CHAT, PAGE, SERVER
from tools.screenshots.terminal import TIMEOUT_S, Terminal, output_of

RAID_ALERT: Final = "47da7c2c-1b7e-4ee7-9bbf-306bf18ff1b8"

ACTIONS: Final[list[dict[str, object]]] = [
    {
        "id": RAID_ALERT,
        "name": "Raid alert",
        "group": "Alerts",
        "triggers": [{"type": "customEvent", "eventName": "raid"}],
        "steps": [
            {"type": "sendMessage", "platform": "twitch", "message": "Welcome, %user% and %viewers% friends!"},
            {"type": "setGlobal", "name": "raids", "mode": "increment"},
            {"type": "setKey", "key": "overlay/alert", "value": {"kind": "raid", "who": "%user%"}},
            {"type": "delay", "ms": 1500},
            {"type": "setKey", "key": "overlay/alert", "value": {"kind": "none"}},
        ],
    },
    {
        "id": "0c5e7a1d-93b4-4f4e-8a52-6f0d1b7c2e91",
        "name": "Follow alert",
        "group": "Alerts",
        "steps": [{"type": "setKey", "key": "overlay/alert", "value": {"kind": "follow", "who": "%user%"}}],
    },
    {
        "id": "3f1b8c52-2d0e-4a7f-b1c9-5e64d8a07f13",
        "name": "Count a death",
        "group": "Game",
        "triggers": [{"type": "codeTrigger", "eventName": "game_over"}],
        "steps": [
            {"type": "setGlobal", "name": "deaths", "mode": "increment"},
            {"type": "sendMessage", "platform": "twitch", "message": "That was number ~deaths~."},
        ],
    },
    {
        "id": "8d2a64be-71c3-4c0b-9e35-a9f7e01b4d26",
        "name": "New game",
        "group": "Game",
        "steps": [
            {"type": "setGlobal", "name": "deaths", "value": 0},
            {"type": "sendMessage", "platform": "twitch", "message": "A new game: %game%. Good luck!"},
        ],
    },
    {
        "id": "b6f09d37-4e82-4d15-a7c8-20e3591f6bda",
        "name": "Break",
        "group": "Scenes",
        "enabled": False,
        "steps": [{"type": "setKey", "key": "overlay/scene", "value": "break"}],
    },
]

VARIABLES: Final[dict[str, object]] = {
    "deaths": 41,
    "raids": 5,
    "game": "Lantern Keep",
    "countdown": "2026-01-31T20:00:00+01:00",
    "sound on": True,
    "goals": {"followers": 500, "subs": 25},
}
POINTS: Final = [("17", "Ada", 320), ("23", "TeaTimeTom", 145), ("42", "PixelHarbor", 80)]

BOT: Final[dict[str, object]] = {
    "twitch/bot-custom-commands": {
        "!lurk": {"response": "{{ user . }} is lurking", "enabled": True, "description": "For who has to be quiet"},
        "!deaths": {"response": 'I have died {{ counter "deaths" }} times', "enabled": True},
        "!died": {"response": 'Death number {{ count "deaths" }}', "enabled": True, "access_level": "moderators"},
        "!so": {
            "response": "Go and see {{ param 1 . }}, last seen in {{ game (param 1 .) }}!",
            "enabled": True,
            "access_level": "vip",
            "response_type": "announce",
            "cooldown": 30,
            "description": "Send everybody to a friend",
        },
        "good bot": {"response": "Thank you, {{ usr . }}!", "enabled": True, "response_type": "reply"},
        "!discord": {"response": "Come over: https://chat.example", "enabled": False, "access_level": "subscriber"},
    },
    "twitch/bot-modules/timers/config": {
        "timers": {
            "socials": {
                "enabled": True,
                "minimum_delay": 900,
                "minimum_chat_activity": 5,
                "messages": ["Clips go to @adaclips!", "Come over: https://chat.example"],
            },
            "hydrate": {"enabled": True, "minimum_delay": 3600, "messages": ["Drink something!"], "only_live": True},
            "schedule": {"enabled": False, "minimum_delay": 1800, "messages": ["Every Saturday, 20:00."]},
        }
    },
    "twitch/bot-modules/alerts/config": {
        "follow": {"enabled": True, "messages": ["Welcome, {{ .UserName }}!"]},
        "subscription": {"enabled": True, "messages": ["Thank you, {{ .UserName }}!"]},
        "raid": {
            "enabled": True,
            "messages": [
                "Hello, {{ .FromBroadcasterUserName }} and friends!",
                "A raid! {{ .Viewers }} of you? Come in!",
            ],
            "variations": [{"min_viewers": 50, "messages": ["{{ .Viewers }} raiders! Everybody hide!"]}],
        },
    },
}
"""What the bot says, which nobody in the chat makes it say."""

LOYALTY: Final[dict[str, object]] = {
    "loyalty/config": {
        "enabled": True,
        "currency": "wishes",
        "points": {"interval": 600, "amount": 10, "activity_bonus": 5},
        "banlist": ["somebot"],
    },
    "loyalty/rewards": [
        {"enabled": True, "id": "hydrate", "name": "Hydrate", "description": "A sip of water, at once.", "price": 100},
        {
            "enabled": True,
            "id": "song",
            "name": "Sing a song",
            "description": "One song of your choice, as well as it goes.",
            "price": 2500,
            "required_info": "Which song?",
            "cooldown": 3600,
        },
        {"enabled": True, "id": "door", "name": "Choose the door", "price": 500, "required_info": "Left or right?"},
        {"enabled": False, "id": "posture", "name": "Posture check", "price": 50, "cooldown": 300},
    ],
    "loyalty/goals": [
        {
            "enabled": True,
            "id": "karaoke",
            "name": "Karaoke night",
            "description": "A whole evening of songs.",
            "total": 10000,
            "contributed": 6420,
            "contributors": {"ada": 4000, "teatimetom": 2000, "pixelharbor": 420},
        }
    ],
    **{
        f"loyalty/points/{viewer.lower()}": {"points": points, "display_name": viewer}
        for viewer, points in [("Ada", 3250), ("TeaTimeTom", 410), ("PixelHarbor", 2210), ("QuietOtter", 940)]
    },
}
"""What viewers earn, and what they can have for it."""

REDEEMS: Final = [
    ("Ada", "hydrate", "20:04", ""),
    ("TeaTimeTom", "song", "20:11", "The one about the lighthouse"),
    ("QuietOtter", "door", "20:26", "Left"),
    ("PixelHarbor", "hydrate", "20:31", ""),
]

CHATTER: Final = [
    ("PixelHarbor", "Good evening! First time here on a Saturday"),
    ("TeaTimeTom", "The tea is ready, the stream is on"),
    ("Ada", "Which floor of the keep was it last week?"),
    ("Robin", "The ninth. We left at the bridge"),
    ("MossyLantern", "Nobody gets past that bridge"),
    ("QuietOtter", "I did! On the thirtieth try"),
    ("Ada", "Then we need a counter"),
    ("Robin", "There is one, top left"),
    ("TeaTimeTom", "41 already?"),
    ("PixelHarbor", "It counts the whole month"),
    ("QuietOtter", "Try the left door first"),
    ("MossyLantern", "Don't listen to the otter"),
    ("Robin", "The left door it is"),
    ("Ada", "Aaand that was the trap"),
    ("TeaTimeTom", "42. The answer!"),
]

NEWS: Final[dict[int, tuple[str, dict[str, object]]]] = {
    2: ("Follow", {"user": "QuietOtter"}),
    4: ("Raid", {"user": "MossyLantern", "viewers": 42}),
    10: ("Sub", {"user": "TeaTimeTom"}),
    12: ("Cheer", {"user": "MossyLantern", "bits": 100}),
    13: ("Follow", {"user": "BrassKettle"}),
}
"""What happens beside the chat, after which message."""

RUNS: Final[dict[int, tuple[str, dict[str, object]]]] = {
    2: ("Follow alert", {"user": "QuietOtter"}),
    4: ("Raid alert", {"user": "MossyLantern", "viewers": 42}),
    8: ("Count a death", {}),
}
"""The actions that run, after which message."""

ASKING_PAGE: Final = """<!doctype html>
<title>Death counter</title>
<canvas id="icon" width="64" height="64"></canvas>
<script>
  const brush = document.getElementById("icon").getContext("2d");
  brush.fillStyle = "#5b3fa8";
  brush.fillRect(0, 0, 64, 64);
  brush.fillStyle = "#ffd089";
  brush.font = "700 34px sans-serif";
  brush.textAlign = "center";
  brush.fillText("42", 32, 44);
  const ask = { auth: "ask", name: "Death counter", author: "Robin", url: "https://overlays.example/deaths",
                icon: document.getElementById("icon").toDataURL(), verificationCode: "4117",
                scopes: ["read:counter/*", "write:counter/*", "event:Twitch.ChatMessage", "send:twitch"] };
  const socket = new WebSocket("ws://localhost:4337/ws");
  socket.onopen = () => socket.send(JSON.stringify({ command: "klogin", request_id: "1", data: ask }));
</script>
"""
"""An overlay that wants to come in."""


@contextlib.contextmanager
def prepared(browser: Browser, folder: Path) -> Iterator[SyncClient]:
    """Set the stage: what is kept, who is connected, what the log says. Gives a connection to say more by."""
    output_of(folder, "set", "stagedoor/welcome", '{"done":true}')
    overlay = open_page(browser, "dark", (520, 340))
    overlay.goto(CHAT)
    with SyncClient(SERVER, password=output_of(folder, "password", "show")) as bot, _remembered(folder):
        bot.set_many_json(BOT | LOYALTY)
        for viewer, reward, time_of_day, text in REDEEMS:
            when = f"2026-01-31T{time_of_day}:00+00:00"
            redeem = {"username": viewer.lower(), "display_name": viewer, "when": when, "request_text": text}
            bot.call_json("loyalty/@create-redeem", redeem | {"reward": {"id": reward}})
        bot.set_many_json({f"action/{action['id']}": action for action in ACTIONS})
        for name, value in VARIABLES.items():
            bot.call_json("global/@set", {"name": name, "value": value})
        bot.call_json("global/@set", {"name": "on air", "value": True, "persisted": False})
        for user_id, user, points in POINTS:
            whose = {"platform": "twitch", "userId": user_id, "userLogin": user.lower(), "userName": user}
            bot.call_json("global/@set", {"name": "points", "value": points, **whose})
        bot.set_many_json({"overlay/scene": "game", "overlay/alert": {"kind": "none"}, "goals/follow": 482})
        _knock_from_a_web_site(folder)
        output_of(
            folder, "overlay-key", "make", "Chat in OBS", "--scope", "event:Twitch.*", "--scope", "event:YouTube.*"
        )
        output_of(folder, "overlay-key", "make", "Goals for Ada", "--scope", "read:goals/*", "--expires", "2099-12-31")
        output_of(folder, "origins", "allow", "https://overlays.example")
        output_of(folder, "backup")
        bot.subscribe_prefix("counter/", lambda *_: None)
        yield bot
    overlay.close()


def play(bot: SyncClient, folder: Path, *, pause_s: float) -> None:
    """Let the evening happen, in front of whoever looks."""
    with Terminal(folder).running("stagedoor", "chat", "--broadcaster", "Robin") as room:
        room.read_until("what to type")
        for number, (name, message) in enumerate(CHATTER):
            bot.call_json("loopback/@say", {"platform": "twitch", "name": name, "message": message})
            if number in NEWS:
                type_, data = NEWS[number]
                bot.call_json("stagedoor/@emit", {"source": "Twitch", "type": type_, "data": data, "sample": True})
            if number in RUNS:
                action, arguments = RUNS[number]
                bot.call_json("action/@run", {"action": {"name": action}, "args": arguments})
            bot.set("counter/messages", str(number))
            if number < len(CHATTER) - 1:
                time.sleep(pause_s)


def change_alert(bot: SyncClient) -> None:
    """Let a key have a short history."""
    for value in ({"kind": "raid", "who": "MossyLantern"}, {"kind": "none"}, {"kind": "follow", "who": "QuietOtter"}):
        bot.set_json("overlay/alert", value)
        time.sleep(0.5)


def be_lively(bot: SyncClient) -> None:
    """Let the chat have been lively for five minutes."""
    bot.set_json("twitch/chat-activity", [3, 12, 7, 19, 6])


@contextlib.contextmanager
def asking(browser: Browser, folder: Path) -> Iterator[Page]:
    """Let an overlay ask to come in, for as long as the block lasts."""
    (folder / "overlays" / "deaths.html").write_text(ASKING_PAGE, "utf-8")
    page = open_page(browser, "light", (400, 300))
    page.goto(f"{PAGE}static/deaths.html")
    yield page
    page.close()


@contextlib.contextmanager
def _remembered(folder: Path) -> Iterator[None]:
    """Keep an application connected that was let in for good."""
    is_in, may_go = threading.Event(), threading.Event()

    def be_one() -> None:
        ask = AskMetadata(name="Stream buttons", author="Ada", url="https://buttons.example/")
        with SyncClient(SERVER, ask=ask):
            is_in.set()
            may_go.wait()

    application = threading.Thread(target=be_one)
    application.start()
    while not (questions := json.loads(output_of(folder, "asks", "list", "--json"))):
        pass
    output_of(folder, "asks", "allow", questions[0]["id"], "--remember")
    is_in.wait(TIMEOUT_S)
    try:
        yield
    finally:
        may_go.set()
        application.join(TIMEOUT_S)


def _knock_from_a_web_site(folder: Path) -> None:
    """Try to connect as a page of a web site that nobody lets in, which the log tells."""
    site = {
        "Origin": "https://widgets.example",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    door = http.client.HTTPConnection("localhost", 4337, timeout=TIMEOUT_S)
    door.request("GET", "/ws", headers=site)
    assert door.getresponse().status == http.HTTPStatus.FORBIDDEN
    door.close()
    (question,) = json.loads(output_of(folder, "asks", "list", "--json"))
    output_of(folder, "asks", "deny", question["id"])
