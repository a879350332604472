"""The chat commands, from what a viewer writes to what the bot answers and what is kept."""

import asyncio
import itertools
from collections.abc import Callable

import msgspec
import pytest

from stagedoor.access import SERVICE, Client
from stagedoor.keys import (
    BOT_CONFIG,
    CHAT_MESSAGE,
    COMMANDS,
    COOLDOWNS,
    GOALS,
    LAST_COMMAND,
    LOYALTY_CONFIG,
    NEW_REDEEM,
    POINTS,
    REDEEM_QUEUE,
    REWARDS,
    TWITCH_CONFIG,
)
from stagedoor.services.loyalty.books import Books, Page
from stagedoor.strimertul import Goal, Points, Redeem
from stagedoor.types import JsonObject
from tests.services.loyalty.harness import CONFIG, HYDRATE, KARAOKE, Stage, decode

# --- buying ---


async def test_a_reward_is_bought(stage: Stage) -> None:
    await stage.set_up(ada=120)
    stage.desk.subscribe(NEW_REDEEM)
    assert await stage.chat("Ada", "  !Redeem hydrate two   big glasses \U000e0000") == [
        "HolidayPresent Ada has redeemed Hydrate!! (new balance: 20 wishes)"
    ]
    (redeem,) = stage.queue()
    assert redeem["request_text"] == "two big glasses"
    assert {name: redeem[name] for name in ("username", "display_name", "reward")} == {
        "username": "ada",
        "display_name": "Ada",
        "reward": HYDRATE,
    }
    assert stage.desk.read(POINTS + "ada") == {"points": 20, "id": "id-ada", "display_name": "Ada"}
    assert [(key, decode(value)) for key, value in stage.desk.heard] == [(NEW_REDEEM, redeem)]


async def test_balance_queue_and_event_become_visible_at_one_moment(stage: Stage) -> None:
    await stage.set_up(rewards=[HYDRATE | {"cooldown": 60}], ada=100)
    numbers: dict[str, int] = {}
    listener = Client(stage.hub, SERVICE, lambda change: numbers.update({change.key: change.number}))
    listener.subscribe_prefix("loyalty/")
    await stage.chat("Ada", "!redeem hydrate")
    batch = {numbers[key] for key in (POINTS + "ada", REDEEM_QUEUE, NEW_REDEEM, COOLDOWNS)}
    assert len(batch) == 1


async def test_what_is_written_is_what_the_catalogue_says(stage: Stage) -> None:
    await stage.set_up(rewards=[HYDRATE | {"cooldown": 60}], ada=500)
    await stage.chat("Ada", "!redeem hydrate")
    await stage.chat("Ada", "!contribute 5")
    for key, shape in (
        (POINTS + "ada", Points),
        (REDEEM_QUEUE, list[Redeem]),
        (NEW_REDEEM, Redeem),
        (GOALS, list[Goal]),
        (COOLDOWNS, dict[str, float]),
    ):
        written = msgspec.json.decode(stage.desk.get(key), type=shape, strict=True)
        assert msgspec.to_builtins(written) == stage.desk.read(key)


async def test_fifty_at_once_with_points_for_ten_are_ten(stage: Stage) -> None:
    """strimertül's defect 43: double spending by quick commands; and defect 9: stale echoes lose redeems."""
    await stage.set_up(ada=1050)
    for number in range(50):
        stage.write("Ada", f"!redeem hydrate {number}")
    answers = await stage.answers()
    assert len([answer for answer in answers if answer.startswith("HolidayPresent")]) == 10
    assert len([answer for answer in answers if answer.startswith("I'm sorry")]) == 40
    assert [redeem["request_text"] for redeem in stage.queue()] == [str(number) for number in range(10)]
    assert stage.balance("ada") == 50


async def test_what_was_set_while_a_command_was_on_its_way_counts(stage: Stage) -> None:
    await stage.set_up(ada=0)
    overlay = Client(stage.hub, SERVICE)
    for _ in range(5):
        stage.write("Ada", "!redeem hydrate")  # handled in the next turn, when the overlay's write is under way
        await overlay.put(POINTS + "ada", '{"points":150,"note":"kept"}')
    await stage.answers()
    assert len(stage.queue()) == 5
    assert stage.desk.read(POINTS + "ada") == {"points": 50, "note": "kept", "id": "id-ada", "display_name": "Ada"}


@pytest.mark.parametrize(
    "text", ["!redeem", "!redeem  ", "!redeem nothing", "!redeem off", "!redeems hydrate", "redeem"]
)
async def test_what_cannot_be_bought_is_passed_over_in_silence(stage: Stage, text: str) -> None:
    await stage.set_up(rewards=[HYDRATE, HYDRATE | {"id": "off", "enabled": False}], ada=500)
    assert await stage.chat("Ada", text) == []
    assert stage.queue() == []


