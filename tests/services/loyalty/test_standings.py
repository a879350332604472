"""Who has most."""

import pytest

from stagedoor.errors import RequestFailed
from stagedoor.keys import POINTS, TOP_POINTS
from tests.services.loyalty.harness import Stage


async def test_the_richest_come_first(stage: Stage) -> None:
    await stage.set_up(balances={f"viewer{number:04}": number for number in range(1200)}, cy=5000, bo=5000)
    await stage.put(f"{POINTS}ada", {"Points": 9000, "display_name": "Ada"})
    assert await stage.desk.ask(TOP_POINTS, limit=4) == {
        "viewers": [
            {"login": "ada", "display_name": "Ada", "points": 9000},
            {"login": "bo", "display_name": "bo", "points": 5000},
            {"login": "cy", "display_name": "cy", "points": 5000},
            {"login": "viewer1199", "display_name": "viewer1199", "points": 1199},
        ],
        "count": 1203,
    }


async def test_what_others_wrote_there_does_no_harm(stage: Stage) -> None:
    await stage.set_up(ada=1)
    await stage.desk.put(f"{POINTS}broken", "[5]")
    await stage.put(f"{POINTS}odd%2Fname", {"points": "many", "display_name": 5})
    assert [one["login"] for one in await _viewers(stage)] == ["ada", "odd/name"]


@pytest.mark.parametrize("limit", [0, 101, "ten"])
async def test_a_request_that_is_none_is_refused(stage: Stage, limit: object) -> None:
    with pytest.raises(RequestFailed):
        await stage.desk.ask(TOP_POINTS, limit=limit)


async def _viewers(stage: Stage) -> list[dict[str, object]]:
    viewers = (await stage.desk.ask(TOP_POINTS))["viewers"]
    assert isinstance(viewers, list)
    return viewers
