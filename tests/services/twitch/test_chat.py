"""A message of EventSub as IRC, strimertül and Streamer.bot have it."""

from datetime import datetime
from time import process_time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.keys import CHAT_HISTORY, CHAT_MESSAGE
from stagedoor.services.twitch.chat import Said, as_streamerbot, as_strimertul, mark, read_event
from stagedoor.services.twitch.publishing import Own
from stagedoor.streamerbot.events import Emotes
from stagedoor.types import JsonObject
from tests.services.twitch.telling import payload_of, stage

NOW = 1_790_000_000.1239


def text(value: str) -> JsonObject:
    return {"type": "text", "text": value, "cheermote": None, "emote": None, "mention": None}


def emote(name: str, id_: str) -> JsonObject:
    return {"type": "emote", "text": name, "emote": {"id": id_, "emote_set_id": "0"}, "cheermote": None}


def cheermote(prefix: str, bits: int) -> JsonObject:
    return {"type": "cheermote", "text": f"{prefix}{bits}", "cheermote": {"prefix": prefix, "bits": bits, "tier": 1}}


def event(*fragments: JsonObject, **members: object) -> bytes:
    """An event of ``channel.chat.message`` of these pieces."""
    whole = "".join(str(fragment["text"]) for fragment in fragments)
    body: JsonObject = {
        "broadcaster_user_id": "99",
        "broadcaster_user_login": "streamer",
        "broadcaster_user_name": "Streamer",
        "chatter_user_id": "1234",
        "chatter_user_login": "cool_user",
        "chatter_user_name": "Cool_User",
        "message_id": "b34ccfc7",
        "message": {"text": whole, "fragments": fragments},
        "color": "#8A2BE2",
        "badges": [],
        "message_type": "text",
        "cheer": None,
        "reply": None,
        "channel_points_custom_reward_id": None,
    }
    return msgspec.json.encode({**body, **members})


def strimertul(body: bytes) -> dict[str, Any]:
    """The value of ``twitch/ev/chat-message``."""
    return msgspec.json.decode(msgspec.json.encode(as_strimertul(Said(read_event(body)), NOW)), type=dict[str, Any])


def streamerbot(body: bytes, lists: JsonObject | None = None) -> dict[str, Any]:
    return as_streamerbot(Said(read_event(body)), Emotes(lists or {}))


def test_a_plain_message_is_as_strimertul_has_it() -> None:
    told = strimertul(event(text("Hello; you\\ there")))
    time = told.pop("Time")
    assert datetime.fromisoformat(time).timestamp() == 1_790_000_000.123
    assert told == {
        "User": {"ID": "1234", "Name": "cool_user", "DisplayName": "Cool_User", "Color": "#8A2BE2", "Badges": {}},
        "Raw": "@badge-info=;badges=;color=#8A2BE2;display-name=Cool_User;emotes=;first-msg=0;flags=;id=b34ccfc7;mod=0;"
        "returning-chatter=0;room-id=99;subscriber=0;tmi-sent-ts=1790000000123;turbo=0;user-id=1234;user-type= "
        ":cool_user!cool_user@cool_user.tmi.twitch.tv PRIVMSG #streamer :Hello; you\\ there",
        "Type": 1,
        "RawType": "PRIVMSG",
        "Tags": {
            "badge-info": "",
            "badges": "",
            "color": "#8A2BE2",
            "display-name": "Cool_User",
            "emotes": "",
            "first-msg": "0",
            "flags": "",
            "id": "b34ccfc7",
            "mod": "0",
            "returning-chatter": "0",
            "room-id": "99",
            "subscriber": "0",
            "tmi-sent-ts": "1790000000123",
            "turbo": "0",
            "user-id": "1234",
            "user-type": "",
        },
        "Message": "Hello; you\\ there",
        "Channel": "streamer",
        "RoomID": "99",
        "ID": "b34ccfc7",
        "Emotes": None,
        "Bits": 0,
        "Action": False,
        "FirstMessage": False,
        "Reply": None,
        "CustomRewardID": "",
    }


