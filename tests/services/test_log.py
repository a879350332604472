"""The latest lines of the log: kept, told to the owner alone, and never a reason for more of them."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagedoor.access import BY_PASSWORD, SERVICE, Client
from stagedoor.errors import NotPermitted, RequestFailed
from stagedoor.hub import Change
from stagedoor.keys import LOG, LOGGED
from stagedoor.redaction import Redactor
from stagedoor.services.log import KEPT, MESSAGE_CHARACTERS, Entry, Log, _read
from stagedoor.types import JsonObject
from tests.services.harness import Desk, encode

logger = logging.getLogger("stagedoor.a_part")


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    """Let every level through."""
    ours = logging.getLogger("stagedoor")
    ours.setLevel(logging.DEBUG)
    yield
    ours.setLevel(logging.NOTSET)


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


@pytest.fixture
async def log(desk: Desk, redactor: Redactor) -> AsyncIterator[Log]:
    followed = Log(Client(desk.hub, SERVICE), asyncio.get_running_loop(), redactor)
    followed.start()
    yield followed
    followed.close()


class Ear(Client):
    """Hears the log; ``until`` waits for a line."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.hub, SERVICE, self.hear)
        self.heard: list[str] = []
        self.is_news = asyncio.Event()
        self.subscribe(LOGGED)

    def hear(self, change: Change) -> None:
        """Note the message."""
        self.heard.append(msgspec.json.decode(change.value, type=Entry).message)
        self.is_news.set()

    async def until(self, message: str) -> None:
        """Wait until a line was heard."""
        async with asyncio.timeout(10):
            while message not in self.heard:
                self.is_news.clear()
                await self.is_news.wait()


async def entries(desk: Desk, **wanted: object) -> list[Entry]:
    return msgspec.json.decode(await desk.call(LOG, encode(wanted)), type=list[Entry])


async def messages(desk: Desk, **wanted: object) -> list[str]:
    return [entry.message for entry in await entries(desk, **wanted)]


async def test_what_is_no_text_is_told_as_its_bytes(desk: Desk, log: Log) -> None:
    ear = Ear(desk)
    logger.warning("a page of %s", b"http://a\xff".decode(errors="surrogateescape"))
    logger.info("next")
    await ear.until("next")
    assert ear.heard == ["a page of http://a\\udcff", "next"]
    assert await messages(desk) == ear.heard


async def test_lines_are_kept_and_told(desk: Desk, log: Log) -> None:
    ear = Ear(desk)
    logger.info("it is %d o'clock", 5)
    logging.getLogger("another").error("not ours")
    logger.warning("late")
    await ear.until("late")
    assert ear.heard == ["it is 5 o'clock", "late"]
    first, second = await entries(desk)
    assert (first.level, first.logger, first.message) == ("info", "stagedoor.a_part", "it is 5 o'clock")
    assert second.level == "warning"
    assert first.at_ms <= second.at_ms


async def test_a_level_and_a_limit_narrow_the_list(desk: Desk, log: Log) -> None:
    for number, word in enumerate(("debug", "info", "warning", "error", "critical")):
        logger.log((number + 1) * 10, word)
    assert await messages(desk) == ["debug", "info", "warning", "error", "critical"]
    assert await messages(desk, level="warning") == ["warning", "error", "critical"]
    assert await messages(desk, level="warning", limit=2) == ["error", "critical"]
    assert (await entries(desk))[-1].level == "error"
    assert msgspec.json.decode(await desk.call(LOG, ""), type=list[JsonObject])


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({"level": "loud"}, "there is no level 'loud'"),
        ({"limit": 0}, "a number from 1"),
        ({"limit": "x"}, "expected"),
        ([], "expected"),
    ],
)
async def test_what_cannot_be_meant_is_refused(desk: Desk, log: Log, wanted: object, problem: str) -> None:
    with pytest.raises(RequestFailed, match=problem):
        await desk.call(LOG, encode(wanted))


async def test_the_oldest_give_way(desk: Desk, log: Log) -> None:
    for number in range(KEPT + 5):
        logger.debug("line %d", number)
    kept = await messages(desk)
    assert len(kept) == KEPT
    assert (kept[0], kept[-1]) == ("line 5", f"line {KEPT + 4}")


async def test_other_threads_may_log(desk: Desk, log: Log) -> None:
    ear = Ear(desk)
    threads = [threading.Thread(target=logger.info, args=(f"from thread {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for number in range(8):
        await ear.until(f"from thread {number}")
    assert sorted(ear.heard) == [f"from thread {number}" for number in range(8)]


async def test_a_subscriber_that_fails_on_each_line_keeps_nobody_busy(desk: Desk, log: Log) -> None:
    ear = Ear(desk)
    failures = 0

    def fail(change: Change) -> None:
        nonlocal failures
        failures += 1
        raise ValueError(f"{change.value} was too much")

    failing = Client(desk.hub, SERVICE, fail)
    failing.subscribe(LOGGED)
    logger.info("go")
    await ear.until("go")
    turns = 0
    while failures < 3:  # each of which comes a while after the one before
        turns += 1
        await asyncio.sleep(0)
    assert turns > 100
    failing.close()
    assert any(message.startswith(f"a subscriber failed on the key '{LOGGED}' (ValueError in") for message in ear.heard)
    assert not any("too much" in message for message in ear.heard)


async def test_nothing_is_followed_after_the_end(desk: Desk, log: Log) -> None:
    ear = Ear(desk)
    logger.info("the last")
    await asyncio.sleep(0)  # so that publishing is due
    log.close()
    assert ear.heard == ["the last"]
    logger.info("too late")
    assert await messages(desk) == ["the last"]


async def test_an_application_hears_and_asks_nothing_of_it(desk: Desk, log: Log) -> None:
    application = Client(desk.hub, BY_PASSWORD)
    with pytest.raises(NotPermitted):
        await application.call(LOG, "")
    with pytest.raises(NotPermitted):
        application.subscribe(LOGGED)
    with pytest.raises(NotPermitted):
        application.get(LOGGED)


@given(st.text(), st.integers(0, 60), st.booleans())
def test_any_record_becomes_an_entry(text: str, number: int, fails: bool) -> None:
    try:
        raise KeyError("a canary")
    except KeyError as error:
        exc_info = (KeyError, error, error.__traceback__) if fails else None
    entry = _read(logging.LogRecord("stagedoor.x", number, "x.py", 1, text, None, exc_info), Redactor())
    assert entry.level in ("debug", "info", "warning", "error")
    assert len(entry.message) <= MESSAGE_CHARACTERS
    assert entry.message.startswith(text[: MESSAGE_CHARACTERS - 1])
    assert ("KeyError in test_log.py" in entry.message) is (fails and len(text) < MESSAGE_CHARACTERS - 100)
    assert "canary" not in entry.message


async def test_what_is_kept_and_told_has_passed_the_redactor(desk: Desk, log: Log, redactor: Redactor) -> None:
    redactor.know("a test", ["a secret of the owner"])
    ear = Ear(desk)
    logger.warning("%s and token=%s", "a secret of the owner", "x" * 30)
    # A secret that the limit of a message cuts in two is struck out before it is cut.
    logger.warning("%s a secret of the owner", "a " * (MESSAGE_CHARACTERS // 2 - 5))
    await ear.until("(withheld) and token=(withheld)")
    assert "a secret" not in await desk.call(LOG, "")
