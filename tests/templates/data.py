"""What the templates of the tests work on: the data of chat messages and alerts, and a bot's functions."""

from collections.abc import Mapping
from datetime import UTC, datetime

from stagedoor.templates import Functions, Limits, Struct, TemplateFailed, TypedMap, compile_template

PATIENT = Limits(seconds=20)
"""For templates whose limit is not what is tested, on machines that are busy."""

NOW = datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC)


def emote(name: str, emote_id: str, count: int) -> Struct:
    return Struct({"Name": name, "ID": emote_id, "Count": count, "Positions": []}, text=name)


MSG = Struct(
    {
        "User": Struct(
            {
                "ID": "603448316",
                "Name": "ashkeelvt",
                "DisplayName": "AshKeelVT",
                "Color": "#FF0000",
                "Badges": TypedMap({"subscriber": 0, "broadcaster": 1}, 0),
            }
        ),
        "Raw": "raw",
        "Type": 1,
        "RawType": "PRIVMSG",
        "Tags": TypedMap({"first-msg": "0", "display-name": "AshKeelVT", "mod": "0"}, ""),
        "Message": "!command this is a test",
        "Channel": "ashkeelvt",
        "RoomID": "603448316",
        "ID": "1",
        "Time": datetime(2023, 5, 17, 17, 45, 59, 394000, tzinfo=UTC),
        "Emotes": [emote("Kappa", "25", 2), emote("LUL", "425618", 1)],
        "Bits": 0,
        "Action": False,
        "FirstMessage": False,
        "Reply": None,
        "CustomRewardID": "",
    }
)

SUB = Struct(
    {
        "UserName": "Cool_User",
        "Tier": "1000",
        "IsGift": False,
        "CumulativeMonths": 15,
        "StreakMonths": 1,
        "DurationMonths": 6,
        "Message": Struct({"Text": "Love the stream!", "Emotes": [Struct({"Begin": 5, "End": 7, "ID": "30"})]}),
    }
)
RAID = Struct({"FromBroadcasterUserName": "Cool_User", "Viewers": 9001}, aliases={"ViewerCount": "Viewers"})
CHEER = Struct({"UserName": "Cool_User", "Bits": 1000})
GIFT = Struct({"IsAnonymous": True, "UserName": "", "Total": 1, "CumulativeTotal": 0})
MAP: dict[str, object] = {
    "name": "Ada",
    "n": 3,
    "f": 2.5,
    "list": ["a", "b", "c"],
    "m": {"z": 1, "a": 2},
    "nil": None,
}


def user(message: Struct) -> object:
    return message.fields["User"].fields["DisplayName"]  # type: ignore[attr-defined]


def param(number: int, message: Struct) -> str:
    words = str(message.fields["Message"]).split(" ")
    if number < 0:
        raise TemplateFailed(f"there is no word {number}")
    return words[min(number, len(words) - 1)]


def random_int(least: int, end: int) -> int:
    if end <= least:
        raise TemplateFailed("there is no number between")
    return least


def count(name: str) -> int:
    return 2


def game(channel: str) -> str:
    return f"the game of {channel}"


BOT: Functions = {"user": user, "param": param, "randomInt": random_int, "count": count, "game": game}


def render(
    source: str, data: object = None, functions: Mapping[str, object] | None = None, limits: Limits = PATIENT
) -> str:
    chosen: Functions = BOT if functions is None else functions  # type: ignore[assignment]
    return compile_template(source, chosen).render(data, limits=limits, clock=lambda: NOW)
