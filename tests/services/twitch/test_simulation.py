"""Events that somebody makes up: a sample with other members on top, told as if Twitch had."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from stagedoor.access import SERVICE, Client
from stagedoor.errors import RequestFailed
from stagedoor.fake_twitch import topics as fake
from stagedoor.keys import (
    BOT_CONFIG,
    CHAT_HISTORY,
    CHAT_MESSAGE,
    EVENTSUB_EVENT,
    EVENTSUB_HISTORY,
    TWITCH_SIMULATE,
    TWITCH_TOPICS,
)
from stagedoor.services.twitch.simulation import Simulation, lay_over
from stagedoor.services.twitch.topics import TOPICS
from stagedoor.types import JsonObject
from tests.services.twitch.telling import Stage, stage


@pytest.fixture
async def there() -> AsyncIterator[Stage]:
    async with stage() as opened:
        Simulation(Client(opened.desk.hub, SERVICE), opened.publisher, now=opened.now)
        yield opened


async def test_the_topics_are_listed_with_what_they_become(there: Stage) -> None:
    answer: Any = await there.desk.ask(TWITCH_TOPICS)
    listed = {topic["topic"]: topic for topic in answer["topics"]}
    assert list(listed) == list(TOPICS)
    follow = listed["channel.follow"]
    assert follow["sample"]["user_name"] == "Pixel_Panda"
    assert follow["sample"]["followed_at"].startswith("2026-09-21T")
    assert {key: follow[key] for key in follow if key != "sample"} == {
        "topic": "channel.follow",
        "version": "2",
        "summary": "somebody follows",
        "scopes": ["moderator:read:followers"],
        "events": ["Twitch.Follow"],
        "keys": [EVENTSUB_EVENT, "event/Twitch/Follow"],
        "isChatMessage": False,
    }
    assert [topic["topic"] for topic in answer["topics"] if topic["isChatMessage"]] == ["channel.chat.message"]


@pytest.mark.parametrize("topic", TOPICS)
async def test_each_topic_can_be_made_up(there: Stage, topic: str) -> None:
    await there.desk.put(BOT_CONFIG, '{"chat_history":5}')
    answer: Any = await there.desk.ask(TWITCH_SIMULATE, topic=topic)
    key = CHAT_MESSAGE if topic == "channel.chat.message" else EVENTSUB_EVENT
    assert len(there.heard(key)) == 1
    assert (len(there.desk.events("Twitch")) > 0) == bool(TOPICS[topic].events)
    assert answer["subscription"]["type"] == topic
    assert answer["subscription"]["version"] == TOPICS[topic].version
    assert answer["event"].keys() == fake.sample(topic).keys()
    assert there.desk.read(CHAT_HISTORY) is there.desk.read(EVENTSUB_HISTORY) is None, "nobody was there"
    assert "{" not in str(list(leaves(answer["event"])))


def leaves(value: object) -> Any:
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


async def test_given_members_lie_on_top(there: Stage) -> None:
    event = {"user_name": "Ann", "reward": {"title": "Dance"}, "user_input": "now"}
    topic = "channel.channel_points_custom_reward_redemption.add"
    answer: Any = await there.desk.ask(TWITCH_SIMULATE, topic=topic, event=event)
    made = answer["event"]
    assert (made["user_name"], made["user_login"], made["user_input"]) == ("Ann", "ann", "now")
    assert made["user_id"] not in ("", "142857931")
    assert (made["reward"]["title"], made["reward"]["cost"]) == ("Dance", 200)
    [(_, data)] = there.desk.events("Twitch")
    assert (data["user_id"], data["user_name"]) == (made["user_id"], "Ann")


async def test_a_chat_message_can_be_made_up_by_its_text(there: Stage) -> None:
    event = {"chatter_user_name": "Ann", "message": "!hello 🎉"}
    answer: Any = await there.desk.ask(TWITCH_SIMULATE, topic="channel.chat.message", event=event)
    assert answer["event"]["message"]["fragments"][0]["text"] == "!hello 🎉"
    [told] = there.heard(CHAT_MESSAGE)
    assert (told["Message"], told["Emotes"]) == ("!hello 🎉", None)


async def test_ids_and_times_are_fresh(there: Stage) -> None:
    made: list[Any] = []
    for _ in range(2):
        made.append(await there.desk.ask(TWITCH_SIMULATE, topic="channel.poll.begin"))
        there.now.now += 100
    assert made[0]["event"]["id"] != made[1]["event"]["id"]
    assert made[0]["event"]["started_at"] < made[0]["event"]["ends_at"] < made[1]["event"]["ends_at"]
    assert made[0]["subscription"]["id"] != made[1]["subscription"]["id"]


async def test_it_happens_in_the_channel_that_is_logged_in(there: Stage) -> None:
    entry = '{"broadcastUser":"Me","broadcastUserName":"me","broadcastUserId":"42","broadcastIsAffiliate":true}'
    await there.desk.put("platform/twitch", entry)
    answer: Any = await there.desk.ask(TWITCH_SIMULATE, topic="channel.goal.begin")
    assert answer["event"]["broadcaster_user_login"] == "me"
    assert answer["subscription"]["condition"]["broadcaster_user_id"] == "42"
    [(_, data)] = there.desk.events("Twitch")
    assert (data["broadcastUser"], data["broadcastIsAffiliate"], data["broadcastIsPartner"]) == ("Me", True, False)


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"topic": "channel.fallow"}, "channel.fallow"),
        ({}, "topic"),
        ({"topic": "channel.follow", "event": 5}, "event"),
        ({"topic": 5}, "topic"),
    ],
)
async def test_what_is_wrong_is_said(there: Stage, request_: dict[str, object], why: str) -> None:
    with pytest.raises(RequestFailed, match=why):
        await there.desk.ask(TWITCH_SIMULATE, **request_)
    assert [key for key, _ in there.desk.heard] == [TWITCH_SIMULATE]


async def test_an_event_may_not_nest_too_deeply(there: Stage) -> None:
    deep: object = 1
    for _ in range(100):
        deep = [deep]
    with pytest.raises(RequestFailed, match="deeply"):
        await there.desk.ask(TWITCH_SIMULATE, topic="channel.follow", event={"user_id": deep})


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"user_id": None, "user_login": None, "user_name": None}, (None, None, None)),
        ({"user_id": "5"}, ("5", "bob", "Bob")),
        ({"user_id": "5", "user_login": "ann"}, ("5", "ann", "ann")),
        ({"user_name": "Ann", "user_login": "xx", "user_id": "5"}, ("5", "xx", "Ann")),
    ],
)
def test_a_person_is_completed_from_what_is_given(given: JsonObject, wanted: tuple[object, ...]) -> None:
    laid = lay_over({"user_id": "1", "user_login": "bob", "user_name": "Bob"}, given)
    assert (laid["user_id"], laid["user_login"], laid["user_name"]) == wanted
