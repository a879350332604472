"""Points for being there: who, how many, and when."""

import asyncio
import logging

import msgspec
import pytest

from stagedoor.keys import BOT_CONFIG, LAST_AWARD, LOYALTY_CONFIG, POINTS
from stagedoor.services.loyalty.records import whole
from stagedoor.types import JsonObject
from tests.services.loyalty.harness import Stage

CONFIG: JsonObject = {
    "enabled": True,
    "currency": "wishes",
    "points": {"interval": 600, "amount": 10, "activity_bonus": 5},
    "banlist": ["BANNED"],
}


def chatter(name: str) -> JsonObject:
    return {"id": f"id-{name.lower()}", "login": name.lower(), "name": name}


async def test_all_who_are_there_get_points_and_more_who_wrote(stage: Stage) -> None:
    await stage.set_up(config=CONFIG, ada=1)
    await stage.go_live()
    stage.chatters = [chatter("Ada"), chatter("Bob"), chatter("Banned"), chatter("Ada")]
    stage.write("Ada", "hello")
    stage.write("Banned", "hello")
    stage.write("Gone", "hello")
    await stage.pass_round(600)
    assert stage.desk.read(POINTS + "ada") == {"points": 16, "id": "id-ada", "display_name": "Ada"}
    assert stage.desk.read(POINTS + "bob") == {"points": 10, "id": "id-bob", "display_name": "Bob"}
    assert stage.desk.keys(POINTS) == [POINTS + "ada", POINTS + "bob"]
    await stage.pass_round(600)
    assert (stage.balance("ada"), stage.balance("bob")) == (26, 20)


async def test_a_balance_too_large_to_be_counted_keeps_nobody_else_from_theirs(stage: Stage) -> None:
    await stage.set_up(config=CONFIG, ada=2**53)
    await stage.go_live()
    stage.chatters = [chatter("Ada"), chatter("Bob")]
    await stage.pass_round(600)
    assert stage.desk.read(POINTS + "ada") == {"points": 2**53}
    assert stage.balance("bob") == 10


async def test_the_bot_earns_nothing_and_the_streamer_does(stage: Stage) -> None:
    await stage.set_up(config=CONFIG)
    await stage.go_live()
    await stage.put("platform/twitch", {"botUserName": "helper", "broadcastUserName": "boss"})
    await stage.put(BOT_CONFIG, {"username": "OldHelper"})
    stage.chatters = [chatter(name) for name in ("Helper", "OldHelper", "Boss")]
    await stage.pass_round(600)
    assert stage.desk.keys(POINTS) == [POINTS + "boss"]
    await stage.put("platform/twitch", {"botUserName": "boss", "broadcastUserName": "boss"})
    await stage.put(BOT_CONFIG, {"username": "boss"})
    await stage.pass_round(600)
    assert stage.balance("boss") == 20


async def test_nobody_gets_points_while_the_channel_is_offline(stage: Stage) -> None:
    await stage.set_up(config=CONFIG)
    stage.chatters = [chatter("Ada")]
    stage.write("Ada", "before the stream")
    stage.pass_time(6000)
    await stage.done()
    assert not stage.asked.is_set()
    await stage.go_live()
    await stage.pass_round(600)
    assert stage.balance("ada") == 10


async def test_what_was_written_in_an_earlier_stream_counts_for_nothing(stage: Stage) -> None:
    await stage.set_up(config=CONFIG)
    stage.chatters = [chatter("Ada")]
    await stage.go_live()
    stage.write("Ada", "hello")
    await stage.go_live(live=False)
    await stage.go_live()
    await stage.pass_round(600)
    assert stage.balance("ada") == 10