async def test_who_cannot_afford_it_is_told_what_they_have(stage: Stage) -> None:
    await stage.set_up(ada=99)
    assert await stage.chat("Ada", "!redeem HYDRATE") == [
        "I'm sorry Ada, you cannot afford that: you have 99 wishes, it costs 100"
    ]
    assert (stage.queue(), stage.balance("ada")) == ([], 99)


async def test_a_text_that_is_asked_for_has_to_come_with_it(stage: Stage) -> None:
    await stage.set_up(rewards=[HYDRATE | {"required_info": "What to drink?"}], ada=100)
    (answer,) = await stage.chat("Ada", "!redeem hydrate")
    assert "(What to drink?)" in answer
    assert (stage.queue(), stage.balance("ada")) == ([], 100)
    await stage.chat("Ada", "!redeem hydrate tea")
    assert (stage.queue()[0]["request_text"], stage.balance("ada")) == ("tea", 0)


async def test_a_reward_rests_for_everybody_and_through_a_restart(stage: Stage) -> None:
    """strimertül's defect 44: cooldowns lost at restart."""
    await stage.set_up(rewards=[HYDRATE | {"cooldown": 90}], ada=500, bob=500)
    await stage.chat("Ada", "!redeem hydrate")
    stage.time.now += 0.5
    await stage.restart()
    assert await stage.chat("Bob", "!redeem hydrate") == ["Bob: Hydrate! is resting, try again in 1m30s"]
    stage.time.now += 89.6
    assert len(await stage.chat("Bob", "!redeem hydrate")) == 1
    assert [redeem["username"] for redeem in stage.queue()] == ["ada", "bob"]


async def test_a_clock_that_was_set_back_makes_no_reward_rest_longer(stage: Stage) -> None:
    await stage.set_up(rewards=[HYDRATE | {"cooldown": 90}], ada=500)
    await stage.chat("Ada", "!redeem hydrate")
    stage.time.now -= 100_000
    assert "1m30s" in (await stage.chat("Ada", "!redeem hydrate"))[0]


async def test_a_flood_of_commands_holds_nobody_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.set_up(rewards=[HYDRATE | {"price": 0}])
    begun = 0
    turn = Books.turn

    async def count(books: Books, decide: Callable[[Page], object]) -> object:
        nonlocal begun
        begun += 1
        return await turn(books, decide)

    monkeypatch.setattr(Books, "turn", count)
    for number in range(300):
        stage.write("Ada", f"!redeem hydrate {number}")
    counts = [0]
    while len(stage.queue()) < 300:
        await asyncio.sleep(0)
        counts.append(begun)
    assert max(after - before for before, after in itertools.pairwise(counts)) <= 2
    assert [redeem["request_text"] for redeem in stage.queue()] == [f"{number}" for number in range(300)]


async def test_the_queue_outlives_a_restart_and_others_may_replace_it(stage: Stage) -> None:
    await stage.set_up(ada=500)
    await stage.chat("Ada", "!redeem hydrate 1")
    await stage.restart()
    await stage.chat("Ada", "!redeem hydrate 2")
    assert [redeem["request_text"] for redeem in stage.queue()] == ["1", "2"]
    await stage.put(REDEEM_QUEUE, None)
    await stage.chat("Ada", "!redeem hydrate 3")
    assert [redeem["request_text"] for redeem in stage.queue()] == ["3"]


async def test_a_queue_that_is_none_is_not_overwritten_and_nothing_is_paid(stage: Stage) -> None:
    await stage.set_up(ada=500)
    await stage.put(REDEEM_QUEUE, {"mine": True})
    assert await stage.chat("Ada", "!redeem hydrate") == []
    assert (stage.desk.read(REDEEM_QUEUE), stage.balance("ada")) == ({"mine": True}, 500)


async def test_members_that_only_others_know_are_kept(stage: Stage) -> None:
    await stage.set_up(
        rewards=[HYDRATE | {"sound": "splash.ogg"}], goals=[KARAOKE, KARAOKE | {"id": "b", "theme": [1]}], ada=500
    )
    await stage.chat("Ada", "!redeem hydrate")
    await stage.chat("Ada", "!contribute 50 b")
    reward = stage.queue()[0]["reward"]
    assert isinstance(reward, dict)
    assert reward["sound"] == "splash.ogg"
    assert stage.goal(0) == KARAOKE
    assert stage.goal(1) == KARAOKE | {"id": "b", "theme": [1], "contributed": 50, "contributors": {"ada": 50}}


