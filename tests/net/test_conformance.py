"""Autobahn's WebSocket cases against an echo on the door's own connection code."""

import pytest
from kosoku import FailureError, run_fuzzingclient

from stagedoor.net.limits import Limits
from tests.net.echo import make_door

CASES = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]

TWO_CLOSES_AT_ONCE = "7.1.2"
"""When both come in one read, picows looks one frame ahead and answers the second CLOSE with 1002 before it delivers
the first; when they come in two reads, the case passes."""


@pytest.mark.timeout(300)
async def test_all_cases_pass_but_one_that_may_fail() -> None:
    """Groups 12 and 13 are about compression, which the door declines."""
    door = make_door(Limits(message_bytes=32 << 20, queue_bytes=64 << 20))
    await door.listen("127.0.0.1", 0)
    try:
        results = await run_fuzzingclient(f"ws://127.0.0.1:{door.port}", cases=CASES, concurrency=16)
    except FailureError as failure:
        results = failure.results
    finally:
        await door.close()
    failed = {
        result.case_id
        for result in results
        if result.behavior.value not in ("OK", "NON-STRICT", "INFORMATIONAL")
        or result.behavior_close.value not in ("OK", "INFORMATIONAL")
    }
    assert len(results) == 301
    assert failed <= {TWO_CLOSES_AT_ONCE}
