"""What programs and the console ask: the queue, refunds, points, goals."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client
from stagedoor.errors import RequestFailed
from stagedoor.keys import (
    ADD_POINTS,
    COOLDOWNS,
    CREATE_REDEEM,
    GOALS,
    NEW_REDEEM,
    POINTS,
    REDEEM_QUEUE,
    REFUND_REDEEM,
    REMOVE_GOAL,
    REMOVE_REDEEM,
    REMOVE_REWARD,
    RESTORE_GOAL,
    RESTORE_REWARD,
    REWARDS,
    SAVE_GOAL,
)
from stagedoor.services.loyalty.books import MAX_WAITING
from stagedoor.services.loyalty.redeems import instant_ms
from stagedoor.services.loyalty.requests import ASKS
from stagedoor.types import JsonObject
from tests.services.loyalty.harness import HYDRATE, KARAOKE, Stage

WHEN = "2026-05-01T19:00:00.123456789+05:30"


def redeem(when: str = WHEN, **members: object) -> JsonObject:
    return {"username": "ada", "display_name": "Ada", "reward": HYDRATE, "when": when, "request_text": "", **members}


# --- the queue ---


async def test_a_redeem_is_created_as_it_is_given(stage: Stage) -> None:
    await stage.set_up(ada=5)
    stage.desk.subscribe(NEW_REDEEM)
    given = redeem(reward=HYDRATE | {"cooldown": 60, "sound": "x"}, source="deck")
    assert await stage.desk.ask(CREATE_REDEEM, **given) == given
    assert stage.queue() == [given]
    assert [msgspec.json.decode(value) for _, value in stage.desk.heard] == [given]
    assert (stage.balance("ada"), stage.desk.read(COOLDOWNS)) == (5, {"hydrate": stage.time.now + 60})


async def test_what_a_redeem_lacks_is_filled_in(stage: Stage) -> None:
    await stage.set_up()
    created = await stage.desk.ask(CREATE_REDEEM, username="ada", reward={"id": "hydrate"})
    assert instant_ms(str(created["when"])) == round(stage.time.now * 1000)
    assert created == redeem(str(created["when"]), display_name="ada")
    unknown = await stage.desk.ask(CREATE_REDEEM, username="ada", reward={"id": "own", "price": 5}, when=None)
    reward = unknown["reward"]
    assert isinstance(reward, dict)
    assert (reward["price"], reward["name"], reward["enabled"]) == (5, "", False)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"when": "yesterday"}, "no time"),
        ({"when": "2026-05-01T19:00:00"}, "no time"),
        ({"username": 5}, "username"),
        ({"reward": {"id": "hydrate", "price": "much"}}, "price"),
    ],
)
async def test_a_redeem_that_is_none_is_refused(stage: Stage, members: JsonObject, reason: str) -> None:
    await stage.set_up()
    with pytest.raises(RequestFailed, match=reason):
        await stage.desk.ask(CREATE_REDEEM, **(redeem() | members))
    assert stage.queue() == []


@pytest.mark.parametrize("members", [{"username": ""}, {"reward": None}, {"reward": {"name": "x"}}])
async def test_a_redeem_of_nobody_or_of_nothing_waits_as_any_other(stage: Stage, members: JsonObject) -> None:
    """strimertül checks neither; what is in the queue can be taken out again."""
    await stage.set_up()
    created = await stage.desk.ask(CREATE_REDEEM, **(redeem() | members))
    assert stage.queue() == [created]
    await stage.desk.ask(REMOVE_REDEEM, **created)
    assert stage.queue() == []


@pytest.mark.parametrize("points", [2**53, -(2**53), 1e300])
async def test_a_balance_too_large_to_be_counted_stays(stage: Stage, points: float) -> None:
    await stage.set_up(ada=5)
    await stage.put(POINTS + "ada", {"points": points})
    stored = stage.desk.get(POINTS + "ada")
    for amount in (5, -5):
        with pytest.raises(RequestFailed, match="too large"):
            await stage.desk.ask(ADD_POINTS, username="ada", points=amount)
    assert await stage.chat("Ada", "!redeem hydrate") == []
    assert stage.queue() == []
    assert stage.desk.get(POINTS + "ada") == stored


async def test_a_full_queue_takes_no_more_and_no_points(stage: Stage) -> None:
    await stage.set_up(ada=500)
    await stage.put(REDEEM_QUEUE, [redeem()] * MAX_WAITING)
    with pytest.raises(RequestFailed, match="the queue is full"):
        await stage.desk.ask(CREATE_REDEEM, **redeem())
    assert await stage.chat("Ada", "!redeem hydrate") == ["Ada: too much is waiting already, please try again later"]
    assert len(stage.queue()) == MAX_WAITING
    assert stage.desk.read(POINTS + "ada") == {"points": 500}


async def test_a_plain_write_is_a_request_too(stage: Stage) -> None:
    """As strimertül's clients make it, which know no calls."""
    await stage.set_up()
    await stage.put(CREATE_REDEEM, redeem())
    await stage.done()
    assert len(stage.queue()) == 1