async def test_a_round_that_fails_is_passed_over_and_keeps_who_was_active(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.set_up(config=CONFIG)
    await stage.go_live()
    stage.write("Ada", "hello")
    stage.chatters = None
    with caplog.at_level(logging.WARNING):
        await stage.ask_round(600)
        await stage.done()
    assert "nobody knows who is in the chat: no connection" in caplog.text
    stage.chatters = [chatter("Ada")]
    await stage.pass_round(600)
    assert stage.balance("ada") == 15


async def test_an_answer_that_is_none_is_passed_over(stage: Stage) -> None:
    await stage.set_up(config=CONFIG)
    await stage.go_live()
    stage.chatters = [{"login": 5}]
    await stage.ask_round(600)
    await stage.done()
    stage.chatters = [chatter("Ada"), {"id": "", "login": "", "name": ""}, {"id": "1" * 600, "login": "x"}]
    await stage.pass_round(600)
    assert stage.desk.keys(POINTS) == [POINTS + "ada", POINTS + "last"]


async def test_awards_begin_when_they_are_switched_on(stage: Stage) -> None:
    """strimertül's defect 20: enabling has no effect until a restart. The settings of each round count."""
    await stage.set_up(config=CONFIG | {"enabled": False})
    await stage.go_live()
    stage.chatters = [chatter("Ada")]
    stage.pass_time(6000)
    await stage.put(LOYALTY_CONFIG, CONFIG)
    await stage.pass_round(600)
    await stage.put(LOYALTY_CONFIG, CONFIG | {"points": {"interval": 60, "amount": 1}})
    await stage.pass_round(60)
    assert stage.balance("ada") == 11
    stage.asked.clear()
    await stage.put(LOYALTY_CONFIG, CONFIG | {"points": {"interval": 0, "amount": 1}})
    stage.pass_time(6000)
    await stage.done()
    assert not stage.asked.is_set()


async def test_a_restart_keeps_the_rhythm(stage: Stage) -> None:
    """However often it is started: no award too many, and none is lost by that."""
    await stage.set_up(config=CONFIG)
    await stage.go_live()
    stage.chatters = [chatter("Ada")]
    await stage.pass_round(600)
    for _ in range(5):
        stage.pass_time(110)
        await stage.restart()
    assert stage.balance("ada") == 10
    await stage.pass_round(50)
    assert stage.balance("ada") == 20
    stage.pass_time(900)
    await stage.close()
    await stage.start()
    await stage.pass_round(600)


async def test_no_two_awards_come_close_to_each_other(stage: Stage) -> None:
    await stage.set_up(config=CONFIG)
    await stage.go_live()
    stage.chatters = [chatter("Ada")]
    stage.pass_time(300)
    await stage.put(LAST_AWARD, stage.time.now)  # by another stagedoor, say
    stage.pass_time(300)
    await stage.done()
    assert not stage.asked.is_set()
    await stage.pass_round(600)
    assert stage.balance("ada") == 10


@pytest.mark.parametrize("last", ["nonsense", "1e400", "99999999999"])
async def test_a_last_award_that_is_none_or_in_the_future_holds_nothing_up(stage: Stage, last: str) -> None:
    await stage.desk.put(LAST_AWARD, last)
    await stage.set_up(config=CONFIG)
    await stage.go_live()
    stage.chatters = [chatter("Ada")]
    await stage.pass_round(600)
    assert stage.balance("ada") == 10


async def test_an_award_while_points_are_spent_loses_neither(stage: Stage) -> None:
    """strimertül's defect 9: an award during an echo is undone."""
    names = [f"Viewer{number}" for number in range(600)]
    await stage.set_up(config=CONFIG, balances={name.lower(): 100 for name in names})
    await stage.go_live()
    stage.chatters = [chatter(name) for name in names]
    for name in names[::50]:
        stage.write(name, "!redeem hydrate")
    round_ = asyncio.ensure_future(stage.pass_round(600))
    await asyncio.sleep(0)
    for name in names[::50]:
        stage.write(name, "!contribute 7")
    await round_
    await stage.answers()
    spent = len(stage.queue()) * 100 + whole(stage.goal()["contributed"])
    balances = sum(whole(stage.balance(name.lower())) for name in names)
    assert balances + spent == 600 * 100 + 600 * 10 + 12 * 5
    assert len(stage.queue()) == 12


async def test_ten_thousand_get_theirs_in_parts(stage: Stage) -> None:
    """Nobody is held up for long: between two parts others have their turn."""
    await stage.set_up(config=CONFIG)
    await stage.go_live()
    stage.chatters = [chatter(f"Viewer{number}") for number in range(10_000)]
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.ensure_future(count_turns())
    await stage.pass_round(600)
    counting.cancel()
    assert len(stage.desk.keys(POINTS)) == 10_000
    assert turns >= 40
    assert {msgspec.json.decode(stage.desk.get(key))["points"] for key in stage.desk.keys(POINTS)} == {10}
