"""Fixtures of the tests of loyalty."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stagedoor.hub import LmdbStore
from tests.services.harness import open_hub
from tests.services.loyalty.harness import Stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """The service on a store on disk."""
    hub = open_hub(LmdbStore(tmp_path / "store"))
    made = Stage(hub)
    await made.start()
    yield made
    await made.close()
    await hub.close()