def test_emotes_are_counted_in_characters_and_told_once_each() -> None:
    body = event(
        text("🎉 "), emote("Kappa", "25"), text(" né "), emote("HeyGuys", "30259"), text(" "), emote("Kappa", "25")
    )
    told = strimertul(body)
    assert told["Emotes"] == [
        {"Name": "Kappa", "ID": "25", "Count": 2, "Positions": [{"Start": 2, "End": 6}, {"Start": 19, "End": 23}]},
        {"Name": "HeyGuys", "ID": "30259", "Count": 1, "Positions": [{"Start": 11, "End": 17}]},
    ]
    assert told["Tags"]["emotes"] == "25:2-6,19-23/30259:11-17"
    for entry in told["Emotes"]:
        for place in entry["Positions"]:
            assert told["Message"][place["Start"] : place["End"] + 1] == entry["Name"]
    places = [(entry["name"], entry["startIndex"], entry["endIndex"]) for entry in streamerbot(body)["emotes"]]
    assert places == [("Kappa", 3, 7), ("HeyGuys", 12, 18), ("Kappa", 20, 24)]


@pytest.mark.parametrize("in_fragments", [True, False])
def test_an_action_is_told_without_what_marks_it(in_fragments: bool) -> None:
    whole = "\x01ACTION waves Kappa\x01"
    pieces = [text("\x01ACTION waves "), emote("Kappa", "25"), text("\x01")]
    if not in_fragments:  # as Twitch has been seen to send it
        pieces = [text("waves "), emote("Kappa", "25")]
    body = event(message={"text": whole, "fragments": pieces})
    told = strimertul(body)
    assert (told["Message"], told["Action"], told["Tags"]["emotes"]) == ("waves Kappa", True, "25:6-10")
    assert told["Raw"].endswith(f"PRIVMSG #streamer :{whole}")
    assert (streamerbot(body)["text"], streamerbot(body)["meta"]["isMe"]) == ("waves Kappa", True)


@pytest.mark.parametrize(
    ("badges", "numbers", "tags"),
    [
        (
            [("founder", "0", "8")],
            {"founder": 0},
            {"subscriber": "1", "badge-info": "founder/8", "badges": "founder/0"},
        ),
        ([("subscriber", "2012", "14")], {"subscriber": 2012}, {"subscriber": "1", "badge-info": "subscriber/14"}),
        ([("moderator", "1", "")], {"moderator": 1}, {"mod": "1", "user-type": "mod"}),
        ([("lead_moderator", "1", "")], {"lead_moderator": 1}, {"mod": "1"}),
        ([("broadcaster", "1", "")], {"broadcaster": 1}, {"mod": "0", "user-type": ""}),
        ([("vip", "1", ""), ("turbo", "1", "")], {"vip": 1, "turbo": 1}, {"vip": "1", "badges": "vip/1,turbo/1"}),
        ([("staff", "1", ""), ("moderator", "1", "")], {"staff": 1, "moderator": 1}, {"user-type": "staff"}),
        ([("event", "gold", None)], {"event": 0}, {"badges": "event/gold", "badge-info": ""}),
    ],
)
def test_badges_say_who_somebody_is(
    badges: list[tuple[str, str, str | None]], numbers: dict[str, int], tags: dict[str, str]
) -> None:
    given = [{"set_id": name, "id": version, "info": info} for name, version, info in badges]
    told = strimertul(event(text("hi"), badges=given))
    assert told["User"]["Badges"] == numbers
    assert told["Tags"] == {**told["Tags"], **tags}
    assert list(told["Tags"]) == sorted(told["Tags"])


@pytest.mark.parametrize(
    ("version", "tier", "months"), [("6", "1000", 8), ("2006", "2000", 8), ("3012", "3000", 8), ("what", "1000", 8)]
)
def test_a_tier_follows_from_the_badge(version: str, tier: str, months: int) -> None:
    badge = {"set_id": "subscriber", "id": version, "info": str(months)}
    user = streamerbot(event(text("hi"), badges=[badge]))["user"]
    assert (user["subscriptionTier"], user["monthsSubscribed"]) == (tier, months)
    assert user["badges"][0]["imageUrl"].startswith("https://")


