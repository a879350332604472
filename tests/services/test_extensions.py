"""What strimertül's extensions ask of the server: the log takes lines and nothing more, and the version is told."""

import asyncio
import contextlib
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stagedoor.access import SERVICE, Client, Grant, Level
from stagedoor.errors import NotPermitted, RequestFailed
from stagedoor.keys import EXTENSION_LOG, STRIMERTUL_VERSION
from stagedoor.services.extensions import MESSAGE_CHARACTERS, MOST, WITHIN_S, Extensions
from tests.services.harness import Desk, FakeTime, encode


@pytest.fixture
def clock() -> FakeTime:
    return FakeTime()


@pytest.fixture(autouse=True)
def served(desk: Desk, clock: FakeTime, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "stagedoor.services.extensions")
    Extensions(Client(desk.hub, SERVICE), clock).start()


@pytest.mark.parametrize(
    ("level", "number"),
    [
        ("debug", logging.DEBUG),
        ("info", logging.INFO),
        ("warn", logging.WARNING),
        ("error", logging.ERROR),
        ("fatal", logging.INFO),
        ("panic", logging.INFO),
        ("", logging.INFO),
    ],
)
async def test_a_line_is_logged_at_its_level_and_no_level_ends_the_process(
    desk: Desk, caplog: pytest.LogCaptureFixture, level: str, number: int
) -> None:
    # strimertül's defect 4: the levels `fatal` and `panic` ended the process.
    assert await desk.ask(EXTENSION_LOG, level=level, message="overlay loaded", data={"extension": "fish"}) == {}
    [record] = caplog.records
    assert (record.levelno, record.getMessage()) == (number, 'overlay loaded extension="fish"')


async def test_a_line_stays_one_line_and_is_cut(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    await desk.ask(EXTENSION_LOG, message="one\n2026-01-01 ERROR two\x1b[31m" + "x" * 10_000)
    text = caplog.records[0].getMessage()
    assert text.isprintable()
    assert len(text) == MESSAGE_CHARACTERS


async def test_a_flood_is_stopped_and_passes(desk: Desk, clock: FakeTime, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(MOST):
        await desk.ask(EXTENSION_LOG, message="flood")
    with pytest.raises(RequestFailed, match="50 lines in 10 seconds are the most"):
        await desk.ask(EXTENSION_LOG, message="one more")
    clock.now += WITHIN_S
    await desk.ask(EXTENSION_LOG, message="later")
    assert [record.getMessage() for record in caplog.records] == [*["flood"] * MOST, "later"]


async def test_a_plain_write_logs_too_and_nobody_fails_by_it(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    await desk.put(EXTENSION_LOG, "not JSON")
    await desk.put(EXTENSION_LOG, encode({"message": "written"}))
    await desk.put("test/settle", "")
    for _ in range(20):
        await asyncio.sleep(0)
    refused, written = caplog.records
    assert (refused.name, written.getMessage()) == ("stagedoor.hub.hub", "written")


@given(st.text(max_size=20) | st.sampled_from(['{"message":5}', '{"message":"a","data":[]}', "null", "[" * 1000]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_written_is_refused_or_logged(desk: Desk, text: str) -> None:
    with contextlib.suppress(RequestFailed):
        assert await desk.call(EXTENSION_LOG, text) == "{}"


async def test_a_guest_does_not_write_the_log(desk: Desk) -> None:
    with pytest.raises(NotPermitted):
        await Client(desk.hub, Grant(Level.GUEST, "guest")).call(EXTENSION_LOG, encode({"message": "hi"}))


async def test_the_version_is_told_as_extensions_read_it(desk: Desk) -> None:
    await desk.put("test/settle", "")
    assert desk.get(STRIMERTUL_VERSION).startswith("v3.3.1+stagedoor.")