@pytest.mark.parametrize(
    "when",
    [
        WHEN,
        "2026-05-01T13:30:00.123Z",
        "2026-05-01T13:30:00.123999+00:00",
        "2026-05-01T15:30:00.123456+02:00",
        "2026-05-01T07:45:00.123-05:45",
        "2026-05-01t13:30:00.123z",
    ],
)
async def test_one_is_removed_by_the_moment_in_whatever_zone(stage: Stage, when: str) -> None:
    """strimertül's defect 31: half-hour zones cannot be removed; equal instants in other zones do not match."""
    await stage.set_up(ada=0)
    for entry in (redeem("2026-05-01T13:30:00.124Z"), redeem(username="bob"), redeem(), redeem(request_text="2nd")):
        await stage.desk.ask(CREATE_REDEEM, **entry)
    assert await stage.desk.ask(REMOVE_REDEEM, **redeem(when)) == {}
    assert [(entry["username"], entry["request_text"]) for entry in stage.queue()] == [
        ("ada", ""),
        ("bob", ""),
        ("ada", "2nd"),
    ]
    assert stage.queue()[0]["when"] == "2026-05-01T13:30:00.124Z"
    assert stage.balance("ada") == 0


async def test_of_two_in_one_millisecond_the_one_that_is_meant_goes(stage: Stage) -> None:
    await stage.set_up()
    first, second = redeem("2026-05-01T13:30:00.1231Z"), redeem("2026-05-01T13:30:00.1232Z")
    await stage.desk.ask(CREATE_REDEEM, **first)
    await stage.desk.ask(CREATE_REDEEM, **second)
    await stage.desk.ask(REMOVE_REDEEM, **second)
    assert stage.queue() == [first]


async def test_a_time_that_is_none_is_found_by_its_text(stage: Stage) -> None:
    await stage.set_up()
    await stage.put(REDEEM_QUEUE, [redeem("at noon"), 5, redeem("later")])
    await stage.desk.ask(REMOVE_REDEEM, **redeem("later"))
    assert stage.desk.read(REDEEM_QUEUE) == [redeem("at noon"), 5]
    with pytest.raises(RequestFailed, match="no such redeem"):
        await stage.desk.ask(REMOVE_REDEEM, **redeem("soon"))


@given(st.text(max_size=40) | st.datetimes().map(lambda moment: moment.isoformat() + "+14:00"))
def test_no_text_makes_the_reading_of_times_fail(text: str) -> None:
    assert instant_ms(text) is None or isinstance(instant_ms(text), int)


# --- refunds ---


async def test_what_a_viewer_bought_is_refunded_once(stage: Stage) -> None:
    """strimertül's defect 10: a double click pays twice, and an award meanwhile is overwritten."""
    await stage.set_up(ada=100)
    await stage.chat("Ada", "!redeem hydrate")
    (entry,) = stage.queue()
    award = Client(stage.hub, SERVICE)
    answers = await asyncio.gather(
        award.put(POINTS + "ada", '{"points":7}'),
        *(stage.desk.ask(REFUND_REDEEM, **entry | {"reward": HYDRATE | {"price": 9999}}) for _ in range(5)),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers[2:]] == [RequestFailed] * 4
    assert answers[1] == {"username": "ada", "points": 107}
    assert (stage.balance("ada"), stage.queue()) == (107, [])


async def test_a_refund_finds_who_has_another_login_by_now(stage: Stage) -> None:
    await stage.set_up(ada=150)
    await stage.chat("Ada", "!redeem hydrate", id_="1")
    (entry,) = stage.queue()
    await stage.chat("Lovelace", "!balance", id_="1")
    await stage.desk.ask(REFUND_REDEEM, **entry)
    assert (stage.balance("lovelace"), stage.balance("ada")) == (150, None)


