"""What people do in the world, and what is told of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.fake_twitch import Clock, World
from stagedoor.fake_twitch.chatroom import EMOTES, KEPT_MESSAGES, ChatSettings
from stagedoor.types import JsonObject


@pytest.fixture
def world() -> World:
    return World(Clock.standing())


def listen(world: World) -> list[tuple[str, JsonObject]]:
    heard: list[tuple[str, JsonObject]] = []
    world.listeners.append(lambda topic, event, _: heard.append((topic, event)))
    return heard


words = st.one_of(
    st.text(max_size=8), st.sampled_from([*EMOTES, "@ann", "@Ann,", "@nobody", "Cheer100", "cheer1", " "])
)


@given(st.lists(words).map(" ".join), st.sampled_from([0, 100]))
def test_fragments_are_the_text_again(text: str, bits: int) -> None:
    world = World(Clock.standing())
    world.user("Ann")
    parsed = world.parse(text, bits=bits)
    fragments = parsed["fragments"]
    assert isinstance(fragments, list)
    assert "".join(one["text"] for one in fragments) == parsed["text"] == text
    for one in fragments:
        told = {name for name in ("emote", "mention", "cheermote") if one[name] is not None}
        assert told == (set() if one["type"] == "text" else {one["type"]})


def test_names_find_the_same_person_in_any_case(world: World) -> None:
    ann = world.user("Ann")
    assert world.user("ANN") is ann
    assert world.find(login="aNN") is ann
    assert world.find(id=ann.id) is ann
    assert world.find() is None


def test_a_new_name_takes_the_place_of_the_old(world: World) -> None:
    ann = world.user("Ann")
    heard = listen(world)
    world.update_user(ann, name="Anna")
    assert heard[0][1]["user_name"] == "Anna"
    assert world.find(login="ann") is None
    assert world.find(login="anna") is ann


def test_a_reply_names_the_message_and_the_thread(world: World) -> None:
    first = world.chat("Ann", "one")
    second = world.chat("Ben", "two", reply_to=first)
    heard = listen(world)
    world.chat("Cleo", "three", reply_to=second)
    reply = heard[0][1]["reply"]
    assert isinstance(reply, dict)
    assert (reply["parent_message_body"], reply["thread_message_id"]) == ("two", first)
    assert reply["thread_user_name"] == "Ann"


def test_old_messages_are_forgotten(world: World) -> None:
    first = world.chat("Ann", "first")
    for number in range(KEPT_MESSAGES):
        world.chat("Ann", str(number))
    assert first not in world.messages
    assert not world.delete_message(first)


def test_a_gift_is_told_in_every_way(world: World) -> None:
    heard = listen(world)
    world.gift("Ann", "Ben", "Cleo")
    topics = [topic for topic, _ in heard]
    assert topics.count("channel.subscription.gift") == 1
    assert topics.count("channel.subscribe") == 2
    notices = [event["notice_type"] for topic, event in heard if topic == "channel.chat.notification"]
    assert notices == ["community_sub_gift", "sub_gift", "sub_gift"]
    assert world.channel.subscribers[world.user("Ben").id].gifter is world.user("Ann")


def test_who_gives_or_cheers_anonymously_is_not_named(world: World) -> None:
    heard = listen(world)
    world.gift(None, "Ben")
    world.cheer(None, 100)
    for topic, event in heard:
        if topic in ("channel.subscription.gift", "channel.cheer"):
            assert event["is_anonymous"] is True
            assert event["user_id"] is None
    assert "channel.bits.use" not in [topic for topic, _ in heard]


def test_a_prediction_pays_those_who_were_right(world: World) -> None:
    prediction = world.prediction_begin("Will it work?", "Yes", "No")
    world.predict("Ann", prediction, 0, 300)
    world.predict("Ben", prediction, 0, 100)
    world.predict("Cleo", prediction, 1, 600)
    world.prediction_end(prediction, 0)
    won = {name: prediction.winnings(world.user(name).id) for name in ("Ann", "Ben", "Cleo")}
    assert won == {"Ann": 750, "Ben": 250, "Cleo": 0}


def test_a_hype_train_climbs(world: World) -> None:
    train = world.hype_train_begin("Ann", 1000)
    assert (train.level, train.progress, train.goal) == (1, 1000, 1600)
    world.hype_train_progress("Ben", 700, kind="subscription")
    assert (train.level, train.progress, train.goal) == (2, 100, 3400)
    world.hype_train_end()
    assert world.hype_train_record is train


def test_modes_are_told_one_by_one(world: World) -> None:
    heard = listen(world)
    world.set_chat_settings(ChatSettings(slow_mode=True, slow_mode_s=10, emote_mode=True))
    world.set_chat_settings(ChatSettings(emote_mode=True))
    actions = [(event["action"], event["slow"]) for topic, event in heard if topic == "channel.moderate"]
    assert actions == [("emoteonly", None), ("slow", {"wait_time_seconds": 10}), ("slowoff", None)]


def test_a_timeout_ends(world: World) -> None:
    world.timeout("Ann", 60)
    ann = world.user("Ann")
    assert world.ban_of(ann) is not None
    world.clock.turn(60)
    assert world.ban_of(ann) is None
    assert not world.unban(ann)
