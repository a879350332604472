"""Pages of keys and of groups of keys: what is on them, how they follow each other, and that others get their turn."""

import asyncio
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor import keys
from stagedoor.access import SERVICE, Client, Grant, Level
from stagedoor.errors import NotPermitted, RequestFailed
from stagedoor.hub import Hub, MemoryStore, Write
from stagedoor.services import browser as module
from stagedoor.services.browser import Browser
from tests.services.harness import Desk, encode, open_hub


@pytest.fixture
def browsed(desk: Desk) -> Desk:
    Browser(Client(desk.hub, SERVICE), desk.hub)
    return desk


async def browse(desk: Client, **request: object) -> dict[str, Any]:
    return msgspec.json.decode(await desk.call(keys.BROWSE, encode(request)), type=dict[str, Any])


async def all_pages(desk: Client, member: str, **request: object) -> list[list[dict[str, Any]]]:
    """Turn the pages until the last."""
    pages = []
    after: dict[str, object] = {}
    while True:
        page = await browse(desk, **request, **after)
        pages.append(page[member])
        if page["next"] is None:
            return pages
        assert page.get("more", True)
        after = {"after": page["next"]}


async def fill(desk: Desk, *names: str) -> None:
    await desk.put_all([Write(name, "v") for name in names])


async def test_a_page_tells_kind_size_and_beginning(browsed: Desk) -> None:
    await browsed.put("counter/ünï", "ü" * 200)
    await browsed.put("counter/ev/added", "1")
    page = await browse(browsed, prefix="counter/")
    assert page == {
        "keys": [
            {"key": "counter/ev/added", "kind": "event", "size": 1, "preview": "1"},
            {"key": "counter/ünï", "kind": "state", "size": 400, "preview": "ü" * 120},
        ],
        "next": None,
        "total": 2,
    }


async def test_without_a_word_it_lists_everything(browsed: Desk) -> None:
    await fill(browsed, "", "a", "ev/b")
    page = msgspec.json.decode(await browsed.call(keys.BROWSE, ""))
    assert [row["key"] for row in page["keys"]] == ["", "a", "ev/b"]


async def test_secrets_are_withheld(browsed: Desk) -> None:
    await browsed.put(keys.HTTP_CONFIG, '{"bind":":4337","kv_password":"never tell"}')
    await browsed.put(keys.CONSOLE_PASSES, '["never tell"]')
    text = await browsed.call(keys.BROWSE, "{}")
    assert "never" not in text
    rows = {row["key"]: row for row in msgspec.json.decode(text)["keys"]}
    assert rows[keys.CONSOLE_PASSES] == {
        "key": keys.CONSOLE_PASSES,
        "kind": "secret",
        "size": 0,
        "preview": "",
        "withheld": True,
    }
    assert rows[keys.HTTP_CONFIG]["withheld"] is True
    assert msgspec.json.decode(rows[keys.HTTP_CONFIG]["preview"]) == {"bind": ":4337", "kv_password": ""}


async def test_pages_follow_each_other_without_a_gap(browsed: Desk) -> None:
    names = [*(f"n/{number}" for number in range(25)), "n/ev/1", "n/ev/2", "n/ev/3"]
    await fill(browsed, *names)
    pages = await all_pages(browsed, "keys", prefix="n/", limit=5)
    assert [row["key"] for page in pages for row in page] == sorted(names)
    assert [len(page) for page in pages] == [5, 5, 5, 5, 5, 3]


async def test_a_full_last_page_has_no_next(browsed: Desk) -> None:
    await fill(browsed, "n/1", "n/2")
    assert (await browse(browsed, prefix="n/", limit=2))["next"] is None


async def test_a_page_may_begin_after_a_key_that_has_gone(browsed: Desk) -> None:
    await fill(browsed, "n/1", "n/2", "n/3")
    page = await browse(browsed, prefix="n/", after="n/15")
    assert [row["key"] for row in page["keys"]] == ["n/2", "n/3"]
    assert "total" not in page


async def test_the_search_is_for_a_part_of_the_name_in_any_case(browsed: Desk) -> None:
    await fill(browsed, "Overlay/Größe", "overlay/x", "other")
    assert [row["key"] for row in (await browse(browsed, search="RLAY/"))["keys"]] == ["Overlay/Größe", "overlay/x"]
    assert [row["key"] for row in (await browse(browsed, search="GRÖSSE"))["keys"]] == ["Overlay/Größe"]
    assert (await browse(browsed, search="nothing"))["keys"] == []


