"""Each topic can be subscribed to, and what happens is delivered as the sample shows."""

from typing import Any

import pytest

from stagedoor.fake_twitch import CATALOGUE, FakeTwitch, sample
from stagedoor.fake_twitch.topics import do_everything
from tests.fake_twitch.conftest import Visitor

WANTED = (
    "channel.update",
    "channel.follow",
    "channel.subscribe",
    "channel.subscription.gift",
    "channel.subscription.message",
    "channel.cheer",
    "channel.raid",
    "channel.poll.begin",
    "channel.poll.progress",
    "channel.poll.end",
    "channel.prediction.begin",
    "channel.prediction.progress",
    "channel.prediction.lock",
    "channel.prediction.end",
    "channel.hype_train.begin",
    "channel.hype_train.progress",
    "channel.hype_train.end",
    "channel.channel_points_custom_reward.add",
    "channel.channel_points_custom_reward.update",
    "channel.channel_points_custom_reward.remove",
    "channel.channel_points_custom_reward_redemption.add",
    "channel.channel_points_custom_reward_redemption.update",
    "stream.online",
    "stream.offline",
    "channel.chat.message",
    "channel.chat.message_delete",
    "channel.chat.clear",
    "channel.chat.clear_user_messages",
    "channel.chat.notification",
)


def test_what_stream_bots_listen_to_is_there() -> None:
    assert set(WANTED) <= CATALOGUE.keys()
    assert {name for name, topic in CATALOGUE.items() if topic.version == "2"} == {
        "channel.update",
        "channel.follow",
        "channel.moderate",
        "channel.hype_train.begin",
        "channel.hype_train.progress",
        "channel.hype_train.end",
        "channel.channel_points_automatic_reward_redemption.add",
    }


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_topic_has_a_sample_that_names_its_place(name: str) -> None:
    event = sample(name)
    for member in CATALOGUE[name].condition:
        if member == "broadcaster_user_id":
            assert event[member]


async def test_each_topic_is_delivered_as_its_sample_shows(twitch: FakeTwitch, visitor: Visitor) -> None:
    """Everything is done once; whoever has subscribed to all topics hears each of them."""
    async with visitor.socket() as socket:
        await socket.welcome()
        for name in CATALOGUE:
            # Whispers and one's own account are heard by who they are for.
            answer = await visitor.subscribe(socket.id, name)
            assert answer.status == 202, (name, answer)
            if "reward_id" in CATALOGUE[name].optional:
                assert answer.body["data"][0]["condition"]["reward_id"] == ""
        do_everything(twitch.world)
        heard: dict[str, Any] = {}
        while heard.keys() != CATALOGUE.keys():
            message = await socket.next()
            subscription = message["payload"]["subscription"]
            assert subscription["type"] == message["metadata"]["subscription_type"]
            assert subscription["version"] == CATALOGUE[subscription["type"]].version
            heard.setdefault(subscription["type"], message["payload"]["event"])
    for name, event in heard.items():
        assert shape(event) == shape(sample(name)), name


def shape(value: object) -> object:
    """What members there are, and of what kind."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(member) for member in value]
    return type(value).__name__
