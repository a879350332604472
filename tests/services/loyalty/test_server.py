"""A whole server, over its doors: what was bought is paid for, also when it is killed in the middle."""

import asyncio
import random
from pathlib import Path

import msgspec
import pytest

from stagedoor.kilovolt import Client
from stagedoor.kilovolt.errors import KilovoltError
from tests.conftest import Server
from tests.services.loyalty.harness import CONFIG, HYDRATE, KARAOKE

KILLS = 2
VIEWERS = [f"viewer{number}" for number in range(8)]
START = 1_000_000


def message(login: str, text: str) -> dict[str, object]:
    return {"User": {"ID": f"id-{login}", "Name": login, "DisplayName": login}, "Message": text}


async def chat(server: Server, seed: int, enough: asyncio.Event, left: list[int]) -> None:
    """Write commands until the connection breaks, at the pace at which the books are changed."""
    chance = random.Random(seed)
    try:
        async with Client(server.url, password=server.password, reconnect=False) as client:
            while True:
                login = chance.choice(VIEWERS)
                await client.set_json("twitch/ev/chat-message", message(login, "!redeem hydrate"))
                await client.set_json("twitch/ev/chat-message", message(login, f"!contribute {chance.randrange(1, 9)}"))
                await client.call_json("loyalty/@add-points", {"username": login, "points": 0})
                left[0] -= 1
                if left[0] <= 0:
                    enough.set()
    except KilovoltError:
        enough.set()


async def check(client: Client) -> int:
    """Find each viewer's points where they belong; tells how much was bought."""
    queue = msgspec.json.decode(await client.get("loyalty/redeem-queue") or "[]")
    (goal,) = msgspec.json.decode(await client.get("loyalty/goals"))
    contributors = goal["contributors"]
    assert goal["contributed"] == sum(contributors.values())
    for login in VIEWERS:
        balance = msgspec.json.decode(await client.get(f"loyalty/points/{login}"))["points"]
        paid = 100 * sum(redeem["username"] == login for redeem in queue)
        assert balance + paid + contributors.get(login, 0) == START
    return len(queue)


@pytest.mark.timeout(120)
async def test_a_killed_server_leaves_balances_queue_and_goals_consistent(tmp_path: Path) -> None:
    chance = random.Random(4337)
    server = Server(tmp_path / "data")
    await server.start()
    async with Client(server.url, password=server.password) as client:
        await client.set_json("twitch/bot-config", {"command_cooldown": 0})
        await client.set_json("loyalty/config", CONFIG)
        await client.set_json("loyalty/rewards", [HYDRATE])
        await client.set_json("loyalty/goals", [KARAOKE | {"total": START}])
        for login in VIEWERS:
            await client.set_json(f"loyalty/points/{login}", {"points": START})
    bought = 0
    for kill in range(KILLS):
        enough, left = asyncio.Event(), [chance.randrange(5, 25)]
        tasks = [asyncio.create_task(chat(server, 10 * kill + number, enough, left)) for number in range(3)]
        await enough.wait()
        await server.kill()
        await asyncio.gather(*tasks)
        await server.start()
        async with Client(server.url, password=server.password) as client:
            before, bought = bought, await check(client)
            assert bought > before
    await server.stop()