async def test_while_a_list_is_broken_the_last_good_one_is_used(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.set_up(ada=500)
    for key in (REWARDS, GOALS):
        await stage.desk.put(key, '{"oops')
        assert f"{key!r} holds no list" in caplog.text
    assert len(await stage.chat("Ada", "!redeem hydrate")) == 1
    assert [entry["username"] for entry in stage.queue()] == ["ada"]
    (told,) = await stage.chat("Ada", "!goals")
    assert "Karaoke (0/500 wishes)" in told
    assert stage.desk.get(REWARDS) == stage.desk.get(GOALS) == '{"oops'
    await stage.put(REWARDS, None)
    assert await stage.chat("Ada", "!redeem hydrate") == []


@pytest.mark.parametrize(
    ("key", "command"), [(GOALS, "!contribute"), (REDEEM_QUEUE, "!redeem hydrate")], ids=["goals", "queue"]
)
async def test_what_a_broken_list_would_have_to_take_is_not_paid_for(
    stage: Stage, key: str, command: str, caplog: pytest.LogCaptureFixture
) -> None:
    """strimertül writes over it; here the points and the text stay."""
    await stage.set_up(ada=500)
    await stage.desk.put(key, '{"oops')
    caplog.clear()
    assert await stage.chat("Ada", command) == []
    assert f"{key!r} holds no list" in caplog.text
    assert (stage.balance("ada"), stage.desk.get(key)) == (500, '{"oops')


async def test_a_broken_reward_or_goal_does_not_take_the_others_along(stage: Stage) -> None:
    await stage.set_up(rewards=[{"price": "x"}, HYDRATE], goals=[{"total": []}, KARAOKE], ada=500)
    assert len(await stage.chat("Ada", "!redeem hydrate")) == 1
    assert len(await stage.chat("Ada", "!contribute 10")) == 1
    assert stage.desk.read(GOALS) == [{"total": []}, KARAOKE | {"contributed": 10, "contributors": {"ada": 10}}]


async def test_a_cooldown_that_is_no_time_counts_for_nothing(stage: Stage) -> None:
    await stage.set_up(rewards=[HYDRATE | {"cooldown": 90}], ada=500)
    await stage.desk.put(COOLDOWNS, f'{{"hydrate":1{"0" * 400}}}')
    assert len(await stage.chat("Ada", "!redeem hydrate")) == 1
    assert stage.balance("ada") == 400


async def test_of_many_rewards_only_the_one_that_is_asked_for_is_read(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    broken: list[JsonObject] = [{"id": f"{number}", "price": "x"} for number in range(500)]
    await stage.set_up(rewards=[*broken, {"ID": "Hydrate", "price": []}, HYDRATE | {"id": "HYDRATE"}], ada=500)
    assert len(await stage.chat("Ada", "!redeem hydrate")) == 1
    assert await stage.chat("Ada", "!redeem nosuch") == []
    assert len(caplog.records) == 1


@pytest.mark.parametrize(("source", "answers"), [("", 1), ("99", 1), ("98", 0)])
async def test_in_a_shared_chat_who_writes_in_another_channel_is_not_answered(
    stage: Stage, source: str, answers: int
) -> None:
    await stage.set_up(ada=500)
    tags = {"source-room-id": source} if source else {}
    user = {"ID": "id-ada", "Name": "ada", "DisplayName": "Ada"}
    for message in ({"Message": "!redeem hydrate"}, {"message": "!balance", "Type": None}):
        await stage.put(CHAT_MESSAGE, {"User": user, "RoomID": "99", "Tags": tags, **message})
        assert len(await stage.answers()) == answers
    assert stage.balance("ada") == 500 - 100 * answers


# --- balances ---


async def test_a_balance_is_told(stage: Stage) -> None:
    await stage.set_up(ada=120)
    assert await stage.chat("Ada", "!balance please") == ["Ada: you have 120 wishes!"]
    assert await stage.chat("Bob", "!BALANCE") == ["Bob: you have 0 wishes!"]


@pytest.mark.parametrize("value", ["nonsense", "[]", '{"points":"5"}', '{"points":true}', '{"points":null}', ""])
async def test_a_balance_that_is_none_is_zero(stage: Stage, value: str) -> None:
    await stage.set_up()
    await stage.desk.put(POINTS + "ada", value)
    assert await stage.chat("Ada", "!balance") == ["Ada: you have 0 wishes!"]


async def test_names_of_members_are_read_without_regard_to_case(stage: Stage) -> None:
    await stage.set_up()
    await stage.desk.put(POINTS + "ada", '{"Points":120.0}')
    await stage.chat("Ada", "!redeem hydrate")
    assert stage.desk.read(POINTS + "ada") == {"Points": 20, "id": "id-ada", "display_name": "Ada"}


# --- goals ---


async def test_goals_are_listed(stage: Stage) -> None:
    off = KARAOKE | {"id": "off", "enabled": False}
    await stage.set_up(goals=[KARAOKE, off, KARAOKE | {"id": "b", "name": "Beach", "contributed": 7}])
    assert await stage.chat("Ada", "!goals") == [
        (
            "Current goals: Karaoke (0/500 wishes) [karaoke] | Beach (7/500 wishes) [b] | contribute with "
            "!contribute POINTS GOALID"
        )
    ]
    await stage.put(GOALS, None)
    (answer,) = await stage.chat("Ada", "!goals")
    assert "no active community goals" in answer


@pytest.mark.parametrize(
    ("text", "amount", "goal"),
    [
        ("", 100, 1),
        ("50", 50, 1),
        ("some", 0, None),
        ("b", 100, 2),  # strimertül's defect 27: the guide says that `!contribute GOALID` works
        ("B 50", 50, 2),
        ("50 b", 50, 2),
        ("all", 1000, 1),
        ("b ALL", 400, 2),
        ("1000", 1000, 1),
        ("99999999999999999999999", 1000, 1),
        ("0", 0, None),
        ("-5", 0, None),
        ("-99999999999999999999999", 0, None),
        ("50 full", 0, None),
        ("50 off", 0, None),
    ],
)
async def test_somebody_contributes(stage: Stage, text: str, amount: int, goal: int | None) -> None:
    goals = [
        KARAOKE | {"id": "full", "contributed": 500},
        KARAOKE | {"id": "main", "total": 5000},
        KARAOKE | {"id": "b", "contributed": 100},
        KARAOKE | {"id": "off", "enabled": False},
    ]
    await stage.set_up(goals=goals, ada=1000)
    answers = await stage.chat("Ada", f"!contribute {text}")
    assert answers
    assert stage.balance("ada") == 1000 - amount
    for index, before in enumerate(goals):
        given = amount if index == goal else 0
        contributors = {"ada": given} if given else {}
        contributed = before["contributed"]
        assert isinstance(contributed, int)
        assert stage.goal(index) == before | {"contributed": contributed + given, "contributors": contributors}


async def test_a_goal_without_contributors_takes_the_first(stage: Stage) -> None:
    """strimertül's defect 8: a goal without ``contributors`` crashes at the first contribution."""
    bare = {name: value for name, value in KARAOKE.items() if name != "contributors"}
    await stage.set_up(goals=[bare, KARAOKE | {"id": "b", "contributors": None}], ada=1000)
    await stage.chat("Ada", "!contribute 5")
    await stage.chat("Ada", "!contribute 6 b")
    assert [stage.goal(index)["contributors"] for index in (0, 1)] == [{"ada": 5}, {"ada": 6}]


async def test_a_goal_is_reached_and_never_overshot(stage: Stage) -> None:
    """strimertül's defect 43: overshooting goals."""
    await stage.set_up(balances=dict.fromkeys("abcdefghij", 80))
    for name in "abcdefghij":
        stage.write(name, "!contribute 80")
    answers = await stage.answers()
    assert stage.goal()["contributed"] == 500
    assert sum(value for name in "abcdefghij" if isinstance(value := stage.balance(name), int)) == 300
    assert len([answer for answer in answers if answer.startswith("FallWinning")]) == 1
    assert len([answer for answer in answers if answer.endswith("have been reached!")]) == 3


async def test_debts_are_no_contribution(stage: Stage) -> None:
    """strimertül's defect 43: negative contributions."""
    await stage.set_up(ada=-50)
    assert await stage.chat("Ada", "!contribute") == ["I'm sorry Ada, you have no wishes to give"]
    assert (stage.balance("ada"), stage.goal()) == (-50, KARAOKE)


# --- when there are commands ---


async def test_commands_are_there_while_loyalty_is_on(stage: Stage) -> None:
    """strimertül's defect 20: enabling has no effect until a restart; commands work although disabled."""
    await stage.set_up(config=CONFIG | {"enabled": False}, ada=500)
    stage.write("Ada", "!redeem hydrate")
    await stage.done()
    await stage.put(LOYALTY_CONFIG, CONFIG)
    assert len(await stage.chat("Ada", "!redeem hydrate")) == 1
    await stage.desk.put(LOYALTY_CONFIG, "nonsense")
    assert len(await stage.chat("Ada", "!redeem hydrate")) == 1
    await stage.desk.put(LOYALTY_CONFIG, None)
    stage.write("Ada", "!redeem hydrate")
    await stage.done()
    assert (len(stage.queue()), stage.said.qsize()) == (2, 0)


async def test_there_are_none_while_twitch_is_used_without_its_bot(stage: Stage) -> None:
    await stage.set_up(ada=500)
    await stage.put(TWITCH_CONFIG, {"enabled": True, "enable_bot": False})
    stage.write("Ada", "!redeem hydrate")
    await stage.done()
    await stage.put(TWITCH_CONFIG, {"enabled": True, "enable_bot": True})
    assert await stage.chat("Ada", "!balance") == ["Ada: you have 500 wishes!"]


@pytest.mark.parametrize("text", ["oops", "[1]", "5"])
async def test_settings_that_cannot_be_read_leave_bot_and_pause_as_they_were(stage: Stage, text: str) -> None:
    await stage.set_up(ada=500)
    await stage.desk.put(BOT_CONFIG, text)
    stage.write("Ada", "!balance")
    assert await stage.chat("Ada", "!balance") == ["Ada: you have 500 wishes!"] * 2
    await stage.put(TWITCH_CONFIG, {"enabled": True, "enable_bot": False})
    await stage.desk.put(TWITCH_CONFIG, text)
    stage.write("Ada", "!balance")
    await stage.done()
    await stage.put(TWITCH_CONFIG, {"enabled": True, "enable_bot": True})
    assert await stage.chat("Ada", "!balance") == ["Ada: you have 500 wishes!"]


async def test_a_command_of_the_users_own_wins(stage: Stage) -> None:
    await stage.set_up(ada=500)
    command = {"description": "", "access_level": "everyone", "response": "no", "response_type": "chat"}
    await stage.put(COMMANDS, {"!Redeem": command | {"enabled": True}, "!goals": command | {"enabled": False}, "x": 5})
    assert await stage.chat("Ada", "!redeem hydrate") == []
    assert len(await stage.chat("Ada", "!goals")) == 1
    assert stage.queue() == []


async def test_who_is_banned_is_not_answered(stage: Stage) -> None:
    """strimertül's defect 44: the ban list is case sensitive."""
    await stage.set_up(config=CONFIG | {"banlist": ["ADA"]}, ada=500)
    assert await stage.chat("Ada", "!redeem hydrate") == []
    assert await stage.chat("Ada", "!balance") == []
    assert stage.queue() == []


async def test_commands_share_one_pause_with_those_of_the_chat_bot(stage: Stage) -> None:
    await stage.set_up(ada=500)
    await stage.put(BOT_CONFIG, {})  # 2 s when it says nothing
    stage.write("Ada", "!balance")
    assert await stage.said.get() == "Ada: you have 500 wishes!"
    stage.time.now += 1.9
    stage.write("Bob", "!balance")
    stage.write("Mod", "!balance", badges={"moderator": 1})
    assert await stage.said.get() == "Mod: you have 0 wishes!"
    stage.time.now += 2.1
    await stage.put(LAST_COMMAND, stage.time.now)
    stage.write("Bob", "!balance")
    stage.write("Boss", "!balance", badges={"broadcaster": 1})
    assert await stage.said.get() == "Boss: you have 0 wishes!"
    stage.time.now += 2.1
    stage.write("Bob", "!balance")
    assert await stage.said.get() == "Bob: you have 0 wishes!"


async def test_a_chat_that_cannot_be_reached_changes_nothing_about_what_was_bought(stage: Stage) -> None:
    await stage.set_up(ada=500)
    stage.is_connected = False
    stage.write("Ada", "!redeem hydrate")
    assert await stage.failed.get() == "HolidayPresent Ada has redeemed Hydrate!! (new balance: 400 wishes)"
    stage.is_connected = True
    assert await stage.chat("Ada", "!balance") == ["Ada: you have 400 wishes!"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"User":{"Name":"ada"},"Message":5}', '{"User":null}', "nonsense"])
async def test_what_is_no_chat_message_is_passed_over(stage: Stage, text: str) -> None:
    await stage.set_up(ada=500)
    await stage.desk.put("twitch/ev/chat-message", text)
    assert await stage.chat("Ada", "!balance") == ["Ada: you have 500 wishes!"]


async def test_a_message_is_read_without_regard_to_the_case_of_its_members(stage: Stage) -> None:
    await stage.set_up(ada=500)
    await stage.desk.put("twitch/ev/chat-message", '{"user":{"name":"Ada"},"message":"!balance","Tags":null}')
    assert await stage.answers() == ["Ada: you have 500 wishes!"]
