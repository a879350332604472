"""Somebody writes back a list of goals that they read before viewers went on contributing."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.hub import Write
from stagedoor.keys import GOALS, POINTS
from stagedoor.services.loyalty.books import Page, give_back
from stagedoor.services.loyalty.older import find_undone
from stagedoor.services.loyalty.people import Logins
from stagedoor.services.loyalty.records import KnownLists
from stagedoor.types import JsonObject
from tests.services.harness import encode
from tests.services.loyalty.harness import KARAOKE, Stage

OLDER = KARAOKE | {"contributed": 30, "contributors": {"ada": 30}}
NEWER = KARAOKE | {"contributed": 180, "contributors": {"ada": 80, "bob": 100}}


async def test_an_older_list_undoes_no_contribution(stage: Stage) -> None:
    """strimertül's programs write all goals to change one of them."""
    await stage.set_up(goals=[OLDER], ada=50, bob=100)
    read = stage.goal()
    assert len(await stage.chat("Ada", "!contribute 50")) == 1
    assert len(await stage.chat("Bob", "!contribute all")) == 1
    await stage.put(GOALS, [read | {"name": "Karaoke night"}])
    await stage.done()
    assert stage.goal() == NEWER | {"name": "Karaoke night"}
    assert (stage.balance("ada"), stage.balance("bob")) == (0, 0)
    # What they have given counts as often as such a list is written.
    await stage.put(GOALS, [read])
    await stage.done()
    assert stage.goal() == NEWER


@pytest.mark.parametrize(
    "changed",
    [
        {"contributed": 30},
        {"contributors": {"ada": 30}},
        {"contributed": 0, "contributors": {}},
        {"contributed": 30, "contributors": {"ada": 30}, "total": 400},
        {"contributed": 250, "contributors": {"ada": 80, "bob": 170}},
        {"contributed": 30, "contributors": {"cleo": 30}},
    ],
    ids=["points", "contributors", "begun anew", "another total", "more", "somebody else"],
)
async def test_what_is_changed_on_purpose_stays(stage: Stage, changed: JsonObject) -> None:
    await stage.set_up(goals=[NEWER])
    await stage.put(GOALS, [NEWER | changed])
    await stage.done()
    assert stage.goal() == NEWER | changed


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_list_that_comes_with_balances_undoes_both(stage: Stage, is_first: bool) -> None:
    """As a backup does that is restored."""
    await stage.set_up(goals=[NEWER], ada=0)
    writes = [Write(GOALS, encode([OLDER])), Write(POINTS + "ada", encode({"points": 50}))]
    await stage.desk.put_all(writes if is_first else writes[::-1])
    await stage.done()
    assert stage.goal() == OLDER
    assert stage.balance("ada") == 50


def test_what_a_goal_does_not_take_any_more_goes_to_its_giver() -> None:
    """While the older list was on its way to the disk, others gave, too."""
    filled = OLDER | {"total": 130, "contributed": 100, "contributors": {"ada": 30, "bob": 70}}
    state = {GOALS: encode([filled]), POINTS + "ada": encode({"points": 5})}
    page = Page(lambda key: state.get(key, ""), Logins(), KnownLists(), now=0.0)
    give_back({"karaoke": {"ada": 50}, "gone": {"bob": 10}}, page)
    written = {write.key: msgspec.json.decode(write.value or "") for write in page.writes}
    assert written == {
        GOALS: [filled | {"contributed": 130, "contributors": {"ada": 60, "bob": 70}}],
        POINTS + "ada": {"points": 25},
        POINTS + "bob": {"points": 10},
    }


goals = st.fixed_dictionaries(
    {"id": st.sampled_from(["a", "A", ""]), "total": st.sampled_from([10, 20])},
    optional={
        "contributed": st.integers(-5, 9) | st.none(),
        "contributors": st.dictionaries(st.sampled_from("xyz"), st.integers(-3, 5) | st.none()) | st.none(),
    },
)
texts = st.lists(goals, max_size=3).map(encode) | st.sampled_from(["", "null", "{}", "[5]", "{"])


@given(texts, texts)
def test_whatever_is_written_only_points_that_are_missing_are_undone(before: str, after: str) -> None:
    for undone in find_undone(before, after).values():
        assert undone
        assert all(points > 0 for points in undone.values())
    assert find_undone(after, after) == {}