async def test_a_refund_waits_for_whose_login_is_somebody_elses(stage: Stage) -> None:
    await stage.set_up(ada=150)
    await stage.chat("Ada", "!redeem hydrate", id_="1")
    (entry,) = stage.queue()
    assert await stage.chat("Ada", "!balance", id_="2") == ["Ada: you have 0 wishes!"]
    await stage.desk.ask(REFUND_REDEEM, **entry)
    assert await stage.chat("Ada", "!balance", id_="2") == ["Ada: you have 0 wishes!"]
    assert await stage.chat("Lovelace", "!balance", id_="1") == ["Lovelace: you have 150 wishes!"]


# --- points ---


async def test_points_are_added_and_taken(stage: Stage) -> None:
    await stage.set_up(ada=5)
    await stage.put(POINTS + "ada", {"points": 5, "id": "1", "note": "x"})
    assert await stage.desk.ask(ADD_POINTS, username=" @Ada", points=10) == {"username": "ada", "points": 15}
    assert await stage.desk.ask(ADD_POINTS, username="ada", points=-15) == {"username": "ada", "points": 0}
    assert stage.desk.read(POINTS + "ada") == {"points": 0, "id": "1", "note": "x"}
    assert await stage.desk.ask(ADD_POINTS, username="new", points=1) == {"username": "new", "points": 1}


async def test_nobody_is_made_to_owe_points(stage: Stage) -> None:
    await stage.set_up(ada=5, debtor=-20)
    with pytest.raises(RequestFailed, match="ada has only 5"):
        await stage.desk.ask(ADD_POINTS, username="ada", points=-6)
    await stage.desk.ask(ADD_POINTS, username="debtor", points=15)
    assert (stage.balance("ada"), stage.balance("debtor")) == (5, -5)


@pytest.mark.parametrize(
    "request_",
    [
        {"username": "", "points": 1},
        {"username": "a" * 101, "points": 1},
        {"username": "ada"},
        {"username": "ada", "points": 1.5},
        {"username": "ada", "points": 1 << 60},
        {},
    ],
)
async def test_a_request_for_points_that_is_none_is_refused(stage: Stage, request_: JsonObject) -> None:
    with pytest.raises(RequestFailed):
        await stage.desk.ask(ADD_POINTS, **request_)
    assert stage.desk.keys(POINTS) == []


@pytest.mark.parametrize("key", [*ASKS])
async def test_what_is_no_object_is_refused(stage: Stage, key: str) -> None:
    for value in ("", "nonsense", "[]", "null", "5"):
        with pytest.raises(RequestFailed):
            await stage.desk.call(key, value)


# --- goals ---


async def test_a_goal_is_made_and_changed_without_its_progress(stage: Stage) -> None:
    """strimertül's defect 9, of goals: an edit undoes what was contributed meanwhile."""
    await stage.set_up(goals=[], ada=500)
    made = await stage.desk.ask(SAVE_GOAL, **KARAOKE | {"contributed": 400, "theme": "dark"})
    assert made == KARAOKE | {"theme": "dark"}
    await stage.chat("Ada", "!contribute 70")
    edit = {"id": "Karaoke", "Name": "Singing", "total": 900, "contributed": 0, "Contributors": None}
    contributed = {"contributed": 70, "contributors": {"ada": 70}}
    assert await stage.desk.ask(SAVE_GOAL, **edit) == made | contributed | {"name": "Singing", "total": 900}
    assert stage.desk.read(GOALS) == [made | contributed | {"name": "Singing", "total": 900}]


@pytest.mark.parametrize("edit", [{"name": "x", "total": 5}, {"id": "karaoke", "total": "many"}])
async def test_a_goal_that_is_none_is_refused(stage: Stage, edit: JsonObject) -> None:
    await stage.set_up()
    with pytest.raises(RequestFailed):
        await stage.desk.ask(SAVE_GOAL, **edit)
    assert stage.desk.read(GOALS) == [KARAOKE]


# --- deleting ---


YOGA = HYDRATE | {"id": "yoga", "name": "Yoga", "sound": "om.ogg"}
DANCE = KARAOKE | {"id": "dance", "name": "Dance"}


async def in_turn(*steps: Callable[[], Awaitable[object]]) -> None:
    """Begin one thing after the other in the same turn, so that the later ones find the first under way."""
    await asyncio.gather(*(step() for step in steps))


