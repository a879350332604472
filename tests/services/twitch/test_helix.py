"""Helix: ended tokens, too many questions, lists in pages, and how refusals are told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from stagedoor.services.twitch.errors import HelixError, LoginNeeded, Unreachable
from stagedoor.services.twitch.network import MAX_ANSWER_BYTES, Network
from stagedoor.types import JsonObject
from tests.services.twitch.stage import Stage, open_stage, standing_twitch


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with standing_twitch() as twitch, open_stage(twitch, tmp_path) as stage:
        await stage.configure(enabled=False)
        await stage.store(twitch.issue_token())
        await stage.store(twitch.issue_token(twitch.world.bot, ["user:read:chat"]), "bot")
        stage.start()
        yield stage


def items(answer: JsonObject) -> list[JsonObject]:
    return msgspec.convert(answer["data"], list[dict[str, object]])


async def test_each_account_asks_for_itself(stage: Stage) -> None:
    for account, user in (("streamer", stage.twitch.world.owner), ("bot", stage.twitch.world.bot)):
        answer = await stage.helix.request("GET", "users", account="bot" if account == "bot" else "streamer")
        assert [one["id"] for one in items(answer)] == [user.id]


async def test_a_401_refreshes_the_token_and_asks_again(stage: Stage) -> None:
    stage.twitch.tokens.expire(stage.twitch.world.owner)
    answers = await asyncio.gather(*(stage.helix.request("GET", "users") for _ in range(6)))
    assert all(answer["data"] for answer in answers)
    assert len(stage.refreshes()) == 1


async def test_a_401_that_stays_is_told(stage: Stage) -> None:
    stage.twitch.faults.refuse(times=2, status=401)
    with pytest.raises(HelixError, match="Invalid OAuth token") as failure:
        await stage.helix.request("GET", "users")
    assert failure.value.status == 401
    assert len(stage.refreshes()) == 1


async def test_a_missing_scope_is_no_reason_to_refresh(stage: Stage) -> None:
    owner = stage.twitch.world.owner
    with pytest.raises(HelixError, match="Missing scope") as failure:
        await stage.helix.request("GET", "polls", params={"broadcaster_id": owner.id}, account="bot")
    assert (failure.value.status, stage.refreshes()) == (401, [])


async def test_a_login_that_has_ended_is_told(stage: Stage) -> None:
    stage.twitch.disconnect(stage.twitch.world.owner)
    for _ in range(2):
        with pytest.raises(LoginNeeded):
            await stage.helix.request("GET", "users")
    assert len(stage.twitch.calls_of("/helix/users")) == 1
    assert (await stage.helix.request("GET", "users", account="bot"))["data"]


async def test_the_rate_limit_is_waited_for(stage: Stage) -> None:
    stage.twitch.faults.refuse(status=429, reset_in_s=12)
    asking = asyncio.create_task(stage.helix.request("GET", "users"))
    assert await stage.clock.skip() == 12
    assert (await asking)["data"]
    assert len(stage.twitch.calls_of("/helix/users")) == 2


async def test_a_rate_limit_is_not_waited_for_for_ever(stage: Stage) -> None:
    stage.twitch.faults.refuse(times=3, status=429, reset_in_s=5)
    asking = asyncio.create_task(stage.helix.request("GET", "users"))
    for _ in range(2):
        await stage.clock.skip()
    with pytest.raises(HelixError) as failure:
        await asking
    assert failure.value.status == 429
    stage.twitch.faults.refuse(status=429, reset_in_s=3600)
    with pytest.raises(HelixError):
        await stage.helix.request("GET", "users")


async def test_trouble_at_twitch_is_no_refusal(stage: Stage) -> None:
    stage.twitch.faults.refuse(status=503, message="down")
    with pytest.raises(Unreachable, match="503 down"):
        await stage.helix.request("GET", "users")
    await stage.twitch.__aexit__(None, None, None)
    with pytest.raises(Unreachable):
        await stage.helix.request("GET", "users")
    await stage.twitch.__aenter__()


async def test_a_refusal_says_what_twitch_said(stage: Stage) -> None:
    with pytest.raises(HelixError) as failure:
        await stage.helix.request("POST", "chat/messages", body={"message": ""})
    assert failure.value.status == 400
    assert str(failure.value).startswith("Twitch refuses: ")


async def test_an_answer_without_a_body_is_empty(stage: Stage) -> None:
    owner = stage.twitch.world.owner
    params = {"broadcaster_id": owner.id, "moderator_id": owner.id}
    answer = await stage.helix.request("POST", "chat/announcements", params=params, body={"message": "Hello"})
    assert answer == {}


async def test_a_list_is_read_page_by_page(stage: Stage) -> None:
    owner = stage.twitch.world.owner
    for number in range(25):
        stage.twitch.world.join(f"viewer{number}")
    params = {"broadcaster_id": owner.id, "moderator_id": owner.id}
    everybody = await stage.helix.page("chat/chatters", params, 1000, page_size=10)
    assert len({one["user_id"] for one in everybody}) == len(everybody) >= 25
    calls = stage.twitch.calls_of("/helix/chat/chatters")
    assert len(calls) == -(-len(everybody) // 10)
    some = await stage.helix.page("chat/chatters", params, 13, page_size=10)
    assert some == everybody[:13]
    assert [call.query["first"] for call in stage.twitch.calls_of("/helix/chat/chatters")[-2:]] == [["10"], ["3"]]


async def test_several_values_of_one_name_are_sent(stage: Stage) -> None:
    names = ["ada", "ben"]
    for name in names:
        stage.twitch.world.user(name)
    answer = await stage.helix.request("GET", "users", params={"login": names})
    assert [one["login"] for one in items(answer)] == names


# --- the network ---


@pytest.fixture
async def odd_server() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.StreamResponse:
        kind = request.match_info["kind"]
        if kind == "long":
            return web.Response(body=b" " * (MAX_ANSWER_BYTES + 1))
        if kind == "away":
            raise web.HTTPFound("https://example.invalid/")
        if kind == "slow":
            await asyncio.Event().wait()  # never
        return web.Response(body={"list": b"[1]", "garbage": b"{", "deep": b"[" * 100_000, "latin": b'"\xff"'}[kind])

    app = web.Application()
    app.router.add_get("/{kind}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_odd_answers_are_empty_or_an_error_of_the_network(odd_server: str) -> None:
    network = Network(timeout_s=10)
    for kind in ("list", "garbage", "deep", "latin"):
        assert (await network.fetch("GET", f"{odd_server}/{kind}")).body == {}
    assert (await network.fetch("GET", f"{odd_server}/away")).status == 302, "nobody else gets a token"
    with pytest.raises(Unreachable, match="longer than"):
        await network.fetch("GET", f"{odd_server}/long")
    await network.close()
    with pytest.raises(Unreachable, match="closing"):
        await network.fetch("GET", f"{odd_server}/list")


async def test_an_answer_that_does_not_come_is_an_error_of_the_network(odd_server: str) -> None:
    network = Network(timeout_s=0.05)
    with pytest.raises(Unreachable, match="no answer within"):
        await network.fetch("GET", f"{odd_server}/slow")
    await network.close()
