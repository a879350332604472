"""The stage of the chat bot's tests: in memory, and on a disk where it makes a difference."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stagedoor.hub import LmdbStore, MemoryStore, Store
from tests.services.chatbot.stage import Stage
from tests.services.harness import Desk, open_hub


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async for built in _build(MemoryStore()):
        yield built


@pytest.fixture
async def stage_on_disk(tmp_path: Path) -> AsyncIterator[Stage]:
    async for built in _build(LmdbStore(tmp_path / "store")):
        yield built


async def _build(store: Store) -> AsyncIterator[Stage]:
    hub = open_hub(store)
    built = Stage(Desk(hub))
    yield built
    await built.bot.close()
    await hub.close()
