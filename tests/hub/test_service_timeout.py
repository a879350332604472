"""How long a service may work on a request."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from stagedoor.errors import RequestFailed
from stagedoor.hub import Catalogue, Hub, MemoryStore


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    hub = Hub(MemoryStore(), Catalogue())
    yield hub
    await hub.close()


async def test_service_that_takes_too_long_is_given_up(hub: Hub) -> None:
    async def think(value: str) -> str:
        return str(await asyncio.Event().wait())

    hub.serve("deep/@thought", think, timeout_s=0)
    with pytest.raises(RequestFailed, match="no answer within 0 s"):
        await hub.call("deep/@thought", "")


async def test_service_may_take_its_time(hub: Hub) -> None:
    async def think(value: str) -> str:
        await asyncio.sleep(0)
        return "42"

    hub.serve("deep/@thought", think, timeout_s=None)
    assert await hub.call("deep/@thought", "") == "42"


async def test_service_whose_own_wait_timed_out_fails(hub: Hub) -> None:
    async def think(value: str) -> str:
        raise TimeoutError

    hub.serve("deep/@thought", think, timeout_s=None)
    with pytest.raises(RequestFailed, match="no answer in time"):
        await hub.call("deep/@thought", "")
