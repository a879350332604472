"""Pushes: one writer, many subscribers, of a key in memory and of a durable one."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.figures import Figure, compare
from benchmarks.load import Pushes, apply
from benchmarks.plan import Plan
from benchmarks.server import Server

EVENT_KEY: Final = "bench/ev/tick"
DURABLE_KEY: Final = "bench/tick"

EVENT_TARGET: Final = 0.85
DURABLE_TARGET: Final = 0.75


def measure_pushes(plan: Plan, server: Server, bare: Server) -> Iterator[Figure]:
    """Measure pushes delivered; for the event also against a floor that joins what one read brought."""
    for subscribers in plan.subscribers:
        target = EVENT_TARGET if subscribers >= 100 else None
        yield _compare(plan, server, bare, EVENT_KEY, subscribers, "/publish", target=target)
        yield _compare(plan, server, bare, EVENT_KEY, subscribers, "/joined/publish", counterpart="bare, joined")
    for subscribers in plan.subscribers:
        target = DURABLE_TARGET if subscribers >= 1000 else None
        yield _compare(plan, server, bare, DURABLE_KEY, subscribers, "/publish", target=target)


def _compare(
    plan: Plan,
    server: Server,
    bare: Server,
    key: str,
    subscribers: int,
    path: str,
    *,
    counterpart: str = "bare",
    target: float | None = None,
) -> Figure:
    ours = Pushes(
        url=server.url,
        hear_url=server.url,
        password=server.password,
        server_pid=server.pid,
        seconds=plan.seconds,
        key=key,
        subscribers=subscribers,
    )
    theirs = Pushes(
        url=bare.at(path),
        hear_url=bare.at("/hear"),
        password=None,
        server_pid=bare.pid,
        seconds=plan.seconds,
        key=key,
        subscribers=subscribers,
    )
    kind = "event" if key == EVENT_KEY else "durable"
    return compare(
        "c",
        f"pushes to {subscribers:,}, {kind} key",
        ours=partial(apply, ours),
        theirs=partial(apply, theirs),
        rounds=plan.rounds,
        counterpart_name=counterpart,
        target=target,
    )