def test_an_answer_names_what_it_answers() -> None:
    parent = {
        "parent_message_id": "p1",
        "parent_message_body": "a question; mine",
        "parent_user_id": "7",
        "parent_user_name": "Ann",
        "parent_user_login": "ann",
        "thread_message_id": "t1",
        "thread_user_id": "8",
        "thread_user_name": "Ben",
        "thread_user_login": "ben",
    }
    told = strimertul(event(text("yes"), reply=parent))
    assert told["Reply"] == {
        "ParentMsgID": "p1",
        "ParentUserID": "7",
        "ParentUserLogin": "ann",
        "ParentDisplayName": "Ann",
        "ParentMsgBody": "a question; mine",
    }
    assert told["Tags"]["reply-thread-parent-msg-id"] == "t1"
    assert r"reply-parent-msg-body=a\squestion\:\smine;" in told["Raw"]
    assert streamerbot(event(text("yes"), reply=parent))["reply"]["threadUserLogin"] == "ben"


def test_what_is_special_about_a_message_is_in_its_tags() -> None:
    told = strimertul(
        event(
            cheermote("Cheer", 100),
            cheer={"bits": 100},
            message_type="channel_points_highlighted",
            channel_points_custom_reward_id="r1",
            source_broadcaster_user_id="7",
            source_message_id="s1",
        )
    )
    assert (told["Bits"], told["CustomRewardID"]) == (100, "r1")
    wanted = {
        "bits": "100",
        "custom-reward-id": "r1",
        "msg-id": "highlighted-message",
        "source-room-id": "7",
        "source-id": "s1",
    }
    assert told["Tags"] == {**told["Tags"], **wanted}
    first = strimertul(event(text("hi"), message_type="user_intro"))
    assert (first["FirstMessage"], first["Tags"]["first-msg"]) == (True, "1")


def test_emotes_of_others_are_found_and_twitchs_only_where_twitch_says() -> None:
    lists: JsonObject = {
        "userEmotes": [{"name": "Kappa", "type": "twitchGlobal", "imageUrl": "https://x/25"}],
        "bttvEmotes": [{"name": "catJAM", "type": "BTTVGlobal", "imageUrl": "https://cdn/emote/1/3x"}],
    }
    found = streamerbot(event(text("catJAM "), emote("LUL", "425618"), text(" Kappa")), lists)["emotes"]
    assert [(entry["name"], entry["type"]) for entry in found] == [("catJAM", "BTTVGlobal"), ("LUL", "Twitch")]


def test_a_cheer_is_marked_in_the_text() -> None:
    said = Said(read_event(event(text("take "), cheermote("Corgo", 1500), cheer={"bits": 1500})))
    marked: Any = mark(said.text, said.places, Emotes({}))
    assert marked["cheerEmotes"] == [
        {
            "bits": 1500,
            "color": "#1db2a5",
            "type": "CheerEmote",
            "name": "Corgo",
            "startIndex": 5,
            "endIndex": 13,
            "imageUrl": "https://d3aqoihi2n8ty8.cloudfront.net/actions/corgo/dark/animated/1000/4.gif",
        }
    ]


@pytest.mark.parametrize("is_internal", [True, False])
async def test_what_this_process_says_itself_is_marked_and_no_viewers_message(*, is_internal: bool) -> None:
    async with stage() as there:
        await there.desk.put("twitch/bot-config", '{"chat_history":5}')
        there.desk.heard.clear()
        there.notify("channel.chat.message", own=Own(is_internal))
        events = there.desk.events("Twitch")
        assert [(type_, data["meta"]["internal"]) for type_, data in events if isinstance(data["meta"], dict)] == [
            ("ChatMessage", is_internal)
        ]
        assert there.desk.get(CHAT_MESSAGE) == ""
        assert there.desk.get(CHAT_HISTORY) == ""


async def test_both_shapes_of_a_message_come_in_one_batch() -> None:
    async with stage() as there:
        there.notify("channel.chat.message")
        assert [key for key, _ in there.desk.heard] == [CHAT_MESSAGE, "event/Twitch/ChatMessage"]


