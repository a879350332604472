"""Fixtures of the command line's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.harness import Cli
from tests.conftest import Server


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The commands for the data folder that the fixture ``server`` uses, too."""
    return Cli(tmp_path / "data")


@pytest.fixture(params=["with a server", "without a server"])
async def both(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Cli]:
    """The commands, once for a folder that a server runs on, and once for one that is only used by them."""
    cli = Cli(tmp_path / "data")
    if request.param == "without a server":
        await cli.ok("password", "new")
        yield cli
        return
    server = Server(cli.data, password=None)
    await server.start()
    yield cli
    await server.stop()
