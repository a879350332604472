"""Connections: how fast they come and go, what an idle one costs, and what the server needs before the first."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.client import Client
from benchmarks.figures import Figure, Target, Unit, compare
from benchmarks.load import Logins, apply
from benchmarks.plan import Plan
from benchmarks.server import PASSWORD, Server, bare, stagedoor

CONNECTION_TARGET_KB: Final = 20
READY_TARGET_S: Final = 0.5
REST_TARGET_MB: Final = 60

_SETTLE_S: Final = 0.7
"""Before memory is read, for what was started to have ended."""


def measure_logins(plan: Plan, server: Server, floor: Server) -> Iterator[Figure]:
    """Measure connecting, logging in by challenge and closing; the floor answers constants to the same client."""
    ours = Logins(url=server.url, password=server.password or "", server_pid=server.pid, seconds=plan.seconds)
    theirs = Logins(url=floor.at("/login"), password=PASSWORD, server_pid=floor.pid, seconds=plan.seconds)
    yield compare(
        "d",
        "connect, log in, close",
        ours=partial(apply, ours),
        theirs=partial(apply, theirs),
        rounds=plan.rounds,
    )


def measure_footprint(plan: Plan, folder: Path) -> Iterator[Figure]:
    """Measure start-up, memory at rest, and memory for each idle connection, on servers started for that."""
    ours = [_start(partial(stagedoor, folder / f"footprint-{n}"), plan, path="") for n in range(plan.rounds)]
    theirs = [_start(bare, plan, path="/login") for _ in range(plan.rounds)]
    columns = [[list(part) for part in zip(*rounds, strict=True)] for rounds in (ours, theirs)]
    yield _figure("start-up until ready", "s", columns[0][0], columns[1][0], READY_TARGET_S)
    yield _figure("memory at rest", "MB", columns[0][1], columns[1][1], REST_TARGET_MB)
    name = f"memory for each of {plan.idle_connections:,} idle connections"
    yield _figure(name, "KB", columns[0][2], columns[1][2], CONNECTION_TARGET_KB)


def _start(start: Callable[[], AbstractContextManager[Server]], plan: Plan, path: str) -> tuple[float, float, float]:
    """Start a server and fill it with idle connections: seconds until ready, MB at rest, KB for each connection."""
    with start() as server, ExitStack() as stack:
        time.sleep(_SETTLE_S)
        rest = server.measure_memory()
        password = server.password or PASSWORD
        for _ in range(plan.idle_connections):
            stack.enter_context(Client(server.url + path, password))
        time.sleep(_SETTLE_S)
        full = server.measure_memory()
        return server.ready_s, rest / 1e6, (full - rest) / plan.idle_connections / 1e3


def _figure(name: str, unit: Unit, ours: list[float], theirs: list[float], bound: float) -> Figure:
    value, counterpart = median(ours), median(theirs)
    return Figure(
        case="e",
        name=name,
        unit=unit,
        value=value,
        counterpart=counterpart,
        ratio=counterpart / value if value else None,
        target=Target(bound, on="value"),
        rounds=ours,
        counterpart_rounds=theirs,
    )