async def test_a_guest_of_a_shared_chat_is_known_as_one() -> None:
    source = {f"source_broadcaster_user_{part}": value for part, value in (("id", "7"), ("login", "o"), ("name", "O"))}
    async with stage() as there:
        there.notify("channel.shared_chat.begin", host_broadcaster_user_id="99")
        vip = {"set_id": "vip", "id": "1", "info": ""}
        there.notify("channel.chat.message", {"cheer": {"bits": 5}, "source_badges": [vip], **source})
        there.notify("channel.chat.message")
        there.notify("channel.shared_chat.end")
        there.notify("channel.chat.message")
        flags = ("isInSharedChat", "isSharedChatHost", "isFromSharedChatGuest")
        messages = [data for type_, data in there.desk.events("Twitch") if type_ in ("ChatMessage", "Cheer")]
        assert [[data[flag] for flag in flags] for data in messages] == [
            [True, True, True],  # and no cheer: those are the other channel's bits
            [True, True, False],
            [False, False, False],
        ]
        guest = {"id": "7", "login": "o", "name": "O", "type": "twitch"}
        assert messages[0]["sharedChatSource"] == guest
        assert messages[0]["sharedChat"] == {"primarySource": False, "sourceRoom": guest}
        own = {"id": "99", "login": "streamer", "name": "Streamer", "type": "twitch"}
        assert messages[1]["sharedChat"] == {"primarySource": True, "sourceRoom": own}
        assert "sharedChat" not in messages[2]
        assert [data["isSharedChat"] for data in messages] == [True, True, False]
        older = [data["message"] for data in messages if isinstance(data["message"], dict)]
        assert [data["isSharedChat"] for data in older] == [True, True, False]
        assert [[badge["name"] for badge in data["sourceBadges"]] for data in older] == [["vip"], [], []]


PIECES = st.lists(
    st.one_of(
        st.text(max_size=8).map(text),
        st.sampled_from(["Kappa", "LUL", "né", "🎉x"]).map(lambda name: emote(name, f"id-{name}")),
        st.integers(1, 20_000).map(lambda bits: cheermote("Cheer", bits)),
    ),
    max_size=8,
)


@given(PIECES)
def test_every_emote_stands_where_it_is_said_to(pieces: list[JsonObject]) -> None:
    body = event(*pieces)
    told = strimertul(body)
    if told["Action"]:
        return
    found = 0
    for entry in told["Emotes"] or ():
        assert entry["Count"] == len(entry["Positions"])
        for place in entry["Positions"]:
            assert told["Message"][place["Start"] : place["End"] + 1] == entry["Name"]
            found += 1
    assert found == sum(piece["type"] == "emote" for piece in pieces)
    data = streamerbot(body)
    units = data["text"].encode("utf-16-le", "surrogatepass")
    for entry in [*data["emotes"], *data["cheerEmotes"]]:
        word = units[2 * entry["startIndex"] : 2 * entry["endIndex"] + 2].decode("utf-16-le", "surrogatepass")
        assert word.startswith(entry["name"])


async def test_a_message_costs_little() -> None:
    """150 microseconds are the aim, at 500 messages a second; the bound leaves room for slow machines under load."""
    body = event(
        text("Hello there "),
        emote("Kappa", "25"),
        text(" this is a message of some length, as they come "),
        emote("HeyGuys", "30259"),
        badges=[{"set_id": "subscriber", "id": "6", "info": "8"}, {"set_id": "premium", "id": "1", "info": ""}],
    )
    payload = payload_of("channel.chat.message", msgspec.Raw(body))
    async with stage() as there:
        await there.desk.put("twitch/bot-config", '{"chat_history":50}')
        there.desk.close()
        costs = []
        for _ in range(5):
            began = process_time()
            for _ in range(200):
                there.publisher.publish(payload)
            costs.append((process_time() - began) / 200 * 1e6)
    print(f"publishing a chat message: {min(costs):.0f} µs")
    assert min(costs) < 1000
