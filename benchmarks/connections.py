"""Connections: how fast they come and go, what an idle one costs, and what the server needs before the first."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.client import Client
from benchmarks.figures import Figure, Target, Unit, compare
from benchmarks.load import Logins, apply
from benchmarks.plan import Plan
from benchmarks.protocols import Name
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
    """Measure start-up with all doors, memory at rest, and memory for each idle connection, on servers started for
    that."""
    whole = partial(stagedoor, all_doors=True)
    ours = [_start(partial(whole, folder / f"footprint-{n}"), plan, path="") for n in range(plan.rounds)]
    theirs = [_start(bare, plan, path="/login") for _ in range(plan.rounds)]
    columns = [[list(part) for part in zip(*rounds, strict=True)] for rounds in (ours, theirs)]
    connections = f"memory for each of {plan.idle_connections:,} idle connections"
    rows: tuple[tuple[str, Unit, float], ...] = (
        ("start-up until ready, all doors", "s", READY_TARGET_S),
        ("memory at rest", "MB", REST_TARGET_MB),
        (connections, "KB", CONNECTION_TARGET_KB),
        (f"{connections} to Streamer.bot's door", "KB", CONNECTION_TARGET_KB),
    )
    for (name, unit, bound), our_rounds, their_rounds in zip(rows, *columns, strict=True):
        yield _figure(name, unit, our_rounds, their_rounds, bound)


def _start(
    start: Callable[[], AbstractContextManager[Server]], plan: Plan, path: str
) -> tuple[float, float, float, float]:
    """Start a server and fill it with idle connections of both protocols.

    Returns:
        Seconds until ready, MB at rest, KB for each Kilovolt connection, KB for each of Streamer.bot's.
    """
    with start() as server, ExitStack() as stack:
        time.sleep(_SETTLE_S)
        sizes = [server.measure_memory()]
        password = server.password or PASSWORD
        streamerbot_url = server.streamerbot_url or server.at(f"/streamerbot{path}")
        # The first ones stay, so that their memory is not used again for the others.
        doors: tuple[tuple[str, Name], ...] = ((server.at(path), "kilovolt"), (streamerbot_url, "streamerbot"))
        for url, protocol in doors:
            for _ in range(plan.idle_connections):
                stack.enter_context(Client(url, password, protocol))
            time.sleep(_SETTLE_S)
            sizes.append(server.measure_memory())
        each = [(after - before) / plan.idle_connections / 1e3 for before, after in pairwise(sizes)]
        return server.ready_s, sizes[0] / 1e6, each[0], each[1]


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
