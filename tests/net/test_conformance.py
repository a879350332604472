"""Autobahn's WebSocket cases against an echo on the door's own connection code."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from kosoku import FailureError, run_fuzzingclient

from stagedoor.net.limits import Limits
from tests.certificates import Rule
from tests.net.echo import make_door

CASES = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]

TWO_CLOSES_AT_ONCE = "7.1.2"
"""When both come in one read, picows looks one frame ahead and answers the second CLOSE with 1002 before it delivers
the first; when they come in two reads, the case passes."""


LIMITS = Limits(message_bytes=32 << 20, queue_bytes=64 << 20)


@asynccontextmanager
async def encrypting(port: int, tls: ssl.SSLContext) -> AsyncIterator[int]:
    """Encrypt for a client that cannot, on a port of its own."""

    ends: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError):
                while chunk := await reader.read(1 << 16):
                    writer.write(chunk)
                    await writer.drain()
        finally:
            writer.transport.abort() if reader.exception() else writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        door_reader, door_writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
        ends.add(asyncio.create_task(pass_on(reader, door_writer)))
        ends.add(asyncio.create_task(pass_on(door_reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.wait(ends, timeout=10)


@pytest.mark.timeout(300)
async def test_all_cases_pass_but_one_that_may_fail() -> None:
    """Groups 12 and 13 are about compression, which the door declines."""
    door = make_door(LIMITS)
    await door.listen("127.0.0.1", 0)
    try:
        await check_cases(door.port)
    finally:
        await door.close()


@pytest.mark.timeout(300)
async def test_the_same_cases_pass_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Rule(tmp_path)
    door = make_door(LIMITS, tls=rule)
    monkeypatch.setattr(door, "_check_host", lambda *args, **kwargs: None)  # they name the port of the one between
    await door.listen("127.0.0.1", 0)
    try:
        async with encrypting(door.port, rule.trusting()) as port:
            await check_cases(port)
    finally:
        await door.close()


async def check_cases(port: int) -> None:
    """Run all cases at once, and alone those that fail so: the client gives each a time of its own choice."""
    results = await run_cases(port, CASES, concurrency=16)
    assert len(results) == 301
    if failed := names_of_failed(results):
        failed = names_of_failed(await run_cases(port, sorted(failed), concurrency=1))
    assert failed <= {TWO_CLOSES_AT_ONCE}


async def run_cases(port: int, cases: Sequence[str], *, concurrency: int) -> Sequence[Any]:
    try:
        return await run_fuzzingclient(f"ws://127.0.0.1:{port}", cases=list(cases), concurrency=concurrency)
    except FailureError as failure:
        return failure.results


def names_of_failed(results: Sequence[Any]) -> set[str]:
    return {
        result.case_id
        for result in results
        if result.behavior.value not in ("OK", "NON-STRICT", "INFORMATIONAL")
        or result.behavior_close.value not in ("OK", "INFORMATIONAL")
    }