async def test_groups_are_the_next_segments(browsed: Desk) -> None:
    await fill(browsed, "a", "a!", "a/1", "a/2/x", "b/1", "c", "ev/x", "/d", "b/")
    page = await browse(browsed, group=True)
    assert page == {
        "groups": [
            {"name": "", "count": 1, "is_key": False},
            {"name": "a", "count": 2, "is_key": True},
            {"name": "a!", "count": 0, "is_key": True},
            {"name": "b", "count": 2, "is_key": False},
            {"name": "c", "count": 0, "is_key": True},
            {"name": "ev", "count": 1, "is_key": False},
        ],
        "next": None,
        "more": False,
    }
    assert (await browse(browsed, prefix="a/", group=True))["groups"] == [
        {"name": "1", "count": 0, "is_key": True},
        {"name": "2", "count": 1, "is_key": False},
    ]


async def test_a_large_group_is_not_counted(browsed: Desk) -> None:
    await fill(browsed, *(f"full/{number}" for number in range(1000)), *(f"fuller/{number}" for number in range(1001)))
    assert (await browse(browsed, group=True))["groups"] == [
        {"name": "full", "count": 1000, "is_key": False},
        {"name": "fuller", "count": None, "is_key": False},
    ]


NAMES = st.text("a!/0@\uffff", max_size=5).filter(lambda name: not name.rpartition("/")[2].startswith("@"))


@settings(max_examples=60, deadline=None)
@given(st.sets(NAMES, max_size=20), st.text("a/", max_size=2), st.integers(1, 4))
async def test_groups_agree_with_a_plain_count(names: set[str], prefix: str, limit: int) -> None:
    desk = Desk(open_hub(MemoryStore()))
    Browser(Client(desk.hub, SERVICE), desk.hub)
    await fill(desk, *names)
    found = [
        group for page in await all_pages(desk, "groups", prefix=prefix, limit=limit, group=True) for group in page
    ]
    below = [name[len(prefix) :] for name in names if name.startswith(prefix)]
    heads = {name.partition("/")[0] for name in below}
    assert len(found) == len(heads)
    assert {group["name"]: (group["count"], group["is_key"]) for group in found} == {
        head: (sum(name.startswith(head + "/") for name in below), head in below) for head in heads
    }
    await desk.hub.close()


async def test_others_get_their_turn_and_a_long_search_stops_halfway(
    browsed: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(f"n/{number}" for number in range(3000))
    await fill(browsed, *names)
    monkeypatch.setattr(module, "_TURN_S", 0.0)
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    assert (await browse(browsed, search="nothing"))["next"] is None
    assert turns > 4
    monkeypatch.setattr(module, "_WORK_S", 0.0)
    page = await browse(browsed, prefix="n/", search="99")
    assert page["next"] == names[511]
    pages = await all_pages(browsed, "keys", prefix="n/", search="99")
    assert [row["key"] for page in pages for row in page] == [name for name in names if "99" in name]
    groups = await all_pages(browsed, "groups", prefix="n/", group=True)
    assert [page[0]["name"] for page in groups[:-1]] == [name[2:] for name in names]
    counting.cancel()


async def test_a_page_shows_one_moment(browsed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(browsed, *(f"n/{number:04}" for number in range(2000)))
    monkeypatch.setattr(module, "_TURN_S", 0.0)
    asking = asyncio.create_task(browse(browsed, search="late"))
    await asyncio.sleep(0)
    await fill(browsed, "n/9999 too late")
    assert (await asking)["keys"] == []


@pytest.mark.parametrize(
    "request_",
    [
        {"limit": 0},
        {"limit": 1001},
        {"prefix": 5},
        {"prefix": "a/", "after": "b"},
        {"group": True, "search": "x"},
        [],
    ],
)
async def test_what_makes_no_sense_is_refused(browsed: Desk, request_: object) -> None:
    with pytest.raises(RequestFailed):
        await browsed.call(keys.BROWSE, encode(request_))


async def test_only_the_owner_may_ask(browsed: Desk) -> None:
    application = Client(browsed.hub, Grant(Level.APPLICATION, "password"))
    with pytest.raises(NotPermitted):
        await application.call(keys.BROWSE, "{}")


async def test_a_closed_store_is_a_reason(desk: Desk) -> None:
    hub: Hub = desk.hub
    Browser(Client(hub, SERVICE), hub)
    await hub.close()
    with pytest.raises(RequestFailed, match="closed"):
        await browse(desk)


async def test_a_walk_over_both_kinds_of_keys_is_in_order(browsed: Desk) -> None:
    await fill(
        browsed, *(f"{number % 7}/ev/{number}" if number % 3 else f"{number % 7}/{number}" for number in range(99))
    )
    pages = await all_pages(browsed, "keys", limit=10)
    found = [row["key"] for page in pages for row in page]
    assert len(found) == 99
    assert all(one < two for one, two in pairwise(found))