@pytest.mark.parametrize("is_deletion_first", [False, True])
async def test_a_goal_is_deleted_while_somebody_contributes_to_another(
    stage: Stage, *, is_deletion_first: bool
) -> None:
    await stage.set_up(goals=[DANCE, KARAOKE], ada=500)
    steps = [lambda: stage.chat("Ada", "!contribute 70 karaoke"), lambda: stage.desk.ask(REMOVE_GOAL, id="dance")]
    await in_turn(*(reversed(steps) if is_deletion_first else steps))
    assert stage.desk.read(GOALS) == [KARAOKE | {"contributed": 70, "contributors": {"ada": 70}}]
    assert stage.balance("ada") == 430


async def test_a_goal_comes_back_as_it_was_while_somebody_contributes_to_another(stage: Stage) -> None:
    saved = {"contributed": 70, "contributors": {"ada": 70}}
    await stage.set_up(goals=[DANCE | saved | {"theme": "dark"}, KARAOKE], ada=500)
    taken_out = await stage.desk.ask(REMOVE_GOAL, id="dance")
    assert taken_out == {"index": 0, "removed": DANCE | saved | {"theme": "dark"}}
    await in_turn(
        lambda: stage.chat("Ada", "!contribute 30 karaoke"), lambda: stage.desk.ask(RESTORE_GOAL, **taken_out)
    )
    assert stage.desk.read(GOALS) == [
        DANCE | saved | {"theme": "dark"},
        KARAOKE | {"contributed": 30, "contributors": {"ada": 30}},
    ]


async def test_what_is_given_to_a_goal_that_is_being_deleted_goes_with_it(stage: Stage) -> None:
    await stage.set_up(ada=500)
    stage.write("Ada", "!contribute 70")
    await stage.done()
    removed = (await stage.desk.ask(REMOVE_GOAL, id="karaoke"))["removed"]
    assert removed == KARAOKE | {"contributed": 70, "contributors": {"ada": 70}}


async def test_a_reward_is_deleted_and_comes_back_to_its_place(stage: Stage) -> None:
    broken: JsonObject = {"id": "broken", "price": "many", "cooldown": None}
    await stage.set_up(rewards=[HYDRATE, YOGA, broken])
    yoga, gone = [await stage.desk.ask(REMOVE_REWARD, id=id_) for id_ in ("YOGA", "broken")]
    assert (yoga, gone) == ({"index": 1, "removed": YOGA}, {"index": 1, "removed": broken})
    assert stage.desk.read(REWARDS) == [HYDRATE]
    await stage.desk.ask(RESTORE_REWARD, **gone)
    await stage.desk.ask(RESTORE_REWARD, **yoga)
    assert stage.desk.read(REWARDS) == [HYDRATE, YOGA, broken]


async def test_what_came_without_an_id_can_be_deleted(stage: Stage) -> None:
    await stage.set_up(rewards=[HYDRATE, {"name": "?"}])
    assert await stage.desk.ask(REMOVE_REWARD, id="") == {"index": 1, "removed": {"name": "?"}}


async def test_a_place_that_is_no_more_is_the_end(stage: Stage) -> None:
    await stage.set_up()
    await stage.desk.ask(RESTORE_REWARD, index=99, removed=YOGA)
    assert stage.desk.read(REWARDS) == [HYDRATE, YOGA]


@pytest.mark.parametrize(
    ("key", "request_"),
    [
        (REMOVE_REWARD, {"id": "yoga"}),
        (REMOVE_REWARD, {}),
        (RESTORE_REWARD, {"index": 0, "removed": HYDRATE}),
        (RESTORE_REWARD, {"index": 0, "removed": HYDRATE | {"id": "Hydrate"}}),
        (RESTORE_REWARD, {"index": -1, "removed": YOGA}),
        (RESTORE_REWARD, {"index": 0, "removed": "yoga"}),
        (RESTORE_REWARD, {"removed": YOGA}),
    ],
)
async def test_what_cannot_be_deleted_or_come_back_changes_nothing(
    stage: Stage, key: str, request_: JsonObject
) -> None:
    await stage.set_up()
    with pytest.raises(RequestFailed):
        await stage.desk.ask(key, **request_)
    assert stage.desk.read(REWARDS) == [HYDRATE]


async def test_a_list_that_is_none_is_not_overwritten(stage: Stage) -> None:
    await stage.set_up()
    await stage.desk.put(REWARDS, '{"hydrate":{}}')
    for key, request in ((REMOVE_REWARD, {"id": "hydrate"}), (RESTORE_REWARD, {"index": 0, "removed": YOGA})):
        with pytest.raises(RequestFailed, match="holds no list"):
            await stage.desk.ask(key, **request)
    assert stage.desk.get(REWARDS) == '{"hydrate":{}}'
